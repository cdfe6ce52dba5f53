"""What pydantic found wrong, as problems with places and in words for people.

A misspelt key is one mistake: the key that it stands for is not reported as missing as well.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from oncall_gitops.core.problem import Origin, Problem
from oncall_gitops.source.document import Document, Mapping, Node, Scalar, kind_of
from oncall_gitops.source.document import Sequence as Listed
from oncall_gitops.source.listing import MOST, unlisted
from oncall_gitops.source.scalars import Note
from oncall_gitops.source.spelling import closest, slip
from oncall_gitops.source.syntax import shown

Path = tuple["str | int", ...]

ROTATION_KEYS = ("type", "users", "interval", "handoff_day", "interval_days", "rrule", "start", "anchor")
_TOP_KEYS = ("users", "teams", "overrides")
_BELONGS = {
    "schedules": "schedules stand below a team: teams.<team>.schedules",
    "layers": "layers stand below a schedule",
    "rotation": "a rotation stands below a schedule or a layer",
}
_ELSEWHERE = {
    "schedule": "an override below its schedule does not name it",
    "overrides": "overrides stand below a schedule, or at the top of a file",
    "rotation": "a rotation stands below a schedule or a layer",
    "layers": "layers stand below a schedule",
    "members": "members stand below a team",
    "priority": "only layers have a priority",
    "restrictions": "only layers have restrictions",
    "handoff_time": "it stands beside the rotation, below the schedule or layer",
}
_FOR_EXAMPLE = {
    "name": "Alice Ng", "email": "alice@example.com", "timezone": "Europe/Berlin", "start_date": "2026-01-05",
    "priority": "10", "rotation": "{type: weekly, users: [alice, bob]}", "type": "weekly",
    "users": "[alice, bob]", "user": "alice", "start": "2026-12-24", "end": "2026-12-27", "from": '"09:00"',
    "to": '"17:00"', "at": "2026-03-02", "offset": "1", "schedule": "payments/primary",
    "days_of_week": "[SAT, SUN]",
}  # fmt: skip
_COMMON_NAMES = {
    "tz": ("timezone",), "time_zone": ("timezone",), "zone": ("timezone",), "mail": ("email",), "e-mail": ("email",),
    "members": ("users",), "participants": ("users",), "handoff": ("handoff_time",), "start": ("start_date", "from"),
    "end": ("end_date", "to", "until"), "from": ("start",), "to": ("end", "until"), "until": ("end",),
    "enabled": ("active",), "prio": ("priority",), "recurrence_rule": ("rrule",), "days": ("days_of_week",),
    "days_of_week": ("days",),
}  # fmt: skip


def meant_key(key: str, known: Sequence[str]) -> str | None:
    """The known key that an unknown one probably stands for."""
    if key in known:
        return None
    others = _COMMON_NAMES.get(key.lower(), ())
    return (
        closest(key, known) or slip(key, known) or next((other for other in others if other in known), None)
    )


def described(errors: Sequence[Any], document: Document, path: Path, keys: Any) -> Iterator[Problem]:
    """The problems behind the errors of one entry at `path`; `keys` gives the known keys at a place below."""
    unknown: dict[Path, list[tuple[str, str | None]]] = {}
    for error in errors:
        if error["type"] == "extra_forbidden":
            *parent, key = error["loc"]
            place = (*path, *parent)
            known = [name for name in keys(error["loc"][:-1]) if name not in _written(document, place)]
            unknown.setdefault(_clean(document, place), []).append((key, meant_key(key, known)))
    loose = _loose_words(errors, document, path)
    listed = {(*place[:-1], word) for place, words in loose.items() for word in words}
    for error in errors:
        loc = (*path, *error["loc"])
        match error["type"]:
            case "extra_forbidden" if _clean(document, loc) in listed:
                pass  # a part of the list before it
            case "extra_forbidden":
                siblings = unknown[_clean(document, loc[:-1])]
                meant = next(guess for name, guess in siblings if name == loc[-1])
                yield _unknown_key(document, loc, meant)
            case "missing":
                siblings = unknown.get(_clean(document, loc[:-1]), [])
                if error["loc"][-1] not in [guess for _, guess in siblings]:
                    yield _missing(document, loc)
            case _:
                yield _wrong_value(document, loc, error, loose.get(_clean(document, loc), ()))


def _loose_words(errors: Sequence[Any], document: Document, path: Path) -> dict[Path, list[str]]:
    """The words behind a list without brackets, by its place: `{users: alice, bob}` has a key `bob` without a value."""
    unknown = {_clean(document, (*path, *e["loc"])) for e in errors if e["type"] == "extra_forbidden"}
    found: dict[Path, list[str]] = {}
    for error in errors:
        if (error.get("ctx") or {}).get("help", "").startswith("write ["):
            *parent, key = _clean(document, (*path, *error["loc"]))
            above = _written(document, tuple(parent))
            for word in list(above)[[*above, key].index(key) + 1 :]:
                if above[word] != "" or (*parent, word) not in unknown:
                    break
                found.setdefault((*parent, key), []).append(str(word))
    return found


def noted(notes: Sequence[Note], document: Document) -> Iterator[Problem]:
    """The problems that were noted beside the errors."""
    for note in notes:
        origin = spanned(document, note.node, note.span)
        yield Problem(origin, note.code, note.message, note.help, note.severity)


def spanned(document: Document, node: Node, span: tuple[int, int] | None) -> Origin:
    """Where a part of a scalar's text stands, if it stands in the file as it is; else all of it."""
    origin = document.origin(node)
    if span is None or not isinstance(node, Scalar) or node.start.line != node.end.line:
        return origin
    first = origin.column + (0 if node.plain else 1)
    if origin.end_column - first - (0 if node.plain else 1) != len(node):
        return origin
    low, high = first + span[0], first + max(span[1], span[0] + 1)
    return Origin(origin.file, origin.line, low, origin.line, high)


def unknown_top_keys(document: Document) -> Iterator[Problem]:
    """Keys that a file does not have."""
    assert document.root is not None
    known = [key for key in _TOP_KEYS if key not in document.root]
    unknown = [key for key in document.root if key not in _TOP_KEYS]
    if len(unknown) > MOST:
        yield unlisted(len(unknown) - MOST, document.origin(unknown[MOST]))
    for key in unknown[:MOST]:
        guess = _BELONGS.get(key) or ((meant := meant_key(key, known)) and f'did you mean "{meant}"?') or ""
        hint = guess or "the keys of a file are `users`, `teams` and `overrides`"
        yield Problem(document.origin(key), "OG201", f"unknown key {shown(key)}", hint)


def _unknown_key(document: Document, loc: Path, meant: str | None) -> Problem:
    node, _ = document.walk(loc[:-1])
    assert isinstance(node, Mapping)
    key = node[Scalar(loc[-1])].key
    assert key is not None
    if loc[-1] == "offset" or (loc[-1] in ROTATION_KEYS and "follows" in node):
        message = (
            f"`{key}` does not go with `follows`" if "follows" in node else "`offset` goes with `follows`"
        )
        return Problem(document.origin(key), "OG212", message, "`follows` and `offset` stand alone")
    hint = (
        f'did you mean "{meant}"?' if meant else _ELSEWHERE.get(str(loc[-1])) or _cut_off(document, node, key)
    )
    return Problem(document.origin(key), "OG201", f"unknown key {shown(key)}", hint)


def _cut_off(document: Document, node: Mapping, key: Scalar) -> str:
    """`{name: Ng, Alice}`: what is taken for a key without a value is the rest of the value before it."""
    keys = list(node)
    before = keys[keys.index(key) - 1]
    value = node[before]
    if node[key] != "" or before == key or not isinstance(value, Scalar) or not value.plain:
        return ""
    whole = document.text[value.start.index : key.end.index]
    return f'in braces a comma ends a value: write {before}: "{whole}"' if "\n" not in whole else ""


def _missing(document: Document, loc: Path) -> Problem:
    key = str(loc[-1])
    hint = f"add for example `{key}: {_FOR_EXAMPLE[key]}`" if key in _FOR_EXAMPLE else f"add `{key}`"
    return Problem(document.locate(loc[:-1]), "OG202", f'required key "{key}" is missing', hint)


def _wrong_value(document: Document, loc: Path, error: Any, more: Sequence[str] = ()) -> Problem:
    """`more` are the words that belong to the value too."""
    node, _ = document.walk(loc)
    context = error.get("ctx") or {}
    match error["type"]:
        case "too_short":
            return Problem(document.locate(loc), "OG213", "the list is empty", "give at least one entry")
        case "too_long":
            message = (
                f"the list has {context['actual_length']} entries; at most {context['max_length']} are read"
            )
            return Problem(document.locate(loc), "OG213", message)
        case "model_type" | "dict_type" | "model_attributes_type":
            is_null = isinstance(node, Scalar) and node.is_null
            message = f"expected a mapping, found {kind_of(node)}"
            hint = "" if is_null else "write its keys below it, indented, or as {key: value}"
            return Problem(document.locate(loc), "OG204" if is_null else "OG203", message, hint)
        case code if code.startswith("OG"):
            span = (context["low"], context["high"]) if "low" in context else None
            origin = _key_origin(document, loc) or (
                spanned(document, node, span) if span else document.locate(loc)
            )
            hint = context["help"]
            if more:
                hint = f"write [{', '.join([str(node), *more])}]"
            return Problem(origin, code, context["message"], hint)
        case other:
            return Problem(document.locate(loc), "OG203", f"{error['msg']} ({other})")


def _key_origin(document: Document, loc: Path) -> Origin | None:
    """The place of a key whose text is wrong: pydantic marks it with `[key]`."""
    if loc[-1:] != ("[key]",):
        return None
    node, _ = document.walk(loc[:-2])
    key = node[Scalar(loc[-2])].key if isinstance(node, Mapping) else None
    return document.origin(key) if key is not None else None


def _written(document: Document, place: Path) -> Mapping:
    node, _ = document.walk(place)
    return node if isinstance(node, Mapping) else Mapping()


def _clean(document: Document, place: Path) -> Path:
    """A place without the parts that are not in the tree."""
    node: Node | None = document.root
    kept: list[str | int] = []
    for part in place:
        if isinstance(node, Mapping) and part in node:
            node = node[Scalar(part)]
        elif isinstance(node, Listed) and isinstance(part, int) and part < len(node):
            node = node[part]
        else:
            continue
        kept.append(part)
    return tuple(kept)
