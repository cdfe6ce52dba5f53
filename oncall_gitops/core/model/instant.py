"""Instants are whole seconds since 1970-01-01T00:00:00Z, as plain integers.

Integers compare exactly and cheaply, and cannot be confused by a fold: two instants an hour apart in an
autumn night compare equal as datetimes under one zone. Datetimes and text appear only at the doors, through
the functions here. Finer fractions of a second are dropped, always downward.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import TypeAlias

Instant: TypeAlias = int

_DAY = 86_400

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST_DAY = EPOCH.toordinal()
FOREVER_AGO: Instant = -(10**11)
FOREVER: Instant = 10**11
"""Bounds beyond every date that a file can name (1970 to 2099)."""

_INSTANT = re.compile(
    r"(\d{4})-(\d{2})-(\d{2})[Tt](\d{2}):(\d{2})(?::(\d{2}))?(?:[Zz]|([+-])(\d{2}):(\d{2}))", re.ASCII
)


def from_datetime(moment: datetime) -> Instant:
    """The instant of an aware datetime; fractions of a second are dropped."""
    if moment.tzinfo is None:
        raise ValueError("an instant needs an aware datetime")
    return (moment - EPOCH) // timedelta(seconds=1)


def to_datetime(instant: Instant) -> datetime:
    """The aware UTC datetime of an instant."""
    return EPOCH + timedelta(seconds=instant)


def instant_text(instant: Instant) -> str:
    """`2026-11-22T18:30:00Z`."""
    day, seconds = divmod(instant, _DAY)
    return f"{day_text(day)}T{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}Z"


@lru_cache(maxsize=50_000)
def day_text(day: int) -> str:
    """`2026-11-22`, by its number from 1970-01-01; every day that files can name is worked out but once."""
    return date.fromordinal(_FIRST_DAY + day).isoformat()


def parse_instant(text: str) -> Instant:
    """Read `2026-11-22T18:30[:00]` with `Z` or an offset such as `+01:00`; ValueError otherwise."""
    found = _INSTANT.fullmatch(text)
    if found is None:
        raise ValueError(f"not an instant with an offset: {text!r}")
    year, month, day, hour, minute, second, sign, off_hours, off_minutes = found.groups()
    moment = datetime(int(year), int(month), int(day), int(hour), int(minute), int(second or 0), tzinfo=UTC)
    if sign is None:
        return from_datetime(moment)
    if int(off_hours) > 14 or int(off_minutes) > 59:
        raise ValueError(f"no zone has the offset {sign}{off_hours}:{off_minutes}")
    offset = int(off_hours) * 3600 + int(off_minutes) * 60
    return from_datetime(moment) - (offset if sign == "+" else -offset)
