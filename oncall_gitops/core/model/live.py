"""What the database holds: the state, and what only the database knows about each object."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from oncall_gitops.core.model.instant import Instant
from oncall_gitops.core.model.schedule import Schedule
from oncall_gitops.core.model.state import State


@dataclass(frozen=True, slots=True)
class StaleInstant:
    """A stored instant that the time zone data in use reads differently from the written time.

    `path` is the field's name in the definition; `stored` is in the database, `derived` would be written today.
    """

    path: str
    stored: Instant
    derived: Instant


@dataclass(frozen=True, slots=True)
class LiveObject:
    """One live row: a user, team, schedule, layer or override.

    `id` is the row's UUID as text. `touched` says that the row is not what reconcile last wrote (drift, if it
    is managed); `stale` lists instants that moved with the time zone data in an untouched row. `source_file`
    is a schedule's only.
    """

    id: str
    managed: bool
    touched: bool = False
    stale: tuple[StaleInstant, ...] = ()
    source_file: str = ""


@dataclass(frozen=True, slots=True)
class StoredShift:
    """A row of `shifts`. `is_orphan` says that the user's row is hidden, though another may have its slug by now."""

    id: str
    start: Instant
    end: Instant
    user: str
    source: str
    layer_id: str | None = None
    override_id: str | None = None
    run_id: str | None = None
    is_orphan: bool = False


class OnCall(NamedTuple):
    """Who is on call at T, and when who else takes over; None is nobody."""

    holder: str | None
    next_start: Instant | None
    next_holder: str | None


@dataclass(frozen=True, slots=True)
class Settled:
    """What the database holds just as the files say it, known without being read.

    `schedules` are those of the files, by full name; `meanings` the digests of their definitions, and of those of
    people and teams (under PEOPLE) where these are settled, too. `rows` are the schedules' rows, `shifts_end`
    says from when on a schedule has no shift yet, `on_call` who has the shifts now and next, where the table knows.
    """

    schedules: Mapping[str, Schedule] = field(default_factory=dict)
    meanings: Mapping[str, str] = field(default_factory=dict)
    rows: Mapping[str, LiveObject] = field(default_factory=dict)
    shifts_end: Mapping[str, Instant] = field(default_factory=dict)
    on_call: Mapping[str, OnCall] = field(default_factory=dict)

    @property
    def has_people(self) -> bool:
        return PEOPLE in self.meanings

    def without_teams(self, teams: Collection[str]) -> Settled:
        """The same without the schedules of these teams."""
        names = {name: None for name in self.schedules if name.split("/")[0] not in teams}
        return Settled(
            {name: self.schedules[name] for name in names},
            {name: meaning for name, meaning in self.meanings.items() if name == PEOPLE or name in names},
            {name: self.rows[name] for name in names},
            {name: self.shifts_end[name] for name in names},
            {name: known for name, known in self.on_call.items() if name in names},
        )

    def rest(self, state: State) -> State:
        """The state without the settled schedules."""
        if not self.schedules:
            return state
        names = state.schedules.keys() - self.schedules.keys()
        return State(state.users, state.teams, {name: state.schedules[name] for name in sorted(names)})

    def whole(self, state: State) -> State:
        """The state with the settled schedules."""
        if not self.schedules:
            return state
        schedules = {**self.schedules, **state.schedules}
        return State(state.users, state.teams, dict(sorted(schedules.items())))


PEOPLE = ""
"""People and teams, where definitions are grouped by the full name of their schedule."""


@dataclass(frozen=True, slots=True)
class LiveState:
    """The live state, read in one snapshot.

    `state` holds managed and unmanaged objects alike. `objects` maps an address to its row; an unmanaged
    override's address ends in `#<id>`, so that it never meets a managed one. `newest_as_of` is the T of the
    newest recorded run; `tzdata` the time zone data that the newest reconcile used, `source_digest` the digest
    of the desired state that it applied to everything (None if it was narrowed). `shifts_until` maps a
    schedule's full name to the edge up to which `shifts` is filled (absent: never filled). What is `settled` is
    in `state` and not in `objects`.
    """

    state: State
    objects: Mapping[str, LiveObject]
    database_id: str = ""
    newest_as_of: Instant | None = None
    tzdata: str | None = None
    source_digest: str | None = None
    shifts_until: Mapping[str, Instant] = field(default_factory=dict)
    settled: Settled = Settled()
