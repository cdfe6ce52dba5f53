"""Silence instead of a break: nobody is told anything, and still the lock frees itself and the command ends."""

from __future__ import annotations

import threading
from itertools import islice
from typing import Any

import pytest

from oncall_gitops.core.errors import OncallError
from oncall_gitops.store import driver, transaction
from oncall_gitops.store.database import Database
from tests.faults.rota import (
    AFTER,
    BEFORE,
    a_reconciler,
    applied_runs,
    assert_holds,
    content,
    reconcile,
)
from tests.faults.test_every_cut import Point, Strike, converge, points
from tests.faults.wire import Wire

LIMIT = 3
"""What the limits are set to here, in seconds: a busy machine must not reach them by itself."""


@pytest.fixture
def short_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transaction, "IDLE_SECONDS", LIMIT)
    monkeypatch.setattr(transaction, "STATEMENT_SECONDS", LIMIT)
    monkeypatch.setattr(transaction, "ANSWER_SECONDS", LIMIT)
    monkeypatch.setattr(driver.PatientConnection, "patience", LIMIT)


@pytest.fixture
def standing(database: Database, short_limits: None) -> Database:
    reconcile(database, BEFORE)
    return database


class Stalled:
    """An apply in another thread, over a wire that falls silent at one message."""

    def __init__(self, database: Database, point: Point) -> None:
        self.ended: Any = None
        self.wire = Wire(database, Strike(point, "stall"))
        self._thread = threading.Thread(target=self._apply)

    def __enter__(self) -> Stalled:
        self.wire.__enter__()
        self._thread.start()
        assert self.wire.struck.wait(30)
        return self

    def __exit__(self, *_: object) -> None:
        self._thread.join(30)
        self.wire.__exit__(None, None, None)

    def wait(self) -> None:
        self._thread.join(30)
        assert not self._thread.is_alive(), "the command ends by itself"

    def _apply(self) -> None:
        try:
            self.ended = reconcile(self.wire.through, AFTER, lock_timeout=5)
        except OncallError as error:
            self.ended = error


def somewhere(database: Database, count: int) -> list[Point]:
    """Messages at even distances, from behind the handshake to the answer to COMMIT."""
    found = points(database, AFTER)[25:-3]
    reconcile(database, BEFORE)
    return list(islice(found[len(found) // count // 2 :: len(found) // count], count))


def within_copy(database: Database) -> Point:
    """The first rows of COPY: the server is in the middle of a statement, and no idle time counts."""
    with Wire(database) as wire:
        reconcile(wire.through, AFTER)
    reconcile(database, BEFORE)
    return next(message.point for message in wire.log if message.kind == "d")


def stall_and_recover(database: Database, point: Point) -> None:
    """The wire falls silent: others get the lock within its limit, and what is told in the end is true."""
    before, runs = content(database), len(applied_runs(database))
    with Stalled(database, point) as stalled:
        reconcile(database, BEFORE, lock_timeout=LIMIT + 1)  # the lock is free within its limit
        stalled.wait()
    assert len(applied_runs(database)) == runs + 1
    assert isinstance(stalled.ended, OncallError)
    assert stalled.ended.exit_code == 7
    assert content(database) == before
    converge(database, AFTER, lock_timeout=1)
    reconcile(database, BEFORE)


def test_a_silent_network_neither_holds_the_lock_nor_the_command(standing: Database) -> None:
    for point in [*somewhere(standing, 1), within_copy(standing)]:
        stall_and_recover(standing, point)


@pytest.mark.slow
def test_silence_at_a_hundred_messages(standing: Database) -> None:
    for point in somewhere(standing, 100):
        stall_and_recover(standing, point)


def test_whoever_was_frozen_and_wakes_up_changes_nothing(standing: Database) -> None:
    """The silence ends after the server has given the lock to another one."""
    [_, late] = somewhere(standing, 2)
    with Stalled(standing, late) as stalled:
        reconcile(standing, BEFORE, lock_timeout=LIMIT + 1)
        before = content(standing)
        stalled.wire.thaw()
        stalled.wait()

    assert isinstance(stalled.ended, OncallError)
    assert content(standing) == before
    assert_holds(standing, BEFORE)


def test_a_silent_server_ends_a_dry_run_too(standing: Database) -> None:
    strike = Strike(("server", 40), "stall")
    with Wire(standing, strike) as wire, pytest.raises(OncallError, match="no answer in time") as silent:
        a_reconciler(wire.through, AFTER).look()

    assert silent.value.exit_code == 7
