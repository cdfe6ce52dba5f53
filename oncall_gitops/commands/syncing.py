"""Keeping calendars right: connections are claimed one after the other and run side by side.

`reconcile`, `calendar sync`, `calendar disconnect` and `worker` all do this; they differ in which connections
they take, and in how long they go on. Claiming is the main thread's, calls and their journal are the others'.
"""

from __future__ import annotations

import logging
import os
import socket
import threading
import time
from collections.abc import Callable, Collection
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from oncall_gitops.core.calendars import AHEAD
from oncall_gitops.core.errors import OncallError
from oncall_gitops.core.model.calendar import CalendarSync, Provider
from oncall_gitops.core.model.instant import Instant
from oncall_gitops.settings import redact

if TYPE_CHECKING:
    from oncall_gitops.calendars.protocol import ProviderApi
    from oncall_gitops.calendars.sync import Outcome
    from oncall_gitops.calendars.tokens import KeyRing
    from oncall_gitops.store.calendar_work import Finish, Lease
    from oncall_gitops.store.database import Database

CONCURRENCY = 8
"""So many connections at once, if nobody says otherwise: they wait for the network most of the time."""

PATIENCE = 30.0
"""How many seconds a command waits for connections that are to be tried again soon."""

LONGEST_ERROR = 500

POLL = 5.0
"""How often an idle worker looks for what has become due, in seconds."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Done:
    """What a run did for one connection. `dropped` says that it was clean and is gone; `note` is for the person."""

    sync: CalendarSync
    outcome: Outcome
    dropped: bool = False
    note: str = ""
    seconds: float = 0.0

    @property
    def name(self) -> str:
        return f"{self.sync.user} ({self.sync.provider})"

    @property
    def is_right(self) -> bool:
        return self.outcome.is_right

    @property
    def trouble(self) -> str:
        """Why it is not right, in words; empty if it is."""
        if self.outcome.failure is not None:
            return str(self.outcome.failure)
        return self.outcome.refused[0] if self.outcome.refused else ""


@dataclass(frozen=True, slots=True)
class Syncer:
    """What every run needs. `clock` is now, moving on; `audit` lists ids of rows to list whatever is known."""

    database: Database
    api: Callable[[Provider], ProviderApi]
    keys: KeyRing
    clock: Callable[[], Instant]
    allow: frozenset[str] = frozenset()
    audit: frozenset[str] = frozenset()
    stopping: threading.Event = field(default_factory=threading.Event)

    def run(self, lease: Lease) -> Done | None:
        """Run over one claimed connection and write down how it went; None if it was taken from us meanwhile."""
        from oncall_gitops.calendars.failures import CalendarFailure
        from oncall_gitops.calendars.sync import Outcome
        from oncall_gitops.store.calendar_work import LeaseLost

        begun, now = time.monotonic(), self.clock()
        note, is_clean = "", False
        try:
            try:
                outcome, note, is_clean = self._work(lease, now=now)
            except OncallError:
                raise
            except Exception as error:  # noqa: BLE001 (one connection never stops the others)
                _log.exception("calendar of %s", lease.sync.user)
                outcome = Outcome(failure=CalendarFailure(f"this is a bug of ours: {type(error).__name__}"))
            if is_clean:
                lease.drop()
            else:
                lease.finish(_finish(lease, outcome, now=now, after=self.clock()))
        except LeaseLost:
            return None
        return Done(lease.sync, outcome, is_clean, note, time.monotonic() - begun)

    def _work(self, lease: Lease, *, now: Instant) -> tuple[Outcome, str, bool]:
        """The outcome, a note for the person, and whether the connection has ended and is clean."""
        from oncall_gitops.calendars.failures import CalendarFailure
        from oncall_gitops.calendars.run import Task, run, take_back

        lease = _marked(lease)
        shifts, known = lease.read_work(now=now, until=now + AHEAD)
        task = Task(
            sync=lease.sync,
            row=lease,
            api=self.api(lease.sync.provider),
            keys=self.keys,
            now=now,
            shifts=shifts,
            known=known,
            clock=self._seconds,
            audit=lease.sync.id in self.audit,
            allow=self.allow,
        )
        outcome = run(task)
        if not (lease.sync.ending and outcome.is_right):
            return outcome, "", False
        try:
            return outcome, take_back(task), True
        except CalendarFailure as failure:
            return replace(outcome, failure=failure), "", False

    def _seconds(self) -> float:
        """Time for a pass: it has none left once we are asked to stop."""
        return float("inf") if self.stopping.is_set() else time.monotonic()


def work(
    syncer: Syncer,
    *,
    only: Collection[str] | None = None,
    concurrency: int = CONCURRENCY,
    patience: float | None = PATIENCE,
    tell: Callable[[Done], None] | None = None,
) -> dict[str, Done]:
    """Run over what is due (of `only`, ids of rows) until nothing is, or until stopped without `patience`.

    A connection that is to be tried again within `patience` seconds is waited for. The last run over each
    connection, by id of its row.
    """
    from oncall_gitops.store.calendar_work import claim, next_moment, ripen

    owner = f"{socket.gethostname()}:{os.getpid()}"
    results: dict[str, Done] = {}
    running: set[Future[Done | None]] = set()
    deadline = None if patience is None else time.monotonic() + patience
    with ThreadPoolExecutor(concurrency, thread_name_prefix="calendar") as pool:
        try:
            while not syncer.stopping.is_set():
                ripen(syncer.database, now=syncer.clock())
                lease = None
                if len(running) < concurrency:
                    lease = claim(syncer.database, owner=owner, now=syncer.clock(), only=only)
                if lease is not None:
                    running.add(pool.submit(syncer.run, lease))
                elif running:
                    _collect(running, results, tell, seconds=POLL)
                elif not _wait(syncer, next_moment(syncer.database, only=only), deadline):
                    break
        except BaseException:
            syncer.stopping.set()
            raise
        finally:
            while running:
                _collect(running, results, tell, seconds=None)
    return results


def _collect(
    running: set[Future[Done | None]],
    results: dict[str, Done],
    tell: Callable[[Done], None] | None,
    *,
    seconds: float | None,
) -> None:
    """Take in what has finished, after waiting for the first one (at most so long)."""
    finished, _ = wait(running, timeout=seconds, return_when=FIRST_COMPLETED)
    for future in finished:
        running.discard(future)
        done = future.result()
        if done is not None:
            results[done.sync.id] = done
            if tell:
                tell(done)


def _wait(syncer: Syncer, moment: Instant | None, deadline: float | None) -> bool:
    """Wait until something may be due again; False if that is later than we wait."""
    pause = POLL if moment is None else max(0.05, moment - syncer.clock())
    if deadline is not None:
        if moment is None or time.monotonic() + pause > deadline:
            return False
    else:
        pause = min(pause, POLL)
    return not syncer.stopping.wait(pause)


def _marked(lease: Lease) -> Lease:
    """The lease of a connection that has a marker; one that another program inserted is given its own."""
    from oncall_gitops.calendars.identity import marker_of

    if lease.sync.marker:
        return lease
    return lease.keep_marker(marker_of(instance=lease.instance, user_id=lease.sync.user_id))


def _finish(lease: Lease, outcome: Outcome, *, now: Instant, after: Instant) -> Finish:
    """How the run leaves the row."""
    from oncall_gitops.calendars.failures import NeedsConsent
    from oncall_gitops.calendars.run import next_time
    from oncall_gitops.store.calendar_work import Finish

    troubles = [str(outcome.failure)] if outcome.failure else list(outcome.refused)
    failures = lease.sync.failures + 1 if troubles else 0
    return Finish(
        now=now,
        next_at=next_time(outcome, failures=failures, now=after),
        failures=failures,
        error=redact(troubles[0])[:LONGEST_ERROR] if troubles else None,
        needs_consent=isinstance(outcome.failure, NeedsConsent),
        audited=outcome.is_right if outcome.listed else None,
        until=now + AHEAD if outcome.is_right else None,
        known=tuple(outcome.known.values()),
    )
