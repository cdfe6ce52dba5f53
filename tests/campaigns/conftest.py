"""Whole commands on a real PostgreSQL, as the tests of the commands have them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.commands.shell import Shell


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, database_url: str) -> Shell:
    """Commands in an empty folder, on a database of this test's alone."""
    monkeypatch.setenv("DATABASE_URL", database_url)
    return Shell(tmp_path, monkeypatch)
