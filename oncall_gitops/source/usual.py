"""The usual file: one without a single mistake, warning or oddity, read in one pass to plain values.

Nearly every file is like that, and needs no positions. So it is read without them: its lines to a plain tree
(`lines.py`), that to the core's values (`values.py`), each equal text only once. Whatever is not wholly usual (a
mistake, a warning, a rename, an odd way to write something) makes `read_usual` give None, and the file is read with
positions and explained (`document.py`, `schema.py`). So nothing may be accepted here that would be refused or
warned about there, and both must come to the same values; the tests hold them to it.
"""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass, field

from oncall_gitops.core.model.override import Override
from oncall_gitops.core.model.schedule import Schedule
from oncall_gitops.core.model.team import Team
from oncall_gitops.core.model.user import User
from oncall_gitops.source.lines import Unusual, plain_tree


@dataclass(slots=True)
class Usual:
    """What a usual file holds, before anybody knows whether what it mentions exists.

    `away` are the users with time off, `described` the teams that have keys of their own beside `schedules`.
    `overrides` stand outside of their schedules, each with the full name of its own. `mentioned` are the users who
    must be in other files.
    """

    users: dict[str, User] = field(default_factory=dict)
    away: tuple[str, ...] = ()
    teams: dict[str, Team] = field(default_factory=dict)
    described: tuple[str, ...] = ()
    schedules: dict[str, Schedule] = field(default_factory=dict)
    overrides: list[tuple[str, Override]] = field(default_factory=list)
    mentioned: Set[str] = field(default_factory=set)


def read_usual(text: str) -> Usual | None:
    """The content of a text if it is usual in every respect."""
    from oncall_gitops.source.values import usual_file

    try:
        return usual_file(plain_tree(text))
    except (Unusual, ValueError, TypeError, KeyError, RecursionError):
        return None
