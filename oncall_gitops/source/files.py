"""Which files a path stands for, and their bytes: only small regular files of the tree are ever read.

Every file is looked at before it is opened, opened without following links, and looked at again once open,
so that neither a pipe, nor a device, nor a link out of the tree is read, whatever changes meanwhile.
"""

from __future__ import annotations

import os
import stat
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from oncall_gitops.core.problem import Origin, Problem
from oncall_gitops.core.visible import UNSEEN

MAX_BYTES = 1024 * 1024
MAX_PATH = 1024
"""Bytes of a path below the folder that is read."""

SUFFIXES = (".yaml", ".yml")
_ALLOW = "let whoever runs this read it"
_SPECIAL = {
    stat.S_IFIFO: "a named pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFBLK: "a device",
    stat.S_IFCHR: "a device",
    stat.S_IFDIR: "a folder",
}


class SourceFile(NamedTuple):
    """A file to read: `name` as the user would type it, `path` to open."""

    name: str
    path: str


def find_files(path: Path) -> tuple[list[SourceFile], list[Problem]]:
    """Every YAML file that a path stands for, in order of name, and what is wrong with the others."""
    shown = display_name(path)
    try:
        kind = os.stat(path).st_mode
    except OSError as error:
        return [], [_problem(shown, "OG106", f"cannot read {shown}: {_reason(error)}")]
    if stat.S_ISREG(kind):
        return [SourceFile(shown, os.path.realpath(path))], []
    if not stat.S_ISDIR(kind):
        return [], [_problem(shown, "OG102", f"{shown} is {_SPECIAL.get(stat.S_IFMT(kind), 'special')}")]
    walk = _Walk(os.path.realpath(path))
    walk.folder(os.fspath(path), "" if shown == "." else shown, "")
    return sorted(walk.found, key=lambda file: file.name), walk.problems


def display_name(path: Path) -> str:
    """A path as the user would type it: relative to where they stand where it lies below, with `/`."""
    if not path.is_absolute():
        return _visible(path.as_posix())
    try:
        return _visible(path.relative_to(Path.cwd()).as_posix())
    except (ValueError, OSError):
        return _visible(path.as_posix())


def read_bytes(file: SourceFile) -> bytes | Problem:
    """The bytes of a regular file of at most 1 MiB, or why there are none."""
    flags = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
    try:
        handle = os.open(file.path, flags)
    except OSError as error:
        return _problem(file.name, "OG101", f"cannot read {file.name}: {_reason(error)}", _ALLOW)
    try:
        status = os.fstat(handle)
        if not stat.S_ISREG(status.st_mode):
            return _not_regular(file.name, status.st_mode)
        if status.st_size > MAX_BYTES:
            return _too_large(file.name)
        content = _read_all(handle, expected=status.st_size + 1)
    except OSError as error:
        return _problem(file.name, "OG101", f"cannot read {file.name}: {_reason(error)}")
    finally:
        os.close(handle)
    return sized(content, file)


class Contents:
    """A digest of files, names and bytes; each is told apart from the next by its length."""

    def __init__(self) -> None:
        self._digest = sha256()

    def add(self, file: SourceFile, content: bytes) -> None:
        name = file.name.encode(errors="surrogateescape")
        self._digest.update(b"%d %d\n%s" % (len(name), len(content), name))
        self._digest.update(content)

    @property
    def digest(self) -> str:
        return self._digest.hexdigest()


def sized(content: bytes, file: SourceFile) -> bytes | Problem:
    """A file's content, if it is not too large."""
    return _too_large(file.name) if len(content) > MAX_BYTES else content


class _Walk:
    """One walk over a folder; `root` is its real path, which no link may leave."""

    def __init__(self, root: str) -> None:
        self.root = root
        self.found: list[SourceFile] = []
        self.problems: list[Problem] = []
        self._links: list[tuple[SourceFile, str]] = []

    def folder(self, path: str, shown: str, below: str) -> None:
        """Walk a folder, `below` the root; deeper ones are on a list and not on the stack."""
        waiting = [(path, shown, below)]
        while waiting:
            path, shown, below = waiting.pop()
            try:
                with os.scandir(path) as entries:
                    children = sorted(entries, key=lambda entry: entry.name)
            except OSError as error:
                self.problems.append(
                    _problem(shown or ".", "OG101", f"cannot read {shown}: {_reason(error)}")
                )
                continue
            for entry in children:
                if not entry.name.startswith("."):
                    name = f"{shown}/{entry.name}" if shown else entry.name
                    deeper = f"{below}/{entry.name}" if below else entry.name
                    if self._entry(entry, name, deeper):
                        waiting.append((entry.path, name, deeper))
        self._settle_links()

    def _entry(self, entry: os.DirEntry[str], name: str, below: str) -> bool:
        """Take one entry; true for a folder to walk."""
        looks_like_yaml = entry.name.endswith(SUFFIXES)
        try:
            is_file = entry.is_file(follow_symlinks=False)  # the folder knows, no look at the file is needed
            mode = stat.S_IFREG if is_file else entry.stat(follow_symlinks=False).st_mode
        except OSError as error:
            self._refuse(name, "OG101", f"cannot read {_visible(name)}: {_reason(error)}")
            return False
        if stat.S_ISLNK(mode):
            self._link(entry, name, looks_like_yaml)
            return False
        if not stat.S_ISDIR(mode) and not looks_like_yaml:
            if entry.name.lower().endswith(SUFFIXES):
                self.problems.append(_not_read(name, entry.name))
            return False
        if fault := _name_fault(name, below):
            self.problems.append(fault)
        elif stat.S_ISDIR(mode) and not looks_like_yaml:
            return True
        elif not stat.S_ISREG(mode):
            self.problems.append(_not_regular(name, mode))
        else:
            self.found.append(SourceFile(name, entry.path))
        return False

    def _link(self, entry: os.DirEntry[str], name: str, looks_like_yaml: bool) -> None:
        try:
            target = os.path.realpath(entry.path, strict=True)
            mode = os.stat(target).st_mode
        except OSError as error:
            if looks_like_yaml or not entry.name.count("."):
                self._refuse(
                    name, "OG103", f"{_visible(name)} is a symbolic link to nowhere: {_reason(error)}"
                )
            return
        if stat.S_ISDIR(mode):
            self._refuse(
                name, "OG103", f"{_visible(name)} is a symbolic link to a folder, which is not followed"
            )
        elif not looks_like_yaml:
            return
        elif os.path.commonpath([target, self.root]) != self.root:
            self._refuse(name, "OG103", f"{_visible(name)} is a symbolic link out of the folder")
        elif not stat.S_ISREG(mode):
            self.problems.append(_not_regular(name, mode))
        else:
            self._links.append((SourceFile(name, target), target))

    def _settle_links(self) -> None:
        """A link to a file that is read anyway is no second file."""
        if not self._links:
            return
        real = {os.path.realpath(file.path) for file in self.found}
        for file, target in sorted(self._links, key=lambda link: link[0].name):
            if target not in real:
                real.add(target)
                self.found.append(file)

    def _refuse(self, name: str, code: str, message: str) -> None:
        hint = "put the file itself there, or remove the link" if code == "OG103" else _ALLOW
        self.problems.append(_problem(name, code, message, hint))


def _name_fault(name: str, below: str) -> Problem | None:
    try:
        length = len(below.encode())
    except UnicodeEncodeError:
        return _problem(name, "OG105", f"the name {_visible(name)} is not valid UTF-8", "rename it")
    if length > MAX_PATH:
        return _problem(name, "OG105", f"the path is longer than {MAX_PATH} bytes")
    if UNSEEN.search(below):
        return _problem(
            name, "OG105", f"the name {_visible(name)} holds control or invisible characters", "rename it"
        )
    return None


def _not_read(name: str, short: str) -> Problem:
    better = short[: short.rindex(".")] + short[short.rindex(".") :].lower()
    return Problem(
        Origin(_visible(name)),
        "OG920",
        f"{_visible(name)} is not read: its suffix is in capitals",
        help=f"rename it to {_visible(better)}",
        severity="warning",
    )


def _not_regular(name: str, mode: int) -> Problem:
    kind = _SPECIAL.get(stat.S_IFMT(mode), "not a regular file")
    return _problem(
        name,
        "OG102",
        f"{_visible(name)} is {kind}, not a file",
        "put a regular file there, or name it otherwise",
    )


def _too_large(name: str) -> Problem:
    return _problem(
        name, "OG104", f"{_visible(name)} is larger than 1 MiB", "split it: any number of files will do"
    )


def _read_all(handle: int, *, expected: int) -> bytes:
    """The bytes, one more than are allowed at most; the first look asks for no more than there should be."""
    content = os.read(handle, expected)
    if len(content) < expected:
        return content
    pieces = [content]
    left = MAX_BYTES + 1 - len(content)
    while left > 0 and (piece := os.read(handle, left)):
        pieces.append(piece)
        left -= len(piece)
    return b"".join(pieces)


def _problem(name: str, code: str, message: str, hint: str = "") -> Problem:
    return Problem(Origin(_visible(name)), code, message, hint)


def _visible(name: str) -> str:
    """A name in which nothing is hidden and every character can be printed."""
    plain = name.encode(errors="surrogateescape").decode(errors="backslashreplace")
    return UNSEEN.sub(lambda found: f"\\x{ord(found[0]):02x}", plain)


def _reason(error: OSError) -> str:
    return (error.strerror or type(error).__name__).lower()


def no_files(path: Path) -> Problem:
    """The problem of a folder in which there is nothing to read."""
    shown = display_name(path)
    return _problem(shown, "OG106", f"there is no YAML file in {shown}", "files end in .yaml or .yml")
