"""Logs: on stderr, and without secrets, whoever writes them."""

from __future__ import annotations

import logging
import sys

from oncall_gitops.settings import redact

TALKATIVE = ("oncall_gitops", "alembic")
"""Whose logs `-v` shows: what other libraries tell at these levels are statements and requests."""


class Redacting(logging.Formatter):
    """Takes the secrets out of a record's whole text: message, arguments, traceback and stack."""

    def format(self, record: logging.LogRecord) -> str:
        return redact(super().format(record))


def start_logging(*, verbose: int, quiet: bool) -> None:
    """What `-v` and `-q` ask for."""
    levels = [logging.WARNING, logging.INFO, logging.DEBUG]
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(Redacting("%(levelname)s %(name)s: %(message)s"))
    logging.basicConfig(handlers=[handler], level=logging.ERROR if quiet else logging.WARNING)
    for name in TALKATIVE:
        logging.getLogger(name).setLevel(logging.ERROR if quiet else levels[min(verbose, 2)])


def guard_logs() -> None:
    """For commands that hold tokens: what Python prints where no logging was asked for is redacted, too.

    A refusal that we answer, Google's library warns of; it is told in our words or not at all.
    """
    logging.getLogger("googleapiclient.http").setLevel(logging.ERROR)
    if logging.lastResort is not None:
        logging.lastResort.setFormatter(Redacting("%(message)s"))
