"""A user's mistake is a value with a place, never an exception.

Whoever reads the files gathers every `Problem` and goes on, so that one run names them all.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

Severity = Literal["error", "warning"]


@dataclass(frozen=True, slots=True, order=True)
class Origin:
    """A range in a file: lines and columns count from 1, the end is exclusive.

    `file` is the path as the user would type it (relative to where they stand), with `/`.
    """

    file: str
    line: int = 1
    column: int = 1
    end_line: int = 1
    end_column: int = 1


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake: where, which (a stable code), what, and what to do about it."""

    origin: Origin
    code: str
    message: str
    help: str = ""
    severity: Severity = "error"
    related: tuple[tuple[Origin, str], ...] = ()

    @property
    def is_error(self) -> bool:
        return self.severity == "error"


def in_order(problems: Iterable[Problem]) -> list[Problem]:
    """By file and place, the same mistake at the same place once."""
    return sorted(set(problems), key=lambda p: (p.origin, p.severity, p.code, p.message, p.help, p.related))
