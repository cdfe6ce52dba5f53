"""Golden files: what was once looked at and found good. `UPDATE_GOLDEN=1` writes them again, for a new look."""

from __future__ import annotations

import os
from pathlib import Path

ROOT = Path(__file__).parents[1]
GOLDEN = Path(__file__).parent / "data" / "golden"


def assert_golden(text: str, name: str, *, folder: Path = GOLDEN) -> None:
    file = folder / name
    if os.environ.get("UPDATE_GOLDEN"):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    told = f"{file.relative_to(ROOT)} differs; look at it again with UPDATE_GOLDEN=1 and git diff"
    assert text == file.read_text(encoding="utf-8"), told
