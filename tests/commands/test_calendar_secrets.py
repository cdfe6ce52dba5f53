"""No token, key or secret leaves its place: outputs, logs of every library, errors, files, the database's text."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from oncall_gitops.commands.syncing import work
from oncall_gitops.core.secret import Secret
from oncall_gitops.logs import Redacting
from tests.calendars.google_tokens import CLIENT_SECRET
from tests.calendars.loopback import Fault
from tests.commands.calendars import (
    ANN,
    BOB,
    WITHOUT_ANN,
    Office,
    a_key,
    an_office,
    google_service_account,
    opens_browser,
    with_visitor,
)
from tests.commands.shell import Done, Shell

ENTRA_SECRET = "planted-secret-of-microsoft"
GOOGLE = ("calendar", "connect", "google", "--user")
MICROSOFT = ("calendar", "connect", "microsoft", "--user")


@pytest.fixture
def office(shell: Shell, monkeypatch: pytest.MonkeyPatch, database_url: str) -> Iterator[Office]:
    with an_office(shell, monkeypatch, database_url) as office:
        office.set(TOKEN_KEYS=f"k2:{a_key(2)},k1:{a_key(1)}")
        office.google.tokens.consent.email = ANN
        office.graph.entra.account = BOB
        office.graph.mailbox(BOB)
        yield office


@contextmanager
def everything_logged() -> Iterator[io.StringIO]:
    """What `-vv` would show if it showed every library."""
    log, root = io.StringIO(), logging.getLogger()
    handler, level = logging.StreamHandler(log), root.level
    handler.setFormatter(Redacting("%(name)s: %(message)s"))
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    try:
        yield log
    finally:
        root.removeHandler(handler)
        root.setLevel(level)


def planted(office: Office) -> set[str]:
    """Every secret that was ever in play."""
    google, entra = office.google.tokens, office.graph.entra
    account = json.loads((office.shell.folder / "account.json").read_text())["private_key"]
    return {
        *(*google.access, *google.refreshes, *google.codes, CLIENT_SECRET),
        *(*entra.grants, *entra.refreshes, *entra.questions, ENTRA_SECRET),
        *(a_key(1), a_key(2), *account.splitlines()[1:-1]),
    }


def dump(database_url: str) -> str:
    """All rows of all tables as text."""
    with psycopg.connect(database_url) as connection:
        tables = connection.execute(
            "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
        ).fetchall()
        rows = [
            connection.execute(f"SELECT t::text FROM {name} AS t".encode()).fetchall() for (name,) in tables
        ]
    return "\n".join(text for found in rows for (text,) in found)


def a_whole_life(office: Office, monkeypatch: pytest.MonkeyPatch) -> Iterator[Done]:
    """Connections by every way, syncs that fail in every way, new keys, ends."""
    shell = office.shell
    opens_browser(monkeypatch)
    yield shell("-vv", *GOOGLE, "ann")
    yield with_visitor("-vv", *MICROSOFT, "bob", "--no-browser")
    yield shell("-vv", *MICROSOFT, "bob", "--device-code")
    yield shell("-vv", *MICROSOFT, "bob", "--token-file", office.microsoft_file(BOB))
    yield shell("-vv", *GOOGLE, "bob", "--organisation")
    yield shell("-vv", *GOOGLE, "ann", "--token-file", office.google_file())
    yield shell("-vv", "calendar", "sync")
    office.google.tokens.expire_access()
    office.graph.entra.expire()
    token = next(iter(office.google.tokens.refreshes))
    echo = {"error": {"code": 400, "message": f"what is {token}?", "errors": [{"reason": token}]}}
    office.google.loopback.fail(Fault("status", 400, echo), Fault("truncate"), Fault("status", 400, echo))
    yield shell("-vv", "calendar", "sync")
    yield shell("-vv", "calendar", "list")
    yield shell("-vv", "calendar", "list", "--format", "json")
    yield shell("-vv", "calendar", "rotate-key")
    office.google.tokens.revoke_all(ANN)
    office.graph.entra.revoke(BOB)
    yield shell("-vv", "calendar", "sync")
    yield shell("-vv", *GOOGLE, "ann", "--token-file", office.token_file(access_token=token, expires_at=None))
    yield shell("-vv", "doctor")
    yield office.change_rota(WITHOUT_ANN)
    yield shell("-vv", "calendar", "disconnect", "google", "--user", "ann")
    yield shell("-vv", "worker", "--once")


def test_no_secret_is_told_logged_or_stored(
    office: Office, monkeypatch: pytest.MonkeyPatch, database_url: str
) -> None:
    assert work.__kwdefaults__ is not None
    monkeypatch.setitem(work.__kwdefaults__, "patience", 0.2)  # what fails on purpose is not waited for
    google_service_account(office, office.shell.folder)
    with everything_logged() as log:
        told = []
        for done in a_whole_life(office, monkeypatch):
            told += [done.out, done.err, dump(database_url)]
    files = [
        path.read_text(errors="replace")
        for path in office.shell.folder.rglob("*")
        if path.is_file() and path.name not in ("tokens.json", "account.json")
    ]

    assert "urllib3" in log.getvalue(), "the logs of libraries were looked at"
    seen = "\n".join([*told, *files, log.getvalue()])
    assert "ocg1:k2:" in seen
    assert "ann@example.org" in seen
    secrets = planted(office)
    assert len(secrets) > 30
    assert [secret for secret in secrets if secret in seen] == []


def test_a_bugs_traceback_shows_no_token(
    office: Office, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    token = Secret("an-opaque-token-that-looks-like-nothing")

    def fail(*_: object, **__: object) -> None:
        raise RuntimeError(f"the library was given {token.reveal()}")

    monkeypatch.setattr("oncall_gitops.calendars.google.Google.create_calendar", fail)
    done = office.shell("-v", *GOOGLE, "ann", "--token-file", office.google_file())

    assert done.code == 70
    assert "the library was given ***" in done.err
