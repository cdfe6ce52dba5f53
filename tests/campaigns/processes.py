"""Whole commands in processes of their own, as a shell would start them, for what cannot be tried within one."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from tests.commands.shell import Done

ROOT = Path(__file__).parents[2]


def oncall(
    folder: Path,
    *arguments: str | bytes,
    database_url: str | None = None,
    path: Path | None = None,
    environment: Mapping[str, str] | None = None,
) -> Done:
    """Run `oncall-gitops` in a folder; `path` holds packages that come before the installed ones."""
    done = subprocess.run(
        [sys.executable, "-m", "oncall_gitops", *arguments],
        cwd=folder,
        env=os.environ
        | {"PYTHONPATH": os.pathsep.join(map(str, [path, ROOT] if path else [ROOT]))}
        | ({"DATABASE_URL": database_url} if database_url else {})
        | dict(environment or {}),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="surrogateescape",
        timeout=120,
        check=False,
    )
    return Done(done.returncode, done.stdout, done.stderr)
