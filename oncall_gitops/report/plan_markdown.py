"""A plan as Markdown for a pull request: who is on call first, then a picture, then the objects.

GitHub refuses a comment above 65,536 characters, so a plan that is too long is cut, always in the same order: the
picture, the fields of objects, the objects but their counts, the hours, then the later spans of the impact. Text
that users wrote is escaped, and no `@` is ever written: it would notify people.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import timedelta
from itertools import groupby
from typing import Any

from oncall_gitops.core.model.instant import Instant, parse_instant
from oncall_gitops.core.model.when import local_datetime
from oncall_gitops.core.wallclock import zone
from oncall_gitops.report.terminal import local_words, shown

BUDGET = 60_000
MARKER = "<!-- oncall-gitops:plan -->"
NO_CHANGES = "No changes. Nobody's on-call hours change."

MOST_SCHEDULES, MOST_WEEKS, MOST_TASKS = 4, 6, 80
"""What one picture can show and still be read."""

_ACTIONS = ("create", "update", "rename", "delete")
_CAUSES = {"drift": "changed by hand", "unmanaged": "not managed", "tzdata": "new time zone data"}
_SPECIAL = str.maketrans(
    {char: f"\\{char}" for char in "\\`*_{}[]()#+-.!|<>~$"} | {"@": "&#64;", "&": "&amp;"}
)

Document = Mapping[str, Any]


def plan_markdown(document: Document, *, subject: str = "", budget: int = BUDGET) -> str:
    """The comment's body, at most `budget` characters."""
    for shorten in _cuts():
        text = shorten(document, subject)
        if len(text) <= budget:
            return text
    return _head(document, subject) + "\nThe plan is too long to be shown here.\n"


def _cuts() -> Iterator[Callable[[Document, str], str]]:
    """Ever shorter ways to say it, in the stated order."""
    yield lambda document, subject: _body(document, subject)
    yield lambda document, subject: _body(document, subject, picture=False)
    yield lambda document, subject: _body(document, subject, picture=False, fields=False)
    yield lambda document, subject: _body(document, subject, picture=False, objects=False)
    yield lambda document, subject: _body(document, subject, picture=False, objects=False, hours=False)
    for most in (400, 200, 100, 50, 20):

        def fewer(document: Document, subject: str, most: int = most) -> str:
            return _body(document, subject, picture=False, objects=False, hours=False, spans=most)

        yield fewer


def _body(
    document: Document,
    subject: str,
    *,
    picture: bool = True,
    fields: bool = True,
    objects: bool = True,
    hours: bool = True,
    spans: int = 1000,
) -> str:
    parts = [_head(document, subject)]
    if not _changes(document) and not document["impact"]["shifts"]:
        return "\n\n".join([*parts, NO_CHANGES, *_kept(document), _foot(document)]) + "\n"
    parts += _safety(document)
    parts += _now(document)
    parts += _impact(document, most=spans)
    parts += _gaps(document)
    parts += _advice(document)
    parts += _hours(document) if hours else []
    parts += _picture(document) if picture else []
    parts += _objects(document, with_fields=fields) if objects else []
    parts += _kept(document)
    cut = [
        name
        for name, is_kept in (("picture", picture), ("objects", objects), ("hours", hours))
        if not is_kept
    ]
    if cut:
        parts.append(f"*Left out for length: {', '.join(cut)}.*")
    return "\n\n".join([*parts, _foot(document)]) + "\n"


def escaped(text: str) -> str:
    """User text as Markdown that shows it and does nothing else, on one line."""
    return shown(text).translate(_SPECIAL)


def _head(document: Document, subject: str) -> str:
    counts = document["summary"]
    told = [f"{counts[action]} to {action}" for action in _ACTIONS if counts[action]]
    what = f" for {escaped(subject)}" if subject else ""
    return f"{MARKER}\n### On-call plan{what}: {', '.join(told) or 'no object changes'}"


def _foot(document: Document) -> str:
    source = document["source"]
    commit = (
        f"`{source['commit'][:7]}`{' with local edits' if source['dirty'] else ''} · "
        if source["commit"]
        else ""
    )
    as_of = local_words(parse_instant(document["as_of"]), "UTC")
    return f"{commit}as of {as_of} UTC · time zone data {document['tzdata']} · plan `{document['plan_id']}`"


def _safety(document: Document) -> list[str]:
    checks = [check for check in document["safety"]["checks"] if check["verdict"] != "ok"]
    if not checks:
        return []
    rows = [
        (f"`{c['rule']}`", c["verdict"], escaped(c["actual"]), f"`{c['allow']}`" if c["allow"] else "")
        for c in checks
    ]
    is_blocked = document["safety"]["verdict"] == "blocked"
    title = (
        "> [!CAUTION]\n> **Blocked by a safety rule.**" if is_blocked else "> [!WARNING]\n> **Look twice.**"
    )
    return [title, _table(("Rule", "", "Found", "To accept"), rows)]


def _now(document: Document) -> list[str]:
    rows = []
    for now in document["impact"]["on_call_now"]:
        before, after = now["before"] or "nobody", now["after"] or "nobody"
        following = now["next_after"]
        then = (
            f"{following['user']}, {_words(following['start'], document, now['schedule'])}"
            if following
            else ""
        )
        rows.append((now["schedule"], before, after if before == after else f"**{after}**", then))
    changed = [row for row in rows if row[2].startswith("**")]
    if not changed:
        return ["**On call now:** unchanged."]
    return ["#### On call now", _table(("Schedule", "Before", "After", "Then"), changed)]


def _impact(document: Document, *, most: int) -> list[str]:
    spans = document["impact"]["shifts"]
    if not spans:
        return ["**Nobody's hours change.**"]
    parts = ["#### Who gains and loses which hours"]
    for schedule, group in groupby(spans[:most], key=lambda span: str(span["schedule"])):
        rows = [
            (
                _words(span["start"], document, schedule),
                _words(span["end"], document, schedule),
                span["before"] or "nobody",
                f"**{span['after'] or 'nobody'}**",
                _CAUSES.get(span["cause"], ""),
            )
            for span in group
        ]
        timezone = document.get("zones", {}).get(schedule, "UTC")
        header = (f"From ({timezone})", "To", "Before", "After", "")
        parts.append(f"**{schedule}**\n\n{_table(header, rows)}")
    if len(spans) > most:
        parts.append(f"*and {len(spans) - most} more spans, in the JSON plan.*")
    return parts


def _gaps(document: Document) -> list[str]:
    parts = []
    for word in ("opened", "closed"):
        gaps = document["impact"]["gaps"][word]
        lines = [
            f"- {gap['schedule']}: {_words(gap['start'], document, gap['schedule'])} to "
            f"{_words(gap['end'], document, gap['schedule'])}"
            for gap in gaps[:20]
        ]
        lines += [f"- and {len(gaps) - 20} more"] if len(gaps) > 20 else []
        parts += [f"**Gaps {word}**\n\n" + "\n".join(lines)] if lines else []
    shared = document["impact"].get("newly_shared", [])
    lines = [
        f"- {one['user']}: {_words(one['start'], document, one['schedules'][0])} to "
        f"{_words(one['end'], document, one['schedules'][0])}, {' and '.join(one['schedules'])}"
        for one in shared[:20]
    ]
    lines += [f"- and {len(shared) - 20} more"] if len(shared) > 20 else []
    return parts + (["**Newly in two schedules at once**\n\n" + "\n".join(lines)] if lines else [])


def _advice(document: Document) -> list[str]:
    parts = []
    for advice in document["advice"]:
        place = f" ({escaped(advice['file'])}:{advice['line']})" if advice["file"] else ""
        parts.append(f"> [!TIP]\n> {escaped(advice['message'])}{place}\n\n```yaml\n{advice['yaml']}```")
    return parts


def _hours(document: Document) -> list[str]:
    rows = [
        (
            person["user"],
            f"{person['before']:g}",
            f"{person['after']:g}",
            f"{person['after'] - person['before']:+g}",
            f"{person['nights']['after'] - person['nights']['before']:+g}",
            f"{person['weekends']['after'] - person['weekends']['before']:+g}",
        )
        for person in document["impact"]["hours"]
    ]
    if not rows:
        return []
    header = ("Person", "Hours before", "after", "change", "at night", "at weekends")
    return [_folded(f"Hours of {len(rows)} people", _table(header, rows))]


def _picture(document: Document) -> list[str]:
    """The affected weeks as a Gantt chart, each schedule before and after."""
    spans = document["impact"]["shifts"]
    names = list(dict.fromkeys(str(span["schedule"]) for span in spans))
    if not names or not any(span["before"] for span in spans):
        return []
    first = min(parse_instant(span["start"]) for span in spans)
    last = first + int(timedelta(weeks=MOST_WEEKS).total_seconds())
    lines = ["```mermaid", "gantt", "  dateFormat YYYY-MM-DDTHH:mm", "  axisFormat %d %b"]
    for name in names[:MOST_SCHEDULES]:
        timezone = document.get("zones", {}).get(name, "UTC")
        mine = [span for span in spans if span["schedule"] == name and parse_instant(span["start"]) < last]
        for side in ("before", "after"):
            tasks = [_task(span, side, timezone, last) for span in mine[:MOST_TASKS] if span[side]]
            lines += [f"  section {name} {side}", *tasks] if tasks else []
    more = f" (of {len(names)})" if len(names) > MOST_SCHEDULES else ""
    title = f"The hours that change, the first {MOST_WEEKS} weeks, {min(len(names), MOST_SCHEDULES)} schedules{more}"
    return [f"{title}:\n\n" + "\n".join([*lines, "```"])]


def _task(span: Mapping[str, Any], side: str, timezone: str, last: Instant) -> str:
    """A dot before the name: a person may be called like a keyword of the chart's language."""
    wall = zone(timezone)
    start, end = (
        local_datetime(wall.to_local(min(parse_instant(span[at]), last))) for at in ("start", "end")
    )
    colour = "active, " if side == "after" else "done, "
    return f"    · {span[side]} :{colour}{start:%Y-%m-%dT%H:%M}, {end:%Y-%m-%dT%H:%M}"


def _objects(document: Document, *, with_fields: bool) -> list[str]:
    lines = []
    for change in _changes(document):
        source = (
            f" — {escaped(change['source']['file'])}:{change['source']['line']}" if change["source"] else ""
        )
        was = f", was `{change['previous_address']}`" if change["previous_address"] else ""
        cause = f" ({_CAUSES[change['cause']]})" if change["cause"] in _CAUSES else ""
        lines.append(f"- {change['action']} `{change['address']}`{was}{cause}{source}")
        if with_fields and change["action"] in ("update", "rename"):
            lines += [
                f"  - {field['path']}: {_value(field['before'])} → {_value(field['after'])}"
                for field in change["fields"]
            ]
    return [_folded(f"Object changes ({len(_changes(document))})", "\n".join(lines))] if lines else []


def _kept(document: Document) -> list[str]:
    kept = [change for change in document["changes"] if change["action"] == "keep"]
    lines = [f"- `{change['address']}`" for change in kept[:50]]
    lines += [f"- and {len(kept) - 50} more"] if len(kept) > 50 else []
    return [_folded(f"Not managed by the files, kept ({len(kept)})", "\n".join(lines))] if lines else []


def _changes(document: Document) -> list[Mapping[str, Any]]:
    return [change for change in document["changes"] if change["action"] in _ACTIONS]


def _folded(title: str, text: str) -> str:
    return f"<details><summary>{title}</summary>\n\n{text}\n\n</details>"


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _value(value: object) -> str:
    if value is None:
        return "(none)"
    return escaped(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))


def _words(text: str, document: Document, schedule: str) -> str:
    return local_words(parse_instant(text), document.get("zones", {}).get(schedule, "UTC"))
