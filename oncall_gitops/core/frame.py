"""How a rotation's times are read and written, where it stands: a schedule's own rotation, or a layer's."""

from __future__ import annotations

from typing import NamedTuple

from oncall_gitops.core.model.instant import FOREVER, Instant
from oncall_gitops.core.model.interval import Interval
from oncall_gitops.core.model.layer import Layer
from oncall_gitops.core.model.rotation import Following, Rotation
from oncall_gitops.core.model.schedule import Schedule
from oncall_gitops.core.model.when import DAY, WEEK, When, Written
from oncall_gitops.core.turns import Turns
from oncall_gitops.core.wallclock import Zone, instant, zone

_FAR = 100 * 366 * DAY
"""No handoff follows later than this, whatever the rule."""


class Frame(NamedTuple):
    """In which zone a rotation's times are read, from which start, at which time of the day."""

    timezone: Zone
    start: When
    handoff_time: int

    def turns(self, rotation: Rotation) -> Turns:
        return Turns(rotation, timezone=self.timezone, start=self.start, handoff_time=self.handoff_time)

    def instant(self, when: When) -> Instant:
        return instant(when, timezone=self.timezone, at=self.handoff_time)

    def written(self, moment: Instant) -> When:
        """An instant as people would write it here: a date if it is one at the handoff time."""
        local = self.timezone.to_local(moment)
        for text in (When(Written.DATE, local - self.handoff_time), When(Written.LOCAL, local)):
            is_date = text.written is not Written.DATE or text.seconds % DAY == 0
            if is_date and self.instant(text) == moment:
                return text
        return When(Written.INSTANT, moment)


def frame_of(schedule: Schedule, layer: str | None) -> Frame:
    """The frame of a schedule's own rotation, or of the layer of that slug."""
    if layer is None:
        return Frame(zone(schedule.timezone), schedule.start, schedule.handoff_time)
    own = layer_of(schedule, layer)
    return Frame(
        zone(own.timezone or schedule.timezone),
        own.start or schedule.start,
        schedule.handoff_time if own.handoff_time is None else own.handoff_time,
    )


def rotation_of(schedule: Schedule, layer: str | None) -> Rotation | Following | None:
    """The schedule's own rotation, or the layer's."""
    return schedule.rotation if layer is None else layer_of(schedule, layer).rotation


def layer_of(schedule: Schedule, slug: str) -> Layer:
    """The layer of that slug, which must be there."""
    return next(layer for layer in schedule.layers if layer.slug == slug)


def coming_handoffs(turns: Turns, *, after: Instant, count: int) -> list[Instant]:
    """The next handoffs after an instant, at most `count`; several at one instant are one."""
    span = 8 * WEEK
    while True:
        _, instants = turns.handoffs.around(Interval(after, after + span))
        found = sorted({moment for moment in instants if after < moment < FOREVER})
        if len(found) >= count or span > _FAR:
            return found[:count]
        span *= 4
