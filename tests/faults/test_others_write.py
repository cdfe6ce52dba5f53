"""Somebody else writes at the very moment of an apply: another program, `override add`, or a migration."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace

import pytest

from oncall_gitops.commands.reconciler import Refused
from oncall_gitops.core.errors import Blocked, OncallError, WrongSchemaVersion
from oncall_gitops.core.model.state import DesiredState, State
from oncall_gitops.core.proposal import Source
from oncall_gitops.core.scope import Scope
from oncall_gitops.store import migrate
from oncall_gitops.store.database import Database
from oncall_gitops.store.tables import SCHEMA_VERSION
from tests.builders import a_schedule, a_state, at
from tests.faults.rota import AFTER, BEFORE, NOW, a_reconciler, add_by_command, content, reconcile
from tests.faults.wire import Message, Verdict, Wire
from tests.store.records import live, one, sql

OVERRIDE = """INSERT INTO schedule_overrides (schedule_id, user_id, start_time, end_time, reason)
    SELECT schedules.id, users.id, '2026-03-15T00:00Z', '2026-03-16T00:00Z', 'Ad hoc'
    FROM schedules, users WHERE schedules.slug = %(schedule)s AND users.slug = %(user)s"""

LAYER = """INSERT INTO schedule_layers (schedule_id, slug, priority)
    SELECT id, 'weekend', 77 FROM schedules WHERE slug = 's01'"""


@pytest.fixture
def standing(database: Database) -> Database:
    reconcile(database, BEFORE)
    return database


class Just:
    """Does something once, just before a statement that begins like this is sent."""

    def __init__(self, before: str, act: Callable[[], object]) -> None:
        self._before = before.encode()
        self._act: Callable[[], object] | None = act

    def __call__(self, message: Message) -> Verdict:
        if self._act and message.sender == "client" and self._before in message.data:
            act, self._act = self._act, None
            act()
        return "pass"

    @property
    def is_done(self) -> bool:
        return self._act is None


def settled(database: Database, state: State) -> None:
    """A reconcile takes in what others wrote, and the one after it finds nothing to do."""
    reconcile(database, state)
    before = content(database)
    reconcile(database, state)
    assert content(database) == before
    assert not a_reconciler(database, state).look().is_pending


def holder(database: Database, schedule: str, moment: str) -> str:
    return str(
        one(database, f"SELECT user_slug FROM on_call_at('{moment}') WHERE schedule = %(s)s", s=schedule)
    )


@pytest.mark.parametrize("moment", ["UPDATE users SET", "COPY shifts", "COMMIT\0"])
def test_an_override_that_somebody_inserts_in_the_middle_is_never_lost(
    standing: Database, moment: str
) -> None:
    strike = Just(moment, lambda: sql(standing, OVERRIDE, schedule="s01", user="p15"))
    with Wire(standing, strike) as wire:
        reconcile(wire.through, AFTER)

    assert strike.is_done
    settled(standing, AFTER)
    assert holder(standing, "s01", "2026-03-15T12:00Z") == "p15"


def test_an_override_by_command_waits_for_the_apply_and_holds_at_once(standing: Database) -> None:
    added = threading.Thread(
        target=lambda: add_by_command(
            standing, "platform/s02", "p15", start=at("2026-03-15T00:00Z"), end=at("2026-03-16T00:00Z")
        )
    )
    with Wire(standing, Just("UPDATE users SET", added.start)) as wire:
        reconcile(wire.through, AFTER)
    added.join(30)

    assert holder(standing, "s02", "2026-03-15T12:00Z") == "p15"
    assert not [
        change for change in a_reconciler(standing, AFTER).look().plan.changes if change.action != "keep"
    ]


def test_somebody_who_is_removed_and_named_in_the_same_moment_stays_for_whoever_named_them(
    standing: Database,
) -> None:
    """The foreign key refuses one of the two; ours looks again."""
    gone = replace(BEFORE, users={slug: user for slug, user in BEFORE.users.items() if slug != "p15"})
    strike = Just("DELETE FROM users", lambda: sql(standing, OVERRIDE, schedule="s01", user="p15"))
    with Wire(standing, strike) as wire, suppress(OncallError):
        reconcile(wire.through, gone)

    assert strike.is_done
    assert one(standing, "SELECT count(*) FROM schedule_overrides WHERE reason = 'Ad hoc'") == 1
    assert not sql(standing, "SELECT FROM reconcile_runs WHERE status = 'failed'")


def test_a_name_that_somebody_takes_in_the_same_moment_is_a_clash_with_a_sentence(standing: Database) -> None:
    """The constraint speaks at the COMMIT; what the user hears is the safety rule, not SQL."""
    with (
        Wire(standing, Just("INSERT INTO schedule_layers", lambda: sql(standing, LAYER))) as wire,
        pytest.raises(Refused) as refused,
    ):
        reconcile(wire.through, AFTER)

    assert isinstance(refused.value.error, Blocked)
    assert "unmanaged-clash" in str(refused.value.error)


def test_a_narrowed_plan_that_needs_a_name_from_outside_says_that_the_whole_has_it(
    database: Database,
) -> None:
    """Amy becomes Amy Two in another schedule, and a new Amy joins this one."""
    before = a_state([a_schedule(["amy"]), a_schedule(["amy"], slug="secondary")])
    after = a_state([a_schedule(["amy"]), a_schedule(["amy-two"], slug="secondary")])
    reconcile(database, before)
    files = DesiredState(after, renamed_from={"user/amy-two": "user/amy"})
    narrowed = replace(
        a_reconciler(database, after, scope=Scope(schedules=("payments/primary",))), desired=files
    )
    with pytest.raises(OncallError, match="nothing was changed") as refused:
        narrowed.apply(lock_timeout=1, marks_due=True)

    assert "apply the whole" in refused.value.help
    assert "violates" not in str(refused.value)
    replace(narrowed, scope=Scope()).apply(lock_timeout=1, marks_due=True)
    assert not replace(narrowed, scope=Scope()).look().is_pending


def test_somebody_who_was_hidden_by_hand_is_not_on_call_by_their_old_row(standing: Database) -> None:
    """The files bring them back as a new row; what they hold from then on is the new one's."""
    sql(standing, "UPDATE users SET deleted_at = now()")
    reconcile(standing, BEFORE, now=NOW + 60)

    assert one(standing, "SELECT count(*) FROM users WHERE deleted_at IS NOT NULL") > 0, "history names them"
    assert not sql(
        standing,
        "SELECT FROM shifts JOIN users ON users.id = user_id "
        "WHERE deleted_at IS NOT NULL AND end_time > to_timestamp(%(at)s)",
        at=NOW + 60,
    )


def test_whoever_applies_last_is_the_newest_run_even_if_they_began_first(standing: Database) -> None:
    """A transaction's `now()` is when it began to wait."""
    other = Source(files=1, commit="0ther")
    with Wire(standing, Just("LOCK TABLE", lambda: reconcile(standing, AFTER, source=other))) as wire:
        reconcile(wire.through, BEFORE)

    assert live(standing).source_digest == a_reconciler(standing, BEFORE).look().plan.desired_digest


def test_a_migration_waits_for_an_apply(standing: Database) -> None:
    migrated = threading.Event()

    def upgrade() -> None:
        standing.upgrade()
        migrated.set()

    other = threading.Thread(target=upgrade)

    def migrate_before_the_end() -> None:
        other.start()
        assert not migrated.wait(0.5)

    strike = Just("COMMIT\0", migrate_before_the_end)
    with Wire(standing, strike) as wire:
        reconcile(wire.through, AFTER)
        other.join(30)

    assert strike.is_done
    assert migrated.is_set()


def test_no_row_that_others_leave_stops_an_apply(standing: Database) -> None:
    """Rows that we cannot read still hold names and hours that the constraints know of."""
    for statement in (
        "UPDATE schedule_layers SET rotation_user_ids = '{}'",
        "UPDATE schedule_layers SET rotation_user_ids = '{}', spec = NULL",
        "UPDATE schedule_layers SET managed = false",
        "UPDATE schedules SET rotation_user_ids = ARRAY[gen_random_uuid()], spec = NULL",
        "UPDATE schedule_overrides SET managed = false",
        "UPDATE users SET deleted_at = now() WHERE slug = 'p12'",
        "UPDATE users SET deleted_at = now()",
        "UPDATE teams SET deleted_at = now()",
        "UPDATE schedule_layers SET slug = 'theirs', managed = false",
    ):
        sql(standing, statement)
        reconcile(standing, BEFORE, allow=("mass-delete", "unmanaged-clash"))
        assert not a_reconciler(standing, BEFORE).look().is_pending, statement


def test_an_apply_that_waited_for_a_migration_refuses_the_new_schema(standing: Database) -> None:
    before = content(standing)
    applied: list[BaseException] = []

    def apply() -> None:
        try:
            reconcile(standing, AFTER)
        except OncallError as error:
            applied.append(error)

    other = threading.Thread(target=apply)
    with standing.connect() as connection:
        connection.begin()
        migrate.take_turns(connection)
        other.start()
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
        connection.commit()
    other.join(30)

    [refused] = applied
    assert isinstance(refused, WrongSchemaVersion)
    assert refused.exit_code == 7
    assert SCHEMA_VERSION in str(refused)
    assert content(standing) == before
    assert not sql(standing, "SELECT FROM reconcile_runs WHERE status = 'failed'"), "not a row on that schema"
