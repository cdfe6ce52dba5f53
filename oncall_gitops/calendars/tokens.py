"""Tokens at rest: sealed with AES-256-GCM, each to its row and its column.

A sealed token is `ocg1:<key id>:<base64url of nonce, ciphertext and tag>`. The row, the column and the key id
are its associated data, so a ciphertext that is moved to another row or column, or given another key's name,
does not open. The first key of the ring seals, all of them open: a new key is put in front, `calendar
rotate-key` seals everything anew, and the old key may go.
"""

from __future__ import annotations

import base64
import binascii
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from oncall_gitops.calendars.failures import CalendarFailure
from oncall_gitops.core.errors import OncallError
from oncall_gitops.core.secret import Secret

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY_BYTES, NONCE_BYTES, TAG_BYTES = 32, 12, 16
VERSION = "ocg1"

MAKE_A_KEY = 'ONCALL_GITOPS_TOKEN_KEYS="k1:$(openssl rand -base64 32)"'
"""The line of a shell that makes a first key; shown, never run."""

_KEY_ID = re.compile(r"[A-Za-z0-9._-]{1,32}")
_SEALED = re.compile(rf"{VERSION}:([A-Za-z0-9._-]{{1,32}}):([A-Za-z0-9_-]+={{0,2}})")


class InvalidKeys(OncallError):
    """The token keys cannot be read."""


class TokenUnreadable(CalendarFailure):
    """A stored token does not open."""


@dataclass(frozen=True, slots=True)
class KeyRing:
    """The keys by their ids; the first one seals. A key's text is base64 of 32 bytes."""

    keys: Mapping[str, Secret]

    @property
    def first(self) -> str:
        """The id of the key that seals."""
        return next(iter(self.keys))

    def seal(self, token: Secret, *, row: str, column: str) -> str:
        """The token for this column of this row of `calendar_syncs`, and for no other."""
        nonce = secrets.token_bytes(NONCE_BYTES)
        about = _associated(self.first, row, column)
        sealed = _cipher(self.keys[self.first]).encrypt(nonce, token.reveal().encode(), about)
        return f"{VERSION}:{self.first}:{base64.urlsafe_b64encode(nonce + sealed).decode()}"

    def open(self, sealed: str, *, row: str, column: str) -> Secret:
        """The token; TokenUnreadable, saying why and what to do, if it is not as we sealed it here."""
        from cryptography.exceptions import InvalidTag

        found = _SEALED.fullmatch(sealed)
        content = _decoded(found[2]) if found else None
        if found is None or content is None or len(content) < NONCE_BYTES + TAG_BYTES:
            raise _unreadable(row, column, "it is not in the form in which tokens are sealed")
        if (key := self.keys.get(found[1])) is None:
            raise _unreadable(
                row,
                column,
                f"it was sealed with the key {found[1]!r}, which is not among the token keys",
                help="add that key to the end of ONCALL_GITOPS_TOKEN_KEYS; without it, connect the calendar again",
            )
        about = _associated(found[1], row, column)
        try:
            return Secret(_cipher(key).decrypt(content[:NONCE_BYTES], content[NONCE_BYTES:], about).decode())
        except (InvalidTag, UnicodeDecodeError):
            raise _unreadable(
                row,
                column,
                f"it was changed, moved here from elsewhere, or sealed with another key named {found[1]!r}",
            ) from None


def key_of(sealed: str) -> str | None:
    """The id of the key that a token says it was sealed with; None for what is no sealed token."""
    found = _SEALED.fullmatch(sealed)
    return found[1] if found else None


def read_keys(source: Secret) -> KeyRing:
    """The ring of `kid:base64,kid:base64,...` (line breaks separate too); InvalidKeys if it cannot be read.

    What is wrong is told by place alone: a key whose id was forgotten would be shown as the id.
    """
    entries = [part for part in re.split(r"[,\s]+", source.reveal()) if part]
    if not entries:
        raise InvalidKeys(
            "there is no key to seal calendar tokens with",
            help=f"make one, keep it safe, and set it for every command that works on calendars: {MAKE_A_KEY}",
        )
    keys: dict[str, Secret] = {}
    for number, entry in enumerate(entries, start=1):
        key_id, colon, text = entry.partition(":")
        if not colon:
            raise _invalid(number, "has no id: write it as id:base64")
        if not _KEY_ID.fullmatch(key_id):
            raise _invalid(number, "has an id that is not 1 to 32 letters, digits, dots, dashes, underscores")
        if key_id in keys:
            raise _invalid(number, f"has the id of key {[*keys].index(key_id) + 1}: every id may stand once")
        content = _decoded(text)
        if content is None:
            raise _invalid(number, "is not base64")
        if len(content) != KEY_BYTES:
            raise _invalid(number, f"is {len(content)} bytes long and must be {KEY_BYTES}")
        keys[key_id] = Secret(text)
    return KeyRing(keys)


def _associated(key_id: str, row: str, column: str) -> bytes:
    return "|".join((VERSION, key_id, "calendar_syncs", row, column)).encode()


def _cipher(key: Secret) -> AESGCM:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    content = _decoded(key.reveal())
    assert content is not None
    return AESGCM(content)


def _decoded(text: str) -> bytes | None:
    """The bytes of base64 in either alphabet, padded or not; None if it is none."""
    try:
        plain = text.rstrip("=").translate(str.maketrans("-_", "+/"))
        return base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True)
    except (binascii.Error, ValueError):
        return None


def _unreadable(row: str, column: str, why: str, *, help: str = "") -> TokenUnreadable:
    what = column.replace("_", " ")
    return TokenUnreadable(
        f"the {what} of the calendar connection {row} cannot be opened: {why}",
        help=help or "connect the calendar again (`oncall-gitops calendar list` names the connections)",
    )


def _invalid(number: int, what: str) -> InvalidKeys:
    return InvalidKeys(
        f"key {number} of ONCALL_GITOPS_TOKEN_KEYS {what}", help=f"a key is made with: {MAKE_A_KEY}"
    )
