"""How much a plan may do before it looks like an accident; the figures are the user's to set."""

from __future__ import annotations

from dataclasses import dataclass

BLOCKING = frozenset({"empty-source", "mass-delete", "new-gap", "unmanaged-clash"})
WARNING = frozenset({"on-call-now", "past-edit"})
CALENDAR_MASS_DELETE = "calendar-mass-delete"
"""The brake of a calendar's sync; what it found is accepted as any other rule's is."""

ADJUSTABLE = frozenset({"new-gap", "on-call-now", "past-edit"})
"""The rules whose verdict may be set; the others guard against losing data and always block."""


@dataclass(frozen=True, slots=True)
class Limits:
    """A plan is a mass delete above `mass_delete_percent` and above `mass_delete_count` objects of one kind.

    `blocking` names the rules that block; every other rule only warns.
    """

    mass_delete_percent: int = 25
    mass_delete_count: int = 3
    blocking: frozenset[str] = BLOCKING
