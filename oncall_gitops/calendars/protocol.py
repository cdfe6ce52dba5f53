"""What a sync asks of a provider's calendar; `google.py` and `microsoft.py` are the two that exist.

Every call is one request where all is well, answers or raises one of `failures.py`, and may be repeated: a
call whose answer was lost leaves nothing behind that the next listing does not show.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from oncall_gitops.core.model.calendar import ListedEvent, WantedEvent
from oncall_gitops.core.model.instant import Instant


@dataclass(frozen=True, slots=True)
class Burnt:
    """This generation of a key cannot be used any more: its id is taken for ever. Try the next one."""


class RemoteCalendar(Protocol):
    """One calendar of one person, in which events that carry our marker are ours. Not for several threads."""

    def events(self, *, ending_after: Instant) -> list[ListedEvent]:
        """Our events that end after this instant, all pages. What merely looks like ours is not among them:
        a person's copy of an event of ours carries the marker too, and is theirs."""
        ...

    def insert(self, wanted: WantedEvent, *, generation: int) -> ListedEvent | Burnt:
        """Make the event. If this generation exists already (an earlier call whose answer was lost, or an event
        that somebody deleted), it is brought back with the wanted content; Burnt if that cannot be done."""
        ...

    def update(self, listed: ListedEvent, wanted: WantedEvent) -> ListedEvent | None:
        """Write the wanted content over our event; None if it is gone. Changed if it is not as listed."""
        ...

    def delete(self, listed: ListedEvent) -> None:
        """Remove our event; one that is gone already is no error. Changed if it is not as listed."""
        ...
