"""Whatever happens to files, calendars, tokens, workers and the network: once it stops, one run makes all right.

A machine of rules that edit the schedules, meddle with calendars by hand, break calls, kill and freeze workers,
take consents back, renew keys and move the clock on; one rule lets everything settle and looks.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)

from oncall_gitops.commands.calendar import _sealed_anew
from oncall_gitops.commands.syncing import Done
from oncall_gitops.core.limits import CALENDAR_MASS_DELETE
from oncall_gitops.core.model.calendar import Provider
from oncall_gitops.core.model.instant import instant_text
from oncall_gitops.core.model.state import State
from oncall_gitops.store.calendar_work import due_ids, make_due
from oncall_gitops.store.connections import reseal
from oncall_gitops.store.database import Database
from oncall_gitops.store.embedded import EmbeddedServer
from tests.builders import a_layer, a_schedule, a_state, a_team, a_user, an_override, whole_days
from tests.calendars.breakdowns import Crash, Frozen, Side, crashing
from tests.calendars.entra import Entra
from tests.calendars.loopback import Fault
from tests.calendars.world import DAY, HOUR, Standing, World, a_world, keys
from tests.faults.rota import reconcile
from tests.postgres import TEMPLATE, run

PEOPLE = ("ann", "bob", "carol", "dan")
CONNECTED: tuple[tuple[str, Provider], ...] = (
    ("ann", "google"),
    ("bob", "microsoft"),
    ("carol", "google"),
    ("carol", "microsoft"),
)
HORIZON = 35 * DAY

FAULTS = (
    *(Fault(kind) for kind in ("drop-before", "drop-after", "truncate", "cut", "twice")),
    *(Fault("status", status) for status in (500, 503, 401, 429)),
    Fault("status", 429, headers=(("Retry-After", "1"),)),
)

people, numbers = st.sampled_from(PEOPLE), st.integers(0, 30)
sides: st.SearchStrategy[Side] = st.sampled_from(("before", "after"))


@dataclass
class Rota:
    """The files, as the machine edits them."""

    crew: list[str] = field(default_factory=lambda: list(PEOPLE))
    hour: int = 9
    name: str = "Primary"
    covers: dict[int, tuple[str, str | None]] = field(default_factory=dict)
    has_second: bool = True

    def state(self, day_one: int) -> State:
        """`covers` are overrides by the day after `day_one` on which they begin."""
        overrides = [
            an_override(
                user,
                instant_text(day_one + day * DAY),
                instant_text(day_one + (day + 1) * DAY - HOUR),
                replaces=replaced,
            )
            for day, (user, replaced) in self.covers.items()
        ]
        weekend = a_layer("weekend", self.crew[-2:], priority=5, restrictions=whole_days("SAT SUN"))
        primary = a_schedule(
            self.crew,
            name=self.name,
            start="2026-11-02",
            handoff_time=f"{self.hour:02}:00",
            overrides=overrides,
            layers=[weekend],
        )
        second = a_schedule(
            self.crew[::-1], slug="second", start="2026-11-04", timezone="Europe/Berlin", handoff_time="10:30"
        )
        users = [a_user(slug, email=f"{slug}@example.org") for slug in self.crew]
        return a_state([primary, second] if self.has_second else [primary], users=users, teams=[a_team()])


class Machine(RuleBasedStateMachine):
    """`hands` says that somebody changed a calendar by hand since it was last looked at: then only a listing
    can find it."""

    def __init__(self, world: World) -> None:
        super().__init__()
        self.world = world
        self.rota = Rota()
        self.day_one = world.now
        self.hands = False
        self.frozen: Frozen | None = None
        self.key = 1
        self.record: dict[str, str] = {}
        self.revoked: list[str] = []

    def teardown(self) -> None:
        self.settle()

    @initialize()
    def begin(self) -> None:
        self._apply()
        for user, provider in CONNECTED:
            self.world.connect(user, provider)
        self.settle()

    # The files.

    @rule(day=st.integers(0, 25), user=people, replaced=st.none() | people)
    def cover(self, day: int, user: str, replaced: str | None) -> None:
        asked = {user} | ({replaced} - {None})
        if user != replaced and asked <= set(self.rota.crew) and self.day_one + day * DAY > self.world.now:
            self.rota.covers[day] = (user, replaced)
            self._apply()

    @precondition(lambda self: self.rota.covers)
    @rule(which=numbers)
    def end_cover(self, which: int) -> None:
        days = sorted(self.rota.covers)
        del self.rota.covers[days[which % len(days)]]
        self._apply()

    @rule(hour=st.integers(6, 11))
    def move_handoffs(self, hour: int) -> None:
        self.rota.hour = hour
        self._apply()

    @rule(name=st.sampled_from(("Primary", "Payments & <cards>")))
    def call_it_otherwise(self, name: str) -> None:
        self.rota.name = name
        self._apply()

    @rule(one=numbers, other=numbers)
    def swap(self, one: int, other: int) -> None:
        crew = self.rota.crew
        first, second = one % len(crew), other % len(crew)
        crew[first], crew[second] = crew[second], crew[first]
        self._apply()

    @rule()
    def drop_or_restore_a_schedule(self) -> None:
        self.rota.has_second = not self.rota.has_second
        self._apply()

    @precondition(lambda self: len(self.rota.crew) > 2)
    @rule(user=people)
    def leave(self, user: str) -> None:
        if user in self.rota.crew:
            self.rota.crew.remove(user)
            self.rota.covers = {day: who for day, who in self.rota.covers.items() if user not in who}
            self._apply()

    @rule(user=people)
    def join(self, user: str) -> None:
        if user not in self.rota.crew:
            self.rota.crew.append(user)
            self._apply()

    @rule(which=st.sampled_from(CONNECTED))
    def consent(self, which: tuple[str, Provider]) -> None:
        if which[0] in self.rota.crew and not (self.frozen and self.frozen.lease):
            self._release()
            self.world.connect(*which)

    # Calendars, by hand.

    @rule(which=numbers, way=st.sampled_from(("mark_busy", "delete", "purge")))
    def meddle(self, which: int, way: str) -> None:
        for event in self._some_event(which):
            getattr(self.world.person(event.calendar_id), way)(event.remote_id)

    @rule(which=numbers)
    def write_ones_own_words(self, which: int) -> None:
        for event in self._some_event(which):
            self.world.person(event.calendar_id).edit(event.remote_id, summary="mine")

    @rule(which=numbers, hours=st.integers(-100, 500), length=st.integers(1, 99))
    def move(self, which: int, hours: int, length: int) -> None:
        for event in self._some_event(which):
            start = self.world.now + hours * HOUR
            self.world.person(event.calendar_id).move(event.remote_id, start=start, end=start + length * HOUR)

    def _some_event(self, which: int) -> Iterator[Standing]:
        """One of our events, if there are any, which is not as we left it any more."""
        if standing := sorted(self.world.standing()):
            event = standing[which % len(standing)]
            self.record.pop(event.remote_id, None)
            self.hands = True
            yield event

    @rule(which=numbers)
    def copy(self, which: int) -> None:
        if standing := sorted(self.world.standing()):
            event = standing[which % len(standing)]
            copied = self.world.person(event.calendar_id).copy(event.remote_id)
            self.world.note_foreign(event.calendar_id, copied)

    @rule(which=numbers)
    def add_ones_own(self, which: int) -> None:
        there = set(self.world.calendar_ids())
        if calendars := sorted({name for name, _ in self.world.wanted()} & there):
            name, start = calendars[which % len(calendars)], self.world.now + which * DAY
            person = self.world.person(name)
            self.world.note_foreign(
                name, person.add(summary="On call: Primary", start=start, end=start + HOUR)
            )

    @rule(which=numbers)
    def delete_a_calendar(self, which: int) -> None:
        if calendars := sorted({one.calendar_id for one in self.world.standing()}):
            name = calendars[which % len(calendars)]
            person = self.world.person(name)
            gone = [one for one in self.world.foreign if person.look(one)]
            self.world.foreign = {one: look for one, look in self.world.foreign.items() if one not in gone}
            self.record = {one: where for one, where in self.record.items() if where != name}
            if name in self.world.google.calendars:
                self.world.google.delete_calendar(name)
            else:
                person.delete_calendar()  # type: ignore[union-attr]
            self.hands = True

    # Time, tokens, keys, the journal.

    @rule(hours=st.sampled_from((1, 3, 7, 30, 100, 200)))
    def wait(self, hours: int) -> None:
        self.world.advance(hours * HOUR)
        self._apply()

    @rule()
    def access_tokens_expire(self) -> None:
        self.world.google.tokens.expire_access()
        self.world.graph.entra.expire()

    @rule(user=people)
    def take_consent_back(self, user: str) -> None:
        self.world.google.tokens.revoke_all(f"{user}@example.org")
        self.world.graph.entra.revoke(f"{user}@example.org")
        self.revoked.append(f"{user}@example.org")

    @rule(rotates=st.booleans())
    def refresh_tokens_are_for_one_use(self, rotates: bool) -> None:
        self.world.google.tokens.rotates = rotates

    @rule()
    def renew_the_key(self) -> None:
        self._thaw()  # who holds a token sealed with a key that goes cannot open it any more
        ring = keys(self.key + 1, self.key)
        reseal(self.world.database, lambda row: _sealed_anew(ring, row))
        self.key += 1
        self.world.keys = keys(self.key)

    @rule()
    def lose_the_journal(self) -> None:
        self.world.sql("DELETE FROM calendar_events")
        self.hands = True

    # Workers and the network.

    @rule()
    def sync(self) -> None:
        self._reach()

    @rule(fault=st.sampled_from(FAULTS), number=st.integers(0, 6), where=st.sampled_from((0, 1)))
    def a_call_fails(self, fault: Fault, number: int, where: int) -> None:
        self.world.loopbacks[where].fail(*[Fault("delay")] * number, fault)
        self._reach()
        self.world.loopbacks[where].faults.clear()

    @rule(number=st.integers(0, 8), side=sides)
    def a_worker_dies(self, number: int, side: Side) -> None:
        with suppress(Crash):
            self.world.drain(self.world.syncer(api=crashing(self.world.apis, number, side)))

    @precondition(lambda self: self.frozen is None)
    @rule(number=st.integers(0, 6), side=sides)
    def a_worker_freezes(self, number: int, side: Side) -> None:
        self.frozen = Frozen(self.world, number, side)

    @rule()
    def leases_expire(self) -> None:
        self.world.expire_leases()

    @rule()
    def thaw(self) -> None:
        self._thaw()

    # What must hold.

    @rule()
    def settle(self) -> None:
        """Nothing goes wrong any more; who needs a new consent gives it; then one run, and one more that has
        nothing to do."""
        world = self.world
        self._thaw()
        world.clear_faults()
        world.expire_leases()
        for user_id, provider in world.sql(
            "SELECT user_id::text, provider FROM calendar_syncs WHERE needs_consent OR account = ANY(%s)",
            self.revoked,
        ):
            world.connect(user_id, provider)
        self.revoked.clear()
        self._apply()
        audited = self.hands
        world.forget()
        done = self._run_once(audit=audited)
        self._must_be_right(done)
        world.forget()
        assert self._run_once(audit=False) == []
        assert world.calls() == []
        if audited:
            self._run_once(audit=True)
            assert world.writes() == []
        self.hands = False
        self.record = {
            one.remote_id: one.calendar_id for one in world.standing() if one.seen.start < world.now
        }

    def _run_once(self, *, audit: bool) -> list[Done]:
        """As `calendar sync` does (`audit`), or a reconcile."""
        world = self.world
        ids = (
            [row for (row,) in world.sql("SELECT id::text FROM calendar_syncs")]
            if audit
            else due_ids(world.database, now=world.now)
        )
        make_due(world.database, ids, now=world.now)
        return world.drain(
            world.syncer(audit=frozenset(ids if audit else ()), allow=frozenset({CALENDAR_MASS_DELETE}))
        )

    def _must_be_right(self, done: list[Done]) -> None:
        world = self.world
        assert [one.trouble for one in done if not one.is_right] == []
        assert len({one.sync.id for one in done}) == len(done), "one run is enough"
        assert world.ahead() == world.wanted()
        assert world.foreign_now() == world.foreign
        standing = {one.remote_id for one in world.standing()}
        connected = {name for (name,) in world.sql("SELECT calendar_id FROM calendar_syncs")}
        lost = {one for one, name in self.record.items() if name in connected} - standing
        assert not lost, "what has begun stays as a record"
        gone = "SELECT 1 FROM calendar_syncs JOIN users ON users.id = user_id WHERE deleted_at IS NOT NULL"
        assert world.sql(gone) == []
        assert world.google.violations == world.graph.violations == []

    def _apply(self) -> None:
        reconcile(self.world.database, self.rota.state(self.day_one), now=self.world.now, horizon=HORIZON)

    def _reach(self) -> None:
        """Run what is due, with whatever goes wrong."""
        self.world.drain()

    def _thaw(self) -> None:
        if self.frozen is not None:
            self.frozen.thaw()
            self.frozen = None

    def _release(self) -> None:
        """A consent waits for whoever holds the connection: nobody does."""
        self.world.expire_leases()


@pytest.fixture(scope="module")
def providers(server: EmbeddedServer) -> Iterator[World]:
    with a_world(Database("none", server.connection)) as world:
        yield world


def converges(server: EmbeddedServer, world: World, *, examples: int, steps: int) -> None:
    made: list[str] = []

    def machine() -> Machine:
        name = f"test_{uuid4().hex}"
        made.append(name)
        run(server, f"CREATE DATABASE {name} TEMPLATE {TEMPLATE}")
        world.clear_faults()
        world.google.reset()
        world.graph.mailboxes.clear()
        world.graph.entra = Entra(url=world.graph.url)
        fresh = World(
            Database("the machine's", {**server.connection, "dbname": name}),
            world.google,
            world.graph,
            world.wire,
        )
        return Machine(fresh)

    try:
        run_state_machine_as_test(
            machine,  # type: ignore[arg-type] # whatever makes one will do
            settings=settings(
                max_examples=examples,
                stateful_step_count=steps,
                deadline=None,
                derandomize=True,
                suppress_health_check=list(HealthCheck),
            ),
        )
    finally:
        for name in made:
            run(server, f"DROP DATABASE {name} WITH (FORCE)")


def test_one_clean_run_makes_everything_right(server: EmbeddedServer, providers: World) -> None:
    converges(server, providers, examples=6, steps=25)


@pytest.mark.slow
def test_one_clean_run_makes_everything_right_after_thousands_of_steps(
    server: EmbeddedServer, providers: World
) -> None:
    converges(server, providers, examples=150, steps=60)
