"""Runs that die or stand still at a call of their choosing: the providers' adapters with a look at every call."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

from oncall_gitops.calendars.protocol import Burnt, CalendarPlace, ProviderApi, RemoteCalendar
from oncall_gitops.commands.syncing import Syncer
from oncall_gitops.core.model.calendar import ListedEvent, Provider, WantedEvent
from oncall_gitops.core.model.instant import Instant
from oncall_gitops.core.model.provider import Tokens
from oncall_gitops.core.secret import Secret
from oncall_gitops.store.calendar_work import claim
from tests.calendars.world import World

T = TypeVar("T")
Side = Literal["before", "after"]
Look = Callable[[Side], None]
"""Called on both sides of every call; it may raise, or wait."""


class Crash(BaseException):
    """The process is gone: nothing that it would have done afterwards is done."""


def crashing(
    apis: Mapping[Provider, ProviderApi], number: int, side: Side
) -> Callable[[Provider], ProviderApi]:
    """Dies on this side of the call of this number, counted from 0."""
    seen = {"before": 0, "after": 0}

    def look(here: Side) -> None:
        seen[here] += 1
        if here == side and seen[here] == number + 1:
            raise Crash

    return watched(apis, look)


def watched(apis: Mapping[Provider, ProviderApi], look: Look) -> Callable[[Provider], ProviderApi]:
    """The providers with a look at every call."""
    return lambda provider: WatchedApi(apis[provider], look)


class Frozen:
    """A worker that stands still at one of its calls, until it is let go."""

    def __init__(self, world: World, number: int, side: Side) -> None:
        self._go, self._stands = threading.Event(), threading.Event()
        self._left, self._side = number, side
        self.lease = claim(world.database, owner="frozen", now=world.now)
        syncer = world.syncer(api=watched(world.apis, self._look))
        self._thread = threading.Thread(target=self._run, args=[syncer], daemon=True)
        self._thread.start()
        assert self._stands.wait(30)

    def _run(self, syncer: Syncer) -> None:
        if self.lease is not None:
            syncer.run(self.lease)
        self._stands.set()

    def _look(self, side: Side) -> None:
        if side == self._side:
            self._left -= 1
            if self._left < 0 and not self._stands.is_set():
                self._stands.set()
                assert self._go.wait(60)

    def thaw(self) -> None:
        self._go.set()
        self._thread.join(60)
        assert not self._thread.is_alive()


@dataclass(frozen=True)
class WatchedApi:
    """A `ProviderApi`."""

    api: ProviderApi
    look: Look

    @property
    def client(self) -> str:
        return self.api.client

    def scopes(self, *, own_calendar: bool) -> tuple[str, ...]:
        return self.api.scopes(own_calendar=own_calendar)

    def refresh(self, refresh: Secret, *, now: Instant) -> Tokens:
        return _looked_at(self.look, lambda: self.api.refresh(refresh, now=now))

    def mint(self, *, mailbox: str, now: Instant, own_calendar: bool = True) -> Tokens:
        return _looked_at(
            self.look, lambda: self.api.mint(mailbox=mailbox, now=now, own_calendar=own_calendar)
        )

    def account(self, access: Secret, *, mailbox: str = "") -> str:
        return _looked_at(self.look, lambda: self.api.account(access, mailbox=mailbox))

    def create_calendar(self, access: Secret, **about: Any) -> tuple[str, str]:
        return _looked_at(self.look, lambda: self.api.create_calendar(access, **about))

    def calendar(self, access: Secret, place: CalendarPlace) -> RemoteCalendar:
        return WatchedCalendar(self.api.calendar(access, place), self.look)

    def revoke(self, token: Secret) -> str:
        return _looked_at(self.look, lambda: self.api.revoke(token))


@dataclass(frozen=True)
class WatchedCalendar:
    """A `RemoteCalendar`."""

    calendar: RemoteCalendar
    look: Look

    def events(self, *, ending_after: Instant) -> list[ListedEvent]:
        return _looked_at(self.look, lambda: self.calendar.events(ending_after=ending_after))

    def insert(self, wanted: WantedEvent, *, generation: int) -> ListedEvent | Burnt:
        return _looked_at(self.look, lambda: self.calendar.insert(wanted, generation=generation))

    def update(self, listed: ListedEvent, wanted: WantedEvent) -> ListedEvent | None:
        return _looked_at(self.look, lambda: self.calendar.update(listed, wanted))

    def delete(self, listed: ListedEvent) -> None:
        return _looked_at(self.look, lambda: self.calendar.delete(listed))


def _looked_at(look: Look, call: Callable[[], T]) -> T:
    look("before")
    answer = call()
    look("after")
    return answer
