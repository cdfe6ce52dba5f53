"""The overrides of one schedule, ready for any window: whoever asks visits only those that meet it.

They are kept by start, beside the latest end so far: two bisections find those that may meet a window, and where
one that lasts for years leaves many of them, a tree of the latest ends (`tops.py`) those that do. In a window, a claim
is a span of an override's own, or, where it replaces somebody, of that person's hours below all overrides; at each
moment the one of the highest rank among the claims wins.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from heapq import heappop, heappush
from itertools import accumulate, islice, pairwise
from operator import itemgetter
from typing import NamedTuple

from oncall_gitops.core.model.instant import Instant
from oncall_gitops.core.model.interval import Interval
from oncall_gitops.core.model.override import Override
from oncall_gitops.core.model.schedule import Schedule
from oncall_gitops.core.model.shift import Shift
from oncall_gitops.core.tops import Tops
from oncall_gitops.core.wallclock import Zone, instant, zone

_end = itemgetter(1)

_FEW = 32
"""So many overrides are looked at one by one."""


class _Planned(NamedTuple):
    """An override with its span; the higher rank beats the lower."""

    start: Instant
    end: Instant
    rank: int
    override: Override


class _Claim(NamedTuple):
    start: Instant
    end: Instant
    planned: _Planned


def override_span(override: Override, *, timezone: str) -> Interval:
    """[start, end) of an override in its schedule's zone."""
    return _span(override, zone(timezone))


def override_turn(override: Override) -> str:
    """What stands for the turn in an override's hours: one name for each override of a schedule."""
    return f"{override.start.text}/{override.replaces or ''}" if override.managed else f"#{override.id}"


class Overriding:
    """The overrides of a schedule, in the order of their starts."""

    __slots__ = ("_latest_ends", "_planned", "_starts", "_tops")

    def __init__(self, schedule: Schedule) -> None:
        timezone = zone(schedule.timezone)
        ranked = enumerate(sorted(schedule.overrides, key=_precedence))
        self._planned = sorted(
            _Planned(*_span(override, timezone), rank, override) for rank, override in ranked
        )
        self._starts = [planned.start for planned in self._planned]
        self._latest_ends = list(accumulate((planned.end for planned in self._planned), max))
        self._tops: Tops | None = None

    def over(self, below: list[Shift], window: Interval) -> list[Shift]:
        """What is below (in order, disjoint, cut to the window) with the overrides laid over it."""
        claims = [claim for planned in self._meeting(window) for claim in _claims(planned, window, below)]
        if not claims:
            return below
        return _laid_over(below, [_shift(claim) for claim in _topmost(claims)])

    def at(self, moment: Instant) -> list[Override]:
        """The overrides in whose span an instant lies, the highest first."""
        if not self._planned:
            return []
        meeting = self._meeting(Interval(moment, moment + 1))
        return [planned.override for planned in sorted(meeting, key=itemgetter(2), reverse=True)]

    def users_in(self, window: Interval) -> set[str]:
        """Everybody who may hold an hour of an override in a window."""
        return {planned.override.user for planned in self._meeting(window)}

    def _meeting(self, window: Interval) -> Iterator[_Planned]:
        first = bisect_right(self._latest_ends, window.start)
        last = bisect_left(self._starts, window.end)
        if last - first <= _FEW:
            return (planned for planned in self._planned[first:last] if planned.end > window.start)
        if self._tops is None:
            self._tops = Tops([planned.end for planned in self._planned])
        return (self._planned[place] for place in self._tops.above(window.start, end=last))


def _span(override: Override, timezone: Zone) -> Interval:
    return Interval(
        instant(override.start, timezone=timezone, at=0), instant(override.end, timezone=timezone, at=0)
    )


def _precedence(override: Override) -> tuple[bool, int, str]:
    """Later in this order beats earlier: managed (replacing, then plain), then unmanaged by age."""
    if override.managed:
        return (False, override.replaces is None, "")
    return (True, override.created_at, override.id)


def _claims(planned: _Planned, window: Interval, below: Sequence[Shift]) -> Iterator[_Claim]:
    start, end = max(planned.start, window.start), min(planned.end, window.end)
    replaced = planned.override.replaces
    if replaced is None and start < end:
        yield _Claim(start, end, planned)
    if replaced is None:
        return
    for shift in islice(below, bisect_right(below, start, key=_end), None):
        if shift.start >= end:
            break
        if shift.user == replaced:
            yield _Claim(max(shift.start, start), min(shift.end, end), planned)


def _topmost(claims: Sequence[_Claim]) -> list[_Claim]:
    """At each moment the claim of the highest rank: in order, disjoint, one override's parts that touch as one."""
    claims = sorted(claims, key=itemgetter(0))
    edges = sorted({edge for claim in claims for edge in claim[:2]})
    found: list[_Claim] = []
    open_claims: list[tuple[int, Instant, _Planned]] = []
    begun = 0
    for start, end in pairwise(edges):
        while begun < len(claims) and claims[begun].start <= start:
            heappush(open_claims, (-claims[begun].planned.rank, claims[begun].end, claims[begun].planned))
            begun += 1
        while open_claims and open_claims[0][1] <= start:
            heappop(open_claims)
        if not open_claims:
            continue
        winner = open_claims[0][2]
        if found and found[-1].end == start and found[-1].planned is winner:
            found[-1] = found[-1]._replace(end=end)
        else:
            found.append(_Claim(start, end, winner))
    return found


def _shift(claim: _Claim) -> Shift:
    override = claim.planned.override
    return Shift(claim.start, claim.end, override.user, "override", override_turn(override))


def _laid_over(below: Sequence[Shift], above: Sequence[Shift]) -> list[Shift]:
    """Both, `above` wherever it claims; each is in order and disjoint."""
    rest = list(below)
    settled: list[Shift] = []
    position = 0
    for claim in above:
        untouched = bisect_right(rest, claim.start, position, key=_end)
        settled += rest[position:untouched]
        position = untouched
        if position < len(rest) and rest[position].start < claim.start:
            settled.append(rest[position]._replace(end=claim.start))
        settled.append(claim)
        position = bisect_right(rest, claim.end, position, key=_end)
        if position < len(rest) and rest[position].start < claim.end:
            rest[position] = rest[position]._replace(start=claim.end)
    return settled + rest[position:]
