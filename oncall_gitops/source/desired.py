"""Documents to the desired state: every entry read by itself, then put together by name.

Names are gathered from all documents first, whether or not what they name can be read, so that one mistake is
reported once and not again wherever it is referred to. Usual files have their values already; the entries of the
others are read, and explained, by `entries.py`, which is loaded only for them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING

from oncall_gitops.core import address
from oncall_gitops.core.model.override import Override
from oncall_gitops.core.model.schedule import Schedule
from oncall_gitops.core.model.state import DesiredState, State
from oncall_gitops.core.model.team import Team
from oncall_gitops.core.model.user import User
from oncall_gitops.core.model.when import Written
from oncall_gitops.core.problem import Problem
from oncall_gitops.source.document import Document
from oncall_gitops.source.names import Declaration, Declared, Path, Site, gather
from oncall_gitops.source.offsets import has_offsets, odd_offsets
from oncall_gitops.source.origins import Origins, Placed, override_order
from oncall_gitops.source.references import unresolved

if TYPE_CHECKING:
    from oncall_gitops.source.entries import Entries


@dataclass(frozen=True, slots=True)
class Assembled:
    """What could be read, what is wrong, and the schedules of which a part is missing because of that."""

    desired: DesiredState
    problems: list[Problem]
    incomplete: frozenset[str]


def assemble(
    documents: Sequence[Document], *, unread: frozenset[str] = frozenset(), is_whole: bool = True
) -> Assembled:
    """The desired state that documents describe; `unread` are the words of files that could not be read.

    `is_whole` says that every file was read to its end: what is missing may be an override of any schedule.
    """
    read = [document for document in documents if document.is_read]
    assembly = _Assembly(read, gather(read), unread)
    assembly.users()
    assembly.teams()
    assembly.top_overrides()
    assembly.schedules()
    return assembly.result(files=len(documents), is_whole=is_whole)


class _Assembly:
    """The state while it is put together."""

    def __init__(self, documents: Sequence[Document], declared: Declared, unread: frozenset[str]) -> None:
        self._documents = documents
        self._declared = declared
        self._unread = unread
        self._users: dict[str, User] = {}
        self._teams: dict[str, Team] = {}
        self._schedules: dict[str, Schedule] = {}
        self._elsewhere: dict[str, list[Placed]] = {}
        self._origins = Origins(declared, self._elsewhere)
        self._entries = self._closer()

    def users(self) -> None:
        if self._entries is None:  # each usual file has users of its own
            for document in self._documents:
                assert document.usual
                self._users.update(document.usual.users)
                for slug in document.usual.away:
                    self._away(self._users[slug], document)
            return
        for slug, declarations in self._declared.users.items():
            first = declarations[0]
            if isinstance(first, Document):
                assert first.usual
                self._users[slug] = first.usual.users[slug]
                self._away(self._users[slug], first)
            elif found := self._entries.user(slug, _sites(declarations)):
                self._users[slug] = found

    def _away(self, user: User, document: Document) -> None:
        for index in range(len(user.time_off)):
            path: Path = ("users", user.slug, "time_off", index)
            self._origins.add(address.time_off(user.slug, index), document, path)

    def teams(self) -> None:
        for slug, declarations in self._declared.teams.items():
            if isinstance(declarations[0], Document):
                usual = [(other, other.usual) for other in declarations if isinstance(other, Document)]
                document, found = next(
                    ((other, found) for other, found in usual if found and slug in found.described), usual[0]
                )
                assert found
                self._teams[slug] = found.teams[slug]
                self._origins.add(address.team(slug), document, ("teams", slug))
            elif self._entries:
                self._teams[slug] = self._entries.team(slug, _sites(declarations))

    def top_overrides(self) -> None:
        """Overrides outside of their schedules."""
        for document in self._documents:
            if document.usual:
                for index, (full_name, override) in enumerate(document.usual.overrides):
                    placed: Placed = (override, document, ("overrides", index))
                    self._elsewhere.setdefault(full_name, []).append(placed)
            elif self._entries:
                for full_name, placed in self._entries.top_overrides(document):
                    self._elsewhere.setdefault(full_name, []).append(placed)

    def schedules(self) -> None:
        for full_name, declarations in self._declared.schedules.items():
            elsewhere = self._elsewhere.get(full_name, ())
            document = declarations[0]
            if isinstance(document, Document):
                self._schedules[full_name] = self._usual_schedule(full_name, document, elsewhere)
            elif self._entries:
                found = self._entries.schedule(full_name, _sites(declarations), elsewhere)
                if found is not None:
                    self._schedules[full_name] = found

    def result(self, *, files: int, is_whole: bool) -> Assembled:
        state = State(self._users, self._teams, self._schedules)
        renamed = self._entries.renamed if self._entries else {}
        incomplete = self._entries.incomplete if self._entries else set()
        desired = DesiredState(state, self._origins, renamed, files)
        problems = self._declared.problems
        for problem, full_name in list(unresolved(desired, self._declared)):
            problems.append(problem)
            if full_name:
                incomplete.add(full_name)
        if not is_whole or (self._entries and not self._entries.is_whole):
            incomplete.update(self._declared.schedules)
        for document in self._documents:
            document.usual = None  # the state has its values now
        return Assembled(desired, problems, frozenset(incomplete))

    def _closer(self) -> Entries | None:
        """The reader of entries with positions, if there is anything for it to read."""
        if all(document.is_usual for document in self._documents):
            return None
        from oncall_gitops.source.entries import Entries

        return Entries(self._documents, self._declared, self._unread, self._origins)

    def _usual_schedule(self, full_name: str, document: Document, elsewhere: Sequence[Placed]) -> Schedule:
        assert document.usual
        schedule = document.usual.schedules[full_name]
        if not elsewhere and _follow_each_other(schedule.overrides):
            return schedule
        for _, other, path in elsewhere:
            if not other.is_usual and has_offsets(other):
                node, _ = other.walk(path)
                self._declared.problems += odd_offsets(other, node, timezone=schedule.timezone)
        overrides = [*(override for override, _, _ in elsewhere), *schedule.overrides]
        in_order = tuple(sorted(overrides, key=override_order))
        return schedule if in_order == schedule.overrides else replace(schedule, overrides=in_order)


def _follow_each_other(overrides: Sequence[Override]) -> bool:
    """Whether they are plainly in order, written in the order of their starts."""
    return all(
        before.start.written is after.start.written is Written.LOCAL
        and before.start.seconds < after.start.seconds
        for before, after in pairwise(overrides)
    )


def _sites(declarations: Sequence[Declaration]) -> list[Site]:
    """Of something that no usual file declares."""
    return [site for site in declarations if isinstance(site, Site)]
