"""Somebody who uses their Outlook calendar by hand."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from oncall_gitops.core.model.instant import Instant
from tests.calendars.graph_events import Calendar, Event, Mailbox
from tests.calendars.graph_server import GraphServer


@dataclass
class OutlookPerson:
    """`Person` of the contract, in the fake's own memory: none of this is counted as calls."""

    server: GraphServer
    mailbox: Mailbox
    calendar: Calendar

    def edit(self, remote_id: str, *, summary: str) -> None:
        self._event(remote_id).write({"subject": summary})

    def move(self, remote_id: str, *, start: Instant, end: Instant) -> None:
        """In their own zone, as Outlook writes it."""
        event = self._event(remote_id)
        event.write({})
        event.zone = "W. Europe Standard Time"
        event.start, event.end = (datetime.fromtimestamp(edge, UTC) for edge in (start, end))

    def mark_busy(self, remote_id: str) -> None:
        self._event(remote_id).write({"showAs": "busy"})

    def delete(self, remote_id: str) -> None:
        self.server.bin_event(self.mailbox, remote_id)

    def purge(self, remote_id: str) -> None:
        self.delete(remote_id)
        del self.mailbox.bin[remote_id]

    def copy(self, remote_id: str) -> str:
        copied = self._event(remote_id).copy()
        self.calendar.events[copied.id] = copied
        return copied.id

    def add(self, *, summary: str, start: Instant, end: Instant) -> str:
        edges = [f"{datetime.fromtimestamp(edge, UTC):%Y-%m-%dT%H:%M:%S}" for edge in (start, end)]
        first, last = ({"dateTime": edge, "timeZone": "UTC"} for edge in edges)
        event = Event.made({"subject": summary, "start": first, "end": last})
        self.calendar.events[event.id] = event
        return event.id

    def look(self, remote_id: str) -> object | None:
        event = self.calendar.events.get(remote_id)
        return None if event is None else (event.shown(), dict(event.properties))

    def delete_calendar(self) -> None:
        """With everything in it."""
        del self.mailbox.calendars[self.calendar.id]

    def _event(self, remote_id: str) -> Event:
        return self.calendar.events[remote_id]
