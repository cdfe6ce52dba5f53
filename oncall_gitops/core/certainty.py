"""What is certain without resolving a single shift.

Most schedules are simple: somebody always holds a turn of the base rotation, and a turn is so long that every
window meets it. Then the answer to the questions of `checks.py` is known, and only the others are resolved.
Each function may say "not certain" of anything; what it says is certain must be true.
"""

from __future__ import annotations

from functools import lru_cache
from math import gcd

from oncall_gitops.core.model.instant import FOREVER
from oncall_gitops.core.model.interval import Interval
from oncall_gitops.core.model.restriction import Restrictions
from oncall_gitops.core.model.rotation import Cadence, Rotation
from oncall_gitops.core.model.schedule import Schedule
from oncall_gitops.core.model.user import NOBODY
from oncall_gitops.core.model.when import DAY, WEEK
from oncall_gitops.core.recurrence import rule_of
from oncall_gitops.core.repeating import repeats
from oncall_gitops.core.resolve import base_turns, schedule_span
from oncall_gitops.core.wallclock import instant, zone

_LOOK = 8 * WEEK
"""So much of a span is walked through, and no more: what is certain is not worth any effort."""


def is_always_covered(schedule: Schedule, window: Interval) -> bool:
    """Whether nobody's absence can leave a gap in the window.

    The base rotation claims all of it, since a place without dates is always held and the first handoff is
    not after the start; whatever lies above can take its place, but only `nobody` would leave it empty.
    """
    base = schedule.rotation
    if not schedule.active or not isinstance(base, Rotation) or not _has_undated(base):
        return False
    span = schedule_span(schedule)
    if window.start < span.start or span.end < window.end or _may_be_vacant(schedule):
        return False
    if base.start is None:
        return True
    first = instant(base.start, timezone=zone(schedule.timezone), at=schedule.handoff_time)
    return first <= span.start


def has_hours_of_base(schedule: Schedule, user: str, span: Interval) -> bool:
    """Whether a user has hours of the base rotation in a span that no layer can take away.

    The windows of all layers together take so much of a week, so they leave something of a longer stretch of a
    turn; one day is given for changes of the clocks. A span in which every member has such a stretch needs no walk.
    """
    base = schedule.rotation
    if not schedule.active or not isinstance(base, Rotation) or user not in [p.user for p in base.places]:
        return False
    taken = sum([_open_time(layer.restrictions) for layer in schedule.layers if layer.active])
    if taken > WEEK - DAY:
        return False
    enough = taken + DAY if taken else 1
    part = span.cut(schedule_span(schedule))
    if part.end - part.start >= _round(base, stretch=enough):
        return True
    some = part.cut(Interval(part.start, part.start + _LOOK))
    return not part.is_empty and any(
        piece.user == user and min(piece.end, part.end) - max(piece.start, part.start) >= enough
        for piece in base_turns(schedule).between(some)
    )


def everybody_works(rotation: Rotation) -> bool:
    """Whether every member without dates meets every weekly window in time, however the turns fall.

    A turn of a week or more meets each window of the week; shorter ones do where the walk comes round to the
    same member on another day of the week each time, until all seven are through.
    """
    days = _days_of_a_turn(rotation.cadence)
    if days is None:
        return False
    if days >= 7:
        return True
    return not _has_dated(rotation) and gcd(days * len(rotation.places), 7) == 1


def _days_of_a_turn(cadence: Cadence) -> int | None:
    """The whole local days that every turn but the first lasts; None where a rule makes them differ."""
    if cadence.rrule is None:
        return cadence.interval * (7 if cadence.type == "weekly" else 1)
    rule = rule_of(cadence, start=0)
    is_once_a_week = len(rule.days) <= 1 and len(rule.hours) <= 1 and len(rule.minutes) <= 1
    return 7 * rule.interval if repeats(rule) and rule.frequency == "WEEKLY" and is_once_a_week else None


@lru_cache(maxsize=1024)
def _open_time(restrictions: Restrictions) -> int:
    """The seconds of a week in which a layer's windows are open, at most."""
    return sum(length for window in restrictions for _, length in window.spans()) or WEEK


def _round(rotation: Rotation, *, stretch: int) -> int:
    """A time in which every place has a stretch of some turn, wherever it begins; FOREVER if that is not certain.

    Turns are longer than a stretch. Take the first one of a place that has a stretch left at the beginning: the one
    before had less, so this one begins, at the latest, a stretch and everybody else's turns later. It needs
    another stretch. A day is given for changes of the clocks.
    """
    days = _days_of_a_turn(rotation.cadence)
    if days is None or days * DAY - DAY < stretch or rotation.start or _has_dated(rotation):
        return FOREVER
    return stretch + (len(rotation.places) - 1) * days * DAY + DAY + stretch


def _has_dated(rotation: Rotation) -> bool:
    return any(place.start or place.until for place in rotation.places)


def _has_undated(rotation: Rotation) -> bool:
    return not all(place.start or place.until for place in rotation.places)


def _may_be_vacant(schedule: Schedule) -> bool:
    """Whether `nobody` can hold an hour; a followed rotation may hold it unseen."""
    if NOBODY in [override.user for override in schedule.overrides]:
        return True
    for rotation in (schedule.rotation, *[layer.rotation for layer in schedule.layers]):
        if not isinstance(rotation, Rotation) or NOBODY in [place.user for place in rotation.places]:
            return True
    return False
