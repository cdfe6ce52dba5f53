"""Random sets of overrides and of layers, told twice: as YAML, and as rows that another program would write.

The two tellings share no code of ours: what a local time means in the rows is read by the standard library. So
whoever judges the files, and the constraints of the database, must come to the same verdict.
"""

from __future__ import annotations

import json
import random
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

ZONES = ("UTC", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "Africa/Cairo", "Pacific/Apia")
PEOPLE = ("alice", "bob", "carol")
GHOST = "00000000-0000-4000-8000-000000000000"
"""The id of nobody's row, for a user who is not there."""

_SLUGS = ("top", "night", "weekend", "x" * 63, "a.b_c-d", "0")
_BAD_SLUGS = ("Top", "a b", "-x", "x" * 64, "", "\u00e4", "top\n")
_TURNS_OF_CLOCKS = (
    datetime(2026, 3, 7, 23),
    datetime(2026, 10, 31, 23),
    datetime(2026, 4, 4, 22),
    datetime(2026, 5, 1),
)


class Override(NamedTuple):
    """One override as written; `start` and `end` are wall times, told as an instant if `offset` is given."""

    user: str
    replaces: str | None
    start: datetime
    end: datetime
    type: str | None = None
    created_by: str | None = None
    offset: int | None = None


class Layer(NamedTuple):
    """One layer as written; dates are bare."""

    slug: str
    priority: int
    timezone: str | None
    handoff: str | None
    start: datetime | None
    end: datetime | None


@dataclass(frozen=True, slots=True)
class Rota:
    """One schedule, which has a base rotation from 2026-01-05 on."""

    timezone: str
    end: datetime | None
    overrides: tuple[Override, ...]
    layers: tuple[Layer, ...]


def rota_of_overrides(dice: random.Random) -> Rota:
    """Overrides on a narrow grid, often around a change of some clock, so that many of them meet."""
    near = dice.choice(_TURNS_OF_CLOCKS)
    return Rota(dice.choice(ZONES), None, tuple(_override(dice, near) for _ in range(dice.randint(1, 4))), ())


def rota_of_layers(dice: random.Random) -> Rota:
    """Layers with few slugs and priorities to choose from."""
    end = None
    if dice.random() < 0.2:
        year = dice.choice((2026, 2027, 2027, 2027, 2025))
        end = datetime(year, 1, 5)
    return Rota(dice.choice(ZONES), end, (), tuple(_layer(dice) for _ in range(dice.randint(1, 4))))


def _override(dice: random.Random, near: datetime) -> Override:
    start = near + timedelta(minutes=30 * dice.randrange(30))
    length = timedelta(minutes=30 * dice.choice((1, 2, 3, 4, 8, 12, 20)))
    if dice.random() < 0.03:
        length = -length * dice.randrange(2)
    if dice.random() < 0.02:
        start = start.replace(year=dice.choice((1960, 2150)))
    user = dice.choice((*PEOPLE, "nobody"))
    replaces = dice.choice((None, *(name for name in PEOPLE if name != user)))
    if dice.random() < 0.03:
        replaces = user if user != "nobody" else None
    return Override(
        "ghost" if dice.random() < 0.02 else user,
        "ghost" if dice.random() < 0.02 else replaces,
        start,
        start + length,
        dice.choice((None, None, "manual", "swap", "cover" if dice.random() < 0.1 else None)),
        dice.choice((None, None, "alice", "ghost" if dice.random() < 0.1 else "bob")),
        dice.choice((None, None, None, 0, -5 * 3600, 19_800)),
    )


def _layer(dice: random.Random) -> Layer:
    slug = dice.choice(_BAD_SLUGS) if dice.random() < 0.03 else dice.choice(_SLUGS)
    priority = (
        dice.choice((0, -1, 1001, 99_999)) if dice.random() < 0.04 else dice.choice((1, 2, 3, 4, 5, 10, 1000))
    )
    handoff = dice.choice((None, None, "00:00", "23:59", "09:30"))
    if dice.random() < 0.03:
        handoff = dice.choice(("24:00", "9:00", "12:60", "ab:cd", ""))
    start = dice.choice((None, None, None, datetime(2026, 1, 10), datetime(2026, 7, 1)))
    end = dice.choice((None, None, None, None, datetime(2026, 7, 1), datetime(2026, 9, 1)))
    return Layer(slug, priority, dice.choice((None, None, *ZONES)), handoff, start, end)


def as_yaml(rota: Rota, *, slug: str = "primary") -> str:
    """The schedule as an entry of a team's `schedules`, on one line of YAML in flow style."""
    parts = [
        f"timezone: {rota.timezone}",
        "start_date: 2026-01-05",
        "rotation: {type: weekly, users: [alice, bob]}",
    ]
    parts += [f"end_date: {rota.end:%Y-%m-%d}"] if rota.end else []
    parts += [f"layers: {{{', '.join(map(_layer_yaml, rota.layers))}}}"] if rota.layers else []
    parts += [f"overrides: [{', '.join(map(_override_yaml, rota.overrides))}]"] if rota.overrides else []
    return f"{slug}: {{{', '.join(parts)}}}"


def _override_yaml(override: Override) -> str:
    written = {
        "user": override.user,
        "replaces": override.replaces,
        "start": _written(override.start, override.offset),
        "end": _written(override.end, override.offset),
        "type": override.type,
        "created_by": override.created_by,
    }
    return "{" + ", ".join(f"{key}: {value}" for key, value in written.items() if value is not None) + "}"


def _layer_yaml(layer: Layer) -> str:
    written = {
        "priority": str(layer.priority),
        "rotation": "{type: weekly, users: [carol]}",
        "timezone": layer.timezone,
        "handoff_time": None if layer.handoff is None else json.dumps(layer.handoff),
        "start_date": f"{layer.start:%Y-%m-%d}" if layer.start else None,
        "end_date": f"{layer.end:%Y-%m-%d}" if layer.end else None,
    }
    inside = ", ".join(f"{key}: {value}" for key, value in written.items() if value is not None)
    return f"{json.dumps(layer.slug)}: {{{inside}}}"


def _written(wall: datetime, offset: int | None) -> str:
    if offset is None:
        return f"{wall:%Y-%m-%dT%H:%M}"
    sign, minutes = "-" if offset < 0 else "+", abs(offset) // 60
    return f"{wall:%Y-%m-%dT%H:%M}{sign}{minutes // 60:02}:{minutes % 60:02}"


def override_rows(rota: Rota, *, ids: dict[str, str], schedule: str) -> list[dict[str, Any]]:
    """Rows of `schedule_overrides`."""
    known = {**ids, "ghost": GHOST, "nobody": None}
    return [
        {
            "schedule_id": schedule,
            "user_id": known[override.user],
            "original_user_id": known[override.replaces] if override.replaces else None,
            "start_time": _instant(override.start, rota.timezone, override.offset),
            "end_time": _instant(override.end, rota.timezone, override.offset),
            "override_type": override.type or ("swap" if override.replaces else "manual"),
            "created_by_id": known[override.created_by] if override.created_by else None,
        }
        for override in rota.overrides
    ]


def layer_rows(rota: Rota, *, ids: dict[str, str], schedule: str) -> list[dict[str, Any]]:
    """Rows of `schedule_layers`, with the dates that hold for the layer."""
    rows = []
    for layer in rota.layers:
        timezone, handoff = layer.timezone or rota.timezone, layer.handoff or "09:00"
        end = layer.end or rota.end
        rows.append(
            {
                "schedule_id": schedule,
                "slug": layer.slug,
                "priority": layer.priority,
                "timezone": timezone,
                "handoff_time": layer.handoff if layer.handoff is not None else "09:00",
                "start_date": _at(layer.start or datetime(2026, 1, 5), handoff, timezone),
                "end_date": _at(end, handoff, timezone) if end else None,
                "rotation_user_ids": [ids["carol"]],
            }
        )
    return rows


def schedule_dates(rota: Rota) -> tuple[int, int | None]:
    """When the schedule begins and ends."""
    start = _at(datetime(2026, 1, 5), "09:00", rota.timezone)
    return start, _at(rota.end, "09:00", rota.timezone) if rota.end else None


def _at(date: datetime, handoff: str, timezone: str) -> int:
    try:
        hours, minutes = (int(part) for part in handoff.split(":"))
    except ValueError:
        hours, minutes = 9, 0
    return _instant(date + timedelta(hours=hours, minutes=minutes), timezone, None)


def _instant(wall: datetime, timezone: str, offset: int | None) -> int:
    if offset is not None:
        return int((wall - datetime(1970, 1, 1)).total_seconds()) - offset
    return int(wall.replace(tzinfo=ZoneInfo(timezone)).timestamp())
