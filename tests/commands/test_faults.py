"""Faults in the middle of an apply: all of it or nothing of it, and nobody is blocked afterwards."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import psycopg
import pytest

from oncall_gitops.cli import run
from tests.commands.shell import Shell
from tests.commands.test_reconcile import MONDAY, THURSDAY, write

TABLES = ("users", "teams", "schedules", "schedule_layers", "schedule_overrides", "shifts", "reconcile_runs")
LAYERED = """
        layers:
          weekend:
            priority: 10
            rotation: {type: custom, interval_days: 14, users: [carol, dave]}
            restrictions: {days_of_week: [SAT, SUN]}
        overrides:
          - {user: carol, replaces: bob, start: 2026-12-20T00:00, end: 2027-01-04T00:00, reason: Cover}
"""


def content(database_url: str) -> dict[str, list[tuple[object, ...]]]:
    """Everything that a reconcile writes."""
    with psycopg.connect(database_url) as connection:
        return {
            table: connection.execute(f"SELECT * FROM {table} ORDER BY id".encode()).fetchall()
            for table in TABLES
        }


def in_a_child(work: Callable[[], object]) -> int:
    """Run in a process of its own; the exit code, negative for a signal."""
    child = os.fork()
    if child == 0:
        try:
            work()
        finally:
            os._exit(0)
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status)


def die_before_statement(number: int) -> None:
    """From now on, this process kills itself just before its n-th statement to PostgreSQL."""
    count = 0

    def counted(method: Callable[..., object]) -> Callable[..., object]:
        def wrapper(*args: object, **kwargs: object) -> object:
            nonlocal count
            count += 1
            if count == number:
                os.kill(os.getpid(), signal.SIGKILL)
            return method(*args, **kwargs)

        return wrapper

    for name in ("execute", "executemany", "copy"):
        setattr(psycopg.Cursor, name, counted(getattr(psycopg.Cursor, name)))


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_killed_before_any_statement_all_or_nothing_is_there_and_the_next_one_goes_on(
    shell: Shell, database_url: str
) -> None:
    write(shell)
    shell.reconcile(as_of=MONDAY)
    old = content(database_url)
    write(shell, users="alice, dave", more=LAYERED)

    def apply(dying_at: int) -> None:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        die_before_statement(dying_at)
        run(["reconcile", "--yes", "--as-of", THURSDAY])

    number, outcome, found = 1, in_a_child(partial(apply, 1)), content(database_url)
    while found == old:
        assert outcome == -signal.SIGKILL
        number += 1
        outcome, found = in_a_child(partial(apply, number)), content(database_url)
    assert number > 10, "the apply takes statements to kill"
    assert outcome in (0, -signal.SIGKILL), "done, or killed with all of it committed, as what follows shows"
    assert len(found["reconcile_runs"]) == len(old["reconcile_runs"]) + 1
    began = time.monotonic()
    assert shell("reconcile", "--dry-run", "--detailed-exitcode", "--as-of", THURSDAY).code == 0
    shell.reconcile(as_of=THURSDAY)
    assert time.monotonic() - began < 20, "the next reconcile waits for no ghost"


@pytest.mark.slow
def test_killed_at_random_moments_all_or_nothing_is_there(shell: Shell, database_url: str) -> None:
    write(shell)
    shell.reconcile(as_of=MONDAY)
    old = content(database_url)
    for step in range(60):
        write(shell, users="alice, dave", more=LAYERED)
        apply = start("reconcile", "--yes", "--as-of", THURSDAY)
        time.sleep(0.2 + step * 0.03)
        apply.kill()
        apply.communicate()
        found = content(database_url)
        assert found["reconcile_runs"] != old["reconcile_runs"] or found == old
        write(shell)
        shell.reconcile("--allow", "mass-delete", as_of=THURSDAY)
        old = content(database_url)


def start(*arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "oncall_gitops", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    )


def race(shell: Shell, *, rounds: int, as_of: str | None = None) -> None:
    """Two reconciles started together, again and again: one state, two runs, no error but waiting."""
    for number in range(rounds):
        write(shell, users="alice, bob" if number % 2 else "bob, carol, dave")
        moment = ("--as-of", as_of) if as_of else ()
        both = [start("reconcile", "--yes", *moment) for _ in range(2)]
        for command in both:
            out, err = command.communicate(timeout=120)
            assert command.returncode == 0, f"{out}\n{err}"
        runs = shell.ok("history", "--limit", "10000", "--format", "json").json
        assert len(runs) == 2 * (number + 1)
        changed = [run for run in runs[:2] if any(run["summary"][a] for a in ("create", "update", "delete"))]
        assert len(changed) == 1, "the second one plans afresh and finds nothing to do"
        plan = ("reconcile", "--dry-run", "--detailed-exitcode")
        assert shell(*plan, *moment).code == 0


def test_two_reconciles_started_together_wait_for_each_other(shell: Shell) -> None:
    race(shell, rounds=3, as_of=MONDAY)


@pytest.mark.slow
def test_two_reconciles_started_together_twenty_times(shell: Shell) -> None:
    race(shell, rounds=20)


def test_a_lock_that_is_held_is_exit_5_and_names_the_holder(shell: Shell, database_url: str) -> None:
    write(shell)
    with psycopg.connect(database_url, application_name="somebody else") as holder:
        holder.execute("LOCK TABLE reconcile_mutex IN EXCLUSIVE MODE")
        done = shell("reconcile", "--yes", "--lock-timeout", "1s")

    assert (done.code, "somebody else" in done.err) == (5, True)
    shell.ok("reconcile", "--yes")


def test_a_dry_run_needs_no_more_than_the_right_to_read(
    shell: Shell, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(shell)
    shell.reconcile(as_of=MONDAY)
    write(shell, users="bob")
    role = f"reader_{os.getpid()}"
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(f"CREATE ROLE {role} LOGIN".encode())
        connection.execute(f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {role}".encode())
        connection.execute(f"ALTER ROLE {role} SET default_transaction_read_only = on".encode())
    before = content(database_url)
    try:
        info = psycopg.conninfo.conninfo_to_dict(database_url)
        monkeypatch.setenv("DATABASE_URL", psycopg.conninfo.make_conninfo("", **{**info, "user": role}))
        dry = shell("reconcile", "--dry-run", "--detailed-exitcode", "--as-of", THURSDAY)
        applied = shell("reconcile", "--yes", "--as-of", THURSDAY)
    finally:
        with psycopg.connect(database_url, autocommit=True) as connection:
            connection.execute(f"DROP OWNED BY {role}".encode())
            connection.execute(f"DROP ROLE {role}".encode())

    assert dry.code == 2, dry.err
    assert applied.code in (1, 7), "a role that may only read cannot apply"
    assert content(database_url) == before
