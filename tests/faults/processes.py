"""Reconcilers in processes of their own, to be started together, killed and frozen."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from dataclasses import dataclass

from oncall_gitops.core.errors import OncallError

UNEXPECTED = 99


@dataclass(slots=True)
class Child:
    """A forked process; its exit code is that of the error that its work ended with."""

    pid: int
    _code: int | None = None

    @classmethod
    def doing(cls, work: Callable[[], object]) -> Child:
        pid = os.fork()
        if pid:
            return cls(pid)
        code = UNEXPECTED
        try:
            work()
            code = 0
        except OncallError as error:
            code = error.exit_code
        finally:
            os._exit(code)

    def send(self, sent: signal.Signals) -> None:
        os.kill(self.pid, sent)

    def wait(self) -> int:
        """The exit code, negative for a signal."""
        if self._code is None:
            self._code = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        return self._code


class Gate:
    """Lets children that wait for it start at the same moment."""

    def __init__(self) -> None:
        self._read, self._write = os.pipe()

    def wait(self) -> None:
        os.close(self._write)
        os.read(self._read, 1)

    def open(self) -> None:
        os.close(self._write)
        os.close(self._read)
