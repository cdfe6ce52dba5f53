"""Who is on call now, by the age of the rotation: against python-dateutil and recurring-ical-events.

dateutil steps from the first occurrence; `Timetable.holder` counts. A rule is also asked the dear way, made ready
for one question (`resolve`), since that is what a command does, and then as the first one of a process.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from benchmarks import measuring
from benchmarks.measuring import Figure, cpu, cpu_each
from oncall_gitops.core import layout, recurrence, turns, year, yearly
from oncall_gitops.core.model.instant import from_datetime
from oncall_gitops.core.model.interval import Interval
from oncall_gitops.core.model.rotation import Cadence, Place, Rotation
from oncall_gitops.core.model.schedule import Schedule
from oncall_gitops.core.model.when import parse_when
from oncall_gitops.core.resolve import Timetable, resolve

NOW = datetime(2026, 11, 22, 20, tzinfo=UTC)
AT = from_datetime(NOW)
AGES = (1, 10, 40, 50)
LOCAL_NOW = NOW.replace(tzinfo=None)

RULES = {
    "HOURLY": ("FREQ=HOURLY", 20),
    "WEEKLY": ("FREQ=WEEKLY;BYDAY=MO,FR", 20),
    "MONTHLY": ("FREQ=MONTHLY;BYDAY=1MO", 10),
    "YEARLY": ("FREQ=YEARLY;BYMONTH=1,4,7,10;BYMONTHDAY=1", 10),
}
"""A rule of each kind, and how many times as fast as dateutil it must be at ten years."""

KEPT = [
    each
    for module in (recurrence, yearly, year, turns, layout)
    for each in vars(module).values()
    if hasattr(each, "cache_clear")
]
"""What the core keeps of one question for the next."""


def a_schedule(rule: str, *, age: int, dated: bool = False) -> Schedule:
    """A rotation that began that many years ago; `dated`: with people who came and went."""
    places = [Place("ana"), Place("ben"), Place("chloe")]
    if dated:
        places += [
            Place("dev", start=parse_when(f"{2026 - age // 2}-03-01")),
            Place("eva", until=parse_when(f"{2026 - age // 2}-09-01")),
        ]
    rotation = Rotation(Cadence("custom", rrule=rule), tuple(places))
    return Schedule(
        "team",
        "schedule",
        "schedule",
        timezone="Europe/Berlin",
        start=parse_when(f"{2026 - age}-11-20"),
        rotation=rotation,
    )


def measure(arguments: argparse.Namespace) -> list[Figure]:
    rounds = 9 if arguments.full else 5
    return [*_daily(rounds), *_any_rule(rounds)]


def _daily(rounds: int) -> list[Figure]:
    daily = "FREQ=DAILY"
    plain = _by_age(lambda age: _asking(a_schedule(daily, age=age)), 20_000, rounds)
    dated = _by_age(lambda age: _asking(a_schedule(daily, age=age, dated=True)), 5_000, rounds)
    peer = {age: _dateutil(daily, age) for age in (1, 10)}
    return [
        Figure("1", "now, daily, 10 years: dateutil `between` / ours", peer[10] / plain[10], "x", 2_000),
        _calendars("1", daily, ours=plain[10]),
        Figure("1", "ours, 40 years / 1 year", plain[40] / plain[1], "x", 1.3, at_most=True),
        Figure("1", "ours, 50 years / 1 year", plain[50] / plain[1], "x", 1.1, at_most=True),
        Figure(
            "1", "ours with dated places, 50 years / 1 year", dated[50] / dated[1], "x", 1.1, at_most=True
        ),
        Figure("1", "dateutil, 10 years / 1 year", peer[10] / peer[1]),
        Figure("1", "ours, 10 years", plain[10] * 1e6, "us"),
    ]


def _any_rule(rounds: int) -> list[Figure]:
    figures = []
    for name, (rule, goal) in RULES.items():
        cold = _by_age(partial(_resolving, rule), 1_000, rounds)
        peer = _dateutil(rule, 10)
        figures += [
            Figure(
                "2",
                f"{name}, 10 years: dateutil / ours, made ready and asked once",
                peer / cold[10],
                "x",
                goal,
            ),
            Figure("2", f"{name}, ours, 50 years / 1 year", cold[50] / cold[1], "x", 1.5, at_most=True),
        ]
        first = _by_age(partial(_resolving_first, rule), 200, rounds)
        what = f"{name}, ours, the first question of a process"
        figures += [
            Figure("2", f"{what}, 50 years / 1 year", first[50] / first[1], "x", 1.5, at_most=True),
            Figure("2", f"{what}, 10 years", first[10] * 1e6, "us"),
        ]
    return figures


def _by_age(asking: Callable[[int], Callable[[], object]], number: int, rounds: int) -> dict[int, float]:
    """The seconds of one question, by the age of the rotation."""
    seconds = cpu_each([asking(age) for age in AGES], number=number, rounds=2 * rounds)
    return dict(zip(AGES, seconds, strict=True))


def _asking(schedule: Schedule) -> Callable[[], object]:
    timetable = Timetable(schedule, siblings={})
    assert timetable.holder(AT)
    return lambda: timetable.holder(AT)


def _resolving(rule: str, age: int) -> Callable[[], object]:
    schedule, window = a_schedule(rule, age=age), Interval(AT, AT + 1)
    return lambda: resolve(schedule, window, siblings={})


def _resolving_first(rule: str, age: int) -> Callable[[], object]:
    """The same, with nothing left of any question before."""
    resolving = _resolving(rule, age)

    def forgetful() -> object:
        for kept in KEPT:
            kept.cache_clear()
        return resolving()

    return forgetful


def _dateutil(rule: str, age: int) -> float:
    from dateutil.rrule import rrulestr

    asked = rrulestr(rule, dtstart=datetime(2026 - age, 11, 20, 9))
    earlier = LOCAL_NOW - timedelta(days=1)
    look: Callable[[], Any]
    if rule in ("FREQ=DAILY", "FREQ=HOURLY"):
        look = lambda: asked.between(earlier, LOCAL_NOW, inc=True)  # noqa: E731
    else:
        look = lambda: asked.before(LOCAL_NOW, inc=True)  # noqa: E731
    return cpu(look, rounds=3)


def _calendars(item: str, rule: str, *, ours: float) -> Figure:
    what = "now, daily, 10 years: recurring-ical-events, query kept / ours"
    icalendar, recurring = measuring.peer("icalendar"), measuring.peer("recurring_ical_events")
    if not recurring:
        return measuring.missing(item, what, "recurring-ical-events")
    event = icalendar.Event()
    event.add("uid", "1")
    event.add("dtstart", datetime(2016, 11, 20, 9))
    event.add("dtend", datetime(2016, 11, 21, 9))
    event.add("rrule", icalendar.vRecur.from_ical(rule))
    calendar = icalendar.Calendar()
    calendar.add_component(event)
    query = recurring.of(calendar)
    return Figure(item, what, cpu(lambda: query.at(LOCAL_NOW), rounds=3) / ours)


if __name__ == "__main__":
    measuring.run(__doc__, measure)
