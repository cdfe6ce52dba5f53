"""Deleting: what history or a calendar names stays, hidden; what nothing names goes; slugs are free again."""

from __future__ import annotations

from dataclasses import replace

import pytest

from oncall_gitops.core.materialise import NewShift, ShiftEdit
from oncall_gitops.core.model.schedule import Schedule
from oncall_gitops.core.model.state import State
from oncall_gitops.store.database import Database
from tests.builders import a_layer, a_schedule, a_state, a_team, a_user, an_override, at, following
from tests.store.records import live, one, put, sql

PRIMARY = a_schedule(
    ("alice", "bob"),
    layers=[a_layer("top", ["carol"])],
    overrides=[an_override("carol", "2026-02-03", "2026-02-04")],
)
PEOPLE = [a_user("alice"), a_user("bob"), a_user("carol")]
ROTA = a_state([PRIMARY], users=PEOPLE)
ENDED = ("2026-01-05T09:00Z", "2026-01-12T09:00Z")
TABLES = ("users", "teams", "schedules", "schedule_layers", "schedule_overrides")


def shift(user: str, *, layer_id: str | None = None, override_id: str | None = None) -> ShiftEdit:
    source = "layer:top" if layer_id else "override" if override_id else "base"
    start, end = map(at, ENDED)
    return ShiftEdit("payments/primary", insert=(NewShift(start, end, user, source, layer_id, override_id),))


def rows(database: Database) -> dict[str, str]:
    """How many live and hidden rows each table has: `live+hidden`."""
    return {
        table: "+".join(
            str(count)
            for count in sql(
                database,
                f"SELECT count(*) FILTER (WHERE deleted_at IS NULL), count(deleted_at) FROM {table}",
            )[0]
        )
        for table in TABLES
    }


def test_what_nothing_names_is_removed(database: Database) -> None:
    put(database, ROTA)

    put(database, a_state())

    assert rows(database) == dict.fromkeys(TABLES, "0+0")


def test_what_history_names_stays_hidden_and_is_no_longer_live(database: Database) -> None:
    put(database, ROTA, shift("alice"))

    put(database, a_state())

    assert rows(database) == {
        "users": "0+2",  # bob, too: the hidden schedule's rotation names him
        "teams": "0+1",
        "schedules": "0+1",
        "schedule_layers": "0+0",
        "schedule_overrides": "0+0",
    }
    assert live(database).state == State()
    assert one(database, "SELECT count(*) FROM shifts") == 1
    assert one(database, "SELECT user_slug FROM on_call_at('2026-01-06Z')") == "alice"


@pytest.mark.parametrize(
    ("table", "kept"), [("schedule_layers", "layer:top"), ("schedule_overrides", "override")]
)
def test_a_layer_or_override_that_a_shift_came_from_stays_hidden(
    database: Database, table: str, kept: str
) -> None:
    put(database, ROTA)
    row_id = str(one(database, f"SELECT id FROM {table}"))
    column = {"schedule_layers": "layer_id", "schedule_overrides": "override_id"}[table]
    put(database, ROTA, shift("carol", **{column: row_id}))

    put(database, a_state([replace(PRIMARY, layers=(), overrides=())], users=PEOPLE))

    assert rows(database)[table] == "0+1"
    assert one(database, "SELECT source FROM shifts") == kept


def test_a_calendar_keeps_a_user_until_it_is_disconnected(database: Database) -> None:
    put(database, ROTA)
    sql(
        database,
        "INSERT INTO calendar_syncs (user_id, provider) SELECT id, 'google' FROM users WHERE slug = 'bob'",
    )

    put(database, a_state())
    assert rows(database)["users"] == "0+1"

    sql(database, "DELETE FROM calendar_syncs")
    put(database, a_state())
    assert rows(database)["users"] == "0+0"


def test_a_slug_may_be_used_again_by_another_row(database: Database) -> None:
    put(database, ROTA, shift("alice"))
    first = live(database).objects["user/alice"].id
    put(database, a_state())

    put(database, ROTA)

    assert live(database).objects["user/alice"].id != first
    assert rows(database)["users"] == "3+2"


def test_a_schedule_and_the_one_that_follows_it_go_together(database: Database) -> None:
    follower: Schedule = a_schedule(following("primary"), slug="secondary")
    put(database, a_state([PRIMARY, follower], users=PEOPLE))

    put(database, a_state([], users=PEOPLE, teams=[a_team()]))

    assert rows(database)["schedules"] == "0+0"


def test_an_unmanaged_override_goes_with_its_schedule(database: Database) -> None:
    put(database, ROTA)
    sql(
        database,
        """INSERT INTO schedule_overrides (schedule_id, user_id, start_time, end_time)
        SELECT schedules.id, users.id, '2026-02-10Z', '2026-02-11Z' FROM schedules, users
        WHERE users.slug = 'alice'""",
    )

    put(database, a_state([], users=PEOPLE, teams=[a_team()]))

    assert rows(database)["schedule_overrides"] == "0+0"


def test_an_unmanaged_override_keeps_the_user_whom_it_names(database: Database) -> None:
    put(database, ROTA)
    sql(
        database,
        """INSERT INTO schedule_overrides (schedule_id, user_id, start_time, end_time)
        SELECT schedules.id, users.id, '2026-02-10Z', '2026-02-11Z' FROM schedules, users
        WHERE users.slug = 'bob'""",
    )

    put(
        database,
        a_state([replace(PRIMARY, rotation=a_schedule(("alice",)).rotation)], users=[PEOPLE[0], PEOPLE[2]]),
    )

    assert rows(database)["users"] == "2+1"
    assert [each.user for each in live(database).state.schedules["payments/primary"].overrides] == ["carol"]


def test_renames_keep_the_rows(database: Database) -> None:
    put(database, ROTA)
    before = live(database).objects
    moved = replace(
        PRIMARY, team="money", slug="first", layers=(a_layer("weekend", ["karla"]),), overrides=()
    )
    state = a_state(
        [moved], users=[a_user("alice"), a_user("bob"), a_user("karla", email="carol@example.com")]
    )

    put(
        database,
        state,
        renamed_from={
            "user/karla": "user/carol",
            "team/money": "team/payments",
            "schedule/money/first": "schedule/payments/primary",
            "layer/money/first/weekend": "layer/money/first/top",
        },
    )

    after = live(database).objects
    for new, old in {
        "user/karla": "user/carol",
        "team/money": "team/payments",
        "schedule/money/first": "schedule/payments/primary",
        "layer/money/first/weekend": "layer/payments/primary/top",
    }.items():
        assert after[new].id == before[old].id
    assert put(database, state) == ()


def test_two_users_may_swap_their_slugs(database: Database) -> None:
    put(database, ROTA)
    before = live(database).objects

    put(
        database,
        ROTA,
        renamed_from={"user/alice": "user/bob", "user/bob": "user/alice"},
    )

    after = live(database).objects
    assert (after["user/alice"].id, after["user/bob"].id) == (before["user/bob"].id, before["user/alice"].id)


def test_a_schedule_that_somebody_hid_by_hand_has_nobody_on_call_any_more(database: Database) -> None:
    put(database, ROTA)
    start, end = at("2026-01-30T00:00Z"), at("2026-02-05T00:00Z")
    rows = (
        NewShift(start, end, "alice", "base", None, None),
        NewShift(end, end + 60, "bob", "base", None, None),
    )
    put(database, ROTA, ShiftEdit("payments/primary", insert=rows))
    sql(database, "UPDATE schedules SET deleted_at = now()")

    put(database, ROTA)

    assert sql(database, "SELECT user_slug, end_time = '2026-02-01T12:00Z' FROM on_call_shifts") == [
        ("alice", True)
    ]
