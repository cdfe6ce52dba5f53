"""Many overrides: whoever asks visits only those that meet the window."""

from __future__ import annotations

from oncall_gitops.core.model.instant import instant_text
from oncall_gitops.core.model.override import Override
from oncall_gitops.core.model.when import DAY
from oncall_gitops.core.overriding import Overriding
from oncall_gitops.core.resolve import Timetable
from tests.builders import a_rotation, a_schedule, an_override, at, shift_line, span

FIRST = at("2026-01-05T12:00Z")


def an_hour_each_day(days: int) -> list[Override]:
    starts = [FIRST + day * DAY for day in range(days)]
    return [an_override("dave", instant_text(start), instant_text(start + 3600)) for start in starts]


def test_only_overrides_that_meet_the_window_are_visited() -> None:
    overriding = Overriding(a_schedule(a_rotation(), overrides=an_hour_each_day(500)))
    window = span("2026-03-02", "2026-03-05")

    assert len(list(overriding._meeting(window))) == 3


def test_a_long_override_among_short_ones_is_found() -> None:
    long = an_override("erin", "2026-01-01", "2026-12-31", replaces="alice")
    timetable = Timetable(
        a_schedule(a_rotation(["alice"]), overrides=[*an_hour_each_day(300), long]), siblings={}
    )

    assert [shift_line(shift) for shift in timetable.shifts(span("2026-06-01", "2026-06-02"))] == [
        "erin 2026-06-01T00:00Z 2026-06-01T12:00Z",
        "dave 2026-06-01T12:00Z 2026-06-01T13:00Z",
        "erin 2026-06-01T13:00Z 2026-06-02T00:00Z",
    ]
    assert timetable.holder(at("2026-06-01T12:30Z")) == "dave"
    assert timetable.holder(at("2026-06-01T13:00Z")) == "erin"
