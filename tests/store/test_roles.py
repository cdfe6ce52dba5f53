"""docs/roles.sql: each role can do its work, and nothing that is another's."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from uuid import uuid4

import pytest
from psycopg import connect
from sqlalchemy import Connection

from oncall_gitops.core.errors import OncallError
from oncall_gitops.core.model.interval import Interval
from oncall_gitops.core.model.run import Failure
from oncall_gitops.store.database import Database
from oncall_gitops.store.embedded import EmbeddedServer
from oncall_gitops.store.read import read_live, read_runs, read_shifts
from oncall_gitops.store.transaction import apply
from oncall_gitops.store.write import record_run
from tests.builders import a_layer, a_schedule, a_state, a_user, an_override
from tests.store.records import live, one, put, sql

ROLES_SQL = Path(__file__).parents[2] / "docs" / "roles.sql"
ROLES = ("owner", "app", "plan", "sync")
As = Callable[[str], Database]

ROTA = a_state(
    [a_schedule(("alice", "bob"), layers=[a_layer()], overrides=[an_override("zoe")])],
    users=[a_user("alice", time_off=[("2026-05-01", "2026-05-02")]), a_user("bob"), a_user("zoe")],
)


@pytest.fixture
def who(server: EmbeddedServer, database: Database) -> As:
    """The same database as somebody with one of the roles and no other right."""
    name = str(one(database, "SELECT current_database()"))
    with connect(**{**server.connection, "dbname": name}, autocommit=True) as connection:
        for _ in range(2):
            connection.execute(ROLES_SQL.read_bytes())
        for role in ROLES:
            known = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [f"test_{role}"])
            if known.fetchone() is None:
                connection.execute(f"CREATE ROLE test_{role} LOGIN IN ROLE oncall_{role}".encode())
        connection.execute(b"INSERT INTO users (slug, name, email) VALUES ('amy', 'Amy', 'amy@x.org')")
        connection.execute(
            b"INSERT INTO calendar_syncs (user_id, provider, access_token, refresh_token) "
            b"SELECT id, 'google', 'canary', 'canary' FROM users"
        )
    return lambda role: Database(f"as {role}", {**server.connection, "dbname": name, "user": f"test_{role}"})


MATRIX = [
    # statement, and who may do it
    ("SELECT * FROM users, teams, schedules, schedule_layers, schedule_overrides", "app plan sync"),
    ("SELECT * FROM shifts", "app plan sync"),
    ("SELECT * FROM on_call_now", "app plan sync"),
    ("SELECT * FROM on_call_at(now())", "app plan sync"),
    ("SELECT plan, plan_id FROM reconcile_runs", "app plan sync"),
    ("SELECT * FROM alembic_version", "app plan sync"),
    ("SELECT user_id, provider, last_sync_error FROM calendar_syncs", "app plan sync"),
    ("SELECT access_token FROM calendar_syncs", "sync"),
    ("SELECT refresh_token FROM calendar_syncs", "sync"),
    ("SELECT * FROM calendar_syncs", "sync"),
    ("SELECT calendar_syncs::text FROM calendar_syncs", "sync"),
    ("UPDATE calendar_syncs SET lease_owner = 'x'", "sync"),
    ("INSERT INTO calendar_syncs (user_id, provider) SELECT id, 'microsoft' FROM users", "sync"),
    ("DELETE FROM calendar_syncs", "sync"),
    ("DELETE FROM calendar_events", "sync"),
    ("INSERT INTO calendar_due (user_id) SELECT id FROM users", "app sync"),
    ("DELETE FROM calendar_due", "app sync"),
    ("SELECT * FROM calendar_due", "app plan sync"),
    ("INSERT INTO teams (slug) VALUES ('x')", "app"),
    ("UPDATE users SET name = 'x'", "app"),
    ("DELETE FROM shifts", "app"),
    ("INSERT INTO reconcile_runs (as_of, status) VALUES (now(), 'applied')", "app"),
    ("UPDATE reconcile_runs SET plan = '{}'", ""),
    ("DELETE FROM reconcile_runs", ""),
    ("LOCK TABLE reconcile_mutex IN EXCLUSIVE MODE", "app"),
    ("LOCK TABLE users IN EXCLUSIVE MODE", "app"),
    ("TRUNCATE shifts", ""),
    ("UPDATE database_identity SET id = gen_random_uuid()", ""),
    ("ALTER TABLE shifts DISABLE TRIGGER ALL", ""),
    ("CREATE TABLE loot (id int)", ""),
    ("DROP TABLE users", ""),
]


@pytest.mark.parametrize(("statement", "allowed"), MATRIX, ids=[statement for statement, _ in MATRIX])
def test_each_role_may_do_its_own_work_and_nothing_else(who: As, statement: str, allowed: str) -> None:
    for role in ("app", "plan", "sync"):
        refused = pytest.raises(OncallError, match=r"permission denied|must be owner")
        with nullcontext() if role in allowed.split() else refused, who(role).connect() as connection:
            connection.exec_driver_sql(statement)


def test_a_plan_needs_no_more_than_the_right_to_read(database: Database, who: As) -> None:
    put(database, ROTA)
    plan = who("plan")

    plan.require_schema()
    with plan.snapshot() as connection:
        assert read_live(connection) == live(database)
        assert read_shifts(connection, window=Interval(0, 10**9)) == {}
        assert len(read_runs(connection, limit=5)) == 1


def test_whoever_plans_cannot_take_the_lock(who: As) -> None:
    with pytest.raises(OncallError, match="permission denied"):
        apply(who("plan"), lambda connection: None, run_id="x")


def test_the_app_applies_everything(who: As) -> None:
    app = who("app")

    put(app, ROTA)
    put(app, a_state(users=[a_user("alice")]))
    put(app, ROTA)

    assert put(app, ROTA) == ()


def test_the_app_records_what_it_failed_of(database: Database, who: As) -> None:
    def record(connection: Connection, error: str, seconds: float) -> None:
        record_run(
            connection,
            run_id=str(uuid4()),
            kind="reconcile",
            scope=None,
            as_of=0,
            horizon_to=1,
            commit=None,
            actor="app",
            plan=None,
            plan_id=None,
            tzdata="",
            failure=Failure(error, seconds),
        )

    with pytest.raises(OncallError, match="division by zero"):
        apply(who("app"), sql_error, run_id="x", record_failure=record)

    assert "division by zero" in one(database, "SELECT error FROM reconcile_runs WHERE status = 'failed'")


def sql_error(connection: Connection) -> None:
    connection.exec_driver_sql("SELECT 1 / 0")


def test_the_owner_migrates(who: As, database: Database) -> None:
    owner = who("owner")
    owner.upgrade()

    sql(owner, "ALTER TABLE users ADD COLUMN extra text")
    assert one(database, "SELECT count(extra) FROM users") == 0
