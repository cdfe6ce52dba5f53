"""Rows of other programs that name users, teams and schedules of ours: those go from the files all the same."""

from __future__ import annotations

import psycopg
import pytest

from tests.campaigns.test_validator_and_database import STATEMENTS
from tests.commands.shell import Shell
from tests.commands.test_reconcile import MONDAY, THURSDAY, write

USER = "(SELECT id FROM users WHERE slug = 'carol')"
SCHEDULE = "(SELECT id FROM schedules WHERE slug = 'second')"
KEPT = "(SELECT id FROM schedules WHERE slug = 'primary')"
TEAM = "(SELECT id FROM teams WHERE slug = 'second')"
SPAN = "'2026-11-25T00:00Z', '2026-11-26T00:00Z'"
SECOND = """
  second:
    members: [carol]
    schedules:
      second:
        timezone: UTC
        start_date: 2026-01-05
        rotation: {type: weekly, users: [carol, dave]}
"""

STRANGERS = {
    "a member": f"INSERT INTO team_members (team_id, user_id) SELECT id, {USER} FROM teams WHERE slug = 'payments'",
    "time off": f"INSERT INTO user_time_off (user_id, start_time, end_time) VALUES ({USER}, {SPAN})",
    "an override of theirs": "INSERT INTO schedule_overrides (schedule_id, user_id, start_time, end_time) "
    f"VALUES ({KEPT}, {USER}, {SPAN})",
    "an override that replaces": "INSERT INTO schedule_overrides (schedule_id, original_user_id, start_time, end_time) "
    f"VALUES ({KEPT}, {USER}, {SPAN})",
    "an override they created": "INSERT INTO schedule_overrides (schedule_id, created_by_id, start_time, end_time) "
    f"VALUES ({KEPT}, {USER}, {SPAN})",
    "an override of a schedule": "INSERT INTO schedule_overrides (schedule_id, user_id, start_time, end_time) "
    f"SELECT {SCHEDULE}, id, {SPAN} FROM users WHERE slug = 'bob'",
    "a layer with an anchor": "INSERT INTO schedule_layers (schedule_id, slug, priority, rotation_user_ids, anchor_at, "
    f"anchor_user_id) VALUES ({KEPT}, 'x', 9, ARRAY[{USER}], '2026-01-05T00:00Z', {USER})",
    "a layer of a schedule": "INSERT INTO schedule_layers (schedule_id, slug, priority, rotation_user_ids) "
    f"VALUES ({SCHEDULE}, 'x', 9, ARRAY[{USER}])",
    "a schedule that follows": "INSERT INTO schedules (team_id, slug, timezone, start_date, follows_schedule_id, "
    f"follows_offset) VALUES ({TEAM}, 'x', 'UTC', '2026-01-05T00:00Z', {SCHEDULE}, 1)",
    "a schedule of a team": "INSERT INTO schedules (team_id, slug, timezone, start_date, rotation_user_ids) "
    f"VALUES ({TEAM}, 'x', 'UTC', '2026-01-05T00:00Z', ARRAY[{USER}])",
    "a calendar": f"INSERT INTO calendar_syncs (user_id, provider) VALUES ({USER}, 'google')",
    "a user who is due": f"INSERT INTO calendar_due (user_id) VALUES ({USER})",
}  # fmt: skip


def remove_all(shell: Shell, as_of: str) -> None:
    """Carol, the second team and its schedule leave the files; then nothing more is to be done."""
    write(shell, users="alice, bob, dave")
    people = (shell.schedules / "people.yaml").read_text().splitlines(keepends=True)
    (shell.schedules / "people.yaml").write_text("".join(line for line in people if "carol" not in line))
    allow = [word for rule in ("mass-delete", "unmanaged-clash") for word in ("--allow", rule)]
    when = ("--as-of", as_of, "--calendars", "skip")

    done = shell("reconcile", "--yes", *allow, *when)

    assert done.code == 0, done.err
    assert not STATEMENTS.search(done.err), done.err
    again = shell("reconcile", "--dry-run", "--detailed-exitcode", "--as-of", as_of)
    assert again.code == 0, again.out


@pytest.fixture
def rota(shell: Shell) -> Shell:
    write(shell, users="alice, bob, dave", more=SECOND)
    shell.reconcile(as_of=MONDAY)
    return shell


@pytest.mark.parametrize("as_of", [MONDAY, THURSDAY])
def test_what_others_name_can_leave_the_files(rota: Shell, database_url: str, as_of: str) -> None:
    with psycopg.connect(database_url) as connection:
        for name, statement in STRANGERS.items():
            if name != "a schedule of a team":  # there can be one of that name
                connection.execute(statement.encode())

    remove_all(rota, as_of)


def test_nobody_who_left_is_on_call_in_a_schedule_of_others(rota: Shell, database_url: str) -> None:
    with psycopg.connect(database_url) as connection:
        connection.execute(STRANGERS["a schedule of a team"].encode())

    remove_all(rota, THURSDAY)

    assert [row for row in rota.shifts(THURSDAY, "2027-01-01") if row.startswith("carol")] == []


@pytest.mark.slow
@pytest.mark.parametrize("stranger", STRANGERS)
@pytest.mark.parametrize("as_of", [MONDAY, THURSDAY])
def test_each_of_them_can_leave_the_files(rota: Shell, database_url: str, stranger: str, as_of: str) -> None:
    with psycopg.connect(database_url) as connection:
        connection.execute(STRANGERS[stranger].encode())

    remove_all(rota, as_of)
