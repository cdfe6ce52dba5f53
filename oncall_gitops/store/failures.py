"""The one door through which the driver's errors become ours.

Nothing that the driver says is passed on as it is: its texts quote connection strings, whole rows and bound
values. What is shown is a sentence of ours, the server's primary message, and a constraint's name.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from oncall_gitops.core.errors import DatabaseUnreachable, LockBusy, OncallError

LOCK_NOT_AVAILABLE = "55P03"
TRY_AGAIN = ("40001", "40P01")
"""Serialization failure and deadlock: the transaction may succeed when it is run again from its start."""
CLASHES = ("23503", "23505", "23P01")
"""A row that somebody wrote after our snapshot refers to ours, or takes the same name or hours; whoever looks
again sees it."""

_UNREACHABLE_CLASSES = ("08", "25P03", "25P04", "28", "3D", "53", "57P", "58")
"""Connections, what the server ended because we stood still, who may connect, resources, its own end, its disk."""

_CONNECTING = (
    ("Connection refused", "no server listens there"),
    ("No such file or directory", "no server listens there"),
    ("could not translate host name", "the host's name is not known"),
    ("Name or service not known", "the host's name is not known"),
    ("failed to resolve host", "the host's name is not known"),
    ("timeout", "no answer in time"),
    ("timed out", "no answer in time"),
    ("password authentication failed", "the server does not accept this user and password"),
    ("no password supplied", "the server asks for a password"),
    ("pg_hba.conf", "the server does not admit this user from here"),
    ("does not exist", "the server knows no such user or database"),
    ("SSL", "the server and the connection string do not agree on TLS"),
    ("root certificate", "the server's certificate cannot be checked"),
    ("starting up", "the server is starting up"),
    ("shutting down", "the server is shutting down"),
    ("too many", "the server has no connection left"),
    ("read-only", "the server is read-only"),
    ("Permission denied", "its socket is not open to us"),
)
"""What the driver's text holds, and what to say of it: the text itself may quote the connection string."""


@contextmanager
def our_errors(database: str = "the database") -> Iterator[None]:
    """Whatever the driver raises inside leaves as one of ours, without the original attached."""
    try:
        yield
    except (psycopg.Error, SQLAlchemyError) as error:
        raise translated(error, database) from None


def cause(error: BaseException) -> psycopg.Error | None:
    """The driver's error within SQLAlchemy's, if it is one."""
    if isinstance(error, DBAPIError) and isinstance(error.orig, psycopg.Error):
        return error.orig
    return error if isinstance(error, psycopg.Error) else None


def sqlstate(error: BaseException) -> str | None:
    """The server's code for what happened; None if the server did not say."""
    found = cause(error)
    return found.sqlstate if found is not None else None


def lost_connection(error: BaseException) -> bool:
    """Whether the server may not have heard, or we may not have heard the answer."""
    found = cause(error)
    if not isinstance(found, psycopg.OperationalError | psycopg.InterfaceError):
        return False
    return found.sqlstate is None or found.sqlstate.startswith(("08", "57P"))


def translated(error: BaseException, database: str = "the database") -> OncallError:
    """Our error for the driver's."""
    found = cause(error)
    if found is None:
        return OncallError(f"{database}: the driver failed ({type(error).__name__})")
    code = found.sqlstate
    said = found.diag.message_primary or ""
    if code is None:
        if isinstance(found, psycopg.OperationalError | psycopg.InterfaceError):
            return DatabaseUnreachable(f"{database} cannot be reached{_why_not(found)}")
        return OncallError(f"{database}: the driver refused a value ({type(found).__name__})")
    if code == "25006" or (code == "0A000" and "standby" in said):
        return DatabaseUnreachable(f"{database} is read-only: {said}")
    if code.startswith(_UNREACHABLE_CLASSES):
        return DatabaseUnreachable(f"{database} cannot be used: {said}")
    if code == LOCK_NOT_AVAILABLE or code in TRY_AGAIN:
        return LockBusy(f"{database} is busy: {said}")
    if code in CLASHES:
        return OncallError(
            f'{database}: another row stands in the way ("{found.diag.constraint_name}"); nothing was changed',
            help="if the plan was narrowed (--team, --schedule), apply the whole: what it leaves out may hold the name",
        )
    if code == "42501":
        return OncallError(
            f"{database}: {said}", help="docs/roles.sql has the rights that each kind of command needs"
        )
    return OncallError(f"{database}: {said} ({code})")


def connection_refused(error: BaseException, database: str) -> DatabaseUnreachable:
    """Our error for a connection that could not be made."""
    return DatabaseUnreachable(f"{database} cannot be reached{_why_not(error)}")


def _why_not(error: BaseException) -> str:
    said = str(error)
    return next((f": {words}" for token, words in _CONNECTING if token in said), "")
