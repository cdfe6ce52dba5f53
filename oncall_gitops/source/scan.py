"""The parser's events to a tree with positions, or the reasons why the text is not one that is read.

The C parser's events are read one by one, so that what a file must not hold (deep nesting, anchors, tags,
duplicate keys, a second document) is refused before anything could recurse or multiply. No constructor of
PyYAML ever runs: `09:00`, `NO` and `2026-01-05` stay the text that they are.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Any, NamedTuple

import yaml
from yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamEndEvent,
)

from oncall_gitops.core.problem import Origin, Problem
from oncall_gitops.source import syntax
from oncall_gitops.source.document import PLAIN_NULLS, Mapping, Node, Scalar, Sequence
from oncall_gitops.source.listing import MOST, unlisted
from oncall_gitops.source.text import escaped_fault
from oncall_gitops.source.unreadable import explained

MAX_DEPTH = 32
MAX_ENTRIES = 20_000
"""Of one collection: more than a file of 1 MiB can hold of anything that has a meaning."""

_NOTHING = re.compile(
    r"""
    (?: (?: [ ]*+ (?:\#.*+)?+ | (?:---|\.\.\.) (?:[ ]++\#.*+)?+ [ ]*+ ) \r?+ \n )*+
    (?: [ ]*+ (?:\#.*+)?+ | (?:---|\.\.\.) (?:[ ]++\#.*+)?+ [ ]*+ ) \Z
    """,
    re.VERBOSE,
)
"""Lines without any content."""

_QUOTES = ("'", '"')
_GLUED = re.compile(r"([a-z_]+):(\S.*)", re.DOTALL)


class Scanned(NamedTuple):
    """The mapping at the top of a text, if it can be read as one; every mistake in its form; and the nodes that are
    so wrong in form that their meaning is anybody's guess: nothing more is to be said of them.
    """

    root: Mapping | None
    problems: list[Problem]
    settled: list[Node]


def scan(text: str, file: str) -> Scanned:
    """Read a text as far as its form goes."""
    if _NOTHING.match(text):
        return Scanned(None, [_empty(Origin(file))], [])
    run = _Scan(text, file)
    try:
        root = run.run()
        run.problems += syntax.tabs(text, file, run.tabbed)
    except yaml.YAMLError as error:
        fault = explained(error, text, file, quoted=run.quoted, latest=run.latest)
        place = (fault.origin.line, fault.origin.column)
        if all((other.origin.line, other.origin.column) != place for other in run.problems):
            run.problems.append(fault)
        root = None
    if run.unlisted:
        run.problems.append(unlisted(run.unlisted, run.problems[-1].origin))
    return Scanned(root if isinstance(root, Mapping) else None, run.problems, run.settled)


def _empty(origin: Origin) -> Problem:
    return Problem(origin, "OG109", "the file is empty", "remove it, or write `users: {}`")


class _Stop(Exception):
    """Nothing after this point can be trusted."""


class _Scan:
    """One pass over the events of one text.

    `_stack` holds the open collections, and `_keys` for each the key that waits for its value. `latest` is the
    text that was read last, and `quoted` the one in quotes that goes over more than a line.
    """

    def __init__(self, text: str, file: str) -> None:
        self.text = text
        self.file = file
        self.problems: list[Problem] = []
        self.unlisted = 0
        self.settled: list[Node] = []
        self._settled: set[int] = set()
        self.tabbed: list[tuple[int, int]] = []
        self.latest: Scalar | None = None
        self.quoted: Scalar | None = None
        self._has_tabs = "\t" in text
        self._root: Node | None = None
        self._stack: list[Mapping | Sequence] = []
        self._keys: list[Node | None] = []
        self._documents = 0
        self._normal: dict[int, dict[str, Scalar]] = {}

    def run(self) -> Node | None:
        """The root; None where the form is such that nothing can be said about the content."""
        try:
            self._events(yaml.CBaseLoader(self.text))
        except _Stop:
            return None
        return self._root

    def _events(self, parser: Any) -> None:
        next_event = parser.get_event
        while True:
            event = next_event()
            kind = type(event)
            node: Node
            if kind is ScalarEvent:
                node = self._scalar(event)
            elif kind is MappingEndEvent or kind is SequenceEndEvent:
                node = self._stack.pop()
                node.end = event.end_mark
                self._keys.pop()
            elif kind is MappingStartEvent or kind is SequenceStartEvent:
                self._open(event, Mapping() if kind is MappingStartEvent else Sequence())
                continue
            elif kind is AliasEvent:
                node = self._alias(event)
            elif kind is StreamEndEvent:
                return
            else:
                if kind is DocumentStartEvent:
                    self._document(event)
                continue
            self._put(node)

    def _scalar(self, event: Any) -> Scalar:
        node = Scalar(event.value)
        node.start, node.end, node.plain = event.start_mark, event.end_mark, not event.style
        node.key = None
        self.latest = node
        if event.style in _QUOTES and node.end.line > node.start.line:
            self.quoted = node
        if event.anchor is not None or event.tag is not None:
            self._marked(event, node)
        if event.style == '"' and (fault := escaped_fault(event.value)):
            self._refuse(event, "OG108", fault, "remove it")
            self._settle(node)
        if self._has_tabs:
            if event.style:
                self.tabbed.append((event.start_mark.index, event.end_mark.index))
            elif "\t" in event.value:
                self._settle(node)
        return node

    def _open(self, event: Any, node: Mapping | Sequence) -> None:
        if event.anchor is not None or event.tag is not None:
            self._marked(event, node)
        if len(self._stack) >= MAX_DEPTH:
            self._refuse(
                event, "OG113", f"this is nested deeper than {MAX_DEPTH} levels", "a schedule needs about 10"
            )
            raise _Stop
        node.start = node.end = event.start_mark
        node.key = None
        self._stack.append(node)
        self._keys.append(None)

    def _alias(self, event: Any) -> Scalar:
        if not self._is_merged():
            self._refuse(event, "OG114", f"aliases such as *{event.anchor} are not supported", "write it out")
        node = Scalar("")
        node.start, node.end, node.plain = event.start_mark, event.end_mark, False
        node.key = None
        self._settle(node)
        return node

    def _is_merged(self) -> bool:
        """Whether what follows is the value of a merge key, or of a list of such."""
        return any(isinstance(key, Scalar) and _is_merge(key) for key in self._keys[-2:])

    def _put(self, node: Node) -> None:
        """Give a finished node to what is open."""
        if not self._stack:
            self._root = self._top(node)
        elif isinstance(parent := self._stack[-1], Sequence):
            parent.append(node)
            if len(parent) > MAX_ENTRIES:
                self._flooded(parent)
        elif (key := self._keys[-1]) is None:
            self._keys[-1] = node
        else:
            self._keys[-1] = None
            self._pair(parent, key, node)

    def _pair(self, parent: Mapping, key: Node, value: Node) -> None:
        if id(key) in self._settled:
            return
        if not isinstance(key, Scalar):
            self._collection_as_key(parent, key)
        elif key.is_null:
            self._refuse(
                key, "OG120", "a key must be plain text (found null)", "write a name before the colon"
            )
        elif _is_merge(key):
            self._refuse(key, "OG118", "merge keys (<<) are not supported", "write the keys out")
            self._settle(parent)
        elif key.plain and _is_absent(value) and (glued := _GLUED.fullmatch(key)):
            self._glued(parent, key, glued)
        elif key in parent or self._has_twin(parent, key):
            self._duplicate(parent, key)
        else:
            parent[key] = value
            value.key = key
            if len(parent) > MAX_ENTRIES:
                self._flooded(parent)

    def _glued(self, parent: Mapping, key: Scalar, glued: re.Match[str]) -> None:
        """A key and its value without a space between them: in braces, that is one text."""
        self._refuse(
            key, "OG110", syntax.NO_SPACE, f"write `{syntax.shown(f'{glued[1]}: {glued[2]}')[1:-1]}`"
        )
        meant = Scalar(glued[1])
        meant.start, meant.end, meant.plain, meant.key = key.start, key.end, True, None
        key.key = meant
        parent.setdefault(meant, key)
        self._settle(key)

    def _collection_as_key(self, parent: Mapping, key: Mapping | Sequence) -> None:
        if self.text.startswith("{{", parent.start.index):
            self._refuse(parent, "OG120", syntax.NO_TEMPLATES, syntax.EXPAND)
            self._settle(parent)
        else:
            self._refuse(
                key, "OG120", "a key must be plain text, not a collection", "check the brackets and dashes"
            )

    def _has_twin(self, parent: Mapping, key: Scalar) -> bool:
        """Whether the mapping holds a key that looks the same but is another sequence of characters."""
        if key.isascii() and id(parent) not in self._normal:
            return False
        if (normal := self._normal.get(id(parent))) is None:
            normal = self._normal[id(parent)] = {
                unicodedata.normalize("NFC", other): other for other in parent
            }
        return normal.setdefault(unicodedata.normalize("NFC", key), key) is not key

    def _flooded(self, parent: Mapping | Sequence) -> None:
        self._refuse(parent, "OG213", f"more than {MAX_ENTRIES:,} entries in one place")
        raise _Stop

    def _duplicate(self, parent: Mapping, key: Scalar) -> None:
        first = (
            parent[key].key if key in parent else self._normal[id(parent)][unicodedata.normalize("NFC", key)]
        )
        assert first
        line, column = first.start.line + 1, first.start.column + 1
        place = Origin(self.file, line, column, first.end.line + 1, first.end.column + 1)
        self._refuse(
            key,
            "OG119",
            f"duplicate key {syntax.shown(key)}: it is first given in line {line}",
            "keep one of the two",
            ((place, "first given here"),),
        )

    def _top(self, node: Node) -> Node:
        if id(node) in self._settled:
            raise _Stop
        if isinstance(node, Scalar) and not (node.plain and node in PLAIN_NULLS):
            self.problems.append(syntax.text_at_top(node, self.text, self.file))
            raise _Stop
        if isinstance(node, Scalar):
            start = node.start
            place = Origin(self.file, start.line + 1, start.column + 1, start.line + 1, node.end.column + 1)
            self.problems.append(_empty(place))
        elif isinstance(node, Sequence):
            self._refuse(
                node,
                "OG203",
                "expected a mapping at the top of the file, found a list",
                "its keys are `users`, `teams` and `overrides`",
            )
        return node

    def _document(self, event: Any) -> None:
        self._documents += 1
        if self._documents > 1:
            self._refuse(
                event, "OG117", "a file holds one document", "move what follows to a file of its own"
            )
            raise _Stop
        if event.version or event.tags:
            self._refuse(event, "OG116", syntax.NO_DIRECTIVES, "remove it")
            raise _Stop

    def _marked(self, event: Any, node: Node) -> None:
        """An anchor or a tag. The value stands beside it; that of a tag on a collection is another one."""
        if event.anchor is not None:
            message = f"anchors such as &{event.anchor} are not supported"
            self._refuse(
                event, "OG114", message, "write it out where it is needed", width=len(event.anchor) + 1
            )
        if event.tag is not None:
            message = f"tags such as {syntax.shown_tag(event.tag)} are not supported"
            self._refuse(event, "OG115", message, "write the plain value")
        if node.is_null if isinstance(node, Scalar) else event.tag is not None:
            self._settle(node)

    def _settle(self, node: Node) -> None:
        self.settled.append(node)
        self._settled.add(id(node))

    def _refuse(
        self,
        at: Any,
        code: str,
        message: str,
        hint: str = "",
        related: tuple[tuple[Origin, str], ...] = (),
        *,
        width: int = 0,
    ) -> None:
        if len(self.problems) >= MOST:
            self.unlisted += 1
            return
        start = getattr(at, "start_mark", None) or at.start
        end = getattr(at, "end_mark", None) or at.end
        stop = end.column if end.line == start.line and end.column > start.column else start.column + 1
        stop = start.column + width if width else stop
        origin = Origin(self.file, start.line + 1, start.column + 1, start.line + 1, stop + 1)
        self.problems.append(Problem(origin, code, message, hint, related=related))


def _is_merge(key: Scalar) -> bool:
    return key == "<<" and key.plain


def _is_absent(value: Node) -> bool:
    return isinstance(value, Scalar) and value.plain and not value
