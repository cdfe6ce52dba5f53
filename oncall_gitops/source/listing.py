"""Of very many mistakes of one kind the first ones are listed and the others counted: none is dropped in silence."""

from __future__ import annotations

from oncall_gitops.core.problem import Origin, Problem

MOST = 1000
"""Mistakes of one entry, or of one file's form, that are listed: nobody reads more, and hostile files have many
thousands."""

MAX_SHOWN = 20
"""Odd characters of one kind in one file that are listed; the first ones tell the story."""


def unlisted(count: int, origin: Origin) -> Problem:
    """What stands for the mistakes that are too many to list."""
    return Problem(
        origin, "OG121", f"{count:,} more mistakes of this kind are not listed", "mend these first"
    )
