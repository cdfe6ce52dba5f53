"""Schedules, layers and overrides as rows, to and from values: both directions side by side.

Rows hold instants and effective values (a layer's inherited zone), for everybody who asks in SQL; `spec`
holds what was written, null where it is inherited, for us. Layers and overrides are read within the `Basis`
that they were written in: the schedule's times as its own `spec` has them, whatever its columns say since.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from oncall_gitops.core import address
from oncall_gitops.core.definition import restrictions_json
from oncall_gitops.core.model.layer import Layer
from oncall_gitops.core.model.override import Override
from oncall_gitops.core.model.rotation import Cadence, Place, Rotation
from oncall_gitops.core.model.schedule import Schedule
from oncall_gitops.core.model.user import NOBODY
from oncall_gitops.core.model.when import When, clock_text, parse_clock, parse_when
from oncall_gitops.core.overriding import override_span
from oncall_gitops.store.rotation_rows import (
    Frame,
    Names,
    read_rotation,
    rotation_columns,
    rotation_spec,
)
from oncall_gitops.store.row import Reading, Row, known_zone
from oncall_gitops.store.windows import coverage_column, read_coverage, read_restrictions

_VACANT = Rotation(Cadence("weekly"), (Place(NOBODY),))


@dataclass(frozen=True, slots=True)
class Basis:
    """What layers inherit: a schedule's times as they were written."""

    timezone: str
    handoff: int
    start: When
    end: When | None

    @property
    def frame(self) -> Frame:
        return Frame(self.timezone, self.handoff, self.start)


def basis_of(schedule: Schedule) -> Basis:
    return Basis(schedule.timezone, schedule.handoff_time, schedule.start, schedule.end)


def schedule_row(schedule: Schedule, *, ids: Mapping[str, str]) -> dict[str, Any]:
    """The columns of `schedules`; `ids` maps addresses to row ids."""
    frame = basis_of(schedule).frame
    return {
        "team_id": ids[address.team(schedule.team)],
        "slug": schedule.slug,
        "name": schedule.name,
        "description": schedule.description,
        "timezone": schedule.timezone,
        "start_date": frame.instant(schedule.start),
        "end_date": frame.instant(schedule.end),
        "handoff_time": clock_text(schedule.handoff_time),
        **rotation_columns(schedule.rotation, frame, team=schedule.team, ids=ids),
        "coverage": coverage_column(schedule.coverage),
        "labels": dict(schedule.labels),
        "spec": {
            "timezone": schedule.timezone,
            "start_date": schedule.start.text,
            "end_date": _text(schedule.end),
            "handoff_time": clock_text(schedule.handoff_time),
            "rotation": rotation_spec(schedule.rotation),
        },
        "is_active": schedule.active,
    }


def read_schedule(row: Row, reading: Reading, *, team: str, names: Names) -> tuple[Schedule, Basis]:
    """The schedule without its layers and overrides, and what those inherited when they were written."""
    spec = reading.spec or {}
    timezone, handoff = known_zone(row["timezone"]), parse_clock(row["handoff_time"])
    written_zone = known_zone(spec.get("timezone", timezone))
    written_handoff = parse_clock(spec["handoff_time"]) if "handoff_time" in spec else handoff
    written_start, written_end = _when(spec.get("start_date")), _when(spec.get("end_date"))
    frame = Frame(written_zone, written_handoff, written_start or parse_when("1970-01-01"))
    start = reading.time(
        "start_date",
        written=written_start,
        stored=row["start_date"],
        derived=frame.instant(written_start),
    )
    assert start is not None
    end = reading.time(
        "end_date", written=written_end, stored=row["end_date"], derived=frame.instant(written_end)
    )
    basis = Basis(written_zone, written_handoff, written_start or start, written_end if spec else end)
    schedule = Schedule(
        team=team,
        slug=row["slug"],
        name=row["name"] or row["slug"],
        timezone=timezone,
        start=start,
        end=end,
        handoff_time=handoff,
        active=row["is_active"],
        description=row["description"],
        coverage=read_coverage(row["coverage"]),
        labels=tuple(sorted(row["labels"].items())),
        rotation=read_rotation(row, reading, Frame(written_zone, written_handoff, start), names=names),
    )
    return schedule, basis


def layer_row(layer: Layer, schedule: Schedule, *, ids: Mapping[str, str]) -> dict[str, Any]:
    """The columns of `schedule_layers`, effective where the layer inherits."""
    frame, end = _layer_frame(layer, basis_of(schedule))
    return {
        "schedule_id": ids[address.schedule(schedule.full_name)],
        "slug": layer.slug,
        "name": layer.name,
        "priority": layer.priority,
        "timezone": frame.timezone,
        "start_date": frame.instant(frame.start),
        "end_date": frame.instant(end),
        "handoff_time": clock_text(frame.handoff),
        **rotation_columns(layer.rotation, frame, team=schedule.team, ids=ids),
        "restrictions": restrictions_json(layer.restrictions),
        "spec": {
            "timezone": layer.timezone,
            "start_date": _text(layer.start),
            "end_date": _text(layer.end),
            "handoff_time": None if layer.handoff_time is None else clock_text(layer.handoff_time),
            "rotation": rotation_spec(layer.rotation),
        },
        "is_active": layer.active,
    }


def read_layer(row: Row, reading: Reading, basis: Basis, *, names: Names) -> Layer:
    """The layer. One without a rotation is an inactive one of nobody: it still holds its slug and priority."""
    spec = reading.spec or {}
    inherits = reading.spec is not None
    written_zone, written_handoff = spec.get("timezone"), _clock(spec.get("handoff_time"))
    zone_name = written_zone or (basis.timezone if inherits else None)
    handoff = written_handoff if written_handoff is not None else (basis.handoff if inherits else None)
    timezone = reading.value(written=written_zone, stored=row["timezone"], derived=zone_name)
    handoff_time = reading.value(written=written_handoff, stored=_clock(row["handoff_time"]), derived=handoff)
    written_start, written_end = _when(spec.get("start_date")), _when(spec.get("end_date"))
    frame = Frame(
        known_zone(zone_name or row["timezone"] or basis.timezone),
        next(h for h in (handoff, _clock(row["handoff_time"]), basis.handoff) if h is not None),
        written_start or basis.start,
    )
    start = reading.time(
        "start_date",
        written=written_start,
        stored=row["start_date"],
        derived=frame.instant(frame.start) if inherits else None,
    )
    end = reading.time(
        "end_date",
        written=written_end,
        stored=row["end_date"],
        derived=frame.instant(written_end or basis.end) if inherits else None,
    )
    counted_in = Frame(frame.timezone, frame.handoff, start or basis.start)
    rotation = read_rotation(row, reading, counted_in, names=names)
    try:
        restrictions, readable = read_restrictions(row["restrictions"]), rotation is not None
    except ValueError:
        restrictions, readable = (), False
    return Layer(
        slug=row["slug"],
        name=row["name"] or row["slug"],
        priority=row["priority"],
        rotation=rotation or _VACANT,
        timezone=None if timezone is None else known_zone(timezone),
        start=start,
        end=end,
        handoff_time=handoff_time,
        active=row["is_active"] and readable,
        restrictions=restrictions,
    )


def override_row(override: Override, schedule: Schedule, *, ids: Mapping[str, str]) -> dict[str, Any]:
    """The columns of `schedule_overrides`."""
    span = override_span(override, timezone=schedule.timezone)
    return {
        "schedule_id": ids[address.schedule(schedule.full_name)],
        "user_id": None if override.user == NOBODY else ids[address.user(override.user)],
        "original_user_id": ids[address.user(override.replaces)] if override.replaces else None,
        "start_time": span.start,
        "end_time": span.end,
        "reason": override.reason,
        "override_type": override.type,
        "created_by_id": ids[address.user(override.created_by)] if override.created_by else None,
        "spec": {
            "start": override.start.text,
            "end": override.end.text,
            "timezone": schedule.timezone,
        },
    }


def read_override(row: Row, reading: Reading, *, timezone: str, names: Names) -> Override | None:
    """The override, in a schedule whose zone is `timezone` now; None if it names somebody who is gone."""
    user, replaces = (
        NOBODY if row[column] is None else names.users.get(row[column])
        for column in ("user_id", "original_user_id")
    )
    if user is None or replaces is None:
        return None
    spec = reading.spec or {}
    frame = Frame(known_zone(spec.get("timezone", timezone)), 0, parse_when("1970-01-01"))
    if frame.timezone != timezone:
        spec, reading = {}, Reading(None, untouched=False)
    times = {}
    for path in ("start", "end"):
        written = _when(spec.get(path))
        times[path] = reading.time(
            path, written=written, stored=row[f"{path}_time"], derived=frame.instant(written)
        )
    start, end = times["start"], times["end"]
    assert start is not None
    assert end is not None
    return Override(
        user=user,
        start=start,
        end=end,
        replaces=None if row["original_user_id"] is None else replaces,
        reason=row["reason"],
        type=row["override_type"],
        created_by=names.users.get(row["created_by_id"]),
        managed=row["managed"],
        created_at=row["created_at"],
        id=row["id"],
    )


def _layer_frame(layer: Layer, basis: Basis) -> tuple[Frame, When | None]:
    """The zone, handoff time, start and end that hold for a layer: its own, or the schedule's as written."""
    handoff = basis.handoff if layer.handoff_time is None else layer.handoff_time
    frame = Frame(layer.timezone or basis.timezone, handoff, layer.start or basis.start)
    return frame, layer.end or basis.end


def _text(when: When | None) -> str | None:
    return when.text if when else None


def _when(text: str | None) -> When | None:
    return None if text is None else parse_when(text)


def _clock(text: str | None) -> int | None:
    return None if text is None else parse_clock(text)
