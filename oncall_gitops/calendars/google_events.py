"""Our events as Google Calendar writes and reads them.

What is compared is what an event means, field by field: Google drops what is the default and answers times in
the calendar's own zone.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from oncall_gitops.calendars.identity import event_id
from oncall_gitops.calendars.wanted import content_hash
from oncall_gitops.core.model.calendar import EventContent, ListedEvent, WantedEvent
from oncall_gitops.core.model.instant import Instant, from_datetime, instant_text

MARKER, KEY, GENERATION, HASH = "ocg", "ocgk", "ocgg", "ocgh"
"""The private properties of an event: whose it is, for what, which try, and what we wrote."""


def event_body(marker: str, wanted: WantedEvent, *, generation: int) -> dict[str, Any]:
    """All that we say of an event, the defaults too: a person may have changed them."""
    content = wanted.content
    return {
        "id": event_id(marker, wanted.key, generation),
        "status": "confirmed",
        "summary": content.summary,
        "description": content.description,
        "start": {"dateTime": instant_text(content.start), "timeZone": content.timezone},
        "end": {"dateTime": instant_text(content.end), "timeZone": content.timezone},
        "transparency": "transparent",
        "reminders": {"useDefault": False, "overrides": []},
        "extendedProperties": {
            "private": {
                MARKER: marker,
                KEY: wanted.key,
                GENERATION: str(generation),
                HASH: content_hash(content),
            }
        },
    }


def read_event(item: Mapping[str, Any], *, marker: str, timezone: str) -> ListedEvent | None:
    """An event of a listing if it is provably ours, else None. `timezone` is the calendar's own.

    Without readable times it does not count as listed: making it anew writes them.
    """
    try:
        private = item["extendedProperties"]["private"]
        key, generation = str(private[KEY]), int(private[GENERATION])
        is_ours = private[MARKER] == marker and item["id"] == event_id(marker, key, generation)
        if not is_ours or item.get("status") == "cancelled":
            return None
        start, end = _instant(item["start"]), _instant(item["end"])
    except (KeyError, TypeError, ValueError):
        return None
    return ListedEvent(
        key=key,
        generation=generation,
        remote_id=item["id"],
        etag=str(item.get("etag") or ""),
        content=_content(item, start, end, timezone),
        start=start,
        end=end,
    )


def _content(item: Mapping[str, Any], start: Instant, end: Instant, timezone: str) -> EventContent | None:
    """What the event says; None if it is no longer in the form in which we write events."""
    zones = {item[name].get("timeZone") or timezone for name in ("start", "end")}
    reminders = item.get("reminders") or {}
    if (
        item.get("transparency") != "transparent"
        or reminders.get("useDefault") is True
        or any(item.get(name) for name in ("attendees", "recurrence"))
        or reminders.get("overrides")
        or "dateTime" not in item["start"]
        or len(zones) != 1
    ):
        return None
    description = str(item.get("description") or "").replace("\r\n", "\n")
    return EventContent(str(item.get("summary") or ""), description, start, end, zones.pop())


def _instant(time: Mapping[str, str]) -> Instant:
    """Of a moment with an offset, or of the day of an event that lasts all day."""
    moment = datetime.fromisoformat(time["dateTime"] if "dateTime" in time else time["date"])
    return from_datetime(moment if moment.tzinfo else moment.replace(tzinfo=UTC))
