"""The one transaction in which the record changes.

It is SERIALIZABLE, and its first statement after its own timeouts is a table lock: the snapshot is taken when
the wait is over, so whoever waited reads what the other one wrote. An advisory lock would not do: asking for
it is a query, which takes the snapshot before the wait. Being the transaction's, the lock is right through
transaction poolers and ends with its holder, killed, cut off or frozen. The schema's version is asked under the
lock, which migrations take too: nobody writes to a schema that has just become another.
"""

from __future__ import annotations

import contextlib
import random
import time
from collections.abc import Callable
from typing import Any, Generic, TypeVar

import psycopg
from psycopg.pq import TransactionStatus
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from oncall_gitops.core.errors import DatabaseUnreachable, LockBusy, OncallError, OutcomeUnknown
from oncall_gitops.core.model.instant import from_datetime, instant_text
from oncall_gitops.store import migrate
from oncall_gitops.store.database import Database
from oncall_gitops.store.driver import ANSWER_SECONDS, PatientConnection, driver_connection
from oncall_gitops.store.failures import CLASHES, TRY_AGAIN, lost_connection, our_errors, sqlstate

T = TypeVar("T")
RecordFailure = Callable[[Connection, str, float], None]
"""Writes down, in a transaction of its own, what an apply failed of after how many seconds."""

ATTEMPTS = 5

STATEMENT_SECONDS = 120
"""How long one statement may take. A command that is frozen in the middle of sending one may hold the lock as
long; then the next one that waits in vain ends it."""

IDLE_SECONDS = 20
"""How long a command that is frozen between statements may hold the lock, which is where it nearly always is;
less than the default patience of one that waits (30 s)."""

PATIENCE = 30.0
"""How long to ask what became of a commit: a server that crashed needs some seconds to come back, and one that
never heard of the commit rolls back after `IDLE_SECONDS`."""

_RECORDING_SECONDS = 5

_LOCK = "LOCK TABLE reconcile_mutex IN EXCLUSIVE MODE"

_HOLDER = """
SELECT activity.pid, activity.application_name, activity.xact_start
FROM pg_locks AS locks JOIN pg_stat_activity AS activity ON activity.pid = locks.pid
WHERE locks.relation = 'reconcile_mutex'::regclass AND locks.mode = 'ExclusiveLock' AND locks.granted
"""


_END_FROZEN = """
SELECT pg_terminate_backend(activity.pid)
FROM pg_locks AS locks JOIN pg_stat_activity AS activity ON activity.pid = locks.pid
WHERE locks.relation = 'reconcile_mutex'::regclass AND locks.mode = 'ExclusiveLock' AND locks.granted
    AND activity.state = 'active' AND activity.wait_event = 'ClientRead'
    AND activity.state_change < clock_timestamp() - make_interval(secs => %s)
"""
"""Waiting for its client in the middle of a statement, the server minds neither the idle time-out nor that of
statements; it would wait for ever. To end the process takes the same role as its own."""


class _LockTimeout(Exception):
    """The wait for the mutex is over, in vain."""


def apply(
    database: Database,
    body: Callable[[Connection], T],
    *,
    run_id: str,
    lock_timeout: float = 30.0,
    record_failure: RecordFailure | None = None,
) -> T:
    """Run `body` alone and commit; what it returns, once that is certain.

    `body` must record a run with `run_id`. It is run again from its start, with a new snapshot, when the
    database asks for that. Raises LockBusy, naming the holder, when the lock is not had in `lock_timeout`
    seconds; OutcomeUnknown when the answer to the commit was lost and nothing can be learnt of it; what
    `body` raises, after a rollback. `record_failure` is called when the lock was had and the apply failed all
    the same, but for what `body` itself refuses (an OncallError).
    """
    work = _Work(body)
    began = time.monotonic()
    try:
        return _attempts(database, work, run_id=run_id, lock_timeout=lock_timeout)
    except OutcomeUnknown:
        raise
    except BaseException as error:
        if record_failure is not None and work.has_failed:
            _record(database, record_failure, error, seconds=time.monotonic() - began)
        raise


class _Work(Generic[T]):
    """The body, and whether it has begun and what stopped it."""

    def __init__(self, body: Callable[[Connection], T]) -> None:
        self._body = body
        self.has_failed = False

    def __call__(self, connection: Connection) -> T:
        self.has_failed = True
        try:
            return self._body(connection)
        except OncallError:
            self.has_failed = False
            raise


def _attempts(database: Database, work: _Work[T], *, run_id: str, lock_timeout: float) -> T:
    for attempt in range(1, ATTEMPTS + 1):
        try:
            return _attempt(database, work, run_id=run_id, lock_timeout=lock_timeout)
        except (psycopg.Error, DBAPIError) as error:
            code = sqlstate(error)
            may_pass = code in TRY_AGAIN or (code in CLASHES and attempt == 1)
            if not may_pass:
                with our_errors(database.name):
                    raise
            if attempt < ATTEMPTS:
                time.sleep(random.uniform(0, 0.05 * 2**attempt))
    raise LockBusy(
        f"other transactions changed the same rows in each of {ATTEMPTS} attempts; try again later"
    )


def _attempt(database: Database, work: _Work[T], *, run_id: str, lock_timeout: float) -> T:
    with database.raw_connect(isolation="SERIALIZABLE") as connection:
        driver = driver_connection(connection)
        _lock_or_say_who_holds_it(driver, timeout=lock_timeout)
        migrate.require_same_version(connection)
        result = work(connection)
        try:
            commit(driver)
        except psycopg.Error as error:
            if not lost_connection(error):
                raise
            connection.invalidate()
            _find_out(database, run_id)
        return result


def lock(driver: PatientConnection, *, timeout: float) -> None:
    """Begin: the timeouts that free everybody else from us, then the lock, all in one round trip.

    The time-out of statements begins with the lock: its wait has one of its own.
    """
    milliseconds = max(1, round(timeout * 1000))
    settings = {
        "lock_timeout": f"{milliseconds}ms",
        "statement_timeout": "0",
        "idle_in_transaction_session_timeout": f"{IDLE_SECONDS}s",
        "client_connection_check_interval": "1s",
    }
    statements = [f"SET LOCAL {name} = '{value}'" for name, value in settings.items()]
    limit = f"SET LOCAL statement_timeout = '{STATEMENT_SECONDS}s'"
    driver.patience = ANSWER_SECONDS + timeout
    try:
        driver.execute("; ".join([*statements, _LOCK, limit]).encode())
    except psycopg.errors.LockNotAvailable:
        driver.rollback()
        raise _LockTimeout from None
    finally:
        driver.patience = ANSWER_SECONDS


def commit(driver: psycopg.Connection[Any]) -> None:
    """Commit, and make sure that it was one: to a failed transaction the server says ROLLBACK, no error."""
    if driver.info.transaction_status != TransactionStatus.INTRANS:
        raise OncallError("the transaction had failed and was rolled back; nothing was changed")
    answer = driver.execute("COMMIT").statusmessage
    if answer != "COMMIT":
        raise OncallError(f"the server answered {answer} to COMMIT; nothing was changed")


def _lock_or_say_who_holds_it(driver: PatientConnection, *, timeout: float) -> None:
    try:
        lock(driver, timeout=timeout)
    except _LockTimeout:
        if not _end_frozen(driver):
            raise LockBusy(_who_holds(driver, timeout)) from None
        try:
            lock(driver, timeout=timeout)
        except _LockTimeout:
            raise LockBusy(_who_holds(driver, 2 * timeout)) from None


def _end_frozen(driver: PatientConnection) -> bool:
    """End a holder whose client has stopped in the middle of a statement; whether there was one."""
    try:
        ended = driver.execute(_END_FROZEN, [STATEMENT_SECONDS]).fetchall()
    except psycopg.errors.InsufficientPrivilege:
        ended = []
    driver.rollback()
    return bool(ended)


def _who_holds(driver: psycopg.Connection[Any], waited: float) -> str:
    """Asked after our rollback, in a transaction of its own."""
    holders = []
    for pid, application, since in driver.execute(_HOLDER).fetchall():
        begun = f", since {instant_text(from_datetime(since))}" if since else ""
        holders.append(f"process {pid} of the server ({application or 'unnamed'}{begun})")
    driver.rollback()
    holder = ", ".join(holders) or "somebody who has left meanwhile"
    return f"the lock was not to be had within {waited:g} seconds; it is held by {holder}"


def _find_out(database: Database, run_id: str) -> None:
    """After a lost answer: return if the run is on record, raise if it is not or nobody can say.

    Taking the lock first waits for the transaction whose end we missed, if the server still has it.
    """
    said = "the connection was lost while the commit was on its way"
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            with database.connect() as connection:
                driver = driver_connection(connection)
                lock(driver, timeout=PATIENCE)
                found = driver.execute(
                    "SELECT 1 FROM reconcile_runs WHERE id = %s AND status = 'applied'", [run_id]
                ).fetchone()
            break
        except (OncallError, _LockTimeout):
            if time.monotonic() < deadline:
                time.sleep(0.5)
                continue
            raise OutcomeUnknown(
                f"{said}, and the database cannot be asked what became of it",
                help=f"if `oncall-gitops history` shows run {run_id}, all was applied; else nothing was",
            ) from None
    if found is None:
        raise DatabaseUnreachable(f"{said}; run {run_id} is not on record, so nothing was changed")


def _record(
    database: Database, record_failure: RecordFailure, error: BaseException, *, seconds: float
) -> None:
    """Write down what happened, if the database still takes it: the failure itself is what must be told.

    If the transaction that failed is still alive somewhere, or has been committed after all, the run's id keeps
    this row out.
    """
    match error:
        case OncallError():
            told = str(error)
        case Exception():
            told = f"a bug: {type(error).__name__}"
        case _:
            told = "interrupted"
    with contextlib.suppress(Exception), database.connect() as connection:
        limits = f"SET LOCAL statement_timeout = '{_RECORDING_SECONDS}s'"
        connection.exec_driver_sql(limits)
        record_failure(connection, told, seconds)
        connection.commit()
