"""Local time and zone to instant: the one rule for daylight saving, in one place.

The rule is the "compatible" one of RFC 5545 3.3.5, java.time and Temporal: a local time that does not exist
is read with the offset in force before the jump, one that occurs twice is the first of the two. Zones come
from the pinned `tzdata` package and never from the operating system.
"""

from __future__ import annotations

import zoneinfo
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from datetime import datetime
from functools import cache

from oncall_gitops.core.model.instant import Instant
from oncall_gitops.core.model.when import DAY, Local, When, Written

zoneinfo.reset_tzpath(())

LONGEST_JUMP = 26 * 3600
"""No zone's wall clock ever differs from UTC, or jumps, by more."""

_STEP = 2 * DAY
"""How far apart a block is sampled. Since 1970 no zone has changed its offset twice within six days."""

_BLOCK = 25
"""Transitions are looked up once for each block of 2**25 seconds (about 388 days) that is asked for."""

_MARGIN = 2 * LONGEST_JUMP

_DATE, _INSTANT = Written.DATE, Written.INSTANT
"""Looked up once: an attribute of an Enum costs as much as all the rest of `instant`."""


def tzdata_version() -> str:
    """The version of the time zone data in use, as it goes into plans and runs."""
    from importlib.metadata import version

    return version("tzdata")


@cache
def zone(name: str) -> Zone:
    """The zone of an IANA name; KeyError if the pinned data has none of that name."""
    try:
        return Zone(zoneinfo.ZoneInfo(name))
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise KeyError(name) from error


class Zone:
    """One zone's offsets as tables for bisection."""

    __slots__ = ("_info", "_local_blocks", "_utc_blocks", "name")

    def __init__(self, info: zoneinfo.ZoneInfo) -> None:
        self.name = info.key
        self._info = info
        self._utc_blocks: dict[int, tuple[list[Instant], list[int]]] = {}
        self._local_blocks: dict[int, tuple[list[Local], list[int]]] = {}

    def to_instant(self, local: Local) -> Instant:
        """The instant of a local time, by the compatible rule."""
        edges, offsets = self._local_blocks.get(local >> _BLOCK) or self._local_block(local >> _BLOCK)
        return local - offsets[bisect_right(edges, local)]

    def to_ordered_instants(self, walls: Sequence[Local]) -> list[Instant]:
        """The instants of local times in order, each at the latest of itself and all before it.

        Between two changes of the clock all differ alike, and so stay in order.
        """
        found: list[Instant] = []
        while len(found) < len(walls):
            done, first = len(found), walls[len(found)]
            number = first >> _BLOCK
            edges, offsets = self._local_blocks.get(number) or self._local_block(number)
            place = bisect_right(edges, first)
            end = min([*edges[place : place + 1], (number + 1) << _BLOCK])
            offset = offsets[place]
            found += [wall - offset for wall in walls[done : bisect_left(walls, end, done)]]
            if done and found[done] < found[done - 1]:
                late = bisect_left(found, found[done - 1], done)
                found[done:late] = [found[done - 1]] * (late - done)
        return found

    def to_local(self, instant: Instant) -> Local:
        """What a clock on the wall shows."""
        return instant + self.offset(instant)

    def offset(self, instant: Instant) -> int:
        """Seconds that the wall clock is ahead of UTC."""
        edges, offsets = self._utc_blocks.get(instant >> _BLOCK) or self._utc_block(instant >> _BLOCK)
        return offsets[bisect_right(edges, instant)]

    def steady_offset(self, instant: Instant) -> int | None:
        """The offset, if it is the same for two days before and after; None near a change of the clock."""
        edges, offsets = self._utc_blocks.get(instant >> _BLOCK) or self._utc_block(instant >> _BLOCK)
        place = bisect_right(edges, instant - _MARGIN)
        if place < len(edges) and edges[place] <= instant + _MARGIN:
            return None
        return offsets[place]

    def transitions(self, start: Instant, end: Instant) -> list[tuple[Instant, int, int]]:
        """Changes of the offset in [start, end): the instant, the offset before and the one after."""
        found = []
        for number in range(start >> _BLOCK, ((end - 1) >> _BLOCK) + 1):
            edges, offsets = self._utc_block(number)
            low, high = max(start, number << _BLOCK), min(end, (number + 1) << _BLOCK)
            for index, edge in enumerate(edges):
                if low <= edge < high:
                    found.append((edge, offsets[index], offsets[index + 1]))
        return found

    def _utc_block(self, number: int) -> tuple[list[Instant], list[int]]:
        if number not in self._utc_blocks:
            start, end = (number << _BLOCK) - _MARGIN, ((number + 1) << _BLOCK) + _MARGIN
            self._utc_blocks[number] = self._search(start, end)
        return self._utc_blocks[number]

    def _local_block(self, number: int) -> tuple[list[Local], list[int]]:
        edges, offsets = self._utc_block(number)
        walls = [edge + max(offsets[i], offsets[i + 1]) for i, edge in enumerate(edges)]
        self._local_blocks[number] = (walls, offsets)
        return self._local_blocks[number]

    def _search(self, start: Instant, end: Instant) -> tuple[list[Instant], list[int]]:
        """Every transition in the span, found by sampling and then by bisection."""
        edges: list[Instant] = []
        offsets = [self._probe(start)]
        for low in range(start, end, _STEP):
            high = min(low + _STEP, end)
            before, after = offsets[-1], self._probe(high)
            if before != after:
                while high - low > 1:
                    middle = (low + high) // 2
                    if self._probe(middle) == before:
                        low = middle
                    else:
                        high = middle
                edges.append(high)
                offsets.append(after)
        return edges, offsets

    def _probe(self, instant: Instant) -> int:
        offset = datetime.fromtimestamp(instant, self._info).utcoffset()
        assert offset is not None
        return offset.days * DAY + offset.seconds


def instant(when: When, *, timezone: Zone, at: int) -> Instant:
    """What a written time means in a zone; a bare date means that date at `at` seconds after midnight."""
    written = when.written
    if written is _DATE:
        return timezone.to_instant(when.seconds + at)
    return when.seconds if written is _INSTANT else timezone.to_instant(when.seconds)


def local(when: When, *, timezone: Zone, at: int) -> Local:
    """The wall clock that a written time means in a zone; an instant's is what the clock shows then."""
    written = when.written
    if written is _DATE:
        return when.seconds + at
    return timezone.to_local(when.seconds) if written is _INSTANT else when.seconds
