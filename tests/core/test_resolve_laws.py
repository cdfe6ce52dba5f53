"""What holds for every schedule: the resolver agrees with the slow oracle, and with itself.

`HYPOTHESIS_PROFILE=slow` tries many more schedules, other ones each time.
"""

from __future__ import annotations

from dataclasses import replace

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from oncall_gitops.core.model.instant import Instant
from oncall_gitops.core.model.interval import Interval
from oncall_gitops.core.model.rotation import Place, Rotation
from oncall_gitops.core.model.schedule import Schedule
from oncall_gitops.core.model.shift import Shift
from oncall_gitops.core.model.when import DAY
from oncall_gitops.core.resolve import Timetable, gaps, resolve, resolve_whole
from tests.generated import QUARTER, Case, cases, focuses, schedules, whens
from tests.oracle import Clock, Oracle, to_instant

AT_LEAST = settings().max_examples
AGREEMENT = settings(max_examples=max(250, AT_LEAST), suppress_health_check=list(HealthCheck))
LAW = settings(max_examples=max(100, AT_LEAST), suppress_health_check=list(HealthCheck))

Line = tuple[Instant, Instant, str, str]


def lines(shifts: list[Shift]) -> list[Line]:
    return [shift[:4] for shift in shifts]


def oracle_lines(case: Case) -> list[Line]:
    oracle = Oracle(case.schedule, siblings=case.siblings, until=case.window.end)
    return [
        (stretch.start, stretch.end, stretch.claim.user, stretch.claim.source)
        for stretch in oracle.shifts(case.window, step=QUARTER)
    ]


@AGREEMENT
@given(cases())
def test_the_resolver_agrees_with_the_oracle_on_holders_sources_and_boundaries(case: Case) -> None:
    assert lines(resolve(case.schedule, case.window, siblings=case.by_name)) == oracle_lines(case)


@LAW
@given(cases())
def test_shifts_and_gaps_partition_the_window(case: Case) -> None:
    shifts = resolve(case.schedule, case.window, siblings=case.by_name)
    pieces = sorted([*(shift[:2] for shift in shifts), *(gap[:2] for gap in gaps(shifts, case.window))])

    edges = [case.window.start, *(end for _, end in pieces)]
    assert [start for start, _ in pieces] == edges[:-1]
    assert edges[-1] == case.window.end
    assert all(start < end for start, end in pieces)


@LAW
@given(cases(), st.floats(0, 1))
def test_resolving_two_halves_and_joining_them_is_resolving_the_whole(case: Case, part: float) -> None:
    window = case.window
    middle = window.start + int((window.end - window.start) * part)
    left = resolve(case.schedule, Interval(window.start, middle), siblings=case.by_name)
    right = resolve(case.schedule, Interval(middle, window.end), siblings=case.by_name)

    if left and right and left[-1].end == right[0].start and left[-1][2:] == right[0][2:]:
        left, right = [*left[:-1], left[-1]._replace(end=right[0].end)], right[1:]
    assert left + right == resolve(case.schedule, window, siblings=case.by_name)


@LAW
@given(cases())
def test_whole_shifts_cut_to_the_window_are_the_shifts_in_it(case: Case) -> None:
    whole = resolve_whole(case.schedule, case.window, siblings=case.by_name)
    cut = [
        shift._replace(start=max(shift.start, case.window.start), end=min(shift.end, case.window.end))
        for shift in whole
    ]

    assert cut == resolve(case.schedule, case.window, siblings=case.by_name)


@LAW
@given(cases())
def test_whole_shifts_are_those_of_a_far_wider_window_that_meet_this_one(case: Case) -> None:
    wide = Interval(case.window.start - 500 * DAY, case.window.end + 500 * DAY)
    around = resolve(case.schedule, wide, siblings=case.by_name)

    assert resolve_whole(case.schedule, case.window, siblings=case.by_name) == [
        shift for shift in around if Interval(*shift[:2]).overlaps(case.window)
    ]


@LAW
@given(cases())
def test_whoever_is_on_call_in_a_window_is_among_those_who_may_be(case: Case) -> None:
    timetable = Timetable(case.schedule, siblings=case.by_name)

    assert {shift.user for shift in timetable.shifts(case.window)} <= timetable.users_in(case.window)
    below = {shift.user for shift in timetable.below_overrides(case.window)}
    assert below <= timetable.users_in(case.window, below_overrides=True)


@LAW
@given(cases(), st.lists(st.floats(0, 1), min_size=5, max_size=5))
def test_asking_who_holds_a_moment_is_looking_it_up_in_the_shifts(case: Case, parts: list[float]) -> None:
    timetable = Timetable(case.schedule, siblings=case.by_name)
    shifts = timetable.shifts(case.window)
    length = case.window.end - case.window.start - 1
    edges = [edge for shift in shifts for edge in (shift.start, shift.end - 1, shift.end)]
    moments = [*edges, *(case.window.start + int(length * part) for part in parts)]

    for moment in moments:
        if moment in case.window:
            users = [shift.user for shift in shifts if shift.start <= moment < shift.end]
            assert timetable.holder(moment) == (users[0] if users else None)


@st.composite
def dated_edits(draw: st.DrawFn) -> tuple[Schedule, Schedule, Interval]:
    """A schedule without an anchor, the same with a dated join or leave, and a window up to that date."""
    focus = draw(focuses())
    middle = to_instant(focus.midnight, focus.zone)
    before = draw(schedules(focus, slug="primary", until=middle + 20 * DAY))
    assert isinstance(before.rotation, Rotation)
    rotation = replace(before.rotation, anchor=None)
    date = draw(whens(focus, -10, 10))
    edge = Clock(before.timezone, before.handoff_time).instant(date)
    order = list(rotation.places)
    index = draw(st.integers(0, len(order)))
    leaver = order[index % len(order)]
    if draw(st.booleans()) and leaver.until is None:
        order[index % len(order)] = replace(leaver, until=date)
    else:
        order.insert(index, Place("zed", date))
    after = replace(before, rotation=replace(rotation, places=tuple(order)))
    return replace(before, rotation=rotation), after, Interval(edge - 30 * DAY, edge)


@LAW
@given(dated_edits())
def test_a_dated_join_or_leave_never_changes_anything_before_its_date(
    edit: tuple[Schedule, Schedule, Interval],
) -> None:
    before, after, window = edit

    assert resolve(after, window, siblings={}) == resolve(before, window, siblings={})


@st.composite
def joins(draw: st.DrawFn) -> tuple[Schedule, Schedule, Interval]:
    """Undated places in UTC from the first turn on, so that each is seen; and the same with a dated joiner."""
    focus = draw(focuses())
    middle = focus.midnight
    before = draw(schedules(focus, slug="primary", until=middle + 60 * DAY))
    assert isinstance(before.rotation, Rotation)
    places = [Place(f"user-{number}") for number in range(draw(st.integers(1, 6)))]
    joined = list(places)
    joined.insert(draw(st.integers(0, len(places))), Place("zed", draw(whens(focus, -10, 10))))
    one, two = (
        replace(
            before,
            timezone="UTC",
            end=None,
            rotation=replace(before.rotation, start=None, anchor=None, places=tuple(order)),
        )
        for order in (places, joined)
    )
    return one, two, Interval(middle - 30 * DAY, middle + 60 * DAY)


@LAW
@given(joins())
def test_a_dated_join_changes_nobody_elses_order(edit: tuple[Schedule, Schedule, Interval]) -> None:
    before, after, window = edit
    was = [shift.user for shift in resolve(before, window, siblings={})]
    others = [shift.user for shift in resolve(after, window, siblings={}) if shift.user != "zed"]

    assert others == was[: len(others)]
