"""What somebody may have meant who wrote a name that is not there."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator
from difflib import get_close_matches
from functools import lru_cache
from typing import TypeAlias

FEW = 200
"""So many names are compared at leisure; among more, only a slip of one letter is looked for."""

MANY = 5_000
"""Of so many names, at most, it is worked out once what is left of each without one of its letters."""

_LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789-_./"
_LONG = 24
"""In longer words only a letter too many and two in the wrong order are looked for."""


Names: TypeAlias = "frozenset[str] | tuple[str, ...]"


def closest(word: str, names: Collection[str]) -> str | None:
    """The one name that is close enough to be meant."""
    return _closest(word[:80], names if isinstance(names, frozenset) else tuple(names))


def slip(word: str, names: Collection[str]) -> str | None:
    """The name of which a word of a few letters is a slip: for those, `closest` asks for too much likeness."""
    return next((other for other in _slips(word.lower()) if other in names), None) if len(word) < 5 else None


def did_you_mean(word: str, names: Collection[str]) -> str:
    """`did you mean "bob"?`, or nothing."""
    name = closest(word, names)
    return f'did you mean "{name}"?' if name else ""


@lru_cache(maxsize=1024)
def _closest(word: str, names: Names) -> str | None:
    folded = _folded(names)
    if word.lower() in folded:
        return folded[word.lower()]
    if len(names) > MANY:
        return next((folded[other] for other in _slips(word.lower()) if other in folded), None)
    if len(names) > FEW:
        alike = {name for left in _shortened(word.lower()) for name in _by_what_is_left(names).get(left, ())}
        return min(alike, key=lambda name: (abs(len(name) - len(word)), name), default=None)
    close = get_close_matches(word, sorted(names), n=1, cutoff=0.7)
    return close[0] if close else None


@lru_cache(maxsize=8)
def _folded(names: Names) -> dict[str, str]:
    """The names by what they are without capitals."""
    return {name.lower(): name for name in sorted(names, reverse=True)}


@lru_cache(maxsize=8)
def _by_what_is_left(names: Names) -> dict[str, list[str]]:
    """The names by themselves and by what is left of them without one letter, capitals or not.

    Two words of which one is a slip of the other have something of that in common.
    """
    found: defaultdict[str, list[str]] = defaultdict(list)
    for folded, name in _folded(names).items():
        for left in _shortened(folded):
            found[left].append(name)
    return dict(found)


def _shortened(word: str) -> set[str]:
    return {word, *(word[:place] + word[place + 1 :] for place in range(len(word)))}


def _slips(word: str) -> Iterator[str]:
    """The words of which this may be a slip: two letters exchanged, one left out, another one, one too many."""
    splits = [(word[:place], word[place:]) for place in range(len(word) + 1)]
    yield from (left + right[1] + right[0] + right[2:] for left, right in splits if len(right) > 1)
    yield from (left + right[1:] for left, right in splits if right)
    if len(word) <= _LONG:
        yield from (left + letter + right for left, right in splits for letter in _LETTERS)
        yield from (left + letter + right[1:] for left, right in splits if right for letter in _LETTERS)
