"""One recorded run, and why one failed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from oncall_gitops.core.model.instant import Instant


@dataclass(frozen=True, slots=True)
class Run:
    """A reconcile or an override that changed the record; `plan` is the plan's document, if it had one."""

    id: str
    kind: str
    as_of: Instant
    started_at: Instant
    finished_at: Instant | None
    status: str
    commit: str | None = None
    actor: str = ""
    plan: Mapping[str, Any] | None = None
    plan_id: str | None = None
    tzdata: str | None = None
    error: str | None = None


class Failure(NamedTuple):
    """What an apply that had the lock ended with, after how many seconds; nothing of it was kept."""

    error: str
    seconds: float
