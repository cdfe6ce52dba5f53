"""Shifts -> the events that should stand in a person's calendar."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from oncall_gitops.calendars.identity import shift_key
from oncall_gitops.core.model.calendar import CalendarShift, EventContent, WantedEvent


def wanted_events(shifts: Iterable[CalendarShift]) -> dict[str, WantedEvent]:
    """One event a shift, by key."""
    events = (
        WantedEvent(
            key=shift_key(schedule_id=shift.schedule_id, source=shift.source, start=shift.start),
            content=event_content(shift),
            schedule_id=shift.schedule_id,
        )
        for shift in shifts
    )
    return {event.key: event for event in events}


def event_content(shift: CalendarShift) -> EventContent:
    """What the event of a shift says."""
    return EventContent(
        summary=_plain(f"On call: {shift.schedule_name}"),
        description="\n".join(map(_plain, _lines(shift))),
        start=shift.start,
        end=shift.end,
        timezone=shift.timezone,
    )


def content_hash(content: EventContent) -> str:
    """Equal for contents that are equal; 32 hexadecimal digits."""
    fields = (content.summary, content.description, content.start, content.end, content.timezone)
    return hashlib.sha256(repr(fields).encode()).hexdigest()[:32]


def _plain(line: str) -> str:
    """One line without blanks at its ends or several in a row: providers do not keep those."""
    return " ".join(line.split())


def _lines(shift: CalendarShift) -> Iterable[str]:
    yield f"Team: {shift.team_name}"
    yield f"Schedule: {shift.schedule}"
    match shift.source:
        case "base":
            yield "Source: base rotation"
        case "override":
            yield f"Source: override, in place of {shift.replaces}" if shift.replaces else "Source: override"
        case _:
            yield f"Source: layer {shift.layer}"
    if shift.reason:
        yield f"Reason: {shift.reason}"
