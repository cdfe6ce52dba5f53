"""The places and the anchor of a rotation, written into the text that holds it: every other byte stays.

A text is edited by splices at the exact positions of its nodes. A list keeps its style, block or flow; what
comes is written in it, with the indentation found there; comments of a block list stay but for the one at the
end of a line that goes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from difflib import SequenceMatcher
from typing import NamedTuple

from oncall_gitops.core.model.rotation import Anchor, Place, Rotation
from oncall_gitops.core.model.when import When, parse_when
from oncall_gitops.source import document
from oncall_gitops.source.document import Document, Mapping, Node, Part, Scalar
from oncall_gitops.source.flow import Extent, Flow

_USERS, _ANCHOR, _USER, _AT = Scalar("users"), Scalar("anchor"), Scalar("user"), Scalar("at")
_READ_AS_OTHER = re.compile(r"null|true|false|yes|no|on|off|y|n|[0-9._e-]+|0[xo].*")
"""Slugs that a YAML reader would take for something else than text, and that therefore are quoted."""


class Splice(NamedTuple):
    """Put `text` in the place of [start, end)."""

    start: int
    end: int
    text: str


def edited(read: Document, path: Sequence[Part], rotation: Rotation) -> str:
    """The text of a document in which the rotation at a path has these places and this anchor."""
    node, _ = read.walk(path)
    assert isinstance(node, Mapping)
    splices = [*_of_places(read.text, node[_USERS], rotation.places)]
    if rotation.anchor:
        splices += _of_anchor(read.text, node, rotation.anchor)
    return spliced(read.text, splices)


def lines_of(read: Document, path: Sequence[Part]) -> tuple[int, str]:
    """The number of the first line of a value, counted from 1 at its key, and all its lines."""
    node, key = read.walk(path)
    lines = _Lines(read.text)
    first = (node if key is None else key).start.line
    return first + 1, read.text[lines.start(first) : lines.end(_extent(read.text, node).end)]


def spliced(text: str, splices: Iterable[Splice], *, within: Extent | None = None) -> str:
    """A text, or a part of it, with splices that do not overlap; of those at one position, in their order."""
    at, end = within or Extent(0, len(text))
    pieces = []
    for splice in sorted(splices, key=lambda splice: splice[:2]):
        assert splice.start >= at, "splices must not overlap"
        pieces += [text[at : splice.start], splice.text]
        at = splice.end
    return "".join([*pieces, text[at:end]])


def _of_places(text: str, users: Node, places: Sequence[Place]) -> Iterator[Splice]:
    assert isinstance(users, document.Sequence)
    old = [str(node[_USER] if isinstance(node, Mapping) else node) for node in users]
    steps = SequenceMatcher(a=old, b=[place.user for place in places], autojunk=False).get_opcodes()
    if _is_flow(text, users):
        yield from _of_flow_list(text, users, places, steps)
    else:
        yield from _of_block_list(text, users, places, steps)


Steps = Sequence[tuple[str, int, int, int, int]]


def _of_flow_list(
    text: str, users: document.Sequence, places: Sequence[Place], steps: Steps
) -> Iterator[Splice]:
    inside = Extent(users.start.index + 1, users.end.index - 1)
    flow = Flow(text, inside, [_extent(text, node) for node in users])
    for kind, i1, i2, j1, j2 in reversed(steps):
        if kind == "equal":
            for index, place in zip(range(i1, i2), places[j1:j2], strict=True):
                changed = _of_place(text, users[index], place)
                flow.put(index, spliced(text, changed, within=_extent(text, users[index])))
            continue
        for place in reversed(places[j1:j2]):
            flow.insert(i2, _place(place))
        for index in reversed(range(i1, i2)):
            flow.remove(index)
    yield Splice(*inside, flow.text)


def _of_block_list(
    text: str, users: document.Sequence, places: Sequence[Place], steps: Steps
) -> Iterator[Splice]:
    lines = _Lines(text)
    column = users.start.column
    kept = None
    for kind, i1, i2, j1, j2 in steps:
        if kind == "equal":
            for node, place in zip(users[i1:i2], places[j1:j2], strict=True):
                yield from _of_place(text, node, place)
            kept = users[i2 - 1]
            continue
        before_all = lines.before(lines.dash(users[0], column))
        at = before_all if kept is None else lines.end(_extent(text, kept).end)
        for place in places[j1:j2]:
            line = f"{' ' * column}-{_gap(text, users[0], lines, column)}{_place(place)}"
            yield Splice(at, at, lines.newline + line)
        for node in users[i1:i2]:
            yield Splice(*lines.whole(lines.dash(node, column), _extent(text, node).end), "")


def _of_place(text: str, node: Node, place: Place) -> Iterator[Splice]:
    """One place of the list, as its user stays and its dates come, change or go."""
    dates = {"from": place.start, "until": place.until}
    if isinstance(node, Scalar):
        if place.start or place.until:
            written = "".join(f", {key}: {when.text}" for key, when in dates.items() if when)
            yield Splice(
                *_extent(text, node), f"{{user: {text[node.start.index : node.end.index]}{written}}}"
            )
        return
    assert isinstance(node, Mapping)
    if not any(dates.values()) and _is_flow(text, node) and "#" not in _text(text, node):
        yield Splice(*_extent(text, node), _text(text, node[_USER]))
    elif _is_flow(text, node):
        yield from _of_flow_dates(text, node, dates)
    else:
        yield from _of_block_dates(text, node, dates)


def _of_flow_dates(text: str, node: Mapping, dates: dict[str, When | None]) -> Iterator[Splice]:
    inside = Extent(node.start.index + 1, node.end.index - 1)
    keys = [str(key) for key in node]
    pairs = [Extent(key.start.index, _extent(text, value).end) for key, value in node.items()]
    flow = Flow(text, inside, pairs)
    for key, when in dates.items():
        if key not in keys and when:
            flow.insert(len(keys), f"{key}: {when.text}")
            keys.append(key)
        elif key in keys and when:
            value = node[Scalar(key)]
            pair = pairs[list(node).index(Scalar(key))]
            flow.put(keys.index(key), spliced(text, _of_time(text, value, when), within=pair))
        elif key in keys:
            flow.remove(keys.index(key))
            keys.remove(key)
    yield Splice(*inside, flow.text)


def _of_block_dates(text: str, node: Mapping, dates: dict[str, When | None]) -> Iterator[Splice]:
    lines = _Lines(text)
    keys = list(node)
    stays = [key for key in keys if key not in dates or dates[key]]
    first = keys.index(stays[0])
    if first > 0:  # what goes stands on the line of the dash
        yield Splice(keys[0].start.index, stays[0].start.index, "")
    for key in keys[first:]:
        if key not in stays:
            yield Splice(*lines.whole(key.start.line, _extent(text, node[key]).end), "")
        elif when := dates.get(key):
            yield from _of_time(text, node[key], when)
    end = lines.end(_extent(text, node[keys[-1]]).end)
    for name, when in dates.items():
        if when and Scalar(name) not in node:
            yield Splice(end, end, f"{lines.newline}{' ' * node.start.column}{name}: {when.text}")


def _of_anchor(text: str, rotation: Mapping, anchor: Anchor) -> Iterator[Splice]:
    written = rotation.get(_ANCHOR)
    if isinstance(written, Mapping):
        yield from _of_time(text, written[_AT], anchor.at)
        if written[_USER] != anchor.user:
            yield Splice(*_extent(text, written[_USER]), _slug(anchor.user))
        return
    users = rotation[_USERS]
    line = f"anchor: {{at: {anchor.at.text}, user: {_slug(anchor.user)}}}"
    end = _extent(text, users).end
    if _is_flow(text, rotation):
        yield Splice(end, end, f", {line}")
    else:
        lines = _Lines(text)
        end = lines.end(end)
        yield Splice(end, end, f"{lines.newline}{' ' * rotation.start.column}{line}")


def _of_time(text: str, node: Node, when: When) -> Iterator[Splice]:
    """A time, in the quotes that it had; nothing if it says so already."""
    assert isinstance(node, Scalar)
    if parse_when(str(node)) != when:
        quote = "" if node.plain else text[node.start.index]
        yield Splice(*_extent(text, node), f"{quote}{when.text}{quote}")


class _Lines:
    """The lines of a text, by number and by position."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._starts = [0, *(found.end() for found in re.finditer("\n", text))]
        self.newline = "\r\n" if "\r\n" in text else "\n"

    def start(self, number: int) -> int:
        return self._starts[number]

    def end(self, position: int) -> int:
        """Where the line of a position ends, before its line break."""
        end = self._text.find("\n", position)
        end = len(self._text) if end < 0 else end
        return end - 1 if end and self._text[end - 1] == "\r" else end

    def before(self, number: int) -> int:
        """Where the line before ends."""
        return self.end(self._starts[number] - 1)

    def whole(self, number: int, position: int) -> Extent:
        """From a line to the line of a position, with the line break before them."""
        return Extent(self.before(number), self.end(position))

    def dash(self, node: Node, column: int) -> int:
        """The number of the line with the dash of an entry of a block list."""
        number: int = node.start.line
        while self._text[self._starts[number] :][: column + 1].lstrip(" ") != "-":
            number -= 1
        return number


def _gap(text: str, node: Node, lines: _Lines, column: int) -> str:
    """What stands between the dash of an entry and the entry: mostly one space."""
    between = text[lines.start(lines.dash(node, column)) + column + 1 : node.start.index]
    return between if between and not between.strip(" ") else " "


def _extent(text: str, node: Node) -> Extent:
    """Where a node's own text stands; the parser lets a block collection end only where the next thing begins."""
    if isinstance(node, Scalar) or _is_flow(text, node):
        return Extent(node.start.index, node.end.index)
    last = list(node.values())[-1] if isinstance(node, Mapping) else node[-1]
    return Extent(node.start.index, _extent(text, last).end)


def _text(text: str, node: Node) -> str:
    start, end = _extent(text, node)
    return text[start:end]


def _is_flow(text: str, node: Mapping | document.Sequence) -> bool:
    return text[node.start.index] in "[{"


def _place(place: Place) -> str:
    return Place(_slug(place.user), place.start, place.until).text


def _slug(slug: str) -> str:
    return f'"{slug}"' if _READ_AS_OTHER.fullmatch(slug) else slug
