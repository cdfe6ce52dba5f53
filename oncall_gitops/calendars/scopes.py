"""Which of the scopes that we need a grant does not hold. People untick scopes, and tokens come from elsewhere."""

from __future__ import annotations

from collections.abc import Iterable

_WIDER = {
    "calendar.app.created": ("calendar",),
    "calendar.calendarlist.readonly": ("calendar.calendarlist", "calendar.readonly", "calendar"),
    "calendar.events.owned": ("calendar.events", "calendar"),
    "calendars.readwrite": ("calendars.readwrite.shared",),
}
"""Scopes that allow all that a narrower one does, by their last part."""


def missing_scopes(*, needed: Iterable[str], granted: Iterable[str]) -> list[str]:
    """The needed scopes that neither the granted ones nor wider ones cover.

    An empty grant is an untold one, and `.default` all that the application has: nothing is said to be missing.
    """
    held = {_name(scope) for scope in granted} - {".default"}
    return [
        scope
        for scope in needed
        if held and _name(scope) not in held and held.isdisjoint(_WIDER.get(_name(scope), ()))
    ]


def _name(scope: str) -> str:
    """A scope without its resource: providers write the same one with and without."""
    return scope.rpartition("/")[2].lower()
