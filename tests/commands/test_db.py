"""`db`: the schema of any database, and the embedded server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from oncall_gitops.store.embedded import FOLDER, find_folder, stop
from oncall_gitops.store.tables import SCHEMA_VERSION
from tests.commands.shell import Shell


@pytest.fixture
def embedded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shell]:
    """Commands in an empty folder, without any database."""
    shell = Shell(tmp_path, monkeypatch)
    yield shell
    stop(tmp_path / FOLDER)


def test_upgrade_says_what_it_did(shell: Shell) -> None:
    assert f"the schema is {SCHEMA_VERSION} already" in shell.ok("db", "upgrade").out
    assert shell.ok("db", "current").out == f"{SCHEMA_VERSION} (this version needs {SCHEMA_VERSION})\n"


def test_the_url_shows_no_password(shell: Shell, monkeypatch: pytest.MonkeyPatch, database_url: str) -> None:
    monkeypatch.setenv("DATABASE_URL", f"{database_url} password=secret")

    url = shell.ok("db", "url").out

    assert "secret" not in url
    with psycopg.connect(url.strip()) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)


def test_a_server_that_is_not_there_is_exit_7(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://u:secret@127.0.0.1:1/x")

    for command in ("upgrade", "current", "url"):
        done = shell("db", command)
        assert done.code == 7
        assert "secret" not in done.out + done.err


def test_the_embedded_server_is_made_asked_and_stopped(embedded: Shell) -> None:
    assert embedded.ok("db", "stop").out == "No embedded server is running.\n"
    assert not find_folder(embedded.folder).exists()

    url = embedded.ok("db", "url").out.strip()
    with psycopg.connect(url) as connection:
        assert connection.execute("SELECT * FROM on_call_now").fetchall() == []

    assert embedded.ok("db", "stop").out == "The embedded server is stopped.\n"
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(url)
