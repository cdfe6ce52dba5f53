"""Rows that other programs insert, and rows of ours that somebody changes: read sensibly, and told apart."""

from __future__ import annotations

from typing import Any

import pytest

from oncall_gitops.core.definition import definitions
from oncall_gitops.core.model.instant import instant_text
from oncall_gitops.core.model.interval import Interval
from oncall_gitops.core.model.rotation import Cadence, Rotation
from oncall_gitops.core.model.schedule import Schedule
from oncall_gitops.core.resolve import resolve
from oncall_gitops.store.database import Database
from tests.builders import (
    a_layer,
    a_place,
    a_rotation,
    a_schedule,
    a_state,
    a_user,
    an_override,
    at,
    shift_line,
    span,
    whole_days,
)
from tests.store.records import live, one, put, sql

ROTA = a_state(
    [
        a_schedule(
            a_rotation(["alice", a_place("bob", start="2026-03-02")]),
            timezone="America/New_York",
            layers=[a_layer("top", ["alice"], restrictions=whole_days("SAT SUN"))],
            overrides=[an_override("bob", "2026-02-03", "2026-02-04")],
        )
    ],
    users=[a_user("alice", time_off=[("2026-05-01", "2026-05-02")]), a_user("bob")],
)
PRIMARY = "payments/primary"


@pytest.mark.parametrize(
    ("statement", "known", "path"),
    [
        ("UPDATE users SET name = 'Mallory' WHERE slug = 'bob'", "user/bob", "name"),
        ("UPDATE users SET timezone = 'Asia/Kolkata' WHERE slug = 'bob'", "user/bob", "timezone"),
        ("UPDATE users SET external = '{\"slack\": \"U1\"}' WHERE slug = 'bob'", "user/bob", "external"),
        ("UPDATE user_time_off SET end_time = end_time + interval '1 hour'", "user/alice", "time_off"),
        ("DELETE FROM user_time_off", "user/alice", "time_off"),
        ('UPDATE teams SET labels = \'{"tier": "1"}\'', "team/payments", "labels"),
        (
            "INSERT INTO team_members (team_id, user_id) SELECT teams.id, users.id FROM teams, users "
            "WHERE users.slug = 'bob'",
            "team/payments",
            "members",
        ),
        ("UPDATE schedules SET description = 'x'", "schedule/payments/primary", "description"),
        ("UPDATE schedules SET is_active = false", "schedule/payments/primary", "active"),
        (
            "UPDATE schedules SET start_date = start_date - interval '1 day'",
            "schedule/payments/primary",
            "start_date",
        ),
        ("UPDATE schedules SET end_date = '2030-01-01Z'", "schedule/payments/primary", "end_date"),
        ("UPDATE schedules SET handoff_time = '10:00'", "schedule/payments/primary", "handoff_time"),
        ("UPDATE schedules SET timezone = 'UTC'", "schedule/payments/primary", "timezone"),
        ("UPDATE schedules SET coverage = '\"always\"'", "schedule/payments/primary", "coverage"),
        (
            "UPDATE schedules SET rotation_interval_days = 14",
            "schedule/payments/primary",
            "rotation.interval",
        ),
        (
            "UPDATE schedules SET recurrence_rule = 'FREQ=DAILY'",
            "schedule/payments/primary",
            "rotation.rrule",
        ),
        (
            "UPDATE schedules SET rotation_user_ids = rotation_user_ids[2:] || rotation_user_ids[1:1]",
            "schedule/payments/primary",
            "rotation.users",
        ),
        (
            "UPDATE schedules SET rotation_start = rotation_start - interval '7 days'",
            "schedule/payments/primary",
            "rotation.start",
        ),
        (
            "UPDATE schedules SET rotation_user_ids = rotation_user_ids[1:1]",
            "schedule/payments/primary",
            "rotation.users",
        ),
        ("UPDATE schedule_layers SET priority = 11", "layer/payments/primary/top", "priority"),
        ("UPDATE schedule_layers SET restrictions = NULL", "layer/payments/primary/top", "restrictions"),
        ("UPDATE schedule_layers SET timezone = 'UTC'", "layer/payments/primary/top", "timezone"),
        (
            "UPDATE schedule_overrides SET reason = 'x'",
            "override/payments/primary/2026-02-03T05:00:00Z",
            "reason",
        ),
        (
            "UPDATE schedule_overrides SET end_time = end_time + interval '1 hour'",
            "override/payments/primary/2026-02-03T05:00:00Z",
            "end",
        ),
    ],
)
def test_a_change_by_hand_shows_as_drift_in_that_field_and_is_put_right(
    database: Database, statement: str, known: str, path: str
) -> None:
    put(database, ROTA)
    before = definitions(ROTA)

    sql(database, statement)

    found = live(database)
    now = definitions(found.state)
    assert {row for row in found.objects if found.objects[row].touched} == {known}
    assert path in {key for key in now[known].keys() | before[known].keys()
                    if now[known].get(key) != before[known].get(key)}  # fmt: skip

    [change] = [change for change in put(database, ROTA) if change.address == known]
    assert change.cause == "drift"
    assert definitions(live(database).state) == before
    assert put(database, ROTA) == ()


def test_a_start_that_is_moved_by_hand_leaves_the_handoffs_where_the_row_has_them(database: Database) -> None:
    put(database, ROTA)

    sql(database, "UPDATE schedules SET start_date = start_date + interval '10 days'")

    rotation = live(database).state.schedules[PRIMARY].rotation
    assert isinstance(rotation, Rotation)
    assert rotation.start is not None
    assert rotation.start.text == "2026-01-05T14:00:00Z"


def test_a_place_that_is_dated_by_hand_is_drift_of_the_places_alone(database: Database) -> None:
    put(database, ROTA)

    sql(database, "UPDATE schedules SET rotation_places[2] = '[2026-04-01T00:00Z,)'")

    rotation = live(database).state.schedules[PRIMARY].rotation
    assert isinstance(rotation, Rotation)
    assert [place.start.text if place.start else None for place in rotation.places] == [
        None,
        "2026-04-01T00:00:00Z",
    ]


def test_time_zone_data_that_moved_an_instant_is_stale_and_no_drift(database: Database) -> None:
    """As if the data in use at the time of writing had been another: only the row and its digest know."""
    put(database, ROTA)
    sql(database, "UPDATE schedules SET start_date = start_date + interval '1 hour'")
    forge_digests(database)

    row = live(database).objects["schedule/payments/primary"]
    assert not row.touched
    [stale] = row.stale
    assert (stale.path, instant_text(stale.stored), instant_text(stale.derived)) == (
        "start_date",
        "2026-01-05T15:00:00Z",
        "2026-01-05T14:00:00Z",
    )

    [change] = put(database, ROTA)
    assert change.cause == "tzdata"
    assert put(database, ROTA) == ()


def forge_digests(database: Database) -> None:
    """Pretend that the rows, as they stand, are what reconcile wrote."""
    from oncall_gitops.store import tables
    from oncall_gitops.store.columns import select_rows
    from oncall_gitops.store.driver import driver_connection
    from oncall_gitops.store.row import row_digest

    with database.connect() as connection:
        driver = driver_connection(connection)
        for row in select_rows(driver, tables.schedules):
            driver.execute(
                "UPDATE schedules SET last_applied = %s WHERE id = %s", [row_digest(row), row["id"]]
            )
        driver.execute("COMMIT")


def test_an_override_needs_four_columns_only(database: Database) -> None:
    put(database, ROTA)
    sql(
        database,
        """INSERT INTO schedule_overrides (schedule_id, user_id, start_time, end_time)
        SELECT schedules.id, users.id, '2026-02-10T00:00Z', '2026-02-11T00:00Z' FROM schedules, users
        WHERE users.slug = 'alice'""",
    )

    found = live(database)
    [override] = [each for each in found.state.schedules[PRIMARY].overrides if not each.managed]
    known = f"override/payments/primary/2026-02-10T00:00:00Z#{override.id}"
    assert (override.user, override.type, override.replaces, override.reason) == ("alice", "manual", None, "")
    assert not found.objects[known].managed
    assert put(database, ROTA) == ()


def test_of_two_overrides_in_one_second_the_later_wins(database: Database) -> None:
    put(database, ROTA)
    for user, created in (("bob", "10:00:00.7"), ("alice", "10:00:00.2")):
        sql(
            database,
            f"""INSERT INTO schedule_overrides (schedule_id, user_id, start_time, end_time, created_at)
            SELECT schedules.id, users.id, '2026-02-10Z', '2026-02-11Z', '2026-02-01 {created}Z'
            FROM schedules, users WHERE users.slug = '{user}'""",
        )

    schedule = live(database).state.schedules[PRIMARY]
    [shift] = resolve(schedule, span("2026-02-10", "2026-02-11"), siblings={})
    assert shift.user == "bob"


def test_a_whole_schedule_of_another_program_is_read_from_its_columns(database: Database) -> None:
    foreign(database)

    found = live(database)
    schedule = found.state.schedules["ops/night"]
    shifts = resolve(schedule, span("2026-01-05", "2026-01-20"), siblings=found.state.schedules)
    assert [f"{shift_line(shift)} {shift.source}" for shift in shifts] == [
        "zed 2026-01-05T09:00Z 2026-01-10T00:00Z base",
        "amy 2026-01-10T00:00Z 2026-01-12T00:00Z layer:weekend",
        "zed 2026-01-12T00:00Z 2026-01-12T09:00Z base",
        "amy 2026-01-12T09:00Z 2026-01-17T00:00Z base",
        "amy 2026-01-17T00:00Z 2026-01-19T00:00Z layer:weekend",
        "amy 2026-01-19T00:00Z 2026-01-19T09:00Z base",
        "zed 2026-01-19T09:00Z 2026-01-20T00:00Z base",
    ]
    assert not any(row.managed or row.touched for row in found.objects.values())


@pytest.mark.parametrize(
    ("columns", "cadence"),
    [
        ({}, Cadence("custom", 7)),
        ({"rotation_type": "weekly"}, Cadence("weekly", 1)),
        ({"rotation_type": "weekly", "rotation_interval_days": 14}, Cadence("weekly", 2)),
        ({"rotation_type": "daily", "rotation_interval_days": 1}, Cadence("daily", 1)),
        ({"rotation_type": "custom", "rotation_interval_days": 10}, Cadence("custom", 10)),
        ({"recurrence_rule": "FREQ=WEEKLY;BYDAY=MO,FR"}, Cadence("custom", rrule="FREQ=WEEKLY;BYDAY=MO,FR")),
        ({"recurrence_rule": "FREQ=NEVER"}, Cadence("custom", 7)),
        ({"recurrence_rule": "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30"}, Cadence("custom", 7)),
    ],
)
def test_the_cadence_of_a_foreign_rotation(
    database: Database, columns: dict[str, Any], cadence: Cadence
) -> None:
    foreign(database)
    for name, value in columns.items():
        sql(database, f"UPDATE schedules SET {name} = %(value)s", value=value)

    rotation = live(database).state.schedules["ops/night"].rotation
    assert isinstance(rotation, Rotation)
    assert rotation.cadence == cadence


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE schedules SET timezone = 'Nowhere/At_All'",
        "UPDATE users SET timezone = '../../etc/passwd'",
        "UPDATE schedules SET coverage = '17'",
        "UPDATE schedules SET rotation_user_ids = ARRAY[gen_random_uuid()]",
        "UPDATE schedules SET rotation_user_ids = ARRAY[NULL::uuid]",
        "UPDATE schedule_layers SET restrictions = '[{\"from\": 9}]'",
        "UPDATE schedule_layers SET restrictions = '\"weekends\"'",
        "UPDATE schedule_layers SET rotation_user_ids = '{}'",
        "UPDATE schedule_layers SET timezone = 'EST6EDT7'",
        'UPDATE schedules SET labels = \'{"a": {"b": 1}}\'',
        "UPDATE schedules SET spec = '{}'",
        'UPDATE schedules SET spec = \'{"start_date": "whenever"}\'',
        "UPDATE schedules SET spec = '[]'",
        "UPDATE schedules SET deleted_at = now()",
        "UPDATE teams SET deleted_at = now()",
        "UPDATE users SET deleted_at = now()",
    ],
)
@pytest.mark.parametrize("managed", [False, True])
def test_no_row_of_others_can_stop_a_reconcile(database: Database, statement: str, managed: bool) -> None:
    if managed:
        put(database, ROTA)
    else:
        foreign(database)

    sql(database, statement)

    state = live(database).state
    for schedule in state.schedules.values():
        resolve(
            schedule, Interval(at("2026-01-05T00:00Z"), at("2026-02-05T00:00Z")), siblings=state.schedules
        )


def foreign(database: Database) -> Schedule:
    """A team, two users, a schedule and a layer with as few columns as will do."""
    sql(
        database,
        "INSERT INTO users (slug, name, email) VALUES ('zed', 'Zed', 'z@x.org'), ('amy', 'A', 'a@x.org')",
    )
    sql(database, "INSERT INTO teams (slug) VALUES ('ops')")
    sql(
        database,
        """INSERT INTO schedules (team_id, slug, timezone, start_date, rotation_user_ids)
        SELECT id, 'night', 'UTC', '2026-01-05T09:00Z', ARRAY[
            (SELECT id FROM users WHERE slug = 'zed'), (SELECT id FROM users WHERE slug = 'amy')
        ] FROM teams""",
    )
    sql(
        database,
        """INSERT INTO schedule_layers (schedule_id, slug, priority, rotation_user_ids, restrictions)
        SELECT schedules.id, 'weekend', 10, ARRAY[users.id], '{"days_of_week": ["SAT", "SUN"]}'
        FROM schedules, users WHERE users.slug = 'amy'""",
    )
    return live(database).state.schedules["ops/night"]


def test_the_database_has_an_identity_of_its_own(database: Database) -> None:
    assert live(database).database_id == str(one(database, "SELECT id FROM database_identity"))
