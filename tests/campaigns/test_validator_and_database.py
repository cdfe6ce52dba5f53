"""What `validate` accepts, the constraints of a real PostgreSQL accept, and nothing else; and nobody sees SQL."""

from __future__ import annotations

import contextlib
import random
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql

from oncall_gitops.commands.validate import judged
from oncall_gitops.source.read import load
from tests.builders import at
from tests.campaigns.rotas import (
    PEOPLE,
    Rota,
    as_yaml,
    layer_rows,
    override_rows,
    rota_of_layers,
    rota_of_overrides,
    schedule_dates,
)
from tests.commands.shell import Done, Shell

NOW = at("2026-01-01T00:00Z")
USERS = "users:\n" + "".join(f"  {name}: {{name: {name}, email: {name}@example.com}}\n" for name in PEOPLE)
Make = Callable[[random.Random], Rota]

OVERRIDE_CONSTRAINTS = {
    "schedule_overrides_end_time_check",
    "schedule_overrides_managed_overlap",
    "schedule_overrides_original_user_id_check",
    "schedule_overrides_override_type_check",
    "schedule_overrides_reach_check",
    "schedule_overrides_user_id_fkey",
}
LAYER_CONSTRAINTS = {
    "schedules_end_date_check",
    "schedule_layers_end_date_check",
    "schedule_layers_handoff_time_check",
    "schedule_layers_priority_check",
    "schedule_layers_priority_live",
    "schedule_layers_slug_check",
    "schedule_layers_slug_live",
}


class Bench:
    """One transaction that is never committed, in which each set of rows is tried and taken back."""

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self._connection = connection
        self._team = self._insert("teams", {"slug": "payments"})
        self._ids = {
            name: self._insert("users", {"slug": name, "name": name, "email": f"{name}@example.com"})
            for name in PEOPLE
        }

    def refusal(self, rota: Rota) -> str | None:
        """The constraint that refuses the rota; None if the database takes it."""
        try:
            with self._connection.transaction(force_rollback=True):
                self._try(rota)
        except psycopg.IntegrityError as error:
            return error.diag.constraint_name
        return None

    def _try(self, rota: Rota) -> None:
        start, end = schedule_dates(rota)
        row = {"team_id": self._team, "slug": "primary", "timezone": rota.timezone, "managed": True}
        schedule = self._insert("schedules", {**row, "start_date": start, "end_date": end})
        for layer in layer_rows(rota, ids=self._ids, schedule=schedule):
            self._insert("schedule_layers", {**layer, "managed": True})
        for override in override_rows(rota, ids=self._ids, schedule=schedule):
            self._insert("schedule_overrides", {**override, "managed": True})
        self._connection.execute("SET CONSTRAINTS ALL IMMEDIATE")

    def _insert(self, table: str, row: Mapping[str, Any]) -> str:
        row_id = str(uuid4())
        values = [
            sql.SQL("to_timestamp({})").format(value) if name.endswith(("_time", "_date")) and isinstance(value, int)
            else sql.Literal(value)
            for name, value in row.items()
        ]  # fmt: skip
        self._connection.execute(
            sql.SQL("INSERT INTO {} ({}) VALUES ({})").format(
                sql.Identifier(table),
                sql.SQL(", ").join(map(sql.Identifier, ["id", *row])),
                sql.SQL(", ").join([sql.Literal(row_id), *values]),
            )
        )
        return row_id


@pytest.fixture
def bench(database_url: str) -> Iterator[Bench]:
    with psycopg.connect(database_url) as connection:
        yield Bench(connection)
        connection.rollback()


def document(*rotas: Rota) -> str:
    schedules = "".join(f"      {as_yaml(rota, slug=f's{n}')}\n" for n, rota in enumerate(rotas))
    return f"{USERS}teams:\n  payments:\n    schedules:\n{schedules}"


def mistakes(rota: Rota, file: Path) -> list[str]:
    """What `validate` says is wrong."""
    file.write_text(document(rota), encoding="utf-8")
    loaded = load(file)
    problems, _ = judged(loaded, file, now=NOW, until=NOW + 86_400)
    return [problem.code for problem in problems if problem.is_error]


class Verdicts(NamedTuple):
    accepted: int
    refused: int
    constraints: Counter[str | None]


def compare(make: Make, bench: Bench, file: Path, *, count: int, seed: int) -> Verdicts:
    """Both verdicts on so many sets, which must be the same."""
    dice = random.Random(seed)
    constraints: Counter[str | None] = Counter()
    for _ in range(count):
        rota = make(dice)
        said, constraint = mistakes(rota, file), bench.refusal(rota)
        assert bool(said) == bool(constraint), f"{as_yaml(rota)}\nvalidate: {said}\ndatabase: {constraint}"
        constraints[constraint] += 1
    accepted = constraints.pop(None)
    return Verdicts(accepted, count - accepted, constraints)


@pytest.mark.parametrize("make", [rota_of_overrides, rota_of_layers])
def test_files_and_constraints_agree(make: Make, bench: Bench, tmp_path: Path) -> None:
    found = compare(make, bench, tmp_path / "rota.yaml", count=150, seed=1)
    assert min(found.accepted, found.refused) > 20


@pytest.mark.slow
@pytest.mark.parametrize(
    ("make", "constraints"),
    [(rota_of_overrides, OVERRIDE_CONSTRAINTS), (rota_of_layers, LAYER_CONSTRAINTS)],
)
def test_files_and_constraints_agree_on_ten_thousand(
    make: Make, constraints: set[str], bench: Bench, tmp_path: Path
) -> None:
    found = compare(make, bench, tmp_path / "rota.yaml", count=10_000, seed=2)
    print(f"{make.__name__}: {found}")
    assert min(found.accepted, found.refused) > 2_000
    assert constraints <= found.constraints.keys()


STATEMENTS = re.compile(
    r"constraint|violat|duplicate key|INSERT INTO|UPDATE |psycopg|sqlalchemy|DETAIL|\([0-9A-Z]{5}\)|_live|_check"
)
"""What a database's own error would say."""


def accepted(dice: random.Random, file: Path) -> Iterator[Rota]:
    """Sets of both kinds that `validate` accepts."""
    while True:
        rota = dice.choice((rota_of_overrides, rota_of_layers))(dice)
        if not mistakes(rota, file):
            yield rota


def apply(shell: Shell, *rotas: Rota, allow: tuple[str, ...] = ()) -> Done:
    shell.write(document(*rotas))
    allowed = [word for rule in ("mass-delete", *allow) for word in ("--allow", rule)]
    when = ("--horizon", "7d", "--as-of", "2026-01-04T00:00:00Z")
    return shell("reconcile", "--yes", *when, *allowed, "--format", "json")


def applied(shell: Shell, file: Path, *, rounds: int, each: int, seed: int) -> int:
    """Apply accepted sets, each over the one before; how many there were."""
    found = accepted(random.Random(seed), file)
    for _ in range(rounds):
        done = apply(shell, *(next(found) for _ in range(each)))
        assert done.code == 0, f"{done.err}\n{(shell.schedules / 'rota.yaml').read_text()}"
        again = shell("reconcile", "--dry-run", "--detailed-exitcode", "--horizon", "7d")
        assert again.code == 0, "apply, then plan, is empty"
    return rounds * each


def test_what_is_accepted_is_applied_over_whatever_was_there(shell: Shell, tmp_path: Path) -> None:
    applied(shell, tmp_path / "one.yaml", rounds=3, each=15, seed=1)


@pytest.mark.slow
def test_a_thousand_accepted_sets_are_applied(shell: Shell, tmp_path: Path) -> None:
    print(f"{applied(shell, tmp_path / 'one.yaml', rounds=25, each=40, seed=2)} sets applied")


UNMANAGED_LAYER = """
INSERT INTO schedule_layers (schedule_id, slug, priority, rotation_user_ids)
SELECT schedules.id, %s, %s, ARRAY[users.id] FROM schedules, users
WHERE schedules.slug = 's0' AND schedules.deleted_at IS NULL AND users.slug = 'bob'
"""


def others_write(database_url: str, dice: random.Random) -> None:
    """Another program writes three layers, as far as the constraints let it; sometimes ours are gone before."""
    with psycopg.connect(database_url) as connection:
        ours = "false" if dice.random() < 0.5 else "managed"
        connection.execute(f"DELETE FROM shifts; DELETE FROM schedule_layers WHERE NOT {ours}".encode())
        for slug in dice.sample(("top", "night", "weekend", "0", "theirs"), 3):
            with contextlib.suppress(psycopg.IntegrityError), connection.transaction():
                connection.execute(UNMANAGED_LAYER, [slug, dice.randrange(1, 6)])
                connection.execute("SET CONSTRAINTS ALL IMMEDIATE")


def among_rows_of_others(
    shell: Shell, database_url: str, file: Path, *, rounds: int, seed: int
) -> Counter[int]:
    """Files whose slugs and priorities other programs have taken: adopted, or refused in words; the exit codes."""
    dice = random.Random(seed)
    found = accepted(dice, file)
    codes: Counter[int] = Counter()
    for _ in range(rounds):
        apply(shell, next(found), allow=("unmanaged-clash",))
        others_write(database_url, dice)
        rota = next(found)
        for allow in ((), ("unmanaged-clash",)):
            done = apply(shell, rota, allow=allow)
            codes[done.code] += 1
            assert done.code in (0, 1, 3), done.err
            assert not STATEMENTS.search(done.err), f"{done.err}\n{as_yaml(rota)}"
    return codes


def test_names_that_others_have_taken_are_told_without_sql(
    shell: Shell, database_url: str, tmp_path: Path
) -> None:
    among_rows_of_others(shell, database_url, tmp_path / "one.yaml", rounds=5, seed=1)


@pytest.mark.slow
def test_names_that_others_have_taken_two_hundred_and_fifty_times(
    shell: Shell, database_url: str, tmp_path: Path
) -> None:
    print(among_rows_of_others(shell, database_url, tmp_path / "one.yaml", rounds=250, seed=2))
