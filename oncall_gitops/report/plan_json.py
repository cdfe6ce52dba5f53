"""A plan as JSON, in the published shape (format 1.0): what `--format json`, `--plan-out` and `history` hold."""

from __future__ import annotations

from typing import Any

from oncall_gitops.core.advice import Advice
from oncall_gitops.core.diff import Change
from oncall_gitops.core.impact import Impact, NextHolder, ScheduleGap
from oncall_gitops.core.model.instant import Instant, instant_text
from oncall_gitops.core.plan import FORMAT_VERSION
from oncall_gitops.core.proposal import Proposal

COUNTED = ("create", "update", "rename", "delete")


def plan_document(proposal: Proposal) -> dict[str, Any]:
    """The whole proposal; instants as `2026-11-22T18:30:00Z`, hours as numbers."""
    plan, request, impact = proposal.plan, proposal.request, proposal.impact
    told = set(proposal.schedules)
    return {
        "format_version": FORMAT_VERSION,
        "plan_id": plan.plan_id,
        "as_of": instant_text(request.at),
        "horizon": {"from": instant_text(request.at), "to": instant_text(request.until)},
        "tzdata": plan.tzdata,
        "scope": {
            "teams": list(plan.scope.teams),
            "schedules": list(plan.scope.schedules),
            "prune": plan.scope.prune,
        },
        "zones": {
            name: schedule.timezone
            for state in (plan.live.state, plan.after)
            for name, schedule in state.schedules.items()
            if name in told
        },
        "source": {
            "commit": request.source.commit,
            "dirty": request.source.dirty,
            "files": request.source.files,
            "digest": plan.desired_digest,
        },
        "base": {"digest": plan.live_digest},
        "summary": {
            **{action: sum(change.action == action for change in plan.changes) for action in COUNTED},
            "unchanged": plan.unchanged,
            "unmanaged": len(proposal.kept),
        },
        "changes": [_change(change) for change in (*plan.changes, *proposal.kept)],
        "impact": _impact(impact),
        "advice": [_advice(advice) for advice in proposal.advice],
        "safety": _safety(proposal),
        "calendars": [
            {"user": each.user, "provider": each.provider, "changes": each.changes}
            for each in proposal.calendars
        ],
        "applyable": not proposal.is_blocked,
    }


def _impact(impact: Impact) -> dict[str, Any]:
    return {
        "on_call_now": [
            {
                "schedule": now.schedule,
                "before": now.before,
                "after": now.after,
                "next_before": _next(now.next_before),
                "next_after": _next(now.next_after),
            }
            for now in impact.on_call_now
        ],
        "shifts": [
            {**span._asdict(), "start": instant_text(span.start), "end": instant_text(span.end)}
            for span in impact.shifts
        ],
        "gaps": {
            "opened": [_gap(gap) for gap in impact.gaps_opened],
            "closed": [_gap(gap) for gap in impact.gaps_closed],
        },
        "hours": [
            {
                "user": hours.user,
                "before": _hours(hours.before.total),
                "after": _hours(hours.after.total),
                "nights": {"before": _hours(hours.before.nights), "after": _hours(hours.after.nights)},
                "weekends": {
                    "before": _hours(hours.before.weekends),
                    "after": _hours(hours.after.weekends),
                },
            }
            for hours in impact.hours
        ],
        "newly_shared": [
            {
                "user": shared.user,
                "start": instant_text(shared.start),
                "end": instant_text(shared.end),
                "schedules": list(shared.schedules),
            }
            for shared in impact.newly_shared
        ],
    }


def _advice(advice: Advice) -> dict[str, Any]:
    return {
        "schedule": advice.schedule,
        "layer": advice.layer,
        "code": advice.code,
        "message": advice.message,
        "file": advice.origin.file if advice.origin else None,
        "line": advice.origin.line if advice.origin else None,
        "yaml": advice.yaml,
    }


def _safety(proposal: Proposal) -> dict[str, Any]:
    return {
        "verdict": "blocked" if proposal.is_blocked else "ok",
        "checks": [
            {
                "rule": check.rule,
                "verdict": check.verdict,
                "limit": check.limit,
                "actual": check.actual,
                "allow": check.allow,
            }
            for check in proposal.safety
        ],
    }


def _change(change: Change) -> dict[str, Any]:
    return {
        "action": change.action,
        "address": change.address.partition("#")[0],
        "previous_address": change.previous_address,
        "cause": change.cause,
        "source": change.origin and {"file": change.origin.file, "line": change.origin.line},
        "fields": [{"path": f.path, "before": f.before, "after": f.after} for f in change.fields],
    }


def _next(held: NextHolder | None) -> dict[str, Any] | None:
    return {"user": held.user, "start": instant_text(held.start)} if held else None


def _gap(gap: ScheduleGap) -> dict[str, Any]:
    return {"schedule": gap.schedule, "start": instant_text(gap.start), "end": instant_text(gap.end)}


def _hours(seconds: Instant) -> float:
    return round(seconds / 3600, 2)
