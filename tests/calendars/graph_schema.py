"""The event resource of Microsoft Graph v1.0, as far as a client may write it, and what it says of wrong bodies.

Written down from the reference of `event`, `itemBody`, `dateTimeTimeZone`, `singleValueLegacyExtendedProperty`.
"""

from __future__ import annotations

import re
import zoneinfo
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

Check = Callable[[Any], bool]

WINDOWS_ZONES = {
    "UTC": "UTC",
    "W. Europe Standard Time": "Europe/Berlin",
    "Pacific Standard Time": "America/Los_Angeles",
    "Eastern Standard Time": "America/New_York",
    "India Standard Time": "Asia/Kolkata",
    "GMT Standard Time": "Europe/London",
}

_LOCAL = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,7})?")
_PROPERTY_ID = re.compile(
    r"(String|Integer|Boolean|SystemTime|Double|Long) "
    r"(\{[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\} (Name .+|Id 0x[0-9a-fA-F]+)|0x[0-9a-fA-F]{4})"
)


def zone_of(name: str) -> zoneinfo.ZoneInfo:
    """A zone by its Windows or IANA name; KeyError for others."""
    try:
        return zoneinfo.ZoneInfo(WINDOWS_ZONES.get(name, name))
    except (zoneinfo.ZoneInfoNotFoundError, ValueError):
        raise KeyError(name) from None


def _text(value: Any) -> bool:
    return value is None or isinstance(value, str)


def _flag(value: Any) -> bool:
    return isinstance(value, bool)


def _one_of(*names: str) -> Check:
    return lambda value: value in names


def _list_of(check: Check) -> Check:
    return lambda value: isinstance(value, list) and all(check(item) for item in value)


def _object(fields: Mapping[str, Check], *, required: tuple[str, ...] = ()) -> Check:
    def check(value: Any) -> bool:
        return (
            isinstance(value, dict)
            and set(required) <= set(value) <= set(fields)
            and all(fields[name](item) for name, item in value.items())
        )

    return check


def _local_time(value: Any) -> bool:
    if not (isinstance(value, str) and _LOCAL.fullmatch(value)):
        return False
    try:
        datetime.fromisoformat(value[:19])
    except ValueError:
        return False
    return True


def _zone(value: Any) -> bool:
    try:
        zone_of(value)
    except (KeyError, TypeError):
        return False
    return True


_TIME = _object({"dateTime": _local_time, "timeZone": _zone}, required=("dateTime", "timeZone"))
_BODY = _object(
    {"contentType": _one_of("text", "html", "Text", "HTML"), "content": _text}, required=("content",)
)
_PROPERTY = _object(
    {
        "id": lambda value: isinstance(value, str) and bool(_PROPERTY_ID.fullmatch(value)),
        "value": lambda value: isinstance(value, str) and len(value) < 32_768,
    },
    required=("id", "value"),
)
_ANYTHING = _list_of(lambda value: isinstance(value, dict))

WRITABLE: Mapping[str, Check] = {
    "allowNewTimeProposals": _flag,
    "attendees": _ANYTHING,
    "body": _BODY,
    "categories": _list_of(lambda value: isinstance(value, str)),
    "end": _TIME,
    "hideAttendees": _flag,
    "importance": _one_of("low", "normal", "high"),
    "isAllDay": _flag,
    "isOnlineMeeting": _flag,
    "isReminderOn": _flag,
    "location": lambda value: isinstance(value, dict),
    "locations": _ANYTHING,
    "recurrence": lambda value: value is None or isinstance(value, dict),
    "reminderMinutesBeforeStart": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "responseRequested": _flag,
    "sensitivity": _one_of("normal", "personal", "private", "confidential"),
    "showAs": _one_of("free", "tentative", "busy", "oof", "workingElsewhere", "unknown"),
    "singleValueExtendedProperties": _list_of(_PROPERTY),
    "start": _TIME,
    "subject": lambda value: isinstance(value, str) and len(value) <= 255,
    "transactionId": lambda value: isinstance(value, str) and 0 < len(value) <= 64,
}


def mistakes(body: Any, *, new: bool) -> list[str]:
    """What the service would refuse in the body of a POST (`new`) or a PATCH of an event."""
    if not isinstance(body, dict):
        return ["the body is not an object"]
    found = [
        f"the property {name!r} does not exist or cannot be written" for name in body if name not in WRITABLE
    ]
    found += [
        f"{name!r} has a wrong value" for name in body if name in WRITABLE and not WRITABLE[name](body[name])
    ]
    if new:
        found += [f"{name!r} is missing" for name in ("start", "end") if name not in body]
    elif "transactionId" in body:
        found.append("'transactionId' cannot be changed")
    return found
