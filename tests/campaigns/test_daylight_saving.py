"""Every change of every clock, 2020 to 2037, with a handoff at each half hour: each instant has one holder.

The oracle is the standard library: PEP 495's first reading of a local time is the rule of RFC 5545, so
`datetime(...).timestamp()` says when a handoff or the edge of a window is, with none of our tables.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from importlib import resources
from itertools import accumulate, chain, pairwise
from typing import NamedTuple
from zoneinfo import ZoneInfo

import pytest

from oncall_gitops.core.model.interval import Interval
from oncall_gitops.core.model.restriction import ALL_DAYS, DailyWindow
from oncall_gitops.core.model.shift import Shift
from oncall_gitops.core.model.when import DAY, local_datetime
from oncall_gitops.core.resolve import Timetable
from oncall_gitops.core.wallclock import zone
from oncall_gitops.source.zones import zone_fault
from tests.builders import a_layer, a_rotation, a_schedule, at

FIRST, LAST = at("2020-01-01T00:00Z"), at("2038-01-01T00:00Z")
HALF_HOUR = 1800
PEOPLE = ("alice", "bob", "carol")
WINDOW = 8 * 3600
"""How long the layer has the day: from the handoff of the base rotation on."""


class Case(NamedTuple):
    """One change of one clock, and one time of day for the handoffs."""

    timezone: str
    change: int
    handoff: int


def canonical_zones() -> list[str]:
    names = (resources.files("tzdata") / "zones").read_text("utf-8").split()
    return [name for name in names if zone_fault(name) is None]


def changes(name: str) -> Iterator[int]:
    """Every instant at which the clocks of a zone change, as the standard library tells the offsets."""
    info = ZoneInfo(name)
    for low, high in pairwise(range(FIRST, LAST + 1, DAY)):
        before = _offset(info, low)
        if before != _offset(info, high):
            yield low + bisect_left(range(low, high), True, key=lambda edge: _offset(info, edge) != before)


def _offset(info: ZoneInfo, instant: int) -> int:
    offset = datetime.fromtimestamp(instant, info).utcoffset()
    assert offset is not None
    return offset // timedelta(seconds=1)


def readings(case: Case, *, first: datetime, days: int, seconds: int) -> list[int]:
    """When the clock shows that time of day, on each of the days."""
    info = ZoneInfo(case.timezone)
    walls = [first + timedelta(days=day, seconds=seconds) for day in range(days)]
    return [int(wall.replace(tzinfo=info).timestamp()) for wall in walls]


def expected(case: Case, window: Interval, *, start: datetime) -> list[tuple[int, int, str]]:
    """Who has which hours of the window: the layer's eight hours a day, else whoever's day it is."""
    days = 12
    handoffs = list(accumulate(readings(case, first=start, days=days, seconds=case.handoff), max))
    closes = readings(case, first=start, days=days, seconds=case.handoff + WINDOW)
    opens = readings(case, first=start, days=days, seconds=case.handoff)
    spans = [(low, high) for low, high in zip(opens, closes, strict=True) if low < high]
    edges = sorted({*handoffs, *chain.from_iterable(spans), window.start, window.end})
    held = []
    for low, high in pairwise(edge for edge in edges if window.start <= edge <= window.end):
        day = sum(handoff <= low for handoff in handoffs) - 1
        covered = any(begin <= low < end for begin, end in spans)
        held.append((low, high, "zoe" if covered else PEOPLE[day % len(PEOPLE)]))
    return held


def resolved(case: Case, window: Interval, *, start: datetime) -> list[Shift]:
    clock = f"{case.handoff // 3600:02}:{case.handoff % 3600 // 60:02}"
    open_hours = DailyWindow(case.handoff, (case.handoff + WINDOW) % DAY, ALL_DAYS)
    schedule = a_schedule(
        a_rotation(PEOPLE, type="daily"),
        timezone=case.timezone,
        start=f"{start:%Y-%m-%d}",
        handoff_time=clock,
        layers=[a_layer(restrictions=open_hours)],
    )
    return Timetable(schedule, siblings={}).shifts(window)


def assert_one_holder(case: Case) -> None:
    """No gap, no overlap, no empty shift, and the same holders as the oracle's."""
    start = datetime.combine(local_datetime(zone(case.timezone).to_local(case.change)), datetime.min.time())
    start -= timedelta(days=5)
    window = Interval(case.change - 3 * DAY, case.change + 3 * DAY)
    shifts = resolved(case, window, start=start)

    edges = [window.start, *(edge for shift in shifts for edge in (shift.start, shift.end)), window.end]
    assert all(low == high for low, high in zip(edges[::2], edges[1::2], strict=True)), f"a seam in {case}"
    assert all(shift.start < shift.end for shift in shifts), case
    held = joined((shift.start, shift.end, shift.user) for shift in shifts)
    assert held == joined(expected(case, window, start=start)), case


def joined(held: Iterable[tuple[int, int, str]]) -> list[tuple[int, int, str]]:
    """Neighbours of one holder as one, so that both sides are told alike."""
    runs: list[tuple[int, int, str]] = []
    for low, high, user in held:
        if runs and runs[-1][1:] == (low, user):
            low = runs.pop()[0]
        runs.append((low, high, user))
    return runs


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("America/New_York", "2026-03-08T07:00Z"),
        ("Europe/Berlin", "2026-10-25T01:00Z"),
        ("Australia/Lord_Howe", "2026-04-04T15:00Z"),  # half an hour
        ("Atlantic/Azores", "2026-03-29T01:00Z"),  # at midnight
        ("America/Santiago", "2026-09-06T04:00Z"),  # at midnight, the other way round
        ("Antarctica/Troll", "2026-03-29T01:00Z"),  # two hours
        ("Africa/Cairo", "2026-10-29T21:00Z"),
        ("Africa/Casablanca", "2026-02-15T02:00Z"),  # for a month
    ],
)
def test_every_half_hour_around_the_oddest_changes(name: str, change: str) -> None:
    for half in range(0, 48, 3):
        assert_one_holder(Case(name, at(change), half * HALF_HOUR))


def test_a_sample_of_the_changes_of_a_sample_of_zones() -> None:
    zones = {"America/Havana", "Asia/Gaza", "Africa/El_Aaiun", "America/Nuuk", *canonical_zones()[::23]}
    for name in sorted(zones):
        for number, change in enumerate(changes(name)):
            assert_one_holder(Case(name, change, (number * 7 + 1) % 48 * HALF_HOUR))


@pytest.mark.slow
def test_all_changes_of_all_zones_at_each_half_hour() -> None:
    zones = {name: list(changes(name)) for name in canonical_zones()}
    cases = [
        Case(name, change, half * HALF_HOUR)
        for name, found in zones.items()
        for change in found
        for half in range(48)
    ]
    for case in cases:
        assert_one_holder(case)
    print(f"{len(zones)} zones, {sum(map(len, zones.values()))} changes, {len(cases)} cases")
    assert len(cases) > 200_000
