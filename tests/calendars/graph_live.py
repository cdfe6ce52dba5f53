"""The real Microsoft Graph, for whoever gives an access token in LIVE_MICROSOFT_TOKEN (scope: Calendars.ReadWrite).

All tests share one new calendar, each under a marker of its own; at the end the calendar is deleted.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote
from uuid import uuid4

from oncall_gitops.calendars.microsoft import Microsoft
from oncall_gitops.calendars.microsoft_events import KEY_PROPERTY, MARKER_PROPERTY
from oncall_gitops.calendars.microsoft_graph import Call, Gone, Graph
from oncall_gitops.core.model.instant import Instant, to_datetime
from oncall_gitops.core.model.provider import MicrosoftSettings
from oncall_gitops.core.secret import Secret

TOKEN = Secret(os.environ.get("LIVE_MICROSOFT_TOKEN", ""))

_PROPERTIES = f"singleValueExtendedProperties($filter=id eq '{MARKER_PROPERTY}' or id eq '{KEY_PROPERTY}')"
_COPIED = (
    "subject",
    "body",
    "start",
    "end",
    "isAllDay",
    "showAs",
    "isReminderOn",
    "singleValueExtendedProperties",
)


@dataclass(frozen=True)
class LivePerson:
    """The calendar's owner; what they would do in Outlook is done through the API (see `contract.Person`)."""

    calendar_id: str

    def edit(self, remote_id: str, *, summary: str) -> None:
        self._event("PATCH", remote_id, {"subject": summary})

    def move(self, remote_id: str, *, start: Instant, end: Instant) -> None:
        self._event("PATCH", remote_id, {"start": _time(start), "end": _time(end)})

    def mark_busy(self, remote_id: str) -> None:
        self._event("PATCH", remote_id, {"showAs": "busy"})

    def delete(self, remote_id: str) -> None:
        self._event("DELETE", remote_id)

    def purge(self, remote_id: str) -> None:
        self._event("POST", f"{remote_id}/permanentDelete")

    def copy(self, remote_id: str) -> str:
        event = self._event("GET", remote_id, query={"$expand": _PROPERTIES})
        copied = {name: value for name, value in event.items() if name in _COPIED}
        return str(self._event("POST", "", copied)["id"])

    def add(self, *, summary: str, start: Instant, end: Instant) -> str:
        body = {"subject": summary, "start": _time(start), "end": _time(end)}
        return str(self._event("POST", "", body)["id"])

    def look(self, remote_id: str) -> object | None:
        with suppress(Gone):
            return self._event("GET", remote_id, query={"$expand": _PROPERTIES})
        return None

    def _event(
        self, method: str, event: str, body: dict[str, Any] | None = None, query: dict[str, str] | None = None
    ) -> dict[str, Any]:
        path = f"/me/calendars/{quote(self.calendar_id, safe='=')}/events/{quote(event, safe='=/')}"
        return _graph()(TOKEN, Call(method, path.rstrip("/"), query or {}, body))


@contextmanager
def live_calendar() -> Iterator[str]:
    """A new calendar's id."""
    name = f"oncall-gitops test {uuid4()}"
    made, _ = Microsoft(MicrosoftSettings()).create_calendar(TOKEN, name=name, marker="test", again=False)
    try:
        yield made
    finally:
        _graph()(TOKEN, Call("DELETE", f"/me/calendars/{quote(made, safe='=')}"))


def _graph() -> Graph:
    return Graph(MicrosoftSettings(), lambda access: None)


def _time(instant: Instant) -> dict[str, str]:
    return {"dateTime": f"{to_datetime(instant):%Y-%m-%dT%H:%M:%S}", "timeZone": "UTC"}
