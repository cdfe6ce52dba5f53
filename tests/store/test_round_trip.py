"""What is written is read back as the same value, whatever was written."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from oncall_gitops.core import address
from oncall_gitops.core.definition import definitions, override_address
from oncall_gitops.core.errors import OncallError
from oncall_gitops.core.model.override import Override
from oncall_gitops.core.model.schedule import Schedule
from oncall_gitops.core.model.state import State
from oncall_gitops.core.model.user import TimeOff
from oncall_gitops.store import tables
from oncall_gitops.store.columns import select_rows
from oncall_gitops.store.database import Database
from oncall_gitops.store.driver import driver_connection
from oncall_gitops.store.schedule_rows import layer_row, override_row
from tests.builders import (
    a_layer,
    a_place,
    a_rotation,
    a_schedule,
    a_state,
    a_team,
    a_user,
    an_anchor,
    an_override,
    following,
    when,
    whole_days,
    window,
)
from tests.generated import USERS, Case, cases
from tests.store.records import live, managed_state, put, sql

EVERYTHING = a_state(
    [
        a_schedule(
            a_rotation(
                [
                    "alice",
                    a_place("bob", start="2026-03-02", until="2026-09-07T17:30"),
                    "nobody",
                    a_place("alice", until="2026-10-01T00:00:00Z"),
                ],
                interval=2,
                handoff_day="WED",
                start="2025-12-01",
                anchor=an_anchor("2026-03-04", "bob"),
            ),
            name="Payments primary",
            timezone="America/New_York",
            start="2026-01-05T10:30",
            end="2027-01-04",
            handoff_time="08:00",
            description="First responder",
            coverage=(window("09:00", "17:00", on="MON TUE"), window("FRI 17:00", "MON 09:00")),
            labels=[("tier", "1")],
            layers=[
                a_layer("inherits", a_rotation(["carol"], type="daily", interval=3), priority=1),
                a_layer(
                    "own",
                    a_rotation(["carol", "dan"], rrule="FREQ=DAILY;BYHOUR=1,9,17;BYMINUTE=0"),
                    priority=1000,
                    timezone="Australia/Lord_Howe",
                    start="2026-02-01",
                    end="2026-12-01T00:00:00Z",
                    handoff_time="00:00",
                    active=False,
                    restrictions=whole_days("SAT SUN"),
                ),
                a_layer(
                    "windows",
                    a_rotation(["dan"], type="custom", interval=14),
                    priority=5,
                    restrictions=(window("17:00", "09:00"), window("SAT 00:00", "SUN 24:00")),
                ),
                a_layer("behind", following("secondary", -1), priority=7),
            ],
            overrides=[
                an_override("nobody", "2026-12-24", "2026-12-27"),
                an_override("carol", "2026-12-20T09:00", "2026-12-23T09:00", replaces="bob", reason="Away"),
                replace(
                    an_override("carol", "2026-05-01T00:00:00Z", "2026-05-02T00:00:00Z"), created_by="dan"
                ),
            ],
        ),
        a_schedule(following("tertiary", 1), slug="secondary", coverage="always", active=False),
        a_schedule(a_rotation(["carol", "dan"]), slug="tertiary"),
    ],
    users=[
        replace(
            a_user(
                "alice",
                timezone="Europe/Berlin",
                time_off=[("2026-12-20", "2027-01-04"), ("2026-05-01", "2026-05-02T12:00")],
            ),
            external=(("pagerduty", "PABC"), ("slack", "U012")),
        ),
        *(a_user(slug) for slug in ("bob", "carol", "dan")),
    ],
    teams=[a_team(members=["alice", "bob"])],
)


def test_everything_that_files_can_say_comes_back_as_it_was(database: Database) -> None:
    put(database, EVERYTHING)

    assert managed_state(database) == EVERYTHING


def test_what_was_written_is_not_touched(database: Database) -> None:
    put(database, EVERYTHING)

    found = live(database).objects
    assert {known for known, row in found.items() if row.touched or row.stale or not row.managed} == set()


def test_writing_the_same_again_takes_no_change_and_rewrites_no_row(database: Database) -> None:
    put(database, EVERYTHING)
    before = row_versions(database)

    assert put(database, EVERYTHING) == ()
    assert row_versions(database) == before


@pytest.mark.parametrize("timezone", ["America/St_Johns", "Asia/Kolkata", "Pacific/Apia"])
def test_the_zone_of_the_session_changes_nothing(database: Database, timezone: str) -> None:
    put(database, EVERYTHING)
    before = live(database)
    [[name]] = sql(database, "SELECT current_database()")
    sql(database, f"ALTER DATABASE {name} SET timezone = '{timezone}'")

    assert live(database) == before


def test_the_number_of_statements_does_not_depend_on_the_number_of_rows(database: Database) -> None:
    few = statements(database, a_state([a_schedule(("alice", "bob"), layers=[a_layer()])]))
    many = statements(
        database,
        a_state(
            [a_schedule(("alice", "bob"), slug=f"rota-{number}", layers=[a_layer()]) for number in range(50)]
        ),
    )
    assert many <= few + 2


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(cases(), st.lists(st.sampled_from(["Europe/Berlin", "America/Havana", None]), min_size=2, max_size=2))
def test_random_schedules_come_back_as_they_were(
    database: Database, case: Case, zones: list[str | None]
) -> None:
    schedules = [named(schedule) for schedule in case.by_name.values()]
    users = [a_user(slug) for slug in sorted({*USERS, "erin", "zoe"} - {"nobody"})]
    users[:2] = [
        replace(
            user, timezone=zone, time_off=(TimeOff(when("2026-03-08T02:30"), when("2026-03-09"), "Away"),)
        )
        for user, zone in zip(users[:2], zones, strict=True)
    ]
    state = a_state(schedules, users=users)

    put(database, state)

    assert definitions(managed_state(database)) == definitions(state)
    assert put(database, state) == ()


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(cases(), cases(), st.booleans())
def test_any_state_can_become_any_other(database: Database, before: Case, after: Case, mixed: bool) -> None:
    """Layers and overrides that stay are written anew where what they inherit changed."""
    old, new = ([named(each) for each in case.by_name.values()] for case in (before, after))
    if mixed:
        new = [
            replace(schedule, layers=other.layers, overrides=other.overrides)
            for schedule, other in zip(new, old, strict=True)
        ]
        if any(end is not None for end in (schedule.end for schedule in (*old, *new))):
            new = [replace(schedule, end=None) for schedule in new]
    users = [a_user(slug) for slug in sorted({*USERS, "erin", "zoe"} - {"nobody"})]
    put(database, a_state(old, users=users))
    goal = a_state(new, users=users)

    try:
        put(database, goal)
    except OncallError:
        assume(False)  # a mixture that no file could say

    assert definitions(managed_state(database)) == definitions(goal)
    assert put(database, goal) == ()
    assert stored_rows(database) == expected_rows(database, goal)


def stored_rows(database: Database) -> dict[str, dict[str, Any]]:
    """What the columns of layers and overrides say, by id."""
    with database.snapshot() as connection:
        driver = driver_connection(connection)
        return {
            row["id"]: row
            for table in (tables.schedule_layers, tables.schedule_overrides)
            for row in select_rows(driver, table)
        }


def expected_rows(database: Database, state: State) -> dict[str, dict[str, Any]]:
    """What they should say, beside what every row has."""
    ids = {known: row.id for known, row in live(database).objects.items()}
    wanted = {
        ids[known]: row
        for schedule in state.schedules.values()
        for known, row in [
            *(
                (address.layer(schedule.full_name, each.slug), layer_row(each, schedule, ids=ids))
                for each in schedule.layers
            ),
            *(
                (override_address(each, schedule), override_row(each, schedule, ids=ids))
                for each in schedule.overrides
            ),
        ]
    }
    return {row_id: {**row, **wanted.get(row_id, {})} for row_id, row in stored_rows(database).items()}


def named(schedule: Schedule) -> Schedule:
    """As files would have it: overrides that came from them, in order."""
    overrides = [managed(override) for override in schedule.overrides if override.managed]
    return replace(schedule, overrides=tuple(overrides))


def managed(override: Override) -> Override:
    return replace(override, id="", created_at=0)


def row_versions(database: Database) -> dict[str, set[tuple[str, str]]]:
    """Which transaction wrote each row."""
    return {
        table: set(sql(database, f"SELECT id::text, xmin::text FROM {table}"))
        for table in (
            *("users", "teams", "team_members", "user_time_off"),
            *("schedules", "schedule_layers", "schedule_overrides"),
        )
    }


def statements(database: Database, state: State) -> int:
    """How many statements it takes to put a state."""
    counted = 0
    execute = psycopg.Cursor.execute

    def counting(self: psycopg.Cursor[Any], *args: Any, **kwargs: Any) -> psycopg.Cursor[Any]:
        nonlocal counted
        counted += 1
        return execute(self, *args, **kwargs)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(psycopg.Cursor, "execute", counting)
        put(database, state)
    return counted
