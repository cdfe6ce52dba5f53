"""The entries of files that need a closer look, each read with its position, and every mistake in them.

Layers and overrides are read one by one: a mistake in one hides nothing about the others.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from typing import TypeVar

from pydantic import ValidationError

from oncall_gitops.core import address
from oncall_gitops.core.definition import override_address
from oncall_gitops.core.model.layer import Layer
from oncall_gitops.core.model.schedule import Schedule
from oncall_gitops.core.model.team import Team
from oncall_gitops.core.model.user import User
from oncall_gitops.core.problem import Problem
from oncall_gitops.source import build, mistakes
from oncall_gitops.source.document import Document, Mapping, Node, Scalar, kind_of
from oncall_gitops.source.document import Sequence as Listed
from oncall_gitops.source.duplicates import hidden_words
from oncall_gitops.source.listing import MOST, unlisted
from oncall_gitops.source.names import Declared, Path, Site, known_as, names_below
from oncall_gitops.source.offsets import has_offsets, odd_offsets
from oncall_gitops.source.origins import Origins, Placed, override_order
from oncall_gitops.source.scalars import Reading
from oncall_gitops.source.schema import (
    Entry,
    LayerEntry,
    OverrideEntry,
    ScheduleEntry,
    TeamEntry,
    TopOverrideEntry,
    UserEntry,
    known_keys,
)
from oncall_gitops.source.slugs import is_slug, slug_fault

E = TypeVar("E", bound=Entry)

_FILE_KEYS = frozenset({"users", "teams", "overrides"})
_TEAM_KEYS = frozenset(TeamEntry.model_fields)
_USER_KEYS = frozenset(UserEntry.model_fields)


class Entries:
    """Reads entries by name; what it finds beside them is among the problems, the renames and the origins.

    `incomplete` are the schedules of which a part could not be read. `is_whole` is False where that part may belong
    to any schedule.
    """

    def __init__(
        self,
        documents: Sequence[Document],
        declared: Declared,
        unread: frozenset[str],
        origins: Origins,
    ) -> None:
        self.problems = declared.problems
        self.renamed: dict[str, str] = {}
        self.incomplete: set[str] = set()
        self.is_whole = True
        self._origins = origins
        closer = [document for document in documents if not document.is_usual]
        unread = unread.union(declared.unread, *map(_misplaced_names, closer), *map(hidden_words, closer))
        self._reading = Reading(
            frozenset(declared.users),
            frozenset(declared.teams),
            frozenset(declared.schedules),
            unread,
            cache(lambda: known_as(declared)),
        )
        for document in closer:
            unknown = list(mistakes.unknown_top_keys(document))
            self.problems += unknown
            self.is_whole &= not unknown  # it may be a misspelt `overrides`

    def user(self, slug: str, sites: Sequence[Site]) -> User | None:
        entry, *_ = [self._read(UserEntry, site) for site in sites]
        site, here = sites[0], address.user(slug)
        self._origins.add(here, site.document, site.path)
        if entry is None:
            return None
        for index, written in enumerate(build.time_off_order(entry)):
            self._origins.add(address.time_off(slug, index), site.document, (*site.path, "time_off", written))
        self._rename(here, entry.renamed_from and address.user(entry.renamed_from))
        if entry.timezone and has_offsets(site.document):
            self.problems += odd_offsets(site.document, site.node, timezone=entry.timezone)
        return build.user(slug, entry)

    def team(self, slug: str, sites: Sequence[Site]) -> Team:
        entries = [(site, self._read(TeamEntry, site)) for site in sites]
        described = [
            (site, entry)
            for site, entry in entries
            if not isinstance(site.node, Mapping) or _own_keys(site.node)
        ]
        site, entry = (described or entries)[0]
        here = address.team(slug)
        self._origins.add(here, site.document, site.path)
        if entry:
            self._rename(here, entry.renamed_from and address.team(entry.renamed_from))
        self.problems += [_described_twice(slug, other, site) for other, _ in described[1:]]
        return build.team(slug, entry)

    def top_overrides(self, document: Document) -> Iterator[tuple[str, Placed]]:
        """Overrides outside of their schedules, each with the full name of its own."""
        node, key = document.walk(("overrides",))
        if key is None:
            return
        if not isinstance(node, Listed):
            code = "OG204" if isinstance(node, Scalar) and node.is_null else "OG203"
            message = f"expected a list of overrides, found {kind_of(node)}"
            hint = "write `overrides: []`, or leave the key out" if code == "OG204" else ""
            self.problems.append(Problem(document.locate(("overrides",)), code, message, hint))
            self.is_whole = False
            return
        for index, item in enumerate(node):
            path: Path = ("overrides", index)
            if entry := self._read_node(TopOverrideEntry, document, path, item):
                yield entry.schedule, (build.override(entry), document, path)
            else:
                self._miss_override(item)

    def _miss_override(self, item: Node) -> None:
        """An override could not be read: its schedule lacks it, or any does if it cannot be told which."""
        name = item.get(Scalar("schedule")) if isinstance(item, Mapping) else None
        if isinstance(name, Scalar) and name in self._reading.schedules:
            self.incomplete.add(str(name))
        else:
            self.is_whole = False

    def schedule(self, full_name: str, sites: Sequence[Site], elsewhere: Sequence[Placed]) -> Schedule | None:
        """The schedule at the first of its sites, with its overrides from elsewhere."""
        found, *_ = [self._schedule(full_name, site, elsewhere) for site in sites]
        self._origins.add(address.schedule(full_name), sites[0].document, sites[0].path)
        return found

    def _schedule(self, full_name: str, site: Site, elsewhere: Sequence[Placed]) -> Schedule | None:
        team, slug = full_name.split("/")
        entry = self._read(ScheduleEntry, site)
        layers = self._layers(full_name, site)
        overrides = [*elsewhere, *self._overrides(full_name, site)]
        if entry is None:
            self.incomplete.add(full_name)
            return None
        if entry.rotation is None and not entry.layers:
            message = "the schedule has neither a rotation nor a layer: nobody would be on call"
            self.problems.append(
                Problem(site.document.origin(site.key), "OG508", message, "add a `rotation`")
            )
        if entry.renamed_from:
            old = entry.renamed_from if "/" in entry.renamed_from else f"{team}/{entry.renamed_from}"
            self._rename(address.schedule(full_name), address.schedule(old))
        overrides.sort(key=lambda placed: override_order(placed[0]))
        schedule = build.schedule(
            team, slug, entry, layers=layers, overrides=[override for override, _, _ in overrides]
        )
        addresses = address.numbered(override_address(override, schedule) for override, _, _ in overrides)
        for known, (_, document, path) in zip(addresses, overrides, strict=True):
            self._origins.add(known, document, path)
            if path[0] == "overrides" and has_offsets(document):
                node, _ = document.walk(path)
                self.problems += odd_offsets(document, node, timezone=schedule.timezone)
        if has_offsets(site.document):
            self.problems += odd_offsets(site.document, site.node, timezone=schedule.timezone)
        return schedule

    def _layers(self, full_name: str, site: Site) -> list[Layer]:
        found = []
        for key, node in _mapping_below(site.node, "layers"):
            path = (*site.path, "layers", str(key))
            if not is_slug(key):
                self.problems.append(Problem(site.document.origin(key), "OG209", *slug_fault(key)))
            entry = self._read_node(LayerEntry, site.document, path, node)
            if entry is None or not is_slug(key):
                self.incomplete.add(full_name)
                continue
            here = address.layer(full_name, str(key))
            self._origins.add(here, site.document, path)
            self._rename(here, entry.renamed_from and address.layer(full_name, entry.renamed_from))
            found.append(build.layer(str(key), entry))
        return found

    def _overrides(self, full_name: str, site: Site) -> list[Placed]:
        found: list[Placed] = []
        for index, node in enumerate(_list_below(site.node, "overrides")):
            path = (*site.path, "overrides", index)
            if entry := self._read_node(OverrideEntry, site.document, path, node):
                found.append((build.override(entry), site.document, path))
            else:
                self.incomplete.add(full_name)
        return found

    def _read(self, model: type[E], site: Site) -> E | None:
        return self._read_node(model, site.document, site.path, site.node)

    def _read_node(self, model: type[E], document: Document, path: Path, node: Node) -> E | None:
        """The entry at a place, or None and its mistakes among the problems."""
        reading = self._reading
        reading.notes = []
        entry = None
        try:
            entry = model.model_validate(node, context=reading)
        except ValidationError as error:
            errors = error.errors(include_url=False)
            listed, rest = errors[:MOST], len(errors) - MOST
            self.problems += mistakes.described(listed, document, path, lambda loc: known_keys(model, loc))
            if rest > 0:
                self.problems.append(unlisted(rest, document.locate(path)))
        if reading.notes:
            self.problems += mistakes.noted(reading.notes, document)
            if any(note.severity == "error" for note in reading.notes):
                return None
        return entry

    def _rename(self, here: str, before: str | None) -> None:
        if before:
            self.renamed[here] = before


def _misplaced_names(document: Document) -> set[str]:
    """What stands below a misspelt `users`, `teams` or `schedules`: not read, but not unknown either.

    Nor is what was shifted to the right: entries of users that stand among the keys of one, teams among the users.
    """
    root = document.root or Mapping()
    teams = [node for _, node in _mapping_below(root, "teams") if isinstance(node, Mapping)]
    users = {str(slug): node for slug, node in _mapping_below(root, "users") if isinstance(node, Mapping)}
    places = ((root, _FILE_KEYS), *((team, _TEAM_KEYS) for team in teams))
    found = {name for node, known in places for key in node.keys() - known for name in names_below(node[key])}
    for slug, user in users.items():
        found |= names_below(user) if slug in _FILE_KEYS else set(map(str, user.keys() - _USER_KEYS))
    return found


def _own_keys(node: Mapping) -> bool:
    return any(key != "schedules" for key in node)


def _described_twice(slug: str, site: Site, first: Site) -> Problem:
    assert isinstance(site.node, Mapping)
    key = next((key for key in site.node if key != "schedules"), site.key)
    origin = first.document.origin(first.key)
    message = (
        f'the team "{slug}" is already described in {origin.file}:{origin.line}: only one file gives its keys'
    )
    hint = "keep only `schedules` in all but one"
    return Problem(
        site.document.origin(key), "OG309", message, hint, related=((origin, "first described here"),)
    )


def _mapping_below(node: Node, key: str) -> list[tuple[Scalar, Node]]:
    """The entries of the mapping under a key, if there is one."""
    below = node.get(Scalar(key)) if isinstance(node, Mapping) else None
    return list(below.items()) if isinstance(below, Mapping) else []


def _list_below(node: Node, key: str) -> list[Node]:
    """The entries of the list under a key, if there is one."""
    below = node.get(Scalar(key)) if isinstance(node, Mapping) else None
    return below if isinstance(below, Listed) else []
