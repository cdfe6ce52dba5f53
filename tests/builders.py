"""Plain builders: strings in, model values out, every field defaulted: a test shows what it is about.

Unless a test says otherwise a schedule is in UTC, begins on Monday 2026-01-05 at 09:00, and has no rotation;
a rotation is weekly.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from oncall_gitops.core.model.instant import Instant, instant_text, parse_instant
from oncall_gitops.core.model.interval import Interval
from oncall_gitops.core.model.layer import Layer
from oncall_gitops.core.model.override import Override
from oncall_gitops.core.model.restriction import (
    ALL_DAYS,
    DailyWindow,
    Restrictions,
    WeeklyWindow,
    WholeDays,
    Window,
)
from oncall_gitops.core.model.rotation import Anchor, Cadence, Following, Place, Rotation, RotationType
from oncall_gitops.core.model.schedule import Coverage, Schedule
from oncall_gitops.core.model.shift import Gap, Shift
from oncall_gitops.core.model.state import State
from oncall_gitops.core.model.team import Team
from oncall_gitops.core.model.user import NOBODY, TimeOff, User
from oncall_gitops.core.model.when import WEEKDAYS, When, parse_clock, parse_when

A_MONDAY = "2026-01-05"

PlaceLike = str | tuple[str, str | None, str | None] | Place
RotationLike = Rotation | Following | Sequence[PlaceLike]


def at(text: str) -> Instant:
    """`at("2026-01-05T09:00Z")`, or with an offset: `at("2026-01-05T10:00+01:00")`."""
    return parse_instant(text)


def when(text: str) -> When:
    """A date, a local time or an instant, as a file would say it."""
    return parse_when(text)


def span(start: str, end: str) -> Interval:
    """`span("2026-01-05T09:00Z", "2026-01-12T09:00Z")`; bare dates are midnights in UTC."""
    return Interval(*(at(text if "T" in text else f"{text}T00:00Z") for text in (start, end)))


def days(names: str) -> tuple[int, ...]:
    """`days("MON TUE")`."""
    return tuple(WEEKDAYS.index(name) for name in names.split())


def whole_days(names: str) -> WholeDays:
    return WholeDays(days(names))


def window(start: str, end: str, *, on: str = "") -> Window:
    """`window("09:00", "17:00", on="MON TUE")`, or `window("FRI 17:00", "MON 09:00")`."""
    if " " not in start:
        return DailyWindow(parse_clock(start), parse_clock(end, end_of_day=True), days(on) or ALL_DAYS)
    (start_day, start_clock), (end_day, end_clock) = start.split(), end.split()
    return WeeklyWindow(
        WEEKDAYS.index(start_day),
        parse_clock(start_clock),
        WEEKDAYS.index(end_day),
        parse_clock(end_clock, end_of_day=True),
    )


def a_place(user: str, *, start: str | None = None, until: str | None = None) -> Place:
    """A member from `start` (YAML's `from`) until `until`."""
    return Place(user, _when(start), _when(until))


def an_anchor(at: str, user: str) -> Anchor:
    return Anchor(when(at), user)


def a_rotation(
    users: Sequence[PlaceLike] = ("alice", "bob", "carol"),
    *,
    type: RotationType = "weekly",
    interval: int = 1,
    handoff_day: str | None = None,
    rrule: str | None = None,
    start: str | None = None,
    anchor: Anchor | None = None,
) -> Rotation:
    """A place is a slug, a `Place`, or (user, from, until)."""
    day = None if handoff_day is None else WEEKDAYS.index(handoff_day)
    cadence = Cadence("custom" if rrule else type, interval, day, rrule)
    return Rotation(cadence, tuple(_place(user) for user in users), _when(start), anchor)


def following(schedule: str, offset: int = 1) -> Following:
    return Following(schedule, offset)


def a_layer(
    slug: str = "top",
    rotation: RotationLike = ("zoe",),
    *,
    name: str | None = None,
    priority: int = 10,
    timezone: str | None = None,
    start: str | None = None,
    end: str | None = None,
    handoff_time: str | None = None,
    active: bool = True,
    restrictions: Restrictions | Window = (),
) -> Layer:
    return Layer(
        slug=slug,
        name=name or slug,
        priority=priority,
        rotation=_rotation(rotation),
        timezone=timezone,
        start=_when(start),
        end=_when(end),
        handoff_time=None if handoff_time is None else parse_clock(handoff_time),
        active=active,
        restrictions=restrictions if isinstance(restrictions, tuple) else (restrictions,),
    )


def an_override(
    user: str = "dave",
    start: str = "2026-01-06",
    end: str = "2026-01-07",
    *,
    replaces: str | None = None,
    reason: str = "",
    managed: bool = True,
    created_at: str = "2026-01-01T00:00Z",
    id: str = "",
) -> Override:
    return Override(
        user=user,
        start=when(start).at_midnight(),
        end=when(end).at_midnight(),
        replaces=replaces,
        reason=reason,
        type="swap" if replaces else "manual",
        managed=managed,
        created_at=0 if managed else at(created_at),
        id=id,
    )


def a_schedule(
    rotation: RotationLike | None = None,
    *,
    slug: str = "primary",
    team: str = "payments",
    name: str | None = None,
    timezone: str = "UTC",
    start: str = A_MONDAY,
    end: str | None = None,
    handoff_time: str = "09:00",
    active: bool = True,
    description: str = "",
    coverage: Coverage = "none",
    labels: Iterable[tuple[str, str]] = (),
    layers: Iterable[Layer] = (),
    overrides: Iterable[Override] = (),
) -> Schedule:
    return Schedule(
        team=team,
        slug=slug,
        name=name or slug,
        timezone=timezone,
        start=when(start),
        end=_when(end),
        handoff_time=parse_clock(handoff_time),
        active=active,
        description=description,
        coverage=coverage,
        labels=tuple(labels),
        rotation=None if rotation is None else _rotation(rotation),
        layers=tuple(sorted(layers, key=lambda layer: layer.slug)),
        overrides=tuple(sorted(overrides, key=lambda override: override.start.seconds)),
    )


def a_user(
    slug: str = "alice",
    *,
    name: str | None = None,
    email: str | None = None,
    timezone: str | None = None,
    time_off: Iterable[tuple[str, str]] = (),
) -> User:
    return User(
        slug=slug,
        name=name or slug.title(),
        email=email or f"{slug}@example.com",
        timezone=timezone,
        time_off=tuple(
            TimeOff(when(start).at_midnight(), when(end).at_midnight()) for start, end in time_off
        ),
    )


def a_team(slug: str = "payments", *, name: str | None = None, members: Sequence[str] = ()) -> Team:
    return Team(slug, name or slug, tuple(sorted(members)))


def a_state(
    schedules: Iterable[Schedule] = (),
    *,
    users: Iterable[User] | None = None,
    teams: Iterable[Team] | None = None,
) -> State:
    """A state of these schedules; users and teams that are not given are made from the slugs in use."""
    listed = list(schedules)
    if users is None:
        slugs = {slug for item in listed for slug in _slugs(item)} - {NOBODY}
        users = [a_user(slug) for slug in sorted(slugs)]
    if teams is None:
        teams = [a_team(slug) for slug in sorted({item.team for item in listed})]
    return State(
        users={user.slug: user for user in users},
        teams={team.slug: team for team in teams},
        schedules={schedule.full_name: schedule for schedule in listed},
    )


def shift_line(shift: Shift) -> str:
    """`alice 2026-01-05T09:00Z 2026-01-12T09:00Z`, as tests write what they expect."""
    return f"{shift.user} {_short(shift.start)} {_short(shift.end)}"


def gap_line(gap: Gap) -> str:
    return f"{_short(gap.start)} {_short(gap.end)}"


def _short(instant: Instant) -> str:
    return instant_text(instant).replace(":00Z", "Z")


def _when(text: str | None) -> When | None:
    return None if text is None else when(text)


def _place(value: PlaceLike) -> Place:
    if isinstance(value, Place):
        return value
    if isinstance(value, str):
        return Place(value)
    user, start, until = value
    return a_place(user, start=start, until=until)


def _rotation(value: RotationLike) -> Rotation | Following:
    return value if isinstance(value, Rotation | Following) else a_rotation(value)


def _slugs(schedule: Schedule) -> set[str]:
    rotations = [schedule.rotation, *(layer.rotation for layer in schedule.layers)]
    found = {place.user for item in rotations if isinstance(item, Rotation) for place in item.places}
    found |= {item.anchor.user for item in rotations if isinstance(item, Rotation) and item.anchor}
    for override in schedule.overrides:
        found |= {override.user} | ({override.replaces} if override.replaces else set())
    return found
