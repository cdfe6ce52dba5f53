"""Commits that no honest git would make: `diff --base` reads them and writes nowhere but where it may."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.commands.shell import Shell
from tests.commands.test_reconcile import write


class Repository:
    """A git repository in which any tree can be built, object by object."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.git("init", "--quiet", ".")

    def git(self, *arguments: str, stdin: bytes = b"") -> str:
        done = subprocess.run(
            ["git", "-c", "user.name=a", "-c", "user.email=a@example.com", *arguments],
            cwd=self._folder,
            input=stdin,
            capture_output=True,
            check=True,
        )
        return done.stdout.decode().strip()

    def blob(self, content: str) -> str:
        return self.git("hash-object", "-w", "--stdin", stdin=content.encode())

    def tree(self, *entries: tuple[str, str, str]) -> str:
        """A tree of (mode, object, name), whatever the names are."""
        content = b"".join(
            f"{mode.lstrip('0')} {name}".encode("utf-8", "surrogateescape") + b"\0" + bytes.fromhex(known)
            for mode, known, name in entries
        )
        return self.git("hash-object", "-t", "tree", "-w", "--stdin", "--literally", stdin=content)

    def commit(self, tree: str) -> str:
        return self.git("commit-tree", tree, "-m", "crafted")


FILE, LINK, FOLDER = "100644", "120000", "040000"


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shell:
    inner = tmp_path / "work" / "repository"
    inner.mkdir(parents=True)
    temporary = tmp_path / "temporary" / "deep" / "er"
    temporary.mkdir(parents=True)
    monkeypatch.setattr("tempfile.tempdir", str(temporary))
    shell = Shell(inner, monkeypatch)
    write(shell)
    return shell


def everything(folder: Path) -> set[str]:
    return {str(path) for path in folder.rglob("*") if ".git" not in path.parts}


@pytest.mark.parametrize("up", [1, 2, 3])
def test_a_path_that_leads_upwards_is_refused(shell: Shell, tmp_path: Path, up: int) -> None:
    repository = Repository(shell.folder)
    tree = repository.tree((FILE, repository.blob("users: {}\n"), "planted.yaml"))
    for _ in range(up):
        tree = repository.tree((FOLDER, tree, ".."))
    commit = repository.commit(repository.tree((FOLDER, tree, "schedules")))
    before = everything(tmp_path)

    done = shell("diff", "--base", commit)

    assert (done.code, "leads out of it" in done.err) == (1, True), done.err
    assert everything(tmp_path) == before


def test_nothing_is_written_through_a_link(shell: Shell, tmp_path: Path) -> None:
    """A link and a folder of one name: the file in the folder would be written where the link leads."""
    repository = Repository(shell.folder)
    aim = tmp_path / "aim"
    aim.mkdir()
    inner = repository.tree((FILE, repository.blob("users: {}\n"), "planted.yaml"))
    both = repository.tree((LINK, repository.blob(str(aim)), "x"), (FOLDER, inner, "x"))
    commit = repository.commit(repository.tree((FOLDER, both, "schedules")))

    done = shell("diff", "--base", commit)

    assert done.code == 1
    assert "bug" not in done.err
    assert list(aim.iterdir()) == []


def test_a_folder_that_looks_like_a_repository_is_a_folder(shell: Shell, tmp_path: Path) -> None:
    """Git would take it for a bare repository, believe its history, and run what its configuration names."""
    repository = Repository(shell.folder)
    repository.git("add", "--all")
    repository.git("commit", "--quiet", "--message", "honest")
    write(shell, users="dave, carol")
    subprocess.run(["git", "clone", "--quiet", "--bare", ".", "theirs"], cwd=shell.folder, check=True)
    marker = tmp_path / "was-run"
    theirs = shell.folder / "theirs"
    (theirs / "config").write_text(
        f"[core]\n\trepositoryformatversion = 0\n\tbare = false\n\tworktree = {shell.folder}\n"
        f'\tfsmonitor = "touch {marker}; false"\n'
    )
    for path in theirs.iterdir():
        path.rename(shell.schedules / path.name)
    repository.git("add", "--all", "--force")
    repository.git("commit", "--quiet", "--message", "crafted")
    head = repository.git("rev-parse", "HEAD")

    done = shell.ok("diff", "--base", "HEAD~1", "--format", "json")

    assert not marker.exists()
    assert done.json["source"]["commit"] == head
    assert done.json["summary"]["update"] == 1


@pytest.mark.parametrize(
    "name",
    [
        "a\nb.yaml",
        "\x1b[31m.yaml",
        os.fsdecode(b"\xff.yaml"),
        "::error::x.yaml",
        "x" * 300 + ".yaml",
        "a\tb.yaml",
    ],
)
def test_a_file_of_any_name_is_read_or_refused(shell: Shell, tmp_path: Path, name: str) -> None:
    repository = Repository(shell.folder)
    file = repository.tree((FILE, repository.blob("users: {}\n"), name))
    commit = repository.commit(repository.tree((FOLDER, file, "schedules")))
    before = everything(tmp_path)

    done = shell("diff", "--base", commit)

    assert done.code in (0, 1), done.err
    assert "bug" not in done.err
    assert everything(tmp_path) == before
