"""Lengths of real time as people write them: `90d`, `12w`, `2160h`, `30s`."""

from __future__ import annotations

import re

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 7 * 86_400}
_DURATION = re.compile(r"([0-9]{1,9})([smhdw])", re.ASCII)


def parse_duration(text: str) -> int:
    """Seconds of a whole number with one unit out of s, m, h, d and w; ValueError, in words for people."""
    found = _DURATION.fullmatch(text)
    if found is None:
        raise ValueError(f"not a duration such as 90d, 12w, 36h, 15m or 30s: {text!r}")
    return int(found[1]) * _UNITS[found[2]]


def duration_text(seconds: int) -> str:
    """The shortest writing in one unit, weeks excepted: `90d`, `36h`, `30s`."""
    for unit in ("d", "h", "m"):
        if seconds and seconds % _UNITS[unit] == 0:
            return f"{seconds // _UNITS[unit]}{unit}"
    return f"{seconds}s"
