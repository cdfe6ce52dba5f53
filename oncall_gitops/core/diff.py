"""What would turn one set of definitions into another: the one comparison behind every plan."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from oncall_gitops.core.problem import Origin

Json: TypeAlias = "None | bool | int | float | str | list[Json] | dict[str, Json]"
Definition: TypeAlias = "Mapping[str, Json]"
"""An object's fields by path, as JSON, in normal form (`definition.py`)."""

Action = Literal["create", "update", "rename", "delete", "keep"]
Cause = Literal["files", "drift", "unmanaged", "tzdata"]


@dataclass(frozen=True, slots=True)
class Field:
    """One field of one object, before and after; None where it is absent."""

    path: str
    before: Json
    after: Json


@dataclass(frozen=True, slots=True)
class Change:
    """One object's change. `keep` is an unmanaged object that stays, listed so that nobody is surprised.

    `adopts` says that an unmanaged row becomes managed by this change.
    """

    action: Action
    address: str
    previous_address: str | None = None
    cause: Cause = "files"
    fields: tuple[Field, ...] = ()
    origin: Origin | None = None
    adopts: bool = False


def fields_of(before: Definition | None, after: Definition | None) -> tuple[Field, ...]:
    """The fields that differ, by path."""
    old, new = before or {}, after or {}
    return tuple(
        Field(path, old.get(path), new.get(path))
        for path in sorted(old.keys() | new.keys())
        if old.get(path) != new.get(path)
    )


def diff(*, desired: Mapping[str, Definition], live: Mapping[str, Definition]) -> list[Change]:
    """The changes, in order of address, that would turn `live` into `desired`."""
    changes = []
    for address in sorted(desired.keys() | live.keys()):
        before, after = live.get(address), desired.get(address)
        if before == after:
            continue
        action: Action = "create" if before is None else "delete" if after is None else "update"
        changes.append(Change(action, address, fields=fields_of(before, after)))
    return changes
