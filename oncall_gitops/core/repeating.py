"""Rules that know no calendar but the week: the same offsets again and again, found by division.

Why it is exact: a day has the same hours and a week the same days, always, on the wall. So an HOURLY, DAILY or
WEEKLY rule that names no month, day of the month or of the year cannot tell two weeks apart; what it picks
repeats after a fixed span: its interval, or the smallest span that holds whole intervals and whole days or weeks.
One such span is looked at, once. Then the number of occurrences before a time is whole spans times those in
each, and those in the rest; the n-th one and those in a window follow. The age of a rotation costs nothing.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import lcm

from oncall_gitops.core.model.rule import Rule
from oncall_gitops.core.model.when import DAY, Local, weekday

HOUR = 3600


@dataclass(frozen=True, slots=True)
class Repeating:
    """`offsets` (sorted, in [0, period)) after `origin`, after `origin + period`, and so on."""

    origin: Local
    period: int
    offsets: tuple[int, ...]

    @property
    def a_day(self) -> float:
        """How many there are in a day, on average."""
        return len(self.offsets) * DAY / self.period

    def count(self, before: Local) -> int:
        """How many occurrences lie before a local time."""
        if before <= self.origin:
            return 0
        periods, rest = divmod(before - self.origin, self.period)
        return periods * len(self.offsets) + bisect_left(self.offsets, rest)

    def nth(self, index: int) -> Local | None:
        """The occurrence of that index, from 0; None if there is none."""
        if not self.offsets or index < 0:
            return None
        periods, place = divmod(index, len(self.offsets))
        return self.origin + periods * self.period + self.offsets[place]

    def between(self, low: Local, high: Local) -> list[Local]:
        """The occurrences in [low, high), in order."""
        return self.numbered(low, high)[1]

    def numbered(self, low: Local, high: Local) -> tuple[int, list[Local]]:
        """The index of the first occurrence at or after `low`, and the occurrences in [low, high), in order."""
        first, end = self.count(low), self.count(high)
        if first >= end:
            return first, []
        size = len(self.offsets)
        periods, skip = divmod(first, size)
        last = -(-end // size)
        bases = range(self.origin + periods * self.period, self.origin + last * self.period, self.period)
        if size == 1:
            offset = self.offsets[0]
            return first, [base + offset for base in bases]
        found = [base + offset for base in bases for offset in self.offsets]
        return first, found[skip : skip + end - first]


def repeats(rule: Rule) -> bool:
    """Whether the rule knows no calendar but the week."""
    named = rule.months or rule.weeks or rule.year_days or rule.month_days
    return rule.frequency in ("HOURLY", "DAILY", "WEEKLY") and not named


def repeating(rule: Rule, start: Local) -> Repeating:
    """The occurrences of such a rule, INTERVAL counted from `start`, as if it had gone on before, too.

    The origin is the last but two days before 1970, where no file can begin, so that whoever has the same rhythm
    has the same value.
    """
    match rule.frequency:
        case "HOURLY":
            found = _hourly(rule, start)
        case "DAILY":
            found = _daily(rule, start)
        case _:
            found = _weekly(rule, start)
    return replace(found, origin=(found.origin + 2 * DAY) % found.period - found.period - 2 * DAY)


def picked(values: Sequence[int], positions: tuple[int, ...]) -> tuple[int, ...]:
    """What BYSETPOS leaves of a sorted set."""
    if not positions:
        return tuple(values)
    size = len(values)
    places = {position - 1 if position > 0 else size + position for position in positions}
    return tuple(values[place] for place in sorted(places) if 0 <= place < size)


def _hourly(rule: Rule, start: Local) -> Repeating:
    origin, step = start - start % HOUR, rule.interval * HOUR
    period = lcm(step, 7 * DAY) if rule.days else lcm(step, DAY) if rule.hours else step
    weekdays = {day.weekday for day in rule.days}
    minutes = picked(rule.times(start), rule.positions)
    offsets = tuple(
        after + minute
        for after in range(0, period, step)
        if not rule.hours or (origin + after) % DAY // HOUR in rule.hours
        if not weekdays or weekday(origin + after) in weekdays
        for minute in minutes
    )
    return Repeating(origin, period, offsets)


def _daily(rule: Rule, start: Local) -> Repeating:
    origin, step = start - start % DAY, rule.interval * DAY
    period = lcm(step, 7 * DAY) if rule.days else step
    weekdays = {day.weekday for day in rule.days}
    times = picked(rule.times(start), rule.positions)
    offsets = tuple(
        after + time
        for after in range(0, period, step)
        if not weekdays or weekday(origin + after) in weekdays
        for time in times
    )
    return Repeating(origin, period, offsets)


def _weekly(rule: Rule, start: Local) -> Repeating:
    origin = week_of(start, week_start=rule.week_start)
    weekdays = {day.weekday for day in rule.days} or {weekday(start)}
    days = sorted((day - rule.week_start) % 7 * DAY for day in weekdays)
    moments = [day + time for day in days for time in rule.times(start)]
    return Repeating(origin, rule.interval * 7 * DAY, picked(moments, rule.positions))


def week_of(local: Local, *, week_start: int) -> Local:
    """00:00 on the first day of the week that holds `local`."""
    return local - local % DAY - (weekday(local) - week_start) % 7 * DAY
