"""The real Google, for whoever gives an access token in LIVE_GOOGLE_TOKEN (its scope: calendar.app.created).

All tests share one new calendar, each under a marker of its own; at the end the calendar is deleted.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from oncall_gitops.calendars.google import Google
from oncall_gitops.calendars.google_wire import TIMEOUTS, open_session
from oncall_gitops.core.model.instant import Instant, instant_text
from oncall_gitops.core.model.provider import GoogleSettings
from oncall_gitops.core.secret import NO_SECRET, Secret

TOKEN = Secret(os.environ.get("LIVE_GOOGLE_TOKEN", ""))


@dataclass(frozen=True)
class LivePerson:
    """The calendar's owner; what they would do in the browser is done through the API (see `contract.Person`)."""

    calendar_id: str

    def edit(self, remote_id: str, *, summary: str) -> None:
        self._call("PATCH", remote_id, {"summary": summary})

    def move(self, remote_id: str, *, start: Instant, end: Instant) -> None:
        self._call("PATCH", remote_id, _times(start, end))

    def mark_busy(self, remote_id: str) -> None:
        self._call("PATCH", remote_id, {"transparency": "opaque"})

    def delete(self, remote_id: str) -> None:
        self._call("DELETE", remote_id)

    def purge(self, remote_id: str) -> None:
        """The bin is emptied in the browser alone; a deletion is the nearest to it."""
        self.delete(remote_id)

    def copy(self, remote_id: str) -> str:
        server_made = ("id", "iCalUID", "etag", "htmlLink", "created", "updated", "creator", "organizer")
        event = {k: v for k, v in self._call("GET", remote_id).items() if k not in server_made}
        return str(self._call("POST", "", event)["id"])

    def add(self, *, summary: str, start: Instant, end: Instant) -> str:
        return str(self._call("POST", "", {"summary": summary, **_times(start, end)})["id"])

    def look(self, remote_id: str) -> object | None:
        event = self._call("GET", remote_id)
        return event if event["status"] != "cancelled" else None

    def _call(self, verb: str, event_id: str, body: Any = None) -> dict[str, Any]:
        return _call(verb, f"calendars/{self.calendar_id}/events/{event_id}".rstrip("/"), body)


@contextmanager
def live_calendar() -> Iterator[str]:
    """A new calendar's id."""
    made, _ = Google(GoogleSettings()).create_calendar(
        TOKEN, name="oncall-gitops test", marker="test", again=False
    )
    try:
        yield made
    finally:
        _call("DELETE", f"calendars/{made}", None)


def _times(start: Instant, end: Instant) -> dict[str, Any]:
    return {"start": {"dateTime": instant_text(start)}, "end": {"dateTime": instant_text(end)}}


def _call(verb: str, path: str, body: Any) -> dict[str, Any]:
    url = f"{GoogleSettings().api_url}/calendar/v3/{path}"
    with open_session(NO_SECRET) as session:
        headers = {"Authorization": f"Bearer {TOKEN.reveal()}"}
        answer = session.request(verb, url, json=body, headers=headers, timeout=TIMEOUTS)
        answer.raise_for_status()
        found = answer.json() if answer.content else {}
        assert isinstance(found, dict)
        return found
