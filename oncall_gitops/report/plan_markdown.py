"""A plan as Markdown for a pull request: who is on call first, then a picture, then the objects.

GitHub refuses a comment above 65,536 characters, so a plan that is too long is cut, always in the same order: the
picture, the fields of objects, the objects (their counts stay in the title), the hours of people, then the later
rows of every table, and last the advice. Text that users wrote is escaped (`markdown.py`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import groupby
from typing import Any, NamedTuple

from oncall_gitops.core.model.instant import parse_instant
from oncall_gitops.report.fields import edit_text
from oncall_gitops.report.gantt import gantt
from oncall_gitops.report.markdown import brief, code, escaped, fenced, folded, named, table
from oncall_gitops.report.terminal import local_words

BUDGET = 60_000
MARKER = "<!-- oncall-gitops:plan -->"
NO_CHANGES = "No changes. Nobody's on-call hours change."

_ACTIONS = ("create", "update", "rename", "delete")
_CAUSES = {"drift": "changed by hand", "unmanaged": "not managed", "tzdata": "new time zone data"}

Document = Mapping[str, Any]


class _Room(NamedTuple):
    """What of a plan is told: parts, rows of a table, items of a list, pieces of advice."""

    picture: bool = True
    fields: bool = True
    objects: bool = True
    hours: bool = True
    rows: int = 1000
    items: int = 20
    advice: int = 20

    @property
    def left_out(self) -> list[str]:
        objects = [] if self.objects else ["the objects"]
        fields = [] if self.fields or not self.objects else ["the fields of objects"]
        hours = [] if self.hours else ["the hours of people"]
        advice = [] if self.advice else ["the advice"]
        return [*([] if self.picture else ["the picture"]), *fields, *objects, *hours, *advice]


def plan_markdown(document: Document, *, subject: str = "", budget: int = BUDGET) -> str:
    """The comment's body, at most `budget` characters."""
    for room in _cuts():
        text = _body(document, subject, room)
        if len(text) <= budget:
            return text
    return f"{_head(document, '')}\n\nThe plan is too long to be shown here.\n"


def _cuts() -> Iterator[_Room]:
    """Ever less room, in the stated order."""
    room = _Room()
    yield room
    for part in ("picture", "fields", "objects", "hours"):
        room = room._replace(**{part: False})
        yield room
    for rows in (400, 200, 100, 50, 20):
        yield room._replace(rows=rows, items=min(rows, 20), advice=min(rows // 10, 20))
    yield room._replace(rows=10, items=5, advice=0)


def _body(document: Document, subject: str, room: _Room) -> str:
    parts = [_head(document, subject)]
    if not _changes(document) and not document["impact"]["shifts"]:
        return "\n\n".join([*parts, NO_CHANGES, *_kept(document, room), _foot(document)]) + "\n"
    parts += _safety(document)
    parts += _now(document, room)
    parts += _impact(document, room)
    parts += _gaps(document, room)
    parts += _shared(document, room)
    parts += _advice(document, room)
    parts += _hours(document) if room.hours else []
    parts += _picture(document) if room.picture else []
    parts += _objects(document, with_fields=room.fields) if room.objects else []
    parts += _kept(document, room)
    parts += _calendars(document) if room.hours else []
    if room.left_out:
        parts.append(f"*Left out for length: {', '.join(room.left_out)}. The JSON plan has everything.*")
    return "\n\n".join([*parts, _foot(document)]) + "\n"


def _head(document: Document, subject: str) -> str:
    counts = document["summary"]
    told = [f"{counts[action]} to {action}" for action in _ACTIONS if counts[action]]
    what = f" for {brief(subject)}" if subject else ""
    return f"{MARKER}\n### On-call plan{what}: {', '.join(told) or 'no object changes'}"


def _foot(document: Document) -> str:
    source = document["source"]
    edits = " with local edits" if source["dirty"] else ""
    commit = f"{code(source['commit'][:7])}{edits} · " if source["commit"] else ""
    as_of = local_words(parse_instant(document["as_of"]), "UTC")
    horizon = document["horizon"]
    days = (parse_instant(horizon["to"]) - parse_instant(horizon["from"])) / 86_400
    return (
        f"{commit}as of {as_of} UTC, {days:g} days ahead · time zone data {named(document['tzdata'])} · "
        f"plan {code(document['plan_id'])}"
    )


def _safety(document: Document) -> list[str]:
    checks = [check for check in document["safety"]["checks"] if check["verdict"] != "ok"]
    if not checks:
        return []
    rows = [
        (
            code(check["rule"]),
            named(check["verdict"]),
            brief(check["actual"]),
            code(check["allow"]) if check["allow"] else "",
        )
        for check in checks[:20]
    ]
    is_blocked = document["safety"]["verdict"] == "blocked"
    title = (
        "> [!CAUTION]\n> **Blocked by a safety rule.**" if is_blocked else "> [!WARNING]\n> **Look twice.**"
    )
    return [title, table(("Rule", "", "Found", "To accept"), rows)]


def _now(document: Document, room: _Room) -> list[str]:
    """Who is on call this minute, of the schedules where that changes."""
    changed = [now for now in document["impact"]["on_call_now"] if now["before"] != now["after"]]
    if not changed:
        return ["**On call now:** unchanged."]
    rows = []
    for now in changed[: room.rows]:
        then = now.get("next_after")
        rows.append(
            (
                named(now["schedule"]),
                named(now["before"] or "nobody"),
                f"**{named(now['after'] or 'nobody')}**",
                f"{named(then['user'])}, {_words(then['start'], document, now['schedule'])}" if then else "",
            )
        )
    return [
        "#### On call now",
        table(("Schedule", "Before", "After", "Then"), rows),
        *_more(len(changed), room.rows, "schedules"),
    ]


def _impact(document: Document, room: _Room) -> list[str]:
    spans = document["impact"]["shifts"]
    if not spans:
        return ["**Nobody's hours change.**"]
    parts = ["#### Who gains and loses which hours"]
    for schedule, group in groupby(spans[: room.rows], key=lambda span: str(span["schedule"])):
        rows = [
            (
                _words(span["start"], document, schedule),
                _words(span["end"], document, schedule),
                named(span["before"] or "nobody"),
                f"**{named(span['after'] or 'nobody')}**",
                _CAUSES.get(span["cause"], ""),
            )
            for span in group
        ]
        has_causes = any(row[4] for row in rows)
        header = (f"From ({_zone(document, schedule)})", "To", "Before", "After", *("",) * has_causes)
        shown = [row if has_causes else row[:4] for row in rows]
        parts.append(f"**{named(schedule)}**\n\n{table(header, shown)}")
    return [*parts, *_more(len(spans), room.rows, "spans")]


def _gaps(document: Document, room: _Room) -> list[str]:
    parts = []
    for word in ("opened", "closed"):
        gaps = document["impact"]["gaps"][word]
        lines = [
            f"- {named(gap['schedule'])}: {_words(gap['start'], document, gap['schedule'])} to "
            f"{_words(gap['end'], document, gap['schedule'])} ({_zone(document, gap['schedule'])})"
            for gap in gaps[: room.items]
        ]
        if lines:
            parts += [f"**Gaps {word}**", "\n".join(lines), *_more(len(gaps), room.items, "gaps")]
    return parts


def _shared(document: Document, room: _Room) -> list[str]:
    shared = document["impact"].get("newly_shared", [])
    lines = [
        f"- {named(one['user'])}: {_words(one['start'], document, one['schedules'][0])} to "
        f"{_words(one['end'], document, one['schedules'][0])} ({_zone(document, one['schedules'][0])}), "
        f"{' and '.join(named(name) for name in one['schedules'][:5])}"
        for one in shared[: room.items]
    ]
    if not lines:
        return []
    return ["**Newly in two schedules at once**", "\n".join(lines), *_more(len(shared), room.items, "spans")]


def _advice(document: Document, room: _Room) -> list[str]:
    parts = []
    for advice in document["advice"][: room.advice]:
        place = f" ({escaped(advice['file'])}:{advice['line']})" if advice["file"] else ""
        about = f"**{named(advice['schedule'])}** " if advice["schedule"] else "**Rename?** "
        parts.append(
            f"> [!TIP]\n> {about}{escaped(advice['message'])}{place}\n\n{fenced(advice['yaml'], 'yaml')}"
        )
    return [*parts, *(_more(len(document["advice"]), room.advice, "pieces of advice") if room.advice else [])]


def _hours(document: Document) -> list[str]:
    rows = [
        (
            named(person["user"]),
            f"{person['before']:g}",
            f"{person['after']:g}",
            _change(person),
            _change(person.get("nights")),
            _change(person.get("weekends")),
        )
        for person in document["impact"]["hours"]
    ]
    if not rows:
        return []
    header = ("Person", "Hours before", "after", "change", "at night", "at weekends")
    title = f"Hours of {len(rows)} {'people' if len(rows) > 1 else 'person'}"
    return [folded(title, table(header, rows))]


def _change(load: Mapping[str, float] | None) -> str:
    if not load:
        return ""
    change = load["after"] - load["before"]
    return f"{change:+g}" if change else "0"


def _picture(document: Document) -> list[str]:
    picture = gantt(document["impact"]["shifts"], document.get("zones", {}))
    return [picture] if picture else []


def _objects(document: Document, *, with_fields: bool) -> list[str]:
    lines = []
    for change in _changes(document):
        source = change["source"]
        place = f" — {escaped(source['file'])}:{source['line']}" if source else ""
        was = f", was {code(change['previous_address'])}" if change["previous_address"] else ""
        cause = f" ({_CAUSES[change['cause']]})" if change["cause"] in _CAUSES else ""
        lines.append(f"- {change['action']} {code(change['address'])}{was}{_cover(change)}{cause}{place}")
        if with_fields and change["action"] in ("update", "rename"):
            lines += [
                f"  - {named(field['path'])}: {brief(edit_text(field['before'], field['after']))}"
                for field in change["fields"]
            ]
    return [folded(f"Object changes ({len(_changes(document))})", "\n".join(lines))] if lines else []


def _cover(change: Mapping[str, Any]) -> str:
    """Of an override that is new or kept: who covers, until when, and why."""
    if not change["address"].startswith("override/") or change["action"] not in ("create", "keep"):
        return ""
    fields = {field["path"]: field["after"] for field in change["fields"]}
    told = [f"until {brief(str(fields['end']))}"] if fields.get("end") else []
    told += [brief(str(fields["reason"]))] if fields.get("reason") else []
    return f": {', '.join([brief(str(fields.get('user') or 'nobody')), *told])}"


def _kept(document: Document, room: _Room) -> list[str]:
    kept = [change for change in document["changes"] if change["action"] == "keep"]
    if not kept:
        return []
    lines = "\n".join(f"- {code(change['address'])}{_cover(change)}" for change in kept[: room.items])
    text = "\n\n".join([lines, *_more(len(kept), room.items, "objects")])
    return [folded(f"Not managed by the files, kept ({len(kept)})", text)]


def _calendars(document: Document) -> list[str]:
    calendars = document["calendars"]
    rows = [[code(each["user"]), code(each["provider"]), brief(str(each["changes"]))] for each in calendars]
    title = f"Calendars that follow ({len(calendars)})"
    return [folded(title, table(["Who", "Provider", "Events"], rows))] if rows else []


def _changes(document: Document) -> list[Mapping[str, Any]]:
    return [change for change in document["changes"] if change["action"] in _ACTIONS]


def _more(count: int, most: int, what: str) -> list[str]:
    return [f"*and {count - most} more {what}, in the JSON plan.*"] if count > most else []


def _zone(document: Document, schedule: str) -> str:
    timezone: str = document.get("zones", {}).get(schedule, "UTC")
    return timezone


def _words(text: str, document: Document, schedule: str) -> str:
    return local_words(parse_instant(text), _zone(document, schedule))
