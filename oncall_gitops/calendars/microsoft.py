"""Microsoft's calendars: Graph v1.0 over plain HTTP, with tokens from MSAL.

Graph chooses the ids of events itself, so that a creation whose answer was lost cannot be repeated under the
same id. What makes it safe is the event's `transactionId`: the service refuses a second creation under one.
"""

from __future__ import annotations

from threading import Lock
from urllib.parse import quote

from oncall_gitops.calendars.failures import (
    CalendarFailure,
    CalendarGone,
    Changed,
    Throttled,
    Unauthorized,
    Unavailable,
)
from oncall_gitops.calendars.microsoft_auth import Authority, person_scope
from oncall_gitops.calendars.microsoft_events import (
    KEY_PROPERTY,
    MARKER_PROPERTY,
    Json,
    changed_event,
    etag_of,
    new_event,
    owned,
)
from oncall_gitops.calendars.microsoft_graph import Call, Duplicate, Exists, Gone, Graph
from oncall_gitops.calendars.protocol import Burnt, CalendarPlace, RemoteCalendar
from oncall_gitops.core.model.calendar import ListedEvent, WantedEvent
from oncall_gitops.core.model.instant import Instant
from oncall_gitops.core.model.provider import MicrosoftSettings, Tokens
from oncall_gitops.core.secret import Secret

SCOPE = "Calendars.ReadWrite"
"""Delegated; there is no narrower one that may write. MSAL adds `offline_access`, for a refresh token."""

EARLY = 300
"""A minted token is used until this many seconds before it expires."""

PAGE = 999
"""So many events at once that a calendar is nearly always one request. Graph's most is 1000 for what is in a
mailbox and 999 for most else."""


class Microsoft:
    """The provider (`ProviderApi`) with one installation's settings. Safe for several threads."""

    def __init__(self, settings: MicrosoftSettings) -> None:
        self._settings = settings
        self._authority = Authority(settings)
        self._graph = Graph(settings, self._forget)
        self._minted: Tokens | None = None
        self._minting = Lock()

    @property
    def client(self) -> str:
        return self._settings.client_id

    def scopes(self, *, own_calendar: bool) -> tuple[str, ...]:  # noqa: ARG002 # the same for both
        """Graph has no scope for calendars of our own making alone."""
        return (person_scope(self._settings, SCOPE),)

    def refresh(self, refresh: Secret, *, now: Instant) -> Tokens:
        return self._authority.refresh(refresh, scopes=self.scopes(own_calendar=True), now=now)

    def mint(
        self,
        *,
        mailbox: str,  # noqa: ARG002 # the path names the mailbox
        now: Instant,
        own_calendar: bool = True,  # noqa: ARG002 # the same grant for both
    ) -> Tokens:
        """One token opens every mailbox of the organisation, so one is kept in memory until it expires."""
        with self._minting:
            if self._minted is None or self._minted.expires_at - EARLY <= now:
                self._minted = self._authority.mint(now=now)
            return self._minted

    def account(self, access: Secret, *, mailbox: str = "") -> str:
        """The owner of the main calendar, which is what the one scope that we ask for lets us see."""
        try:
            for calendar in self._graph.pages(access, Call("GET", f"{_person(mailbox)}/calendars")):
                if calendar.get("isDefaultCalendar"):
                    return str((calendar.get("owner") or {}).get("address") or mailbox)
        except (Unauthorized, Throttled, Unavailable):
            raise
        except CalendarFailure:
            return mailbox
        return mailbox

    def create_calendar(
        self,
        access: Secret,
        *,
        name: str,
        marker: str,  # noqa: ARG002 # calendars have no place for it
        mailbox: str = "",
        again: bool,
    ) -> tuple[str, str]:
        """A mailbox has one calendar of a name, so the name finds the one that an earlier try made.

        It may be the person's own: that does no harm, since what is not ours in it is never touched and a
        calendar is never deleted.
        """
        calendars = f"{_person(mailbox)}/calendars"
        if again and (found := self._calendar_named(access, calendars, name)):
            return found
        try:
            made = self._graph(access, Call("POST", calendars, body={"name": name}))
        except Exists:
            if found := self._calendar_named(access, calendars, name):
                return found
            raise Unavailable("Microsoft has a calendar of this name and does not show it") from None
        if not made.get("id"):
            raise Unavailable("Microsoft made a calendar and did not say which")
        return str(made["id"]), str(made.get("name") or name)

    def calendar(self, access: Secret, place: CalendarPlace) -> RemoteCalendar:
        return GraphCalendar(self._graph, access, place)

    def revoke(self, token: Secret) -> str:  # noqa: ARG002 # no call takes one
        """Microsoft can only sign a person out of everything at once, which is not ours to do."""
        return (
            "Microsoft has no call that takes one application's consent back. The tokens here are erased; to"
            " remove the consent too, open https://myapps.microsoft.com (work or school) or"
            " https://account.microsoft.com/privacy/app-access (personal) and remove the application there."
        )

    def _forget(self, access: Secret) -> None:
        """A minted token that the service does not accept is not used again."""
        with self._minting:
            if self._minted is not None and self._minted.access == access:
                self._minted = None

    def _calendar_named(self, access: Secret, calendars: str, name: str) -> tuple[str, str] | None:
        """Names of calendars do not differ in case alone."""
        for calendar in self._graph.pages(access, Call("GET", calendars)):
            if str(calendar.get("name", "")).casefold() == name.casefold() and calendar.get("id"):
                return str(calendar["id"]), str(calendar["name"])
        return None


class GraphCalendar:
    """One calendar of one person (`RemoteCalendar`)."""

    def __init__(self, graph: Graph, access: Secret, place: CalendarPlace) -> None:
        self._graph = graph
        self._access = access
        self._marker = place.marker
        self._path = f"{_person(place.mailbox)}/calendars/{_segment(place.calendar_id)}/events"

    def events(self, *, ending_after: Instant) -> list[ListedEvent]:
        """The service filters by our marker only, not by time: what has ended is left out here. Views of a
        calendar by time (`calendarView`) fail with such a filter."""
        return [event for event in self._owned() if event.end > ending_after]

    def insert(self, wanted: WantedEvent, *, generation: int) -> ListedEvent | Burnt:
        """Whether a refused repetition stands or was deleted, only the listing can tell: an event in the bin, or
        moved to another calendar, still answers to its id."""
        body = new_event(wanted, marker=self._marker, generation=generation)
        try:
            made = self._graph(self._access, Call("POST", self._path, body=body))
        except Duplicate:
            return self._adopt(wanted, generation) or Burnt()
        except Gone:
            raise CalendarGone("the calendar is not there any more") from None
        except Exists:
            raise Unavailable("Microsoft Graph could not create the event now (409)") from None
        if not made.get("id"):
            raise Unavailable("Microsoft made an event and did not say which")
        return _written(str(made["id"]), made, wanted, generation)

    def update(self, listed: ListedEvent, wanted: WantedEvent) -> ListedEvent | None:
        body = changed_event(wanted, marker=self._marker, generation=listed.generation)
        try:
            changed = self._graph(
                self._access, Call("PATCH", self._event(listed), body=body, etag=listed.etag)
            )
        except Gone:
            return None
        except Exists:
            raise Changed("the event is being changed by somebody else (409)") from None
        return _written(listed.remote_id, changed, wanted, listed.generation)

    def delete(self, listed: ListedEvent) -> None:
        try:
            self._graph(self._access, Call("DELETE", self._event(listed), etag=listed.etag))
        except Gone:
            return
        except Exists:
            raise Changed("the event is being changed by somebody else (409)") from None

    def _owned(self) -> list[ListedEvent]:
        query = {
            "$filter": f"singleValueExtendedProperties/Any(ep: ep/id eq '{MARKER_PROPERTY}'"
            f" and ep/value eq '{self._marker}')",
            "$expand": f"singleValueExtendedProperties($filter=id eq '{KEY_PROPERTY}')",
            "$top": str(PAGE),
        }
        try:
            found = list(self._graph.pages(self._access, Call("GET", self._path, query)))
            return owned(found, marker=self._marker)
        except Gone:
            raise CalendarGone("the calendar is not there any more") from None
        except (KeyError, TypeError, ValueError):
            raise Unavailable("Microsoft Graph listed an event that is none") from None

    def _adopt(self, wanted: WantedEvent, generation: int) -> ListedEvent | None:
        """The event that stands under this name already, with the wanted content; None if none does."""
        for listed in self._owned():
            if (listed.key, listed.generation) == (wanted.key, generation):
                return listed if listed.content == wanted.content else self.update(listed, wanted)
        return None

    def _event(self, listed: ListedEvent) -> str:
        return f"{self._path}/{_segment(listed.remote_id)}"


def _written(remote_id: str, answer: Json, wanted: WantedEvent, generation: int) -> ListedEvent:
    """The event as it stands after a write that succeeded."""
    content = wanted.content
    return ListedEvent(
        wanted.key, generation, remote_id, etag_of(answer), content, content.start, content.end
    )


def _person(mailbox: str) -> str:
    """Whose calendars: the token's owner's, or with an organisation's grant those of an address."""
    return f"/users/{_segment(mailbox)}" if mailbox else "/me"


def _segment(name: str) -> str:
    return quote(name, safe="=@")
