"""What a mailbox of the fake keeps: calendars, events, the bin; and how events look in answers."""

from __future__ import annotations

import base64
import html
import re
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from tests.calendars.graph_schema import zone_of

_NUMBERS = count(1)
_DAY_ONE = datetime(2026, 11, 1, tzinfo=UTC)

DEFAULTS: Mapping[str, Any] = {
    "subject": "",
    "importance": "normal",
    "sensitivity": "normal",
    "isAllDay": False,
    "showAs": "busy",
    "isReminderOn": True,
    "reminderMinutesBeforeStart": 15,
    "responseRequested": True,
    "categories": [],
    "attendees": [],
    "recurrence": None,
    "transactionId": None,
}


def new_id(kind: str) -> str:
    """As long and as full of `=`, `-` and `_` as theirs."""
    number = next(_NUMBERS)
    return f"AAk{kind}LgAAAAAAHYQDEapmEc2byACqAC-EWg0A_{number:08d}" + "=" * (1 + number % 2)


@dataclass
class Event:
    """An event as stored: times are instants, the body is the text or HTML that was written."""

    id: str
    fields: dict[str, Any]
    start: datetime
    end: datetime
    zone: str
    body: str = ""
    is_html: bool = False
    properties: dict[str, str] = field(default_factory=dict)
    created: datetime = _DAY_ONE
    version: int = 0

    @classmethod
    def made(cls, body: Mapping[str, Any]) -> Event:
        event = cls(new_id("E"), deepcopy(dict(DEFAULTS)), _DAY_ONE, _DAY_ONE, "UTC")
        event.write(body)
        event.created = _DAY_ONE + timedelta(seconds=event.version)
        return event

    def write(self, body: Mapping[str, Any]) -> None:
        """As PATCH does: only what is named is replaced."""
        for name, value in body.items():
            if name == "start":
                self.start, self.zone = _instant(value), value["timeZone"]
            elif name == "end":
                self.end = _instant(value)
            elif name == "body":
                self.body = value.get("content") or ""
                self.is_html = str(value.get("contentType", "text")).lower() == "html"
            elif name == "singleValueExtendedProperties":
                self.properties.update({item["id"]: item["value"] for item in value})
            else:
                self.fields[name] = deepcopy(value)
        self.version = next(_NUMBERS)

    @property
    def change_key(self) -> str:
        return base64.b64encode(f"version {self.version}".encode()).decode()

    @property
    def etag(self) -> str:
        return f'W/"{self.change_key}"'

    def copy(self) -> Event:
        """What a person makes of it: everything but its identity."""
        copied = deepcopy(self)
        copied.id = new_id("E")
        copied.fields["transactionId"] = None
        copied.version = next(_NUMBERS)
        copied.created = _DAY_ONE + timedelta(seconds=copied.version)
        return copied

    def shown(
        self, *, zone: str = "UTC", as_text: bool = False, expanded: tuple[str, ...] = ()
    ) -> dict[str, Any]:
        """The event in an answer. Named properties are there only if each was asked for."""
        shown = {
            "@odata.etag": self.etag,
            "id": self.id,
            "createdDateTime": f"{self.created:%Y-%m-%dT%H:%M:%S}.1234567Z",
            "lastModifiedDateTime": f"{self.created:%Y-%m-%dT%H:%M:%S}.7654321Z",
            "changeKey": self.change_key,
            "originalStartTimeZone": self.zone,
            "originalEndTimeZone": self.zone,
            "iCalUId": f"040000008200E00074C5B7101A82E008{self.version:08X}",
            "hasAttachments": False,
            "isCancelled": False,
            "isOrganizer": True,
            "seriesMasterId": None,
            "type": "singleInstance",
            "webLink": f"https://outlook.office365.com/owa/?itemid={self.id}",
            "bodyPreview": self.body[:255],
            **deepcopy(self.fields),
            "body": self._text() if as_text else self._html(),
            "start": _local(self.start, zone),
            "end": _local(self.end, zone),
            "location": {"displayName": "", "locationType": "default", "uniqueIdType": "unknown"},
            "locations": [],
            "organizer": {"emailAddress": {"name": "Somebody", "address": "somebody@example.com"}},
        }
        wanted = {name.lower() for name in expanded}
        if found := {name: value for name, value in self.properties.items() if name.lower() in wanted}:
            shown["singleValueExtendedProperties"] = [
                {"id": name, "value": value} for name, value in found.items()
            ]
        return shown

    def _text(self) -> dict[str, str]:
        text = html.unescape(re.sub(r"<[^>]*>", "", self.body)) if self.is_html else self.body
        return {"contentType": "text", "content": text.replace("\n", "\r\n") + ("\r\n" if text else "")}

    def _html(self) -> dict[str, str]:
        """Plain text as the service shows it to whoever does not ask for text."""
        written = self.body if self.is_html else html.escape(self.body, quote=False)
        written = written.replace("  ", "&nbsp; ").replace("\n", "<br>\r\n")
        return {
            "contentType": "html",
            "content": '<html>\r\n<head>\r\n<meta http-equiv="Content-Type" content="text/html; charset=utf-8">\r\n'
            "<style><!-- .PlainText { font-size: 10pt } --></style>\r\n</head>\r\n<body>\r\n"
            f'<font size="2"><span style="font-size:10pt;"><div class="PlainText">{written}</div></span></font>\r\n'
            "</body>\r\n</html>\r\n",
        }


@dataclass
class Calendar:
    name: str
    owner: str
    is_default: bool = False
    id: str = field(default_factory=lambda: new_id("C"))
    events: dict[str, Event] = field(default_factory=dict)

    def shown(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "name": self.name,
            "color": "auto",
            "isDefaultCalendar": self.is_default,
            "changeKey": "Y2hhbmdl",
            "canEdit": True,
            "canShare": True,
            "canViewPrivateItems": True,
            "isRemovable": not self.is_default,
            "owner": {"name": self.owner.partition("@")[0], "address": self.owner},
        }


@dataclass
class Mailbox:
    """`used` are the transaction ids that events were created under, with those events' ids."""

    address: str
    calendars: dict[str, Calendar] = field(default_factory=dict)
    bin: dict[str, Event] = field(default_factory=dict)
    used: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.add_calendar("Calendar", is_default=True)

    def add_calendar(self, name: str, *, is_default: bool = False) -> Calendar:
        made = Calendar(name, self.address, is_default)
        self.calendars[made.id] = made
        return made

    def holder(self, event_id: str) -> Calendar | None:
        """The calendar in which an event stands."""
        return next((one for one in self.calendars.values() if event_id in one.events), None)


def _instant(time: Mapping[str, str]) -> datetime:
    local = datetime.fromisoformat(time["dateTime"][:19])
    return local.replace(tzinfo=zone_of(time["timeZone"])).astimezone(UTC)


def _local(instant: datetime, zone: str) -> dict[str, str]:
    return {
        "dateTime": f"{instant.astimezone(zone_of(zone)):%Y-%m-%dT%H:%M:%S}.0000000",
        "timeZone": zone,
    }
