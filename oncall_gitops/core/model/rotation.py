"""Who takes turns, and how often the turn passes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from oncall_gitops.core.model.when import When

RotationType = Literal["daily", "weekly", "custom"]


@dataclass(frozen=True, slots=True)
class Place:
    """One place in the order: a user (or `nobody`) who is a member while `start` <= instant < `until`."""

    user: str
    start: When | None = None
    until: When | None = None

    @property
    def text(self) -> str:
        """As a file says it: the slug alone, or `{user: bob, until: 2026-10-01}`."""
        dates = [f"from: {self.start.text}"] if self.start else []
        dates += [f"until: {self.until.text}"] if self.until else []
        return f"{{{', '.join([f'user: {self.user}', *dates])}}}" if dates else self.user


@dataclass(frozen=True, slots=True)
class Anchor:
    """The turn that holds `at` belongs to `user`."""

    at: When
    user: str

    @property
    def text(self) -> str:
        """As a file says it: `{at: 2026-03-02, user: bob}`."""
        return f"{{at: {self.at.text}, user: {self.user}}}"


@dataclass(frozen=True, slots=True)
class Cadence:
    """When the turn passes on.

    `daily` and `weekly` repeat every `interval` days or weeks (`handoff_day`, 0 for Monday, defaults to the
    weekday of the rotation's start); `custom` repeats every `interval` days, or by `rrule` (in normal form).
    """

    type: RotationType
    interval: int = 1
    handoff_day: int | None = None
    rrule: str | None = None


@dataclass(frozen=True, slots=True)
class Rotation:
    """An ordered list of places that take turns; `start` is occurrence 0 (default: the layer's start)."""

    cadence: Cadence
    places: tuple[Place, ...]
    start: When | None = None
    anchor: Anchor | None = None


@dataclass(frozen=True, slots=True)
class Following:
    """The turns of another schedule's base rotation in the same team, `offset` turns ahead."""

    schedule: str
    offset: int
