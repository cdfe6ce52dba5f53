"""Many reconcilers at the same moment, with the same files or with others, directly and through a pooler.

After each round the state is one writer's in full, every reconcile is on record once, and those that found
their work done changed nothing: 0 divergent, 0 applied twice, 0 unexpected errors.
"""

from __future__ import annotations

import random
import shutil
from collections import Counter
from collections.abc import Iterator
from functools import partial

import pytest

from oncall_gitops.core.model.state import State
from oncall_gitops.core.proposal import Source
from oncall_gitops.store.database import Database
from tests.builders import a_layer, a_schedule, a_state, a_team, a_user
from tests.faults.pooler import Pooler, pgbouncer
from tests.faults.processes import Child, Gate
from tests.faults.rota import assert_holds, reconcile
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
    """Rounds of reconcilers that start together; what became of them."""
    dice = random.Random(seed)
    seen: Counter[str] = Counter()
    for number in range(rounds):
        chosen = [0] * writers if number % 2 else [dice.randrange(len(VERSIONS)) for _ in range(writers)]
        gate = Gate()

        def work(choice: int, gate: Gate = gate) -> None:
            gate.wait()
            commit = f"{choice}"
            reconcile(through, VERSIONS[choice], source=Source(files=1, commit=commit), lock_timeout=120)

        children = [Child.doing(partial(work, choice)) for choice in chosen]
        gate.open()
        codes = [child.wait() for child in children]
        seen["errors"] += sum(code != 0 for code in codes)
        seen.update(judge(database, chosen))
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
    assert_clean(race(database, through, writers=2, rounds=5), database)
    assert_clean(race(database, through, writers=8, rounds=2), database)


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
