"""Who is on call and who is next: as looking through all shifts would tell, and without looking through them."""

from __future__ import annotations

import tracemalloc

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from oncall_gitops.core.answers import Record, answer
from oncall_gitops.core.model.instant import FOREVER_AGO
from oncall_gitops.core.model.interval import Interval
from oncall_gitops.core.model.when import DAY
from oncall_gitops.core.resolve import Timetable
from tests.builders import a_rotation, a_schedule, at
from tests.generated import Case, cases

LAW = settings(max_examples=max(100, settings().max_examples), suppress_health_check=list(HealthCheck))
MINUTES = ",".join(map(str, range(60)))


@LAW
@given(cases(), st.floats(0, 1))
def test_the_next_one_is_the_first_of_all_later_shifts_that_is_somebody_elses(
    case: Case, part: float
) -> None:
    moment = case.window.start + int((case.window.end - case.window.start) * part)
    record = Record(case.schedule, [], edge=FOREVER_AGO, siblings=case.by_name)
    found = answer("payments/primary", record, at=moment)

    shifts = Timetable(case.schedule, siblings=case.by_name).whole_shifts(Interval(moment, moment + 30 * DAY))
    now = [shift for shift in shifts if shift.start <= moment < shift.end]
    later = [shift for shift in shifts if shift.start > moment and shift.user != found.user]
    assert found.user == (now[0].user if now else None)
    if later:
        assert (found.next_user, found.next_start) == (later[0].user, later[0].start)
    elif found.next_start is not None:
        assert found.next_start >= moment + 30 * DAY


def test_somebody_who_is_always_on_call_has_nobody_after_them_and_nothing_is_looked_through() -> None:
    rotation = a_rotation(["alice"], rrule=f"FREQ=HOURLY;BYMINUTE={MINUTES}")
    record = Record(a_schedule(rotation), [], edge=FOREVER_AGO, siblings={})
    tracemalloc.start()
    found = answer("payments/primary", record, at=at("2027-06-01T12:30:30Z"))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert (found.user, found.next_user) == ("alice", None)
    assert peak < 30_000_000
