"""What tests of calendar commands share: a rota, keys, and both providers on loopback."""

from __future__ import annotations

import base64
import contextlib
import io
import json
import os
import re
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest

from oncall_gitops.cli import run
from oncall_gitops.core.model.instant import instant_text
from tests.builders import at
from tests.calendars.google_events import FakeCalendar
from tests.calendars.google_server import (
    LIST_CALENDARS,
    MADE_BY_US,
    OWN_EVENTS,
    FakeGoogle,
    google_serving,
)
from tests.calendars.google_tokens import CLIENT_ID, CLIENT_SECRET, service_account_key
from tests.calendars.graph_events import Event
from tests.calendars.graph_server import GraphServer, serving_graph
from tests.commands.shell import Done, Shell

ANN, BOB = "ann@example.org", "bob@example.org"
NOW = at("2026-11-23T08:00:00Z")
LIFETIME = 3600
ACROSS = (MADE_BY_US, LIST_CALENDARS)

ROTA = """
users:
  ann: {name: Ann Ng, email: ann@example.org}
  bob: {name: Bob Oz, email: bob@example.org}
teams:
  web:
    schedules:
      primary:
        timezone: UTC
        start_date: 2026-11-23
        rotation: {type: weekly, users: [ann, bob]}
"""
WITHOUT_ANN = ROTA.replace("  ann: {name: Ann Ng, email: ann@example.org}\n", "").replace(
    "[ann, bob]", "[bob]"
)


def a_key(number: int) -> str:
    """32 bytes in base64, another one for each number."""
    return base64.b64encode(bytes([number]) * 32).decode()


@dataclass
class Office:
    """A folder with a reconciled rota, its database, and what the two providers are asked."""

    shell: Shell
    monkeypatch: pytest.MonkeyPatch
    google: FakeGoogle
    graph: GraphServer
    database_url: str

    def set(self, **values: str) -> None:
        """Variables of the environment, without their common beginning."""
        for name, value in values.items():
            self.monkeypatch.setenv(f"ONCALL_GITOPS_{name}", value)

    def token_file(self, name: str = "tokens.json", **changes: Any) -> str:
        """A file of tokens; with the defaults, of nobody."""
        given = {"access_token": "a-token", "refresh_token": "r-token", "expires_at": NOW + LIFETIME}
        path = self.shell.folder / name
        path.write_text(json.dumps({**given, **changes}))
        return str(path)

    def google_file(self, email: str = ANN, scopes: tuple[str, ...] = ACROSS, **changes: Any) -> str:
        """A file of tokens that Google would have given this person."""
        access, refresh = self.google.tokens.grant(email, scopes)
        expires = instant_text(NOW + LIFETIME)
        given = {
            "access_token": access,
            "refresh_token": refresh,
            "expires_at": expires,
            "scopes": list(scopes),
        }
        return self.token_file(**{**given, **changes})

    def microsoft_file(self, email: str = ANN, **changes: Any) -> str:
        self.graph.mailbox(email)
        access, refresh = self.graph.entra.access(email), self.graph.entra.refresh_token(email)
        return self.token_file(**{"access_token": access, "refresh_token": refresh, **changes})

    def microsoft_events(self, email: str) -> list[Event]:
        """Every event that stands in any calendar of a person."""
        calendars = self.graph.mailbox(email).calendars.values()
        return [event for calendar in calendars for event in calendar.events.values()]

    def connect_google(self, user: str = "ann", *more: str, email: str = ANN) -> Done:
        return self.shell.ok(
            "calendar", "connect", "google", "--user", user, "--token-file", self.google_file(email), *more
        )

    def made(self) -> list[FakeCalendar]:
        """The calendars that our application made at Google."""
        return [calendar for calendar in self.google.calendars.values() if calendar.made_by_app]

    def listed(self) -> list[dict[str, Any]]:
        return list(self.shell.ok("calendar", "list", "--format", "json").json)

    def rows(self, statement: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.database_url, autocommit=True) as connection:
            cursor = connection.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []

    def run_roles_script(self) -> None:
        """The roles of docs/roles.sql, with a user in each who may do nothing else."""
        script = (Path(__file__).parents[2] / "docs" / "roles.sql").read_text()
        self.rows(script)
        for role in ("app", "plan", "sync"):
            if not self.rows(f"SELECT FROM pg_roles WHERE rolname = 'test_{role}'"):
                self.rows(f"CREATE ROLE test_{role} LOGIN IN ROLE oncall_{role}")

    def act_as(self, role: str) -> None:
        user = re.sub(r"\buser=\S+", f"user=test_{role}", self.database_url)
        self.monkeypatch.setenv("DATABASE_URL", user)

    def change_rota(self, text: str) -> Done:
        self.shell.write(text)
        return self.shell("reconcile", "--yes", "--allow", "mass-delete", "--calendars", "queue")


@contextmanager
def an_office(shell: Shell, monkeypatch: pytest.MonkeyPatch, database_url: str) -> Iterator[Office]:
    """Ready to connect: reconciled, with a key and with clients of both providers."""
    with google_serving() as google, serving_graph() as (graph, _):
        google.tokens.now = NOW
        office = Office(shell, monkeypatch, google, graph, database_url)
        office.set(
            AS_OF=instant_text(NOW),
            TOKEN_KEYS=f"k1:{a_key(1)}",
            GOOGLE_API_URL=google.loopback.url,
            GOOGLE_TOKEN_URL=f"{google.loopback.url}/token",
            GOOGLE_AUTHORIZE_URL=f"{google.loopback.url}/authorize",
            GOOGLE_CLIENT_ID=CLIENT_ID,
            GOOGLE_CLIENT_SECRET=CLIENT_SECRET,
            GRAPH_URL=graph.url,
            MICROSOFT_AUTHORITY=graph.url,
            MICROSOFT_CLIENT_ID=graph.entra.client_id,
        )
        shell.write(ROTA)
        shell.ok("reconcile", "--yes", "--calendars", "skip")
        yield office
        assert google.violations == []
        assert graph.violations == []


def google_service_account(office: Office, folder: Path, *scopes: str) -> None:
    """An organisation that lets our service account act for its people."""
    key, public = service_account_key()
    path = folder / "account.json"
    path.write_text(key)
    path.chmod(0o600)
    office.set(GOOGLE_SERVICE_ACCOUNT_FILE=str(path))
    office.google.tokens.trusted[json.loads(key)["client_email"]] = public
    office.google.tokens.delegated = frozenset(scopes or (*ACROSS, OWN_EVENTS))


class Screen(io.StringIO):
    """A standard output on which somebody waits for an address to visit."""

    def __init__(self, visit: Callable[[str], None]) -> None:
        super().__init__()
        self._visit = visit

    def write(self, text: str) -> int:
        if found := re.search(r"http://\S+/authorize\S*", text):
            threading.Thread(target=self._visit, args=[found[0]], daemon=True).start()
        return super().write(text)


def visit(url: str) -> None:
    """Open a page as a browser does: the consent is answered by a redirect to the waiting command."""
    with urllib.request.urlopen(url, timeout=30) as answer:
        answer.read()


def with_visitor(*arguments: str, visit: Callable[[str], None] = visit) -> Done:
    """A command whose printed address somebody visits, from another program."""
    out, err = Screen(visit), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = run(list(arguments))
    return Done(code, out.getvalue(), err.getvalue())


@contextmanager
def a_terminal(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], None]]:
    """Somebody at another machine, who visits the address there and pastes at the terminal where it led them."""
    keyboard, terminal = os.openpty()

    class Stay(urllib.request.HTTPRedirectHandler):
        def redirect_request(self, *_: Any) -> None:
            """The page of 127.0.0.1 is not this machine's."""

    def visit_and_paste(url: str) -> None:
        try:
            urllib.request.build_opener(Stay).open(url, timeout=30)
        except urllib.error.HTTPError as answer:
            os.write(keyboard, f"{answer.headers['Location']}\n".encode())
            answer.close()

    with os.fdopen(terminal, "r") as stdin:
        monkeypatch.setattr("sys.stdin", stdin)
        yield visit_and_paste
    os.close(keyboard)


def opens_browser(monkeypatch: pytest.MonkeyPatch) -> None:
    """Put a person with a browser in front of this machine."""

    def open_page(url: str) -> bool:
        threading.Thread(target=visit, args=[url], daemon=True).start()
        return True

    monkeypatch.setattr("webbrowser.open", open_page)
