"""Resolving shifts: one schedule and a thousand, with three layers; ten thousand overrides.

Peers in the same run: a plain sweep with zoneinfo; the floor, which is making and appending the very tuples of the
result, or only appending them ready made; icalendar with recurring-ical-events, which is how Grafana OnCall
expands the same layers.
"""

from __future__ import annotations

import argparse
from datetime import date, datetime, time, timedelta
from functools import partial
from zoneinfo import ZoneInfo

from benchmarks import measuring
from benchmarks.measuring import Figure, cpu, cpu_each
from benchmarks.peers import PlainLayer, calendar_of, plain_sweep
from oncall_gitops.core.model.instant import Instant, from_datetime, instant_text
from oncall_gitops.core.model.interval import Interval
from oncall_gitops.core.model.layer import Layer
from oncall_gitops.core.model.override import Override
from oncall_gitops.core.model.restriction import DailyWindow, WholeDays
from oncall_gitops.core.model.rotation import Cadence, Place, Rotation
from oncall_gitops.core.model.schedule import Schedule
from oncall_gitops.core.model.shift import Shift
from oncall_gitops.core.model.when import parse_when
from oncall_gitops.core.resolve import Timetable, resolve

ZONES = (
    "Europe/Berlin",
    "America/New_York",
    "Asia/Kolkata",
    "Australia/Sydney",
    "America/Sao_Paulo",
    "Asia/Tokyo",
    "Europe/London",
    "America/Los_Angeles",
)
START = datetime(2026, 2, 2)
WEEK = timedelta(weeks=1)
AT = from_datetime(datetime.fromisoformat("2026-11-22T20:00Z"))


def a_schedule(number: int, overrides: tuple[Override, ...] = ()) -> Schedule:
    """A weekly base rotation, office hours that change hands daily, weekends."""
    office = DailyWindow(9 * 3600, 17 * 3600, (0, 1, 2, 3, 4))
    return Schedule(
        "team",
        f"s{number}",
        f"s{number}",
        timezone=ZONES[number % len(ZONES)],
        start=parse_when(f"{_monday(number):%Y-%m-%d}"),
        rotation=_rotation(Cadence("weekly"), f"a{number}", 5),
        layers=(
            Layer(
                "office", "office", 10, _rotation(Cadence("daily"), f"b{number}", 4), restrictions=(office,)
            ),
            Layer(
                "weekend",
                "weekend",
                20,
                _rotation(Cadence("weekly", handoff_day=5), f"c{number}", 3),
                handoff_time=0,
                restrictions=(WholeDays((5, 6)),),
            ),
        ),
        overrides=overrides,
    )


def plain_layers(number: int) -> list[PlainLayer]:
    """The same, as a peer has it."""
    nine = datetime.combine(_monday(number), time(9))
    saturday = datetime.combine(_monday(number) - timedelta(days=2), time(0))
    return [
        PlainLayer("base", nine, 7, _people(f"a{number}", 5)),
        PlainLayer("layer:office", nine, 1, _people(f"b{number}", 4), range(5), time(9), 8),
        PlainLayer("layer:weekend", saturday, 7, _people(f"c{number}", 3), (5, 6)),
    ]


def measure(arguments: argparse.Namespace) -> list[Figure]:
    rounds = 9 if arguments.full else 4
    return [*_many(1_000, rounds), *_one_year(rounds), *_overrides(10_000, rounds)]


def _many(count: int, rounds: int) -> list[Figure]:
    quarter, years = _window(13), _window(130)
    schedules = [a_schedule(number) for number in range(count)]
    layers = [(plain_layers(number), ZoneInfo(ZONES[number % len(ZONES)])) for number in range(count)]
    end = START + 13 * WEEK

    def ours(window: Interval = quarter, part: int = count) -> list[list[Shift]]:
        return [resolve(schedule, window, siblings={}) for schedule in schedules[:part]]

    rows = [shift for shifts in ours() for shift in shifts]

    columns = list(zip(*rows, strict=True))

    def floor() -> list[tuple[object, ...]]:
        """The very tuples of the result, made and appended."""
        found: list[tuple[object, ...]] = []
        for start, end, user, source, turn in zip(*columns, strict=True):
            found.append((start, end, user, source, turn))
        return found

    def ready() -> list[Shift]:
        """The same, made before."""
        found: list[Shift] = []
        for row in rows:
            found.append(row)  # noqa: PERF402 (what is measured)
        return found

    def plain() -> object:
        return [plain_sweep(each, zone, START, end) for each, zone in layers]

    tenth = count // 10
    mine, theirs, least, bare, few, far = cpu_each(
        [ours, plain, floor, ready, lambda: ours(part=tenth), lambda: ours(years, tenth)], rounds=rounds
    )
    what = f"{count:,} schedules, 3 layers, 13 weeks"
    return [
        Figure("3", f"{what}: plain zoneinfo sweep / ours", theirs / mine, "x", 10),
        Figure(
            "3",
            f"{what}: ours / making and appending the tuples",
            mine / least,
            "x",
            15,
            at_most=True,
            note=f"{len(rows):,} shifts",
        ),
        Figure("3", f"{what}: ours / appending ready tuples", mine / bare),
        Figure("3", f"{what}: ours, each shift", mine / len(rows) * 1e6, "us"),
        Figure("3", "growth: 10 times the schedules", mine / few, "x", 11, at_most=True),
        Figure("3", "growth: 10 times the horizon", far / few, "x", 11, at_most=True),
    ]


def _one_year(rounds: int) -> list[Figure]:
    what = "one schedule, 3 layers, 52 weeks: icalendar and recurring-ical-events / ours"
    recurring = measuring.peer("recurring_ical_events")
    if not recurring:
        return [measuring.missing("3", what, "recurring-ical-events")]
    schedule, zone, end = a_schedule(0), ZoneInfo(ZONES[0]), START + 52 * WEEK
    calendar = calendar_of(plain_layers(0), zone)
    ours = cpu(lambda: resolve(schedule, _window(52), siblings={}), number=50, rounds=rounds)
    theirs = cpu(lambda: recurring.of(calendar).between(START, end), rounds=2)
    return [Figure("3", what, theirs / ours, "x", 80)]


def _overrides(count: int, rounds: int) -> list[Figure]:
    """Four hours each, every nine hours, over ten years."""
    first = AT - count // 2 * 9 * 3600
    overrides = tuple(
        Override("zoe", parse_when(instant_text(start)), parse_when(instant_text(start + 4 * 3600)))
        for start in range(first, first + count * 9 * 3600, 9 * 3600)
    )
    without, few, many = (
        Timetable(a_schedule(0, overrides[low:high]), siblings={})
        for low, high in ((0, 0), (count * 9 // 20, count * 11 // 20), (0, count))
    )
    quarter = Interval(AT, AT + 13 * 7 * 86_400)
    between = AT + 5 * 3600  # no override holds then, so the layers are asked, too
    near, far = cpu_each(
        [partial(each.holder, between) for each in (without, many)], number=5_000, rounds=rounds
    )
    bare, some, all_ = cpu_each(
        [partial(each.shifts, quarter) for each in (without, few, many)], number=20, rounds=rounds
    )
    inside = sum(shift.source == "override" for shift in many.shifts(quarter))
    return [
        Figure("4", f"now, {count:,} overrides / none", far / near, "x", 2, at_most=True),
        Figure("4", f"13 weeks, {count:,} overrides / {count // 10:,}", all_ / some, "x", 1.3, at_most=True),
        Figure(
            "4", "13 weeks, each override inside", (all_ - bare) / inside * 1e6, "us", note=f"{inside} inside"
        ),
        *_calendar_of_overrides(overrides, far, rounds),
    ]


def _calendar_of_overrides(overrides: tuple[Override, ...], ours: float, rounds: int) -> list[Figure]:
    what = f"now, {len(overrides):,} overrides: recurring-ical-events, query kept / ours"
    icalendar, recurring = measuring.peer("icalendar"), measuring.peer("recurring_ical_events")
    if not recurring:
        return [measuring.missing("4", what, "recurring-ical-events")]
    calendar = icalendar.Calendar()
    for number, override in enumerate(overrides):
        event = icalendar.Event()
        event.add("uid", str(number))
        event.add("dtstart", _utc(override.start.seconds))
        event.add("dtend", _utc(override.end.seconds))
        calendar.add_component(event)
    query = recurring.of(calendar)
    theirs = cpu(lambda: query.at(_utc(AT)), rounds=min(rounds, 3))
    return [Figure("4", what, theirs / ours)]


def _monday(number: int) -> date:
    first = date(2020 + number % 5, 1, 6)
    return first - timedelta(days=first.weekday())


def _people(prefix: str, count: int) -> list[str]:
    return [f"{prefix}-{number}" for number in range(count)]


def _rotation(cadence: Cadence, prefix: str, count: int) -> Rotation:
    return Rotation(cadence, tuple(Place(user) for user in _people(prefix, count)))


def _window(weeks: int) -> Interval:
    start = from_datetime(datetime.fromisoformat("2026-02-02T00:00Z"))
    return Interval(start, start + weeks * 7 * 86_400)


def _utc(instant: Instant) -> datetime:
    return datetime.fromisoformat(instant_text(instant))


if __name__ == "__main__":
    measuring.run(__doc__, measure)
