"""Many overrides: whoever asks visits only those that meet the window."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oncall_gitops.core.model.instant import instant_text
from oncall_gitops.core.model.override import Override
from oncall_gitops.core.model.when import DAY
from oncall_gitops.core.overriding import Overriding
from oncall_gitops.core.resolve import Timetable
from oncall_gitops.core.tops import Tops
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


class Counted(int):
    """A number that knows how often any like it was compared."""

    compared = 0

    def __gt__(self, other: int) -> bool:
        Counted.compared += 1
        return int(self) > int(other)


@given(st.lists(st.integers(0, 50), max_size=700), st.integers(0, 50), st.integers(0, 700))
def test_the_tree_finds_the_numbers_above_a_bound(numbers: list[int], bound: int, end: int) -> None:
    expected = [place for place, number in enumerate(numbers[:end]) if number > bound]

    assert Tops(numbers).above(bound, end=min(end, len(numbers))) == expected


@pytest.mark.parametrize("count", [1_000, 100_000])
def test_a_few_numbers_above_a_bound_are_found_without_a_look_at_the_others(count: int) -> None:
    tops = Tops([Counted(number == 5) for number in range(count)])
    Counted.compared = 0

    assert tops.above(0, end=count) == [5]
    assert Counted.compared < 100


def test_one_override_that_lasts_for_years_leaves_the_others_alone() -> None:
    long = an_override("erin", "2025-01-01", "2030-12-31", replaces="alice")
    overriding = Overriding(
        a_schedule(a_rotation(["alice"]), overrides=[*an_hour_each_day(1_000), long]),
    )
    window = span("2027-03-02", "2027-03-05")

    assert [planned.override.user for planned in overriding._meeting(window)] == ["erin", *["dave"] * 3]
    assert overriding._tops is not None
