"""Whose calendar a plan concerns: the people to tell, and how many of their events will change."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from oncall_gitops.core.diff import Change
from oncall_gitops.core.materialise import ShiftEdit
from oncall_gitops.core.model.instant import Instant
from oncall_gitops.core.model.live import StoredShift

AHEAD = 90 * 86_400
"""How far ahead calendars are filled, in seconds."""

_SHOWN_FIELDS = {"name", "timezone", "reason"}
"""What of a schedule, its team, a layer, an override or a replaced person an event shows, besides its shift."""

Stored = Mapping[str, Sequence[StoredShift]]


@dataclass(frozen=True, slots=True)
class CalendarChanges:
    """How many events in one person's connected calendar a plan makes, changes or deletes."""

    user: str
    provider: str
    changes: int


class ShownOtherwise(NamedTuple):
    """What events are about that read otherwise although no shift moves: schedules by their full names, all
    schedules of teams, and covers for people (slugs), whose name stands in them."""

    schedules: tuple[str, ...] = ()
    teams: tuple[str, ...] = ()
    people: tuple[str, ...] = ()


def people_touched(edits: Iterable[ShiftEdit], *, stored: Stored) -> set[str]:
    """The slugs of everybody of whose shifts one is made, changed or deleted.

    `stored` are the rows that end after T, by schedule.
    """
    return {user for user, _ in _events(edits, stored)}


def shown_otherwise(changes: Iterable[Change]) -> ShownOtherwise:
    """What reads otherwise once the changes are applied, under its name then."""
    found: dict[str, set[str]] = {"schedule": set(), "team": set(), "user": set()}
    for change in changes:
        kind, *path = change.address.split("/")
        is_name = kind in found and change.action == "rename"
        if is_name or (change.action == "update" and any(one.path in _SHOWN_FIELDS for one in change.fields)):
            whole = kind if kind in found else "schedule"
            found[whole].add("/".join(path[: 2 if whole == "schedule" else 1]))
    return ShownOtherwise(*(tuple(sorted(found[kind])) for kind in ("schedule", "team", "user")))


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
