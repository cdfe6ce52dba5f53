"""Google Calendar.

We choose the ids of our events, so every call may be repeated. An id is taken for ever: an event that somebody
deleted is brought back by writing it anew, and where Google refuses even that, its id is burnt.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from oncall_gitops.calendars import google_auth
from oncall_gitops.calendars.failures import CalendarGone, NeedsConsent, Refused, Unavailable
from oncall_gitops.calendars.google_events import MARKER, event_body, read_event
from oncall_gitops.calendars.google_wire import Reply, ask, failure, open_service, pages
from oncall_gitops.calendars.protocol import Burnt, CalendarPlace
from oncall_gitops.core.model.calendar import ListedEvent, WantedEvent
from oncall_gitops.core.model.instant import Instant, instant_text
from oncall_gitops.core.model.provider import GoogleSettings, Tokens
from oncall_gitops.core.secret import Secret

_SCOPES = "https://www.googleapis.com/auth/"
MADE_BY_US = f"{_SCOPES}calendar.app.created"
"""Make calendars, and see and change what stands in these; nothing else of the person's."""
LIST_CALENDARS = f"{_SCOPES}calendar.calendarlist.readonly"
"""Find a calendar again whose creation was not answered."""
OWN_EVENTS = f"{_SCOPES}calendar.events.owned"
"""Events in the person's own calendars: for an existing calendar."""

LARGEST_PAGE = 2500


class Google:
    """Google with this installation's settings."""

    def __init__(self, settings: GoogleSettings) -> None:
        self._settings = settings

    @property
    def client(self) -> str:
        return self._settings.client_id

    def scopes(self, *, own_calendar: bool) -> tuple[str, ...]:
        return (MADE_BY_US, LIST_CALENDARS) if own_calendar else (OWN_EVENTS,)

    def refresh(self, refresh: Secret, *, now: Instant) -> Tokens:
        return google_auth.refresh(self._settings, refresh, now=now)

    def mint(self, *, mailbox: str, now: Instant, own_calendar: bool = True) -> Tokens:
        """A token of the service account for `mailbox`; an administrator delegates exactly the scopes asked for."""
        scopes = self.scopes(own_calendar=own_calendar)
        return google_auth.mint(self._settings, mailbox=mailbox, scopes=scopes, now=now)

    def account(self, access: Secret, *, mailbox: str = "") -> str:
        """The id of the primary calendar is the person's address; not every scope shows it."""
        reply = ask(self._service(access).calendarList().get(calendarId="primary"))
        if 400 <= reply.status < 500 and reply.status not in (401, 429) and not reply.is_throttled:
            return mailbox
        if reply.status != 200:
            raise failure(reply)
        return str(reply.body.get("id") or mailbox)

    def create_calendar(
        self,
        access: Secret,
        *,
        name: str,
        marker: str,
        mailbox: str = "",  # noqa: ARG002 - the token says whose it is
        again: bool,
    ) -> tuple[str, str]:
        """A creation has nothing by which Google would know it again, but its description names the marker.

        It is looked for even the first time: an installation that lost its database made one before.
        """
        service = self._service(access)
        try:
            found = _marked_calendar(service, marker)
        except (NeedsConsent, CalendarGone, Refused):
            if again:
                raise
            found = None
        if found is not None:
            return found
        body = {"summary": name, "description": f"Kept by oncall-gitops, which writes over changes. {marker}"}
        reply = ask(service.calendars().insert(body=body))
        if reply.status != 200:
            raise failure(reply)
        if not (calendar_id := reply.body.get("id")):
            raise Unavailable("Google does not say which calendar it made")
        return str(calendar_id), str(reply.body.get("summary") or name)

    def calendar(self, access: Secret, place: CalendarPlace) -> GoogleCalendar:
        return GoogleCalendar(self._service(access).events(), place)

    def revoke(self, token: Secret) -> str:
        return google_auth.revoke(self._settings, token)

    def _service(self, access: Secret) -> Any:
        return open_service(self._settings.api_url, access, proxy=self._settings.proxy)


class GoogleCalendar:
    """One calendar; `events` is that resource of the service."""

    def __init__(self, events: Any, place: CalendarPlace) -> None:
        self._events = events
        self._calendar_id = place.calendar_id
        self._marker = place.marker
        self._timezone = ""
        self._sequences: dict[str, int] = {}

    def events(self, *, ending_after: Instant) -> list[ListedEvent]:
        found: list[ListedEvent] = []
        for reply in pages(
            self._events.list,
            calendarId=self._calendar_id,
            privateExtendedProperty=f"{MARKER}={self._marker}",
            timeMin=instant_text(ending_after),
            maxResults=LARGEST_PAGE,
        ):
            self._timezone = str(reply.body.get("timeZone") or "")
            listed = map(self._read, reply.items)
            found += [event for event in listed if event is not None and event.end > ending_after]
        return found

    def insert(self, wanted: WantedEvent, *, generation: int) -> ListedEvent | Burnt:
        body = event_body(self._marker, wanted, generation=generation)
        reply = ask(self._events.insert(calendarId=self._calendar_id, body=body))
        if reply.status == 409 and reply.reason != "conflict":
            reply = self._put(body)
            if _is_gone(reply):
                return Burnt()
        return self._written(reply, body, wanted, generation)

    def update(self, listed: ListedEvent, wanted: WantedEvent) -> ListedEvent | None:
        body = event_body(self._marker, wanted, generation=listed.generation)
        reply = self._put(body, listed)
        if _is_gone(reply):
            return None
        return self._written(reply, body, wanted, listed.generation)

    def delete(self, listed: ListedEvent) -> None:
        request = self._events.delete(calendarId=self._calendar_id, eventId=listed.remote_id)
        reply = ask(_if_still(request, listed))
        if reply.status not in (200, 404, 410):
            raise failure(reply)

    def _put(self, body: dict[str, Any], listed: ListedEvent | None = None) -> Reply:
        """Write an event that exists, if it still is as `listed`.

        Google counts how often an event was moved or deleted, and refuses a number below its own; to say none
        is to say 0. The listing tells it, but not of an event that somebody deleted.
        """
        sequence = self._sequences.get(body["id"], 0)
        reply = self._put_as(sequence, body, listed)
        if reply.status == 400:
            found = ask(self._events.get(calendarId=self._calendar_id, eventId=body["id"]))
            if (current := _sequence(found.body)) > sequence:
                return self._put_as(current, body, listed)
        return reply

    def _put_as(self, sequence: int, body: dict[str, Any], listed: ListedEvent | None) -> Reply:
        numbered = {**body, "sequence": sequence} if sequence else body
        request = self._events.update(calendarId=self._calendar_id, eventId=body["id"], body=numbered)
        return ask(_if_still(request, listed) if listed else request)

    def _written(
        self, reply: Reply, body: dict[str, Any], wanted: WantedEvent, generation: int
    ) -> ListedEvent:
        """The event as the answer shows it; as we wrote it, if the answer says too little."""
        if reply.status != 200:
            raise failure(reply)
        content = wanted.content
        return self._read(reply.body) or ListedEvent(
            wanted.key,
            generation,
            body["id"],
            str(reply.body.get("etag") or ""),
            content,
            content.start,
            content.end,
        )

    def _read(self, item: Any) -> ListedEvent | None:
        event = read_event(item, marker=self._marker, timezone=self._timezone)
        if event is not None:
            self._sequences[event.remote_id] = _sequence(item)
        return event


def _is_gone(reply: Reply) -> bool:
    """Whether writing an event that exists did not make it stand again."""
    stays_deleted = reply.body.get("status") == "cancelled"
    return reply.status in (404, 410) or reply.is_forbidden or stays_deleted


def _sequence(item: Mapping[str, Any]) -> int:
    number = item.get("sequence")
    return number if isinstance(number, int) else 0


def _if_still(request: Any, listed: ListedEvent) -> Any:
    """The request, to be carried out only if the event is as it was listed."""
    if listed.etag:
        request.headers["If-Match"] = listed.etag
    return request


def _marked_calendar(service: Any, marker: str) -> tuple[str, str] | None:
    """The calendar of ours whose description names the marker; the same one whenever there are several."""
    found = [
        (str(entry["id"]), str(entry.get("summary") or ""))
        for reply in pages(service.calendarList().list)
        for entry in reply.items
        if marker in str(entry.get("description")) and entry.get("id") and not entry.get("deleted")
    ]
    return min(found, default=None)
