"""What a calendar needs to be right: wanted events against listed ones, decided whole before any call.

Truth is the listing. What is missing is inserted, what differs is written again, what is ours and not wanted
is deleted. Of two events of ours for one key the one that is right stays, else the younger generation.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from oncall_gitops.calendars.wanted import content_hash
from oncall_gitops.core.model.calendar import KnownEvent, ListedEvent, WantedEvent
from oncall_gitops.core.model.instant import Instant

BRAKE_COUNT = 5
"""So many events may always go in one run."""


@dataclass(frozen=True, slots=True)
class Repairs:
    """The calls to make, in this order; each kind begins with what is next in time.

    An insert comes with the generation to try first. `right` are the listed events that need nothing.
    """

    inserts: tuple[tuple[WantedEvent, int], ...] = ()
    updates: tuple[tuple[ListedEvent, WantedEvent], ...] = ()
    deletes: tuple[ListedEvent, ...] = ()
    right: tuple[ListedEvent, ...] = ()


def repairs(
    *,
    wanted: Mapping[str, WantedEvent],
    ended: Mapping[str, WantedEvent],
    listed: Iterable[ListedEvent],
    known: Mapping[str, KnownEvent],
) -> Repairs:
    """What makes the listed events equal to the wanted ones.

    `ended` are events of shifts that are over: they are never inserted, but one that still stands with another
    end, because its shift was cut short, is a record and is put right.
    """
    updates, deletes, right = [], [], []
    by_key: dict[str, list[ListedEvent]] = defaultdict(list)
    for event in listed:
        by_key[event.key].append(event)
    for key, events in by_key.items():
        target = wanted.get(key) or ended.get(key)
        if target is None:
            deletes += events
            continue
        best = max(events, key=lambda event: (event.content == target.content, event.generation))
        deletes += [event for event in events if event is not best]
        if best.content == target.content:
            right.append(best)
        else:
            updates.append((best, target))
    inserts = [
        (wanted[key], known[key].generation if key in known else 0) for key in wanted.keys() - by_key.keys()
    ]
    return Repairs(
        inserts=tuple(sorted(inserts, key=lambda step: step[0].content.start)),
        updates=tuple(sorted(updates, key=lambda step: step[1].content.start)),
        deletes=tuple(sorted(deletes, key=lambda event: event.start)),
        right=tuple(right),
    )


def lost_events(found: Repairs) -> tuple[int, int]:
    """How many events would go with nothing in their place, out of how many that stand.

    An event that moves (its shift begins at another time) is a delete and an insert that overlap: it is not
    lost, nor is a second event for a key whose first one stays.
    """
    staying = {event.key for event in found.right} | {event.key for event, _ in found.updates}
    spans = sorted((event.content.start, event.content.end) for event, _ in found.inserts)
    gone = {event.key: event for event in found.deletes if event.key not in staying}
    lost = sum(not any(s < event.end and event.start < e for s, e in spans) for event in gone.values())
    return lost, len(gone) + len(staying)


def is_mass_delete(found: Repairs) -> bool:
    """Whether these repairs would take away more than half, and more than a few, of what stands."""
    lost, standing = lost_events(found)
    return lost > BRAKE_COUNT and 2 * lost > standing


def needs_nothing(
    *, wanted: Mapping[str, WantedEvent], known: Mapping[str, KnownEvent], now: Instant
) -> bool:
    """Whether the journal says that exactly the wanted events stand, so that no call is needed."""
    standing = {key: event for key, event in known.items() if event.remote_id and event.ends_at > now}
    return standing.keys() == wanted.keys() and all(
        standing[key].content_hash == content_hash(event.content) for key, event in wanted.items()
    )
