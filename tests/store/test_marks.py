"""Marks: what they vouch for need not be read, and what anybody changes they no longer vouch for.

The law: whatever was changed in the files or by hand, the plan is the same with marks as without them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import psycopg
import pytest

from oncall_gitops.commands.reconciler import Reconciler
from oncall_gitops.core.limits import Limits
from oncall_gitops.core.model.schedule import Schedule
from oncall_gitops.core.model.state import DesiredState, State
from oncall_gitops.core.model.user import User
from oncall_gitops.core.proposal import Source
from oncall_gitops.core.scope import Scope
from oncall_gitops.report.plan_json import plan_document
from oncall_gitops.store.database import Database
from tests.builders import (
    a_layer,
    a_rotation,
    a_schedule,
    a_state,
    a_team,
    a_user,
    an_override,
    at,
    following,
)
from tests.builders import window as hours
from tests.store.records import sql

T = at("2026-02-01T12:00Z")
DAY = 86_400

PEOPLE = ("alice", "bob", "carol", "dave", "erin", "zoe")
ROTA = a_state(
    [
        a_schedule(
            ("alice", "bob"),
            layers=[a_layer("office", a_rotation(("zoe", "carol")), restrictions=hours("09:00", "17:00"))],
            overrides=[an_override("dave", "2026-02-10", "2026-02-12", replaces="alice")],
        ),
        a_schedule(following("primary"), slug="secondary"),
        a_schedule(("dave", "erin"), team="search", timezone="America/New_York", coverage="always"),
        a_schedule(("erin",), team="search", slug="quiet", active=False),
    ],
    users=[a_user(slug, time_off=[("2026-05-01", "2026-05-02")]) for slug in PEOPLE],
    teams=[a_team("payments", members=("alice", "bob")), a_team("search")],
)


def a_reconciler(database: Database, state: State, *, days: int = 0, **renamed_from: str) -> Reconciler:
    named = {new.replace("_", "/", 1): old for new, old in renamed_from.items()}
    return Reconciler(
        database=database,
        desired=DesiredState(state, renamed_from=named),
        source=Source(files=1),
        scope=Scope(),
        limits=Limits(),
        allow=("mass-delete", "unmanaged-clash", "new-gap"),
        horizon=60 * DAY,
        as_of=T + days * DAY,
    )


def applied(reconciler: Reconciler) -> None:
    reconciler.apply(lock_timeout=5, marks_due=True)


@pytest.fixture
def standing(database: Database) -> Database:
    """The rota, applied twice: the second time from what marks say."""
    applied(a_reconciler(database, ROTA))
    applied(a_reconciler(database, ROTA))
    return database


def same_with_and_without_marks(reconciler: Reconciler) -> None:
    with_marks = plan_document(reconciler.look())
    sql(reconciler.database, "DELETE FROM schedule_marks")
    assert plan_document(reconciler.look()) == with_marks


def with_schedule(edit: Callable[[Schedule], Schedule], name: str = "payments/primary") -> State:
    return replace(ROTA, schedules={**ROTA.schedules, name: edit(ROTA.schedules[name])})


def with_user(edit: Callable[[User], User], slug: str = "alice") -> State:
    return replace(ROTA, users={**ROTA.users, slug: edit(ROTA.users[slug])})


BY_HAND = [
    "UPDATE users SET name = 'Bobby' WHERE slug = 'bob'",
    "UPDATE users SET slug = 'bobby' WHERE slug = 'bob'",
    "UPDATE users SET deleted_at = now() WHERE slug = 'dave'",
    "UPDATE users SET timezone = 'Asia/Tokyo' WHERE slug = 'erin'",
    "INSERT INTO users (slug, name, email) VALUES ('eve', 'Eve', 'eve@example.com')",
    "UPDATE user_time_off SET reason = 'Trip'",
    "DELETE FROM user_time_off",
    "UPDATE teams SET name = 'Search and find' WHERE slug = 'search'",
    "UPDATE teams SET slug = 'find' WHERE slug = 'search'",
    "DELETE FROM team_members",
    "UPDATE schedules SET description = 'Mine' WHERE slug = 'secondary'",
    "UPDATE schedules SET slug = 'first' WHERE slug = 'primary' AND timezone = 'UTC'",
    "UPDATE schedules SET deleted_at = now() WHERE timezone = 'America/New_York'",
    "UPDATE schedules SET source_file = 'elsewhere.yaml'",
    "UPDATE schedules SET managed = false WHERE slug = 'quiet'",
    "UPDATE schedules SET last_applied = 'nothing'",
    "UPDATE schedules SET rotation_user_ids[1] = rotation_user_ids[2] WHERE timezone = 'America/New_York'",
    "UPDATE schedule_layers SET priority = 11",
    "UPDATE schedule_layers SET restrictions = NULL",
    "DELETE FROM shifts WHERE layer_id IS NOT NULL; DELETE FROM schedule_layers",
    "INSERT INTO schedule_layers (schedule_id, slug, priority, rotation_user_ids, rotation_type) "
    "SELECT id, 'theirs', 50, (SELECT ARRAY[id] FROM users WHERE slug = 'erin'), 'daily' "
    "FROM schedules WHERE slug = 'secondary'",
    "UPDATE schedule_overrides SET end_time = end_time + interval '1 day'",
    "UPDATE schedule_overrides SET deleted_at = now()",
    "INSERT INTO schedule_overrides (schedule_id, user_id, start_time, end_time) SELECT schedules.id, users.id, "
    "timestamptz '2026-02-03Z', timestamptz '2026-02-04Z' FROM schedules, users "
    "WHERE users.slug = 'bob' AND schedules.timezone = 'America/New_York'",
    "DELETE FROM shifts WHERE start_time > timestamptz '2026-02-15Z'",
    "UPDATE shifts SET user_id = (SELECT id FROM users WHERE slug = 'zoe') WHERE source = 'base'",
    "UPDATE shifts SET end_time = end_time - interval '1 hour' WHERE start_time > timestamptz '2026-02-15Z'",
    "TRUNCATE shifts",
]


@pytest.mark.parametrize("statement", BY_HAND)
def test_a_change_by_hand_shows_as_if_there_were_no_marks(standing: Database, statement: str) -> None:
    sql(standing, statement)

    same_with_and_without_marks(a_reconciler(standing, ROTA))


IN_THE_FILES = {
    "nothing": ROTA,
    "a schedule": with_schedule(lambda s: replace(s, description="New")),
    "a rotation that is followed": with_schedule(lambda s: replace(s, rotation=a_rotation(("bob", "alice")))),
    "an override": with_schedule(
        lambda s: replace(s, overrides=(an_override("erin", "2026-03-01", "2026-03-02"),))
    ),
    "a user's zone": with_user(lambda u: replace(u, timezone="Asia/Tokyo")),
    "a joiner": replace(ROTA, users={**ROTA.users, "finn": a_user("finn")}),
    "a team's name": replace(ROTA, teams={**ROTA.teams, "search": a_team("search", name="Find")}),
    "a schedule less": replace(
        ROTA, schedules={name: each for name, each in ROTA.schedules.items() if name != "search/primary"}
    ),
    "a schedule more": replace(
        ROTA,
        schedules={**ROTA.schedules, "search/night": a_schedule(("alice",), team="search", slug="night")},
    ),
}


@pytest.mark.parametrize("days", [0, 100])
@pytest.mark.parametrize("name", IN_THE_FILES)
def test_a_change_in_the_files_is_planned_as_if_there_were_no_marks(
    standing: Database, name: str, days: int
) -> None:
    same_with_and_without_marks(a_reconciler(standing, IN_THE_FILES[name], days=days))


def test_a_renamed_user_whose_name_another_takes_is_seen_everywhere(standing: Database) -> None:
    users = {**ROTA.users, "alicia": a_user("alicia", email="alice@example.com")}
    users["alice"] = a_user("alice", email="another@example.com")

    same_with_and_without_marks(a_reconciler(standing, replace(ROTA, users=users), user_alicia="user/alice"))


def test_a_shorter_horizon_cuts_the_table_of_schedules_that_did_not_change(standing: Database) -> None:
    short = replace(a_reconciler(standing, ROTA), horizon=20 * DAY)
    applied(short)

    last = "SELECT max(end_time) < timestamptz '2026-03-05Z' FROM shifts"
    assert sql(standing, last) == [(True,)]
    same_with_and_without_marks(short)


SHIFTS = """SELECT teams.slug, schedules.slug, users.slug, start_time, end_time, source,
    layer_id IS NOT NULL, override_id IS NOT NULL
    FROM shifts JOIN schedules ON schedules.id = schedule_id JOIN teams ON teams.id = team_id
    JOIN users ON users.id = user_id ORDER BY 1, 2, start_time"""


def test_new_days_are_added_without_reading_and_are_what_reading_would_give(standing: Database) -> None:
    for days in (1, 4, 90):
        applied(a_reconciler(standing, ROTA, days=days))
        quick = sql(standing, SHIFTS)
        sql(standing, "DELETE FROM schedule_marks")
        applied(a_reconciler(standing, ROTA, days=days))
        assert sql(standing, SHIFTS) == quick


@pytest.fixture
def statements(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every statement that goes to the server."""
    sent: list[str] = []
    execute, copy = psycopg.Cursor.execute, psycopg.Cursor.copy

    def noted(run: Callable[..., object]) -> Callable[..., object]:
        def sending(self: object, query: bytes | str, *arguments: object, **options: object) -> object:
            sent.append(query.decode() if isinstance(query, bytes) else str(query))
            return run(self, query, *arguments, **options)

        return sending

    monkeypatch.setattr(psycopg.Cursor, "execute", noted(execute))
    monkeypatch.setattr(psycopg.Cursor, "copy", noted(copy))
    return sent


def test_nothing_is_read_of_what_did_not_change(standing: Database, statements: list[str]) -> None:
    proposal = a_reconciler(standing, ROTA).look()

    assert not proposal.is_pending
    assert len(proposal.plan.live.settled.schedules) == len(ROTA.schedules)
    assert not proposal.plan.live.objects
    assert not proposal.stored
    assert not [
        text for text in statements if "AS layers(" in text or text.startswith("SELECT id::text AS id")
    ]


def test_only_the_schedule_that_changes_is_read_and_resolved(standing: Database) -> None:
    edited = with_schedule(lambda s: replace(s, rotation=a_rotation(("erin", "dave"))), "search/primary")

    proposal = a_reconciler(standing, edited).look()

    assert proposal.moved == ("search/primary",)
    assert {name.split("/")[0] for name in proposal.plan.live.objects} == {"user", "team", "schedule"}
    assert set(proposal.stored) == {"search/primary"}


def test_the_number_of_statements_does_not_depend_on_the_number_of_changes(
    standing: Database, statements: list[str]
) -> None:
    numbers = []
    state = ROTA
    for count in (1, 40):
        more = {
            f"search/n{count}-{number}": a_schedule(
                ("alice", "bob"),
                team="search",
                slug=f"n{count}-{number}",
                layers=[a_layer()],
                overrides=[an_override("dave", "2026-02-10", "2026-02-12")],
            )
            for number in range(count)
        }
        state = replace(state, schedules={**state.schedules, **more})
        statements.clear()
        applied(a_reconciler(standing, state))
        numbers.append(len(statements))

    assert numbers[0] == numbers[1]
