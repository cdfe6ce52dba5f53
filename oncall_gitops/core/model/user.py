"""People and the groups that own schedules."""

from __future__ import annotations

from dataclasses import dataclass

from oncall_gitops.core.model.when import When

NOBODY = "nobody"
"""The reserved slug of an intended hole."""


@dataclass(frozen=True, slots=True)
class TimeOff:
    """A span in which somebody does not work, [start, end), in the user's zone (UTC without one)."""

    start: When
    end: When
    reason: str = ""


@dataclass(frozen=True, slots=True)
class User:
    """A person who can be on call; `timezone` is for display and for time off."""

    slug: str
    name: str
    email: str
    timezone: str | None = None
    time_off: tuple[TimeOff, ...] = ()
    external: tuple[tuple[str, str], ...] = ()
