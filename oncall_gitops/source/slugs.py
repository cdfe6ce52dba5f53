"""The names by which objects are known: what is a slug, and what somebody meant who wrote another thing."""

from __future__ import annotations

import re

from oncall_gitops.source.syntax import shown_ascii

_SLUG = re.compile(r"[a-z0-9][a-z0-9._-]{0,62}", re.ASCII)


def is_slug(text: str) -> bool:
    return _SLUG.fullmatch(text) is not None


def slug_fault(text: str) -> tuple[str, str]:
    """Message and hint for a text that is no slug."""
    if "$" in text or "{{" in text:
        return f"{shown_ascii(text)} is not a slug: variables are not expanded", "write the slug itself"
    better = better_slug(text)
    rule = (
        "a slug has 1 to 63 characters out of a-z, 0-9, '.', '_' and '-', and begins with a letter or digit"
    )
    return f"{shown_ascii(text)} is not a slug: {rule}", f'for example "{better}"' if better else ""


def better_slug(text: str) -> str:
    """The slug that a text suggests; nothing if it has no letter that a slug may have."""
    return re.sub(r"[^a-z0-9._-]+", "-", text.strip().lower())[:63].strip("-._")
