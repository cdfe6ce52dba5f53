"""The text that is being written: lines, and the comments at their ends.

Comments at the ends of neighbouring lines that stood in one column stand in one column again, however
the lines have changed; a comment alone keeps its distance.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby

from oncall_gitops.source.formatting.trivia import Comment


@dataclass(slots=True)
class _Line:
    """A line in pieces, as one line may hold a whole file."""

    pieces: list[str]
    comment: Comment | None = None
    is_literal: bool = False

    @property
    def is_blank(self) -> bool:
        return not self.is_literal and not any(self.pieces)


class Page:
    """Lines under way; what is written goes to the end of the last one."""

    def __init__(self) -> None:
        self._lines: list[_Line] = []
        self.comments: list[str] = []
        """Every comment so far, so that a rewriting can prove that it lost none."""

    def write(self, text: str) -> None:
        self._lines[-1].pieces.append(text)

    def new_line(self, column: int) -> None:
        self._lines.append(_Line([" " * column]))

    def blank(self) -> None:
        if self._lines:  # a file does not begin with one
            self._lines.append(_Line([]))

    def literal(self, lines: Iterable[str]) -> None:
        """Lines of a block scalar, in which white space at the end and blank lines have a meaning."""
        self._lines += [_Line([line], is_literal=True) for line in lines]

    def comment(self, comment: Comment) -> None:
        """A comment at the end of the last line."""
        self.comments.append(comment.text)
        self._lines[-1].comment = comment

    def comment_line(self, comment: Comment, column: int) -> None:
        self.comments.append(comment.text)
        self._lines.append(_Line([" " * column, comment.text]))

    def text(self) -> str:
        while self._lines[-1].is_blank:
            self._lines.pop()
        for column, group in groupby(self._lines, key=lambda line: line.comment and line.comment.column):
            if column is not None:
                _align(list(group))
        return "".join("".join(line.pieces) + "\n" for line in self._lines)


def _align(lines: list[_Line]) -> None:
    """Append the comments of neighbouring lines in one column."""
    widths = [sum(map(len, line.pieces)) for line in lines]
    column = max(widths) + min(line.comment.space for line in lines if line.comment)
    for line, width in zip(lines, widths, strict=True):
        if line.comment:
            line.pieces += [" " * (column - width), line.comment.text]
            line.comment = None
