"""What somebody meant who wrote a value in another shape: offered only where it is certain, else nothing.

Whatever is offered here can be written in the place of what is there, and is then accepted.
"""

from __future__ import annotations

import re
from datetime import date, timedelta

from oncall_gitops.core.model.when import WEEKDAYS, parse_when
from oncall_gitops.source.slugs import is_slug

_MONTHS = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
    "december",
)  # fmt: skip
_DATES = tuple(
    re.compile(pattern, re.ASCII)
    for pattern in (
        r"(?P<year>\d{4})[-/.](?P<month>\d{1,2})[-/.](?P<day>\d{1,2})",
        r"(?P<year>\d{4})(?P<month>\d{2})(?P<day>\d{2})(?!\d)",
        r"(?P<day>\d{1,2})\.(?P<month>\d{1,2})\.(?P<year>\d{4})",
        r"(?P<day>1[3-9]|2\d|3[01])[/-](?P<month>\d{1,2})[/-](?P<year>\d{4})",
        r"(?P<month>\d{1,2})[/-](?P<day>1[3-9]|2\d|3[01])[/-](?P<year>\d{4})",
        r"(?P<day>\d{1,2})(?:st|nd|rd|th|\.)?[ -](?P<word>[A-Za-z]{3,9})\.?,?[ -](?P<year>\d{4})",
        r"(?P<word>[A-Za-z]{3,9})\.? (?P<day>\d{1,2})(?:st|nd|rd|th)?,? (?P<year>\d{4})",
    )
)
_TIME_OF_DAY = re.compile(
    r"[tT\s]+(\d{1,2}):(\d{2})(?::(\d{2})(?:\.0+)?)?\s*(?:([zZ]|UTC|GMT)|([+-]\d{2}):?(\d{2}))?", re.ASCII
)
_WHOLE = re.compile(r"\+?0*(\d{1,9})(?:\.0+)?(?:\s*(?:turn|hour|day|week|month)s?)?", re.ASCII)
_DAY_RANGE = re.compile(r"([a-z]+)\s*(?:-|\u2013|\.\.|to)\s*([a-z]+)")
_DAY_NAMES = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def time(text: str) -> str:
    """A date or time in the shape in which it is read."""
    text = text.strip()
    for pattern in _DATES:
        if (found := pattern.match(text)) and (day := _date(found)):
            better = _with_time(day, text[found.end() :])
            try:
                parse_when(better)
            except ValueError:
                return ""
            return better
    return ""


def _date(found: re.Match[str]) -> date | None:
    parts = found.groupdict()
    if word := parts.get("word"):
        months = [number for number, name in enumerate(_MONTHS, 1) if name.startswith(word.lower())]
        month = months[0] if months else 0
    else:
        month = int(parts["month"])
    try:
        return date(int(parts["year"]), month, int(parts["day"]))
    except ValueError:
        return None


def _with_time(day: date, rest: str) -> str:
    if not rest:
        return day.isoformat()
    if not (found := _TIME_OF_DAY.fullmatch(rest)):
        return ""
    hour, minute, second, utc, offset, minutes = found.groups()
    if (int(hour), int(minute), int(second or 0)) == (24, 0, 0):
        day, hour = day + timedelta(days=1), "00"
    seconds = f":{second}" if second else ""
    zone = "Z" if utc else f"{offset}:{minutes}" if offset else ""
    return f"{day.isoformat()}T{hour:0>2}:{minute}{seconds}{zone}"


def whole_number(text: str) -> str:
    """`2` for `+2`, `02`, `2.0` and `2 weeks`."""
    found = _WHOLE.fullmatch(text.strip())
    return found[1] if found else ""


def days(text: str) -> list[str]:
    """Weekdays in the order of the week: `MON-FRI`, `sat, sun`, `weekdays`."""
    found: set[int] = set()
    for piece in re.split(r"[,;/&+]|\band\b", text.strip().strip("[](){}").lower()):
        words = piece.strip(" \"'")
        if words in ("weekday", "weekdays", "workdays", "business days"):
            found.update(range(5))
        elif words in ("weekend", "weekends"):
            found.update((5, 6))
        elif span := _DAY_RANGE.fullmatch(words):
            first, last = _day(span[1]), _day(span[2])
            if first is None or last is None:
                return []
            found.update((first + step) % 7 for step in range((last - first) % 7 + 1))
        elif (day := _day(words)) is not None:
            found.add(day)
        else:
            return []
    return [WEEKDAYS[day] for day in sorted(found)]


def _day(word: str) -> int | None:
    if word in ("tues", "thur", "thurs"):
        word = word[:3]
    names = [number for number, name in enumerate(_DAY_NAMES) if len(word) > 2 and name.startswith(word)]
    return names[0] if names else None


def slugs(text: str) -> str:
    """A list, as it should be written, for a text that has its items: `alice, bob`, `(alice, bob)`."""
    bare = re.sub(r"[\[\](){}\"']|^\s*-\s", " ", text, flags=re.MULTILINE)
    words = [word for word in re.split(r"[,;\s]+", bare) if word]
    return f"[{', '.join(words)}]" if words and all(map(is_slug, words)) else ""
