"""Whose turn it is: the walk over the places of a rotation, with dated members and the anchor.

Handoffs are numbered from 0, at the rotation's start, and each begins a turn. Which place a turn belongs to is the
affair of the walk (`walk.py`); here the turns get their times, and those who leave in their own turn a substitute.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from functools import lru_cache
from typing import Literal, NamedTuple

from oncall_gitops.core.model.instant import FOREVER, FOREVER_AGO, Instant
from oncall_gitops.core.model.interval import Interval
from oncall_gitops.core.model.rotation import Rotation
from oncall_gitops.core.model.when import DAY, Local, When
from oncall_gitops.core.recurrence import Pattern, Recurrence, rule_of
from oncall_gitops.core.walk import Walk
from oncall_gitops.core.wallclock import LONGEST_JUMP, Zone, instant, local

_KEPT = 2_000
"""More handoffs than these are not kept: memory stays in proportion to what is asked for."""


class TurnPiece(NamedTuple):
    """What one user (or `nobody`) has of turn number `turn`; parts that nobody is a member for are absent."""

    start: Instant
    end: Instant
    user: str
    turn: int


class Runs(NamedTuple):
    """Turns in a row: run i is [edges[i], edges[i + 1]), held by users[i] (None: nobody is a member then).

    A run may be empty, where a clock that jumps leaves a turn no time.
    """

    edges: tuple[Instant, ...]
    users: Sequence[str | None]
    turns: Sequence[int]

    @property
    def vacant(self) -> frozenset[int]:
        """The numbers of the runs that nobody holds."""
        if None not in self.users:
            return _NONE
        return frozenset(number for number, user in enumerate(self.users) if user is None)


_NONE: frozenset[int] = frozenset()


class AnchorFault(ValueError):
    """An anchor that pins nothing: its `at` lies before the first handoff, or its `user` is no member then."""

    def __init__(self, message: str, field: Literal["at", "user"]) -> None:
        super().__init__(message)
        self.field = field


class Handoffs:
    """The instants at which a rotation's turns begin, by number.

    Occurrences are counted in local order, and each takes effect at the latest instant of itself and all
    before it, so that a clock that jumps never turns the order round.
    """

    def __init__(self, recurrence: Recurrence, timezone: Zone) -> None:
        self._recurrence = recurrence
        self._zone = timezone

    def around(self, window: Interval) -> tuple[int, tuple[Instant, ...]]:
        """From the last handoff at or before the window's start to the first at or after its end.

        Gives the number of the first one and the instants of all, closed by FOREVER if no handoff follows.
        """
        recurrence = self._recurrence
        is_kept = (window.end - window.start) * recurrence.pattern.a_day < _KEPT * DAY
        find = _kept_around if is_kept else _around
        earliest, first, instants = find(recurrence.pattern, self._zone, window)
        if earliest <= recurrence.skipped:  # the start, which need not be in the pattern, may count, too
            _, first, instants = _around(recurrence, self._zone, window)
            return first, instants
        return first - recurrence.skipped + 1, instants

    def count(self, before: Instant) -> int:
        """How many handoffs take effect before an instant."""
        offset = self._zone.steady_offset(before)
        if offset is not None:
            return self._recurrence.count(before + offset)
        middle = self._zone.to_local(before)
        first, instants = self._instants(middle - 2 * LONGEST_JUMP, middle + LONGEST_JUMP)
        return first + bisect_left(instants, before)

    def last(self, at: Instant) -> int | None:
        """The number of the last handoff up to an instant, by counting alone; None near a change of the clock.

        Where the clock is steady for two days around, an occurrence takes effect by then if and only if it is
        not later on the wall.
        """
        offset = self._zone.steady_offset(at)
        return None if offset is None else self._recurrence.count(at + offset + 1) - 1

    def begins(self, number: int) -> Instant:
        """When a turn begins; FOREVER if there is none of that number."""
        occurrence = self._recurrence.nth(number)
        if occurrence is None:
            return FOREVER
        return self._instants(occurrence - 2 * LONGEST_JUMP, occurrence + 1)[1][-1]

    def _instants(self, low: Local, high: Local) -> tuple[int, list[Instant]]:
        first, occurrences = self._recurrence.numbered(low, high)
        return first, self._zone.to_ordered_instants(occurrences)


def _around(
    occurrences: Recurrence | Pattern, timezone: Zone, window: Interval
) -> tuple[int, int, tuple[Instant, ...]]:
    """As `Handoffs.around`, with the number of the earliest occurrence that was looked at before the others."""
    low = timezone.to_local(window.start) - LONGEST_JUMP
    last_before = occurrences.nth(occurrences.count(low) - 1)
    low = (low if last_before is None else min(last_before, low)) - LONGEST_JUMP
    first, found = occurrences.numbered(low, timezone.to_local(window.end) + LONGEST_JUMP)
    instants = timezone.to_ordered_instants(found)
    if not instants or instants[-1] < window.end:
        following = occurrences.nth(first + len(instants))
        instants.append(FOREVER if following is None else timezone.to_instant(following))
    skipped = max(bisect_right(instants, window.start) - 1, 0)
    needed = bisect_left(instants, window.end, skipped) + 1
    return first, first + skipped, tuple(instants[skipped:needed])


_kept_around = lru_cache(maxsize=256)(_around)
"""A pattern is the same for all rotations with the same rhythm, whenever they began, so the last answers are kept."""


class Turns:
    """The turns of one rotation, read in its layer's zone.

    `start` is the layer's, and occurrence 0 unless the rotation has its own. `ahead` makes these the turns of
    somebody who follows: turn n belongs to whoever holds turn n + `ahead` at that turn's own handoff.
    """

    def __init__(
        self,
        rotation: Rotation,
        *,
        timezone: Zone,
        start: When,
        handoff_time: int,
        ahead: int | None = None,
    ) -> None:
        origin = local(rotation.start or start, timezone=timezone, at=handoff_time)
        self.handoffs = Handoffs(Recurrence(rule_of(rotation.cadence, start=origin), origin), timezone)
        self.users = [place.user for place in rotation.places]
        self._follows, self._ahead = ahead is not None, ahead or 0
        self._leaves = [
            instant(place.until, timezone=timezone, at=handoff_time) if place.until else FOREVER
            for place in rotation.places
        ]
        self._joins = [
            instant(place.start, timezone=timezone, at=handoff_time) if place.start else FOREVER_AGO
            for place in rotation.places
        ]
        self._walk = Walk(self._joins, self._leaves, count=self.handoffs.count)
        self._leaving = [] if self._follows else sorted({*self._leaves} - {FOREVER})
        self.anchor_fault: AnchorFault | None = None
        if rotation.anchor:
            try:
                at = instant(rotation.anchor.at, timezone=timezone, at=handoff_time)
                self._walk.anchor(*self._anchored(at, rotation.anchor.user))
            except AnchorFault as fault:
                self.anchor_fault = fault

    def runs(self, window: Interval) -> Runs:
        """The turns that meet the window, whole, in order, without a hole between them."""
        first, instants = self.handoffs.around(window)
        count = max(len(instants) - 1, 0)
        users = self._walk.holders(first + self._ahead, count, self.users)
        runs = Runs(instants, users, range(first, first + count))
        return self._relieved(runs) if self._leaving else runs

    def between(self, window: Interval) -> list[TurnPiece]:
        """The pieces of turns that meet the window, whole, in order."""
        edges, users, turns = self.runs(window)
        return [
            TurnPiece(start, end, user, turn)
            for start, end, user, turn in zip(edges, edges[1:], users, turns, strict=False)
            if user is not None and start < end and start < window.end and window.start < end
        ]

    def holder(self, at: Instant) -> str | None:
        """Who holds the turn at an instant: the member in it, `nobody`, or None if it is empty."""
        last = self.handoffs.last(at)
        if last is None or (self._leaving and self._may_have_left(last, at)):
            return next((piece.user for piece in self.between(Interval(at, at + 1))), None)
        place = None if last < 0 else self._walk.place(last + self._ahead)
        return None if place is None else self.users[place]

    def users_in(self, window: Interval) -> set[str]:
        """Everybody who may hold an hour in a window: the members in it.

        Of those who are followed, all: a substitute is not, so that somebody has a turn here who left it there.
        """
        if self._follows:
            return set(self.users)
        members = zip(self.users, self._joins, self._leaves, strict=True)
        return {user for user, joins, leaves in members if joins < window.end and window.start < leaves}

    def place(self, turn: int) -> int | None:
        """Which place, by its number in the list, a turn belongs to at its handoff; None if it is empty."""
        return self._walk.place(turn)

    def _may_have_left(self, turn: int, at: Instant) -> bool:
        """Whether the last to leave before an instant may have left in the turn that holds it."""
        before = bisect_right(self._leaving, at)
        return before > 0 and self.handoffs.last(self._leaving[before - 1]) in (None, turn)

    def _relieved(self, runs: Runs) -> Runs:
        """The same, with the substitutes for members who leave in their own turn."""
        edges, users, turns = list(runs.edges), list(runs.users), list(runs.turns)
        leaving = self._leaving[bisect_left(self._leaving, edges[0]) : bisect_right(self._leaving, edges[-1])]
        places = {bisect_right(edges, leaves) - 1 for leaves in leaving}
        for index in sorted(places, reverse=True):
            place = self.place(turns[index]) if index < len(users) else None
            if place is None:
                continue
            pieces = self._pieces(place, edges[index], edges[index + 1], turns[index])
            ends = [piece.end for piece in pieces]
            holders: list[str | None] = [piece.user for piece in pieces]
            if ends[-1] < edges[index + 1]:
                ends.append(edges[index + 1])
                holders.append(None)
            edges[index + 1 : index + 2] = ends
            users[index : index + 1] = holders
            turns[index : index + 1] = [turns[index]] * len(holders)
        return Runs(tuple(edges), users, turns)

    def _pieces(self, place: int, start: Instant, end: Instant, turn: int) -> list[TurnPiece]:
        """The turn, with the substitutes for members who leave in it; one person's parts in a row are one."""
        pieces: list[TurnPiece] = []
        substitute: int | None = place
        while substitute is not None and start < end:
            until = min(self._leaves[substitute], end)
            if pieces and pieces[-1].user == self.users[substitute]:
                pieces[-1] = pieces[-1]._replace(end=until)
            else:
                pieces.append(TurnPiece(start, until, self.users[substitute], turn))
            start = until
            substitute = self._walk.following(substitute, until) if until < end else None
        return pieces

    def _anchored(self, at: Instant, user: str) -> tuple[int, int]:
        turn = self.handoffs.count(at + 1) - 1
        if turn < 0:
            raise AnchorFault("it lies before the rotation's first handoff", "at")
        for place in self._walk.members(turn):
            if self.users[place] == user:
                return turn, place
        raise AnchorFault(f"{user} holds no place at the handoff of that turn", "user")
