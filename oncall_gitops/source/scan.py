"""The parser's events to a tree with positions, or the reasons why the text is not one that is read.

The C parser's events are read one by one, so that what a file must not hold (deep nesting, anchors, tags,
duplicate keys, a second document) is refused before anything could recurse or multiply. No constructor of
PyYAML ever runs: `09:00`, `NO` and `2026-01-05` stay the text that they are.
"""

from __future__ import annotations

import unicodedata
from typing import Any

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
from oncall_gitops.source.text import MAX_SHOWN, escaped_fault

MAX_DEPTH = 32
MAX_ENTRIES = 20_000
"""Of one collection: more than a file of 1 MiB can hold of anything that has a meaning."""


def scan(text: str, file: str) -> tuple[Mapping | None, list[Problem]]:
    """The mapping at the top of a text, if it can be read as one, and every mistake in its form."""
    run = _Scan(text, file)
    try:
        root = run.run()
        run.problems += syntax.tabs(text, file, run.tabbed)
    except yaml.YAMLError as error:
        run.problems.append(syntax.explained(error, text, file))
        root = None
    if root is None and not run.problems:
        run.problems.append(
            Problem(Origin(file), "OG109", "the file is empty", "remove it, or write `users: {}`")
        )
    return (root if isinstance(root, Mapping) else None), run.problems


class _Stop(Exception):
    """Nothing after this point can be trusted."""


class _Scan:
    """One pass over the events of one text.

    `_stack` holds the open collections, and `_keys` for each the key that waits for its value.
    """

    def __init__(self, text: str, file: str) -> None:
        self.text = text
        self.file = file
        self.problems: list[Problem] = []
        self.tabbed: list[tuple[int, int]] = []
        self._has_tabs = "\t" in text
        self._root: Node | None = None
        self._stack: list[Mapping | Sequence] = []
        self._keys: list[Node | None] = []
        self._documents = 0
        self._normal: dict[int, set[str]] = {}

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
        if event.anchor is not None or event.tag is not None:
            self._marked(event)
        if event.style == '"' and (fault := escaped_fault(event.value)):
            self._refuse(event, "OG108", fault, "remove it")
        if self._has_tabs:
            self.tabbed.append((event.start_mark.index, event.end_mark.index))
        return node

    def _open(self, event: Any, node: Mapping | Sequence) -> None:
        if event.anchor is not None or event.tag is not None:
            self._marked(event)
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
        self._refuse(event, "OG114", f"aliases such as *{event.anchor} are not supported", "write it out")
        node = Scalar("")
        node.start, node.end, node.plain = event.start_mark, event.end_mark, False
        node.key = None
        return node

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
        if not isinstance(key, Scalar):
            self._refuse(
                key, "OG120", "a key must be plain text, not a collection", "check the brackets and dashes"
            )
        elif key.is_null:
            self._refuse(
                key, "OG120", "a key must be plain text (found null)", "write a name before the colon"
            )
        elif key == "<<" and key.plain:
            self._refuse(key, "OG118", "merge keys (<<) are not supported", "write the keys out")
        elif key in parent or self._has_twin(parent, key):
            self._duplicate(parent, key)
        else:
            parent[key] = value
            value.key = key
            if len(parent) > MAX_ENTRIES:
                self._flooded(parent)

    def _has_twin(self, parent: Mapping, key: Scalar) -> bool:
        """Whether the mapping holds a key that looks the same but is another sequence of characters."""
        if key.isascii() and id(parent) not in self._normal:
            return False
        if (normal := self._normal.get(id(parent))) is None:
            normal = self._normal[id(parent)] = set(parent)
        twin = unicodedata.normalize("NFC", key)
        if twin in normal:
            return True
        normal.add(twin)
        return False

    def _flooded(self, parent: Mapping | Sequence) -> None:
        self._refuse(parent, "OG213", f"more than {MAX_ENTRIES:,} entries in one place")
        raise _Stop

    def _duplicate(self, parent: Mapping, key: Scalar) -> None:
        normal = unicodedata.normalize("NFC", key)
        first = next(other for other in parent if unicodedata.normalize("NFC", other) == normal)
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
        if isinstance(node, Scalar) and not (node.plain and node in PLAIN_NULLS):
            self.problems.append(syntax.text_at_top(node, self.text, self.file))
            raise _Stop
        if isinstance(node, Scalar):
            self._refuse(node, "OG109", "the document is empty", "remove the file, or write `users: {}`")
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

    def _marked(self, event: Any) -> None:
        if event.anchor is not None:
            message = f"anchors such as &{event.anchor} are not supported"
            self._refuse(
                event, "OG114", message, "write it out where it is needed", width=len(event.anchor) + 1
            )
        if event.tag is not None:
            message = f"tags such as {syntax.shown_tag(event.tag)} are not supported"
            self._refuse(event, "OG115", message, "write the plain value")

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
        start = getattr(at, "start_mark", None) or at.start
        end = getattr(at, "end_mark", None) or at.end
        stop = end.column if end.line == start.line and end.column > start.column else start.column + 1
        stop = start.column + width if width else stop
        origin = Origin(self.file, start.line + 1, start.column + 1, start.line + 1, stop + 1)
        self.problems.append(Problem(origin, code, message, hint, related=related))
        if len(self.problems) >= MAX_SHOWN:
            raise _Stop
