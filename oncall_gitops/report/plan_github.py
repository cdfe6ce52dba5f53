"""What a workflow step tells GitHub of a plan: annotations, the job summary, and outputs for later steps."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

from oncall_gitops.report.plan_markdown import plan_markdown
from oncall_gitops.report.terminal import shown

SUMMARY_BUDGET = 900 * 1024
"""Bytes; GitHub drops a summary above a megabyte whole, and a character has at most four bytes."""

MOST = 9
"""GitHub shows ten annotations of a kind for a step; the tenth says how many there are besides."""

Document = Mapping[str, Any]


def plan_annotations(document: Document) -> str:
    """Workflow commands: blocked rules as errors, warnings and advice as warnings, the summary as a notice."""
    lines = []
    for kind, found in (("error", list(_errors(document))), ("warning", list(_warnings(document)))):
        lines += [_command(kind, *one) for one in islice(found, MOST)]
        if len(found) > MOST:
            lines.append(_command(kind, {}, f"and {len(found) - MOST} more; see the job summary"))
    counts = document["summary"]
    told = ", ".join(f"{counts[a]} to {a}" for a in ("create", "update", "rename", "delete") if counts[a])
    spans = len(document["impact"]["shifts"])
    lines.append(
        _command("notice", {}, f"on-call plan: {told or 'no object changes'}; {spans} spans change hands")
    )
    return "".join(f"{line}\n" for line in lines)


def summary(document: Document, *, subject: str = "") -> str:
    """The job summary."""
    return plan_markdown(document, subject=subject, budget=SUMMARY_BUDGET // 4) + "\n"


def step_outputs(document: Document) -> str:
    """`name=value` lines; every value is ours, none holds text that a user wrote."""
    counts = document["summary"]
    is_pending = bool(document["impact"]["shifts"]) or any(
        counts[action] for action in ("create", "update", "rename", "delete")
    )
    values = {
        "plan-id": document["plan_id"],
        "changed": str(is_pending).lower(),
        "blocked": str(document["safety"]["verdict"] == "blocked").lower(),
        **{action: counts[action] for action in ("create", "update", "rename", "delete")},
    }
    return "".join(f"{name}={value}\n" for name, value in values.items())


def _errors(document: Document) -> Iterator[tuple[dict[str, str], str]]:
    for check in document["safety"]["checks"]:
        if check["verdict"] == "block":
            yield (
                {},
                f"{check['rule']}: {check['actual']} (limit: {check['limit']}{_accept(check['allow'])})",
            )


def _accept(flag: str | None) -> str:
    return f"; to accept: {flag}" if flag else ""


def _warnings(document: Document) -> Iterator[tuple[dict[str, str], str]]:
    for check in document["safety"]["checks"]:
        if check["verdict"] == "warn":
            yield {}, f"{check['rule']}: {check['actual']}"
    for advice in document["advice"]:
        place = {"file": advice["file"], "line": str(advice["line"])} if advice["file"] else {}
        yield place, f"{advice['message']}:\n{advice['yaml']}"


def _command(kind: str, properties: Mapping[str, str], message: str) -> str:
    """`::error file=...,line=...::message`, with everything escaped that could end it or begin another."""
    told = ",".join(f"{name}={_property(value)}" for name, value in properties.items())
    lines = "%0A".join(_data(shown(line)) for line in message.splitlines())
    return f"::{kind}{' ' if told else ''}{told}::{lines}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(shown(text)).replace(":", "%3A").replace(",", "%2C")
