"""One recorded run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

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
