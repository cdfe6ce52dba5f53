"""The JSON Schema (draft-07) of the files, for editors: completion, words on every key, most mistakes at once.

Written by hand beside the models of `schema.py`: it says less (editors know no references) and explains more, and it
refuses nothing that `validate` accepts; tests hold both together. Editors read `name: 123` as a number, we as the text
that it is, so that texts and slugs may be numbers and booleans here.
"""

from __future__ import annotations

from typing import TypeAlias

from oncall_gitops.core.model.rule import MAX_INTERVAL
from oncall_gitops.core.model.user import NOBODY
from oncall_gitops.core.model.when import WEEKDAYS
from oncall_gitops.core.rule import MAX_LENGTH
from oncall_gitops.source.combinations import MAX_DAYS
from oncall_gitops.source.scalars import MAX_NAME, MAX_TEXT
from oncall_gitops.source.schema import MAX_OFFSET, MAX_PLACES
from oncall_gitops.source.zones import usable_names

Json: TypeAlias = "None | bool | int | str | list[Json] | dict[str, Json]"
Properties: TypeAlias = dict[str, Json]

_SLUG = "^[a-z0-9][a-z0-9._-]{0,62}$"
_FULL_NAME = f"{_SLUG[:-1]}/{_SLUG[1:]}"
_CLOCK = "([01][0-9]|2[0-3]):[0-5][0-9]"
_DAY = f"({'|'.join(WEEKDAYS)})"
_DATE = "(19[7-9][0-9]|20[0-9]{2})-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
_OFFSET = "[+-](0[0-9]|1[0-4]):[0-5][0-9]"
_END = f"({_CLOCK}|24:00)"
_PART = "[A-Za-z]+=[A-Za-z0-9,+-]+"
_RULE = f"^(?!.*(COUNT|UNTIL)=)(?=(.*[;:])?[Ff][Rr][Ee][Qq]=)([Rr][Rr][Uu][Ll][Ee]:)?{_PART}(;{_PART})*$"
_NOT_NOBODY: dict[str, Json] = {"not": {"const": NOBODY}}


def json_schema() -> dict[str, Json]:
    """The schema of one file."""
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "oncall-gitops schedules",
        "description": "On-call users, teams and their schedules, and overrides.",
        **_object(
            {
                "users": {
                    **_map(_ref("user"), "People who can be on call, by slug."),
                    "propertyNames": {"pattern": _SLUG, **_NOT_NOBODY},
                },
                "teams": _map(_ref("team"), "Groups that own schedules, by slug."),
                "overrides": _list(
                    _ref("top_override"), "Planned exceptions, each with the schedule that it is for."
                ),
            }
        ),
        "definitions": {
            "slug": _free("A slug: its object's identity.", pattern=_SLUG, minimum=0),
            "user_slug": {"description": "A user's slug.", "allOf": [_ref("slug")], **_NOT_NOBODY},
            "name": _free("A text of one line.", maxLength=MAX_NAME, pattern="\\S"),
            "prose": _free("Any text.", maxLength=MAX_TEXT),
            "time": _text(
                "A date, a local datetime in the zone of the layer or schedule, or an instant with an offset.",
                pattern=f"^{_DATE}(T{_CLOCK}(:[0-5][0-9])?(Z|{_OFFSET})?)?$",
            ),
            "clock": _text("A local wall time HH:MM.", pattern=f"^{_CLOCK}$"),
            "day": _text("A day of the week.", enum=[*WEEKDAYS]),
            "zone": _zone(),
            "labels": {
                "type": "object",
                "description": "Texts by key.",
                "propertyNames": {"maxLength": MAX_NAME, "pattern": "\\S"},
                "additionalProperties": _ref("prose"),
            },
            "user": _user(),
            "team": _team(),
            "schedule": _schedule(),
            "layer": _layer(),
            "rotation": {"oneOf": [_turns(), _following()]},
            "window": _window(),
            "override": _override({}),
            "top_override": _override(
                {"schedule": _text("The schedule's full name, team/schedule.", pattern=_FULL_NAME)}
            ),
        },
    }


def _zone() -> Json:
    """Editors complete the first, and do not complain about the second."""
    fine, old = usable_names()
    return {
        "description": "The IANA name of a time zone, such as Europe/Berlin.",
        "anyOf": [
            {"enum": [*fine]},
            _text("An old name: validate names its successor.", pattern=f"^({'|'.join(old)})$"),
        ],
    }


def _user() -> Json:
    off = _object(
        {
            "start": _described("time", "The first moment off."),
            "end": _described("time", "The first moment back: the end is exclusive."),
            "reason": _described("prose", "Why, for people."),
        },
        required=["start", "end"],
    )
    return _object(
        {
            "name": _described("name", "The person's name."),
            "email": _text(
                "Unique, without regard to capitals.", pattern=r"^[^\s@]+@[^\s@]+$", maxLength=254
            ),
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
            "name": _described("name", "For people; default: the slug."),
            "members": _list(_ref("user_slug"), "Slugs of users."),
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
            "name": _described("name", "For people; default: the slug."),
            "description": _described("prose", "What the schedule is for."),
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
            "renamed_from": _free(
                "The old slug, or team/slug: keeps history and calendar events.",
                pattern=f"{_SLUG}|{_FULL_NAME}",
                minimum=0,
            ),
        },
        required=["timezone", "start_date"],
        anyOf=[
            {"required": ["rotation"]},
            {"required": ["layers"], "properties": {"layers": {"minProperties": 1}}},
        ],
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
            "name": _described("name", "For people; default: the slug."),
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
            "interval_days": _number("Of a custom rotation: every so many days.", 1, MAX_DAYS),
            "rrule": _text(
                "Of a custom rotation: an RFC 5545 rule, such as FREQ=WEEKLY;BYDAY=MO,FR.",
                pattern=_RULE,
                maxLength=MAX_LENGTH,
            ),
            "start": _described("time", "Where the handoffs count from; default: start_date."),
            "anchor": {**anchor, "description": "Pins a turn to a user, and with it all others."},
        },
        required=["type", "users"],
        allOf=[
            _of_type("daily", {"handoff_day": False, "interval_days": False, "rrule": False}),
            _of_type(
                "weekly",
                {"interval": {"maximum": MAX_INTERVAL["WEEKLY"]}, "interval_days": False, "rrule": False},
            ),
            _of_type(
                "custom",
                {"interval": False, "handoff_day": False},
                oneOf=[{"required": ["interval_days"]}, {"required": ["rrule"]}],
            ),
        ],
    )


def _of_type(kind: str, properties: Properties, **more: Json) -> Json:
    """What else holds for the keys of a rotation of one type; False for a key that does not go with it."""
    return {
        "if": {"required": ["type"], "properties": {"type": {"const": kind}}},
        "then": {"properties": properties, **more},
    }


def _following() -> Json:
    return _object(
        {
            "follows": _described("slug", "A schedule of the same team."),
            "offset": _number("How many turns ahead of it; negative: behind.", -MAX_OFFSET, MAX_OFFSET),
        },
        required=["follows", "offset"],
    )


def _window() -> Json:
    plain: Properties = {"from": {"pattern": f"^{_CLOCK}$"}, "to": {"pattern": f"^{_END}$"}}
    from_day_to_day: Properties = {
        "days": False,
        "from": {"pattern": f"^{_DAY} {_CLOCK}$"},
        "to": {"pattern": f"^{_DAY} {_END}$"},
    }
    return _object(
        {
            "days": _days("The days on which the window begins; default: every day."),
            "from": _text("HH:MM, or with a day: FRI 17:00."),
            "to": _text("HH:MM, or with a day. At or before `from`: on the next day."),
        },
        required=["from", "to"],
        oneOf=[{"properties": plain}, {"properties": from_day_to_day}],
    )


def _override(more: Properties) -> Json:
    return _object(
        {
            **more,
            "user": _described("slug", "Who is on call; nobody for an intended hole."),
            "replaces": _described("user_slug", "Take only the hours that this user would have had."),
            "start": _described("time", "A bare date means 00:00."),
            "end": _described("time", "Exclusive; a bare date means 00:00."),
            "reason": _described("prose", "Why, for people."),
            "type": _text("Default: swap with `replaces`, else manual.", enum=["manual", "swap"]),
            "created_by": _described("user_slug", "Who wrote it."),
        },
        required=[*more, "user", "start", "end"],
    )


def _object(properties: Properties, *, required: list[str] | None = None, **more: Json) -> dict[str, Json]:
    schema: dict[str, Json] = {"type": "object", "additionalProperties": False, "properties": properties}
    return {**schema, **({"required": [*required]} if required else {}), **more}


def _map(values: Json, description: str) -> dict[str, Json]:
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


def _free(description: str, **more: Json) -> Json:
    """A text that editors may take for a number or a boolean."""
    return {"type": ["string", "number", "boolean"], "description": description, **more}


def _number(description: str, low: int, high: int) -> Json:
    return {"type": "integer", "description": description, "minimum": low, "maximum": high}


def _flag(description: str) -> Json:
    return {"type": "boolean", "description": f"Default true; {description}", "default": True}


def _ref(name: str) -> Json:
    return {"$ref": f"#/definitions/{name}"}


def _described(name: str, description: str) -> Json:
    """A reference with a description of its own: beside a bare `$ref`, draft-07 ignores every other key."""
    return {"description": description, "allOf": [_ref(name)]}
