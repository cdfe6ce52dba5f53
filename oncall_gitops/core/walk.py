"""The walk over the places of a rotation: who is a member when, and which place each turn belongs to.

Places and turns are numbers from 0; a turn's members are the places that are members at its handoff. Between two
dates at which a place joins or leaves, the members stay the same, so the walk is a cycle there and any number of
turns is one step of it. Where it stands at the edges of those eras is worked out once; from then on a question is a
bisection and a division, however old the rotation is and however many its dates are.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import NamedTuple

from oncall_gitops.core.model.instant import FOREVER, FOREVER_AGO, Instant

BEFORE_THE_FIRST = -1


class _Stand(NamedTuple):
    """Where the walk stands after the handoff of a turn."""

    turn: int
    place: int


class Walk:
    """The walk over places that are members from `joins` until `leaves`, each (FOREVER_AGO, FOREVER: always).

    `count` tells how many handoffs take effect before an instant.
    """

    __slots__ = ("_anchor", "_changes", "_eras", "_firsts", "_members", "_round", "_stands")

    def __init__(
        self, joins: Sequence[Instant], leaves: Sequence[Instant], *, count: Callable[[Instant], int]
    ) -> None:
        size = len(joins)
        is_one_round = joins.count(FOREVER_AGO) == size and leaves.count(FOREVER) == size
        self._round = size if is_one_round else 0
        self._changes, self._members = (
            ([], [list(range(size))]) if is_one_round else _membership(joins, leaves)
        )
        self._firsts, self._eras = [0], [self._members[0]]
        for moment, members in zip(self._changes, self._members[1:], strict=True):
            first = count(moment)
            if first == self._firsts[-1]:
                self._eras[-1] = members
            else:
                self._firsts.append(first)
                self._eras.append(members)
        self.anchor(BEFORE_THE_FIRST, BEFORE_THE_FIRST)

    def anchor(self, turn: int, place: int) -> None:
        """That turn belongs to that place; the first turn to the first member, if nobody says so."""
        self._anchor = _Stand(turn, place)
        self._stands: list[_Stand] = []

    def members(self, turn: int) -> list[int]:
        """The members at the handoff of a turn, in order."""
        return self._eras[self._era(turn)]

    def members_at(self, moment: Instant) -> list[int]:
        """The members at an instant, in order."""
        return self._members[bisect_right(self._changes, moment)]

    def place(self, turn: int) -> int | None:
        """Which place a turn belongs to at its handoff; None if it is empty."""
        if turn < 0:
            return None
        if self._round:
            return (turn - self._anchor.turn + self._anchor.place) % self._round
        return self._after(turn) if self.members(turn) else None

    def following(self, place: int, moment: Instant) -> int | None:
        """The next place, cyclically, that is a member at an instant."""
        members = self.members_at(moment)
        return members[bisect_right(members, place) % len(members)] if members else None

    def holders(self, first: int, count: int, names: list[str]) -> Sequence[str | None]:
        """The names of those whose `count` turns are, from `first` on; `names` has one for each place."""
        if self._round and first >= 0:
            skipped = (first - self._anchor.turn + self._anchor.place) % self._round
            return (names * (-(-(skipped + count) // self._round)))[skipped : skipped + count]
        found: list[str | None] = [None] * min(max(-first, 0), count)
        while len(found) < count:
            turn, wanted = first + len(found), count - len(found)
            era = self._era(turn)
            if era + 1 < len(self._firsts):
                wanted = min(wanted, self._firsts[era + 1] - turn)
            if members := self._eras[era]:
                skipped = bisect_left(members, self._after(turn))
                if wanted < len(members):
                    found += [names[member] for member in (members + members)[skipped : skipped + wanted]]
                else:
                    cycle = names if len(members) == len(names) else [names[member] for member in members]
                    found += (cycle * (-(-(skipped + wanted) // len(cycle))))[skipped : skipped + wanted]
            else:
                found += [None] * wanted
        return found

    def _era(self, turn: int) -> int:
        return max(bisect_right(self._firsts, turn) - 1, 0)

    def _after(self, turn: int) -> int:
        """The place at which the walk stands after the handoff of a turn."""
        if not self._stands:
            self._stands = self._at_the_edges()
        era = self._era(turn)
        return _moved(self._stands[era], turn, self._eras[era])

    def _at_the_edges(self) -> list[_Stand]:
        """A stand for each era, from which all of its turns are reached without leaving it.

        In the era of the anchor that is the anchor, in a later one the last turn before it, in an earlier one the
        first turn after it.
        """
        stands = [self._anchor] * len(self._eras)
        anchored = self._era(self._anchor.turn)
        for era in range(anchored + 1, len(self._eras)):
            turn = self._firsts[era] - 1
            stands[era] = _Stand(turn, _moved(stands[era - 1], turn, self._eras[era - 1]))
        for era in range(anchored - 1, -1, -1):
            turn = self._firsts[era + 1]
            stands[era] = _Stand(turn, _moved(stands[era + 1], turn, self._eras[era + 1]))
        return stands


def _moved(stand: _Stand, turn: int, members: Sequence[int]) -> int:
    """Where the walk stands after another turn, forward or backward, while the members are these."""
    steps = turn - stand.turn
    if not members or not steps:
        return stand.place
    if steps > 0:
        return members[(bisect_right(members, stand.place) + steps - 1) % len(members)]
    return members[(bisect_left(members, stand.place) + steps) % len(members)]


def _membership(joins: Sequence[Instant], leaves: Sequence[Instant]) -> tuple[list[Instant], list[list[int]]]:
    """The instants at which somebody joins or leaves; the members before the first and from each on."""
    coming: defaultdict[Instant, list[int]] = defaultdict(list)
    going: defaultdict[Instant, list[int]] = defaultdict(list)
    for place, (start, end) in enumerate(zip(joins, leaves, strict=True)):
        if start < end:
            coming[start].append(place)
            going[end].append(place)
    changes = sorted((coming.keys() | going.keys()) - {FOREVER_AGO, FOREVER})
    members = coming[FOREVER_AGO]
    found = [members.copy()]
    for moment in changes:
        for place in going[moment]:
            del members[bisect_left(members, place)]
        for place in coming[moment]:
            insort(members, place)
        found.append(members.copy())
    return changes, found
