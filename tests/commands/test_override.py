"""The 3 a.m. road: an override without a pull request, in force at once."""

from __future__ import annotations

import psycopg

from tests.commands.shell import Shell
from tests.commands.test_reconcile import MONDAY, write

TUESDAY = "2026-11-24T15:00:00Z"


def holder(shell: Shell, at: str) -> str | None:
    [answer] = shell.ok("who", "--at", at, "--format", "json").json
    user: str | None = answer["user"]
    return user


def test_an_override_holds_in_the_same_second_for_who_and_for_sql(shell: Shell, database_url: str) -> None:
    write(shell)
    shell.ok("reconcile", "--yes")

    shell.ok(
        "override", "add", "payments/primary", "--user", "dave", "--until", "2099-12-30", "--reason", "Paging"
    )

    [answer] = shell.ok("who", "--format", "json").json
    assert (answer["user"], answer["source"]) == ("dave", "override")
    with psycopg.connect(database_url) as connection:
        assert connection.execute("SELECT user_slug FROM on_call_now").fetchall() == [("dave",)]


def test_it_beats_the_files_is_kept_by_every_plan_and_gives_the_rest_back_when_ended(shell: Shell) -> None:
    write(
        shell,
        more="""
        overrides:
          - {user: carol, start: 2026-11-24T00:00, end: 2026-11-27T00:00}
""",
    )
    shell.reconcile(as_of=MONDAY)
    until = (
        "--until",
        "2026-11-26T00:00",
        "--reason",
        "Alice is ill",
        "--as-of",
        TUESDAY,
        "--format",
        "json",
    )

    added = shell.ok("override", "add", "payments/primary", "--user", "dave", *until).json

    assert holder(shell, "2026-11-25T12:00:00Z") == "dave"
    plan = shell.plan(as_of=TUESDAY)
    assert [(c["action"], c["address"]) for c in plan["changes"]] == [
        ("keep", "override/payments/primary/2026-11-24T15:00:00Z")
    ]
    assert plan["impact"]["shifts"] == []
    shell.reconcile(as_of="2026-11-24T16:00:00Z")
    assert holder(shell, "2026-11-25T12:00:00Z") == "dave"

    shell.ok("override", "end", added["id"], "--as-of", "2026-11-25T15:00:00Z")

    assert shell.shifts(TUESDAY, "2026-11-28") == [
        "dave 2026-11-24T15:00 2026-11-25T15:00 override",
        "carol 2026-11-25T15:00 2026-11-27T05:00 override",
        "bob 2026-11-27T05:00 2026-11-30T14:00 base",
    ]


def test_one_that_has_not_begun_is_dropped_when_ended(shell: Shell) -> None:
    write(shell)
    shell.reconcile(as_of=MONDAY)
    before = shell.shifts(MONDAY, "2026-12-20")
    added = shell.ok(
        *("override", "add", "payments/primary", "--user", "dave", "--replaces", "bob", "--format", "json"),
        *("--from", "2026-11-25", "--until", "2026-11-26", "--reason", "Dentist", "--as-of", TUESDAY),
    ).json
    assert shell.shifts(MONDAY, "2026-12-20") != before
    assert "dave" in shell.ok("override", "list", "--at", TUESDAY).out

    shell.ok("override", "end", added["id"][:8], "--as-of", TUESDAY)

    assert shell.shifts(MONDAY, "2026-12-20") == before
    assert shell.ok("override", "list", "--all", "--format", "json").json == []


def test_what_cannot_be_is_refused_with_a_reason(shell: Shell) -> None:
    write(shell)
    shell.reconcile(as_of=MONDAY)
    common = ("--until", "2026-11-26", "--reason", "x", "--as-of", TUESDAY)

    unknown_user = shell("override", "add", "payments/primary", "--user", "dav", *common)
    unknown_schedule = shell("override", "add", "payments/primry", "--user", "dave", *common)
    backwards = shell(
        *("override", "add", "payments/primary", "--user", "dave", "--until", "2026-11-01"),
        *("--reason", "x", "--as-of", TUESDAY),
    )

    assert (unknown_user.code, "did you mean dave?" in unknown_user.err) == (1, True)
    assert (unknown_schedule.code, "did you mean payments/primary?" in unknown_schedule.err) == (1, True)
    assert backwards.code == 64
    assert shell("override", "end", "0000").code == 1


def test_an_override_of_the_files_is_ended_in_the_files(shell: Shell) -> None:
    write(shell, more="\n        overrides:\n          - {user: carol, start: 2026-11-24, end: 2026-11-27}\n")
    shell.reconcile(as_of=MONDAY)
    [row] = shell.ok("override", "list", "--at", TUESDAY, "--format", "json").json

    done = shell("override", "end", row["id"], "--as-of", TUESDAY)

    assert (done.code, "in the files" in done.err) == (1, True)


def test_the_newer_of_two_wins_and_every_edit_is_on_record(shell: Shell) -> None:
    write(shell)
    shell.reconcile(as_of=MONDAY)
    for user, moment in (("dave", TUESDAY), ("carol", "2026-11-24T16:00:00Z")):
        shell.ok(
            *("override", "add", "payments/primary", "--user", user, "--until", "2026-11-26T00:00"),
            *("--reason", "x", "--as-of", moment),
        )

    assert shell.shifts(TUESDAY, "2026-11-25") == [
        "dave 2026-11-24T15:00 2026-11-24T16:00 override",
        "carol 2026-11-24T16:00 2026-11-26T05:00 override",
    ]
    assert [run["kind"] for run in shell.ok("history", "--format", "json").json] == [
        "override",
        "override",
        "reconcile",
    ]


def test_it_holds_even_after_the_end_of_a_table_that_nobody_renewed(shell: Shell) -> None:
    write(shell)
    shell.reconcile("--horizon", "7d", as_of=MONDAY)

    shell.ok(
        *(
            "override",
            "add",
            "payments/primary",
            "--user",
            "dave",
            "--from",
            "2027-01-12",
            "--until",
            "2027-01-13",
        ),
        *("--reason", "x", "--as-of", "2027-01-06T12:00:00Z"),
    )

    assert shell.shifts("2027-01-05", "2027-01-20") == [
        "bob 2027-01-04T14:00 2027-01-11T14:00 base",
        "carol 2027-01-11T14:00 2027-01-12T05:00 base",
        "dave 2027-01-12T05:00 2027-01-13T05:00 override",
        "carol 2027-01-13T05:00 2027-01-18T14:00 base",
        "alice 2027-01-18T14:00 2027-01-25T14:00 base",
    ]
