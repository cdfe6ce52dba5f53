"""Our events as Microsoft Graph writes them, both ways.

Two named properties mark an event. `ocg` holds the marker alone, because listings can filter by one value;
`ocgKey` says what the event stands for. Listings may cut long properties, so it stays short (under 255
characters) and the description is read from the event's body, which the service rewrites: as HTML, with other
line ends, with seven decimals in the times.

A copy that a person makes carries both properties, but never the `transactionId` of the original.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from html.parser import HTMLParser
from typing import Any, NamedTuple, TypeAlias

from oncall_gitops.calendars.identity import transaction_id
from oncall_gitops.core.model.calendar import EventContent, ListedEvent, WantedEvent
from oncall_gitops.core.model.instant import Instant, parse_instant, to_datetime
from oncall_gitops.core.wallclock import zone

Json: TypeAlias = Mapping[str, Any]

_SET = "{d417378a-7f7e-40fc-9bd4-f7e63e731150}"
MARKER_PROPERTY = f"String {_SET} Name ocg"
KEY_PROPERTY = f"String {_SET} Name ocgKey"

_TIME = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d)?)(?:\.\d+)?(Z|[+-]\d\d:\d\d)?", re.ASCII)
_UTC_NAMES = frozenset(
    ["", "utc", "etc/utc", "etc/gmt", "zulu", "z", "coordinated universal time", "tzone://microsoft/utc"]
)
"""`UTC` as zones are called by IANA, by Windows and by Outlook."""

_BLOCKS = frozenset(["blockquote", "div", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "li", "p", "pre", "tr"])
_UNSEEN = frozenset(["head", "script", "style", "title"])


class Mark(NamedTuple):
    """What `ocgKey` says. The zone is kept here because Graph would turn it into a fixed list of its own."""

    marker: str
    key: str
    generation: int
    timezone: str


def new_event(wanted: WantedEvent, *, marker: str, generation: int) -> dict[str, Any]:
    """The body of a POST. A repeated one is refused by its `transactionId`."""
    return {
        **changed_event(wanted, marker=marker, generation=generation),
        "transactionId": transaction_id(marker, wanted.key, generation),
    }


def changed_event(wanted: WantedEvent, *, marker: str, generation: int) -> dict[str, Any]:
    """The body of a PATCH: every field that is ours, since it replaces only what it names.

    Times are sent in UTC, which is exact in every zone and always a legal name. What Graph would choose by
    itself (busy, a reminder a quarter of an hour before) is said to be otherwise.
    """
    content = wanted.content
    mark = {
        "marker": marker,
        "key": wanted.key,
        "generation": generation,
        "timezone": content.timezone,
    }
    return {
        "subject": content.summary,
        "body": {"contentType": "text", "content": content.description},
        "start": _utc(content.start),
        "end": _utc(content.end),
        "isAllDay": False,
        "showAs": "free",
        "isReminderOn": False,
        "reminderMinutesBeforeStart": 0,
        "singleValueExtendedProperties": [
            {"id": MARKER_PROPERTY, "value": marker},
            {"id": KEY_PROPERTY, "value": json.dumps(mark, ensure_ascii=False, separators=(",", ":"))},
        ],
    }


def owned(events: Iterable[Json], *, marker: str) -> list[ListedEvent]:
    """Those events of a marker's listing that we made.

    We made the one whose `transactionId` is derived from what it says to stand for. Where no event of the
    listing shows any (a server that does not tell), all that is left to go by is age: copies come later.
    """
    marked = [(event, mark) for event in events if (mark := read_mark(event)) and mark.marker == marker]
    if any("transactionId" in event for event, _ in marked):
        marked = [(event, mark) for event, mark in marked if is_ours(event, mark)]
    oldest: dict[tuple[str, int], tuple[Json, Mark]] = {}
    for event, mark in sorted(marked, key=lambda found: _age(found[0])):
        oldest.setdefault((mark.key, mark.generation), (event, mark))
    return [listed_event(event, mark) for event, mark in oldest.values()]


def is_ours(event: Json, mark: Mark) -> bool:
    shown = event.get("transactionId")
    return isinstance(shown, str) and shown.lower() == transaction_id(mark.marker, mark.key, mark.generation)


def read_mark(event: Json) -> Mark | None:
    """What an event says to stand for; None if it does not say so as we do."""
    for found in event.get("singleValueExtendedProperties") or ():
        if str(found.get("id", "")).lower() != KEY_PROPERTY.lower():
            continue
        try:
            said = json.loads(found["value"])
            return Mark(
                str(said["marker"]),
                str(said["key"]),
                int(said["generation"]),
                str(said.get("timezone", "")),
            )
        except (ValueError, TypeError, KeyError):
            return None
    return None


def listed_event(event: Json, mark: Mark) -> ListedEvent:
    """An event of ours; ValueError, KeyError or TypeError if the answer lacks what every event has."""
    start, end = _instant(event["start"]), _instant(event["end"])
    as_we_write = (
        not event.get("isAllDay")
        and event.get("showAs", "free") == "free"
        and not event.get("isReminderOn")
        and None not in (start.exact, end.exact)
    )
    content = EventContent(
        summary=str(event.get("subject") or ""),
        description=plain_text(event.get("body") or {}),
        start=start.instant,
        end=end.instant,
        timezone=mark.timezone,
    )
    return ListedEvent(
        key=mark.key,
        generation=mark.generation,
        remote_id=str(event["id"]),
        etag=etag_of(event),
        content=content if as_we_write else None,
        start=start.instant,
        end=end.instant,
    )


def etag_of(event: Json) -> str:
    """The event's version, as `If-Match` takes it; empty if the answer does not tell."""
    if etag := event.get("@odata.etag"):
        return str(etag)
    return f'W/"{event["changeKey"]}"' if event.get("changeKey") else ""


def plain_text(body: Json) -> str:
    """What a person reads in an event's body, with a newline between lines."""
    content = str(body.get("content") or "").replace("\r\n", "\n")
    if str(body.get("contentType", "")).lower() != "html":
        return content.strip()
    reader = _Reader()
    reader.feed(content)
    reader.close()
    return reader.text()


class _Reader(HTMLParser):
    """The lines that a browser shows. Where nothing in the markup breaks a line, the text's own newlines do:
    a service that only wraps plain text into a page keeps them."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._pieces: list[str] = []
        self._unseen = 0

    def handle_starttag(self, tag: str, _: list[tuple[str, str | None]]) -> None:
        self._unseen += tag in _UNSEEN
        if tag == "br":
            self._pieces.append("\v")
        elif tag in _BLOCKS:
            self._end_block()

    def handle_endtag(self, tag: str) -> None:
        if tag in _UNSEEN and self._unseen:
            self._unseen -= 1
        elif tag in _BLOCKS:
            self._end_block()

    def handle_data(self, data: str) -> None:
        if not self._unseen:
            self._pieces.append(data)

    def _end_block(self) -> None:
        """A block begins a line, unless one has just begun."""
        if any(piece.strip(" \t\n") for piece in self._pieces):
            self._pieces.append("\f")

    def text(self) -> str:
        text = "".join(self._pieces).replace("\xa0", " ")
        text = re.sub(r"\s*\f[\s\f]*", "\v", text.strip())
        if "\v" in text:
            text = text.replace("\n", " ").replace("\v", "\n")
        return "\n".join(line.strip() for line in text.split("\n"))


class _Read(NamedTuple):
    instant: Instant
    exact: Instant | None
    """None where the zone is not known, so that the instant may be wrong."""


def _instant(time: Json) -> _Read:
    """A `dateTimeTimeZone`: local time and the name of a zone, as we ask for it UTC."""
    found = _TIME.fullmatch(str(time["dateTime"]))
    if found is None:
        raise ValueError("not a time")
    text, offset = found.groups()
    moment = parse_instant(text + (offset or "Z"))
    name = str(time.get("timeZone") or "")
    if offset or name.lower() in _UTC_NAMES:
        return _Read(moment, moment)
    try:
        moment = zone(name).to_instant(moment)
    except KeyError:
        return _Read(moment, None)
    return _Read(moment, moment)


def _utc(instant: Instant) -> dict[str, str]:
    return {"dateTime": to_datetime(instant).strftime("%Y-%m-%dT%H:%M:%S"), "timeZone": "UTC"}


def _age(event: Json) -> tuple[str, str]:
    return str(event.get("createdDateTime") or "~"), str(event.get("id") or "")
