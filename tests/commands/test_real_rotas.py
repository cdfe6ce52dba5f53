"""The rotas of real teams, all together, from files to the database and back."""

from __future__ import annotations

import shutil
from pathlib import Path

import psycopg
import pytest

from tests.commands.shell import Shell

REAL = Path(__file__).parents[1] / "data" / "real-inputs"
AS_OF, LATER = "2026-11-22T18:30:00Z", "2027-01-10T06:15:00Z"


@pytest.fixture
def applied(shell: Shell) -> Shell:
    for file in sorted(REAL.glob("*.yaml")):
        shutil.copy(file, shell.schedules)
    shell.reconcile(as_of=AS_OF)
    return shell


def test_applied_together_and_again_nothing_changes(applied: Shell) -> None:
    for moment in (AS_OF, LATER):
        again = applied("reconcile", "--dry-run", "--detailed-exitcode", "--as-of", moment)
        assert again.code == 0, again.out


def test_the_record_tells_the_same_shifts_as_the_files(applied: Shell) -> None:
    recorded = applied.shifts(AS_OF, "2027-02-01")
    offline = applied.shifts(AS_OF, "2027-02-01", "--offline", "schedules")

    assert len(recorded) == len(offline) > 500
    assert {row.split()[2] for row in recorded} == {row.split()[2] for row in offline}
    running = {row for row in offline if row.split()[1] < AS_OF[:16]}
    assert set(offline) - running == set(recorded) - {row for row in recorded if row.split()[1] == AS_OF[:16]}


def test_a_later_run_leaves_every_row_before_it_as_it_was(applied: Shell, database_url: str) -> None:
    def before_later() -> list[tuple[object, ...]]:
        with psycopg.connect(database_url) as connection:
            columns = "id, schedule_id, user_id, start_time, end_time, source"
            query = f"SELECT {columns} FROM shifts WHERE start_time < '{LATER}'"
            return connection.execute(f"{query} ORDER BY schedule_id, start_time".encode()).fetchall()

    old = before_later()
    applied.reconcile(as_of=LATER)

    assert before_later() == old
    with psycopg.connect(database_url) as connection:
        overlapping = connection.execute(
            "SELECT count(*) FROM shifts a JOIN shifts b ON a.schedule_id = b.schedule_id AND a.id < b.id"
            " AND a.start_time < b.end_time AND b.start_time < a.end_time"
        ).fetchone()
    assert overlapping == (0,)
