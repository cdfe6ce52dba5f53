"""Every object as its definition: fields by path, as JSON in normal form.

One equality for the plan, for drift and for digests: what is not written (or is the default of an optional
field) is absent, sets are sorted, times are as written. So the same meaning always gives the same bytes.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping

from oncall_gitops.core import address
from oncall_gitops.core.diff import Definition, Json
from oncall_gitops.core.model.layer import Layer
from oncall_gitops.core.model.live import PEOPLE
from oncall_gitops.core.model.override import Override
from oncall_gitops.core.model.restriction import DailyWindow, Restrictions, WeeklyWindow, WholeDays, Window
from oncall_gitops.core.model.rotation import Following, Place, Rotation
from oncall_gitops.core.model.schedule import Coverage, Schedule
from oncall_gitops.core.model.state import State
from oncall_gitops.core.model.team import Team
from oncall_gitops.core.model.user import User
from oncall_gitops.core.model.when import WEEKDAYS, When, clock_text
from oncall_gitops.core.overriding import override_span

_CANONICAL = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def definitions(state: State) -> dict[str, Definition]:
    """Every object of a state by its address."""
    return people_definitions(state) | {
        known: definition
        for schedule in state.schedules.values()
        for known, definition in definitions_of(schedule).items()
    }


def people_definitions(state: State) -> dict[str, Definition]:
    """Users and teams."""
    found: dict[str, Definition] = {}
    for user in state.users.values():
        found[address.user(user.slug)] = user_definition(user)
    for team in state.teams.values():
        found[address.team(team.slug)] = team_definition(team)
    return found


def definitions_of(schedule: Schedule) -> dict[str, Definition]:
    """A schedule with its layers and overrides."""
    found: dict[str, Definition] = {address.schedule(schedule.full_name): schedule_definition(schedule)}
    for layer in schedule.layers:
        found[address.layer(schedule.full_name, layer.slug)] = layer_definition(layer)
    for override in schedule.overrides:
        found[override_address(override, schedule)] = override_definition(override)
    return found


def meanings(state: State) -> dict[str, str]:
    """The digests of the definitions, by the schedule's full name; people and teams together under PEOPLE."""
    found = {PEOPLE: digest(people_definitions(state))}
    for name, schedule in state.schedules.items():
        found[name] = digest(definitions_of(schedule))
    return found


def grouped_digests(found: Mapping[str, Definition]) -> dict[str, str]:
    """As `meanings`, of definitions by address."""
    groups: dict[str, dict[str, Definition]] = {PEOPLE: {}}
    for known, definition in found.items():
        groups.setdefault(address.schedule_of(known), {})[known] = definition
    return {name: digest(group) for name, group in groups.items()}


def addresses(state: State) -> Iterator[str]:
    """The addresses of all objects of a state."""
    yield from map(address.user, state.users)
    yield from map(address.team, state.teams)
    for name, schedule in state.schedules.items():
        yield address.schedule(name)
        yield from (address.layer(name, layer.slug) for layer in schedule.layers)
        yield from (override_address(override, schedule) for override in schedule.overrides)


def override_address(override: Override, schedule: Schedule) -> str:
    """The address; an unmanaged override's ends in `#<id>`, so that it never meets a managed one."""
    start = override_span(override, timezone=schedule.timezone).start
    plain = address.override(schedule.full_name, start=start, replaces=override.replaces)
    return plain if override.managed else f"{plain}#{override.id}"


def user_definition(user: User) -> Definition:
    return _present(
        {
            "name": user.name,
            "email": user.email,
            "timezone": user.timezone,
            "time_off": [
                _present({"start": off.start.text, "end": off.end.text, "reason": off.reason})
                for off in user.time_off
            ],
            "external": dict(user.external),
        }
    )


def team_definition(team: Team) -> Definition:
    return _present({"name": team.name, "members": list(team.members), "labels": dict(team.labels)})


def schedule_definition(schedule: Schedule) -> Definition:
    """The schedule without its layers and overrides, which are objects of their own."""
    return _present(
        {
            "name": schedule.name,
            "description": schedule.description,
            "timezone": schedule.timezone,
            "start_date": schedule.start.text,
            "end_date": _text(schedule.end),
            "handoff_time": clock_text(schedule.handoff_time),
            "active": schedule.active,
            "coverage": coverage_json(schedule.coverage),
            "labels": dict(schedule.labels),
            **_rotation(schedule.rotation),
        }
    )


def layer_definition(layer: Layer) -> Definition:
    return _present(
        {
            "name": layer.name,
            "priority": layer.priority,
            "timezone": layer.timezone,
            "start_date": _text(layer.start),
            "end_date": _text(layer.end),
            "handoff_time": None if layer.handoff_time is None else clock_text(layer.handoff_time),
            "active": layer.active,
            "restrictions": restrictions_json(layer.restrictions),
            **_rotation(layer.rotation),
        }
    )


def override_definition(override: Override) -> Definition:
    return _present(
        {
            "user": override.user,
            "replaces": override.replaces,
            "start": override.start.text,
            "end": override.end.text,
            "reason": override.reason,
            "type": override.type,
            "created_by": override.created_by,
        }
    )


def place_json(place: Place) -> Json:
    """A slug, or `{user, from?, until?}`."""
    if place.start is None and place.until is None:
        return place.user
    return _present({"user": place.user, "from": _text(place.start), "until": _text(place.until)})


def restrictions_json(restrictions: Restrictions) -> Json:
    """As in the files: `{days_of_week}`, or a list of windows; None where there are none."""
    match restrictions:
        case ():
            return None
        case (WholeDays(days),):
            return {"days_of_week": _days(days)}
        case _:
            return [_window(window) for window in restrictions]


def coverage_json(coverage: Coverage) -> Json:
    """`always`, a list of windows, or None for none."""
    if coverage == "always":
        return "always"
    return None if coverage == "none" else restrictions_json(coverage)


def digest(value: object) -> str:
    """`sha256:` and 64 hex digits over the canonical JSON of a value."""
    return f"sha256:{hashlib.sha256(_CANONICAL.encode(value).encode()).hexdigest()}"


def _rotation(rotation: Rotation | Following | None) -> dict[str, Json]:
    match rotation:
        case None:
            return {}
        case Following(schedule, offset):
            return {"rotation.follows": schedule, "rotation.offset": offset}
        case Rotation(cadence, places, start, anchor):
            fields: dict[str, Json] = {
                "rotation.type": cadence.type,
                "rotation.users": [place_json(place) for place in places],
                "rotation.start": _text(start),
                "rotation.anchor": {"at": anchor.at.text, "user": anchor.user} if anchor else None,
                "rotation.rrule": cadence.rrule,
            }
            if cadence.handoff_day is not None:
                fields["rotation.handoff_day"] = WEEKDAYS[cadence.handoff_day]
            if cadence.type == "custom" and cadence.rrule is None:
                fields["rotation.interval_days"] = cadence.interval
            elif cadence.interval != 1:
                fields["rotation.interval"] = cadence.interval
            return fields


def _window(window: Window) -> Json:
    match window:
        case WholeDays(days):
            return {"days": _days(days), "from": "00:00", "to": "24:00"}
        case DailyWindow(start, end, days):
            span: dict[str, Json] = {"from": clock_text(start), "to": clock_text(end)}
            return span if len(days) == 7 else {"days": _days(days), **span}
        case WeeklyWindow(start_day, start, end_day, end):
            return {
                "from": f"{WEEKDAYS[start_day]} {clock_text(start)}",
                "to": f"{WEEKDAYS[end_day]} {clock_text(end)}",
            }


def _days(days: tuple[int, ...]) -> list[Json]:
    return [WEEKDAYS[day] for day in sorted(days)]


def _text(when: When | None) -> str | None:
    return when.text if when else None


def _present(fields: Mapping[str, Json]) -> dict[str, Json]:
    return {path: value for path, value in fields.items() if value not in (None, "", [], {})}
