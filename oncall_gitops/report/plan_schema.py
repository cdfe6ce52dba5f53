"""The JSON Schema (draft-07) of a plan's JSON, published as `docs/plan.schema.json`.

Within format 1.x keys are only ever added: what is required here is the contract, the other keys are ours to
add, and readers ignore what they do not know. `show` reads nothing that this schema refuses.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Schema = dict[str, Any]

_INSTANT = {"$ref": "#/definitions/instant"}
_TEXT: Schema = {"type": "string"}
_COUNT: Schema = {"type": "integer", "minimum": 0, "maximum": 1_000_000_000}
_HOURS: Schema = {"type": "number", "minimum": 0, "maximum": 1_000_000_000}
_FLAG: Schema = {"type": "boolean"}
_DIGEST: Schema = {"type": "string", "pattern": "^sha256:[0-9a-f]{64}$"}


def _object(required: Mapping[str, Schema], **optional: Schema) -> Schema:
    return {"type": "object", "required": list(required), "properties": {**required, **optional}}


def _list(items: Schema) -> Schema:
    return {"type": "array", "items": items}


def _or_null(schema: Schema) -> Schema:
    return {"anyOf": [schema, {"type": "null"}]}


def _one_of(*values: str) -> Schema:
    return {"enum": list(values)}


_HOLDER = _or_null(_TEXT)
_NEXT = _or_null(_object({"user": _TEXT, "start": _INSTANT}))
_GAP = _object({"schedule": _TEXT, "start": _INSTANT, "end": _INSTANT})
_LOAD = _object({"before": _HOURS, "after": _HOURS})

_CHANGE = _object(
    {
        "action": _one_of("create", "update", "rename", "delete", "keep"),
        "address": {"type": "string", "pattern": "^(user|team|schedule|layer|override)/"},
        "previous_address": _or_null(_TEXT),
        "cause": _one_of("files", "drift", "unmanaged", "tzdata"),
        "source": _or_null(_object({"file": _TEXT, "line": _COUNT})),
        "fields": _list(_object({"path": _TEXT, "before": {}, "after": {}})),
    }
)
_IMPACT = _object(
    {
        "on_call_now": _list(
            _object(
                {"schedule": _TEXT, "before": _HOLDER, "after": _HOLDER}, next_before=_NEXT, next_after=_NEXT
            )
        ),
        "shifts": _list(
            _object(
                {
                    "schedule": _TEXT,
                    "start": _INSTANT,
                    "end": _INSTANT,
                    "before": _HOLDER,
                    "after": _HOLDER,
                    "cause": _one_of("files", "drift", "unmanaged", "tzdata"),
                }
            )
        ),
        "gaps": _object({"opened": _list(_GAP), "closed": _list(_GAP)}),
        "hours": _list(
            _object({"user": _TEXT, "before": _HOURS, "after": _HOURS}, nights=_LOAD, weekends=_LOAD)
        ),
    },
    newly_shared=_list(
        _object(
            {
                "user": _TEXT,
                "start": _INSTANT,
                "end": _INSTANT,
                "schedules": {"type": "array", "items": _TEXT, "minItems": 1},
            }
        )
    ),
)
_ADVICE = _object(
    {
        "schedule": _TEXT,
        "code": _TEXT,
        "message": _TEXT,
        "file": _or_null(_TEXT),
        "line": _or_null(_COUNT),
        "yaml": _TEXT,
    },
    layer=_or_null(_TEXT),
)
_SAFETY = _object(
    {
        "verdict": _one_of("ok", "blocked"),
        "checks": _list(
            _object(
                {
                    "rule": _TEXT,
                    "verdict": _one_of("ok", "warn", "block"),
                    "limit": _TEXT,
                    "actual": _TEXT,
                    "allow": _or_null(_TEXT),
                }
            )
        ),
    }
)

PLAN_SCHEMA: Schema = {
    "$schema": "http://json-schema.org/draft-07/schema#",
    "title": "A plan of oncall-gitops, format 1.x",
    "description": "What reconcile and diff write as JSON. Unknown keys are to be ignored.",
    "definitions": {
        "instant": {
            "type": "string",
            "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$",
            "description": "UTC, whole seconds: 2026-11-22T18:30:00Z",
        }
    },
    **_object(
        {
            "format_version": {"type": "string", "pattern": "^1\\.[0-9]{1,6}$"},
            "plan_id": _DIGEST,
            "as_of": _INSTANT,
            "horizon": _object({"from": _INSTANT, "to": _INSTANT}),
            "tzdata": _TEXT,
            "source": _object(
                {
                    "commit": _or_null({"type": "string", "pattern": "^[0-9a-f]{7,64}$"}),
                    "dirty": _FLAG,
                    "files": _COUNT,
                    "digest": _DIGEST,
                }
            ),
            "base": _object({"digest": _DIGEST}),
            "summary": _object(
                dict.fromkeys(("create", "update", "rename", "delete", "unchanged", "unmanaged"), _COUNT)
            ),
            "changes": _list(_CHANGE),
            "impact": _IMPACT,
            "advice": _list(_ADVICE),
            "safety": _SAFETY,
            "calendars": _list(_object({"user": _TEXT, "provider": _TEXT, "changes": {}})),
            "applyable": _FLAG,
        },
        scope=_object({"teams": _list(_TEXT), "schedules": _list(_TEXT), "prune": _FLAG}),
        zones={"type": "object", "additionalProperties": _TEXT},
    ),
}
