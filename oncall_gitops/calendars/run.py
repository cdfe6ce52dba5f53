"""One run over one connection: tokens, its calendar, a pass, what is left to clean up, and when to come again.

The row is somebody else's (`Row` below: a lease in the database); every line that must survive a crash is
written to it before it is relied upon: rotated tokens before they are used, a calendar before its first event.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Protocol

from oncall_gitops.calendars.failures import (
    CalendarFailure,
    CalendarGone,
    Changed,
    NeedsConsent,
    Throttled,
    Unauthorized,
    Unavailable,
)
from oncall_gitops.calendars.protocol import CalendarPlace, ProviderApi
from oncall_gitops.calendars.repair import needs_nothing
from oncall_gitops.calendars.sync import MassDelete, Outcome, Wishes, clear, keep_right
from oncall_gitops.calendars.tokens import KeyRing, TokenUnreadable
from oncall_gitops.calendars.wanted import wanted_events
from oncall_gitops.core.model.calendar import CalendarShift, CalendarSync, KnownEvent
from oncall_gitops.core.model.instant import Instant
from oncall_gitops.core.secret import Secret

CALENDAR_NAME = "On call"

AUDIT = 6 * 3600
"""A calendar that needs nothing is listed again after this many seconds, so that what hands did to it heals."""

PASS_SECONDS = 25.0
"""A pass begins no call after this; with its last calls it stays within a lease."""

EARLY = 300
"""An access token is renewed this many seconds before it expires."""

LONGEST_WAIT = 3600


class Row(Protocol):
    """The connection's row while it is ours; every write raises once it is not."""

    def keep_tokens(
        self, *, access: str, refresh: str | None, expires_at: Instant, scopes: tuple[str, ...]
    ) -> None: ...

    def keep_calendar(self, calendar_id: str, name: str) -> None: ...

    def forget_leftover(self, calendar_id: str) -> None: ...


@dataclass(frozen=True, slots=True)
class Task:
    """What a run works on. `shifts` are those that end after now or not long before, and begin within AHEAD.

    `clock` is seconds that only grow; `audit` asks for a listing whatever the journal says.
    """

    sync: CalendarSync
    row: Row
    api: ProviderApi
    keys: KeyRing
    now: Instant
    shifts: Iterable[CalendarShift]
    known: Mapping[str, KnownEvent]
    clock: Callable[[], float]
    audit: bool = False
    allow: frozenset[str] = frozenset()


def run(task: Task) -> Outcome:
    """Make the calendar right, or clean it if the connection is ending. Never raises a CalendarFailure."""
    wishes = _wishes(task)
    must_list = task.sync.ending or task.sync.leftovers or task.audit or _audit_is_due(task)
    if not must_list and needs_nothing(wanted=wishes.wanted, known=wishes.known, now=task.now):
        return Outcome()
    outcome, deadline = Outcome(), task.clock() + PASS_SECONDS

    def out_of_time() -> bool:
        return task.clock() >= deadline

    try:
        for anew in (False, True):
            access, task = _access(task, anew=anew)
            outcome = _pass(task, wishes, access, out_of_time).after(outcome)
            wishes = replace(wishes, known={**wishes.known, **outcome.known})
            if not isinstance(outcome.failure, Unauthorized):
                return outcome
    except CalendarFailure as failure:
        return replace(outcome, failure=failure)
    return replace(
        outcome, failure=NeedsConsent("the provider does not accept a token that it has just given")
    )


def take_back(task: Task) -> str:
    """Revoke the grant of a connection that is clean; a sentence for the person, or an empty text.

    Raises a CalendarFailure if the provider cannot be asked now; a grant that is dead already is fine.
    """
    column = "refresh_token" if task.sync.sealed_refresh else "access_token"
    sealed = task.sync.sealed_refresh or task.sync.sealed_access
    if task.sync.grant == "organisation" or sealed is None:
        return ""
    try:
        return task.api.revoke(task.keys.open(sealed, row=task.sync.id, column=column))
    except NeedsConsent:
        return ""


def failures_so_far(outcome: Outcome, *, before: int) -> int:
    """How many runs have failed in a row. One that got something done begins anew; one that the brake held
    has nothing to wait for."""
    if outcome.is_right or isinstance(outcome.failure, MassDelete):
        return 0
    if outcome.failure is None and not outcome.refused:
        return 0
    is_lapse = isinstance(outcome.failure, Unavailable | Changed)
    return 1 if is_lapse and outcome.writes else before + 1


def next_time(outcome: Outcome, *, failures: int, now: Instant) -> Instant:
    """When to look at the connection again: at once, at the next audit, or after a pause that grows."""
    if outcome.is_right:
        return now + round(AUDIT * random.uniform(0.9, 1.0))
    if outcome.unfinished and outcome.failure is None:
        return now
    if isinstance(outcome.failure, MassDelete):
        return now + AUDIT
    if isinstance(outcome.failure, TokenUnreadable):
        return now + LONGEST_WAIT
    pause = min(2.0 ** min(failures, 12), LONGEST_WAIT) * random.uniform(0.75, 1.25)
    if isinstance(outcome.failure, Throttled) and outcome.failure.after is not None:
        pause = max(outcome.failure.after, 1.0) * random.uniform(1.05, 1.15)
    return now + max(1, round(pause))


def _wishes(task: Task) -> Wishes:
    """The shifts to come, those that are over, and the journal. Nothing is wished of a connection that ends."""
    shifts = [] if task.sync.ending else list(task.shifts)
    return Wishes(
        wanted=wanted_events(shift for shift in shifts if shift.end > task.now),
        ended=wanted_events(shift for shift in shifts if shift.end <= task.now),
        known=task.known,
    )


def _audit_is_due(task: Task) -> bool:
    return task.sync.audited_at is None or task.now - task.sync.audited_at >= AUDIT * 0.9


def _pass(task: Task, wishes: Wishes, access: Secret, out_of_time: Callable[[], bool]) -> Outcome:
    """The calendar itself first, then what was left in others, each until it is right."""
    outcome = _main_calendar(task, wishes, access, out_of_time)
    for leftover in task.sync.leftovers:
        if not outcome.is_right:
            return outcome
        cleaned = _cleared(task, access, leftover, out_of_time)
        outcome = replace(cleaned, known={}).after(outcome)
        if cleaned.is_right:
            task.row.forget_leftover(leftover)
    return outcome


def _main_calendar(task: Task, wishes: Wishes, access: Secret, out_of_time: Callable[[], bool]) -> Outcome:
    """Cleared if the connection ends; a calendar of ours that somebody deleted is made again."""
    calendar_id = task.sync.calendar_id
    if task.sync.ending:
        return _cleared(task, access, calendar_id, out_of_time) if calendar_id else Outcome(listed=True)
    if calendar_id is None:
        calendar_id = _make_calendar(task, access)
    outcome = _keep_right(task, wishes, access, calendar_id, out_of_time)
    if not isinstance(outcome.failure, CalendarGone):
        return outcome
    if not task.sync.owns_calendar:
        gone = "the calendar is not there any more, or no longer shared; connect another one"
        return replace(outcome, failure=NeedsConsent(gone))
    calendar_id = _make_calendar(task, access)
    return _keep_right(task, _elsewhere(wishes), access, calendar_id, out_of_time).after(outcome)


def _elsewhere(wishes: Wishes) -> Wishes:
    """The wishes for another calendar: what the provider remembers of the one before is not used again."""
    known = {key: replace(event, generation=event.generation + 1) for key, event in wishes.known.items()}
    return replace(wishes, known=known)


def _cleared(task: Task, access: Secret, calendar_id: str, out_of_time: Callable[[], bool]) -> Outcome:
    """Our events to come are taken out of a calendar; one that is gone is clean."""
    calendar = task.api.calendar(access, _place(task, calendar_id))
    outcome = clear(calendar, now=task.now, out_of_time=out_of_time)
    return Outcome(listed=True) if isinstance(outcome.failure, CalendarGone) else outcome


def _keep_right(
    task: Task, wishes: Wishes, access: Secret, calendar_id: str, out_of_time: Callable[[], bool]
) -> Outcome:
    calendar = task.api.calendar(access, _place(task, calendar_id))
    return keep_right(calendar, wishes, now=task.now, out_of_time=out_of_time, allow=task.allow)


def _place(task: Task, calendar_id: str) -> CalendarPlace:
    mailbox = task.sync.email if task.sync.grant == "organisation" else ""
    return CalendarPlace(calendar_id, task.sync.marker, mailbox)


def _make_calendar(task: Task, access: Secret) -> str:
    mailbox = task.sync.email if task.sync.grant == "organisation" else ""
    calendar_id, name = task.api.create_calendar(
        access, name=CALENDAR_NAME, marker=task.sync.marker, mailbox=mailbox, again=True
    )
    task.row.keep_calendar(calendar_id, name)
    return calendar_id


def _access(task: Task, *, anew: bool) -> tuple[Secret, Task]:
    """An access token that is good for this run, and the task with new ones, stored before they are used."""
    sync = task.sync
    if sync.grant == "organisation":
        own = sync.calendar_id is None or sync.owns_calendar
        return task.api.mint(mailbox=sync.email, now=task.now, own_calendar=own).access, task
    if sync.sealed_access and not anew and (sync.expires_at or 0) - task.now > EARLY:
        return task.keys.open(sync.sealed_access, row=sync.id, column="access_token"), task
    if sync.sealed_refresh is None:
        raise NeedsConsent("the access token has expired, and there is no refresh token")
    refresh = task.keys.open(sync.sealed_refresh, row=sync.id, column="refresh_token")
    tokens = task.api.refresh(refresh, now=task.now)
    access = task.keys.seal(tokens.access, row=sync.id, column="access_token")
    rotated = tokens.refresh and task.keys.seal(tokens.refresh, row=sync.id, column="refresh_token")
    task.row.keep_tokens(
        access=access, refresh=rotated or None, expires_at=tokens.expires_at, scopes=tokens.scopes
    )
    sync = replace(sync, sealed_access=access, sealed_refresh=rotated or sync.sealed_refresh)
    return tokens.access, replace(task, sync=sync)
