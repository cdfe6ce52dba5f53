"""A real PostgreSQL for tests: one server a session, a fresh database a test, made from a template in about 40 ms.

A pytest plugin (`tests/conftest.py` lists it); every folder may use the fixture `database`. It is the embedded
PostgreSQL, or that whose programs lie in the folder `TEST_POSTGRES_BIN`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest

from oncall_gitops.store import cluster
from oncall_gitops.store.database import Database
from oncall_gitops.store.embedded import EmbeddedServer

TEMPLATE = "template_of_tests"


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedServer]:
    """One server for the whole session (a worker's own, under xdist), with a migrated template."""
    folder = tmp_path_factory.mktemp("postgres") / ".oncall-gitops"
    with _programs_of(os.environ.get("TEST_POSTGRES_BIN")), EmbeddedServer(folder) as running:
        for setting in ("fsync", "full_page_writes", "synchronous_commit"):
            run(running, f"ALTER SYSTEM SET {setting} = off")  # this data dies with the session
        run(running, "SELECT pg_reload_conf()")
        run(running, f"CREATE DATABASE {TEMPLATE}")
        Database("the template", {**running.connection, "dbname": TEMPLATE}).upgrade()
        yield running


@pytest.fixture
def database(server: EmbeddedServer) -> Iterator[Database]:
    """An empty database with the schema, this test's alone."""
    name = f"test_{uuid4().hex}"
    run(server, f"CREATE DATABASE {name} TEMPLATE {TEMPLATE}")
    yield Database(f"test database {name}", {**server.connection, "dbname": name})
    run(server, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def database_url(database: Database) -> str:
    """The same database as a connection string, for whole commands."""
    return database.url


def run(server: EmbeddedServer, statement: str) -> None:
    """One statement outside of any transaction."""
    with psycopg.connect(**server.connection, autocommit=True) as connection:
        connection.execute(statement.encode())


@contextmanager
def _programs_of(folder: str | None) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        if folder is not None:
            patch.setattr(cluster, "_binary", lambda name: Path(folder) / name)
        yield
