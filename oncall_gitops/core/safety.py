"""What looks like an accident is refused, with its figures, until somebody allows that one rule by name."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from oncall_gitops.core import address
from oncall_gitops.core.diff import Change
from oncall_gitops.core.impact import Impact, ScheduleGap
from oncall_gitops.core.limits import Limits
from oncall_gitops.core.model.instant import Instant, instant_text
from oncall_gitops.core.overriding import override_span
from oncall_gitops.core.plan import Plan, counts

Verdict = Literal["ok", "warn", "block"]


@dataclass(frozen=True, slots=True)
class Check:
    """One rule's verdict: its limit and what was found, in words; `allowed` if a finding was accepted.

    One that is `stuck` cannot be: the database could not hold what the files say.
    """

    rule: str
    verdict: Verdict
    limit: str
    actual: str
    allowed: bool = False
    stuck: bool = False

    @property
    def allow(self) -> str | None:
        """The flag that accepts this finding."""
        return f"--allow {self.rule}" if self.verdict == "block" and not self.stuck else None


@dataclass(frozen=True, slots=True)
class Finding:
    """A rule's limit, and what breaks it (empty: nothing does); `stuck` if nobody can accept that."""

    rule: str
    limit: str
    actual: str = ""
    stuck: bool = False


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the rules judge. `files` counts the YAML files, `new_gaps` are in hours promised by `coverage`."""

    plan: Plan
    impact: Impact
    files: int
    desired_schedules: int
    new_gaps: Sequence[ScheduleGap]
    at: Instant


def judge(evidence: Evidence, *, limits: Limits, allow: Collection[str]) -> tuple[Check, ...]:
    """Every rule's verdict, in order of their names."""
    findings = [
        _empty_source(evidence),
        _mass_delete(evidence, limits),
        _new_gap(evidence),
        _on_call_now(evidence),
        _past_edit(evidence),
        _unmanaged_clash(evidence),
    ]
    return tuple(_check(finding, limits, allow) for finding in findings)


def _check(finding: Finding, limits: Limits, allow: Collection[str]) -> Check:
    if not finding.actual:
        return Check(finding.rule, "ok", finding.limit, "none")
    allowed = finding.rule in allow and not finding.stuck
    blocks = finding.stuck or (finding.rule in limits.blocking and not allowed)
    verdict: Verdict = "block" if blocks else "warn"
    return Check(finding.rule, verdict, finding.limit, finding.actual, allowed, finding.stuck)


def _empty_source(evidence: Evidence) -> Finding:
    limit = "files with at least one schedule while the database has some"
    managed = _managed(evidence.plan, "schedule")
    if not managed or evidence.desired_schedules:
        return Finding("empty-source", limit)
    found = "no files" if not evidence.files else "no schedules in the files"
    return Finding("empty-source", limit, f"{found}, {managed} in the database")


def _mass_delete(evidence: Evidence, limits: Limits) -> Finding:
    limit = f"{limits.mass_delete_percent} % and {limits.mass_delete_count} of one kind"
    found = []
    for kind in ("schedule", "layer", "user"):
        managed = _managed(evidence.plan, kind)
        deleted = sum(c.action == "delete" for c in _of_kind(evidence.plan.changes, kind))
        is_many = deleted > limits.mass_delete_count
        if is_many and deleted * 100 > limits.mass_delete_percent * managed:
            found.append(f"{deleted} of {managed} {kind}s ({deleted * 100 // managed} %)")
    return Finding("mass-delete", limit, ", ".join(found))


def _new_gap(evidence: Evidence) -> Finding:
    limit = "no new gap in hours promised by coverage"
    gaps = evidence.new_gaps
    found = [f"{gap.schedule} {instant_text(gap.start)} to {instant_text(gap.end)}" for gap in gaps[:3]]
    more = [f"{len(gaps) - 3} more"] if len(gaps) > 3 else []
    return Finding("new-gap", limit, ", ".join([*found, *more]))


def _on_call_now(evidence: Evidence) -> Finding:
    limit = "nobody else on call this minute"
    changed = [
        f"{now.schedule} {now.before} -> {now.after or 'nobody'}"
        for now in evidence.impact.on_call_now
        if now.before is not None and now.before != now.after
    ]
    return Finding("on-call-now", limit, ", ".join(changed))


def _past_edit(evidence: Evidence) -> Finding:
    limit = "no change to an override that has begun (what has been stays as it was)"
    begun = {
        _address_of_override(name, span_start)
        for state in map(evidence.plan.live.settled.rest, (evidence.plan.after, evidence.plan.live.state))
        for name, schedule in state.schedules.items()
        for override in schedule.overrides
        if (span_start := override_span(override, timezone=schedule.timezone).start) < evidence.at
    }
    edited = [
        change.address
        for change in _of_kind(evidence.plan.changes, "override")
        if change.cause == "files" and "/".join(change.address.split("/")[:4]) in begun
    ]
    more = [f"{len(edited) - 3} more"] if len(edited) > 3 else []
    return Finding("past-edit", limit, ", ".join([*edited[:3], *more]))


def _address_of_override(full_name: str, start: Instant) -> str:
    return f"override/{full_name}/{instant_text(start)}"


def _unmanaged_clash(evidence: Evidence) -> Finding:
    limit = "no name or priority that an unmanaged row holds (allowing it adopts the row)"
    clashes = [change.previous_address or change.address for change in evidence.plan.changes if change.adopts]
    stuck = list(_second_claims(evidence.plan))
    return Finding("unmanaged-clash", limit, ", ".join([*clashes, *stuck]), stuck=bool(stuck))


def _second_claims(plan: Plan) -> Iterator[str]:
    """Unmanaged layers at the priority of a layer of the files that has, or adopts, another row: one too many."""
    for name in plan.schedules:
        if name in plan.live.settled.schedules:
            continue
        schedule = plan.after.schedules.get(name)
        owners: dict[int, str] = {}
        for layer in schedule.layers if schedule else ():
            here = address.layer(name, layer.slug)
            first = owners.setdefault(layer.priority, here)
            if first != here:
                row = plan.live.objects.get(first)
                ours, theirs = (here, first) if row and not row.managed else (first, here)
                yield f"{theirs} (holds the priority {layer.priority}, which {ours} cannot have beside it)"


def _managed(plan: Plan, kind: str) -> int:
    """How many managed objects of a kind are live."""
    read = (row.managed for name, row in plan.live.objects.items() if name.startswith(f"{kind}/"))
    return sum(read) + counts(plan.live.settled, plan.after)[kind]


def _of_kind(changes: Collection[Change], kind: str) -> Iterator[Change]:
    return (change for change in changes if change.address.startswith(f"{kind}/"))
