"""How much of somebody's life a rota takes: hours on call, those at night, those at the weekend.

A night is 22:00 to 06:00 and a weekend Saturday and Sunday from midnight to midnight, on the wall where the
person lives (or, if that is not known, where the schedule does).
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from itertools import accumulate
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


class _Calendar:
    """The nights and weekends of one zone in a window: how much of them has passed by an instant."""

    def __init__(self, timezone: str, window: Interval) -> None:
        wall = zone(timezone)
        self._nights = _Passing(active_spans((NIGHT,), window, timezone=wall))
        self._weekends = _Passing(active_spans((WEEKEND,), window, timezone=wall))
        self._known: dict[Instant, tuple[int, int]] = {}

    def passed(self, by: Instant) -> tuple[int, int]:
        """Seconds of night and of weekend. Handoffs of many schedules fall together, so answers are kept."""
        found = self._known.get(by)
        if found is None:
            found = self._known[by] = (self._nights.passed(by), self._weekends.passed(by))
        return found


class _Passing:
    """Spans (disjoint, in order) with the sum of those before each."""

    def __init__(self, spans: Sequence[Interval]) -> None:
        self._starts = [span.start for span in spans]
        self._ends = [span.end for span in spans]
        self._before = [0, *accumulate(span.end - span.start for span in spans)]

    def passed(self, by: Instant) -> int:
        index = bisect_right(self._starts, by)
        return self._before[index] - max(self._ends[index - 1] - by, 0) if index else 0


@lru_cache(maxsize=512)
def _calendar(timezone: str, window: Interval) -> _Calendar:
    return _Calendar(timezone, window)


def _load(part: Interval, calendar: _Calendar) -> Load:
    nights, weekends = calendar.passed(part.start)
    nights_after, weekends_after = calendar.passed(part.end)
    return Load(part.end - part.start, nights_after - nights, weekends_after - weekends)
