"""Edits of a rotation's places that move nobody else's turn: a rotation and a request in, the new rotation out.

Who joins gets a `from`, who leaves an `until`, and who moves an `until` at the old place and a `from` at the
new one, so that the walk up to that date is what it was. An anchor that lies after the date would pull it back
through the edited places; it is set again, on a turn before the date. `tidy` is the other way round: it
forgets dates that have passed, and an anchor keeps every turn from the current one on.

Rotations that follow this one look ahead or behind by their offset; `Neighbours` carries that, so that their
turns count among those that must stay.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import NamedTuple, TypeAlias

from oncall_gitops.core.errors import OncallError
from oncall_gitops.core.frame import Frame, coming_handoffs
from oncall_gitops.core.model.instant import FOREVER, FOREVER_AGO, Instant
from oncall_gitops.core.model.interval import Interval
from oncall_gitops.core.model.rotation import Anchor, Following, Place, Rotation
from oncall_gitops.core.model.schedule import Schedule
from oncall_gitops.core.model.when import When
from oncall_gitops.core.turns import Turns

_MOST_TURNS = 500
"""How many turns are looked through for one that an anchor can pin; a walk goes round in at most as many."""


@dataclass(frozen=True, slots=True)
class Add:
    """Put a place for somebody after `after`'s last one, or at the end."""

    user: str
    start: When | None = None
    until: When | None = None
    after: str | None = None


@dataclass(frozen=True, slots=True)
class Remove:
    """Let somebody leave all their places."""

    user: str
    until: When | None = None


@dataclass(frozen=True, slots=True)
class Move:
    """Give somebody the place after `after` in exchange for the one that they have."""

    user: str
    after: str
    start: When | None = None


@dataclass(frozen=True, slots=True)
class Tidy:
    """Forget places and dates that have passed."""


Request: TypeAlias = Add | Remove | Move | Tidy


class Impossible(OncallError):
    """The rotation cannot be edited like this."""


class Neighbours(NamedTuple):
    """How many turns ahead of and behind the current one the rotations that follow this one look."""

    ahead: int = 0
    behind: int = 0


def neighbours(schedule: Schedule, siblings: Mapping[str, Schedule]) -> Neighbours:
    """What looks at the turns of a schedule's own rotation."""
    offsets = [
        rotation.offset
        for other in siblings.values()
        if other.team == schedule.team
        for rotation in (other.rotation, *(layer.rotation for layer in other.layers))
        if isinstance(rotation, Following) and rotation.schedule == schedule.slug
    ]
    return Neighbours(max([0, *offsets]), -min([0, *offsets]))


def rotate(
    rotation: Rotation, frame: Frame, request: Request, *, at: Instant, near: Neighbours | None = None
) -> Rotation:
    """The rotation after the request; equal to the old one only where there is nothing to tidy."""
    near = near or Neighbours()
    bench = _Bench(rotation, frame, at, near)
    match request:
        case Add():
            return bench.add(request)
        case Remove():
            return bench.remove(request)
        case Move():
            return bench.move(request)
        case Tidy():
            return bench.tidy()


class _Kept(NamedTuple):
    """A place of the new rotation, and its number in the old one, if it had one."""

    place: Place
    old: int | None = None


Edit: TypeAlias = Callable[[When], list[_Kept]]


class _Walked(NamedTuple):
    """A rotation with its turns."""

    rotation: Rotation
    turns: Turns

    def user(self, turn: int) -> str | None:
        """Who has a turn at its handoff."""
        place = self.turns.place(turn)
        return None if place is None else self.rotation.places[place].user


class _Bench:
    """One rotation under edit."""

    def __init__(self, rotation: Rotation, frame: Frame, at: Instant, near: Neighbours) -> None:
        self._rotation = rotation
        self._frame = frame
        self._at = at
        self._near = near
        self._turns = frame.turns(rotation)
        self._handoffs = self._turns.handoffs
        self._places = [_Kept(place, number) for number, place in enumerate(rotation.places)]

    # Joining, leaving, moving --------------------------------------------------------------------------

    def add(self, request: Add) -> Rotation:
        behind = len(self._places) - 1 if request.after is None else self._last_place_of(request.after)

        def edit(date: When) -> list[_Kept]:
            self._check_span(date, request.until)
            return self._inserted(self._places, behind, Place(request.user, date, request.until))

        return self._edited(edit, request.start or self._first_quiet_date(edit))

    def remove(self, request: Remove) -> Rotation:
        date = request.until or self._next_date()
        leaves = self._frame.instant(date)
        held = self._numbers(request.user)
        if not any(leaves < self._until(self._rotation.places[number]) for number in held):
            last = max(self._until(self._rotation.places[number]) for number in held)
            raise Impossible(f"{request.user} leaves already, on {self._frame.written(last).text}")

        def edit(date: When) -> list[_Kept]:
            """Who would join only later has no place to leave."""
            kept = []
            for place, number in self._places:
                if number in held and self._from(place) >= max(leaves, self._at + 1):
                    continue
                if number in held and leaves < self._until(place):
                    self._check_span(place.start, date)
                    place = replace(place, until=date)
                kept.append(_Kept(place, number))
            if not kept:
                raise Impossible(f"without {request.user} the rotation would have no place at all")
            return kept

        return self._edited(edit, date)

    def move(self, request: Move) -> Rotation:
        if request.user == request.after:
            raise Impossible(f"{request.user} cannot come after themselves")
        held = [number for number in self._numbers(request.user) if self._is_open(number)]
        if len(held) != 1:
            how = "no place any more" if not held else f"{len(held)} places"
            raise Impossible(
                f"{request.user} holds {how} in the rotation", help="" if held else "rotation add gives one"
            )
        [source] = held
        behind = self._last_place_of(request.after)
        if self._next_open(behind) == source:
            raise Impossible(f"{request.user} comes right after {request.after} already")
        old = self._rotation.places[source]

        def edit(date: When) -> list[_Kept]:
            moved = Place(request.user, date, old.until)
            self._check_span(date, old.until)
            if old.start and self._from(old) >= self._frame.instant(date):
                moved = old  # they have not joined yet: nothing of the old place is left
                places = [kept for kept in self._places if kept.old != source]
            else:
                places = list(self._places)
                places[source] = _Kept(replace(old, until=date), source)
            at = next(index for index, kept in enumerate(places) if kept.old == behind)
            return self._inserted(places, at, moved)

        return self._edited(edit, request.start or self._first_quiet_date(edit))

    def _edited(self, edit: Edit, date: When) -> Rotation:
        kept = edit(date)
        rotation = replace(self._rotation, places=tuple(place for place, _ in kept))
        return self._pinned_before(rotation, kept, self._frame.instant(date))

    def _first_quiet_date(self, edit: Edit) -> When:
        """The date of the earliest handoff that moves neither the current nor the next turn of anybody."""
        handoffs = coming_handoffs(self._turns, after=self._at, count=self._near.ahead + 2)
        if not handoffs:
            raise Impossible("no handoff follows: say when with --from")
        for handoff in handoffs[:-1]:
            date = self._frame.written(handoff)
            if self._keeps(self._edited(edit, date), Interval(self._at, handoffs[-1])):
                return date
        return self._frame.written(handoffs[-1])

    def _keeps(self, rotation: Rotation, window: Interval) -> bool:
        """Whether the turns in a window stay with whom they are, from its start on."""
        before, after = (_pieces(turns, window) for turns in (self._turns, self._frame.turns(rotation)))
        return before == after

    def _next_date(self) -> When:
        handoffs = coming_handoffs(self._turns, after=self._at, count=1)
        if not handoffs:
            raise Impossible("no handoff follows: say when with --until")
        return self._frame.written(handoffs[0])

    def _inserted(self, places: Sequence[_Kept], behind: int, place: Place) -> list[_Kept]:
        return [*places[: behind + 1], _Kept(place), *places[behind + 1 :]]

    def _check_span(self, start: When | None, until: When | None) -> None:
        if start and until and self._frame.instant(until) <= self._frame.instant(start):
            raise Impossible(f"until {until.text} is not after {start.text}, when the place begins")

    # The anchor ----------------------------------------------------------------------------------------

    def _pinned_before(self, rotation: Rotation, kept: Sequence[_Kept], date: Instant) -> Rotation:
        """The same with an anchor on a turn before the date, if the old one lies after it."""
        old = self._rotation.anchor
        last = self._handoffs.count(date) - 1
        if old is None or self._anchored_turn() <= last:
            return rotation
        if last < 0:
            if self._frame.turns(rotation).anchor_fault:
                raise Impossible(f"the anchor of {old.at.text} names a place that would be gone by then")
            return rotation
        numbers = _new_numbers(kept)
        for turn in range(last, max(-1, last - _MOST_TURNS), -1):
            found = self._anchored(rotation, turn, numbers)
            if found and all(self._agree(found, number, numbers) for number in range(turn, last + 1)):
                return found.rotation
        raise Impossible(
            f"the anchor of {old.at.text} lies after {self._frame.written(date).text}, and no turn before that"
            " can take its place",
            help="set the anchor to a turn that has passed, and try again",
        )

    def _anchored_turn(self) -> int:
        """The number of the turn that the anchor is on; -1 without one."""
        anchor = self._rotation.anchor
        return self._handoffs.count(self._frame.instant(anchor.at) + 1) - 1 if anchor else -1

    def _anchored(self, rotation: Rotation, turn: int, numbers: Mapping[int, int]) -> _Walked | None:
        """The rotation with its anchor on a turn, for whom has that turn now; None if that cannot be said."""
        place, begins = self._turns.place(turn), self._handoffs.begins(turn)
        if place not in numbers or place is None or self._handoffs.count(begins + 1) - 1 != turn:
            return None
        anchor = Anchor(self._frame.written(begins), self._rotation.places[place].user)
        anchored = replace(rotation, anchor=anchor)
        turns = self._frame.turns(anchored)
        if turns.anchor_fault or turns.place(turn) != numbers[place]:
            return None
        return _Walked(anchored, turns)

    def _agree(self, found: _Walked, turn: int, numbers: Mapping[int, int]) -> bool:
        """Whether a turn belongs to the same place in both rotations."""
        before, after = self._turns.place(turn), found.turns.place(turn)
        return after is None if before is None else numbers.get(before) == after

    # Tidying -------------------------------------------------------------------------------------------

    def tidy(self) -> Rotation:
        """Without the places and dates that have passed, as far as no turn from the current one on moves."""
        current = self._handoffs.count(self._at + 1) - 1
        if current < 0:
            return self._rotation
        first = max(0, current - self._near.behind)
        edges = {self._at, self._handoffs.begins(current), self._handoffs.begins(first)}
        for passed in sorted(edges, reverse=True):
            kept = list(self._still_needed(passed))
            if [place for place, _ in kept] == list(self._rotation.places):
                return self._rotation
            if kept and (tidied := self._anchored_from(kept, first, current)):
                return tidied
        return self._rotation

    def _still_needed(self, passed: Instant) -> Iterator[_Kept]:
        for place, number in self._places:
            if self._until(place) > passed:
                has_joined = place.start is not None and self._from(place) <= passed
                yield _Kept(replace(place, start=None) if has_joined else place, number)

    def _anchored_from(self, kept: Sequence[_Kept], first: int, current: int) -> Rotation | None:
        """The kept places with an anchor that leaves every turn from `first` on with whom it is.

        From the anchored turn on, and from the old anchor's, both walk forward, past the same members at every
        handoff to come: once they agree there, they always do.
        """
        rotation = replace(self._rotation, places=tuple(place for place, _ in kept))
        numbers = _new_numbers(kept)
        old = self._anchored_turn()
        for turn in range(current, current + _MOST_TURNS):
            found = self._anchored(rotation, turn, numbers)
            if (
                found
                and self._keeps_begun(found, first, current)
                and all(
                    self._agree(found, number, numbers) for number in range(current + 1, max(turn, old) + 1)
                )
            ):
                return found.rotation
        return None

    def _keeps_begun(self, found: _Walked, first: int, current: int) -> bool:
        """Whether what is left of the current turn stays, and who had it and those before at the handoff."""
        before = _Walked(self._rotation, self._turns)
        rest = Interval(self._at, self._handoffs.begins(current + 1))
        return _pieces(self._turns, rest) == _pieces(found.turns, rest) and all(
            before.user(turn) == found.user(turn) for turn in range(first, current + 1)
        )

    # Places --------------------------------------------------------------------------------------------

    def _numbers(self, user: str) -> list[int]:
        """The numbers of the places that somebody holds, of which there must be one."""
        numbers = [number for number, place in enumerate(self._rotation.places) if place.user == user]
        if not numbers:
            close = get_close_matches(user, {place.user for place in self._rotation.places}, n=1)
            raise Impossible(
                f"{user} holds no place in the rotation", help=f"did you mean {close[0]}?" if close else ""
            )
        return numbers

    def _last_place_of(self, user: str) -> int:
        """The last place that somebody holds now or will; if they left them all, the last of those."""
        numbers = self._numbers(user)
        return max([number for number in numbers if self._is_open(number)] or numbers)

    def _next_open(self, behind: int) -> int:
        count = len(self._places)
        following = ((behind + step) % count for step in range(1, count + 1))
        return next((number for number in following if self._is_open(number)), behind)

    def _is_open(self, number: int) -> bool:
        return self._until(self._rotation.places[number]) > self._at

    def _from(self, place: Place) -> Instant:
        return self._frame.instant(place.start) if place.start else FOREVER_AGO

    def _until(self, place: Place) -> Instant:
        return self._frame.instant(place.until) if place.until else FOREVER


def _new_numbers(kept: Sequence[_Kept]) -> dict[int, int]:
    """Where each old place stands now."""
    return {old: new for new, (_, old) in enumerate(kept) if old is not None}


def _pieces(turns: Turns, window: Interval) -> list[tuple[Instant, Instant, str, int]]:
    return [(*window.cut(Interval(*piece[:2])), piece.user, piece.turn) for piece in turns.between(window)]
