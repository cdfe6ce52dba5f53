"""What a check looks at: the definitions with their places, and what checks would each work out again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

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
from oncall_gitops.core.model.when import Local, When
from oncall_gitops.core.overriding import override_span
from oncall_gitops.core.problem import Origin
from oncall_gitops.core.recurrence import rule_of
from oncall_gitops.core.resolve import Timetable, layer_span, schedule_span
from oncall_gitops.core.wallclock import Zone, local, zone


@dataclass(frozen=True, slots=True)
class Turning:
    """A rotation where it stands: the base of a schedule (`layer` is None) or a layer's."""

    schedule: Schedule
    layer: Layer | None
    rotation: Rotation | Following
    here: str

    @property
    def zone(self) -> Zone:
        return zone((self.layer and self.layer.timezone) or self.schedule.timezone)

    @property
    def handoff_time(self) -> int:
        own = self.layer.handoff_time if self.layer else None
        return self.schedule.handoff_time if own is None else own

    @property
    def start(self) -> When:
        """The layer's or schedule's."""
        return (self.layer and self.layer.start) or self.schedule.start

    @property
    def span(self) -> Interval:
        return layer_span(self.layer, self.schedule) if self.layer else schedule_span(self.schedule)

    @property
    def restrictions(self) -> Restrictions:
        return self.layer.restrictions if self.layer else ()

    @property
    def is_active(self) -> bool:
        return self.schedule.active and (self.layer is None or self.layer.active)

    @property
    def origin(self) -> Local:
        """Occurrence 0, on the wall."""
        own = self.rotation.start if isinstance(self.rotation, Rotation) else None
        return local(own or self.start, timezone=self.zone, at=self.handoff_time)


@dataclass(slots=True)
class Scene:
    """The definitions, and the span of time to look at.

    `incomplete` names the schedules that were read in part: nothing is concluded from their shifts.
    `is_partial` says that anything may be missing: nothing is concluded from absence.
    """

    desired: DesiredState
    incomplete: frozenset[str] = frozenset()
    now: Instant = FOREVER_AGO
    until: Instant = FOREVER
    is_partial: bool = False
    _turnings: list[Turning] | None = None
    _overrides: list[tuple[Schedule, Override, str, Interval]] | None = None
    _timetables: dict[str, Timetable | None] = field(default_factory=dict)
    _firings: dict[str, Firing | RuleError] = field(default_factory=dict)
    _shifts: dict[str, list[Shift]] = field(default_factory=dict)

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

    def turnings(self) -> Sequence[Turning]:
        if self._turnings is None:
            self._turnings = [
                turning for schedule in self.schedules.values() for turning in turnings_of(schedule)
            ]
        return self._turnings

    def overrides(self) -> Sequence[tuple[Schedule, Override, str, Interval]]:
        """Each override with its address and span."""
        if self._overrides is None:
            self._overrides = [
                (schedule, override, override_address(override, schedule), span)
                for schedule in self.schedules.values()
                for override in schedule.overrides
                for span in [override_span(override, timezone=schedule.timezone)]
            ]
        return self._overrides

    def firing(self, turning: Turning) -> Firing | RuleError | None:
        """The proof that a rule of the files fires, or why it does not; None for the other cadences."""
        rotation = turning.rotation
        if isinstance(rotation, Following) or rotation.cadence.rrule is None:
            return None
        if turning.here not in self._firings:
            try:
                start = turning.origin
                self._firings[turning.here] = prove(rule_of(rotation.cadence, start=start), start)
            except RuleError as error:
                self._firings[turning.here] = error
        return self._firings[turning.here]

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


def turnings_of(schedule: Schedule) -> Iterator[Turning]:
    """The base rotation and those of the layers."""
    if schedule.rotation:
        yield Turning(schedule, None, schedule.rotation, address.schedule(schedule.full_name))
    for layer in schedule.layers:
        yield Turning(schedule, layer, layer.rotation, address.layer(schedule.full_name, layer.slug))
