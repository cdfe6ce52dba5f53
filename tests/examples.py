"""The examples of the explanations as files, and what is wrong with them."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from oncall_gitops.commands.validate import judged
from oncall_gitops.core.explanations import Explanation
from oncall_gitops.core.explanations.explanation import PEOPLE, TODAY
from oncall_gitops.core.model.instant import Instant
from oncall_gitops.core.model.when import parse_when
from oncall_gitops.core.problem import Problem
from oncall_gitops.source.read import Loaded, load

NOW: Instant = parse_when(TODAY).seconds
HORIZON = 90 * 86_400
_NOT_ROOT = 65_534


def set_up(explanation: Explanation, text: str, folder: Path) -> None:
    """Make `schedules/` in a folder, as an example says."""
    if explanation.is_shell:
        subprocess.run(["/bin/sh", "-ec", text], cwd=folder, check=True)
        return
    (folder / "schedules").mkdir()
    (folder / "schedules" / "people.yaml").write_text(PEOPLE, encoding="utf-8")
    (folder / "schedules" / "rota.yaml").write_text(text, encoding="utf-8")


def found_in(path: Path) -> tuple[list[Problem], Loaded]:
    """Every problem, as `validate` shows them, on the day of the examples."""
    with _not_as_root(path):
        loaded = load(path)
    problems, _ = judged(loaded, path, now=NOW, until=NOW + HORIZON)
    return problems, loaded


@contextmanager
def _not_as_root(path: Path) -> Iterator[None]:
    """Root may read everything, so that a file nobody may read is shown to somebody else."""
    target = path / "rota.yaml"
    if os.geteuid() != 0 or not target.is_file() or target.stat().st_mode & 0o777:
        yield
        return
    os.seteuid(_NOT_ROOT)
    try:
        yield
    finally:
        os.seteuid(0)
