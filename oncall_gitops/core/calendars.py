"""Whose calendar a plan concerns: the people to tell, and how many of their events will change."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from oncall_gitops.core.diff import Change
from oncall_gitops.core.materialise import ShiftEdit
from oncall_gitops.core.model.instant import Instant
from oncall_gitops.core.model.live import StoredShift

AHEAD = 90 * 86_400
"""How far ahead calendars are filled, in seconds."""

_SHOWN_FIELDS = {"name", "timezone", "reason"}
"""What of a schedule, its team, a layer or an override an event shows, besides its shift."""

Stored = Mapping[str, Sequence[StoredShift]]


@dataclass(frozen=True, slots=True)
class CalendarChanges:
    """How many events in one person's connected calendar a plan makes, changes or deletes."""

    user: str
    provider: str
    changes: int


def people_concerned(
    edits: Iterable[ShiftEdit], changes: Iterable[Change], *, stored: Stored, at: Instant
) -> set[str]:
    """The slugs of everybody whose events differ once the edits and changes are applied at T.

    `stored` are the rows that end after T, by schedule.
    """
    people = {user for user, _ in _events(edits, stored)}
    for schedule in _shown_otherwise(changes, stored):
        people |= {row.user for row in stored[schedule] if row.end > at}
    return people


def calendar_changes(
    edits: Iterable[ShiftEdit], *, stored: Stored, connected: Iterable[tuple[str, str]], at: Instant
) -> tuple[CalendarChanges, ...]:
    """For each connected calendar (user, provider) that the edits concern, how many of its events they do."""
    counts: dict[str, int] = defaultdict(int)
    for user, (_, _, start) in _events(edits, stored):
        counts[user] += start < at + AHEAD
    return tuple(
        CalendarChanges(user, provider, counts[user])
        for user, provider in sorted(connected)
        if counts.get(user)
    )


def _events(edits: Iterable[ShiftEdit], stored: Stored) -> set[tuple[str, tuple[str, str, Instant]]]:
    """Whose events the edits touch, each event by its identity: schedule, source and start, never the end."""
    found = set()
    for edit in edits:
        touched = {*edit.delete, *(row_id for row_id, _ in edit.cut)}
        found |= {
            (row.user, (edit.schedule, row.layer_id or row.source, row.start))
            for row in stored.get(edit.schedule, ())
            if row.id in touched
        }
        found |= {(new.user, (edit.schedule, new.layer_id or new.source, new.start)) for new in edit.insert}
    return found


def _shown_otherwise(changes: Iterable[Change], stored: Stored) -> set[str]:
    """The schedules whose events read otherwise although no shift moves."""
    found: set[str] = set()
    for change in changes:
        kind, *path = change.address.split("/")
        if change.action not in ("update", "rename") or kind == "user":
            continue
        if change.action == "rename" or any(field.path in _SHOWN_FIELDS for field in change.fields):
            near = f"{path[0]}/" if kind == "team" else "/".join(path[:2])
            found |= {name for name in stored if name == near or (kind == "team" and name.startswith(near))}
    return found
