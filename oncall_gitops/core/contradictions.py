"""Errors that no clock is needed for: definitions that contradict themselves or each other."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import groupby

from oncall_gitops.core import address, words
from oncall_gitops.core.model.interval import Interval
from oncall_gitops.core.model.rotation import Rotation
from oncall_gitops.core.model.rule import RuleError
from oncall_gitops.core.model.user import NOBODY
from oncall_gitops.core.model.when import DAY, When, Written, local_text, parse_when
from oncall_gitops.core.problem import Origin, Problem
from oncall_gitops.core.resolve import schedule_span
from oncall_gitops.core.scene import Covering, Scene, Turning
from oncall_gitops.core.turns import Turns
from oncall_gitops.core.wallclock import Zone, instant, local, zone

SOON = 120 * DAY
"""A span that crosses New Year is hardly longer, when only its year was forgotten."""


def empty_schedules(scene: Scene) -> Iterator[Problem]:
    """A schedule ends after its start."""
    for schedule in scene.schedules.values():
        here = address.schedule(schedule.full_name)
        if schedule_span(schedule).is_empty and schedule.end:
            places = scene.at(here, "start_date"), scene.at(here, "end_date")
            yield _ends_early("schedule", schedule.start, schedule.end, places)


def empty_layers(scene: Scene) -> Iterator[Problem]:
    """A layer ends after its start, also where one of the two is the schedule's."""
    for turning in scene.turnings():
        layer, schedule = turning.layer, turning.schedule
        if layer is None or not turning.span.is_empty:
            continue
        if layer.end:
            owner = turning.here if layer.start else address.schedule(schedule.full_name)
            places = scene.at(owner, "start_date"), scene.at(turning.here, "end_date")
            yield _ends_early("layer", turning.start, layer.end, places)
        elif layer.start or not schedule_span(schedule).is_empty:
            origin = scene.at(turning.here, "start_date")
            related = ((scene.at(address.schedule(schedule.full_name), "end_date"), "the schedule's end"),)
            end = words.at(turning.span.end, turning.zone)
            message = f"the layer starts at or after the end that it takes from its schedule, {end}"
            yield Problem(
                origin, "OG501", message, "give the layer an `end_date` of its own", related=related
            )


def empty_overrides(scene: Scene) -> Iterator[Problem]:
    """An override ends after its start."""
    for covering in scene.overrides():
        if covering.span.is_empty:
            override, here = covering.override, covering.here
            places = scene.at(here, "start"), scene.at(here, "end")
            yield _ends_early("override", override.start, override.end, places)


def empty_time_off(scene: Scene) -> Iterator[Problem]:
    """Time off ends after its start."""
    for user in scene.away():
        timezone = zone(user.timezone or "UTC")
        for index, off in enumerate(user.time_off):
            start, end = (instant(when, timezone=timezone, at=0) for when in (off.start, off.end))
            if end <= start:
                here = address.time_off(user.slug, index)
                yield _ends_early(
                    "time off", off.start, off.end, (scene.at(here, "start"), scene.at(here, "end"))
                )


def empty_places(scene: Scene) -> Iterator[Problem]:
    """A member leaves after joining."""
    for turning, rotation in _rotations(scene):
        for index, place in enumerate(rotation.places):
            if place.start and place.until:
                at = turning.handoff_time
                joins = instant(place.start, timezone=turning.zone, at=at)
                leaves = instant(place.until, timezone=turning.zone, at=at)
                if leaves <= joins:
                    path = f"rotation.users.{index}"
                    places = scene.at(turning.here, f"{path}.from"), scene.at(turning.here, f"{path}.until")
                    yield _ends_early("place", place.start, place.until, places)


def shared_priorities(scene: Scene) -> Iterator[Problem]:
    """Priorities are unique within a schedule; an inactive layer keeps its own."""
    for schedule in scene.schedules.values():
        if len({layer.priority for layer in schedule.layers}) == len(schedule.layers):
            continue
        owners: dict[int, str] = {}
        layers = [(address.layer(schedule.full_name, layer.slug), layer) for layer in schedule.layers]
        for here, layer in sorted(layers, key=lambda pair: scene.at(pair[0])):
            first = owners.setdefault(layer.priority, layer.slug)
            if first != layer.slug:
                related = scene.at(address.layer(schedule.full_name, first), "priority")
                message = f'the priority {layer.priority} is taken by the layer "{first}"'
                free = _free_priority(layer.priority, {other.priority for other in schedule.layers})
                hint = f"give one of the two another, such as {free}; inactive layers keep theirs"
                origin = scene.at(here, "priority")
                yield Problem(origin, "OG502", message, hint, related=((related, "first taken here"),))


def clashing_overrides(scene: Scene) -> Iterator[Problem]:
    """No two overrides of a schedule claim an instant in the same way."""
    for _, group in groupby(scene.overrides(), key=lambda covering: id(covering.schedule)):
        if len(claims := [covering for covering in group if not covering.span.is_empty]) > 1:
            yield from _clashes(scene, claims)


def _clashes(scene: Scene, claims: Sequence[Covering]) -> Iterator[Problem]:
    """Of the overrides of one schedule: those that begin before an earlier one of their kind has ended."""
    timezone = zone(claims[0].schedule.timezone)
    latest: Covering | None = None
    for claim in sorted(claims, key=lambda claim: (claim.way, claim.span, claim.override.user)):
        if latest is None or claim.way != latest.way:
            latest = claim
            continue
        if claim.span.start < latest.span.end:
            both = words.span(claim.span.cut(latest.span), timezone)
            users = latest.override.user, claim.override.user
            way = f'both replace "{claim.way}"' if claim.way else "neither has `replaces`"
            who = f'"{users[0]}" and "{users[1]}" both take'
            who = f'"{users[1]}" takes twice' if users[0] == users[1] else who
            message = f"{who} {both} ({timezone.name}), and {way}"
            related = ((scene.at(latest.here, "start"), "the other override"),)
            hint = _apart(claim.span, latest.span, timezone)
            yield Problem(scene.at(claim.here, "start"), "OG503", message, hint, related=related)
        if claim.span.end > latest.span.end:
            latest = claim


def _free_priority(wanted: int, taken: set[int]) -> int:
    """The nearest priority that no layer has, rather above than below."""
    free = (number for number in range(1, 1001) if number not in taken)
    return min(free, key=lambda number: (abs(number - wanted), -number), default=wanted)


def _apart(later: Interval, earlier: Interval, timezone: Zone) -> str:
    """How to keep two overrides apart, in the words of the files."""
    start, end = (local_text(timezone.to_local(moment)) for moment in (earlier.end, later.start))
    ways = [f"start this one at {start}"] if earlier.end < later.end else []
    ways += [f"end the other one at {end}"] if earlier.start < later.start else []
    return ", or ".join([*ways, "remove one of the two"])


def pointless_replacements(scene: Scene) -> Iterator[Problem]:
    """An override replaces somebody, and somebody else."""
    for covering in scene.overrides():
        user, replaced = covering.override.user, covering.override.replaces
        if replaced == NOBODY:
            hint = "leave `replaces` out to be on call for all of the time, gaps included"
            origin = scene.at(covering.here, "replaces")
            yield Problem(origin, "OG504", "an override cannot replace nobody", hint)
        elif replaced == user:
            message = f'"{user}" cannot replace themselves'
            hint = "name somebody else as `user`, or remove the override"
            yield Problem(scene.at(covering.here, "replaces"), "OG504", message, hint)


def late_rotations(scene: Scene) -> Iterator[Problem]:
    """The handoffs count from a start that is not after the layer's or schedule's."""
    for turning, rotation in _rotations(scene):
        if rotation.start is None:
            continue
        timezone, at = turning.zone, turning.handoff_time
        if instant(rotation.start, timezone=timezone, at=at) > turning.span.start:
            owner = "layer" if turning.layer else "schedule"
            begins = local(turning.start, timezone=timezone, at=at)
            message = f"the rotation starts after its {owner}, which starts at {words.on_wall(begins)}"
            hint = f"write {turning.start.text}, or the date of any handoff before"
            own = (
                turning.here
                if turning.layer and turning.layer.start
                else address.schedule(turning.schedule.full_name)
            )
            related = ((scene.at(own, "start_date"), f"the {owner} starts here"),)
            yield Problem(scene.at(turning.here, "rotation.start"), "OG505", message, hint, related=related)


def silent_rules(scene: Scene) -> Iterator[Problem]:
    """A rule fires, again and again."""
    for turning in scene.by_rule():
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
            field = turns.anchor_fault.field
            members = ", ".join(dict.fromkeys(place.user for place in rotation.places))
            first = words.on_wall(turning.origin)
            hint = f"the members are {members}" if field == "user" else f"the first handoff is {first}"
            origin = scene.at(turning.here, f"rotation.anchor.{field}")
            yield Problem(origin, "OG506", f"the anchor pins nothing: {turns.anchor_fault}", hint)


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


def _rotations(scene: Scene) -> Iterator[tuple[Turning, Rotation]]:
    for turning in scene.turnings():
        if isinstance(turning.rotation, Rotation):
            yield turning, turning.rotation


def _ends_early(what: str, start: When, end: When, places: tuple[Origin, Origin]) -> Problem:
    """An end that is not after its start; a year that was forgotten at New Year gives itself away."""
    is_skipped = start.written is end.written is Written.LOCAL and start.seconds < end.seconds
    if is_skipped:
        message = f"the {what} is empty: the clocks skip all of {start.text} to {end.text}"
        return Problem(places[1], "OG501", message, "choose other times", related=((places[0], "the start"),))
    relation = "at or before"
    if start.written is end.written:
        relation = "on" if start.seconds == end.seconds else "before"
    message = f"the {what} ends {relation} its start, {_bare(what, start.text)}"
    hint = "the end is exclusive: one day ends on the next day"
    if relation != "on":
        later = _a_year_later(start, end)
        hint = f"did you mean {_bare(what, later)}?" if later else "check the year, or swap the two"
    return Problem(places[1], "OG501", message, hint, related=((places[0], "the start"),))


def _bare(what: str, text: str) -> str:
    """A time as it was most likely written: a date, where that means midnight."""
    return text.removesuffix("T00:00") if what in ("override", "time off") else text


def _a_year_later(start: When, end: When) -> str | None:
    """The end a year later, if that is soon after the start."""
    try:
        later = parse_when(f"{int(end.text[:4]) + 1}{end.text[4:]}")
    except ValueError:
        return None
    is_soon = start.written is end.written and 0 < later.seconds - start.seconds <= SOON
    return later.text if is_soon else None
