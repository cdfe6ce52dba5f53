"""Past runs, as a table and as JSON."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from oncall_gitops.core.model.instant import instant_text
from oncall_gitops.core.model.run import Run
from oncall_gitops.report.terminal import shown, table

_COUNTS = (("create", "+"), ("update", "~"), ("rename", ">"), ("delete", "-"))


def runs_text(runs: Iterable[Run]) -> str:
    """One line a run."""
    rows = [
        (
            run.id[:8],
            shown(run.kind),
            instant_text(run.as_of),
            shown(run.status),
            _summary(run),
            shown((run.commit or "")[:7]),
            shown(run.actor),
        )
        for run in runs
    ]
    if not rows:
        return "No runs.\n"
    return table(rows, header=("RUN", "KIND", "AS OF", "STATUS", "CHANGES", "COMMIT", "ACTOR"))


def runs_json(runs: Iterable[Run]) -> list[dict[str, Any]]:
    """Everything about each run but the plan itself, of which the summary stays."""
    return [
        {
            "id": run.id,
            "kind": run.kind,
            "as_of": instant_text(run.as_of),
            "started_at": instant_text(run.started_at),
            "finished_at": None if run.finished_at is None else instant_text(run.finished_at),
            "status": run.status,
            "commit": run.commit,
            "actor": run.actor,
            "plan_id": run.plan_id,
            "tzdata": run.tzdata,
            "summary": _counts(run) or None,
            "error": run.error,
        }
        for run in runs
    ]


def _summary(run: Run) -> str:
    """What the run changed, or why it changed nothing."""
    if run.error is not None:
        return shown(run.error)
    if run.plan is None:
        return ""
    counts = _counts(run)
    told = [f"{sign}{counts[name]}" for name, sign in _COUNTS if counts.get(name)]
    return " ".join(told) or "none"


def _counts(run: Run) -> dict[str, int]:
    """How many objects of each kind of change, of a plan that some other program may have written."""
    summary = run.plan.get("summary") if isinstance(run.plan, Mapping) else None
    if not isinstance(summary, Mapping):
        return {}
    return {name: count for name, count in summary.items() if type(count) is int}
