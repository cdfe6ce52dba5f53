"""A YAML text as a tree of raw text that remembers where everything stands.

A scalar is a `str`, a mapping a `dict`, a sequence a `list`, each with the parser's marks and its key; positions are
worked out only when asked for. `scan.py` makes such trees, and is loaded only where one is needed.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from collections.abc import Sequence as Parts
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeAlias

from oncall_gitops.core.problem import Origin, Problem
from oncall_gitops.source.syntax import shown

if TYPE_CHECKING:
    from oncall_gitops.source.usual import Usual

PLAIN_NULLS = frozenset({"", "~", "null", "Null", "NULL"})

Part: TypeAlias = "str | int"


class Scalar(str):
    """A scalar's text; `plain` without quotes."""

    __slots__ = ("end", "key", "plain", "start")
    key: Scalar | None
    start: Any
    end: Any
    plain: bool

    @property
    def is_null(self) -> bool:
        return self.plain and self in PLAIN_NULLS


class Mapping(dict[Scalar, "Node"]):
    """A mapping in the order in which it is written; its keys are scalars too."""

    __slots__ = ("end", "key", "start")
    key: Scalar | None
    start: Any
    end: Any


class Sequence(list["Node"]):
    """A sequence."""

    __slots__ = ("end", "key", "start")
    key: Scalar | None
    start: Any
    end: Any


Node: TypeAlias = "Scalar | Mapping | Sequence"


def kind_of(value: object) -> str:
    """What a value is, in YAML's words."""
    match value:
        case Mapping():
            return "a mapping"
        case Sequence():
            return "a list"
        case Scalar() if value.is_null:
            return "nothing"
        case _:
            return f"the text {shown(str(value))}"


class Document:
    """One file's tree. `root` is None where the file could not be read as one mapping.

    Of a usual file (`usual.py`) there is no tree until somebody asks for a position; then the text is read
    again, and of such trees only the latest are kept. `settled` are the nodes that are so wrong in form that
    nothing more is to be said of them.
    """

    __slots__ = ("_root", "file", "is_usual", "problems", "settled", "text", "usual")

    def __init__(
        self,
        file: str,
        text: str,
        root: Mapping | None,
        problems: list[Problem],
        usual: Usual | None = None,
        settled: Parts[Node] = (),
    ) -> None:
        self.file = file
        self.text = text
        self.problems = problems
        self.usual = usual
        self.settled = settled
        self.is_usual = usual is not None
        self._root = root

    @property
    def root(self) -> Mapping | None:
        return _tree_of(self) if self.is_usual else self._root

    @property
    def is_read(self) -> bool:
        """Whether the file could be read as one mapping."""
        return self.is_usual or self._root is not None

    def look_closer(self) -> None:
        """Give up the values of a usual file: together with other files, something is wrong with it."""
        if self.is_usual:
            self._root = _tree_of(self)
            self.usual = None
            self.is_usual = False

    def origin(self, node: Node) -> Origin:
        """Where a node stands; of one with many lines, its beginning."""
        start, end = node.start, node.end
        if end.line != start.line:
            return self._to_end_of_line(start)
        return Origin(self.file, start.line + 1, start.column + 1, end.line + 1, end.column + 1)

    def locate(self, path: Parts[Part]) -> Origin:
        """Where the deepest written place stands that a path leads to; the path's other parts are skipped.

        A collection stands where its key does.
        """
        node, key = self.walk(path)
        return self.origin(node if key is None or isinstance(node, Scalar) else key)

    def walk(self, path: Parts[Part]) -> tuple[Node, Scalar | None]:
        """The node that a path leads to, and its key if it is a value of a mapping."""
        root = self.root
        assert root is not None
        node: Node = root
        for part in path:
            if isinstance(node, Mapping) and part in node:
                node = node[Scalar(part)]
            elif isinstance(node, Sequence) and isinstance(part, int) and part < len(node):
                node = node[part]
        return node, node.key

    def _to_end_of_line(self, start: Any) -> Origin:
        end = self.text.find("\n", start.index)
        shown = self.text[start.index : end if end >= 0 else len(self.text)].rstrip()
        line, column = start.line + 1, start.column + 1
        return Origin(self.file, line, column, line, column + max(len(shown), 1))


@lru_cache(maxsize=16)
def _tree_of(document: Document) -> Mapping | None:
    return read_document(document.text, document.file).root


def read_document(text: str, file: str) -> Document:
    """Scan a text; every mistake in its form is in the document's `problems`."""
    from oncall_gitops.source.scan import scan

    scanned = scan(text, file)
    return Document(file, text, scanned.root, scanned.problems, settled=scanned.settled)


def unsettled(problems: Iterable[Problem], documents: Iterable[Document]) -> list[Problem]:
    """The problems that are about nothing that is settled already: one mistake is one problem."""
    spans = {document.file: _spans(document.settled) for document in documents if document.settled}
    return [
        problem for problem in problems if not _is_within(problem.origin, spans.get(problem.origin.file, ()))
    ]


_Place = tuple[int, int]


def _spans(nodes: Parts[Node]) -> list[tuple[_Place, _Place]]:
    """Where nodes stand, their keys included, in order and without overlap."""
    found: list[tuple[_Place, _Place]] = []
    for start, end in sorted((_mark((node.key or node).start), _mark(node.end)) for node in nodes):
        if not found or start > found[-1][1]:
            found.append((start, max(start, end)))
        elif end > found[-1][1]:
            found[-1] = (found[-1][0], end)
    return found


def _mark(mark: Any) -> _Place:
    return mark.line + 1, mark.column + 1


def _is_within(origin: Origin, spans: Parts[tuple[_Place, _Place]]) -> bool:
    place = (origin.line, origin.column)
    before = bisect_right(spans, place, key=lambda span: span[0]) - 1
    return before >= 0 and (place < spans[before][1] or place == spans[before][0])
