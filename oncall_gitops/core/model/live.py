"""What the database holds: the state, and what only the database knows about each object."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from oncall_gitops.core.model.instant import Instant
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
    """A row of `shifts`."""

    id: str
    start: Instant
    end: Instant
    user: str
    source: str
    layer_id: str | None = None
    override_id: str | None = None
    run_id: str | None = None


@dataclass(frozen=True, slots=True)
class LiveState:
    """The live state, read in one snapshot.

    `state` holds managed and unmanaged objects alike. `objects` maps an address to its row; an unmanaged
    override's address ends in `#<id>`, so that it never meets a managed one. `newest_as_of` is the T of the
    newest recorded run; `tzdata` the time zone data that the newest reconcile used, `source_digest` the digest
    of the desired state that it applied to everything (None if it was narrowed). `shifts_until` maps a
    schedule's full name to the edge up to which `shifts` is filled (absent: never filled).
    """

    state: State
    objects: Mapping[str, LiveObject]
    database_id: str = ""
    newest_as_of: Instant | None = None
    tzdata: str | None = None
    source_digest: str | None = None
    shifts_until: Mapping[str, Instant] = field(default_factory=dict)
