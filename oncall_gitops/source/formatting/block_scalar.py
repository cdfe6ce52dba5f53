"""Texts written as `|` or `>` blocks: moved to another indentation without changing what they say."""

from __future__ import annotations

import re
from dataclasses import dataclass

from oncall_gitops.source.document import Scalar
from oncall_gitops.source.formatting.trivia import Comment

_HEADER = re.compile(r"([|>])(?:([+-])?([1-9])?|([1-9])([+-]))([ \t]*)(#.*)?[ \t]*")


@dataclass(frozen=True, slots=True)
class Block:
    """A block scalar as it is to be written; `blanks` are the blank lines after it that are not its own."""

    header: str
    comment: Comment | None
    lines: list[str]
    blanks: int


def moved(node: Scalar, raw: str, *, before: int, column: int) -> Block:
    """The block whose parent stood in column `before` and now stands in `column`.

    A text at the very end of a file that has no last line break gains one, so that its header must then say
    that it is not meant.
    """
    first, *lines = raw.split("\n")
    found = _HEADER.fullmatch(first)
    assert found is not None, first
    style, digit, keep = found[1], found[3] or found[4], found[2] or found[5] or ""
    margin = before + int(digit) if digit else _margin(lines)
    if lines and len(lines[-1]) <= margin:
        lines.pop()  # what stands before the next value, or the end of the file
    content = [" " * (column + 2) + line[margin:] if len(line) > margin else "" for line in lines]
    blanks = 0
    if keep != "+":
        while content and not content[-1]:
            content.pop()
            blanks += 1
    if node and not node.endswith("\n"):
        keep = "-"
    comment = None
    if found[7]:
        comment = Comment(found[7].rstrip(), node.start.column + found.start(7), max(len(found[6]), 1))
    return Block(style + ("2" if digit else "") + keep, comment, content, blanks)


def _margin(lines: list[str]) -> int:
    """The indentation of the first line that is not blank, which is that of the whole text."""
    written = next((line for line in lines if line.strip(" ")), None)
    return max(map(len, lines), default=0) if written is None else len(written) - len(written.lstrip(" "))
