"""How an event of ours is read from what Google answers, whatever else stands in it."""

from __future__ import annotations

from typing import Any

import pytest

from oncall_gitops.calendars.google_events import event_body, read_event
from oncall_gitops.calendars.identity import event_id
from oncall_gitops.core.model.calendar import EventContent, ListedEvent
from tests.calendars.contract import HOUR, MONDAY, a_wanted

MARKER, OTHER_MARKER = "0123456789abcdef.0123456789abcdef", "0123456789abcdef.fedcba9876543210"

ITEM: dict[str, Any] = {
    "id": event_id(MARKER, "key", 2),
    "summary": "On call",
    "start": {"dateTime": "2026-11-23T10:00:00+01:00", "timeZone": "Europe/Berlin"},
    "end": {"dateTime": "2026-11-23T10:00:00.000Z", "timeZone": "Europe/Berlin"},
    "transparency": "transparent",
    "extendedProperties": {"private": {"ocg": MARKER, "ocgk": "key", "ocgg": "2"}},
}


def test_an_answer_with_the_least_in_it_is_enough() -> None:
    event = read_event(ITEM, marker=MARKER, timezone="")

    content = EventContent("On call", "", MONDAY, MONDAY + HOUR, "Europe/Berlin")
    assert event == ListedEvent("key", 2, ITEM["id"], "", content, MONDAY, MONDAY + HOUR)


def test_an_event_without_a_zone_is_in_the_calendars() -> None:
    times = {name: {"dateTime": ITEM[name]["dateTime"]} for name in ("start", "end")}

    event = read_event({**ITEM, **times}, marker=MARKER, timezone="Asia/Tokyo")

    assert event is not None
    assert event.content is not None
    assert event.content.timezone == "Asia/Tokyo"


@pytest.mark.parametrize(
    "change",
    [
        {"id": event_id(MARKER, "key", 1)},
        {"id": "another"},
        {"status": "cancelled"},
        {"extendedProperties": {"private": {"ocg": OTHER_MARKER, "ocgk": "key", "ocgg": "2"}}},
        {"extendedProperties": {"private": {"ocg": MARKER, "ocgk": "key", "ocgg": "two"}}},
        {"extendedProperties": {"private": {"ocg": MARKER}}},
        {"extendedProperties": {}},
        {"extendedProperties": None},
        {"start": None},
        {"start": {"dateTime": "tomorrow"}},
        {"end": {}},
    ],
)
def test_what_is_not_provably_ours_is_not_listed(change: dict[str, Any]) -> None:
    assert read_event({**ITEM, **change}, marker=MARKER, timezone="UTC") is None


def test_nobody_is_invited_reminded_or_shown_as_busy() -> None:
    body = event_body(MARKER, a_wanted(), generation=0)

    assert body["transparency"] == "transparent"
    assert body["reminders"] == {"useDefault": False, "overrides": []}
    assert "attendees" not in body


def test_what_is_written_is_read_as_it_was_wanted() -> None:
    wanted = a_wanted()

    event = read_event(event_body(MARKER, wanted, generation=4), marker=MARKER, timezone="UTC")

    assert event is not None
    assert (event.key, event.generation, event.content) == (wanted.key, 4, wanted.content)
