"""Days, windows, rules and references: values that have a small grammar of their own."""

from __future__ import annotations

import re

from pydantic import ValidationInfo
from pydantic_core import PydanticCustomError

from oncall_gitops.core.model.restriction import ALL_DAYS, DailyWindow, WeeklyWindow
from oncall_gitops.core.model.when import WEEKDAYS
from oncall_gitops.core.rule import RuleError, parse_rule
from oncall_gitops.source import repairs
from oncall_gitops.source.document import Scalar, Sequence, kind_of
from oncall_gitops.source.scalars import Note, Reading, clock, clock_of, scalar, wrong
from oncall_gitops.source.slugs import is_slug, slug_fault
from oncall_gitops.source.spelling import closest, did_you_mean
from oncall_gitops.source.syntax import shown

_EDGE = re.compile(r"(\S+) (\S+)")
_LOOSE_EDGE = re.compile(r"\s*([A-Za-z]+)[\s,]+(\S+)\s*")
_TIME_FIRST = re.compile(r"\s*([0-9]{1,2}:[0-9]{2})\s+([A-Za-z]+)\s*")
_RULE_NOTES = {"prefix": "OG903", "lower-case": "OG903", "missing-days": "OG905"}

Edge = tuple[int | None, int]
"""A day (0 for Monday) or none, and seconds after midnight."""


def day(value: object) -> int:
    """A weekday, 0 for Monday."""
    text = scalar(value, "a day out of " + ", ".join(WEEKDAYS))
    if text not in WEEKDAYS:
        raise wrong("OG406", f"unknown day {shown(text)}: days are {', '.join(WEEKDAYS)}", _better_day(text))
    return WEEKDAYS.index(text)


def days(value: object, info: ValidationInfo[Reading]) -> tuple[int, ...]:
    """Weekdays in order, none twice."""
    reading = info.context
    if not isinstance(value, Sequence):
        if isinstance(value, Scalar) and value.is_null:
            raise wrong(
                "OG204", "expected a list of days, found nothing", "name the days, or leave the key out"
            )
        better = repairs.days(value) if isinstance(value, Scalar) else []
        hint = f"write [{', '.join(better)}]" if better else "write it as [MON, TUE]"
        raise wrong("OG203", f"expected a list of days, found {kind_of(value)}", hint)
    if not value:
        raise wrong("OG213", "a window needs at least one day", "name the days, or leave the key out")
    found: set[int] = set()
    for item in value:
        try:
            number = day(item)
        except PydanticCustomError as error:
            context = error.context or {}
            reading.fault(item, error.type, str(context["message"]), str(context["help"]))
            continue
        if number in found:
            reading.fault(item, "OG407", f"{WEEKDAYS[number]} is named twice", "name each day once")
        found.add(number)
    return tuple(sorted(found))


def edge(value: object, info: ValidationInfo[Reading], *, is_end: bool = False) -> Edge:
    """`09:00`, or with its day `FRI 17:00`; `24:00` only where a window ends."""
    text = scalar(value, "a wall time HH:MM, or a day and a wall time")
    if found := _TIME_FIRST.fullmatch(text):
        message = f"{shown(text)} is not a day and a wall time: the day stands first"
        raise wrong("OG406", message, f'write "{found[2]} {found[1]}"')
    if found := _EDGE.fullmatch(text):
        return day(_like(text, found[1])), clock_of(found[2], end_of_day=is_end)
    if found := _LOOSE_EDGE.fullmatch(text):
        message = f"{shown(text)} is not a day and a wall time with one plain space between them"
        raise wrong("OG404", message, f'write "{found[1]} {found[2]}"')
    return None, clock(text, info, end_of_day=is_end)


def window(days: tuple[int, ...] | None, start: Edge, end: Edge) -> DailyWindow | WeeklyWindow:
    """The window between two edges, both with a day or neither."""
    if start[0] is None and end[0] is None:
        return DailyWindow(start[1], end[1], ALL_DAYS if days is None else days)
    if start[0] is None or end[0] is None:
        hint = 'for example {from: "FRI 17:00", to: "MON 09:00"}'
        raise wrong("OG406", "either both ends of a window carry a day or neither does", hint)
    if days is not None:
        raise wrong("OG406", "a window from day to day takes no `days`", "leave `days` out")
    return WeeklyWindow(start[0], start[1], end[0], end[1])


def rule(value: object, info: ValidationInfo[Reading]) -> str:
    """A recurrence rule in normal form; its other mistakes and its oddities are noted with their places."""
    text = scalar(value, "a recurrence rule as text")
    reading = info.context
    try:
        parsed = parse_rule(str(text))
    except RuleError as error:
        for mistake in error.mistakes[1:]:
            reading.notes.append(Note(text, "OG408", mistake.message, mistake.help, "error", mistake.span))
        first = error.mistakes[0]
        detail = {"message": first.message, "help": first.help, "low": first.span[0], "high": first.span[1]}
        raise PydanticCustomError("OG408", "{message}", detail) from None
    for note in parsed.notes:
        reading.notes.append(Note(text, _RULE_NOTES[note.kind], note.message, note.help, span=note.span))
    return parsed.text


def target_schedule(value: object, info: ValidationInfo[Reading]) -> str:
    """The full name of a schedule that the files declare."""
    text = scalar(value, "a schedule as team/schedule")
    reading = info.context
    if [is_slug(part) for part in text.split("/")] != [True, True]:
        raise wrong("OG209", f"{shown(text)} is not a schedule's full name", "write it as team/schedule")
    team, slug = text.split("/")
    if team not in reading.teams and team not in reading.unread:
        hint = did_you_mean(team, reading.teams) or "declare it under `teams`, or name one that is there"
        raise wrong("OG305", f"unknown team {shown(team)}", hint)
    if text not in reading.schedules and slug not in reading.unread:
        hint = did_you_mean(text, reading.schedules) or f"declare it under teams.{team}.schedules"
        raise wrong("OG306", f"unknown schedule {shown(text)}", hint)
    return str(text)


def former_schedule(value: object) -> str:
    """The old slug of a schedule, or `team/slug` of another team."""
    text = scalar(value, "a slug, or team/slug")
    parts = text.split("/")
    if len(parts) > 2 or not all(map(is_slug, parts)):
        raise wrong("OG209", *slug_fault(text))
    return str(text)


def _better_day(text: str) -> str:
    better = repairs.days(text) or [closest(text.upper()[:3], WEEKDAYS) or ""]
    return f"write {', '.join(better)}" if better[0] else ""


def _like(original: Scalar, text: str) -> Scalar:
    part = Scalar(text)
    part.start, part.end, part.plain = original.start, original.end, False
    return part
