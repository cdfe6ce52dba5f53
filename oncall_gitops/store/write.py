"""Writing what a plan decided: whole sets of rows at a time, in the transaction of `transaction.py`.

Only what changed is written. What is deleted is first hidden (`deleted_at`); once the shifts are written too,
hidden rows that nothing names any more are removed, children before parents.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any
from uuid import uuid4

import psycopg
from sqlalchemy import Connection, Table

from oncall_gitops.core import address
from oncall_gitops.core.calendars import ShownOtherwise
from oncall_gitops.core.definition import override_address
from oncall_gitops.core.diff import Change
from oncall_gitops.core.materialise import ShiftEdit
from oncall_gitops.core.model.instant import Instant, instant_text
from oncall_gitops.core.model.live import LiveState
from oncall_gitops.core.model.run import Failure
from oncall_gitops.core.model.schedule import Schedule
from oncall_gitops.core.model.state import State, file_of
from oncall_gitops.core.problem import Origin
from oncall_gitops.store import tables
from oncall_gitops.store.columns import insert_rows, update_rows
from oncall_gitops.store.details import write_members, write_time_off
from oncall_gitops.store.driver import driver_connection
from oncall_gitops.store.people_rows import team_row, user_row
from oncall_gitops.store.removal import end_hidden_shifts, hide, hide_unreadable, remove_unnamed
from oncall_gitops.store.row import Row, row_digest
from oncall_gitops.store.schedule_rows import layer_row, override_row, schedule_row

_TABLES: Mapping[str, Table] = {
    "user": tables.users,
    "team": tables.teams,
    "schedule": tables.schedules,
    "layer": tables.schedule_layers,
    "override": tables.schedule_overrides,
}
"""By the kind that an address begins with; parents before children."""


_NULL = "\\N"

_SHIFTS_A_STATEMENT = 200_000
"""A statement has its time; more rows than this are only written when a large organisation begins."""

_DETAILS = ("time_off", "members")
"""What `user_row` and `team_row` hold beside columns: the rows of another table."""


def write_objects(
    connection: Connection,
    *,
    desired: State,
    live: LiveState,
    changes: Sequence[Change],
    origins: Mapping[tuple[str, ...], Origin],
    at: Instant,
) -> dict[str, str]:
    """Create, update, rename, adopt and hide what the changes say; the ids of all objects by address.

    `desired` is the state that the database will hold, `live` the state that it holds, both in the names of
    the files; a renamed or adopted row keeps its id.
    """
    driver = driver_connection(connection)
    ids = {known: row.id for known, row in live.objects.items()}
    created = {change.address for change in changes if change.address not in ids}
    ids |= {new: str(uuid4()) for new in sorted(created)}
    written = {change.address for change in changes if change.action in ("create", "update", "rename")}
    rows = dict(_rows(desired, written | _moved_along(desired, live, written, ids), ids))
    for known, row in rows.items():
        if known.startswith("schedule/"):
            row["source_file"] = file_of(origins, known)
    _write(driver, rows, created=created, ids=ids)
    _refresh_sources(driver, live, origins, but=rows)
    hide(driver, [change.address for change in changes if change.action == "delete"], ids=ids, at=at)
    hide_unreadable(driver, at=at)
    end_hidden_shifts(driver, at=at)
    return ids


def write_shifts(
    connection: Connection, edits: Iterable[ShiftEdit], *, ids: Mapping[str, str], run_id: str
) -> None:
    """Carry out the edits of the `shifts` table, and remove the hidden rows that nothing names now."""
    driver = driver_connection(connection)
    edits = list(edits)
    deleted = [row_id for edit in edits for row_id in edit.delete]
    if deleted:
        driver.execute("DELETE FROM shifts WHERE id = ANY(%s::uuid[])", [deleted])
    cuts = [cut for edit in edits for cut in edit.cut]
    if cuts:
        driver.execute(
            """UPDATE shifts SET end_time = to_timestamp(cut.ending)
            FROM unnest(%s::uuid[], %s::bigint[]) AS cut(id, ending) WHERE shifts.id = cut.id""",
            [[row_id for row_id, _ in cuts], [end for _, end in cuts]],
        )
    _copy_shifts(driver, edits, ids=ids, run_id=run_id)
    remove_unnamed(driver)


def record_run(
    connection: Connection,
    *,
    run_id: str,
    kind: str,
    scope: Any,
    as_of: Instant,
    horizon_to: Instant,
    commit: str | None,
    actor: str,
    plan: Any,
    plan_id: str | None,
    tzdata: str,
    failure: Failure | None = None,
) -> None:
    """Record a run, `applied` or `failed`; `scope` None is everything, else `{"teams", "schedules"}` by name."""
    driver = driver_connection(connection)
    row = {
        "id": run_id,
        "kind": kind,
        "scope": scope,
        "as_of": as_of,
        "horizon_to": horizon_to,
        "status": "failed" if failure else "applied",
        "git_commit": commit,
        "actor": actor,
        "plan": plan,
        "plan_id": plan_id,
        "tzdata_version": tzdata,
        "error": failure.error if failure else None,
    }
    insert_rows(driver, tables.reconcile_runs, [row])
    driver.execute(
        "UPDATE reconcile_runs SET started_at = now() - make_interval(secs => %s), "
        "finished_at = clock_timestamp() WHERE id = %s",
        [failure.seconds if failure else 0.0, run_id],
    )


def whose_events(connection: Connection, shown: ShownOtherwise, *, at: Instant) -> set[str]:
    """The ids of the users in whose shifts after T these schedules, teams or replaced people stand."""
    if not any(shown):
        return set()
    rows = driver_connection(connection).execute(
        b"""SELECT DISTINCT shifts.user_id::text FROM shifts
            JOIN schedules ON schedules.id = shifts.schedule_id JOIN teams ON teams.id = schedules.team_id
            LEFT JOIN schedule_overrides AS overrides ON overrides.id = shifts.override_id
            LEFT JOIN users AS replaced ON replaced.id = overrides.original_user_id
        WHERE shifts.end_time > to_timestamp(%(at)s) AND (
            teams.slug || '/' || schedules.slug = ANY(%(schedules)s) OR teams.slug = ANY(%(teams)s)
            OR replaced.slug = ANY(%(people)s)
        )""",
        {"at": at, **{name: list(slugs) for name, slugs in shown._asdict().items()}},
    )
    return {user_id for (user_id,) in rows}


def mark_due(connection: Connection, user_ids: Sequence[str]) -> None:
    """Tell the calendars of these people that their shifts changed.

    A new row takes the place of older ones, so that the table holds one a person even where nobody syncs;
    rows that a worker is just consuming are left to it, and it will find the new one. Somebody whom the
    same run removed had no calendar.
    """
    if user_ids:
        driver_connection(connection).execute(
            """WITH older AS (
                DELETE FROM calendar_due WHERE id IN (
                    SELECT id FROM calendar_due WHERE user_id = ANY(%(users)s::uuid[]) FOR UPDATE SKIP LOCKED
                ) RETURNING user_id, due_since
            )
            INSERT INTO calendar_due (user_id, due_since)
            SELECT person,
                coalesce((SELECT min(due_since) FROM older WHERE user_id = person), clock_timestamp())
            FROM unnest(%(users)s::uuid[]) AS people(person) JOIN users ON users.id = person""",
            {"users": list(user_ids)},
        )


def _rows(state: State, wanted: set[str], ids: Mapping[str, str]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The rows of the objects at these addresses."""
    for user in state.users.values():
        if (known := address.user(user.slug)) in wanted:
            yield known, user_row(user)
    for team in state.teams.values():
        if (known := address.team(team.slug)) in wanted:
            yield known, team_row(team, ids=ids)
    for schedule in state.schedules.values():
        if (known := address.schedule(schedule.full_name)) in wanted:
            yield known, schedule_row(schedule, ids=ids)
        yield from _child_rows(schedule, wanted, ids)


def _child_rows(
    schedule: Schedule, wanted: set[str], ids: Mapping[str, str]
) -> Iterator[tuple[str, dict[str, Any]]]:
    for layer in schedule.layers:
        if (known := address.layer(schedule.full_name, layer.slug)) in wanted:
            yield known, layer_row(layer, schedule, ids=ids)
    for override in schedule.overrides:
        if (known := override_address(override, schedule)) in wanted:
            yield known, override_row(override, schedule, ids=ids)


def _moved_along(desired: State, live: LiveState, written: set[str], ids: Mapping[str, str]) -> set[str]:
    """Managed layers and overrides that did not change themselves, but whose schedule did, and what they
    inherit of it with it."""
    found = set()
    for name, schedule in desired.schedules.items():
        before = live.state.schedules.get(name)
        if before is None or address.schedule(name) not in written:
            continue
        kept = {
            known
            for known in _addresses_of_children(schedule)
            if known not in written and known in live.objects and live.objects[known].managed
        }
        old, new = (dict(_child_rows(each, kept, ids)) for each in (before, schedule))
        found |= {known for known in kept if old.get(known) != new.get(known)}
    return found


def _addresses_of_children(schedule: Schedule) -> Iterator[str]:
    for layer in schedule.layers:
        yield address.layer(schedule.full_name, layer.slug)
    for override in schedule.overrides:
        yield override_address(override, schedule)


def _write(
    driver: psycopg.Connection[Any],
    rows: Mapping[str, dict[str, Any]],
    *,
    created: set[str],
    ids: Mapping[str, str],
) -> None:
    """Insert and update, one kind after the other, with a digest of what each row means."""
    for kind, table in _TABLES.items():
        of_kind = {known: row for known, row in rows.items() if known.startswith(f"{kind}/")}
        complete = {
            known: {"id": ids[known], **row, "managed": True, "last_applied": row_digest(row)}
            for known, row in of_kind.items()
        }
        details = {row["id"]: row.pop(kept) for row in complete.values() for kept in _DETAILS if kept in row}
        insert_rows(driver, table, [row for known, row in complete.items() if known in created])
        update_rows(driver, table, [row for known, row in complete.items() if known not in created])
        if kind == "user":
            write_time_off(driver, details)
        elif kind == "team":
            write_members(driver, details)


def _refresh_sources(
    driver: psycopg.Connection[Any],
    live: LiveState,
    origins: Mapping[tuple[str, ...], Origin],
    *,
    but: Mapping[str, Row],
) -> None:
    """Schedules that moved to another file without a change."""
    moved = [
        {"id": row.id, "source_file": file}
        for known, row in live.objects.items()
        if known.startswith("schedule/") and row.managed and known not in but
        if (file := file_of(origins, known)) not in (None, row.source_file)
    ]
    update_rows(driver, tables.schedules, moved)


def _copy_shifts(
    driver: psycopg.Connection[Any], edits: Iterable[ShiftEdit], *, ids: Mapping[str, str], run_id: str
) -> None:
    """The rows of a statement are made before the first is sent: a command that is frozen while it sends holds the
    lock longest."""
    columns = (
        "id, schedule_id, user_id, start_time, end_time, source, layer_id, override_id, reconcile_run_id"
    )
    lines = _shift_lines(edits, ids, run_id)
    while batch := list(islice(lines, _SHIFTS_A_STATEMENT)):
        with driver.cursor().copy(f"COPY shifts ({columns}) FROM STDIN".encode()) as copy:
            copy.write("".join(batch))


def _shift_lines(edits: Iterable[ShiftEdit], ids: Mapping[str, str], run_id: str) -> Iterator[str]:
    """What COPY reads. No value needs escaping: ids, instants, and slugs."""
    for edit in edits:
        schedule_id = ids[address.schedule(edit.schedule)] if edit.insert else ""
        for start, end, user, source, layer_id, override_id in edit.insert:
            yield (
                f"{uuid4()}\t{schedule_id}\t{ids[address.user(user)]}\t{instant_text(start)}\t{instant_text(end)}\t"
                f"{source}\t{layer_id or _NULL}\t{override_id or _NULL}\t{run_id}\n"
            )
