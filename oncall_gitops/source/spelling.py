"""What somebody may have meant who wrote a name that is not there."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


def closest(word: str, names: Iterable[str]) -> str | None:
    """The one name that is close enough to be meant."""
    candidates = list(names)
    for name in candidates:
        if name.lower() == word.lower():
            return name
    close = get_close_matches(word[:80], candidates, n=1, cutoff=0.7)
    return close[0] if close else None


def did_you_mean(word: str, names: Iterable[str]) -> str:
    """`did you mean "bob"?`, or nothing."""
    name = closest(word, names)
    return f'did you mean "{name}"?' if name else ""
