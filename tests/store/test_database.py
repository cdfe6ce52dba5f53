"""Opening a database: every spelling of its address, and no secret in what is said when it fails."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from oncall_gitops.core.errors import DatabaseUnreachable, OncallError, WrongSchemaVersion
from oncall_gitops.store import migrate
from oncall_gitops.store.connection_string import parse_address
from oncall_gitops.store.database import Database, open_database
from oncall_gitops.store.embedded import EmbeddedServer
from oncall_gitops.store.tables import SCHEMA_VERSION
from tests.builders import a_schedule, a_state
from tests.postgres import run
from tests.store.records import one, put, sql

HERE = Path("/")
ROOT = Path(__file__).parents[2]


@pytest.fixture
def empty(server: EmbeddedServer) -> str:
    """The connection string of a database without our schema."""
    run(server, "DROP DATABASE IF EXISTS without_schema WITH (FORCE)")
    run(server, "CREATE DATABASE without_schema")
    return f"host={server.connection['host']} user=oncall dbname=without_schema"


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg", "POSTGRESQL"])
def test_a_url_of_any_library_is_understood(database: Database, scheme: str) -> None:
    keywords = conninfo_to_dict(database.url)
    url = f"{scheme}://oncall@/{keywords['dbname']}?host={keywords['host']}"

    with open_database(url, directory=HERE) as opened:
        assert one(opened, "SELECT current_database()") == keywords["dbname"]


def test_keywords_are_understood(database: Database) -> None:
    with open_database(database.url, directory=HERE) as opened:
        assert one(opened, "SELECT 1") == 1


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("postgresql://u:secret@db.example.com:6432/oncall", 'database "oncall" on db.example.com:6432'),
        ("postgresql://u:secret@db.example.com/oncall", 'database "oncall" on db.example.com:5432'),
        ("host=/run/postgresql dbname=oncall password=secret", 'database "oncall" on /run/postgresql, port 5432'),
        ("postgresql://u:secret@a,b/oncall", 'database "oncall" on a,b, port 5432'),
        ("postgresql://u:secret@[::1]:5433/oncall", 'database "oncall" on ::1, port 5433'),
    ],
)  # fmt: skip
def test_the_name_says_where_and_no_password(text: str, name: str) -> None:
    address = parse_address(text)

    assert address.name == name
    assert "secret" not in repr(address)


@pytest.mark.parametrize(
    "text",
    [
        "postgresql://u:sec@ret@host/db",
        "postgresql://u:sec/ret@host/db",
        "postgresql://u:secret@host:port/db",
        "postgresql://u:secret@host/db?unknown=secret",
        "mysql://u:secret@host/db",
        "sqlite:///secret",
        "secret",
        "host=h password='secret",
    ],
)
def test_a_malformed_address_is_refused_and_not_echoed(text: str) -> None:
    with pytest.raises(DatabaseUnreachable) as refused:
        parse_address(text)

    told = f"{refused.value}{refused.value.help}{refused.value.__cause__}"
    assert not {"sec", "ret@"} & {part for part in ("sec", "ret@") if part in told}


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("postgresql://u:secret@127.0.0.1:1/x", "no server listens there"),
        ("host=/nowhere dbname=x password=secret", "no server listens there"),
        ("postgresql://u:secret@nowhere.invalid/x", "the host's name is not known"),
    ],
)
def test_a_server_that_is_not_there_is_exit_7(url: str, why: str) -> None:
    with pytest.raises(DatabaseUnreachable, match=why) as refused, open_database(url, directory=HERE):
        pass

    assert refused.value.exit_code == 7
    assert "secret" not in str(refused.value)
    assert refused.value.__cause__ is None


def test_a_database_that_is_not_there_is_exit_7(server: EmbeddedServer) -> None:
    url = f"host={server.connection['host']} user=oncall dbname=nowhere"

    with (
        pytest.raises(DatabaseUnreachable, match="knows no such user or database"),
        open_database(url, directory=HERE),
    ):
        pass


def test_without_our_schema_the_command_that_makes_it_is_named(empty: str) -> None:
    with (
        pytest.raises(WrongSchemaVersion, match="oncall-gitops db upgrade") as wrong,
        open_database(empty, directory=HERE),
    ):
        pass

    assert wrong.value.exit_code == 7


@pytest.mark.parametrize("version", ["0000", "9999"])
def test_with_another_schema_nothing_is_read(database: Database, version: str) -> None:
    sql(database, f"UPDATE alembic_version SET version_num = '{version}'")

    with (
        pytest.raises(WrongSchemaVersion, match=f"{version}.*{SCHEMA_VERSION}.*oncall-gitops db upgrade"),
        open_database(database.url, directory=HERE),
    ):
        pass


def test_a_schema_that_is_newer_than_the_program_is_left_alone(database: Database) -> None:
    sql(database, "UPDATE alembic_version SET version_num = '9999'")

    with pytest.raises(WrongSchemaVersion, match="does not know"):
        database.upgrade()


def test_upgrades_at_the_same_time_do_no_harm(empty: str) -> None:
    upgrades = [
        subprocess.Popen(
            [sys.executable, "-m", "oncall_gitops", "db", "upgrade"],
            env={"DATABASE_URL": empty, "PYTHONPATH": str(ROOT), "PATH": os.defpath},
        )
        for _ in range(3)
    ]
    assert [each.wait(timeout=120) for each in upgrades] == [0, 0, 0]
    with open_database(empty, directory=HERE) as opened:
        assert opened.schema_version() == SCHEMA_VERSION


def test_the_tables_may_stand_in_a_schema_of_their_own(empty: str) -> None:
    with open_database(empty, directory=HERE, check_schema=False) as opened:
        sql(opened, "CREATE SCHEMA oncall")
        sql(opened, "ALTER DATABASE without_schema SET search_path = oncall, public")
        opened.upgrade()
        put(opened, a_state([a_schedule(("alice", "bob"))]))
        sql(
            opened,
            "INSERT INTO schedule_marks (schedule_id, rows_hash, meaning) SELECT id, 1, '' FROM schedules",
        )

        sql(
            opened,
            "INSERT INTO shifts (schedule_id, user_id, start_time, end_time, source) SELECT schedules.id, users.id, "
            "now(), now() + interval '1 hour', 'base' FROM schedules, users WHERE users.slug = 'alice'",
        )

        assert one(opened, "SELECT count(*) FROM oncall.schedule_marks") == 0


def test_an_upgrade_that_is_cut_off_leaves_nothing(empty: str) -> None:
    with open_database(empty, directory=HERE, check_schema=False) as opened:
        with opened.connect() as connection:
            migrate.upgrade(connection)
            assert migrate.current_version(connection) == SCHEMA_VERSION
        assert opened.schema_version() is None


def test_a_snapshot_is_one_moment_and_read_only(database: Database) -> None:
    with database.snapshot() as connection:
        before = connection.exec_driver_sql("SELECT count(*) FROM teams").scalar()
        sql(database, "INSERT INTO teams (slug) VALUES ('later')")
        assert connection.exec_driver_sql("SELECT count(*) FROM teams").scalar() == before

    with pytest.raises(OncallError, match="read-only"), database.snapshot() as connection:
        connection.exec_driver_sql("DELETE FROM teams")


def test_nothing_is_prepared_and_nothing_is_set_for_the_session(database: Database) -> None:
    """So that a pooler that gives each transaction another server does no harm."""
    with database.connect() as connection:
        for _ in range(8):
            connection.exec_driver_sql("SELECT %(x)s::int", {"x": 1})
        assert connection.exec_driver_sql("SELECT count(*) FROM pg_prepared_statements").scalar() == 0
        changed = connection.exec_driver_sql(
            "SELECT name FROM pg_settings WHERE source = 'session' AND name NOT LIKE 'transaction%%'"
        )
        assert [name for (name,) in changed] == []


def test_an_error_shows_the_constraint_and_no_value(database: Database) -> None:
    sql(database, "ALTER TABLE calendar_syncs ADD UNIQUE (access_token)")
    sql(database, "INSERT INTO users (slug, name, email) VALUES ('a', 'A', 'a@x'), ('b', 'B', 'b@x')")

    with pytest.raises(OncallError) as error:
        sql(
            database,
            "INSERT INTO calendar_syncs (user_id, provider, access_token) "
            "SELECT id, 'google', %(token)s FROM users",
            token="canary",
        )

    assert "calendar_syncs_access_token_key" in str(error.value)
    assert "canary" not in repr(error.value) + str(error.value.__cause__)
    assert error.value.__suppress_context__


def test_the_url_for_others_holds_no_password(server: EmbeddedServer) -> None:
    keywords: dict[str, Any] = {**server.connection, "password": "secret"}

    url = Database("it", keywords).url

    assert "secret" not in url
    with psycopg.connect(url) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
