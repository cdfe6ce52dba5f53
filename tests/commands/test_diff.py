"""`diff`: what a change does to people, between two trees, without a database."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.commands.shell import Shell
from tests.commands.test_reconcile import MONDAY, write

DRY = ("--as-of", MONDAY, "--format", "json")


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shell:
    """Commands in an empty folder, and no database anywhere."""
    monkeypatch.setenv("DATABASE_URL", "postgresql://127.0.0.1:1/none")
    return Shell(tmp_path, monkeypatch)


def git(*arguments: str) -> None:
    identity = ("-c", "user.name=Test", "-c", "user.email=test@example.com", "-c", "commit.gpgsign=false")
    subprocess.run(["git", *identity, *arguments], check=True, capture_output=True)


def committed(shell: Shell) -> None:
    git("init", "-q")
    git("add", ".")
    git("commit", "-q", "-m", "the rota")


def test_two_folders_are_compared(shell: Shell) -> None:
    write(shell)
    shutil.copytree(shell.schedules, "before")
    write(shell, users="alice, bob, carol, {user: dave, from: 2026-11-30}")

    plan = shell.ok("diff", "--base", "before", *DRY).json

    assert [c["address"] for c in plan["changes"]] == ["schedule/payments/primary"]
    assert [(s["start"], s["before"], s["after"]) for s in plan["impact"]["shifts"][:1]] == [
        ("2026-12-07T14:00:00Z", "alice", "dave")
    ]
    assert plan["changes"][0]["source"] == {"file": "schedules/rota.yaml", "line": 6}


def test_a_git_ref_is_read_without_touching_the_work_tree(shell: Shell) -> None:
    write(shell)
    committed(shell)
    write(shell, users="bob")
    status = subprocess.run(["git", "status", "--porcelain"], capture_output=True, check=True).stdout

    changed = shell("diff", "--base", "HEAD", "--detailed-exitcode", *DRY)

    assert changed.code == 2
    assert changed.json["source"]["dirty"] is True
    assert subprocess.run(["git", "status", "--porcelain"], capture_output=True, check=True).stdout == status
    write(shell)
    assert shell("diff", "--base", "HEAD", "--detailed-exitcode", *DRY).code == 0


def test_a_folder_below_the_repositorys_top_is_found_in_the_ref(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(shell)
    committed(shell)
    monkeypatch.chdir(shell.schedules)

    assert shell("diff", ".", "--base", "HEAD", "--detailed-exitcode", *DRY).code == 0
    assert shell("diff", "rota.yaml", "--base", "HEAD", *DRY).code == 1, (
        "alone, that file names unknown people"
    )


def test_a_ref_without_such_files_is_an_empty_base(shell: Shell) -> None:
    Path("README").write_text("nothing yet")
    committed(shell)
    write(shell)

    plan = shell.ok("diff", "--base", "HEAD", *DRY).json

    assert plan["summary"]["create"] == 6


def test_an_unknown_base_says_what_to_do(shell: Shell) -> None:
    write(shell)
    committed(shell)

    done = shell("diff", "--base", "origin/main")

    assert (done.code, "shallow clone" in done.err) == (1, True)
    assert shell("diff", "--base", "--output=/etc/passwd").code == 1, "a base is never an option of git"


def test_a_base_with_mistakes_is_read_as_far_as_it_can_be(shell: Shell) -> None:
    write(shell, users="alice, bobby")
    committed(shell)
    write(shell)

    done = shell("diff", "--base", "HEAD", *DRY)

    assert (done.code, "not valid" in done.err) == (0, True)


def test_a_blocked_change_is_exit_3_and_can_be_allowed(shell: Shell) -> None:
    write(shell)
    committed(shell)
    shell.write("teams: {}")

    blocked = shell("diff", "--base", "HEAD", *DRY)

    assert (blocked.code, blocked.json["safety"]["verdict"]) == (3, "blocked")
    assert "--allow empty-source" in blocked.err
    assert shell("diff", "--base", "HEAD", "--allow", "empty-source", *DRY).code == 0


def test_broken_files_are_exit_1_and_shown(shell: Shell) -> None:
    write(shell)
    committed(shell)
    write(shell, users="alice, bobby")

    done = shell("diff", "--base", "HEAD")

    assert (done.code, "did you mean" in done.err) == (1, True)


def test_order_of_files_keys_and_sets_and_other_offsets_are_no_change(shell: Shell) -> None:
    shell.write(
        """
        users:
          alice: {name: Alice, email: alice@example.com, external: {slack: U1, pagerduty: P1}}
          bob: {name: Bob, email: bob@example.com}
        teams:
          payments:
            members: [alice, bob]
            schedules:
              primary:
                timezone: America/New_York
                start_date: 2026-01-05
                rotation: {type: custom, rrule: "FREQ=WEEKLY;BYDAY=MO,FR", users: [alice, bob]}
                overrides:
                  - {user: bob, start: "2026-12-01T09:00:00-05:00", end: "2026-12-02T09:00:00-05:00"}
        """
    )
    shutil.copytree(shell.schedules, "before")
    (shell.schedules / "rota.yaml").unlink()
    shell.write(
        """
        teams:
          payments:
            schedules:
              primary:
                overrides:
                  - {end: "2026-12-02T14:00:00Z", start: "2026-12-01T15:00:00+01:00", user: bob}
                rotation: {users: [alice, bob], rrule: "BYDAY=FR,MO;FREQ=WEEKLY;INTERVAL=1", type: custom}
                start_date: "2026-01-05"
                handoff_time: "09:00"
                active: true
                timezone: America/New_York
            members: [bob, alice]
        """,
        "b.yaml",
    )
    shell.write(
        """
        users:
          bob: {email: bob@example.com, name: Bob}
          alice: {external: {pagerduty: P1, slack: U1}, email: alice@example.com, name: Alice}
        """,
        "a.yaml",
    )

    assert shell("diff", "--base", "before", "--detailed-exitcode", *DRY).code == 0


def test_every_format_comes_from_one_run_and_agrees(shell: Shell) -> None:
    write(shell)
    committed(shell)
    write(shell, users="bob, alice, carol")

    done = shell.ok(
        *("diff", "--base", "HEAD", "--as-of", MONDAY),
        *(
            "--output-file",
            "json=plan.json",
            "--output-file",
            "markdown=plan.md",
            "--output-file",
            "github=log",
        ),
    )

    plan_id = shell.ok("show", "plan.json", "--format", "json").json["plan_id"]
    assert plan_id in done.out
    assert plan_id in Path("plan.md").read_text()
    assert Path("log").read_text().startswith("::warning")
    assert shell.ok("show", "plan.json").out.splitlines()[1:] == done.out.splitlines()[1:]


def test_a_step_on_github_gets_its_summary_and_outputs(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    write(shell)
    committed(shell)
    write(shell, users="bob")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", "summary.md")
    monkeypatch.setenv("GITHUB_OUTPUT", "output.txt")

    shell.ok("diff", "--base", "HEAD", "--as-of", MONDAY, "--format", "github")

    assert "On-call plan" in Path("summary.md").read_text()
    assert "changed=true\n" in Path("output.txt").read_text()
