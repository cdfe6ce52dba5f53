"""A person's remote calendar: how it is connected, what should stand in it, and what we know to stand in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple, TypeAlias

from oncall_gitops.core.model.instant import Instant

Provider: TypeAlias = Literal["google", "microsoft"]
Grant: TypeAlias = Literal["person", "organisation"]
"""Who consented: the person (tokens of their own are stored), or an administrator for everybody (none are)."""

PROVIDERS: tuple[Provider, ...] = ("google", "microsoft")


@dataclass(frozen=True, slots=True)
class EventContent:
    """The fields of an event that are ours; two events mean the same when these are equal.

    `timezone` is for display (IANA); the instants hold. An event is transparent, reminds nobody and has no
    attendees. `description` is plain text with single newlines.
    """

    summary: str
    description: str
    start: Instant
    end: Instant
    timezone: str


class CalendarShift(NamedTuple):
    """A shift as a calendar shows it. `source` is `base`, `layer:<id of the layer's row>` or `override`;
    `layer` is that layer's name, `reason` and `replaces` (a person's name) are the override's."""

    schedule_id: str
    schedule: str
    schedule_name: str
    team_name: str
    timezone: str
    source: str
    layer: str
    reason: str
    replaces: str
    start: Instant
    end: Instant


@dataclass(frozen=True, slots=True)
class WantedEvent:
    """What should stand in the calendar under `key`, which names the schedule, the source and the start."""

    key: str
    content: EventContent
    schedule_id: str


@dataclass(frozen=True, slots=True)
class ListedEvent:
    """An event that stands in the calendar and is provably ours: we made it, for `key`, as its `generation`.

    `content` is None where the event is ours but not as we write events (opaque, with reminders, all day, a
    changed zone): it never equals a wanted content, so it is written again.
    """

    key: str
    generation: int
    remote_id: str
    etag: str
    content: EventContent | None
    start: Instant
    end: Instant


@dataclass(frozen=True, slots=True)
class KnownEvent:
    """What the journal says of `key`: the remote event when we last saw it, or (`remote_id` None) the
    generation to use next. `content_hash` is `content_hash()` of what stood there."""

    key: str
    generation: int
    remote_id: str | None
    ends_at: Instant
    etag: str = ""
    content_hash: str = ""
    schedule_id: str | None = None


@dataclass(frozen=True, slots=True)
class CalendarSync:
    """One connection of a user to a provider, as its row stands. Sealed tokens are text that only the keys open.

    `marker` is what all our events in it carry; it stays when the connection is made anew. `ending` says that
    the connection is to be cleaned up and dropped (disconnected, or its user deleted). `leftovers` are ids of
    calendars that it was switched away from and that may still hold events of ours.
    """

    id: str
    user_id: str
    user: str
    email: str
    provider: Provider
    grant: Grant
    marker: str
    account: str
    scopes: tuple[str, ...]
    calendar_id: str | None
    calendar_name: str
    owns_calendar: bool
    sealed_access: str | None
    sealed_refresh: str | None
    expires_at: Instant | None
    needs_consent: bool
    ending: bool
    audited_at: Instant | None
    failures: int
    leftovers: tuple[str, ...] = ()
