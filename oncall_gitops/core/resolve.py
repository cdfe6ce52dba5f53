"""A schedule and a window in, shifts and gaps out: the precedence, readable in one place.

Every source (base rotation, layer, override) gives a list of disjoint claims in order; each is laid over what
is below it. A claim of `nobody` is an intended hole: it covers what is below and shows as a gap.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from oncall_gitops.core.model.instant import FOREVER, FOREVER_AGO
from oncall_gitops.core.model.interval import Interval
from oncall_gitops.core.model.layer import Layer
from oncall_gitops.core.model.override import Override
from oncall_gitops.core.model.restriction import Restrictions
from oncall_gitops.core.model.rotation import Following, Rotation
from oncall_gitops.core.model.schedule import Schedule
from oncall_gitops.core.model.shift import Gap, Shift
from oncall_gitops.core.model.user import NOBODY
from oncall_gitops.core.model.when import WEEK, When, monday
from oncall_gitops.core.turns import Turns
from oncall_gitops.core.wallclock import LONGEST_JUMP, Zone, instant, zone

_FAR = 4_133_980_800
"""2101-01-01T00:00:00Z: files name dates to 2099, and no shift is told beyond this."""


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

    def claims(self, window: Interval) -> list[Shift]:
        part = window.cut(self.span)
        if part.is_empty:
            return []
        claims = [
            Shift(max(piece.start, part.start), min(piece.end, part.end), piece.user, self.name, piece.turn)
            for piece in self.turns.between(part)
        ]
        return _only(claims, active_spans(self.restrictions, part, timezone=self.timezone))


class Timetable:
    """A schedule made ready for questions about any window."""

    def __init__(self, schedule: Schedule, *, siblings: Mapping[str, Schedule]) -> None:
        self._zone = zone(schedule.timezone)
        layers = sorted(schedule.layers, key=lambda layer: layer.priority)
        sources = [
            _base_source(schedule, siblings),
            *(_layer_source(layer, schedule, siblings) for layer in layers if layer.active),
        ]
        self._sources = [source for source in sources if source and schedule.active]
        self._overrides = sorted(schedule.overrides, key=_precedence) if schedule.active else []
        self._spans = [override_span(override, timezone=schedule.timezone) for override in self._overrides]

    def shifts(self, window: Interval) -> list[Shift]:
        """The shifts, cut to the window."""
        return [shift for shift in _join(self._claims(window)) if shift.user != NOBODY]

    def whole_shifts(self, window: Interval) -> list[Shift]:
        """The shifts that meet the window, each with its own start and end."""
        shifts = self.shifts(window)
        if shifts and shifts[0].start == window.start:
            shifts[0] = self._grown_backward(shifts[0])
        if shifts and shifts[-1].end == window.end:
            shifts[-1] = self._grown_forward(shifts[-1])
        return shifts

    def below_overrides(self, window: Interval) -> list[Shift]:
        """Who would be on call without any override, cut to the window."""
        return [shift for shift in _join(self._layered(window)) if shift.user != NOBODY]

    def _claims(self, window: Interval) -> list[Shift]:
        below = self._layered(window)
        settled = below
        for override, span in zip(self._overrides, self._spans, strict=True):
            if span.overlaps(window):
                settled = _overlay(settled, _override_claims(override, span.cut(window), below))
        return settled

    def _layered(self, window: Interval) -> list[Shift]:
        """Base rotation first, then the layers, the higher number over the lower."""
        settled: list[Shift] = []
        for source in self._sources:
            settled = _overlay(settled, source.claims(window))
        return settled

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


def override_span(override: Override, *, timezone: str) -> Interval:
    """[start, end) of an override in its schedule's zone."""
    return Interval(
        instant(override.start, timezone=zone(timezone), at=0),
        instant(override.end, timezone=zone(timezone), at=0),
    )


def override_turn(override: Override) -> str:
    """What stands for the turn in an override's hours: one name for each override of a schedule."""
    return f"{override.start.text}/{override.replaces or ''}" if override.managed else f"#{override.id}"


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


@lru_cache(maxsize=1024)
def active_spans(restrictions: Restrictions, window: Interval, *, timezone: Zone) -> tuple[Interval, ...]:
    """When a layer's weekly windows are open, around the window: disjoint, in order, joined where they touch.

    Many layers have the same hours in the same zone, so the last answers are kept.
    """
    if not restrictions:
        return (window,)
    spans = []
    first = monday(timezone.to_local(window.start) - LONGEST_JUMP) - WEEK
    last = timezone.to_local(window.end) + LONGEST_JUMP
    for week in range(first, last, WEEK):
        for restriction in restrictions:
            for start, length in restriction.spans():
                span = Interval(timezone.to_instant(week + start), timezone.to_instant(week + start + length))
                if not span.is_empty and span.overlaps(window):
                    spans.append(span)
    return tuple(_merged(sorted(spans)))


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


def _precedence(override: Override) -> tuple[bool, int, str]:
    """Later in this order beats earlier: managed (replacing, then plain), then unmanaged by age."""
    if override.managed:
        return (False, override.replaces is None, "")
    return (True, override.created_at, override.id)


def _override_claims(override: Override, span: Interval, below: Sequence[Shift]) -> list[Shift]:
    turn = override_turn(override)
    if span.is_empty:
        return []
    if override.replaces is None:
        return [Shift(*span, override.user, "override", turn)]
    return [
        Shift(*hours, override.user, "override", turn)
        for shift in below
        if shift.user == override.replaces and not (hours := span.cut(Interval(*shift[:2]))).is_empty
    ]


def _only(claims: Sequence[Shift], spans: Sequence[Interval]) -> list[Shift]:
    """What of the claims lies in the spans; both are disjoint and in order."""
    kept = []
    index = 0
    for claim in claims:
        while index < len(spans) and spans[index].end <= claim.start:
            index += 1
        position = index
        while position < len(spans) and (span := spans[position]).start < claim.end:
            kept.append(claim._replace(start=max(claim.start, span.start), end=min(claim.end, span.end)))
            position += 1
    return kept


def _overlay(lower: Sequence[Shift], upper: Sequence[Shift]) -> list[Shift]:
    """Both, `upper` before `lower` wherever it claims; each is disjoint and in order."""
    if not upper or not lower:
        return list(upper or lower)
    free = [
        Interval(before.end, after.start)
        for before, after in pairwise(
            [
                Interval(FOREVER_AGO, FOREVER_AGO),
                *(Interval(*c[:2]) for c in upper),
                Interval(FOREVER, FOREVER),
            ]
        )
        if before.end < after.start
    ]
    return sorted([*_only(lower, free), *upper], key=lambda claim: claim.start)


def _join(claims: Iterable[Shift]) -> list[Shift]:
    """Touching claims of one user, source and turn as one."""
    joined: list[Shift] = []
    for claim in claims:
        if joined and _continues(joined[-1], claim):
            joined[-1] = joined[-1]._replace(end=claim.end)
        else:
            joined.append(claim)
    return joined


def _continues(before: Shift, after: Shift) -> bool:
    return before.end == after.start and before[2:] == after[2:]


def _merged(spans: Iterable[Interval]) -> list[Interval]:
    merged: list[Interval] = []
    for span in spans:
        if merged and span.start <= merged[-1].end:
            merged[-1] = Interval(merged[-1].start, max(merged[-1].end, span.end))
        else:
            merged.append(span)
    return merged
