"""A small shell for whole commands: a folder of files, a database, and what a command printed."""

from __future__ import annotations

import contextlib
import io
import json
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from oncall_gitops.cli import run


@dataclass(frozen=True, slots=True)
class Done:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


class Shell:
    """Runs commands in one folder, as `oncall-gitops` would be run there."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self.schedules = folder / "schedules"
        self.schedules.mkdir()
        monkeypatch.chdir(folder)

    def write(self, text: str, name: str = "rota.yaml") -> None:
        """Put one file under `schedules/`."""
        (self.schedules / name).write_text(dedent(text), encoding="utf-8")

    def __call__(self, *arguments: str) -> Done:
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = run(list(arguments))
        return Done(code, out.getvalue(), err.getvalue())

    def ok(self, *arguments: str) -> Done:
        """The same, for a command that must succeed."""
        done = self(*arguments)
        assert done.code == 0, f"exit {done.code}\n{done.out}\n{done.err}"
        return done

    def reconcile(self, *arguments: str, as_of: str) -> Done:
        return self.ok("reconcile", "--yes", "--as-of", as_of, *arguments)

    def plan(self, *arguments: str, as_of: str) -> Any:
        """The JSON of a dry run."""
        return self.ok("reconcile", "--dry-run", "--format", "json", "--as-of", as_of, *arguments).json

    def shifts(self, start: str, end: str, *arguments: str) -> list[str]:
        """`alice 2026-01-05T09:00 2026-01-12T09:00 base`, one a shift."""
        rows = self.ok("shifts", "--from", start, "--to", end, "--format", "json", *arguments).json
        return [f"{r['user']} {r['start'][:16]} {r['end'][:16]} {r['source']}" for r in rows]
