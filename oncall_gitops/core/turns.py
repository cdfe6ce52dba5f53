"""Whose turn it is: the walk over the places of a rotation, with dated members and the anchor.

Handoffs are numbered from 0, at the rotation's start. Between two dates at which a place joins or leaves, the
members stay the same, so the walk is a cycle there and is advanced by any number of handoffs in one step;
nothing is ever walked from the beginning.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from itertools import accumulate
from typing import NamedTuple

from oncall_gitops.core.model.instant import FOREVER, FOREVER_AGO, Instant
from oncall_gitops.core.model.interval import Interval
from oncall_gitops.core.model.rotation import Rotation
from oncall_gitops.core.model.when import When
from oncall_gitops.core.recurrence import Recurrence, rule_of
from oncall_gitops.core.wallclock import LONGEST_JUMP, Zone, instant, local

BEFORE_THE_FIRST = -1


class TurnPiece(NamedTuple):
    """What one user (or `nobody`) has of turn number `turn`; parts that nobody is a member for are absent."""

    start: Instant
    end: Instant
    user: str
    turn: int


class AnchorFault(ValueError):
    """An anchor that pins nothing: before the first handoff, or to somebody who is no member then."""


class Handoffs:
    """The instants at which a rotation's turns begin, by number.

    Occurrences are counted in local order, and each takes effect at the latest instant of itself and all
    before it, so that a clock that jumps never turns the order round.
    """

    def __init__(self, recurrence: Recurrence, timezone: Zone) -> None:
        self._recurrence = recurrence
        self._zone = timezone

    def around(self, window: Interval) -> tuple[int, list[Instant]]:
        """From the last handoff at or before the window's start to the first at or after its end.

        Gives the number of the first one and the instants of all, closed by FOREVER if no handoff follows.
        """
        low = self._zone.to_local(window.start) - LONGEST_JUMP
        before = self._recurrence.count(low)
        last_before = self._recurrence.nth(before - 1) if before else None
        low = low if last_before is None else last_before
        first, instants = self._instants(low - LONGEST_JUMP, self._zone.to_local(window.end) + LONGEST_JUMP)
        if not instants or instants[-1] < window.end:
            following = self._recurrence.nth(first + len(instants))
            instants.append(FOREVER if following is None else self._zone.to_instant(following))
        skipped = max(bisect_right(instants, window.start) - 1, 0)
        needed = bisect_left(instants, window.end, skipped) + 1
        return first + skipped, instants[skipped:needed]

    def count(self, before: Instant) -> int:
        """How many handoffs take effect before an instant."""
        middle = self._zone.to_local(before)
        first, instants = self._instants(middle - 2 * LONGEST_JUMP, middle + LONGEST_JUMP)
        return first + bisect_left(instants, before)

    def begins(self, number: int) -> Instant:
        """When a turn begins; FOREVER if there is none of that number."""
        occurrence = self._recurrence.nth(number)
        if occurrence is None:
            return FOREVER
        return self._instants(occurrence - 2 * LONGEST_JUMP, occurrence + 1)[1][-1]

    def _instants(self, low: int, high: int) -> tuple[int, list[Instant]]:
        occurrences = self._recurrence.between(low, high)
        return self._recurrence.count(low), list(accumulate(map(self._zone.to_instant, occurrences), max))


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
        self._ahead = ahead
        self._users = [place.user for place in rotation.places]
        self._joins = [
            instant(place.start, timezone=timezone, at=handoff_time) if place.start else FOREVER_AGO
            for place in rotation.places
        ]
        self._leaves = [
            instant(place.until, timezone=timezone, at=handoff_time) if place.until else FOREVER
            for place in rotation.places
        ]
        self._first_handoffs, self._members = self._eras()
        self.anchor_fault: AnchorFault | None = None
        self._base = (-1, BEFORE_THE_FIRST)
        if rotation.anchor:
            try:
                at = instant(rotation.anchor.at, timezone=timezone, at=handoff_time)
                self._base = self._anchored(at, rotation.anchor.user)
            except AnchorFault as fault:
                self.anchor_fault = fault

    def between(self, window: Interval) -> list[TurnPiece]:
        """The pieces of turns that meet the window, whole, in order."""
        first, instants = self.handoffs.around(window)
        pieces: list[TurnPiece] = []
        ahead = self._ahead or 0
        place = self._walk(first + ahead - 1)
        for turn in range(first, first + len(instants) - 1):
            start, end = instants[turn - first], instants[turn - first + 1]
            place, is_held = self._step(place, turn + ahead)
            if is_held and start < end:
                pieces += self._pieces(place, start, end, turn)
        return [piece for piece in pieces if piece.start < window.end and window.start < piece.end]

    def place(self, turn: int) -> int | None:
        """Which place, by its number in the list, a turn belongs to at its handoff; None if it is empty."""
        place, is_held = self._step(self._walk(turn - 1), turn)
        return place if is_held else None

    def _pieces(self, place: int, start: Instant, end: Instant, turn: int) -> list[TurnPiece]:
        """The turn, with the substitutes for members who leave in it."""
        if self._ahead is not None:
            return [TurnPiece(start, end, self._users[place], turn)]
        pieces = []
        substitute: int | None = place
        while substitute is not None and start < end:
            until = min(self._leaves[substitute], end)
            pieces.append(TurnPiece(start, until, self._users[substitute], turn))
            start = until
            substitute = self._next(substitute, self._members_at(until)) if until < end else None
        return pieces

    # The walk ------------------------------------------------------------------------------------------

    def _eras(self) -> tuple[list[int], list[list[int]]]:
        """Spans of handoffs with the same members: the first handoff's number of each, and its members."""
        edges = sorted({*self._joins, *self._leaves} - {FOREVER_AGO, FOREVER})
        numbers, members = [0], [self._members_at(FOREVER_AGO)]
        for edge in edges:
            number = self.handoffs.count(edge)
            if number == numbers[-1]:
                members[-1] = self._members_at(edge)
            else:
                numbers.append(number)
                members.append(self._members_at(edge))
        return numbers, members

    def _members_at(self, moment: Instant) -> list[int]:
        return [
            place
            for place, (joins, leaves) in enumerate(zip(self._joins, self._leaves, strict=True))
            if joins <= moment < leaves
        ]

    def _anchored(self, at: Instant, user: str) -> tuple[int, int]:
        turn = self.handoffs.count(at + 1) - 1
        if turn < 0:
            raise AnchorFault("it lies before the rotation's first handoff")
        for place in self._members[self._era(turn)]:
            if self._users[place] == user:
                return turn, place
        raise AnchorFault(f"{user} holds no place at the handoff of that turn")

    def _era(self, turn: int) -> int:
        return max(bisect_right(self._first_handoffs, turn) - 1, 0)

    def _next(self, place: int, members: Sequence[int]) -> int | None:
        return members[bisect_right(members, place) % len(members)] if members else None

    def _step(self, place: int, turn: int) -> tuple[int, bool]:
        """Where the walk stands after the handoff of `turn`, and whether anybody holds that turn."""
        anchored_turn, anchored_place = self._base
        members = self._members[self._era(turn)]
        if turn < 0:
            return BEFORE_THE_FIRST, False
        if turn < anchored_turn:
            return self._walk(turn), bool(members)
        if turn == anchored_turn:
            return anchored_place, True
        following = self._next(place, members)
        return (place, False) if following is None else (following, True)

    def _walk(self, turn: int) -> int:
        """Where the walk stands after the handoff of `turn`, in one step for each span of equal members."""
        done, place = self._base
        while done < turn:
            era = self._era(done + 1)
            last = self._first_handoffs[era + 1] - 1 if era + 1 < len(self._members) else turn
            steps = min(last, turn) - done
            if members := self._members[era]:
                place = members[(bisect_right(members, place) % len(members) + steps - 1) % len(members)]
            done += steps
        while done > max(turn, 0):
            era = self._era(done - 1)
            steps = done - max(turn, self._first_handoffs[era], 0)
            if members := self._members[era]:
                place = members[(bisect_left(members, place) - steps) % len(members)]
            done -= steps
        return place if turn >= 0 else BEFORE_THE_FIRST
