"""Everything that the files say, or that the database holds, as one value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from oncall_gitops.core.model.schedule import Schedule
from oncall_gitops.core.model.team import Team
from oncall_gitops.core.model.user import User
from oncall_gitops.core.problem import Origin


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
