"""How others resolve the same three layers, written out: what the benchmark of shifts compares with.

`plain_sweep` is what one writes first: aware datetimes stepped by days, zoneinfo for each, a sweep over edges.
`calendar_of` is how Grafana OnCall keeps a rotation: iCalendar events that repeat, one for each person.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, time, timedelta
from itertools import pairwise
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from benchmarks.measuring import peer

Claim = tuple[float, float, str, str]


class PlainLayer(NamedTuple):
    """A rotation from `start` (local), `days` a turn; active on some weekdays between two hours, or always."""

    name: str
    start: datetime
    days: int
    users: Sequence[str]
    weekdays: Sequence[int] = ()
    opens: time = time(0)
    hours: int = 24


def plain_sweep(layers: Sequence[PlainLayer], zone: ZoneInfo, start: datetime, end: datetime) -> list[Claim]:
    """The shifts between two local times; layers in ascending order."""
    sources = [_claims(layer, zone, start, end) for layer in layers]
    edges = sorted({edge for claims in sources for claim in claims for edge in claim[:2]})
    shifts: list[Claim] = []
    places = [0] * len(sources)
    for low, high in pairwise(edges):
        winner = None
        for number, claims in enumerate(sources):
            while places[number] < len(claims) and claims[places[number]][1] <= low:
                places[number] += 1
            if places[number] < len(claims) and claims[places[number]][0] <= low:
                winner = claims[places[number]]
        if winner is None:
            continue
        if shifts and shifts[-1][1] == low and shifts[-1][2:] == winner[2:]:
            shifts[-1] = (shifts[-1][0], high, *winner[2:])
        else:
            shifts.append((low, high, *winner[2:]))
    return shifts


def _claims(layer: PlainLayer, zone: ZoneInfo, start: datetime, end: datetime) -> list[Claim]:
    turns = list(_turns(layer, zone, start, end))
    if not layer.weekdays:
        return turns
    claims = []
    place = 0
    for low, high in _windows(layer, zone, start, end):
        while place < len(turns) and turns[place][1] <= low:
            place += 1
        later = place
        while later < len(turns) and turns[later][0] < high:
            first, last, user, name = turns[later]
            claims.append((max(first, low), min(last, high), user, name))
            later += 1
    return claims


def _turns(layer: PlainLayer, zone: ZoneInfo, start: datetime, end: datetime) -> Iterator[Claim]:
    step = timedelta(days=layer.days)
    turn = max((start - layer.start) // step, 0)
    begin = layer.start + turn * step
    while begin < end:
        following = begin + step
        yield (
            begin.replace(tzinfo=zone).timestamp(),
            following.replace(tzinfo=zone).timestamp(),
            layer.users[turn % len(layer.users)],
            layer.name,
        )
        begin, turn = following, turn + 1


def _windows(
    layer: PlainLayer, zone: ZoneInfo, start: datetime, end: datetime
) -> Iterator[tuple[float, float]]:
    day = start.date()
    while day <= end.date():
        if day.weekday() in layer.weekdays:
            opens = datetime.combine(day, layer.opens)
            closes = opens + timedelta(hours=layer.hours)
            yield opens.replace(tzinfo=zone).timestamp(), closes.replace(tzinfo=zone).timestamp()
        day += timedelta(days=1)


CODES = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")


def calendar_of(layers: Sequence[PlainLayer], zone: ZoneInfo) -> Any:
    """The layers as iCalendar events, each person's turns one that repeats; needs the package icalendar."""
    icalendar = peer("icalendar")
    calendar = icalendar.Calendar()
    for layer in layers:
        for number, user in enumerate(layer.users):
            begin = layer.start + timedelta(days=layer.days * number)
            length = timedelta(days=layer.days)
            rule: dict[str, Any] = {"freq": "daily", "interval": layer.days * len(layer.users)}
            if layer.weekdays:
                begin, length = datetime.combine(begin.date(), layer.opens), timedelta(hours=layer.hours)
                if layer.days == 1:
                    rule["byday"] = [CODES[day] for day in layer.weekdays]
            event = icalendar.Event()
            event.add("uid", f"{layer.name}-{number}")
            event.add("summary", user)
            event.add("dtstart", begin.replace(tzinfo=zone))
            event.add("dtend", (begin + length).replace(tzinfo=zone))
            event.add("rrule", rule)
            calendar.add_component(event)
    return calendar
