"""The database of those who have none: an embedded PostgreSQL in a folder `.oncall-gitops/`.

Commands that run together share one server. Each living command holds a shared lock on the file `users`; the
kernel takes it back when the command ends, however it ends, so a killed command never counts and no register
of process ids can go stale. Whoever leaves last, that is whoever gets that lock alone, stops the server.
Starting and leaving are done one at a time, under the file `lock`.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from subprocess import SubprocessError
from types import TracebackType
from typing import Any
from urllib.parse import quote

from oncall_gitops.core.errors import DatabaseUnreachable
from oncall_gitops.store.cluster import PORT, SUPERUSER, Cluster
from oncall_gitops.store.unprivileged import server_account

FOLDER = ".oncall-gitops"

_KEPT = "kept"

_PATIENCE = 90.0


def find_folder(start: Path) -> Path:
    """`.oncall-gitops` of the nearest parent that has one of ours, else of `start` itself.

    One that somebody else put above us is passed over: whoever owns it could run code as us.
    """
    start = start.absolute()
    for parent in (start, *start.parents):
        folder = parent / FOLDER
        try:
            if folder.is_dir() and folder.stat().st_uid == os.geteuid():
                return folder
        except OSError:
            continue
    return start / FOLDER


class EmbeddedServer:
    """One command's use of the server in `folder`, from `with` to its end."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._users: int | None = None
        self._cluster: Cluster | None = None
        self.connection: dict[str, Any] = {}
        """libpq keywords, while in use."""

    def __enter__(self) -> EmbeddedServer:
        _prepare(self.folder)
        with _alone(self.folder):
            self._users = os.open(self.folder / "users", os.O_RDWR | os.O_CREAT, 0o600)
            fcntl.flock(self._users, fcntl.LOCK_SH)
            try:
                self._cluster = Cluster(self.folder, server_account())
                running = self._cluster.start()
            except (OSError, SubprocessError) as error:
                self._leave()
                raise DatabaseUnreachable(
                    f"the embedded PostgreSQL cannot be started here: {error}",
                    help="run as an ordinary user, in a folder that you may write to, or set DATABASE_URL",
                ) from error
            except BaseException:
                self._leave()
                raise
        self.connection = {
            "host": str(running.socket_folder),
            "port": str(PORT),
            "user": SUPERUSER,
            "dbname": "postgres",
            "options": "",
        }
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._users is not None:
            with _alone(self.folder):
                self._leave()

    @property
    def url(self) -> str:
        """How `psql` and others reach it while it runs."""
        return f"postgresql://{SUPERUSER}@/postgres?host={quote(self.connection['host'])}&port={PORT}"

    def keep(self) -> None:
        """Let this server run on after its last user, until `stop`: for somebody who was given its URL."""
        with _alone(self.folder):
            running = self._cluster.running() if self._cluster else None
            (self.folder / _KEPT).write_text(str(running.pid) if running else "")

    def _leave(self) -> None:
        users, self._users = self._users, None
        if users is None:
            return
        try:
            if self._cluster is not None and not self._is_kept(self._cluster) and _take(users, fcntl.LOCK_EX):
                self._cluster.stop()
            if self._cluster is not None:
                self._cluster.let_go()
        finally:
            os.close(users)

    def _is_kept(self, cluster: Cluster) -> bool:
        """The mark names one server process, so that it does not outlive a crash or a restart."""
        running, mark = cluster.running(), self.folder / _KEPT
        return running is not None and mark.exists() and mark.read_text() == str(running.pid)


def stop(folder: Path) -> bool:
    """Stop the server in `folder`, whoever uses it; false if none runs."""
    if not folder.is_dir():
        return False
    _prepare(folder)
    with _alone(folder):
        (folder / _KEPT).unlink(missing_ok=True)
        return Cluster(folder, server_account()).stop()


def _prepare(folder: Path) -> None:
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        if folder.stat().st_uid != os.geteuid():
            raise DatabaseUnreachable(
                f"{folder} belongs to another user",
                help="run as that user, remove the folder, or set DATABASE_URL",
            )
        folder.chmod(0o700)
        ignore = folder / ".gitignore"
        if not ignore.exists():
            ignore.write_text(
                "# Made by oncall-gitops: the embedded database is no part of the repository.\n*\n"
            )
    except OSError as error:
        raise DatabaseUnreachable(
            f"the embedded database cannot be kept in {folder}: {error.strerror}",
            help="run in a folder that you may write to, or set DATABASE_URL",
        ) from error


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """One process at a time; the kernel frees the lock of one that dies."""
    handle = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        deadline = time.monotonic() + _PATIENCE
        while not _take(handle, fcntl.LOCK_EX):
            if time.monotonic() > deadline:
                raise DatabaseUnreachable(f"another command has held {folder / 'lock'} for too long")
            time.sleep(0.01)
        yield
    finally:
        os.close(handle)


def _take(handle: int, kind: int) -> bool:
    try:
        fcntl.flock(handle, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
