"""A whole life of one database: files change, people write by hand, the clock moves on, applies fail.

After each apply: a plan is empty; what was before T is told as it was; no two shifts of a schedule overlap; the
table says what the definitions say; rows of others are untouched. After each failure nothing has changed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
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
from oncall_gitops.core.model.instant import Instant
from oncall_gitops.core.model.interval import Interval
from oncall_gitops.core.model.live import LiveState
from oncall_gitops.core.model.state import DesiredState
from oncall_gitops.core.resolve import Timetable
from oncall_gitops.core.scope import Scope
from oncall_gitops.store.database import Database
from oncall_gitops.store.embedded import EmbeddedServer
from tests.builders import a_state, a_user
from tests.faults.living import DAY, HOUR, Rota, Row, before, rows_of_others, shifts, within
from tests.faults.rota import HORIZON, NOW, a_reconciler, add_by_command, content
from tests.faults.test_every_cut import Strike
from tests.faults.wire import Wire
from tests.postgres import TEMPLATE, run
from tests.store.records import live, sql

people = st.sampled_from(["amy", "ben", "cat", "dan", "eve"])
crews = st.lists(people, min_size=1, max_size=4).map(tuple)
zones = st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe"])
kinds = st.sampled_from(["daily", "weekly"])


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
        seen = shifts(self.database)
        add_by_command(self.database, name, user, start=self.now, end=self.now + hours * HOUR, now=self.now)
        assert before(shifts(self.database), self.now) == before(seen, self.now)
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
        state, seen, foreign = live(self.database), shifts(self.database), rows_of_others(self.database)
        reconciler = self._reconciler(scope=scope)
        reconciler.apply(lock_timeout=5, marks_due=True)
        told = shifts(self.database)

        assert not reconciler.look().is_pending, "apply then plan is empty"
        known_until = self.now if self.edge is None else min(self.now, self.edge)
        assert before(told, known_until) == before(seen, known_until), "history does not change"
        self._no_overlaps()
        after = live(self.database)
        if not narrowed:
            self._as_defined(after, Interval(self.now, self.now + HORIZON))
            self._filled(state, seen)
            self.edge = self.now + HORIZON
            self.renamed_from = {}
        self._as_left(foreign, after)

    @rule(point=st.tuples(st.sampled_from(["client", "server"]), st.integers(30, 170)))
    def fail(self, point: tuple[Any, int]) -> None:
        """An apply whose wire is cut, if it takes that many messages."""
        rows = content(self.database)
        with Wire(self.database, Strike(point, "cut")) as wire:
            try:
                self._reconciler(database=wire.through).apply(lock_timeout=5, marks_due=True)
            except OncallError:
                assert wire.struck.is_set()
                assert content(self.database) == rows
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
                for _, start, end, user, source in within(
                    shifts(self.database), window, state.objects[f"schedule/{name}"].id
                )
            ]
            assert found == [(each.start, each.end, each.user, each.source) for each in expected], name

    def _filled(self, stood: LiveState, seen: Sequence[Row]) -> None:
        """What no run had filled before T was filled from the definitions as they stood."""
        for name, edge in stood.shifts_until.items():
            row_id = stood.objects[f"schedule/{name}"].id
            ends = [row[2] for row in seen if row[0] == row_id]
            window = Interval(max([edge, *ends]), self.now)
            if edge >= self.now or window.is_empty:
                continue
            slugs = {row.id: address.removeprefix("user/") for address, row in stood.objects.items()}
            expected = Timetable(stood.state.schedules[name], siblings=stood.state.schedules).shifts(window)
            found = [
                (start, end, slugs.get(user))
                for _, start, end, user, _ in within(shifts(self.database), window, row_id)
            ]
            assert found == [(each.start, each.end, each.user) for each in expected], name

    def _no_overlaps(self) -> None:
        rows = shifts(self.database)
        assert not [(one, two) for one, two in pairwise(rows) if one[0] == two[0] and one[2] > two[1]]

    def _as_left(self, foreign: Mapping[str, tuple[Any, ...]], state: LiveState) -> None:
        """Rows of others are as they were while their schedule lives."""
        after = rows_of_others(self.database)
        alive = {row.id for row in state.objects.values()}
        for row_id, row in foreign.items():
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
    live_it(server, lives=4, steps=10, derandomize=True)


@pytest.mark.slow
def test_many_lives(server: EmbeddedServer) -> None:
    live_it(server, lives=60, steps=40, print_blob=True)
