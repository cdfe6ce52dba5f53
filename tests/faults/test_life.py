"""A whole life of one database: files change, people write by hand, the clock moves on, applies fail.

After each apply: a plan is empty; what was before T is told as it was; no two shifts of a schedule overlap; the
table says what the definitions say; rows of others are untouched. After each failure nothing has changed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

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

from oncall_gitops.core.errors import OncallError
from oncall_gitops.core.model.instant import Instant, to_datetime
from oncall_gitops.core.model.interval import Interval
from oncall_gitops.core.model.live import LiveState
from oncall_gitops.core.model.schedule import Schedule
from oncall_gitops.core.model.state import DesiredState
from oncall_gitops.core.resolve import Timetable
from oncall_gitops.core.scope import Scope
from oncall_gitops.store.database import Database
from oncall_gitops.store.embedded import EmbeddedServer
from tests.builders import a_layer, a_rotation, a_schedule, a_state, a_user, an_override, whole_days
from tests.faults.rota import HORIZON, NOW, a_reconciler, add_by_command, content
from tests.faults.test_every_cut import Strike
from tests.faults.wire import Wire
from tests.postgres import TEMPLATE, run
from tests.store.records import live, sql

HOUR, DAY = 3600, 86_400

people = st.sampled_from(["amy", "ben", "cat", "dan", "eve"])
crews = st.lists(people, min_size=1, max_size=4).map(tuple)
zones = st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe"])
kinds = st.sampled_from(["daily", "weekly"])

Row = tuple[str, Instant, Instant, str, str]
"""A shift: the schedule's id, start, end, the user's id, the source."""


@dataclass(frozen=True, slots=True)
class Rota:
    """What the files say of one schedule."""

    crew: tuple[str, ...] = ("amy", "ben")
    kind: str = "weekly"
    zone: str = "UTC"
    weekend: tuple[str, ...] = ()
    cover: tuple[int, str] | None = None

    @property
    def people(self) -> tuple[str, ...]:
        return (*self.crew, *self.weekend, *([self.cover[1]] if self.cover else []))

    def renamed(self, old: str, new: str) -> Rota:
        crew, weekend = (tuple(new if user == old else user for user in c) for c in (self.crew, self.weekend))
        cover = (self.cover[0], new if self.cover[1] == old else self.cover[1]) if self.cover else None
        return replace(self, crew=crew, weekend=weekend, cover=cover)

    def schedule(self, slug: str) -> Schedule:
        layers = (
            [a_layer("weekend", self.weekend, restrictions=whole_days("SAT SUN"))] if self.weekend else []
        )
        overrides = []
        if self.cover:
            first, user = self.cover
            start, end = (to_datetime(NOW + (first + d) * DAY).date().isoformat() for d in (0, 2))
            overrides = [an_override(user, start, end)]
        rotation = a_rotation(self.crew, type="daily" if self.kind == "daily" else "weekly")
        return a_schedule(rotation, slug=slug, timezone=self.zone, layers=layers, overrides=overrides)


class Life(RuleBasedStateMachine):
    """The rules are what people do; `apply` is what we do."""

    def __init__(self, server: EmbeddedServer) -> None:
        super().__init__()
        self._server = server
        self._name = "life"
        run(server, f"DROP DATABASE IF EXISTS {self._name} WITH (FORCE)")
        run(server, f"CREATE DATABASE {self._name} TEMPLATE {TEMPLATE}")
        self.database = Database("a life", {**server.connection, "dbname": self._name})
        self.now = NOW
        self.edge: Instant | None = None
        self.rotas: dict[str, Rota] = {}
        self.renamed_from: dict[str, str] = {}
        self.count = 0

    def teardown(self) -> None:
        run(self._server, f"DROP DATABASE {self._name} WITH (FORCE)")

    # what people do to the files

    @initialize(crew=crews)
    def begin(self, crew: tuple[str, ...]) -> None:
        self.rotas = {"s0": Rota(crew)}
        self.apply(narrowed=False)

    @rule(crew=crews, kind=kinds, zone=zones)
    def add_a_schedule(self, crew: tuple[str, ...], kind: str, zone: str) -> None:
        self.rotas[self._fresh()] = Rota(crew, kind, zone)

    @rule(data=st.data(), crew=crews, kind=kinds, zone=zones)
    def edit(self, data: st.DataObject, crew: tuple[str, ...], kind: str, zone: str) -> None:
        self._change(data, crew=crew, kind=kind, zone=zone)

    @rule(data=st.data(), crew=st.just(()) | crews)
    def edit_the_weekend(self, data: st.DataObject, crew: tuple[str, ...]) -> None:
        self._change(data, weekend=crew)

    @rule(data=st.data(), cover=st.none() | st.tuples(st.integers(0, 40), people))
    def plan_a_cover(self, data: st.DataObject, cover: tuple[int, str] | None) -> None:
        self._change(data, cover=cover)

    @precondition(lambda self: len(self.rotas) > 1)
    @rule(data=st.data())
    def remove_a_schedule(self, data: st.DataObject) -> None:
        slug = data.draw(st.sampled_from(sorted(self.rotas)))
        del self.rotas[slug]
        self.renamed_from.pop(f"schedule/payments/{slug}", None)

    @rule(data=st.data())
    def rename_a_schedule(self, data: st.DataObject) -> None:
        slug, new = data.draw(st.sampled_from(sorted(self.rotas))), self._fresh()
        self.rotas[new] = self.rotas.pop(slug)
        known = f"schedule/payments/{slug}"
        self.renamed_from[f"schedule/payments/{new}"] = self.renamed_from.pop(known, known)

    @rule(data=st.data())
    def rename_a_person(self, data: st.DataObject) -> None:
        old = data.draw(
            st.sampled_from(sorted({user for rota in self.rotas.values() for user in rota.people}))
        )
        self.count += 1
        new = f"{old[:3]}{self.count}"
        self.rotas = {slug: rota.renamed(old, new) for slug, rota in self.rotas.items()}
        self.renamed_from[f"user/{new}"] = self.renamed_from.pop(f"user/{old}", f"user/{old}")

    # what they do to the database

    @rule(data=st.data(), user=people, first=st.integers(-2, 20))
    def insert_an_override(self, data: st.DataObject, user: str, first: int) -> None:
        start = self.now + first * DAY
        self._by_hand(
            f"""INSERT INTO schedule_overrides (schedule_id, user_id, start_time, end_time, reason)
            SELECT schedules.id, users.id, to_timestamp({start}), to_timestamp({start + 30 * HOUR}), 'By hand'
            FROM schedules, users WHERE schedules.id = '{self._some(data, "schedules")}'
                AND users.slug = '{user}' AND users.deleted_at IS NULL"""
        )

    @rule(data=st.data(), user=people)
    def insert_a_layer(self, data: st.DataObject, user: str) -> None:
        self.count += 1
        self._by_hand(
            f"""INSERT INTO schedule_layers
                (schedule_id, slug, priority, rotation_type, recurrence_rule, rotation_user_ids, restrictions)
            SELECT schedules.id, 'by-hand-{self.count}', {500 + self.count}, 'daily', 'FREQ=DAILY', ARRAY[users.id],
                '{{"days_of_week": ["WED"]}}'
            FROM schedules, users WHERE schedules.id = '{self._some(data, "schedules")}'
                AND users.slug = '{user}' AND users.deleted_at IS NULL"""
        )

    @rule(
        data=st.data(),
        change=st.sampled_from(
            [
                ("schedules", "timezone = 'Asia/Tokyo'"),
                ("schedules", "rotation_interval_days = 3, recurrence_rule = NULL"),
                ("schedules", "is_active = NOT is_active"),
                (
                    "schedules",
                    "rotation_user_ids = rotation_user_ids[1:1], rotation_places = rotation_places[1:1]",
                ),
                ("schedule_layers", "priority = priority + 100"),
                ("schedule_layers", "rotation_user_ids = '{}', rotation_places = '{}'"),
                ("schedule_layers", "deleted_at = now()"),
                ("schedule_overrides", "end_time = end_time + interval '5 hours'"),
                ("users", "name = name || '!'"),
                ("users", "deleted_at = now()"),
            ]
        ),
    )
    def drift(self, data: st.DataObject, change: tuple[str, str]) -> None:
        table, assignment = change
        if sql(self.database, f"SELECT FROM {table} WHERE managed AND deleted_at IS NULL LIMIT 1"):
            row = self._some(data, table)
            self._by_hand(f"UPDATE {table} SET {assignment} WHERE managed AND id = '{row}'")

    @rule(
        data=st.data(),
        tampering=st.sampled_from(["DELETE FROM shifts", "UPDATE shifts SET source = 'override'"]),
    )
    def tamper_with_shifts_to_come(self, data: st.DataObject, tampering: str) -> None:
        which = (
            f"schedule_id = '{self._some(data, 'schedules')}' AND start_time > to_timestamp({self.now + DAY})"
        )
        self._by_hand(f"{tampering} WHERE {which}")

    @rule(data=st.data(), user=people, hours=st.integers(1, 60))
    def add_an_override(self, data: st.DataObject, user: str, hours: int) -> None:
        """By our own command, in force at once."""
        state = live(self.database)
        known = state.objects.get(f"user/{user}")
        names = sorted(state.state.schedules)
        if known is None or not names or not self._is_settled(state):
            return
        name = data.draw(st.sampled_from(names))
        before = self._shifts()
        add_by_command(self.database, name, user, start=self.now, end=self.now + hours * HOUR, now=self.now)
        assert self._until(self._shifts(), self.now) == self._until(before, self.now)
        asked = (
            "SELECT user_slug FROM on_call_at(to_timestamp(%(at)s)) WHERE team || '/' || schedule = %(name)s"
        )
        told = sql(self.database, asked, at=self.now, name=name)
        assert told == [(user,)] or not state.state.schedules[name].active, "in force at once"
        self._no_overlaps()

    # time

    @rule(passed=st.sampled_from([1, HOUR, 9 * HOUR, DAY, 8 * DAY, 45 * DAY]))
    def time_passes(self, passed: int) -> None:
        self.now += passed

    # what we do

    @rule(narrowed=st.sampled_from([False, False, True]))
    def apply(self, narrowed: bool) -> None:
        narrowed = narrowed and not self.renamed_from  # a name may pass to another only in a whole plan
        scope = Scope(schedules=(f"payments/{min(self.rotas)}",)) if narrowed else Scope()
        before, seen, foreign = live(self.database), self._shifts(), self._foreign()
        reconciler = self._reconciler(scope=scope)
        reconciler.apply(lock_timeout=5, marks_due=True)
        told = self._shifts()

        assert not reconciler.look().is_pending, "apply then plan is empty"
        known_until = self.now if self.edge is None else min(self.now, self.edge)
        assert self._until(told, known_until) == self._until(seen, known_until), "history does not change"
        self._no_overlaps()
        after = live(self.database)
        if not narrowed:
            self._as_defined(after, Interval(self.now, self.now + HORIZON))
            self._filled(before, seen)
            self.edge = self.now + HORIZON
            self.renamed_from = {}
        self._as_left(foreign, after)

    @rule(point=st.tuples(st.sampled_from(["client", "server"]), st.integers(30, 170)))
    def fail(self, point: tuple[Any, int]) -> None:
        """An apply whose wire is cut, if it takes that many messages."""
        before = content(self.database)
        with Wire(self.database, Strike(point, "cut")) as wire:
            try:
                self._reconciler(database=wire.through).apply(lock_timeout=5, marks_due=True)
            except OncallError:
                assert wire.struck.is_set()
                assert content(self.database) == before
            else:
                self.edge = self.now + HORIZON
                self.renamed_from = {}

    # what must hold

    def _as_defined(self, state: LiveState, window: Interval) -> None:
        """The table says what the live definitions say, those of others among them."""
        for name, schedule in state.state.schedules.items():
            expected = Timetable(schedule, siblings=state.state.schedules).shifts(window)
            slugs = {row.id: address.removeprefix("user/") for address, row in state.objects.items()}
            found = [
                (start, end, slugs.get(user), source)
                for _, start, end, user, source in self._within(
                    self._shifts(), window, state.objects[f"schedule/{name}"].id
                )
            ]
            assert found == [(each.start, each.end, each.user, each.source) for each in expected], name

    def _filled(self, before: LiveState, seen: Sequence[Row]) -> None:
        """What no run had filled before T was filled from the definitions as they stood."""
        for name, edge in before.shifts_until.items():
            row_id = before.objects[f"schedule/{name}"].id
            ends = [row[2] for row in seen if row[0] == row_id]
            window = Interval(max([edge, *ends]), self.now)
            if edge >= self.now or window.is_empty:
                continue
            slugs = {row.id: address.removeprefix("user/") for address, row in before.objects.items()}
            expected = Timetable(before.state.schedules[name], siblings=before.state.schedules).shifts(window)
            found = [
                (start, end, slugs.get(user))
                for _, start, end, user, _ in self._within(self._shifts(), window, row_id)
            ]
            assert found == [(each.start, each.end, each.user) for each in expected], name

    def _no_overlaps(self) -> None:
        rows = self._shifts()
        assert not [(one, two) for one, two in pairwise(rows) if one[0] == two[0] and one[2] > two[1]]

    def _as_left(self, before: Mapping[str, tuple[Any, ...]], state: LiveState) -> None:
        """Rows of others are as they were while their schedule lives."""
        after = self._foreign()
        alive = {row.id for row in state.objects.values()}
        for row_id, row in before.items():
            if str(row[1]) in alive:
                assert after.get(row_id) == row

    # how it is asked

    def _is_settled(self, state: LiveState) -> bool:
        return self.edge is not None and self.edge >= self.now + 70 * HOUR

    def _reconciler(self, **given: Any) -> Any:
        database = given.pop("database", self.database)
        used = {user for rota in self.rotas.values() for user in rota.people}
        state = a_state(
            [rota.schedule(slug) for slug, rota in self.rotas.items()],
            users=[a_user(slug) for slug in sorted(used)],
        )
        made = a_reconciler(database, state, now=self.now, **given)
        renamed_from = {
            new: old
            for new, old in self.renamed_from.items()
            if new.removeprefix("user/") in state.users or new.removeprefix("schedule/") in state.schedules
        }
        return replace(made, desired=DesiredState(state, renamed_from=renamed_from))

    def _change(self, data: st.DataObject, **fields: Any) -> None:
        slug = data.draw(st.sampled_from(sorted(self.rotas)))
        self.rotas[slug] = replace(self.rotas[slug], **fields)

    def _fresh(self) -> str:
        self.count += 1
        return f"s{self.count}"

    def _some(self, data: st.DataObject, table: str) -> str:
        """A living row of ours; its place among them is drawn, for ids are new in each run."""
        rows = sql(
            self.database,
            f"SELECT id FROM {table} WHERE managed AND deleted_at IS NULL ORDER BY created_at, slug"
            if table in ("schedules", "users", "schedule_layers")
            else f"SELECT id FROM {table} WHERE managed AND deleted_at IS NULL ORDER BY start_time, reason",
        )
        return (
            str(rows[data.draw(st.integers(0, 9)) % len(rows)][0])
            if rows
            else "00000000-0000-0000-0000-000000000000"
        )

    def _by_hand(self, statement: str) -> None:
        sql(self.database, statement)

    def _shifts(self) -> list[Row]:
        return [
            (str(row[0]), row[1], row[2], str(row[3]), row[4])
            for row in sql(
                self.database,
                "SELECT schedule_id, extract(epoch FROM start_time)::bigint, extract(epoch FROM end_time)::bigint, "
                "user_id, source FROM shifts ORDER BY schedule_id, start_time",
            )
        ]

    def _foreign(self) -> dict[str, tuple[Any, ...]]:
        """Rows of others by id; the schedule's id comes second."""
        return {
            str(row[0]): row
            for table in ("schedule_overrides", "schedule_layers")
            for row in sql(self.database, f"SELECT id, schedule_id, t.* FROM {table} AS t WHERE NOT managed")
        }

    @staticmethod
    def _until(rows: Sequence[Row], moment: Instant) -> list[Row]:
        return [
            (s, start, min(end, moment), user, source)
            for s, start, end, user, source in rows
            if start < moment
        ]

    @staticmethod
    def _within(rows: Sequence[Row], window: Interval, schedule: str) -> list[Row]:
        """The rows of one schedule that meet the window, cut to it."""
        return [
            (s, max(start, window.start), min(end, window.end), user, source)
            for s, start, end, user, source in rows
            if s == schedule and start < window.end and end > window.start
        ]


def live_it(server: EmbeddedServer, *, lives: int, steps: int, **given: Any) -> None:
    class LifeHere(Life):
        def __init__(self) -> None:
            super().__init__(server)

    run_state_machine_as_test(
        LifeHere,
        settings=settings(
            max_examples=lives,
            stateful_step_count=steps,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            **given,
        ),
    )


def test_a_few_lives(server: EmbeddedServer) -> None:
    live_it(server, lives=6, steps=12, derandomize=True)


@pytest.mark.slow
def test_many_lives(server: EmbeddedServer) -> None:
    live_it(server, lives=60, steps=40, print_blob=True)
