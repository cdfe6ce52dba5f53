"""Rows as plain values: what a table's columns hold, in types that JSON knows.

Instants are whole epoch seconds, ids text, date ranges `[from, until]`. So a row that is about to be written
and the same row read back are equal, and so are their digests, whatever the session's time zone or the order
of keys in `jsonb`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias, TypeVar

from oncall_gitops.core.definition import digest
from oncall_gitops.core.model.instant import Instant
from oncall_gitops.core.model.live import StaleInstant
from oncall_gitops.core.model.when import When, at_instant
from oncall_gitops.core.wallclock import zone

T = TypeVar("T")

Row: TypeAlias = "Mapping[str, Any]"

_OUTSIDE = frozenset(
    ("id", "created_at", "updated_at", "managed", "last_applied", "source_file", "deleted_at")
)
"""What a row knows beside its meaning."""


def row_digest(row: Row) -> str:
    """A digest of what the row means: goes into `last_applied`, so that a later change by others shows.

    A null counts as absent, so that a column of a later schema does not make every row look changed.
    """
    return digest({key: value for key, value in row.items() if key not in _OUTSIDE and value is not None})


def known_zone(name: str | None) -> str:
    """The zone's name, or UTC for one that nobody knows: other programs may write what they like."""
    try:
        zone(name or "UTC")
    except KeyError:
        return "UTC"
    return name or "UTC"


@dataclass(slots=True)
class Reading:
    """How to take one row: as it was written, where its columns still say that.

    `spec` is what was written (None: the row is another program's, and its columns are all there is). A row
    that is `untouched` since reconcile wrote it is taken as written everywhere: where an instant differs, the
    time zone data has changed, which is kept in `stale`. In a touched row, what differs was changed by hand.
    """

    spec: Row | None
    untouched: bool
    stale: list[StaleInstant] = field(default_factory=list)

    def time(
        self, path: str, *, written: When | None, stored: Instant | None, derived: Instant | None
    ) -> When | None:
        """A time as written, or the stored instant where somebody changed it; None is `not given`."""
        if self.spec is not None and stored == derived:
            return written
        if self.untouched and stored is not None and derived is not None:
            self.stale.append(StaleInstant(path, stored, derived))
            return written
        return None if stored is None else at_instant(stored)

    def value(self, *, written: T, stored: T, derived: T) -> T:
        """As `time`, for a column of any other kind."""
        return written if self.spec is not None and (self.untouched or stored == derived) else stored
