"""One field's change in words: before and after, or, of a list, what joins and what leaves it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher


def edit_text(before: object, after: object) -> str:
    """`10 -> 20`; of two lists, the new one with `+` before what joins and `-` before what leaves."""
    if isinstance(before, list) and isinstance(after, list):
        return ", ".join(_merged([value_text(item) for item in before], [value_text(item) for item in after]))
    return f"{value_text(before)} -> {value_text(after)}"


def value_text(value: object) -> str:
    """A value as the files would say it, on one line."""
    match value:
        case None:
            return "(none)"
        case str():
            return value
        case dict():
            return f"{{{', '.join(f'{key}: {value_text(item)}' for key, item in value.items())}}}"
        case list():
            return f"[{', '.join(map(value_text, value))}]"
        case _:
            return json.dumps(value)


def _merged(before: Sequence[str], after: Sequence[str]) -> Iterator[str]:
    for kind, i1, i2, j1, j2 in SequenceMatcher(a=before, b=after, autojunk=False).get_opcodes():
        if kind == "equal":
            yield from before[i1:i2]
        else:
            yield from (f"-{item}" for item in before[i1:i2])
            yield from (f"+{item}" for item in after[j1:j2])
