"""A loopback HTTP server on which the providers' fakes stand, and the faults that it can be told to commit.

A fake answers requests with values; this file moves them over real HTTP, counts them, and breaks what it is
told to break: before the effect or after it, as networks and providers do.
"""

from __future__ import annotations

import json
import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal, NamedTuple
from urllib.parse import parse_qsl, urlsplit

FaultKind = Literal["drop-before", "drop-after", "status", "truncate", "cut", "twice", "delay"]


class Request(NamedTuple):
    """One call as a fake sees it. `path` is decoded by the fake; `query` keeps repeated names; `body` is bytes."""

    method: str
    path: str
    query: tuple[tuple[str, str], ...]
    headers: Message
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body or b"null")

    @property
    def form(self) -> dict[str, str]:
        return dict(parse_qsl(self.body.decode()))

    def only(self, name: str) -> str | None:
        """The value of a query parameter that is given at most once."""
        [*values] = [value for key, value in self.query if key == name]
        assert len(values) <= 1, f"{name} is given {len(values)} times"
        return values[0] if values else None


class Answer(NamedTuple):
    status: int
    body: Any = None
    headers: tuple[tuple[str, str], ...] = ()


class Fault(NamedTuple):
    """What goes wrong with one call: the connection is cut before or after the effect, another status is
    answered (with no effect; `headers` such as Retry-After), the answer is half of it (`truncate`: and says so;
    `cut`: and promises the whole), the request is delivered twice, or it takes `seconds`."""

    kind: FaultKind
    status: int = 503
    body: Any = None
    headers: tuple[tuple[str, str], ...] = ()
    seconds: float = 0.0


@dataclass
class Loopback:
    """A running server. `calls` lists `METHOD path` of all that arrived; `faults` are taken first, one a call.

    `matches` narrows the scripted faults to some requests. With `rate` above 0, that share of all calls fails
    at random, reproducibly from `seed`, in one of the ways of `kinds`.
    """

    answer: Callable[[Request], Answer]
    url: str = ""
    calls: list[str] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    matches: Callable[[Request], bool] = lambda request: True
    rate: float = 0.0
    kinds: tuple[Fault, ...] = ()
    latency: float = 0.0
    seed: int = 1
    lock: threading.RLock = field(default_factory=threading.RLock)

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)

    def fail(self, *faults: Fault) -> None:
        """The next calls that match go wrong so."""
        self.faults.extend(faults)

    def count(self, start: str = "") -> int:
        """How many calls began with this (`POST /calendar`), since the last `forget`."""
        return sum(call.startswith(start) for call in self.calls)

    def forget(self) -> None:
        self.calls.clear()

    def reset(self) -> None:
        """Forget the calls, and let nothing go wrong any more."""
        self.forget()
        self.faults.clear()
        self.matches, self.rate, self.kinds, self.latency = lambda request: True, 0.0, (), 0.0

    def fault_for(self, request: Request) -> Fault | None:
        with self.lock:
            if self.faults and self.matches(request):
                return self.faults.pop(0)
            if self.rate and self.kinds and self.matches(request) and self.random.random() < self.rate:
                return self.random.choice(self.kinds)
        return None


@contextmanager
def serving(answer: Callable[[Request], Answer], **options: Any) -> Iterator[Loopback]:
    """Serve a fake's `answer` on 127.0.0.1; one request at a time is answered, many may be under way."""
    loopback = Loopback(answer, **options)
    server = _Server(("127.0.0.1", 0), _handler(loopback))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    loopback.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield loopback
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that has gone is no error of the server's."""


def _handler(loopback: Loopback) -> type[_Handler]:
    return type("Handler", (_Handler,), {"loopback": loopback})


class _Handler(BaseHTTPRequestHandler):
    loopback: Loopback
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # head and body in one packet: two would wait for each other's acknowledgement
    timeout = 30

    def handle_one(self) -> None:
        loopback, request = self.loopback, self._request()
        with loopback.lock:
            loopback.calls.append(f"{request.method} {request.path}")
        fault = loopback.fault_for(request) or Fault("delay")
        time.sleep(loopback.latency + fault.seconds)
        if fault.kind == "drop-before":
            self.close_connection = True
            return
        if fault.kind == "status":
            self._write(Answer(fault.status, fault.body, fault.headers))
            return
        with loopback.lock:
            answer = loopback.answer(request)
            if fault.kind == "twice":
                answer = loopback.answer(request)
        if fault.kind == "drop-after":
            self.close_connection = True
        else:
            self._write(answer, broken=fault.kind if fault.kind in ("truncate", "cut") else None)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = handle_one

    def _request(self) -> Request:
        parts = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        query = tuple(parse_qsl(parts.query, keep_blank_values=True))
        return Request(self.command, parts.path, query, self.headers, body)

    def _write(self, answer: Answer, *, broken: FaultKind | None = None) -> None:
        whole = b"" if answer.body is None else json.dumps(answer.body).encode()
        content = whole[: len(whole) // 2] if broken else whole
        self.send_response(answer.status)
        for name, value in (*answer.headers, ("Content-Type", "application/json; charset=utf-8")):
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(whole if broken == "cut" else content)))
        self.end_headers()
        self.wfile.write(content)
        self.wfile.flush()
        self.close_connection = self.close_connection or broken == "cut"

    def log_message(self, *arguments: Any) -> None:
        """Quiet."""
