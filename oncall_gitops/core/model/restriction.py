"""The weekly windows in which a layer is active, kept as they were written.

Every form comes down to spans of local wall time in the week, which is what resolution uses.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

from oncall_gitops.core.model.when import DAY, WEEK

ALL_DAYS = (0, 1, 2, 3, 4, 5, 6)


class WeekSpan(NamedTuple):
    """`length` seconds of wall clock from `start` seconds after Monday 00:00."""

    start: int
    length: int


@dataclass(frozen=True, slots=True)
class WholeDays:
    """Local days from midnight to midnight; 0 for Monday."""

    days: tuple[int, ...]

    def spans(self) -> Iterator[WeekSpan]:
        for day in self.days:
            yield WeekSpan(day * DAY, DAY)


@dataclass(frozen=True, slots=True)
class DailyWindow:
    """From `start` to `end` (seconds after midnight) on the days on which it starts.

    An end at or before the start runs past midnight; equal means 24 hours.
    """

    start: int
    end: int
    days: tuple[int, ...] = ALL_DAYS

    def spans(self) -> Iterator[WeekSpan]:
        length = self.end - self.start if self.end > self.start else self.end - self.start + DAY
        for day in self.days:
            yield WeekSpan(day * DAY + self.start, length)


@dataclass(frozen=True, slots=True)
class WeeklyWindow:
    """From one day and time to another in the week; equal means the whole week."""

    start_day: int
    start: int
    end_day: int
    end: int

    def spans(self) -> Iterator[WeekSpan]:
        start = self.start_day * DAY + self.start
        yield WeekSpan(start, (self.end_day * DAY + self.end - start) % WEEK or WEEK)


Window: TypeAlias = WholeDays | DailyWindow | WeeklyWindow
Restrictions: TypeAlias = tuple[Window, ...]
"""Empty: always active."""
