"""Warnings about people: who is on call when they are away, twice at once, never, or always."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import islice
from typing import NamedTuple

from oncall_gitops.core import address, words
from oncall_gitops.core.certainty import everybody_works
from oncall_gitops.core.model.instant import FOREVER, FOREVER_AGO, Instant
from oncall_gitops.core.model.interval import Interval
from oncall_gitops.core.model.rotation import Place, Rotation
from oncall_gitops.core.model.rule import WEEKDAY_CODES
from oncall_gitops.core.model.schedule import Schedule
from oncall_gitops.core.model.shift import Shift
from oncall_gitops.core.model.user import NOBODY
from oncall_gitops.core.model.when import DAY
from oncall_gitops.core.problem import Problem
from oncall_gitops.core.recurrence import Recurrence, rule_of
from oncall_gitops.core.resolve import Timetable
from oncall_gitops.core.scene import Scene, Turning
from oncall_gitops.core.wallclock import instant, zone

MOST_PAIRS = 20
"""Of schedules in which one person is on call at once; more of them say nothing new."""

_FIRST_LOOK = 35 * DAY
_LONG_LOOK = 800 * DAY
_ROUNDS = 4
"""How often the walk must go round in the long look before its absence of somebody means anything."""


def duty_in_time_off(scene: Scene) -> Iterator[Problem]:
    """Somebody who is on call during their time off."""
    shifts: dict[str, list[tuple[Schedule, Shift]]] = {}
    users = {user.slug: user for user in scene.away()}
    if not users:
        return
    for schedule in scene.schedules.values():
        if users.keys().isdisjoint(scene.users_of(schedule)):
            continue
        for shift in scene.shifts(schedule):
            if shift.user in users:
                shifts.setdefault(shift.user, []).append((schedule, shift))
    for slug, user in users.items():
        timezone = zone(user.timezone or "UTC")
        for index, off in enumerate(user.time_off):
            span = Interval(*(instant(when, timezone=timezone, at=0) for when in (off.start, off.end)))
            if span.is_empty or span.end <= scene.now or span.start >= scene.until:
                continue
            met = [(s, shift) for s, shift in shifts.get(slug, ()) if span.overlaps(Interval(*shift[:2]))]
            for name in dict.fromkeys(schedule.full_name for schedule, _ in met):
                first = next(shift for schedule, shift in met if schedule.full_name == name)
                since = _since(scene, scene.schedules[name], max(first.start, span.start))
                message = f'"{slug}" is on call in {name} during this time off, {since}'
                hint = f"add an override with `replaces: {slug}`"
                related = ((scene.at(address.schedule(name)), "the schedule"),)
                origin = scene.at(address.time_off(slug, index), "start")
                yield Problem(origin, "OG917", message, hint, "warning", related)


def double_duty(scene: Scene) -> Iterator[Problem]:
    """Somebody who is on call in two schedules at once; once for each pair of schedules and user."""
    duties: dict[str, list[tuple[Shift, str]]] = {}
    _, shared = scene.named_users()
    if not shared:
        return
    for schedule in scene.schedules.values():
        if shared.isdisjoint(scene.users_of(schedule)):
            continue
        for shift in scene.shifts(schedule):
            if shift.user in shared:
                duties.setdefault(shift.user, []).append((shift, schedule.full_name))
    for user, held in duties.items():
        for number, meeting in enumerate(islice(_meetings(held), MOST_PAIRS), start=1):
            yield _twice(scene, user, meeting, is_last=number == MOST_PAIRS)


class _Meeting(NamedTuple):
    """The first instant at which one person is on call in two schedules."""

    first: str
    second: str
    at: Instant


def _meetings(held: list[tuple[Shift, str]]) -> Iterator[_Meeting]:
    """The pairs of schedules in which one person's shifts overlap, each once."""
    seen: set[tuple[str, str]] = set()
    running: list[tuple[Shift, str]] = []
    for shift, name in sorted(held, key=lambda pair: pair[0][:2]):
        running = [other for other in running if other[0].end > shift.start]
        for _, other in running:
            pair = (name, other) if name < other else (other, name)
            if name != other and pair not in seen:
                seen.add(pair)
                yield _Meeting(*pair, shift.start)
        running.append((shift, name))


def _twice(scene: Scene, user: str, meeting: _Meeting, *, is_last: bool) -> Problem:
    first, second, at = meeting
    since = _since(scene, scene.schedules[second], at)
    message = f'"{user}" is on call in {first} and {second} at once, {since}'
    if is_last:
        message += f"; {MOST_PAIRS} such pairs are told, and no more"
    related = ((scene.at(address.schedule(first)), "the other schedule"),)
    hint = "give one of the two to somebody else, if that is too much"
    return Problem(scene.at(address.schedule(second)), "OG918", message, hint, "warning", related)


def idle_or_always(scene: Scene) -> Iterator[Problem]:
    """A member whom a layer's windows and the length of its turns keep from ever, or always, working."""
    for turning in scene.turnings():
        rotation = turning.rotation
        if not turning.restrictions or not turning.is_active or not isinstance(rotation, Rotation):
            continue
        if everybody_works(rotation) or scene.timetable(turning.schedule) is None:
            continue
        idle, always = idle_members(turning, now=scene.now)
        hint = (
            f"let the turn pass only on the days of the windows: `type: custom`, `rrule: {_fitting(turning)}`"
        )
        for index, place in enumerate(rotation.places):
            if place.user in idle and place.user != NOBODY:
                message = f'"{place.user}" never works here: their turns always fall outside of the windows'
                if always not in ("", NOBODY):
                    message += f', and "{always}" always does'
            elif place.user == always and idle == {NOBODY}:
                message = f'"{always}" always works here: the turns of nobody fall outside of the windows'
            else:
                continue
            origin = scene.at(turning.here, f"rotation.users.{index}")
            yield Problem(origin, "OG919", message, hint, "warning")


def idle_members(turning: Turning, *, now: Instant) -> tuple[frozenset[str], str]:
    """Those who are members all the time and have no hour in the next two years, while windows open for others.

    `nobody` may be one of them. The second is the one who has all the hours, if it is one. A short look settles the
    usual case, in which everybody has a turn soon. Both begin with today (UTC), so that the answer does not change
    before tomorrow.
    """
    rotation, layer = turning.rotation, turning.layer
    assert isinstance(rotation, Rotation)
    assert layer
    start = max(now - now % DAY, turning.span.start)
    window = Interval(start, min(start + _LONG_LOOK, turning.span.end))
    members = {place.user for place in rotation.places if _is_member_throughout(place, turning, window)}
    if len(members) < 2 or window.is_empty:
        return frozenset(), ""
    recurrence = Recurrence(rule_of(rotation.cadence, start=turning.origin), turning.origin)
    first, last = (recurrence.count(turning.zone.to_local(moment)) for moment in window)
    if last - first < _ROUNDS * len(rotation.places):
        return frozenset(), ""
    # `nobody` leaves no shift, so somebody of whom there is no other stands in for them here
    shown = replace(rotation, places=tuple(_seen(place) for place in rotation.places))
    alone = Timetable(
        replace(turning.schedule, rotation=None, layers=(replace(layer, rotation=shown),), overrides=()),
        siblings={},
    )
    working: set[str] = set()
    for look in (_FIRST_LOOK, _LONG_LOOK):
        part = window.cut(Interval(start, start + look))
        working = {NOBODY if shift.user == _SOMEBODY else shift.user for shift in alone.shifts(part)}
        if members <= working or not working:
            return frozenset(), ""
    return frozenset(members - working), next(iter(working)) if len(working) == 1 else ""


_SOMEBODY = "/nobody"


def _seen(place: Place) -> Place:
    return replace(place, user=_SOMEBODY) if place.user == NOBODY else place


def _is_member_throughout(place: Place, turning: Turning, window: Interval) -> bool:
    joins, leaves = (
        instant(when, timezone=turning.zone, at=turning.handoff_time) if when else always
        for when, always in ((place.start, FOREVER_AGO), (place.until, FOREVER))
    )
    return joins <= window.start and window.end <= leaves


def _fitting(turning: Turning) -> str:
    """The rule that hands off on each day on which a window opens."""
    days = sorted({start // DAY for window in turning.restrictions for start, _ in window.spans()})
    return f"FREQ=WEEKLY;BYDAY={','.join(WEEKDAY_CODES[day] for day in days)}"


def _since(scene: Scene, schedule: Schedule, moment: Instant) -> str:
    """`first at Mon 2026-12-07 09:00 (Europe/Berlin)`; whoever has been since before now is, now."""
    return "now" if moment <= scene.now else f"first at {words.at(moment, zone(schedule.timezone))}"


DUTIES: tuple[Callable[[Scene], Iterator[Problem]], ...] = (duty_in_time_off, double_duty, idle_or_always)
