"""One comment a pull request, created once and edited afterwards, against a server that speaks GitHub's calls."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.github.github_server import TOKEN, FakeGithub, serving
from tests.github.runner import Ran, Runner, action_step, steps_of

MARKER = "<!-- oncall-gitops:plan -->"
PULL = {"pull_request": {"number": 7}}
FORK: dict[str, Any] = {
    "workflow_run": {
        "head_branch": "a branch/with&odd?characters",
        "head_sha": "c0ffee",
        "head_repository": {"owner": {"login": "stranger"}},
        "pull_requests": [],
    }
}


@pytest.fixture
def github() -> Iterator[FakeGithub]:
    with serving(FakeGithub()) as running:
        yield running


def comment(
    github: FakeGithub, folder: Path, body: str, *, event: Any = PULL, step: Any = None, token: str = TOKEN
) -> Ran:
    file = folder / "body.md"
    file.write_text(body, encoding="utf-8")
    values = {
        "inputs.token": token,
        "github.token": token,
        "steps.run.outputs.plan-markdown": str(file),
        "steps.render.outputs.body": str(file),
    }
    workspace = folder / "workspace"
    if not workspace.exists():
        (workspace / ".github").mkdir(parents=True)
        (workspace / ".github" / "actions").symlink_to(Path(__file__).parents[2] / ".github" / "actions")
    runner = Runner(workspace, folder, event, {"GITHUB_API_URL": github.url})
    return runner.run(step or action_step("Comment"), values)


def bodies(github: FakeGithub) -> list[str]:
    return [comment["body"] for comment in github.comments]


def test_the_first_plan_is_created_and_the_next_one_takes_its_place(
    github: FakeGithub, tmp_path: Path
) -> None:
    github.add_comment("Nice!", author="reviewer")

    for number in (1, 2, 3):
        assert comment(github, tmp_path, f"{MARKER}\nplan {number}\n").code == 0

    assert bodies(github) == ["Nice!", f"{MARKER}\nplan 3\n"]


def test_the_same_plan_again_writes_nothing(github: FakeGithub, tmp_path: Path) -> None:
    for _ in range(2):
        comment(github, tmp_path, f"{MARKER}\nplan\n")

    assert [call.split()[0] for call in github.calls] == ["GET", "POST", "GET"]


def test_ours_is_found_on_a_later_page(github: FakeGithub, tmp_path: Path) -> None:
    for number in range(250):
        github.add_comment(f"comment {number}", author="reviewer")
    github.add_comment(f"{MARKER}\nold", author="github-actions[bot]")

    comment(github, tmp_path, f"{MARKER}\nnew")

    assert bodies(github)[250:] == [f"{MARKER}\nnew"]
    assert sum("page=3" in call for call in github.calls) == 1


def test_exactly_a_page_of_comments_is_not_the_end(github: FakeGithub, tmp_path: Path) -> None:
    for number in range(100):
        github.add_comment(f"comment {number}", author="reviewer")

    comment(github, tmp_path, f"{MARKER}\nnew")

    assert len(github.comments) == 101


def test_the_marker_in_somebody_elses_comment_is_not_ours(github: FakeGithub, tmp_path: Path) -> None:
    theirs = github.add_comment(f"{MARKER}\nfake", author="stranger")
    quoted = github.add_comment(f"> {MARKER}", author="github-actions[bot]")

    comment(github, tmp_path, f"{MARKER}\nplan")

    assert (theirs["body"], quoted["body"]) == (f"{MARKER}\nfake", f"> {MARKER}")
    assert len(github.comments) == 3


@pytest.mark.parametrize("status", [401, 403, 404])
def test_a_token_that_may_not_comment_is_no_failure(github: FakeGithub, tmp_path: Path, status: int) -> None:
    github.fail("POST", status)

    done = comment(github, tmp_path, f"{MARKER}\nplan")

    assert done.code == 0
    assert "::notice::the token may not comment" in done.out
    assert github.comments == []


@pytest.mark.parametrize("status", [429, 500, 502, 503, 403])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_bad_moment_is_tried_again(github: FakeGithub, tmp_path: Path, method: str, status: int) -> None:
    github.fail(method, status, Retry_After="0")
    github.fail(method, 503, Retry_After="0")

    assert comment(github, tmp_path, f"{MARKER}\nplan").code == 0
    assert bodies(github) == [f"{MARKER}\nplan"]


def test_an_outage_is_an_error_after_four_tries(github: FakeGithub, tmp_path: Path) -> None:
    for _ in range(9):
        github.fail("GET", 502, Retry_After="0")

    done = comment(github, tmp_path, f"{MARKER}\nplan")

    assert (done.code, len(github.calls)) == (1, 4)
    assert "::error::the comment could not be posted: HTTP 502" in done.out


def test_a_lost_answer_does_not_lead_to_a_second_comment(github: FakeGithub, tmp_path: Path) -> None:
    github.lost_answers = 1

    assert comment(github, tmp_path, f"{MARKER}\nplan").code == 0
    assert bodies(github) == [f"{MARKER}\nplan"]


def test_a_redirect_is_not_followed(github: FakeGithub, tmp_path: Path) -> None:
    with serving(FakeGithub()) as elsewhere:
        github.fail("GET", 302, Location=f"{elsewhere.url}/repos/acme/oncall/issues/7/comments")

        assert comment(github, tmp_path, f"{MARKER}\nplan").code == 1
        assert elsewhere.calls == []


def test_the_token_is_never_told(github: FakeGithub, tmp_path: Path) -> None:
    github.fail("GET", 422)
    done = comment(github, tmp_path, f"{MARKER}\nplan")
    refused = comment(github, tmp_path, f"{MARKER}\nplan", token="ghs_another")

    for ran in (done, refused):
        assert "ghs_" not in ran.out + ran.err + ran.summary


def test_plain_http_is_for_loopback_alone(tmp_path: Path) -> None:
    done = comment(FakeGithub("http://192.0.2.1"), tmp_path, f"{MARKER}\nplan")

    assert done.code == 1
    assert "not https" in done.out


@pytest.mark.parametrize("body", ["no marker", "", f"{MARKER}{'x' * 70_000}"])
def test_what_is_no_plan_is_not_posted(github: FakeGithub, tmp_path: Path, body: str) -> None:
    assert comment(github, tmp_path, body).code == 1
    assert github.calls == []


def a_pull(number: int, sha: str, *, label: str = "stranger:a branch/with&odd?characters") -> dict[str, Any]:
    return {"number": number, "state": "open", "head": {"sha": sha, "label": label}}


def fork_comment(github: FakeGithub, folder: Path) -> Ran:
    [step] = [s for s in steps_of("schedules-comment.yml", "comment") if s.get("name") == "Comment"]
    return comment(github, folder, f"{MARKER}\nplan", event=FORK, step=step)


def test_a_forks_plan_goes_to_the_pull_request_whose_head_was_run(github: FakeGithub, tmp_path: Path) -> None:
    github.pulls += [a_pull(6, "0ther"), a_pull(8, "c0ffee", label="somebody:else"), a_pull(7, "c0ffee")]

    assert fork_comment(github, tmp_path).code == 0
    assert bodies(github) == [f"{MARKER}\nplan"]


def test_a_forks_plan_of_an_older_commit_goes_nowhere(github: FakeGithub, tmp_path: Path) -> None:
    github.pulls.append(a_pull(7, "newer"))

    done = fork_comment(github, tmp_path)

    assert (done.code, github.comments) == (0, [])
    assert "::notice::no open pull request" in done.out
