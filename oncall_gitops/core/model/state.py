"""Everything that the files say, or that the database holds, as one value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

from oncall_gitops.core.model.schedule import Schedule
from oncall_gitops.core.model.team import Team
from oncall_gitops.core.model.user import User
from oncall_gitops.core.problem import Origin


@runtime_checkable
class KnowsFiles(Protocol):
    """Origins for which the file is cheap and the place in it is not."""

    def file(self, address: str) -> str | None: ...


@dataclass(frozen=True, slots=True)
class State:
    """Users and teams by slug, schedules by full name (`team/schedule`)."""

    users: Mapping[str, User] = field(default_factory=dict)
    teams: Mapping[str, Team] = field(default_factory=dict)
    schedules: Mapping[str, Schedule] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class DesiredState:
    """What the files say.

    `origins` maps an address (`core/address.py`), or an address and the path of a field in it
    (`("layer/payments/primary/weekend", "priority")`), to where it is written; positions stay outside of
    equality. `renamed_from` maps an address to the address that it had. `files` counts the files read.
    """

    state: State
    origins: Mapping[tuple[str, ...], Origin] = field(default_factory=dict, compare=False)
    renamed_from: Mapping[str, str] = field(default_factory=dict, compare=False)
    files: int = field(default=0, compare=False)


def file_of(origins: Mapping[tuple[str, ...], Origin], address: str) -> str | None:
    """The file in which an object is written; some origins know it without looking for the place in it."""
    if isinstance(origins, KnowsFiles):
        return origins.file(address)
    origin = origins.get((address,))
    return origin.file if origin else None
