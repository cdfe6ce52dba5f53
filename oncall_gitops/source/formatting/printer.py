"""A document in canonical layout: the tree decides the lines, and the gaps between its nodes give the comments.

Two columns for each level, lists indented below their key, one space where white space only separates. What is
written as a flow collection stays one, and breaks its lines where it did; the order of keys is nobody's but
the author's. A comment on a line of its own stands with what follows it, or with the block that it was
indented like.
"""

from __future__ import annotations

import json

from oncall_gitops.source.document import Document, Mapping, Node, Scalar, Sequence
from oncall_gitops.source.formatting.block_scalar import moved
from oncall_gitops.source.formatting.page import Page
from oncall_gitops.source.formatting.trivia import Comment, Gap, find_mark, read_gap
from oncall_gitops.source.formatting.wording import Keys, requoted, rewritten, role

STEP = 2


def printed(document: Document) -> Page:
    """The page of a document that has no mistakes in its form."""
    printer = _Printer(document)
    printer.run()
    return printer.page


class _Printer:
    """One walk over one tree.

    `_position` is the index up to which the text has been used. `_levels` are the open blocks, each with the
    column in which it stood and the one in which it stands now; `_before` those that were open at the last value.
    """

    def __init__(self, document: Document) -> None:
        assert document.root is not None
        self.page = Page()
        self._text = document.text
        self._root = document.root
        self._position = 0
        self._levels: list[tuple[int, int]] = []
        self._before: list[tuple[int, int]] = []

    def run(self) -> None:
        start = self._root.start.index
        if "---" in read_gap(self._text, 0, start).marks:
            marker = find_mark(self._text, "---", 0, start)
            self._comments(self._gap(marker), 0)
            self.page.new_line(0)
            self.page.write("---")
            self._position = marker + 3
        self._block(self._root, 0, ())
        self._comments(self._gap(len(self._text)), 0)

    # Blocks --------------------------------------------------------------------------------------------

    def _block(self, node: Node, column: int, keys: Keys, *, on_line: bool = False) -> None:
        """A node from the beginning of a line on, or as the rest of a line that ends in column `column`."""
        if isinstance(node, Scalar) or self._is_flow(node):
            if not on_line:
                self._comments(self._gap(node.start.index), column)
                self.page.new_line(column)
            self._inline(node, keys, base=column, parent=column - STEP)
            return
        self._levels.append((node.start.column, column))
        if isinstance(node, Mapping):
            self._mapping(node, column, keys, on_line=on_line)
        else:
            self._sequence(node, column, keys, on_line=on_line)
        self._levels.pop()

    def _mapping(self, node: Mapping, column: int, keys: Keys, *, on_line: bool) -> None:
        for key, value in node.items():
            self._comments(self._gap(key.start.index), column)
            if not on_line:
                self.page.new_line(column)
            on_line = False
            self._key(key)
            self._value(value, column, (*keys, str(key)))

    def _value(self, node: Node, column: int, keys: Keys) -> None:
        """What stands after `key:`, on its line wherever it can."""
        if _is_absent(node):
            return
        gap = self._gap(node.start.index)
        if not (isinstance(node, Scalar) or self._is_flow(node)) or gap.has_comments:
            self._comments(gap, column + STEP, is_deeper=True)
            self._block(node, column + STEP, keys)
        else:
            self.page.write(" ")
            self._inline(node, keys, base=column, parent=column)

    def _sequence(self, node: Sequence, column: int, keys: Keys, *, on_line: bool) -> None:
        for item in node:
            dash = find_mark(self._text, "-", self._position, item.start.index)
            self._comments(self._gap(dash), column)
            self._position = dash + 1
            if not on_line:
                self.page.new_line(column)
            on_line = False
            self.page.write("-")
            if _is_absent(item):
                continue
            gap = self._gap(item.start.index)
            if gap.has_comments:
                self._comments(gap, column + STEP, is_deeper=True)
                self._block(item, column + STEP, keys)
            else:
                self.page.write(" ")
                self._block(item, column + STEP, keys, on_line=True)

    # Within lines --------------------------------------------------------------------------------------

    def _inline(self, node: Node, keys: Keys, *, base: int, parent: int) -> None:
        """A scalar or a flow collection; its further lines are indented from `base`, or from the parent block."""
        if isinstance(node, Scalar):
            self._scalar(node, keys, parent=parent)
        elif isinstance(node, Mapping):
            self._flow(node, "{}", keys, base=base)
        else:
            self._flow(node, "[]", keys, base=base)

    def _flow(self, node: Mapping | Sequence, brackets: str, keys: Keys, *, base: int) -> None:
        self.page.write(brackets[0])
        has_brackets = self._text.startswith(brackets[0], node.start.index)
        self._position = node.start.index + has_brackets
        entries = list(node.items()) if isinstance(node, Mapping) else [(None, item) for item in node]
        is_broken = False
        for number, (key, value) in enumerate(entries):
            gap = self._gap((value if key is None else key).start.index)
            if number:
                self.page.write(",")
            if gap.breaks:
                is_broken = True
                self._break(gap, base + STEP, base + STEP)
            elif number:
                self.page.write(" ")
            inner = base + STEP if is_broken else base
            if key is not None:
                self._key(key)
                if _is_absent(value):
                    self.page.write(" ")
                    continue
                gap = self._gap(value.start.index)
                if gap.has_comments:
                    self._break(gap, inner + STEP, inner + STEP)
                else:
                    self.page.write(" ")
            below = keys if key is None else (*keys, str(key))
            self._inline(value, below, base=inner, parent=inner)
        if has_brackets:
            self._close(node, entries != [], base)
        self.page.write(brackets[1])

    def _close(self, node: Mapping | Sequence, has_entries: bool, base: int) -> None:
        """The lines before the bracket that closes; a comma after the last entry stays if a line ends there."""
        gap = self._gap(node.end.index - 1)
        self._position = node.end.index
        if gap.breaks and (has_entries or gap.has_comments):
            if "," in gap.marks:
                self.page.write(",")
            self._break(gap, base + STEP, base)

    def _break(self, gap: Gap, column: int, next_column: int) -> None:
        self._comments(gap, column, is_deeper=True)
        self.page.new_line(next_column)

    def _key(self, key: Scalar) -> None:
        raw = self._text[key.start.index : key.end.index]
        is_odd = "\n" in raw or (raw[:1] in ("|", ">") and not key.plain)
        self.page.write(json.dumps(str(key), ensure_ascii=False) if is_odd else requoted(raw))
        self.page.write(":")
        self._use(key)

    def _scalar(self, node: Scalar, keys: Keys, *, parent: int) -> None:
        raw = self._text[node.start.index : node.end.index]
        self._use(node)
        normal = rewritten(node, role(keys))
        if raw[:1] in ("|", ">") and not node.plain:
            before = self._levels[-1][0]
            block = moved(node, raw, before=before, column=self._levels[-1][1])
            self.page.write(normal or block.header)
            if block.comment:
                self.page.comment(block.comment)
            if normal is None:
                self.page.literal(block.lines)
            for _ in range(block.blanks):
                self.page.blank()
        elif normal is not None:
            self.page.write(normal)
        elif "\n" not in raw:
            self.page.write(requoted(raw))
        else:
            self._lines(raw, parent + STEP)

    def _lines(self, raw: str, column: int) -> None:
        """A plain or quoted scalar of several lines: white space where lines meet has no meaning, but escapes do."""
        stripped = _stripped if raw[0] == '"' else str.rstrip
        first, *others, last = raw.split("\n")
        self.page.write(stripped(first))
        self.page.literal(" " * column + stripped(line.lstrip()) if line.strip() else "" for line in others)
        self.page.new_line(column)
        self.page.write(last.lstrip())

    # Gaps ----------------------------------------------------------------------------------------------

    def _gap(self, end: int) -> Gap:
        gap = read_gap(self._text, self._position, end)
        self._position = end
        return gap

    def _use(self, node: Scalar) -> None:
        self._position = node.end.index
        self._before = self._levels.copy()

    def _comments(self, gap: Gap, column: int, *, is_deeper: bool = False) -> None:
        """A gap's comments and blank lines, before something in a column."""
        if gap.trailing:
            self.page.comment(gap.trailing)
        depth = len(self._levels)
        closing = [] if is_deeper else self._before[depth:]
        for line in gap.lines:
            if line is None:
                self.page.blank()
            else:
                self.page.comment_line(line, self._column_of(line, column, closing))

    def _column_of(self, comment: Comment, column: int, closing: list[tuple[int, int]]) -> int:
        """With what comes next, unless it is indented like a block that ends here."""
        own = self._levels[-1][0] if self._levels else 0
        for old, new in closing:
            if own < old <= comment.column:
                column, own = new, old
        return column

    def _is_flow(self, node: Mapping | Sequence) -> bool:
        return self._text[node.start.index] in "{["


def _is_absent(node: Node) -> bool:
    """Whether nothing is written where a value could be."""
    return isinstance(node, Scalar) and node.start.index == node.end.index


def _stripped(line: str) -> str:
    """A line without white space at its end, but for what a backslash before it escapes."""
    bare = line.rstrip()
    escapes = len(bare) - len(bare.rstrip("\\"))
    return line[: len(bare) + escapes % 2]
