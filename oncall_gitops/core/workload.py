"""How much of somebody's life a rota takes: hours on call, those at night, those at the weekend.

A night is 22:00 to 06:00 and a weekend Saturday and Sunday from midnight to midnight, on the wall where the
person lives (or, if that is not known, where the schedule does).
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from typing import NamedTuple

from oncall_gitops.core.layout import active_spans
from oncall_gitops.core.model.instant import Instant
from oncall_gitops.core.model.interval import Interval
from oncall_gitops.core.model.restriction import DailyWindow, WholeDays
from oncall_gitops.core.wallclock import zone

NIGHT = DailyWindow(22 * 3600, 6 * 3600)
WEEKEND = WholeDays((5, 6))


class Load(NamedTuple):
    """Seconds on call, and of these the ones at night and at the weekend (some are both)."""

    total: int = 0
    nights: int = 0
    weekends: int = 0

    def plus(self, other: Load) -> Load:
        return Load(self.total + other.total, self.nights + other.nights, self.weekends + other.weekends)


class Held(NamedTuple):
    """One user holds [start, end); runs of these are in order and disjoint."""

    start: Instant
    end: Instant
    user: str


Runs = Mapping[str, Sequence[Held]]
"""Runs by the schedule's full name."""

ZoneOf = Callable[[str, str], str]
"""The zone to count somebody's nights in, by user and schedule."""


class Shared(NamedTuple):
    """One person on call in several schedules at once."""

    user: str
    start: Instant
    end: Instant
    schedules: tuple[str, ...]


def loads(runs: Runs, window: Interval, *, zone_of: ZoneOf) -> dict[str, Load]:
    """Everybody's load in the window."""
    totals: dict[str, Load] = {}
    for schedule, held in runs.items():
        for run in held:
            part = Interval(run.start, run.end).cut(window)
            if not part.is_empty:
                load = _load(part, _calendar(zone_of(run.user, schedule), window))
                totals[run.user] = totals.get(run.user, Load()).plus(load)
    return totals


def shared_hours(runs: Runs, window: Interval) -> list[Shared]:
    """Every span in which somebody is on call in more than one schedule, by user and start."""
    by_user: dict[str, list[tuple[Instant, int, str]]] = {}
    for schedule, held in runs.items():
        for run in held:
            part = Interval(run.start, run.end).cut(window)
            if not part.is_empty:
                edges = by_user.setdefault(run.user, [])
                edges += [(part.start, 1, schedule), (part.end, -1, schedule)]
    return [shared for user, edges in sorted(by_user.items()) for shared in _crowded(user, sorted(edges))]


def _crowded(user: str, edges: Iterable[tuple[Instant, int, str]]) -> list[Shared]:
    """One pass over somebody's beginnings and ends, an end before a beginning at the same instant."""
    found: list[Shared] = []
    open_in: set[str] = set()
    since = 0
    for moment, step, schedule in edges:
        if len(open_in) > 1 and since < moment:
            names = tuple(sorted(open_in))
            if found and found[-1].end == since and found[-1].schedules == names:
                found[-1] = found[-1]._replace(end=moment)
            else:
                found.append(Shared(user, since, moment, names))
        since = moment
        if step > 0:
            open_in.add(schedule)
        else:
            open_in.discard(schedule)
    return found


class _Calendar(NamedTuple):
    nights: Sequence[Interval]
    weekends: Sequence[Interval]


@cache
def _calendar(timezone: str, window: Interval) -> _Calendar:
    wall = zone(timezone)
    return _Calendar(
        active_spans((NIGHT,), window, timezone=wall), active_spans((WEEKEND,), window, timezone=wall)
    )


def _load(part: Interval, calendar: _Calendar) -> Load:
    return Load(part.end - part.start, _common(part, calendar.nights), _common(part, calendar.weekends))


def _common(part: Interval, spans: Sequence[Interval]) -> int:
    first = bisect_right(spans, part.start, key=lambda span: span.end)
    last = bisect_left(spans, part.end, lo=first, key=lambda span: span.start)
    return sum(min(part.end, span.end) - max(part.start, span.start) for span in spans[first:last])
