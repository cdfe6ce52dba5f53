"""Random schedules for hypothesis, bent towards what is hard: clock changes, leavers, holes, anchors.

Everything lies around one day of one zone, mostly a day on which its clocks change, and all times are on
quarter hours, so that the oracle may look every quarter hour. Only what validation lets through is made.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from hypothesis import strategies as st

from oncall_gitops.core.model.instant import Instant
from oncall_gitops.core.model.interval import Interval
from oncall_gitops.core.model.layer import Layer
from oncall_gitops.core.model.override import Override
from oncall_gitops.core.model.restriction import (
    DailyWindow,
    Restrictions,
    WeeklyWindow,
    WholeDays,
    Window,
)
from oncall_gitops.core.model.rotation import Anchor, Cadence, Following, Place, Rotation
from oncall_gitops.core.model.schedule import Schedule
from oncall_gitops.core.model.when import DAY, Local, When, Written
from tests.oracle import Clock, Turns, to_instant

QUARTER = 15 * 60

FOCUS_DAYS = {
    "America/New_York": ["2026-03-08", "2026-11-01", "2026-06-15"],
    "Europe/London": ["2026-03-29", "2026-10-25"],
    "America/Santiago": ["2026-04-05", "2026-09-06"],
    "Atlantic/Azores": ["2026-03-29", "2026-10-25"],
    "Africa/Cairo": ["2026-04-24", "2026-10-30"],
    "Australia/Lord_Howe": ["2026-04-05", "2026-10-04"],
    "Asia/Kolkata": ["2026-02-28"],
    "Pacific/Apia": ["2011-12-30", "2021-04-04"],
    "UTC": ["2026-12-31"],
}

USERS = ("alice", "bob", "carol", "dave", "nobody")

HOURLY_RULES = (
    "FREQ=HOURLY",
    "FREQ=HOURLY;BYMINUTE=0,30",
    "FREQ=HOURLY;INTERVAL=3;BYDAY=SA,SU",
    "FREQ=DAILY;BYHOUR=0,1,2,3,9;BYMINUTE=15,45",
    "FREQ=WEEKLY;BYDAY=FR,SA,SU;BYHOUR=0,1,2,3;BYMINUTE=0,30",
)
"""Handoffs so close that a clock change makes turns without length."""

RULES = (
    "FREQ=HOURLY;INTERVAL=5",
    "FREQ=HOURLY;INTERVAL=8",
    "FREQ=DAILY;BYHOUR=1,9,17;BYMINUTE=0",
    "FREQ=DAILY;INTERVAL=2;BYHOUR=0",
    "FREQ=WEEKLY;BYDAY=MO,FR",
    "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR",
    "FREQ=WEEKLY;INTERVAL=2;BYDAY=SU,MO;WKST=SU",
    "FREQ=MONTHLY;BYMONTHDAY=1,11,21,31",
    "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=1,-1",
    "FREQ=MONTHLY;BYDAY=-1SU",
    "FREQ=YEARLY;BYMONTH=3,4,9,10,11;BYDAY=SU",
)

HARD_HOURS = (0, 1, 4, 6, 7, 8, 9, 10, 11, 12, 36, 68, 92, 94)
"""Quarters after midnight that clock changes touch, and 09:00, 17:00, 23:00 and 23:30."""

quarters = st.one_of(st.sampled_from(HARD_HOURS), st.integers(0, 95)).map(lambda number: number * QUARTER)


@dataclass(frozen=True)
class Case:
    """A schedule, those that it may follow, and where to look."""

    schedule: Schedule
    siblings: tuple[Schedule, ...]
    window: Interval

    @property
    def by_name(self) -> dict[str, Schedule]:
        return {other.full_name: other for other in (*self.siblings, self.schedule)}


@dataclass(frozen=True)
class Focus:
    """The day around which everything lies: midnight of it on the wall, and the zone."""

    zone: str
    midnight: Local

    def when(self, day: int, seconds: int, written: Written) -> When:
        local = self.midnight + day * DAY
        if written is Written.DATE:
            return When(written, local)
        if written is Written.LOCAL:
            return When(written, local + seconds)
        return When(written, to_instant(local + seconds, self.zone))


@st.composite
def focuses(draw: st.DrawFn) -> Focus:
    zone = draw(st.sampled_from(sorted(FOCUS_DAYS)))
    day = datetime.fromisoformat(draw(st.sampled_from(FOCUS_DAYS[zone])))
    return Focus(zone, (day - datetime(1970, 1, 1)).days * DAY)


@st.composite
def whens(draw: st.DrawFn, focus: Focus, low: int, high: int) -> When:
    """A written time, `low` to `high` days from the focus."""
    written = draw(st.sampled_from([Written.DATE, Written.LOCAL, Written.LOCAL, Written.INSTANT]))
    return focus.when(draw(st.integers(low, high)), draw(quarters), written)


@st.composite
def places(draw: st.DrawFn, focus: Focus) -> tuple[Place, ...]:
    """One to five; about half of them dated, now and then all gone for a while."""
    count = draw(st.integers(1, 5))
    made = []
    for _ in range(count):
        shape = draw(st.sampled_from(["plain", "plain", "joins", "leaves", "leaves", "both"]))
        start = draw(whens(focus, -6, 4)) if shape in ("joins", "both") else None
        until = draw(whens(focus, -3, 5)) if shape in ("leaves", "both") else None
        made.append(Place(draw(st.sampled_from(USERS)), start, until))
    return tuple(made)


@st.composite
def cadences(draw: st.DrawFn) -> Cadence:
    kind = draw(st.sampled_from(["daily", "weekly", "days", "hours", "rule"]))
    if kind == "daily":
        return Cadence("daily", draw(st.integers(1, 3)))
    if kind == "weekly":
        handoff_day = draw(st.none() | st.integers(0, 6))
        return Cadence("weekly", draw(st.integers(1, 3)), handoff_day)
    if kind == "days":
        return Cadence("custom", draw(st.integers(1, 10)))
    return Cadence("custom", rrule=draw(st.sampled_from(HOURLY_RULES if kind == "hours" else RULES)))


@st.composite
def rotations(draw: st.DrawFn, focus: Focus, clock: Clock, start: When, *, until: Instant) -> Rotation:
    """A rotation that counts from its layer's start or from well before it, anchored now and then."""
    own = None
    if draw(st.booleans()):
        first = clock.local(start) - draw(st.integers(2, 40) | st.integers(300, 800)) * DAY
        own = When(Written.LOCAL, first // DAY * DAY + draw(quarters))
    rotation = Rotation(draw(cadences()), draw(places(focus)), own)
    if draw(st.integers(0, 3)) == 0:
        return with_anchor(
            rotation, draw(whens(focus, -8, 8)), clock, start, until=until, choice=draw(st.integers(0, 4))
        )
    return rotation


def with_anchor(
    rotation: Rotation, at: When, clock: Clock, start: When, *, until: Instant, choice: int
) -> Rotation:
    """Anchored to one of those who are members at that turn's handoff, where there is such a turn and one."""
    turns = Turns(rotation, clock, start, max(until, clock.instant(at)))
    turn = turns.number(clock.instant(at))
    if turn is None:
        return rotation
    members = [place.user for place in rotation.places if turns.is_member(place, turns.begins[turn])]
    return replace(rotation, anchor=Anchor(at, members[choice % len(members)])) if members else rotation


@st.composite
def windows(draw: st.DrawFn) -> Window:
    shape = draw(st.sampled_from(["days", "daily", "daily", "night", "weekly"]))
    some_days = tuple(sorted(draw(st.sets(st.sampled_from([0, 4, 5, 6, 6, 1]), min_size=1))))
    start, end = draw(quarters), draw(quarters | st.just(DAY))
    if shape == "days":
        return WholeDays(some_days)
    if shape == "daily":
        return DailyWindow(min(start, end % DAY), end, draw(st.sampled_from([some_days, tuple(range(7))])))
    if shape == "night":
        return DailyWindow(max(start, end % DAY), min(start, end % DAY), some_days)
    return WeeklyWindow(draw(st.integers(0, 6)), start, draw(st.integers(0, 6)), end)


restrictions: st.SearchStrategy[Restrictions] = st.lists(windows(), max_size=3).map(tuple)


@st.composite
def layers(draw: st.DrawFn, focus: Focus, outer: Schedule, priority: int, *, until: Instant) -> Layer:
    """A layer with some things of its own and the rest inherited."""
    layer = Layer(
        slug=f"l{priority}",
        name="layer",
        priority=priority,
        rotation=Following("primary", 1),
        timezone=draw(st.none() | st.sampled_from([focus.zone, "UTC", *sorted(FOCUS_DAYS)])),
        start=draw(st.none() | whens(focus, -20, 1)),
        end=draw(st.none() | st.none() | whens(focus, 4, 12)),
        handoff_time=draw(st.none() | quarters),
        active=draw(st.sampled_from([True, True, True, False])),
        restrictions=draw(restrictions),
    )
    if draw(st.integers(0, 7)) == 0:
        return replace(layer, rotation=Following("primary", draw(st.sampled_from([-2, -1, 0, 1, 3]))))
    handoff_time = outer.handoff_time if layer.handoff_time is None else layer.handoff_time
    clock = Clock(layer.timezone or outer.timezone, handoff_time)
    rotation = draw(rotations(focus, clock, layer.start or outer.start, until=until))
    return replace(layer, rotation=rotation)


@st.composite
def overrides(draw: st.DrawFn, focus: Focus) -> tuple[Override, ...]:
    """Up to four; unmanaged ones as they come, managed ones only where no two claim an instant alike."""
    made: list[Override] = []
    clock = Clock(focus.zone, 0)
    for number in range(draw(st.integers(0, 4))):
        start = draw(whens(focus, -3, 2)).at_midnight()
        length = draw(st.integers(1, 30)) * draw(st.sampled_from([1, 4, 24, 24])) * QUARTER
        end = When(Written.LOCAL, clock.local(start) + length)
        user, replaces = (
            draw(st.sampled_from(("erin", *USERS))),
            draw(st.sampled_from([None, *USERS[:-1]])),
        )
        managed = draw(st.booleans())
        one = Override(
            user=user,
            start=start,
            end=end,
            replaces=replaces if replaces != user else None,
            managed=managed,
            created_at=0 if managed else draw(st.integers(0, 2)),
            id="" if managed else f"{draw(st.integers(0, 9))}-{number}",
        )
        if clock.instant(start) < clock.instant(end) and not (managed and clashes(one, made, clock)):
            made.append(one)
    return tuple(made)


def clashes(one: Override, others: Sequence[Override], clock: Clock) -> bool:
    span = Interval(clock.instant(one.start), clock.instant(one.end))
    return any(
        other.managed
        and other.replaces == one.replaces
        and span.overlaps(Interval(clock.instant(other.start), clock.instant(other.end)))
        for other in others
    )


@st.composite
def schedules(draw: st.DrawFn, focus: Focus, *, slug: str, until: Instant) -> Schedule:
    """A schedule with a base rotation of its own and nothing else."""
    zone = draw(st.sampled_from([focus.zone] * 4 + ["UTC"]))
    start = draw(whens(focus, *draw(st.sampled_from([(-20, -4), (-20, -4), (-3, 1)]))))
    handoff_time = draw(quarters)
    rotation = draw(rotations(focus, Clock(zone, handoff_time), start, until=until))
    end = draw(st.none() | st.none() | whens(focus, 4, 12))
    return Schedule("payments", slug, slug, zone, start, end, handoff_time, rotation=rotation)


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """A schedule with layers and overrides, following a primary or not, and a window of up to a week."""
    focus = draw(focuses())
    middle = to_instant(focus.midnight, focus.zone)
    low = middle - draw(st.integers(1, 3 * 96)) * QUARTER
    window = Interval(low, middle + draw(st.integers(1, 4 * 96)) * QUARTER)
    primary = draw(schedules(focus, slug="primary", until=window.end))
    schedule = draw(schedules(focus, slug="secondary", until=window.end))
    if draw(st.integers(0, 5)) == 0:
        offset = draw(st.sampled_from([-2, -1, 0, 1, 2, 7]))
        schedule = replace(schedule, rotation=Following("primary", offset))
    priorities = draw(st.lists(st.integers(1, 9), max_size=3, unique=True))
    made = [draw(layers(focus, schedule, priority, until=window.end)) for priority in priorities]
    if made and draw(st.integers(0, 4)) == 0:
        schedule = replace(schedule, rotation=None)
    schedule = replace(
        schedule,
        active=draw(st.integers(0, 19)) != 0,
        layers=tuple(sorted(made, key=lambda layer: layer.slug)),
        overrides=draw(overrides(Focus(schedule.timezone, focus.midnight))),
    )
    return Case(schedule, (primary,), window)
