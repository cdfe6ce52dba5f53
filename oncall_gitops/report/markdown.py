"""Text that users wrote, as Markdown that shows it and does nothing else: the one door into a pull request's comment.

Escaping what CommonMark knows is not enough on GitHub, which looks for names, issues and addresses in the text
that is left after rendering. So an `@` is never written at all, and what would be linked is broken up by a
zero-width space, which nobody sees.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from oncall_gitops.report.terminal import shown

_BREAK = "\0"
"""Stands for the zero-width space while text is escaped; `shown` lets none of it through."""

_SPECIAL = str.maketrans(
    {char: f"\\{char}" for char in "\\`*_[]|<>~$"}
    | {"@": "&#64;&#8203;", "#": "#&#8203;", "&": "&amp;", _BREAK: "&#8203;"}
)
_BLOCK = re.compile(r"\A(?: |[-+=]|[0-9]{1,9}[.)])")
"""What begins a block where a line, or an item of a list, begins."""

_PLAIN = re.compile(r"[a-z0-9]+(?:[-._/][a-z0-9]+)*")
_IN_CODE = re.compile(r"[A-Za-z0-9 ._:/-]+")
_REFERENCE = re.compile(
    r"\b(gh)(?=-[0-9])|\b(https?|ftp|mailto|www)(?=[:.])|([0-9a-f]{6})(?=[0-9a-f])", re.IGNORECASE
)
_LINKED = re.compile(r"\bgh-[0-9]|\bwww\.|[0-9a-f]{7,}", re.IGNORECASE)


def escaped(text: str) -> str:
    """User text on one line: in a table's cell, in a sentence, or at the beginning of an item of a list."""
    marked = _REFERENCE.sub(rf"\g<0>{_BREAK}", shown(text)).translate(_SPECIAL)
    return _BLOCK.sub(
        lambda found: "&#32;" if found[0] == " " else f"{found[0][:-1]}\\{found[0][-1]}", marked
    )


def named(slug: str) -> str:
    """A slug or a full name as it is; whatever is none (another program may have written it) is escaped."""
    return slug if _PLAIN.fullmatch(slug) and not _LINKED.search(slug) else escaped(slug)


def code(text: str) -> str:
    """An address, an id or a flag as code; whatever could end the code is escaped instead."""
    return f"`{text}`" if _IN_CODE.fullmatch(text) else escaped(text)


def brief(text: str, most: int = 300) -> str:
    """User text, cut where it is longer than anybody reads."""
    return escaped(text if len(text) <= most else f"{text[:most]} ...")


def fenced(text: str, language: str) -> str:
    """Lines of code, in a fence that none of them can end."""
    lines = [shown(line.replace("@", "(at)")) for line in text.rstrip("\n").split("\n")]
    longest = max((len(run) for line in lines for run in re.findall("`+", line)), default=0)
    fence = "`" * max(3, longest + 1)
    return "\n".join([f"{fence}{language}", *lines, fence])


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Cells are Markdown already."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def folded(title: str, text: str) -> str:
    """Markdown behind a title that opens it."""
    return f"<details><summary>{title}</summary>\n\n{text}\n\n</details>"
