"""A reconciler is killed or frozen at a random moment while another one works: nothing half, nobody held up."""

from __future__ import annotations

import random
import signal
import time
from functools import partial

import pytest

from oncall_gitops.core.proposal import Source
from oncall_gitops.store import transaction
from oncall_gitops.store.database import Database
from tests.faults.processes import Child
from tests.faults.rota import AFTER, BEFORE, applied_runs, assert_holds, reconcile
from tests.store.records import one

pytestmark = pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")

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
    began = time.monotonic()
    become(database, dice.choice(["before", "after"]), lock_timeout=transaction.IDLE_SECONDS + 1)
    assert time.monotonic() - began < transaction.IDLE_SECONDS + 2, "the lock is free within its limit"
    victim.send(signal.SIGCONT)
    ended = victim.wait()
    assert ended in (0, 7), "done in full, or ended by the server"
    assert len(applied_runs(database)) - runs - 1 == (ended == 0)
    assert_the_record_tells_the_state(database)
    return ended


def test_a_reconciler_that_is_killed_leaves_all_or_nothing(standing: Database) -> None:
    dice = random.Random(7)
    for _ in range(3):
        kill_one_of_two(standing, dice)


def test_a_reconciler_that_is_frozen_holds_nobody_up_and_changes_nothing_later(
    standing: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transaction, "IDLE_SECONDS", 1)
    freeze_one_of_two(standing, random.Random(7))


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
