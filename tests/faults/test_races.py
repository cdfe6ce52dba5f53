"""Many reconcilers at the same moment, with the same files or with others, directly and through a pooler.

After each round the state is one writer's in full, every reconcile is on record once, and those that found
their work done changed nothing: 0 divergent, 0 applied twice, 0 unexpected errors.
"""

from __future__ import annotations

import random
import shutil
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from multiprocessing import get_context
from threading import BrokenBarrierError

import pytest

from oncall_gitops.core.model.instant import Instant
from oncall_gitops.core.model.state import State
from oncall_gitops.core.proposal import Source
from oncall_gitops.store.database import Database
from tests.builders import a_layer, a_schedule, a_state, a_team, a_user
from tests.faults.pooler import Pooler, pgbouncer
from tests.faults.processes import Child, Gate
from tests.faults.rota import NOW, add_by_command, assert_holds, reconcile
from tests.store.records import managed_state, one, sql

pytestmark = pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")


def version(number: int) -> State:
    """The small rota of one commit; no two commits say the same."""
    crew = [f"u{(number + step) % 4}" for step in range(3)]
    return a_state(
        [
            a_schedule(crew, layers=[a_layer("nights", crew[:2], priority=10 + number)]),
            a_schedule(crew[::-1], slug="secondary", description=f"of {number}"),
        ],
        users=[a_user(f"u{each}") for each in range(4)],
        teams=[a_team(members=crew)],
    )


VERSIONS = [version(number) for number in range(8)]


def race(database: Database, through: Database, *, writers: int, rounds: int, seed: int = 1) -> Counter[str]:
    """Rounds of reconcilers that start together; what became of them. In every other one all have the same files."""
    dice = random.Random(seed)
    choices = [
        [0] * writers if number % 2 else [dice.randrange(len(VERSIONS)) for _ in range(writers)]
        for number in range(rounds)
    ]
    start, end = (get_context("fork").Barrier(writers + 1, timeout=300) for _ in range(2))

    def write(writer: int) -> None:
        for chosen in choices:
            start.wait()
            files = Source(files=1, commit=f"{chosen[writer]}")
            try:
                reconcile(through, VERSIONS[chosen[writer]], source=files, lock_timeout=120)
            except BaseException:
                end.abort()
                raise
            end.wait()

    children = [Child.doing(partial(write, writer)) for writer in range(writers)]
    seen: Counter[str] = Counter()
    with suppress(BrokenBarrierError):
        for chosen in choices:
            start.wait()
            end.wait()
            seen.update(judge(database, chosen))
    start.abort()
    seen["errors"] = sum(child.wait() != 0 for child in children)
    return seen


def judge(database: Database, chosen: list[int]) -> Counter[str]:
    """What the newest runs say of themselves, against the state."""
    runs = sql(
        database,
        "SELECT git_commit, plan->'summary' FROM reconcile_runs WHERE status = 'applied' "
        "ORDER BY finished_at DESC LIMIT %(n)s",
        n=len(chosen) + 1,
    )
    newest, before = runs[: len(chosen)], runs[len(chosen) :]
    last = before[0][0] if before else None
    seen: Counter[str] = Counter(rounds=1)
    seen["missing"] += Counter(map(str, chosen)) != Counter(commit for commit, _ in newest)
    for commit, summary in reversed(newest):
        has_changed = any(summary[action] for action in ("create", "update", "rename", "delete"))
        seen["applied twice" if commit == last and has_changed else "applied"] += has_changed
        seen["lost"] += commit != last and not has_changed
        last = commit
    seen["divergent"] += managed_state(database) != VERSIONS[int(newest[0][0])]
    return seen


def race_with_overrides(database: Database, through: Database, *, rounds: int) -> None:
    """Two reconcilers, and two people who put somebody on call: by our command, and with an INSERT of their own."""
    reconcile(database, VERSIONS[0])
    for number in range(rounds):
        start = NOW + number * 7200
        gate = Gate()

        def work(choice: int, gate: Gate = gate) -> None:
            gate.wait()
            reconcile(through, VERSIONS[choice], lock_timeout=120)

        def insert(gate: Gate = gate, start: Instant = start) -> None:
            gate.wait()
            sql(through, INSERTED, start=start)

        def command(gate: Gate = gate, start: Instant = start) -> None:
            gate.wait()
            add_by_command(through, "payments/secondary", "u3", start=start, end=start + 3600)

        works = (partial(work, number % 8), partial(work, (number + 3) % 8), insert, command)
        children = [Child.doing(work) for work in works]
        gate.open()
        assert [child.wait() for child in children] == [0, 0, 0, 0]
        assert holder(database, "secondary", start) == "u3", "at once, whoever came before or after"
        reconcile(database, VERSIONS[number % 8])
        assert holder(database, "primary", start) == "u2", "with the next reconcile"
    assert one(database, "SELECT count(*) FROM schedule_overrides WHERE NOT managed") == 2 * rounds


INSERTED = """INSERT INTO schedule_overrides (schedule_id, user_id, start_time, end_time)
    SELECT schedules.id, users.id, to_timestamp(%(start)s), to_timestamp(%(start)s + 3600)
    FROM schedules, users WHERE schedules.slug = 'primary' AND users.slug = 'u2'"""


def holder(database: Database, schedule: str, moment: Instant) -> str:
    asked = "SELECT user_slug FROM on_call_at(to_timestamp(%(at)s)) WHERE schedule = %(name)s"
    return str(one(database, asked, at=moment + 60, name=schedule))


def assert_clean(seen: Counter[str], database: Database) -> None:
    bad = {name: seen[name] for name in ("errors", "missing", "applied twice", "lost", "divergent")}
    print(dict(seen))
    assert not any(bad.values()), bad
    newest = one(database, "SELECT git_commit FROM reconcile_runs ORDER BY finished_at DESC LIMIT 1")
    assert_holds(database, VERSIONS[int(newest)])


@pytest.fixture(params=["directly", "through a pooler"])
def through(request: pytest.FixtureRequest, database: Database) -> Iterator[Database]:
    if request.param == "directly":
        yield database
    else:
        with Pooler(database) as pooler:
            yield pooler.through


def test_reconcilers_that_start_together_take_turns(database: Database, through: Database) -> None:
    assert_clean(race(database, through, writers=2, rounds=4), database)
    assert_clean(race(database, through, writers=8, rounds=1), database)


def test_overrides_of_the_same_moment_are_never_lost(database: Database, through: Database) -> None:
    race_with_overrides(database, through, rounds=2)


@pytest.mark.slow
def test_overrides_of_the_same_moment_two_hundred_times(database: Database, through: Database) -> None:
    race_with_overrides(database, through, rounds=200)


@pytest.mark.slow
@pytest.mark.parametrize(("writers", "rounds"), [(2, 1000), (8, 200)])
def test_many_rounds_of_reconcilers_that_start_together(
    database: Database, through: Database, writers: int, rounds: int
) -> None:
    assert_clean(race(database, through, writers=writers, rounds=rounds), database)


@pytest.mark.slow
@pytest.mark.parametrize(("writers", "rounds"), [(2, 1000), (8, 200)] if shutil.which("pgbouncer") else [])
def test_many_rounds_through_pgbouncer(
    database: Database, tmp_path_factory: pytest.TempPathFactory, writers: int, rounds: int
) -> None:
    with pgbouncer(database, tmp_path_factory.mktemp("pgbouncer")) as through:
        assert_clean(race(database, through, writers=writers, rounds=rounds), database)
