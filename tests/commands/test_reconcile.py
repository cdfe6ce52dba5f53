"""Reconcile on a real PostgreSQL: plan, apply, exit codes, history, drift."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from tests.commands.shell import Shell

PEOPLE = """
users:
  alice: {name: Alice Ng, email: alice@example.com}
  bob: {name: Bob Roe, email: bob@example.com}
  carol: {name: Carol Diaz, email: carol@example.com}
  dave: {name: Dave Poe, email: dave@example.com}
"""

ROTA = """
teams:
  payments:
    name: Payments
    schedules:
      primary:
        timezone: America/New_York
        start_date: 2026-01-05
        rotation: {type: weekly, users: [%s]}
"""

MONDAY = "2026-11-23T15:00:00Z"  # 10:00 in New York: one hour into a turn
THURSDAY = "2026-11-26T15:00:00Z"


def write(shell: Shell, users: str = "alice, bob, carol", more: str = "") -> None:
    shell.write(PEOPLE, "people.yaml")
    shell.write(ROTA % users + more)


Ask = Callable[[str], list[tuple[object, ...]]]


@pytest.fixture
def rows(database_url: str) -> Ask:
    """Ask the database directly."""

    def ask(query: str) -> list[tuple[object, ...]]:
        with psycopg.connect(database_url, autocommit=True) as connection:
            cursor = connection.execute(query.encode())
            return cursor.fetchall() if cursor.description else []

    return ask


def test_a_dry_run_tells_pending_changes_by_its_exit_code_and_none_after_an_apply(shell: Shell) -> None:
    write(shell)
    dry = ("reconcile", "--dry-run", "--detailed-exitcode", "--as-of", MONDAY)

    assert shell(*dry).code == 2
    assert shell("reconcile", "--dry-run", "--as-of", MONDAY).code == 0
    applied = shell("reconcile", "--yes", "--detailed-exitcode", "--as-of", MONDAY)
    assert applied.code == 2
    again = shell(*dry)
    assert again.code == 0
    assert "No changes. The database matches the files." in again.out.splitlines()


def test_a_broken_file_is_exit_1_and_the_database_is_untouched(shell: Shell, rows: Ask) -> None:
    write(shell)
    shell.reconcile(as_of=MONDAY)
    before = rows("SELECT * FROM shifts ORDER BY id")
    write(shell, users="alice, bobby")

    done = shell("reconcile", "--yes", "--as-of", THURSDAY)

    assert done.code == 1
    assert "bobby" in done.err
    assert rows("SELECT * FROM shifts ORDER BY id") == before
    assert rows("SELECT count(*) FROM reconcile_runs") == [(1,)]


def test_no_server_is_exit_7(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    write(shell)
    monkeypatch.setenv("DATABASE_URL", "postgresql://someone:secretword@127.0.0.1:1/none")

    done = shell("reconcile", "--dry-run")

    assert done.code == 7
    assert "secretword" not in done.out + done.err


def test_a_wrong_flag_is_exit_64(shell: Shell) -> None:
    assert shell("reconcile", "--dry-rum").code == 64
    assert shell("reconcile", "--dry-run", "--allow", "everything").code == 64


def test_an_apply_without_a_terminal_needs_yes_or_a_plan(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(shell)
    monkeypatch.setenv("DATABASE_URL", "postgresql://127.0.0.1:1/none")

    done = shell("reconcile")

    assert done.code == 64
    assert "--yes" in done.err


def test_a_dry_run_writes_nothing_at_all(shell: Shell, rows: Ask) -> None:
    write(shell)
    tables = ("users", "teams", "schedules", "shifts", "reconcile_runs", "calendar_due")

    shell.ok("reconcile", "--dry-run", "--as-of", MONDAY)

    assert [rows(f"SELECT count(*) FROM {table}") for table in tables] == [[(0,)]] * len(tables)


def test_apply_then_plan_is_empty_however_the_files_change(shell: Shell) -> None:
    steps = [
        ("alice, bob, carol", ""),
        ("alice, bob, carol, dave", ""),
        ("{user: alice, until: 2026-12-07}, bob, nobody, bob", ""),
        (
            "bob",
            """
        layers:
          weekend:
            priority: 10
            rotation: {type: custom, interval_days: 14, users: [carol, dave]}
            restrictions: {days_of_week: [SAT, SUN]}
        overrides:
          - {user: carol, replaces: bob, start: 2026-12-20T00:00, end: 2027-01-04T00:00, reason: Cover}
          - {user: dave, start: 2026-11-27, end: 2026-11-28}
""",
        ),
        (
            "bob",
            """
      secondary:
        timezone: Europe/Berlin
        start_date: 2026-01-05
        rotation: {follows: primary, offset: 1}
""",
        ),
        ("carol", ""),
    ]
    for users, more in steps:
        write(shell, users, more)
        shell.reconcile(as_of=MONDAY)
        assert not [c for c in shell.plan(as_of=MONDAY)["changes"] if c["action"] != "keep"]
        assert not shell.plan(as_of=MONDAY)["impact"]["shifts"]
        assert shell("reconcile", "--dry-run", "--detailed-exitcode", "--as-of", THURSDAY).code == 0


def test_the_table_tells_what_the_files_tell(shell: Shell) -> None:
    write(shell)
    shell.reconcile(as_of=MONDAY)

    recorded = shell.shifts(MONDAY, "2027-06-01T00:00:00Z")
    offline = shell.shifts(MONDAY, "2027-06-01T00:00:00Z", "--offline", "schedules")

    assert recorded[1:] == offline[1:]
    assert recorded[0] == "bob 2026-11-23T15:00 2026-11-30T14:00 base", "a first run writes nothing before T"
    assert offline[0] == "bob 2026-11-23T14:00 2026-11-30T14:00 base"


# History ------------------------------------------------------------------------------------------------


def test_history_before_an_edit_stays_and_the_running_row_is_cut_where_the_holder_changed(
    shell: Shell, rows: Ask
) -> None:
    write(shell)
    shell.reconcile(as_of=MONDAY)
    past = f"SELECT id, user_id, start_time, source FROM shifts WHERE start_time < '{THURSDAY}' ORDER BY 3"
    before = rows(past)
    then = rows(f"SELECT user_slug, since FROM on_call_at('{MONDAY}'::timestamptz + interval '1 hour')")
    write(shell, users="alice, carol, bob")

    shell.reconcile(as_of=THURSDAY)

    assert rows(past) == before
    cut = rows(
        f"SELECT u.slug FROM shifts s JOIN users u ON u.id = s.user_id WHERE s.end_time = '{THURSDAY}'"
    )
    assert cut == [("bob",)]
    assert shell.shifts(THURSDAY, "2026-12-01T00:00:00Z")[0] == "carol 2026-11-26T15:00 2026-11-30T14:00 base"
    again = rows(f"SELECT user_slug, since FROM on_call_at('{MONDAY}'::timestamptz + interval '1 hour')")
    assert again == then
    [answer] = shell.ok("who", "--at", "2026-11-24T00:00:00Z", "--format", "json").json
    assert (answer["user"], answer["next_user"]) == ("bob", "carol")


def test_an_instant_before_the_newest_run_is_refused(shell: Shell) -> None:
    write(shell)
    shell.reconcile(as_of=THURSDAY)

    done = shell("reconcile", "--yes", "--as-of", MONDAY)

    assert (done.code, "history does not change" in done.err) == (1, True)


def test_time_that_no_run_filled_is_filled_from_the_definitions_as_they_stood(shell: Shell) -> None:
    write(shell)
    shell.reconcile("--horizon", "7d", as_of=MONDAY)
    write(shell, users="dave")

    shell.reconcile("--horizon", "7d", as_of="2027-01-06T12:00:00Z")

    assert shell.shifts("2026-12-28T15:00:00Z", "2027-01-10T00:00:00Z") == [
        "alice 2026-12-28T14:00 2027-01-04T14:00 base",
        "bob 2027-01-04T14:00 2027-01-06T12:00 base",
        "dave 2027-01-06T12:00 2027-01-11T14:00 base",
    ]


def test_a_deleted_schedule_keeps_its_history_and_has_no_future(shell: Shell, rows: Ask) -> None:
    write(shell)
    shell.reconcile(as_of=MONDAY)
    shell.write(PEOPLE, "people.yaml")
    shell.write("teams: {}")

    done = shell("reconcile", "--yes", "--as-of", THURSDAY)
    assert (done.code, "empty-source" in done.err) == (3, True)
    shell.reconcile("--allow", "empty-source", as_of=THURSDAY)

    assert rows(f"SELECT max(end_time) = '{THURSDAY}'::timestamptz FROM shifts") == [(True,)]
    assert rows("SELECT deleted_at IS NOT NULL FROM schedules") == [(True,)]
    assert rows(f"SELECT user_slug FROM on_call_at('{MONDAY}'::timestamptz + interval '1 hour')") == [
        ("bob",)
    ]
    assert rows(f"SELECT * FROM on_call_at('{THURSDAY}'::timestamptz + interval '1 hour')") == []
    write(shell)
    shell.reconcile(as_of="2026-11-27T15:00:00Z")
    assert rows("SELECT count(*) FROM schedules") == [(2,)], "the slug may be used again"


# Drift and what others make -----------------------------------------------------------------------------


def test_a_row_changed_by_hand_is_shown_as_drift_and_put_right(shell: Shell, rows: Ask) -> None:
    write(shell)
    shell.reconcile(as_of=MONDAY)
    rows("UPDATE schedules SET timezone = 'Europe/Berlin'")

    [change] = shell.plan(as_of=THURSDAY)["changes"]

    assert (change["action"], change["address"], change["cause"]) == (
        "update",
        "schedule/payments/primary",
        "drift",
    )
    assert {"path": "timezone", "before": "Europe/Berlin", "after": "America/New_York"} in change["fields"]
    shell.reconcile(as_of=THURSDAY)
    assert rows("SELECT timezone FROM schedules") == [("America/New_York",)]
    assert shell.plan(as_of=THURSDAY)["changes"] == []


def test_an_override_row_that_something_else_inserts_is_pending_until_the_next_reconcile(
    shell: Shell, rows: Ask
) -> None:
    write(shell)
    shell.reconcile(as_of=MONDAY)
    rows(
        "INSERT INTO schedule_overrides (schedule_id, user_id, start_time, end_time) SELECT s.id, u.id,"
        " '2026-11-27T00:00Z', '2026-11-28T00:00Z' FROM schedules s, users u WHERE u.slug = 'dave'"
    )

    dry = shell("reconcile", "--dry-run", "--detailed-exitcode", "--format", "json", "--as-of", THURSDAY)

    assert dry.code == 2
    [change] = dry.json["changes"]
    assert (change["action"], change["cause"]) == ("keep", "unmanaged")
    assert change["address"] == "override/payments/primary/2026-11-27T00:00:00Z"
    assert [(s["after"], s["cause"]) for s in dry.json["impact"]["shifts"]] == [("dave", "unmanaged")]
    shell.reconcile(as_of=THURSDAY)
    assert shell("reconcile", "--dry-run", "--detailed-exitcode", "--as-of", THURSDAY).code == 0
    assert "dave 2026-11-27T00:00 2026-11-28T00:00 override" in shell.shifts(THURSDAY, "2026-12-01")


# Reviewed plans -----------------------------------------------------------------------------------------


def test_a_saved_plan_is_applied_without_asking_or_refused_when_it_is_stale(shell: Shell) -> None:
    write(shell)
    shell.ok("reconcile", "--dry-run", "--plan-out", "plan.json", "--as-of", MONDAY)
    plan_id = json.loads(Path("plan.json").read_text())["plan_id"]
    write(shell, users="bob")

    stale = shell("reconcile", "--plan", "plan.json", "--as-of", THURSDAY)
    assert (stale.code, plan_id in stale.err) == (4, True)
    assert shell("reconcile", "--dry-run", "--expect-plan", plan_id, "--as-of", THURSDAY).code == 4
    assert shell("reconcile", "--yes", "--expect-plan", "nonsense", "--as-of", THURSDAY).code == 4

    write(shell)
    shell.ok("reconcile", "--plan", "plan.json", "--as-of", THURSDAY)
    assert shell("reconcile", "--plan", "plan.json", "--as-of", THURSDAY).code == 4, "it has been applied"


def test_a_plan_made_before_somebody_elses_apply_is_refused_and_the_difference_is_shown(
    shell: Shell, rows: Ask
) -> None:
    write(shell)
    shell.reconcile(as_of=MONDAY)
    write(shell, users="alice, bob")
    shell.ok("reconcile", "--dry-run", "--plan-out", "plan.json", "--as-of", MONDAY)
    write(shell, users="alice, bob, dave")
    shell.reconcile(as_of=MONDAY)
    before = rows("SELECT id, updated_at FROM schedules UNION SELECT id, updated_at FROM shifts ORDER BY 1")
    write(shell, users="alice, bob")

    stale = shell("reconcile", "--plan", "plan.json", "--as-of", THURSDAY)

    assert stale.code == 4
    assert "no longer: update schedule/payments/primary (rotation.users alice, bob, -carol)" in stale.err
    assert "now also: update schedule/payments/primary (rotation.users alice, bob, -dave)" in stale.err
    after = rows("SELECT id, updated_at FROM schedules UNION SELECT id, updated_at FROM shifts ORDER BY 1")
    assert after == before


def test_other_teams_changes_do_not_make_a_narrowed_plan_stale(shell: Shell) -> None:
    search = (ROTA % "%s").replace("teams:\n", "").replace("payments", "search")
    write(shell, more=search % "carol")
    shell.reconcile(as_of=MONDAY)
    write(shell, users="bob", more=search % "carol")
    narrow = ("--team", "payments", "--as-of", MONDAY)
    shell.ok("reconcile", "--dry-run", "--plan-out", "plan.json", *narrow)
    write(shell, more=search % "dave")
    shell.reconcile("--team", "search", as_of=MONDAY)
    write(shell, users="bob", more=search % "dave")

    shell.ok("reconcile", "--plan", "plan.json", *narrow)

    assert shell("reconcile", "--dry-run", "--detailed-exitcode", "--as-of", MONDAY).code == 0


def test_a_saved_plan_can_be_shown_again(shell: Shell) -> None:
    write(shell)
    dry = shell.ok(
        "reconcile",
        "--dry-run",
        "--plan-out",
        "plan.json",
        "--output-file",
        "text=plan.txt",
        "--as-of",
        MONDAY,
    )

    shown = shell.ok("show", "plan.json")

    assert shown.out.splitlines()[1:] == dry.out.splitlines()[1:]
    assert Path("plan.txt").read_text() == dry.out
    assert shell.ok("show", "plan.json", "--format", "json").json["plan_id"].startswith("sha256:")
    Path("other.json").write_text("{}")
    assert shell("show", "other.json").code == 1


def test_a_plan_that_cannot_be_saved_is_not_applied(shell: Shell, rows: Ask) -> None:
    write(shell)

    for output in (("--plan-out", "missing/plan.json"), ("--output-file", "json=missing/plan.json")):
        assert shell("reconcile", "--yes", *output, "--as-of", MONDAY).code == 64
    assert rows("SELECT count(*) FROM reconcile_runs") == [(0,)]


def test_a_narrowed_reconcile_says_so_and_leaves_the_rest(shell: Shell) -> None:
    write(shell, more=(ROTA % "carol").replace("teams:\n", "").replace("payments", "search"))
    narrowed = shell.reconcile("--team", "search", as_of=MONDAY)

    assert "Narrowed to search" in narrowed.out
    assert {row.split()[0] for row in shell.shifts(MONDAY, "2026-12-20")} == {"carol"}
    assert shell("reconcile", "--dry-run", "--detailed-exitcode", "--as-of", MONDAY).code == 2


def test_a_narrowed_run_with_a_short_horizon_leaves_no_hole_in_those_that_follow(shell: Shell) -> None:
    secondary = """
  search:
    schedules:
      primary:
        timezone: America/New_York
        start_date: 2026-01-05
        rotation: {type: weekly, users: [dave]}
"""
    followed = """
      secondary:
        timezone: America/New_York
        start_date: 2026-01-05
        rotation: {follows: primary, offset: 1}
"""
    write(shell, more=followed + secondary)
    shell.reconcile(as_of=MONDAY)
    write(shell, users="carol, bob, alice", more=followed + secondary)
    shell.reconcile("--schedule", "payments/primary", "--horizon", "14d", as_of=THURSDAY)

    recorded = shell.shifts(THURSDAY, "2027-04-01", "payments/secondary")
    offline = shell.shifts(THURSDAY, "2027-04-01", "payments/secondary", "--offline", "schedules")
    assert recorded[1:] == offline[1:]
    assert shell("reconcile", "--dry-run", "--detailed-exitcode", "--as-of", THURSDAY).code == 0


def test_history_lists_every_apply_with_changes_or_without(shell: Shell) -> None:
    write(shell)
    shell.reconcile(as_of=MONDAY)
    shell.reconcile(as_of=THURSDAY)

    runs = shell.ok("history", "--format", "json").json

    assert [(run["as_of"], run["summary"]["create"]) for run in runs] == [(THURSDAY, 0), (MONDAY, 6)]
    assert "reconcile" in shell.ok("history").out


def test_a_dry_run_makes_the_embedded_database_and_never_a_row(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    from oncall_gitops.store.database import open_database

    monkeypatch.delenv("DATABASE_URL")
    write(shell)

    assert shell("reconcile", "--dry-run", "--detailed-exitcode").code == 2

    with open_database(None, directory=shell.folder) as database, database.snapshot() as connection:
        tables = connection.exec_driver_sql(
            "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'"
            " AND table_type = 'BASE TABLE' AND table_name NOT IN ('alembic_version', 'database_identity')"
        ).scalars()
        counts = {
            table: connection.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar()
            for table in list(tables)
        }
    assert len(counts) > 10
    assert set(counts.values()) == {0}
