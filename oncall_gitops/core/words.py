"""Times in messages, as people say them: the day of the week, the date, the time on the wall, and whose wall."""

from __future__ import annotations

from collections.abc import Sequence

from oncall_gitops.core.model.instant import Instant
from oncall_gitops.core.model.interval import Interval
from oncall_gitops.core.model.when import Local, local_datetime
from oncall_gitops.core.wallclock import Zone

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def on_wall(local: Local) -> str:
    """`Sat 2026-12-26 09:00`; seconds only if there are any."""
    moment = local_datetime(local)
    return f"{_DAYS[moment.weekday()]} {moment:%Y-%m-%d} {moment:%H:%M:%S}".removesuffix(":00")


def at(moment: Instant, timezone: Zone) -> str:
    """`Sat 2026-12-26 09:00 (Europe/Berlin)`."""
    return f"{on_wall(timezone.to_local(moment))} ({timezone.name})"


def span(interval: Interval, timezone: Zone, *, now: Instant | None = None) -> str:
    """`Sat 2026-12-26 00:00 to Sun 2026-12-27 00:00`; `now to ...`, to the clock's second nobody cares."""
    start, end = (on_wall(timezone.to_local(moment)) for moment in (interval.start, interval.end))
    return f"{'now' if interval.start == now else start} to {end}"


def listed(names: Sequence[str]) -> str:
    """`a, b and c`."""
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))
