"""Who syncs which calendar: leases on the rows of connections, and what a lease's holder may write.

A connection is claimed for some seconds of the database's clock; the claim raises the row's epoch, and every
later write asks for that epoch. So whoever lost the lease (killed, frozen, slow) can write nothing any more,
and its connection is claimed by another. No transaction is open while calls are made.

A lease that nobody owns is a provider's wish: until it ends nobody calls, whatever has become due.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

import psycopg
from psycopg.rows import dict_row

from oncall_gitops.core.errors import OncallError
from oncall_gitops.core.model.calendar import CalendarShift, CalendarSync, KnownEvent
from oncall_gitops.core.model.instant import Instant
from oncall_gitops.store.calendar_rows import SYNC_COLUMNS, read_sync
from oncall_gitops.store.database import Database
from oncall_gitops.store.driver import driver_connection

LEASE_SECONDS = 60
"""Longer than a pass may take with its last call (`calendars/run.py`), so that a living holder never loses it."""

MEMORY = 30 * 86_400
"""How long the journal and the wishes reach back, in seconds: a shift that was cut short since is put right."""

_RIPEN = """
WITH ripe AS (
    DELETE FROM calendar_due WHERE id IN (
        SELECT due.id FROM calendar_due AS due WHERE NOT EXISTS (
            SELECT FROM calendar_syncs AS s
            WHERE s.user_id = due.user_id AND s.lease_owner IS NOT NULL AND s.lease_until > clock_timestamp()
        ) FOR UPDATE SKIP LOCKED
    ) RETURNING user_id
)
UPDATE calendar_syncs SET next_sync_at = least(next_sync_at, to_timestamp(%(now)s))
WHERE user_id IN (SELECT user_id FROM ripe)
"""

_READY = """s.is_active AND NOT s.needs_consent AND (s.lease_until IS NULL OR s.lease_until <= clock_timestamp())
    AND (s.next_sync_at <= to_timestamp(%(now)s) OR s.failures = 0 AND users.deleted_at IS NOT NULL)"""

_CLAIM = f"""
WITH ready AS (
    SELECT s.id FROM calendar_syncs AS s JOIN users ON users.id = s.user_id
    WHERE {_READY} AND (%(only)s::uuid[] IS NULL OR s.id = ANY(%(only)s::uuid[]))
    ORDER BY s.next_sync_at LIMIT 1 FOR UPDATE OF s SKIP LOCKED
), claimed AS (
    UPDATE calendar_syncs AS s SET lease_owner = %(owner)s, lease_epoch = lease_epoch + 1,
        lease_until = clock_timestamp() + make_interval(secs => %(seconds)s),
        audit_at = CASE WHEN lease_owner IS NULL THEN audit_at END
    FROM ready WHERE s.id = ready.id RETURNING s.*
)
SELECT s.lease_epoch, {SYNC_COLUMNS}, (SELECT id::text FROM database_identity) AS instance
FROM claimed AS s JOIN users ON users.id = s.user_id
"""  # noqa: S608 (our own text)

_DUE = """
SELECT s.id::text FROM calendar_syncs AS s JOIN users ON users.id = s.user_id
WHERE s.is_active AND (
    EXISTS (SELECT FROM calendar_due WHERE user_id = s.user_id) OR NOT s.needs_consent AND (
        s.next_sync_at <= to_timestamp(%(now)s) OR s.last_sync_error IS NOT NULL OR users.deleted_at IS NOT NULL
    )
)
"""

_PAUSE = """
SELECT min(CASE
    WHEN s.lease_owner IS NOT NULL AND s.lease_until > clock_timestamp() THEN
        CASE WHEN s.next_sync_at <= to_timestamp(%(now)s) OR EXISTS (
            SELECT FROM calendar_due WHERE user_id = s.user_id
        ) THEN %(poll)s END
    ELSE greatest(
        extract(epoch FROM s.next_sync_at) - %(now)s, extract(epoch FROM s.lease_until - clock_timestamp()), 0
    )
END)::float FROM calendar_syncs AS s
WHERE s.is_active AND NOT s.needs_consent AND (%(only)s::uuid[] IS NULL OR s.id = ANY(%(only)s::uuid[]))
"""

_COUNTS = """
SELECT count(*), count(*) FILTER (WHERE s.next_sync_at <= now()), count(*) FILTER (WHERE s.failures > 0),
    count(*) FILTER (WHERE s.needs_consent),
    count(*) FILTER (WHERE s.disconnecting_since IS NOT NULL OR users.deleted_at IS NOT NULL),
    count(*) FILTER (WHERE s.lease_owner IS NOT NULL AND s.lease_until > clock_timestamp())
FROM calendar_syncs AS s JOIN users ON users.id = s.user_id
"""

_SHIFTS = """
SELECT schedules.id::text, teams.slug || '/' || schedules.slug, coalesce(schedules.name, schedules.slug),
    coalesce(teams.name, teams.slug), schedules.timezone,
    CASE WHEN shifts.layer_id IS NULL THEN shifts.source ELSE 'layer:' || shifts.layer_id END,
    coalesce(layers.name, layers.slug, ''), coalesce(overrides.reason, ''), coalesce(replaced.name, ''),
    floor(extract(epoch FROM shifts.start_time))::bigint, floor(extract(epoch FROM shifts.end_time))::bigint
FROM shifts JOIN schedules ON schedules.id = shifts.schedule_id JOIN teams ON teams.id = schedules.team_id
    LEFT JOIN schedule_layers AS layers ON layers.id = shifts.layer_id
    LEFT JOIN schedule_overrides AS overrides ON overrides.id = shifts.override_id
    LEFT JOIN users AS replaced ON replaced.id = overrides.original_user_id
WHERE shifts.user_id = %(user)s AND shifts.end_time > to_timestamp(%(since)s)
    AND shifts.start_time < to_timestamp(%(until)s)
ORDER BY shifts.start_time, schedules.id
"""

_KNOWN = """
SELECT shift_key, generation, remote_id, floor(extract(epoch FROM ends_at))::bigint, coalesce(etag, ''),
    coalesce(content_hash, ''), schedule_id::text
FROM calendar_events WHERE calendar_sync_id = %s AND ends_at IS NOT NULL
"""

_JOURNAL = """
INSERT INTO calendar_events AS e
    (calendar_sync_id, schedule_id, shift_key, generation, remote_id, etag, content_hash, ends_at)
SELECT %(id)s::uuid, schedules.id, r.shift_key, r.generation, r.remote_id, r.etag, r.content_hash,
    to_timestamp(r.ends_at)
FROM jsonb_to_recordset(%(rows)s::jsonb) AS r(
    schedule_id uuid, shift_key text, generation int, remote_id text, etag text, content_hash text, ends_at bigint
) LEFT JOIN schedules ON schedules.id = r.schedule_id
ON CONFLICT (calendar_sync_id, shift_key) DO UPDATE SET generation = excluded.generation,
    schedule_id = excluded.schedule_id, remote_id = excluded.remote_id, etag = excluded.etag,
    content_hash = excluded.content_hash, ends_at = excluded.ends_at
WHERE (e.generation, e.remote_id, e.etag, e.content_hash, e.ends_at, e.schedule_id) IS DISTINCT FROM
    (excluded.generation, excluded.remote_id, excluded.etag, excluded.content_hash, excluded.ends_at,
        excluded.schedule_id)
"""

_FORGET = "DELETE FROM calendar_events WHERE calendar_sync_id = %(id)s AND ends_at < to_timestamp(%(before)s)"

_FINISH = """
UPDATE calendar_syncs SET lease_owner = NULL, failures = %(failures)s,
    lease_until = clock_timestamp() + make_interval(secs => %(wait)s),
    next_sync_at = to_timestamp(%(next)s), last_sync_error = %(error)s, needs_consent = %(needs_consent)s,
    last_sync_at = to_timestamp(%(now)s),
    audit_at = CASE WHEN %(audited)s THEN to_timestamp(%(now)s) WHEN NOT %(audited)s THEN NULL ELSE audit_at END,
    synced_until = coalesce(to_timestamp(%(until)s), synced_until)
WHERE id = %(id)s AND lease_epoch = %(epoch)s
"""

_DOUBT = """
WITH doubtful AS (
    INSERT INTO calendar_events (calendar_sync_id, shift_key, remote_id, ends_at)
    SELECT s.id, 'by a worker that lost its lease ' || %(epoch)s, 'unknown', to_timestamp(%(until)s)
    FROM calendar_syncs AS s WHERE s.id = %(id)s
    ON CONFLICT (calendar_sync_id, shift_key) DO UPDATE SET remote_id = excluded.remote_id
    RETURNING calendar_sync_id
)
INSERT INTO calendar_due (user_id)
SELECT s.user_id FROM calendar_syncs AS s JOIN doubtful ON doubtful.calendar_sync_id = s.id
"""

_SHARES = """
SELECT FROM calendar_syncs AS s JOIN calendar_syncs AS other
    ON other.id <> s.id AND other.provider = s.provider AND lower(other.account) = lower(s.account)
WHERE s.id = %(id)s AND s.account <> '' LIMIT 1
"""


class LeaseLost(OncallError):
    """Another worker has taken the connection over."""


@dataclass(frozen=True, slots=True)
class Finish:
    """How a run leaves its connection. `until` is the end of what is known to stand right, if it is.

    `audited` True: what is listed is right; False: who knows, so the next run lists; None: nothing was called.
    `wait` is for how many seconds the provider wants to hear nothing, if it said so.
    """

    now: Instant
    next_at: Instant
    failures: int
    error: str | None
    needs_consent: bool = False
    audited: bool | None = None
    until: Instant | None = None
    wait: float | None = None
    known: tuple[KnownEvent, ...] = ()


@dataclass(frozen=True, slots=True)
class Lease:
    """One claimed connection. Its writes raise LeaseLost once the lease has gone to another."""

    database: Database
    sync: CalendarSync
    instance: str
    epoch: int

    def read_work(self, *, now: Instant, until: Instant) -> tuple[list[CalendarShift], dict[str, KnownEvent]]:
        """The person's shifts that end after (or not long before) `now` and begin before `until`; the journal."""
        values = {"user": self.sync.user_id, "since": now - MEMORY, "until": until}
        with self.database.snapshot() as connection:
            driver = driver_connection(connection)
            shifts = [CalendarShift(*row) for row in driver.execute(_SHIFTS.encode(), values)]
            known = [KnownEvent(*row) for row in driver.execute(_KNOWN.encode(), [self.sync.id])]
        return shifts, {event.key: event for event in known}

    def keep_tokens(
        self, *, access: str, refresh: str | None, expires_at: Instant, scopes: tuple[str, ...]
    ) -> None:
        """Store sealed tokens, at once: they are used only after this. None and () keep what is there."""
        self._write(
            """UPDATE calendar_syncs SET access_token = %(access)s, token_expires_at = to_timestamp(%(expires)s),
                refresh_token = coalesce(%(refresh)s, refresh_token), scopes = coalesce(%(scopes)s::jsonb, scopes)
            WHERE id = %(id)s AND lease_epoch = %(epoch)s""",
            access=access,
            refresh=refresh,
            expires=expires_at,
            scopes=json.dumps(scopes) if scopes else None,
        )

    def keep_calendar(self, calendar_id: str, name: str) -> None:
        """Store the calendar that was made."""
        self._write(
            """UPDATE calendar_syncs SET calendar_id = %(calendar)s, calendar_name = %(name)s, owns_calendar = true
            WHERE id = %(id)s AND lease_epoch = %(epoch)s""",
            calendar=calendar_id,
            name=name,
        )

    def keep_marker(self, marker: str) -> Lease:
        """Store what our events carry, before the first of them is made; the lease of the connection with it."""
        self._write(
            "UPDATE calendar_syncs SET marker = %(marker)s WHERE id = %(id)s AND lease_epoch = %(epoch)s",
            marker=marker,
        )
        return replace(self, sync=replace(self.sync, marker=marker))

    def forget_leftover(self, calendar_id: str) -> None:
        """A calendar that the connection was switched away from is clean."""
        self._write(
            """UPDATE calendar_syncs SET leftover_calendars = leftover_calendars - %(calendar)s::text
            WHERE id = %(id)s AND lease_epoch = %(epoch)s""",
            calendar=calendar_id,
        )

    def finish(self, finish: Finish) -> None:
        """Write the journal and give the lease back, in one transaction."""
        with self.database.connect() as connection:
            driver = driver_connection(connection)
            self._must_be_mine(
                driver.execute(
                    _FINISH.encode(),
                    {
                        "id": self.sync.id,
                        "epoch": self.epoch,
                        "failures": finish.failures,
                        "next": finish.next_at,
                        "error": finish.error,
                        "needs_consent": finish.needs_consent,
                        "now": finish.now,
                        "audited": finish.audited,
                        "until": finish.until,
                        "wait": finish.wait,
                    },
                )
            )
            self._write_journal(driver, finish)
            connection.commit()

    def shares_account(self) -> bool:
        """Whether another connection is of the same account, so that taking its consent back would end that too."""
        with self.database.connect(readonly=True) as connection:
            row = driver_connection(connection).execute(_SHARES.encode(), {"id": self.sync.id}).fetchone()
        return row is not None

    def doubt(self, *, now: Instant) -> None:
        """Let the calendar be listed again, after whoever holds the lease now: a call that was under way when
        it was lost may have had its effect since they looked."""
        with self.database.connect() as connection:
            values = {"id": self.sync.id, "epoch": self.epoch, "until": now + MEMORY}
            driver_connection(connection).execute(_DOUBT.encode(), values)
            connection.commit()

    def drop(self) -> None:
        """Remove the connection: its calendar is clean."""
        self._write("DELETE FROM calendar_syncs WHERE id = %(id)s AND lease_epoch = %(epoch)s")

    def _write_journal(self, driver: psycopg.Connection[Any], finish: Finish) -> None:
        if finish.known:
            rows = [_journal_row(event) for event in finish.known]
            driver.execute(_JOURNAL.encode(), {"id": self.sync.id, "rows": json.dumps(rows)})
        driver.execute(_FORGET.encode(), {"id": self.sync.id, "before": finish.now - MEMORY})

    def _write(self, statement: str, **values: Any) -> None:
        with self.database.connect() as connection:
            answer = driver_connection(connection).execute(
                statement.encode(), {"id": self.sync.id, "epoch": self.epoch, **values}
            )
            self._must_be_mine(answer)
            connection.commit()

    def _must_be_mine(self, answer: psycopg.Cursor[Any]) -> None:
        if answer.rowcount != 1:
            raise LeaseLost


def claim(
    database: Database,
    *,
    owner: str,
    now: Instant,
    only: Collection[str] | None = None,
    seconds: float = LEASE_SECONDS,
) -> Lease | None:
    """Take the connection that has been due longest (out of `only`, ids of rows); None if nothing is due.

    First the people whom reconcile named become due, but for those whose calendar is just being synced: that
    run may have read the shifts as they were before.
    Where the holder before never gave its lease back, what it did is not in the journal: the calendar is listed.
    """
    values = {"owner": owner, "now": now, "only": None if only is None else list(only), "seconds": seconds}
    with database.connect() as connection:
        with driver_connection(connection).cursor(row_factory=dict_row) as cursor:
            cursor.execute(_RIPEN.encode(), values)
            row = cursor.execute(_CLAIM.encode(), values).fetchone()
        connection.commit()
    if row is None:
        return None
    return Lease(database, read_sync(row), instance=row["instance"], epoch=row["lease_epoch"])


def next_pause(
    database: Database, *, now: Instant, only: Collection[str] | None = None, poll: float
) -> float | None:
    """In how many seconds a connection (of `only`) can be claimed that needs no consent; None if there is none.

    What is due and held by another worker is worth looking at again after `poll` seconds.
    """
    values = {"now": now, "poll": poll, "only": None if only is None else list(only)}
    with database.connect(readonly=True) as connection:
        row = driver_connection(connection).execute(_PAUSE.encode(), values).fetchone()
    return row[0] if row else None


def make_due(database: Database, ids: Collection[str], *, now: Instant) -> None:
    """Let these connections be claimed as soon as nobody holds them and the provider wants to hear of us."""
    with database.connect() as connection:
        driver_connection(connection).execute(
            b"""UPDATE calendar_syncs SET next_sync_at = least(next_sync_at, to_timestamp(%(now)s))
            WHERE id = ANY(%(ids)s::uuid[])
                AND (lease_owner IS NULL OR lease_until <= clock_timestamp())""",
            {"now": now, "ids": list(ids)},
        )
        connection.commit()


def due_ids(database: Database, *, now: Instant) -> list[str]:
    """The connections that are due, failed last time, or whose person reconcile named."""
    with database.connect(readonly=True) as connection:
        rows = driver_connection(connection).execute(_DUE.encode(), {"now": now})
        return [row_id for (row_id,) in rows]


def connection_counts(database: Database) -> dict[str, int]:
    """How many connections there are in all, and in each state: due, failing, needs_consent, ending, leased."""
    with database.connect(readonly=True) as connection:
        row = driver_connection(connection).execute(_COUNTS.encode()).fetchone()
    assert row is not None
    return dict(zip(("connected", "due", "failing", "needs_consent", "ending", "leased"), row, strict=True))


def newest_run(database: Database) -> Instant | None:
    """The T of the newest run on record."""
    with database.connect(readonly=True) as connection:
        row = (
            driver_connection(connection)
            .execute(b"SELECT floor(extract(epoch FROM max(as_of)))::bigint FROM reconcile_runs")
            .fetchone()
        )
    return row[0] if row else None


def _journal_row(event: KnownEvent) -> Mapping[str, Any]:
    return {
        "schedule_id": event.schedule_id,
        "shift_key": event.key,
        "generation": event.generation,
        "remote_id": event.remote_id,
        "etag": event.etag,
        "content_hash": event.content_hash,
        "ends_at": event.ends_at,
    }
