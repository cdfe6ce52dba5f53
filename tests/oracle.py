"""Who is on call, the slow way: the contract's sentences one after another, asked anew at each instant.

This is the measure for the product's resolver, so it shares nothing with it but the nouns: local time goes
through `zoneinfo` alone, handoffs come from `dateutil` or from counting days one by one from occurrence 0,
windows are asked on every day around, and shifts are what remains the same from one look to the next. `step`
is the time between two looks; it must divide every edge of the schedule that is asked about.
"""

from __future__ import annotations

import zoneinfo
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import NamedTuple

from dateutil.rrule import rrulestr

from oncall_gitops.core.model.instant import Instant
from oncall_gitops.core.model.interval import Interval
from oncall_gitops.core.model.layer import Layer
from oncall_gitops.core.model.override import Override
from oncall_gitops.core.model.restriction import DailyWindow, Restrictions, WeeklyWindow, WholeDays
from oncall_gitops.core.model.rotation import Cadence, Following, Place, Rotation
from oncall_gitops.core.model.schedule import Schedule
from oncall_gitops.core.model.user import NOBODY
from oncall_gitops.core.model.when import DAY, WEEK, Local, When, Written

zoneinfo.reset_tzpath(())

MINUTE = 60
MARGIN = 3 * DAY
"""Handoffs are listed this much further than asked: no zone is more than that away from UTC."""

SPARE = 40
"""And so many more, for those that follow some turns ahead."""


class Claim(NamedTuple):
    """Who is on call at one instant and why; `nobody` is a user here."""

    user: str
    source: str
    turn: int | str


class Stretch(NamedTuple):
    """A shift as the oracle sees it."""

    start: Instant
    end: Instant
    claim: Claim


@lru_cache(maxsize=1_000_000)
def to_instant(local: Local, zone: str) -> Instant:
    """Section 3.2: `fold=0` is the first of two, and the old offset where there is none (PEP 495)."""
    naive = datetime(1970, 1, 1) + timedelta(seconds=local)
    aware = naive.replace(tzinfo=zoneinfo.ZoneInfo(zone), fold=0)
    return round(aware.astimezone(UTC).timestamp())


@lru_cache(maxsize=1_000_000)
def to_local(instant: Instant, zone: str) -> Local:
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=instant)
    aware = moment.astimezone(zoneinfo.ZoneInfo(zone))
    return round((aware.replace(tzinfo=None) - datetime(1970, 1, 1)).total_seconds())


@dataclass(frozen=True)
class Clock:
    """A zone, and the time of day that a bare date means."""

    zone: str
    handoff_time: int

    def local(self, when: When) -> Local:
        if when.written is Written.INSTANT:
            return to_local(when.seconds, self.zone)
        return when.seconds + (self.handoff_time if when.written is Written.DATE else 0)

    def instant(self, when: When) -> Instant:
        if when.written is Written.INSTANT:
            return when.seconds
        return to_instant(self.local(when), self.zone)


def occurrences(cadence: Cadence, start: datetime) -> Iterator[datetime]:
    """Section 3.1: occurrence 0 is `start`, then every later occurrence of the rule."""
    yield start
    if cadence.rrule is not None:
        yield from (moment for moment in rrulestr(cadence.rrule, dtstart=start) if moment > start)
        return
    first_monday = (start - timedelta(days=start.weekday())).date()
    handoff_day = start.weekday() if cadence.handoff_day is None else cadence.handoff_day
    moment = start
    while True:
        moment += timedelta(days=1)
        if cadence.type == "weekly":
            weeks = (moment.date() - first_monday).days // 7
            fires = moment.weekday() == handoff_day and weeks % cadence.interval == 0
        else:
            fires = (moment - start).days % cadence.interval == 0
        if fires:
            yield moment


def handoffs(rotation: Rotation, clock: Clock, start: When, until: Instant) -> list[Instant]:
    """When each turn begins: each occurrence at the latest instant of itself and all before it."""
    first = datetime(1970, 1, 1) + timedelta(seconds=clock.local(rotation.start or start))
    found: list[Instant] = []
    beyond = 0
    for moment in occurrences(rotation.cadence, first):
        local = round((moment - datetime(1970, 1, 1)).total_seconds())
        instant = to_instant(local, clock.zone)
        found.append(max([instant, *found[-1:]]))
        beyond += local > until + MARGIN
        if beyond > SPARE:
            break
    return found


class Turns:
    """Sections 3.4 and 3.5: where each turn begins and which place holds it then (None: empty)."""

    def __init__(self, rotation: Rotation, clock: Clock, start: When, until: Instant) -> None:
        self.places = rotation.places
        self.clock = clock
        anchor = rotation.anchor
        if anchor is not None:
            until = max(until, clock.instant(anchor.at))
        self.begins = handoffs(rotation, clock, start, until)
        if anchor is None:
            self.held = self.walk_forward(None, self.begins)
            return
        pinned = self.number(clock.instant(anchor.at))
        assert pinned is not None, "the anchor lies before occurrence 0"
        place = next(
            number
            for number, place in enumerate(self.places)
            if place.user == anchor.user and self.is_member(place, self.begins[pinned])
        )
        self.held = [
            *self.walk_backward(place, self.begins[:pinned]),
            place,
            *self.walk_forward(place, self.begins[pinned + 1 :]),
        ]

    def walk_forward(self, stands: int | None, begins: list[Instant]) -> list[int | None]:
        held = []
        for begin in begins:
            taker = self.next_member(stands, begin)
            held.append(taker)
            stands = stands if taker is None else taker
        return held

    def walk_backward(self, stands: int, begins: list[Instant]) -> list[int | None]:
        held = []
        for begin in reversed(begins):
            taker = None
            for step in range(1, len(self.places) + 1):
                candidate = (stands - step) % len(self.places)
                if self.is_member(self.places[candidate], begin):
                    taker = candidate
                    break
            held.append(taker)
            stands = stands if taker is None else taker
        return held[::-1]

    def next_member(self, after: int | None, instant: Instant) -> int | None:
        """The next place, cyclically (the same one last of all), that is a member then."""
        first = 0 if after is None else after + 1
        for candidate in range(first, first + len(self.places)):
            if self.is_member(self.places[candidate % len(self.places)], instant):
                return candidate % len(self.places)
        return None

    def is_member(self, place: Place, instant: Instant) -> bool:
        if place.start is not None and instant < self.clock.instant(place.start):
            return False
        return place.until is None or instant < self.clock.instant(place.until)

    def number(self, instant: Instant) -> int | None:
        """The turn that holds the instant: the last that has begun."""
        begun = bisect_right(self.begins, instant)
        return begun - 1 if begun else None

    def holder(self, turn: int, instant: Instant) -> str | None:
        """Who has the turn at an instant in it: those who left handed it on, one to the next."""
        place = self.held[turn]
        while place is not None and not self.is_member(self.places[place], instant):
            until = self.places[place].until
            assert until is not None
            place = self.next_member(place, self.clock.instant(until))
        return None if place is None else self.places[place].user

    def holder_at_handoff(self, turn: int) -> str | None:
        place = self.held[turn] if turn >= 0 else None
        return None if place is None else self.places[place].user


def is_open(restrictions: Restrictions, instant: Instant, zone: str) -> bool:
    """Section 3.3: whether some window, begun on some day around, holds the instant."""
    if not restrictions:
        return True
    today = to_local(instant, zone) // DAY
    return any(
        to_instant(start, zone) <= instant < to_instant(end, zone)
        for day in range(today - 9, today + 3)
        for window in restrictions
        for start, end in opened_on(day, window)
    )


def opened_on(day: int, window: WholeDays | DailyWindow | WeeklyWindow) -> Iterator[tuple[Local, Local]]:
    """The window that begins on a local day (counted from 1970-01-01, a Thursday), if one does."""
    weekday = (day + 3) % 7
    midnight = day * DAY
    if isinstance(window, WholeDays):
        if weekday in window.days:
            yield midnight, midnight + DAY
    elif isinstance(window, DailyWindow):
        if weekday in window.days:
            runs_past_midnight = window.end <= window.start
            yield midnight + window.start, midnight + window.end + (DAY if runs_past_midnight else 0)
    elif weekday == window.start_day:
        start = midnight + window.start
        end = midnight + (window.end_day - window.start_day) % 7 * DAY + window.end
        yield start, end if end > start else end + WEEK


class Source:
    """The base rotation or a layer, with everything that it inherits written out."""

    def __init__(
        self, schedule: Schedule, layer: Layer | None, siblings: Mapping[str, Schedule], until: Instant
    ) -> None:
        self.label = f"layer:{layer.slug}" if layer else "base"
        start, end = schedule.start, schedule.end
        clock = Clock(schedule.timezone, schedule.handoff_time)
        rotation = layer.rotation if layer else schedule.rotation
        assert rotation is not None
        if layer is not None:
            start, end = layer.start or start, layer.end or end
            handoff_time = schedule.handoff_time if layer.handoff_time is None else layer.handoff_time
            clock = Clock(layer.timezone or schedule.timezone, handoff_time)
        self.zone = clock.zone
        self.start = clock.instant(start)
        self.end = None if end is None else clock.instant(end)
        self.restrictions: Restrictions = layer.restrictions if layer else ()
        self.offset: int | None = None
        if isinstance(rotation, Following):
            followed = siblings[f"{schedule.team}/{rotation.schedule}"]
            assert isinstance(followed.rotation, Rotation)
            self.offset = rotation.offset
            clock = Clock(followed.timezone, followed.handoff_time)
            self.turns = Turns(followed.rotation, clock, followed.start, until)
        else:
            self.turns = Turns(rotation, clock, start, until)

    def claim(self, instant: Instant) -> Claim | None:
        """None where it is not begun, ended, restricted or empty: then the one below shows."""
        if instant < self.start or (self.end is not None and instant >= self.end):
            return None
        turn = self.turns.number(instant)
        if turn is None or not is_open(self.restrictions, instant, self.zone):
            return None
        if self.offset is None:
            user = self.turns.holder(turn, instant)
        else:
            user = self.turns.holder_at_handoff(turn + self.offset)
        return None if user is None else Claim(user, self.label, turn)


class Oracle:
    """Sections 3.6 to 3.8: answers for one schedule at instants before `until`."""

    def __init__(self, schedule: Schedule, *, siblings: Iterable[Schedule] = (), until: Instant) -> None:
        self.schedule = schedule
        by_name = {other.full_name: other for other in (*siblings, schedule)}
        layers = sorted(schedule.layers, key=lambda layer: -layer.priority)
        self.sources = [Source(schedule, layer, by_name, until) for layer in layers if layer.active]
        if schedule.rotation is not None:
            self.sources.append(Source(schedule, None, by_name, until))
        self.overrides = in_order_of_claim(schedule.overrides)

    def below_overrides(self, instant: Instant) -> Claim | None:
        for source in self.sources:
            claim = source.claim(instant)
            if claim is not None:
                return claim
        return None

    def claim(self, instant: Instant) -> Claim | None:
        if not self.schedule.active:
            return None
        below = self.below_overrides(instant)
        midnight = Clock(self.schedule.timezone, 0)
        for number, override in enumerate(self.overrides):
            if not midnight.instant(override.start) <= instant < midnight.instant(override.end):
                continue
            if override.replaces is None or (below is not None and below.user == override.replaces):
                return Claim(override.user, "override", f"override {number}")
        return below

    def on_call(self, instant: Instant) -> Claim | None:
        """As `claim`, but where nobody is on call on purpose, nobody is on call."""
        claim = self.claim(instant)
        return None if claim is None or claim.user == NOBODY else claim

    def shifts(self, window: Interval, *, step: int = MINUTE) -> list[Stretch]:
        """Section 3.8: runs of looks that give the same user, source and turn, clipped to the window."""
        found: list[Stretch] = []
        for instant in range(window.start, window.end, step):
            claim = self.on_call(instant)
            if claim is None:
                continue
            if found and found[-1].end == instant and found[-1].claim == claim:
                found[-1] = found[-1]._replace(end=instant + step)
            else:
                found.append(Stretch(instant, instant + step, claim))
        return found


def in_order_of_claim(overrides: Iterable[Override]) -> list[Override]:
    """Section 3.7: unmanaged first, newest and greatest first; of the managed, those without `replaces`."""
    unmanaged = [override for override in overrides if not override.managed]
    managed = [override for override in overrides if override.managed]
    return [
        *sorted(unmanaged, key=lambda override: (override.created_at, override.id), reverse=True),
        *[override for override in managed if override.replaces is None],
        *[override for override in managed if override.replaces is not None],
    ]
