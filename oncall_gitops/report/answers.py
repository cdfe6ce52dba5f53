"""Answers and shifts, as tables for people and as JSON and CSV for programs."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence

import click

from oncall_gitops.core.answers import Answer
from oncall_gitops.core.model.instant import Instant, instant_text
from oncall_gitops.core.model.shift import Shift
from oncall_gitops.report.json_text import json_text
from oncall_gitops.report.terminal import local_words, shown, table

ScheduleShifts = Mapping[str, Sequence[Shift]]


def who_text(answers: Sequence[Answer], *, zones: Mapping[str, str]) -> str:
    """One line a schedule, in the schedule's zone."""
    rows = []
    for answer in answers:
        timezone = zones.get(answer.schedule, "UTC")
        following = (
            f"{shown(answer.next_user)} from {_words(answer.next_start, timezone)}"
            if answer.next_user
            else "nobody"
        )
        user = shown(answer.user) if answer.user else click.style("nobody", fg="red", bold=True)
        until = _words(answer.end, timezone) if answer.end is not None else "no end"
        source = shown(answer.source or "gap")
        rows.append((shown(answer.schedule), user, until, following, source, timezone))
    if not rows:
        return "No schedules.\n"
    return table(rows, header=("SCHEDULE", "ON CALL", "UNTIL", "NEXT", "SOURCE", "ZONE"))


def who_json(answers: Iterable[Answer]) -> str:
    return json_text(
        [
            {
                "schedule": answer.schedule,
                "at": instant_text(answer.at),
                "user": answer.user,
                "start": _text(answer.start),
                "end": _text(answer.end),
                "source": answer.source,
                "next_user": answer.next_user,
                "next_start": _text(answer.next_start),
            }
            for answer in answers
        ]
    )


def shifts_table(shifts: ScheduleShifts, *, zones: Mapping[str, str]) -> str:
    """One line a shift, in the schedule's zone."""
    rows = [
        (
            shown(name),
            shown(shift.user),
            _words(shift.start, zones.get(name, "UTC")),
            _words(shift.end, zones.get(name, "UTC")),
            shown(shift.source),
            zones.get(name, "UTC"),
        )
        for name in sorted(shifts)
        for shift in shifts[name]
    ]
    if not rows:
        return "No shifts.\n"
    return table(rows, header=("SCHEDULE", "USER", "FROM", "TO", "SOURCE", "ZONE"))


def shifts_json(shifts: ScheduleShifts) -> str:
    return json_text([dict(zip(_COLUMNS, row, strict=True)) for row in _rows(shifts)])


def shifts_csv(shifts: ScheduleShifts) -> str:
    """With a header; a cell that a spreadsheet would take for a formula gets a leading apostrophe."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(_COLUMNS)
    writer.writerows([_cell(value) for value in row] for row in _rows(shifts))
    return out.getvalue()


_FORMULA = frozenset("=+-@\uff1d\uff0b\uff0d\uff20")
"""With what a formula begins, also in the wide letters of the East."""

_COLUMNS = ("schedule", "user", "start", "end", "source")


def _rows(shifts: ScheduleShifts) -> Iterable[tuple[str, str, str, str, str]]:
    for name in sorted(shifts):
        for shift in shifts[name]:
            yield name, shift.user, instant_text(shift.start), instant_text(shift.end), shift.source


def _cell(text: str) -> str:
    safe = shown(text)
    return f"'{safe}" if safe.lstrip()[:1] in _FORMULA else safe


def _words(moment: Instant | None, timezone: str) -> str:
    return "" if moment is None else local_words(moment, timezone)


def _text(moment: Instant | None) -> str | None:
    return None if moment is None else instant_text(moment)
