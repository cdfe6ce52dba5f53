"""A time as somebody wrote it: a bare date, a local wall time, or an instant.

What it means in real time depends on a zone and, for a bare date, on a handoff time; `wallclock.instant` decides.
Local times are whole seconds of wall clock since 1970-01-01T00:00 on the local calendar (`Local`), which is
arithmetic on the calendar and never on real time.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import Enum
from functools import lru_cache
from typing import TypeAlias

from oncall_gitops.core.model.instant import Instant, day_text, instant_text, parse_instant

Local: TypeAlias = int

DAY = 86_400
WEEK = 7 * DAY
WEEKDAYS = ("MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN")

_LOCAL_EPOCH = datetime(1970, 1, 1)
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_LOCAL = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(?::\d{2})?", re.ASCII)
_CLOCK = re.compile(r"(\d{2}):(\d{2})", re.ASCII)
_EARLIEST, _LATEST = 1970, 2099


class Written(Enum):
    """How a time was written."""

    DATE = "date"
    LOCAL = "local"
    INSTANT = "instant"


@dataclass(frozen=True, slots=True)
class When:
    """A written time: local seconds (midnight, for a bare date) or, for an instant, UTC seconds."""

    written: Written
    seconds: int

    @property
    def text(self) -> str:
        """The normal form: `2026-01-05`, `2026-01-05T09:00` (seconds only if there are any), `...Z`."""
        match self.written:
            case Written.DATE:
                return day_text(self.seconds // DAY)
            case Written.LOCAL:
                return local_text(self.seconds)
            case Written.INSTANT:
                return instant_text(self.seconds)

    def at_midnight(self) -> When:
        """A bare date as the local time 00:00; everything else as it is."""
        return When(Written.LOCAL, self.seconds) if self.written is Written.DATE else self


def at_instant(instant: Instant) -> When:
    """An instant as a written time."""
    return When(Written.INSTANT, instant)


@lru_cache(maxsize=50_000)
def parse_when(text: str) -> When:
    """Read a date, a local datetime or an instant; ValueError, in words for people, for anything else."""
    if _DATE.fullmatch(text):
        value = When(Written.DATE, local_seconds(datetime.fromisoformat(text)))
    elif _LOCAL.fullmatch(text):
        value = When(Written.LOCAL, local_seconds(datetime.fromisoformat(text)))
    else:
        value = When(Written.INSTANT, parse_instant(text))
    if not _EARLIEST <= int(text[:4]) <= _LATEST:
        raise ValueError(f"dates lie in {_EARLIEST} to {_LATEST}")
    return value


def parse_clock(text: str, *, end_of_day: bool = False) -> int:
    """Read `HH:MM` as seconds after midnight; `24:00` only where a window may end. ValueError otherwise."""
    found = _CLOCK.fullmatch(text)
    if found is None:
        raise ValueError(f"not a wall time HH:MM: {text!r}")
    hours, minutes = int(found[1]), int(found[2])
    if (hours, minutes) == (24, 0) and end_of_day:
        return DAY
    if hours > 23 or minutes > 59:
        raise ValueError(f"no such wall time: {text!r}")
    return hours * 3600 + minutes * 60


def clock_text(seconds: int) -> str:
    """`09:00` for 32400, `24:00` for 86400; seconds are shown only if there are any."""
    text = f"{seconds // 3600:02}:{seconds // 60 % 60:02}"
    return f"{text}:{seconds % 60:02}" if seconds % 60 else text


def local_seconds(moment: datetime) -> Local:
    """The local seconds of a naive datetime."""
    return (moment - _LOCAL_EPOCH) // timedelta(seconds=1)


def local_datetime(local: Local) -> datetime:
    """The naive datetime of local seconds."""
    return _LOCAL_EPOCH + timedelta(seconds=local)


def local_text(local: Local) -> str:
    """`2026-01-05T09:00`, with `:SS` only if there are seconds."""
    day, seconds = divmod(local, DAY)
    return f"{day_text(day)}T{clock_text(seconds)}"


def local_date(local: Local) -> date:
    """The calendar day of local seconds."""
    return local_datetime(local).date()


def weekday(local: Local) -> int:
    """0 for Monday to 6 for Sunday (1970-01-01 was a Thursday)."""
    return (local // DAY + 3) % 7


def monday(local: Local) -> Local:
    """00:00 on the Monday of the week that holds `local`."""
    return (local // DAY - weekday(local)) * DAY
