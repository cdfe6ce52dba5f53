"""The driver's connection, below SQLAlchemy's: one that does not wait for ever.

Keepalives notice a network that is gone. They do not notice a proxy that still holds our end while nothing
comes from the other, or a server that stands still; a command that waits there would never end, and no later
one would be started. So every answer has a time within which it must come.
"""

from __future__ import annotations

import time
from collections.abc import Generator
from typing import Any, TypeVar

import psycopg
from psycopg.abc import PQGen
from sqlalchemy import Connection

T = TypeVar("T")

ANSWER_SECONDS = 300.0
"""Longer than the server lets any statement of ours run."""


class PatientConnection(psycopg.Connection[Any]):
    """Gives up, and is closed, when an answer takes longer than `patience` seconds; None waits for ever."""

    patience: float | None = ANSWER_SECONDS

    def wait(self, gen: PQGen[T], *arguments: Any, **named: Any) -> T:
        """As the driver's, but within `patience`."""
        if self.patience is None or self.closed:
            return super().wait(gen, *arguments, **named)
        return super().wait(self._within(self.patience, gen), *arguments, **named)

    def _within(self, seconds: float, steps: PQGen[T]) -> Generator[Any, Any, T]:
        """The driver's steps; it asks again every tenth of a second, also when nothing has come."""
        deadline = time.monotonic() + seconds
        try:
            wanted = next(steps)
            while True:
                ready = yield wanted
                if not ready and time.monotonic() > deadline:
                    self.pgconn.finish()
                    raise psycopg.OperationalError("timeout: no answer in time")
                wanted = steps.send(ready)
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]


def driver_connection(connection: Connection) -> PatientConnection:
    """The driver's connection below SQLAlchemy's, which is told of the transaction: what it does not know of it
    would not commit."""
    if not connection.in_transaction():
        connection.begin()
    driver = connection.connection.driver_connection
    assert isinstance(driver, PatientConnection)
    return driver
