"""Keeping calendars right: connections are claimed one after the other and run side by side.

`reconcile`, `calendar sync`, `calendar disconnect` and `worker` all do this; they differ in which connections
they take, and in how long they go on. Claiming is the main thread's, calls and their journal are the others'.
"""

from __future__ import annotations

import logging
import os
import socket
import time
from collections.abc import Callable, Collection
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from oncall_gitops.core.calendars import AHEAD
from oncall_gitops.core.errors import DatabaseUnreachable, OncallError
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

POLL, GLANCE = 5.0, 0.25
"""How often an idle worker looks for what has become due, and a command at what another worker is just doing,
in seconds."""

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


class Stopping:
    """A wish to stop that a signal's handler may make at any moment: it takes no lock (as an Event does, which
    the handler would wait for in vain if it came while the main thread holds it)."""

    def __init__(self) -> None:
        self._wished = False

    def set(self) -> None:
        self._wished = True

    def is_set(self) -> bool:
        return self._wished

    def wait(self, seconds: float) -> bool:
        """Whether the wish was made within so many seconds."""
        deadline = time.monotonic() + seconds
        while not self._wished and (left := deadline - time.monotonic()) > 0:
            time.sleep(min(left, GLANCE))
        return self._wished


@dataclass(frozen=True, slots=True)
class Syncer:
    """What every run needs. `clock` is now, moving on; `audit` lists ids of rows to list whatever is known."""

    database: Database
    api: Callable[[Provider], ProviderApi]
    keys: KeyRing
    clock: Callable[[], Instant]
    allow: frozenset[str] = frozenset()
    audit: frozenset[str] = frozenset()
    stopping: Stopping = field(default_factory=Stopping)

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
            except (DatabaseUnreachable, LeaseLost):
                raise
            except OncallError as error:
                outcome = Outcome(failure=CalendarFailure(str(error), help=error.help))
            except Exception as error:  # noqa: BLE001 (one connection never stops the others)
                _log.exception("calendar of %s", lease.sync.user)
                outcome = Outcome(failure=CalendarFailure(f"this is a bug of ours: {type(error).__name__}"))
            if is_clean:
                lease.drop()
            else:
                lease.finish(_finish(lease, outcome, now=now, after=self.clock()))
        except LeaseLost:
            lease.doubt(now=now)
            return None
        except DatabaseUnreachable:
            raise
        except OncallError as error:  # the lease ends by itself, and the next run lists
            outcome = Outcome(failure=CalendarFailure(f"how it went could not be stored: {error}"))
            is_clean = False
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
            return outcome, "" if lease.shares_account() else take_back(task), True
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
    patience: float | None,
    tell: Callable[[Done], None] | None = None,
) -> dict[str, Done]:
    """Run over what is due (of `only`, ids of rows) until nothing is, or until stopped without `patience`.

    A connection that is to be tried again within `patience` seconds is waited for. The last run over each
    connection, by id of its row.
    """
    from oncall_gitops.store.calendar_work import claim, next_pause

    owner = f"{socket.gethostname()}:{os.getpid()}"
    results: dict[str, Done] = {}
    running: set[Future[Done | None]] = set()
    deadline = None if patience is None else time.monotonic() + patience
    with ThreadPoolExecutor(concurrency, thread_name_prefix="calendar") as pool:
        try:
            while not syncer.stopping.is_set():
                lease = None
                if len(running) < concurrency:
                    lease = claim(syncer.database, owner=owner, now=syncer.clock(), only=only)
                if lease is not None:
                    running.add(pool.submit(syncer.run, lease))
                elif running:
                    _collect(running, results, tell, seconds=POLL)
                else:
                    pause = next_pause(syncer.database, now=syncer.clock(), only=only, poll=GLANCE)
                    if not _wait(syncer, pause, deadline):
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
            if tell:
                tell(done)
            if earlier := results.get(done.sync.id):
                done = replace(done, outcome=done.outcome.after(earlier.outcome))
            results[done.sync.id] = replace(done, outcome=replace(done.outcome, known={}))


def _wait(syncer: Syncer, pause: float | None, deadline: float | None) -> bool:
    """Wait until something may be due again; False if that is later than we wait."""
    if deadline is not None and (pause is None or time.monotonic() + pause > deadline):
        return False
    return not syncer.stopping.wait(POLL if pause is None else min(max(0.05, pause), POLL))


def _marked(lease: Lease) -> Lease:
    """The lease of a connection that has a marker; one that another program inserted is given its own."""
    from oncall_gitops.calendars.identity import marker_of

    if lease.sync.marker:
        return lease
    return lease.keep_marker(marker_of(instance=lease.instance, user_id=lease.sync.user_id))


def _finish(lease: Lease, outcome: Outcome, *, now: Instant, after: Instant) -> Finish:
    """How the run leaves the row."""
    from oncall_gitops.calendars.failures import NeedsConsent, Throttled
    from oncall_gitops.calendars.run import failures_so_far, next_time
    from oncall_gitops.store.calendar_work import Finish

    failure = outcome.failure
    troubles = [str(failure)] if failure else list(outcome.refused)
    failures = failures_so_far(outcome, before=lease.sync.failures)
    return Finish(
        now=now,
        next_at=next_time(outcome, failures=failures, now=after),
        failures=failures,
        error=redact(troubles[0])[:LONGEST_ERROR] if troubles else None,
        needs_consent=isinstance(failure, NeedsConsent),
        audited=None if outcome.is_right and not outcome.listed else outcome.is_right,
        until=now + AHEAD if outcome.is_right else None,
        wait=failure.after if isinstance(failure, Throttled) else None,
        known=tuple(outcome.known.values()),
    )
