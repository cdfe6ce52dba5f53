"""A schedule and a window in, shifts and gaps out: the precedence, readable in one place.

Overrides before layers, a layer of a higher number before a lower one, the base rotation last. How sources are
laid over each other is `layout.py`'s affair, how overrides are `overriding.py`'s. A claim of `nobody` is an
intended hole: it covers what is below and shows as a gap.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import repeat
from operator import itemgetter

from oncall_gitops.core.layout import Track, active_spans, lay_out
from oncall_gitops.core.model.instant import FOREVER, Instant
from oncall_gitops.core.model.interval import Interval
from oncall_gitops.core.model.layer import Layer
from oncall_gitops.core.model.restriction import Restrictions
from oncall_gitops.core.model.rotation import Following, Rotation
from oncall_gitops.core.model.schedule import Schedule
from oncall_gitops.core.model.shift import Gap, Shift, Turn
from oncall_gitops.core.model.user import NOBODY
from oncall_gitops.core.model.when import DAY, WEEK, When
from oncall_gitops.core.overriding import Overriding
from oncall_gitops.core.turns import Turns
from oncall_gitops.core.wallclock import Zone, instant, zone

_FAR = 4_133_980_800
"""2101-01-01T00:00:00Z: files name dates to 2099, and no shift is told beyond this."""

_MARGIN = 8 * DAY
"""Most shifts are no longer than this: they are found whole at once."""

_start, _end = itemgetter(0), itemgetter(1)


def resolve(schedule: Schedule, window: Interval, *, siblings: Mapping[str, Schedule]) -> list[Shift]:
    """The shifts of a schedule, cut to the window, in order and without overlap.

    `siblings` holds schedules by full name, among them those whose rotations are followed.
    """
    return Timetable(schedule, siblings=siblings).shifts(window)


def resolve_whole(schedule: Schedule, window: Interval, *, siblings: Mapping[str, Schedule]) -> list[Shift]:
    """The shifts that meet the window, each with its own start and end."""
    return Timetable(schedule, siblings=siblings).whole_shifts(window)


def gaps(shifts: Iterable[Shift], window: Interval) -> list[Gap]:
    """What shifts (in order, disjoint) leave uncovered in the window."""
    found = []
    covered = window.start
    for shift in shifts:
        if covered < shift.start:
            found.append(Gap(covered, min(shift.start, window.end)))
        covered = max(covered, shift.end)
    if covered < window.end:
        found.append(Gap(covered, window.end))
    return found


@dataclass(frozen=True, slots=True)
class _Source:
    """One rotation as a source of claims: its turns, the span and the weekly windows that cut them."""

    name: str
    turns: Turns
    span: Interval
    timezone: Zone
    restrictions: Restrictions

    def is_open(self, at: Instant) -> bool:
        if not self.span.start <= at < self.span.end:
            return False
        if not self.restrictions:
            return True
        day = Interval(at - at % DAY, at - at % DAY + DAY)
        spans = active_spans(self.restrictions, day, timezone=self.timezone)
        return any(span.start <= at < span.end for span in spans)


class Timetable:
    """A schedule made ready for questions about any window."""

    __slots__ = ("_may_be_vacant", "_overriding", "_sources")

    def __init__(self, schedule: Schedule, *, siblings: Mapping[str, Schedule]) -> None:
        """Sources from the top down: the layers by their numbers, then the base rotation."""
        layers = sorted(schedule.layers, key=_priority, reverse=True)
        sources = [
            *(_layer_source(layer, schedule, siblings) for layer in layers if layer.active),
            _base_source(schedule, siblings),
        ]
        self._sources = [source for source in sources if source and schedule.active]
        self._overriding = Overriding(schedule) if schedule.overrides and schedule.active else None
        self._may_be_vacant = any(NOBODY in source.turns.users for source in self._sources) or any(
            override.user == NOBODY for override in schedule.overrides
        )

    def shifts(self, window: Interval) -> list[Shift]:
        """The shifts, cut to the window."""
        below = self._layered(window)
        return self._without_holes(self._overriding.over(below, window) if self._overriding else below)

    def whole_shifts(self, window: Interval) -> list[Shift]:
        """The shifts that meet the window, each with its own start and end."""
        wide = Interval(
            max(window.start - _MARGIN, min(window.start, -_FAR)),
            min(window.end + _MARGIN, max(window.end, _FAR)),
        )
        shifts = self.shifts(wide)
        shifts = shifts[
            bisect_right(shifts, window.start, key=_end) : bisect_left(shifts, window.end, key=_start)
        ]
        if shifts and shifts[0].start == wide.start:
            shifts[0] = self._grown_backward(shifts[0])
        if shifts and shifts[-1].end == wide.end:
            shifts[-1] = self._grown_forward(shifts[-1])
        return shifts

    def users_in(self, window: Interval, *, below_overrides: bool = False) -> set[str]:
        """Everybody who may be on call in a window; whoever is not among them is not, and nothing is resolved."""
        found = self._overriding.users_in(window) if self._overriding and not below_overrides else set()
        for source in self._sources:
            if source.span.overlaps(window):
                found |= source.turns.users_in(window.cut(source.span))
        return found - {NOBODY}

    def below_overrides(self, window: Interval) -> list[Shift]:
        """Who would be on call without any override, cut to the window."""
        return self._without_holes(self._layered(window))

    def holder(self, at: Instant) -> str | None:
        """Who is on call at an instant: the precedence, asked of one moment."""
        for override in self._overriding.at(at) if self._overriding else ():
            if override.replaces is None or override.replaces == self._holder_below(at):
                return None if override.user == NOBODY else override.user
        below = self._holder_below(at)
        return None if below == NOBODY else below

    def _holder_below(self, at: Instant) -> str | None:
        for source in self._sources:
            if source.is_open(at) and (user := source.turns.holder(at)) is not None:
                return user
        return None

    def _layered(self, window: Interval) -> list[Shift]:
        """The layers, the higher number over the lower, then the base rotation."""
        tracks: list[Track] = []
        users: list[str | None] = []
        names: list[str] = []
        turns: list[Turn] = []
        for source in self._sources:
            part = window.cut(source.span)
            if part.is_empty:
                continue
            runs = source.turns.runs(part)
            tracks.append(Track(runs.edges, runs.vacant, part, source.restrictions, source.timezone))
            users += runs.users
            names += [source.name] * len(runs.users)
            turns += runs.turns
        starts, ends, pick = lay_out(tuple(tracks), window)
        rows = zip(starts, ends, pick(users), pick(names), pick(turns), strict=True)
        return list(map(tuple.__new__, repeat(Shift), rows))

    def _without_holes(self, shifts: list[Shift]) -> list[Shift]:
        return [shift for shift in shifts if shift.user != NOBODY] if self._may_be_vacant else shifts

    def _grown_forward(self, shift: Shift) -> Shift:
        step = WEEK
        while shift.end < _FAR:
            more = self.shifts(Interval(shift.end, shift.end + step))
            if not more or not _continues(shift, more[0]):
                break
            shift = shift._replace(end=min(more[0].end, _FAR))
            step *= 2
        return shift

    def _grown_backward(self, shift: Shift) -> Shift:
        step = WEEK
        while shift.start > -_FAR:
            more = self.shifts(Interval(shift.start - step, shift.start))
            if not more or not _continues(more[-1], shift):
                break
            shift = shift._replace(start=more[-1].start)
            step *= 2
        return shift


def layer_span(layer: Layer, schedule: Schedule) -> Interval:
    """[start, end) of a layer; what it does not say is the schedule's as written, read in the layer's zone."""
    timezone = zone(layer.timezone or schedule.timezone)
    at = schedule.handoff_time if layer.handoff_time is None else layer.handoff_time
    return _span(layer.start or schedule.start, layer.end or schedule.end, timezone=timezone, at=at)


def schedule_span(schedule: Schedule) -> Interval:
    """[start, end) of a schedule's own dates, which cut its base rotation."""
    return _span(schedule.start, schedule.end, timezone=zone(schedule.timezone), at=schedule.handoff_time)


def base_turns(schedule: Schedule, *, ahead: int | None = None) -> Turns:
    """The turns of a schedule's own base rotation, which must not follow another."""
    assert isinstance(schedule.rotation, Rotation)
    return Turns(
        schedule.rotation,
        timezone=zone(schedule.timezone),
        start=schedule.start,
        handoff_time=schedule.handoff_time,
        ahead=ahead,
    )


def layer_turns(layer: Layer, schedule: Schedule, *, siblings: Mapping[str, Schedule]) -> Turns | None:
    """The turns of a layer's rotation, read in its zone; None if it follows what is not there."""
    if isinstance(layer.rotation, Following):
        return _followed(layer.rotation, schedule.team, siblings)
    return Turns(
        layer.rotation,
        timezone=zone(layer.timezone or schedule.timezone),
        start=layer.start or schedule.start,
        handoff_time=schedule.handoff_time if layer.handoff_time is None else layer.handoff_time,
    )


def _base_source(schedule: Schedule, siblings: Mapping[str, Schedule]) -> _Source | None:
    if schedule.rotation is None:
        return None
    if isinstance(schedule.rotation, Following):
        turns = _followed(schedule.rotation, schedule.team, siblings)
    else:
        turns = base_turns(schedule)
    if turns is None:
        return None
    return _Source("base", turns, schedule_span(schedule), zone(schedule.timezone), ())


def _layer_source(layer: Layer, schedule: Schedule, siblings: Mapping[str, Schedule]) -> _Source | None:
    turns = layer_turns(layer, schedule, siblings=siblings)
    if turns is None:
        return None
    timezone = zone(layer.timezone or schedule.timezone)
    return _Source(f"layer:{layer.slug}", turns, layer_span(layer, schedule), timezone, layer.restrictions)


def _followed(rotation: Following, team: str, siblings: Mapping[str, Schedule]) -> Turns | None:
    target = siblings.get(f"{team}/{rotation.schedule}")
    if target is None or not isinstance(target.rotation, Rotation):
        return None
    return base_turns(target, ahead=rotation.offset)


def _span(start: When, end: When | None, *, timezone: Zone, at: int) -> Interval:
    return Interval(
        instant(start, timezone=timezone, at=at),
        instant(end, timezone=timezone, at=at) if end else FOREVER,
    )


def _priority(layer: Layer) -> int:
    return layer.priority


def _continues(before: Shift, after: Shift) -> bool:
    return before.end == after.start and before[2:] == after[2:]
