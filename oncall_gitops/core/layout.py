"""Which source shows when: the fast path of resolution, and why it is exact.

A source (a rotation where it stands) claims the hours that its span and its weekly windows let through, run by
run: a run is a turn, or a part of one. At each moment the highest source that claims it shows, and nobody's
name decides that. So the picture can be drawn from edges alone, from the top down: a source shows in those of
its hours that are still free; what it claims is then free no longer; what is left goes to the source below.
Each span of the result lies in one run of one source, so the names can be filled in afterwards, all at once.

Every edge in the window is visited once for each source, and nothing outside of the window is. Schedules with
the same hours and handoffs have the same picture, whoever is in them, so the last pictures are kept.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from operator import itemgetter
from typing import Any, NamedTuple

from oncall_gitops.core.model.instant import Instant
from oncall_gitops.core.model.interval import Interval
from oncall_gitops.core.model.restriction import Restrictions
from oncall_gitops.core.model.when import WEEK, monday
from oncall_gitops.core.wallclock import LONGEST_JUMP, Zone

_KEPT_EDGES = 2_000
"""A picture with more edges is not kept: memory stays in proportion to what is asked for."""


class Track(NamedTuple):
    """What one source claims: run i is [edges[i], edges[i + 1]), but for the `vacant` ones and outside of `part`
    and of the weekly windows."""

    edges: tuple[Instant, ...]
    vacant: frozenset[int]
    part: Interval
    restrictions: Restrictions
    timezone: Zone


Pick = Callable[[Sequence[Any]], tuple[Any, ...]]


class Layout(NamedTuple):
    """Spans in order, disjoint; `pick` takes from a list with an item for each run those of the runs that show.

    Runs are numbered through all tracks, those of the first track first.
    """

    starts: tuple[Instant, ...]
    ends: tuple[Instant, ...]
    pick: Pick


def lay_out(tracks: tuple[Track, ...], window: Interval) -> Layout:
    """The picture of some tracks, the highest first."""
    if sum(len(track.edges) for track in tracks) > _KEPT_EDGES:
        return _laid_out(tracks, window)
    return _kept(tracks, window)


def active_spans(restrictions: Restrictions, window: Interval, *, timezone: Zone) -> tuple[Interval, ...]:
    """When weekly windows are open, around a span of time: disjoint, in order, joined where they touch.

    Many layers have the same hours in the same zone, so the last answers are kept.
    """
    if not restrictions:
        return (window,)
    is_kept = len(restrictions) * (window.end - window.start) < _KEPT_EDGES * WEEK // 7
    return (_kept_active if is_kept else _active)(restrictions, window, timezone)


def _active(restrictions: Restrictions, window: Interval, timezone: Zone) -> tuple[Interval, ...]:
    spans = []
    in_a_week = [span for restriction in restrictions for span in restriction.spans()]
    first = monday(timezone.to_local(window.start) - LONGEST_JUMP) - WEEK
    last = timezone.to_local(window.end) + LONGEST_JUMP
    for week in range(first, last, WEEK):
        for start, length in in_a_week:
            span = Interval(timezone.to_instant(week + start), timezone.to_instant(week + start + length))
            if not span.is_empty and span.overlaps(window):
                spans.append(span)
    return tuple(_merged(sorted(spans)))


_kept_active = lru_cache(maxsize=1024)(_active)


def _laid_out(tracks: tuple[Track, ...], window: Interval) -> Layout:
    free: Sequence[tuple[Instant, Instant]] = [window]
    shown: list[tuple[Instant, Instant, int]] = []
    number = 0
    for track in tracks:
        hours = [span.cut(track.part) for span in _hours(track)]
        mine = list(_claimed(track, _common(free, hours), number))
        shown += mine
        free = _without(free, mine)
        number += max(len(track.edges) - 1, 0)
    shown.sort()
    return Layout(
        tuple(start for start, _, _ in shown),
        tuple(end for _, end, _ in shown),
        _picking([run for _, _, run in shown]),
    )


_kept = lru_cache(maxsize=128)(_laid_out)


def _picking(runs: Sequence[int]) -> Pick:
    if len(runs) > 1:
        return itemgetter(*runs)
    return lambda items: tuple(items[run] for run in runs)


def _hours(track: Track) -> Sequence[Interval]:
    return active_spans(track.restrictions, track.part, timezone=track.timezone)


def _claimed(
    track: Track, spans: Iterable[tuple[Instant, Instant]], number: int
) -> Iterator[tuple[Instant, Instant, int]]:
    """The parts of runs that lie in the spans, in order; the track's first run has that number."""
    edges, last = track.edges, len(track.edges) - 1
    run = 0
    for start, end in spans:
        while run < last and edges[run + 1] <= start:
            run += 1
        position = run
        while position < last and edges[position] < end:
            low, high = max(edges[position], start), min(edges[position + 1], end)
            if low < high and position not in track.vacant:
                yield low, high, number + position
            position += 1


def _common(
    some: Sequence[tuple[Instant, Instant]], others: Sequence[tuple[Instant, Instant]]
) -> Iterator[tuple[Instant, Instant]]:
    """What lies in both; each is disjoint and in order."""
    index = 0
    for start, end in some:
        while index < len(others) and others[index][1] <= start:
            index += 1
        position = index
        while position < len(others) and others[position][0] < end:
            low, high = max(others[position][0], start), min(others[position][1], end)
            if low < high:
                yield low, high
            position += 1


def _without(
    free: Sequence[tuple[Instant, Instant]], taken: Sequence[tuple[Instant, Instant, int]]
) -> list[tuple[Instant, Instant]]:
    """What is left of the free spans; everything taken lies in them."""
    left = []
    index = 0
    for start, end in free:
        while index < len(taken) and taken[index][0] < end:
            if start < taken[index][0]:
                left.append((start, taken[index][0]))
            start = taken[index][1]
            index += 1
        if start < end:
            left.append((start, end))
    return left


def _merged(spans: Iterable[Interval]) -> list[Interval]:
    merged: list[Interval] = []
    for span in spans:
        if merged and span.start <= merged[-1].end:
            merged[-1] = Interval(merged[-1].start, max(merged[-1].end, span.end))
        else:
            merged.append(span)
    return merged
