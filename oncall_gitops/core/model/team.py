"""The group that owns schedules."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Team:
    """`members` and `labels` are sets in meaning: kept sorted."""

    slug: str
    name: str
    members: tuple[str, ...] = ()
    labels: tuple[tuple[str, str], ...] = ()
