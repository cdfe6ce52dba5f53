"""The server has no room, no time, no connection left, may not write, or dies: all or nothing, and a sentence."""

from __future__ import annotations

import os
import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psycopg
import pytest

from oncall_gitops.core.errors import DatabaseUnreachable, LockBusy, OncallError
from oncall_gitops.core.model.state import State
from oncall_gitops.report.runs import runs_text
from oncall_gitops.store import transaction
from oncall_gitops.store.database import Database
from oncall_gitops.store.embedded import EmbeddedServer
from oncall_gitops.store.read import read_runs
from tests.builders import a_schedule, a_state, a_user
from tests.faults.rota import (
    AFTER,
    BEFORE,
    NOW,
    a_reconciler,
    applied_runs,
    assert_holds,
    content,
    reconcile,
)
from tests.faults.wire import Message, Verdict, Wire
from tests.postgres import run
from tests.store.records import one, sql

WRITTEN = (
    *("users", "teams", "team_members", "schedules", "schedule_layers", "schedule_overrides"),
    *("shifts", "reconcile_runs", "calendar_due"),
)


@pytest.fixture
def standing(database: Database) -> Database:
    reconcile(database, BEFORE)
    return database


def failed_runs(database: Database) -> list[str]:
    return [told for (told,) in sql(database, "SELECT error FROM reconcile_runs WHERE status = 'failed'")]


@contextmanager
def no_room_for(server: EmbeddedServer, database: Database, table: str) -> Iterator[None]:
    """The table's file, empty so far, lies on a device that is always full: the kernel says ENOSPC."""
    path = server.folder / "postgres" / one(database, "SELECT pg_relation_filepath(%(t)s::regclass)", t=table)
    assert path.stat().st_size == 0
    aside = path.with_suffix(".aside")
    path.rename(aside)
    path.symlink_to("/dev/full")
    try:
        yield
    finally:
        path.unlink()
        aside.rename(path)


def test_a_full_disk_under_any_table_is_exit_7_and_leaves_nothing(
    server: EmbeddedServer, database: Database
) -> None:
    for table in WRITTEN:
        sql(database, "TRUNCATE reconcile_runs CASCADE")  # which leaves its files empty
        with no_room_for(server, database, table), pytest.raises(DatabaseUnreachable, match="No space left"):
            reconcile(database, BEFORE)
        assert not any(content(database).values()), table
        told = failed_runs(database)
        assert len(told) == (table != "reconcile_runs"), (
            "the failure is on record, where there is room for it"
        )
        assert all("No space left" in line for line in told)
    sql(database, "TRUNCATE reconcile_runs CASCADE")
    reconcile(database, BEFORE)
    assert_holds(database, BEFORE)


def test_a_statement_that_takes_too_long_is_ended_and_on_record(
    standing: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transaction, "STATEMENT_SECONDS", 1)
    before = content(standing)
    for statement in (
        "CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(9); RETURN NEW; END'",
        "CREATE TRIGGER slow AFTER INSERT ON shifts FOR EACH STATEMENT EXECUTE FUNCTION slow()",
    ):
        sql(standing, statement)
    with pytest.raises(OncallError, match="statement timeout") as ended:
        reconcile(standing, AFTER)

    assert ended.value.exit_code == 1
    assert content(standing) == before
    assert failed_runs(standing) == [str(ended.value)]
    sql(standing, "DROP TRIGGER slow ON shifts")
    reconcile(standing, AFTER)
    assert_holds(standing, AFTER)


def test_a_failed_run_is_a_whole_record_and_decides_nothing(standing: Database) -> None:
    """It says when, by whom and of what plan, and neither T nor the edge of the table is taken from it."""
    for statement in (
        "CREATE FUNCTION no() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''not today''; END'",
        "CREATE TRIGGER no BEFORE INSERT ON calendar_due FOR EACH ROW EXECUTE FUNCTION no()",
    ):
        sql(standing, statement)
    reconciler = a_reconciler(standing, AFTER)
    planned = reconciler.look()
    with pytest.raises(OncallError, match="not today"):
        reconciler.apply(lock_timeout=1, marks_due=True)

    [row] = sql(
        standing,
        "SELECT error LIKE '%%not today%%', plan_id, actor, git_commit, started_at <= finished_at, plan->>'plan_id' "
        "FROM reconcile_runs WHERE status = 'failed'",
    )
    assert row == (True, planned.plan.plan_id, "the campaign", "c0ffee", True, planned.plan.plan_id)
    assert reconciler.look().plan.live == planned.plan.live
    with standing.snapshot() as connection:
        [failed] = [
            line for line in runs_text(read_runs(connection, limit=9)).splitlines() if "failed" in line
        ]
    assert "not today" in failed
    assert "+" not in failed.replace("+00:00", ""), "what it would have changed is not told as changed"


@pytest.mark.parametrize("setting", ["database", "role"])
def test_a_database_that_only_reads_is_exit_7_and_still_shows_a_plan(
    standing: Database, setting: str
) -> None:
    name = one(standing, "SELECT current_database()" if setting == "database" else "SELECT current_user")
    of_one = f"{setting} {name}" + (
        f" IN DATABASE {one(standing, 'SELECT current_database()')}" * (setting == "role")
    )
    sql(standing, f"ALTER {of_one} SET default_transaction_read_only = on")
    with pytest.raises(DatabaseUnreachable, match="read-only"):
        reconcile(standing, AFTER)
    assert a_reconciler(standing, AFTER).look().is_pending

    with psycopg.connect(standing.url, autocommit=True) as connection:
        connection.execute(b"SET default_transaction_read_only = off")
        connection.execute(f"ALTER {of_one} RESET default_transaction_read_only".encode())
    reconcile(standing, AFTER)
    assert_holds(standing, AFTER)


def test_a_server_without_a_free_connection_is_exit_7(server: EmbeddedServer, standing: Database) -> None:
    role = f"crowded_{os.getpid()}"
    run(server, f"CREATE ROLE {role} LOGIN CONNECTION LIMIT 0")
    try:
        name = one(standing, "SELECT current_database()")
        crowded = Database("a crowded database", {**server.connection, "dbname": name, "user": role})
        with pytest.raises(DatabaseUnreachable, match="no connection left"):
            reconcile(crowded, AFTER)
    finally:
        run(server, f"DROP ROLE {role}")


class AtTheWrite:
    """Does something once, as soon as the apply has read everything and sends its first write."""

    def __init__(self, act: Callable[[], None], *, times: int = 1) -> None:
        self._act = act
        self.times = times

    def __call__(self, message: Message) -> Verdict:
        if self.times and message.kind == "P" and b"UPDATE users SET" in message.data:
            self.times -= 1
            self._act()
        return "pass"


def test_a_foreign_writer_in_between_is_read_again(standing: Database) -> None:
    """A real serialization failure: the same row, changed after our snapshot."""
    strike = AtTheWrite(lambda: _rename(standing, "p00", "Theirs"))
    with Wire(standing, strike) as wire:
        proposal = reconcile(wire.through, AFTER)

    assert strike.times == 0
    [name] = [
        field.before
        for change in proposal.plan.changes
        if change.address == "user/p00"
        for field in change.fields
        if field.path == "name"
    ]
    assert name == "Theirs", "the plan that was applied was made from what they wrote"
    assert_holds(standing, AFTER)


def test_a_foreign_writer_who_never_rests_is_exit_5(
    standing: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = len(applied_runs(standing))
    strike = AtTheWrite(lambda: _rename(standing, "p00", f"Theirs {random.random()}"), times=9)
    with Wire(standing, strike) as wire, pytest.raises(LockBusy, match="in each of 5 attempts"):
        reconcile(wire.through, AFTER)

    assert len(applied_runs(standing)) == before
    assert failed_runs(standing) == [
        "other transactions changed the same rows in each of 5 attempts; try again later"
    ]
    reconcile(standing, AFTER)
    assert_holds(standing, AFTER)


def test_a_deadlock_with_a_foreign_writer_ends_well_for_both(standing: Database) -> None:
    """They hold a row that we are about to write, and ask for one that we have written."""
    with psycopg.connect(standing.url) as theirs:
        theirs.execute(b"SET LOCAL deadlock_timeout = '20s'")  # so that ours is the one that is found out
        theirs.execute(b"UPDATE schedules SET description = 'theirs' WHERE slug = 's01'")
        ask = threading.Thread(
            target=lambda: theirs.execute(b"UPDATE users SET name = 'Theirs' WHERE slug = 'p00'")
        )

        def once_we_have_written_users(message: Message) -> Verdict:
            if message.kind == "P" and b"UPDATE schedules" in message.data and not ask.ident:
                ask.start()
            return "pass"

        with Wire(standing, once_we_have_written_users) as wire:
            ours = threading.Thread(target=lambda: reconcile(wire.through, AFTER))
            ours.start()
            while not ask.ident:
                time.sleep(0.01)
            ask.join(30)
            theirs.commit()
            ours.join(30)

    assert_holds(standing, AFTER)


def test_a_database_that_lost_the_last_commit_gets_it_again(
    server: EmbeddedServer, standing: Database
) -> None:
    """A failover to a replica that was behind: what was applied after its last word never happened there."""
    name = one(standing, "SELECT current_database()")
    run(server, f"CREATE DATABASE {name}_behind TEMPLATE {name}")
    behind = Database("a replica that was behind", {**server.connection, "dbname": f"{name}_behind"})
    try:
        reconcile(standing, AFTER)
        reconcile(behind, AFTER)

        assert_holds(behind, AFTER)
        shifts = "SELECT schedule, user_slug, start_time, end_time, source FROM on_call_shifts ORDER BY 1, 3"
        assert sql(behind, shifts) == sql(standing, shifts)
    finally:
        run(server, f"DROP DATABASE {name}_behind WITH (FORCE)")


def test_a_clock_that_is_a_day_ahead_is_waited_for_not_undone(standing: Database) -> None:
    """T never goes back: what a fast clock has made history stays so, and an explicit earlier T is refused."""
    reconcile(standing, AFTER, now=NOW + 86_400)
    before = content(standing)

    with pytest.raises(OncallError, match="history does not change"):
        reconcile(standing, BEFORE, now=NOW)
    assert content(standing) == before
    assert failed_runs(standing) == []


def test_the_network_is_crossed_as_often_for_four_hundred_shifts_as_for_forty(database: Database) -> None:
    def trips(state: State) -> int:
        with Wire(database) as wire:
            reconcile(wire.through, state)
            return wire.round_trips

    def crowd(count: int) -> State:
        people = [a_user(f"u{number}") for number in range(4)]
        return a_state([a_schedule(["u0", "u1"], slug=f"s{n}") for n in range(count)], users=people)

    reconcile(database, crowd(1))
    few = trips(crowd(4))
    reconcile(database, crowd(1))
    assert few == trips(crowd(40)) <= 60


def _rename(database: Database, slug: str, name: str) -> None:
    sql(database, "UPDATE users SET name = %(name)s WHERE slug = %(slug)s", name=name, slug=slug)
