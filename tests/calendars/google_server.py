"""A loopback Google: Calendar v3 with its token endpoints, for the real client library to talk to.

It keeps to what is known of the real one, and holds every request to Google's own description of the API: what
does not fit is answered 400 and noted in `violations`, which tests expect to stay empty.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count
from typing import Any

from oncall_gitops.core.model.instant import Instant, from_datetime, instant_text
from oncall_gitops.core.model.provider import GoogleSettings
from oncall_gitops.core.secret import Secret
from tests.calendars.google_events import FakeCalendar, Json, Refusal
from tests.calendars.google_schema import Method, method_of, misfits
from tests.calendars.google_tokens import CLIENT_ID, CLIENT_SECRET, FakeTokens, Grant
from tests.calendars.loopback import Answer, Loopback, Request, serving

SCOPES = "https://www.googleapis.com/auth/"
MADE_BY_US = SCOPES + "calendar.app.created"
LIST_CALENDARS = SCOPES + "calendar.calendarlist.readonly"
OWN_EVENTS = SCOPES + "calendar.events.owned"

_PAGE, _MOST = 250, 2500
_FULL_LIST_ONLY = {
    "iCalUID", "orderBy", "privateExtendedProperty", "q", "sharedExtendedProperty",
    "timeMin", "timeMax", "updatedMin",
}  # fmt: skip


@dataclass
class FakeGoogle:
    """`page_limit` makes pages shorter than asked for, as Google may. `sync_from` is the oldest synchronisation
    token that is still good."""

    tokens: FakeTokens = field(default_factory=FakeTokens)
    calendars: dict[str, FakeCalendar] = field(default_factory=dict)
    violations: list[str] = field(default_factory=list)
    page_limit: int = _MOST
    sync_from: int = 0
    version: count[int] = field(default_factory=lambda: count(1))
    lock: threading.RLock = field(default_factory=threading.RLock)
    loopback: Loopback = field(init=False)

    def reset(self) -> None:
        """As new: nobody has granted anything, nothing stands anywhere, nothing goes wrong."""
        self.tokens = FakeTokens()
        self.calendars.clear()
        self.violations.clear()
        self.page_limit, self.sync_from = _MOST, 0
        self.loopback.reset()

    def settings(self, **changes: Any) -> GoogleSettings:
        """What points the product here."""
        url = self.loopback.url
        values = {
            "client_id": CLIENT_ID,
            "client_secret": Secret(CLIENT_SECRET),
            "api_url": url,
            "token_url": f"{url}/token",
            "authorize_url": f"{url}/authorize",
            "revoke_url": f"{url}/revoke",
        }
        return GoogleSettings(**{**values, **changes})

    def add_calendar(self, owner: str, summary: str, *, by_app: bool = False, **rest: Any) -> FakeCalendar:
        calendar_id = f"c{next(self.version)}@group.calendar.google.com"
        return self._add(FakeCalendar(calendar_id, summary, owner, self.version, made_by_app=by_app, **rest))

    def primary(self, owner: str) -> FakeCalendar:
        """A person's own calendar, which everybody has; its id is their address."""
        return self.calendars.get(owner) or self._add(FakeCalendar(owner, owner, owner, self.version))

    def delete_calendar(self, calendar_id: str) -> None:
        del self.calendars[calendar_id]

    def events_of(self, owner: str) -> list[Json]:
        """Every event that stands in any calendar of a person."""
        return [
            event
            for calendar in self.calendars.values()
            if calendar.owner == owner
            for event in calendar.events.values()
            if event["status"] != "cancelled"
        ]

    def answer(self, request: Request) -> Answer:
        with self.lock:
            endpoints = {
                ("GET", "/authorize"): self.tokens.authorize,
                ("POST", "/token"): self.tokens.token,
                ("POST", "/revoke"): self.tokens.revoke,
            }
            if endpoint := endpoints.get((request.method, request.path)):
                return endpoint(request)
            try:
                return self._api(request)
            except Refusal as refusal:
                return google_error(refusal.status, refusal.reason, str(refusal))

    def _api(self, request: Request) -> Answer:
        if (found := method_of(request)) is None:
            self.violations.append(f"no such method: {request.method} {request.path}")
            raise Refusal(404, "notFound", "Not Found")
        method, path = found
        if wrong := list(misfits(method, request)):
            self.violations += [f"{method.id}: {misfit}" for misfit in wrong]
            raise Refusal(400, "invalid", wrong[0])
        grant = self._authorized(request, method)
        body, status = (
            _METHODS[method.id](self, grant, path, request),
            204 if method.verb == "DELETE" else 200,
        )
        return Answer(status, body)

    def _authorized(self, request: Request, method: Method) -> Grant:
        kind, _, token = (request.headers.get("Authorization") or "").partition(" ")
        grant = self.tokens.holder(token) if kind == "Bearer" else None
        if grant is None:
            raise Refusal(401, "authError", "Invalid Credentials")
        if not grant.scopes & method.scopes:
            message = "Request had insufficient authentication scopes."
            raise Refusal(403, "insufficientPermissions", message)
        return grant

    def _calendar(self, grant: Grant, path: dict[str, str]) -> FakeCalendar:
        """The calendar that a request names, if the grant reaches it."""
        if path["calendarId"] == "primary":
            return self.primary(grant.email)
        self.primary(grant.email)
        calendar = self.calendars.get(path["calendarId"])
        if calendar is None or calendar.owner != grant.email:
            raise Refusal(404, "notFound", "Not Found")
        wide = grant.scopes - {MADE_BY_US, LIST_CALENDARS}
        if not wide and not calendar.made_by_app:
            raise Refusal(404, "notFound", "Not Found")
        return calendar

    def _add(self, calendar: FakeCalendar) -> FakeCalendar:
        with self.lock:
            self.calendars[calendar.id] = calendar
        return calendar

    # The methods of the API.

    def list_events(self, grant: Grant, path: dict[str, str], request: Request) -> Json:
        calendar = self._calendar(grant, path)
        asked = dict(request.query)
        if len([name for name, _ in request.query if name == "privateExtendedProperty"]) > 1:
            self.violations.append(
                "privateExtendedProperty is given more than once: what that means is contested"
            )
        if int(asked.get("maxResults", _PAGE)) > _MOST:
            self.violations.append(f"maxResults is above {_MOST}")
        found = calendar.select(self._filter(calendar, asked))
        size = min(int(asked.get("maxResults", _PAGE)), self.page_limit, _MOST)
        first = self._page_start(asked)
        answer: Json = {
            "kind": "calendar#events",
            "etag": f'"{next(self.version)}"',
            "summary": calendar.summary,
            "timeZone": calendar.timezone,
            "accessRole": "owner",
            "defaultReminders": [{"method": "popup", "minutes": 10}],
            "items": [calendar.shown(event) for event in found[first : first + size]],
        }
        if first + size < len(found):
            return {**answer, "nextPageToken": f"page-{first + size}"}
        return {**answer, "nextSyncToken": f"sync-{next(self.version)}"}

    def _filter(self, calendar: FakeCalendar, asked: dict[str, str]) -> Callable[[Json], bool]:
        since = self._sync_start(asked)
        deleted = since is not None or asked.get("showDeleted") == "true"
        key, _, value = asked.get("privateExtendedProperty", "").partition("=")
        lower, upper = (_instant(asked.get(name)) for name in ("timeMin", "timeMax"))

        def keep(event: Json) -> bool:
            start, end = calendar.bounds(event)
            private = event.get("extendedProperties", {}).get("private", {})
            return (
                (deleted or event["status"] != "cancelled")
                and (since is None or event["_version"] > since)
                and (not key or private.get(key) == value)
                and (lower is None or end > lower)
                and (upper is None or start < upper)
            )

        return keep

    def _sync_start(self, asked: dict[str, str]) -> int | None:
        if "syncToken" not in asked:
            return None
        if asked.keys() & _FULL_LIST_ONLY:
            raise Refusal(400, "badRequest", "Sync token cannot be used with other query restrictions.")
        kind, _, number = asked["syncToken"].partition("-")
        if kind != "sync" or int(number) < self.sync_from:
            raise Refusal(410, "fullSyncRequired", "Sync token is no longer valid, a full sync is required.")
        return int(number)

    def _page_start(self, asked: dict[str, str]) -> int:
        kind, _, number = asked.get("pageToken", "page-0").partition("-")
        if kind != "page" or not number.isdecimal():
            raise Refusal(400, "invalid", "Invalid page token value.")
        return int(number)

    def get_event(self, grant: Grant, path: dict[str, str], request: Request) -> Json:
        calendar = self._calendar(grant, path)
        return calendar.shown(calendar.get(path["eventId"]))

    def insert_event(self, grant: Grant, path: dict[str, str], request: Request) -> Json:
        calendar = self._calendar(grant, path)
        return calendar.shown(calendar.insert(request.json))

    def put_event(self, grant: Grant, path: dict[str, str], request: Request) -> Json:
        calendar = self._calendar(grant, path)
        return calendar.shown(calendar.put(path["eventId"], request.json, request.headers.get("If-Match")))

    def patch_event(self, grant: Grant, path: dict[str, str], request: Request) -> Json:
        calendar = self._calendar(grant, path)
        return calendar.shown(calendar.patch(path["eventId"], request.json, request.headers.get("If-Match")))

    def delete_event(self, grant: Grant, path: dict[str, str], request: Request) -> None:
        self._calendar(grant, path).delete(path["eventId"], request.headers.get("If-Match"))

    def insert_calendar(self, grant: Grant, path: dict[str, str], request: Request) -> Json:
        body = request.json
        rest = {"description": body.get("description", ""), "timezone": body.get("timeZone", "UTC")}
        return _calendar_shown(self.add_calendar(grant.email, body["summary"], by_app=True, **rest))

    def get_calendar(self, grant: Grant, path: dict[str, str], request: Request) -> Json:
        return _calendar_shown(self._calendar(grant, path))

    def remove_calendar(self, grant: Grant, path: dict[str, str], request: Request) -> None:
        calendar = self._calendar(grant, path)
        if calendar.id == grant.email:
            raise Refusal(403, "forbidden", "The primary calendar cannot be deleted.")
        self.delete_calendar(calendar.id)

    def list_calendars(self, grant: Grant, path: dict[str, str], request: Request) -> Json:
        self.primary(grant.email)
        asked = dict(request.query)
        mine = [calendar for calendar in self.calendars.values() if calendar.owner == grant.email]
        first, size = self._page_start(asked), min(int(asked.get("maxResults", 100)), self.page_limit, 250)
        answer: Json = {
            "kind": "calendar#calendarList",
            "items": [_listed(calendar) for calendar in mine[first : first + size]],
        }
        if first + size < len(mine):
            return {**answer, "nextPageToken": f"page-{first + size}"}
        return {**answer, "nextSyncToken": f"sync-{next(self.version)}"}

    def get_listed_calendar(self, grant: Grant, path: dict[str, str], request: Request) -> Json:
        return _listed(self._calendar(grant, path))


_METHODS: dict[str, Callable[[FakeGoogle, Grant, dict[str, str], Request], Json | None]] = {
    "calendar.events.list": FakeGoogle.list_events,
    "calendar.events.get": FakeGoogle.get_event,
    "calendar.events.insert": FakeGoogle.insert_event,
    "calendar.events.update": FakeGoogle.put_event,
    "calendar.events.patch": FakeGoogle.patch_event,
    "calendar.events.delete": FakeGoogle.delete_event,
    "calendar.calendars.insert": FakeGoogle.insert_calendar,
    "calendar.calendars.get": FakeGoogle.get_calendar,
    "calendar.calendars.delete": FakeGoogle.remove_calendar,
    "calendar.calendarList.list": FakeGoogle.list_calendars,
    "calendar.calendarList.get": FakeGoogle.get_listed_calendar,
}


@dataclass(frozen=True)
class GooglePerson:
    """The owner of a calendar, who uses it in the browser (see `contract.Person`)."""

    google: FakeGoogle
    calendar: FakeCalendar

    def edit(self, remote_id: str, *, summary: str) -> None:
        self._patch(remote_id, {"summary": summary})

    def move(self, remote_id: str, *, start: Instant, end: Instant) -> None:
        zone = self.calendar.events[remote_id]["start"].get("timeZone")
        times = {
            name: {"dateTime": instant_text(value), "timeZone": zone}
            for name, value in (("start", start), ("end", end))
        }
        self._patch(remote_id, times)

    def mark_busy(self, remote_id: str) -> None:
        self._patch(remote_id, {"transparency": "opaque"})

    def use_default_reminders(self, remote_id: str) -> None:
        self._patch(remote_id, {"reminders": {"useDefault": True}})

    def delete(self, remote_id: str) -> None:
        with self.google.lock:
            self.calendar.delete(remote_id, None)

    def restore(self, remote_id: str) -> None:
        """Out of the bin, back to its place."""
        with self.google.lock:
            self.calendar.put(remote_id, {**self.calendar.get(remote_id), "status": "confirmed"}, None)

    def purge(self, remote_id: str) -> None:
        with self.google.lock:
            self.calendar.purge(remote_id)

    def copy(self, remote_id: str) -> str:
        """Everything in it goes along, the private properties too; the id does not."""
        with self.google.lock:
            event = {key: value for key, value in self.calendar.get(remote_id).items() if key != "id"}
            return str(self.calendar.insert(event)["id"])

    def add(self, *, summary: str, start: Instant, end: Instant) -> str:
        times = {name: {"dateTime": instant_text(value)} for name, value in (("start", start), ("end", end))}
        with self.google.lock:
            return str(self.calendar.insert({"summary": summary, "location": "here", **times})["id"])

    def look(self, remote_id: str) -> object | None:
        with self.google.lock:
            event = self.calendar.events.get(remote_id, {"status": "cancelled"})
            return json.dumps(event, sort_keys=True) if event["status"] != "cancelled" else None

    def _patch(self, remote_id: str, body: Json) -> None:
        with self.google.lock:
            self.calendar.patch(remote_id, body, None)


@contextmanager
def google_serving(**options: Any) -> Iterator[FakeGoogle]:
    """A running fake, whose server is its `loopback`."""
    fake = FakeGoogle()
    with serving(fake.answer, **options) as loopback:
        fake.loopback = loopback
        yield fake


def google_error(status: int, reason: str, message: str = "", **headers: str) -> Answer:
    """An error as the API words it; its `status`, `body` and `headers` also make a `Fault`."""
    detail = {"domain": "global", "reason": reason, "message": message or reason}
    body = {"error": {"errors": [detail], "code": status, "message": message or reason}}
    return Answer(status, body, tuple((name.replace("_", "-"), value) for name, value in headers.items()))


def _calendar_shown(calendar: FakeCalendar) -> Json:
    shown = {"kind": "calendar#calendar", "etag": '"1"', "id": calendar.id, "summary": calendar.summary}
    described = {"description": calendar.description} if calendar.description else {}
    return {**shown, **described, "timeZone": calendar.timezone}


def _listed(calendar: FakeCalendar) -> Json:
    primary = {"primary": True} if calendar.id == calendar.owner else {}
    return {
        **_calendar_shown(calendar),
        "kind": "calendar#calendarListEntry",
        "accessRole": "owner",
        **primary,
    }


def _instant(text: str | None) -> Instant | None:
    return None if text is None else from_datetime(datetime.fromisoformat(text))
