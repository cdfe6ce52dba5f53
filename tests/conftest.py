"""What every test may rely on: the same examples in each run, no network, none of the caller's settings."""

from __future__ import annotations

import ipaddress
import logging
import os
import socket
from collections.abc import Iterator
from importlib.util import find_spec
from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from oncall_gitops.logs import TALKATIVE

pytest.register_assert_rewrite("tests.calendars.contract")
pytest_plugins = ["tests.postgres"] if find_spec("tests.postgres") else []

settings.register_profile(
    "ci", derandomize=True, deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile(
    "slow", deadline=None, max_examples=3000, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))

_connect = socket.socket.connect
_NUMBERS = count()


def _connect_nearby(self: socket.socket, address: Any) -> None:
    """Connect on this machine alone: a test that reaches out fails in the open, and at once."""
    if self.family in (socket.AF_INET, socket.AF_INET6):
        host = str(address[0])
        if host != "localhost" and not ipaddress.ip_address(host).is_loopback:
            raise AssertionError(f"a test wants to connect to {host}")
    _connect(self, address)


@pytest.fixture(autouse=True, scope="session")
def _no_network() -> Any:
    """Unless whoever runs the tests names a real service with a token for it (see `tests/calendars`)."""
    if any(name.startswith(("LIVE_GOOGLE_", "LIVE_MICROSOFT_")) for name in os.environ):
        yield
        return
    patch = pytest.MonkeyPatch()
    patch.setattr(socket.socket, "connect", _connect_nearby)
    yield
    patch.undo()


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """The settings of whoever runs the tests must not decide how they end, nor what other tests found."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.getbasetemp() / f"cache-{next(_NUMBERS)}"))
    for name in list(os.environ):
        if name.startswith("ONCALL_GITOPS_") or name in ("DATABASE_URL", "NO_COLOR", "FORCE_COLOR"):
            monkeypatch.delenv(name)


@pytest.fixture(autouse=True)
def _own_logging() -> Iterator[None]:
    """A test that asked for quiet must not keep the next one from hearing anything."""
    yield
    for name in TALKATIVE:
        logging.getLogger(name).setLevel(logging.NOTSET)
