"""A warning about times whose offset the zone does not have then: mostly an hour's mistake.

Only the files know the offset that was written; the core keeps the instant.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from oncall_gitops.core.model.instant import parse_instant
from oncall_gitops.core.problem import Problem
from oncall_gitops.core.wallclock import Zone, zone
from oncall_gitops.source.document import Document, Mapping, Node, Scalar, Sequence

_WITH_OFFSET = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(?::\d{2})?([+-]\d{2}:\d{2})", re.ASCII)

_TEXTS = frozenset({"name", "description", "reason", "labels", "external"})
"""Keys of what is no time, whatever it looks like."""


@lru_cache(maxsize=4096)
def has_offsets(document: Document) -> bool:
    """Whether it is worth looking; asked for every entry of a document, and looked for once."""
    return _WITH_OFFSET.search(document.text) is not None


def odd_offsets(document: Document, node: Node, *, timezone: str) -> Iterator[Problem]:
    """Every time below a schedule or override with an offset that is not the zone's; UTC is fine."""
    waiting: list[tuple[Node, str]] = [(node, timezone)]
    while waiting:
        node, name = waiting.pop()
        if isinstance(node, Scalar):
            if found := _WITH_OFFSET.fullmatch(node):
                yield from _odd(document, node, found[1], zone(name))
        elif isinstance(node, Mapping):
            name = _own_zone(node) or name
            waiting += [(value, name) for key, value in node.items() if key not in _TEXTS]
        else:
            assert isinstance(node, Sequence)
            waiting += [(value, name) for value in node]


def _odd(document: Document, node: Scalar, written: str, timezone: Zone) -> Iterator[Problem]:
    try:
        moment = parse_instant(str(node))
    except ValueError:
        return
    offset = timezone.offset(moment)
    sign, minutes = "-" if offset < 0 else "+", abs(offset) // 60
    actual = f"{sign}{minutes // 60:02}:{minutes % 60:02}"
    if written not in (actual, "+00:00", "-00:00"):
        message = f"the offset {written} is not what {timezone.name} has then: {actual}"
        hint = f"write {actual}, or leave the offset out"
        yield Problem(document.origin(node), "OG912", message, hint, "warning")


def _own_zone(node: Mapping) -> str | None:
    name = node.get(Scalar("timezone"))
    if not isinstance(name, Scalar):
        return None
    try:
        return zone(str(name)).name
    except KeyError:
        return None
