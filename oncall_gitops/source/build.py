"""Entries of the files as the core's values, defaults filled in."""

from __future__ import annotations

from oncall_gitops.core.model.layer import Layer
from oncall_gitops.core.model.override import Override
from oncall_gitops.core.model.restriction import Restrictions, WholeDays
from oncall_gitops.core.model.rotation import Anchor, Cadence, Following, Place, Rotation
from oncall_gitops.core.model.schedule import DEFAULT_HANDOFF, Coverage, Schedule
from oncall_gitops.core.model.team import Team
from oncall_gitops.core.model.user import TimeOff, User
from oncall_gitops.source.schema import (
    FollowingEntry,
    LayerEntry,
    OverrideEntry,
    ScheduleEntry,
    TeamEntry,
    TurnsEntry,
    UserEntry,
    WholeDaysEntry,
)


def user(slug: str, entry: UserEntry) -> User:
    return User(
        slug=slug,
        name=entry.name,
        email=entry.email,
        timezone=entry.timezone,
        time_off=tuple(
            TimeOff(off.start.at_midnight(), off.end.at_midnight(), off.reason)
            for off in (entry.time_off[index] for index in time_off_order(entry))
        ),
        external=tuple(sorted(entry.external.items())),
    )


def time_off_order(entry: UserEntry) -> list[int]:
    """The places of the spans in the file, in the order in which the state has them."""
    spans = entry.time_off
    return sorted(range(len(spans)), key=lambda index: (spans[index].start.text, spans[index].end.text))


def team(slug: str, entry: TeamEntry | None) -> Team:
    if entry is None:
        return Team(slug, name=slug)
    return Team(
        slug,
        name=entry.name or slug,
        members=tuple(sorted(set(entry.members))),
        labels=tuple(sorted(entry.labels.items())),
    )


def schedule(
    team: str, slug: str, entry: ScheduleEntry, *, layers: list[Layer], overrides: list[Override]
) -> Schedule:
    return Schedule(
        team=team,
        slug=slug,
        name=entry.name or slug,
        timezone=entry.timezone,
        start=entry.start_date,
        end=entry.end_date,
        handoff_time=DEFAULT_HANDOFF if entry.handoff_time is None else entry.handoff_time,
        active=entry.active,
        description=entry.description,
        coverage=_coverage(entry.coverage),
        labels=tuple(sorted(entry.labels.items())),
        rotation=None if entry.rotation is None else rotation(entry.rotation),
        layers=tuple(sorted(layers, key=lambda layer: layer.slug)),
        overrides=tuple(overrides),
    )


def layer(slug: str, entry: LayerEntry) -> Layer:
    return Layer(
        slug=slug,
        name=entry.name or slug,
        priority=entry.priority,
        rotation=rotation(entry.rotation),
        timezone=entry.timezone,
        start=entry.start_date,
        end=entry.end_date,
        handoff_time=entry.handoff_time,
        active=entry.active,
        restrictions=_restrictions(entry.restrictions),
    )


def override(entry: OverrideEntry) -> Override:
    return Override(
        user=entry.user,
        start=entry.start.at_midnight(),
        end=entry.end.at_midnight(),
        replaces=entry.replaces,
        reason=entry.reason,
        type="swap" if (entry.type or ("swap" if entry.replaces else "manual")) == "swap" else "manual",
        created_by=entry.created_by,
    )


def rotation(entry: TurnsEntry | FollowingEntry) -> Rotation | Following:
    if isinstance(entry, FollowingEntry):
        return Following(entry.follows, entry.offset)
    return Rotation(
        cadence=_cadence(entry),
        places=tuple(Place(place.user, place.from_, place.until) for place in entry.users),
        start=entry.start,
        anchor=None if entry.anchor is None else Anchor(entry.anchor.at, entry.anchor.user),
    )


def _cadence(entry: TurnsEntry) -> Cadence:
    match entry.type:
        case "daily":
            return Cadence("daily", entry.interval)
        case "weekly":
            return Cadence("weekly", entry.interval, entry.handoff_day)
        case _:
            return Cadence("custom", entry.interval_days or 1, rrule=entry.rrule)


def _restrictions(entry: object) -> Restrictions:
    match entry:
        case None:
            return ()
        case WholeDaysEntry():
            return (WholeDays(entry.days_of_week),)
        case list():
            return tuple(entry)
        case _:
            raise AssertionError(entry)


def _coverage(entry: object) -> Coverage:
    match entry:
        case "always":
            return "always"
        case list():
            return _restrictions(entry)
        case _:
            return "none"
