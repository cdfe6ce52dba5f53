"""Every option of every command with values that nobody should give: an answer or a clear refusal, never a bug."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from importlib import import_module

import click
import pytest

from oncall_gitops.cli import COMMANDS
from tests.campaigns.hostile import commands as workflow_commands
from tests.commands.shell import Done, Shell
from tests.commands.test_reconcile import write

VALUES = (
    *("", " ", "\n", "a\nb", "\t", "\x1b[31mred", "\x1b]0;title\x07", "\u202egnp", "\u200b", "\x7f", "\udcff\udcfe"),
    *("-1", "0", "1", "9" * 20, "1e9", "\u0663d", "-5d", "0d", "3661d", "99999999999d", "1.5d", "NaN", "inf"),
    *("2026-13-45", "2026-02-30", "9999-12-31T23:59:59Z", "0001-01-01", "2026-11-22T18:30:00+99:99", "1969-12-31"),
    *("2026-11-22T25:00", "2026-11-22 18:30", "20261122T183000Z", "2026-11-22T18:30:00.123456789Z", "2026-W47-7"),
    *("::error::x", " ::stop-commands::t", "##[add-mask]a", "\r::error::x", "%0A", "${{ x }}", "$(id)", "%s{0}"),
    *(".", "-", "--", "/dev/null", "/dev/full", "/dev/zero", "/proc/self/environ", "/nowhere/x", "~", "a\\b"),
    *("nobody", "payments/primary", "payments/", "/primary", "payments/primary/weekend", "payments/primary/x/y"),
    *("json=/dev/full", "json=/nowhere/x", "json=", "=x", "json=.", "markdown=a\nb", "HEAD^", "--upload-pack=x"),
    *("a" * 5000, "sha256:" + "0" * 64, "@everyone", "null", "[]", "{}", "\u6f22\u5b57", "\U0001f600"),
)  # fmt: skip

PLAIN = {
    "validate": (),
    "fmt": ("--check",),
    "explain": ("OG101",),
    "schema": (),
    "diff": ("--base", "schedules"),
    "reconcile": ("--dry-run",),
    "show": ("plan.json",),
    "who": (),
    "shifts": (),
    "override add": ("payments/primary", "--user", "bob", "--until", "2030-01-01", "--reason", "x"),
    "override list": (),
    "override end": ("00",),
    "rotation add": ("payments/primary", "dave"),
    "rotation remove": ("payments/primary", "carol"),
    "rotation move": ("payments/primary", "carol", "--after", "alice"),
    "rotation tidy": ("payments/primary",),
    "calendar list": (),
    "calendar sync": (),
    "calendar connect": ("google", "--user", "bob", "--token-file", "nowhere.json"),
    "calendar disconnect": ("google", "--user", "bob"),
    "worker": ("--once",),
    "history": (),
    "doctor": (),
}
"""Every command that takes values, with what it needs; nobody is connected, so that no provider is spoken to."""


def command(name: str) -> click.Command:
    first, *rest = name.split()
    found: click.Command = import_module(f"oncall_gitops.commands.{COMMANDS[first][0]}").command
    for word in rest:
        assert isinstance(found, click.Group)
        found = found.commands[word]
    return found


def calls() -> Iterator[tuple[str, ...]]:
    """Each option with each value in it, and each value as one more argument, and in place of the first."""
    for name, plain in PLAIN.items():
        options = [
            each for each in command(name).params if isinstance(each, click.Option) and not each.is_flag
        ]
        for value in VALUES:
            for option in options:
                yield (*name.split(), *plain, f"{option.opts[0]}={value}")
            yield (*name.split(), *plain, value)
            if plain and not plain[0].startswith("-"):
                yield (*name.split(), value, *plain[1:])


def assert_clear(call: tuple[str, ...], done: Done) -> None:
    """It ended as the contract says, with words, and nothing in them is more than words."""
    told = f"{call}\n{done.out}\n{done.err}"
    assert done.code in (0, 1, 2, 3, 4, 5, 6, 7, 64), told
    assert "Traceback" not in done.err, told
    assert done.code in (0, 2) or done.err.strip() or done.out.strip(), told
    unseen = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
    seen = {char for char in done.out + done.err if unicodedata.category(char) in unseen}
    assert seen <= {"\n"}, f"{seen}: {told}"
    if "github" not in call:
        assert list(workflow_commands(done.out + "\n" + done.err)) == [], told


@pytest.fixture
def rota(shell: Shell) -> Shell:
    """A database and files that agree, and a saved plan."""
    write(shell)
    shell.ok("reconcile", "--yes", "--plan-out", "plan.json")
    return shell


def test_a_sample_of_hostile_arguments_is_answered_or_refused(rota: Shell) -> None:
    for number, call in enumerate(calls()):
        if number % 61 == 0:
            assert_clear(call, rota(*call))


@pytest.mark.slow
def test_every_option_with_every_hostile_value_is_answered_or_refused(rota: Shell) -> None:
    codes: dict[int, int] = {}
    for call in calls():
        done = rota(*call)
        assert_clear(call, done)
        codes[done.code] = codes.get(done.code, 0) + 1
    print(f"{sum(codes.values())} calls; exit codes {dict(sorted(codes.items()))}")
