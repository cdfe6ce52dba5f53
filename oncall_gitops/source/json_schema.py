"""The JSON Schema (draft-07) of the files, for editors: completion, words on every key, most mistakes at once.

Written by hand beside the models of `schema.py`: it says less (editors know no references and no zones) and
explains more; a test holds the keys of both together.
"""

from __future__ import annotations

from typing import TypeAlias

from oncall_gitops.core.model.rule import MAX_INTERVAL
from oncall_gitops.core.model.when import WEEKDAYS
from oncall_gitops.source.schema import MAX_OFFSET, MAX_PLACES

Json: TypeAlias = "None | bool | int | str | list[Json] | dict[str, Json]"
Properties: TypeAlias = dict[str, Json]

_SLUG = "^[a-z0-9][a-z0-9._-]{0,62}$"
_CLOCK = "([01][0-9]|2[0-3]):[0-5][0-9]"
_DAY = f"({'|'.join(WEEKDAYS)})"
_DATE = r"(19[7-9][0-9]|20[0-9]{2})-[0-9]{2}-[0-9]{2}"


def json_schema() -> dict[str, Json]:
    """The schema of one file."""
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "oncall-gitops schedules",
        "description": "On-call users, teams and their schedules, and overrides.",
        **_object(
            {
                "users": _map(_ref("user"), "People who can be on call, by slug."),
                "teams": _map(_ref("team"), "Groups that own schedules, by slug."),
                "overrides": _list(
                    _ref("top_override"), "Planned exceptions, each with the schedule that it is for."
                ),
            }
        ),
        "definitions": {
            "slug": _text("A slug: its object's identity.", pattern=_SLUG),
            "time": _text(
                "A date, a local datetime in the zone of the layer or schedule, or an instant with an offset.",
                pattern=f"^{_DATE}(T{_CLOCK}(:[0-5][0-9])?(Z|[+-][0-9]{{2}}:[0-9]{{2}})?)?$",
            ),
            "clock": _text("A local wall time HH:MM.", pattern=f"^{_CLOCK}$"),
            "day": _text("A day of the week.", enum=[*WEEKDAYS]),
            "zone": _text("The IANA name of a time zone, such as Europe/Berlin."),
            "labels": {"type": "object", "additionalProperties": {"type": ["string", "number", "boolean"]}},
            "user": _user(),
            "team": _team(),
            "schedule": _schedule(),
            "layer": _layer(),
            "rotation": {"oneOf": [_turns(), _following()]},
            "window": _window(),
            "override": _override({}),
            "top_override": _override(
                {
                    "schedule": _text(
                        "The schedule's full name, team/schedule.", pattern=f"{_SLUG[:-1]}/{_SLUG[1:]}"
                    )
                }
            ),
        },
    }


def _user() -> Json:
    off = _object(
        {
            "start": _described("time", "The first moment off."),
            "end": _described("time", "The first moment back: the end is exclusive."),
            "reason": _text("Why, for people."),
        },
        required=["start", "end"],
    )
    return _object(
        {
            "name": _text("The person's name."),
            "email": _text("Unique, without regard to capitals.", format="email"),
            "timezone": _described(
                "zone", "Where the person is: for display and for time off (default UTC)."
            ),
            "time_off": _list(off, "Spans in which the person does not work; duty in them is a warning."),
            "external": _described("labels", "Ids in other systems, such as slack and pagerduty."),
            "renamed_from": _described("slug", "The old slug: keeps history and calendar events."),
        },
        required=["name", "email"],
    )


def _team() -> Json:
    return _object(
        {
            "name": _text("For people; default: the slug."),
            "members": _list(_ref("slug"), "Slugs of users."),
            "labels": _described("labels", "Your own words, by key."),
            "schedules": _map(_ref("schedule"), "The team's schedules, by slug."),
            "renamed_from": _described("slug", "The old slug: keeps history."),
        }
    )


def _schedule() -> Json:
    coverage: Json = {
        "description": "The hours that must be covered; a gap in them is an error. Default: none.",
        "oneOf": [{"enum": ["always", "none"]}, _list(_ref("window"), "Weekly windows.", least=1)],
    }
    return _object(
        {
            "name": _text("For people; default: the slug."),
            "description": _text("What the schedule is for."),
            "timezone": _described("zone", "The zone in which local times are read."),
            "start_date": _described("time", "When the base rotation begins to be on call."),
            "end_date": _described("time", "When it ends; exclusive."),
            "handoff_time": _described("clock", 'The wall time that a bare date means; default "09:00".'),
            "active": _flag("false keeps the schedule and resolves to no shifts."),
            "coverage": coverage,
            "labels": _described("labels", "Your own words, by key."),
            "rotation": _described("rotation", "The base rotation, below all layers."),
            "layers": _map(_ref("layer"), "Rotations with a priority, by slug."),
            "overrides": _list(_ref("override"), "Planned exceptions."),
            "renamed_from": _text("The old slug, or team/slug: keeps history and calendar events."),
        },
        required=["timezone", "start_date"],
    )


def _layer() -> Json:
    restrictions: Json = {
        "description": "When in the week the layer is active; default: always.",
        "oneOf": [
            _object({"days_of_week": _days("Whole local days.")}, required=["days_of_week"]),
            _list(_ref("window"), "Windows in local wall time.", least=1),
        ],
    }
    return _object(
        {
            "name": _text("For people; default: the slug."),
            "priority": _number("Unique within the schedule; the higher number wins.", 1, 1000),
            "rotation": _described("rotation", "Who takes turns, and how often."),
            "timezone": _described("zone", "Default: the schedule's."),
            "start_date": _described("time", "Default: the schedule's."),
            "end_date": _described("time", "Exclusive. Default: the schedule's."),
            "handoff_time": _described("clock", "Default: the schedule's."),
            "active": _flag("false makes the layer as if absent; its priority stays taken."),
            "restrictions": restrictions,
            "renamed_from": _described("slug", "The old slug: keeps history and calendar events."),
        },
        required=["priority", "rotation"],
    )


def _turns() -> Json:
    place = _object(
        {
            "user": _described("slug", "A user, or nobody for an intended hole."),
            "from": _described("time", "Joins then; nobody else's turn moves."),
            "until": _described("time", "Leaves then; nobody else's turn moves."),
        },
        required=["user"],
    )
    anchor = _object(
        {
            "at": _described("time", "A moment in the turn."),
            "user": _described("slug", "Who has that turn."),
        },
        required=["at", "user"],
    )
    anyone: Json = {"oneOf": [_ref("slug"), place]}
    longest = MAX_INTERVAL["DAILY"]
    return _object(
        {
            "type": _text("How often the turn passes on.", enum=["daily", "weekly", "custom"]),
            "users": {**_list(anyone, "The places, in order of turns.", least=1), "maxItems": MAX_PLACES},
            "interval": _number("Every so many days or weeks; default 1.", 1, longest),
            "handoff_day": _described("day", "Of a weekly rotation; default: the start's weekday."),
            "interval_days": _number("Of a custom rotation: every so many days.", 1, 366),
            "rrule": _text("Of a custom rotation: an RFC 5545 rule, such as FREQ=WEEKLY;BYDAY=MO,FR."),
            "start": _described("time", "Where the handoffs count from; default: start_date."),
            "anchor": {**anchor, "description": "Pins a turn to a user, and with it all others."},
        },
        required=["type", "users"],
    )


def _following() -> Json:
    return _object(
        {
            "follows": _described("slug", "A schedule of the same team."),
            "offset": _number("How many turns ahead of it; negative: behind.", -MAX_OFFSET, MAX_OFFSET),
        },
        required=["follows", "offset"],
    )


def _window() -> Json:
    return _object(
        {
            "days": _days("The days on which the window begins; default: every day."),
            "from": _text("HH:MM, or with a day: FRI 17:00.", pattern=f"^({_DAY} +)?{_CLOCK}$"),
            "to": _text(
                "HH:MM, or with a day. At or before `from`: on the next day.",
                pattern=f"^({_DAY} +)?({_CLOCK}|24:00)$",
            ),
        },
        required=["from", "to"],
    )


def _override(more: Properties) -> Json:
    return _object(
        {
            **more,
            "user": _described("slug", "Who is on call; nobody for an intended hole."),
            "replaces": _described("slug", "Take only the hours that this user would have had."),
            "start": _described("time", "A bare date means 00:00."),
            "end": _described("time", "Exclusive; a bare date means 00:00."),
            "reason": _text("Why, for people."),
            "type": _text("Default: swap with `replaces`, else manual.", enum=["manual", "swap"]),
            "created_by": _described("slug", "A user."),
        },
        required=[*more, "user", "start", "end"],
    )


def _object(properties: Properties, *, required: list[str] | None = None) -> dict[str, Json]:
    schema: dict[str, Json] = {"type": "object", "additionalProperties": False, "properties": properties}
    return {**schema, "required": [*required]} if required else schema


def _map(values: Json, description: str) -> Json:
    return {
        "type": "object",
        "description": description,
        "propertyNames": {"pattern": _SLUG},
        "additionalProperties": values,
    }


def _list(items: Json, description: str, *, least: int = 0) -> dict[str, Json]:
    schema: dict[str, Json] = {"type": "array", "description": description, "items": items}
    return {**schema, "minItems": least} if least else schema


def _days(description: str) -> Json:
    return {**_list(_ref("day"), description, least=1), "uniqueItems": True}


def _text(description: str, **more: Json) -> Json:
    return {"type": "string", "description": description, **more}


def _number(description: str, low: int, high: int) -> Json:
    return {"type": "integer", "description": description, "minimum": low, "maximum": high}


def _flag(description: str) -> Json:
    return {"type": "boolean", "description": f"Default true; {description}", "default": True}


def _ref(name: str) -> Json:
    return {"$ref": f"#/definitions/{name}"}


def _described(name: str, description: str) -> Json:
    """A reference with a description of its own: beside a bare `$ref`, draft-07 ignores every other key."""
    return {"description": description, "allOf": [_ref(name)]}
