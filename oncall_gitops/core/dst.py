"""Warnings about wall times that a change of the clocks skips or repeats in the next two years.

They have a meaning (`wallclock.py`), but hardly the one that somebody had in mind.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from typing import NamedTuple

from oncall_gitops.core import address, words
from oncall_gitops.core.model.instant import FOREVER, FOREVER_AGO, Instant
from oncall_gitops.core.model.interval import Interval
from oncall_gitops.core.model.restriction import DailyWindow, WeeklyWindow, Window
from oncall_gitops.core.model.rotation import Following, Rotation
from oncall_gitops.core.model.rule import RuleError
from oncall_gitops.core.model.when import DAY, Local, Written, clock_text, local_text
from oncall_gitops.core.problem import Origin, Problem
from oncall_gitops.core.recurrence import Recurrence, rule_of
from oncall_gitops.core.scene import Scene, Turning
from oncall_gitops.core.wallclock import Zone, zone

AHEAD = 2 * 366 * DAY

_ALWAYS = Interval(FOREVER_AGO, FOREVER)


class Change(NamedTuple):
    """A change of the clocks: the wall times in [low, high) do not exist, or occur twice."""

    moment: Instant
    low: Local
    high: Local
    skips: bool

    def words(self, local: Local, timezone: Zone) -> str:
        """What happens to a wall time in it."""
        day, date, clock = words.on_wall(local).split(" ")
        where = f"{clock} on {day} {date} in {timezone.name}"
        if self.skips:
            instead = local_text(timezone.to_local(timezone.to_instant(local))).split("T")[1]
            return f"{where} does not exist: the clocks go forward, and {instead} is meant instead"
        return f"{where} occurs twice: the clocks go back, and the first of the two is meant"

    def meets(self, clock: int) -> bool:
        """Whether it skips or repeats a time of the day."""
        return self.low <= self.low // DAY * DAY + clock < self.high or (
            self.low <= self.high // DAY * DAY + clock < self.high
        )

    @property
    def code(self) -> str:
        return "OG913" if self.skips else "OG914"


class _EdgeMet(NamedTuple):
    """A window's edge, `from` or `to`, its time of the day, and a change that skips or repeats it."""

    field: str
    clock: int
    change: Change


def handoffs(scene: Scene) -> Iterator[Problem]:
    """A handoff at a time that is skipped or repeated; the first of each kind."""
    ahead = _ahead(scene)
    for turning in scene.turnings():
        rotation = turning.rotation
        if isinstance(rotation, Following) or not turning.is_active:
            continue
        if isinstance(scene.firing(turning), RuleError):
            continue
        origin = turning.origin
        clock = None if _may_vary(rotation) else origin % DAY
        changes = [
            change for change in _changes_at(turning.zone, ahead, clock) if change.moment in turning.span
        ]
        if not changes:
            continue
        recurrence = Recurrence(rule_of(rotation.cadence, start=origin), origin)
        for skips in (True, False):
            met = (
                (change, occurrences[0])
                for change in changes
                if change.skips is skips and (occurrences := recurrence.between(change.low, change.high))
            )
            for change, local in list(met)[:1]:
                hint = "choose another handoff time, if that is not what you want"
                message = f"a handoff at {change.words(local, turning.zone)}"
                yield Problem(_time_of_day(scene, turning, rotation), change.code, message, hint, "warning")


def window_edges(scene: Scene) -> Iterator[Problem]:
    """A window's edge at a time that is skipped or repeated.

    Only the time counts, not the day: most clocks change on Sundays, and a window that is moved there by its
    next edit would surprise.
    """
    ahead = _ahead(scene)
    for turning in scene.turnings():
        if not turning.restrictions or not turning.is_active:
            continue
        for index, window in enumerate(turning.restrictions):
            if met := _edges_met(window, turning.zone, ahead):
                path = f"restrictions.{index}"
                yield from _edges(scene, turning.here, path, met, turning.zone, only=turning.span)
    for schedule in scene.schedules.values():
        if schedule.active and isinstance(schedule.coverage, tuple):
            timezone = zone(schedule.timezone)
            for index, window in enumerate(schedule.coverage):
                met = _edges_met(window, timezone, ahead)
                here = address.schedule(schedule.full_name)
                yield from _edges(scene, here, f"coverage.{index}", met, timezone)


def override_edges(scene: Scene) -> Iterator[Problem]:
    """An override that begins or ends at a time that is skipped or repeated."""
    for covering in scene.overrides():
        timezone, override = zone(covering.schedule.timezone), covering.override
        for field, when in (("start", override.start), ("end", override.end)):
            if when.written is not Written.INSTANT and (
                change := _met(timezone, when.seconds, since=scene.now)
            ):
                message = f"the override's {field} at {change.words(when.seconds, timezone)}"
                hint = "write it with its offset, or choose another time"
                yield Problem(scene.at(covering.here, field), "OG921", message, hint, "warning")


CLOCK_CHANGES: tuple[Callable[[Scene], Iterator[Problem]], ...] = (handoffs, window_edges, override_edges)


def _ahead(scene: Scene) -> Interval:
    return Interval(scene.now, scene.latest + AHEAD)


@lru_cache(maxsize=1024)
def _changes(timezone: Zone, span: Interval) -> tuple[Change, ...]:
    changes = []
    for moment, before, after in timezone.transitions(span.start, span.end):
        low, high = sorted((moment + before, moment + after))
        changes.append(Change(moment, low, high, skips=after > before))
    return tuple(changes)


@lru_cache(maxsize=4096)
def _changes_at(timezone: Zone, span: Interval, clock: int | None) -> tuple[Change, ...]:
    """Those that skip or repeat a time of the day; all, if the time may be any."""
    return tuple(change for change in _changes(timezone, span) if clock is None or change.meets(clock))


def _may_vary(rotation: Rotation) -> bool:
    """Whether handoffs may come at other times of the day than the first one."""
    rule = rotation.cadence.rrule
    return rule is not None and ("HOUR" in rule or "MINUTE" in rule)


def _time_of_day(scene: Scene, turning: Turning, rotation: Rotation) -> Origin:
    """Where the time of day of the handoffs is written, or what comes nearest to it."""
    paths = ["rotation.rrule"] if rotation.cadence.rrule and "BYHOUR" in rotation.cadence.rrule else []
    start = rotation.start or turning.start
    if start.written is not Written.DATE:
        paths.append("rotation.start" if rotation.start else "start_date")
    paths.append("handoff_time")
    owners = [turning.here, address.schedule(turning.schedule.full_name)]
    for path in paths:
        for here in owners:
            if scene.is_written(here, path):
                return scene.at(here, path)
    return scene.at(turning.here, "rotation")


def _edges(
    scene: Scene,
    here: str,
    path: str,
    met: Iterable[_EdgeMet],
    timezone: Zone,
    *,
    only: Interval = _ALWAYS,
) -> Iterator[Problem]:
    """The first change of either kind that meets each edge."""
    told: set[tuple[str, bool]] = set()
    for field, clock, change in met:
        if change.moment in only and (field, change.skips) not in told:
            told.add((field, change.skips))
            met_at = change.words(change.low // DAY * DAY + clock, timezone)
            message = f"a window's edge is at a time at which clocks change: {met_at}"
            hint = f"choose another time than {clock_text(clock)}, if that is not what you want"
            yield Problem(scene.at(here, f"{path}.{field}"), change.code, message, hint, "warning")


@lru_cache(maxsize=4096)
def _edges_met(window: Window, timezone: Zone, span: Interval) -> tuple[_EdgeMet, ...]:
    """The edges of a window that changes of the clock skip or repeat, with every such change.

    For most windows there is none, and many layers have the same, so the last answers are kept.
    """
    return tuple(
        _EdgeMet(field, clock, change)
        for field, clock in _clocks(window)
        for change in sorted(_changes_at(timezone, span, clock), key=lambda change: not change.skips)
        if change.low <= change.low // DAY * DAY + clock < change.high
    )


def _clocks(window: Window) -> tuple[tuple[str, int], ...]:
    if isinstance(window, DailyWindow | WeeklyWindow):
        return ("from", window.start % DAY), ("to", window.end % DAY)
    return ()


@lru_cache(maxsize=1024)
def _met(timezone: Zone, local: Local, *, since: Instant) -> Change | None:
    """The change of the clocks that skips or repeats a wall time which is not over."""
    middle = timezone.to_instant(local)
    if middle < since:
        return None
    return next(
        (
            change
            for change in _changes(timezone, Interval(middle - 2 * DAY, middle + 2 * DAY))
            if change.low <= local < change.high
        ),
        None,
    )
