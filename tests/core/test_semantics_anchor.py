"""3.5: the anchor. Weekly turns begin on Mondays at 09:00 from 2026-01-05 on."""

from __future__ import annotations

import pytest

from oncall_gitops.core.model.schedule import Schedule
from tests.builders import PlaceLike, a_rotation, a_schedule, an_anchor
from tests.core.answers import resolved

MONDAYS = ["2026-01-05", "2026-01-12", "2026-01-19", "2026-01-26", "2026-02-02", "2026-02-09", "2026-02-16"]


def anchored(at: str, user: str, *users: PlaceLike) -> Schedule:
    return a_schedule(a_rotation(users, start="2026-01-05", anchor=an_anchor(at, user)))


def holders(schedule: Schedule, weeks: int) -> list[str]:
    """Who has each of the first weeks, where each is held by one person or by nobody."""
    found = {}
    for line in resolved(schedule, "2026-01-05", f"{MONDAYS[weeks]}T09:00Z"):
        user, start, end = line.split()
        assert start[10:] == end[10:] == "T09:00Z"
        found[start[:10]] = user
    return [found.get(monday, "-") for monday in MONDAYS[:weeks]]


def test_the_turn_that_holds_the_instant_belongs_to_the_anchors_user() -> None:
    # Counted from the start, the week of 01-19 would be carol's.
    schedule = anchored("2026-01-19", "alice", "alice", "bob", "carol")

    assert holders(schedule, 5)[2] == "alice"


@pytest.mark.parametrize(
    "at", ["2026-01-19", "2026-01-22T15:00", "2026-01-26T08:59", "2026-01-22T15:00+01:00"]
)
def test_it_may_lie_anywhere_in_the_turn(at: str) -> None:
    schedule = anchored(at, "alice", "alice", "bob", "carol")

    assert holders(schedule, 5) == ["bob", "carol", "alice", "bob", "carol"]


def test_a_date_in_an_anchor_means_that_date_at_the_handoff_time() -> None:
    # 08:59 is still the turn before.
    assert holders(anchored("2026-01-19T08:59", "alice", "alice", "bob", "carol"), 4) == [
        "carol",
        "alice",
        "bob",
        "carol",
    ]


def test_later_turns_walk_forward_from_it() -> None:
    schedule = anchored("2026-01-12", "carol", "alice", ("bob", None, "2026-02-01"), "carol")

    assert holders(schedule, 6)[1:] == ["carol", "alice", "bob", "carol", "alice"]


def test_earlier_turns_go_backward_to_the_previous_place_cyclically() -> None:
    schedule = anchored("2026-01-26", "alice", "alice", "bob", "carol")

    assert holders(schedule, 4) == ["alice", "bob", "carol", "alice"]


def test_backward_each_place_must_be_a_member_at_its_own_handoff() -> None:
    # dave joins on 01-19: on 01-12 the place before bob is alice's; on 01-05 the one before hers is bob's.
    schedule = anchored("2026-01-19", "bob", "alice", ("dave", "2026-01-19", None), "bob")

    assert holders(schedule, 5) == ["bob", "alice", "bob", "alice", "dave"]


def test_backward_with_no_member_the_turn_is_empty_and_the_walk_stays() -> None:
    schedule = anchored(
        "2026-01-19",
        "alice",
        ("alice", "2026-01-19", None),
        ("bob", "2026-01-19", None),
        ("carol", None, "2026-01-12"),
        ("dave", None, "2026-01-12"),
    )

    assert holders(schedule, 4) == ["dave", "-", "alice", "bob"]


def test_the_turn_is_that_of_the_users_first_place() -> None:
    schedule = anchored("2026-01-12", "bob", "alice", "bob", "carol", "bob", "dave")

    assert holders(schedule, 4) == ["alice", "bob", "carol", "bob"]


def test_the_turn_is_that_of_the_users_first_place_that_is_a_member_at_the_turns_handoff() -> None:
    schedule = anchored("2026-01-14", "bob", "alice", ("bob", "2026-01-13", None), "carol", "bob", "dave")

    assert holders(schedule, 4) == ["carol", "bob", "dave", "alice"]


def test_an_anchor_on_the_first_turn_sets_who_begins() -> None:
    assert holders(anchored("2026-01-05", "bob", "alice", "bob", "carol"), 4) == [
        "bob",
        "carol",
        "alice",
        "bob",
    ]


def test_an_anchor_may_lie_in_a_time_that_is_not_shown() -> None:
    # The rotation counts from 2025-12-01 and the anchor lies in its second week; the schedule begins in 2026.
    rotation = a_rotation(
        ["alice", "bob", "carol"], start="2025-12-01", anchor=an_anchor("2025-12-08", "alice")
    )

    assert holders(a_schedule(rotation), 3) == ["bob", "carol", "alice"]


def test_an_until_inside_the_anchored_turn_hands_its_rest_on() -> None:
    schedule = anchored("2026-01-12", "bob", ("bob", None, "2026-01-14"), "alice")

    assert resolved(schedule, "2026-01-05", "2026-01-26T09:00Z") == [
        "alice 2026-01-05T09:00Z 2026-01-12T09:00Z",
        "bob 2026-01-12T09:00Z 2026-01-14T09:00Z",
        "alice 2026-01-14T09:00Z 2026-01-19T09:00Z",
        "alice 2026-01-19T09:00Z 2026-01-26T09:00Z",
    ]


def test_an_until_inside_a_turn_before_the_anchor_hands_its_rest_on() -> None:
    # Backward from alice: 01-12 is bob's, who leaves in it; the next member after him is alice.
    schedule = anchored("2026-01-19", "alice", "alice", ("bob", None, "2026-01-14"))

    assert resolved(schedule, "2026-01-05", "2026-01-26T09:00Z") == [
        "alice 2026-01-05T09:00Z 2026-01-12T09:00Z",
        "bob 2026-01-12T09:00Z 2026-01-14T09:00Z",
        "alice 2026-01-14T09:00Z 2026-01-19T09:00Z",
        "alice 2026-01-19T09:00Z 2026-01-26T09:00Z",
    ]


def test_nobody_may_be_stepped_over_to_in_both_directions() -> None:
    assert holders(anchored("2026-01-19", "bob", "alice", "nobody", "bob"), 6) == [
        "alice",
        "-",
        "bob",
        "alice",
        "-",
        "bob",
    ]


def test_an_instant_where_an_empty_turn_meets_the_next_is_held_by_the_next() -> None:
    # Apia's 2011-12-30 and 12-31 both begin at 19:00Z; the turn of the 30th has no length.
    rotation = a_rotation(
        ["alice", "bob", "carol", "dave"], type="daily", anchor=an_anchor("2011-12-30T19:00Z", "alice")
    )
    schedule = a_schedule(rotation, timezone="Pacific/Apia", start="2011-12-28")

    assert resolved(schedule, "2011-12-28", "2012-01-01T19:00Z") == [
        "bob 2011-12-28T19:00Z 2011-12-29T19:00Z",
        "carol 2011-12-29T19:00Z 2011-12-30T19:00Z",
        "alice 2011-12-30T19:00Z 2011-12-31T19:00Z",
        "bob 2011-12-31T19:00Z 2012-01-01T19:00Z",
    ]


def test_an_anchor_pins_an_edited_rotation_to_reality() -> None:
    # An undated dave would put him on call in the week of 01-26; the anchor keeps it alice's.
    before = a_schedule(a_rotation(["alice", "bob", "carol"], start="2026-01-05"))
    after = anchored("2026-01-26", "alice", "alice", "bob", "carol", "dave")

    assert holders(before, 6)[3:] == ["alice", "bob", "carol"]
    assert holders(after, 6)[3:] == ["alice", "bob", "carol"]
