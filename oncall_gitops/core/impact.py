"""What a plan does to people: who is on call before and after, and who gains and loses which hours.

Both sides are runs of holders over the same window: before, from the `shifts` table (and, past its end, from
the live definitions); after, from the state that the plan leads to.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from oncall_gitops.core.diff import Cause
from oncall_gitops.core.model.instant import Instant
from oncall_gitops.core.model.interval import Interval
from oncall_gitops.core.workload import Held, Load, Runs, Shared, ZoneOf, loads, shared_hours


class Span(NamedTuple):
    """A span of one schedule whose holder changes; None is nobody."""

    schedule: str
    start: Instant
    end: Instant
    before: str | None
    after: str | None
    cause: Cause


class NextHolder(NamedTuple):
    """Who takes over, and when."""

    start: Instant
    user: str


class HolderNow(NamedTuple):
    """Who is on call at the instant of the plan, and who is next (the first other holder in the window)."""

    schedule: str
    before: str | None
    after: str | None
    next_before: NextHolder | None = None
    next_after: NextHolder | None = None


class Hours(NamedTuple):
    """One person's load in the window."""

    user: str
    before: Load
    after: Load


class ScheduleGap(NamedTuple):
    """A span that a schedule leaves to nobody."""

    schedule: str
    start: Instant
    end: Instant


@dataclass(frozen=True, slots=True)
class Impact:
    """`shifts` are merged to the longest spans with one holder before and one after, by schedule and start.

    `hours` names only those whose load changes. Gaps are told only of schedules on both sides. `newly_shared`
    are spans in which somebody is on call in several schedules at once after, and was not before.
    """

    window: Interval
    on_call_now: tuple[HolderNow, ...] = ()
    shifts: tuple[Span, ...] = ()
    hours: tuple[Hours, ...] = ()
    gaps_opened: tuple[ScheduleGap, ...] = ()
    gaps_closed: tuple[ScheduleGap, ...] = ()
    newly_shared: tuple[Shared, ...] = ()


def assess(
    before: Runs,
    after: Runs,
    *,
    window: Interval,
    cause: Callable[[str, Instant, str | None], Cause],
    zone_of: ZoneOf,
) -> Impact:
    """Compare two sets of runs by schedule; one that is missing on a side did not, or will not, exist.

    `cause` says why a span changes, given the schedule, the span's start and its holder after.
    """
    names = sorted(before.keys() | after.keys())
    changed = {name: _changed(before.get(name, ()), after.get(name, ()), window) for name in names}
    return Impact(
        window,
        on_call_now=on_call_now(before, after, at=window.start),
        shifts=tuple(
            Span(name, start, end, old, new, cause(name, start, new))
            for name in names
            for start, end, old, new in changed[name]
        ),
        hours=tuple(_hours(before, after, window, zone_of)),
        gaps_opened=tuple(
            ScheduleGap(name, *gap)
            for name in names
            if name in before and name in after
            for gap in _joined((s, e) for s, e, _, new in changed[name] if new is None)
        ),
        gaps_closed=tuple(
            ScheduleGap(name, *gap)
            for name in names
            if name in before and name in after
            for gap in _joined((s, e) for s, e, old, _ in changed[name] if old is None)
        ),
        newly_shared=tuple(_newly_shared(before, after, window)),
    )


def on_call_now(before: Runs, after: Runs, *, at: Instant) -> tuple[HolderNow, ...]:
    """Who is on call at an instant and who is next, on both sides, by schedule."""
    return tuple(
        _now(name, before.get(name, ()), after.get(name, ()), at)
        for name in sorted(before.keys() | after.keys())
    )


def holder(runs: Sequence[Held], at: Instant) -> str | None:
    """Who holds an instant."""
    return next((run.user for run in runs if run.start <= at < run.end), None)


def _changed(
    before: Sequence[Held], after: Sequence[Held], window: Interval
) -> list[tuple[Instant, Instant, str | None, str | None]]:
    """Maximal spans in which the holder differs, with one holder before and one after."""
    edges = {window.start, window.end}
    for run in (*before, *after):
        edges |= {edge for edge in (run.start, run.end) if edge in window}
    ordered = sorted(edges)
    found: list[tuple[Instant, Instant, str | None, str | None]] = []
    holders = zip(_at_each(before, ordered), _at_each(after, ordered), strict=True)
    for start, end, (old, new) in zip(ordered, ordered[1:], holders, strict=False):
        if old == new:
            continue
        if found and found[-1][1] == start and found[-1][2:] == (old, new):
            found[-1] = (found[-1][0], end, old, new)
        else:
            found.append((start, end, old, new))
    return found


def _at_each(runs: Sequence[Held], edges: Sequence[Instant]) -> list[str | None]:
    """The holder from each edge on, in one pass."""
    holders: list[str | None] = []
    index = 0
    for edge in edges:
        while index < len(runs) and runs[index].end <= edge:
            index += 1
        is_held = index < len(runs) and runs[index].start <= edge
        holders.append(runs[index].user if is_held else None)
    return holders


def _now(name: str, before: Sequence[Held], after: Sequence[Held], at: Instant) -> HolderNow:
    old, new = holder(before, at), holder(after, at)
    return HolderNow(name, old, new, _next(before, at, old), _next(after, at, new))


def _next(runs: Sequence[Held], at: Instant, holder_now: str | None) -> NextHolder | None:
    others = (run for run in runs if run.start > at and run.user != holder_now)
    return next((NextHolder(run.start, run.user) for run in others), None)


def _hours(before: Runs, after: Runs, window: Interval, zone_of: ZoneOf) -> Iterable[Hours]:
    old, new = loads(before, window, zone_of=zone_of), loads(after, window, zone_of=zone_of)
    for user in sorted(old.keys() | new.keys()):
        if old.get(user) != new.get(user):
            yield Hours(user, old.get(user, Load()), new.get(user, Load()))


def _newly_shared(before: Runs, after: Runs, window: Interval) -> Iterable[Shared]:
    """What of the shared hours after was not shared by the same person before."""
    known: dict[str, list[Interval]] = {}
    for shared in shared_hours(before, window):
        known.setdefault(shared.user, []).append(Interval(shared.start, shared.end))
    for shared in shared_hours(after, window):
        start = shared.start
        for span in known.get(shared.user, ()):
            if start < span.start < shared.end:
                yield shared._replace(start=start, end=span.start)
            if start < span.end and span.start < shared.end:
                start = span.end
        if start < shared.end:
            yield shared._replace(start=start)


def _joined(spans: Iterable[tuple[Instant, Instant]]) -> list[tuple[Instant, Instant]]:
    joined: list[tuple[Instant, Instant]] = []
    for start, end in spans:
        if joined and joined[-1][1] == start:
            joined[-1] = (joined[-1][0], end)
        else:
            joined.append((start, end))
    return joined
