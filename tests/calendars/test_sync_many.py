"""Many people, a bad network, several workers, and workers that die or are told to stop."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote

import pytest

from oncall_gitops.commands.syncing import work
from oncall_gitops.core.model.instant import instant_text
from oncall_gitops.store.calendar_work import claim, next_pause
from oncall_gitops.store.database import Database
from tests.builders import a_schedule, a_state, a_user
from tests.calendars.loopback import Answer, Fault, Request
from tests.calendars.world import DAY, World, a_world, environment
from tests.faults.rota import reconcile

CREW = 4
BAD_NETWORK = (
    *(Fault(kind) for kind in ("drop-before", "drop-after", "truncate", "cut", "twice")),
    *(Fault("status", status) for status in (500, 503, 429)),
    Fault("status", 429, headers=(("Retry-After", "0"),)),
)


@pytest.fixture
def world(database: Database) -> Iterator[World]:
    with a_world(database) as world:
        yield world


def people(count: int) -> list[str]:
    return [f"p{number:03}" for number in range(count)]


def with_people(world: World, count: int) -> None:
    """So many people in crews of four, each with a schedule of their own; every second one is at Microsoft."""
    slugs = people(count)
    schedules = [
        a_schedule(slugs[first : first + CREW], slug=f"s{first:03}", start="2026-11-23")
        for first in range(0, count, CREW)
    ]
    users = [a_user(slug, email=f"{slug}@example.org") for slug in slugs]
    reconcile(world.database, a_state(schedules, users=users), now=world.now, horizon=90 * DAY)
    for number, slug in enumerate(slugs):
        world.connect(slug, "microsoft" if number % 2 else "google")


def a_bad_network_converges(world: World, count: int) -> None:
    """Three of ten calls fail, all the time; somebody's consent is dead."""
    with_people(world, count)
    dead, *_ = people(count)
    world.google.tokens.revoke_all(f"{dead}@example.org")
    for loopback in world.loopbacks:
        loopback.rate, loopback.kinds = 0.3, BAD_NETWORK
    began = world.now
    while True:
        work(world.syncer(), concurrency=8, patience=0.0)
        pause = next_pause(world.database, now=world.now, poll=1.0)
        open_ones = world.sql(
            "SELECT count(*) FROM calendar_syncs WHERE synced_until IS NULL AND NOT needs_consent"
        )
        if open_ones == [(0,)]:
            break
        assert pause is not None
        world.advance(int(pause) + 1)

    assert world.now - began < 3600, "nobody waits for long"
    states = world.sql(
        "SELECT slug, needs_consent FROM calendar_syncs JOIN users ON users.id = user_id WHERE needs_consent"
    )
    assert states == [(dead, True)]
    [(theirs,)] = world.sql("SELECT calendar_id FROM calendar_syncs WHERE needs_consent")
    wanted = Counter({one: number for one, number in world.wanted().items() if one[0] != theirs})
    assert world.ahead() == wanted
    assert len({calendar for calendar, _ in wanted}) == count - 1


def test_a_bad_network_makes_nothing_wrong_and_a_dead_consent_stops_nobody(world: World) -> None:
    a_bad_network_converges(world, 20)


@pytest.mark.slow
def test_a_bad_network_makes_nothing_wrong_for_200_people(world: World) -> None:
    a_bad_network_converges(world, 200)


@dataclass
class Traffic:
    """Which calendars are being called, and whether one ever was by two at once."""

    busy: Counter[str] = field(default_factory=Counter)
    clashes: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def watch(self, world: World) -> None:
        for loopback in world.loopbacks:
            loopback.rate, loopback.kinds = 1e-12, (Fault("delay"),)
            loopback.matches = self.begins
            loopback.answer = self.ending(loopback.answer)

    def begins(self, request: Request) -> bool:
        with self.lock:
            if name := _calendar(request):
                self.busy[name] += 1
                if self.busy[name] > 1:
                    self.clashes.append(name)
        return True

    def ending(self, answer: Callable[[Request], Answer]) -> Callable[[Request], Answer]:
        def answering(request: Request) -> Answer:
            try:
                return answer(request)
            finally:
                with self.lock:
                    self.busy[_calendar(request)] -= 1

        return answering


def _calendar(request: Request) -> str:
    _, found, rest = unquote(request.path).partition("/calendars/")
    return rest.partition("/")[0] if found else ""


def four_workers_share(world: World, count: int, *, concurrency: int, latency: float) -> int:
    """How many of the four got some of the work; which of them is the machine's to decide."""
    with_people(world, count)
    traffic = Traffic()
    traffic.watch(world)
    for loopback in world.loopbacks:
        loopback.latency = latency
    with ThreadPoolExecutor(4) as workers:
        results = list(
            workers.map(lambda _: work(world.syncer(), concurrency=concurrency, patience=0.0), range(4))
        )

    assert traffic.clashes == []
    ids = [row_id for done in results for row_id in done]
    assert len(ids) == len(set(ids)) == count
    assert world.sql("SELECT DISTINCT lease_epoch FROM calendar_syncs") == [(2,)], "each was claimed once"
    assert world.ahead() == world.wanted()
    return sum(bool(done) for done in results)


def test_four_workers_share_the_work_and_never_meet_in_a_calendar(world: World) -> None:
    four_workers_share(world, 24, concurrency=3, latency=0.005)


@pytest.mark.slow
def test_four_workers_share_500_calendars_and_never_meet_in_one(world: World) -> None:
    assert four_workers_share(world, 500, concurrency=8, latency=0.05) == 4


@contextmanager
def a_worker(world: World, said: Path, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    """A worker in a process of its own; what it says goes into a file."""
    env = {**os.environ, **environment(world), "ONCALL_GITOPS_AS_OF": instant_text(world.now)}
    command = [sys.executable, "-m", "oncall_gitops", "worker", *arguments]
    with said.open("wb") as stream:
        begun = subprocess.Popen(command, env=env, stderr=stream)
    try:
        yield begun
    finally:
        begun.kill()
        begun.wait()


def until(condition: Callable[[], object], *, seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it never came to that"
        time.sleep(0.01)


def test_what_a_killed_worker_was_at_is_taken_over_when_its_lease_ends(world: World, tmp_path: Path) -> None:
    with_people(world, 4)
    for loopback in world.loopbacks:
        loopback.latency = 0.05
    with a_worker(world, tmp_path / "said", "--concurrency", "1") as worker:
        until(lambda: len(world.writes()) >= 2)
        worker.send_signal(signal.SIGKILL)
        assert worker.wait() == -signal.SIGKILL

    held = "SELECT count(*) FROM calendar_syncs WHERE lease_owner IS NOT NULL"
    assert world.sql(held) == [(1,)]
    world.drain()
    assert world.sql(held) == [(1,)], "what it holds is left alone"
    assert claim(world.database, owner="another", now=world.now) is None
    world.expire_leases()
    world.drain()
    assert world.sql(held) == [(0,)]
    assert world.ahead() == world.wanted()


def test_a_worker_that_is_told_to_stop_ends_its_call_and_gives_everything_back(
    world: World, tmp_path: Path
) -> None:
    with_people(world, 4)
    for loopback in world.loopbacks:
        loopback.latency = 0.05
    with a_worker(world, tmp_path / "said", "--concurrency", "2") as worker:
        until(lambda: len(world.writes()) >= 3)
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(30) == 0

    assert "goes on" in (tmp_path / "said").read_text()
    assert world.sql("SELECT count(*) FROM calendar_syncs WHERE lease_until IS NOT NULL") == [(0,)]
    assert world.ahead() != world.wanted()
    world.advance(60)  # the worker's clock has moved on
    world.drain()
    assert world.ahead() == world.wanted()


def test_an_idle_worker_stops_as_soon_as_it_is_told_to(world: World, tmp_path: Path) -> None:
    with_people(world, 4)
    with a_worker(world, tmp_path / "said") as worker:
        until(lambda: world.ahead() == world.wanted())
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(30) == 0
