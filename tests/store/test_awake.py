"""A long computation inside of a transaction is not taken for a frozen command."""

from __future__ import annotations

import time

import psycopg
import pytest

from oncall_gitops.store.awake import awake
from oncall_gitops.store.database import Database
from oncall_gitops.store.driver import driver_connection
from tests.store.records import sql


def test_the_server_hears_from_a_command_that_computes(database: Database) -> None:
    with database.connect() as connection:
        driver = driver_connection(connection)
        driver.execute("SET LOCAL idle_in_transaction_session_timeout = '500ms'")
        with awake(connection, every=0.1):
            time.sleep(0.9)  # nothing is waited for: that is what is tested
        assert driver.execute("SELECT 1").fetchone() == (1,)


def test_what_the_server_says_meanwhile_is_raised(database: Database) -> None:
    with database.connect() as connection:
        driver = driver_connection(connection)

        def computing() -> None:
            with awake(connection, every=0.01):
                sql(database, "SELECT pg_terminate_backend(%(pid)s)", pid=driver.info.backend_pid)
                deadline = time.monotonic() + 5
                while not driver.closed and time.monotonic() < deadline:
                    time.sleep(0.01)

        with pytest.raises(psycopg.Error):
            computing()
        connection.invalidate()


def test_an_error_of_the_computation_is_told_as_it_is(database: Database) -> None:
    with database.connect() as connection, pytest.raises(ZeroDivisionError), awake(connection, every=0.01):
        raise ZeroDivisionError
