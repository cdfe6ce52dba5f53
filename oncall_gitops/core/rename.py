"""Renames keep a row, its history and its calendar events: the live state in the names of the files.

Everything after this step compares names that mean the same thing, so no other part knows about renames.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from oncall_gitops.core import address
from oncall_gitops.core.definition import definitions
from oncall_gitops.core.model.layer import Layer
from oncall_gitops.core.model.live import LiveState, StoredShift
from oncall_gitops.core.model.override import Override
from oncall_gitops.core.model.rotation import Following, Rotation
from oncall_gitops.core.model.schedule import Schedule
from oncall_gitops.core.model.state import State
from oncall_gitops.core.model.team import Team


@dataclass(frozen=True, slots=True)
class Renaming:
    """New names by old ones: slugs of users and teams, full names of schedules (in new teams), and layers'
    slugs by (new full name, old slug). `previous` maps a new address to the one in the database."""

    users: Mapping[str, str] = field(default_factory=dict)
    teams: Mapping[str, str] = field(default_factory=dict)
    schedules: Mapping[str, str] = field(default_factory=dict)
    layers: Mapping[tuple[str, str], str] = field(default_factory=dict)
    previous: Mapping[str, str] = field(default_factory=dict)

    def user(self, slug: str) -> str:
        return self.users.get(slug, slug)

    def team(self, slug: str) -> str:
        return self.teams.get(slug, slug)

    def schedule(self, full_name: str) -> str:
        team, slug = full_name.split("/")
        moved = f"{self.team(team)}/{slug}"
        return self.schedules.get(moved, moved)

    def layer(self, full_name: str, slug: str) -> str:
        """The new slug of a layer, given its schedule's new name."""
        return self.layers.get((full_name, slug), slug)

    def state(self, state: State) -> State:
        users = [replace(user, slug=self.user(user.slug)) for user in state.users.values()]
        teams = [self._team(team) for team in state.teams.values()]
        schedules = [self._schedule(schedule) for schedule in state.schedules.values()]
        return State(
            {user.slug: user for user in users},
            {team.slug: team for team in teams},
            {schedule.full_name: schedule for schedule in schedules},
        )

    def live(self, live: LiveState) -> LiveState:
        if not (self.users or self.teams or self.schedules or self.layers):
            return live
        state = self.state(live.state)
        new_address = dict(zip(definitions(live.state), definitions(state), strict=True))
        return replace(
            live,
            state=state,
            objects={new_address.get(old, old): row for old, row in live.objects.items()},
            shifts_until={self.schedule(name): edge for name, edge in live.shifts_until.items()},
        )

    def shifts(self, stored: Mapping[str, Iterable[StoredShift]]) -> dict[str, list[StoredShift]]:
        if not (self.users or self.teams or self.schedules):
            return {name: list(rows) for name, rows in stored.items()}
        return {
            self.schedule(name): [replace(row, user=self.user(row.user)) for row in rows]
            for name, rows in stored.items()
        }

    def _team(self, team: Team) -> Team:
        members = tuple(sorted(self.user(slug) for slug in team.members))
        return replace(team, slug=self.team(team.slug), members=members)

    def _schedule(self, schedule: Schedule) -> Schedule:
        full_name = self.schedule(schedule.full_name)
        team, slug = full_name.split("/")
        rotation = schedule.rotation
        return replace(
            schedule,
            team=team,
            slug=slug,
            rotation=rotation and self._rotation(rotation, schedule.team),
            layers=tuple(self._layer(layer, full_name, schedule.team) for layer in schedule.layers),
            overrides=tuple(self._override(override) for override in schedule.overrides),
        )

    def _layer(self, layer: Layer, full_name: str, team: str) -> Layer:
        slug = self.layer(full_name, layer.slug)
        return replace(layer, slug=slug, rotation=self._rotation(layer.rotation, team))

    def _rotation(self, rotation: Rotation | Following, team: str) -> Rotation | Following:
        if isinstance(rotation, Following):
            followed = self.schedule(f"{team}/{rotation.schedule}")
            return replace(rotation, schedule=followed.split("/")[1])
        anchor = rotation.anchor
        return replace(
            rotation,
            places=tuple(replace(place, user=self.user(place.user)) for place in rotation.places),
            anchor=anchor and replace(anchor, user=self.user(anchor.user)),
        )

    def _override(self, override: Override) -> Override:
        return replace(
            override,
            user=self.user(override.user),
            replaces=override.replaces and self.user(override.replaces),
            created_by=override.created_by and self.user(override.created_by),
        )


def renaming(renamed_from: Mapping[str, str], live: LiveState) -> Renaming:
    """The renames that still have something to rename.

    `renamed_from` maps a new address to the old one, as the files say it: an old schedule's team by its old or
    its new name, an old layer in its schedule's new name. One whose old name does not live, or whose new one
    already does, has no effect.
    """
    wanted = {new: old for new, old in renamed_from.items() if new.split("/")[0] in ("user", "team")}
    users, teams = (_effective(wanted, live.objects, kind) for kind in ("user/", "team/"))
    names = Renaming(users=_slugs(users), teams=_slugs(teams))

    moved = {names.schedule(name): name for name in live.state.schedules}
    schedules = _effective(
        {
            new: address.schedule(names.schedule(_tail(old)))
            for new, old in renamed_from.items()
            if new.startswith("schedule/")
        },
        {address.schedule(name): None for name in moved},
        "schedule/",
    )
    names = replace(names, schedules={_tail(old): _tail(new) for new, old in schedules.items()})

    layers_now = {
        address.layer(names.schedule(schedule.full_name), layer.slug): address.layer(name, layer.slug)
        for name, schedule in live.state.schedules.items()
        for layer in schedule.layers
    }
    layers = _effective(renamed_from, layers_now, "layer/")
    return replace(
        names,
        layers={_layer_key(old): new.rsplit("/", 1)[1] for new, old in layers.items()},
        previous={
            **users,
            **teams,
            **{new: address.schedule(moved[_tail(old)]) for new, old in schedules.items()},
            **{new: layers_now[old] for new, old in layers.items()},
        },
    )


def _effective(wanted: Mapping[str, str], living: Iterable[str], kind: str) -> dict[str, str]:
    alive = set(living)
    known = {new: old for new, old in wanted.items() if new.startswith(kind) and old in alive}
    leaving = set(known.values())
    return {new: old for new, old in known.items() if new not in alive or new in leaving}


def _slugs(renames: Mapping[str, str]) -> dict[str, str]:
    return {_tail(old): _tail(new) for new, old in renames.items()}


def _tail(name: str) -> str:
    return name.split("/", 1)[1]


def _layer_key(name: str) -> tuple[str, str]:
    full_name, slug = _tail(name).rsplit("/", 1)
    return full_name, slug
