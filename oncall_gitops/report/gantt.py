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
from oncall_gitops.core.model.when import Local, local_datetime
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
    drawn = names[:MOST_SCHEDULES]
    end = min(last, max(parse_instant(span["end"]) for span in spans if span["schedule"] in drawn))
    lines = ["```mermaid", *_settings(drawn, seconds=end - first)]
    for name in drawn:
        mine = [span for span in spans if span["schedule"] == name and parse_instant(span["start"]) < last]
        lines += _sections(name, mine[:MOST_TASKS], zones.get(name, "UTC"), last)
    more = f" (of {len(names)})" if len(names) > MOST_SCHEDULES else ""
    schedules = f"{len(drawn)} schedule{'s' if len(drawn) > 1 else ''}{more}"
    title = f"The hours that change, {schedules}, at most {MOST_WEEKS} weeks from the first one:"
    return f"{title}\n\n" + "\n".join([*lines, "```"])


def _settings(names: Sequence[str], *, seconds: int) -> Iterator[str]:
    """One lane a section, room for the sections' names, an axis that fits, and no line at the reader's today."""
    days = seconds / 86_400
    tick, axis = (
        ("1week", "%d %b") if days > 12 else ("1day", "%a %d %b") if days > 2 else ("6hour", "%a %H:%M")
    )
    room = 30 + 6 * max(len(f"{name} before") for name in names)
    yield f'%%{{init: {{"gantt": {{"displayMode": "compact", "leftPadding": {room}}}}}}}%%'
    yield "gantt"
    yield "  dateFormat YYYY-MM-DDTHH:mm"
    yield f"  axisFormat {axis}"
    yield f"  tickInterval {tick}"
    yield "  weekday monday"
    yield "  todayMarker off"


def _sections(name: str, spans: Sequence[Span], timezone: str, last: Instant) -> Iterator[str]:
    """A lane before and a lane after; neighbours of one holder are one bar."""
    wall = zone(timezone)
    for side in ("before", "after"):
        yield f"  section {name} {side}"
        bars: list[tuple[str | None, Instant, Instant]] = []
        for span in spans:
            start, end = parse_instant(span["start"]), min(parse_instant(span["end"]), last)
            if bars and bars[-1][0] == span[side] and bars[-1][2] == start:
                start = bars.pop()[1]
            bars.append((span[side], start, end))
        for holder, start, end in bars:
            yield _task(holder, wall.to_local(start), wall.to_local(end), side)


def _task(holder: str | None, start: Local, end: Local, side: str) -> str:
    """One bar; a gap is a bar too, in the colour of alarm."""
    name = "nobody" if holder is None else holder if _SAFE.fullmatch(holder) else "?"
    colour = "crit" if holder is None else "active" if side == "after" else "done"
    first, last = (f"{local_datetime(local):%Y-%m-%dT%H:%M}" for local in (start, end))
    return f"    · {name} :{colour}, {first}, {last}"
