"""The wire breaks at every message of an apply: the old state or the new one, and we say which.

A reconcile with over forty changes runs through `wire.py`. At each message, in both directions, the wire is
cut behind it, in the middle of it, or instead of it. Whatever happens, the database holds the old state to the
byte or the new one in full, what the caller is told is what happened, and the next reconcile gets the lock,
converges, and leaves nothing for the one after it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import cycle

import pytest

from oncall_gitops.core.errors import DatabaseUnreachable
from oncall_gitops.core.model.state import State
from oncall_gitops.store.database import Database
from tests.faults.rota import (
    AFTER,
    BEFORE,
    MANY,
    applied_runs,
    assert_holds,
    changes_between,
    content,
    reconcile,
)
from tests.faults.wire import Message, Sender, Verdict, Wire

Point = tuple[Sender, int]
BREAKS: tuple[Verdict, ...] = ("cut", "truncate", "lose")

LOCK_LIMIT = 2.0
"""Seconds after which the lock must be free once the server knows that its client has gone."""


@dataclass(frozen=True, slots=True)
class Strike:
    """What happens to the wire, and where."""

    point: Point
    verdict: Verdict

    def __call__(self, message: Message) -> Verdict:
        return self.verdict if message.point == self.point else "pass"


@pytest.fixture
def standing(database: Database) -> Database:
    """A database that holds the old state, and has already been where it will go."""
    for state in (BEFORE, AFTER, BEFORE):
        reconcile(database, state)
    return database


def points(database: Database, state: State) -> list[Point]:
    """Every message of an apply that nothing happens to."""
    with Wire(database) as wire:
        reconcile(wire.through, state)
        return [message.point for message in wire.log]


def strike_and_recover(database: Database, strike: Strike, *, old: State, new: State) -> bool:
    """One strike and all that must hold afterwards; whether the apply came through."""
    before, runs = content(database), len(applied_runs(database))
    with Wire(database, strike) as wire:
        try:
            reconcile(wire.through, new)
            told = True
        except DatabaseUnreachable:
            told = False
        assert wire.struck.is_set()
    came_through = len(applied_runs(database)) > runs
    assert came_through == told, "what is told is what happened"
    if came_through:
        assert len(applied_runs(database)) == runs + 1
        assert_holds(database, new)
    else:
        assert content(database) == before, "not a byte has changed"
    converge(database, new, lock_timeout=LOCK_LIMIT)
    return came_through


def converge(database: Database, state: State, *, lock_timeout: float) -> None:
    """The next reconcile gets there, and the one after it finds nothing to do."""
    reconcile(database, state, lock_timeout=lock_timeout)
    assert_holds(database, state)
    settled = content(database)
    reconcile(database, state, lock_timeout=lock_timeout)
    assert content(database) == settled


def states() -> Iterator[tuple[State, State]]:
    """There and back again."""
    return cycle([(BEFORE, AFTER), (AFTER, BEFORE)])


def test_a_few_of_the_cuts(standing: Database, caplog: pytest.LogCaptureFixture) -> None:
    assert changes_between(standing, AFTER) >= MANY
    where = points(standing, AFTER)
    reconcile(standing, BEFORE)
    chosen = where[3 :: len(where) // 5]

    for point, verdict, (old, new) in zip(chosen, cycle(BREAKS), states(), strict=False):
        strike_and_recover(standing, Strike(point, verdict), old=old, new=new)
    assert not caplog.records, "no library prints a traceback"


@pytest.mark.slow
@pytest.mark.parametrize("verdict", BREAKS)
def test_every_cut(standing: Database, verdict: Verdict) -> None:
    there, back = points(standing, AFTER), points(standing, BEFORE)
    struck = came_through = 0
    for point, (old, new), found in zip(
        sorted({*there, *back}), states(), cycle([there, back]), strict=False
    ):
        if point in found:
            struck += 1
            came_through += strike_and_recover(standing, Strike(point, verdict), old=old, new=new)
        else:
            reconcile(standing, new)
    print(f"{verdict}: {struck} strikes, {came_through} of them applied, none half")
    assert struck > 400
    assert came_through
