"""Errors that no clock is needed for: definitions that contradict themselves or each other."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import groupby

from oncall_gitops.core import address
from oncall_gitops.core.model.instant import instant_text
from oncall_gitops.core.model.interval import Interval
from oncall_gitops.core.model.rotation import Rotation
from oncall_gitops.core.model.rule import RuleError
from oncall_gitops.core.model.user import NOBODY
from oncall_gitops.core.model.when import local_text
from oncall_gitops.core.problem import Origin, Problem
from oncall_gitops.core.resolve import schedule_span
from oncall_gitops.core.scene import Scene, Turning
from oncall_gitops.core.turns import Turns
from oncall_gitops.core.wallclock import Zone, instant, local, zone


def empty_schedules(scene: Scene) -> Iterator[Problem]:
    """A schedule ends after its start."""
    for schedule in scene.schedules.values():
        here = address.schedule(schedule.full_name)
        span = schedule_span(schedule)
        if span.is_empty:
            yield _ends_early("schedule", span, scene.at(here, "end_date"), zone(schedule.timezone))


def empty_layers(scene: Scene) -> Iterator[Problem]:
    """A layer ends after its start, also where one of the two is the schedule's."""
    for turning in scene.turnings():
        layer, schedule = turning.layer, turning.schedule
        if layer is None or not turning.span.is_empty:
            continue
        if layer.end:
            yield _ends_early("layer", turning.span, scene.at(turning.here, "end_date"), turning.zone)
        elif layer.start or not schedule_span(schedule).is_empty:
            origin = scene.at(turning.here, "start_date")
            related = ((scene.at(address.schedule(schedule.full_name), "end_date"), "the schedule's end"),)
            end = local_text(turning.zone.to_local(turning.span.end))
            message = f"the layer starts at or after the end that it takes from its schedule, {end}"
            yield Problem(
                origin, "OG501", message, "give the layer an `end_date` of its own", related=related
            )


def empty_overrides(scene: Scene) -> Iterator[Problem]:
    """An override ends after its start."""
    for schedule, _, here, span in scene.overrides():
        if span.is_empty:
            yield _ends_early("override", span, scene.at(here, "end"), zone(schedule.timezone))


def empty_time_off(scene: Scene) -> Iterator[Problem]:
    """Time off ends after its start."""
    for user in scene.desired.state.users.values():
        timezone = zone(user.timezone or "UTC")
        for index, off in enumerate(user.time_off):
            start, end = (instant(when, timezone=timezone, at=0) for when in (off.start, off.end))
            if end <= start:
                origin = scene.at(address.time_off(user.slug, index), "end")
                message = f"the time off ends at or before its start, {off.start.text}"
                yield Problem(origin, "OG501", message, _END_IS_EXCLUSIVE)


def empty_places(scene: Scene) -> Iterator[Problem]:
    """A member leaves after joining."""
    for turning, rotation in _rotations(scene):
        for index, place in enumerate(rotation.places):
            if place.start and place.until:
                at = turning.handoff_time
                joins = instant(place.start, timezone=turning.zone, at=at)
                leaves = instant(place.until, timezone=turning.zone, at=at)
                if leaves <= joins:
                    origin = scene.at(turning.here, f"rotation.users.{index}.until")
                    yield _ends_early("place", Interval(joins, leaves), origin, turning.zone)


def shared_priorities(scene: Scene) -> Iterator[Problem]:
    """Priorities are unique within a schedule; an inactive layer keeps its own."""
    for schedule in scene.schedules.values():
        owners: dict[int, str] = {}
        layers = [(address.layer(schedule.full_name, layer.slug), layer) for layer in schedule.layers]
        for here, layer in sorted(layers, key=lambda pair: scene.at(pair[0])):
            first = owners.setdefault(layer.priority, layer.slug)
            if first != layer.slug:
                related = scene.at(address.layer(schedule.full_name, first), "priority")
                message = f'the priority {layer.priority} is taken by the layer "{first}"'
                hint = "priorities are unique within a schedule, those of inactive layers too"
                origin = scene.at(here, "priority")
                yield Problem(origin, "OG502", message, hint, related=((related, "first taken here"),))


def clashing_overrides(scene: Scene) -> Iterator[Problem]:
    """No two overrides of a schedule claim an instant in the same way."""
    claims = [
        (schedule.full_name, override.replaces or "", span, here)
        for schedule, override, here, span in scene.overrides()
        if not span.is_empty
    ]
    for (_, replaces), group in groupby(sorted(claims), key=lambda claim: claim[:2]):
        latest: tuple[Interval, str] | None = None
        for *_, span, here in group:
            if latest and span.start < latest[0].end:
                way = f'both replace "{replaces}"' if replaces else "neither has `replaces`"
                message = f"two overrides claim the time from {instant_text(span.start)} on, and {way}"
                related = ((scene.at(latest[1], "start"), "the other override"),)
                hint = "end one before the other starts"
                yield Problem(scene.at(here, "start"), "OG503", message, hint, related=related)
            if latest is None or span.end > latest[0].end:
                latest = span, here


def pointless_replacements(scene: Scene) -> Iterator[Problem]:
    """An override replaces somebody, and somebody else."""
    for _, override, here, _ in scene.overrides():
        if override.replaces == NOBODY:
            hint = "leave `replaces` out to be on call for all of the time, gaps included"
            yield Problem(scene.at(here, "replaces"), "OG504", "an override cannot replace nobody", hint)
        elif override.replaces == override.user:
            message = f'"{override.user}" cannot replace themselves'
            yield Problem(scene.at(here, "replaces"), "OG504", message)


def late_rotations(scene: Scene) -> Iterator[Problem]:
    """The handoffs count from a start that is not after the layer's or schedule's."""
    for turning, rotation in _rotations(scene):
        if rotation.start is None:
            continue
        timezone, at = turning.zone, turning.handoff_time
        if instant(rotation.start, timezone=timezone, at=at) > turning.span.start:
            owner = "layer" if turning.layer else "schedule"
            begins = local_text(local(turning.start, timezone=timezone, at=at))
            message = f"the rotation starts after its {owner}, which starts at {begins}"
            hint = "move it to that time or to any handoff before"
            yield Problem(scene.at(turning.here, "rotation.start"), "OG505", message, hint)


def silent_rules(scene: Scene) -> Iterator[Problem]:
    """A rule fires, again and again."""
    for turning in scene.turnings():
        firing = scene.firing(turning)
        if isinstance(firing, RuleError):
            for mistake in firing.mistakes:
                origin = scene.at(turning.here, "rotation.rrule")
                yield Problem(origin, "OG409", mistake.message, mistake.help)


def loose_anchors(scene: Scene) -> Iterator[Problem]:
    """An anchor names a turn that there is, and somebody who can hold it."""
    for turning, rotation in _rotations(scene):
        if rotation.anchor is None or isinstance(scene.firing(turning), RuleError):
            continue
        turns = Turns(rotation, timezone=turning.zone, start=turning.start, handoff_time=turning.handoff_time)
        if turns.anchor_fault:
            field = "user" if rotation.anchor.user in str(turns.anchor_fault).split() else "at"
            origin = scene.at(turning.here, f"rotation.anchor.{field}")
            yield Problem(origin, "OG506", f"the anchor pins nothing: {turns.anchor_fault}")


CONTRADICTIONS: tuple[Callable[[Scene], Iterator[Problem]], ...] = (
    empty_schedules,
    empty_layers,
    empty_overrides,
    empty_time_off,
    empty_places,
    shared_priorities,
    clashing_overrides,
    pointless_replacements,
    late_rotations,
    silent_rules,
    loose_anchors,
)

_END_IS_EXCLUSIVE = "the end is exclusive: one day off ends on the next day"


def _rotations(scene: Scene) -> Iterator[tuple[Turning, Rotation]]:
    for turning in scene.turnings():
        if isinstance(turning.rotation, Rotation):
            yield turning, turning.rotation


def _ends_early(what: str, span: Interval, origin: Origin, timezone: Zone) -> Problem:
    start = local_text(timezone.to_local(span.start))
    message = f"the {what} ends at or before its start, {start}"
    return Problem(origin, "OG501", message, "the end is exclusive and comes after the start")
