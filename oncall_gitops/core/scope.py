"""What a plan is about: everything, or the teams and schedules that it is narrowed to."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from oncall_gitops.core import address
from oncall_gitops.core.definition import override_address
from oncall_gitops.core.model.rotation import Following, Rotation
from oncall_gitops.core.model.schedule import Schedule
from oncall_gitops.core.model.state import State


@dataclass(frozen=True, slots=True)
class Scope:
    """Team slugs and full names of schedules; neither means everything. `prune` allows deletes.

    A narrowed plan touches the schedules that it names (and those that they follow), their teams and the
    people whom they name, and never deletes anything outside of them.
    """

    teams: tuple[str, ...] = ()
    schedules: tuple[str, ...] = ()
    prune: bool = True

    @property
    def is_whole(self) -> bool:
        return not self.teams and not self.schedules

    def holds(self, full_name: str) -> bool:
        """Is this schedule named, by itself or by its team?"""
        return self.is_whole or full_name in self.schedules or full_name.split("/")[0] in self.teams

    def schedules_of(self, state: State) -> set[str]:
        """The schedules in scope, with those that they follow."""
        named = {name for name in state.schedules if self.holds(name)}
        followed = {name for full_name in named for name in followed_by(state.schedules[full_name])}
        return named | (followed & state.schedules.keys())

    def addresses(self, state: State) -> set[str]:
        """The objects of a state that are in scope."""
        names = self.schedules_of(state)
        found: set[str] = set()
        for schedule in (state.schedules[name] for name in names):
            found.add(address.schedule(schedule.full_name))
            found |= {address.layer(schedule.full_name, layer.slug) for layer in schedule.layers}
            found |= {override_address(override, schedule) for override in schedule.overrides}
        teams = {name.split("/")[0] for name in names} | set(self.teams)
        if self.is_whole:
            teams |= state.teams.keys()
        people = set(state.users) if self.is_whole else people_of(state, names) | _members(state, teams)
        found |= {address.team(slug) for slug in teams & state.teams.keys()}
        return found | {address.user(slug) for slug in people & state.users.keys()}

    def may_delete(self, object_address: str) -> bool:
        """Only what is in a named schedule or team is pruned; people and outer objects only by a whole plan."""
        kind, _, name = object_address.partition("/")
        if not self.prune:
            return False
        if self.is_whole:
            return True
        match kind:
            case "user":
                return False
            case "team":
                return name in self.teams
            case _:
                return self.holds("/".join(name.split("/")[:2]))


def followed_by(schedule: Schedule) -> set[str]:
    """The full names of the schedules that a schedule or its layers follow."""
    rotations = [schedule.rotation, *(layer.rotation for layer in schedule.layers)]
    return {f"{schedule.team}/{r.schedule}" for r in rotations if isinstance(r, Following)}


def people_of(state: State, names: Iterable[str]) -> set[str]:
    """Everybody whom schedules name, or those that they follow."""
    people: set[str] = set()
    for name in names:
        people |= people_of_schedule(state.schedules[name])
        for target in followed_by(state.schedules[name]) & state.schedules.keys():
            people |= people_of_schedule(state.schedules[target])
    return people


def people_of_schedule(schedule: Schedule) -> set[str]:
    """Everybody whom one schedule names itself, in rotations and overrides."""
    people: set[str] = set()
    for rotation in [schedule.rotation, *(layer.rotation for layer in schedule.layers)]:
        if isinstance(rotation, Rotation):
            people.update([place.user for place in rotation.places])
            people |= {rotation.anchor.user} if rotation.anchor else set()
    for override in schedule.overrides:
        named = (override.user, override.replaces, override.created_by)
        people |= {slug for slug in named if slug is not None}
    return people


def _members(state: State, teams: Iterable[str]) -> set[str]:
    return {slug for team in teams if team in state.teams for slug in state.teams[team].members}
