"""What git knows about the folder of files; a folder outside of git is as good."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import NamedTuple

_TIMEOUT = 20


class Commit(NamedTuple):
    """The commit that is checked out (None outside of git), and whether the files differ from it."""

    id: str | None = None
    dirty: bool = False


def checked_out(path: Path) -> Commit:
    """The commit of the work tree that holds a path."""
    folder = path if path.is_dir() else path.parent
    head = _git(folder, "rev-parse", "--verify", "--quiet", "HEAD")
    if head is None:
        return Commit()
    status = _git(folder, "status", "--porcelain", "--untracked-files=all", "--", str(path.resolve()))
    return Commit(head.strip(), dirty=bool(status))


def _git(folder: Path, *arguments: str) -> str | None:
    """The output of a git command that only reads; None if there is no git, or no answer."""
    try:
        done = subprocess.run(
            ["git", "--no-optional-locks", "-C", str(folder), *arguments],
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_TIMEOUT,
            check=False,
            stdin=subprocess.DEVNULL,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout if done.returncode == 0 else None
