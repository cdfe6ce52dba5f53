"""The server is stopped at once in the middle of an apply, comes back, or comes back as one that only reads."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from oncall_gitops.core.errors import DatabaseUnreachable, OncallError
from oncall_gitops.store.database import Database
from tests.faults.rota import (
    AFTER,
    BEFORE,
    applied_runs,
    assert_holds,
    content,
    reconcile,
)
from tests.faults.servers import OwnServer
from tests.faults.test_every_cut import Point, converge, points
from tests.faults.wire import Message, Verdict, Wire
from tests.store.records import sql


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnServer]:
    server = OwnServer(tmp_path_factory.mktemp("own") / "server")
    reconcile(server.database, AFTER)
    yield server
    server.cluster.stop()


@pytest.fixture
def standing(own: OwnServer) -> Database:
    reconcile(own.database, BEFORE)
    return own.database


class Death:
    """The server dies at one message, and comes back while the apply still asks what became of it."""

    def __init__(self, server: OwnServer, point: Point) -> None:
        self._server = server
        self._point = point
        self.is_back = threading.Event()

    def __call__(self, message: Message) -> Verdict:
        if message.point != self._point:
            return "pass"
        self._server.die()
        threading.Thread(target=self._revive).start()
        return "lose" if message.sender == "client" else "cut"

    def _revive(self) -> None:
        self._server.come_back()
        self.is_back.set()


def die_and_recover(server: OwnServer, point: Point) -> bool:
    """Whether the apply came through, which must be what it said."""
    database = server.database
    before, runs = content(database), len(applied_runs(database))
    death = Death(server, point)
    with Wire(database, death) as wire:
        try:
            reconcile(wire.through, AFTER)
            told = True
        except DatabaseUnreachable:
            told = False
    assert death.is_back.wait(30)
    assert (len(applied_runs(database)) > runs) == told
    if not told:
        assert content(database) == before
    converge(database, AFTER, lock_timeout=2)
    return told


def last_of(database: Database, count: int) -> list[Point]:
    """Messages in the middle, and around COMMIT."""
    found = points(database, AFTER)
    reconcile(database, BEFORE)
    return [*found[40 : -12 : len(found) // count], *found[-8:-1]]


def test_a_server_that_dies_in_an_apply_comes_back_with_all_or_nothing(
    own: OwnServer, standing: Database
) -> None:
    middle, *_, answer = last_of(standing, 2)
    for point in (middle, answer):
        die_and_recover(own, point)
        reconcile(standing, BEFORE)


@pytest.mark.slow
def test_a_server_that_dies_at_fifty_messages(own: OwnServer, standing: Database) -> None:
    outcomes = []
    for point in last_of(standing, 50):
        outcomes.append(die_and_recover(own, point))
        reconcile(standing, BEFORE)
    print(f"{len(outcomes)} deaths, {outcomes.count(True)} of them after the commit, none half")
    assert len(outcomes) > 50
    assert {True, False} == set(outcomes)


def test_every_connection_ended_by_an_administrator(own: OwnServer, standing: Database) -> None:
    """57P01, at a quarter, in the middle, and near the end."""
    found = points(standing, AFTER)
    reconcile(standing, BEFORE)
    for point in found[60 : -10 : len(found) // 3]:
        before = content(standing)

        def end_all(message: Message, point: Point = point) -> Verdict:
            if message.point == point:
                sql(
                    standing,
                    "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
                    "WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'",
                )
            return "pass"

        with Wire(standing, end_all) as wire, pytest.raises(DatabaseUnreachable):
            reconcile(wire.through, AFTER)
        assert content(standing) == before
    converge(standing, AFTER, lock_timeout=1)


def test_a_standby_shows_plans_and_refuses_to_apply_with_exit_7(
    own: OwnServer, standing: Database, tmp_path_factory: pytest.TempPathFactory
) -> None:
    own.die()
    folder: Path = tmp_path_factory.mktemp("standby") / "data"
    with own.standby(folder) as standby:
        assert_holds(standby, BEFORE)
        with pytest.raises(OncallError, match="read-only") as refused:
            reconcile(standby, AFTER)
    own.come_back()

    assert refused.value.exit_code == 7
    converge(standing, AFTER, lock_timeout=1)
