"""3.4: whose turn, and what dated places do. Weekly turns begin on Mondays at 09:00 from 2026-01-05 on."""

from __future__ import annotations

import pytest

from oncall_gitops.core.model.schedule import Schedule
from oncall_gitops.core.resolve import Timetable
from tests.builders import PlaceLike, a_layer, a_place, a_rotation, a_schedule, at
from tests.core.answers import resolved

MONDAYS = ["2026-01-05", "2026-01-12", "2026-01-19", "2026-01-26", "2026-02-02", "2026-02-09", "2026-02-16"]


def weekly(*users: PlaceLike) -> Schedule:
    return a_schedule(a_rotation(users, start="2026-01-05"))


def holders(schedule: Schedule, weeks: int) -> list[str]:
    """Who has each of the first weeks, where each is held by one person or by nobody."""
    found = {}
    for line in resolved(schedule, "2026-01-05", f"{MONDAYS[weeks]}T09:00Z"):
        user, start, end = line.split()
        assert start[10:] == end[10:] == "T09:00Z"
        found[start[:10]] = user
    return [found.get(monday, "-") for monday in MONDAYS[:weeks]]


def test_the_first_turn_belongs_to_the_first_place_and_each_handoff_passes_it_to_the_next_cyclically() -> (
    None
):
    assert holders(weekly("alice", "bob", "carol"), 5) == ["alice", "bob", "carol", "alice", "bob"]


def test_without_a_place_nobody_has_a_turn_at_any_moment() -> None:
    """As when all of its people have left the database."""
    assert Timetable(weekly(), siblings={}).holder(at("2026-01-20T00:00Z")) is None
    assert holders(weekly(), 3) == ["-", "-", "-"]


def test_a_user_may_hold_several_places() -> None:
    assert holders(weekly("alice", "alice", "bob"), 6) == ["alice", "alice", "bob", "alice", "alice", "bob"]


def test_one_place_alone_takes_every_turn() -> None:
    assert holders(weekly("alice"), 3) == ["alice", "alice", "alice"]


def test_the_first_turn_belongs_to_the_first_place_that_is_a_member_then() -> None:
    assert holders(weekly(("alice", "2026-01-06", None), "bob", "carol"), 4) == [
        "bob",
        "carol",
        "alice",
        "bob",
    ]


def test_a_place_is_a_member_from_its_from_on() -> None:
    at_the_handoff = ("dave", "2026-01-26", None)
    after_it = ("dave", "2026-01-26T09:01", None)

    assert holders(weekly("alice", "bob", "carol", at_the_handoff), 5) == [
        "alice",
        "bob",
        "carol",
        "dave",
        "alice",
    ]
    assert holders(weekly("alice", "bob", "carol", after_it), 5) == ["alice", "bob", "carol", "alice", "bob"]


def test_a_place_is_a_member_until_its_until_exclusively() -> None:
    gone_at_the_handoff = ("bob", None, "2026-01-12")
    gone_after_its_turn = ("bob", None, "2026-01-19")

    assert holders(weekly("alice", gone_at_the_handoff, "carol"), 3) == ["alice", "carol", "alice"]
    assert holders(weekly("alice", gone_after_its_turn, "carol"), 5) == [
        "alice",
        "bob",
        "carol",
        "alice",
        "carol",
    ]


def test_a_date_in_a_place_means_that_date_at_the_handoff_time() -> None:
    # At 17:00 local, not at 09:00 or midnight.
    rotation = a_rotation(["alice", ("bob", None, "2026-01-14")], start="2026-01-05")

    assert resolved(a_schedule(rotation, handoff_time="17:00"), "2026-01-12", "2026-01-20") == [
        "alice 2026-01-12T00:00Z 2026-01-12T17:00Z",
        "bob 2026-01-12T17:00Z 2026-01-14T17:00Z",
        "alice 2026-01-14T17:00Z 2026-01-19T17:00Z",
        "alice 2026-01-19T17:00Z 2026-01-20T00:00Z",
    ]


def test_a_date_in_a_layers_place_is_at_the_layers_handoff_time_in_the_layers_zone() -> None:
    layer = a_layer(
        rotation=a_rotation(["alice", ("bob", None, "2026-01-14")], start="2026-01-05"),
        handoff_time="08:00",
        timezone="America/New_York",
    )

    assert resolved(a_schedule(layers=[layer]), "2026-01-13", "2026-01-15") == [
        "bob 2026-01-13T00:00Z 2026-01-14T13:00Z",
        "alice 2026-01-14T13:00Z 2026-01-15T00:00Z",
    ]


def test_a_from_may_be_an_instant() -> None:
    joined = a_place("dave", start="2026-01-12T09:00Z")
    later = a_place("dave", start="2026-01-12T09:01+00:00")

    assert holders(weekly("alice", joined), 3) == ["alice", "dave", "alice"]
    assert holders(weekly("alice", later), 4) == ["alice", "alice", "dave", "alice"]


def test_with_no_member_the_turn_is_empty_to_its_end_even_if_somebody_joins_in_it() -> None:
    schedule = weekly(("alice", "2026-01-07", None))

    assert holders(schedule, 3) == ["-", "alice", "alice"]


def test_lower_layers_show_through_an_empty_turn() -> None:
    top = a_layer(rotation=a_rotation([("zoe", "2026-01-12", None)], start="2026-01-05"))
    schedule = a_schedule(["alice"], layers=[top])

    assert resolved(schedule, "2026-01-05", "2026-01-13", sources=True) == [
        "base: alice 2026-01-05T09:00Z 2026-01-12T09:00Z",
        "layer:top: zoe 2026-01-12T09:00Z 2026-01-13T00:00Z",
    ]


def test_the_walk_stays_where_it_was_over_an_empty_turn() -> None:
    # alice, then bob; no member is left on 01-19; on 01-26 it is the turn of the one after bob.
    schedule = weekly(
        ("alice", None, "2026-01-12"),
        ("bob", None, "2026-01-19"),
        ("carol", "2026-01-26", None),
        ("alice", "2026-01-26", None),
    )

    assert holders(schedule, 6) == ["alice", "bob", "-", "carol", "alice", "carol"]


def test_at_the_outset_an_empty_walk_stays_before_the_first_place() -> None:
    schedule = weekly(("alice", "2026-01-19", None), ("bob", "2026-01-19", None))

    assert holders(schedule, 4) == ["-", "-", "alice", "bob"]


def test_an_until_inside_ones_own_turn_hands_the_rest_of_it_to_the_next_member() -> None:
    schedule = weekly("alice", ("bob", None, "2026-01-14T12:00"), "carol")

    assert resolved(schedule, "2026-01-05", "2026-01-19T09:00Z") == [
        "alice 2026-01-05T09:00Z 2026-01-12T09:00Z",
        "bob 2026-01-12T09:00Z 2026-01-14T12:00Z",
        "carol 2026-01-14T12:00Z 2026-01-19T09:00Z",
    ]


def test_the_substitutes_own_turn_stays() -> None:
    # carol covers the rest of bob's week and still has her own: the walk is not moved by the substitution.
    schedule = weekly("alice", ("bob", None, "2026-01-14T12:00"), "carol", "dave")

    assert resolved(schedule, "2026-01-14", "2026-02-09T09:00Z") == [
        "bob 2026-01-14T00:00Z 2026-01-14T12:00Z",
        "carol 2026-01-14T12:00Z 2026-01-19T09:00Z",
        "carol 2026-01-19T09:00Z 2026-01-26T09:00Z",
        "dave 2026-01-26T09:00Z 2026-02-02T09:00Z",
        "alice 2026-02-02T09:00Z 2026-02-09T09:00Z",
    ]


def test_the_next_handoff_goes_to_the_next_member_after_the_place_that_left_not_after_the_substitute() -> (
    None
):
    # bob's rest goes to dave, because carol joins only at the next handoff, which is then hers.
    schedule = weekly("alice", ("bob", None, "2026-01-14"), ("carol", "2026-01-19", None), "dave")

    assert resolved(schedule, "2026-01-12T09:00Z", "2026-02-02T09:00Z") == [
        "bob 2026-01-12T09:00Z 2026-01-14T09:00Z",
        "dave 2026-01-14T09:00Z 2026-01-19T09:00Z",
        "carol 2026-01-19T09:00Z 2026-01-26T09:00Z",
        "dave 2026-01-26T09:00Z 2026-02-02T09:00Z",
    ]


def test_a_substitute_who_leaves_too_hands_on_what_is_left() -> None:
    schedule = weekly("alice", ("bob", None, "2026-01-14"), ("carol", None, "2026-01-16"), "dave")

    assert resolved(schedule, "2026-01-12T09:00Z", "2026-02-02T09:00Z") == [
        "bob 2026-01-12T09:00Z 2026-01-14T09:00Z",
        "carol 2026-01-14T09:00Z 2026-01-16T09:00Z",
        "dave 2026-01-16T09:00Z 2026-01-19T09:00Z",
        "dave 2026-01-19T09:00Z 2026-01-26T09:00Z",
        "alice 2026-01-26T09:00Z 2026-02-02T09:00Z",
    ]


def test_what_a_substitute_hands_on_goes_to_the_next_member_after_the_substitute() -> None:
    # carol joins on 01-15 and stands before dave: when he leaves on 01-16 it is erin who comes after him.
    schedule = weekly(
        "alice",
        ("bob", None, "2026-01-14"),
        ("carol", "2026-01-15", None),
        ("dave", None, "2026-01-16"),
        "erin",
    )

    assert resolved(schedule, "2026-01-12T09:00Z", "2026-01-26T09:00Z") == [
        "bob 2026-01-12T09:00Z 2026-01-14T09:00Z",
        "dave 2026-01-14T09:00Z 2026-01-16T09:00Z",
        "erin 2026-01-16T09:00Z 2026-01-19T09:00Z",
        "carol 2026-01-19T09:00Z 2026-01-26T09:00Z",
    ]


def test_two_who_leave_at_once_hand_on_to_the_third() -> None:
    schedule = weekly("alice", ("bob", None, "2026-01-14"), ("carol", None, "2026-01-14"), "dave")

    assert resolved(schedule, "2026-01-12T09:00Z", "2026-01-19T09:00Z") == [
        "bob 2026-01-12T09:00Z 2026-01-14T09:00Z",
        "dave 2026-01-14T09:00Z 2026-01-19T09:00Z",
    ]


def test_the_next_member_is_looked_for_cyclically() -> None:
    schedule = weekly("alice", ("bob", None, "2026-01-14"))

    assert resolved(schedule, "2026-01-12T09:00Z", "2026-01-26T09:00Z") == [
        "bob 2026-01-12T09:00Z 2026-01-14T09:00Z",
        "alice 2026-01-14T09:00Z 2026-01-19T09:00Z",
        "alice 2026-01-19T09:00Z 2026-01-26T09:00Z",
    ]


def test_with_no_member_left_the_rest_of_the_turn_is_empty() -> None:
    # carol joins on 01-15, too late for the rest of a turn that was empty from 01-14 on.
    schedule = weekly(
        ("alice", None, "2026-01-12"), ("bob", None, "2026-01-14"), ("carol", "2026-01-15", None)
    )

    assert resolved(schedule, "2026-01-12T09:00Z", "2026-01-26T09:00Z") == [
        "bob 2026-01-12T09:00Z 2026-01-14T09:00Z",
        "carol 2026-01-19T09:00Z 2026-01-26T09:00Z",
    ]


def test_lower_layers_show_through_the_empty_rest_of_a_turn() -> None:
    top = a_layer(rotation=a_rotation([("zoe", None, "2026-01-07")], start="2026-01-05"))

    assert resolved(a_schedule(["alice"], layers=[top]), "2026-01-05", "2026-01-12", sources=True) == [
        "layer:top: zoe 2026-01-05T09:00Z 2026-01-07T09:00Z",
        "base: alice 2026-01-07T09:00Z 2026-01-12T00:00Z",
    ]


def test_nobody_is_a_member_like_any_other() -> None:
    assert holders(weekly("alice", "nobody", "bob"), 6) == ["alice", "-", "bob", "alice", "-", "bob"]


def test_nobody_may_take_over_the_rest_of_a_turn() -> None:
    schedule = weekly(("alice", None, "2026-01-07"), "nobody", "bob")

    assert resolved(schedule, "2026-01-05", "2026-01-26") == [
        "alice 2026-01-05T09:00Z 2026-01-07T09:00Z",
        "bob 2026-01-19T09:00Z 2026-01-26T00:00Z",
    ]


def test_nobody_may_join_and_leave_by_date() -> None:
    schedule = weekly("alice", ("nobody", "2026-01-12", "2026-01-14"), "bob")

    assert resolved(schedule, "2026-01-05", "2026-01-26T09:00Z") == [
        "alice 2026-01-05T09:00Z 2026-01-12T09:00Z",
        "bob 2026-01-14T09:00Z 2026-01-19T09:00Z",
        "bob 2026-01-19T09:00Z 2026-01-26T09:00Z",
    ]


def test_somebody_who_left_may_come_back_in_another_place() -> None:
    schedule = weekly("alice", ("bob", None, "2026-01-19"), "carol", ("bob", "2026-01-26", None))

    assert holders(schedule, 6) == ["alice", "bob", "carol", "bob", "alice", "carol"]


@pytest.mark.parametrize("next_monday", ["2026-01-12", "2026-01-19", "2026-01-26", "2026-02-02"])
def test_a_dated_join_at_the_end_changes_no_shift_before_its_monday_and_nobodys_order(
    next_monday: str,
) -> None:
    before = weekly("alice", "bob", "carol")
    after = weekly("alice", "bob", "carol", ("dave", next_monday, None))
    edge = f"{next_monday}T09:00Z"

    assert resolved(after, "2026-01-05", edge) == resolved(before, "2026-01-05", edge)
    order = holders(after, 6)
    assert [user for user in order if user != "dave"] == holders(before, 6)[: 6 - order.count("dave")]


def test_the_classic_dave_joins_from_next_monday() -> None:
    # Asked in the week of 01-12, which is bob's. carol follows bob as before, then comes dave.
    after = weekly("alice", "bob", "carol", ("dave", "2026-01-19", None))

    assert holders(after, 6) == ["alice", "bob", "carol", "dave", "alice", "bob"]


def test_a_dated_join_in_the_middle_of_the_order_moves_nobody_before_its_date() -> None:
    before = weekly("alice", "bob", "carol")
    after = weekly("alice", ("dave", "2026-02-01", None), "bob", "carol")

    assert holders(before, 6) == ["alice", "bob", "carol", "alice", "bob", "carol"]
    assert holders(after, 6) == ["alice", "bob", "carol", "alice", "dave", "bob"]


def test_a_dated_leave_moves_nobody_elses_past_or_current_turn() -> None:
    # bob leaves in carol's week: she keeps it, and the order after it.
    before = weekly("alice", "bob", "carol")
    after = weekly("alice", ("bob", None, "2026-01-21"), "carol")

    assert holders(before, 6) == ["alice", "bob", "carol", "alice", "bob", "carol"]
    assert holders(after, 6) == ["alice", "bob", "carol", "alice", "carol", "alice"]


def test_an_undated_append_to_three_people_changes_who_is_on_call_now() -> None:
    # In the week of 01-26 it was alice; counted anew from the start with four people it is dave.
    before = weekly("alice", "bob", "carol")
    after = weekly("alice", "bob", "carol", "dave")

    assert resolved(before, "2026-01-28", "2026-01-29") == ["alice 2026-01-28T00:00Z 2026-01-29T00:00Z"]
    assert resolved(after, "2026-01-28", "2026-01-29") == ["dave 2026-01-28T00:00Z 2026-01-29T00:00Z"]
