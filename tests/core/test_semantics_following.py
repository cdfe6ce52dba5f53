"""`follows`: this week's secondary is next week's primary.

Turns begin on Mondays at 09:00 from 2026-01-05 on.
"""

from __future__ import annotations

from oncall_gitops.core.model.schedule import Schedule
from oncall_gitops.core.resolve import Timetable
from tests.builders import (
    a_layer,
    a_rotation,
    a_schedule,
    an_anchor,
    an_override,
    following,
    span,
    window,
)
from tests.core.answers import resolved

PRIMARY = a_schedule(a_rotation(["alice", "bob", "carol"], start="2026-01-05"))


def secondary(
    offset: int = 1,
    *,
    timezone: str = "UTC",
    start: str = "2026-01-05",
    end: str | None = None,
    handoff_time: str = "09:00",
) -> Schedule:
    return a_schedule(
        following("primary", offset),
        slug="secondary",
        timezone=timezone,
        start=start,
        end=end,
        handoff_time=handoff_time,
    )


def test_each_turn_belongs_to_whoever_holds_the_turn_offset_later_there() -> None:
    assert resolved(secondary(), "2026-01-05", "2026-01-26T09:00Z", siblings=[PRIMARY]) == [
        "bob 2026-01-05T09:00Z 2026-01-12T09:00Z",
        "carol 2026-01-12T09:00Z 2026-01-19T09:00Z",
        "alice 2026-01-19T09:00Z 2026-01-26T09:00Z",
    ]


def test_a_negative_offset_is_earlier_and_before_the_first_turn_it_is_empty() -> None:
    assert resolved(secondary(-2), "2026-01-05", "2026-02-02T09:00Z", siblings=[PRIMARY]) == [
        "alice 2026-01-19T09:00Z 2026-01-26T09:00Z",
        "bob 2026-01-26T09:00Z 2026-02-02T09:00Z",
    ]


def test_lower_layers_show_through_what_is_before_the_first_turn() -> None:
    schedule = a_schedule(
        ["zoe"], slug="secondary", layers=[a_layer(rotation=following("primary", -1))], start="2026-01-05"
    )

    assert resolved(schedule, "2026-01-05", "2026-01-19T09:00Z", siblings=[PRIMARY], sources=True) == [
        "base: zoe 2026-01-05T09:00Z 2026-01-12T09:00Z",
        "layer:top: alice 2026-01-12T09:00Z 2026-01-19T09:00Z",
    ]


def test_the_handoffs_are_those_of_the_rotation_that_is_followed() -> None:
    # The primary hands off at 09:00 in New York; the follower's own zone and handoff time cut only its dates.
    primary = a_schedule(
        a_rotation(["alice", "bob", "carol"], start="2026-01-05"), timezone="America/New_York"
    )
    follower = secondary(timezone="Asia/Kolkata", handoff_time="18:00", start="2026-01-07", end="2026-01-14")

    assert resolved(follower, "2026-01-01", "2026-02-01", siblings=[primary]) == [
        "bob 2026-01-07T12:30Z 2026-01-12T14:00Z",
        "carol 2026-01-12T14:00Z 2026-01-14T12:30Z",
    ]


def test_whoever_joins_the_primary_is_followed_from_the_turn_before_theirs() -> None:
    # The primary: alice, bob, carol, dave (01-26), alice. dave is secondary in the week of 01-19.
    primary = a_schedule(
        a_rotation(["alice", "bob", "carol", ("dave", "2026-01-26", None)], start="2026-01-05")
    )

    assert resolved(secondary(), "2026-01-12T09:00Z", "2026-02-02T09:00Z", siblings=[primary]) == [
        "carol 2026-01-12T09:00Z 2026-01-19T09:00Z",
        "dave 2026-01-19T09:00Z 2026-01-26T09:00Z",
        "alice 2026-01-26T09:00Z 2026-02-02T09:00Z",
    ]


def test_a_turn_is_judged_at_the_followed_turns_own_handoff() -> None:
    # bob leaves before his week of 01-12 begins, so in the week of 01-05 carol is next, not bob.
    primary = a_schedule(a_rotation(["alice", ("bob", None, "2026-01-08"), "carol"], start="2026-01-05"))

    assert resolved(secondary(), "2026-01-05", "2026-01-19T09:00Z", siblings=[primary]) == [
        "carol 2026-01-05T09:00Z 2026-01-12T09:00Z",
        "alice 2026-01-12T09:00Z 2026-01-19T09:00Z",
    ]


def test_a_substitute_after_an_until_is_not_followed() -> None:
    # In the primary carol takes the rest of bob's week; the one who followed bob's week still has all of it.
    primary = a_schedule(a_rotation(["alice", ("bob", None, "2026-01-14"), "carol"], start="2026-01-05"))

    assert resolved(primary, "2026-01-12T09:00Z", "2026-01-19T09:00Z") == [
        "bob 2026-01-12T09:00Z 2026-01-14T09:00Z",
        "carol 2026-01-14T09:00Z 2026-01-19T09:00Z",
    ]
    assert resolved(secondary(), "2026-01-05", "2026-01-12T09:00Z", siblings=[primary]) == [
        "bob 2026-01-05T09:00Z 2026-01-12T09:00Z",
    ]
    assert resolved(secondary(-1), "2026-01-19T09:00Z", "2026-01-26T09:00Z", siblings=[primary]) == [
        "bob 2026-01-19T09:00Z 2026-01-26T09:00Z",
    ]


def test_an_offset_of_0_follows_the_same_turn_without_its_substitutes() -> None:
    primary = a_schedule(a_rotation(["alice", ("bob", None, "2026-01-14"), "carol"], start="2026-01-05"))

    assert resolved(secondary(0), "2026-01-05", "2026-01-26T09:00Z", siblings=[primary]) == [
        "alice 2026-01-05T09:00Z 2026-01-12T09:00Z",
        "bob 2026-01-12T09:00Z 2026-01-19T09:00Z",
        "carol 2026-01-19T09:00Z 2026-01-26T09:00Z",
    ]


def test_whoever_left_the_followed_rotation_in_their_turn_may_still_be_on_call_here() -> None:
    primary = a_schedule(a_rotation([("alice", None, "2026-01-07"), "bob"], start="2026-01-05"))
    timetable = Timetable(secondary(0), siblings={primary.full_name: primary})
    late = span("2026-01-08", "2026-01-09")

    assert {shift.user for shift in timetable.shifts(late)} == {"alice"}
    assert "alice" in timetable.users_in(late)


def test_an_empty_turn_is_followed_as_an_empty_turn_and_nobody_as_nobody() -> None:
    primary = a_schedule(a_rotation([("alice", None, "2026-01-12"), ("bob", "2026-01-19", None)]))
    holes = a_schedule(["alice", "nobody"])
    layered = a_schedule(["zoe"], slug="secondary", layers=[a_layer(rotation=following("primary"))])

    assert resolved(layered, "2026-01-05", "2026-01-19T09:00Z", siblings=[primary], sources=True) == [
        "base: zoe 2026-01-05T09:00Z 2026-01-12T09:00Z",
        "layer:top: bob 2026-01-12T09:00Z 2026-01-19T09:00Z",
    ]
    assert resolved(layered, "2026-01-05", "2026-01-19T09:00Z", siblings=[holes], sources=True) == [
        "layer:top: alice 2026-01-12T09:00Z 2026-01-19T09:00Z",
    ]


def test_an_edit_of_the_primary_is_followed_whatever_it_is() -> None:
    anchored = a_schedule(
        a_rotation(["alice", "bob", "carol"], start="2026-01-05", anchor=an_anchor("2026-01-12", "alice"))
    )
    daily = a_schedule(a_rotation(["alice", "bob", "carol"], type="daily", start="2026-01-05"))

    assert resolved(secondary(), "2026-01-05", "2026-01-19T09:00Z", siblings=[anchored]) == [
        "alice 2026-01-05T09:00Z 2026-01-12T09:00Z",
        "bob 2026-01-12T09:00Z 2026-01-19T09:00Z",
    ]
    assert resolved(secondary(2), "2026-01-05", "2026-01-07T09:00Z", siblings=[daily]) == [
        "carol 2026-01-05T09:00Z 2026-01-06T09:00Z",
        "alice 2026-01-06T09:00Z 2026-01-07T09:00Z",
    ]


def test_layers_overrides_dates_and_active_are_not_followed() -> None:
    primary = a_schedule(
        a_rotation(["alice", "bob", "carol"], start="2026-01-05"),
        start="2026-01-14",
        end="2026-01-16",
        active=False,
        layers=[a_layer(start="2026-01-05")],
        overrides=[an_override("dave", "2026-01-05", "2026-02-05")],
    )

    assert resolved(secondary(), "2026-01-05", "2026-01-19T09:00Z", siblings=[primary]) == [
        "bob 2026-01-05T09:00Z 2026-01-12T09:00Z",
        "carol 2026-01-12T09:00Z 2026-01-19T09:00Z",
    ]


def test_a_primary_without_a_start_of_its_own_counts_from_its_start_date() -> None:
    primary = a_schedule(["alice", "bob", "carol"], start="2026-01-12")

    assert resolved(secondary(), "2026-01-01", "2026-01-26T09:00Z", siblings=[primary]) == [
        "bob 2026-01-12T09:00Z 2026-01-19T09:00Z",
        "carol 2026-01-19T09:00Z 2026-01-26T09:00Z",
    ]


def test_the_dates_of_the_follower_cut_what_it_shows() -> None:
    follower = secondary(start="2026-01-14", end="2026-01-21")

    assert resolved(follower, "2026-01-01", "2026-02-26", siblings=[PRIMARY]) == [
        "carol 2026-01-14T09:00Z 2026-01-19T09:00Z",
        "alice 2026-01-19T09:00Z 2026-01-21T09:00Z",
    ]


def test_a_layer_may_follow_with_restrictions_of_its_own() -> None:
    layer = a_layer(rotation=following("primary"), restrictions=window("09:00", "17:00", on="MON"))
    schedule = a_schedule(slug="secondary", layers=[layer])

    assert resolved(schedule, "2026-01-05", "2026-01-19", siblings=[PRIMARY]) == [
        "bob 2026-01-05T09:00Z 2026-01-05T17:00Z",
        "carol 2026-01-12T09:00Z 2026-01-12T17:00Z",
    ]


def test_a_layer_may_follow_the_base_rotation_of_its_own_schedule() -> None:
    layer = a_layer(rotation=following("primary"), restrictions=window("09:00", "17:00", on="TUE"))
    schedule = a_schedule(a_rotation(["alice", "bob", "carol"]), layers=[layer])

    assert resolved(schedule, "2026-01-05", "2026-01-12T09:00Z", sources=True) == [
        "base: alice 2026-01-05T09:00Z 2026-01-06T09:00Z",
        "layer:top: bob 2026-01-06T09:00Z 2026-01-06T17:00Z",
        "base: alice 2026-01-06T17:00Z 2026-01-12T09:00Z",
    ]


def test_zero_length_turns_count_when_turns_are_followed() -> None:
    # In Apia the turn of 2011-12-30 has no length: on the 29th the next turn is carol's, never shown itself.
    primary = a_schedule(
        a_rotation(["alice", "bob", "carol", "dave"], type="daily"),
        timezone="Pacific/Apia",
        start="2011-12-28",
    )
    follower = secondary(timezone="Pacific/Apia", start="2011-12-28")

    assert resolved(follower, "2011-12-28", "2011-12-31T19:00Z", siblings=[primary]) == [
        "bob 2011-12-28T19:00Z 2011-12-29T19:00Z",
        "carol 2011-12-29T19:00Z 2011-12-30T19:00Z",
        "alice 2011-12-30T19:00Z 2011-12-31T19:00Z",
    ]
