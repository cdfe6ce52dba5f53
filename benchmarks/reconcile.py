"""Planning and applying against a real PostgreSQL: what the database part costs, beside bare COPYs of the rows.

An organisation of some size is applied once. Then, in one run and turn by turn: a plan without a change and one with
one changed schedule, against `COPY table TO STDOUT` of the same tables; what a run writes that changes 10,000
objects, against a hand-written COPY into a temporary table and MERGE of the same rows. Statements are counted.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
from psycopg.types.json import Jsonb

from benchmarks import measuring, organisation
from benchmarks.measuring import Figure, once, wall
from oncall_gitops.commands.reconciler import Reconciler, read_at
from oncall_gitops.core.limits import Limits
from oncall_gitops.core.model.instant import parse_instant
from oncall_gitops.core.model.state import DesiredState
from oncall_gitops.core.proposal import Proposal, Source
from oncall_gitops.core.scope import Scope
from oncall_gitops.core.wallclock import tzdata_version
from oncall_gitops.source.read import load
from oncall_gitops.store.database import Database
from oncall_gitops.store.embedded import EmbeddedServer
from oncall_gitops.store.marks import Expected
from oncall_gitops.store.write import write_objects

NOW = parse_instant(organisation.NOW)
DEFINITIONS = (
    "users",
    "teams",
    "team_members",
    "user_time_off",
    "schedules",
    "schedule_layers",
    "schedule_overrides",
)
CHANGED_ROWS = 10_000


def measure(arguments: argparse.Namespace) -> list[Figure]:
    sizes = arguments.schedules or ([1_000, 10_000] if arguments.full else [100, 1_000])
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        root.chmod(0o755)
        with EmbeddedServer(root / ".oncall-gitops") as server:
            results = [_of_size(server, root, size, days=arguments.days) for size in sizes]
    figures = [figure for found, _ in results for figure in found]
    (_, few), (_, many) = results[0], results[-1]
    if len(results) > 1:
        times = sizes[-1] / sizes[0]
        growth = f"growth: {times:g} times the schedules"
        figures += [
            Figure("6", f"{growth}, no change", many[0] / few[0], "x", 1.1 * times, at_most=True),
            Figure("6", f"{growth}, one change", many[1] / few[1], "x", 1.1 * times, at_most=True),
        ]
    return figures


def _of_size(
    server: EmbeddedServer, root: Path, size: int, *, days: int
) -> tuple[list[Figure], tuple[float, float]]:
    files = root / f"of-{size}"
    organisation.write(files, schedules=size)
    database = _database(server, f"of_{size}")
    reconciler = _reconciler(database, _loaded(files), days)
    _, first = once(lambda: reconciler.apply(lock_timeout=30, marks_due=True))
    _settle(database)
    _, again = once(lambda: reconciler.apply(lock_timeout=30, marks_due=True))
    organisation.edit_one(files)
    edited = replace(reconciler, desired=_loaded(files))

    same, one = _reading(reconciler), _reading(edited)
    assert len(same().settled.schedules) == size
    assert len(one().settled.schedules) == size - 1
    copying = lambda: _copy(database, DEFINITIONS)  # noqa: E731
    nothing, changed, copied, shifts, planned = wall(
        same, one, copying, lambda: _copy(database, ("shifts",)), edited.look, rounds=5
    )
    what = f"{size:,} schedules, {3 * size:,} layers, {10 * size:,} overrides"
    goal = 1.5 if size >= 1_000 else None  # with few rows, the round trips count
    figures = [
        Figure("6", f"{what}: reading, no change / COPY", nothing / copied, "x", goal, at_most=True),
        Figure("6", f"{what}: reading, one change / COPY", changed / copied, "x", goal, at_most=True),
        Figure("6", f"{what}: reading, one change / COPY with shifts", changed / (copied + shifts)),
        Figure("6", f"{what}: whole plan in memory, one change", planned, "s"),
        Figure("6", f"{what}: first apply / apply without a change", first / again),
    ]
    if 10 * size >= CHANGED_ROWS:
        figures += _changes(database, reconciler, size)
    return figures, (nothing, changed)


def _changes(database: Database, reconciler: Reconciler, size: int) -> list[Figure]:
    """The reasons of that many overrides change."""
    before = reconciler.desired
    schedules = {
        name: replace(
            schedule, overrides=tuple(replace(each, reason="Other words") for each in schedule.overrides)
        )
        if number < CHANGED_ROWS // 10
        else schedule
        for number, (name, schedule) in enumerate(before.state.schedules.items())
    }
    desired = DesiredState(replace(before.state, schedules=schedules), before.origins)
    proposal = replace(reconciler, desired=desired).look()
    assert len(proposal.plan.changes) == CHANGED_ROWS
    ours, theirs = wall(
        lambda: _rolled_back(database, lambda connection: _write(connection, proposal)),
        lambda: _rolled_back(database, _copy_and_merge),
        rounds=5,
    )
    few, many = (
        _statements(
            database,
            replace(proposal, plan=replace(proposal.plan, changes=proposal.plan.changes[:count])),
        )
        for count in (1, CHANGED_ROWS)
    )
    what = f"{CHANGED_ROWS:,} changed overrides of {size:,} schedules"
    return [
        Figure("7", f"{what}: written / COPY and MERGE by hand", ours / theirs, "x", 1.5, at_most=True),
        Figure(
            "7",
            f"{what}: statements more than for one",
            many - few,
            "",
            0,
            at_most=True,
            note=f"{many} in all",
        ),
    ]


def _write(connection: Any, proposal: Proposal) -> None:
    plan = proposal.plan
    write_objects(
        connection,
        desired=plan.live.settled.rest(plan.after),
        live=plan.live,
        changes=plan.changes,
        origins={},
        at=NOW,
    )


def _copy_and_merge(connection: Any) -> None:
    """The same rows, as one would write them by hand."""
    driver = connection.connection.driver_connection
    rows = driver.execute(
        "SELECT id, schedule_id, user_id, original_user_id, start_time, end_time, override_type, created_by_id, spec, "
        "managed, last_applied FROM schedule_overrides ORDER BY id LIMIT %s",
        [CHANGED_ROWS],
    ).fetchall()
    columns = (
        "id, schedule_id, user_id, original_user_id, start_time, end_time, override_type, created_by_id, spec, "
        "managed, last_applied, reason"
    )
    driver.execute(
        "CREATE TEMPORARY TABLE changed (LIKE schedule_overrides INCLUDING DEFAULTS) ON COMMIT DROP"
    )
    with driver.cursor().copy(f"COPY changed ({columns}) FROM STDIN") as copy:
        for *values, spec, managed, digest in rows:
            copy.write_row((*values, Jsonb(spec), managed, digest, "Other words"))
    names = [name.strip() for name in columns.split(",")][1:]
    driver.execute(
        "MERGE INTO schedule_overrides AS live USING changed ON live.id = changed.id WHEN MATCHED THEN UPDATE SET "
        + ", ".join(f"{name} = changed.{name}" for name in names)
    )


def _rolled_back(database: Database, write: Callable[[Any], None]) -> None:
    with database.connect() as connection:
        write(connection)
        connection.rollback()


def _statements(database: Database, proposal: Proposal) -> int:
    with _counting() as sent:
        _rolled_back(database, lambda connection: _write(connection, proposal))
    return len(sent)


@contextmanager
def _counting() -> Iterator[list[object]]:
    sent: list[object] = []
    execute = psycopg.Cursor.execute

    def counted(self: Any, query: Any, *arguments: Any, **options: Any) -> Any:
        sent.append(query)
        return execute(self, query, *arguments, **options)

    psycopg.Cursor.execute = counted  # type: ignore[method-assign]
    try:
        yield sent
    finally:
        psycopg.Cursor.execute = execute  # type: ignore[method-assign]


def _reading(reconciler: Reconciler) -> Callable[[], Any]:
    """The database part of a plan: a connection, a snapshot, and what matters read; the files are known."""
    expected = Expected.of(reconciler.desired, horizon=reconciler.horizon, tzdata=tzdata_version())

    def read() -> Any:
        with reconciler.database.snapshot() as connection:
            return read_at(connection, NOW, expected)[0]

    return read


def _copy(database: Database, tables: tuple[str, ...]) -> int:
    size = 0
    with database.snapshot() as connection:
        driver: Any = connection.connection.driver_connection
        for table in tables:
            with driver.cursor().copy(f"COPY {table} TO STDOUT") as copy:
                size += sum(map(len, copy))
    return size


def _reconciler(database: Database, desired: DesiredState, days: int) -> Reconciler:
    return Reconciler(
        database=database,
        desired=desired,
        source=Source(),
        scope=Scope(),
        limits=Limits(),
        allow=(),
        horizon=days * 86_400,
        as_of=NOW,
    )


def _loaded(files: Path) -> DesiredState:
    loaded = load(files)
    assert loaded.desired is not None, loaded.problems[:3]
    return loaded.desired


def _database(server: EmbeddedServer, name: str) -> Database:
    with psycopg.connect(**server.connection, autocommit=True) as connection:
        for setting in ("fsync", "full_page_writes", "synchronous_commit"):
            connection.execute(f"ALTER SYSTEM SET {setting} = off".encode())
        connection.execute("SELECT pg_reload_conf()")
        connection.execute(f"CREATE DATABASE {name}".encode())
    database = Database(name, {**server.connection, "dbname": name})
    database.upgrade()
    return database


def _settle(database: Database) -> None:
    """As after a night: statistics are there, pages are clean."""
    with psycopg.connect(**database._keywords, autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE")


def _options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--schedules", type=int, nargs="+", help="sizes; two show the growth")
    parser.add_argument(
        "--days", type=int, default=7, help="horizon of the table of shifts (default: %(default)s)"
    )


if __name__ == "__main__":
    measuring.run(__doc__, measure, options=_options)
