"""The rotation columns of schedules and layers, to and from values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from oncall_gitops.core import address
from oncall_gitops.core.firing import prove
from oncall_gitops.core.model.instant import Instant
from oncall_gitops.core.model.rotation import (
    Anchor,
    Cadence,
    Following,
    Place,
    Rotation,
    RotationType,
)
from oncall_gitops.core.model.rule import RuleError
from oncall_gitops.core.model.user import NOBODY
from oncall_gitops.core.model.when import Local, When, parse_when
from oncall_gitops.core.recurrence import rule_of
from oncall_gitops.core.rule import parse_rule
from oncall_gitops.core.wallclock import instant, local, zone
from oncall_gitops.store.row import Reading, Row

WEEK_DAYS = 7


@dataclass(frozen=True, slots=True)
class Frame:
    """What a rotation's times are read in: its layer's zone, handoff time and start (as written)."""

    timezone: str
    handoff: int
    start: When

    def instant(self, when: When | None) -> Instant | None:
        return None if when is None else instant(when, timezone=zone(self.timezone), at=self.handoff)


@dataclass(frozen=True, slots=True)
class Names:
    """The slugs of live users and schedules by id."""

    users: Mapping[str, str]
    schedules: Mapping[str, str]


def rotation_columns(
    rotation: Rotation | Following | None, frame: Frame, *, team: str, ids: Mapping[str, str]
) -> Row:
    """The columns; `ids` maps addresses to row ids."""
    columns: dict[str, Any] = {
        "rotation_type": None,
        "rotation_interval_days": None,
        "recurrence_rule": None,
        "rotation_user_ids": [],
        "rotation_places": [],
        "rotation_start": None,
        "anchor_at": None,
        "anchor_user_id": None,
        "follows_schedule_id": None,
        "follows_offset": None,
    }
    if isinstance(rotation, Following):
        columns["follows_schedule_id"] = ids[address.schedule(f"{team}/{rotation.schedule}")]
        columns["follows_offset"] = rotation.offset
    elif rotation is not None:
        columns |= _turns(rotation, frame, ids)
    return columns


def rotation_spec(rotation: Rotation | Following | None) -> Any:
    """What was written of a rotation, beside its users."""
    if not isinstance(rotation, Rotation):
        return None
    cadence, anchor = rotation.cadence, rotation.anchor
    return {
        "type": cadence.type,
        "interval": cadence.interval,
        "handoff_day": cadence.handoff_day,
        "rrule": cadence.rrule,
        "start": rotation.start.text if rotation.start else None,
        "anchor": anchor.at.text if anchor else None,
        "places": [
            [place.start.text if place.start else None, place.until.text if place.until else None]
            for place in rotation.places
        ],
    }


def read_rotation(row: Row, reading: Reading, frame: Frame, *, names: Names) -> Rotation | Following | None:
    """The rotation; None where there is none. Places of people who are gone are passed over."""
    if row["follows_schedule_id"] is not None:
        followed = names.schedules.get(row["follows_schedule_id"])
        return Following(followed, row["follows_offset"]) if followed else None
    if not row["rotation_user_ids"]:
        return None
    spec = (reading.spec or {}).get("rotation") or {}
    if not spec and reading.spec is not None:
        reading = Reading(None, untouched=False)
    start = _time(row["rotation_start"], "rotation.start", spec.get("start"), reading, frame, frame.start)
    return Rotation(
        cadence=_cadence(row, spec, reading, frame, start),
        places=tuple(_places(row, spec, reading, frame, names)),
        start=start,
        anchor=_anchor(row, spec, reading, frame, names),
    )


def _turns(rotation: Rotation, frame: Frame, ids: Mapping[str, str]) -> dict[str, Any]:
    anchor = rotation.anchor
    return {
        **_cadence_columns(rotation.cadence, rotation.start or frame.start, frame),
        "rotation_user_ids": [_user_id(place.user, ids) for place in rotation.places],
        "rotation_places": [_dates(place, frame) for place in rotation.places],
        "rotation_start": frame.instant(rotation.start or frame.start),
        "anchor_at": frame.instant(anchor.at) if anchor else None,
        "anchor_user_id": _user_id(anchor.user, ids) if anchor else None,
    }


def _cadence_columns(cadence: Cadence, start: When, frame: Frame) -> dict[str, Any]:
    days = {"daily": cadence.interval, "weekly": WEEK_DAYS * cadence.interval, "custom": cadence.interval}
    begins = local(start, timezone=zone(frame.timezone), at=frame.handoff)
    return {
        "rotation_type": cadence.type,
        "rotation_interval_days": WEEK_DAYS if cadence.rrule else days[cadence.type],
        "recurrence_rule": rule_of(cadence, start=begins).text,
    }


def _user_id(slug: str, ids: Mapping[str, str]) -> str | None:
    return None if slug == NOBODY else ids[address.user(slug)]


def _dates(place: Place, frame: Frame) -> list[Instant | None]:
    """`[from, until]`, and nothing for a membership that is over before it begins."""
    start, until = frame.instant(place.start), frame.instant(place.until)
    return [] if start is not None and until is not None and until <= start else [start, until]


def _time(
    stored: Instant | None,
    path: str,
    text: str | None,
    reading: Reading,
    frame: Frame,
    default: When | None = None,
) -> When | None:
    written = None if text is None else parse_when(text)
    return reading.time(path, written=written, stored=stored, derived=frame.instant(written or default))


def _cadence(row: Row, spec: Row, reading: Reading, frame: Frame, start: When | None) -> Cadence:
    columns = {key: row[key] for key in ("rotation_type", "rotation_interval_days", "recurrence_rule")}
    if reading.spec is not None:
        written = Cadence(spec["type"], spec["interval"], spec["handoff_day"], spec["rrule"])
        derived = _cadence_columns(written, start or frame.start, frame)
        if reading.untouched or columns == derived:
            return written
        if columns["recurrence_rule"] == derived["recurrence_rule"]:
            columns["recurrence_rule"] = None
    begins = local(start or frame.start, timezone=zone(frame.timezone), at=frame.handoff)
    return _cadence_of(**columns, begins=begins)


def _cadence_of(
    *,
    rotation_type: str | None,
    rotation_interval_days: int | None,
    recurrence_rule: str | None,
    begins: Local,
) -> Cadence:
    """From the columns alone; a rule that cannot be read, or never fires, leaves the days."""
    days = rotation_interval_days or WEEK_DAYS
    if recurrence_rule:
        try:
            rule = parse_rule(recurrence_rule)
            prove(rule, begins)
            return Cadence("custom", rrule=rule.text)
        except RuleError:
            pass
    if rotation_type == "weekly" and days % WEEK_DAYS == 0:
        return Cadence("weekly", days // WEEK_DAYS)
    kind: RotationType = "daily" if rotation_type == "daily" else "custom"
    return Cadence(kind, days)


def _places(row: Row, spec: Row, reading: Reading, frame: Frame, names: Names) -> list[Place]:
    user_ids = row["rotation_user_ids"]
    undated: list[list[Instant | None]] = [[None, None]] * len(user_ids)
    stored = [*row["rotation_places"], *undated][: len(user_ids)]
    texts = spec.get("places") or []
    if len(texts) != len(user_ids):
        texts, reading = undated, Reading(None, untouched=False)
    found = []
    for number, (user_id, dates, (start, until)) in enumerate(zip(user_ids, stored, texts, strict=True)):
        user = NOBODY if user_id is None else names.users.get(user_id)
        if user is None:
            continue
        written = Place(user, _when(start), _when(until))
        if reading.spec is not None and (
            dates == _dates(written, frame) or (reading.untouched and not dates)
        ):
            found.append(written)
        elif dates:
            path = f"rotation.users.{number}"
            found.append(
                Place(
                    user,
                    _time(dates[0], f"{path}.from", start, reading, frame),
                    _time(dates[1], f"{path}.until", until, reading, frame),
                )
            )
    return found


def _anchor(row: Row, spec: Row, reading: Reading, frame: Frame, names: Names) -> Anchor | None:
    at = _time(row["anchor_at"], "rotation.anchor", spec.get("anchor"), reading, frame)
    user = NOBODY if row["anchor_user_id"] is None else names.users.get(row["anchor_user_id"])
    return Anchor(at, user) if at is not None and user is not None else None


def _when(text: str | None) -> When | None:
    return None if text is None else parse_when(text)
