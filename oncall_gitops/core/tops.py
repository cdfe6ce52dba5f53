"""Which of many numbers lie above a bound, without a look at most of the others.

A tree of maxima: each node holds the greatest of sixteen below it, so a node that is not above the bound stands for
all of them. With k numbers above it, some 16 k nodes are looked at on each of the few levels, however many numbers
there are.
"""

from __future__ import annotations

from collections.abc import Sequence

_FAN = 16


class Tops:
    """Numbers in an order of their own, of which those above a bound are asked for."""

    __slots__ = ("_levels",)

    def __init__(self, numbers: Sequence[int]) -> None:
        self._levels = [numbers]
        while len(numbers) > _FAN:
            numbers = [max(numbers[first : first + _FAN]) for first in range(0, len(numbers), _FAN)]
            self._levels.append(numbers)

    def above(self, bound: int, *, end: int) -> list[int]:
        """The places before `end` whose numbers are greater than a bound, in order."""
        places: Sequence[int] = range(len(self._levels[-1]))
        for depth in range(len(self._levels) - 1, -1, -1):
            level, before = self._levels[depth], -(-end // _FAN**depth)
            places = [place for place in places if place < before and level[place] > bound]
            if depth:
                size = len(self._levels[depth - 1])
                places = [
                    below for place in places for below in range(place * _FAN, min(place * _FAN + _FAN, size))
                ]
        return list(places)
