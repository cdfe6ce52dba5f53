"""Random rules, and two other readings of them: dateutil's, and RFC 5545's sentences day by day.

The second reading is slow and shares nothing with the product but the parser's values: it looks at each day
through `datetime.date`, gathers each interval's set, and picks from it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from functools import cache
from itertools import chain, groupby, islice, pairwise
from random import Random
from typing import Literal, NamedTuple

from dateutil import rrule as dateutil

from oncall_gitops.core.model.when import DAY, Local, local_date, local_datetime, local_seconds
from oncall_gitops.core.rule import Rule

EPOCH = date(1970, 1, 1)
CODES = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
FREQUENCIES: dict[str, Literal[0, 1, 2, 3, 4]] = {
    "HOURLY": dateutil.HOURLY,
    "DAILY": dateutil.DAILY,
    "WEEKLY": dateutil.WEEKLY,
    "MONTHLY": dateutil.MONTHLY,
    "YEARLY": dateutil.YEARLY,
}


def a_start(random: Random) -> Local:
    """Between 1970 and 2099, mostly on the minute."""
    start = random.randrange(0, local_seconds_of(date(2099, 12, 31)))
    return start if random.random() < 0.1 else start - start % 60


def a_rule_text(random: Random) -> str:
    """Any rule that the parser takes, the likely ones more often."""
    frequency = random.choice(list(FREQUENCIES))
    parts = [f"FREQ={frequency}"]

    def part(name: str, pool: Iterable[object], *, chance: float, most: int) -> bool:
        if random.random() >= chance:
            return False
        values = list(pool)
        chosen = random.sample(values, random.randint(1, min(most, len(values))))
        parts.append(f"{name}={','.join(map(str, chosen))}")
        return True

    if random.random() < 0.4:
        parts.append(f"INTERVAL={random.choice(_intervals(frequency))}")
    months = part("BYMONTH", range(1, 13), chance=0.3, most=4)
    weeks = frequency == "YEARLY" and part("BYWEEKNO", _signed(53), chance=0.2, most=4)
    limits = [months, weeks]
    if frequency in ("HOURLY", "YEARLY"):
        limits.append(part("BYYEARDAY", _signed(366), chance=0.15, most=8))
    if frequency != "WEEKLY":
        limits.append(part("BYMONTHDAY", _signed(31), chance=0.3, most=8))
    limits.append(part("BYDAY", _weekdays(random, frequency, months, weeks), chance=0.4, most=4))
    limits.append(part("BYHOUR", range(24), chance=0.25, most=4))
    limits.append(part("BYMINUTE", range(60), chance=0.25, most=3))
    if any(limits):
        part("BYSETPOS", [1, 2, 3, 4, 5, 12, 60, -1, -2, -3, -4, -10], chance=0.25, most=3)
    part("WKST", CODES, chance=0.3, most=1)
    return ";".join([parts[0], *random.sample(parts[1:], len(parts) - 1)])


def _intervals(frequency: str) -> list[int]:
    return {
        "HOURLY": [2, 3, 5, 7, 8, 12, 13, 24, 25, 30, 48, 100, 168, 1000],
        "DAILY": [2, 3, 7, 10, 14, 30, 31, 365, 366, 1000],
        "WEEKLY": [2, 3, 4, 5, 6, 13, 52, 53],
        "MONTHLY": [2, 3, 4, 5, 6, 7, 12, 13, 18, 24, 48],
        "YEARLY": [2, 3, 4, 5, 7, 8, 9],
    }[frequency]


def _signed(high: int) -> list[int]:
    return [number for number in range(-high, high + 1) if number]


def _weekdays(random: Random, frequency: str, months: bool, weeks: bool) -> list[str]:
    kind = random.random()
    if frequency not in ("MONTHLY", "YEARLY") or weeks or kind < 0.4:
        return list(CODES)
    numbers = _signed(5 if frequency == "MONTHLY" or months else 53)
    numbered = [f"{random.choice(numbers)}{day}" for day in CODES]
    return numbered if kind < 0.9 else [*numbered, *CODES]


def dateutil_knows(rule: Rule) -> bool:
    """Whether dateutil reads the rule as RFC 5545 says.

    It does not where it takes BYDAY=MO,1TU for both at once, numbers weeks from the end of a year into the
    next one, or begins BYSETPOS in the middle of the first week.
    """
    mixed = len({bool(day.ordinal) for day in rule.days}) > 1
    edges = any(week in (1, 52, 53) or week in (-1, -52, -53) for week in rule.weeks)
    return not (mixed or edges or (rule.frequency == "WEEKLY" and rule.positions))


def by_dateutil(rule: Rule, start: Local) -> Iterator[Local]:
    """The start, then dateutil's occurrences after it. The rule must be known to fire."""
    found = dateutil.rrule(
        FREQUENCIES[rule.frequency],
        dtstart=local_datetime(start),
        interval=rule.interval,
        wkst=rule.week_start,
        bysetpos=rule.positions or None,
        bymonth=rule.months or None,
        bymonthday=rule.month_days or None,
        byyearday=rule.year_days or None,
        byweekno=rule.weeks or None,
        byweekday=[dateutil.weekday(day.weekday, day.ordinal or None) for day in rule.days] or None,
        byhour=rule.hours or None,
        byminute=rule.minutes or None,
    )
    return chain([start], (later for later in map(local_seconds, found) if later > start))


class Day(NamedTuple):
    """A day as a rule sees it; what counts from the end is negative."""

    number: int
    year: int
    month: int
    of_month: tuple[int, int]
    of_year: tuple[int, int]
    weekday: int
    nth_in_month: tuple[int, int]
    nth_in_year: tuple[int, int]


@cache
def day_of(number: int) -> Day:
    day = EPOCH + timedelta(days=number)
    next_month = (day.replace(day=1) + timedelta(days=32)).replace(day=1)
    of_year = (day - date(day.year, 1, 1)).days + 1
    left_in_month = (next_month - day).days
    left_in_year = (date(day.year + 1, 1, 1) - day).days
    return Day(
        number,
        day.year,
        day.month,
        (day.day, -left_in_month),
        (of_year, -left_in_year),
        day.weekday(),
        ((day.day - 1) // 7 + 1, -((left_in_month - 1) // 7 + 1)),
        ((of_year - 1) // 7 + 1, -((left_in_year - 1) // 7 + 1)),
    )


def by_definition(rule: Rule, start: Local, low: Local, high: Local) -> list[Local]:
    """The start and the rule's occurrences after it, in [low, high), day by day."""
    first, last = start // DAY, high // DAY
    around = 400 if rule.positions else 0
    days = (day_of(number) for number in range(max(low // DAY, first) - around, last + around + 1))
    found = [start] if low <= start < high else []
    for _, period in groupby(_moments(rule, start, days), key=lambda moment: moment[0]):
        chosen = sorted(moment for _, moment in period)
        if rule.positions:
            places = {at - 1 if at > 0 else len(chosen) + at for at in rule.positions}
            chosen = [moment for place, moment in enumerate(chosen) if place in places]
        found += [moment for moment in chosen if moment > start and low <= moment < high]
    return found


def longest_gap_by_definition(rule: Rule, start: Local) -> int:
    """The longest gap in days in 400 years, the start being an occurrence; 146,097 if it never fires."""
    first = start // DAY
    found = by_definition(rule, start, start, start + 146_097 * DAY)
    days = [first, *(moment // DAY for moment in found), first + 146_097]
    return max(after - before for before, after in pairwise(days))


def _moments(rule: Rule, start: Local, days: Iterable[Day]) -> Iterator[tuple[int, Local]]:
    """What the rule names, each with the number of its period; periods that INTERVAL skips are left out."""
    first = day_of(start // DAY)
    minutes = rule.minutes or (start // 60 % 60,)
    hourly = rule.frequency == "HOURLY"
    hours = rule.hours or (tuple(range(24)) if hourly else (start % DAY // 3600,))
    for day in days:
        if not _is_named(rule, first, day):
            continue
        for hour in hours:
            period = _period(rule, day, hour)
            if (period - _period(rule, first, start % DAY // 3600)) % rule.interval == 0:
                for minute in minutes:
                    yield period, day.number * DAY + hour * 3600 + minute * 60 + start % 60


def _period(rule: Rule, day: Day, hour: int) -> int:
    match rule.frequency:
        case "HOURLY":
            return day.number * 24 + hour
        case "DAILY":
            return day.number
        case "WEEKLY":
            return (day.number + 3 - rule.week_start) // 7
        case "MONTHLY":
            return day.year * 12 + day.month
        case "YEARLY":
            return day.year


def _is_named(rule: Rule, first: Day, day: Day) -> bool:
    no_day = not (rule.weeks or rule.year_days or rule.month_days or rule.days)
    if rule.months and day.month not in rule.months:
        return False
    if no_day and rule.frequency == "YEARLY":
        return day.of_month[0] == first.of_month[0] and (bool(rule.months) or day.month == first.month)
    if no_day and rule.frequency == "MONTHLY":
        return day.of_month[0] == first.of_month[0]
    if no_day and rule.frequency == "WEEKLY":
        return day.weekday == first.weekday
    if rule.year_days and not set(day.of_year) & set(rule.year_days):
        return False
    if rule.month_days and not set(day.of_month) & set(rule.month_days):
        return False
    if rule.weeks and not set(_week(day, rule.week_start)) & set(rule.weeks):
        return False
    in_year = rule.frequency == "YEARLY" and not rule.months
    nth = (0, *(day.nth_in_year if in_year else day.nth_in_month))
    return not rule.days or any(each.weekday == day.weekday and each.ordinal in nth for each in rule.days)


@cache
def _week(day: Day, week_start: int) -> tuple[int, int]:
    """The number of the day's week in the year that has most of its days, from both ends."""
    fourth = day_of(day.number - (day.weekday - week_start) % 7 + 3)
    return fourth.nth_in_year


def occurrences(count: int, of: Iterator[Local]) -> list[Local]:
    return list(islice(of, count))


def local_seconds_of(day: date) -> Local:
    return (day - EPOCH).days * DAY


def shown(locals_: Iterable[Local]) -> str:
    """`1997-09-02 09:00, ...` for messages and for expectations written out."""
    return ", ".join(f"{local_date(each)} {local_datetime(each):%H:%M}" for each in locals_)
