"""The usual file: one without a single mistake, warning or oddity, read in one pass to plain values.

Nearly every file is like that, and needs no positions. So it is read without them: the parser's events to plain
trees, those to the core's values, each equal text only once. Whatever is not wholly usual (a mistake, a warning, a
rename, a tag, a tab, text that needs a closer look) makes `read_usual` give None, and the file is read with
positions and explained (`document.py`, `schema.py`). So nothing may be accepted here that would be refused or
warned about there, and both must come to the same values; the tests hold them to it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, NoReturn

import yaml
from yaml.events import (
    DocumentEndEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamEndEvent,
    StreamStartEvent,
)

from oncall_gitops.core.model.override import Override
from oncall_gitops.core.model.schedule import Schedule
from oncall_gitops.core.model.team import Team
from oncall_gitops.core.model.user import User
from oncall_gitops.source.document import MAX_DEPTH, MAX_ENTRIES
from oncall_gitops.source.text import escaped_fault

_ODD_KEYS = frozenset({"", "~", "<<", "null", "Null", "NULL"})
_WITH_OFFSET = re.compile(r"T\d\d:\d\d(?::\d\d)?[+-]\d\d:", re.ASCII)
_MARKED = re.compile(r"""(?:\A|[\s,:?'"\[\]{}-])[&*!]""")
"""What may be an anchor, an alias or a tag."""


class Unusual(Exception):
    """Something deserves a closer look."""


class Quoted(str):
    """A scalar that was written in quotes, or in a block: text, whatever it looks like."""

    __slots__ = ()


@dataclass(slots=True)
class Usual:
    """What a usual file holds, before anybody knows whether what it mentions exists.

    `described` are the teams that have keys of their own beside `schedules`. `overrides` stand outside of
    their schedules, each with the full name of its own. `mentioned` are the users who must exist.
    """

    users: dict[str, User] = field(default_factory=dict)
    teams: dict[str, Team] = field(default_factory=dict)
    described: set[str] = field(default_factory=set)
    schedules: dict[str, Schedule] = field(default_factory=dict)
    overrides: list[tuple[str, Override]] = field(default_factory=list)
    mentioned: set[str] = field(default_factory=set)


def read_usual(text: str) -> Usual | None:
    """The content of a text if it is usual in every respect."""
    from oncall_gitops.source.values import usual_file

    if "\t" in text or _WITH_OFFSET.search(text):
        return None
    if ("&" in text or "*" in text or "!" in text) and _MARKED.search(text):
        return None
    try:
        return usual_file(plain_tree(text))
    except (Unusual, yaml.YAMLError, TypeError, KeyError):
        return None


def plain_tree(text: str) -> Any:  # noqa: C901 (one loop: a call for each scalar would be felt)
    """The text as dicts, lists, `str` for what is written plainly and `Quoted`."""
    next_event = yaml.CBaseLoader(text).get_event
    _opening(next_event)
    waiting: list[tuple[Any, Any]] = []
    current: Any = None
    key: Any = None
    while True:
        event: Any = next_event()
        kind = type(event)
        value: Any
        if kind is ScalarEvent:
            value = event.value
            if event.style:
                if event.style == '"' and not value.isprintable() and escaped_fault(value):
                    unusual()
                value = Quoted(value)
        elif kind is MappingStartEvent or kind is SequenceStartEvent:
            if len(waiting) >= MAX_DEPTH:
                unusual()  # each level more costs the parser more than the one before
            waiting.append((current, key))
            current, key = {} if kind is MappingStartEvent else [], None
            continue
        elif kind is MappingEndEvent or kind is SequenceEndEvent:
            value = current
            if len(value) > MAX_ENTRIES:
                unusual()
            current, key = waiting.pop()
        else:
            unusual()
        if current is None:
            break
        if type(current) is list:
            current.append(value)
        elif key is None:
            if value in _ODD_KEYS or value in current or not value.isascii():
                unusual()
            key = str(value)
        else:
            current[key] = value
            key = None
    _closing(next_event)
    return value


def unusual() -> NoReturn:
    raise Unusual


def _opening(next_event: Any) -> None:
    """One document without directives begins."""
    if type(next_event()) is not StreamStartEvent:
        unusual()
    event = next_event()
    if type(event) is not DocumentStartEvent or event.version or event.tags:
        unusual()


def _closing(next_event: Any) -> None:
    """And it is the only one."""
    if type(next_event()) is not DocumentEndEvent or type(next_event()) is not StreamEndEvent:
        unusual()
