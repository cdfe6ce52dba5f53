"""A plan for people, from its document (`plan_json.py`), so that a saved plan reads like a fresh one.

The order is that of what matters at 3 a.m.: who is on call now, who is from now on, then the objects.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import groupby
from typing import Any

import click

from oncall_gitops.core.model.instant import Instant, parse_instant
from oncall_gitops.report.fields import edit_text, value_text
from oncall_gitops.report.terminal import harmless, local_words, shown, table

NO_CHANGES = "No changes. The database matches the files."
MOST_SPANS, MOST_OF_NEW = 12, 3
"""Spans of one schedule (of one that had nobody before) that a screen shows; the rest is counted."""

_SIGNS = {
    "create": ("+", "green"),
    "update": ("~", "yellow"),
    "rename": (">", "cyan"),
    "delete": ("-", "red"),
}
_CAUSES = {
    "drift": "drift: the database was changed by hand",
    "unmanaged": "adopts a row that was not managed",
    "tzdata": "new time zone data",
}


def plan_text(document: Mapping[str, Any], *, subject: str = "") -> str:
    """The plan on a screen, times in each schedule's zone (UTC where the document does not name it)."""
    document = harmless(document)
    zones = document.get("zones", {})
    changes = [change for change in document["changes"] if change["action"] in _SIGNS]
    if not changes and not document["impact"]["shifts"]:
        parts = [_title(document, subject), f"{NO_CHANGES}\n", _kept(document), _narrowed(document)]
        return "".join(parts)
    return "\n".join(
        part
        for part in (
            _title(document, subject) + _narrowed(document),
            _on_call_now(document, zones),
            _impact(document, zones),
            _changes(changes),
            _advice(document),
            _kept(document),
            _calendars(document),
            _safety(document),
            _closing(document),
        )
        if part
    )


def stale_text(saved: Mapping[str, Any], fresh: Mapping[str, Any]) -> str:
    """How a fresh plan differs from the saved one that was expected."""
    old, new = ({_told(change) for change in harmless(document)["changes"]} for document in (saved, fresh))
    lines = [f"  no longer: {text}" for text in sorted(old - new)]
    lines += [f"  now also: {text}" for text in sorted(new - old)]
    if not lines:
        lines = ["  the same changes, on another base: the database or the files have changed beside them"]
    return "\n".join(["The saved plan and the plan of now differ:", *lines]) + "\n"


def _told(change: Mapping[str, Any]) -> str:
    fields = ", ".join(f"{f['path']} {_edit(f)}" for f in change["fields"])
    is_edit = change["action"] in ("update", "rename") and fields
    return f"{change['action']} {change['address']}" + (f" ({fields})" if is_edit else "")


def safety_text(document: Mapping[str, Any]) -> str:
    """Why a plan is blocked, with the flags that would let it pass."""
    blocked = [check for check in document["safety"]["checks"] if check["verdict"] == "block"]
    rows = [
        (check["rule"], shown(check["actual"]), check["limit"], check["allow"] or "cannot be")
        for check in blocked
    ]
    header = ("RULE", "FOUND", "LIMIT", "TO ACCEPT")
    return click.style("Blocked by a safety rule\n", fg="red", bold=True) + table(
        rows, header=header, indent="  "
    )


def _title(document: Mapping[str, Any], subject: str) -> str:
    source = document["source"]
    commit = f"{source['commit'][:7]}{'*' if source['dirty'] else ''}, " if source["commit"] else ""
    days = (_instant(document["horizon"]["to"]) - _instant(document["horizon"]["from"])) / 86_400
    as_of = local_words(_instant(document["as_of"]), "UTC")
    title = f"Plan for {shown(subject)}" if subject else "Plan"
    return (
        click.style(title, bold=True)
        + f"\nfrom {commit}{source['files']} files, as of {as_of} UTC, {days:g} days ahead\n"
    )


def _narrowed(document: Mapping[str, Any]) -> str:
    scope = document.get("scope") or {}
    names = [*scope.get("teams", []), *scope.get("schedules", [])]
    narrow = f"Narrowed to {', '.join(names)}: nothing else is compared or deleted.\n" if names else ""
    prune = "" if scope.get("prune", True) else "Without pruning: nothing is deleted.\n"
    return narrow + prune


def _on_call_now(document: Mapping[str, Any], zones: Mapping[str, str]) -> str:
    rows = []
    for now in document["impact"]["on_call_now"]:
        before, after = now["before"] or "nobody", now["after"] or "nobody"
        same = before == after
        following = now.get("next_after")
        when = _words(following["start"], zones.get(now["schedule"], "UTC")) if following else ""
        rows.append(
            (
                now["schedule"],
                before if same else f"{before} -> {click.style(after, bold=True, fg='yellow')}",
                f"then {following['user']} from {when}" if following else "",
            )
        )
    return click.style("On call now\n", bold=True) + table(rows, indent="  ") if rows else ""


def _impact(document: Mapping[str, Any], zones: Mapping[str, str]) -> str:
    impact = document["impact"]
    if not impact["shifts"]:
        return "Nobody's hours change.\n"
    lines = [click.style("Who gains and loses which hours", bold=True)]
    for schedule, spans in groupby(impact["shifts"], key=lambda span: str(span["schedule"])):
        lines += _spans(schedule, list(spans), zones.get(schedule, "UTC"))
    lines += _hours(impact["hours"])
    for word in ("opened", "closed"):
        if gaps := impact["gaps"][word]:
            lines.append(f"  gaps {word}: {len(gaps)}")
            lines += [
                f"    {gap['schedule']}  {_words(gap['start'], zones.get(gap['schedule'], 'UTC'))} .. "
                f"{_words(gap['end'], zones.get(gap['schedule'], 'UTC'))}"
                for gap in gaps[:MOST_SPANS]
            ]
    if shared := impact.get("newly_shared"):
        lines.append(click.style(f"  in two schedules at once: {len(shared)}", fg="yellow"))
        lines += [
            f"    {one['user']}  {_words(one['start'], 'UTC')} .. {_words(one['end'], 'UTC')} UTC"
            f"  {' and '.join(one['schedules'])}"
            for one in shared[:MOST_SPANS]
        ]
    return "\n".join(lines) + "\n"


def _spans(schedule: str, spans: list[Mapping[str, Any]], timezone: str) -> Iterator[str]:
    yield f"  {click.style(schedule, fg='cyan')} ({timezone})"
    most = MOST_SPANS if any(span["before"] for span in spans) else MOST_OF_NEW
    rows = [
        (
            f"{_words(span['start'], timezone)} .. {_words(span['end'], timezone)}",
            f"{span['before'] or 'nobody'} -> {click.style(span['after'] or 'nobody', bold=True)}",
            f"({_CAUSES[span['cause']]})" if span["cause"] in ("drift", "tzdata") else "",
        )
        for span in spans[:most]
    ]
    yield table(rows, indent="    ").rstrip("\n")
    if len(spans) > most:
        yield f"    and {len(spans) - most} more (--format json has them all)"


def _hours(hours: list[Mapping[str, Any]]) -> Iterator[str]:
    if not hours:
        return
    yield "  hours"
    rows = []
    for person in hours:
        change = person["after"] - person["before"]
        nights = _change(person.get("nights"), "nights")
        weekends = _change(person.get("weekends"), "weekends")
        rows.append(
            (
                person["user"],
                f"{person['before']:g} -> {person['after']:g}",
                f"{change:+g} h",
                ", ".join(part for part in (nights, weekends) if part),
            )
        )
    yield table(rows, indent="    ").rstrip("\n")


def _change(load: Mapping[str, float] | None, what: str) -> str:
    change = load["after"] - load["before"] if load else 0
    return f"{change:+g} h {what}" if change else ""


def _changes(changes: list[Mapping[str, Any]]) -> str:
    if not changes:
        return ""
    lines = [click.style("Changes", bold=True)]
    for change in sorted(changes, key=lambda change: change["action"] == "delete"):
        sign, colour = _SIGNS[change["action"]]
        was = f"  (was {change['previous_address']})" if change["previous_address"] else ""
        source = change["source"]
        place = f"  {source['file']}:{source['line']}" if source else ""
        cause = f"  [{_CAUSES[change['cause']]}]" if change["cause"] in _CAUSES else ""
        lines.append(f"  {click.style(sign + ' ' + change['address'], fg=colour)}{was}{cause}{place}")
        if change["action"] in ("update", "rename"):
            rows = [(f["path"], _edit(f)) for f in change["fields"]]
            if rows:
                lines.append(table(rows, indent="      ").rstrip("\n"))
    return "\n".join(lines) + "\n"


def _advice(document: Mapping[str, Any]) -> str:
    lines = []
    for advice in document["advice"]:
        place = f"{advice['file']}:{advice['line']}: " if advice["file"] else ""
        lines.append(f"  {place}{shown(advice['message'])}")
        lines += [f"      {shown(line)}" for line in advice["yaml"].splitlines()]
    return "\n".join([click.style("Advice", fg="cyan", bold=True), *lines]) + "\n" if lines else ""


def _kept(document: Mapping[str, Any]) -> str:
    kept = [change for change in document["changes"] if change["action"] == "keep"]
    if not kept:
        return ""
    lines = [click.style("Not managed by the files, kept", bold=True)]
    for change in kept:
        fields = {field["path"]: field["after"] for field in change["fields"]}
        told = [
            f"{path} {shown(value_text(fields[path]))}"
            for path in ("user", "end", "reason")
            if path in fields
        ]
        lines.append(f"  . {change['address']}  {', '.join(told)}".rstrip())
    return "\n".join(lines) + "\n"


def _calendars(document: Mapping[str, Any]) -> str:
    """Whose calendar follows, and by how many events; nothing where nobody's is connected."""
    rows = [
        (each["user"], each["provider"], shown(f"{each['changes']} event{'s' * (each['changes'] != 1)}"))
        for each in document["calendars"]
    ]
    title = click.style("Calendars that follow\n", bold=True)
    return title + table(rows, indent="  ") if rows else ""


def _safety(document: Mapping[str, Any]) -> str:
    warned = [check for check in document["safety"]["checks"] if check["verdict"] == "warn"]
    rows = [(check["rule"], shown(check["actual"])) for check in warned]
    warnings = click.style("Warnings\n", fg="yellow", bold=True) + table(rows, indent="  ") if rows else ""
    return warnings + (safety_text(document) if document["safety"]["verdict"] == "blocked" else "")


def _closing(document: Mapping[str, Any]) -> str:
    counts = document["summary"]
    told = [f"{counts[action]} to {action}" for action in _SIGNS if counts[action]]
    unmanaged = f", {counts['unmanaged']} not managed" if counts["unmanaged"] else ""
    return (
        f"{', '.join(told) or 'No object changes'}; {counts['unchanged']} unchanged{unmanaged}.\n"
        f"Plan id {document['plan_id']}\n"
    )


def _edit(field: Mapping[str, Any]) -> str:
    return shown(edit_text(field["before"], field["after"]))


def _words(text: str, timezone: str) -> str:
    return local_words(_instant(text), timezone)


def _instant(text: str) -> Instant:
    return parse_instant(text)
