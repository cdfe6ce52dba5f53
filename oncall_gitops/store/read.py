"""Reading the database: a few statements, however many rows there are, and values from then on."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

import psycopg
from psycopg.rows import dict_row
from sqlalchemy import Connection

from oncall_gitops.core.collecting import uncollected
from oncall_gitops.core.model.instant import FOREVER, FOREVER_AGO, Instant
from oncall_gitops.core.model.interval import Interval
from oncall_gitops.core.model.live import PEOPLE, LiveState, Settled, StoredShift
from oncall_gitops.core.model.run import Run
from oncall_gitops.core.model.state import State
from oncall_gitops.store.driver import driver_connection
from oncall_gitops.store.live_rows import KnownPeople, People, ReadPeople, Rotas
from oncall_gitops.store.marks import Expected, people_mark, schedule_marks, settled

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

_NEWEST_AS_OF = """
SELECT floor(extract(epoch FROM max(as_of)))::bigint FROM reconcile_runs WHERE status = 'applied'"""

_NEWEST = f"""
SELECT (SELECT id::text FROM database_identity), ({_NEWEST_AS_OF}),
    newest.tzdata_version,
    CASE WHEN newest.scope IS NULL THEN newest.plan #>> '{{source,digest}}' END
FROM (SELECT 1) AS always LEFT JOIN LATERAL (
    SELECT tzdata_version, scope, plan FROM reconcile_runs WHERE status = 'applied' AND kind = 'reconcile'
    ORDER BY as_of DESC, finished_at DESC NULLS LAST, created_at DESC LIMIT 1
) AS newest ON true
"""  # noqa: S608 (our own text)

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
    with uncollected():
        people = ReadPeople(driver)
        return _live(driver, people, Rotas(driver, people), Settled())


def read_newest(connection: Connection) -> Instant | None:
    """The T of the newest applied run."""
    found = driver_connection(connection).execute(_NEWEST_AS_OF.encode()).fetchone()
    return found[0] if found else None


def read_unsettled(connection: Connection, expected: Expected, *, at: Instant) -> LiveState:
    """As `read_live` at T, but what the marks vouch for is taken from the files that are `expected`."""
    driver = driver_connection(connection)
    mark = people_mark(driver)
    if mark is None:
        return read_live(connection)
    until = at + expected.horizon
    marks = schedule_marks(driver, at=at, until=until)
    files = expected.desired.state
    with uncollected():
        people: People
        if mark == expected.marked(PEOPLE):
            known = settled(marks, expected, people=True, until=until)
            are_needed = len(known.schedules) < max(len(marks), len(files.schedules))
            people = KnownPeople(driver, files, are_needed=are_needed)
        else:
            people = ReadPeople(driver)
            known = _under_changed_people(
                settled(marks, expected, people=False, until=until), people, expected
            )
        only = [each.id for each in marks if each.full_name not in known.schedules]
        slugs = {each.id: each.slug for each in marks}
        live = _live(driver, people, Rotas(driver, people, only=only, slugs=slugs), known)
    reaches = {each.full_name: each.shifts_until or at for each in marks if each.full_name in known.schedules}
    return replace(live, state=known.whole(live.state), shifts_until={**live.shifts_until, **reaches})


def _under_changed_people(known: Settled, people: ReadPeople, expected: Expected) -> Settled:
    """What stays settled where the files say something else of people: nothing if they give new names, and no
    schedule of a team that changes, since its events will read otherwise."""
    if not people.objects.keys().isdisjoint(expected.desired.renamed_from.values()):
        return Settled()
    teams = expected.desired.state.teams
    return known.without_teams({slug for slug, team in people.teams.items() if teams.get(slug) != team})


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


def _live(driver: psycopg.Connection[Any], people: People, rotas: Rotas, known: Settled) -> LiveState:
    identity, newest_as_of, tzdata, source_digest = driver.execute(_NEWEST.encode()).fetchone() or (None,) * 4
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
