"""Microsoft Graph v1.0 and its sign-in service on loopback, as faithful as their documents and users tell.

What the documents leave open, and what differs between mailboxes, is an option. Whatever a client does that the
service would refuse, or that only works by luck, is recorded in `violations`; tests assert that there are none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from urllib.parse import quote, unquote, urlencode

from tests.calendars.entra import Entra, Grant
from tests.calendars.graph_events import Calendar, Event, Mailbox
from tests.calendars.graph_schema import mistakes
from tests.calendars.loopback import Answer, Loopback, Request, serving

_FILTER = re.compile(
    r"singleValueExtendedProperties/any\(ep: ep/id eq '((?:[^']|'')*)' and ep/value eq '((?:[^']|'')*)'\)",
    re.IGNORECASE,
)
_EXPAND = re.compile(r"singleValueExtendedProperties\(\$filter=((?:id eq '[^']*'(?: or )?)+)\)")
_EVENTS = re.compile(r"/calendars/([^/]+)/events(?:/([^/]+))?")


class Refusal(Exception):
    """An error in Graph's own form."""

    def __init__(self, status: int, code: str, message: str = "", **more: Any) -> None:
        super().__init__(code)
        inner = {"request-id": "00000000-0000-0000-0000-000000000000", "date": "2026-11-23T00:00:00"}
        error = {"code": code, "message": message or code, "innerError": inner, **more}
        self.answer = Answer(status, {"error": error})


class Prefer(NamedTuple):
    immutable: bool
    zone: str
    as_text: bool


@dataclass
class GraphServer:
    """`answer` is the whole service.

    `duplicate` is the status of a repeated creation; `names_event` whether that answer tells which event it was;
    `forgets` whether a deletion frees the transaction id. `only_html` answers HTML whatever was preferred.
    `tells_transactions` shows transaction ids in answers. `honours_etags` looks at If-Match. `bin_answers` lets
    an event in the bin answer to its id. `page` is the most items of a page. `fenced` are mailboxes that an
    organisation keeps from applications.
    """

    duplicate: int = 409
    names_event: bool = False
    forgets: bool = False
    only_html: bool = False
    tells_transactions: bool = True
    honours_etags: bool = True
    bin_answers: bool = False
    page: int = 1000
    fenced: set[str] = field(default_factory=set)
    entra: Entra = field(default_factory=Entra)
    mailboxes: dict[str, Mailbox] = field(default_factory=dict)
    violations: list[str] = field(default_factory=list)
    url: str = ""

    def mailbox(self, address: str) -> Mailbox:
        """Somebody's mailbox, made if they have none."""
        return self.mailboxes.setdefault(address.lower(), Mailbox(address))

    def answer(self, request: Request) -> Answer:
        if not request.path.startswith("/v1.0/"):
            return self.entra.answer(request)
        try:
            return self._graph(request)
        except Refusal as refusal:
            return refusal.answer

    def _graph(self, request: Request) -> Answer:
        scheme, _, token = (request.headers.get("Authorization") or "").partition(" ")
        grant = self.entra.grants.get(token) if scheme == "Bearer" else None
        if grant is None or not grant.alive:
            raise Refusal(
                401, "InvalidAuthenticationToken", "Lifetime validation failed, the token is expired."
            )
        mailbox, rest = self._mailbox(request.path.removeprefix("/v1.0"), grant)
        prefer = self._prefer(request)
        if rest == "" and request.method == "GET":
            if not grant.has("User.Read"):
                raise Refusal(403, "Authorization_RequestDenied")
            return Answer(200, {"mail": mailbox.address, "userPrincipalName": mailbox.address})
        if not grant.has("Calendars.ReadWrite") or mailbox.address in self.fenced:
            raise Refusal(403, "ErrorAccessDenied", "Access is denied. Check credentials and try again.")
        if rest == "/calendars":
            return self._calendars(request, mailbox)
        if rest.endswith("/calendarView"):
            raise Refusal(500 if request.only("$filter") else 400, "ErrorInternalServerError")
        if found := _EVENTS.fullmatch(rest):
            calendar = mailbox.calendars.get(unquote(found[1]))
            if calendar is None:
                raise Refusal(404, "ErrorItemNotFound", "The specified object was not found in the store.")
            if found[2] is None:
                return self._events(request, mailbox, calendar, prefer)
            return self._event(request, mailbox, calendar, unquote(found[2]), prefer)
        self.violations.append(f"{request.method} {rest}: no such resource")
        raise Refusal(400, "BadRequest", f"Resource not found for the segment {rest!r}.")

    def _mailbox(self, path: str, grant: Grant) -> tuple[Mailbox, str]:
        """Whose mailbox a path names, and the rest of the path."""
        if path == "/me" or path.startswith("/me/"):
            if grant.account is None:
                raise Refusal(
                    400, "BadRequest", "/me request is only valid with delegated authentication flow."
                )
            return self.mailbox(grant.account), path.removeprefix("/me")
        _, users, who, *rest = [*path.split("/"), "", ""]
        address = unquote(who).lower()
        if users != "users" or (grant.account is not None and grant.account.lower() != address):
            raise Refusal(403, "ErrorAccessDenied", "Access is denied.")
        if address not in self.mailboxes:
            raise Refusal(404, "ErrorInvalidUser", f"The requested user '{address}' is invalid.")
        return self.mailboxes[address], "/".join(["", *rest]).rstrip("/")

    def _prefer(self, request: Request) -> Prefer:
        said = ", ".join(request.headers.get_all("Prefer") or [])
        zone = re.search(r'outlook\.timezone="([^"]*)"', said)
        immutable = 'IdType="ImmutableId"' in said
        if not immutable:
            self.violations.append(f"{request.method} {request.path}: ids that do not stay")
        text = 'outlook.body-content-type="text"' in said and not self.only_html
        return Prefer(immutable, zone[1] if zone else "UTC", text)

    def _calendars(self, request: Request, mailbox: Mailbox) -> Answer:
        if request.method == "GET":
            return self._paged(request, [calendar.shown() for calendar in mailbox.calendars.values()])
        body = request.json
        if (
            request.method != "POST"
            or not isinstance(body, dict)
            or not set(body) <= {"name", "color", "hexColor"}
        ):
            self.violations.append(f"{request.method} {request.path}: {body!r}")
            raise Refusal(400, "RequestBodyRead")
        name = str(body.get("name", ""))
        if any(calendar.name.lower() == name.lower() for calendar in mailbox.calendars.values()):
            raise Refusal(409, "ErrorFolderExists", "A folder with the specified name already exists.")
        return Answer(201, mailbox.add_calendar(name).shown())

    def _events(self, request: Request, mailbox: Mailbox, calendar: Calendar, prefer: Prefer) -> Answer:
        if request.method == "POST":
            return self._create(request, mailbox, calendar, prefer)
        if request.method != "GET":
            raise Refusal(405, "MethodNotAllowed")
        events, expanded = list(calendar.events.values()), self._expanded(request)
        if said := request.only("$filter"):
            found = _FILTER.fullmatch(said)
            if found is None:
                self.violations.append(f"$filter: {said}")
                raise Refusal(
                    400, "ErrorInvalidUrlQueryFilter", "The query filter contains one or more invalid nodes."
                )
            name, value = (text.replace("''", "'") for text in found.groups())
            events = [one for one in events if _has(one, name, value)]
        return self._paged(request, [self._shown(event, prefer, expanded) for event in events])

    def _create(self, request: Request, mailbox: Mailbox, calendar: Calendar, prefer: Prefer) -> Answer:
        body = request.json
        self._checked(request, body, new=True)
        transaction = body.get("transactionId")
        if transaction and (existing := mailbox.used.get(transaction)):
            more = {"@event.existingEventId": existing} if self.names_event else {}
            message = "The TransactionId has already been used to create a different event."
            raise Refusal(self.duplicate, "ErrorDuplicateTransactionId", message, **more)
        event = Event.made(body)
        calendar.events[event.id] = event
        if transaction:
            mailbox.used[transaction] = event.id
        return Answer(201, self._shown(event, prefer, ()))

    def _event(
        self, request: Request, mailbox: Mailbox, calendar: Calendar, event_id: str, prefer: Prefer
    ) -> Answer:
        event = calendar.events.get(event_id)
        if event is None and self.bin_answers and request.method in ("GET", "PATCH"):
            event = mailbox.bin.get(event_id)
        if event is None:
            raise Refusal(404, "ErrorItemNotFound", "The specified object was not found in the store.")
        if request.method == "GET":
            return Answer(200, self._shown(event, prefer, self._expanded(request)))
        expected = request.headers.get("If-Match")
        if self.honours_etags and expected not in (None, "*", event.etag):
            raise Refusal(
                412, "ErrorIrresolvableConflict", "The send or update operation could not be performed."
            )
        if request.method == "DELETE":
            self.bin_event(mailbox, event_id)
            return Answer(204)
        if request.method != "PATCH":
            raise Refusal(405, "MethodNotAllowed")
        self._checked(request, request.json, new=False)
        event.write(request.json)
        return Answer(200, self._shown(event, prefer, ()))

    def bin_event(self, mailbox: Mailbox, event_id: str) -> None:
        calendar = mailbox.holder(event_id)
        assert calendar is not None, "no such event"
        binned = mailbox.bin[event_id] = calendar.events.pop(event_id)
        binned.write({})  # being moved changes it
        if self.forgets:
            mailbox.used = {key: value for key, value in mailbox.used.items() if value != event_id}

    def _checked(self, request: Request, body: Any, *, new: bool) -> None:
        if found := mistakes(body, new=new):
            self.violations += [f"{request.method} {request.path}: {mistake}" for mistake in found]
            raise Refusal(400, "RequestBodyRead", found[0])

    def _expanded(self, request: Request) -> tuple[str, ...]:
        said = request.only("$expand")
        if said is None:
            return ()
        found = _EXPAND.fullmatch(said)
        if found is None:
            self.violations.append(f"$expand: {said}")
            raise Refusal(400, "BadRequest", "Parsing OData Select and Expand failed.")
        return tuple(re.findall(r"id eq '([^']*)'", found[1]))

    def _shown(self, event: Event, prefer: Prefer, expanded: tuple[str, ...]) -> dict[str, Any]:
        shown = event.shown(zone=prefer.zone, as_text=prefer.as_text, expanded=expanded)
        if not self.tells_transactions:
            del shown["transactionId"]
        return shown

    def _paged(self, request: Request, items: list[dict[str, Any]]) -> Answer:
        top, skip = int(request.only("$top") or 10), int(request.only("$skip") or 0)
        if not 1 <= top <= 1000:
            self.violations.append(f"$top: {top}")
            raise Refusal(400, "BadRequest", "Invalid value for $top.")
        if names := request.only("$select"):
            kept = {"@odata.etag", "id", "singleValueExtendedProperties", *names.split(",")}
            items = [{name: value for name, value in item.items() if name in kept} for item in items]
        end = skip + min(top, self.page)
        body: dict[str, Any] = {"@odata.context": f"{self.url}/v1.0/$metadata", "value": items[skip:end]}
        if end < len(items):
            query = {**dict(request.query), "$skip": str(end)}
            body["@odata.nextLink"] = f"{self.url}{request.path}?{urlencode(query, quote_via=quote)}"
        return Answer(200, body)


def _has(event: Event, name: str, value: str) -> bool:
    """The name of a property counts in its very letters; of its value the case does not count."""
    return any(
        key.partition("} ")[2] == name.partition("} ")[2]
        and key.lower() == name.lower()
        and held.lower() == value.lower()
        for key, held in event.properties.items()
    )


@contextmanager
def serving_graph(**options: Any) -> Iterator[tuple[GraphServer, Loopback]]:
    """A running service; `url` of either is its address."""
    server = GraphServer(**options)
    with serving(server.answer) as loopback:
        server.url = server.entra.url = loopback.url
        yield server, loopback
