"""Surroundings that nobody wishes for: full disks, closed pipes, odd names and environments, anybody's plans."""

from __future__ import annotations

import copy
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest

from oncall_gitops.commands.plans import FORMATS
from tests.campaigns.hostile import commands, on_a_terminal
from tests.campaigns.processes import ROOT, oncall
from tests.commands.shell import Done, Shell
from tests.commands.test_reconcile import MONDAY, write


def assert_clear(done: Done, *codes: int) -> None:
    assert done.code in codes, f"exit {done.code}\n{done.out}\n{done.err}"
    assert "Traceback" not in done.err
    assert "this is a bug" not in done.err
    for text in (done.out, done.err):
        on_a_terminal(text)
        assert list(commands(text)) == []


def runs(database_url: str) -> int:
    with psycopg.connect(database_url) as connection:
        [count] = connection.execute("SELECT count(*) FROM reconcile_runs").fetchone() or (0,)
    assert isinstance(count, int)
    return count


@pytest.mark.parametrize("output", ["json=/dev/full", "markdown=/dev/full", "text=/dev/full"])
def test_a_dry_run_whose_output_does_not_fit_on_the_disk_fails(shell: Shell, output: str) -> None:
    write(shell)
    for call in (("reconcile", "--dry-run"), ("diff", "--base", "schedules")):
        done = shell(*call, "--output-file", output)
        assert_clear(done, 1)
        assert "/dev/full could not be written: No space left on device" in done.err
        assert "Plan" in done.out, "the plan is shown all the same"


def test_an_apply_stands_whatever_becomes_of_its_output(shell: Shell, database_url: str) -> None:
    write(shell)
    done = shell("reconcile", "--yes", "--plan-out", "/dev/full", "--output-file", "markdown=plan.md")
    assert_clear(done, 0)
    assert "warning: /dev/full could not be written" in done.err
    assert (shell.folder / "plan.md").exists()
    assert runs(database_url) == 1


def test_a_summary_that_cannot_be_written_does_not_undo_an_apply(
    shell: Shell, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(shell)
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", "/dev/full")
    monkeypatch.setenv("GITHUB_OUTPUT", "/nowhere/output")
    done = shell("reconcile", "--yes", "--format", "github")
    assert (done.code, done.err.count("could not be written")) == (0, 2)
    assert runs(database_url) == 1


@pytest.mark.parametrize("stdout", ["full", "closed", "a pipe that nobody reads"])
def test_an_apply_says_that_it_applied_where_stdout_is_lost(
    shell: Shell, database_url: str, stdout: str
) -> None:
    write(shell)
    redirection = {"full": "> /dev/full", "closed": ">&-", "a pipe that nobody reads": "| true"}[stdout]
    words = f"{sys.executable} -m oncall_gitops reconcile --yes --output-file json=plan.json {redirection}"
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", words],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode not in (2, 70), done.stderr
    assert "Traceback" not in done.stderr
    assert "Applied." in done.stderr
    assert json.loads((shell.folder / "plan.json").read_text())["summary"]["create"] > 0
    assert runs(database_url) == 1


NAMES = (
    *(b"a\nb.yaml", b"\x1b[31mred.yaml", b"\xff\xfe.yaml", b"::error::x.yaml", b"##[error]x.yaml", b" .yaml"),
    *("\u202egnp.yaml".encode(), b"-rf.yaml", b"a:b.yaml", b"%0A::error::x.yaml", b"x" * 250 + b".yaml"),
)  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_a_file_of_any_name_is_read_or_refused_and_never_obeyed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: bytes
) -> None:
    shell = Shell(tmp_path, monkeypatch)
    write(shell)
    Path(os.fsdecode(os.path.join(os.fsencode(shell.schedules), name))).write_text("users: {bad: 1}\n")
    for form in ("text", "concise", "json", "sarif"):
        assert_clear(shell("validate", "--format", form), 1)
    assert_clear(shell("diff", "--base", "schedules"), 1)
    assert_clear(shell("fmt", "--check"), 0, 1)
    assert_clear(shell("rotation", "remove", "payments/primary", "carol", "--until", "2027-01-01"), 1)
    told = shell("validate", "--format", "github")
    assert {command.name for command in commands(told.out + told.err)} == {"error"}


HOSTILE_NAME = "Zo\u00eb \u6f22\u5b57 ##[stop-commands]x"


@pytest.mark.parametrize(
    "environment",
    [
        {"LANG": "C", "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
        {
            "PYTHONIOENCODING": "ascii",
            "COLUMNS": "0",
            "LINES": "-1",
            "TZ": "Nowhere/At_All",
            "HOME": "/nowhere",
            "TERM": "\x1b[31m",
        },
    ],
)
def test_every_question_is_answered_in_an_odd_environment(
    shell: Shell, database_url: str, environment: dict[str, str]
) -> None:
    write(shell)
    text = (shell.schedules / "people.yaml").read_text().replace("Bob Roe", f'"{HOSTILE_NAME}"')
    (shell.schedules / "people.yaml").write_text(text, encoding="utf-8")
    call = ("reconcile", "--yes", "--as-of", MONDAY)
    assert_clear(oncall(shell.folder, *call, database_url=database_url, environment=environment), 0)


def test_whoever_runs_it_is_recorded_as_text(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    write(shell)
    for actor in ("\x1b[31mred", "a\n::error::x", "##[add-mask]a", os.fsdecode(b"\xff\xfe"), "x" * 10_000):
        monkeypatch.setenv("GITHUB_ACTOR", actor)
        assert_clear(shell("reconcile", "--yes"), 0)
        assert_clear(shell("history"), 0)
        assert_clear(shell("history", "--format", "json"), 0)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ONCALL_GITOPS_AS_OF", "whenever\x1b[31m"),
        ("ONCALL_GITOPS_HORIZON", "-1"),
        ("ONCALL_GITOPS_HORIZON", "9" * 400 + "d"),
        ("ONCALL_GITOPS_COLOR", "::error::x"),
    ],
)
def test_a_variable_that_means_nothing_is_named(
    shell: Shell, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    write(shell)
    monkeypatch.setenv(name, value)
    for call in (("validate",), ("reconcile", "--dry-run"), ("shifts",)):
        done = shell(*call)
        assert_clear(done, 1, 64)
        assert name in done.err or f"--{name[14:].lower().replace('_', '-')}" in done.err


def test_a_folder_that_is_gone_is_told(tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    words = f"mkdir {gone} && cd {gone} && rmdir {gone} && exec {sys.executable} -m oncall_gitops"
    for call in ("validate", "who"):
        done = subprocess.run(
            ["bash", "-c", f"{words} {call}"],
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert_clear(Done(done.returncode, done.stdout, done.stderr), 1)
        assert done.stderr.startswith("error")


@pytest.fixture(scope="module")
def a_plan(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    from oncall_gitops.report.plan_json import plan_document
    from tests.report.proposals import of_everything

    return plan_document(of_everything())


def leaves(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The path of every value in a document."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(leaf for key, item in items for leaf in leaves(item, (*path, key)))]


def with_value(document: Any, path: tuple[Any, ...], value: Any) -> Any:
    if not path:
        return value
    changed = copy.deepcopy(document)
    *parents, last = path
    inner = changed
    for key in parents:
        inner = inner[key]
    inner[last] = value
    return changed


DEEP: Any = []
for _ in range(500):
    DEEP = [DEEP]

ODD: tuple[Any, ...] = (
    *(None, True, -1, 10**30, 1e308, "", "\ud83d", "\x1b[2J", "\n::error::x", "##[error]x", "@all <b>", [], {}),
    *("9999-99-99T99:99:99Z", "0000-00-00T00:00:00Z", "9999-12-31T23:59:59Z", "Nowhere/At_All", "../../etc", DEEP),
)  # fmt: skip


def show(shell: Shell, content: str | bytes) -> None:
    file = shell.folder / "saved.json"
    file.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8", "surrogatepass"))
    for form in FORMATS:
        done = shell("show", "saved.json", "--format", form)
        assert done.code in (0, 1), done.err
        assert "Traceback" not in done.err
        on_a_terminal(done.out + done.err)
        assert {command.name for command in commands(done.out)} <= {"error", "warning", "notice"}
        assert form == "github" or list(commands(done.out)) == []


def test_a_saved_plan_with_any_value_anywhere_is_shown_or_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, a_plan: dict[str, Any]
) -> None:
    shell = Shell(tmp_path, monkeypatch)
    paths = leaves(a_plan)
    for number, path in enumerate(paths[:: len(paths) // 60]):
        show(shell, json.dumps(with_value(a_plan, path, ODD[number % len(ODD)])))


@pytest.mark.slow
def test_a_saved_plan_with_every_odd_value_in_every_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, a_plan: dict[str, Any]
) -> None:
    shell = Shell(tmp_path, monkeypatch)
    paths = leaves(a_plan)
    for number, path in enumerate(paths):
        for odd in ODD[number % 3 :: 3]:
            show(shell, json.dumps(with_value(a_plan, path, odd)))
    print(f"{len(paths)} places, {len(ODD)} values")


@pytest.mark.parametrize(
    "content",
    [
        *("", "null", "[]", "{}", "NaN", "1e999", "9" * 5000, '"', "{", '{"format_version": "1.0"}'),
        *("[" * 100_000, "[" * 100_000 + "]" * 100_000, '{"a":' * 50_000 + "1" + "}" * 50_000),
        *('{"format_version": "2.0"}', '{"format_version": "1.\x1b[31m"}', "\ufeff{}", "{}\0"),
        *(b"\xff\xfe{\0}\0", b"\x80" * 100, b"PK\x03\x04", b"\x1f\x8b\x08\0"),
    ],
)
def test_what_is_no_plan_is_refused_in_words(
    tmp_path: Path, content: str | bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    shell = Shell(tmp_path, monkeypatch)
    write(shell)
    show(shell, content)
    assert_clear(shell("show", "saved.json"), 1)
    assert_clear(shell("reconcile", "--plan", "saved.json"), 1)


@pytest.mark.parametrize("change", [lambda plan: plan | {"plan_id": "sha256:" + "0" * 64}, lambda plan: plan])
def test_a_plan_of_somebody_else_is_not_applied(
    shell: Shell, database_url: str, a_plan: dict[str, Any], change: Callable[[Any], Any]
) -> None:
    write(shell)
    (shell.folder / "saved.json").write_text(json.dumps(change(a_plan)))
    assert_clear(shell("reconcile", "--plan", "saved.json"), 4)
    with psycopg.connect(database_url) as connection:
        assert connection.execute("SELECT count(*) FROM users").fetchone() == (0,)
