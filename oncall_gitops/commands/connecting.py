"""What `calendar connect` does, step by step: tokens, whose they are, the row, the calendar.

Everything that must survive a crash is committed before the next step relies on it: the consent before the
calendar is asked for, the request for a calendar before it is made, the calendar's id after. A worker that
finds a connection whose `connect` died in between goes on from there.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from uuid import uuid4

import click

from oncall_gitops.commands.consenting import Way, ask_person, tokens_from_file
from oncall_gitops.core.errors import OncallError
from oncall_gitops.core.model.calendar import CalendarSync, Provider
from oncall_gitops.core.model.instant import Instant
from oncall_gitops.core.model.provider import Tokens

if TYPE_CHECKING:
    from oncall_gitops.calendars.protocol import ProviderApi
    from oncall_gitops.calendars.tokens import KeyRing
    from oncall_gitops.store.connections import Person
    from oncall_gitops.store.database import Database

NEARLY_EXPIRED = 60


@dataclass(frozen=True, slots=True)
class Wish:
    """What was asked for. `calendar_id` is an existing calendar to use in place of one of our own."""

    provider: Provider
    way: Way
    calendar_id: str | None = None
    token_file: str | None = None
    replaces_account: bool = False


@dataclass(frozen=True, slots=True)
class Connected:
    """What came of it. `left` is the account that was left behind, `switched` the calendar that was."""

    person: Person
    account: str
    calendar_id: str | None
    calendar_name: str
    is_new: bool
    ends: bool
    switched: str = ""
    left: str = ""


@dataclass(frozen=True, slots=True)
class Connecting:
    """One connection on its way."""

    database: Database
    api: ProviderApi
    keys: KeyRing
    wish: Wish
    now: Instant
    person: Person
    before: CalendarSync | None
    marker: str

    def connect(self) -> Connected:
        """Get the tokens, store them, see to the calendar."""
        with nothing_connected():
            tokens = self._whose(self._usable(self._tokens()))
        left = self._account_left(tokens.account)
        row_id = self.before.id if self.before else str(uuid4())
        epoch = self._store(tokens, row_id, is_new=self.before is None, leaves=bool(left))
        known = replace(self.before, calendar_id=None) if self.before and left else self.before
        done = Connected(
            person=self.person,
            account=tokens.account or (self.before.account if self.before else ""),
            calendar_id=known.calendar_id if known else None,
            calendar_name=known.calendar_name if known and known.calendar_id else "",
            is_new=self.before is None,
            ends=self.person.is_gone,
            left=left,
        )
        if self.person.is_gone or (done.calendar_id and self.wish.calendar_id in (None, done.calendar_id)):
            self._release(row_id, epoch)
            return done
        calendar_id, name = self._calendar(tokens, row_id, epoch)
        return replace(done, calendar_id=calendar_id, calendar_name=name, switched=done.calendar_id or "")

    @property
    def _mailbox(self) -> str:
        return self.person.email if self.wish.way == "organisation" else ""

    @property
    def _own_calendar(self) -> bool:
        """Whether the calendar is, or will be, one that we made."""
        keeps = self.before is not None and bool(self.before.calendar_id) and not self.before.owns_calendar
        return not (self.wish.calendar_id or keeps)

    def _needed(self) -> tuple[str, ...]:
        return self.api.scopes(own_calendar=self._own_calendar)

    def _tokens(self) -> Tokens:
        match self.wish.way:
            case "organisation":
                return self.api.mint(mailbox=self.person.email, now=self.now, own_calendar=self._own_calendar)
            case "file":
                return tokens_from_file(self.wish.token_file or "-")
            case _:
                return ask_person(self.wish.provider, self.wish.way, scopes=self._needed(), now=self.now)

    def _usable(self, tokens: Tokens) -> Tokens:
        """With all the scopes that we need, and not expired."""
        from oncall_gitops.calendars.scopes import missing_scopes

        if self.wish.way == "organisation":
            return tokens
        if missing := missing_scopes(needed=self._needed(), granted=tokens.scopes):
            raise OncallError(
                f"the consent does not cover {', '.join(missing)}",
                help="consent again and leave every box ticked"
                if self.wish.way != "file"
                else f"mint the tokens for these scopes: {' '.join(self._needed())}",
            )
        return self._refreshed(tokens) if tokens.expires_at <= self.now + NEARLY_EXPIRED else tokens

    def _refreshed(self, tokens: Tokens) -> Tokens:
        if tokens.refresh is None:
            raise OncallError("the access token has expired, and there is no refresh token")
        new = self.api.refresh(tokens.refresh, now=self.now)
        return Tokens(
            access=new.access,
            refresh=new.refresh or tokens.refresh,
            expires_at=new.expires_at,
            scopes=new.scopes or tokens.scopes,
            account=tokens.account or new.account,
        )

    def _whose(self, tokens: Tokens) -> Tokens:
        """The tokens with their account, if the provider tells; it is an error if it is not the one before."""
        from oncall_gitops.calendars.failures import Unauthorized

        if self.wish.way == "organisation":
            tokens = replace(tokens, account=self.person.email)
        elif not tokens.account:
            try:
                tokens = self._with_account(tokens)
            except Unauthorized:
                tokens = self._with_account(self._refreshed(tokens))
        if self._account_left(tokens.account) and not self.wish.replaces_account:
            assert self.before is not None
            raise OncallError(
                f"{self.person.slug} is connected as {self.before.account}, and this consent is of {tokens.account}",
                help=f"consent as {self.before.account}; or disconnect first, which cleans the calendar there; "
                "or, if that account cannot be reached any more, add --replace-account",
            )
        return tokens

    def _with_account(self, tokens: Tokens) -> Tokens:
        """Whoever refuses to tell the account for good does not stop a first connection: it is only compared."""
        from oncall_gitops.calendars.failures import CalendarFailure, Throttled, Unauthorized, Unavailable

        try:
            return replace(tokens, account=self.api.account(tokens.access))
        except (Throttled, Unavailable, Unauthorized):
            raise
        except CalendarFailure:
            if self.before and self.before.account:
                raise
            return tokens

    def _account_left(self, account: str) -> str:
        """The account before, if this is another one."""
        before = self.before.account if self.before else ""
        return before if account and before and account.casefold() != before.casefold() else ""

    def _store(self, tokens: Tokens, row_id: str, *, is_new: bool, leaves: bool) -> int:
        from oncall_gitops.store.connections import Consent, store_consent

        consent = Consent("organisation", tokens.account, tokens.scopes)
        if self.wish.way != "organisation":
            refresh = None
            if tokens.refresh:
                refresh = self.keys.seal(tokens.refresh, row=row_id, column="refresh_token")
            consent = Consent(
                "person",
                tokens.account,
                tokens.scopes,
                access=self.keys.seal(tokens.access, row=row_id, column="access_token"),
                refresh=refresh,
                expires_at=tokens.expires_at,
            )
        return store_consent(
            self.database,
            consent,
            row_id=row_id,
            person=self.person,
            provider=self.wish.provider,
            marker=self.marker,
            calendar_id=self.wish.calendar_id,
            is_new=is_new,
            leaves_account=leaves,
            now=self.now,
        )

    def _calendar(self, tokens: Tokens, row_id: str, epoch: int) -> tuple[str, str]:
        """The calendar's id and name, stored; whatever fails for good takes a new connection with it."""
        from oncall_gitops.calendars.failures import Unauthorized
        from oncall_gitops.store.connections import use_calendar

        try:
            try:
                calendar_id, name, owned = self._find_calendar(tokens)
            except Unauthorized:
                tokens = self._refreshed(tokens)
                epoch = self._store(tokens, row_id, is_new=False, leaves=False)
                calendar_id, name, owned = self._find_calendar(tokens)
        except OncallError as failure:
            raise self._without_calendar(failure, row_id, epoch) from None
        except BaseException:  # interrupted, or a bug: workers need not wait until the hold is over
            self._release(row_id, epoch)
            raise
        use_calendar(
            self.database,
            row_id=row_id,
            epoch=epoch,
            calendar_id=calendar_id,
            name=name,
            owned=owned,
            switched=self.before is not None and self.before.calendar_id is not None,
        )
        return calendar_id, name

    def _without_calendar(self, failure: OncallError, row_id: str, epoch: int) -> OncallError:
        """How the command ends, and how it leaves the row: what may pass, a sync tries again."""
        from oncall_gitops.calendars.failures import CalendarFailure, Throttled, Unavailable
        from oncall_gitops.store.connections import forget_connection

        if isinstance(failure, Throttled | Unavailable):
            self._release(row_id, epoch)
            return CalendarFailure(
                f"the consent is stored, but the calendar is not made yet: {failure}",
                help="the next sync makes it; or run this again",
            )
        if self.before is None:
            forget_connection(self.database, row_id=row_id, epoch=epoch)
            return OncallError(f"{failure}; nothing was connected", help=failure.help)
        self._release(row_id, epoch)
        return OncallError(f"{failure}; the consent is renewed, the calendar is as before", help=failure.help)

    def _find_calendar(self, tokens: Tokens) -> tuple[str, str, bool]:
        """The existing calendar that was asked for, or one of our own: found again if an earlier try made it."""
        from oncall_gitops.calendars.failures import CalendarGone, Throttled, Unavailable
        from oncall_gitops.calendars.protocol import CalendarPlace

        if self.wish.calendar_id is None:
            from oncall_gitops.calendars.run import CALENDAR_NAME

            made = self.api.create_calendar(
                tokens.access,
                name=CALENDAR_NAME,
                marker=self.marker,
                mailbox=self._mailbox,
                again=self.before is not None,
            )
            return *made, True
        place = CalendarPlace(self.wish.calendar_id, self.marker, self._mailbox)
        try:
            self.api.calendar(tokens.access, place).events(ending_after=self.now)
        except CalendarGone:
            account = tokens.account or "this account"
            raise OncallError(f"{account} has no calendar {self.wish.calendar_id}") from None
        except (Throttled, Unavailable):
            click.echo("The calendar cannot be looked at just now; the next sync does.", err=True)
        return self.wish.calendar_id, "", False

    def _release(self, row_id: str, epoch: int) -> None:
        from oncall_gitops.store.connections import release

        release(self.database, row_id=row_id, epoch=epoch)


@contextmanager
def nothing_connected() -> Iterator[None]:
    """A provider's refusal before anything is stored is a command that failed with nothing changed."""
    from oncall_gitops.calendars.failures import CalendarFailure

    try:
        yield
    except CalendarFailure as failure:
        raise OncallError(f"{failure}; nothing was connected", help=failure.help) from None


def choose_marker(database: Database, api: ProviderApi, person: Person, before: CalendarSync | None) -> str:
    """What this connection's events carry: for good, and for a first one, what a lost database would find again.

    That is named by our client at the provider and the person's address. Somebody who came back while their
    earlier connection is still being cleaned up gets another one: that one's events are not theirs.
    """
    from oncall_gitops.calendars.identity import marker_of
    from oncall_gitops.store.connections import marker_is_taken

    if before and before.marker:
        return before.marker
    marker = marker_of(instance=api.client, user_id=person.email.lower())
    if not marker_is_taken(database, marker, user_id=person.id):
        return marker
    return marker_of(instance=person.instance, user_id=person.id)


def look_up(database: Database, *, user: str, provider: Provider) -> tuple[Person, CalendarSync | None]:
    """The user, who may be gone if a connection is left of them, and the connection so far."""
    from difflib import get_close_matches

    from oncall_gitops.store.connections import find_connection, find_person, user_slugs

    with database.snapshot() as connection:
        person = find_person(connection, user, provider=provider)
        if person is None:
            known = user_slugs(connection)
            close = get_close_matches(user, known, n=1)
            unfilled = "" if known else "the database holds nobody yet: oncall-gitops reconcile"
            raise OncallError(
                f"there is no user {user}", help=f"did you mean {close[0]}?" if close else unfilled
            )
        return person, find_connection(connection, user_id=person.id, provider=provider)
