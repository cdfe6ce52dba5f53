"""Everything that a reviewer sees of a plan, as one value: changes, impact on people, safety.

Text, JSON and the exit code are all rendered from a `Proposal`, so that they cannot disagree.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from oncall_gitops.core import address
from oncall_gitops.core.advice import Advice, advise
from oncall_gitops.core.calendars import CalendarChanges
from oncall_gitops.core.coverage import judged_window, uncovered
from oncall_gitops.core.definition import addresses, override_address
from oncall_gitops.core.diff import Cause, Change
from oncall_gitops.core.impact import HolderNow, Impact, NextHolder, ScheduleGap, assess, on_call_now
from oncall_gitops.core.limits import Limits
from oncall_gitops.core.model.instant import Instant
from oncall_gitops.core.model.interval import Interval
from oncall_gitops.core.model.live import LiveObject, LiveState, StoredShift
from oncall_gitops.core.model.schedule import Schedule
from oncall_gitops.core.model.shift import Shift
from oncall_gitops.core.model.state import DesiredState, State
from oncall_gitops.core.overriding import override_span
from oncall_gitops.core.plan import Plan, make_plan
from oncall_gitops.core.resolve import Timetable
from oncall_gitops.core.safety import Check, Evidence, judge
from oncall_gitops.core.scope import Scope, followed_by, people_of
from oncall_gitops.core.workload import Held

Stored = Mapping[str, Sequence[StoredShift]]

_NEAR = 8 * 86_400
"""Within this, most schedules hand over."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where the desired state comes from; `commit` is None outside of git."""

    files: int = 0
    commit: str | None = None
    dirty: bool = False


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked for: the instant T, the window [T, T + horizon), the scope, limits and accepted rules."""

    at: Instant
    until: Instant
    scope: Scope
    limits: Limits
    allow: tuple[str, ...]
    source: Source
    tzdata: str

    @property
    def window(self) -> Interval:
        return Interval(self.at, self.until)


@dataclass(frozen=True, slots=True)
class Proposal:
    """A plan with its impact and the verdict of the safety rules.

    `resolved` holds, by schedule, the whole shifts that meet the window once the plan is applied; `schedules`
    are those that it is about, `moved` those whose rows may change. `calendars` are the connected ones that it
    concerns.
    """

    request: Request
    plan: Plan
    impact: Impact
    safety: tuple[Check, ...]
    advice: tuple[Advice, ...]
    schedules: tuple[str, ...]
    moved: tuple[str, ...]
    resolved: Mapping[str, Sequence[Shift]]
    stored: Stored
    calendars: tuple[CalendarChanges, ...] = ()

    @property
    def is_blocked(self) -> bool:
        return any(check.verdict == "block" for check in self.safety)

    @property
    def kept(self) -> list[Change]:
        """The unmanaged objects that stay and are not over yet."""
        live = self.plan.live
        over = {
            override_address(override, schedule)
            for schedule in live.settled.rest(live.state).schedules.values()
            for override in schedule.overrides
            if not override.managed
            and override_span(override, timezone=schedule.timezone).end <= self.request.at
        }
        return [change for change in self.plan.unmanaged if change.address not in over]

    @property
    def is_pending(self) -> bool:
        """Whether applying it would change anything but the far end of the table."""
        return bool(self.plan.changes or self.impact.shifts)


def propose(desired: DesiredState, live: LiveState, stored: Stored, request: Request) -> Proposal:
    """Plan, and say what the plan does to people.

    `stored` are the rows of `shifts` that end after T, by schedule, in the database's names.
    """
    plan = make_plan(desired, live, scope=request.scope, tzdata=request.tzdata)
    stored = plan.renaming.shifts(stored)
    names = _affected(plan)
    moved = [name for name in names if name not in plan.live.settled.schedules]
    before = {
        name: _before(plan.live, stored.get(name, ()), name, request.window)
        for name in moved
        if name in plan.live.state.schedules
    }
    sides = _with_still(
        plan, names, _Sides(before, _resolved(plan.after, moved, request.window)), request.window
    )
    return _concluded(desired, plan, request, sides, stored)


def compare_states(desired: DesiredState, base: State, request: Request) -> Proposal:
    """The plan from one state to another, as if the first were in a database that holds nothing else."""
    objects = {name: LiveObject(name, managed=True) for name in addresses(base)}
    live = LiveState(base, objects, tzdata=request.tzdata)
    plan = make_plan(desired, live, scope=request.scope, tzdata=request.tzdata)
    before, after = plan.live.state, plan.after
    names = _affected(plan)
    moved = {name for name in names if before.schedules.get(name) != after.schedules.get(name)}
    moved |= {
        name for name in names if name in after.schedules and followed_by(after.schedules[name]) & moved
    }
    held = {name: _held(shifts) for name, shifts in _resolved(before, moved, request.window).items()}
    sides = _Sides(held, _resolved(after, moved, request.window))
    return _concluded(desired, plan, request, _with_still(plan, names, sides, request.window), {})


class _Sides(NamedTuple):
    """Who is on call before, the whole shifts after, and who is on call now where nothing changes."""

    before: Mapping[str, Sequence[Held]]
    after: Mapping[str, Sequence[Shift]]
    still: tuple[HolderNow, ...] = ()
    moved: tuple[str, ...] = ()


def _with_still(plan: Plan, names: Iterable[str], sides: _Sides, window: Interval) -> _Sides:
    """The schedules in which nothing moves: those that name somebody whose hours may change are resolved, for
    both sides; the others are only asked who is on call now."""
    before, after = plan.live.state, plan.after
    moved = sides.before.keys() | sides.after.keys()
    people = people_of(before, moved & before.schedules.keys())
    people |= people_of(after, moved & after.schedules.keys())
    people |= {
        change.address.partition("/")[2] for change in plan.changes if change.address.startswith("user/")
    }
    still = [name for name in names if name not in moved]
    involved = [name for name in still if people and people & people_of(after, [name])]
    same = _resolved(after, involved, window)
    return _Sides(
        {**{name: _held(shifts) for name, shifts in same.items()}, **sides.before},
        {**same, **sides.after},
        tuple(_still_holder(plan, name, window) for name in still if name not in same),
        tuple(sorted(moved)),
    )


def _concluded(
    desired: DesiredState, plan: Plan, request: Request, sides: _Sides, stored: Stored
) -> Proposal:
    """The plan with its impact, safety and advice."""
    impact = assess(
        sides.before,
        {name: _held(shifts) for name, shifts in sides.after.items()},
        window=request.window,
        cause=_Causes(plan).cause,
        zone_of=_zones(plan),
    )
    impact = replace(impact, on_call_now=tuple(sorted((*impact.on_call_now, *sides.still))))
    evidence = Evidence(
        plan=plan,
        impact=impact,
        files=request.source.files,
        desired_schedules=len(desired.state.schedules),
        new_gaps=_new_gaps(plan, sides.before, sides.after, request.window),
        at=request.at,
    )
    return Proposal(
        request,
        plan,
        impact,
        safety=judge(evidence, limits=request.limits, allow=request.allow),
        advice=tuple(advise(plan, desired.origins, at=request.at)),
        schedules=tuple(
            sorted(sides.before.keys() | sides.after.keys() | {now.schedule for now in sides.still})
        ),
        moved=sides.moved,
        resolved=sides.after,
        stored=stored,
    )


def _resolved(state: State, names: Iterable[str], window: Interval) -> dict[str, list[Shift]]:
    return {name: _timetable(state, name).whole_shifts(window) for name in names if name in state.schedules}


def _held(shifts: Iterable[Shift]) -> list[Held]:
    return [Held(shift.start, shift.end, shift.user) for shift in shifts]


def _still_holder(plan: Plan, name: str, window: Interval) -> HolderNow:
    """Who is on call now and next in a schedule in which nothing changes; from the table, if it is known to tell."""
    known = plan.live.settled.on_call.get(name)
    if known is None:
        return _same_holder(plan.after, name, window)
    following = None
    if known.next_start is not None and known.next_holder is not None:
        following = NextHolder(known.next_start, known.next_holder)
    return HolderNow(name, known.holder, known.holder, following, following)


def _same_holder(state: State, name: str, window: Interval) -> HolderNow:
    """Who is on call now and next in a schedule in which nothing changes; looks far only if it must."""
    timetable = _timetable(state, name)

    def looking(part: Interval) -> HolderNow:
        runs = {name: _held(timetable.shifts(part))}
        return on_call_now(runs, runs, at=window.start)[0]

    near = looking(window.cut(Interval(window.start, window.start + _NEAR)))
    return near if near.next_after else looking(window)


def table_edge(live: LiveState, full_name: str, at: Instant) -> Instant:
    """Up to when the `shifts` table answers for a schedule; T if it was never filled, or not as far as T."""
    return max(live.shifts_until.get(full_name, at), at)


def _affected(plan: Plan) -> list[str]:
    """The schedules in scope, and those that follow one of them."""
    names = set(plan.schedules)
    for state in (plan.live.state, plan.after):
        names |= {name for name, schedule in state.schedules.items() if followed_by(schedule) & names}
    return sorted(names)


def _before(live: LiveState, stored: Sequence[StoredShift], name: str, window: Interval) -> list[Held]:
    """Who is on call as things stand: what the table says, and past its end what the definitions say."""
    edge = table_edge(live, name, window.start)
    runs = [Held(row.start, row.end, row.user) for row in stored if row.end > window.start]
    edge = max([edge, *(run.end for run in runs)])
    if edge < window.end:
        beyond = _timetable(live.state, name).shifts(Interval(edge, window.end))
        runs += [Held(s.start, s.end, s.user) for s in beyond]
    return runs


def _new_gaps(
    plan: Plan,
    before: Mapping[str, Sequence[Held]],
    resolved: Mapping[str, Sequence[Shift]],
    window: Interval,
) -> list[ScheduleGap]:
    """Promised hours that nobody covers after, and that somebody covered, or nobody promised, before."""
    found = []
    for name, shifts in resolved.items():
        schedule = plan.after.schedules[name]
        judged = judged_window(schedule, now=window.start, until=window.end)
        found += [
            ScheduleGap(name, *gap)
            for gap in uncovered(schedule, shifts, judged)
            if not _was_gap(plan.live.state.schedules.get(name), before.get(name, ()), gap)
        ]
    return found


def _was_gap(schedule: Schedule | None, before: Collection[Held], gap: tuple[Instant, Instant]) -> bool:
    if schedule is None or schedule.coverage == "none":
        return False
    return not any(run.start < gap[1] and gap[0] < run.end for run in before)


class _Causes:
    """Why a span changes: because of the files, by hand, by an unmanaged row, or by new time zone data."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._timetables: dict[str, Timetable] = {}
        self._of_changes: dict[str, set[Cause]] = {}
        for change in plan.changes:
            self._of_changes.setdefault(address.schedule_of(change.address), set()).add(change.cause)

    def cause(self, schedule: str, start: Instant, after: str | None) -> Cause:
        state = self._plan.live.state
        if schedule in state.schedules and schedule in self._plan.live.shifts_until:
            if schedule not in self._timetables:
                self._timetables[schedule] = _timetable(state, schedule)
            if self._timetables[schedule].holder(start) == after:
                return "unmanaged" if self._plan.tzdata == self._plan.live.tzdata else "tzdata"
        causes = self._of_changes.get(schedule, ())
        for cause in ("files", "drift", "tzdata", "unmanaged"):
            if cause in causes:
                return cause
        return "files"


def _zones(plan: Plan) -> Callable[[str, str], str]:
    """Where somebody's nights are: in their own zone, else in the schedule's."""
    homes = {
        slug: user.timezone for state in (plan.live.state, plan.after) for slug, user in state.users.items()
    }
    places = {
        name: schedule.timezone
        for state in (plan.live.state, plan.after)
        for name, schedule in state.schedules.items()
    }
    return lambda user, schedule: homes.get(user) or places[schedule]


def _timetable(state: State, full_name: str) -> Timetable:
    return Timetable(state.schedules[full_name], siblings=state.schedules)
