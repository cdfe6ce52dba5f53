"""What the schema itself refuses, whoever writes, and what it gives to those who ask in SQL alone."""

from __future__ import annotations

import re
from typing import Any

import pytest
from alembic import command

from oncall_gitops.core.errors import OncallError
from oncall_gitops.store import migrate, tables
from oncall_gitops.store.database import Database
from tests.store.records import one, sql

SETUP = """
INSERT INTO users (slug, name, email) VALUES ('alice', 'Alice', 'alice@x.org'), ('bob', 'Bob', 'bob@x.org');
INSERT INTO teams (slug) VALUES ('payments');
INSERT INTO schedules (team_id, slug, timezone, start_date) SELECT id, 'primary', 'UTC', '2026-01-05Z' FROM teams;
INSERT INTO schedule_layers (schedule_id, slug, priority) SELECT id, 'top', 10 FROM schedules
"""

USER = "INSERT INTO users (slug, name, email) VALUES ('{}', 'A', 'a@x.org')"
LAYER = "INSERT INTO schedule_layers (schedule_id, slug, priority) SELECT id, '{}', {} FROM schedules"
OVERRIDE = """INSERT INTO schedule_overrides
    (schedule_id, user_id, original_user_id, start_time, end_time, managed)
    SELECT schedules.id, u.id, {}, '{}', '{}', {} FROM schedules, users AS u WHERE u.slug = 'alice'"""
SHIFT = """INSERT INTO shifts (schedule_id, user_id, start_time, end_time, source)
    SELECT schedules.id, users.id, '{}', '{}', '{}' FROM schedules, users WHERE users.slug = '{}'"""
BOB = "(SELECT id FROM users WHERE slug = 'bob')"


@pytest.fixture
def filled(database: Database) -> Database:
    for statement in SETUP.split(";"):
        sql(database, statement)
    return database


@pytest.mark.parametrize(
    ("constraint", "statements"),
    [
        ("users_slug_live", [USER.format("alice")]),
        ("users_slug_check", [USER.format("Alice")]),
        ("users_slug_check", [USER.format("a" * 64)]),
        ("users_nobody_check", [USER.format("nobody")]),
        ("users_external_check", ["UPDATE users SET external = '[]'"]),
        (
            "users_email_live",
            ["UPDATE users SET managed = true, email = CASE slug WHEN 'bob' THEN 'A@x.org' ELSE 'a@x.org' END"],
        ),
        ("teams_slug_live", ["INSERT INTO teams (slug) VALUES ('payments')"]),
        ("teams_slug_check", ["INSERT INTO teams (slug) VALUES ('')"]),
        ("teams_labels_check", ["UPDATE teams SET labels = '1'"]),
        (
            "team_members_team_id_user_id_key",
            ["INSERT INTO team_members (team_id, user_id) SELECT teams.id, users.id FROM teams, users"] * 2,
        ),
        (
            "user_time_off_end_time_check",
            ["INSERT INTO user_time_off (user_id, start_time, end_time) SELECT id, now(), now() FROM users"],
        ),
        (
            "user_time_off_reach_check",
            ["INSERT INTO user_time_off (user_id, start_time, end_time) SELECT id, now(), 'infinity' FROM users"],
        ),
        (
            "schedules_slug_live",
            ["INSERT INTO schedules (team_id, slug, timezone, start_date) "
             "SELECT id, 'primary', 'UTC', now() FROM teams"],
        ),
        ("schedules_slug_check", ["UPDATE schedules SET slug = 'a/b'"]),
        ("schedules_handoff_time_check", ["UPDATE schedules SET handoff_time = '24:00'"]),
        ("schedules_handoff_time_check", ["UPDATE schedules SET handoff_time = '9:00'"]),
        ("schedules_end_date_check", ["UPDATE schedules SET end_date = start_date"]),
        ("schedules_reach_check", ["UPDATE schedules SET start_date = '-infinity'"]),
        ("schedules_reach_check", ["UPDATE schedules SET end_date = '3000-01-01Z'"]),
        ("schedules_labels_check", ["UPDATE schedules SET labels = '\"x\"'"]),
        ("schedules_rotation_type_check", ["UPDATE schedules SET rotation_type = 'hourly'"]),
        ("schedules_rotation_interval_days_check", ["UPDATE schedules SET rotation_interval_days = 0"]),
        (
            "schedules_rotation_user_ids_check",
            ["UPDATE schedules SET rotation_user_ids = array_fill(NULL::uuid, ARRAY[501])"],
        ),
        ("schedules_recurrence_rule_check", ["UPDATE schedules SET recurrence_rule = repeat('x', 513)"]),
        ("schedules_anchor_check", [f"UPDATE schedules SET anchor_user_id = {BOB}"]),
        ("schedules_follows_check", ["UPDATE schedules SET follows_offset = 1"]),
        ("schedule_layers_slug_live", [LAYER.format("top", 11)]),
        ("schedule_layers_priority_live", [LAYER.format("other", 10)]),
        ("schedule_layers_priority_check", [LAYER.format("other", 0)]),
        ("schedule_layers_priority_check", [LAYER.format("other", 1001)]),
        ("schedule_layers_handoff_time_check", ["UPDATE schedule_layers SET handoff_time = '25:00'"]),
        (
            "schedule_layers_end_date_check",
            ["UPDATE schedule_layers SET start_date = '2026-02-02Z', end_date = '2026-02-01Z'"],
        ),
        (
            "schedule_overrides_end_time_check",
            [OVERRIDE.format("NULL", "2026-01-05Z", "2026-01-05Z", False)],
        ),
        (
            "schedule_overrides_reach_check",
            [OVERRIDE.format("NULL", "2026-01-05Z", "infinity", False)],
        ),
        (
            "schedule_overrides_original_user_id_check",
            [OVERRIDE.format("u.id", "2026-01-05Z", "2026-01-06Z", False)],
        ),
        (
            "schedule_overrides_managed_overlap",
            [
                OVERRIDE.format("NULL", "2026-01-05Z", "2026-01-07Z", True),
                OVERRIDE.format("NULL", "2026-01-06Z", "2026-01-08Z", True),
            ],
        ),
        (
            "schedule_overrides_managed_overlap",
            [
                OVERRIDE.format(BOB, "2026-01-05Z", "2026-01-07Z", True),
                OVERRIDE.format(BOB, "2026-01-06Z", "2026-01-08Z", True),
            ],
        ),
        (
            "schedule_overrides_override_type_check",
            [
                OVERRIDE.format(BOB, "2026-01-05Z", "2026-01-07Z", False),
                "UPDATE schedule_overrides SET override_type = 'favour'",
            ],
        ),
        ("shifts_end_time_check", [SHIFT.format("2026-01-05Z", "2026-01-05Z", "base", "bob")]),
        ("shifts_reach_check", [SHIFT.format("-infinity", "2026-01-05Z", "base", "bob")]),
        ("shifts_source_check", [SHIFT.format("2026-01-05Z", "2026-01-06Z", "top", "bob")]),
        (
            "shifts_overlap",
            [
                SHIFT.format("2026-01-05Z", "2026-01-07Z", "base", "bob"),
                SHIFT.format("2026-01-06Z", "2026-01-08Z", "base", "alice"),
            ],
        ),
        ("calendar_syncs_provider_check", ["INSERT INTO calendar_syncs (user_id, provider) SELECT id, 'x' FROM users"]),
        (
            "calendar_syncs_grant_kind_check",
            ["INSERT INTO calendar_syncs (user_id, provider, grant_kind) SELECT id, 'google', 'x' FROM users"],
        ),
        (
            "calendar_syncs_leftover_calendars_check",
            ["INSERT INTO calendar_syncs (user_id, provider, leftover_calendars) "
             "SELECT id, 'google', '{}' FROM users"],
        ),
        (
            "calendar_syncs_user_id_provider_key",
            ["INSERT INTO calendar_syncs (user_id, provider) SELECT id, 'google' FROM users"] * 2,
        ),
        ("reconcile_mutex_empty", ["INSERT INTO reconcile_mutex DEFAULT VALUES"]),
        ("database_identity_only_key", ["INSERT INTO database_identity DEFAULT VALUES"]),
        ("reconcile_runs_kind_check", ["INSERT INTO reconcile_runs (as_of, status, kind) "
             "VALUES (now(), 'applied', 'x')"]),
        ("reconcile_runs_status_check", ["INSERT INTO reconcile_runs (as_of, status) VALUES (now(), 'x')"]),
    ],
)  # fmt: skip
def test_the_schema_refuses(filled: Database, constraint: str, statements: list[str]) -> None:
    *before, last = statements
    for statement in before:
        sql(filled, statement)
    with pytest.raises(OncallError, match=f'"{constraint}"'):
        sql(filled, last)


@pytest.mark.parametrize(
    "statements",
    [
        ["UPDATE users SET deleted_at = now()", USER.format("alice")],
        ["UPDATE schedule_layers SET deleted_at = now()", LAYER.format("top", 10)],
        [OVERRIDE.format("NULL", "2026-01-05Z", "2026-01-07Z", False)] * 2,
        [
            OVERRIDE.format("NULL", "2026-01-05Z", "2026-01-07Z", True),
            OVERRIDE.format(BOB, "2026-01-05Z", "2026-01-07Z", True),
            OVERRIDE.format("NULL", "2026-01-07Z", "2026-01-08Z", True),
        ],
        [
            SHIFT.format("2026-01-05Z", "2026-01-06Z", "base", "bob"),
            SHIFT.format("2026-01-06Z", "2026-01-07Z", "layer:top", "alice"),
        ],
        ["UPDATE users SET slug = CASE slug WHEN 'bob' THEN 'alice' ELSE 'bob' END"],
        ["UPDATE users SET email = 'same@x.org'"],
    ],
)
def test_the_schema_allows(filled: Database, statements: list[str]) -> None:
    for statement in statements:
        sql(filled, statement)


def test_every_check_and_exclusion_has_a_row_that_it_refuses(database: Database) -> None:
    names = {
        name
        for (name,) in sql(
            database,
            "SELECT conname FROM pg_constraint JOIN pg_namespace ON pg_namespace.oid = connamespace "
            "WHERE contype IN ('c', 'x') AND nspname = 'public'",
        )
    }
    [mark] = [each for each in test_the_schema_refuses.pytestmark if each.name == "parametrize"]  # type: ignore[attr-defined]
    tried = {constraint for constraint, _ in mark.args[1]}
    same_as_of_schedules = {name for name in names if re.sub("^schedule_layers", "schedules", name) in tried}
    assert names - tried - same_as_of_schedules == {"database_identity_only_check"}


def test_swaps_of_unique_things_are_checked_at_the_commit(database: Database) -> None:
    deferred = {
        name
        for (name,) in sql(database, "SELECT conname FROM pg_constraint WHERE contype = 'x' AND condeferred")
    }
    assert deferred == {
        "users_slug_live",
        "users_email_live",
        "teams_slug_live",
        "schedules_slug_live",
        "schedule_layers_slug_live",
        "schedule_layers_priority_live",
        "schedule_overrides_managed_overlap",
        "shifts_overlap",
    }


def test_updated_at_follows_every_change(filled: Database) -> None:
    sql(filled, "UPDATE teams SET name = 'x'")

    assert one(filled, "SELECT updated_at > created_at FROM teams")


def test_every_table_has_an_id_and_two_times(database: Database) -> None:
    for table in tables.metadata.sorted_tables:
        assert {"id", "created_at", "updated_at"} <= set(table.columns.keys())


def test_the_indexes_of_the_contract_are_there(database: Database) -> None:
    found = {
        re.sub(r".* ON public\.(\w+) USING btree \((.*)\)", r"\1(\2)", definition)
        for (definition,) in sql(database, "SELECT indexdef FROM pg_indexes WHERE schemaname = 'public'")
    }
    assert found >= {
        "schedules(team_id)",
        "schedules(is_active)",
        "schedule_layers(schedule_id, priority)",
        "schedule_layers(schedule_id, is_active)",
        "schedule_overrides(schedule_id)",
        "schedule_overrides(schedule_id, start_time, end_time)",
        "schedule_overrides(user_id)",
        "calendar_syncs(is_active, synced_until)",
        "shifts(schedule_id, start_time)",
        "shifts(user_id, start_time)",
    }


def test_the_views_and_the_function_answer_without_python(filled: Database) -> None:
    sql(filled, SHIFT.format("2026-01-05Z", "2026-01-07Z", "base", "bob"))
    sql(
        filled,
        "INSERT INTO shifts (schedule_id, user_id, start_time, end_time, source) SELECT schedules.id, users.id, "
        "now() - interval '1 hour', now() + interval '1 hour', 'override' "
        "FROM schedules, users WHERE users.slug = 'alice'",
    )

    columns = "team, schedule, user_slug, user_name, email, external"
    alice: Any = ("payments", "primary", "alice", "Alice", "alice@x.org", {})
    bob: Any = ("payments", "primary", "bob", "Bob", "bob@x.org", {})
    assert sql(filled, f"SELECT {columns} FROM on_call_now") == [alice]
    assert sql(filled, "SELECT since < now() AND until > now() FROM on_call_now") == [(True,)]
    assert sql(filled, f"SELECT {columns}, source FROM on_call_at('2026-01-05Z')") == [(*bob, "base")]
    assert sql(filled, "SELECT * FROM on_call_at('2026-01-07Z')") == []
    assert sql(
        filled, "SELECT team, schedule, user_slug, source FROM on_call_shifts ORDER BY start_time"
    ) == [("payments", "primary", "bob", "base"), ("payments", "primary", "alice", "override")]


def test_migrations_and_tables_say_the_same(database: Database) -> None:
    with database.connect() as connection:
        command.check(migrate.alembic_config(connection))


def test_the_schema_walks_down_and_up_again(database: Database) -> None:
    with database.connect() as connection:
        before = schema(connection)
        migrate.downgrade(connection, "base")
        left = connection.exec_driver_sql(
            "SELECT relname FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace "
            "WHERE nspname = 'public' AND relkind IN ('r', 'v') AND relname <> 'alembic_version'"
        ).all()
        migrate.upgrade(connection)

        assert left == []
        assert schema(connection) == before
        assert migrate.current_version(connection) == tables.SCHEMA_VERSION


def schema(connection: Any) -> list[tuple[str, ...]]:
    """Columns, constraints and indexes, as the server sees them."""
    return [
        tuple(map(str, row))
        for row in connection.exec_driver_sql(
            """SELECT 'column', table_name, column_name, data_type, column_default, is_nullable
            FROM information_schema.columns WHERE table_schema = 'public'
            UNION ALL SELECT 'constraint', conrelid::regclass::text, conname, pg_get_constraintdef(oid), '', ''
            FROM pg_constraint WHERE connamespace = 'public'::regnamespace
            UNION ALL SELECT 'index', tablename, indexname, indexdef, '', '' FROM pg_indexes
            WHERE schemaname = 'public'
            UNION ALL SELECT 'trigger', tgrelid::regclass::text, tgname, pg_get_triggerdef(oid), '', ''
            FROM pg_trigger WHERE NOT tgisinternal ORDER BY 1, 2, 3, 4"""
        ).all()
    ]
