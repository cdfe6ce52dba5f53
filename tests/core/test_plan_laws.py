"""What holds for every plan: nothing from nothing, the impact is the pointwise difference, hours balance."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from hypothesis import HealthCheck, assume, given, settings

from oncall_gitops.core.definition import definitions
from oncall_gitops.core.limits import Limits
from oncall_gitops.core.model.instant import Instant
from oncall_gitops.core.model.live import LiveObject, LiveState
from oncall_gitops.core.model.override import Override
from oncall_gitops.core.model.schedule import Schedule
from oncall_gitops.core.model.state import DesiredState, State
from oncall_gitops.core.proposal import Proposal, Request, Source, compare_states, propose
from oncall_gitops.core.resolve import resolve
from oncall_gitops.core.scope import Scope
from tests.builders import a_state, a_user
from tests.generated import QUARTER, USERS, Case, cases

LAW = settings(suppress_health_check=list(HealthCheck))
PEOPLE = [a_user(slug) for slug in (*USERS, "erin") if slug != "nobody"]


def state(*schedules: Schedule) -> State:
    """As files say it: without what others made by hand."""
    return a_state([replace(s, overrides=_of_files(s)) for s in schedules], users=PEOPLE)


def _of_files(schedule: Schedule) -> tuple[Override, ...]:
    return tuple(override for override in schedule.overrides if override.managed)


def compared(before: State, after: State, case: Case) -> Proposal:
    request = Request(case.window.start, case.window.end, Scope(), Limits(), (), Source(1), "2026f")
    return compare_states(DesiredState(after), before, request)


@LAW
@given(cases())
def test_a_plan_from_a_state_to_itself_is_empty(case: Case) -> None:
    whole = state(case.schedule, *case.siblings)

    found = compared(whole, whole, case)

    assert not found.is_pending
    assert found.impact.hours == ()
    assert found.plan.after == whole


@LAW
@given(cases(), cases())
def test_the_impact_is_the_pointwise_difference_and_hours_balance(one: Case, two: Case) -> None:
    other = replace(
        two.schedule, team=one.schedule.team, slug=one.schedule.slug, rotation=one.schedule.rotation
    )
    assume(other != one.schedule)
    before, after = state(one.schedule, *one.siblings), state(other, *one.siblings)

    impact = compared(before, after, one).impact
    name = one.schedule.full_name
    spans = [span for span in impact.shifts if span.schedule == name]

    old, new = (dict(holders(whole, name, one)) for whole in (before, after))
    for moment in range(one.window.start, one.window.end, QUARTER):
        told = next(((s.before, s.after) for s in spans if s.start <= moment < s.end), None)
        pair = (old.get(moment), new.get(moment))
        assert told == (pair if pair[0] != pair[1] else None)
    gained = sum(hours.after.total - hours.before.total for hours in impact.hours)
    opened = sum(gap.end - gap.start for gap in impact.gaps_opened)
    closed = sum(gap.end - gap.start for gap in impact.gaps_closed)
    assert gained == closed - opened, "what some lose others gain, or a gap takes"


def holders(whole: State, name: str, case: Case) -> Iterator[tuple[Instant, str]]:
    """Who is on call at each quarter of an hour."""
    for shift in resolve(whole.schedules[name], case.window, siblings=whole.schedules):
        first = case.window.start + -(-(shift.start - case.window.start) // QUARTER) * QUARTER
        for moment in range(first, shift.end, QUARTER):
            yield moment, shift.user


@LAW
@given(cases(), cases())
def test_what_is_left_out_where_nothing_changes_is_not_missed(one: Case, two: Case) -> None:
    quiet = replace(two.schedule, team="other", slug="quiet", rotation=two.schedule.rotation)
    others = [replace(sibling, team="other") for sibling in two.siblings]
    before = state(one.schedule, *one.siblings, quiet, *others)
    after = state(*one.siblings, quiet, *others)
    request = Request(one.window.start, one.window.end, Scope(), Limits(), (), Source(1), "2026f")

    short = compare_states(DesiredState(after), before, request).impact
    whole = propose(DesiredState(after), as_live(before, one), {}, request).impact

    assert short.on_call_now == whole.on_call_now
    assert [span[:5] for span in short.shifts] == [span[:5] for span in whole.shifts]
    assert (short.hours, short.newly_shared) == (whole.hours, whole.newly_shared)
    assert (short.gaps_opened, short.gaps_closed) == (whole.gaps_opened, whole.gaps_closed)


def as_live(whole: State, case: Case) -> LiveState:
    """A database whose table was never filled, so that its definitions answer for it."""
    objects = {name: LiveObject(name, managed=True) for name in definitions(whole)}
    return LiveState(whole, objects, newest_as_of=case.window.start, tzdata="2026f")


@LAW
@given(cases(), cases())
def test_the_plan_id_changes_only_with_what_would_be_done_or_its_base(one: Case, two: Case) -> None:
    before, after = state(one.schedule, *one.siblings), state(*one.siblings)
    base = compared(before, after, one)

    later = replace(one, window=two.window)
    assert compared(before, after, later).plan.plan_id == base.plan.plan_id, "no clock and no horizon in it"
    assert compared(after, before, one).plan.plan_id != base.plan.plan_id
    assert compared(after, after, one).plan.plan_id != base.plan.plan_id
