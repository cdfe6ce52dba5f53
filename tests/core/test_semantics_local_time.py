"""3.2: local time to UTC, one rule everywhere.

Clock changes in the dates below, from the time zone database:
America/New_York 2026-03-08 and 2027-03-14 02:00 -05 to 03:00 -04, 2026-11-01 and 2027-11-07 02:00
-04 to 01:00 -05.
America/Santiago 2026-04-05 00:00 -03 to 04-04 23:00 -04, 2026-09-06 00:00 -04 to 01:00 -03.
America/Havana 2026-03-08 00:00 -05 to 01:00 -04, 2025-11-02 01:00 -04 to 00:00 -05.
Atlantic/Azores 2026-03-29 00:00 -01 to 01:00 +00, 2026-10-25 01:00 +00 to 00:00 -01.
Africa/Cairo 2026-04-24 00:00 +02 to 01:00 +03, 2026-10-30 00:00 +03 to 10-29 23:00 +02.
Australia/Lord_Howe 2026-04-05 02:00 +11 to 01:30 +10:30, 2026-10-04 02:00 +10:30 to 02:30 +11.
Pacific/Apia 2011-12-30 00:00 -10 to 2011-12-31 00:00 +14.
"""

from __future__ import annotations

import pytest

from oncall_gitops.core.model.schedule import Schedule
from tests.builders import a_layer, a_place, a_rotation, a_schedule, an_anchor, an_override, window
from tests.core.answers import resolved

NEW_YORK = "America/New_York"


def daily(zone: str, start: str, *, users: tuple[str, ...] = ("alice", "bob", "carol", "dave")) -> Schedule:
    return a_schedule(a_rotation(users, type="daily"), timezone=zone, start=start)


@pytest.mark.parametrize(
    ("start", "handoffs"),
    [
        # 02:30 is missing on the 8th and read at -05: 07:30Z, which is 03:30 summer time.
        ("2026-03-07T02:30", ["2026-03-07T07:30Z", "2026-03-08T07:30Z", "2026-03-09T06:30Z"]),
        ("2026-03-07T02:00", ["2026-03-07T07:00Z", "2026-03-08T07:00Z", "2026-03-09T06:00Z"]),
        # 03:00 is there: the first minute of summer time.
        ("2026-03-07T03:00", ["2026-03-07T08:00Z", "2026-03-08T07:00Z", "2026-03-09T07:00Z"]),
        # 01:30 comes twice on 11-01: the first is at -04.
        ("2026-10-31T01:30", ["2026-10-31T05:30Z", "2026-11-01T05:30Z", "2026-11-02T06:30Z"]),
        ("2026-10-31T02:00", ["2026-10-31T06:00Z", "2026-11-01T07:00Z", "2026-11-02T07:00Z"]),
    ],
)
def test_a_missing_local_time_keeps_the_offset_before_the_jump_and_a_double_one_is_the_first(
    start: str, handoffs: list[str]
) -> None:
    first, second, third = handoffs

    assert resolved(daily(NEW_YORK, start), first[:10], third) == [
        f"alice {first} {second}",
        f"bob {second} {third}",
    ]


def test_turns_across_a_change_are_23_or_25_hours_long_where_they_should_be() -> None:
    assert resolved(daily(NEW_YORK, "2026-03-06T09:00"), "2026-03-06", "2026-03-09T13:00Z") == [
        "alice 2026-03-06T14:00Z 2026-03-07T14:00Z",
        "bob 2026-03-07T14:00Z 2026-03-08T13:00Z",
        "carol 2026-03-08T13:00Z 2026-03-09T13:00Z",
    ]
    assert resolved(daily(NEW_YORK, "2026-10-30T09:00"), "2026-10-30", "2026-11-02T14:00Z") == [
        "alice 2026-10-30T13:00Z 2026-10-31T13:00Z",
        "bob 2026-10-31T13:00Z 2026-11-01T14:00Z",
        "carol 2026-11-01T14:00Z 2026-11-02T14:00Z",
    ]


@pytest.mark.parametrize(
    ("zone", "handoffs"),
    [
        (
            "America/Santiago",
            ["2026-09-05T04:00Z", "2026-09-06T04:00Z", "2026-09-07T03:00Z", "2026-09-08T03:00Z"],
        ),
        (
            "America/Santiago",
            ["2026-04-04T03:00Z", "2026-04-05T04:00Z", "2026-04-06T04:00Z", "2026-04-07T04:00Z"],
        ),
        (
            "America/Havana",
            ["2026-03-07T05:00Z", "2026-03-08T05:00Z", "2026-03-09T04:00Z", "2026-03-10T04:00Z"],
        ),
        # Midnight of 11-02 comes twice; the first is at -04.
        (
            "America/Havana",
            ["2025-11-01T04:00Z", "2025-11-02T04:00Z", "2025-11-03T05:00Z", "2025-11-04T05:00Z"],
        ),
        (
            "Atlantic/Azores",
            ["2026-03-28T01:00Z", "2026-03-29T01:00Z", "2026-03-30T00:00Z", "2026-03-31T00:00Z"],
        ),
        (
            "Atlantic/Azores",
            ["2026-10-24T00:00Z", "2026-10-25T00:00Z", "2026-10-26T01:00Z", "2026-10-27T01:00Z"],
        ),
    ],
)
def test_zones_west_of_greenwich_whose_clocks_jump_at_midnight_need_no_special_case(
    zone: str, handoffs: list[str]
) -> None:
    schedule = daily(zone, f"{handoffs[0][:10]}T00:00")

    assert resolved(schedule, handoffs[0][:10], handoffs[3]) == [
        f"alice {handoffs[0]} {handoffs[1]}",
        f"bob {handoffs[1]} {handoffs[2]}",
        f"carol {handoffs[2]} {handoffs[3]}",
    ]


@pytest.mark.parametrize(
    ("start", "handoffs"),
    [
        ("2026-04-23T00:00", ["2026-04-22T22:00Z", "2026-04-23T22:00Z", "2026-04-24T21:00Z"]),
        ("2026-10-29T00:00", ["2026-10-28T21:00Z", "2026-10-29T22:00Z", "2026-10-30T22:00Z"]),
        # 23:30 of 10-29 comes twice.
        ("2026-10-28T23:30", ["2026-10-28T20:30Z", "2026-10-29T20:30Z", "2026-10-30T21:30Z"]),
    ],
)
def test_cairo_jumps_at_midnight_too(start: str, handoffs: list[str]) -> None:
    first, second, third = handoffs

    assert resolved(daily("Africa/Cairo", start), first[:10], third) == [
        f"alice {first} {second}",
        f"bob {second} {third}",
    ]


@pytest.mark.parametrize(
    ("start", "handoffs"),
    [
        # 02:15 is missing on 10-04 and read at +10:30.
        ("2026-10-03T02:15", ["2026-10-02T15:45Z", "2026-10-03T15:45Z", "2026-10-04T15:15Z"]),
        # 01:45 comes twice on 04-05; the first is at +11.
        ("2026-04-04T01:45", ["2026-04-03T14:45Z", "2026-04-04T14:45Z", "2026-04-05T15:15Z"]),
    ],
)
def test_lord_howe_jumps_by_half_an_hour(start: str, handoffs: list[str]) -> None:
    first, second, third = handoffs

    assert resolved(daily("Australia/Lord_Howe", start), first[:10], third) == [
        f"alice {first} {second}",
        f"bob {second} {third}",
    ]


def test_apia_jumped_over_a_whole_day_whose_turn_counts_and_is_not_shown() -> None:
    # 09:00 of 12-30 is missing: read at -10 it is 19:00Z, the same instant as 09:00 of 12-31 at +14.
    schedule = daily("Pacific/Apia", "2011-12-28T09:00")

    assert resolved(schedule, "2011-12-28", "2011-12-31T20:00Z") == [
        "alice 2011-12-28T19:00Z 2011-12-29T19:00Z",
        "bob 2011-12-29T19:00Z 2011-12-30T19:00Z",
        "dave 2011-12-30T19:00Z 2011-12-31T19:00Z",
        "alice 2011-12-31T19:00Z 2011-12-31T20:00Z",
    ]


def test_apia_with_three_users_shows_bob_to_alice_without_carol() -> None:
    schedule = daily("Pacific/Apia", "2011-12-28T09:00", users=("alice", "bob", "carol"))

    assert resolved(schedule, "2011-12-29T19:00Z", "2011-12-31T19:00Z") == [
        "bob 2011-12-29T19:00Z 2011-12-30T19:00Z",
        "alice 2011-12-30T19:00Z 2011-12-31T19:00Z",
    ]


def test_a_turn_of_zero_length_counts_and_is_not_shown() -> None:
    # Hourly: 02:00 is missing and falls on 03:00 (07:00Z); carol's turn is the empty one.
    schedule = a_schedule(
        a_rotation(["alice", "bob", "carol", "dave"], rrule="FREQ=HOURLY"),
        timezone=NEW_YORK,
        start="2026-03-08T00:00",
    )

    assert resolved(schedule, "2026-03-08", "2026-03-08T09:00Z") == [
        "alice 2026-03-08T05:00Z 2026-03-08T06:00Z",
        "bob 2026-03-08T06:00Z 2026-03-08T07:00Z",
        "dave 2026-03-08T07:00Z 2026-03-08T08:00Z",
        "alice 2026-03-08T08:00Z 2026-03-08T09:00Z",
    ]


def test_an_hourly_turn_is_two_hours_long_when_its_hour_comes_twice() -> None:
    # 01:00 comes twice: bob has both, until 02:00 at -05.
    schedule = a_schedule(
        a_rotation(["alice", "bob", "carol"], rrule="FREQ=HOURLY"),
        timezone=NEW_YORK,
        start="2026-11-01T00:00",
    )

    assert resolved(schedule, "2026-11-01", "2026-11-01T08:00Z") == [
        "alice 2026-11-01T04:00Z 2026-11-01T05:00Z",
        "bob 2026-11-01T05:00Z 2026-11-01T07:00Z",
        "carol 2026-11-01T07:00Z 2026-11-01T08:00Z",
    ]


def test_occurrences_count_in_local_order_and_take_effect_at_the_latest_instant_of_all_so_far() -> None:
    # In local order 01:30 06:30Z, 02:00 07:00Z, 02:30 07:30Z, 03:00 07:00Z, 03:30 07:30Z, 04:00 08:00Z.
    # So 03:00 takes effect at 07:30Z; the turns of 02:30 (carol) and of 03:00 (dave) have no length.
    schedule = a_schedule(
        a_rotation(["alice", "bob", "carol", "dave", "erin", "frank"], rrule="FREQ=HOURLY;BYMINUTE=0,30"),
        timezone=NEW_YORK,
        start="2026-03-08T01:30",
    )

    assert resolved(schedule, "2026-03-08", "2026-03-08T08:30Z") == [
        "alice 2026-03-08T06:30Z 2026-03-08T07:00Z",
        "bob 2026-03-08T07:00Z 2026-03-08T07:30Z",
        "erin 2026-03-08T07:30Z 2026-03-08T08:00Z",
        "frank 2026-03-08T08:00Z 2026-03-08T08:30Z",
    ]


def test_a_later_occurrence_never_takes_effect_before_an_earlier_one() -> None:
    # 02:45 is missing: 07:45Z. 03:15 would be 07:15Z and waits for it, so alice's 02:45 turn has no length.
    schedule = a_schedule(
        a_rotation(["alice", "bob"], rrule="FREQ=DAILY;BYHOUR=3;BYMINUTE=15"),
        timezone=NEW_YORK,
        start="2026-03-08T02:45",
    )

    assert resolved(schedule, "2026-03-08", "2026-03-09T08:00Z") == [
        "bob 2026-03-08T07:45Z 2026-03-09T07:15Z",
        "alice 2026-03-09T07:15Z 2026-03-09T08:00Z",
    ]


def test_a_schedule_across_a_change_in_utc_has_turns_of_24_hours() -> None:
    assert resolved(daily("UTC", "2026-03-07T02:30"), "2026-03-07", "2026-03-09T02:30Z") == [
        "alice 2026-03-07T02:30Z 2026-03-08T02:30Z",
        "bob 2026-03-08T02:30Z 2026-03-09T02:30Z",
    ]


def test_half_hour_zones_are_read_exactly() -> None:
    assert resolved(daily("Asia/Kolkata", "2026-01-05T09:00"), "2026-01-05", "2026-01-06T03:30Z") == [
        "alice 2026-01-05T03:30Z 2026-01-06T03:30Z",
    ]


def a_window(start: str, end: str, *, on: str = "", zone: str = NEW_YORK) -> Schedule:
    layer = a_layer(rotation=["zoe"], restrictions=window(start, end, on=on))
    return a_schedule(timezone=zone, layers=[layer], start="2011-12-01")


def test_a_window_edge_that_is_missing_is_read_at_the_offset_before_the_jump() -> None:
    assert resolved(a_window("02:30", "06:00"), "2026-03-07", "2026-03-10") == [
        "zoe 2026-03-07T07:30Z 2026-03-07T11:00Z",
        "zoe 2026-03-08T07:30Z 2026-03-08T10:00Z",
        "zoe 2026-03-09T06:30Z 2026-03-09T10:00Z",
    ]


def test_a_window_edge_that_comes_twice_is_the_first() -> None:
    assert resolved(a_window("22:00", "01:30"), "2026-10-31T12:00Z", "2026-11-02T12:00Z") == [
        "zoe 2026-11-01T02:00Z 2026-11-01T05:30Z",
        "zoe 2026-11-02T03:00Z 2026-11-02T06:30Z",
    ]


def test_windows_that_share_an_edge_share_its_instant() -> None:
    two = (window("22:00", "02:30"), window("02:30", "06:00"))
    schedule = a_schedule(
        timezone=NEW_YORK,
        start="2026-03-01",
        layers=[a_layer(rotation=a_rotation(["zoe"], interval=8), restrictions=two)],
    )

    assert resolved(schedule, "2026-03-07T12:00Z", "2026-03-08T12:00Z") == [
        "zoe 2026-03-08T03:00Z 2026-03-08T10:00Z",
    ]


def test_two_layers_whose_windows_share_a_missing_edge_leave_no_gap_and_do_not_overlap() -> None:
    evening = a_layer("evening", ["yves"], priority=1, restrictions=window("22:00", "02:30"))
    morning = a_layer("morning", ["zoe"], priority=2, restrictions=window("02:30", "06:00"))
    schedule = a_schedule(timezone=NEW_YORK, start="2026-03-01T22:00", layers=[evening, morning])

    assert resolved(schedule, "2026-03-08", "2026-03-08T12:00Z") == [
        "yves 2026-03-08T03:00Z 2026-03-08T07:30Z",
        "zoe 2026-03-08T07:30Z 2026-03-08T10:00Z",
    ]


def test_a_window_whose_end_instant_is_not_after_its_start_is_empty_that_day() -> None:
    # 02:30 is 07:30Z and 03:00 is 07:00Z on 03-08; 02:00 and 03:00 are both 07:00Z.
    for start, end in (("02:30", "03:00"), ("02:00", "03:00")):
        hours, minutes = int(start[:2]), start[3:]
        assert resolved(a_window(start, end), "2026-03-07", "2026-03-10") == [
            f"zoe 2026-03-07T{hours + 5:02}:{minutes}Z 2026-03-07T08:00Z",
            f"zoe 2026-03-09T{hours + 4:02}:{minutes}Z 2026-03-09T07:00Z",
        ]


def test_whether_a_window_runs_past_midnight_is_decided_on_the_written_times() -> None:
    # In Santiago 00:00 and 01:00 of 2026-09-06 are the same instant: no window that day, not one of 24 hours.
    schedule = a_window("00:00", "01:00", on="SAT SUN MON", zone="America/Santiago")

    assert resolved(schedule, "2026-09-05", "2026-09-08") == [
        "zoe 2026-09-05T04:00Z 2026-09-05T05:00Z",
        "zoe 2026-09-07T03:00Z 2026-09-07T04:00Z",
    ]


@pytest.mark.parametrize("days", ["THU FRI", "THU SAT", "THU FRI SAT"])
def test_a_window_on_the_day_that_apia_skipped_is_that_of_the_next_day(days: str) -> None:
    # Friday 2011-12-30 never was: its 09:00 and 17:00, read at -10, are Saturday's, read at +14.
    schedule = a_window("09:00", "17:00", on=days, zone="Pacific/Apia")

    assert resolved(schedule, "2011-12-29", "2012-01-02") == [
        "zoe 2011-12-29T19:00Z 2011-12-30T03:00Z",
        "zoe 2011-12-30T19:00Z 2011-12-31T03:00Z",
    ]


def test_dates_follow_the_same_rule() -> None:
    # Both dates fall on a missing 02:30: 07:30Z in 2026, and 2027-03-14T07:30Z.
    schedule = a_schedule(
        a_rotation(["alice"], interval=60),
        timezone=NEW_YORK,
        start="2026-03-08",
        end="2027-03-14",
        handoff_time="02:30",
    )

    assert resolved(schedule, "2026-03-01", "2026-03-09") == ["alice 2026-03-08T07:30Z 2026-03-09T00:00Z"]
    assert resolved(schedule, "2027-03-14", "2027-03-15") == ["alice 2027-03-14T00:00Z 2027-03-14T07:30Z"]


def test_the_dates_of_places_and_anchors_follow_the_same_rule() -> None:
    rotation = a_rotation(
        ["alice", a_place("bob", start="2026-03-08T02:30", until="2027-11-07T01:30")],
        type="daily",
        start="2026-03-07T03:30",
        anchor=an_anchor("2026-03-08T02:30", "bob"),
    )
    schedule = a_schedule(rotation, timezone=NEW_YORK, start="2026-03-07T03:30")

    # 02:30 of 03-08 is 07:30Z, which is also that day's handoff at 03:30: bob is a member just then.
    assert resolved(schedule, "2026-03-07", "2026-03-09T08:00Z") == [
        "alice 2026-03-07T08:30Z 2026-03-08T07:30Z",
        "bob 2026-03-08T07:30Z 2026-03-09T07:30Z",
        "alice 2026-03-09T07:30Z 2026-03-09T08:00Z",
    ]
    # 608 days later it is bob's turn again; in it he leaves at the first 01:30, 05:30Z. The next handoff is
    # at 03:30 -05.
    assert resolved(schedule, "2027-11-06T12:00Z", "2027-11-07T12:00Z") == [
        "bob 2027-11-06T12:00Z 2027-11-07T05:30Z",
        "alice 2027-11-07T05:30Z 2027-11-07T08:30Z",
        "alice 2027-11-07T08:30Z 2027-11-07T12:00Z",
    ]


def test_overrides_follow_the_same_rule() -> None:
    spring = an_override("dave", "2026-03-08T02:30", "2026-03-08T04:00")
    autumn = an_override("dave", "2026-11-01T01:00", "2026-11-01T01:30")
    schedule = a_schedule(timezone=NEW_YORK, rotation=None, overrides=[spring, autumn])

    assert resolved(schedule, "2026-01-01", "2027-01-01") == [
        "dave 2026-03-08T07:30Z 2026-03-08T08:00Z",
        "dave 2026-11-01T05:00Z 2026-11-01T05:30Z",
    ]
