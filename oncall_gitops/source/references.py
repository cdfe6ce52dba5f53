"""Names that lead from one object to another: followed rotations, renames, addresses that users share."""

from __future__ import annotations

from collections.abc import Iterator

from oncall_gitops.core import address
from oncall_gitops.core.model.rotation import Following
from oncall_gitops.core.model.schedule import Schedule
from oncall_gitops.core.model.state import DesiredState
from oncall_gitops.core.problem import Problem
from oncall_gitops.source.names import Declared
from oncall_gitops.source.spelling import did_you_mean
from oncall_gitops.source.syntax import shown

Found = Iterator[tuple[Problem, str]]
"""A problem, and the full name of the schedule that cannot be resolved because of it (or nothing)."""


def unresolved(desired: DesiredState, declared: Declared) -> Found:
    """Every reference between objects that leads nowhere or twice to one place."""
    yield from _shared_emails(desired)
    yield from _unfollowable(desired, declared)
    yield from _impossible_renames(desired, declared)


def _shared_emails(desired: DesiredState) -> Found:
    users = desired.state.users
    if len({user.email.casefold() for user in users.values()}) == len(users):
        return
    owners: dict[str, str] = {}
    for user in users.values():
        owner = owners.setdefault(user.email.casefold(), user.slug)
        if owner != user.slug:
            first = desired.origins[(address.user(owner), "email")]
            here = desired.origins[(address.user(user.slug), "email")]
            message = f"the users {shown(owner)} and {shown(user.slug)} share the address {shown(user.email)}"
            hint = "addresses are unique, without regard to capitals"
            yield Problem(here, "OG302", message, hint, related=((first, "first used here"),)), ""


def _unfollowable(desired: DesiredState, declared: Declared) -> Found:
    for schedule in desired.state.schedules.values():
        if isinstance(schedule.rotation, Following):
            here = address.schedule(schedule.full_name)
            yield from _followed(schedule.rotation, schedule, here, desired, declared)
        for layer in schedule.layers:
            if isinstance(layer.rotation, Following):
                here = address.layer(schedule.full_name, layer.slug)
                yield from _followed(layer.rotation, schedule, here, desired, declared)


def _followed(
    rotation: Following, schedule: Schedule, here: str, desired: DesiredState, declared: Declared
) -> Found:
    name = f"{schedule.team}/{rotation.schedule}"
    origin = desired.origins[(here, "rotation.follows")]
    target = desired.state.schedules.get(name)
    if name not in declared.schedules:
        siblings = [
            other.split("/")[1] for other in declared.schedules if other.startswith(f"{schedule.team}/")
        ]
        message = f"unknown schedule {shown(rotation.schedule)} in the team {shown(schedule.team)}"
        yield Problem(origin, "OG306", message, _meant(rotation.schedule, siblings)), schedule.full_name
    elif target is None:
        yield from ()  # declared, but with mistakes of its own
    elif target.rotation is None:
        message = f"the schedule {shown(name)} has no base rotation to follow"
        yield Problem(origin, "OG307", message, "follow a schedule with a `rotation`"), schedule.full_name
    elif target is schedule and target.rotation is rotation:
        message = "a rotation cannot follow itself"
        yield Problem(origin, "OG307", message, "follow another schedule of the team"), schedule.full_name
    elif isinstance(target.rotation, Following):
        message = f"the rotation of {shown(name)} follows another one itself"
        hint = f'follow "{target.rotation.schedule}" with the sum of both offsets'
        if target.rotation.schedule == schedule.slug:
            hint = "one of the two needs a rotation of its own"
        related = ((desired.origins[(address.schedule(name), "rotation.follows")], "it follows here"),)
        yield Problem(origin, "OG307", message, hint, related=related), schedule.full_name


def _impossible_renames(desired: DesiredState, declared: Declared) -> Found:
    if not desired.renamed_from:
        return
    names = {address.user(slug) for slug in declared.users} | {address.team(slug) for slug in declared.teams}
    names |= {address.schedule(name) for name in declared.schedules}
    for schedule in desired.state.schedules.values():
        names |= {address.layer(schedule.full_name, layer.slug) for layer in schedule.layers}
    taken: dict[str, str] = {}
    for here, before in desired.renamed_from.items():
        origin = desired.origins[(here, "renamed_from")]
        old = before.split("/", 1)[1]
        if before in names:
            message = f"{shown(old)} is still in the files, so nothing can be renamed from it"
            related = (
                ((desired.origins[(before,)], "it is still here"),) if (before,) in desired.origins else ()
            )
            hint = "remove `renamed_from`, or the old entry"
            yield Problem(origin, "OG308", message, hint, related=related), ""
        elif taken.setdefault(before, here) != here:
            first = desired.origins[(taken[before], "renamed_from")]
            message = f"two entries are renamed from {shown(old)}"
            yield Problem(origin, "OG308", message, "keep one", related=((first, "first named here"),)), ""


def _meant(name: str, siblings: list[str]) -> str:
    listed = ", ".join(sorted(siblings)[:10])
    return did_you_mean(name, siblings) or f"its schedules are {listed}"
