"""Marks: which schedules are as the files say, told without reading them.

At its end a reconcile leaves a mark on each schedule that is now as the files say: a hash of its rows (its own,
its layers' and overrides'), and the digest of the definitions that were written. If the rows still have that
hash and the files that digest, then neither has changed, and there is nothing to read: every change of a row by
whomever changes the hash. A change of `shifts` takes the mark away (a trigger of the database sees to it). The
definitions of a schedule name people, so the mark on people and teams must hold, too.

The hash is the server's, of its binary values. It may differ between versions of the server; then everything is
read once, and marked again. A mark is a cache and never evidence: what a mark does not vouch for is read and
compared in full, and drift is told from `last_applied` as ever.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import psycopg

from oncall_gitops import __version__
from oncall_gitops.core import address
from oncall_gitops.core.definition import meanings
from oncall_gitops.core.model.instant import Instant
from oncall_gitops.core.model.live import PEOPLE, LiveObject, OnCall, Settled
from oncall_gitops.core.model.state import DesiredState, file_of
from oncall_gitops.core.scope import followed_by

_ROWS = """
    SELECT schedule_id, bit_xor(hash) AS hash, bool_and(managed) AS managed FROM (
        SELECT id AS schedule_id, hash_record_extended(r, 1) AS hash, managed
        FROM schedules AS r WHERE deleted_at IS NULL
        UNION ALL SELECT schedule_id, hash_record_extended(r, 2), managed
        FROM schedule_layers AS r WHERE deleted_at IS NULL
        UNION ALL SELECT schedule_id, hash_record_extended(r, 3), managed
        FROM schedule_overrides AS r WHERE deleted_at IS NULL
    ) AS each GROUP BY schedule_id"""

_PEOPLE = """
    SELECT coalesce(bit_xor(hash), 0) AS hash, coalesce(bool_and(managed), true) AS managed FROM (
        SELECT hash_record_extended(r, 4) AS hash, managed FROM users AS r WHERE deleted_at IS NULL
        UNION ALL SELECT hash_record_extended(r, 5), managed FROM teams AS r WHERE deleted_at IS NULL
        UNION ALL SELECT hash_record_extended(r, 6), true FROM team_members AS r
        UNION ALL SELECT hash_record_extended(r, 7), true FROM user_time_off AS r
    ) AS each"""

_READ_PEOPLE = f"""
SELECT marks.meaning FROM schedule_marks AS marks, ({_PEOPLE}) AS people
WHERE marks.schedule_id IS NULL AND marks.rows_hash = people.hash AND people.managed"""  # noqa: S608 (our own text)

_READ_SCHEDULES = f"""
SELECT schedules.id::text, teams.slug || '/' || schedules.slug, schedules.slug, schedules.source_file,
    marks.meaning, floor(extract(epoch FROM marks.shifts_until))::bigint,
    floor(extract(epoch FROM marks.shifts_end))::bigint, running.slug,
    floor(extract(epoch FROM following.start_time))::bigint, following.slug
FROM schedules JOIN teams ON teams.id = schedules.team_id AND teams.deleted_at IS NULL
LEFT JOIN ({_ROWS}) AS rows ON rows.schedule_id = schedules.id
LEFT JOIN schedule_marks AS marks
    ON marks.schedule_id = schedules.id AND marks.rows_hash = rows.hash AND rows.managed
LEFT JOIN LATERAL (
    SELECT users.slug, end_time, user_id FROM shifts JOIN users ON users.id = user_id
    WHERE shifts.schedule_id = marks.schedule_id AND start_time <= to_timestamp(%(at)s)
    ORDER BY start_time DESC LIMIT 1
) AS running ON running.end_time > to_timestamp(%(at)s)
LEFT JOIN LATERAL (
    SELECT users.slug, start_time FROM shifts JOIN users ON users.id = user_id
    WHERE shifts.schedule_id = marks.schedule_id AND start_time > to_timestamp(%(at)s)
        AND start_time < to_timestamp(%(until)s) AND user_id IS DISTINCT FROM running.user_id
    ORDER BY start_time LIMIT 1
) AS following ON true
WHERE schedules.deleted_at IS NULL"""  # noqa: S608 (our own text)

_MARK_PEOPLE = f"""
INSERT INTO schedule_marks (schedule_id, rows_hash, meaning) SELECT NULL, hash, %s FROM ({_PEOPLE}) AS people
ON CONFLICT (schedule_id) DO UPDATE SET rows_hash = excluded.rows_hash, meaning = excluded.meaning
"""  # noqa: S608 (our own text)

_MARK_SCHEDULES = f"""
INSERT INTO schedule_marks (schedule_id, rows_hash, meaning, shifts_until, shifts_end)
SELECT written.id, rows.hash, written.meaning, to_timestamp(%(until)s), to_timestamp(written.shifts_end)
FROM unnest(%(ids)s::uuid[], %(meanings)s::text[], %(ends)s::bigint[]) AS written(id, meaning, shifts_end)
JOIN ({_ROWS}) AS rows ON rows.schedule_id = written.id
ON CONFLICT (schedule_id) DO UPDATE SET rows_hash = excluded.rows_hash, meaning = excluded.meaning,
    shifts_until = excluded.shifts_until, shifts_end = excluded.shifts_end
"""  # noqa: S608 (our own text)


@dataclass(frozen=True, slots=True)
class Expected:
    """What the files say, the digests of its definitions, the file of each schedule, and how far the table reaches."""

    desired: DesiredState
    meanings: Mapping[str, str]
    files: Mapping[str, str | None]
    horizon: int
    tzdata: str

    @classmethod
    def of(cls, desired: DesiredState, *, horizon: int, tzdata: str) -> Expected:
        """All of it worked out, before anybody waits for us."""
        schedules = desired.state.schedules
        files = {name: file_of(desired.origins, address.schedule(name)) for name in schedules}
        return cls(desired, meanings(desired.state), files, horizon, tzdata)

    def marked(self, name: str) -> str:
        """What the mark of a schedule, or of PEOPLE, would say; another program or zone data may mean otherwise."""
        return f"{__version__} {self.tzdata} {self.meanings.get(name, '')}"


class Mark(NamedTuple):
    """A living schedule, and what its mark says; None without one that holds.

    Then its shifts are to be trusted, too: who holds the running one, and when who else takes over.
    """

    id: str
    full_name: str
    slug: str
    source_file: str | None
    meaning: str | None
    shifts_until: Instant | None
    shifts_end: Instant | None
    holder: str | None
    next_start: Instant | None
    next_holder: str | None


class NewMark(NamedTuple):
    """A schedule that is as the files say, by name and id, and from when on it has no shift yet."""

    full_name: str
    id: str
    shifts_end: Instant


def people_mark(driver: psycopg.Connection[Any]) -> str | None:
    """What the mark on people and teams says; None without one that holds."""
    found = driver.execute(_READ_PEOPLE.encode()).fetchone()
    return found[0] if found else None


def schedule_marks(driver: psycopg.Connection[Any], *, at: Instant, until: Instant) -> list[Mark]:
    """All living schedules, with their marks, and who is on call at T and next before `until`."""
    return [Mark(*row) for row in driver.execute(_READ_SCHEDULES.encode(), {"at": at, "until": until})]


def settled(marks: Iterable[Mark], expected: Expected, *, people: bool, until: Instant) -> Settled:
    """What needs no reading. A schedule that follows another is settled only with it.

    A table that reaches beyond `until` must be cut, so its schedule is not settled.
    """
    files = expected.desired.state.schedules
    holding = {
        mark.full_name: mark
        for mark in marks
        if mark.meaning is not None and mark.meaning == expected.marked(mark.full_name)
        if mark.shifts_until is not None and mark.shifts_until <= until and mark.full_name in files
        if mark.source_file == expected.files[mark.full_name]
    }
    names = sorted(name for name in holding if followed_by(files[name]) <= holding.keys())
    found = {name: holding[name] for name in names}
    return Settled(
        schedules={name: files[name] for name in names},
        meanings={name: expected.meanings[name] for name in [*names, *([PEOPLE] if people else [])]},
        rows={
            name: LiveObject(mark.id, managed=True, source_file=mark.source_file or "")
            for name, mark in found.items()
        },
        shifts_end={name: mark.shifts_end or until for name, mark in found.items()},
        on_call={
            name: OnCall(mark.holder, mark.next_start, mark.next_holder)
            for name, mark in found.items()
            if mark.next_holder is not None or mark.shifts_until == until
        },
    )


def write_marks(
    driver: psycopg.Connection[Any],
    marks: Iterable[NewMark],
    expected: Expected,
    *,
    people: bool,
    until: Instant,
) -> None:
    """Mark schedules, and `people` if they are as the files say; the last that a reconcile writes."""
    marks = list(marks)
    if people:
        driver.execute(_MARK_PEOPLE.encode(), [expected.marked(PEOPLE)])
    if marks:
        values = {
            "ids": [mark.id for mark in marks],
            "meanings": [expected.marked(mark.full_name) for mark in marks],
            "ends": [mark.shifts_end for mark in marks],
            "until": until,
        }
        driver.execute(_MARK_SCHEDULES.encode(), values)
