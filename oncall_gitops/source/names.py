"""Which names the files declare, and where: gathered first, so that references can be checked."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from oncall_gitops.core.model.user import NOBODY
from oncall_gitops.core.problem import Problem
from oncall_gitops.source.document import Document, Mapping, Node, Scalar, kind_of
from oncall_gitops.source.slugs import is_slug, slug_fault
from oncall_gitops.source.syntax import shown

Path = tuple["str | int", ...]


@dataclass(frozen=True, slots=True)
class Site:
    """One place where a name is declared: its key, and the node that stands there."""

    document: Document
    path: Path
    key: Scalar
    node: Node


Declaration: TypeAlias = Site | Document


@dataclass(slots=True)
class Declared:
    """Every declaration by name, in order of files; schedules by full name.

    What a usual file declares stands there as the document, which has the value.
    """

    users: dict[str, tuple[Declaration, ...]] = field(default_factory=dict)
    teams: dict[str, tuple[Declaration, ...]] = field(default_factory=dict)
    schedules: dict[str, tuple[Declaration, ...]] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)


def gather(documents: Sequence[Document]) -> Declared:
    """The declarations of all documents; clashes and keys that are no slugs are among the problems.

    A usual file that clashes with another one, or mentions what is not there, is not usual any more.
    """
    declared = _gathered(documents)
    if unusual := [document for document in documents if document.usual] and list(
        _unusual(documents, declared)
    ):
        for document in unusual:
            document.look_closer()
        declared = _gathered(documents)
    declared.problems += _clashes("user", declared.users)
    declared.problems += _clashes("schedule", declared.schedules)
    return declared


def _gathered(documents: Iterable[Document]) -> Declared:
    declared = Declared()
    for document in documents:
        if document.usual:
            alone = (document,)  # one tuple for all of them: most names are declared once
            for found, names in (
                (declared.users, document.usual.users),
                (declared.teams, document.usual.teams),
                (declared.schedules, document.usual.schedules),
            ):
                if found.keys().isdisjoint(names):
                    found.update(dict.fromkeys(names, alone))
                    continue
                for name in names:
                    found[name] = (*found[name], document) if name in found else alone
        else:
            _look(document, declared)
    return declared


def _unusual(documents: Iterable[Document], declared: Declared) -> Iterator[Document]:
    """The documents that are usual only as long as one looks at nothing else."""
    for document in documents:
        if document.usual and not (
            declared.users.keys() >= document.usual.mentioned
            and all(full_name in declared.schedules for full_name, _ in document.usual.overrides)
        ):
            yield document
    for declarations in [*declared.users.values(), *declared.schedules.values()]:
        if len(declarations) > 1:
            yield from (document for document in declarations if isinstance(document, Document))
    for team, declarations in declared.teams.items():
        if len(declarations) > 1:
            usual = [document for document in declarations if isinstance(document, Document)]
            described = [
                document for document in usual if document.usual and team in document.usual.described
            ]
            if len(described) > 1 or len(usual) < len(declarations):
                yield from usual


def _look(document: Document, declared: Declared) -> None:
    """The declarations of a document with positions."""
    for key, site in _entries(document, ("users",), declared.problems):
        if key == NOBODY:
            message = '"nobody" is reserved: it stands for an intended hole'
            declared.problems.append(
                Problem(document.origin(site.key), "OG303", message, "give this user another slug")
            )
            continue
        _declare(declared.users, key, site)
    for team, site in _entries(document, ("teams",), declared.problems):
        _declare(declared.teams, team, site)
        if isinstance(site.node, Mapping) and "schedules" in site.node:
            for key, below in _entries(document, (*site.path, "schedules"), declared.problems):
                _declare(declared.schedules, f"{team}/{key}", below)


def _declare(found: dict[str, tuple[Declaration, ...]], name: str, site: Site) -> None:
    found[name] = (*found.get(name, ()), site)


def _entries(document: Document, path: Path, problems: list[Problem]) -> Iterator[tuple[str, Site]]:
    """The entries of the mapping at a place, if there is one."""
    node, key = document.walk(path)
    if key is None or key != path[-1]:
        return
    if not isinstance(node, Mapping):
        empty = isinstance(node, Scalar) and node.is_null
        message = f"expected a mapping of {path[-1]}, found {kind_of(node)}"
        hint = f"write `{path[-1]}: {{}}`, or leave the key out" if empty else ""
        problems.append(Problem(document.locate(path), "OG204" if empty else "OG203", message, hint))
        return
    for slug, value in node.items():
        if is_slug(slug):
            yield str(slug), Site(document, (*path, str(slug)), slug, value)
        else:
            problems.append(Problem(document.origin(slug), "OG209", *slug_fault(slug)))


def _clashes(kind: str, declared: dict[str, tuple[Declaration, ...]]) -> Iterator[Problem]:
    for name, declarations in declared.items():
        if len(declarations) < 2:
            continue
        first, *others = (site for site in declarations if isinstance(site, Site))
        origin = first.document.origin(first.key)
        for other in others:
            message = f"the {kind} {shown(name)} is already declared in {origin.file}:{origin.line}"
            related = ((origin, "first declared here"),)
            yield Problem(
                other.document.origin(other.key), "OG301", message, "rename or remove one", related=related
            )
