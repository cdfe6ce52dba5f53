"""The listener takes one answer, and is not kept from it by what else comes to its port."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator

import pytest

from oncall_gitops.calendars.consent import Listener, NoConsent, listening, pasted


@pytest.fixture
def listener() -> Iterator[Listener]:
    with listening() as listener:
        yield listener


def say(port: int, path: str) -> str:
    """The first line of what the listener answers."""
    with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        return connection.makefile(encoding="utf-8").readline().strip()


def test_an_answer_that_never_comes_is_waited_for_no_longer_than_patience(listener: Listener) -> None:
    with pytest.raises(NoConsent, match=r"within 0\.01 seconds"):
        listener.wait(state="s", patience=0.01)


def test_it_listens_on_this_machine_alone(listener: Listener) -> None:
    with pytest.raises(OSError, match="refused"), socket.create_connection(("127.0.0.2", listener.port)):
        pass


@pytest.mark.parametrize("path", ["/?code=c&state=t", "/?state=s", "/other?code=c&state=s", "/", "//["])
def test_whatever_is_not_the_answer_is_turned_away(listener: Listener, path: str) -> None:
    statuses: list[str] = []

    def visit() -> None:
        statuses.extend(say(listener.port, one) for one in (path, "/?code=c&state=s"))

    visitor = threading.Thread(target=visit)
    visitor.start()

    assert listener.wait(state="s", patience=10) == {"code": "c", "state": "s"}
    visitor.join()
    assert [status.split()[1] for status in statuses] in (["404", "200"], ["400", "200"])


def test_a_connection_that_says_nothing_does_not_keep_the_answer_away(
    listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("oncall_gitops.calendars.consent._Handler.timeout", 0.05)
    with socket.create_connection(("127.0.0.1", listener.port)):
        visitor = threading.Thread(target=say, args=(listener.port, "/?error=access_denied&state=s"))
        visitor.start()

        assert listener.wait(state="s", patience=10) == {"error": "access_denied", "state": "s"}
        visitor.join()


@pytest.mark.parametrize(
    "address", ["", "localhost", "http://localhost:1/?code=c", "http://localhost:1/?state=s"]
)
def test_a_pasted_address_must_hold_the_answer(address: str) -> None:
    with pytest.raises(NoConsent, match="address"):
        pasted(address, state="s")


def test_without_a_state_nothing_is_an_answer() -> None:
    with pytest.raises(NoConsent):
        pasted("http://localhost:1/?code=c&state=", state="")
