"""Rows that somebody else wrote, as bad as the constraints allow: whoever reads them stays unharmed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from tests.campaigns.hostile import commands, on_a_terminal, strings
from tests.campaigns.test_sinks import assert_unseen_is_escaped
from tests.commands.shell import Shell
from tests.commands.test_reconcile import MONDAY, write

TEXTS = {
    "users": ("name", "email", "timezone"),
    "teams": ("name",),
    "schedules": ("name", "description", "timezone", "recurrence_rule", "source_file"),
    "schedule_layers": ("name", "timezone"),
    "schedule_overrides": ("reason",),
    "reconcile_runs": ("actor", "git_commit", "error", "tzdata_version", "plan_id"),
    "shifts": ("source",),
}
"""The columns into which any text goes."""

DOCUMENTS = {
    "users": ("external",),
    "teams": ("labels",),
    "schedules": ("labels", "spec", "coverage"),
    "schedule_layers": ("spec", "restrictions"),
    "schedule_overrides": ("spec",),
    "reconcile_runs": ("plan", "scope"),
}

ASKED = (
    *(
        "who",
        "who --format json",
        "shifts",
        "shifts --format json",
        "shifts --format csv",
        "override list --all",
    ),
    *("override list --all --format json", "history", "history --format json"),
    *(f"reconcile --dry-run --format {form}" for form in ("text", "json", "markdown", "github")),
)

LAYERED = """
        layers:
          weekend: {priority: 10, rotation: {type: weekly, users: [carol]}, restrictions: {days_of_week: [SAT]}}
        overrides:
          - {user: dave, start: 2026-12-01, end: 2026-12-02, reason: Dentist}
"""


def write_into(database_url: str, table: str, column: str, value: str) -> None:
    """Set one column of every row, where the constraints let somebody."""
    text = f"layer:{value}" if table == "shifts" else value
    with psycopg.connect(database_url) as connection:
        try:
            # unique columns get a number in front of the text
            by_row = "row_number::text || " if column == "email" else ""
            connection.execute(
                f"UPDATE {table} SET {column} = {by_row}%s FROM (SELECT id AS known, row_number() OVER () "
                f"FROM {table}) AS numbered WHERE id = known".encode(),
                [text.replace("\0", "")],
            )
        except (psycopg.IntegrityError, psycopg.DataError):
            connection.rollback()


def ask(shell: Shell) -> Iterator[tuple[str, str]]:
    for words in ASKED:
        clock = [] if words.startswith(("override", "history")) else ["--as-of", MONDAY]
        done = shell(*words.split(), *clock)
        assert done.code in (0, 1, 3), f"{words}: {done.err}"
        assert "this is a bug" not in done.err, f"{words}: {done.err}"
        yield words, done.out + done.err


def assert_harmless(words: str, text: str) -> None:
    on_a_terminal(text)
    assert_unseen_is_escaped(text)
    assert "github" in words or list(commands(text)) == [], f"{words}: {text}"


@pytest.fixture
def rota(shell: Shell) -> Shell:
    write(shell, more=LAYERED)
    shell.reconcile(as_of=MONDAY)
    return shell


def test_texts_of_other_programs_are_shown_as_text(rota: Shell, database_url: str) -> None:
    texts = strings(100, seed=1)
    for table, columns in TEXTS.items():
        for column in columns:
            write_into(database_url, table, column, f"{next(texts)}##[error]x\x1b[2J")
    for words, told in ask(rota):
        assert_harmless(words, told)


def documents_are_read(shell: Shell, database_url: str, value: Any) -> None:
    for table, columns in DOCUMENTS.items():
        for column in columns:
            write_into(database_url, table, column, json.dumps(value))
    for words, told in ask(shell):
        assert_harmless(words, told)


@pytest.mark.parametrize("value", [[], {"summary": {"create": "##[error]x"}}])
def test_documents_of_other_programs_break_nothing(rota: Shell, database_url: str, value: Any) -> None:
    documents_are_read(rota, database_url, value)


@pytest.mark.slow
@pytest.mark.parametrize(
    "value", [{}, "x", 17, None, True, {"summary": []}, {"a": {"b": [None]}}, [{"from": 9}]]
)
def test_documents_of_any_kind_of_other_programs_break_nothing(
    rota: Shell, database_url: str, value: Any
) -> None:
    documents_are_read(rota, database_url, value)
