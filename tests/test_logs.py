"""Whoever logs, with whatever flags: no secret reaches stderr."""

from __future__ import annotations

import subprocess
import sys

import pytest

LOGS = """
import logging, sys
from oncall_gitops.core.secret import Secret
from oncall_gitops.logs import guard_logs, start_logging

held = Secret("an-opaque-canary")
{begin}
for name in ("oncall_gitops.calendars", "urllib3.connectionpool", "googleapiclient.http", "msal"):
    log = logging.getLogger(name)
    log.error("Authorization: Bearer canary.%s", "ya29.canary")
    try:
        raise ValueError("given an-opaque-canary")
    except ValueError:
        log.exception("with %s", {{"refresh_token": "canary"}}, stack_info=True)
    log.debug("debug of %s", name)
"""


@pytest.mark.parametrize(
    "begin",
    [
        "guard_logs()",
        "start_logging(verbose=0, quiet=True); guard_logs()",
        "start_logging(verbose=2, quiet=False)",
        "start_logging(verbose=2, quiet=False); logging.getLogger().setLevel(logging.DEBUG); guard_logs()",
    ],
)
def test_no_secret_of_any_library_is_logged(begin: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", LOGS.format(begin=begin)], capture_output=True, text=True, check=True
    )

    shown = "\n".join(line for line in done.stderr.splitlines() if not line.startswith("    "))
    assert "canary" not in shown  # the lines of the program itself, which a traceback quotes, are indented
    assert shown.count("Authorization: Bearer ***") == 4
    assert shown.count("ValueError: given ***") == 4
    assert ("debug of oncall_gitops.calendars" in shown) == ("verbose=2" in begin)
    assert ("debug of urllib3" in shown) == ("DEBUG" in begin)
