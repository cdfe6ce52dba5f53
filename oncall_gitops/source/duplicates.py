"""What follows from a key that stands twice: the second is not read, and most often it was to be another one."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise

from oncall_gitops.core.problem import Problem
from oncall_gitops.source.document import Document

DUPLICATE = "OG119"

_WORD = re.compile(r"[a-z0-9][a-z0-9._-]*", re.ASCII)
_LONGEST = 2000
"""Lines, and characters of a line, that are looked at below one key."""


def told_once(document: Document) -> Iterator[Problem]:
    """The problems of a document's form; of duplicate keys in a row only the first.

    A row of them is what is left where the line above them, with the key that all of them stand below, was forgotten.
    """
    lines = document.text.split("\n")
    duplicates = [problem for problem in document.problems if problem.code == DUPLICATE]
    rows = [(above, here) for above, here in pairwise(duplicates) if _follows(here, above, lines)]
    first, others = {above for above, _ in rows}, {here for _, here in rows}
    for problem in document.problems:
        if problem in others:
            continue
        if problem in first:
            hint = "is the line with the key of a new entry missing above it? Else keep one of the two"
            problem = replace(problem, help=hint)
        yield problem


def _follows(problem: Problem, latest: Problem, lines: list[str]) -> bool:
    """Whether no other key of their mapping stands between two duplicates."""
    above, here = latest.origin, problem.origin
    if above.column != here.column or above.line >= here.line:
        return False
    return all(_is_below(above.column, line) for line in lines[above.line : here.line - 1])


def _is_below(column: int, line: str) -> bool:
    return not line.strip() or len(line) - len(line.lstrip(" ")) >= column


def hidden_words(document: Document) -> set[str]:
    """The words of what a duplicate key hides: names among them are not unknown."""
    found: set[str] = set()
    if not any(problem.code == DUPLICATE for problem in document.problems):
        return found
    lines = document.text.split("\n")
    for problem in document.problems:
        if problem.code == DUPLICATE:
            row, column = problem.origin.line - 1, problem.origin.column
            found.update(_WORD.findall(lines[row][column - 1 : column + _LONGEST].lower()))
            for line in lines[row + 1 : row + _LONGEST]:
                if not _is_below(column, line):
                    break
                found.update(_WORD.findall(line[:_LONGEST].lower()))
    return found
