"""The database that a command works on: opened once, closed at its end.

`open_database` takes either a connection string or, without one, the embedded server of the nearest folder.
Every connection is made when it is needed and closed after use, never prepares statements and sets nothing
for its session, so that a pooler between us and the server does no harm.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
from psycopg.conninfo import make_conninfo
from psycopg.pq import TransactionStatus
from sqlalchemy import Connection, create_engine
from sqlalchemy.pool import NullPool

from oncall_gitops.core.errors import DatabaseUnreachable
from oncall_gitops.store import migrate
from oncall_gitops.store.connection_string import parse_address
from oncall_gitops.store.driver import PatientConnection, driver_connection
from oncall_gitops.store.embedded import FOLDER, EmbeddedServer, find_folder
from oncall_gitops.store.failures import connection_refused, our_errors
from oncall_gitops.store.tables import SCHEMA_VERSION

OLDEST_SERVER = 15

_CONNECTION = {
    "connect_timeout": 10,
    "application_name": "oncall-gitops",
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 60_000,
}
"""What a connection string does not say itself. A network that goes silent is noticed within a minute."""


class Database:
    """Connections to one database. `name` may be shown; it is the first line of a plan."""

    def __init__(self, name: str, keywords: Mapping[str, Any]) -> None:
        self.name = name
        self.embedded: EmbeddedServer | None = None
        self._given = keywords
        self._keywords = {**_CONNECTION, **keywords}
        self._engine = create_engine(
            "postgresql+psycopg://",
            creator=self._dial,
            poolclass=NullPool,
            hide_parameters=True,
            use_native_hstore=False,
        )

    @property
    def url(self) -> str:
        """A connection string for other programs, without any password."""
        if self.embedded is not None:
            return self.embedded.url
        return make_conninfo("", **{key: value for key, value in self._given.items() if key != "password"})

    def __repr__(self) -> str:
        return f"Database({self.name!r})"

    @contextmanager
    def connect(self, *, isolation: str = "READ COMMITTED", readonly: bool = False) -> Iterator[Connection]:
        """A connection; what its user did not commit is rolled back at the end."""
        with our_errors(self.name), self.raw_connect(isolation=isolation, readonly=readonly) as connection:
            yield connection

    @contextmanager
    def raw_connect(self, *, isolation: str, readonly: bool = False) -> Iterator[Connection]:
        """As `connect`, but errors stay the driver's, for whoever must tell them apart."""
        with self._engine.connect() as connection:
            connection.execution_options(isolation_level=isolation)
            if readonly:  # else as the server has it: whoever made it read-only is not overruled
                connection.execution_options(postgresql_readonly=True)
            try:
                yield connection
            except BaseException:
                _drop_if_dead(connection)
                raise

    @contextmanager
    def snapshot(self) -> Iterator[Connection]:
        """One consistent, read-only look at the database; it takes no lock and needs no right but SELECT."""
        with self.connect(isolation="REPEATABLE READ", readonly=True) as connection:
            yield connection

    def upgrade(self) -> None:
        """Migrate to this version's schema, however long that takes once the locks are had."""
        with self.connect() as connection:
            driver_connection(connection).patience = None
            connection.exec_driver_sql("SET LOCAL lock_timeout = '30s'")
            migrate.upgrade(connection)
            connection.commit()

    def schema_version(self) -> str | None:
        """The revision that the database has; None before the first."""
        with self.connect(readonly=True) as connection:
            return migrate.current_version(connection)

    def require_schema(self) -> None:
        """WrongSchemaVersion unless the schema is the one that this version needs."""
        with self.connect(readonly=True) as connection:
            migrate.require_version(connection)

    def _dial(self) -> PatientConnection:
        try:
            connection = PatientConnection.connect(**self._keywords, prepare_threshold=None)
        except (psycopg.Error, UnicodeError) as error:
            raise connection_refused(error, self.name) from None
        version = connection.info.server_version
        if version < OLDEST_SERVER * 10_000:
            connection.close()
            raise DatabaseUnreachable(
                f"{self.name} is PostgreSQL {version // 10_000}; {OLDEST_SERVER} or newer is needed"
            )
        return connection


@contextmanager
def open_database(url: str | None, *, directory: Path, check_schema: bool = True) -> Iterator[Database]:
    """The database of a connection string, or the embedded one for `directory`, while the `with` lasts.

    The schema must be ours (WrongSchemaVersion); the embedded database migrates itself, unless
    `check_schema` is off.
    """
    if url is not None:
        address = parse_address(url)
        database = Database(address.name, address.keywords)
        if check_schema:
            database.require_schema()
        yield database
        return
    with EmbeddedServer(find_folder(directory)) as server:
        database = Database(f"embedded database in {_shown(server.folder, directory)}", server.connection)
        database.embedded = server
        if check_schema:
            if database.schema_version() != SCHEMA_VERSION:
                database.upgrade()
            database.require_schema()
        yield database


def _drop_if_dead(connection: Connection) -> None:
    """Over a connection that is lost, or in the middle of an answer, no ROLLBACK can be sent: the server does
    it by itself, and SQLAlchemy, which would try and print a traceback, is told so."""
    if connection.invalidated or connection.closed:
        return
    driver = connection.connection.driver_connection
    assert isinstance(driver, PatientConnection)
    if driver.pgconn.transaction_status in (TransactionStatus.ACTIVE, TransactionStatus.UNKNOWN):
        connection.invalidate()


def _shown(folder: Path, directory: Path) -> str:
    return FOLDER if folder.parent == directory.absolute() else str(folder)
