"""Who of a restricted layer ever works: the length of its turns against the windows in which it is active."""

from __future__ import annotations

from dataclasses import replace

from oncall_gitops.core.model.instant import Instant
from oncall_gitops.core.model.interval import Interval
from oncall_gitops.core.model.rotation import Rotation
from oncall_gitops.core.model.user import NOBODY
from oncall_gitops.core.model.when import DAY
from oncall_gitops.core.recurrence import Recurrence, rule_of
from oncall_gitops.core.resolve import Timetable
from oncall_gitops.core.scene import Turning

_FIRST_LOOK = 35 * DAY
_LONG_LOOK = 800 * DAY
_ROUNDS = 4
"""How often the walk must go round in the long look before its absence of somebody means anything."""


def idle_members(turning: Turning, *, now: Instant) -> tuple[frozenset[str], str]:
    """The undated members who have no hour in the next two years while others have some.

    The second is the one who has them all, if it is one. A short look settles the usual case, in which
    everybody has a turn soon. Both begin with today (UTC), so that the answer does not change before tomorrow.
    """
    rotation, layer = turning.rotation, turning.layer
    assert isinstance(rotation, Rotation)
    assert layer
    members = {
        place.user
        for place in rotation.places
        if place.start is None and place.until is None and place.user != NOBODY
    }
    if len(members) < 2:
        return frozenset(), ""
    schedule = replace(turning.schedule, rotation=None, layers=(layer,), overrides=())
    alone = Timetable(schedule, siblings={})
    start = max(now - now % DAY, turning.span.start)
    wall = turning.zone.to_local(start)
    recurrence = Recurrence(rule_of(rotation.cadence, start=turning.origin), turning.origin)
    if recurrence.count(wall + _LONG_LOOK) - recurrence.count(wall) < _ROUNDS * len(rotation.places):
        return frozenset(), ""
    if turning.span.end < start + _LONG_LOOK:
        return frozenset(), ""
    working: set[str] = set()
    for look in (_FIRST_LOOK, _LONG_LOOK):
        working = {shift.user for shift in alone.shifts(Interval(start, start + look))}
        if members <= working or not working:
            return frozenset(), ""
    return frozenset(members - working), next(iter(working)) if len(working) == 1 else ""
