"""Bringing a database's schema to the one that this version needs.

Alembic takes most of a second to import, so the version is compared without it; it is loaded only to migrate.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection

import oncall_gitops
from oncall_gitops.core.errors import WrongSchemaVersion
from oncall_gitops.store.tables import SCHEMA_VERSION

if TYPE_CHECKING:
    from alembic.config import Config

_LOCK = "SELECT pg_advisory_xact_lock(7305512114)"
"""One migration at a time; the number is ours alone, and the lock ends with the transaction."""

COMMAND = "oncall-gitops db upgrade"


def current_version(connection: Connection) -> str | None:
    """The revision that the database has; None before the first."""
    known = connection.exec_driver_sql("SELECT to_regclass('alembic_version')").scalar()
    if known is None:
        return None
    return connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()


def require_version(connection: Connection) -> None:
    """Refuse, before anything is read, a database whose schema is not the one that we know."""
    found = current_version(connection)
    if found is None:
        raise WrongSchemaVersion(f"the database has no oncall-gitops schema yet; run `{COMMAND}`")
    _require(found)


def require_same_version(connection: Connection) -> None:
    """Refuse, under the lock, a database that somebody has migrated since `require_version`."""
    _require(connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar())


def _require(found: str | None) -> None:
    if found != SCHEMA_VERSION:
        raise WrongSchemaVersion(
            f"the database's schema is {found}, but this version of oncall-gitops needs {SCHEMA_VERSION}; "
            f"run `{COMMAND}` with the newest oncall-gitops that uses this database"
        )


def take_turns(connection: Connection) -> None:
    """Wait for other migrations, and for whoever is applying: neither meets the other half-way."""
    connection.exec_driver_sql(_LOCK)
    if connection.exec_driver_sql("SELECT to_regclass('reconcile_mutex')").scalar() is not None:
        connection.exec_driver_sql("LOCK TABLE reconcile_mutex IN EXCLUSIVE MODE")


def upgrade(connection: Connection, revision: str = "head") -> None:
    """Migrate up to a revision, in the connection's transaction: the caller commits."""
    from alembic import command
    from alembic.util import CommandError

    _begin(connection)
    try:
        command.upgrade(alembic_config(connection), revision)
    except CommandError as error:
        found = current_version(connection)
        raise WrongSchemaVersion(
            f"the database's schema is {found}, which this version of oncall-gitops does not know; "
            f"run `{COMMAND}` with a newer one"
        ) from error


def downgrade(connection: Connection, revision: str) -> None:
    """Migrate down to a revision, in the connection's transaction: the caller commits."""
    from alembic import command

    _begin(connection)
    command.downgrade(alembic_config(connection), revision)


def alembic_config(connection: Connection) -> Config:
    """Alembic's settings for our migrations, on a connection of ours."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(migrations_folder()).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


def _begin(connection: Connection) -> None:
    """In a transaction that it finds open, Alembic neither begins nor commits."""
    if not connection.in_transaction():
        connection.begin()


def migrations_folder() -> Path:
    """`migrations/`: inside the installed package, or beside it in a checkout."""
    package = Path(oncall_gitops.__file__).parent
    inside = package / "migrations"
    return inside if inside.is_dir() else package.parent / "migrations"
