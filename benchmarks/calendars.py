"""How filling many calendars speeds up with workers: against both providers on loopback, 50 ms a call.

python benchmarks/calendars.py [--full] [--connections 48] [--concurrency 1]

A worker is a process that runs some connections side by side; what counts is the time from the first call to
the last one, so that starting Python is not measured. The ratios are to one worker, and to one at a time. They
end to grow where the processors are busy: the providers, the database and the workers share this machine's, so
the workers' own time on them is told, too.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from oncall_gitops.commands.calendar_sync import open_syncer  # noqa: E402
from oncall_gitops.commands.syncing import work  # noqa: E402
from oncall_gitops.core.model.instant import instant_text  # noqa: E402
from oncall_gitops.store.database import Database, open_database  # noqa: E402
from oncall_gitops.store.embedded import EmbeddedServer  # noqa: E402
from tests.builders import a_schedule, a_state, a_user  # noqa: E402
from tests.calendars.loopback import Fault, Request  # noqa: E402
from tests.calendars.world import DAY, NOW, World, a_world, environment  # noqa: E402
from tests.faults.rota import reconcile  # noqa: E402

CREW = 4
LATENCY = 0.05


class Watch:
    """When the first and the last call came."""

    def __init__(self, world: World) -> None:
        self.times: list[float] = []
        for loopback in world.loopbacks:
            loopback.latency = LATENCY
            loopback.rate, loopback.kinds, loopback.matches = 1e-12, (Fault("delay"),), self._note

    def _note(self, request: Request) -> bool:
        if "/calendars/" in request.path:
            self.times.append(time.perf_counter())
        return True

    @property
    def seconds(self) -> float:
        return max(self.times) - min(self.times) + LATENCY


def fill(world: World, connections: int) -> None:
    """So many people, half of them at each provider, with three or four shifts each."""
    slugs = [f"p{number:04}" for number in range(connections)]
    schedules = [
        a_schedule(slugs[first : first + CREW], slug=f"s{first:04}", start="2026-11-23")
        for first in range(0, connections, CREW)
    ]
    users = [a_user(slug, email=f"{slug}@example.org") for slug in slugs]
    reconcile(world.database, a_state(schedules, users=users), now=world.now, horizon=90 * DAY)
    for number, slug in enumerate(slugs):
        world.connect(slug, "microsoft" if number % 2 else "google")


def empty(world: World) -> None:
    """As if nobody's calendar had ever been filled."""
    for calendar in world.google.calendars.values():
        calendar.events.clear()
    for mailbox in world.graph.mailboxes.values():
        mailbox.used.clear()
        for one in mailbox.calendars.values():
            one.events.clear()
    world.sql("DELETE FROM calendar_events")
    world.sql("UPDATE calendar_syncs SET audit_at = NULL, next_sync_at = to_timestamp(%s)", NOW)


def measure(world: World, *, workers: int, concurrency: int) -> tuple[float, float]:
    """Seconds from the first call to the last one, and the seconds of processor time that the work took."""
    empty(world)
    env = {**os.environ, **environment(world), "PYTHONPATH": str(ROOT)}
    command = [sys.executable, __file__, "--work", str(concurrency)]
    pipe = subprocess.PIPE
    begun = [subprocess.Popen(command, env=env, stdin=pipe, stdout=pipe) for _ in range(workers)]
    for one in begun:
        assert one.stdout is not None
        one.stdout.readline()
    watch = Watch(world)
    for one in begun:
        assert one.stdin is not None
        one.stdin.close()
    busy = 0.0
    for one in begun:
        assert one.stdout is not None
        busy += float(one.stdout.read())
        if one.wait() != 0:
            raise SystemExit("a worker failed")
    if world.ahead() != world.wanted():
        raise SystemExit("the calendars are not right")
    return watch.seconds, busy


def be_a_worker(concurrency: int) -> None:
    """Get ready, wait until the standard input ends, and work until nothing is due."""
    import googleapiclient.discovery  # noqa: F401
    import msal  # noqa: F401

    with open_database(os.environ["DATABASE_URL"], directory=Path.cwd()) as database:
        syncer = open_syncer(database, clock=lambda: NOW)
        print("ready", flush=True)
        sys.stdin.read()
        began = time.process_time()
        work(syncer, concurrency=concurrency, patience=0.0)
        print(time.process_time() - began)


@contextmanager
def a_filled_world(connections: int) -> Iterator[World]:
    with tempfile.TemporaryDirectory() as folder, EmbeddedServer(Path(folder) / ".oncall-gitops") as server:
        database = Database("the benchmark's", server.connection)
        database.upgrade()
        with a_world(database) as world:
            fill(world, connections)
            yield world


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--connections", type=int, default=48)
    parser.add_argument("--concurrency", type=int, default=1, help="of each worker")
    parser.add_argument("--full", action="store_true", help="500 connections")
    parser.add_argument("--work", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.work:
        be_a_worker(options.work)
        return
    connections = 500 if options.full else options.connections
    with a_filled_world(connections) as world:
        calls = len(world.wanted().keys()) + connections
        print(
            f"{connections} connections from {instant_text(world.now)}, {calls} calls of {LATENCY * 1000:.0f} ms"
        )
        for kind, sizes in (("workers", (1, 2, 4)), ("at once in one worker", (1, 2, 4, 8))):
            base = 0.0
            for size in sizes:
                workers, concurrency = (size, options.concurrency) if kind == "workers" else (1, size)
                seconds, busy = measure(world, workers=workers, concurrency=concurrency)
                base = base or seconds
                each = f"{1000 * busy / connections:.0f} ms of processor time a connection"
                print(
                    f"{size} {kind}: {seconds:6.2f} s, {base / seconds:.2f} times as fast, {each}", flush=True
                )


if __name__ == "__main__":
    main()
