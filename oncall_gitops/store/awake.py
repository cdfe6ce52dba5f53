"""The server hears from us while we compute.

It ends a transaction whose client says nothing for a while, so that a frozen command does not hold the lock. A
large organisation's first plan takes longer than that without being frozen.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Thread

import psycopg
from sqlalchemy import Connection

from oncall_gitops.store.driver import PatientConnection, driver_connection

_EVERY = 5.0
_AT_MOST = 120
"""Ten minutes; a computation that has no end must not hold the lock for ever."""


@contextmanager
def awake(connection: Connection, *, every: float = _EVERY) -> Iterator[None]:
    """Ask the server for nothing now and then, from another thread; a process that is stopped asks no more.

    What the server says to that, such as that the transaction must be run again, is raised at the end.
    """
    done, errors = Event(), list[psycopg.Error]()
    thread = Thread(target=_ask, args=(driver_connection(connection), done, every, errors), daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
    if errors:
        raise errors[0]


def _ask(driver: PatientConnection, done: Event, every: float, errors: list[psycopg.Error]) -> None:
    for _ in range(_AT_MOST):
        if done.wait(every):
            return
        try:
            driver.execute(b"SELECT")
        except psycopg.Error as error:
            errors.append(error)
            return
