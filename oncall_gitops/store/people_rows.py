"""Users with their time off, and teams with their members, as rows: both directions side by side."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from oncall_gitops.core import address
from oncall_gitops.core.model.team import Team
from oncall_gitops.core.model.user import TimeOff, User
from oncall_gitops.core.model.when import parse_when
from oncall_gitops.store.rotation_rows import Frame
from oncall_gitops.store.row import Reading, Row, known_zone


def user_row(user: User) -> dict[str, Any]:
    """The columns of `users`, and under `time_off` the rows of `user_time_off`."""
    return {
        "slug": user.slug,
        "name": user.name,
        "email": user.email,
        "timezone": user.timezone,
        "external": dict(user.external),
        "time_off": [_time_off_row(off, number, user) for number, off in enumerate(user.time_off)],
    }


def read_user(row: Row, reading: Reading, *, time_off: Iterable[Row]) -> User:
    """The user; `time_off` are the rows in order (`in_written_order`)."""
    timezone = None if row["timezone"] is None else known_zone(row["timezone"])
    return User(
        slug=row["slug"],
        name=row["name"],
        email=row["email"],
        timezone=timezone,
        time_off=tuple(_read_time_off(off, number, timezone, reading) for number, off in enumerate(time_off)),
        external=tuple(sorted(row["external"].items())),
    )


def in_written_order(rows: Iterable[Row]) -> list[Row]:
    """Time off in the order of the files, then what others added, by its start."""
    return sorted(
        rows,
        key=lambda row: (
            row["spec"] is None,
            (row["spec"] or {}).get("position", 0),
            row["start_time"],
            row["end_time"],
            row["reason"],
        ),
    )


def team_row(team: Team, *, ids: Mapping[str, str]) -> dict[str, Any]:
    """The columns of `teams`, and under `members` the ids of the users."""
    return {
        "slug": team.slug,
        "name": team.name,
        "labels": dict(team.labels),
        "members": sorted(ids[address.user(slug)] for slug in team.members),
    }


def read_team(row: Row, *, members: Iterable[str]) -> Team:
    """The team; `members` are the slugs of those who are not gone."""
    return Team(
        slug=row["slug"],
        name=row["name"] or row["slug"],
        members=tuple(sorted(members)),
        labels=tuple(sorted(row["labels"].items())),
    )


def _time_off_row(off: TimeOff, position: int, user: User) -> dict[str, Any]:
    zone_name = user.timezone or "UTC"
    frame = _midnight(zone_name)
    return {
        "start_time": frame.instant(off.start),
        "end_time": frame.instant(off.end),
        "reason": off.reason,
        "spec": {
            "start": off.start.text,
            "end": off.end.text,
            "timezone": zone_name,
            "position": position,
        },
    }


def _read_time_off(row: Row, number: int, timezone: str | None, reading: Reading) -> TimeOff:
    """In the user's zone; if that is another one now, as instants."""
    spec = row["spec"] or {}
    frame = _midnight(known_zone(spec.get("timezone")))
    own = Reading(row["spec"], untouched=reading.untouched, stale=reading.stale)
    if spec and frame.timezone != (timezone or "UTC"):
        spec, own = {}, Reading(None, untouched=False)
    times = []
    for path in ("start", "end"):
        written = parse_when(spec[path]) if spec else None
        times.append(
            own.time(
                f"time_off.{number}.{path}",
                written=written,
                stored=row[f"{path}_time"],
                derived=frame.instant(written),
            )
        )
    start, end = times
    assert start is not None
    assert end is not None
    return TimeOff(start, end, row["reason"])


def _midnight(timezone: str) -> Frame:
    return Frame(timezone, 0, parse_when("1970-01-01"))
