"""The hours that a schedule promises to cover, and where it breaks that promise."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain

from oncall_gitops.core.layout import active_spans
from oncall_gitops.core.model.instant import Instant
from oncall_gitops.core.model.interval import Interval
from oncall_gitops.core.model.schedule import Schedule
from oncall_gitops.core.model.shift import Gap, Shift
from oncall_gitops.core.resolve import gaps, layer_span, schedule_span
from oncall_gitops.core.wallclock import zone


def judged_window(schedule: Schedule, *, now: Instant, until: Instant) -> Interval:
    """From the later of now and the first start to the earlier of the horizon and the last end; may be empty."""
    if not schedule.active:
        return Interval(now, now)
    spans = [layer_span(layer, schedule) for layer in schedule.layers if layer.active]
    if schedule.rotation or not spans:
        spans.append(schedule_span(schedule))
    return Interval(max(now, min(s.start for s in spans)), min(until, max(s.end for s in spans)))


def uncovered(schedule: Schedule, shifts: Iterable[Shift], window: Interval) -> list[Gap]:
    """Where the schedule's `coverage` is not met by its shifts in the window; `nobody` hours are gaps."""
    if schedule.coverage == "none" or window.is_empty:
        return []
    missing = gaps(shifts, window)
    if schedule.coverage == "always":
        return missing
    promised = active_spans(schedule.coverage, window, timezone=zone(schedule.timezone))
    cuts = chain.from_iterable(
        (Interval(*gap).cut(span) for span in promised if span.overlaps(Interval(*gap))) for gap in missing
    )
    return [Gap(*cut) for cut in cuts if not cut.is_empty]
