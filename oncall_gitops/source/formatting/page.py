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
    text: str
    comment: Comment | None = None
    is_literal: bool = False


class Page:
    """Lines under way; what is written goes to the end of the last one."""

    def __init__(self) -> None:
        self._lines: list[_Line] = []
        self.comments: list[str] = []
        """Every comment so far, so that a rewriting can prove that it lost none."""

    def write(self, text: str) -> None:
        self._lines[-1].text += text

    def new_line(self, column: int) -> None:
        self._lines.append(_Line(" " * column))

    def blank(self) -> None:
        if self._lines:  # a file does not begin with one
            self._lines.append(_Line(""))

    def literal(self, lines: Iterable[str]) -> None:
        """Lines of a block scalar, in which white space at the end and blank lines have a meaning."""
        self._lines += [_Line(line, is_literal=True) for line in lines]

    def comment(self, comment: Comment) -> None:
        """A comment at the end of the last line."""
        self.comments.append(comment.text)
        self._lines[-1].comment = comment

    def comment_line(self, comment: Comment, column: int) -> None:
        self.comments.append(comment.text)
        self._lines.append(_Line(" " * column + comment.text))

    def text(self) -> str:
        while not (self._lines[-1].text or self._lines[-1].is_literal):
            self._lines.pop()
        for column, group in groupby(self._lines, key=lambda line: line.comment and line.comment.column):
            if column is not None:
                _align(list(group))
        return "".join(line.text + "\n" for line in self._lines)


def _align(lines: list[_Line]) -> None:
    """Append the comments of neighbouring lines in one column."""
    width = max(len(line.text) for line in lines)
    space = min(line.comment.space for line in lines if line.comment)
    for line in lines:
        if line.comment:
            line.text = line.text.ljust(width + space) + line.comment.text
