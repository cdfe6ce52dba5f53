"""The one place that reads the clock. Everything below is told what `now` is."""

from __future__ import annotations

from datetime import UTC, datetime

from oncall_gitops.core.model.instant import Instant, from_datetime


def read_clock(as_of: Instant | None = None) -> Instant:
    """Now, or the instant that `--as-of` puts in its place."""
    return from_datetime(datetime.now(UTC)) if as_of is None else as_of
