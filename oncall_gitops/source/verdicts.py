"""Files in which nothing was wrong are not judged again, as long as not one byte of them is different.

A verdict is kept for each path, and only the best one: no mistake, no warning, no comment that silences one. It
names everything that it rests on: the files' names and bytes, this program's own files, the time zone data and
the libraries, the horizon, and the time until which nothing can become wrong by itself (`core/checks.judge`). If any
of it is different, or the verdict cannot be read, or others could have written it, there is none. So it can save
work and can hide nothing: the files are still walked through and read, every time.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Any

from oncall_gitops import __version__
from oncall_gitops.core.model.instant import Instant
from oncall_gitops.source.files import Contents, SourceFile, display_name, find_files, read_bytes

MOST = 200
"""Paths with a verdict; beyond that the older half is forgotten."""

_PACKAGE = Path(__file__).parents[1]


class Verdicts:
    """The verdicts in a folder, made for one horizon (in seconds); None for a folder keeps none."""

    def __init__(self, folder: Path | None, *, horizon: int) -> None:
        self._folder = folder
        self._horizon = horizon

    def recall(self, path: Path, *, now: Instant) -> int | None:
        """How many files a path holds, if nothing was wrong with them and nothing has changed."""
        kept = self._kept(path)
        if kept is None or not kept["from"] <= now < kept["until"] or kept["program"] != _program():
            return None
        files, problems = find_files(path)
        if problems or len(files) != kept["files"] or _digest(files) != kept["digest"]:
            return None
        return len(files)

    def keep(self, path: Path, *, contents: Contents, files: int, now: Instant, until: Instant) -> None:
        """Remember that nothing is wrong with the files of a path from now until then; failing is no failure."""
        if self._folder is None:
            return
        verdict = {
            "program": _program(),
            "horizon": self._horizon,
            "from": now,
            "until": until,
            "files": files,
            "digest": contents.digest,
        }
        with suppress(OSError, ValueError):
            self._folder.mkdir(parents=True, mode=0o700, exist_ok=True)
            if _is_ours(self._folder):
                self._forget_the_older()
                _write(self._folder / _name(path), json.dumps(verdict))

    def _kept(self, path: Path) -> dict[str, Any] | None:
        if self._folder is None:
            return None
        try:
            if not _is_ours(self._folder):
                return None
            kept = json.loads((self._folder / _name(path)).read_bytes())
        except (OSError, ValueError):
            return None
        is_whole = isinstance(kept, dict) and kept.keys() >= {"program", "from", "until", "files", "digest"}
        return kept if is_whole and kept.get("horizon") == self._horizon else None

    def _forget_the_older(self) -> None:
        assert self._folder
        kept = list(self._folder.iterdir())
        if len(kept) > MOST:
            for old in sorted(kept, key=lambda file: file.stat().st_mtime)[: len(kept) // 2]:
                old.unlink(missing_ok=True)


def _digest(files: Sequence[SourceFile]) -> str | None:
    contents = Contents()
    for file in files:
        content = read_bytes(file)
        if not isinstance(content, bytes):
            return None
        contents.add(file, content)
    return contents.digest


def _is_ours(folder: Path) -> bool:
    """Whether nobody else can write there."""
    status = folder.stat()
    return status.st_uid == os.geteuid() and not status.st_mode & 0o022


def _name(path: Path) -> str:
    """One for each path, as it is typed from where it is typed."""
    typed = f"{os.path.realpath(path)}\n{display_name(path)}".encode(errors="surrogateescape")
    return f"{sha256(typed).hexdigest()}.json"


def _program() -> str:
    """What judges: this version, each of its files as it was last written, and the folder of what it stands on."""
    import tzdata  # type: ignore[import-untyped]

    digest = sha256(f"{__version__} {tzdata.IANA_VERSION} {sys.version}".encode())
    waiting = [os.fspath(_PACKAGE)]
    while waiting:
        with os.scandir(waiting.pop()) as entries:
            for entry in sorted(entries, key=lambda entry: entry.name):
                if entry.is_dir():
                    if entry.name != "__pycache__":
                        waiting.append(entry.path)
                else:
                    status = entry.stat()
                    digest.update(f"{entry.path} {status.st_size} {status.st_mtime_ns}\n".encode())
    libraries = Path(tzdata.__file__).parents[1].stat()
    digest.update(f"{libraries.st_ino} {libraries.st_mtime_ns}".encode())
    return digest.hexdigest()


def _write(file: Path, text: str) -> None:
    """All of it or nothing, whoever else writes it."""
    import tempfile

    handle, name = tempfile.mkstemp(dir=file.parent)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as whole:
            whole.write(text)
        os.replace(name, file)
    except BaseException:
        with suppress(OSError):
            os.unlink(name)
        raise
