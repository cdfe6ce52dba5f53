"""Putting states into a database and getting them back, for the tests of this folder."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from uuid import uuid4

from oncall_gitops.core.diff import Change
from oncall_gitops.core.materialise import ShiftEdit
from oncall_gitops.core.model.instant import Instant
from oncall_gitops.core.model.live import LiveState
from oncall_gitops.core.model.state import DesiredState, State
from oncall_gitops.core.plan import make_plan
from oncall_gitops.core.scope import Scope
from oncall_gitops.core.wallclock import tzdata_version
from oncall_gitops.store.database import Database
from oncall_gitops.store.read import read_live
from oncall_gitops.store.transaction import apply
from oncall_gitops.store.write import mark_due, record_run, write_objects, write_shifts
from tests.builders import at

T = at("2026-02-01T12:00Z")


def put(
    database: Database,
    state: State,
    *edits: ShiftEdit,
    at: Instant = T,
    renamed_from: dict[str, str] | None = None,
) -> tuple[Change, ...]:
    """Make the database hold a state, through a plan; the changes that it took."""
    desired = DesiredState(state, renamed_from=renamed_from or {})
    run_id = str(uuid4())

    def body(connection: Any) -> tuple[Change, ...]:
        plan = make_plan(desired, read_live(connection), scope=Scope(), tzdata=tzdata_version())
        ids = write_objects(
            connection, desired=plan.after, live=plan.live, changes=plan.changes, origins={}, at=at
        )
        write_shifts(connection, edits, ids=ids, run_id=run_id)
        record_run(
            connection,
            run_id=run_id,
            kind="reconcile",
            scope=None,
            as_of=at,
            horizon_to=at + 90 * 86_400,
            commit=None,
            actor="tests",
            plan=None,
            plan_id=None,
            tzdata=tzdata_version(),
        )
        mark_due(connection, [ids[known] for known in ids if known.startswith("user/")])
        return plan.changes

    return apply(database, body, run_id=run_id)


def live(database: Database) -> LiveState:
    """What the database holds."""
    with database.snapshot() as connection:
        return read_live(connection)


def managed_state(database: Database) -> State:
    """The live state without what only rows have (the ids of overrides), to compare with what was put."""
    state = live(database).state
    return State(
        state.users,
        state.teams,
        {
            name: replace(
                schedule,
                overrides=tuple(replace(each, id="", created_at=0) for each in schedule.overrides),
            )
            for name, schedule in state.schedules.items()
        },
    )


def sql(database: Database, statement: str, **values: Any) -> list[Any]:
    """What another program would do: one statement, committed; the rows that it gives."""
    with database.connect() as connection:
        done = connection.exec_driver_sql(statement, values or None)
        rows = [tuple(row) for row in done] if done.returns_rows else []
        connection.commit()
        return rows


def one(database: Database, statement: str, **values: Any) -> Any:
    """The only column of the only row."""
    [[value]] = sql(database, statement, **values)
    return value
