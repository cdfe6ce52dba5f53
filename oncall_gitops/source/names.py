"""Which names the files declare, and where: gathered first, so that references can be checked."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from oncall_gitops.core.model.user import NOBODY
from oncall_gitops.core.problem import Problem
from oncall_gitops.source.document import Document, Mapping, Node, Scalar, kind_of
from oncall_gitops.source.slugs import better_slug, is_slug, slug_fault
from oncall_gitops.source.syntax import shown

Path = tuple["str | int", ...]

_WORD = re.compile(r"[a-z0-9][a-z0-9._-]*", re.ASCII)


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

    What a usual file declares stands there as the document, which has the value. `unread` are the words of what
    could not be read as a declaration: names among them may be references to it.
    """

    users: dict[str, tuple[Declaration, ...]] = field(default_factory=dict)
    teams: dict[str, tuple[Declaration, ...]] = field(default_factory=dict)
    schedules: dict[str, tuple[Declaration, ...]] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    unread: set[str] = field(default_factory=set)


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
    for key, site in _entries(document, ("users",), declared):
        if key == NOBODY:
            message = '"nobody" is reserved: it stands for an intended hole'
            declared.problems.append(
                Problem(document.origin(site.key), "OG303", message, "give this user another slug")
            )
            continue
        _declare(declared.users, key, site)
    for team, site in _entries(document, ("teams",), declared):
        _declare(declared.teams, team, site)
        if isinstance(site.node, Mapping) and "schedules" in site.node:
            for key, below in _entries(document, (*site.path, "schedules"), declared):
                _declare(declared.schedules, f"{team}/{key}", below)


def _declare(found: dict[str, tuple[Declaration, ...]], name: str, site: Site) -> None:
    found[name] = (*found.get(name, ()), site)


def _entries(document: Document, path: Path, declared: Declared) -> Iterator[tuple[str, Site]]:
    """The entries of the mapping at a place, if there is one."""
    node, key = document.walk(path)
    if key is None or key != path[-1]:
        return
    if not isinstance(node, Mapping):
        empty = isinstance(node, Scalar) and node.is_null
        message = f"expected a mapping of {path[-1]}, found {kind_of(node)}"
        hint = (
            f"write `{path[-1]}: {{}}`, or leave the key out"
            if empty
            else f"write `{path[-1]}: {{slug: {{...}}}}`"
        )
        declared.problems.append(Problem(document.locate(path), "OG204" if empty else "OG203", message, hint))
        declared.unread |= words_of(node)
        return
    for slug, value in node.items():
        if is_slug(slug):
            yield str(slug), Site(document, (*path, str(slug)), slug, value)
        else:
            declared.problems.append(Problem(document.origin(slug), "OG209", *slug_fault(slug)))
            declared.unread |= {better_slug(slug), *names_below(value)}


def names_below(node: Node) -> set[str]:
    """All keys below a node that is not read: what is declared there is not unknown."""
    found: set[str] = set()
    waiting = [node]
    while waiting:
        if isinstance(below := waiting.pop(), Mapping):
            found.update(map(str, below))
            waiting += below.values()
    return found


def words_of(node: Node) -> set[str]:
    """What may be the names in something that should have been a mapping."""
    if isinstance(node, Scalar):
        return set(_WORD.findall(node))
    if isinstance(node, Mapping):
        return names_below(node)
    return {word for item in node for word in words_of(item)}


def known_as(declared: Declared) -> dict[str, str]:
    """The users by their names and addresses in small letters, as far as those are somebody's alone."""
    owners: dict[str, set[str]] = {}
    for slug, (first, *_) in declared.users.items():
        for known in _called(slug, first):
            owners.setdefault(known.strip().casefold(), set()).add(slug)
    return {known: owner for known, slugs in owners.items() if len(slugs) == 1 for owner in slugs}


def _called(slug: str, declaration: Declaration) -> Iterator[str]:
    if isinstance(declaration, Document):
        if declaration.usual:
            user = declaration.usual.users[slug]
            yield from (user.name, user.email)
    elif isinstance(declaration.node, Mapping):
        for key in (Scalar("name"), Scalar("email")):
            if isinstance(value := declaration.node.get(key), Scalar):
                yield value


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
