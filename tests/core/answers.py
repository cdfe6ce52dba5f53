"""What the resolver says, as lines that a test can write out, each time checked against the oracle."""

from __future__ import annotations

from collections.abc import Iterable

from oncall_gitops.core.model.interval import Interval
from oncall_gitops.core.model.schedule import Schedule
from oncall_gitops.core.model.shift import Shift
from oncall_gitops.core.resolve import resolve
from tests.builders import shift_line, span
from tests.oracle import Oracle

QUARTER = 15 * 60


def resolved(
    schedule: Schedule,
    start: str,
    end: str,
    *,
    siblings: Iterable[Schedule] = (),
    step: int = QUARTER,
    sources: bool = False,
) -> list[str]:
    """`alice 2026-01-05T09:00Z 2026-01-12T09:00Z`, with `sources` preceded by `base: `, clipped to the span.

    The schedule's edges in it must lie on multiples of `step` seconds, so that the oracle sees them all.
    """
    window = span(start, end)
    product = resolve(schedule, window, siblings={other.full_name: other for other in (schedule, *siblings)})
    found = [_line(shift, sources) for shift in product]
    assert found == by_oracle(schedule, window, siblings=siblings, step=step, sources=sources)
    return found


def by_oracle(
    schedule: Schedule, window: Interval, *, siblings: Iterable[Schedule], step: int, sources: bool
) -> list[str]:
    oracle = Oracle(schedule, siblings=siblings, until=window.end)
    stretches = oracle.shifts(window, step=step)
    return [
        _line(Shift(stretch.start, stretch.end, stretch.claim.user, stretch.claim.source, 0), sources)
        for stretch in stretches
    ]


def _line(shift: Shift, sources: bool) -> str:
    return f"{shift.source}: {shift_line(shift)}" if sources else shift_line(shift)
