"""The schema and the rights, whole, against what was once looked at; and every step of the migrations.

After a new migration: `UPDATE_GOLDEN=1 make test TESTS=tests/faults/test_roles_and_migrations.py`, then read the
difference. The same text comes out of every PostgreSQL from 15 on.
"""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import psycopg
import pytest
from alembic.script import ScriptDirectory

from oncall_gitops.core.errors import OncallError
from oncall_gitops.store import migrate
from oncall_gitops.store.database import Database
from oncall_gitops.store.tables import SCHEMA_VERSION
from tests.commands.shell import Shell
from tests.faults.processes import Child, Gate
from tests.faults.rota import AFTER, BEFORE, assert_holds, reconcile
from tests.faults.test_every_cut import Strike
from tests.faults.wire import Wire
from tests.golden import assert_golden
from tests.store.records import one, sql

ROLES_SQL = Path(__file__).parents[2] / "docs" / "roles.sql"
ROLES = ("oncall_owner", "oncall_app", "oncall_plan", "oncall_sync")
VERBS = ("SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER")
REVISIONS = [
    step.revision
    for step in ScriptDirectory(str(migrate.migrations_folder())).walk_revisions()  # the newest first
]

OURS = """relnamespace = 'public'::regnamespace
    AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = pg_class.oid AND deptype = 'e')"""
"""And not an extension's."""

PARTS = {
    "extension": "SELECT extname, '' FROM pg_extension WHERE extname <> 'plpgsql' ORDER BY 1",
    "table": f"""SELECT relname, relname || '.' || attname || ' ' || format_type(atttypid, atttypmod)
            || CASE WHEN attnotnull THEN ' NOT NULL' ELSE '' END
            || coalesce(' DEFAULT ' || pg_get_expr(adbin, adrelid), '')
        FROM pg_class JOIN pg_attribute ON attrelid = pg_class.oid AND attnum > 0 AND NOT attisdropped
        LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
        WHERE relkind = 'r' AND {OURS} ORDER BY relname, attnum""",
    "constraint": """SELECT conrelid::regclass::text || ' ' || conname, pg_get_constraintdef(oid) FROM pg_constraint
        WHERE connamespace = 'public'::regnamespace AND contype <> 'n' ORDER BY 1""",
    "index": """SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY 1""",
    "trigger": """SELECT tgrelid::regclass::text || ' ' || tgname, pg_get_triggerdef(oid) FROM pg_trigger
        WHERE NOT tgisinternal ORDER BY 1""",
    "view": f"SELECT relname, pg_get_viewdef(oid, true) FROM pg_class WHERE relkind = 'v' AND {OURS} ORDER BY 1",
    "function": """SELECT proname, pg_get_functiondef(oid) FROM pg_proc
        WHERE pronamespace = 'public'::regnamespace
            AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = pg_proc.oid AND deptype = 'e') ORDER BY 1""",
    "comment": """SELECT coalesce(relname, proname), description FROM pg_description
        LEFT JOIN pg_class ON pg_class.oid = objoid AND relnamespace = 'public'::regnamespace
        LEFT JOIN pg_proc ON pg_proc.oid = objoid AND pronamespace = 'public'::regnamespace
        WHERE coalesce(relname, proname) IS NOT NULL
            AND NOT EXISTS (SELECT FROM pg_depend WHERE pg_depend.objid = objoid AND deptype = 'e') ORDER BY 1""",
}


def schema_text(database: Database) -> str:
    """Everything that the migrations made, as the server tells it."""
    with psycopg.connect(database.url) as connection:
        return "".join(
            f"{part} {name}\n    {_indented(told)}\n" if part != "table" else f"{told}\n"
            for part, query in PARTS.items()
            for name, told in connection.execute(query.encode()).fetchall()
        )


def _indented(text: str) -> str:
    return "\n    ".join(line.rstrip() for line in text.strip().splitlines())


RIGHTS = f"""
WITH relations AS (
    SELECT pg_class.oid, relname FROM pg_class WHERE relkind IN ('r', 'v') AND {OURS}
), whole AS (
    SELECT relname, role, verb, relations.oid, has_table_privilege(role, relations.oid, verb) AS may
    FROM relations, unnest(%(roles)s::text[]) AS role, unnest(%(verbs)s::text[]) AS verb
), partly AS (
    SELECT relname, role, verb, string_agg(attname, ' ' ORDER BY attname) AS columns
    FROM whole JOIN pg_attribute ON attrelid = whole.oid AND attnum > 0 AND NOT attisdropped
    WHERE NOT may AND verb IN ('SELECT', 'INSERT', 'UPDATE') AND has_column_privilege(role, attrelid, attnum, verb)
    GROUP BY relname, role, verb
)
SELECT relname, role, coalesce(string_agg(
    CASE WHEN may THEN verb ELSE verb || '[' || columns || ']' END, ' ' ORDER BY columns IS NOT NULL, verb
) FILTER (WHERE may OR columns IS NOT NULL), '-')
FROM whole LEFT JOIN partly USING (relname, role, verb) GROUP BY relname, role ORDER BY relname, role
"""


def rights_text(database: Database) -> str:
    """Who may do what to each table and view; in brackets, to some columns only."""
    rows = sql(database, RIGHTS, roles=list(ROLES), verbs=list(VERBS))
    return "".join(f"{table:24}{role:14}{verbs}\n" for table, role, verbs in rows)


def rows_of(database: Database, columns: dict[str, list[str]]) -> dict[str, list[Any]]:
    return {
        table: sql(
            database,
            f"SELECT {', '.join(f'{name!r}'.replace(chr(39), chr(34)) for name in names)} FROM {table} ORDER BY id",
        )
        for table, names in columns.items()
    }


def columns_of(database: Database) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for table, column in sql(
        database,
        "SELECT table_name, column_name FROM information_schema.columns JOIN pg_tables ON tablename = table_name "
        "WHERE table_schema = 'public' AND schemaname = 'public' AND table_name <> 'alembic_version' "
        "ORDER BY 1, ordinal_position",
    ):
        found.setdefault(table, []).append(column)
    return found


def move(database: Database, revision: str) -> None:
    with database.connect() as connection:
        migrate.downgrade(connection, revision)
        connection.commit()


@pytest.fixture
def lived_in(database: Database) -> Database:
    """With rows in every table, a calendar's among them."""
    for state in (BEFORE, AFTER):
        reconcile(database, state)
    sql(
        database,
        "INSERT INTO calendar_syncs (user_id, provider, access_token, calendar_id, account) "
        "SELECT id, 'google', 'sealed', 'c', 'a' FROM users",
    )
    sql(
        database,
        "INSERT INTO calendar_events (calendar_sync_id, shift_key, remote_id) SELECT id, 'k', 'r' FROM calendar_syncs",
    )
    return database


def test_the_schema_is_the_one_that_was_looked_at(database: Database) -> None:
    assert_golden(schema_text(database), "schema.txt")


def test_the_rights_are_those_that_were_looked_at(database: Database) -> None:
    with psycopg.connect(database.url, autocommit=True) as connection:
        connection.execute(ROLES_SQL.read_bytes())
    assert_golden(rights_text(database), "rights.txt")


@pytest.mark.parametrize("revision", REVISIONS[1:])
def test_every_row_survives_the_way_down_and_up_again(lived_in: Database, revision: str) -> None:
    """What the older schema has no place for may go; nothing else does."""
    head = columns_of(lived_in)
    everything = rows_of(lived_in, head)
    assert all(rows for table, rows in everything.items() if table != "reconcile_mutex"), (
        "each table has rows"
    )
    text = schema_text(lived_in)

    move(lived_in, revision)
    both = {
        table: [name for name in names if name in head[table] and name != "updated_at"]
        for table, names in columns_of(lived_in).items()
        if table in head
    }
    below = rows_of(lived_in, both)
    lived_in.upgrade()

    assert rows_of(lived_in, both) == below
    assert below == {table: _only(everything[table], head[table], names) for table, names in both.items()}
    assert schema_text(lived_in) == text
    assert_holds(lived_in, AFTER)


def _only(rows: list[Any], columns: list[str], wanted: list[str]) -> list[Any]:
    places = [columns.index(name) for name in wanted]
    return [tuple(row[place] for place in places) for row in rows]


def test_every_command_refuses_another_schema_with_exit_7_and_names_both(
    database_url: str, database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Old code on a new schema, and new code on an old one."""
    monkeypatch.setenv("DATABASE_URL", database_url)
    shell = Shell(tmp_path, monkeypatch)
    shell.write("users:\n  amy: {name: Amy, email: amy@example.com}\n")
    for version in ("9999", REVISIONS[-1] if len(REVISIONS) > 1 else "0000"):
        sql(database, f"UPDATE alembic_version SET version_num = '{version}'")
        for command in (
            "reconcile --yes",
            "reconcile --dry-run",
            "who",
            "shifts",
            "history",
            "override list",
        ):
            done = shell(*command.split())
            assert done.code == 7, f"{command}: {done.out}{done.err}"
            assert version in done.err
            assert SCHEMA_VERSION in done.err
            assert "oncall-gitops db upgrade" in done.err
    assert sql(database, "SELECT FROM users") == []


def test_a_migration_that_breaks_off_leaves_nothing(empty: Database) -> None:
    for point in random.Random(3).sample(_messages_of_an_upgrade(empty), 2):
        break_off(empty, point)


@pytest.mark.slow
def test_a_migration_that_breaks_off_at_every_message_leaves_nothing(empty: Database) -> None:
    found = _messages_of_an_upgrade(empty)
    for point in found:
        break_off(empty, point)
    print(f"{len(found)} cuts, nothing left of any")


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_four_migrations_at_once_twenty_times(empty: Database) -> None:
    for _ in range(20):
        gate = Gate()

        def upgrade(gate: Gate = gate) -> None:
            gate.wait()
            empty.upgrade()

        children = [Child.doing(upgrade) for _ in range(4)]
        gate.open()
        assert [child.wait() for child in children] == [0, 0, 0, 0]
        empty.require_schema()
        move(empty, "base")


@pytest.fixture
def empty(database: Database) -> Database:
    """Without the schema."""
    move(database, "base")
    sql(database, "DROP TABLE alembic_version")
    return database


def _messages_of_an_upgrade(database: Database) -> list[Any]:
    with Wire(database) as wire:
        wire.through.upgrade()
        found = [message.point for message in wire.log]
    move(database, "base")
    sql(database, "DROP TABLE alembic_version")
    return found


def break_off(database: Database, point: Any) -> None:
    """All of it or nothing, and the next one goes through."""
    tables = "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"
    with Wire(database, Strike(point, "cut")) as wire:
        try:
            wire.through.upgrade()
        except OncallError:
            assert one(database, tables) == 0 or database.schema_version() == SCHEMA_VERSION
    database.upgrade()
    database.require_schema()
    move(database, "base")
    sql(database, "DROP TABLE alembic_version")
