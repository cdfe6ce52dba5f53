"""How a plan names an object: `layer/payments/primary/weekend`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from oncall_gitops.core.model.instant import Instant, instant_text


def user(slug: str) -> str:
    return f"user/{slug}"


def team(slug: str) -> str:
    return f"team/{slug}"


def schedule(full_name: str) -> str:
    return f"schedule/{full_name}"


def layer(full_name: str, slug: str) -> str:
    return f"layer/{full_name}/{slug}"


def override(full_name: str, *, start: Instant, replaces: str | None) -> str:
    """An override's identity: the schedule, the start and the replaced user."""
    address = f"override/{full_name}/{instant_text(start)}"
    return f"{address}/{replaces}" if replaces else address


def schedule_of(address: str) -> str:
    """The full name of the schedule that an object is, or is part of; empty for people and teams."""
    kind, *parts = address.split("/")
    return "" if kind in ("user", "team") else "/".join(parts[:2])


def time_off(slug: str, index: int) -> str:
    """A user's span of time off, by its place in their list: part of the user, and no object of its own."""
    return f"{user(slug)}#time_off.{index}"


def numbered(addresses: Iterable[str]) -> Iterator[str]:
    """Addresses of which some may be the same by mistake: each later one gets its number, as in `...#2`."""
    seen: Counter[str] = Counter()
    for each in addresses:
        seen[each] += 1
        yield each if seen[each] == 1 else f"{each}#{seen[each]}"
