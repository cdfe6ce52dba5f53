"""The place to which a browser brings a person's consent back: one answer, on this machine alone.

The person may also sit at another machine: then the address at which their browser ended up is pasted. Either
way the answer counts only if it carries the state that this very consent was begun with.
"""

from __future__ import annotations

import hmac
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from oncall_gitops.calendars.failures import CalendarFailure

PATIENCE = 600.0
"""How long a person may take, in seconds."""

_PAGE = b"""<!doctype html><html lang="en"><meta charset="utf-8"><title>oncall-gitops</title>
<p>%s You can close this window and go back to the terminal.</p></html>"""


class NoConsent(CalendarFailure):
    """The person did not consent, or the answer did not arrive."""


class Listener:
    """Waits on 127.0.0.1 for the browser. `port` is one that was free."""

    def __init__(self) -> None:
        self._server = _OneAnswer(("127.0.0.1", 0), _Handler)
        self.port: int = self._server.server_port

    def wait(self, *, state: str, patience: float = PATIENCE) -> dict[str, str]:
        """The parameters that the browser brought. What others ask of the port (an icon, a scanner, an answer
        with another state) is turned away, and the wait goes on."""
        self._server.state = state
        deadline = time.monotonic() + patience
        while self._server.brought is None:
            left = deadline - time.monotonic()
            if left <= 0:
                raise NoConsent(f"no answer arrived from the browser within {patience:g} seconds")
            self._server.timeout = left
            self._server.handle_request()
        return self._server.brought

    def close(self) -> None:
        self._server.server_close()


@contextmanager
def listening() -> Iterator[Listener]:
    listener = Listener()
    try:
        yield listener
    finally:
        listener.close()


def consented(
    listener: Listener,
    url: str,
    *,
    state: str,
    show: Callable[[str], None],
    open_browser: Callable[[str], object],
    paste: Callable[[], str] | None = None,
    patience: float = PATIENCE,
) -> dict[str, str]:
    """Send the person to `url` and give back what the provider answers, with its `code`.

    With `paste` no browser is opened here: the person visits the page anywhere and hands in the address at
    which they ended up.
    """
    if paste is not None:
        show(f"Open this page in a browser and consent:\n\n  {url}\n")
        show("Your browser then fails to open a page of this machine: paste that page's whole address here.")
        answer = pasted(paste(), state=state)
    else:
        show(f"Your browser opens this page; consent there:\n\n  {url}\n")
        open_browser(url)
        answer = listener.wait(state=state, patience=patience)
    if "code" not in answer:
        denied = answer.get("error") == "access_denied"
        raise NoConsent("the person did not consent" if denied else "the provider refused to ask for consent")
    return answer


def pasted(address: str, *, state: str) -> dict[str, str]:
    """The parameters of a pasted address."""
    try:
        answer = dict(parse_qsl(urlsplit(address.strip()).query))
    except ValueError:
        answer = {}
    if not is_answer(answer, state):
        raise NoConsent(
            "this is not the address at which this consent ends: it must hold its code and its state"
        )
    return answer


def is_answer(parameters: Mapping[str, str], state: str) -> bool:
    """Whether this is the answer to the question that was asked with `state`."""
    same = hmac.compare_digest(parameters.get("state", "").encode(), state.encode())
    return bool(state) and same and ("code" in parameters or "error" in parameters)


class _OneAnswer(HTTPServer):
    state = ""
    brought: dict[str, str] | None = None

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A browser that has gone away again is no error of ours."""


class _Handler(BaseHTTPRequestHandler):
    server: _OneAnswer
    timeout = 1  # browsers open connections ahead and say nothing on them

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        parameters = dict(parse_qsl(parts.query))
        if parts.path != "/" or not is_answer(parameters, self.server.state):
            self._answer(404, b"There is nothing here.")
            return
        self.server.brought = parameters
        done = b"Thank you." if "code" in parameters else b"The consent was not given."
        self._answer(200, done)

    def _answer(self, status: int, sentence: bytes) -> None:
        page = _PAGE % sentence
        self.send_response(status)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(page)))
        self.send_header("Connection", "close")
        self.send_header("Referrer-Policy", "no-referrer")
        self.end_headers()
        self.wfile.write(page)

    def log_message(self, *arguments: Any) -> None:
        """Quiet: the request's line holds the code."""
