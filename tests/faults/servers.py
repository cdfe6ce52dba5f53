"""A server of one test file's own, with the safe settings that users have, to be killed and copied."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psycopg

from oncall_gitops.store import cluster
from oncall_gitops.store.cluster import SUPERUSER, Cluster, _environment
from oncall_gitops.store.database import Database
from oncall_gitops.store.unprivileged import server_account


class OwnServer:
    """A PostgreSQL below `folder`; its database has the schema."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(mode=0o700)
        self.cluster = Cluster(folder, server_account())
        running = self.cluster.start()
        self.database = _database("a server of our own", running.socket_folder)
        self.database.upgrade()

    def die(self) -> None:
        """Immediate stop, as when the machine goes down; the processes end without a word to anybody."""
        found = self.cluster.running()
        assert found is not None
        os.kill(found.pid, signal.SIGQUIT)
        while self.cluster.running():
            time.sleep(0.01)

    def come_back(self) -> None:
        self.cluster.start()

    @contextmanager
    def standby(self, folder: Path) -> Iterator[Database]:
        """A hot standby, made from the data of the server, which must be down."""
        shutil.copytree(self.cluster.data, folder)
        (folder / "standby.signal").touch()
        (folder / "postmaster.pid").unlink(missing_ok=True)
        sockets = self.cluster.folder / "standby"
        sockets.mkdir()
        for path in (folder, sockets, *folder.rglob("*")):
            self.cluster.account.give(path)
        command = [
            str(cluster._binary("postgres")),
            "-D",
            str(folder),
            "-k",
            str(sockets),
            "-c",
            "listen_addresses=",
        ]
        with (self.cluster.folder / "standby.log").open("wb") as log:
            server = subprocess.Popen(
                command,
                stdout=log,
                stderr=log,
                cwd="/",
                env=_environment(),
                preexec_fn=self.cluster.account.become,  # noqa: PLW1509 (no thread of ours holds a lock now)
            )
        try:
            yield _wait_for(_database("a standby", sockets))
        finally:
            server.send_signal(signal.SIGQUIT)
            server.wait(30)


def _database(name: str, sockets: Path) -> Database:
    return Database(name, {"host": str(sockets), "port": "5432", "user": SUPERUSER, "dbname": "postgres"})


def _wait_for(database: Database) -> Database:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        with suppress(psycopg.OperationalError), psycopg.connect(database.url):
            return database
        time.sleep(0.02)
    raise AssertionError(f"{database.name} does not take connections")
