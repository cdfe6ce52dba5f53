"""Planned exceptions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from oncall_gitops.core.model.instant import Instant
from oncall_gitops.core.model.when import When

OverrideType = Literal["manual", "swap"]


@dataclass(frozen=True, slots=True)
class Override:
    """`user` (or `nobody`) covers [start, end), or only the hours that `replaces` would have had in it.

    Times are in the schedule's zone, bare dates at 00:00. `managed` is false for one that did not come from
    the files; such a one is ordered by `created_at` and `id` (the row's, as text).
    """

    user: str
    start: When
    end: When
    replaces: str | None = None
    reason: str = ""
    type: OverrideType = "manual"
    created_by: str | None = None
    managed: bool = True
    created_at: Instant = 0
    id: str = ""
