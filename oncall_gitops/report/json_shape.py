"""Whether a JSON document has the shape that a JSON Schema describes: the part of draft-07 that ours uses.

A saved plan may come from anybody, and is rendered where people trust it; so it is checked before. The schema is
published and other programs check with a library; a test holds both to the same verdicts.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

Schema = Mapping[str, Any]

MOST_DEPTH = 60
"""Deeper than any plan; no document may exhaust the stack."""


def first_violation(document: Any, schema: Schema) -> str | None:
    """Where the document differs first, in words; None if it has the shape."""
    return next(_violations(document, schema, schema, "$"), None)


def is_too_deep(document: Any) -> bool:
    """Found level by level, so that depth costs no stack."""
    level = [document]
    for _ in range(MOST_DEPTH):
        level = [
            child
            for value in level
            if isinstance(value, dict | list)
            for child in (value.values() if isinstance(value, dict) else value)
        ]
        if not level:
            return False
    return True


def _violations(value: Any, schema: Schema, root: Schema, path: str) -> Iterator[str]:
    if reference := schema.get("$ref"):
        yield from _violations(value, root["definitions"][reference.rsplit("/", 1)[1]], root, path)
        return
    if choices := schema.get("anyOf"):
        found = [list(_violations(value, choice, root, path)) for choice in choices]
        if all(found):
            yield found[0][0]
        return
    if "enum" in schema and value not in schema["enum"]:
        yield f"{path}: expected one of {', '.join(schema['enum'])}"
    kind = schema.get("type")
    if kind and not _TYPES[kind](value):
        yield f"{path}: expected {kind}"
        return
    yield from _limits(value, schema, path)
    yield from _parts(value, schema, root, path)


def _limits(value: Any, schema: Schema, path: str) -> Iterator[str]:
    if "pattern" in schema and not re.search(_ending(schema["pattern"]), value):
        yield f"{path}: does not match {schema['pattern']}"
    if "minimum" in schema and not schema["minimum"] <= value <= schema["maximum"]:
        yield f"{path}: out of range"
    if len(value) < schema["minItems"] if "minItems" in schema else False:
        yield f"{path}: too short"


def _parts(value: Any, schema: Schema, root: Schema, path: str) -> Iterator[str]:
    for name in schema.get("required", ()):
        if name not in value:
            yield f"{path}: {name!r} is missing"
    properties = schema.get("properties", {})
    if isinstance(value, dict) and (properties or "additionalProperties" in schema):
        for name, item in value.items():
            if inner := properties.get(name, schema.get("additionalProperties")):
                yield from _violations(item, inner, root, f"{path}.{name}")
    if isinstance(value, list) and "items" in schema:
        for number, item in enumerate(value):
            yield from _violations(item, schema["items"], root, f"{path}[{number}]")


def _ending(pattern: str) -> str:
    """Python's `$` lets a line break pass; JSON Schema's does not."""
    return pattern[:-1] + r"\Z" if pattern.endswith("$") else pattern


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


_TYPES: dict[str, Callable[[Any], bool]] = {
    "object": lambda value: isinstance(value, dict),
    "array": lambda value: isinstance(value, list),
    "string": lambda value: isinstance(value, str),
    "integer": lambda value: _is_number(value) and value == value // 1,
    "number": _is_number,
    "boolean": lambda value: isinstance(value, bool),
    "null": lambda value: value is None,
}
