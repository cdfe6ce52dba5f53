"""A small world for the sync: a database with shifts, both providers on loopback, people and their connections.

It says what stands in everybody's calendars and what should, each read in its own way: the first from the
providers' memory, the second by a query of its own.
"""

from __future__ import annotations

import base64
import json
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from urllib.parse import unquote
from uuid import uuid4

import psycopg

from oncall_gitops.calendars.google import Google
from oncall_gitops.calendars.identity import marker_of
from oncall_gitops.calendars.microsoft import Microsoft
from oncall_gitops.calendars.microsoft_events import MARKER_PROPERTY
from oncall_gitops.calendars.protocol import ProviderApi
from oncall_gitops.calendars.tokens import KeyRing
from oncall_gitops.commands.syncing import Done, Syncer
from oncall_gitops.core.calendars import AHEAD
from oncall_gitops.core.model.calendar import Provider
from oncall_gitops.core.model.instant import Instant, parse_instant
from oncall_gitops.core.model.provider import MicrosoftSettings
from oncall_gitops.core.secret import Secret
from oncall_gitops.store.calendar_work import claim
from oncall_gitops.store.connections import Consent, find_connection, find_person, store_consent, use_calendar
from oncall_gitops.store.database import Database
from tests.builders import at
from tests.calendars.google_server import (
    LIST_CALENDARS,
    MADE_BY_US,
    FakeGoogle,
    GooglePerson,
    google_serving,
)
from tests.calendars.graph_person import OutlookPerson
from tests.calendars.graph_server import GraphServer, serving_graph
from tests.calendars.loopback import Loopback

NOW = at("2026-11-23T08:00Z")
LIFETIME = 3600
HOUR, DAY = 3600, 86_400


class Seen(NamedTuple):
    """An event as a person sees it in a calendar."""

    summary: str
    start: Instant
    end: Instant


class Standing(NamedTuple):
    """An event that carries a marker of ours, where it stands."""

    calendar_id: str
    remote_id: str
    seen: Seen


def a_key(number: int) -> str:
    """32 bytes in base64, another one for each number."""
    return base64.b64encode(bytes([number]) * 32).decode()


def keys(*numbers: int) -> KeyRing:
    """The first one seals."""
    return KeyRing({f"k{number}": Secret(a_key(number)) for number in numbers})


@dataclass
class World:
    """`now` is everybody's clock. `wire` is under `graph`. `foreign` are ids of events that are not ours,
    whatever they carry."""

    database: Database
    google: FakeGoogle
    graph: GraphServer
    wire: Loopback
    now: Instant = NOW
    keys: KeyRing = field(default_factory=lambda: keys(1))
    foreign: dict[str, object] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.google.tokens.now = self.now
        settings = MicrosoftSettings(
            client_id=self.graph.entra.client_id, graph_url=f"{self.graph.url}/v1.0", authority=self.graph.url
        )
        self.apis: dict[Provider, ProviderApi] = {
            "google": Google(self.google.settings()),
            "microsoft": Microsoft(settings),
        }

    # The clock, and what goes over the wire.

    def advance(self, seconds: int) -> None:
        self.now += seconds
        self.google.tokens.now = self.now

    @property
    def loopbacks(self) -> tuple[Loopback, Loopback]:
        return self.google.loopback, self.wire

    def calls(self) -> list[str]:
        """The calls of both calendar APIs since the last `forget`; the token endpoints' are not among them."""
        return [
            unquote(call)
            for loopback in self.loopbacks
            for call in loopback.calls
            if " /calendar/v3/" in call or " /v1.0/" in call
        ]

    def writes(self) -> list[str]:
        return [call for call in self.calls() if not call.startswith("GET ")]

    def forget(self) -> None:
        for loopback in self.loopbacks:
            loopback.forget()

    def clear_faults(self) -> None:
        for loopback in self.loopbacks:
            loopback.reset()

    # The database.

    def sql(self, statement: str, *values: Any) -> list[Any]:
        with psycopg.connect(self.database.url, autocommit=True) as connection:
            cursor = connection.execute(statement.encode(), values)
            return cursor.fetchall() if cursor.description else []

    def connect(self, user: str, provider: Provider, *, email: str = "") -> str:
        """Connect a person (or renew their consent) to a calendar that we made; the row's id."""
        with self.database.snapshot() as connection:
            person = find_person(connection, user, provider=provider)
            assert person is not None
            before = find_connection(connection, user_id=person.id, provider=provider)
        email = (before.account if before else "") or email or f"{user}@example.org"
        access, refresh = self.tokens_of(email, provider)
        row_id = before.id if before else str(uuid4())
        marker = marker_of(instance=person.instance, user_id=person.id)
        epoch = store_consent(
            self.database,
            Consent(
                "person",
                email,
                ("scopes",),
                self.keys.seal(Secret(access), row=row_id, column="access_token"),
                self.keys.seal(Secret(refresh), row=row_id, column="refresh_token"),
                self.now + LIFETIME,
            ),
            row_id=row_id,
            person=person,
            provider=provider,
            marker=marker,
            calendar_id=None,
            is_new=before is None,
            leaves_account=False,
            now=self.now,
        )
        calendar_id = before.calendar_id if before else None
        use_calendar(
            self.database,
            row_id=row_id,
            epoch=epoch,
            calendar_id=calendar_id or self._made_calendar(email, provider, marker),
            name="On call",
            owned=True,
            switched=False,
        )
        return row_id

    def tokens_of(self, email: str, provider: Provider) -> tuple[str, str]:
        """An access and a refresh token, as if the person had just consented."""
        if provider == "google":
            return self.google.tokens.grant(email, (MADE_BY_US, LIST_CALENDARS))
        return self.graph.entra.access(email), self.graph.entra.refresh_token(email)

    def _made_calendar(self, email: str, provider: Provider, marker: str) -> str:
        if provider == "google":
            return self.google.add_calendar(email, "On call", by_app=True, description=marker).id
        mailbox = self.graph.mailbox(email)
        mine = [one for one in mailbox.calendars.values() if one.name == "On call"]
        return (mine[0] if mine else mailbox.add_calendar("On call")).id

    def expire_leases(self) -> None:
        """As if a minute had passed on the database's clock."""
        self.sql("UPDATE calendar_syncs SET lease_until = clock_timestamp() WHERE lease_until IS NOT NULL")

    # The sync, without commands.

    def syncer(self, **options: Any) -> Syncer:
        api: Callable[[Provider], ProviderApi] = self.apis.__getitem__
        return Syncer(self.database, **{"api": api, "keys": self.keys, "clock": lambda: self.now, **options})

    def drain(self, syncer: Syncer | None = None, *, most: int = 100) -> list[Done]:
        """Run over what is due, one after the other, until nothing is."""
        syncer = syncer or self.syncer()
        done: list[Done] = []
        for _ in range(most):
            lease = claim(self.database, owner="tests", now=self.now)
            if lease is None:
                return done
            if (result := syncer.run(lease)) is not None:
                done.append(result)
        raise AssertionError(f"still not done after {most} runs")

    # What stands, and what should.

    def person(self, calendar_id: str) -> GooglePerson | OutlookPerson:
        """Whoever owns this calendar, using it by hand."""
        if found := self.google.calendars.get(calendar_id):
            return GooglePerson(self.google, found)
        for mailbox in self.graph.mailboxes.values():
            if calendar_id in mailbox.calendars:
                return OutlookPerson(self.graph, mailbox, mailbox.calendars[calendar_id])
        raise KeyError(calendar_id)

    def standing(self) -> list[Standing]:
        """Every event of ours in anybody's calendar, the past ones too."""
        return [one for one in (*self._at_google(), *self._at_graph()) if one.remote_id not in self.foreign]

    def seen(self, calendar_id: str) -> list[Seen]:
        """Our events in one calendar, in order."""
        return sorted((one.seen for one in self.standing() if one.calendar_id == calendar_id), key=str)

    def ahead(self) -> Counter[tuple[str, Seen]]:
        """What stands of ours that is not over yet, by calendar."""
        return Counter((one.calendar_id, one.seen) for one in self.standing() if one.seen.end > self.now)

    def wanted(self) -> Counter[tuple[str, Seen]]:
        """What should stand that is not over yet, by calendar: of everybody who stays connected."""
        rows = self.sql(
            """SELECT s.calendar_id, 'On call: ' || coalesce(schedules.name, schedules.slug),
                extract(epoch FROM start_time)::bigint, extract(epoch FROM end_time)::bigint
            FROM calendar_syncs AS s JOIN users ON users.id = s.user_id JOIN shifts USING (user_id)
                JOIN schedules ON schedules.id = shifts.schedule_id
            WHERE users.deleted_at IS NULL AND s.disconnecting_since IS NULL AND s.is_active
                AND end_time > to_timestamp(%s) AND start_time < to_timestamp(%s)""",
            self.now,
            self.now + AHEAD,
        )
        return Counter((calendar, Seen(summary, start, end)) for calendar, summary, start, end in rows)

    def note_foreign(self, calendar_id: str, remote_id: str) -> None:
        """This event is the person's own from now on, and must stay as it is."""
        self.foreign[remote_id] = self.person(calendar_id).look(remote_id)
        assert self.foreign[remote_id] is not None

    def foreign_now(self) -> dict[str, object]:
        """The persons' own events as they are now."""
        people = [self.person(name) for name in self.calendar_ids()]
        found = {one: [look for who in people if (look := who.look(one))] for one in self.foreign}
        return {one: looks[0] if looks else None for one, looks in found.items()}

    def calendar_ids(self) -> list[str]:
        graph = [name for mailbox in self.graph.mailboxes.values() for name in mailbox.calendars]
        return [*self.google.calendars, *graph]

    def _at_google(self) -> Iterator[Standing]:
        for calendar in list(self.google.calendars.values()):
            for event in list(calendar.events.values()):
                if event["status"] == "cancelled" or "ocg" not in _private(event):
                    continue
                moments = [parse_instant(event[name]["dateTime"]) for name in ("start", "end")]
                is_plain = event.get("transparency") == "transparent" and event["reminders"] == {
                    "useDefault": False,
                    "overrides": [],
                }
                summary = event["summary"] if is_plain else "not as we write events"
                yield Standing(calendar.id, event["id"], Seen(summary, *moments))

    def _at_graph(self) -> Iterator[Standing]:
        for mailbox in self.graph.mailboxes.values():
            for calendar in list(mailbox.calendars.values()):
                for event in list(calendar.events.values()):
                    if MARKER_PROPERTY not in event.properties:
                        continue
                    moments = [int(moment.timestamp()) for moment in (event.start, event.end)]
                    is_plain = event.fields["showAs"] == "free" and not event.fields["isReminderOn"]
                    summary = event.fields["subject"] if is_plain else "not as we write events"
                    yield Standing(calendar.id, event.id, Seen(summary, *moments))


def _private(event: dict[str, Any]) -> dict[str, str]:
    return dict(event.get("extendedProperties", {}).get("private", {}))


@contextmanager
def a_world(database: Database, **options: Any) -> Iterator[World]:
    """Both providers are up; at the end, nothing was asked of them that their descriptions forbid."""
    with ExitStack() as stack:
        google = stack.enter_context(google_serving())
        graph, wire = stack.enter_context(serving_graph(**options))
        world = World(database, google, graph, wire)
        yield world
        assert google.violations == []
        assert graph.violations == []


def token_file(world: World, email: str, provider: Provider) -> str:
    """Tokens as `calendar connect --token-file` reads them."""
    access, refresh = world.tokens_of(email, provider)
    scopes = [MADE_BY_US, LIST_CALENDARS] if provider == "google" else ["Calendars.ReadWrite"]
    given = {"access_token": access, "refresh_token": refresh, "expires_at": world.now + LIFETIME}
    return json.dumps({**given, "scopes": scopes, "account": email})


def environment(world: World) -> dict[str, str]:
    """The variables that point whole commands at this world."""
    return {
        "DATABASE_URL": world.database.url,
        "ONCALL_GITOPS_TOKEN_KEYS": f"k1:{a_key(1)}",
        "ONCALL_GITOPS_GOOGLE_API_URL": world.google.loopback.url,
        "ONCALL_GITOPS_GOOGLE_TOKEN_URL": f"{world.google.loopback.url}/token",
        "ONCALL_GITOPS_GOOGLE_CLIENT_ID": world.google.settings().client_id,
        "ONCALL_GITOPS_GOOGLE_CLIENT_SECRET": world.google.settings().client_secret.reveal(),
        "ONCALL_GITOPS_GRAPH_URL": world.graph.url,
        "ONCALL_GITOPS_MICROSOFT_AUTHORITY": world.graph.url,
        "ONCALL_GITOPS_MICROSOFT_CLIENT_ID": world.graph.entra.client_id,
    }
