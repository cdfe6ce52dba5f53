"""The one transaction: alone, on what the last one wrote, all or nothing, and certain of its end."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from sqlalchemy import Connection

from oncall_gitops.core.errors import DatabaseUnreachable, LockBusy, OncallError
from oncall_gitops.store.database import Database
from oncall_gitops.store.driver import driver_connection
from oncall_gitops.store.transaction import ATTEMPTS, apply, commit
from tests.builders import a_state, a_user
from tests.store.records import T, one, put, sql


def run_id() -> str:
    return str(uuid4())


def add_team(connection: Connection, slug: str = "payments") -> None:
    connection.exec_driver_sql("INSERT INTO teams (slug) VALUES (%(slug)s)", {"slug": slug})


def record(connection: Connection, run: str) -> None:
    connection.exec_driver_sql(
        "INSERT INTO reconcile_runs (id, as_of, status) VALUES (%(run)s, now(), 'applied')", {"run": run}
    )


def teams(database: Database) -> list[str]:
    return [slug for (slug,) in sql(database, "SELECT slug FROM teams ORDER BY slug")]


@contextmanager
def somebody_applying(database: Database) -> Iterator[Callable[[], None]]:
    """Another one in the middle of an apply, until told to go on."""
    inside, go_on = threading.Event(), threading.Event()

    def body(connection: Connection) -> None:
        inside.set()
        go_on.wait(30)
        add_team(connection, "theirs")

    other = threading.Thread(target=lambda: apply(database, body, run_id=run_id()))
    other.start()
    assert inside.wait(30)
    try:
        yield go_on.set
    finally:
        go_on.set()
        other.join(30)


def test_it_is_serializable_and_everything_that_may_hold_others_up_has_an_end(database: Database) -> None:
    names = (
        *("transaction_isolation", "lock_timeout", "statement_timeout"),
        *("idle_in_transaction_session_timeout", "client_connection_check_interval"),
    )

    def body(connection: Connection) -> list[str]:
        return [str(connection.exec_driver_sql(f"SHOW {name}").scalar()) for name in names]

    assert apply(database, body, run_id=run_id(), lock_timeout=7) == [
        *("serializable", "7s", "2min"),
        *("20s", "1s"),
    ]


def test_whoever_waited_sees_what_the_other_one_wrote(database: Database) -> None:
    seen: list[Any] = []
    with somebody_applying(database) as go_on:
        waiting = threading.Thread(
            target=lambda: seen.append(
                apply(
                    database,
                    lambda connection: connection.exec_driver_sql("SELECT slug FROM teams").scalars().all(),
                    run_id=run_id(),
                )
            )
        )
        waiting.start()
        time.sleep(0.3)
        go_on()
        waiting.join(30)

    assert seen == [["theirs"]]


def test_a_lock_that_is_not_to_be_had_names_its_holder(database: Database) -> None:
    with somebody_applying(database), pytest.raises(LockBusy) as busy:
        apply(database, add_team, run_id=run_id(), lock_timeout=0.2)

    assert busy.value.exit_code == 5
    assert "within 0.2 seconds" in str(busy.value)
    assert "(oncall-gitops, since 20" in str(busy.value)


def test_readers_do_not_wait_for_an_apply(database: Database) -> None:
    with somebody_applying(database), database.snapshot() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM teams").scalar() == 0


def test_what_the_body_raises_rolls_everything_back(database: Database) -> None:
    def body(connection: Connection) -> None:
        add_team(connection)
        raise OncallError("no")

    with pytest.raises(OncallError, match=r"^no$"):
        apply(database, body, run_id=run_id())
    assert teams(database) == []


@pytest.mark.parametrize("code", ["40001", "40P01"])
def test_it_runs_again_from_its_start_when_the_database_asks_for_that(database: Database, code: str) -> None:
    attempts = 0

    def body(connection: Connection) -> str:
        nonlocal attempts
        attempts += 1
        add_team(connection)
        if attempts < ATTEMPTS:
            connection.exec_driver_sql(f"DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = '{code}'; END $$")
        return "done"

    assert apply(database, body, run_id=run_id()) == "done"
    assert attempts == ATTEMPTS
    assert teams(database) == ["payments"]


def test_after_five_attempts_it_gives_up_as_busy(database: Database) -> None:
    attempts = 0

    def body(connection: Connection) -> None:
        nonlocal attempts
        attempts += 1
        connection.exec_driver_sql("DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = '40001'; END $$")

    with pytest.raises(LockBusy):
        apply(database, body, run_id=run_id())
    assert attempts == ATTEMPTS


def test_a_write_of_others_in_between_is_read_again_not_overwritten(database: Database) -> None:
    """A real serialization failure: somebody writes what we read, between our reading and our writing."""
    put(database, a_state(users=[a_user("alice")]))
    seen = []

    def body(connection: Connection) -> None:
        seen.append(connection.exec_driver_sql("SELECT name FROM users").scalar())
        if len(seen) == 1:
            sql(database, "UPDATE users SET name = 'Theirs'")
        connection.exec_driver_sql("UPDATE users SET name = name || '!'")

    apply(database, body, run_id=run_id())

    assert seen == ["Alice", "Theirs"]
    assert one(database, "SELECT name FROM users") == "Theirs!"


def test_a_swallowed_error_is_no_success(database: Database) -> None:
    def body(connection: Connection) -> None:
        add_team(connection)
        with pytest.raises(psycopg.Error):
            driver_connection(connection).execute("SELECT 1/0")

    with pytest.raises(OncallError, match="rolled back"):
        apply(database, body, run_id=run_id())
    assert teams(database) == []


def test_a_constraint_that_is_checked_at_the_commit_rolls_back(database: Database) -> None:
    def body(connection: Connection) -> None:
        add_team(connection)
        add_team(connection)

    with pytest.raises(OncallError, match="teams_slug_live"):
        apply(database, body, run_id=run_id())
    assert teams(database) == []


def test_a_connection_that_breaks_before_the_commit_changes_nothing(database: Database) -> None:
    def body(connection: Connection) -> None:
        add_team(connection)
        disconnect(database, connection)

    with pytest.raises(DatabaseUnreachable, match="not on record, so nothing was changed"):
        apply(database, body, run_id=run_id())
    assert teams(database) == []


def test_a_commit_whose_answer_was_lost_is_looked_up(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = run_id()

    def body(connection: Connection) -> str:
        add_team(connection)
        record(connection, run)
        return "done"

    def losing_the_answer(driver: psycopg.Connection[Any]) -> None:
        commit(driver)
        raise psycopg.OperationalError("the connection is lost")

    monkeypatch.setattr("oncall_gitops.store.transaction.commit", losing_the_answer)

    assert apply(database, body, run_id=run) == "done"
    assert teams(database) == ["payments"]


def test_a_frozen_apply_frees_the_others(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("oncall_gitops.store.transaction.IDLE_SECONDS", 1)

    def frozen(connection: Connection) -> None:
        add_team(connection)
        time.sleep(2.5)

    stuck: list[OncallError] = []

    def apply_and_freeze() -> None:
        try:
            apply(database, frozen, run_id=run_id())
        except OncallError as error:
            stuck.append(error)

    other = threading.Thread(target=apply_and_freeze)
    other.start()
    time.sleep(0.3)
    apply(database, lambda connection: add_team(connection, "ours"), run_id=run_id(), lock_timeout=10)
    other.join()

    assert teams(database) == ["ours"]
    [error] = stuck
    assert error.exit_code in (1, 7)


def test_the_run_is_told_by_the_instant_that_it_was_for(database: Database) -> None:
    put(database, a_state())

    assert one(database, "SELECT extract(epoch FROM as_of)::bigint FROM reconcile_runs") == T
    assert one(database, "SELECT started_at <= finished_at FROM reconcile_runs")


def disconnect(database: Database, connection: Connection) -> None:
    pid = connection.exec_driver_sql("SELECT pg_backend_pid()").scalar()
    sql(database, f"SELECT pg_terminate_backend({pid}, 5000)")
