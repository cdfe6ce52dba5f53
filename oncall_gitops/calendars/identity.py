"""Names that make repeating a call harmless, and that prove whose an event is.

All of them are hashes of what an event stands for: the marker (this database and this person), the key (the
schedule, the source and the shift's start; never its end) and a generation, which grows when an id is burnt.
A copy that a person makes carries our properties but another id, so the id is the proof of ownership.
"""

from __future__ import annotations

import base64
import hashlib
from uuid import NAMESPACE_URL, uuid5

from oncall_gitops.core.model.instant import Instant


def marker_of(*, instance: str, user_id: str) -> str:
    """What all our events of one person carry: 33 characters, hexadecimal digits and a dot."""
    return f"{_short(instance)}.{_short(user_id)}"


def shift_key(*, schedule_id: str, source: str, start: Instant) -> str:
    """The identity of a shift's event. Its end is not part of it: a shortened shift is an update."""
    return f"{schedule_id}|{source}|{start}"


def event_id(marker: str, key: str, generation: int) -> str:
    """32 characters of base32hex in lower case: an id that Google lets a client choose."""
    digest = hashlib.sha256(_name(marker, key, generation)).digest()
    return base64.b32hexencode(digest[:20]).decode().lower()


def transaction_id(marker: str, key: str, generation: int) -> str:
    """A UUID: the `transactionId` by which Microsoft recognises a repeated creation."""
    return str(uuid5(NAMESPACE_URL, "oncall-gitops:" + _name(marker, key, generation).decode()))


def _name(marker: str, key: str, generation: int) -> bytes:
    return f"{marker}\n{key}\n{generation}".encode()


def _short(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()[:16]
