"""A path to the desired state and every mistake on the way: the one door to the files."""

from __future__ import annotations

import gc
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from oncall_gitops.core.checks import contradictions
from oncall_gitops.core.model.state import DesiredState
from oncall_gitops.core.problem import Problem, in_order
from oncall_gitops.core.scene import Scene
from oncall_gitops.source.desired import assemble
from oncall_gitops.source.document import Document, read_document
from oncall_gitops.source.files import SourceFile, find_files, read_bytes, sized
from oncall_gitops.source.silence import audible
from oncall_gitops.source.text import decode
from oncall_gitops.source.usual import Usual, read_usual

_WORD = re.compile(r"[a-z0-9][a-z0-9._-]*", re.ASCII)


@dataclass(frozen=True, slots=True)
class Loaded:
    """What a path holds.

    `desired` is None if there are errors; `scene` has what could be read all the same, without entries that
    have mistakes. `texts` maps each file to its text; `files` counts the files found, 0 for a folder without any.
    `silenced` are the warnings that a comment keeps out of `problems`.
    """

    desired: DesiredState | None
    problems: list[Problem]
    texts: Mapping[str, str]
    files: int
    scene: Scene
    silenced: tuple[Problem, ...] = ()

    @property
    def readable(self) -> DesiredState:
        """What could be read."""
        return self.scene.desired

    @property
    def has_errors(self) -> bool:
        return any(problem.is_error for problem in self.problems)


def load(
    path: Path, *, instead: Mapping[str, bytes] | None = None, known: dict[str, Usual] | None = None
) -> Loaded:
    """Read a folder or a file; the problems are in order of their places, silenced warnings left out.

    `instead` gives files, by name, another content than the one that they have: what if they said this?
    `known` is handed from one load to the next, so that a text that two trees have in common is read once.
    """
    with uncollected():
        return _load(path, instead or {}, {} if known is None else known, keeps=known is not None)


def _load(path: Path, instead: Mapping[str, bytes], known: dict[str, Usual], *, keeps: bool) -> Loaded:
    files, problems = find_files(path)
    documents = []
    texts: dict[str, str] = {}
    unread: set[str] = set()
    for file in files:
        document = _document(file, problems, texts, instead.get(file.name), known)
        if document is None:
            continue
        if keeps and document.usual:
            known[document.text] = document.usual
        problems += document.problems
        if not document.is_read:
            unread.update(_WORD.findall(document.text))
        documents.append(document)
    assembled = assemble(documents, unread=frozenset(unread))
    scene = Scene(assembled.desired, assembled.incomplete)
    wrong = contradictions(scene)
    every = in_order([*problems, *assembled.problems, *wrong])
    found = audible(every, texts)
    silenced = tuple(set(every).difference(found)) if len(found) < len(every) else ()
    desired = None if any(problem.is_error for problem in found) else assembled.desired
    return Loaded(desired, found, texts, len(files), scene, silenced)


@contextmanager
def uncollected(*, to_the_end: bool = False) -> Iterator[None]:
    """Values are made and kept, none of it garbage: looking for some, again and again, would double the time.

    What a command keeps `to_the_end` of the process is not looked through afterwards either.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            if to_the_end:
                gc.freeze()
            gc.enable()


def _document(
    file: SourceFile,
    problems: list[Problem],
    texts: dict[str, str],
    instead: bytes | None,
    known: Mapping[str, Usual],
) -> Document | None:
    content = read_bytes(file) if instead is None else sized(instead, file)
    if isinstance(content, Problem):
        problems.append(content)
        return None
    text, faults = decode(content, file.name)
    texts[file.name] = text
    problems += faults
    if faults:
        return Document(file.name, text, None, [])
    usual = known.get(text) or read_usual(text)
    return Document(file.name, text, None, [], usual) if usual else read_document(text, file.name)
