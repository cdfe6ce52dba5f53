"""One pass over one calendar: list, decide, repair.

The pass holds nothing that it could lose: each call may be the last one, and the next pass begins with a
listing. What it learns (which generation of an event stands, which are used up) is handed back for the journal,
which only saves calls. It is a level-triggered controller: the difference is acted upon, never the event that
may have caused it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial

from oncall_gitops.calendars.failures import CalendarFailure, Changed, Refused, Unavailable
from oncall_gitops.calendars.protocol import Burnt, RemoteCalendar
from oncall_gitops.calendars.repair import Repairs, is_mass_delete, lost_events, repairs
from oncall_gitops.calendars.wanted import content_hash
from oncall_gitops.core.limits import CALENDAR_MASS_DELETE
from oncall_gitops.core.model.calendar import KnownEvent, ListedEvent, WantedEvent
from oncall_gitops.core.model.instant import Instant

WRITES, GENERATIONS, LAPSES = 200, 20, 3
"""In one pass: so many calls that write; so many burnt ids for one event; so many calls without an answer."""


class MassDelete(CalendarFailure):
    """Most of a person's events would go: the brake."""


@dataclass(frozen=True, slots=True)
class Wishes:
    """What should stand from now on, what has ended, and what the journal says, all by key."""

    wanted: Mapping[str, WantedEvent]
    ended: Mapping[str, WantedEvent] = field(default_factory=dict)
    known: Mapping[str, KnownEvent] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a pass ended. `known` is what it learnt for the journal, by key.

    `listed` says that the calendar was looked at whole. `failure` is why it stopped or must be tried again;
    `refused` are events that the provider does not take, in words; `unfinished` says that there is more to do
    at once. Without any of the three the calendar is right.
    """

    inserted: int = 0
    updated: int = 0
    deleted: int = 0
    listed: bool = False
    known: Mapping[str, KnownEvent] = field(default_factory=dict)
    failure: CalendarFailure | None = None
    refused: tuple[str, ...] = ()
    unfinished: bool = False

    @property
    def is_right(self) -> bool:
        return self.failure is None and not self.refused and not self.unfinished

    @property
    def writes(self) -> int:
        return self.inserted + self.updated + self.deleted

    def after(self, earlier: Outcome) -> Outcome:
        """This pass and an earlier one of the same run, as one."""
        return replace(
            self,
            inserted=self.inserted + earlier.inserted,
            updated=self.updated + earlier.updated,
            deleted=self.deleted + earlier.deleted,
            listed=self.listed or earlier.listed,
            known={**earlier.known, **self.known},
        )


def keep_right(
    calendar: RemoteCalendar,
    wishes: Wishes,
    *,
    now: Instant,
    out_of_time: Callable[[], bool],
    allow: frozenset[str] = frozenset(),
) -> Outcome:
    """List the calendar's own events and make them the wanted ones. Never raises a CalendarFailure."""
    try:
        listed = calendar.events(ending_after=now)
    except CalendarFailure as failure:
        return Outcome(failure=failure)
    found = repairs(wanted=wishes.wanted, ended=wishes.ended, listed=listed, known=wishes.known)
    if is_mass_delete(found) and CALENDAR_MASS_DELETE not in allow:
        lost, standing = lost_events(found)
        return Outcome(
            listed=True,
            failure=MassDelete(
                f"{lost} of {standing} events would be deleted with nothing in their place; nothing was changed",
                help=f"if that is meant: --allow {CALENDAR_MASS_DELETE}",
            ),
        )
    return _Pass(calendar, wishes, out_of_time).carry_out(found, now=now)


def clear(calendar: RemoteCalendar, *, now: Instant, out_of_time: Callable[[], bool]) -> Outcome:
    """Delete our events that end after now, and list again to be sure. Never raises a CalendarFailure."""
    wishes = Wishes(wanted={})
    try:
        found = Repairs(deletes=tuple(calendar.events(ending_after=now)))
        outcome = _Pass(calendar, wishes, out_of_time).carry_out(found, now=now)
        if found.deletes and outcome.is_right and calendar.events(ending_after=now):
            return replace(outcome, unfinished=True)
        return outcome
    except CalendarFailure as failure:
        return Outcome(failure=failure)


class _Pass:
    """The calls of one pass, and what they taught."""

    def __init__(self, calendar: RemoteCalendar, wishes: Wishes, out_of_time: Callable[[], bool]) -> None:
        self._calendar = calendar
        self._wishes = wishes
        self._out_of_time = out_of_time
        self._known: dict[str, KnownEvent] = {}
        self._counts = {"inserted": 0, "updated": 0, "deleted": 0}
        self._refused: list[str] = []
        self._unfinished = False

    def carry_out(self, found: Repairs, *, now: Instant) -> Outcome:
        """Inserts and updates before deletes: nobody misses a shift because a pass was cut short."""
        self._note_listing(found, now=now)
        failure: CalendarFailure | None = None
        lapses = 0
        for number, step in enumerate(self._steps(found)):
            if number >= WRITES or self._out_of_time():
                self._unfinished = True
                break
            try:
                step()
            except Refused as refused:
                self._refused.append(str(refused))
            except (Unavailable, Changed) as lapse:
                failure, lapses = lapse, lapses + 1
                if lapses >= LAPSES:
                    break
            except CalendarFailure as final:
                failure = final
                break
        return Outcome(
            **self._counts,
            listed=True,
            known=self._known,
            failure=failure,
            refused=tuple(self._refused),
            unfinished=self._unfinished,
        )

    def _note_listing(self, found: Repairs, *, now: Instant) -> None:
        """What was seen goes into the journal even if no call succeeds: events as they stand, or gone."""
        for listed in (*found.deletes, *(listed for listed, _ in found.updates), *found.right):
            self._stands(listed)
        for key, known in self._wishes.known.items():
            if key not in self._known and known.remote_id and known.ends_at > now:
                self._known[key] = replace(known, remote_id=None)

    def _steps(self, found: Repairs) -> Iterator[Callable[[], None]]:
        for event, generation in found.inserts:
            yield partial(self._insert, event, generation)
        for listed, event in found.updates:
            yield partial(self._update, listed, event)
        for listed in found.deletes:
            yield partial(self._delete, listed)

    def _insert(self, event: WantedEvent, generation: int) -> None:
        for attempt in range(generation, generation + GENERATIONS):
            if attempt > generation and self._out_of_time():
                self._unfinished = True
                return
            made = self._calendar.insert(event, generation=attempt)
            if not isinstance(made, Burnt):
                self._counts["inserted"] += 1
                self._stands(made)
                return
            self._known[event.key] = KnownEvent(event.key, attempt + 1, None, event.content.end)
        raise Refused(f"no id is free for the event at {event.content.start}")

    def _update(self, listed: ListedEvent, event: WantedEvent) -> None:
        written = self._calendar.update(listed, event)
        if written is None:
            self._insert(event, listed.generation)
            return
        self._counts["updated"] += 1
        self._stands(written)

    def _delete(self, listed: ListedEvent) -> None:
        self._calendar.delete(listed)
        self._counts["deleted"] += 1
        if self._known[listed.key].remote_id == listed.remote_id:
            self._known[listed.key] = KnownEvent(listed.key, listed.generation + 1, None, listed.end)

    def _stands(self, event: ListedEvent) -> None:
        target = self._wishes.wanted.get(event.key) or self._wishes.ended.get(event.key)
        self._known[event.key] = KnownEvent(
            key=event.key,
            generation=event.generation,
            remote_id=event.remote_id,
            ends_at=event.end,
            etag=event.etag,
            content_hash=content_hash(event.content) if event.content else "",
            schedule_id=target.schedule_id if target else None,
        )
