"""Which characters nobody sees: one answer for what a name may hold, a file may be called, and a terminal is shown."""

from __future__ import annotations

import re
import unicodedata

UNSEEN = re.compile(
    "[\x00-\x1f\x7f-\x9f\u00ad\u034f\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u115f\u1160\u17b4\u17b5"
    "\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f\u2800\u3164\ud800-\uf8ff\ufdd0-\ufdef\ufeff\uffa0"
    "\ufff9-\ufffb\ufffe\uffff\U000110bd\U000110cd\U00013430-\U0001343f\U0001bca0-\U0001bca3"
    "\U0001d173-\U0001d17a\U0001fffe\U0001ffff\U0002fffe\U0002ffff\U0003fffe\U0003ffff\U0004fffe\U0004ffff"
    "\U0005fffe\U0005ffff\U0006fffe\U0006ffff\U0007fffe\U0007ffff\U0008fffe\U0008ffff\U0009fffe\U0009ffff"
    "\U000afffe\U000affff\U000bfffe\U000bffff\U000cfffe\U000cffff\U000dfffe-\U000e0fff\U000efffe-\U0010ffff]"
)
"""A character that a terminal may obey, or show nothing for: controls, formats, lone surrogates, private use, what
will never be a character, and letters, marks and signs that look like nothing. All of it is written down, since
each Python knows other characters, and what a file may hold must not depend on that."""


def is_unseen(char: str) -> bool:
    """Whether a character is such a one, or one that this Python does not know."""
    return UNSEEN.match(char) is not None or unicodedata.category(char) == "Cn"


def is_blank(text: str) -> bool:
    """Whether nothing in a text can be seen: spaces, and marks that stand on no letter."""
    return not text.strip() or (
        not text.isascii() and all(unicodedata.category(char)[0] in "MZC" for char in text)
    )
