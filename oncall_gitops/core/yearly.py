"""Rules that follow the calendar: counted year by year, each year as a set of days.

These are the MONTHLY and YEARLY rules, and all that name months, days of the month or of the year. A rule
becomes one or more streams: times of day, and the days on which they all occur.

Why it is exact: which days the parts of a rule name in a year depends on the year's shape alone (`year.py`), and
INTERVAL then leaves some of them by their distance from the start, which may lie before it as well as after. So a
year's occurrences are the days of a stream times its times; sums over years give the number before any time, and a
set's own bits the number within a year. BYSETPOS picks among the days of a year, a month or a week, for each time of
day on its own (`_picked_rhythms`), or among the minutes of an hour or the times of a day.

All sums begin with the first year that a file can name, whenever a rotation begins. So its age costs nothing, not even
the first time, and rotations with the same rhythm share their sums.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from dataclasses import dataclass, replace
from functools import lru_cache
from math import gcd
from typing import NamedTuple

from oncall_gitops.core.model.rule import ByDay, Rule
from oncall_gitops.core.model.when import DAY, Local, weekday
from oncall_gitops.core.repeating import HOUR, picked, week_of
from oncall_gitops.core.year import (
    FIRST_YEAR,
    LAST_YEAR,
    Shape,
    days_of,
    first_day,
    is_leap,
    month_and_day,
    month_bits,
    picked_days,
    shape,
    year_of,
)

_YEAR_BITS = (1 << 366) - 1


@dataclass(frozen=True, slots=True)
class DayInterval:
    """The days that INTERVAL leaves: those of `bits` from `origin` on, again every `length` days.

    The bits are written out until a year that begins on any of those days is in them.
    """

    origin: int
    length: int
    bits: int

    def days(self, year: int) -> int:
        return self.bits >> (first_day(year) - self.origin) % self.length & _YEAR_BITS


@dataclass(frozen=True, slots=True)
class MonthInterval:
    """Every `length` months from the month `origin` (12 x year + month) on, `span` months each time."""

    origin: int
    length: int
    span: int = 1

    def days(self, year: int) -> int:
        return _interval_months(
            (12 * year - self.origin) % self.length, self.length, self.span, is_leap(year)
        )


@lru_cache(maxsize=4096)
def _interval_months(before: int, length: int, span: int, leap: bool) -> int:
    months = [month for month in range(1, 13) if (before + month) % length < span]
    return month_bits(months, leap=leap) if months else 0


Interval = DayInterval | MonthInterval | None


class Rhythm(NamedTuple):
    """Times of day (seconds, sorted), and the parts and INTERVAL that say on which days they all occur."""

    rule: Rule
    times: tuple[int, ...]
    interval: Interval = None
    positions: tuple[int, ...] = ()


class Stream:
    """The days of a rhythm; each shape of a year is looked at once."""

    __slots__ = ("_by_shape", "_rhythm", "interval", "times")

    def __init__(self, rhythm: Rhythm) -> None:
        self.times = rhythm.times
        self.interval = rhythm.interval
        self._rhythm = rhythm
        self._by_shape: dict[Shape, int] = {}

    def days(self, year: int) -> int:
        form = shape(year)
        days = self._by_shape.get(form)
        if days is None:
            days = self._by_shape[form] = picked_days(self._rhythm.rule, form, self._rhythm.positions)
        return days & self.interval.days(year) if self.interval and days else days


class Yearly:
    """The occurrences from FIRST_YEAR to LAST_YEAR, as streams; the first question adds up the years before it."""

    __slots__ = ("_sizes", "_streams", "_totals", "_years")

    def __init__(self, rhythms: tuple[Rhythm, ...]) -> None:
        self._streams = tuple(Stream(rhythm) for rhythm in rhythms)
        self._sizes = tuple(len(rhythm.times) for rhythm in rhythms)
        self._years: dict[int, tuple[int, ...]] = {}
        self._totals = [0]

    @property
    def a_day(self) -> float:
        """How many there are on a day that has some, at most."""
        return sum(self._sizes)

    def days(self, year: int) -> int:
        """The days of a year on which anything occurs, as bits; not kept, since a proof looks at 400 years."""
        days = 0
        for stream in self._streams:
            days |= stream.days(year)
        return days

    def count(self, before: Local) -> int:
        """How many occurrences lie before a local time."""
        day, time = divmod(before, DAY)
        year = year_of(day)
        if year < FIRST_YEAR:
            return 0
        total = self._before_year(year)
        if year > LAST_YEAR:
            return total
        place = day - first_day(year)
        total += self._before_day(year, place)
        for stream, days in zip(self._streams, self._in_year(year), strict=True):
            if days >> place & 1:
                total += bisect_left(stream.times, time)
        return total

    def nth(self, index: int) -> Local | None:
        """The occurrence of that index, from 0; None if there is none up to LAST_YEAR."""
        if index < 0:
            return None
        while self._totals[-1] <= index:
            if FIRST_YEAR + len(self._totals) > LAST_YEAR + 1:
                return None
            self._before_year(FIRST_YEAR + len(self._totals))
        year = FIRST_YEAR + bisect_right(self._totals, index) - 1
        rest = index - self._totals[year - FIRST_YEAR]
        if len(self._streams) == 1:
            times = self._streams[0].times
            day = days_of(self._in_year(year)[0])[rest // len(times)]
            return (first_day(year) + day) * DAY + times[rest % len(times)]
        day = bisect_right(range(366), rest, key=lambda place: self._before_day(year, place)) - 1
        midnight = (first_day(year) + day) * DAY
        return self.between(midnight, midnight + DAY)[rest - self._before_day(year, day)]

    def numbered(self, low: Local, high: Local) -> tuple[int, list[Local]]:
        """The index of the first occurrence at or after `low`, and the occurrences in [low, high), in order."""
        return self.count(low), self.between(low, high)

    def between(self, low: Local, high: Local) -> list[Local]:
        """The occurrences in [low, high), in order."""
        found: list[Local] = []
        first_year, last_year = year_of(low // DAY), year_of(high // DAY)
        for year in range(max(first_year, FIRST_YEAR), min(last_year, LAST_YEAR) + 1):
            new_year = first_day(year)
            from_day, to_day = max(low // DAY - new_year, 0), min(high // DAY - new_year, 365)
            window = (2 << to_day) - (1 << from_day)
            for stream, days in zip(self._streams, self._in_year(year), strict=True):
                midnights = [(new_year + day) * DAY for day in days_of(days & window)]
                found += [midnight + time for midnight in midnights for time in stream.times]
        if len(self._streams) > 1:
            found.sort()
        return found[bisect_left(found, low) : bisect_left(found, high)]

    def _in_year(self, year: int) -> tuple[int, ...]:
        if year not in self._years:
            self._years[year] = tuple(stream.days(year) for stream in self._streams)
        return self._years[year]

    def _before_year(self, year: int) -> int:
        """How many occurrences lie before a year."""
        wanted = min(year, LAST_YEAR + 1) - FIRST_YEAR
        while len(self._totals) <= wanted:
            summed = FIRST_YEAR + len(self._totals) - 1
            added = 0
            for stream, size in zip(self._streams, self._sizes, strict=True):
                added += stream.days(summed).bit_count() * size
            self._totals.append(self._totals[-1] + added)
        return self._totals[wanted]

    def _before_day(self, year: int, day: int) -> int:
        """How many occurrences lie in a year before a day of it."""
        earlier = (1 << day) - 1
        total = 0
        for days, size in zip(self._in_year(year), self._sizes, strict=True):
            total += (days & earlier).bit_count() * size
        return total


def yearly(rule: Rule, start: Local) -> Yearly:
    """The occurrences of a rule that follows the calendar, INTERVAL counted from `start`, before it, too."""
    day = start // DAY
    filled = filled_in(rule, start)
    if rule.frequency == "HOURLY":
        rhythms = _hourly_rhythms(filled, start)
    elif rule.frequency == "DAILY":
        interval = _day_interval(day, rule.interval, bits=1)
        rhythms = (Rhythm(filled, picked(rule.times(start), rule.positions), interval),)
    else:
        rhythms = _picked_rhythms(filled, rule.times(start), _interval(rule, start))
    return _shared(tuple(rhythm for rhythm in rhythms if rhythm.times))


_shared = lru_cache(maxsize=1024)(Yearly)


def filled_in(rule: Rule, start: Local) -> Rule:
    """The rule with the days that RFC 5545 takes from the start where the rule names none."""
    month, day = month_and_day(start // DAY)
    if rule.weeks or rule.year_days or rule.month_days or rule.days:
        return rule
    match rule.frequency:
        case "YEARLY":
            return replace(rule, months=rule.months or (month,), month_days=(day,))
        case "MONTHLY":
            return replace(rule, month_days=(day,))
        case "WEEKLY":
            return replace(rule, days=(ByDay(0, weekday(start)),))
        case _:
            return rule


def _interval(rule: Rule, start: Local) -> Interval:
    """INTERVAL of a WEEKLY, MONTHLY or YEARLY rule; None for every one."""
    if rule.interval == 1:
        return None
    if rule.frequency == "WEEKLY":
        first = week_of(start, week_start=rule.week_start) // DAY
        return _day_interval(first, 7 * rule.interval, bits=127)
    month, _ = month_and_day(start // DAY)
    length, span, first = (
        (rule.interval, 1, month) if rule.frequency == "MONTHLY" else (12 * rule.interval, 12, 1)
    )
    return MonthInterval((12 * year_of(start // DAY) + first) % length, length, span)


def _day_interval(origin: int, length: int, *, bits: int) -> Interval:
    if length == 1:
        return None
    known = length
    while known < length + 366:
        bits |= bits << known
        known *= 2
    return DayInterval(origin % length, length, bits)


def _picked_rhythms(rule: Rule, times: tuple[int, ...], interval: Interval) -> tuple[Rhythm, ...]:
    """BYSETPOS counts (day, time) pairs: each time of day then has its own positions among the days."""
    if not rule.positions:
        return (Rhythm(rule, times, interval),)
    size = len(times)
    positions: dict[int, list[int]] = defaultdict(list)
    for position in rule.positions:
        days, time = divmod(abs(position) - 1, size)
        positions[time if position > 0 else size - 1 - time].append(days + 1 if position > 0 else -days - 1)
    return tuple(Rhythm(rule, (times[time],), interval, tuple(days)) for time, days in positions.items())


def _hourly_rhythms(rule: Rule, start: Local) -> tuple[Rhythm, ...]:
    """An INTERVAL of hours meets each hour of the day every `cycle` days, from a day of its own on.

    `each` o'clock, some days after the start's day, is met where 24 * days + each - hour is a multiple of INTERVAL:
    only if their common divisor with 24 divides each - hour, and then on one day of `cycle`, found by the inverse.
    """
    hour = start % DAY // HOUR
    common = gcd(rule.interval, 24)
    cycle = rule.interval // common
    minutes = picked(rule.times(start), rule.positions)
    hours: dict[int, list[int]] = defaultdict(list)
    for each in rule.hours or range(24):
        if (each - hour) % common == 0:
            hours[(hour - each) // common * pow(24 // common, -1, cycle) % cycle].append(each)
    return tuple(
        Rhythm(
            rule,
            tuple(each * HOUR + minute for each in same for minute in minutes),
            _day_interval(start // DAY, cycle, bits=1 << first),
        )
        for first, same in hours.items()
    )
