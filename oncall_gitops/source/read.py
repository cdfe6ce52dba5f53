"""A path to the desired state and every mistake on the way: the one door to the files."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from oncall_gitops.core.checks import contradictions
from oncall_gitops.core.collecting import uncollected
from oncall_gitops.core.model.state import DesiredState
from oncall_gitops.core.problem import Problem, in_order
from oncall_gitops.core.scene import Scene
from oncall_gitops.source.desired import assemble
from oncall_gitops.source.document import Document, read_document, unsettled
from oncall_gitops.source.files import Contents, SourceFile, find_files, read_bytes, sized
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
    path: Path,
    *,
    instead: Mapping[str, bytes] | None = None,
    known: dict[str, Usual] | None = None,
    contents: Contents | None = None,
) -> Loaded:
    """Read a folder or a file; the problems are in order of their places, silenced warnings left out.

    `instead` gives files, by name, another content than the one that they have: what if they said this?
    `known` is handed from one load to the next, so that a text that two trees have in common is read once.
    `contents` is told of every file that was read.
    """
    with uncollected():
        return _load(path, instead or {}, {} if known is None else known, contents, keeps=known is not None)


def _load(
    path: Path,
    instead: Mapping[str, bytes],
    known: dict[str, Usual],
    contents: Contents | None,
    *,
    keeps: bool,
) -> Loaded:
    files, problems = find_files(path)
    documents = []
    texts: dict[str, str] = {}
    unread: set[str] = set()
    for file in files:
        content = sized(instead[file.name], file) if file.name in instead else read_bytes(file)
        if isinstance(content, Problem):
            problems.append(content)
            continue
        if contents:
            contents.add(file, content)
        document = _document(file, content, problems, texts, known)
        if keeps and document.usual:
            known[document.text] = document.usual
        if document.problems:
            from oncall_gitops.source.duplicates import told_once

            problems += told_once(document)
        if document.settled or not document.is_read:
            unread.update(_WORD.findall(document.text))
        documents.append(document)
    is_whole = not any(problem.is_error for problem in problems)
    assembled = assemble(documents, unread=frozenset(unread), is_whole=is_whole)
    scene = Scene(assembled.desired, assembled.incomplete)
    wrong = contradictions(scene)
    every = in_order([*problems, *unsettled(assembled.problems, documents), *wrong])
    found = audible(every, texts)
    silenced = tuple(set(every).difference(found)) if len(found) < len(every) else ()
    desired = None if any(problem.is_error for problem in found) else assembled.desired
    return Loaded(desired, found, texts, len(files), scene, silenced)


def _document(
    file: SourceFile,
    content: bytes,
    problems: list[Problem],
    texts: dict[str, str],
    known: Mapping[str, Usual],
) -> Document:
    text, faults = decode(content, file.name)
    texts[file.name] = text
    problems += faults
    if faults:
        return Document(file.name, text, None, [])
    usual = known.get(text) or read_usual(text)
    return Document(file.name, text, None, [], usual) if usual else read_document(text, file.name)
