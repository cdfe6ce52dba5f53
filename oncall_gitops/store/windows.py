"""Restrictions and coverage in `jsonb`: the words of the files, read back."""

from __future__ import annotations

from typing import Any

from oncall_gitops.core.definition import coverage_json
from oncall_gitops.core.model.restriction import (
    ALL_DAYS,
    DailyWindow,
    Restrictions,
    WeeklyWindow,
    WholeDays,
    Window,
)
from oncall_gitops.core.model.schedule import Coverage
from oncall_gitops.core.model.when import WEEKDAYS, parse_clock


def read_restrictions(stored: Any) -> Restrictions:
    """The windows; ValueError if another program wrote something that is none."""
    try:
        if stored in (None, [], {}):
            return ()
        if isinstance(stored, dict) and "days_of_week" in stored:
            return (WholeDays(_days(stored["days_of_week"])),)
        return tuple(_window(window) for window in (stored if isinstance(stored, list) else [stored]))
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError("not a restriction") from error


def coverage_column(coverage: Coverage) -> Any:
    """`"always"`, `"none"` or a list of windows."""
    return coverage_json(coverage) or "none"


def read_coverage(stored: Any) -> Coverage:
    """The coverage; what is no coverage promises nothing."""
    if stored == "always":
        return "always"
    try:
        return "none" if stored == "none" else read_restrictions(stored) or "none"
    except ValueError:
        return "none"


def _window(window: dict[str, Any]) -> Window:
    start, end = window["from"].split(), window["to"].split()
    if len(start) == 2:
        return WeeklyWindow(
            _day(start[0]), parse_clock(start[1]), _day(end[0]), parse_clock(end[1], end_of_day=True)
        )
    days = _days(window["days"]) if "days" in window else ALL_DAYS
    return DailyWindow(parse_clock(start[0]), parse_clock(end[0], end_of_day=True), days)


def _days(names: list[str]) -> tuple[int, ...]:
    return tuple(sorted({_day(name) for name in names}))


def _day(name: str) -> int:
    return WEEKDAYS.index(name.upper())
