"""Who is on call, and who is next: the same answer whether it comes from files or from the record."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

from oncall_gitops.core.materialise import cut_to
from oncall_gitops.core.model.instant import FOREVER, FOREVER_AGO, Instant
from oncall_gitops.core.model.interval import Interval
from oncall_gitops.core.model.live import StoredShift
from oncall_gitops.core.model.schedule import Schedule
from oncall_gitops.core.model.shift import Shift
from oncall_gitops.core.resolve import Timetable

_DAY = 86_400
_NEAR, _FAR = 14 * _DAY, 40 * 366 * _DAY
_LONGEST_LOOK = 182 * _DAY
"""As far as is looked at once: memory stays in proportion to half a year."""


class Shifts(Protocol):
    """Something that knows one schedule's shifts."""

    def whole_shifts(self, window: Interval) -> list[Shift]:
        """The shifts that meet the window, each with its own start and end, in order and disjoint."""
        ...

    def users_in(self, window: Interval) -> set[str]:
        """Everybody who may have a shift in the window, and perhaps more."""
        ...


class Answer(NamedTuple):
    """Who is on call at an instant: the shift, or the gap (no user), and the next shift of somebody else.

    A bound is None where there is none.
    """

    schedule: str
    at: Instant
    user: str | None
    start: Instant | None
    end: Instant | None
    source: str | None
    next_user: str | None
    next_start: Instant | None


class Record:
    """One schedule as the database knows it: the `shifts` table to its edge, then the live definitions.

    `stored` are rows in order, at least all that end after the earliest instant that will be asked for.
    """

    def __init__(
        self,
        schedule: Schedule,
        stored: Sequence[StoredShift],
        *,
        edge: Instant,
        siblings: Mapping[str, Schedule],
    ) -> None:
        self._stored = [Shift(row.start, row.end, row.user, row.source, row.id) for row in stored]
        self._edge = max([edge, *(row.end for row in stored)])
        self._timetable = Timetable(schedule, siblings=siblings)

    def whole_shifts(self, window: Interval) -> list[Shift]:
        recorded = [s for s in self._stored if s.start < window.end and window.start < s.end]
        beyond = window.cut(Interval(self._edge, FOREVER))
        if beyond.is_empty:
            return recorded
        resolved = self._timetable.whole_shifts(beyond)
        return recorded + cut_to(resolved, Interval(self._edge, FOREVER))

    def users_in(self, window: Interval) -> set[str]:
        recorded = {shift.user for shift in self._stored}
        return recorded | self._timetable.users_in(window.cut(Interval(self._edge, FOREVER)))


def answer(schedule: str, shifts: Shifts, *, at: Instant) -> Answer:
    """Who is on call at an instant, until when, and who is next."""
    now = next(iter(shifts.whole_shifts(Interval(at, at + 1))), None)
    user = now.user if now else None
    following = _next(shifts, now.end if now else at, other_than=user)
    next_user, next_start = (following.user, following.start) if following else (None, None)
    if now:
        return Answer(schedule, at, now.user, now.start, now.end, now.source, next_user, next_start)
    return Answer(schedule, at, None, _previous_end(shifts, at), next_start, None, next_user, next_start)


def _next(shifts: Shifts, after: Instant, *, other_than: str | None) -> Shift | None:
    """The first shift from `after` on that is somebody else's, looking ever further ahead."""
    if not shifts.users_in(Interval(after, FOREVER)) - {other_than}:
        return None
    start, step = after, _NEAR
    while start < min(after + _FAR, FOREVER):
        for shift in shifts.whole_shifts(Interval(start, start + step)):
            if shift.start >= after and shift.user != other_than:
                return shift
        start, step = start + step, min(step * 2, _LONGEST_LOOK)
    return None


def _previous_end(shifts: Shifts, before: Instant) -> Instant | None:
    """When the last shift before a gap ended."""
    if not shifts.users_in(Interval(FOREVER_AGO, before)):
        return None
    end, step = before, _NEAR
    while end > max(before - _FAR, FOREVER_AGO):
        if found := shifts.whole_shifts(Interval(end - step, end)):
            return found[-1].end
        end, step = end - step, min(step * 2, _LONGEST_LOOK)
    return None
