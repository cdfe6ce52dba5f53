"""The resolved answer."""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

from oncall_gitops.core.model.instant import Instant

Turn: TypeAlias = int | str
"""A rotation's turn by its number, or the override that stands for one."""


class Shift(NamedTuple):
    """One user from `start` to `end`, with where it came from.

    `source` is `base`, `layer:<slug>` or `override`.
    """

    start: Instant
    end: Instant
    user: str
    source: str
    turn: Turn


class Gap(NamedTuple):
    """A span that nobody covers."""

    start: Instant
    end: Instant
