"""The days of a year as the bits of one integer: bit 0 is 1 January.

Which days of a year a rule picks depends only on the year's shape (the weekday on which it begins, leap or
not, its neighbours), and there are few shapes. With sets of days as integers every part of a rule is a mask,
every limit an `&`, and counting one instruction. Days are numbered from 1970-01-01, years are Gregorian.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

from oncall_gitops.core.model.rule import Rule

FIRST_YEAR, LAST_YEAR = 1969, 2500
"""Where calendar rules are worked out: every date that a file can name, and 400 years of proof after it."""

_MONTH_STARTS = (
    (0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365),
    (0, 31, 60, 91, 121, 152, 182, 213, 244, 274, 305, 335, 366),
)
_EVERY_WEEK = sum(1 << day for day in range(0, 385, 7))


def is_leap(year: int) -> bool:
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


def first_day(year: int) -> int:
    """The number of its 1 January."""
    before = year - 1
    return before * 365 + before // 4 - before // 100 + before // 400 - 719_162


def year_of(day: int) -> int:
    """The year that holds a day."""
    year = 1970 + day * 400 // 146_097
    while first_day(year) > day:
        year -= 1
    while first_day(year + 1) <= day:
        year += 1
    return year


def month_and_day(day: int) -> tuple[int, int]:
    """The month (1 for January) and the day of the month."""
    year = year_of(day)
    offset, starts = day - first_day(year), _MONTH_STARTS[is_leap(year)]
    month = next(month for month in range(1, 13) if offset < starts[month])
    return month, offset - starts[month - 1] + 1


class Shape(NamedTuple):
    """All that a rule can tell about a year; `weekday` is that of 1 January."""

    weekday: int
    leap: bool
    leap_before: bool
    leap_after: bool

    @property
    def length(self) -> int:
        return 366 if self.leap else 365


@lru_cache(maxsize=1024)
def shape(year: int) -> Shape:
    return Shape((first_day(year) + 3) % 7, is_leap(year), is_leap(year - 1), is_leap(year + 1))


def month_bits(months: Iterable[int], *, leap: bool) -> int:
    starts = _MONTH_STARTS[leap]
    bits = 0
    for month in months:
        bits |= _run(starts[month - 1], starts[month])
    return bits


@lru_cache(maxsize=4096)
def days_of(bits: int) -> tuple[int, ...]:
    """The days in a set, in order."""
    return tuple(day for day, bit in enumerate(reversed(f"{bits:b}")) if bit == "1")


@lru_cache(maxsize=8192)
def picked_days(rule: Rule, year: Shape, positions: tuple[int, ...] = ()) -> int:
    """The days of a year that a rule's parts name, before INTERVAL.

    `positions` keeps only those days of each week, month or year (the rule's frequency), counted from 1, or
    from the end when negative.
    """
    if not positions:
        return _named_days(rule, year)
    if rule.frequency == "WEEKLY":
        return _picked_in_weeks(rule, year, positions)
    days = _named_days(rule, year)
    if rule.frequency == "YEARLY":
        return _pick(days, positions)
    starts = _MONTH_STARTS[year.leap]
    months = (days & _run(starts[month], starts[month + 1]) for month in range(12))
    return _union(_pick(month, positions) for month in months)


def _named_days(rule: Rule, year: Shape) -> int:
    days = _run(0, year.length)
    if rule.months:
        days &= month_bits(rule.months, leap=year.leap)
    if rule.weeks:
        days &= _week_bits(rule.weeks, year, rule.week_start)
    if rule.year_days:
        ends = (day - 1 if day > 0 else year.length + day for day in rule.year_days)
        days &= _union(1 << end for end in ends if end >= 0)
    if rule.month_days:
        days &= _month_day_bits(rule.month_days, leap=year.leap)
    if rule.days:
        days &= _weekday_bits(rule, year)
    return days


def _run(first: int, end: int) -> int:
    return (1 << end) - (1 << first)


def _union(sets: Iterable[int]) -> int:
    bits = 0
    for each in sets:
        bits |= each
    return bits


@lru_cache(maxsize=1024)
def _month_day_bits(month_days: tuple[int, ...], *, leap: bool) -> int:
    starts = _MONTH_STARTS[leap]
    bits = 0
    for first, end in pairwise(starts):
        for day in month_days:
            found = first + day - 1 if day > 0 else end + day
            if first <= found < end:
                bits |= 1 << found
    return bits


def _weekday_bits(rule: Rule, year: Shape) -> int:
    """Plain weekdays, and numbered ones within the month, or within the year where no month is named."""
    starts = _MONTH_STARTS[year.leap]
    if rule.frequency == "YEARLY" and not rule.months:
        ranges = [(0, year.length)]
    else:
        ranges = [(starts[month - 1], starts[month]) for month in rule.months or range(1, 13)]
    bits = 0
    for ordinal, weekday in rule.days:
        if not ordinal:
            bits |= _EVERY_WEEK << (weekday - year.weekday) % 7
            continue
        for first, end in ranges:
            if ordinal > 0:
                found = first + (weekday - year.weekday - first) % 7 + 7 * (ordinal - 1)
            else:
                found = end - 1 - (year.weekday + end - 1 - weekday) % 7 + 7 * (ordinal + 1)
            if first <= found < end:
                bits |= 1 << found
    return bits


def _week_bits(weeks: tuple[int, ...], year: Shape, week_start: int) -> int:
    """The days of numbered weeks; one that reaches over New Year is of the year of most of its days."""
    before, after = 366 if year.leap_before else 365, 366 if year.leap_after else 365
    starts = [-before, 0, year.length, year.length + after]
    mondays = [_first_week(start, year.weekday + start, week_start) for start in starts]
    bits = 0
    for first, end in pairwise(mondays):
        count = (end - first) // 7
        for week in weeks:
            number = week if week > 0 else count + 1 + week
            if 1 <= number <= count:
                at = first + 7 * (number - 1)
                bits |= 127 << at if at >= 0 else 127 >> min(-at, 7)
    return bits


def _first_week(new_year: int, weekday: int, week_start: int) -> int:
    """Where the week begins that is the first with at least four days in the year."""
    into = (weekday - week_start) % 7
    return new_year - into if into <= 3 else new_year + 7 - into


def _picked_in_weeks(rule: Rule, year: Shape, positions: tuple[int, ...]) -> int:
    """As `_pick` for each week, whole weeks even where they reach over New Year."""
    months = month_bits(rule.months or range(1, 13), leap=year.leap)
    december, january = (_run(0, 7) if month in rule.months or not rule.months else 0 for month in (12, 1))
    named = december | months << 7 | january << (7 + year.length)
    named &= _union(_EVERY_WEEK << (day.weekday - year.weekday) % 7 for day in rule.days)
    first = 7 - (year.weekday - rule.week_start) % 7  # where the week of 1 January begins
    bits = 0
    for week in range(first, year.length + 7, 7):
        bits |= _pick(named & 127 << week, positions)
    return bits >> 7 & _run(0, year.length)


def _pick(days: int, positions: tuple[int, ...]) -> int:
    """The set's n-th days, counted from 1, or from the end when negative."""
    found = days_of(days) if days else ()
    bits = 0
    for position in positions:
        if abs(position) <= len(found):
            bits |= 1 << found[position - 1 if position > 0 else position]
    return bits
