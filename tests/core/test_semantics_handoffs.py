"""3.1: when the turn passes on."""

from __future__ import annotations

import pytest

from oncall_gitops.core.model.rotation import Rotation
from oncall_gitops.core.recurrence import rule_of
from oncall_gitops.core.rule import parse_rule
from tests.builders import a_layer, a_rotation, a_schedule, when
from tests.core.answers import resolved


def test_occurrence_0_is_the_rotations_start_and_every_later_occurrence_of_the_rule_is_a_handoff() -> None:
    schedule = a_schedule(a_rotation(["alice", "bob"], start="2026-01-05"))

    assert resolved(schedule, "2026-01-01", "2026-01-26") == [
        "alice 2026-01-05T09:00Z 2026-01-12T09:00Z",
        "bob 2026-01-12T09:00Z 2026-01-19T09:00Z",
        "alice 2026-01-19T09:00Z 2026-01-26T00:00Z",
    ]


def test_without_a_start_a_rotation_counts_from_the_start_date() -> None:
    schedule = a_schedule(a_rotation(["alice", "bob"], type="daily"), start="2026-01-07")

    assert resolved(schedule, "2026-01-01", "2026-01-09") == [
        "alice 2026-01-07T09:00Z 2026-01-08T09:00Z",
        "bob 2026-01-08T09:00Z 2026-01-09T00:00Z",
    ]


def test_a_start_that_its_rule_does_not_name_is_a_handoff_all_the_same() -> None:
    schedule = a_schedule(
        a_rotation(["alice", "bob", "carol"], rrule="FREQ=WEEKLY;BYDAY=MO", start="2026-01-01"),
        start="2026-01-01",
    )

    assert resolved(schedule, "2026-01-01", "2026-01-20") == [
        "alice 2026-01-01T09:00Z 2026-01-05T09:00Z",
        "bob 2026-01-05T09:00Z 2026-01-12T09:00Z",
        "carol 2026-01-12T09:00Z 2026-01-19T09:00Z",
        "alice 2026-01-19T09:00Z 2026-01-20T00:00Z",
    ]


def test_the_turn_of_the_start_lasts_until_the_rule_first_fires_however_long_that_is() -> None:
    schedule = a_schedule(
        a_rotation(rrule="FREQ=YEARLY;BYMONTH=9;BYMONTHDAY=1", users=["alice", "bob"]), start="2026-01-05"
    )

    assert resolved(schedule, "2026-06-01", "2026-06-03") == ["alice 2026-06-01T00:00Z 2026-06-03T00:00Z"]
    assert resolved(schedule, "2026-08-31", "2026-09-02") == [
        "alice 2026-08-31T00:00Z 2026-09-01T09:00Z",
        "bob 2026-09-01T09:00Z 2026-09-02T00:00Z",
    ]


def test_a_start_written_as_a_date_means_that_date_at_the_handoff_time() -> None:
    schedule = a_schedule(
        a_rotation(["alice", "bob"], start="2026-01-05"), start="2026-01-06", handoff_time="17:30"
    )

    assert resolved(schedule, "2026-01-01", "2026-01-13") == [
        "alice 2026-01-06T17:30Z 2026-01-12T17:30Z",
        "bob 2026-01-12T17:30Z 2026-01-13T00:00Z",
    ]


def test_handoffs_keep_the_time_of_day_of_a_start_that_has_one() -> None:
    schedule = a_schedule(
        a_rotation(["alice", "bob"], start="2026-01-05T14:00"), start="2026-01-06", handoff_time="09:00"
    )

    assert resolved(schedule, "2026-01-01", "2026-01-13") == [
        "alice 2026-01-06T09:00Z 2026-01-12T14:00Z",
        "bob 2026-01-12T14:00Z 2026-01-13T00:00Z",
    ]


def test_a_start_written_as_an_instant_counts_from_its_local_time_in_the_zone() -> None:
    # 14:00Z is 09:00 in New York in winter; the clocks go forward on 2026-03-08.
    schedule = a_schedule(
        a_rotation(["alice", "bob"], start="2026-02-23T14:00Z"),
        timezone="America/New_York",
        start="2026-03-01",
    )

    assert resolved(schedule, "2026-02-20", "2026-03-17") == [
        "alice 2026-03-01T14:00Z 2026-03-02T14:00Z",
        "bob 2026-03-02T14:00Z 2026-03-09T13:00Z",
        "alice 2026-03-09T13:00Z 2026-03-16T13:00Z",
        "bob 2026-03-16T13:00Z 2026-03-17T00:00Z",
    ]


def test_the_dates_of_a_schedule_only_cut_what_a_rotation_that_has_counted_for_years_shows() -> None:
    # Mondays since 2025-12-01: alice, bob, carol, alice (12-22), bob (12-29), carol (01-05), alice (01-12).
    schedule = a_schedule(
        a_rotation(["alice", "bob", "carol"], start="2025-12-01"), start="2026-01-07T12:00", end="2026-01-14"
    )

    assert resolved(schedule, "2025-12-01", "2026-03-01") == [
        "carol 2026-01-07T12:00Z 2026-01-12T09:00Z",
        "alice 2026-01-12T09:00Z 2026-01-14T09:00Z",
    ]


def test_the_dates_of_a_layer_only_cut_what_its_rotation_shows() -> None:
    layer = a_layer(
        rotation=a_rotation(["alice", "bob", "carol"], start="2025-12-01"),
        start="2026-01-10",
        end="2026-01-13",
    )

    assert resolved(a_schedule(layers=[layer]), "2025-12-01", "2026-03-01") == [
        "carol 2026-01-10T09:00Z 2026-01-12T09:00Z",
        "alice 2026-01-12T09:00Z 2026-01-13T09:00Z",
    ]


def test_an_end_date_is_exclusive_and_means_that_date_at_the_handoff_time() -> None:
    schedule = a_schedule(["alice"], end="2026-01-08", handoff_time="08:15")

    assert resolved(schedule, "2026-01-01", "2026-02-01") == ["alice 2026-01-05T08:15Z 2026-01-08T08:15Z"]


def test_a_daily_rotation_passes_on_every_day() -> None:
    schedule = a_schedule(a_rotation(["alice", "bob"], type="daily"))

    assert resolved(schedule, "2026-01-05", "2026-01-08") == [
        "alice 2026-01-05T09:00Z 2026-01-06T09:00Z",
        "bob 2026-01-06T09:00Z 2026-01-07T09:00Z",
        "alice 2026-01-07T09:00Z 2026-01-08T00:00Z",
    ]


def test_a_daily_rotation_with_an_interval_passes_on_every_so_many_days() -> None:
    schedule = a_schedule(a_rotation(["alice", "bob"], type="daily", interval=3))

    assert resolved(schedule, "2026-01-05", "2026-01-12") == [
        "alice 2026-01-05T09:00Z 2026-01-08T09:00Z",
        "bob 2026-01-08T09:00Z 2026-01-11T09:00Z",
        "alice 2026-01-11T09:00Z 2026-01-12T00:00Z",
    ]


def test_interval_days_pass_the_turn_on_every_so_many_days() -> None:
    schedule = a_schedule(a_rotation(["alice", "bob"], type="custom", interval=10))

    assert resolved(schedule, "2026-01-05", "2026-02-01") == [
        "alice 2026-01-05T09:00Z 2026-01-15T09:00Z",
        "bob 2026-01-15T09:00Z 2026-01-25T09:00Z",
        "alice 2026-01-25T09:00Z 2026-02-01T00:00Z",
    ]


def test_a_weekly_rotation_passes_on_on_the_weekday_of_its_start() -> None:
    schedule = a_schedule(a_rotation(["alice", "bob"]), start="2026-01-07")

    assert resolved(schedule, "2026-01-05", "2026-01-22") == [
        "alice 2026-01-07T09:00Z 2026-01-14T09:00Z",
        "bob 2026-01-14T09:00Z 2026-01-21T09:00Z",
        "alice 2026-01-21T09:00Z 2026-01-22T00:00Z",
    ]


@pytest.mark.parametrize(
    ("start", "handoff_day", "interval", "handoffs"),
    [
        # 2026-01-05 is a Monday: the week of 01-05 is the first one, whatever day the rotation starts on.
        ("2026-01-07", "MON", 1, ["2026-01-12", "2026-01-19"]),
        ("2026-01-07", "MON", 2, ["2026-01-19", "2026-02-02"]),
        ("2026-01-07", "FRI", 2, ["2026-01-09", "2026-01-23"]),
        ("2026-01-11", "MON", 2, ["2026-01-19", "2026-02-02"]),
        ("2026-01-11", "SUN", 3, ["2026-02-01", "2026-02-22"]),
        ("2026-01-05", "SUN", 1, ["2026-01-11", "2026-01-18"]),
    ],
)
def test_weeks_are_counted_from_the_monday_of_the_starts_week_so_a_first_turn_may_be_short_or_long(
    start: str, handoff_day: str, interval: int, handoffs: list[str]
) -> None:
    rotation = a_rotation(["alice", "bob", "carol"], handoff_day=handoff_day, interval=interval)
    second, third = handoffs

    assert resolved(a_schedule(rotation, start=start), "2026-01-01", f"{third}T09:00Z") == [
        f"alice {start}T09:00Z {second}T09:00Z",
        f"bob {second}T09:00Z {third}T09:00Z",
    ]


def test_a_rule_that_names_another_first_day_of_the_week_counts_by_it() -> None:
    # From a Sunday: Monday the 12th is in the first week if weeks begin on Sundays, but not if on Mondays.
    by_sunday = a_rotation(["alice", "bob"], rrule="FREQ=WEEKLY;INTERVAL=2;BYDAY=MO;WKST=SU")
    by_monday = a_rotation(["alice", "bob"], rrule="FREQ=WEEKLY;INTERVAL=2;BYDAY=MO")

    assert resolved(a_schedule(by_sunday, start="2026-01-11"), "2026-01-11", "2026-01-20") == [
        "alice 2026-01-11T09:00Z 2026-01-12T09:00Z",
        "bob 2026-01-12T09:00Z 2026-01-20T00:00Z",
    ]
    assert resolved(a_schedule(by_monday, start="2026-01-11"), "2026-01-11", "2026-01-20") == [
        "alice 2026-01-11T09:00Z 2026-01-19T09:00Z",
        "bob 2026-01-19T09:00Z 2026-01-20T00:00Z",
    ]


def test_a_rule_may_alternate_four_and_three_days() -> None:
    schedule = a_schedule(a_rotation(["alice", "bob"], rrule="FREQ=WEEKLY;BYDAY=MO,FR"))

    assert resolved(schedule, "2026-01-05", "2026-01-17") == [
        "alice 2026-01-05T09:00Z 2026-01-09T09:00Z",
        "bob 2026-01-09T09:00Z 2026-01-12T09:00Z",
        "alice 2026-01-12T09:00Z 2026-01-16T09:00Z",
        "bob 2026-01-16T09:00Z 2026-01-17T00:00Z",
    ]


def test_a_rule_may_count_working_days_only() -> None:
    # Friday's turn runs over the weekend.
    schedule = a_schedule(
        a_rotation(["alice", "bob", "carol"], rrule="FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR"), start="2026-01-08"
    )

    assert resolved(schedule, "2026-01-08", "2026-01-14T09:00Z") == [
        "alice 2026-01-08T09:00Z 2026-01-09T09:00Z",
        "bob 2026-01-09T09:00Z 2026-01-12T09:00Z",
        "carol 2026-01-12T09:00Z 2026-01-13T09:00Z",
        "alice 2026-01-13T09:00Z 2026-01-14T09:00Z",
    ]


def test_a_rule_may_hand_off_several_times_a_day() -> None:
    schedule = a_schedule(
        a_rotation(["kim", "lars", "maria"], rrule="FREQ=DAILY;BYHOUR=1,9,17;BYMINUTE=0"),
        start="2026-01-05T01:00",
    )

    assert resolved(schedule, "2026-01-05", "2026-01-06T09:00Z") == [
        "kim 2026-01-05T01:00Z 2026-01-05T09:00Z",
        "lars 2026-01-05T09:00Z 2026-01-05T17:00Z",
        "maria 2026-01-05T17:00Z 2026-01-06T01:00Z",
        "kim 2026-01-06T01:00Z 2026-01-06T09:00Z",
    ]


def test_a_monthly_rule_skips_the_months_that_have_no_such_day() -> None:
    schedule = a_schedule(
        a_rotation(["alice", "bob", "carol"], rrule="FREQ=MONTHLY;BYMONTHDAY=31"), start="2026-01-31"
    )

    assert resolved(schedule, "2026-01-31", "2026-06-01") == [
        "alice 2026-01-31T09:00Z 2026-03-31T09:00Z",
        "bob 2026-03-31T09:00Z 2026-05-31T09:00Z",
        "carol 2026-05-31T09:00Z 2026-06-01T00:00Z",
    ]


def test_a_monthly_rule_may_name_the_last_friday() -> None:
    schedule = a_schedule(
        a_rotation(["alice", "bob", "carol"], rrule="FREQ=MONTHLY;BYDAY=-1FR"), start="2026-01-30"
    )

    assert resolved(schedule, "2026-01-30", "2026-04-01") == [
        "alice 2026-01-30T09:00Z 2026-02-27T09:00Z",
        "bob 2026-02-27T09:00Z 2026-03-27T09:00Z",
        "carol 2026-03-27T09:00Z 2026-04-01T00:00Z",
    ]


def test_a_rotation_is_right_decades_after_its_first_handoff() -> None:
    # 1970-01-05 was a Monday; 2026-01-05 is 2922 weeks later, and 2922 = 3 * 974: alice's turn again.
    schedule = a_schedule(a_rotation(["alice", "bob", "carol"], start="1970-01-05"))

    assert resolved(schedule, "2026-01-05T09:00Z", "2026-01-12T10:00Z") == [
        "alice 2026-01-05T09:00Z 2026-01-12T09:00Z",
        "bob 2026-01-12T09:00Z 2026-01-12T10:00Z",
    ]


@pytest.mark.parametrize(
    ("rotation", "rule"),
    [
        (a_rotation(type="daily"), "FREQ=DAILY"),
        (a_rotation(type="daily", interval=3), "FREQ=DAILY;INTERVAL=3"),
        (a_rotation(type="custom", interval=14), "FREQ=DAILY;INTERVAL=14"),
        (a_rotation(), "FREQ=WEEKLY;BYDAY=WE"),
        (a_rotation(handoff_day="SUN", interval=2), "FREQ=WEEKLY;INTERVAL=2;BYDAY=SU"),
    ],
)
def test_daily_weekly_and_interval_days_are_the_equivalent_rule(rotation: Rotation, rule: str) -> None:
    wednesday = when("2026-01-07T09:00").seconds

    assert rule_of(rotation.cadence, start=wednesday) == parse_rule(rule)
