"""One calendar of the Google fake: which ids are taken, what a deletion leaves behind, what an answer shows.

An id is taken for ever. A deleted event is `cancelled` and can be restored by writing it anew (PUT), not by
mending it (PATCH); once it is purged from the bin, nothing brings it back. Moving or deleting an event raises its
sequence number, below which nobody may write it; a body without one is taken to say 0.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from oncall_gitops.core.model.instant import Instant, from_datetime

Json = dict[str, Any]

_DEFAULTS: Json = {
    "transparency": "opaque",
    "visibility": "default",
    "description": "",
    "summary": "",
    "location": "",
    "attendees": [],
}
_ZONES = available_timezones()


class Refusal(Exception):
    """An error answer: its status and Google's one-word reason."""

    def __init__(self, status: int, reason: str, message: str = "") -> None:
        super().__init__(message or reason)
        self.status, self.reason = status, reason


@dataclass
class FakeCalendar:
    """`version` counts every change anywhere, so that etags and synchronisation tokens can be told apart.

    `made_by_app` says that our project created it. With `refuses_restoring`, a deleted event is not written
    anew (403), as some accounts were seen to do.
    """

    id: str
    summary: str
    owner: str
    version: Iterator[int] = field(default_factory=lambda: count(1))
    description: str = ""
    timezone: str = "America/New_York"
    made_by_app: bool = False
    refuses_restoring: bool = False
    events: dict[str, Json] = field(default_factory=dict)
    purged: set[str] = field(default_factory=set)

    def get(self, event_id: str) -> Json:
        if event_id not in self.events:
            raise Refusal(404, "notFound", "Not Found")
        return self.events[event_id]

    def insert(self, body: Json) -> Json:
        number = next(self.version)
        event_id = body.get("id") or f"{number:026d}"
        if not re.fullmatch(r"[a-v0-9]{5,1024}", event_id):
            raise Refusal(400, "invalid", "Invalid resource id value.")
        if event_id in self.events or event_id in self.purged:
            raise Refusal(409, "duplicate", "The requested identifier already exists.")
        return self._store(event_id, {"status": "confirmed", **body}, {"_created": number})

    def put(self, event_id: str, body: Json, if_match: str | None) -> Json:
        if event_id in self.purged:
            raise Refusal(403, "forbidden", "Forbidden")
        before = self.get(event_id)
        if before["status"] == "cancelled" and self.refuses_restoring:
            raise Refusal(403, "forbidden", "Forbidden")
        self._must_match(before, if_match)
        if body.get("sequence", 0) < before["sequence"]:
            raise Refusal(400, "invalid", "Invalid sequence value.")
        return self._store(event_id, {"status": "confirmed", **body}, before)

    def patch(self, event_id: str, body: Json, if_match: str | None) -> Json:
        before = self.get(event_id)
        self._must_match(before, if_match)
        merged = {**before, **body}
        if before["status"] == "cancelled":
            merged["status"] = "cancelled"
        return self._store(event_id, merged, before)

    def delete(self, event_id: str, if_match: str | None) -> None:
        before = self.get(event_id)
        if before["status"] == "cancelled":
            raise Refusal(410, "deleted", "Resource has been deleted")
        self._must_match(before, if_match)
        self._store(event_id, {**before, "status": "cancelled"}, before)

    def purge(self, event_id: str) -> None:
        """Out of the bin: the event is gone for good, its id stays taken."""
        if self.events.pop(event_id, None) is not None:
            self.purged.add(event_id)

    def select(self, keep: Callable[[Json], bool]) -> list[Json]:
        return sorted((event for event in self.events.values() if keep(event)), key=lambda e: e["_created"])

    def shown(self, event: Json) -> Json:
        """As an answer shows it: in the calendar's own zone, without what is the default."""
        shown = {
            key: value
            for key, value in event.items()
            if not key.startswith("_") and (key not in _DEFAULTS or value != _DEFAULTS[key])
        }
        for end in ("start", "end"):
            shown[end] = self._shown_time(event[end])
        reminders = {key: value for key, value in event.get("reminders", {}).items() if value != []}
        return {
            "kind": "calendar#event",
            "htmlLink": f"https://www.google.com/calendar/event?eid={event['id']}",
            "iCalUID": f"{event['id']}@google.com",
            "eventType": "default",
            "creator": {"email": self.owner},
            "organizer": {"email": self.id, "displayName": self.summary, "self": True},
            **shown,
            "reminders": reminders or {"useDefault": True},
        }

    def bounds(self, event: Json) -> tuple[Instant, Instant]:
        return self._instant(event["start"]), self._instant(event["end"])

    def _store(self, event_id: str, body: Json, before: Json) -> Json:
        self._must_be_sound(body)
        moved = before.keys() != {"_created"} and (
            body["status"] != before["status"] or self.bounds(body) != self.bounds(before)
        )
        number = next(self.version)
        event = {
            **body,
            "id": event_id,
            "etag": f'"{number}"',
            "updated": f"2026-01-01T00:00:00.{number % 1000:03d}Z",
            "created": "2026-01-01T00:00:00.000Z",
            "sequence": body.get("sequence", 0) + moved,
            "_created": before["_created"],
            "_version": number,
        }
        self.events[event_id] = event
        return event

    def _must_be_sound(self, body: Json) -> None:
        for end in ("start", "end"):
            zone = body[end].get("timeZone")
            if zone is not None and zone not in _ZONES:
                raise Refusal(400, "invalid", "Invalid time zone definition for start time.")
            if "date" not in body[end] and "dateTime" not in body[end]:
                raise Refusal(400, "required", f"Missing {end} time.")
        start, end_instant = self.bounds(body)
        if end_instant < start:
            raise Refusal(400, "timeRangeEmpty", "The specified time range is empty.")
        if len(body.get("reminders", {}).get("overrides", ())) > 5:
            raise Refusal(400, "invalid", "Too many override reminders.")
        properties = body.get("extendedProperties", {}).get("private", {})
        if any(len(key) > 44 or len(value) > 1024 for key, value in properties.items()):
            raise Refusal(400, "invalid", "An extended property is too long.")

    def _must_match(self, event: Json, if_match: str | None) -> None:
        if if_match not in (None, "*", event["etag"]):
            raise Refusal(412, "conditionNotMet", "Precondition Failed")

    def _shown_time(self, time: Json) -> Json:
        if "date" in time:
            return time
        moment = datetime.fromtimestamp(self._instant(time), ZoneInfo(self.timezone))
        return {"dateTime": moment.isoformat(), "timeZone": time.get("timeZone", self.timezone)}

    def _instant(self, time: Json) -> Instant:
        moment = datetime.fromisoformat(time.get("dateTime") or time["date"])
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=ZoneInfo(time.get("timeZone", self.timezone)))
        return from_datetime(moment)
