"""The workflows, read as an attacker would: who may do what, and where a stranger's text can go."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.github.runner import ACTION, EXPRESSION, ROOT, WORKFLOWS, read_yaml

FILES = [*sorted(WORKFLOWS.glob("*.yml")), ACTION / "action.yml"]
OURS = [file for file in FILES if file.name.startswith("schedules-")]
PINNED = re.compile(r"uses: [\w.-]+/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$")
READ_ONLY = ("contents", "actions")
TRUSTED = "github.event.pull_request.head.repo.full_name == github.repository"


def jobs(file: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    yield from read_yaml(file).get("jobs", {}).items()


def steps(file: Path) -> Iterator[dict[str, Any]]:
    document = read_yaml(file)
    for holder in (*document.get("jobs", {}).values(), document.get("runs", {})):
        yield from holder.get("steps", [])


def by_name(file: Path) -> str:
    return file.name


def test_the_workflows_that_are_promised_are_there() -> None:
    assert {f"schedules-{name}.yml" for name in ("pr", "apply", "reconcile", "comment")} == {
        f.name for f in OURS
    }


@pytest.mark.parametrize("file", FILES, ids=by_name)
def test_every_action_is_pinned_by_its_commit_with_the_version_beside_it(file: Path) -> None:
    for line in file.read_text().splitlines():
        if "uses: " in line and "uses: ./" not in line:
            assert PINNED.search(line), line


@pytest.mark.parametrize("file", FILES, ids=by_name)
def test_no_expression_stands_inside_a_script(file: Path) -> None:
    for step in steps(file):
        assert "${{" not in step.get("run", "")


@pytest.mark.parametrize("file", FILES, ids=by_name)
def test_no_workflow_runs_with_the_bases_rights_on_a_strangers_event(file: Path) -> None:
    triggers = read_yaml(file).get("on", {})
    assert not {"pull_request_target", "issue_comment", "issues"} & set(triggers)


@pytest.mark.parametrize("file", OURS, ids=by_name)
def test_nothing_is_permitted_but_what_a_job_asks_for(file: Path) -> None:
    assert read_yaml(file)["permissions"] in ({}, "{}")
    for name, job in jobs(file):
        writes = {scope for scope, level in job["permissions"].items() if level != "read"}
        assert writes <= ({"pull-requests"} if name == "comment" else set())
        assert set(job["permissions"]) - writes <= set(READ_ONLY)


@pytest.mark.parametrize("file", OURS, ids=by_name)
def test_every_job_ends_and_leaves_no_credentials_in_the_work_tree(file: Path) -> None:
    for _, job in jobs(file):
        assert int(job["timeout-minutes"]) <= 15
        [checkout] = [s for s in job["steps"] if s.get("uses", "").startswith("actions/checkout@")]
        assert checkout["with"]["persist-credentials"] == "false"


@pytest.mark.parametrize("file", OURS, ids=by_name)
def test_runs_of_one_kind_wait_for_each_other_and_an_apply_is_never_cut_off(file: Path) -> None:
    concurrency = read_yaml(file)["concurrency"]
    applies = file.name in ("schedules-apply.yml", "schedules-reconcile.yml")

    assert concurrency["cancel-in-progress"] == ("false" if applies else "true")
    assert (concurrency["group"] == "oncall-apply") is applies


def test_a_forks_code_meets_no_secret_and_a_token_that_can_only_read() -> None:
    for name, job in jobs(WORKFLOWS / "schedules-pr.yml"):
        if TRUSTED in job.get("if", ""):
            continue
        assert name == "diff"
        assert "secrets." not in str(job)
        assert job["permissions"] == {"contents": "read"}


def test_the_token_that_may_comment_meets_no_code_of_the_branch() -> None:
    job = read_yaml(WORKFLOWS / "schedules-pr.yml")["jobs"]["comment"]
    assert job["steps"][0]["with"]["ref"] == "${{ github.event.pull_request.base.sha }}"

    job = read_yaml(WORKFLOWS / "schedules-comment.yml")["jobs"]["comment"]
    assert "ref" not in job["steps"][0]["with"]  # the default branch
    assert "secrets." not in str(job)


def test_what_strangers_choose_is_in_no_input_and_no_variable() -> None:
    """Titles, branch names, bodies, artifacts' contents: only ids and our own file names are handed on."""
    allowed = re.compile(
        r"github\.(token|repository)|inputs\.[\w-]+|secrets\.ONCALL_DATABASE_URL|runner\.temp|"
        r"steps\.\w+\.outputs\.(plan-json|plan-markdown|body|exitcode)|"
        r"github\.event\.pull_request\.base\.sha|github\.event\.workflow_run\.id"
    )
    for file in (*OURS, ACTION / "action.yml"):
        holders = [*steps(file), *(job for _, job in jobs(file))]
        for holder in holders:
            handed = {**holder.get("with", {}), **holder.get("env", {})}
            for value in handed.values():
                assert all(allowed.fullmatch(found) for found in EXPRESSION.findall(value)), value


def test_secrets_are_those_of_an_environment_and_named_once() -> None:
    for file in OURS:
        for _, job in jobs(file):
            if "secrets." in str(job):
                assert job["environment"] in ("oncall-plan", "oncall-apply")
                assert set(re.findall(r"secrets\.(\w+)", str(job))) == {"ONCALL_DATABASE_URL"}


def test_the_action_hands_on_every_input_and_output() -> None:
    action = read_yaml(ACTION / "action.yml")
    text = (ACTION / "action.yml").read_text()

    assert all(f"inputs.{name}" in text for name in action["inputs"])
    assert all(value["description"] for value in [*action["inputs"].values(), *action["outputs"].values()])
    for step in action["runs"]["steps"]:
        assert "uses" in step or step["shell"] == "bash"


def test_inputs_that_the_workflows_give_are_inputs_of_the_action() -> None:
    inputs = read_yaml(ACTION / "action.yml")["inputs"]
    for file in OURS:
        for step in steps(file):
            if step.get("uses", "").startswith("./"):
                assert (ROOT / step["uses"] / "action.yml").is_file()
                assert set(step["with"]) <= set(inputs)
                assert {n for n, v in inputs.items() if v.get("required") == "true"} <= set(step["with"])


@pytest.mark.parametrize("script", sorted(ACTION.glob("*.sh")), ids=by_name)
def test_scripts_stop_at_what_they_do_not_expect(script: Path) -> None:
    text = script.read_text()

    assert text.startswith("#!/usr/bin/env bash\n")
    assert re.search(r"^set -e?uo pipefail$", text, re.MULTILINE)
    assert not re.search(r"\beval\b|curl|wget|sudo", text)


def test_the_pages_name_what_is_there() -> None:
    """Inputs, outputs, workflows, environments and links of the page, and of deploy's."""
    page = (ROOT / "docs" / "github.md").read_text()
    action = read_yaml(ACTION / "action.yml")

    for name in (*action["inputs"], *action["outputs"]):
        assert f"`{name}`" in page
    assert all(f"[{file.stem}](../.github/workflows/{file.name})" in page for file in OURS)
    assert all(
        environment in page for environment in ("`oncall-plan`", "`oncall-apply`", "`ONCALL_DATABASE_URL`")
    )
    for folder, text in (
        (ROOT / "docs", page),
        (ROOT / "deploy", (ROOT / "deploy" / "README.md").read_text()),
    ):
        for link in re.findall(r"\]\((?!https?:)([^)#]+)", text):
            assert (folder / link).exists(), link
