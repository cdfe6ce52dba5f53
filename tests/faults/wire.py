"""A wire between us and PostgreSQL that can be cut, truncated, stalled or slowed at any message.

It knows only the framing of the protocol: a start-up packet from the client, then a type byte, a length and a
body. Before a message goes on, in either direction, a `Fault` is asked what becomes of it.
"""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import BinaryIO, Literal

from psycopg.conninfo import conninfo_to_dict

from oncall_gitops.store.database import Database

Sender = Literal["client", "server"]
Verdict = Literal["pass", "cut", "truncate", "lose", "stall", "strand"]
"""Go on; go on and then the wire breaks; half of it, then the break; the break instead of it; silence, in
both directions; silence for the server and a break for the client."""


@dataclass(frozen=True, slots=True)
class Message:
    """The `number`-th message of one sender since the wire was laid, over all connections."""

    sender: Sender
    number: int
    kind: str
    data: bytes

    @property
    def point(self) -> tuple[Sender, int]:
        return self.sender, self.number


Fault = Callable[[Message], Verdict]


def no_fault(message: Message) -> Verdict:
    return "pass"


class Wire:
    """Listens on this machine and forwards to the server of `database`; `through` it is a database again."""

    def __init__(self, database: Database, fault: Fault = no_fault) -> None:
        self._keywords = conninfo_to_dict(database.url)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._lock = threading.Lock()
        self._links: list[_Link] = []
        self.fault = fault
        self.log: list[Message] = []
        self.is_down = False
        """Whether nobody listens any more, as far as the client can tell."""
        self.struck = threading.Event()
        """Set once a fault has done something."""
        host, port = self._listener.getsockname()
        self.through = Database(
            f"{database.name}, through a wire",
            {**self._keywords, "host": host, "port": port, "sslmode": "disable", "gssencmode": "disable"},
        )

    def __enter__(self) -> Wire:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._listener.close()
        self.cut_all()

    def judge(self, sender: Sender, kind: str, data: bytes) -> Verdict:
        with self._lock:
            number = sum(each.sender == sender for each in self.log)
            message = Message(sender, number, kind, data)
            self.log.append(message)
        verdict = self.fault(message)
        if verdict != "pass":
            self.struck.set()
        return verdict

    def cut_all(self) -> None:
        """Break every connection that is open."""
        for link in list(self._links):
            link.cut()

    def thaw(self) -> None:
        """The network is back: what was held up goes on."""
        for link in list(self._links):
            link.frozen.clear()
            link.thawed.set()

    @property
    def round_trips(self) -> int:
        """How often the client has waited for the server to be ready again."""
        return sum(each.sender == "server" and each.kind == "Z" for each in self.log)

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                if self.is_down or not (server := self._reach()):
                    client.close()
                    continue
                client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                link = _Link(self, client, server)
                self._links.append(link)
                link.start()

    def _reach(self) -> socket.socket | None:
        server = socket.socket(socket.AF_UNIX)
        try:
            server.connect(f"{self._keywords['host']}/.s.PGSQL.{self._keywords.get('port', 5432)}")
        except OSError:
            server.close()
            return None
        return server


class _Link:
    """One client's connection and ours to the server, with a thread a direction."""

    def __init__(self, wire: Wire, client: socket.socket, server: socket.socket) -> None:
        self._wire = wire
        self._ends: dict[Sender, socket.socket] = {"client": client, "server": server}
        self.frozen = threading.Event()
        self.thawed = threading.Event()

    def start(self) -> None:
        for sender in self._ends:
            threading.Thread(target=self._pump, args=(sender,), daemon=True).start()

    def cut(self) -> None:
        """As when a router dies: the client sees a reset, the server an end of file."""
        _reset(self._ends["client"])
        with contextlib.suppress(OSError):
            self._ends["server"].shutdown(socket.SHUT_RDWR)
        self._ends["server"].close()
        self.thawed.set()

    def _pump(self, sender: Sender) -> None:
        source = self._ends[sender]
        target = self._ends["server" if sender == "client" else "client"]
        try:
            with source.makefile("rb") as stream:
                if sender == "client" and not self._forward(target, sender, "startup", _startup(stream)):
                    return
                while data := _message(stream):
                    if not self._forward(target, sender, chr(data[0]), data):
                        return
        except (OSError, ValueError):
            pass
        self.cut()

    def _forward(self, target: socket.socket, sender: Sender, kind: str, data: bytes) -> bool:
        """Whether the wire still stands."""
        verdict = self._wire.judge(sender, kind, data)
        if verdict in ("stall", "strand"):
            self.frozen.set()
        if verdict == "strand":
            _reset(self._ends["client"])
        if self.frozen.is_set():
            self.thawed.wait()
        if verdict != "lose":
            target.sendall(data[: len(data) // 2] if verdict == "truncate" else data)
        if verdict in ("cut", "truncate", "lose"):
            self.cut()
            return False
        return True


def _reset(end: socket.socket) -> None:
    """Close without a goodbye; a thread that reads from it wakes up."""
    with contextlib.suppress(OSError):
        end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        end.shutdown(socket.SHUT_RDWR)
    end.close()


def _startup(stream: BinaryIO) -> bytes:
    length = _exactly(stream, 4)
    return length + _exactly(stream, struct.unpack("!i", length)[0] - 4)


def _message(stream: BinaryIO) -> bytes:
    """A whole message, or nothing at the end of the stream."""
    kind = stream.read(1)
    if not kind:
        return b""
    length = _exactly(stream, 4)
    return kind + length + _exactly(stream, struct.unpack("!i", length)[0] - 4)


def _exactly(stream: BinaryIO, count: int) -> bytes:
    data = stream.read(count)
    if len(data) < count:
        raise OSError("the stream ended within a message")
    return data
