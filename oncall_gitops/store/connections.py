"""People's calendar connections as `calendar connect`, `list`, `disconnect` and `rotate-key` see and write them.

Whoever changes a connection waits until a worker that is at it has given its lease back, or has lost it: two at
once in one calendar would undo what the other does. Tokens arrive here sealed.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, NamedTuple

from psycopg.rows import dict_row, namedtuple_row
from sqlalchemy import Connection

from oncall_gitops.core.errors import OncallError
from oncall_gitops.core.model.calendar import CalendarSync, Grant, Provider
from oncall_gitops.core.model.instant import Instant
from oncall_gitops.store.calendar_rows import SYNC_COLUMNS, read_sync
from oncall_gitops.store.database import Database
from oncall_gitops.store.driver import driver_connection

_IS_FREE = """
SELECT lease_owner IS NULL OR lease_owner = 'connect' OR lease_until <= clock_timestamp()
FROM calendar_syncs WHERE id = %(id)s FOR UPDATE
"""

POLL = 0.2
"""How often to look whether a worker has given a lease back, in seconds."""

HOLD_SECONDS = 90
"""How long `connect` keeps workers off while it makes the calendar; after that they finish what it left."""

_FIND_PERSON = """
SELECT users.id::text, users.slug, users.email, users.deleted_at IS NOT NULL AS is_gone,
    (SELECT id::text FROM database_identity) AS instance
FROM users
WHERE (users.slug = %(name)s OR users.id::text = %(name)s) AND (users.deleted_at IS NULL OR EXISTS (
    SELECT FROM calendar_syncs AS s WHERE s.user_id = users.id AND s.provider = %(provider)s
))
ORDER BY users.deleted_at DESC NULLS FIRST LIMIT 1
"""

_FIND = f"""
SELECT {SYNC_COLUMNS} FROM calendar_syncs AS s JOIN users ON users.id = s.user_id
WHERE s.user_id = %(user)s AND s.provider = %(provider)s
"""  # noqa: S608 (our own text)

_INSERT = """
INSERT INTO calendar_syncs (id, user_id, provider, grant_kind, marker, access_token, refresh_token,
    token_expires_at, scopes, account, calendar_id, calendar_requested_at,
    next_sync_at, lease_owner, lease_until, lease_epoch)
VALUES (%(id)s, %(user)s, %(provider)s, %(grant)s, %(marker)s, %(access)s, %(refresh)s,
    to_timestamp(%(expires)s), %(scopes)s::jsonb, %(account)s, %(calendar)s, to_timestamp(%(now)s),
    to_timestamp(%(now)s), 'connect', clock_timestamp() + make_interval(secs => %(hold)s), 1)
RETURNING lease_epoch
"""

_RENEW = """
UPDATE calendar_syncs SET grant_kind = %(grant)s, marker = coalesce(marker, %(marker)s),
    access_token = %(access)s, refresh_token = %(refresh)s, token_expires_at = to_timestamp(%(expires)s),
    scopes = %(scopes)s::jsonb, account = coalesce(nullif(%(account)s, ''), account),
    calendar_requested_at = CASE WHEN calendar_id IS NULL THEN to_timestamp(%(now)s) ELSE calendar_requested_at END,
    disconnecting_since = CASE WHEN %(is_gone)s THEN disconnecting_since END,
    is_active = true, needs_consent = false, failures = 0, last_sync_error = NULL, audit_at = NULL,
    next_sync_at = to_timestamp(%(now)s), lease_owner = 'connect', lease_epoch = lease_epoch + 1,
    lease_until = clock_timestamp() + make_interval(secs => %(hold)s)
WHERE id = %(id)s
RETURNING lease_epoch
"""

_LEAVE_ACCOUNT = """
UPDATE calendar_syncs SET calendar_id = NULL, calendar_name = NULL, owns_calendar = false,
    leftover_calendars = '[]' WHERE id = %(id)s
"""

_USE_CALENDAR = """
UPDATE calendar_syncs SET calendar_id = %(calendar)s, calendar_name = %(name)s,
    owns_calendar = CASE WHEN calendar_id = %(calendar)s THEN owns_calendar ELSE %(owned)s END,
    leftover_calendars = CASE WHEN calendar_id IS NULL OR calendar_id = %(calendar)s THEN leftover_calendars
        ELSE leftover_calendars - calendar_id || to_jsonb(calendar_id) END - %(calendar)s::text
WHERE id = %(id)s AND lease_epoch = %(epoch)s
"""

_FORGET_EVENTS = """
UPDATE calendar_events SET generation = generation + 1, remote_id = NULL, etag = NULL, content_hash = NULL
WHERE calendar_sync_id = %(id)s AND remote_id IS NOT NULL
"""
"""Nothing is known to stand in another calendar; what a provider remembers of an earlier one is not used again."""

_RELEASE = """
UPDATE calendar_syncs SET lease_owner = NULL, lease_until = NULL WHERE id = %(id)s AND lease_epoch = %(epoch)s
"""

_END = """
UPDATE calendar_syncs SET disconnecting_since = coalesce(disconnecting_since, to_timestamp(%(now)s)),
    is_active = true, needs_consent = false, failures = 0, next_sync_at = to_timestamp(%(now)s),
    lease_owner = NULL, lease_until = NULL, lease_epoch = lease_epoch + 1
WHERE id = %(id)s
"""

_STATES = """
SELECT s.id::text, users.slug AS user, s.provider, s.grant_kind AS grant, coalesce(s.account, '') AS account,
    s.calendar_id, coalesce(s.calendar_name, '') AS calendar_name, s.owns_calendar,
    jsonb_array_length(s.leftover_calendars) AS leftovers, s.is_active, s.needs_consent,
    s.disconnecting_since IS NOT NULL OR users.deleted_at IS NOT NULL AS ending, s.failures,
    floor(extract(epoch FROM s.last_sync_at))::bigint AS last_sync,
    floor(extract(epoch FROM s.next_sync_at))::bigint AS next_sync,
    floor(extract(epoch FROM s.synced_until))::bigint AS synced_until,
    coalesce(s.last_sync_error, '') AS error, users.deleted_at IS NOT NULL AS is_gone
FROM calendar_syncs AS s JOIN users ON users.id = s.user_id
WHERE %(only)s::uuid IS NULL OR s.id = %(only)s
ORDER BY users.slug, s.provider, s.id
"""

_SEALED = """
SELECT users.slug, s.provider, s.access_token, s.refresh_token
FROM calendar_syncs AS s JOIN users ON users.id = s.user_id WHERE s.id = %s FOR UPDATE OF s
"""

_RESEAL = """
UPDATE calendar_syncs SET access_token = coalesce(%(access_token)s, access_token),
    refresh_token = coalesce(%(refresh_token)s, refresh_token) WHERE id = %(id)s
"""

_TOKENS = ("access_token", "refresh_token")


class Person(NamedTuple):
    """Somebody whose calendar can be connected. `instance` is the database's id; `is_gone`: not in the files
    any more, but a connection is still to be cleaned up."""

    id: str
    slug: str
    email: str
    is_gone: bool
    instance: str


class ConnectionState(NamedTuple):
    """One connection as it is listed; instants, or None for never."""

    id: str
    user: str
    provider: Provider
    grant: Grant
    account: str
    calendar_id: str | None
    calendar_name: str
    owns_calendar: bool
    leftovers: int
    is_active: bool
    needs_consent: bool
    ending: bool
    failures: int
    last_sync: Instant | None
    next_sync: Instant
    synced_until: Instant | None
    error: str
    is_gone: bool


@dataclass(frozen=True, slots=True)
class Consent:
    """What a person or an administrator granted, as it is stored. An organisation's grant has no tokens."""

    grant: Grant
    account: str = ""
    scopes: tuple[str, ...] = ()
    access: str | None = None
    refresh: str | None = None
    expires_at: Instant | None = None


class SealedRow(NamedTuple):
    """The sealed tokens of one connection by their columns, and whose it is."""

    id: str
    user: str
    provider: str
    tokens: Mapping[str, str]


def find_person(connection: Connection, name: str, *, provider: Provider) -> Person | None:
    """The living user of this slug (or the user of this id), else the last deleted one with a connection."""
    with driver_connection(connection).cursor() as cursor:
        row = cursor.execute(_FIND_PERSON.encode(), {"name": name, "provider": provider}).fetchone()
    return Person(*row) if row else None


def marker_is_taken(database: Database, marker: str, *, user_id: str) -> bool:
    """Whether a connection of another user row has this marker: of the same person's earlier one, mostly."""
    with database.connect(readonly=True) as connection:
        found = driver_connection(connection).execute(
            b"SELECT 1 FROM calendar_syncs WHERE marker = %s AND user_id <> %s", [marker, user_id]
        )
        return found.fetchone() is not None


def user_slugs(connection: Connection) -> list[str]:
    """The living users."""
    rows = driver_connection(connection).execute(
        "SELECT slug FROM users WHERE deleted_at IS NULL ORDER BY slug"
    )
    return [slug for (slug,) in rows]


def find_connection(connection: Connection, *, user_id: str, provider: Provider) -> CalendarSync | None:
    """The user's connection to the provider, with its sealed tokens."""
    with driver_connection(connection).cursor(row_factory=dict_row) as cursor:
        row = cursor.execute(_FIND.encode(), {"user": user_id, "provider": provider}).fetchone()
    return read_sync(row) if row else None


def store_consent(
    database: Database,
    consent: Consent,
    *,
    row_id: str,
    person: Person,
    provider: Provider,
    marker: str,
    is_new: bool,
    leaves_account: bool,
    calendar_id: str | None = None,
    now: Instant,
) -> int:
    """Store what was granted and keep workers off for a while; the lease's epoch.

    A new connection has its `calendar_id` from the start, if it is to use an existing calendar: no worker that
    comes upon it makes another. With `leaves_account`, what is known of the earlier account's calendars is
    forgotten. A row of this id that a worker holds is waited for.
    """
    values = {
        "id": row_id,
        "user": person.id,
        "provider": provider,
        "grant": consent.grant,
        "marker": marker,
        "access": consent.access,
        "refresh": consent.refresh,
        "expires": consent.expires_at,
        "scopes": json.dumps(consent.scopes),
        "account": consent.account,
        "calendar": calendar_id,
        "is_gone": person.is_gone,
        "now": now,
        "hold": HOLD_SECONDS,
    }
    with database.connect() if is_new else _free(database, row_id) as connection:
        driver = driver_connection(connection)
        if leaves_account:
            driver.execute(_LEAVE_ACCOUNT.encode(), values)
            driver.execute(_FORGET_EVENTS.encode(), values)
        row = driver.execute((_INSERT if is_new else _RENEW).encode(), values).fetchone()
        connection.commit()
    if row is None:
        raise OncallError("the connection was removed meanwhile; run it again")
    return int(row[0])


def use_calendar(
    database: Database, *, row_id: str, epoch: int, calendar_id: str, name: str, owned: bool, switched: bool
) -> None:
    """Let the connection keep this calendar; the one before becomes a leftover to clean up."""
    values = {"id": row_id, "epoch": epoch, "calendar": calendar_id, "name": name, "owned": owned}
    with database.connect() as connection:
        driver = driver_connection(connection)
        if driver.execute(_USE_CALENDAR.encode(), values).rowcount != 1:
            raise OncallError("another command has changed this connection meanwhile; run it again")
        if switched:
            driver.execute(_FORGET_EVENTS.encode(), values)
        driver.execute(_RELEASE.encode(), values)
        connection.commit()


def release(database: Database, *, row_id: str, epoch: int) -> None:
    """Let workers go on with the connection as it is."""
    _run(database, _RELEASE, id=row_id, epoch=epoch)


def forget_connection(database: Database, *, row_id: str, epoch: int) -> None:
    """Remove a connection that was just begun and came to nothing: no event was ever made by it."""
    _run(
        database,
        "DELETE FROM calendar_syncs WHERE id = %(id)s AND lease_epoch = %(epoch)s",
        id=row_id,
        epoch=epoch,
    )


def end_connection(database: Database, *, row_id: str, now: Instant) -> None:
    """Let the next sync clean the connection up and drop it, even if its consent seemed to be gone."""
    with _free(database, row_id) as connection:
        driver_connection(connection).execute(_END.encode(), {"id": row_id, "now": now})
        connection.commit()


def connection_states(connection: Connection, *, only: str | None = None) -> list[ConnectionState]:
    """Every connection (or one, by its row's id), by user and provider, without any token."""
    with driver_connection(connection).cursor(row_factory=namedtuple_row) as cursor:
        return [ConnectionState(*row) for row in cursor.execute(_STATES.encode(), {"only": only})]


def connected_people(connection: Connection) -> list[tuple[str, str]]:
    """The slug and the provider of every connection of a living user."""
    rows = driver_connection(connection).execute(
        b"""SELECT users.slug, s.provider FROM calendar_syncs AS s JOIN users ON users.id = s.user_id
        WHERE users.deleted_at IS NULL AND s.disconnecting_since IS NULL"""
    )
    return [(slug, provider) for slug, provider in rows]


def reseal(database: Database, seal_anew: Callable[[SealedRow], Mapping[str, str]]) -> None:
    """Write what `seal_anew` makes of each connection's tokens, by column (nothing: the row stays as it is).

    Row by row, each in a transaction of its own that keeps refreshes off, so that nothing is ever half done.
    """
    with database.connect(readonly=True) as connection:
        found = driver_connection(connection).execute(
            """SELECT id::text FROM calendar_syncs
            WHERE access_token IS NOT NULL OR refresh_token IS NOT NULL ORDER BY id"""
        )
        ids = [row_id for (row_id,) in found]
    for row_id in ids:
        with database.connect() as connection:
            driver = driver_connection(connection)
            if (row := driver.execute(_SEALED.encode(), [row_id]).fetchone()) is None:
                continue
            user, provider, *sealed = row
            tokens = {name: token for name, token in zip(_TOKENS, sealed, strict=True) if token is not None}
            if changed := seal_anew(SealedRow(row_id, user, provider, tokens)):
                driver.execute(_RESEAL.encode(), {"id": row_id, **dict.fromkeys(_TOKENS), **changed})
            connection.commit()


@contextmanager
def _free(database: Database, row_id: str) -> Iterator[Connection]:
    """A transaction that has a connection's row to itself, once no worker holds it. A lease that is not given
    back ends by itself."""
    while True:
        with database.connect() as connection:
            row = driver_connection(connection).execute(_IS_FREE.encode(), {"id": row_id}).fetchone()
            if row is None or row[0]:
                yield connection
                return
        time.sleep(POLL)


def _run(database: Database, statement: str, **values: Any) -> None:
    with database.connect() as connection:
        driver_connection(connection).execute(statement.encode(), values)
        connection.commit()
