"""The embedded server: shared by the living, out of reach of others, and never in the way after a crash."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from oncall_gitops.core.errors import DatabaseUnreachable
from oncall_gitops.store.cluster import Cluster
from oncall_gitops.store.database import open_database
from oncall_gitops.store.embedded import FOLDER, EmbeddedServer, find_folder, stop
from oncall_gitops.store.tables import SCHEMA_VERSION
from oncall_gitops.store.unprivileged import server_account

ROOT = Path(__file__).parents[2]

USE_IT = """
import sys
from pathlib import Path
from oncall_gitops.store.embedded import EmbeddedServer
with EmbeddedServer(Path(sys.argv[1])) as server:
    print(server._cluster.running().pid, flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """Below a folder that nobody else may enter."""
    (tmp_path / "closed").mkdir(mode=0o700)
    yield tmp_path / "closed" / FOLDER
    stop(tmp_path / "closed" / FOLDER)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Data made once: what most tests here are about comes after."""
    folder = tmp_path_factory.mktemp("data") / FOLDER
    with EmbeddedServer(folder):
        pass
    return folder


@pytest.fixture
def used(data: Path) -> Iterator[Path]:
    yield data
    stop(data)


class Command:
    """Another process that uses the server until it is told to end, or killed."""

    def __init__(self, folder: Path, become: Callable[[], None] | None = None) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", USE_IT, str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={"PYTHONPATH": str(ROOT), "PATH": os.defpath},
            preexec_fn=become,  # noqa: PLW1509 (no thread runs here)
        )

    def server_pid(self) -> int:
        assert self.process.stdout is not None
        return int(self.process.stdout.readline())

    def end(self) -> None:
        self.process.communicate(timeout=60)

    def kill(self) -> None:
        self.process.kill()
        self.process.communicate(timeout=60)


def answers(server: EmbeddedServer) -> int:
    """The process that answers a query, which ends with the connection."""
    with psycopg.connect(**server.connection) as connection:
        return connection.info.backend_pid


def ended(pid: int) -> bool:
    """Gone, or dead and waiting for its parent to notice; a moment of patience."""
    for _ in range(500):
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            return True
        if state == "Z":
            return True
        time.sleep(0.01)
    return False


def settings_of(server: EmbeddedServer) -> dict[str, str]:
    names = ("server_encoding", "TimeZone", "fsync", "listen_addresses", "lc_messages")
    with psycopg.connect(**server.connection) as connection:
        rows = {name: connection.execute(f"SHOW {name}".encode()).fetchone() for name in names}
        collation = connection.execute("SELECT datcollate FROM pg_database WHERE datname = 'postgres'")
        rows["collation"] = collation.fetchone()
    return {name: row[0] for name, row in rows.items() if row}


def test_it_starts_below_a_closed_folder_and_only_its_owner_gets_in(folder: Path) -> None:
    parents = {parent: parent.stat().st_mode for parent in folder.parents}

    with EmbeddedServer(folder) as server:
        assert settings_of(server) == {
            "server_encoding": "UTF8",
            "TimeZone": "UTC",
            "fsync": "on",
            "listen_addresses": "",
            "lc_messages": "C",
            "collation": "C",
        }
        assert folder.stat().st_mode & 0o777 == 0o700
        assert folder.stat().st_uid == os.geteuid()
        assert Path(server.connection["host"]).stat().st_mode & 0o777 == 0o700
        assert {parent: parent.stat().st_mode for parent in folder.parents} == parents
        assert "*\n" in (folder / ".gitignore").read_text()


def test_it_is_stopped_when_the_last_living_user_leaves(used: Path) -> None:
    first = Command(used)
    pid = first.server_pid()
    with EmbeddedServer(used) as server:
        assert server._cluster is not None
        assert server._cluster.running() is not None
        first.end()
        assert answers(server)
    assert ended(pid)


def test_a_killed_command_does_not_count(used: Path) -> None:
    killed = Command(used)
    pid = killed.server_pid()
    killed.kill()

    with EmbeddedServer(used) as server:
        assert answers(server)
        running = server._cluster.running() if server._cluster else None
        assert running is not None
        assert running.pid == pid
    assert ended(pid)


def test_commands_that_start_at_once_share_one_server_on_new_data(folder: Path) -> None:
    commands = [Command(folder) for _ in range(3)]

    pids = {command.server_pid() for command in commands}
    for command in commands:
        command.end()

    assert len(pids) == 1
    assert ended(*pids)


def test_a_killed_server_is_started_again(used: Path) -> None:
    with EmbeddedServer(used) as server:
        before = server._cluster.running() if server._cluster else None
        assert before is not None
        os.kill(before.pid, signal.SIGKILL)
        assert ended(before.pid)

        with EmbeddedServer(used) as again:
            assert answers(again)


def test_a_pid_file_that_names_a_process_of_somebody_else_is_stale(used: Path) -> None:
    (used / "postgres" / "postmaster.pid").write_text(
        f"{os.getpid()}\n{used}/postgres\n1\n5432\n{used}/socket\n"
    )

    with EmbeddedServer(used) as server:
        assert answers(server)


def test_a_half_made_cluster_is_made_again(folder: Path) -> None:
    half = folder / "postgres.1.new"
    half.mkdir(parents=True)
    (half / "PG_VERSION").write_text("18")

    with EmbeddedServer(folder) as server:
        assert answers(server)
    assert not half.exists()


def test_stop_ends_it_whoever_uses_it_and_leaves_no_process(used: Path) -> None:
    user = Command(used)
    pid = user.server_pid()

    assert stop(used)
    assert not stop(used)

    assert ended(pid)
    user.end()


def test_a_kept_server_runs_until_it_is_stopped(used: Path) -> None:
    with EmbeddedServer(used) as server:
        server.keep()
        url = server.url
    with EmbeddedServer(used):
        pass

    with psycopg.connect(url) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
    assert stop(used)
    with EmbeddedServer(used) as server:
        running = server._cluster.running() if server._cluster else None
    assert running is not None
    assert ended(running.pid)


@pytest.mark.parametrize("name", ["x" * 120, 'a,b"c', "a b&c%41"])
def test_a_path_that_a_socket_cannot_have_is_no_obstacle(tmp_path: Path, name: str) -> None:
    folder = tmp_path / name / FOLDER
    folder.parent.mkdir()

    with EmbeddedServer(folder) as server:
        sockets = Path(server.connection["host"])
        assert answers(server)
        assert sockets.stat().st_mode & 0o777 == 0o700
        with psycopg.connect(server.url) as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)
    assert not (sockets / ".s.PGSQL.5432").exists()
    assert sockets.is_relative_to(tmp_path) or not sockets.parent.exists()


def test_an_ordinary_user_needs_nothing_special(tmp_path: Path) -> None:
    account = server_account()
    home = tmp_path / "home"
    home.mkdir()
    account.give(home)

    command = Command(home / FOLDER, account.become)
    pid = command.server_pid()
    owner = (home / FOLDER).stat().st_uid
    command.end()

    assert owner == account.uid
    assert ended(pid)


def test_the_nearest_folder_above_is_used(tmp_path: Path) -> None:
    (tmp_path / FOLDER).mkdir()
    (tmp_path / "a" / "b").mkdir(parents=True)

    assert find_folder(tmp_path / "a" / "b") == tmp_path / FOLDER
    assert find_folder(tmp_path.parent) == tmp_path.parent / FOLDER


def test_a_folder_of_somebody_else_is_passed_over_and_never_used(tmp_path: Path) -> None:
    (tmp_path / FOLDER).mkdir()
    (tmp_path / "mine").mkdir()
    as_somebody_else(tmp_path / FOLDER)

    assert find_folder(tmp_path / "mine") == tmp_path / "mine" / FOLDER
    with (
        pytest.raises(DatabaseUnreachable, match="belongs to another user"),
        EmbeddedServer(tmp_path / FOLDER),
    ):
        pass


def as_somebody_else(path: Path) -> None:
    """Root gives the folder away; anybody else takes one that is root's, by way of a link."""
    if os.geteuid() == 0:
        os.chown(path, 12345, 12345)
    else:
        path.rmdir()
        path.symlink_to("/")


def test_a_folder_that_cannot_be_written_is_explained(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with (
        pytest.raises(DatabaseUnreachable, match="cannot be kept in"),
        EmbeddedServer(tmp_path / "file" / FOLDER),
    ):
        pass


def test_the_embedded_database_migrates_itself(used: Path) -> None:
    with open_database(None, directory=used.parent) as database:
        assert database.name == f"embedded database in {FOLDER}"
        assert database.schema_version() == SCHEMA_VERSION
    with open_database(None, directory=used.parent / "deeper") as database:
        assert database.name == f"embedded database in {used}"


def test_the_log_quotes_no_value(used: Path) -> None:
    with EmbeddedServer(used) as server, psycopg.connect(**server.connection) as connection:
        with pytest.raises(psycopg.Error):
            connection.execute("SELECT 'canary'::int, 'canary' FROM nowhere")
        connection.rollback()
        with pytest.raises(psycopg.Error):
            connection.execute("DO $$ BEGIN RAISE unique_violation USING DETAIL = 'Key (x)=(canary)'; END $$")

    assert "canary" not in Cluster(used, server_account()).log.read_text()


@pytest.mark.parametrize("written", ["", "precious/s", "{precious}/s"])
def test_stopping_removes_no_folder_that_the_starter_did_not_make(
    used: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, written: str
) -> None:
    """The pid file of a server that is starting or dying is half written: its lines are no orders."""
    precious = tmp_path / "precious"
    (precious / "s").mkdir(parents=True)
    (precious / "s" / "file").write_text("")
    monkeypatch.chdir(tmp_path)
    user = Command(used)
    pid = user.server_pid()
    pid_file = used / "postgres" / "postmaster.pid"
    lines = pid_file.read_text().splitlines()
    lines[4] = written.format(precious=precious)
    pid_file.write_text("\n".join(lines))

    assert stop(used)

    assert (precious / "s" / "file").exists()
    assert ended(pid)
    user.end()
