"""What stands between the values of a YAML text: comments and blank lines, which no parser hands over.

Between the end of one value and the beginning of the next there can be nothing but white space, indicators
(`- ? : , [ ] { }` and the document markers) and comments, so a `#` there always begins a comment.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Comment:
    """A comment with its `#`; where it stood, and after how much white space."""

    text: str
    column: int
    space: int = 1


@dataclass(frozen=True, slots=True)
class Gap:
    """What stands between two values.

    `trailing` is the comment on the first one's line, `lines` the lines of their own after it (None for a blank
    one), `marks` the indicators. `breaks` is whether the two stand on different lines.
    """

    marks: str = ""
    trailing: Comment | None = None
    lines: list[Comment | None] = field(default_factory=list)
    breaks: bool = False

    @property
    def has_comments(self) -> bool:
        return self.trailing is not None or any(self.lines)


def read_gap(text: str, start: int, end: int) -> Gap:
    """The gap between two indices of a text."""
    chunk = text[start:end]
    if "\n" not in chunk and "#" not in chunk:
        return Gap(marks=chunk.strip())
    first, *others = chunk.split("\n")
    marks, trailing = _line(first, start - (text.rfind("\n", 0, start) + 1))
    lines: list[Comment | None] = []
    if trailing and (start == 0 or text[start - 1] == "\n"):
        lines.append(trailing)
        trailing = None
    for number, line in enumerate(others, start=1):
        more, comment = _line(line, 0)
        marks += more
        if comment or (not more and number < len(others)):
            lines.append(comment)
    return Gap(marks, trailing, lines, breaks=bool(others))


def find_mark(text: str, mark: str, start: int, end: int) -> int:
    """Where an indicator stands in a gap, outside of its comments."""
    while True:
        found = text.index(mark, start, end)
        comment = text.find("#", start, found)
        if comment < 0:
            return found
        start = text.index("\n", comment)


def _line(line: str, column: int) -> tuple[str, Comment | None]:
    """The indicators and the comment of one line that begins at a column."""
    code, hash_sign, words = line.partition("#")
    marks = code.strip()
    if not hash_sign:
        return marks, None
    space = len(code) - len(code.rstrip())
    return marks, Comment((hash_sign + words).rstrip(), column + len(code), max(space, 1))
