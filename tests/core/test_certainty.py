"""What is said to be certain is true: whoever resolves every shift finds the same."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings

from oncall_gitops.core.certainty import has_hours_of_base, is_always_covered
from oncall_gitops.core.model.interval import Interval
from oncall_gitops.core.resolve import Timetable, gaps
from tests.generated import USERS, Case, cases

LAW = settings(max_examples=max(200, settings().max_examples), suppress_health_check=list(HealthCheck))
FORTNIGHT = 14 * 86_400


@LAW
@given(cases())
def test_a_schedule_that_is_certainly_covered_has_no_gap(case: Case) -> None:
    for schedule in (case.schedule, *case.siblings):
        if is_always_covered(schedule, case.window):
            shifts = Timetable(schedule, siblings=case.by_name).shifts(case.window)
            assert gaps(shifts, case.window) == []


@LAW
@given(cases())
def test_who_certainly_has_hours_of_the_base_has_some(case: Case) -> None:
    span = Interval(case.window.start - FORTNIGHT, case.window.end + FORTNIGHT)
    for schedule in (case.schedule, *case.siblings):
        below = Timetable(schedule, siblings=case.by_name).below_overrides(span)
        for user in USERS:
            if user != "nobody" and has_hours_of_base(schedule, user, span):
                assert user in {shift.user for shift in below}
