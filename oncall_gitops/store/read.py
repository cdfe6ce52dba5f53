"""Reading the database: a few statements, however many rows there are, and values from then on."""

from __future__ import annotations

import gc
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, TypeVar

import psycopg
from psycopg.rows import dict_row
from sqlalchemy import Connection, Table

from oncall_gitops.core import address
from oncall_gitops.core.definition import override_address
from oncall_gitops.core.model.instant import FOREVER, FOREVER_AGO, Instant
from oncall_gitops.core.model.interval import Interval
from oncall_gitops.core.model.layer import Layer
from oncall_gitops.core.model.live import PEOPLE, LiveObject, LiveState, Settled, StoredShift
from oncall_gitops.core.model.override import Override
from oncall_gitops.core.model.run import Run
from oncall_gitops.core.model.schedule import Schedule
from oncall_gitops.core.model.state import State
from oncall_gitops.core.model.team import Team
from oncall_gitops.core.model.user import User
from oncall_gitops.store import tables
from oncall_gitops.store.columns import select_rows
from oncall_gitops.store.driver import driver_connection
from oncall_gitops.store.marks import Expected, people_mark, schedule_marks, settled
from oncall_gitops.store.people_rows import in_written_order, read_team, read_user
from oncall_gitops.store.rotation_rows import Names
from oncall_gitops.store.row import Reading, Row, row_digest
from oncall_gitops.store.schedule_rows import Basis, read_layer, read_override, read_schedule

T = TypeVar("T")

_LIVE = "deleted_at IS NULL"

_EDGES = """
SELECT schedules.id::text,
    (SELECT floor(extract(epoch FROM runs.horizon_to))::bigint FROM reconcile_runs AS runs
     WHERE runs.status = 'applied' AND runs.horizon_to IS NOT NULL AND runs.created_at >= schedules.created_at
        AND (runs.scope IS NULL OR runs.scope->'schedules' ? (teams.slug || '/' || schedules.slug)
            OR runs.scope->'teams' ? teams.slug)
     ORDER BY runs.as_of DESC, runs.finished_at DESC NULLS LAST, runs.created_at DESC LIMIT 1)
FROM schedules JOIN teams ON teams.id = schedules.team_id
WHERE schedules.deleted_at IS NULL AND (%(only)s::uuid[] IS NULL OR schedules.id = ANY(%(only)s))
"""
"""Up to where `shifts` is filled: the horizon of the newest run that was about the schedule.

`finished_at` is written under the lock; `created_at` is when a transaction began, maybe to wait for another.
"""

_NEWEST = """
SELECT (SELECT id::text FROM database_identity),
    (SELECT floor(extract(epoch FROM max(as_of)))::bigint FROM reconcile_runs WHERE status = 'applied'),
    newest.tzdata_version,
    CASE WHEN newest.scope IS NULL THEN newest.plan #>> '{source,digest}' END
FROM (SELECT 1) AS always LEFT JOIN LATERAL (
    SELECT tzdata_version, scope, plan FROM reconcile_runs WHERE status = 'applied' AND kind = 'reconcile'
    ORDER BY as_of DESC, finished_at DESC NULLS LAST, created_at DESC LIMIT 1
) AS newest ON true
"""

_SHIFTS = """
SELECT teams.slug || '/' || schedules.slug, shifts.id::text,
    floor(extract(epoch FROM shifts.start_time))::bigint, floor(extract(epoch FROM shifts.end_time))::bigint,
    users.slug, shifts.source, shifts.layer_id::text, shifts.override_id::text, shifts.reconcile_run_id::text,
    users.deleted_at IS NOT NULL
FROM shifts
JOIN schedules ON schedules.id = shifts.schedule_id
JOIN teams ON teams.id = schedules.team_id
JOIN users ON users.id = shifts.user_id
WHERE shifts.end_time > to_timestamp(%(start)s) AND shifts.start_time < to_timestamp(%(end)s)
    AND (%(schedules)s::text[] IS NULL OR teams.slug || '/' || schedules.slug = ANY(%(schedules)s))
    AND (%(user)s::text IS NULL OR users.slug = %(user)s)
    AND schedules.deleted_at IS NULL
ORDER BY teams.slug, schedules.slug, shifts.start_time
"""

_SLUGS = "SELECT id::text, slug FROM %s WHERE deleted_at IS NULL"

_IDS = """
WITH live AS (
    SELECT schedules.id, teams.slug || '/' || schedules.slug AS name
    FROM schedules JOIN teams ON teams.id = schedules.team_id
    WHERE schedules.deleted_at IS NULL AND teams.deleted_at IS NULL
)
SELECT 'user/' || slug, id::text FROM users WHERE deleted_at IS NULL
UNION ALL SELECT 'schedule/' || name, id::text FROM live
UNION ALL SELECT 'layer/' || live.name || '/' || layers.slug, layers.id::text
FROM schedule_layers AS layers JOIN live ON live.id = layers.schedule_id WHERE deleted_at IS NULL
UNION ALL SELECT 'override/' || live.name
    || to_char(start_time AT TIME ZONE 'UTC', '"/"YYYY-MM-DD"T"HH24:MI:SS"Z"')
    || coalesce('/' || CASE WHEN original_user_id IS NOT NULL THEN users.slug END, ''),
    overrides.id::text
FROM schedule_overrides AS overrides JOIN live ON live.id = overrides.schedule_id
LEFT JOIN users ON users.id = overrides.original_user_id
WHERE overrides.deleted_at IS NULL AND overrides.managed
"""

_RUNS = """
SELECT id::text, kind, floor(extract(epoch FROM as_of))::bigint AS as_of,
    floor(extract(epoch FROM started_at))::bigint AS started_at,
    floor(extract(epoch FROM finished_at))::bigint AS finished_at,
    status, git_commit AS commit, coalesce(actor, '') AS actor, plan, plan_id, tzdata_version AS tzdata, error
FROM reconcile_runs ORDER BY as_of DESC, finished_at DESC NULLS LAST, created_at DESC, id LIMIT %s
"""


def read_live(connection: Connection) -> LiveState:
    """Everything that is live, managed or not, as of the connection's snapshot."""
    driver = driver_connection(connection)
    with _collector_resting():
        people = _People(driver)
        return _live(driver, people, _Rotas(driver, people), Settled())


def read_newest(connection: Connection) -> Instant | None:
    """The T of the newest applied run."""
    newest: Instant | None = _newest(driver_connection(connection))[1]
    return newest


def read_unsettled(connection: Connection, expected: Expected, *, at: Instant) -> LiveState:
    """As `read_live` at T, but what the marks vouch for is taken from the files that are `expected`."""
    until = at + expected.horizon
    driver = driver_connection(connection)
    mark = people_mark(driver)
    if mark is None:
        return read_live(connection)
    marks = schedule_marks(driver, at=at, until=until)
    files = expected.desired.state
    with _collector_resting():
        is_same = mark == expected.marked(PEOPLE)
        known = settled(marks, expected, people=is_same, until=until)
        only = [each.id for each in marks if each.full_name not in known.schedules]
        people: _People | _KnownPeople
        if is_same:
            people = _KnownPeople(
                driver, files, are_needed=bool(only) or len(known.schedules) < len(files.schedules)
            )
        else:
            people = _People(driver)
            if not people.objects.keys().isdisjoint(expected.desired.renamed_from.values()):
                return _live(driver, people, _Rotas(driver, people), Settled())
            changed = {slug for slug, team in people.teams.items() if files.teams.get(slug) != team}
            known = known.without_teams(changed)
            only = [each.id for each in marks if each.full_name not in known.schedules]
        rotas = _Rotas(driver, people, only=only, slugs={each.id: each.slug for each in marks})
        live = _live(driver, people, rotas, known)
    reaches = {each.full_name: each.shifts_until for each in marks if each.full_name in known.schedules}
    return replace(
        live,
        state=known.whole(live.state),
        shifts_until={
            **live.shifts_until,
            **{name: edge for name, edge in reaches.items() if edge is not None},
        },
    )


def read_ids(connection: Connection) -> dict[str, str]:
    """The row ids of all people, schedules, layers and overrides that live, by address."""
    driver = driver_connection(connection)
    return dict(driver.execute(_IDS.encode()).fetchall())


def read_shifts(
    connection: Connection,
    *,
    window: Interval | None = None,
    schedules: Collection[str] | None = None,
    user: str | None = None,
) -> Mapping[str, list[StoredShift]]:
    """The whole shifts that meet the window, in order, by the full name of their living schedule."""
    start, end = window or Interval(FOREVER_AGO, FOREVER)
    found: dict[str, list[StoredShift]] = defaultdict(list)
    rows = driver_connection(connection).execute(
        _SHIFTS.encode(),
        {
            "start": start,
            "end": end,
            "schedules": None if schedules is None else sorted(schedules),
            "user": user,
        },
    )
    for full_name, *columns in rows:
        found[full_name].append(StoredShift(*columns))
    return dict(found)


def read_runs(connection: Connection, *, limit: int) -> list[Run]:
    """The newest runs, newest first."""
    with driver_connection(connection).cursor(row_factory=dict_row) as cursor:
        return [Run(**row) for row in cursor.execute(_RUNS.encode(), [limit])]


@contextmanager
def _collector_resting() -> Iterator[None]:
    """Every value that is read stays, so looking for garbage among them, again and again, finds none; it takes
    a third of the time where there are many."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _newest(driver: psycopg.Connection[Any]) -> tuple[Any, ...]:
    return driver.execute(_NEWEST.encode()).fetchone() or (None,) * 4


def _live(
    driver: psycopg.Connection[Any], people: _People | _KnownPeople, rotas: _Rotas, known: Settled
) -> LiveState:
    identity, newest_as_of, tzdata, source_digest = _newest(driver)
    edges = driver.execute(_EDGES.encode(), {"only": rotas.only}).fetchall()
    return LiveState(
        state=State(people.users, people.teams, rotas.schedules),
        objects={**people.objects, **rotas.objects},
        database_id=identity or "",
        newest_as_of=newest_as_of,
        tzdata=tzdata,
        source_digest=source_digest,
        shifts_until={
            rotas.full_names[row_id]: edge
            for row_id, edge in edges
            if edge is not None and row_id in rotas.full_names
        },
        settled=known,
    )


class _KnownPeople:
    """Users and teams that are as the files say; their rows are asked for their ids alone, if at all."""

    def __init__(self, driver: psycopg.Connection[Any], files: State, *, are_needed: bool) -> None:
        self.users, self.teams = dict(sorted(files.users.items())), dict(sorted(files.teams.items()))
        self.slugs = dict(driver.execute((_SLUGS % "users").encode()).fetchall()) if are_needed else {}
        self.team_slugs = dict(driver.execute((_SLUGS % "teams").encode()).fetchall()) if are_needed else {}
        self.objects = {
            known(slug): LiveObject(row_id, managed=True)
            for known, slugs in ((address.user, self.slugs), (address.team, self.team_slugs))
            for row_id, slug in slugs.items()
        }


class _People:
    """Users and teams, with their slugs by id."""

    def __init__(self, driver: psycopg.Connection[Any]) -> None:
        self.objects: dict[str, LiveObject] = {}
        self.slugs: dict[str, str] = {}
        self.users = dict(sorted(self._users(driver)))
        self.team_slugs: dict[str, str] = {}
        self.teams = dict(sorted(self._teams(driver)))

    def _users(self, driver: psycopg.Connection[Any]) -> Iterable[tuple[str, User]]:
        off = _by(select_rows(driver, tables.user_time_off), "user_id")
        for row in select_rows(driver, tables.users, where=_LIVE):
            time_off = in_written_order(off[row["id"]])
            whole = {
                **row,
                "time_off": [
                    {key: each[key] for key in ("start_time", "end_time", "reason", "spec")}
                    for each in time_off
                ],
            }
            reading = _reading(whole, spec=None)
            user = read_user(row, reading, time_off=time_off)
            self.slugs[row["id"]] = user.slug
            self.objects[address.user(user.slug)] = _object(whole, reading)
            yield user.slug, user

    def _teams(self, driver: psycopg.Connection[Any]) -> Iterable[tuple[str, Team]]:
        members = _by(select_rows(driver, tables.team_members), "team_id")
        for row in select_rows(driver, tables.teams, where=_LIVE):
            ids = sorted(each["user_id"] for each in members[row["id"]] if each["user_id"] in self.slugs)
            team = read_team(row, members=[self.slugs[user_id] for user_id in ids])
            whole = {**row, "members": ids}
            self.team_slugs[row["id"]] = team.slug
            self.objects[address.team(team.slug)] = _object(whole, _reading(whole, spec=None))
            yield team.slug, team


class _Rotas:
    """Schedules with their layers and overrides, and their full names by id."""

    def __init__(
        self,
        driver: psycopg.Connection[Any],
        people: _People | _KnownPeople,
        *,
        only: list[str] | None = None,
        slugs: Mapping[str, str] | None = None,
    ) -> None:
        """`only` the schedules of these ids; then `slugs` are those of all."""
        self.objects: dict[str, LiveObject] = {}
        self.only = only
        rows = [
            row for row in self._rows(driver, tables.schedules, "id") if row["team_id"] in people.team_slugs
        ]
        self.full_names = {row["id"]: f"{people.team_slugs[row['team_id']]}/{row['slug']}" for row in rows}
        self._names = Names(people.slugs, slugs or {row["id"]: row["slug"] for row in rows})
        self._layers = _by(self._rows(driver, tables.schedule_layers, "schedule_id"), "schedule_id")
        self._overrides = _by(self._override_rows(driver), "schedule_id")
        schedules = [self._schedule(row, people.team_slugs[row["team_id"]]) for row in rows]
        self.schedules = {
            schedule.full_name: schedule for schedule in sorted(schedules, key=lambda s: s.full_name)
        }

    def _rows(self, driver: psycopg.Connection[Any], table: Table, key: str) -> list[dict[str, Any]]:
        if self.only is None:
            return select_rows(driver, table, where=_LIVE)
        if not self.only:
            return []
        return select_rows(
            driver, table, where=f"{_LIVE} AND {key} = ANY(%s::uuid[])", parameters=[self.only]
        )

    def _schedule(self, row: Row, team: str) -> Schedule:
        (schedule, basis), reading = _read(
            row, lambda reading: read_schedule(row, reading, team=team, names=self._names)
        )
        self.objects[address.schedule(schedule.full_name)] = _object(row, reading)
        layers = [self._layer(each, schedule, basis) for each in self._layers[row["id"]]]
        overrides = [self._override(each, schedule) for each in self._overrides[row["id"]]]
        return replace(
            schedule,
            layers=tuple(sorted(layers, key=lambda layer: layer.slug)),
            overrides=tuple(sorted((each for each in overrides if each), key=_override_order)),
        )

    def _layer(self, row: Row, schedule: Schedule, basis: Basis) -> Layer:
        layer, reading = _read(row, lambda reading: read_layer(row, reading, basis, names=self._names))
        self.objects[address.layer(schedule.full_name, layer.slug)] = _object(row, reading)
        return layer

    def _override(self, row: Row, schedule: Schedule) -> Override | None:
        override, reading = _read(
            row, lambda reading: read_override(row, reading, timezone=schedule.timezone, names=self._names)
        )
        if override is not None:
            self.objects[override_address(override, schedule)] = _object(row, reading)
        return override

    def _override_rows(self, driver: psycopg.Connection[Any]) -> list[dict[str, Any]]:
        """With the microseconds of `created_at`: it decides between two that others made in one second."""
        rows = self._rows(driver, tables.schedule_overrides, "schedule_id")
        exact = driver.execute(
            b"SELECT id::text, (extract(epoch FROM created_at) * 1000000)::bigint FROM schedule_overrides "
            b"WHERE deleted_at IS NULL AND NOT managed"
        )
        created = dict(exact.fetchall())
        return [{**row, "created_at": created.get(row["id"], 0)} for row in rows]


def _override_order(override: Override) -> tuple[int, str, str, str]:
    return override.start.seconds, override.start.text, override.replaces or "", override.id


def _read(row: Row, read: Callable[[Reading], T]) -> tuple[T, Reading]:
    """Read a row as it was written, or, if what was written was made unreadable, from its columns."""
    reading = _reading(row, spec=row["spec"])
    try:
        return read(reading), reading
    except (ValueError, TypeError, KeyError, AttributeError):
        if reading.untouched:
            raise
        reading = Reading(None, untouched=False)
        return read(reading), reading


def _reading(row: Row, *, spec: Row | None) -> Reading:
    return Reading(spec, untouched=row["managed"] and row["last_applied"] == row_digest(row))


def _object(row: Row, reading: Reading) -> LiveObject:
    return LiveObject(
        id=row["id"],
        managed=row["managed"],
        touched=row["managed"] and not reading.untouched,
        stale=tuple(reading.stale),
        source_file=row.get("source_file") or "",
    )


def _by(rows: Sequence[dict[str, Any]], key: str) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        found[row[key]].append(row)
    return found
