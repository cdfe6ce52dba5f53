"""The plan: the changes that make the live state equal the desired one, and the state that they lead to.

    desired, live -> names of the files (rename) -> definitions -> diff -> changes with causes -> state after

Nothing here reads a clock, a file or a database, and nothing of the impact is here: the same inputs give the
same plan and the same plan id, whenever it is made.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass, replace

from oncall_gitops.core import address
from oncall_gitops.core.definition import definitions, digest, grouped_digests, override_address
from oncall_gitops.core.diff import Cause, Change, Definition, Field, diff
from oncall_gitops.core.model.instant import instant_text
from oncall_gitops.core.model.live import LiveObject, LiveState, Settled
from oncall_gitops.core.model.rotation import Following, Rotation
from oncall_gitops.core.model.schedule import Schedule
from oncall_gitops.core.model.state import DesiredState, State
from oncall_gitops.core.model.user import NOBODY
from oncall_gitops.core.rename import Renaming, renaming
from oncall_gitops.core.scope import Scope, people_of_schedule

FORMAT_VERSION = "1.0"


@dataclass(frozen=True, slots=True)
class Plan:
    """What would be done.

    `changes` are in order of address; unmanaged objects that stay are in `unmanaged`. `live` is the live state
    in the names of the files, `after` the state that the database will hold. Digests are of the definitions in
    scope, on either side.
    """

    scope: Scope
    changes: tuple[Change, ...]
    unmanaged: tuple[Change, ...]
    unchanged: int
    live: LiveState
    after: State
    renaming: Renaming
    desired_digest: str
    live_digest: str
    tzdata: str
    plan_id: str

    @property
    def schedules(self) -> list[str]:
        """Full names of the schedules that the plan is about, before and after."""
        names = self.live.state.schedules.keys() | self.after.schedules.keys()
        return sorted(name for name in names if self.scope.holds(name))


def make_plan(desired: DesiredState, live: LiveState, *, scope: Scope, tzdata: str) -> Plan:
    """Compare what the files say with what the database holds, within the scope; what is settled is the same."""
    settled = live.settled
    live = replace(live, state=settled.rest(live.state))
    files = settled.rest(desired.state)
    names = _with_adoptions(renaming(desired.renamed_from, live), files, live)
    now = names.live(live)
    wanted_scope = scope.addresses(files)
    wanted = {a: d for a, d in _definitions(files, settled).items() if a in wanted_scope}
    found = _definitions(now.state, settled)
    compared = {
        a: d
        for a, d in found.items()
        if a in wanted or (now.objects[a].managed and scope.may_delete(a) and not _is_held(a, now))
    }
    previous = {a: old for a, old in names.previous.items() if a in wanted}
    desired_digest = digest({**grouped_digests(wanted), **settled.meanings})
    changes = [
        _explained(change, previous, desired, now, is_same_source=live.source_digest == desired_digest)
        for change in [*diff(desired=wanted, live=compared), *_nominal(wanted, compared, previous, now)]
    ]
    changes += _moved_by_tzdata(wanted, compared, changes, now, desired)
    changes.sort(key=lambda change: change.address)
    gone = {change.address for change in changes if change.action == "delete"}
    in_scope = [a for a in found if a in wanted or scope.may_delete(a) or _is_named(a, scope)]
    live_digest = digest({**grouped_digests({a: found[a] for a in in_scope}), **settled.meanings})
    return Plan(
        scope=scope,
        changes=tuple(changes),
        unmanaged=tuple(_kept(found, now.objects, in_scope, wanted)),
        unchanged=sum(counts(settled, desired.state).values())
        + len(wanted)
        - len({change.address for change in changes} & wanted.keys()),
        live=replace(now, state=settled.whole(now.state)),
        after=settled.whole(_state_after(files, now.state, wanted=wanted, gone=gone)),
        renaming=names,
        desired_digest=desired_digest,
        live_digest=live_digest,
        tzdata=tzdata,
        plan_id=_plan_id(
            changes, scope, tzdata, database_id=live.database_id, digests=(desired_digest, live_digest)
        ),
    )


def counts(settled: Settled, state: State) -> Mapping[str, int]:
    """How many objects of each kind are settled, of a state that holds them."""
    schedules = settled.schedules.values()
    return {
        "user": len(state.users) if settled.has_people else 0,
        "team": len(state.teams) if settled.has_people else 0,
        "schedule": len(settled.schedules),
        "layer": sum(len(schedule.layers) for schedule in schedules),
        "override": sum(len(schedule.overrides) for schedule in schedules),
    }


def _definitions(state: State, settled: Settled) -> dict[str, Definition]:
    return definitions(State(schedules=state.schedules) if settled.has_people else state)


def _plan_id(
    changes: Iterable[Change], scope: Scope, tzdata: str, *, database_id: str, digests: tuple[str, str]
) -> str:
    return digest(
        {
            "format": FORMAT_VERSION,
            "database": database_id,
            "scope": [sorted(scope.teams), sorted(scope.schedules), scope.prune],
            "tzdata": tzdata,
            "changes": [
                [
                    c.action,
                    c.address,
                    c.previous_address,
                    c.cause,
                    [[f.path, f.before, f.after] for f in c.fields],
                ]
                for c in changes
            ],
            "desired": digests[0],
            "live": digests[1],
        }
    )


def _with_adoptions(names: Renaming, desired: State, live: LiveState) -> Renaming:
    """The renames, and the unmanaged rows that hold an e-mail address or a priority which the files name.

    Such a row can only be adopted under the files' name: another one beside it could not be.
    """
    now = names.live(live)
    users = dict(names.users)
    previous = dict(names.previous)
    by_email = {user.email.casefold(): slug for slug, user in now.state.users.items()}
    for slug, user in desired.users.items():
        holder = by_email.get(user.email.casefold())
        is_free = holder and slug not in now.state.users and holder not in desired.users
        if holder and is_free and not now.objects[address.user(holder)].managed:
            users[holder] = slug
            previous[address.user(slug)] = address.user(holder)
    layers = dict(names.layers)
    for full_name, schedule in desired.schedules.items():
        current = now.state.schedules.get(full_name)
        living = {layer.priority: layer.slug for layer in current.layers} if current else {}
        slugs = {layer.slug for layer in schedule.layers}
        for layer in schedule.layers:
            holder = living.get(layer.priority)
            if holder is None or holder in slugs or layer.slug in living.values():
                continue
            old = address.layer(full_name, holder)
            if not now.objects[old].managed:
                layers[full_name, holder] = layer.slug
                previous[address.layer(full_name, layer.slug)] = old
    return replace(names, users=users, layers=layers, previous=previous)


def _explained(
    change: Change,
    previous: Mapping[str, str],
    desired: DesiredState,
    live: LiveState,
    *,
    is_same_source: bool,
) -> Change:
    """The change with its cause, its place in the files and the name that it had."""
    row = live.objects.get(change.address)
    adopts = row is not None and not row.managed
    cause: Cause = "files"
    if adopts:
        cause = "unmanaged"
    elif (row is not None and row.touched) or is_same_source:
        cause = "drift"
    return replace(
        change,
        action="rename" if change.address in previous else change.action,
        previous_address=previous.get(change.address),
        cause=cause,
        fields=(Field("managed", False, True), *change.fields) if adopts else change.fields,
        adopts=adopts,
        origin=desired.origins.get((change.address,)),
    )


def _nominal(
    wanted: Mapping[str, Definition],
    found: Mapping[str, Definition],
    previous: Mapping[str, str],
    now: LiveState,
) -> list[Change]:
    """Renames and adoptions of objects of which nothing else changes."""
    return [
        Change("update", name)
        for name in wanted.keys() & found.keys()
        if wanted[name] == found[name] and (name in previous or not now.objects[name].managed)
    ]


def _moved_by_tzdata(
    wanted: Mapping[str, Definition],
    found: Mapping[str, Definition],
    changes: Iterable[Change],
    live: LiveState,
    desired: DesiredState,
) -> list[Change]:
    """Objects whose text stays and whose instants moved with the time zone data."""
    told = {change.address for change in changes}
    return [
        Change(
            "update",
            name,
            cause="tzdata",
            fields=tuple(
                Field(stale.path, instant_text(stale.stored), instant_text(stale.derived))
                for stale in live.objects[name].stale
            ),
            origin=desired.origins.get((name,)),
        )
        for name in wanted.keys() & found.keys()
        if name not in told and live.objects[name].stale
    ]


def _kept(
    found: Mapping[str, Definition],
    objects: Mapping[str, LiveObject],
    in_scope: Iterable[str],
    wanted: Mapping[str, Definition],
) -> list[Change]:
    return [
        Change("keep", name, cause="unmanaged", fields=tuple(Field(p, v, v) for p, v in found[name].items()))
        for name in sorted(in_scope)
        if name not in wanted and not objects[name].managed
    ]


def _is_named(name: str, scope: Scope) -> bool:
    kind, _, rest = name.partition("/")
    return kind not in ("user", "team") and scope.holds("/".join(rest.split("/")[:2]))


def _is_held(name: str, live: LiveState) -> bool:
    """A team that still owns an unmanaged schedule stays, whatever the files say."""
    kind, _, slug = name.partition("/")
    return kind == "team" and any(
        schedule.team == slug and not live.objects[address.schedule(schedule.full_name)].managed
        for schedule in live.state.schedules.values()
    )


def _state_after(desired: State, live: State, *, wanted: Mapping[str, Definition], gone: set[str]) -> State:
    """The live state with the wanted objects in place and the deleted ones gone."""
    users = {slug: user for slug, user in live.users.items() if address.user(slug) not in gone}
    users |= {slug: user for slug, user in desired.users.items() if address.user(slug) in wanted}
    teams = {slug: team for slug, team in live.teams.items() if address.team(slug) not in gone}
    teams |= {slug: team for slug, team in desired.teams.items() if address.team(slug) in wanted}
    known = users.keys() | {NOBODY}
    schedules = {}
    for name in sorted(live.schedules.keys() | desired.schedules.keys()):
        if address.schedule(name) in gone:
            continue
        before, after = live.schedules.get(name), desired.schedules.get(name)
        if after is None or address.schedule(name) not in wanted:
            after = before
        elif before:
            after = _with_kept(after, before, wanted=wanted, gone=gone)
        if after:
            schedules[name] = _among(known, after)
    return State(users, teams, schedules)


def _with_kept(
    after: Schedule, before: Schedule, *, wanted: Mapping[str, Definition], gone: set[str]
) -> Schedule:
    """The schedule of the files, and the live layers and overrides that neither they nor the plan touch."""

    def is_settled(name: str) -> bool:
        return name in wanted or name in gone

    layers = [layer for layer in before.layers if not is_settled(address.layer(before.full_name, layer.slug))]
    overrides = [o for o in before.overrides if not is_settled(override_address(o, before))]
    if not layers and not overrides:
        return after
    return replace(after, layers=(*after.layers, *layers), overrides=(*after.overrides, *overrides))


def _among(known: Set[str], schedule: Schedule) -> Schedule:
    """The schedule without unmanaged overrides, and places in unmanaged rotations, of people who are gone."""
    if people_of_schedule(schedule) <= known:
        return schedule
    overrides = tuple(
        o for o in schedule.overrides if o.user in known and (o.replaces is None or o.replaces in known)
    )
    layers = tuple(
        replace(layer, rotation=rotation)
        for layer in schedule.layers
        if (rotation := _turns_among(known, layer.rotation))
    )
    base = schedule.rotation and _turns_among(known, schedule.rotation)
    return replace(schedule, rotation=base, overrides=overrides, layers=layers)


def _turns_among(known: Set[str], rotation: Rotation | Following) -> Rotation | Following | None:
    """The rotation as it will be read: without those who are gone; None if nobody is left."""
    if isinstance(rotation, Following):
        return rotation
    places = tuple(place for place in rotation.places if place.user in known)
    anchor = rotation.anchor if rotation.anchor and rotation.anchor.user in known else None
    return replace(rotation, places=places, anchor=anchor) if places else None
