"""The tour: every scene is played, and `docs/tour.md` shows what came out."""

from __future__ import annotations

import re
import subprocess
from difflib import unified_diff
from pathlib import Path

import psycopg
import pytest

from tests.commands.shell import Done, Shell
from tests.golden import ROOT, assert_golden
from tests.tour import AS_OF, FILES, OPTIONS, SCENES, Scene

INTRODUCTION = """\
# A tour of pull requests

What a reviewer sees, for each kind of change that a rota knows. Every scene begins with the same three files, on Sunday
2026-11-22; the comment below each command is the one that the workflow [posts](github.md), here between two lines. A
test plays all of it and compares, so this page cannot promise what the program does not do.

The files: [people](#the-files), one team that matters, and some schedules that nobody remembers.

"""


def git(folder: Path, *arguments: str) -> None:
    """Nothing of the machine gets into a commit's id: same files, same id."""
    who = ["-c", "user.name=Tour", "-c", "user.email=tour@example.com", "-c", "init.defaultBranch=main"]
    date = {f"GIT_{who}_DATE": AS_OF for who in ("AUTHOR", "COMMITTER")}
    nowhere = {"GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null", "PATH": "/usr/bin:/bin"}
    subprocess.run(
        ["git", *who, "-c", "commit.gpgsign=false", "-C", str(folder), *arguments],
        env=date | nowhere,
        check=True,
        capture_output=True,
    )


def played(shell: Shell, scene: Scene, database_url: str) -> str:
    """One scene, from the same files, as its part of the page."""
    for name, text in FILES.items():
        shell.write(text, name)
    git(shell.folder, "init")
    commit(shell)
    if scene.statements:
        shell.reconcile("--horizon", "6w", as_of=AS_OF)
        with psycopg.connect(database_url, autocommit=True) as connection:
            for statement in scene.statements:
                connection.execute(statement.encode())
        return part_of_page(scene, shell("reconcile", "--dry-run", "--format", "markdown", *OPTIONS))
    for name, old, new in scene.edits:
        edit(shell, name, old, new)
    commit(shell)
    return part_of_page(scene, shell("diff", "--base", "HEAD^1", "--format", "markdown", *OPTIONS))


def commit(shell: Shell) -> None:
    git(shell.folder, "add", "--all", "schedules")
    git(shell.folder, "commit", "--message", "a change of the rota")


def edit(shell: Shell, name: str, old: str, new: str) -> None:
    text = FILES.get(name, "")
    assert text.count(old) == 1 or not text
    if old == text and not new:
        (shell.schedules / name).unlink()
    else:
        shell.write(text.replace(old, new) if text else new, name)


def part_of_page(scene: Scene, done: Done) -> str:
    """One scene as it stands in the page."""
    assert done.code == scene.exit_code, done.err
    if scene.statements:
        command = "oncall-gitops reconcile --dry-run --format markdown"
        change = "```sql\n" + "".join(f"{statement};\n" for statement in scene.statements) + "```"
    else:
        command = "oncall-gitops diff --base HEAD^1 --format markdown"
        change = "```diff\n" + "".join(_diffs(scene)) + "```"
    code = f"\n\nExit code {done.code}." if done.code else ""
    parts = [f"## {scene.title}", scene.story, change, f"```console\n$ {command}\n```{code}", "---"]
    return "\n\n".join([*parts, _stable(done.out).strip(), "---"]) + "\n\n"


def _diffs(scene: Scene) -> list[str]:
    lines: list[str] = []
    for name, old, new in scene.edits:
        before = FILES.get(name, "")
        after = before.replace(old, new) if before else new
        old_name, new_name = (f"schedules/{name}" if text else "/dev/null" for text in (before, after))
        lines += unified_diff(before.splitlines(True), after.splitlines(True), old_name, new_name, n=1)
    return [re.sub(r"^@@.*@@$", "@@", line, flags=re.MULTILINE) for line in lines]


def _stable(text: str) -> str:
    """What differs from one machine to the next, or from one release of the data to the next."""
    text = re.sub(r"plan for [^:\n]*?(?=:)", "plan", text)
    text = re.sub(r"`[0-9a-f]{7}` ", "`3f9c2e1` ", text)
    text = re.sub(r"sha256:[0-9a-f]{64}", "sha256:68f66f9c...", text)
    return re.sub(r"time zone data [\w.]+", "time zone data 2026f", text)


def test_the_page_shows_what_happens(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch, database_url: str
) -> None:
    monkeypatch.setenv("DATABASE_URL", database_url)
    page = INTRODUCTION
    for number, scene in enumerate(SCENES):
        folder = tmp_path_factory.mktemp(f"scene{number}")
        page += played(Shell(folder, monkeypatch), scene, database_url)
    files = "".join(f"`schedules/{name}`\n\n```yaml\n{text}```\n\n" for name, text in FILES.items())

    assert_golden(f"{page}## The files\n\n{files.rstrip()}\n", "tour.md", folder=ROOT / "docs")
