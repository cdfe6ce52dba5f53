"""A pooler in transaction mode, as PgBouncer is one: a client has a server connection for one transaction.

The next transaction gets the connection that has rested longest, hardly ever the same; what a session would
keep (prepared statements, SET, advisory locks) is therefore lost or somebody else's. The real PgBouncer takes
its place in the long campaign where it is installed.
"""

from __future__ import annotations

import contextlib
import os
import queue
import select
import shutil
import socket
import struct
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import psycopg
from psycopg.conninfo import conninfo_to_dict

from oncall_gitops.store.database import Database
from oncall_gitops.store.unprivileged import server_account

HELLO = b"R" + struct.pack("!ii", 8, 0)
READY = b"Z" + struct.pack("!ic", 5, b"I")


class Pooler:
    """Listens on this machine; `through` it is a database again."""

    def __init__(self, database: Database, *, connections: int = 4) -> None:
        keywords = conninfo_to_dict(database.url)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._free: queue.SimpleQueue[socket.socket] = queue.SimpleQueue()
        self._greeting = HELLO
        for _ in range(connections):
            server, parameters = _log_in(keywords)
            self._greeting = HELLO + parameters + READY
            self._free.put(server)
        host, port = self._listener.getsockname()
        self.transactions = 0
        self.through = Database(
            f"{database.name}, through a pooler",
            {
                **keywords,
                "host": host,
                "port": port,
                "sslmode": "disable",
                "gssencmode": "disable",
                "options": "",
            },
        )

    def __enter__(self) -> Pooler:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.close()
        while not self._free.empty():
            self._free.get().close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with client, contextlib.suppress(OSError):
            length = struct.unpack("!i", _exactly(client, 4))[0]
            _exactly(client, length - 4)
            client.sendall(self._greeting)
            while (message := _message(client))[:1] not in (b"X", b""):
                server = self._free.get()
                if not self._transaction(client, server, message):
                    server.close()
                    return
                self.transactions += 1
                self._free.put(server)

    def _transaction(self, client: socket.socket, server: socket.socket, first: bytes) -> bool:
        """Forward until the server says that it is idle again; whether the client stayed as long."""
        server.sendall(first)
        while True:
            ready, _, _ = select.select([client, server], [], [])
            if client in ready:
                message = _message(client)
                if message[:1] in (b"X", b""):
                    return False
                server.sendall(message)
            if server in ready:
                message = _message(server)
                client.sendall(message)
                if not message:
                    return False
                if message == READY:
                    return True


@contextmanager
def pgbouncer(database: Database, folder: Path) -> Iterator[Database]:
    """The real one, in transaction mode."""
    keywords = conninfo_to_dict(database.url)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    settings = folder / "pgbouncer.ini"
    users = folder / "users.txt"
    users.write_text(f'"{keywords["user"]}" ""\n')
    settings.write_text(
        f"""[databases]
{keywords["dbname"]} = host={keywords["host"]} port={keywords.get("port", 5432)}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = trust
auth_file = {users}
pool_mode = transaction
default_pool_size = 4
ignore_startup_parameters = options
"""
    )
    folder.chmod(0o755)
    account = server_account()
    program = shutil.which("pgbouncer", path=f"{os.defpath}:/usr/sbin:/sbin")
    assert program
    process = subprocess.Popen(
        [program, "-q", str(settings)],
        preexec_fn=account.become,  # noqa: PLW1509 (no thread of ours holds a lock now)
    )
    through = Database(
        f"{database.name}, through PgBouncer",
        {**keywords, "host": "127.0.0.1", "port": port, "sslmode": "disable", "options": ""},
    )
    try:
        deadline = time.monotonic() + 10
        while True:
            with contextlib.suppress(psycopg.OperationalError), psycopg.connect(through.url):
                break
            assert time.monotonic() < deadline
            time.sleep(0.05)
        yield through
    finally:
        process.terminate()
        process.wait(10)


def _log_in(keywords: Mapping[str, object]) -> tuple[socket.socket, bytes]:
    """A connection to the server, and what it tells about itself."""
    server = socket.socket(socket.AF_UNIX)
    server.connect(f"{keywords['host']}/.s.PGSQL.{keywords.get('port', 5432)}")
    words = ["user", keywords["user"], "database", keywords["dbname"], "application_name", "pooler"]
    body = struct.pack("!i", 196608) + b"".join(f"{word}\0".encode() for word in words) + b"\0"
    server.sendall(struct.pack("!i", len(body) + 4) + body)
    told = b""
    while (message := _message(server))[:1] != b"Z":
        told += message if message[:1] in b"SK" else b""
    return server, told


def _message(source: socket.socket) -> bytes:
    """A whole message, or nothing at the end of the stream."""
    kind = source.recv(1)
    if not kind:
        return b""
    length = _exactly(source, 4)
    return kind + length + _exactly(source, struct.unpack("!i", length)[0] - 4)


def _exactly(source: socket.socket, count: int) -> bytes:
    data = b""
    while len(data) < count:
        part = source.recv(count - len(data))
        if not part:
            raise OSError("the stream ended within a message")
        data += part
    return data
