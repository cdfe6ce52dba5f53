"""The few REST calls of GitHub that a comment needs, on loopback: pages, authors, refusals and bad moments."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

BOT, TOKEN = "github-actions[bot]", "ghs_tokenoftests"


@dataclass
class FakeGithub:
    """`failures` are answered first, each to one call of its method; `lost_answers` are of writes."""

    url: str = ""
    comments: list[dict[str, Any]] = field(default_factory=list)
    pulls: list[dict[str, Any]] = field(default_factory=list)
    failures: list[tuple[str, int, dict[str, str]]] = field(default_factory=list)
    lost_answers: int = 0
    calls: list[str] = field(default_factory=list)

    def add_comment(self, body: str, *, author: str = BOT) -> dict[str, Any]:
        comment = {"id": 1000 + len(self.comments), "body": body, "user": {"login": author}}
        self.comments.append(comment)
        return comment

    def fail(self, method: str, status: int, **headers: str) -> None:
        """The next call of that method ends so."""
        self.failures.append((method, status, {k.replace("_", "-"): v for k, v in headers.items()}))


@contextmanager
def serving(github: FakeGithub) -> Iterator[FakeGithub]:
    class Handler(BaseHTTPRequestHandler):
        def handle_one(self) -> None:
            content = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            github.calls.append(f"{self.command} {self.path}")
            for number, (method, status, headers) in enumerate(github.failures):
                if method == self.command:
                    del github.failures[number]
                    self.answer(status, {"message": "no"}, headers)
                    return
            if self.headers["Authorization"] != f"Bearer {TOKEN}":
                self.answer(401, {"message": "Bad credentials"}, {})
                return
            status, found = respond(github, self.command, self.path, json.loads(content or b"{}"))
            if self.command != "GET" and github.lost_answers:
                github.lost_answers -= 1
                self.close_connection = True
                return
            self.answer(status, found, {})

        do_GET = do_POST = do_PATCH = handle_one

        def answer(self, status: int, body: Any, headers: dict[str, str]) -> None:
            content = json.dumps(body).encode()
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(content))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *arguments: Any) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    github.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield github
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def respond(github: FakeGithub, method: str, url: str, content: dict[str, Any]) -> tuple[int, Any]:
    parts = urlsplit(url)
    asked = {name: values[0] for name, values in parse_qs(parts.query).items()}
    path = parts.path.removeprefix("/repos/acme/oncall/")
    if (method, path) == ("GET", "pulls"):
        found = [
            p for p in github.pulls if p["head"]["label"] == asked["head"] and p["state"] == asked["state"]
        ]
        return 200, found
    if (method, path) == ("GET", "issues/7/comments"):
        size, page = int(asked["per_page"]), int(asked["page"])
        return 200, github.comments[size * (page - 1) : size * page]
    if (method, path) == ("POST", "issues/7/comments"):
        return 201, github.add_comment(content["body"])
    for comment in github.comments:
        if (method, path) == ("PATCH", f"issues/comments/{comment['id']}"):
            comment["body"] = content["body"]
            return 200, comment
    return 404, {"message": "Not Found"}
