"""Every `run:` block, executed as GitHub would: a clone of a bare repository, an event, the files of a step."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from tests.github.runner import ACTION, WORKFLOWS, Ran, Runner, action_step, read_yaml, steps_of
from tests.report.proposals import HOSTILE

ROTA = """
users:
  alice: {name: Alice, email: alice@example.com}
  bob: {name: Bob, email: bob@example.com}
  carol: {name: Carol, email: carol@example.com}
teams:
  payments:
    schedules:
      primary:
        timezone: Europe/Berlin
        start_date: 2026-01-05
        rotation: {type: weekly, users: [%s]}
"""
INPUTS = {
    "inputs.path": "schedules",
    "inputs.base": "HEAD^1",
    "inputs.allow": "",
    "inputs.expect-plan": "",
    "inputs.strict": "false",
}


def git(folder: Path, *arguments: str) -> None:
    who = ["-c", "user.name=A", "-c", "user.email=a@example.com", "-c", "init.defaultBranch=main"]
    subprocess.run(["git", *who, "-C", str(folder), *arguments], check=True, capture_output=True)


@pytest.fixture
def runner(tmp_path: Path) -> Runner:
    """A pull request's merge commit, checked out two commits deep from a bare origin."""
    author, origin, workspace = (tmp_path / name for name in ("author", "origin.git", "workspace"))
    (author / "schedules").mkdir(parents=True)
    git(author, "init")
    for users in ("alice, bob", "bob, alice, carol"):
        (author / "schedules" / "rota.yaml").write_text(ROTA % users)
        git(author, "add", ".")
        git(author, "commit", "-m", "a change of the rota")
    git(tmp_path, "clone", "--bare", str(author), str(origin))
    git(tmp_path, "clone", "--depth", "2", f"file://{origin}", str(workspace))
    (tmp_path / "temp").mkdir()
    event = {"pull_request": {"number": 7, "base": {"sha": "0" * 40}}}
    return Runner(workspace, tmp_path / "temp", event)


def run(runner: Runner, command: str, **inputs: str) -> Ran:
    given = {f"inputs.{name.replace('_', '-')}": value for name, value in inputs.items()}
    done = runner.run(action_step("Run"), {"inputs.command": command, **INPUTS, **given})
    assert done.code == 0, done.err  # the verdict is a later step's
    return done


def rewrite(runner: Runner, text: str, name: str = "rota.yaml") -> None:
    (runner.workspace / "schedules" / name).write_text(text)


def test_validate_is_silent_on_good_files_and_annotates_the_line_of_a_mistake(runner: Runner) -> None:
    assert run(runner, "validate").outputs == {"exitcode": "0"}

    rewrite(runner, ROTA % "alice, bobby")
    done = run(runner, "validate")

    assert done.outputs == {"exitcode": "1"}
    assert "::error file=schedules/rota.yaml,line=12," in done.out


def test_strict_fails_on_warnings(runner: Runner) -> None:
    rewrite(runner, ROTA % "alice, alice, bob, carol")

    assert run(runner, "validate").outputs["exitcode"] == "0"
    assert run(runner, "validate", strict="true").outputs["exitcode"] == "1"


def test_diff_tells_the_log_the_summary_the_outputs_and_the_files(runner: Runner) -> None:
    done = run(runner, "diff")

    assert done.outputs["exitcode"] == "0"
    assert (done.outputs["changed"], done.outputs["update"]) == ("true", "1")
    assert "Who gains and loses which hours" in done.out
    assert "::notice::on-call plan: 1 to update" in done.out
    assert "### On-call plan" in done.summary
    document = json.loads(Path(done.outputs["plan-json"]).read_text())
    assert document["plan_id"] == done.outputs["plan-id"]
    assert Path(done.outputs["plan-markdown"]).read_text().startswith("<!-- oncall-gitops:plan -->\n")


def test_a_diff_of_invalid_files_leaves_no_plan_behind(runner: Runner) -> None:
    run(runner, "diff")
    rewrite(runner, "users: [")

    done = run(runner, "diff")

    assert done.outputs == {"exitcode": "1"}
    assert "::error file=schedules/rota.yaml" in done.out


def test_a_blocked_diff_is_told_everywhere_and_accepted_by_name(runner: Runner) -> None:
    rewrite(runner, "users: {}\nteams: {}\n")

    done = run(runner, "diff")
    assert (done.outputs["exitcode"], done.outputs["blocked"]) == ("3", "true")
    assert "::error::empty-source: " in done.out
    assert "[!CAUTION]" in Path(done.outputs["plan-markdown"]).read_text()

    allowed = run(runner, "diff", allow="empty-source  mass-delete")
    assert (allowed.outputs["exitcode"], allowed.outputs["blocked"]) == ("0", "false")


def test_plan_then_apply_then_nothing(runner: Runner, database_url: str) -> None:
    runner = Runner(runner.workspace, runner.temp, runner.event, {"DATABASE_URL": database_url})

    planned = run(runner, "plan")
    stale = run(runner, "apply", expect_plan="sha256:" + "0" * 64)
    applied = run(runner, "apply", expect_plan=planned.outputs["plan-id"])
    again = run(runner, "apply")

    assert (planned.outputs["exitcode"], planned.outputs["changed"]) == ("0", "true")
    assert stale.outputs["exitcode"] == "4"
    assert (applied.outputs["exitcode"], applied.outputs["plan-id"]) == ("0", planned.outputs["plan-id"])
    assert (again.outputs["exitcode"], again.outputs["changed"]) == ("0", "false")


def test_a_database_that_is_away_is_an_exit_code_and_no_secret_on_the_log(runner: Runner) -> None:
    url = "postgresql://app:verysecret@127.0.0.1:1/oncall"
    done = run(Runner(runner.workspace, runner.temp, {}, {"DATABASE_URL": url}), "apply")

    assert done.outputs == {"exitcode": "7"}
    assert "verysecret" not in done.out + done.err + done.summary


def test_hostile_inputs_are_arguments_and_never_options_or_code(runner: Runner) -> None:
    marker = runner.temp / "pwned"
    attack = f'$(touch {marker}); `touch {marker}`; "; touch {marker} #'

    for inputs in (
        {"path": attack},
        {"base": attack},
        {"allow": attack},
        {"path": "--help"},
        {"base": "--help"},
    ):
        done = run(runner, "diff", **inputs)
        assert done.outputs["exitcode"] in ("1", "64")
    assert run(runner, attack).outputs["exitcode"] == "1"
    assert not marker.exists()


def test_a_file_with_a_hostile_name_gives_no_command_to_the_runner(runner: Runner) -> None:
    name = HOSTILE.replace("/", "").replace("\n", "")[:60] + "\n::error::pwned\n.yaml"
    rewrite(runner, "users: {dave: {name: Dave, email: dave@example.com}}\n", name=name)

    for command in ("validate", "diff"):
        done = run(runner, command)
        assert not [line for line in done.out.splitlines() if line.startswith("::error::pwned")]
        assert "@payments" not in done.summary


def test_the_verdict_is_the_exit_code(runner: Runner) -> None:
    for code in ("0", "1", "3", "7", "64"):
        done = runner.run(action_step("Verdict"), {"steps.run.outputs.exitcode": code})
        assert str(done.code) == code


def test_the_locked_dependencies_are_installed_by_hash_and_the_program_is_on_the_path(runner: Runner) -> None:
    """With a stand-in for python3 that writes down what it is asked for: the real thing is CI's own set-up."""
    calls = runner.temp / "calls"
    stand_in = runner.temp / "bin" / "python3"
    stand_in.parent.mkdir(exist_ok=True)
    stand_in.write_text(
        f'#!/bin/sh\necho "$@" >> {calls}\n'
        'if [ "$2" = venv ]; then mkdir -p "$3/bin"; cp "$0" "$3/bin/python"; fi\n'
    )
    stand_in.chmod(0o755)

    done = runner.run(action_step("Install"))

    venv = runner.temp / "oncall-gitops-venv"
    assert done.code == 0, done.err
    assert done.paths == [str(venv / "bin")]
    made, locked, own = calls.read_text().splitlines()
    assert made == f"-m venv {venv}"
    assert f"--require-hashes -r {ACTION.parents[2]}/requirements.lock" in locked
    assert "--no-deps" in own
    assert "--no-index" in own


def test_without_a_database_an_apply_says_so(runner: Runner) -> None:
    [step] = [s for s in steps_of("schedules-apply.yml", "apply") if "run" in s]

    assert "::notice::" in Runner(runner.workspace, runner.temp, env={"DATABASE_URL": ""}).run(step).out
    assert Runner(runner.workspace, runner.temp, env={"DATABASE_URL": "x"}).run(step).out == ""


@pytest.fixture
def plans(runner: Runner) -> Path:
    """The folder into which artifacts are downloaded, with the plan of a pull request."""
    folder = runner.temp / "plans"
    (folder / "oncall-plan").mkdir(parents=True)
    Path(run(runner, "diff").outputs["plan-json"]).rename(folder / "oncall-plan" / "plan.json")
    return folder


@pytest.mark.parametrize(
    ("workflow", "is_fork"), [("schedules-pr.yml", False), ("schedules-comment.yml", True)]
)
def test_a_saved_plan_is_rendered_again(runner: Runner, plans: Path, workflow: str, is_fork: bool) -> None:
    done = render(runner, workflow)
    body = Path(done.outputs["body"]).read_text()

    assert body.startswith("<!-- oncall-gitops:plan -->\n### On-call plan")
    assert ("From the run of a fork" in body) is is_fork


def test_the_plan_against_the_database_is_preferred(runner: Runner, plans: Path) -> None:
    other = plans / "oncall-plan-of-database"
    other.mkdir()
    document = json.loads((plans / "oncall-plan" / "plan.json").read_text())
    document["plan_id"] = "sha256:" + "a" * 64
    (other / "plan.json").write_text(json.dumps(document))

    assert "a" * 64 in Path(render(runner, "schedules-pr.yml").outputs["body"]).read_text()


def test_a_forged_plan_is_refused_or_harmless(runner: Runner, plans: Path) -> None:
    file = plans / "oncall-plan" / "plan.json"
    good = json.loads(file.read_text())
    (runner.temp / "secret").write_text("a secret of the runner")

    good["impact"]["on_call_now"][0] |= {"schedule": HOSTILE, "before": "@admins", "after": "<script>"}
    file.write_text(json.dumps(good))
    body = Path(render(runner, "schedules-comment.yml").outputs["body"]).read_text()
    assert "@" not in body
    assert "<script>" not in body.replace("\\<script\\>", "")

    file.write_text(json.dumps({**good, "impact": []}))
    refused = runner_step(runner, "schedules-comment.yml")
    assert (refused.code, refused.outputs) == (1, {})

    file.unlink()
    file.symlink_to(runner.temp / "secret")
    done = runner_step(runner, "schedules-comment.yml")
    assert (done.code, done.outputs) == (0, {})
    assert "a secret" not in done.out + done.err


def test_without_a_plan_nothing_is_rendered(runner: Runner) -> None:
    done = render(runner, "schedules-comment.yml")

    assert done.outputs == {}
    assert "::notice::" in done.out


def runner_step(runner: Runner, workflow: str) -> Ran:
    [step] = [s for s in steps_of(workflow, "comment") if s.get("name") == "Render"]
    place = ".github/actions/oncall-gitops"
    (runner.workspace / ".github" / "actions").mkdir(parents=True, exist_ok=True)
    link = runner.workspace / place
    if not link.exists():
        link.symlink_to(ACTION)
    return runner.run(step, {"runner.temp": str(runner.temp)})


def render(runner: Runner, workflow: str) -> Ran:
    done = runner_step(runner, workflow)
    assert done.code == 0, done.err
    return done


def test_every_run_block_is_executed_by_a_test() -> None:
    """A new block must get its own test here, or in test_comment.py."""
    known = {"Install", "Run", "Comment", "Verdict", "Render", "Look for the database"}
    for file in (*WORKFLOWS.glob("schedules-*.yml"), ACTION / "action.yml"):
        document = read_yaml(file)
        for holder in (*document.get("jobs", {}).values(), document.get("runs", {})):
            assert {step["name"] for step in holder.get("steps", []) if "run" in step} <= known
