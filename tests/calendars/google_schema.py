"""Google's own description of its Calendar API, as the client library ships it, and whether a request fits it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple
from urllib.parse import unquote

from googleapiclient.discovery_cache import get_static_doc

from tests.calendars.loopback import Request

PREFIX = "/calendar/v3/"


class Method(NamedTuple):
    """One method of the API; `id` is such as `calendar.events.insert`."""

    id: str
    verb: str
    pattern: re.Pattern[str]
    description: Mapping[str, Any]

    @property
    def scopes(self) -> set[str]:
        return set(self.description["scopes"])


@cache
def discovery() -> dict[str, Any]:
    document = json.loads(get_static_doc("calendar", "v3"))
    assert isinstance(document, dict)
    return document


@cache
def methods() -> tuple[Method, ...]:
    found = []
    for resource in discovery()["resources"].values():
        for described in resource["methods"].values():
            path = re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", described["path"])
            pattern = re.compile(re.escape(PREFIX) + path)
            found.append(Method(described["id"], described["httpMethod"], pattern, described))
    return tuple(found)


def method_of(request: Request) -> tuple[Method, dict[str, str]] | None:
    """The method that a request calls, and the parameters in its path."""
    for method in methods():
        if method.verb == request.method and (found := method.pattern.fullmatch(request.path)):
            return method, {name: unquote(value) for name, value in found.groupdict().items()}
    return None


def misfits(method: Method, request: Request) -> Iterator[str]:
    """Everything in a request that the description does not allow."""
    yield from _query_misfits(method, request)
    if "request" not in method.description:
        if request.body:
            yield "a body where none belongs"
        return
    if not (request.headers.get("Content-Type") or "").startswith("application/json"):
        yield "a body that is not said to be JSON"
    schema = discovery()["schemas"][method.description["request"]["$ref"]]
    yield from _value_misfits(request.json, schema, "body")
    for name, described in schema["properties"].items():
        required = described.get("annotations", {}).get("required", ())
        if method.id in required and name not in request.json:
            yield f"body.{name} is required"


def _query_misfits(method: Method, request: Request) -> Iterator[str]:
    known = {**discovery()["parameters"], **method.description.get("parameters", {})}
    for name in {name for name, _ in request.query}:
        described = known.get(name)
        values = [value for key, value in request.query if key == name]
        if described is None or described["location"] != "query":
            yield f"unknown parameter {name}"
            continue
        if len(values) > 1 and not described.get("repeated"):
            yield f"{name} is given {len(values)} times"
        for value in values:
            yield from _text_misfits(value, described, name)


def _text_misfits(value: str, described: Mapping[str, Any], name: str) -> Iterator[str]:
    if "enum" in described and value not in described["enum"]:
        yield f"{name}={value!r} is none of {described['enum']}"
    if described["type"] == "boolean" and value not in ("true", "false"):
        yield f"{name}={value!r} is no boolean"
    if described["type"] == "integer" and not (
        re.fullmatch(r"-?\d+", value)
        and int(described.get("minimum", value)) <= int(value) <= int(described.get("maximum", value))
    ):
        yield f"{name}={value!r} is no integer in its bounds"
    yield from _format_misfits(value, described, name)


def _format_misfits(value: str, described: Mapping[str, Any], name: str) -> Iterator[str]:
    try:
        if described.get("format") in ("date-time", "date"):
            datetime.fromisoformat(value)
    except ValueError:
        yield f"{name}={value!r} is no {described['format']}"


def _value_misfits(value: Any, described: Mapping[str, Any], name: str) -> Iterator[str]:
    if "$ref" in described:
        described = discovery()["schemas"][described["$ref"]]
    kinds: dict[str, type | tuple[type, ...]] = {
        "object": dict,
        "array": list,
        "string": str,
        "boolean": bool,
        "integer": int,
        "number": (int, float),
    }
    kind = described["type"]
    if not isinstance(value, kinds[kind]) or (isinstance(value, bool) and kind != "boolean"):
        yield f"{name} is no {kind}"
    elif isinstance(value, str):
        yield from _format_misfits(value, described, name)
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from _value_misfits(item, described["items"], f"{name}[{number}]")
    elif isinstance(value, dict):
        for key, item in value.items():
            inner = described.get("properties", {}).get(key) or described.get("additionalProperties")
            if inner is None:
                yield f"{name}.{key} is unknown"
            else:
                yield from _value_misfits(item, inner, f"{name}.{key}")
