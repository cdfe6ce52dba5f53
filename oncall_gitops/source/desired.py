"""Documents to the desired state: every entry read by itself, then put together by name.

Names are gathered from all documents first, whether or not what they name can be read, so that one mistake is
reported once and not again wherever it is referred to.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from pydantic import ValidationError

from oncall_gitops.core import address
from oncall_gitops.core.definition import override_address
from oncall_gitops.core.model.layer import Layer
from oncall_gitops.core.model.override import Override
from oncall_gitops.core.model.schedule import Schedule
from oncall_gitops.core.model.state import DesiredState, State
from oncall_gitops.core.model.team import Team
from oncall_gitops.core.model.user import User
from oncall_gitops.core.problem import Problem
from oncall_gitops.source import build, mistakes
from oncall_gitops.source.document import Document, Mapping, Node, Scalar
from oncall_gitops.source.document import Sequence as Listed
from oncall_gitops.source.names import Declaration, Path, Site, gather
from oncall_gitops.source.offsets import has_offsets, odd_offsets
from oncall_gitops.source.origins import Origins
from oncall_gitops.source.references import unresolved
from oncall_gitops.source.scalars import Reading, is_slug, kind_of, slug_fault
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

E = TypeVar("E", bound=Entry)


@dataclass(frozen=True, slots=True)
class Assembled:
    """What could be read, what is wrong, and the schedules of which a part is missing because of that."""

    desired: DesiredState
    problems: list[Problem]
    incomplete: frozenset[str]


def assemble(documents: Sequence[Document], *, unread: frozenset[str] = frozenset()) -> Assembled:
    """The desired state that documents describe; `unread` are the words of files that could not be read."""
    read = [document for document in documents if document.is_read]
    assembly = _Assembly(read, unread)
    for document in read:
        if not document.is_usual:
            assembly.problems += mistakes.unknown_top_keys(document)
    assembly.users()
    assembly.teams()
    assembly.top_overrides(read)
    assembly.schedules()
    return assembly.result(files=len(documents))


class _Assembly:
    """The state while it is put together."""

    def __init__(self, documents: Sequence[Document], unread: frozenset[str]) -> None:
        declared = gather(documents)
        self._documents = documents
        self.problems = declared.problems
        self._declared = declared
        self._reading = Reading(
            frozenset(declared.users), frozenset(declared.teams), frozenset(declared.schedules), unread
        )
        self._users: dict[str, User] = {}
        self._teams: dict[str, Team] = {}
        self._schedules: dict[str, Schedule] = {}
        self._origins = Origins()
        self._renamed: dict[str, str] = {}
        self._elsewhere: dict[str, list[tuple[Override, Document, Path]]] = {}
        self._incomplete: set[str] = set()

    def users(self) -> None:
        for slug, declarations in self._declared.users.items():
            if isinstance(document := declarations[0], Document):
                self._usual_user(slug, document)
                continue
            sites = _sites(declarations)
            entries = [self._read(UserEntry, site) for site in sites]
            here = address.user(slug)
            self._origins.add(here, sites[0].document, sites[0].path)
            if entry := entries[0]:
                self._users[slug] = build.user(slug, entry)
                for index, written in enumerate(build.time_off_order(entry)):
                    path = (*sites[0].path, "time_off", written)
                    self._origins.add(address.time_off(slug, index), sites[0].document, path)
                self._rename(here, entry.renamed_from and address.user(entry.renamed_from))
                if entry.timezone and has_offsets(sites[0].document):
                    self.problems += odd_offsets(sites[0].document, sites[0].node, timezone=entry.timezone)

    def teams(self) -> None:
        for slug, declarations in self._declared.teams.items():
            if isinstance(declarations[0], Document):
                self._usual_team(slug, declarations)
                continue
            sites = _sites(declarations)
            entries = [(site, self._read(TeamEntry, site)) for site in sites]
            described = [
                (site, entry)
                for site, entry in entries
                if not isinstance(site.node, Mapping) or _own_keys(site.node)
            ]
            site, entry = (described or entries)[0]
            here = address.team(slug)
            self._origins.add(here, site.document, site.path)
            self._teams[slug] = build.team(slug, entry)
            if entry:
                self._rename(here, entry.renamed_from and address.team(entry.renamed_from))
            self.problems += [_described_twice(slug, other, site) for other, _ in described[1:]]

    def schedules(self) -> None:
        for full_name, declarations in self._declared.schedules.items():
            if isinstance(document := declarations[0], Document):
                self._usual_schedule(full_name, document)
                continue
            sites = _sites(declarations)
            team, slug = full_name.split("/")
            schedule, *_ = [self._schedule(team, slug, site) for site in sites]
            here = address.schedule(full_name)
            self._origins.add(here, sites[0].document, sites[0].path)
            if schedule is not None:
                self._schedules[full_name] = schedule

    def top_overrides(self, documents: Sequence[Document]) -> None:
        """Overrides outside of their schedules."""
        for document in documents:
            if document.usual:
                for index, (full_name, override) in enumerate(document.usual.overrides):
                    there: Path = ("overrides", index)
                    self._elsewhere.setdefault(full_name, []).append((override, document, there))
                continue
            node, key = document.walk(("overrides",))
            if key is None:
                continue
            if not isinstance(node, Listed):
                code = "OG204" if isinstance(node, Scalar) and node.is_null else "OG203"
                message = f"expected a list of overrides, found {kind_of(node)}"
                self.problems.append(Problem(document.locate(("overrides",)), code, message))
                continue
            for index, item in enumerate(node):
                path: Path = ("overrides", index)
                if entry := self._read_node(TopOverrideEntry, document, path, item):
                    place = (build.override(entry), document, path)
                    self._elsewhere.setdefault(entry.schedule, []).append(place)

    def result(self, *, files: int) -> Assembled:
        state = State(self._users, self._teams, self._schedules)
        desired = DesiredState(state, self._origins, self._renamed, files)
        broken = list(unresolved(desired, self._declared))
        self.problems += [problem for problem, _ in broken]
        self._incomplete |= {name for _, name in broken if name}
        for document in self._documents:
            document.usual = None  # the state has its values now
        return Assembled(desired, self.problems, frozenset(self._incomplete))

    # Usual files ----------------------------------------------------------------------------------------

    def _usual_user(self, slug: str, document: Document) -> None:
        assert document.usual
        self._users[slug] = user = document.usual.users[slug]
        self._origins.add(address.user(slug), document, ("users", slug))
        for index in range(len(user.time_off)):
            self._origins.add(address.time_off(slug, index), document, ("users", slug, "time_off", index))

    def _usual_team(self, slug: str, declarations: Sequence[Declaration]) -> None:
        documents = [
            document for document in declarations if isinstance(document, Document) and document.usual
        ]
        described = [
            document for document in documents if document.usual and slug in document.usual.described
        ]
        document = (described or documents)[0]
        assert document.usual
        self._teams[slug] = document.usual.teams[slug]
        self._origins.add(address.team(slug), document, ("teams", slug))

    def _usual_schedule(self, full_name: str, document: Document) -> None:
        assert document.usual
        schedule = document.usual.schedules[full_name]
        path: Path = ("teams", schedule.team, "schedules", schedule.slug)
        own: list[tuple[Override, Document, Path]] = [
            (override, document, (*path, "overrides", index))
            for index, override in enumerate(schedule.overrides)
        ]
        overrides = sorted([*self._elsewhere.get(full_name, ()), *own], key=_override_order)
        in_order = tuple([override for override, _, _ in overrides])
        if in_order != schedule.overrides:
            schedule = replace(schedule, overrides=in_order)
        self._schedules[full_name] = schedule
        self._origins.add_schedule(schedule, document, overrides)
        for _, elsewhere, there in overrides:
            if elsewhere.is_usual or not has_offsets(elsewhere):
                continue
            node, _ = elsewhere.walk(there)
            self.problems += odd_offsets(elsewhere, node, timezone=schedule.timezone)

    # One schedule --------------------------------------------------------------------------------------

    def _schedule(self, team: str, slug: str, site: Site) -> Schedule | None:
        full_name = f"{team}/{slug}"
        entry = self._read(ScheduleEntry, site)
        layers = self._layers(full_name, site)
        overrides = self._overrides(full_name, site)
        if entry is None:
            self._incomplete.add(full_name)
            return None
        if entry.rotation is None and not entry.layers:
            message = "the schedule has neither a rotation nor a layer: nobody would be on call"
            self.problems.append(
                Problem(site.document.origin(site.key), "OG508", message, "add a `rotation`")
            )
        if entry.renamed_from:
            old = entry.renamed_from if "/" in entry.renamed_from else f"{team}/{entry.renamed_from}"
            self._rename(address.schedule(full_name), address.schedule(old))
        overrides.sort(key=_override_order)
        schedule = build.schedule(
            team, slug, entry, layers=layers, overrides=[override for override, _, _ in overrides]
        )
        for override, document, path in overrides:
            self._origins.add(override_address(override, schedule), document, path)
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
                self._incomplete.add(full_name)
                continue
            here = address.layer(full_name, str(key))
            self._origins.add(here, site.document, path)
            self._rename(here, entry.renamed_from and address.layer(full_name, entry.renamed_from))
            found.append(build.layer(str(key), entry))
        return found

    def _overrides(self, full_name: str, site: Site) -> list[tuple[Override, Document, Path]]:
        found = list(self._elsewhere.get(full_name, ()))
        for index, node in enumerate(_list_below(site.node, "overrides")):
            path = (*site.path, "overrides", index)
            if entry := self._read_node(OverrideEntry, site.document, path, node):
                found.append((build.override(entry), site.document, path))
            else:
                self._incomplete.add(full_name)
        return found

    # Entries -------------------------------------------------------------------------------------------

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
            listed, rest = errors[: mistakes.MOST], len(errors) - mistakes.MOST
            self.problems += mistakes.described(listed, document, path, lambda loc: known_keys(model, loc))
            if rest > 0:
                self.problems.append(mistakes.unlisted(rest, document.locate(path)))
        if reading.notes:
            self.problems += mistakes.noted(reading.notes, document)
            if any(note.severity == "error" for note in reading.notes):
                return None
        return entry

    def _rename(self, here: str, before: str | None) -> None:
        if before:
            self._renamed[here] = before


def _override_order(place: tuple[Override, Document, Path]) -> tuple[str, str, str]:
    override = place[0]
    return override.start.text, override.replaces or "", override.user


def _sites(declarations: Sequence[Declaration]) -> list[Site]:
    """Of something that no usual file declares."""
    return [site for site in declarations if isinstance(site, Site)]


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
