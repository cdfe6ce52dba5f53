"""Two states that are far apart, one reconcile between them in this process, and what must hold afterwards."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import psycopg
from sqlalchemy import Connection

from oncall_gitops.commands.reconciler import Reconciler, edit_schedule
from oncall_gitops.core.limits import Limits
from oncall_gitops.core.model.instant import Instant
from oncall_gitops.core.model.interval import Interval
from oncall_gitops.core.model.live import LiveState
from oncall_gitops.core.model.schedule import Schedule
from oncall_gitops.core.model.state import DesiredState, State
from oncall_gitops.core.proposal import Proposal, Source
from oncall_gitops.core.resolve import Timetable
from oncall_gitops.core.scope import Scope
from oncall_gitops.store.database import Database
from oncall_gitops.store.overrides import add_override
from oncall_gitops.store.read import read_shifts
from tests.builders import (
    a_layer,
    a_rotation,
    a_schedule,
    a_state,
    a_team,
    a_user,
    an_override,
    at,
    whole_days,
)
from tests.store.records import managed_state, sql

NOW = at("2026-03-04T12:00Z")
HORIZON = 30 * 86_400
MANY = 40

RECORD = (
    *("users", "user_time_off", "teams", "team_members", "schedules", "schedule_layers"),
    *("schedule_overrides", "shifts", "calendar_due"),
)

PEOPLE = [f"p{number:02}" for number in range(16)]


def _schedule(number: int, *, shifted: bool) -> Schedule:
    """The same schedule as it stands before (or after) the change."""
    crew = [PEOPLE[(number + step + 3 * shifted) % len(PEOPLE)] for step in range(4)]
    weekend = a_layer("weekend", crew[:2], priority=20, restrictions=whole_days("SAT SUN"))
    nights = a_layer("nights", a_rotation(crew[2:], type="daily"), priority=30 + shifted)
    return a_schedule(
        a_rotation(crew, type="daily" if number % 2 else "weekly"),
        slug=f"s{number:02}",
        team="payments" if number % 2 else "platform",
        timezone="Europe/Berlin" if number % 3 else "America/New_York",
        description="after" if shifted else "before",
        layers=[weekend, nights] if shifted else [nights],
        overrides=[
            an_override(PEOPLE[9 + shifted], "2026-03-10", "2026-03-12", reason="Cover"),
            an_override(PEOPLE[12], f"2026-03-{20 + shifted}", f"2026-03-{22 + shifted}"),
        ],
    )


def _state(numbers: range, *, shifted: bool) -> State:
    off = [("2026-04-01", "2026-04-05")] if shifted else []
    people = [
        a_user(slug, name=f"{slug} {shifted}" if slug < "p06" else None, time_off=off) for slug in PEOPLE
    ]
    return a_state(
        [_schedule(number, shifted=shifted) for number in numbers],
        users=people,
        teams=[a_team("payments", members=PEOPLE[:4]), a_team("platform", members=PEOPLE[4 + shifted : 9])],
    )


BEFORE = _state(range(5), shifted=False)
AFTER = _state(range(1, 7), shifted=True)


def a_reconciler(database: Database, state: State, *, now: Instant = NOW, **settings: Any) -> Reconciler:
    """One that would make the database hold this state, whatever the safety rules say."""
    given: dict[str, Any] = {
        "source": Source(files=1, commit="c0ffee"),
        "scope": Scope(),
        "limits": Limits(),
        "allow": ("mass-delete", "empty-source"),
        "horizon": HORIZON,
        "as_of": now,
        "actor": "the campaign",
    }
    return Reconciler(database=database, desired=DesiredState(state), **{**given, **settings})


def reconcile(
    database: Database, state: State, *, now: Instant = NOW, lock_timeout: float = 30.0, **settings: Any
) -> Proposal:
    """Apply it, here and now."""
    return a_reconciler(database, state, now=now, **settings).apply(lock_timeout=lock_timeout, marks_due=True)


def add_by_command(
    database: Database, schedule: str, user: str, *, start: Instant, end: Instant, now: Instant = NOW
) -> None:
    """What `override add` does, but for its options."""

    def edit(connection: Connection, before: LiveState, at: Instant) -> str:
        add_override(
            connection,
            override_id=str(uuid4()),
            schedule_id=before.objects[f"schedule/{schedule}"].id,
            user_id=before.objects[f"user/{user}"].id,
            original_user_id=None,
            start=start,
            end=end,
            reason="Ad hoc",
            at=at,
        )
        return schedule

    edit_schedule(database, edit, as_of=now, horizon=HORIZON, actor="somebody", lock_timeout=60)


def content(database: Database) -> dict[str, list[Any]]:
    """Every row that a reconcile may write, with its id and its times, but for the runs."""
    with psycopg.connect(database.url) as connection:
        return {
            table: connection.execute(f"SELECT * FROM {table} ORDER BY id".encode()).fetchall()
            for table in RECORD
        }


def applied_runs(database: Database) -> list[str]:
    return [run for (run,) in sql(database, "SELECT id::text FROM reconcile_runs WHERE status = 'applied'")]


def assert_holds(database: Database, state: State, *, now: Instant = NOW) -> None:
    """The database holds this state in full: definitions and shifts, and a plan finds nothing to do."""
    assert managed_state(database) == state
    with database.snapshot() as connection:
        shifts = read_shifts(connection)
    for name, schedule in state.schedules.items():
        expected = Timetable(schedule, siblings=state.schedules).shifts(Interval(now, now + HORIZON))
        stored = [
            (max(row.start, now), min(row.end, now + HORIZON), row.user, row.source)
            for row in shifts.get(name, [])
            if row.end > now and row.start < now + HORIZON
        ]
        assert stored == [(shift.start, shift.end, shift.user, shift.source) for shift in expected], name
    assert not a_reconciler(database, state, now=now).look().is_pending


def changes_between(database: Database, state: State) -> int:
    """How many changes a reconcile would make."""
    return len(a_reconciler(database, state).look().plan.changes)
