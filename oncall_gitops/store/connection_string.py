"""Connection strings: what libpq understands, and the spellings of other libraries, without ever echoing one.

A password with an unescaped `@` or `/` makes libpq see parts of it as the host or the database's name, which
messages would show; such a string is refused here instead.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict
from psycopg.pq import Conninfo

from oncall_gitops.core.errors import DatabaseUnreachable

_SCHEME = re.compile(r"([a-z][a-z0-9+.-]*)://", re.IGNORECASE)
_SCHEMES = ("postgres", "postgresql", "postgresql+psycopg", "postgres+psycopg")
_HOST = re.compile(r"[A-Za-z0-9._:,/\[\]%\\ +~-]*")
_PORT = re.compile(r"[0-9,]*")
_STANDARD_PORT = 5432
_HELP = (
    "write postgresql://USER:PASSWORD@HOST:PORT/NAME with special characters percent-encoded (@ as %40), "
    "or host=... dbname=..."
)


@dataclass(frozen=True, slots=True)
class ServerAddress:
    """Where a database is. `keywords` are libpq's, and may hold a password; `name` may be shown."""

    name: str
    keywords: dict[str, Any] = field(repr=False)


def parse_address(text: str) -> ServerAddress:
    """Read a connection string; DatabaseUnreachable, which does not quote it, if it is none."""
    scheme = _SCHEME.match(text.strip())
    if scheme is not None:
        if scheme[1].lower() not in _SCHEMES:
            raise DatabaseUnreachable("DATABASE_URL does not name a PostgreSQL database", help=_HELP)
        text = "postgresql://" + text.strip()[scheme.end() :]
    try:
        given = conninfo_to_dict(text)
    except (psycopg.Error, ValueError):
        raise DatabaseUnreachable("DATABASE_URL is not a connection string", help=_HELP) from None
    known = {**_defaults(), **given}
    host, port, name = (str(known.get(key) or "") for key in ("host", "port", "dbname"))
    name = name or str(known.get("user") or "")
    if not _HOST.fullmatch(host) or not _PORT.fullmatch(port) or re.search(r"[@:]", name):
        raise DatabaseUnreachable("DATABASE_URL is not a connection string", help=_HELP)
    return ServerAddress(f'database "{name}" on {_place(host, port)}', given)


def _place(host: str, port: str) -> str:
    port = port.strip(",") or str(_STANDARD_PORT)
    if not host or host.startswith("/"):
        return f"{host or 'the local socket'}, port {port}"
    return f"{host}:{port}" if "," not in host and ":" not in host else f"{host}, port {port}"


def _defaults() -> dict[str, str]:
    """What libpq takes from its environment (PGHOST and so on)."""
    return {
        option.keyword.decode(): option.val.decode()
        for option in Conninfo.get_defaults()
        if option.val and option.keyword in (b"host", b"port", b"dbname", b"user")
    }
