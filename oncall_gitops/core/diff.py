"""What would turn one set of definitions into another: the one comparison behind every plan."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
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


def diff(
    *, desired: Mapping[str, Definition], live: Mapping[str, Definition], renamed: Mapping[str, str]
) -> list[Change]:
    """The changes, in order of address, that would turn `live` into `desired`.

    `renamed` maps a desired address to the live one that it continues; both sides must know theirs.
    """
    changes = []
    for address, after in desired.items():
        previous = renamed.get(address)
        before = live.get(previous or address)
        if before is None:
            changes.append(Change("create", address, fields=fields_of(None, after)))
        elif previous:
            changes.append(Change("rename", address, previous, fields=fields_of(before, after)))
        elif before != after:
            changes.append(Change("update", address, fields=fields_of(before, after)))
    gone = live.keys() - desired.keys() - set(renamed.values())
    changes += [Change("delete", address, fields=fields_of(live[address], None)) for address in gone]
    return sorted(changes, key=lambda change: change.address)


def caused_by(change: Change, cause: Cause) -> Change:
    return replace(change, cause=cause)
