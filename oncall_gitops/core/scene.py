"""What a check looks at: the definitions with their places, and what checks would each work out again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import NamedTuple

from oncall_gitops.core import address
from oncall_gitops.core.definition import override_address
from oncall_gitops.core.firing import Firing, prove
from oncall_gitops.core.model.instant import FOREVER, FOREVER_AGO, Instant
from oncall_gitops.core.model.interval import Interval
from oncall_gitops.core.model.layer import Layer
from oncall_gitops.core.model.override import Override
from oncall_gitops.core.model.restriction import Restrictions
from oncall_gitops.core.model.rotation import Following, Rotation
from oncall_gitops.core.model.rule import RuleError
from oncall_gitops.core.model.schedule import Schedule
from oncall_gitops.core.model.shift import Shift
from oncall_gitops.core.model.state import DesiredState
from oncall_gitops.core.model.user import NOBODY, User
from oncall_gitops.core.model.when import Local, When
from oncall_gitops.core.overriding import override_span
from oncall_gitops.core.problem import Origin
from oncall_gitops.core.recurrence import rule_of
from oncall_gitops.core.resolve import Timetable, layer_span, schedule_span
from oncall_gitops.core.wallclock import Zone, local, zone


@dataclass(frozen=True, slots=True)
class Turning:
    """A rotation where it stands: the base of a schedule (`layer` is None) or a layer's.

    `origin` is occurrence 0, on the wall; `start` and `span` are the layer's or schedule's.
    """

    schedule: Schedule
    layer: Layer | None
    rotation: Rotation | Following
    zone: Zone
    handoff_time: int
    start: When
    span: Interval
    origin: Local

    @property
    def here(self) -> str:
        """The address."""
        name = self.schedule.full_name
        return address.layer(name, self.layer.slug) if self.layer else address.schedule(name)

    @property
    def restrictions(self) -> Restrictions:
        return self.layer.restrictions if self.layer else ()

    @property
    def is_active(self) -> bool:
        return self.schedule.active and (self.layer is None or self.layer.active)


class Covering(NamedTuple):
    """An override where it stands, and the time that it is about; `number` counts those of one identity from 1."""

    schedule: Schedule
    override: Override
    span: Interval
    number: int = 1

    @property
    def way(self) -> str:
        """Whom it replaces, or nothing: overrides clash with those of the same way."""
        return self.override.replaces or ""

    @property
    def here(self) -> str:
        """The address."""
        plain = override_address(self.override, self.schedule)
        return plain if self.number == 1 else f"{plain}#{self.number}"


@dataclass(slots=True)
class Scene:
    """The definitions, and the span of time to look at.

    `incomplete` names the schedules that were read in part: nothing is concluded from their shifts.
    `is_partial` says that anything may be missing: nothing is concluded from absence. `latest` is `now`, or later
    than it: then a check finds whatever it would find at any moment in [now, latest], and perhaps more.
    """

    desired: DesiredState
    incomplete: frozenset[str] = frozenset()
    now: Instant = FOREVER_AGO
    until: Instant = FOREVER
    latest: Instant = FOREVER_AGO
    is_partial: bool = False
    _turnings: dict[str, tuple[Turning, ...]] = field(default_factory=dict)
    _away: list[list[User]] = field(default_factory=list)
    _by_rule: list[Turning] = field(default_factory=list)
    _overrides: list[Covering] = field(default_factory=list)
    _timetables: dict[str, Timetable | None] = field(default_factory=dict)
    _firings: dict[tuple[str, Local], Firing | RuleError] = field(default_factory=dict)
    _named: list[tuple[Set[str], Set[str]]] = field(default_factory=list)
    _shifts: dict[str, list[Shift]] = field(default_factory=dict)

    def between(self, now: Instant, until: Instant, *, is_partial: bool) -> Scene:
        """The same definitions, and what is known of them, at another time."""
        return replace(self, now=now, until=until, latest=now, is_partial=is_partial, _shifts={})

    def looking(self, *, until: Instant) -> Scene:
        """The same, at any moment from now until then, with a horizon that moves along."""
        more = until - self.now
        return replace(self, until=self.until + more, latest=until, _shifts={})

    @property
    def schedules(self) -> Mapping[str, Schedule]:
        return self.desired.state.schedules

    @property
    def window(self) -> Interval:
        return Interval(self.now, self.until)

    def at(self, here: str, *fields: str) -> Origin:
        """Where a field of an object is written, or what of its path is."""
        return self.desired.origins[(here, *fields)]

    def is_written(self, here: str, path: str) -> bool:
        """Whether a field stands in the files."""
        parent = path.rpartition(".")[0]
        return self.at(here, path) != (self.at(here, parent) if parent else self.at(here))

    def turnings(self) -> Iterator[Turning]:
        """All rotations."""
        return chain.from_iterable(self.turnings_by_schedule().values())

    def turnings_by_schedule(self) -> Mapping[str, tuple[Turning, ...]]:
        """The base rotation and those of the layers, by the schedule's full name."""
        if not self._turnings:
            self._turnings |= {name: tuple(turnings_of(one)) for name, one in self.schedules.items()}
        return self._turnings

    def away(self) -> Sequence[User]:
        """The users with time off."""
        if not self._away:
            self._away.append([user for user in self.desired.state.users.values() if user.time_off])
        return self._away[0]

    def by_rule(self) -> Sequence[Turning]:
        """The rotations that hand off by a rule of the files."""
        if not self._by_rule:
            self._by_rule += [
                turning
                for turning in self.turnings()
                if isinstance(turning.rotation, Rotation) and turning.rotation.cadence.rrule is not None
            ]
        return self._by_rule

    def overrides(self) -> Sequence[Covering]:
        if not self._overrides:
            for schedule in self.schedules.values():
                covering = [
                    Covering(schedule, override, override_span(override, timezone=schedule.timezone))
                    for override in schedule.overrides
                ]
                if len({each.span.start for each in covering}) < len(covering):
                    covering = _numbered(covering)
                self._overrides += covering
        return self._overrides

    def named_users(self) -> tuple[Set[str], Set[str]]:
        """The users whom schedules name, and those whom more than one does."""
        if not self._named:
            named: set[str] = set()
            shared: set[str] = set()
            for schedule in self.schedules.values():
                users = self.users_of(schedule)
                if not named.isdisjoint(users):
                    shared |= named & users
                named |= users
            self._named.append((named, shared))
        return self._named[0]

    def users_of(self, schedule: Schedule) -> set[str]:
        """The users whom a schedule names, or a schedule whose rotation it follows."""
        users = {override.user for override in schedule.overrides}
        for rotation in (schedule.rotation, *(layer.rotation for layer in schedule.layers)):
            if isinstance(rotation, Following):
                followed = self.schedules.get(f"{schedule.team}/{rotation.schedule}")
                rotation = followed.rotation if followed else None
            if isinstance(rotation, Rotation):
                users.update([place.user for place in rotation.places])
        users.discard(NOBODY)
        return users

    def firing(self, turning: Turning) -> Firing | RuleError | None:
        """The proof that a rule of the files fires, or why it does not; None for the other cadences."""
        rotation = turning.rotation
        if isinstance(rotation, Following) or rotation.cadence.rrule is None:
            return None
        rule, start = rotation.cadence.rrule, turning.origin
        if (rule, start) not in self._firings:
            try:
                self._firings[rule, start] = prove(rule_of(rotation.cadence, start=start), start)
            except RuleError as error:
                self._firings[rule, start] = error
        return self._firings[rule, start]

    def timetable(self, schedule: Schedule) -> Timetable | None:
        """The schedule ready for questions; None if a part of it, or what it follows, is missing or wrong."""
        if schedule.full_name not in self._timetables:
            self._timetables[schedule.full_name] = self._made(schedule)
        return self._timetables[schedule.full_name]

    def shifts(self, schedule: Schedule) -> list[Shift]:
        """The shifts in the window; none if the schedule cannot be resolved."""
        if schedule.full_name not in self._shifts:
            timetable = self.timetable(schedule)
            self._shifts[schedule.full_name] = timetable.shifts(self.window) if timetable else []
        return self._shifts[schedule.full_name]

    def _made(self, schedule: Schedule) -> Timetable | None:
        parts = [schedule]
        for turning in turnings_of(schedule):
            if isinstance(turning.rotation, Following):
                followed = self.schedules.get(f"{schedule.team}/{turning.rotation.schedule}")
                if followed is None:
                    return None
                parts.append(followed)
        if any(part.full_name in self.incomplete for part in parts):
            return None
        if any(isinstance(self.firing(t), RuleError) for part in parts for t in turnings_of(part)):
            return None
        return Timetable(schedule, siblings=self.schedules)


def _numbered(overrides: Sequence[Covering]) -> list[Covering]:
    """The overrides of one schedule, some of which may be of one identity by mistake."""
    seen: Counter[tuple[Instant, str]] = Counter()
    found = []
    for each in overrides:
        seen[each.span.start, each.way] += 1
        found.append(each._replace(number=seen[each.span.start, each.way]))
    return found


def turnings_of(schedule: Schedule) -> Iterator[Turning]:
    """The base rotation and those of the layers."""
    if schedule.rotation:
        yield _turning(schedule, None, schedule.rotation)
    for layer in schedule.layers:
        yield _turning(schedule, layer, layer.rotation)


def _turning(schedule: Schedule, layer: Layer | None, rotation: Rotation | Following) -> Turning:
    timezone, at, start = zone(schedule.timezone), schedule.handoff_time, schedule.start
    if layer:
        timezone = zone(layer.timezone) if layer.timezone else timezone
        at = at if layer.handoff_time is None else layer.handoff_time
        start = layer.start or start
    span = layer_span(layer, schedule) if layer else schedule_span(schedule)
    own_start = rotation.start if isinstance(rotation, Rotation) else None
    origin = local(own_start or start, timezone=timezone, at=at)
    return Turning(schedule, layer, rotation, timezone, at, start, span, origin)
