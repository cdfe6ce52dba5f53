"""What we ask of a provider; `google.py` and `microsoft.py` are the two that exist.

Every call of a calendar is one request where all is well, answers or raises one of `failures.py`, and may be
repeated: a call whose answer was lost leaves nothing behind that the next listing does not show.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from oncall_gitops.core.model.calendar import ListedEvent, WantedEvent
from oncall_gitops.core.model.instant import Instant
from oncall_gitops.core.model.provider import Tokens
from oncall_gitops.core.secret import Secret


@dataclass(frozen=True, slots=True)
class CalendarPlace:
    """Where a person's events go. `mailbox` is an e-mail address where an organisation's grant acts for the
    person, else empty: the token says who it is."""

    calendar_id: str
    marker: str
    mailbox: str = ""


class ProviderApi(Protocol):
    """One provider with this installation's settings. Safe for several threads."""

    @property
    def client(self) -> str:
        """Our client's id at the provider: what stays the same when a database is lost. Empty if none is set."""
        ...

    def scopes(self, *, own_calendar: bool) -> tuple[str, ...]:
        """The least scopes that a person must grant: to keep a calendar that we make, or an existing one."""
        ...

    def refresh(self, refresh: Secret, *, now: Instant) -> Tokens:
        """New tokens for a person's refresh token. NeedsConsent if it is dead."""
        ...

    def mint(self, *, mailbox: str, now: Instant, own_calendar: bool = True) -> Tokens:
        """A token by an organisation's grant, for a calendar that we make or an existing one. NeedsConsent, with
        the setting's name, if there is none."""
        ...

    def account(self, access: Secret, *, mailbox: str = "") -> str:
        """Whose calendars the token opens, as an address; empty if the scopes do not tell."""
        ...

    def create_calendar(
        self, access: Secret, *, name: str, marker: str, mailbox: str = "", again: bool
    ) -> tuple[str, str]:
        """Make a calendar of our own; its id and name. `again` says that an earlier try may have had its effect:
        then one that this marker made is found and taken."""
        ...

    def calendar(self, access: Secret, place: CalendarPlace) -> RemoteCalendar:
        """Open a calendar; no call is made."""
        ...

    def revoke(self, token: Secret) -> str:
        """Take the grant back where the provider lets us; a sentence for the person on what is left to do, or
        an empty text."""
        ...


@dataclass(frozen=True, slots=True)
class Burnt:
    """This generation of a key cannot be used any more: its id is taken for ever. Try the next one."""


class RemoteCalendar(Protocol):
    """One calendar of one person, in which events that carry our marker are ours. Not for several threads."""

    def events(self, *, ending_after: Instant) -> list[ListedEvent]:
        """Our events that end after this instant, all pages. What merely looks like ours is not among them:
        a person's copy of an event of ours carries the marker too, and is theirs."""
        ...

    def insert(self, wanted: WantedEvent, *, generation: int) -> ListedEvent | Burnt:
        """Make the event. If this generation exists already (an earlier call whose answer was lost, or an event
        that somebody deleted), it is brought back with the wanted content; Burnt if that cannot be done."""
        ...

    def update(self, listed: ListedEvent, wanted: WantedEvent) -> ListedEvent | None:
        """Write the wanted content over our event; None if it is gone. Changed if it is not as listed."""
        ...

    def delete(self, listed: ListedEvent) -> None:
        """Remove our event; one that is gone already is no error. Changed if it is not as listed."""
        ...
