"""A reconciler is killed or frozen at a random moment while another one works: nothing half, nobody held up."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import pytest

from oncall_gitops.core.proposal import Source
from oncall_gitops.store import transaction
from oncall_gitops.store.database import Database
from tests.faults.processes import Child
from tests.faults.rota import AFTER, BEFORE, applied_runs, assert_holds, content, reconcile
from tests.store.records import one, sql

pytestmark = pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")

ROTA = """
users: {amy: {name: Amy, email: amy@example.com}}
teams: {web: {schedules: {primary: {timezone: UTC, start_date: 2026-01-05, rotation: {type: weekly, users: [amy]}}}}}
"""

STATES = {"before": BEFORE, "after": AFTER}
LONGEST = 0.12
"""Seconds that an apply takes here, more or less: when to strike."""


@pytest.fixture
def standing(database: Database) -> Database:
    for name in ("after", "before"):
        become(database, name)
    return database


def become(database: Database, name: str, *, lock_timeout: float = 10.0) -> None:
    reconcile(database, STATES[name], source=Source(files=1, commit=name), lock_timeout=lock_timeout)


def assert_the_record_tells_the_state(database: Database) -> None:
    """The newest run names the state that is there, in full."""
    newest = one(
        database,
        "SELECT git_commit FROM reconcile_runs WHERE status = 'applied' ORDER BY finished_at DESC LIMIT 1",
    )
    assert_holds(database, STATES[newest])


def kill_one_of_two(database: Database, dice: random.Random) -> int:
    runs = len(applied_runs(database))
    victim = Child.doing(partial(become, database, dice.choice(["before", "after"])))
    other = Child.doing(partial(become, database, dice.choice(["before", "after"])))
    time.sleep(dice.uniform(0, 2 * LONGEST))
    victim.send(signal.SIGKILL)
    assert other.wait() == 0, "the other one does its work all the same"
    ended = victim.wait()
    assert ended in (0, -signal.SIGKILL)
    assert len(applied_runs(database)) - runs - 1 in ([1] if ended == 0 else [0, 1])
    assert_the_record_tells_the_state(database)
    return ended


def freeze_one_of_two(database: Database, dice: random.Random) -> int:
    """With the lock's limit set to a second."""
    runs = len(applied_runs(database))
    victim = Child.doing(partial(become, database, dice.choice(["before", "after"])))
    time.sleep(dice.uniform(0, LONGEST))
    victim.send(signal.SIGSTOP)
    # the lock is free within its limit
    become(database, dice.choice(["before", "after"]), lock_timeout=transaction.IDLE_SECONDS + 1)
    victim.send(signal.SIGCONT)
    ended = victim.wait()
    assert ended in (0, 7), "done in full, or ended by the server"
    assert len(applied_runs(database)) - runs - 1 == (ended == 0)
    assert_the_record_tells_the_state(database)
    return ended


def test_a_reconciler_that_is_killed_leaves_all_or_nothing(standing: Database) -> None:
    dice = random.Random(7)
    for _ in range(2):
        kill_one_of_two(standing, dice)


def test_a_reconciler_that_is_frozen_holds_nobody_up_and_changes_nothing_later(
    standing: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transaction, "IDLE_SECONDS", 1)
    freeze_one_of_two(standing, random.Random(7))


@pytest.fixture
def sleepy(standing: Database) -> Database:
    """Writing a shift takes the server half a minute."""
    for statement in (
        "CREATE FUNCTION doze() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(30); RETURN NULL; END'",
        "CREATE TRIGGER doze AFTER INSERT ON shifts FOR EACH STATEMENT EXECUTE FUNCTION doze()",
    ):
        sql(standing, statement)
    return standing


def wait_until_it_dozes(database: Database) -> None:
    asleep = (
        "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND datname = current_database()"
    )
    deadline = time.monotonic() + 30
    while not one(database, asleep):
        assert time.monotonic() < deadline
        time.sleep(0.02)


def wake_up(database: Database) -> None:
    sql(database, "SET lock_timeout = '5s'; DROP TRIGGER doze ON shifts")


def test_a_reconciler_that_is_killed_in_a_long_statement_frees_the_lock_in_seconds(sleepy: Database) -> None:
    """The server looks every second whether its client is still there."""
    victim = Child.doing(partial(become, sleepy, "after"))
    wait_until_it_dozes(sleepy)
    victim.send(signal.SIGKILL)
    wake_up(sleepy)
    become(sleepy, "after", lock_timeout=5)

    assert victim.wait() == -signal.SIGKILL
    assert_the_record_tells_the_state(sleepy)


@pytest.mark.parametrize(("sent", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_apply_that_is_interrupted_rolls_back_says_so_and_is_on_record(
    sleepy: Database, tmp_path: Path, sent: signal.Signals, code: int
) -> None:
    before = content(sleepy)
    (tmp_path / "schedules").mkdir()
    (tmp_path / "schedules" / "rota.yaml").write_text(ROTA)
    with subprocess.Popen(
        [sys.executable, "-m", "oncall_gitops", "reconcile", "--yes", "--allow", "mass-delete"],
        cwd=tmp_path,
        env={**os.environ, "DATABASE_URL": sleepy.url, "PYTHONPATH": str(Path(__file__).parents[2])},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as command:
        wait_until_it_dozes(sleepy)
        command.send_signal(sent)
        _, told = command.communicate(timeout=30)
    wake_up(sleepy)

    assert command.returncode == code
    assert "Traceback" not in told
    assert content(sleepy) == before
    assert sql(sleepy, "SELECT error FROM reconcile_runs WHERE status = 'failed'") == [("interrupted",)]
    become(sleepy, "after", lock_timeout=5)


@pytest.mark.slow
def test_a_thousand_kills(standing: Database) -> None:
    dice = random.Random(1000)
    ended = [kill_one_of_two(standing, dice) for _ in range(1000)]
    print(f"{ended.count(-9)} of {len(ended)} killed in time, none of them half")
    assert ended.count(-9) > 300


@pytest.mark.slow
def test_a_hundred_freezes(standing: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transaction, "IDLE_SECONDS", 1)
    dice = random.Random(100)
    ended = [freeze_one_of_two(standing, dice) for _ in range(100)]
    print(
        f"{ended.count(7)} of {len(ended)} frozen with the lock; it was free in time, and nothing came later"
    )
    assert ended.count(7) > 20
