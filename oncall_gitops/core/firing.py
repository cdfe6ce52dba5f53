"""A proof that a rule fires, and how rarely, before anybody relies on it.

A rule can be well formed and still name no moment (30 February), or none that its INTERVAL meets from this
start. The Gregorian calendar repeats after 400 years, so that much is looked at: year by year as sets of
days, or two periods of a rule that repeats sooner. The work is bounded for every rule that can be written.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain, pairwise
from math import lcm
from typing import NamedTuple

from oncall_gitops.core.model.rule import LONGEST_GAP, MONTH_LENGTHS, Rule, RuleError, RuleMistake
from oncall_gitops.core.model.when import DAY, Local, local_date, local_text
from oncall_gitops.core.recurrence import pattern
from oncall_gitops.core.repeating import Repeating
from oncall_gitops.core.year import first_day, year_of
from oncall_gitops.core.yearly import Yearly, filled_in, yearly

RARE = 366
"""A year, in days, at its longest: a gap above it deserves a warning."""

HORIZON = 146_097
"""400 years in days."""


class DayGap(NamedTuple):
    """Two days, numbered from 1970-01-01, with an occurrence each and none between."""

    first: int
    next: int

    @property
    def length(self) -> int:
        return self.next - self.first


@dataclass(frozen=True, slots=True)
class Firing:
    """What the proof found: the longest gap between two occurrences, the start being one of them.

    `matches_start` is false where only RFC 5545's rule for DTSTART makes the start an occurrence.
    `skips_short_months`: the day of the month is the start's, and not every month has it.
    """

    gap: DayGap
    matches_start: bool
    skips_short_months: bool

    @property
    def longest_gap(self) -> int:
        """In days."""
        return self.gap.length

    @property
    def is_rare(self) -> bool:
        """Whether more than a year passes between two occurrences."""
        return self.gap.length > RARE


def prove(rule: Rule, start: Local) -> Firing:
    """That the rule fires from `start` on, never more than nine years apart in 400 years; else RuleError.

    Gaps are counted in local days. The error's span is that of the whole normal form.
    """
    occurrences = pattern(rule, start)
    longest = _longest(occurrences, rule, start)
    if longest.next - start // DAY >= HORIZON and longest.first == start // DAY:
        raise RuleError(_never(rule, start))
    if longest.length > LONGEST_GAP:
        raise RuleError(_too_rare(rule, longest))
    return Firing(
        gap=longest,
        matches_start=occurrences.count(start + 1) > occurrences.count(start),
        skips_short_months=_skips_short_months(rule, start),
    )


def _longest(occurrences: Repeating | Yearly, rule: Rule, start: Local) -> DayGap:
    if isinstance(occurrences, Repeating):
        return max(_gaps(occurrences, start), key=_length)
    if rule.interval == 1:
        anywhere = _longest_anywhere(filled_in(rule, start))
        if anywhere.length <= RARE:
            return anywhere
    first = start // DAY
    return max(_day_gaps(occurrences, first, first + HORIZON), key=_length)


@lru_cache(maxsize=4096)
def _longest_anywhere(rule: Rule) -> DayGap:
    """Without INTERVAL the start hardly matters: one proof serves every rotation with such a rule."""
    start = first_day(1990)
    occurrences = yearly(rule, start * DAY)
    return max(_day_gaps(occurrences, start, start + HORIZON + LONGEST_GAP), key=_length)


def _length(gap: DayGap) -> int:
    return gap.length


def _gaps(occurrences: Repeating, start: Local) -> Iterator[DayGap]:
    """Of a repeating rule: two periods hold every gap, unless they are longer than what is looked at.

    Whole days, since the gap that crosses a midnight counts for one.
    """
    end = start + HORIZON * DAY
    high = min(start + 2 * lcm(occurrences.period, DAY) + 1, end)
    found = occurrences.between(start + 1, high)
    days = chain([start], found, [end] if high == end or not found else [])
    for low, high in pairwise(days):
        yield DayGap(low // DAY, high // DAY)


def _day_gaps(occurrences: Yearly, start: int, end: int) -> Iterator[DayGap]:
    """Of a rule that follows the calendar: the gaps from year to year, and the longest one in each year."""
    last, first_year = start, year_of(start)
    for year in range(first_year, year_of(end) + 1):
        new_year = first_day(year)
        days = occurrences.days(year)
        if year == first_year:
            days &= -2 << last - new_year
        if not days:
            continue
        yield DayGap(last, new_year + (days & -days).bit_length() - 1)
        first, length = _longest_gap(days)
        yield DayGap(new_year + first, new_year + first + length)
        last = new_year + days.bit_length() - 1
    yield DayGap(last, max(last, end))


@lru_cache(maxsize=4096)
def _longest_gap(days: int) -> tuple[int, int]:
    """The first day of the longest gap inside a set of days, and its length; 0 if there is but one day."""
    text = f"{days:b}"
    longest = max(map(len, text.strip("0").split("1")))
    if days & (days - 1) == 0:
        return len(text) - 1, 0
    later = len(text) - 1 - text.index(f"1{'0' * longest}1")
    return later - longest - 1, longest + 1


def _skips_short_months(rule: Rule, start: Local) -> bool:
    """Whether the day of the month is the start's, and a month that the rule names lacks it."""
    filled = filled_in(rule, start)
    if rule.month_days or not filled.month_days:
        return False
    return any(filled.month_days[0] > MONTH_LENGTHS[month - 1] for month in filled.months or range(1, 13))


def _never(rule: Rule, start: Local) -> RuleMistake:
    message = f"the rule never fires after its start, {local_text(start)}"
    if rule.interval > 1:
        hint = f"counted from the start, INTERVAL={rule.interval} misses what the other parts name"
    else:
        hint = "no day meets all its parts"
    return RuleMistake(message, (0, len(rule.text)), hint)


def _too_rare(rule: Rule, gap: DayGap) -> RuleMistake:
    first, after = local_date(gap.first * DAY), local_date(gap.next * DAY)
    message = f"the rule does not fire between {first} and {after}: occurrences lie at most 9 years apart"
    return RuleMistake(message, (0, len(rule.text)))
