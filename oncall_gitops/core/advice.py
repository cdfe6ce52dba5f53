"""The edit that was probably meant: the exact YAML that keeps everybody else in place.

An undated edit of a rotation's users is read as if it had always been so, and moves the turns of people who have
nothing to do with it. Where that changes who has the current or the next turn, the same edit is written again
with dates: who joins gets a `from`, who leaves an `until`; a new order gets an anchor. Each proposal is tried
before it is given: the turns of everybody who neither joins nor leaves must stay until the date.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from itertools import zip_longest
from typing import NamedTuple

from oncall_gitops.core import address
from oncall_gitops.core.diff import Change
from oncall_gitops.core.frame import Frame, frame_of, rotation_of
from oncall_gitops.core.model.instant import Instant
from oncall_gitops.core.model.interval import Interval
from oncall_gitops.core.model.rotation import Anchor, Place, Rotation
from oncall_gitops.core.model.when import When
from oncall_gitops.core.plan import Plan
from oncall_gitops.core.problem import Origin
from oncall_gitops.core.turns import TurnPiece

_LOOK = 3 * 366 * 86_400
"""How far ahead turns are compared: no two handoffs lie further apart than a few of these."""


@dataclass(frozen=True, slots=True)
class Advice:
    """What to write instead, at a place; `yaml` replaces the `users` (and adds an `anchor`) of the rotation."""

    schedule: str
    code: str
    message: str
    yaml: str
    origin: Origin | None = None
    layer: str | None = None
    rotation: Rotation | None = None


def advise(plan: Plan, origins: Mapping[tuple[str, ...], Origin], *, at: Instant) -> list[Advice]:
    """What the files might rather say, for every rotation and name that the plan edits without care."""
    found: list[Advice] = []
    for change in plan.changes:
        if change.action in ("update", "rename") and change.cause == "files":
            found += _on_rotation(change, plan, origins, at)
    return [*found, *_on_names(plan)]


def dated(before: Rotation, after: Rotation, frame: Frame, *, at: Instant) -> tuple[Rotation, str] | None:
    """The same edit of the users, written so that nobody else's current or next turn moves, and how.

    None if the edit moves nobody else, or if no such writing is found.
    """
    old = _coming(before, frame, at)
    if old is None or old.holders == _holders(after, frame, old):
        return None
    moves = _moves([place.user for place in before.places], [place.user for place in after.places])
    if moves is not None:
        for handoff in old.handoffs:
            places = _with_dates(before.places, after.places, moves, frame.written(handoff))
            proposal = replace(after, places=places)
            if _keeps_others(proposal, frame, old, moves):
                return proposal, "dates"
    if old.holders[0] and any(place.user == old.holders[0] for place in after.places):
        anchor = Anchor(frame.written(old.start), old.holders[0])
        proposal = replace(after, anchor=anchor)
        if _holders(proposal, frame, old)[0] == old.holders[0]:
            return proposal, "anchor"
    return None


def rotation_yaml(rotation: Rotation) -> str:
    """The `users` of a rotation, and its anchor, as a block that can be pasted."""
    lines = ["users:", *(f"  - {place.text}" for place in rotation.places)]
    if rotation.anchor:
        lines.append(f"anchor: {rotation.anchor.text}")
    return "\n".join(lines) + "\n"


class _Coming(NamedTuple):
    """The current turn's start, the holders of it and of the next turn, and the next two handoffs."""

    start: Instant
    holders: tuple[str | None, str | None]
    handoffs: tuple[Instant, Instant]
    at: Instant


class _Moves(NamedTuple):
    """Which places of the old order stay, leave or join: (kind, old index or None, new index or None)."""

    steps: tuple[tuple[str, int | None, int | None], ...]
    leaving: frozenset[str]
    joining: frozenset[str]


def _coming(rotation: Rotation, frame: Frame, at: Instant) -> _Coming | None:
    turns = frame.turns(rotation)
    _, handoffs = turns.handoffs.around(Interval(at, at + _LOOK))
    if len(handoffs) < 3 or handoffs[0] > at:
        return None
    pieces = turns.between(Interval(at, handoffs[2]))
    holders = (_holder(pieces, at), _holder(pieces, handoffs[1]))
    return _Coming(handoffs[0], holders, (handoffs[1], handoffs[2]), at)


def _holders(rotation: Rotation, frame: Frame, coming: _Coming) -> tuple[str | None, str | None]:
    pieces = frame.turns(rotation).between(Interval(coming.at, coming.handoffs[1]))
    return _holder(pieces, coming.at), _holder(pieces, coming.handoffs[0])


def _holder(pieces: Sequence[TurnPiece], at: Instant) -> str | None:
    return next((piece.user for piece in pieces if piece.start <= at < piece.end), None)


def _moves(old: Sequence[str], new: Sequence[str]) -> _Moves | None:
    """The edit as places that stay, leave and join; None if somebody changes their place in the order.

    Who takes over a place stands before the one who leaves it: the turn after that one's is not theirs.
    """
    steps: list[tuple[str, int | None, int | None]] = []
    leaving, joining = set(), set()
    for kind, i1, i2, j1, j2 in SequenceMatcher(a=old, b=new, autojunk=False).get_opcodes():
        if kind == "equal":
            steps += [("stays", i1 + step, j1 + step) for step in range(i2 - i1)]
            continue
        for gone, come in zip_longest(range(i1, i2), range(j1, j2)):
            steps += [("joins", None, come)] if come is not None else []
            steps += [("leaves", gone, None)] if gone is not None else []
        leaving |= set(old[i1:i2])
        joining |= set(new[j1:j2])
    return None if leaving & joining else _Moves(tuple(steps), frozenset(leaving), frozenset(joining))


def _with_dates(old: Sequence[Place], new: Sequence[Place], moves: _Moves, date: When) -> tuple[Place, ...]:
    places = []
    for _, before, after in moves.steps:
        if after is None and before is not None:
            places.append(replace(old[before], until=old[before].until or date))
        elif after is not None and before is None:
            places.append(replace(new[after], start=new[after].start or date))
        elif after is not None:
            places.append(new[after])
    return tuple(places)


def _keeps_others(proposal: Rotation, frame: Frame, coming: _Coming, moves: _Moves) -> bool:
    """Whether the current turn stays, and the next one too unless its holder leaves."""
    now, following = _holders(proposal, frame, coming)
    return now == coming.holders[0] and (following == coming.holders[1] or coming.holders[1] in moves.leaving)


def _on_rotation(
    change: Change, plan: Plan, origins: Mapping[tuple[str, ...], Origin], at: Instant
) -> Iterator[Advice]:
    """Advice for one schedule's base rotation or one layer's, if only its users changed."""
    kind, _, rest = change.address.partition("/")
    name = "/".join(rest.split("/")[:2])
    paths = {field.path for field in change.fields if field.path.startswith("rotation.")}
    before, after = plan.live.state.schedules.get(name), plan.after.schedules.get(name)
    if kind not in ("schedule", "layer") or paths != {"rotation.users"} or not before or not after:
        return
    slug = rest.rsplit("/", 1)[1] if kind == "layer" else None
    old, new = rotation_of(before, slug), rotation_of(after, slug)
    if not isinstance(old, Rotation) or not isinstance(new, Rotation):
        return
    advised = dated(old, new, frame_of(after, slug), at=at)
    if advised is None:
        return
    rotation, how = advised
    what = "with dates, nobody else's turn moves" if how == "dates" else "anchored, who is on call now stays"
    key = (change.address, "rotation.users")
    yield Advice(
        schedule=name,
        code="undated-edit",
        message=f"this edit moves turns of people who are not part of it; {what}",
        yaml=rotation_yaml(rotation),
        origin=origins[key] if key[:1] in origins else None,
        layer=slug,
        rotation=rotation,
    )


def _on_names(plan: Plan) -> Iterator[Advice]:
    """A delete and a create that look like a rename: the line that keeps the row, its history and its events."""
    gone = [change for change in plan.changes if change.action == "delete" and change.cause == "files"]
    for new in plan.changes:
        if new.action != "create" or new.address.startswith("override/"):
            continue
        twins = [old for old in gone if _look_alike(old, new)]
        if len(twins) == 1:
            old_name = twins[0].address.split("/", 1)[1]
            slug = _old_slug(twins[0].address, new.address)
            yield Advice(
                schedule="/".join(new.address.split("/")[1:3]) if new.address.count("/") > 1 else "",
                code="looks-like-a-rename",
                message=f"{new.address} looks like {old_name} under a new name; this keeps its history",
                yaml=f"renamed_from: {slug}\n",
                origin=new.origin,
            )


def _look_alike(old: Change, new: Change) -> bool:
    """Of one kind, and at least four fifths of the fields equal (of a user: the e-mail address)."""
    if old.address.split("/")[0] != new.address.split("/")[0]:
        return False
    before = {field.path: field.before for field in old.fields}
    after = {field.path: field.after for field in new.fields}
    if new.address.startswith(f"{address.user('')}"):
        return before.get("email") == after.get("email")
    if new.address.startswith("layer/") and old.address.rsplit("/", 1)[0] != new.address.rsplit("/", 1)[0]:
        return False
    before.pop("name", None)
    after.pop("name", None)
    paths = before.keys() | after.keys()
    same = sum(before.get(path) == after.get(path) for path in paths)
    return bool(paths) and same * 5 >= len(paths) * 4


def _old_slug(old: str, new: str) -> str:
    """As `renamed_from` says it: the slug, or `team/slug` for a schedule of another team."""
    if old.startswith("schedule/") and old.rsplit("/", 1)[0] != new.rsplit("/", 1)[0]:
        return old.split("/", 1)[1]
    return old.rsplit("/", 1)[1]
