"""Paths to what `fmt` would write: the canonical form of every file whose form and structure are sound."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from oncall_gitops.core.problem import Problem, in_order
from oncall_gitops.source.desired import assemble
from oncall_gitops.source.document import Document, read_document
from oncall_gitops.source.files import SourceFile, find_files, read_bytes
from oncall_gitops.source.formatting.canonical import canonical
from oncall_gitops.source.text import decode

_WORD = re.compile(r"[a-z0-9][a-z0-9._-]*", re.ASCII)
_FIRST_OF_MEANING = "OG300"
"""Codes before it are about files, YAML, keys and kinds of values: layout cannot be judged while they stand."""


@dataclass(frozen=True, slots=True)
class Rewriting:
    """A file that is not in canonical form: the bytes that it holds, and those that it should hold."""

    file: SourceFile
    before: bytes
    after: bytes


@dataclass(frozen=True, slots=True)
class Formatting:
    """What formatting some paths would do. `problems` keep the files that they are in from being touched."""

    rewritings: list[Rewriting]
    problems: list[Problem]
    files: int
    texts: dict[str, str]


def formatting(paths: Iterable[Path]) -> Formatting:
    """The files below some paths that are not in canonical form; nothing is written."""
    files, problems = _found(paths)
    contents: dict[str, bytes] = {}
    documents: list[Document] = []
    for file in files:
        content = read_bytes(file)
        if isinstance(content, Problem):
            problems.append(content)
        else:
            contents[file.name] = content
            documents.append(_document(content, file.name))
    for document in documents:
        problems += document.problems
    named = frozenset(word for document in documents for word in _WORD.findall(document.text))
    assembled = assemble(documents, unread=named)  # what they name may be declared in a file that is not read
    problems += [problem for problem in assembled.problems if problem.code < _FIRST_OF_MEANING]
    wrong = in_order(problem for problem in problems if problem.is_error)
    broken = {problem.origin.file for problem in wrong}
    after = {
        document.file: canonical(document).encode()
        for document in documents
        if document.root is not None and document.file not in broken
    }
    rewritings = [
        Rewriting(file, contents[file.name], after[file.name])
        for file in files
        if file.name in after and after[file.name] != contents[file.name]
    ]
    return Formatting(rewritings, wrong, len(files), {document.file: document.text for document in documents})


def _found(paths: Iterable[Path]) -> tuple[list[SourceFile], list[Problem]]:
    """The files below all paths, each once."""
    files: dict[str, SourceFile] = {}
    problems: list[Problem] = []
    for path in paths:
        found, wrong = find_files(path)
        for file in found:
            files.setdefault(os.path.realpath(file.path), file)
        problems += wrong
    return sorted(files.values(), key=lambda file: file.name), problems


def _document(content: bytes, name: str) -> Document:
    text, faults = decode(content, name)
    text = text.replace("\r\n", "\n")
    return Document(name, text, None, faults) if faults else read_document(text, name)
