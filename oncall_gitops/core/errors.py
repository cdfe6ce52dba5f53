"""What goes wrong around us. Each failure carries the exit code that the contract gives it.

Mistakes in the user's files are not here: they are values (`problem.py`).
"""

from __future__ import annotations


class OncallError(Exception):
    """Something outside our control went wrong."""

    exit_code = 1

    def __init__(self, message: str | None = None, *, help: str = "") -> None:
        super().__init__(message or self.__doc__)
        self.help = help


class WrongUsage(OncallError):
    """The command was called in a way that it does not understand."""

    exit_code = 64


class Blocked(OncallError):
    """A safety rule blocks the plan."""

    exit_code = 3


class StalePlan(OncallError):
    """The plan that was expected is not the plan that was made now; plan again."""

    exit_code = 4


class LockBusy(OncallError):
    """Another reconcile holds the lock."""

    exit_code = 5


class DatabaseUnreachable(OncallError):
    """The database cannot be reached."""

    exit_code = 7


class WrongSchemaVersion(DatabaseUnreachable):
    """The database's schema is not the one that this version needs."""


class OutcomeUnknown(OncallError):
    """The connection was lost while the commit was on its way."""

    exit_code = 7
