"""Who holds a connection, and what becomes of those that lost it: frozen workers, dead ones, rotated tokens."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import suppress

import pytest

from oncall_gitops.core.model.state import State
from oncall_gitops.store.calendar_work import Lease, claim
from oncall_gitops.store.connections import end_connection
from oncall_gitops.store.database import Database
from tests.builders import a_schedule, a_state, a_user, an_override
from tests.calendars.breakdowns import Crash, Frozen, Side, crashing
from tests.calendars.world import HOUR, World, a_world
from tests.faults.rota import reconcile

COVER = an_override("bob", "2026-12-01", "2026-12-02")


def rota(*overrides: object) -> State:
    schedule = a_schedule(("ann", "bob"), start="2026-11-23", overrides=overrides)  # type: ignore[arg-type]
    return a_state([schedule], users=[a_user(slug, email=f"{slug}@example.org") for slug in ("ann", "bob")])


@pytest.fixture
def world(database: Database) -> Iterator[World]:
    """Two people, both connected, both right."""
    with a_world(database) as world:
        change(world)
        world.connect("ann", "google")
        world.connect("bob", "microsoft")
        world.drain()
        assert world.ahead() == world.wanted()
        yield world


def change(world: World, *overrides: object) -> None:
    reconcile(world.database, rota(*overrides), now=world.now)
    world.forget()


def test_what_a_frozen_worker_does_too_late_is_found_without_waiting_for_an_audit(world: World) -> None:
    change(world, COVER)
    frozen = Frozen(world, 1, "before")
    change(world)
    world.expire_leases()
    world.drain()
    assert world.ahead() == world.wanted()
    frozen.thaw()
    assert world.ahead() != world.wanted()

    world.drain()

    assert world.ahead() == world.wanted()
    world.forget()
    assert world.drain() == []


def test_shifts_that_change_while_a_worker_is_at_a_calendar_are_looked_at_after_it(world: World) -> None:
    lease = claim_of(world, "bob")
    change(world, COVER)
    world.drain()
    assert world.ahead() != world.wanted(), "his calendar is another worker's"
    assert world.sql("SELECT count(*) FROM calendar_due") == [(1,)], "and the change is not forgotten"
    world.syncer().run(lease)
    world.drain()
    assert world.ahead() == world.wanted()
    assert world.sql("SELECT count(*) FROM calendar_due") == [(0,)]


def claim_of(world: World, user: str) -> Lease:
    [(row_id,)] = world.sql(
        "UPDATE calendar_syncs SET next_sync_at = to_timestamp(%s) FROM users "
        "WHERE users.id = user_id AND slug = %s RETURNING calendar_syncs.id::text",
        world.now,
        user,
    )
    lease = claim(world.database, owner="another", now=world.now, only=[row_id])
    assert lease is not None
    return lease


def test_who_ends_a_connection_waits_for_the_worker_that_is_in_the_calendar(world: World) -> None:
    change(world, COVER)
    frozen = Frozen(world, 1, "before")
    assert frozen.lease is not None
    ending = threading.Thread(
        target=end_connection,
        args=[world.database],
        kwargs={"row_id": frozen.lease.sync.id, "now": world.now},
    )
    ending.start()
    time.sleep(0.3)
    assert ending.is_alive()
    frozen.thaw()
    ending.join(10)
    world.drain()

    assert world.ahead() == world.wanted()
    assert world.sql("SELECT count(*) FROM calendar_syncs") == [(1,)]


@pytest.mark.parametrize("rotates", [True, False])
def test_a_new_pair_of_tokens_is_stored_before_it_is_used(world: World, rotates: bool) -> None:
    world.google.tokens.rotates = rotates
    world.advance(7 * HOUR)
    with suppress(Crash):
        world.drain(world.syncer(api=crashing(world.apis, 1, "before")))
    world.expire_leases()
    before = len(world.google.tokens.access)

    world.drain()

    assert world.sql("SELECT needs_consent FROM calendar_syncs") == [(False,), (False,)]
    assert world.ahead() == world.wanted()
    assert len(world.google.tokens.access) <= before + 1


def test_a_worker_that_lost_its_lease_writes_nothing_down(world: World) -> None:
    change(world, COVER)
    frozen = Frozen(world, 0, "after")
    assert frozen.lease is not None
    world.expire_leases()
    world.drain()
    row = "SELECT lease_epoch, last_sync_at, audit_at, next_sync_at FROM calendar_syncs ORDER BY id"
    settled = world.sql(row)
    frozen.thaw()

    assert world.sql(row) == settled


@pytest.mark.parametrize("side", ["before", "after"])
def test_wherever_a_run_dies_the_next_one_makes_it_good(world: World, side: Side) -> None:
    """The change is taken back in between, so that the journal alone would say that nothing has to be done."""
    for number in range(4):
        change(world, COVER)
        with pytest.raises(Crash):
            world.drain(world.syncer(api=crashing(world.apis, number, side)))
        change(world)
        world.expire_leases()
        world.drain()

        assert world.ahead() == world.wanted(), number
