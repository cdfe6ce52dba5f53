"""3.3: restrictions, and what section 2 says of their windows. 2026-01-05 is a Monday."""

from __future__ import annotations

import pytest

from oncall_gitops.core.model.restriction import Restrictions, Window
from oncall_gitops.core.model.schedule import Schedule
from tests.builders import a_layer, a_rotation, a_schedule, whole_days, window
from tests.core.answers import resolved

ONE_TURN = a_rotation(["zoe"], rrule="FREQ=YEARLY", start="2026-01-01T00:00")
"""A rotation whose single handoff lies before every window below."""


def only_in(restrictions: Restrictions | Window, *, timezone: str = "UTC") -> Schedule:
    layer = a_layer(rotation=ONE_TURN, restrictions=restrictions)
    return a_schedule(layers=[layer], start="2026-01-01T00:00", timezone=timezone)


def test_restrictions_cut_what_a_turn_covers() -> None:
    layer = a_layer(rotation=["alice", "bob"], restrictions=window("09:00", "17:00", on="MON TUE"))

    assert resolved(a_schedule(layers=[layer]), "2026-01-05", "2026-01-19") == [
        "alice 2026-01-05T09:00Z 2026-01-05T17:00Z",
        "alice 2026-01-06T09:00Z 2026-01-06T17:00Z",
        "bob 2026-01-12T09:00Z 2026-01-12T17:00Z",
        "bob 2026-01-13T09:00Z 2026-01-13T17:00Z",
    ]


def test_restrictions_never_change_whose_turn_it_is() -> None:
    # Seven people, a handoff a day, five days a week: frank and gina have the weekend and never work.
    people = ["alice", "bob", "carol", "dave", "erin", "frank", "gina"]
    layer = a_layer(
        rotation=a_rotation(people, type="daily"),
        restrictions=window("09:00", "17:00", on="MON TUE WED THU FRI"),
    )

    assert resolved(a_schedule(layers=[layer]), "2026-01-08", "2026-01-14") == [
        "dave 2026-01-08T09:00Z 2026-01-08T17:00Z",
        "erin 2026-01-09T09:00Z 2026-01-09T17:00Z",
        "alice 2026-01-12T09:00Z 2026-01-12T17:00Z",
        "bob 2026-01-13T09:00Z 2026-01-13T17:00Z",
    ]


def test_a_handoff_inside_a_window_cuts_it_in_two() -> None:
    layer = a_layer(
        rotation=a_rotation(["alice", "bob"], type="daily"), restrictions=window("06:00", "12:00")
    )

    assert resolved(a_schedule(layers=[layer]), "2026-01-06", "2026-01-07") == [
        "alice 2026-01-06T06:00Z 2026-01-06T09:00Z",
        "bob 2026-01-06T09:00Z 2026-01-06T12:00Z",
    ]


def test_days_of_week_are_whole_local_days() -> None:
    schedule = only_in(whole_days("SAT SUN"), timezone="America/New_York")

    assert resolved(schedule, "2026-01-06", "2026-01-15") == ["zoe 2026-01-10T05:00Z 2026-01-12T05:00Z"]


def test_a_whole_local_day_is_23_hours_long_when_the_clocks_go_forward() -> None:
    schedule = only_in(whole_days("SUN"), timezone="America/New_York")

    assert resolved(schedule, "2026-03-07", "2026-03-10") == ["zoe 2026-03-08T05:00Z 2026-03-09T04:00Z"]


def test_a_window_without_days_opens_every_day() -> None:
    assert resolved(only_in(window("09:00", "17:00")), "2026-01-09", "2026-01-12") == [
        "zoe 2026-01-09T09:00Z 2026-01-09T17:00Z",
        "zoe 2026-01-10T09:00Z 2026-01-10T17:00Z",
        "zoe 2026-01-11T09:00Z 2026-01-11T17:00Z",
    ]


def test_a_window_whose_end_is_before_its_start_runs_past_midnight_from_the_day_it_names() -> None:
    # Friday's window runs into Saturday; none starts on Saturday or Sunday.
    schedule = only_in(window("20:00", "08:00", on="THU FRI"))

    assert resolved(schedule, "2026-01-05", "2026-01-12") == [
        "zoe 2026-01-08T20:00Z 2026-01-09T08:00Z",
        "zoe 2026-01-09T20:00Z 2026-01-10T08:00Z",
    ]


def test_sundays_window_runs_into_monday() -> None:
    assert resolved(only_in(window("20:00", "08:00", on="SUN")), "2026-01-05", "2026-01-13") == [
        "zoe 2026-01-05T00:00Z 2026-01-05T08:00Z",
        "zoe 2026-01-11T20:00Z 2026-01-12T08:00Z",
    ]


def test_a_window_from_a_time_to_the_same_time_is_24_hours() -> None:
    assert resolved(only_in(window("08:00", "08:00", on="MON TUE")), "2026-01-05", "2026-01-12") == [
        "zoe 2026-01-05T08:00Z 2026-01-07T08:00Z",
    ]


def test_a_window_from_midnight_to_midnight_is_the_whole_day() -> None:
    for end in ("00:00", "24:00"):
        assert resolved(only_in(window("00:00", end, on="SAT SUN")), "2026-01-05", "2026-01-15") == [
            "zoe 2026-01-10T00:00Z 2026-01-12T00:00Z",
        ]


def test_24_00_is_the_end_of_the_day_on_which_the_window_starts() -> None:
    assert resolved(only_in(window("16:00", "24:00", on="MON WED")), "2026-01-05", "2026-01-12") == [
        "zoe 2026-01-05T16:00Z 2026-01-06T00:00Z",
        "zoe 2026-01-07T16:00Z 2026-01-08T00:00Z",
    ]


def test_24_00_and_00_00_of_the_next_day_are_the_same_edge() -> None:
    evening_then_night = (window("16:00", "24:00", on="MON"), window("00:00", "06:00", on="TUE"))

    assert resolved(only_in(evening_then_night), "2026-01-05", "2026-01-12") == [
        "zoe 2026-01-05T16:00Z 2026-01-06T06:00Z",
    ]


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        (
            "FRI 17:00",
            "MON 09:00",
            ["2026-01-05T00:00Z 2026-01-05T09:00Z", "2026-01-09T17:00Z 2026-01-12T09:00Z"],
        ),
        ("TUE 08:00", "THU 12:00", ["2026-01-06T08:00Z 2026-01-08T12:00Z"]),
        ("WED 08:00", "WED 12:00", ["2026-01-07T08:00Z 2026-01-07T12:00Z"]),
        ("SAT 00:00", "SUN 24:00", ["2026-01-10T00:00Z 2026-01-12T00:00Z"]),
        # Later on the same day to earlier on it: all week but the hours between.
        (
            "WED 12:00",
            "WED 08:00",
            ["2026-01-05T00:00Z 2026-01-07T08:00Z", "2026-01-07T12:00Z 2026-01-13T00:00Z"],
        ),
        # Equal: the whole week, and each week's window meets the next.
        ("WED 12:00", "WED 12:00", ["2026-01-05T00:00Z 2026-01-13T00:00Z"]),
        ("MON 00:00", "SUN 24:00", ["2026-01-05T00:00Z 2026-01-13T00:00Z"]),
    ],
)
def test_a_window_may_run_from_one_day_of_the_week_to_another(
    start: str, end: str, expected: list[str]
) -> None:
    schedule = only_in(window(start, end))

    assert resolved(schedule, "2026-01-05", "2026-01-13") == [f"zoe {line}" for line in expected]


def test_a_window_that_opened_in_the_week_before_is_still_open() -> None:
    schedule = only_in(window("WED 12:00", "WED 08:00"))

    assert resolved(schedule, "2026-01-20T20:00Z", "2026-01-21T13:00Z") == [
        "zoe 2026-01-20T20:00Z 2026-01-21T08:00Z",
        "zoe 2026-01-21T12:00Z 2026-01-21T13:00Z",
    ]


def test_several_windows_are_active_together_wherever_one_of_them_is() -> None:
    overlapping = (window("09:00", "13:00"), window("12:00", "17:00"), window("17:00", "18:00", on="TUE"))

    assert resolved(only_in(overlapping), "2026-01-05", "2026-01-07") == [
        "zoe 2026-01-05T09:00Z 2026-01-05T17:00Z",
        "zoe 2026-01-06T09:00Z 2026-01-06T18:00Z",
    ]


def test_windows_are_in_the_layers_own_zone() -> None:
    layer = a_layer(
        rotation=ONE_TURN, timezone="Asia/Kolkata", restrictions=window("09:00", "17:00", on="MON")
    )

    assert resolved(a_schedule(layers=[layer], timezone="America/New_York"), "2026-01-11", "2026-01-14") == [
        "zoe 2026-01-12T03:30Z 2026-01-12T11:30Z",
    ]


def test_a_week_long_window_across_a_clock_change_is_an_hour_short() -> None:
    schedule = only_in(window("FRI 17:00", "MON 09:00"), timezone="America/New_York")

    assert resolved(schedule, "2026-03-06", "2026-03-13") == ["zoe 2026-03-06T22:00Z 2026-03-09T13:00Z"]


def test_a_layer_without_restrictions_is_always_active() -> None:
    assert resolved(only_in(()), "2026-01-05", "2026-01-06") == ["zoe 2026-01-05T00:00Z 2026-01-06T00:00Z"]
