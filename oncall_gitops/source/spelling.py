"""What somebody may have meant who wrote a name that is not there."""

from __future__ import annotations

from collections.abc import Collection
from difflib import get_close_matches
from functools import lru_cache

FEW = 200
"""So many names are compared at leisure; of more, only those that are alike at first sight."""


def closest(word: str, names: Collection[str]) -> str | None:
    """The one name that is close enough to be meant."""
    return _closest(word[:80], names if isinstance(names, frozenset) else tuple(names))


def did_you_mean(word: str, names: Collection[str]) -> str:
    """`did you mean "bob"?`, or nothing."""
    name = closest(word, names)
    return f'did you mean "{name}"?' if name else ""


@lru_cache(maxsize=1024)
def _closest(word: str, names: Collection[str]) -> str | None:
    folded = word.lower()
    candidates = (
        sorted(names) if len(names) <= FEW else [name for name in sorted(names) if _alike(folded, name)]
    )
    for name in candidates:
        if name.lower() == folded:
            return name
    close = get_close_matches(word, candidates, n=1, cutoff=0.7)
    return close[0] if close else None


def _alike(word: str, name: str) -> bool:
    """Nearly as long, and with the same beginning or end."""
    if not word or abs(len(word) - len(name)) > 3:
        return False
    return word[0] == name[0].lower() or word[-2:] == name[-2:].lower()
