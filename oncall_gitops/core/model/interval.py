"""A span of real time."""

from __future__ import annotations

from typing import NamedTuple

from oncall_gitops.core.model.instant import Instant


class Interval(NamedTuple):
    """Half-open span [start, end) of instants; empty when the end is not after the start."""

    start: Instant
    end: Instant

    def __contains__(self, moment: object) -> bool:
        return isinstance(moment, int) and self.start <= moment < self.end

    def overlaps(self, other: Interval) -> bool:
        return self.start < other.end and other.start < self.end

    def cut(self, other: Interval) -> Interval:
        """The common part, which may be empty."""
        return Interval(max(self.start, other.start), min(self.end, other.end))

    @property
    def is_empty(self) -> bool:
        return self.end <= self.start
