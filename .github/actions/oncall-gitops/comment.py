"""Post a plan as the one comment of its pull request: created once, then edited in place, found by its hidden marker.

The token, the body's file and the event come from the environment; nothing is taken from the plan. The pull request
is the event's own, or, after a fork's run, the open one whose head is exactly the commit that was run (an artifact
of a fork could name any). Needs nothing but the standard library. A token that may not comment is no failure: the
plan is in the job summary anyway.
"""

from __future__ import annotations

import json
import os
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

MARKER = "<!-- oncall-gitops:plan -->"
MOST_CHARACTERS = 65_536
PER_PAGE, MOST_PAGES = 100, 50
TRIES = 4
TIMEOUT = 30


class Failed(Exception):
    """GitHub's answer, or the lack of one; `after` says how long it asks to wait."""

    def __init__(self, message: str, *, status: int = 0, after: float | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.after = after

    @property
    def may_pass(self) -> bool:
        """Whether the same call may succeed later."""
        limited = self.status == 403 and self.after is not None
        return self.status in (0, 429) or self.status >= 500 or limited


class NoRedirect(urllib.request.HTTPRedirectHandler):
    """The token goes to the one host that it is for."""

    def redirect_request(self, *_: Any) -> None:
        return None


def main() -> int:
    body = Path(os.environ["BODY_FILE"]).read_text(encoding="utf-8")
    if not body.startswith(MARKER) or len(body) > MOST_CHARACTERS:
        return tell("error", "the comment's text is no plan, or too long")
    for attempt in range(1, TRIES + 1):
        try:
            return post(body)
        except Failed as failure:
            if failure.status in (401, 403, 404) and not failure.may_pass:
                return tell("notice", "the token may not comment here; the plan is in the job summary")
            if attempt == TRIES or not failure.may_pass:
                return tell("error", f"the comment could not be posted: {failure}")
            time.sleep(min(2.0**attempt if failure.after is None else failure.after, 60))
    return 1


def post(body: str) -> int:
    """Look first, also when it is tried again: an answer that was lost must not lead to a second comment."""
    event = json.loads(Path(os.environ["GITHUB_EVENT_PATH"]).read_text(encoding="utf-8"))
    number = pull_request(event)
    if number is None:
        return tell("notice", "no open pull request has this commit as its head; nothing was posted")
    comment = ours(number)
    if comment is None:
        call("POST", f"issues/{number}/comments", {"body": body})
    elif comment["body"].replace("\r\n", "\n").rstrip() != body.rstrip():
        call("PATCH", f"issues/comments/{int(comment['id'])}", {"body": body})
    return 0


def pull_request(event: dict[str, Any]) -> int | None:
    """The number of the pull request that the event is about."""
    if "workflow_run" not in event:
        found = event.get("pull_request")
        return int(found["number"]) if found else None
    run = event["workflow_run"]
    head = quote(f"{run['head_repository']['owner']['login']}:{run['head_branch']}", safe="")
    for candidate in call("GET", f"pulls?state=open&per_page={PER_PAGE}&head={head}"):
        if candidate["head"]["sha"] == run["head_sha"]:
            return int(candidate["number"])
    return None


def ours(number: int) -> dict[str, Any] | None:
    """Our comment, of all pages; one that somebody else wrote is not ours, whatever it says."""
    author = os.environ.get("COMMENT_AUTHOR") or "github-actions[bot]"
    for page in range(1, MOST_PAGES + 1):
        comments = call("GET", f"issues/{number}/comments?per_page={PER_PAGE}&page={page}")
        for comment in comments:
            if (comment.get("body") or "").startswith(MARKER) and comment["user"]["login"] == author:
                found: dict[str, Any] = comment
                return found
        if len(comments) < PER_PAGE:
            return None
    return None


def call(method: str, path: str, content: dict[str, str] | None = None) -> Any:
    """One REST call about this repository."""
    root = os.environ.get("GITHUB_API_URL", "https://api.github.com")
    host = urlsplit(root)
    if host.scheme != "https" and host.hostname not in ("127.0.0.1", "localhost", "::1"):
        raise Failed("GITHUB_API_URL is not https", status=400)
    request = urllib.request.Request(
        f"{root}/repos/{os.environ['GITHUB_REPOSITORY']}/{path}",
        method=method,
        data=None if content is None else json.dumps(content).encode(),
        headers={
            "Authorization": f"Bearer {os.environ['GITHUB_TOKEN']}",
            "Accept": "application/vnd.github+json",
            "Content-Type": "application/json",
            "User-Agent": "oncall-gitops",
            "X-GitHub-Api-Version": "2022-11-28",
        },
    )
    try:
        with urllib.request.build_opener(NoRedirect).open(request, timeout=TIMEOUT) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as error:
        after = error.headers.get("Retry-After")
        raise Failed(
            f"HTTP {error.code}", status=error.code, after=float(after) if (after or "").isdigit() else None
        ) from None
    except (OSError, ValueError) as error:
        raise Failed(f"no answer ({type(error).__name__})") from None


def tell(kind: str, message: str) -> int:
    sys.stdout.write(f"::{kind}::{message}\n")
    return 1 if kind == "error" else 0


if __name__ == "__main__":
    sys.exit(main())
