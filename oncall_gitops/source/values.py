"""Plain trees to the core's values, for files in which nothing is wrong (`usual.py`).

The grammar is that of `schema.py`, and shorter, since there is nothing to explain: `unusual()` at the first thing
that is not plainly right. Texts that mean the same everywhere are read once.
"""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import pairwise
from sys import intern
from typing import Any

from oncall_gitops.core.model.layer import Layer
from oncall_gitops.core.model.override import Override
from oncall_gitops.core.model.restriction import ALL_DAYS, DailyWindow, Restrictions, WeeklyWindow, WholeDays
from oncall_gitops.core.model.rotation import Anchor, Cadence, Following, Place, Rotation
from oncall_gitops.core.model.rule import MAX_INTERVAL, RuleError
from oncall_gitops.core.model.schedule import DEFAULT_HANDOFF, Coverage, Schedule
from oncall_gitops.core.model.team import Team
from oncall_gitops.core.model.user import NOBODY, TimeOff, User
from oncall_gitops.core.model.when import WEEKDAYS, When, Written, parse_clock, parse_when
from oncall_gitops.core.rule import parse_rule
from oncall_gitops.core.visible import UNSEEN, is_blank
from oncall_gitops.source.lines import Unusual, unusual
from oncall_gitops.source.usual import Usual
from oncall_gitops.source.zones import zone_fault

_SLUG = re.compile(r"(?!null\Z)[a-z0-9][a-z0-9._-]{0,62}", re.ASCII)
_EMAIL = re.compile(r"[A-Za-z0-9.+_-]{1,64}@[A-Za-z0-9-]{1,60}(?:\.[A-Za-z0-9-]{1,60}){1,2}")

_FILE = frozenset({"users", "teams", "overrides"})
_USER = frozenset({"name", "email", "timezone", "time_off", "external"})
_TIME_OFF = frozenset({"start", "end", "reason"})
_TEAM = frozenset({"name", "members", "labels", "schedules"})
_SCHEDULE = frozenset({
    "timezone", "start_date", "name", "description", "end_date", "handoff_time", "active", "coverage", "labels",
    "rotation", "layers", "overrides",
})  # fmt: skip
_LAYER = frozenset({
    "name", "priority", "rotation", "timezone", "start_date", "end_date", "handoff_time", "active", "restrictions",
})  # fmt: skip
_OVERRIDE = frozenset({"user", "start", "end", "replaces", "reason", "type", "created_by"})
_TOP_OVERRIDE = _OVERRIDE | {"schedule"}
_PLACE = frozenset({"user", "from", "until"})
_TURNS = {
    "daily": frozenset({"type", "users", "start", "anchor", "interval"}),
    "weekly": frozenset({"type", "users", "start", "anchor", "interval", "handoff_day"}),
    "custom": frozenset({"type", "users", "start", "anchor", "interval_days", "rrule"}),
}
_ANCHOR = frozenset({"at", "user"})
_WINDOW = frozenset({"days", "from", "to"})


Members = dict[str, Place]
"""The users whom one file has or names, `nobody` too, each with the place of somebody who is always a member."""


def usual_file(tree: Any) -> Usual:
    """Everything in a file; Unusual, TypeError or KeyError where it needs a closer look."""
    found = Usual()
    named: Members = {}
    keyed = _known(tree, _FILE)
    if not keyed:
        unusual()
    for slug, node in _mapping(keyed.get("users", {})).items():
        found.users[_member(slug, named).user] = _user(slug, node) if slug != NOBODY else unusual()
    found.away = tuple([slug for slug, user in found.users.items() if user.time_off])
    for slug, node in _mapping(keyed.get("teams", {})).items():
        _team(_slug(slug), _known(node, _TEAM), found, named)
    for node in _list(keyed.get("overrides", [])):
        full_name = _text(node["schedule"])
        if full_name.count("/") != 1:
            unusual()
        for part in full_name.split("/"):
            _slug(part)
        found.overrides.append((full_name, _override(_known(node, _TOP_OVERRIDE), named)))
    found.mentioned = named.keys() - found.users.keys() - {NOBODY}
    return found


def _user(slug: str, node: Any) -> User:
    keys = _known(node, _USER)
    return User(
        slug,
        _name(keys["name"]),
        _email(keys["email"]),
        _zone(keys["timezone"]) if "timezone" in keys else None,
        _time_off(keys["time_off"]) if "time_off" in keys else (),
        _texts(keys["external"]) if "external" in keys else (),
    )


def _time_off(nodes: Any) -> tuple[TimeOff, ...]:
    spans = [
        TimeOff(_midnight(keys["start"]), _midnight(keys["end"]), _prose(keys.get("reason", "")))
        for keys in [_known(node, _TIME_OFF) for node in _list(nodes)]
    ]
    if any(before.start.text >= after.start.text for before, after in pairwise(spans)):
        unusual()  # the state has them in another order than the file
    return tuple(spans)


def _team(slug: str, keys: dict[str, Any], found: Usual, named: Members) -> None:
    members = [_user_slug(member, named) for member in _list(keys.get("members", []))]
    found.teams[slug] = Team(
        slug,
        name=_name(keys["name"]) if "name" in keys else slug,
        members=tuple(sorted(set(members))),
        labels=_texts(keys["labels"]) if "labels" in keys else (),
    )
    if len(keys) > ("schedules" in keys):
        found.described += (slug,)
    for name, node in _mapping(keys.get("schedules", {})).items():
        found.schedules[f"{slug}/{name}"] = _schedule(slug, _slug(name), _known(node, _SCHEDULE), named)


def _schedule(team: str, slug: str, keys: dict[str, Any], named: Members) -> Schedule:
    layers = _mapping(keys.get("layers", {}))
    if "rotation" not in keys and not layers:
        unusual()
    overrides = [_override(_known(node, _OVERRIDE), named) for node in _list(keys.get("overrides", []))]
    return Schedule(
        team=team,
        slug=slug,
        name=_name(keys["name"]) if "name" in keys else slug,
        timezone=_zone(keys["timezone"]),
        start=_when(keys["start_date"]),
        end=_when(keys["end_date"]) if "end_date" in keys else None,
        handoff_time=_clock(keys["handoff_time"]) if "handoff_time" in keys else DEFAULT_HANDOFF,
        active=_flag(keys["active"]) if "active" in keys else True,
        description=_prose(keys["description"]) if "description" in keys else "",
        coverage=_coverage(keys["coverage"]) if "coverage" in keys else "none",
        labels=_texts(keys["labels"]) if "labels" in keys else (),
        rotation=_rotation(keys["rotation"], named) if "rotation" in keys else None,
        layers=tuple(_layer(_slug(name), _known(layers[name], _LAYER), named) for name in sorted(layers)),
        overrides=tuple(overrides),
    )


def _layer(slug: str, keys: dict[str, Any], named: Members) -> Layer:
    return Layer(
        slug,
        _name(keys["name"]) if "name" in keys else slug,
        _whole(keys["priority"], 1, 1000),
        _rotation(keys["rotation"], named),
        _zone(keys["timezone"]) if "timezone" in keys else None,
        _when(keys["start_date"]) if "start_date" in keys else None,
        _when(keys["end_date"]) if "end_date" in keys else None,
        _clock(keys["handoff_time"]) if "handoff_time" in keys else None,
        _flag(keys["active"]) if "active" in keys else True,
        _restrictions(keys["restrictions"]) if "restrictions" in keys else (),
    )


def _override(keys: dict[str, Any], named: Members) -> Override:
    replaces = _user_or_nobody(keys["replaces"], named) if "replaces" in keys else None
    kind = keys.get("type", "swap" if replaces else "manual")
    if kind not in ("manual", "swap"):
        unusual()
    return Override(
        _user_or_nobody(keys["user"], named),
        _midnight(keys["start"]),
        _midnight(keys["end"]),
        replaces,
        _prose(keys["reason"]) if "reason" in keys else "",
        "swap" if kind == "swap" else "manual",
        _user_slug(keys["created_by"], named) if "created_by" in keys else None,
    )


def _rotation(node: Any, named: Members) -> Rotation | Following:
    if "follows" in node:
        if len(node) != 2:
            unusual()
        return Following(_slug(node["follows"]), _whole(node["offset"], -1000, 1000))
    keys = _known(node, _TURNS[node["type"]])
    written = _list(keys["users"])
    if not 0 < len(written) <= 500:
        unusual()
    return Rotation(
        _cadence(keys),
        tuple([_place(place, named) for place in written]),
        _when(keys["start"]) if "start" in keys else None,
        _anchor(_known(keys["anchor"], _ANCHOR), named) if "anchor" in keys else None,
    )


def _anchor(keys: dict[str, Any], named: Members) -> Anchor:
    return Anchor(_when(keys["at"]), _user_or_nobody(keys["user"], named))


def _place(node: Any, named: Members) -> Place:
    if type(node) is str:
        return named.get(node) or _member(node, named)
    user = _user_or_nobody(_known(node, _PLACE)["user"], named)
    return Place(
        user,
        _when(node["from"]) if "from" in node else None,
        _when(node["until"]) if "until" in node else None,
    )


def _cadence(keys: dict[str, Any]) -> Cadence:
    if keys["type"] == "daily":
        return _repeating("daily", keys.get("interval", 1), MAX_INTERVAL["DAILY"])
    if keys["type"] == "weekly":
        day = keys.get("handoff_day")
        return _repeating("weekly", keys.get("interval", 1), MAX_INTERVAL["WEEKLY"], day)
    if ("rrule" in keys) == ("interval_days" in keys):
        unusual()
    return (
        _by_rule(_text(keys["rrule"]))
        if "rrule" in keys
        else _repeating("custom", keys["interval_days"], 366)
    )


@lru_cache(maxsize=1024, typed=True)  # `true` is no number
def _repeating(kind: Any, interval: Any, most: int, day: Any = None) -> Cadence:
    return Cadence(kind, _whole(interval, 1, most), None if day is None else WEEKDAYS.index(_day(day)))


@lru_cache(maxsize=4096)
def _by_rule(text: str) -> Cadence:
    try:
        rule = parse_rule(text)
    except RuleError:
        raise Unusual from None
    if rule.notes:
        unusual()
    return Cadence("custom", rrule=rule.text)


def _coverage(node: Any) -> Coverage:
    if node == "always":
        return "always"
    return "none" if node == "none" else _windows(node)


def _restrictions(node: Any) -> Restrictions:
    if type(node) is dict:
        return (WholeDays(_days(tuple(_list(node["days_of_week"])))),) if len(node) == 1 else unusual()
    return _windows(node)


def _windows(nodes: Any) -> Restrictions:
    if not _list(nodes):
        unusual()
    return tuple([_window(_known(node, _WINDOW)) for node in nodes])


def _window(keys: dict[str, Any]) -> DailyWindow | WeeklyWindow:
    days = tuple(_list(keys["days"])) if "days" in keys else None
    return _window_of(_text(keys["from"]), _text(keys["to"]), days)


@lru_cache(maxsize=4096)
def _window_of(start: str, end: str, days: tuple[str, ...] | None) -> DailyWindow | WeeklyWindow:
    first, last = start.split(" "), end.split(" ")
    try:
        low, high = parse_clock(first[-1]), parse_clock(last[-1], end_of_day=True)
    except ValueError:
        raise Unusual from None
    if len(first) == len(last) == 1:
        return DailyWindow(low, high, ALL_DAYS if days is None else _days(days))
    if len(first) != 2 or len(last) != 2 or days is not None:
        unusual()
    return WeeklyWindow(WEEKDAYS.index(_day(first[0])), low, WEEKDAYS.index(_day(last[0])), high)


@lru_cache(maxsize=1024)
def _days(days: tuple[str, ...]) -> tuple[int, ...]:
    numbers = {WEEKDAYS.index(_day(day)) for day in days}
    if not days or len(numbers) < len(days):
        unusual()
    return tuple(sorted(numbers))


# Scalars -----------------------------------------------------------------------------------------------


def _day(text: Any) -> str:
    return str(text) if text in WEEKDAYS else unusual()


@lru_cache(maxsize=4096)
def _slug(text: Any) -> str:
    return intern(text) if _SLUG.fullmatch(text) else unusual()


def _member(text: Any, named: Members) -> Place:
    """The place of a user whom the file has not named before."""
    if not _SLUG.fullmatch(text):
        unusual()
    named[text] = place = Place(text)
    return place


def _user_or_nobody(text: Any, named: Members) -> str:
    return (named.get(text) or _member(text, named)).user


def _user_slug(text: Any, named: Members) -> str:
    return _user_or_nobody(text, named) if text != NOBODY else unusual()


def _text(value: Any) -> str:
    return value if isinstance(value, str) else unusual()


def _name(value: Any) -> str:
    text = _prose(value)
    is_seen = text.strip() if text.isascii() else not is_blank(text)
    return text if is_seen and len(text) <= 255 else unusual()


def _prose(value: Any) -> str:
    """Printable text that has no invisible letter in it either."""
    if not isinstance(value, str) or not value.isprintable() or len(value) > 10_000:
        unusual()
    return value if value.isascii() or not UNSEEN.search(value) else unusual()


def _email(value: Any) -> str:
    return str(value) if _EMAIL.fullmatch(value) else unusual()


@lru_cache(maxsize=1024)
def _zone(value: Any) -> str:
    return intern(value) if zone_fault(_text(value)) is None else unusual()


def _texts(node: Any) -> tuple[tuple[str, str], ...]:
    return tuple(sorted([(_name(key), _prose(value)) for key, value in _mapping(node).items()]))


def _whole(value: Any, low: int, high: int) -> int:
    return value if type(value) is int and low <= value <= high else unusual()


def _flag(value: Any) -> bool:
    return value if isinstance(value, bool) else unusual()


def _clock(value: Any) -> int:
    return _clock_of(_text(value))


@lru_cache(maxsize=2048)
def _clock_of(text: str) -> int:
    try:
        return parse_clock(text)
    except ValueError:
        raise Unusual from None


@lru_cache(maxsize=16_384)
def _when(text: Any) -> When:
    try:
        when = parse_when(text)
    except ValueError:
        raise Unusual from None
    if when.written is Written.INSTANT and not (text.endswith("Z") and "T" in text):
        unusual()  # whether the zone has that offset then is another question
    return when


@lru_cache(maxsize=16_384)
def _midnight(text: Any) -> When:
    """A time of an override or of time off, where a bare date means 00:00."""
    return _when(text).at_midnight()


# Collections -------------------------------------------------------------------------------------------


def _known(node: Any, keys: frozenset[str]) -> dict[str, Any]:
    """A mapping with none but known keys."""
    return node if type(node) is dict and node.keys() <= keys else unusual()


def _mapping(node: Any) -> dict[str, Any]:
    return node if type(node) is dict else unusual()


def _list(node: Any) -> list[Any]:
    return node if type(node) is list else unusual()
