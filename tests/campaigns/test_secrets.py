"""Canaries in place of every secret, and every way to fail: none is ever seen, whoever prints.

Each canary holds `C4N4RY` in all of its parts, so that half of a password that was cut at an `@` is found, too.
"""

from __future__ import annotations

import json
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from oncall_gitops.cli import COMMANDS
from tests.campaigns.processes import oncall
from tests.commands.shell import Shell
from tests.commands.test_reconcile import write

CANARY = "C4N4RY"
PASSWORD = "C4N4RY.pa55"
OTHERS = {
    "PGPASSWORD": "C4N4RY-pgpassword",
    "ONCALL_GITOPS_TOKEN_KEYS": f"k1:C4N4RY{'A' * 37}=",
    "ONCALL_GITOPS_GOOGLE_CLIENT_SECRET": "C4N4RY-google-client",
    "ONCALL_GITOPS_MICROSOFT_CLIENT_SECRET": "C4N4RY-microsoft-client",
}

ADDRESSES = [
    f"postgresql://app:{PASSWORD}@127.0.0.1:1/oncall",
    f"postgresql://app:{PASSWORD}@nowhere.invalid/oncall",
    f"postgresql://app:{PASSWORD}@[::1/oncall",
    f"postgresql://app:{PASSWORD}@127.0.0.1:port/oncall",
    f"postgresql://app:{PASSWORD}@127.0.0.1:1:2/oncall",
    f"postgresql://app:{PASSWORD}@@127.0.0.1:1/oncall",
    f"postgresql://app:{PASSWORD}@C4N4RY@127.0.0.1:1/oncall",
    f"postgresql://app:{PASSWORD}/C4N4RY@127.0.0.1:1/oncall",
    f"postgresql://app:{PASSWORD}#C4N4RY@127.0.0.1:1/oncall",
    f"postgresql://app:{PASSWORD}?C4N4RY@127.0.0.1:1/oncall",
    f"postgresql://app:{PASSWORD}%C4N4RY@127.0.0.1:1/oncall",
    f"postgresql://app:{PASSWORD}%zzC4N4RY@127.0.0.1:1/oncall",
    f"postgresql://app:{PASSWORD} C4N4RY@127.0.0.1:1/oncall",
    f"postgresql://app:{PASSWORD}:C4N4RY@127.0.0.1:1/oncall",
    f"postgresql://app:{PASSWORD}%40C4N4RY@127.0.0.1:1/oncall",
    f"postgresql://{PASSWORD}@127.0.0.1:1/oncall:{PASSWORD}",
    f"postgresql://app:{PASSWORD}@127.0.0.1:1/oncall?password={PASSWORD}",
    f"postgresql://127.0.0.1:1/oncall?user=app&password={PASSWORD}",
    f"postgresql://127.0.0.1:1/oncall?user=app&passwort={PASSWORD}",
    f"postgresql://127.0.0.1:1/oncall?user=app&password=a&{PASSWORD}",
    f"postgresql://127.0.0.1:1/oncall?sslpassword={PASSWORD}",
    f"postgresql:/app:{PASSWORD}@127.0.0.1:1/oncall",
    f"postgresql//app:{PASSWORD}@127.0.0.1:1/oncall",
    f"postgres:app:{PASSWORD}@127.0.0.1:1/oncall",
    f"mysql://app:{PASSWORD}@127.0.0.1:1/oncall",
    f"jdbc:postgresql://127.0.0.1:1/oncall?user=app&password={PASSWORD}",
    f"https://app:{PASSWORD}@127.0.0.1:1/oncall",
    f"host=127.0.0.1 port=1 password={PASSWORD}",
    f"host=127.0.0.1 port=1 password='{PASSWORD} C4N4RY'",
    f"host=127.0.0.1 port=1 password='{PASSWORD}",
    f"host=127.0.0.1 port=1 password={PASSWORD} C4N4RY",
    f"host=127.0.0.1 port=1 password = {PASSWORD}",
    f"host=127.0.0.1 port=1 pasword={PASSWORD}",
    f"host=127.0.0.1 port=x password={PASSWORD}",
    f"host=127.0.0.1 port=1 sslpassword={PASSWORD} sslkey=/nowhere sslmode=require",
    f"host=127.0.0.1 port=1 password={PASSWORD} sslmode=C4N4RY",
    f"host=127.0.0.1 port=1 user=app:{PASSWORD}",
    f"export DATABASE_URL=postgresql://app:{PASSWORD}@127.0.0.1:1/oncall",
    f'"postgresql://app:{PASSWORD}@127.0.0.1:1/oncall"',
    f"'postgresql://app:{PASSWORD}@127.0.0.1:1/oncall",
    f"postgresql://app:{PASSWORD}@127.0.0.1:1/oncall\n",
    f"\ufeffpostgresql://app:{PASSWORD}@127.0.0.1:1/oncall",
    f"postgresql://app:{PASSWORD}\x1b[31m@127.0.0.1:1/oncall",
    f"{PASSWORD}",
    f"app:{PASSWORD}",
]
"""Right and wrong ways to say where a database is, with the password where people put it."""

ASKING: dict[str, list[tuple[str, ...]]] = {
    "reconcile": [("reconcile", "--yes"), ("reconcile", "--dry-run", "--format", "json")],
    "who": [("who",), ("who", "--format", "json")],
    "shifts": [("shifts", "--format", "csv")],
    "override": [
        ("override", "list"),
        ("override", "add", "payments/primary", "--user", "bob", "--until", "2099-01-01", "--reason", "x"),
    ],
    "history": [("history", "--format", "json")],
    "db": [("db", "url"), ("db", "current"), ("db", "upgrade")],
    "doctor": [("doctor",)],
    "calendar": [("calendar", "list"), ("calendar", "sync")],
    "worker": [],
}
"""The commands that need a database, and how to call them."""


@pytest.fixture
def canaries(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in OTHERS.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("PGCONNECT_TIMEOUT", "2")


def calls() -> Iterator[tuple[str, ...]]:
    for name, lines in ASKING.items():
        if name in COMMANDS:
            yield from lines


def assert_unseen(*texts: str) -> None:
    for text in texts:
        assert CANARY not in text, text


@pytest.mark.usefixtures("canaries")
def test_a_database_that_cannot_be_reached_shows_no_password(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shell = Shell(tmp_path, monkeypatch)
    write(shell)
    seen = []
    every = list(calls())
    for number, address in enumerate(ADDRESSES):
        monkeypatch.setenv("DATABASE_URL", address)
        for call in (("doctor",), *every[number % 3 :: 3]):
            done = shell(*call)
            if CANARY in done.out + done.err or done.code not in (1, 7):
                lines = [line for line in (done.out + done.err).split("\n") if CANARY in line]
                seen.append((address, call, done.code, lines))
    assert seen == []


@contextmanager
def a_server_that_tells(secret: str) -> Iterator[int]:
    """A port where somebody asks for a password in clear text, and quotes it in every field of the refusal."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=_serve, args=(listener, secret), daemon=True)
        thread.start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)
        thread.join(10)


def _serve(listener: socket.socket, secret: str) -> None:
    fields = "".join(f"{kind}{text}\0" for kind, text in (
        ("S", "FATAL"), ("V", "FATAL"), ("C", "28P01"), ("M", f'password "{secret}" is wrong'),
        ("D", f"it was {secret}"), ("H", f"not {secret}"), ("n", secret), ("W", secret),
    ))  # fmt: skip
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        with connection:
            while True:
                size = struct.unpack("!i", _exactly(connection, 4))[0]
                if _exactly(connection, size - 4)[:4] == struct.pack("!i", 196_608):
                    break
                connection.sendall(b"N")  # no TLS, no GSS
            connection.sendall(b"R" + struct.pack("!ii", 8, 3))
            _exactly(connection, 1)
            _exactly(connection, struct.unpack("!i", _exactly(connection, 4))[0] - 4)
            content = f"{fields}\0".encode()
            connection.sendall(b"E" + struct.pack("!i", len(content) + 4) + content)


def _exactly(connection: socket.socket, size: int) -> bytes:
    content = b""
    while len(content) < size:
        more = connection.recv(size - len(content))
        if not more:
            break
        content += more
    return content


@pytest.mark.usefixtures("canaries")
def test_a_server_that_quotes_the_password_is_not_quoted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shell = Shell(tmp_path, monkeypatch)
    write(shell)
    with a_server_that_tells(PASSWORD) as port:
        monkeypatch.setenv("DATABASE_URL", f"postgresql://app:{PASSWORD}@127.0.0.1:{port}/oncall")
        for call in calls():
            done = shell(*call)
            assert done.code == 7, done.err
            assert_unseen(done.out, done.err)


@pytest.mark.usefixtures("canaries")
def test_neither_logs_nor_a_traceback_tell_a_secret(tmp_path: Path) -> None:
    """The traceback is that of a bug: a library that raises, with the connection string, what nobody foresaw."""
    (tmp_path / "sitecustomize.py").write_text(
        "import psycopg\n"
        "def connect(*arguments, **keywords):\n"
        "    import logging, os\n"
        "    logging.getLogger('oncall_gitops').debug('connecting with %s', arguments)\n"
        "    known = {name: value for name, value in os.environ.items() if 'C4N4RY' in value}\n"
        "    raise RuntimeError(f'{arguments} {keywords} {known}')\n"
        "psycopg.connect = psycopg.Connection.connect = connect\n"
    )
    (tmp_path / "schedules").mkdir()
    for verbosity, address in (("-v", ADDRESSES[14]), ("-vv", "host=127.0.0.1 password='C4N4RY C4N4RY'")):
        done = oncall(tmp_path, verbosity, "who", database_url=address, path=tmp_path)
        assert done.code == 70
        assert "Traceback" in done.err
        assert "RuntimeError" in done.err
        assert_unseen(done.out, done.err)


@pytest.mark.usefixtures("canaries")
def test_a_connection_string_in_the_wrong_file_is_not_quoted(shell: Shell) -> None:
    """People try to write it into the settings file, as a flag, or among the schedules."""
    address = ADDRESSES[0]
    write(shell)
    settings = shell.folder / "oncall-gitops.yaml"
    for text in (
        f"database_url: {address}\n",
        f"{address}\n",
        f"horizon: {address}\n",
        f"{address}: 1\n",
        f"- {address}",
    ):
        settings.write_text(text)
        for words in ("doctor", "who", "reconcile --dry-run"):
            done = shell(*words.split())
            assert done.code == 1, f"{text}{done.out}"
            assert_unseen(done.out, done.err)
    settings.unlink()
    mistaken: list[tuple[str, ...]] = [
        ("reconcile", address),
        ("reconcile", "--dry-run", address),
        ("who", address),
        ("who", "--database-url", address),
        ("reconcile", f"--database-url={address}"),
        ("diff", "--base", address),
        ("shifts", "--user", address, "--from", address),
        ("history", "--limit", address),
        ("show", address),
        (address,),
    ]
    for call in mistaken:
        done = shell(*call)
        assert done.code in (1, 64), f"{call}: {done.code}"
        assert_unseen(done.out, done.err)


def everything(database_url: str) -> str:
    """Every row of every table, as a dump would have them."""
    with psycopg.connect(database_url) as connection:
        tables = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
        return "".join(
            str(row)
            for (table,) in tables
            for row in connection.execute(f"SELECT to_jsonb(t) FROM {table} AS t".encode()).fetchall()
        )


@pytest.mark.usefixtures("canaries")
def test_what_is_recorded_and_what_is_saved_holds_no_secret(
    shell: Shell, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Runs that are applied, blocked and stale, with the password in the connection string, plans in every form."""
    known = psycopg.conninfo.conninfo_to_dict(database_url)
    monkeypatch.setenv("DATABASE_URL", psycopg.conninfo.make_conninfo("", **{**known, "password": PASSWORD}))
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(shell.folder / "summary.md"))
    monkeypatch.setenv("GITHUB_OUTPUT", str(shell.folder / "output.txt"))
    write(shell)
    files = [
        word
        for kind in ("json", "markdown", "text", "github")
        for word in ("--output-file", f"{kind}={kind}.out")
    ]
    told = [
        shell("reconcile", "--yes", "--plan-out", "plan.json", "--format", "github", *files),
        shell("reconcile", "--yes", "--expect-plan", "sha256:0"),
        shell("history", "--format", "json"),
        shell("db", "url"),
        shell("doctor"),
        shell("reconcile", "--yes", str(shell.folder / "nowhere")),
        shell("reconcile", "--yes", "--lock-timeout", "1s", "--allow", "empty-source"),
    ]
    assert [done.code for done in told] == [0, 4, 0, 0, 0, 1, 0], told
    written = [file.read_text() for file in shell.folder.rglob("*") if file.is_file()]
    assert len(written) > 6
    assert_unseen(everything(database_url), *written, *(done.out + done.err for done in told))
    assert json.loads((shell.folder / "plan.json").read_text())["summary"]["create"] > 0
