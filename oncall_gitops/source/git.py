"""What git knows about the folder of files; a folder outside of git is as good."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from oncall_gitops.core.errors import OncallError

_TIMEOUT = 20


class Commit(NamedTuple):
    """The commit that is checked out (None outside of git), and whether the files differ from it."""

    id: str | None = None
    dirty: bool = False


def checked_out(path: Path) -> Commit:
    """The commit of the work tree that holds a path."""
    top = _top(path)
    head = _git(top, "rev-parse", "--verify", "--quiet", "HEAD")
    if head is None:
        return Commit()
    status = _git(top, "status", "--porcelain", "--untracked-files=all", "--", str(path.resolve()))
    return Commit(head.strip(), dirty=bool(status))


@contextmanager
def tree_at(base: str, path: Path) -> Iterator[Path | None]:
    """A folder with the files of `path` as they are in a git ref, or that folder itself if `base` is one.

    The ref is read with git's plumbing into a temporary folder; work tree and index stay as they are. None if
    the ref has no such files.
    """
    if Path(base).is_dir():
        yield Path(base)
        return
    top = _top(path)
    commit = _git(top, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{base}^{{commit}}")
    if top is None or commit is None:
        raise OncallError(
            f"the base {base!r} is neither a folder nor a commit that git knows here",
            help="in a shallow clone the base may be missing: fetch it, or the whole history",
        )
    below = path.resolve().relative_to(top).as_posix()
    wanted = ("" if below == "." else f"{below}/") if path.is_dir() else below
    with TemporaryDirectory(prefix="oncall-base-") as temporary:
        target = Path(temporary) / "files"
        yield target if _extract(top, commit.strip(), wanted, target) else None


def _top(path: Path) -> Path | None:
    """The work tree that holds a path, by its `.git`, which no commit can bring along.

    Git itself would also take a folder for a repository that only looks like a bare one: anybody's commit can
    bring such a folder, with a configuration that names commands to run.
    """
    here = path.resolve()
    return next((folder for folder in (here, *here.parents) if (folder / ".git").exists()), None)


def _extract(top: Path, commit: str, wanted: str, target: Path) -> bool:
    """Write the files below a path of a commit; false if there are none.

    A commit may come from anybody, and a crafted one may hold names that lead elsewhere: those are refused, and
    links are made last, so that nothing is written through one.
    """
    listing = _git(top, "ls-tree", "-r", "-z", "--full-tree", commit, "--", wanted.rstrip("/") or ".")
    entries = [entry.partition("\t") for entry in (listing or "").split("\0") if entry]
    files = [
        (meta.split()[0], meta.split()[2], name) for meta, _, name in entries if meta.split()[1] == "blob"
    ]
    if any({"", ".", ".."} & set(name.split("/")) for _, _, name in files):
        raise OncallError(f"the commit {commit} holds a path that leads out of it")
    contents = _blobs(top, [blob for _, blob, _ in files])
    links = []
    for (mode, _, name), content in zip(files, contents, strict=True):
        file = target / (name[len(wanted) :] if wanted.endswith("/") or not wanted else Path(name).name)
        file.parent.mkdir(parents=True, exist_ok=True)
        if mode == "120000":
            links.append((file, os.fsdecode(content)))
        else:
            file.write_bytes(content)
    for file, destination in links:
        file.symlink_to(destination)
    return bool(files)


def _blobs(top: Path, ids: Sequence[str]) -> Iterator[bytes]:
    """The contents of blobs, all through one process."""
    done = subprocess.run(
        ["git", "--no-optional-locks", "-C", str(top), "cat-file", "--batch"],
        input="".join(f"{blob}\n" for blob in ids).encode(),
        capture_output=True,
        timeout=_TIMEOUT,
        check=True,
    ).stdout
    position = 0
    for _ in ids:
        end_of_header = done.index(b"\n", position)
        size = int(done[position:end_of_header].split()[2])
        yield done[end_of_header + 1 : end_of_header + 1 + size]
        position = end_of_header + size + 2


def _git(top: Path | None, *arguments: str) -> str | None:
    """The output of a git command that only reads; None if there is no git, no work tree, or no answer."""
    if top is None:
        return None
    try:
        done = subprocess.run(
            ["git", "--no-optional-locks", "-C", str(top), *arguments],
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_TIMEOUT,
            check=False,
            stdin=subprocess.DEVNULL,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout if done.returncode == 0 else None
