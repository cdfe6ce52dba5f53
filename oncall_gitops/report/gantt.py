"""The affected weeks of a plan as a Mermaid Gantt chart, each schedule before and after.

GitHub draws it. The chart's language has no escapes, so what is no slug does not get into it, and a task's name
begins with a dot: a person may be called like one of its keywords.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any

from oncall_gitops.core.model.instant import Instant, parse_instant
from oncall_gitops.core.model.when import local_datetime
from oncall_gitops.core.wallclock import zone

MOST_SCHEDULES, MOST_WEEKS, MOST_TASKS = 4, 6, 80
"""What one picture can show and still be read."""

_SAFE = re.compile(r"[a-z0-9][a-z0-9._/-]*")

Span = Mapping[str, Any]


def gantt(spans: Sequence[Span], zones: Mapping[str, str]) -> str:
    """A fenced block with a sentence before it; empty if there is nothing to compare."""
    names = [name for name in dict.fromkeys(str(span["schedule"]) for span in spans) if _SAFE.fullmatch(name)]
    if not names or not any(span["before"] for span in spans):
        return ""
    first = min(parse_instant(span["start"]) for span in spans)
    last = first + int(timedelta(weeks=MOST_WEEKS).total_seconds())
    lines = ["```mermaid", "gantt", "  dateFormat YYYY-MM-DDTHH:mm", "  axisFormat %d %b"]
    for name in names[:MOST_SCHEDULES]:
        mine = [span for span in spans if span["schedule"] == name and parse_instant(span["start"]) < last]
        lines += _sections(name, mine[:MOST_TASKS], zones.get(name, "UTC"), last)
    more = f" (of {len(names)})" if len(names) > MOST_SCHEDULES else ""
    shown = min(len(names), MOST_SCHEDULES)
    schedules = f"{shown} schedule{'s' if shown > 1 else ''}{more}"
    title = f"The hours that change, {schedules}, at most {MOST_WEEKS} weeks from the first one:"
    return f"{title}\n\n" + "\n".join([*lines, "```"])


def _sections(name: str, spans: Sequence[Span], timezone: str, last: Instant) -> Iterator[str]:
    for side in ("before", "after"):
        tasks = [_task(span, side, timezone, last) for span in spans]
        if tasks:
            yield f"  section {name} {side}"
            yield from tasks


def _task(span: Span, side: str, timezone: str, last: Instant) -> str:
    """One bar; a gap is a bar too, in the colour of alarm."""
    wall = zone(timezone)
    start, end = (
        local_datetime(wall.to_local(min(parse_instant(span[at]), last))) for at in ("start", "end")
    )
    holder = span[side] if span[side] and _SAFE.fullmatch(span[side]) else "nobody" if not span[side] else "?"
    colour = "crit, " if not span[side] else "active, " if side == "after" else "done, "
    return f"    · {holder} :{colour}{start:%Y-%m-%dT%H:%M}, {end:%Y-%m-%dT%H:%M}"
