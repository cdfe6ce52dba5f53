"""Warnings: definitions that have a meaning, but hardly the one that somebody had in mind."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

from oncall_gitops.core import address, words
from oncall_gitops.core.certainty import has_hours_of_base
from oncall_gitops.core.firing import Firing
from oncall_gitops.core.model.instant import Instant
from oncall_gitops.core.model.interval import Interval
from oncall_gitops.core.model.restriction import Restrictions
from oncall_gitops.core.model.rotation import Following, Rotation
from oncall_gitops.core.model.schedule import Schedule
from oncall_gitops.core.model.user import NOBODY
from oncall_gitops.core.model.when import DAY, WEEK, local_date, local_text
from oncall_gitops.core.problem import Origin, Problem
from oncall_gitops.core.recurrence import Recurrence, rule_of
from oncall_gitops.core.resolve import Timetable, schedule_span
from oncall_gitops.core.scene import Scene, Turning, turnings_of
from oncall_gitops.core.wallclock import Zone, zone

LONG_OVERRIDE = 90 * DAY
_WHOLE_WEEK = (1 << WEEK // 60) - 1
NEARBY = 60 * DAY
"""How far from an override to look for the turn that was meant."""

MANY = 50_000
"""Shifts that are looked at, at most, for somebody whose turns never meet the windows."""

Related = tuple[tuple[Origin, str], ...]


def long_overrides(scene: Scene) -> Iterator[Problem]:
    """An override that lasts so long that it is a change of the rotation."""
    for covering in scene.overrides():
        length = covering.span.end - covering.span.start
        if length > LONG_OVERRIDE:
            hint = "change the rotation instead, for example with dated members"
            message = f"the override lasts {length // DAY} days"
            yield _warning(scene, covering.here, "end", "OG908", message, hint)


def misplaced_overrides(scene: Scene) -> Iterator[Problem]:
    """An override outside of its schedule, or wholly in the past."""
    for covering in scene.overrides():
        schedule, _, span, _ = covering
        if span.is_empty:
            continue
        if missed := _missed(span, schedule):
            edge, is_early = missed
            when = words.at(edge, zone(schedule.timezone))
            message = (
                f"the override lies outside of its schedule, which {'starts' if is_early else 'ends'} {when}"
            )
            field = "start_date" if is_early else "end_date"
            related = ((scene.at(address.schedule(schedule.full_name), field), "the schedule's"),)
            yield _warning(scene, covering.here, "start", "OG909", message, "check the year", related)
        elif span.end <= scene.latest:
            message, hint = "the override is over", "remove it when you like"
            yield _warning(scene, covering.here, "end", "OG910", message, hint)


def needless_replacements(scene: Scene) -> Iterator[Problem]:
    """An override that replaces somebody who is not on call in it."""
    for covering in scene.overrides():
        schedule, override, span, _ = covering
        replaced = override.replaces
        if replaced in (None, NOBODY, override.user) or span.is_empty or span.end <= scene.now:
            continue
        if not schedule.active or has_hours_of_base(schedule, replaced, span):
            continue
        if timetable := scene.timetable(schedule):
            holders = _holders(timetable, span, until=replaced)
            if holders is not None and replaced not in holders:
                there = ", ".join(sorted(holders)) or "nobody"
                message = f'"{replaced}" is not on call in this time ({there} is), so nobody is replaced'
                hint = _next_turn(timetable, replaced, span, zone(schedule.timezone))
                yield _warning(scene, covering.here, "replaces", "OG911", message, hint)


def rare_rules(scene: Scene) -> Iterator[Problem]:
    """A rule that lets more than a year pass, or skips months."""
    for turning in scene.by_rule():
        firing = scene.firing(turning)
        if isinstance(firing, Firing):
            if firing.is_rare:
                first, following = (local_date(day * DAY).isoformat() for day in firing.gap)
                message = (
                    f"the rule lets up to {firing.longest_gap} days pass, as from {first} to {following}"
                )
                hint = "name more days, unless one person is to be on call that long"
                yield _warning(scene, turning.here, "rotation.rrule", "OG904", message, hint)
            if firing.skips_short_months:
                message = f"the day of the month is the start's, {local_date(turning.origin).day}, "
                hint = "BYMONTHDAY=-1 is the last day of every month"
                message += "and months without that day are skipped"
                yield _warning(scene, turning.here, "rotation.rrule", "OG905", message, hint)


def odd_starts(scene: Scene) -> Iterator[Problem]:
    """A start that its rule does not name: it is the first handoff all the same."""
    for turning in scene.by_rule():
        firing = scene.firing(turning)
        if isinstance(firing, Firing) and not firing.matches_start:
            here, path = turning.here, "rotation.start"
            if not scene.is_written(here, path):
                path = "start_date"
            if not scene.is_written(here, path):
                path = "rotation.rrule"
            start = words.on_wall(turning.origin)
            message = f"the start, {start}, is no occurrence of the rule, but a handoff all the same"
            hint = f"start at {_better_start(turning)}, or mind the short first turn"
            yield _warning(scene, here, path, "OG906", message, hint)


def repeated_members(scene: Scene) -> Iterator[Problem]:
    """A user with several undated places in a rotation, which is a double turn."""
    for turning in scene.turnings():
        rotation = turning.rotation
        if not isinstance(rotation, Rotation):
            continue
        if len({place.user for place in rotation.places}) == len(rotation.places):
            continue
        seen: dict[str, int] = {}
        for index, place in enumerate(rotation.places):
            first = seen.setdefault(place.user, index)
            if first != index and place.user != NOBODY:
                message = f'"{place.user}" holds more than one place in this rotation'
                hint = "remove one, unless a double turn is meant"
                related = ((scene.at(turning.here, f"rotation.users.{first}"), "the first place"),)
                yield _warning(
                    scene, turning.here, f"rotation.users.{index}", "OG907", message, hint, related
                )


def unscheduled_users(scene: Scene) -> Iterator[Problem]:
    """A user in no rotation and no override."""
    if scene.is_partial:
        return
    named, _ = scene.named_users()
    users = scene.desired.state.users
    for slug in users if users.keys() - named else ():
        if slug not in named:
            message = f'no rotation and no override has the user "{slug}"'
            hint = "add them to a rotation, or remove the entry"
            yield Problem(scene.at(address.user(slug)), "OG915", message, hint, "warning")


def hidden_layers(scene: Scene) -> Iterator[Problem]:
    """A layer all of whose time is covered by others above it."""
    for turnings in scene.turnings_by_schedule().values():
        layered = [turning for turning in turnings if turning.layer and turning.layer.active]
        if len(layered) < 2:
            continue
        layered.sort(key=_priority, reverse=True)
        claims = [_Claim(turning, _minutes(turning.restrictions)) for turning in layered]
        for place, (low, _) in enumerate(claims):
            if above := _hiding(claims[:place], claims[place]):
                names = words.listed([f'"{high.layer.slug}"' for high in above if high.layer])
                who = f"layer {names} covers" if len(above) == 1 else f"layers {names} together cover"
                message = f"the layer can never be seen: the {who} all of its time"
                hint = "restrict that layer, or give this one a higher priority"
                related = tuple((scene.at(high.here, "priority"), "the layer above") for high in above)
                yield _warning(scene, low.here, "priority", "OG916", message, hint, related)


DOUBTS: tuple[Callable[[Scene], Iterator[Problem]], ...] = (
    long_overrides,
    misplaced_overrides,
    needless_replacements,
    rare_rules,
    odd_starts,
    repeated_members,
    unscheduled_users,
    hidden_layers,
)


def _missed(span: Interval, schedule: Schedule) -> tuple[Instant, bool] | None:
    """The edge of the schedule, its layers included, beyond which a span lies, and whether it lies before it."""
    if schedule.rotation and span.overlaps(schedule_span(schedule)):
        return None
    spans = [turning.span for turning in turnings_of(schedule)]
    if not spans or any(span.overlaps(other) for other in spans):
        return None
    first = min(other.start for other in spans)
    return (first, True) if span.end <= first else (max(other.end for other in spans), False)


def _holders(timetable: Timetable, span: Interval, *, until: str) -> set[str] | None:
    """Who would be on call in a span without any override; it is enough to find the one who is looked for.

    Whoever is no member in it need not be looked for, and it is enough to tell who is. None if so many shifts
    go by without them that nobody knows.
    """
    members = timetable.users_in(span, below_overrides=True)
    if until not in members and span.end - span.start > NEARBY:
        return members
    holders: set[str] = set()
    start, seen = span.start, 0
    while start < span.end and until not in holders:
        part = Interval(start, min(start + 4 * WEEK, span.end))
        shifts = timetable.below_overrides(part)
        holders.update([shift.user for shift in shifts])
        start, seen = part.end, seen + len(shifts) + 1
        if seen > MANY:
            return None
    return holders


def _warning(
    scene: Scene, here: str, path: str, code: str, message: str, hint: str = "", related: Related = ()
) -> Problem:
    return Problem(scene.at(here, path), code, message, hint, "warning", related)


def _next_turn(timetable: Timetable, user: str, span: Interval, timezone: Zone) -> str:
    """When somebody is on call who is not on call in a span: the nearest of their shifts."""
    around = Interval(span.start - NEARBY, span.start), Interval(span.end, span.end + NEARBY)
    shifts = [
        shift
        for part in around
        if user in timetable.users_in(part, below_overrides=True)
        for shift in timetable.below_overrides(part)
        if shift.user == user
    ]
    if not shifts:
        return "leave `replaces` out, or correct the name"
    nearest = min(shifts, key=lambda shift: abs(shift.start - span.start))
    return (
        f'"{user}" is on call {words.span(Interval(*nearest[:2]), timezone)}: correct the time, or the name'
    )


def _better_start(turning: Turning) -> str:
    """An occurrence of the rule near the start; a rotation's own start may not be after its layer's."""
    assert isinstance(turning.rotation, Rotation)
    recurrence = Recurrence(rule_of(turning.rotation.cadence, start=turning.origin), turning.origin)
    found = recurrence.nth(1)
    if turning.rotation.start and found is not None and turning.zone.to_instant(found) > turning.span.start:
        pattern, is_steady = recurrence.pattern, recurrence.rule.interval == 1
        found = pattern.nth(pattern.count(turning.origin) - 1) if is_steady else None
    return "an earlier occurrence" if found is None else local_text(found)


def _priority(turning: Turning) -> int:
    assert turning.layer
    return turning.layer.priority


class _Claim(NamedTuple):
    """A layer, and the minutes of the week that its windows let it claim, as bits."""

    turning: Turning
    minutes: int


def _hiding(above: Sequence[_Claim], low: _Claim) -> list[Turning]:
    """Layers that together claim every instant that a lower one can have; rather one of them than several.

    Weekly windows hold others on the wall of one zone; a layer that is open all week does on any.
    """
    needed, found = low.minutes, []
    for high, minutes in above:
        if not needed & minutes or not _is_claimed_throughout(high, low.turning, minutes):
            continue
        if low.minutes & ~minutes == 0:
            return [high]
        found.append(high)
        needed &= ~minutes
    return found if needed == 0 else []


def _is_claimed_throughout(high: Turning, low: Turning, minutes: int) -> bool:
    """Whether a layer has its windows filled as long as a lower one lasts, and the same wall to read them from."""
    return (
        (minutes == _WHOLE_WEEK or high.zone is low.zone)
        and high.span.start <= low.span.start
        and low.span.end <= high.span.end
        and _always_held(high)
    )


def _always_held(turning: Turning) -> bool:
    if isinstance(turning.rotation, Following):
        return False
    return any(place.start is None and place.until is None for place in turning.rotation.places)


@lru_cache(maxsize=1024)
def _minutes(restrictions: Restrictions) -> int:
    """The minutes of the week in which windows are open, as bits; all of them where there is no window."""
    if not restrictions:
        return _WHOLE_WEEK
    bits = 0
    for window in restrictions:
        for start, length in window.spans():
            first, last = start // 60, (start + length) // 60
            mask = (1 << last) - (1 << first)
            week = WEEK // 60
            bits |= (mask & ((1 << week) - 1)) | (mask >> week)
    return bits
