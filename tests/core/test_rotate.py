"""Editing a rotation: who joins, leaves or moves, on which date, and that nobody else's turn moves before it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oncall_gitops.core.frame import Frame, frame_of
from oncall_gitops.core.model.instant import Instant
from oncall_gitops.core.model.interval import Interval
from oncall_gitops.core.model.rotation import Rotation
from oncall_gitops.core.model.when import DAY, WEEK, When
from oncall_gitops.core.resolve import resolve
from oncall_gitops.core.rotate import (
    Add,
    Impossible,
    Move,
    Neighbours,
    Remove,
    Request,
    Tidy,
    neighbours,
    rotate,
)
from oncall_gitops.core.wallclock import zone
from tests.builders import (
    PlaceLike,
    a_layer,
    a_place,
    a_rotation,
    a_schedule,
    an_anchor,
    at,
    following,
    when,
)
from tests.generated import Focus, focuses, rotations, whens
from tests.oracle import Clock, to_instant

T = at("2026-11-22T18:30Z")
"""A Sunday; of alice, bob and carol, who hand off on Mondays from 2026-01-05, alice has the turn until tomorrow."""

THREE = ("alice", "bob", "carol")


def edited(
    request: Request,
    rotation: Rotation | Sequence[PlaceLike] = THREE,
    *,
    now: Instant = T,
    near: Neighbours | None = None,
) -> list[str]:
    """The places afterwards, as a file says them, and the anchor."""
    old = rotation if isinstance(rotation, Rotation) else a_rotation(rotation)
    new = rotate(old, frame(), request, at=now, near=near)
    anchor = [f"anchor {new.anchor.text}"] if new.anchor and new.anchor != old.anchor else []
    return [*(place.text for place in new.places), *anchor]


def frame(timezone: str = "UTC", *, start: str = "2026-01-05", handoff_time: int = 9 * 3600) -> Frame:
    return Frame(zone(timezone), when(start), handoff_time)


# Joining -----------------------------------------------------------------------------------------------


def test_who_joins_last_joins_at_the_next_handoff() -> None:
    assert edited(Add("dave")) == ["alice", "bob", "carol", "{user: dave, from: 2026-11-23}"]


def test_who_joins_after_the_current_turn_lets_the_next_one_go_first() -> None:
    assert edited(Add("dave", after="alice")) == ["alice", "{user: dave, from: 2026-11-30}", "bob", "carol"]


def test_who_joins_last_while_the_last_one_has_the_turn_waits_too() -> None:
    assert edited(Add("dave"), now=T - WEEK)[-1] == "{user: dave, from: 2026-11-23}"


def test_a_date_is_taken_as_given() -> None:
    request = Add("dave", start=when("2026-12-03T12:00"), until=when("2027-01-04"))

    assert edited(request)[-1] == "{user: dave, from: 2026-12-03T12:00, until: 2027-01-04}"


def test_where_somebody_follows_two_turns_ahead_those_turns_stay_as_well() -> None:
    assert edited(Add("dave", after="carol"))[-1] == "{user: dave, from: 2026-11-23}"
    assert edited(Add("dave", after="carol"), near=Neighbours(2, 0))[-1] == "{user: dave, from: 2026-12-14}"


def test_who_left_may_join_again() -> None:
    places: list[PlaceLike] = ["alice", a_place("bob", until="2026-06-01"), "carol"]

    assert edited(Add("bob"), places)[1:] == [
        "{user: bob, until: 2026-06-01}",
        "carol",
        "{user: bob, from: 2026-11-23}",
    ]


def test_before_the_first_handoff_one_joins_at_it() -> None:
    assert edited(Add("dave"), now=at("2025-12-24T00:00Z"))[-1] == "{user: dave, from: 2026-01-05}"


def test_a_handoff_at_another_time_of_day_is_written_as_a_local_time() -> None:
    berlin = frame("Europe/Berlin", start="2026-01-05T13:30")

    new = rotate(a_rotation(THREE), berlin, Add("dave"), at=T)

    assert new.places[-1].text == "{user: dave, from: 2026-11-23T13:30}"


def test_an_anchor_after_the_date_moves_to_the_turn_before_it() -> None:
    rotation = a_rotation(THREE, anchor=an_anchor("2026-12-28", "alice"))

    assert edited(Add("dave"), rotation)[3:] == [
        "{user: dave, from: 2026-11-23}",
        "anchor {at: 2026-11-16, user: alice}",
    ]


@pytest.mark.parametrize("day", ["2026-03-02", "2026-11-18"])
def test_an_anchor_before_the_date_stays(day: str) -> None:
    rotation = a_rotation(THREE, anchor=an_anchor(day, "alice"))

    assert not any("anchor" in line for line in edited(Add("dave"), rotation))


def test_an_anchor_stays_where_no_turn_comes_before_the_date() -> None:
    rotation = a_rotation(THREE, anchor=an_anchor("2026-03-02", "alice"))
    now = at("2025-12-24T00:00Z")

    given = edited(Add("dave", start=when("2026-01-05")), rotation, now=now)
    assert given[3:] == ["{user: dave, from: 2026-01-05}"]
    careful = edited(Add("dave"), rotation, now=now)
    assert careful[3:] == ["{user: dave, from: 2026-01-12}", "anchor {at: 2026-01-05, user: bob}"]


# Leaving -----------------------------------------------------------------------------------------------


def test_who_leaves_finishes_the_running_turn() -> None:
    assert edited(Remove("alice")) == ["{user: alice, until: 2026-11-23}", "bob", "carol"]


def test_who_leaves_gives_up_every_place() -> None:
    places: list[PlaceLike] = ["alice", "bob", a_place("alice", until="2027-03-01"), "carol"]

    assert edited(Remove("alice", until=when("2026-12-14")), places) == [
        "{user: alice, until: 2026-12-14}",
        "bob",
        "{user: alice, until: 2026-12-14}",
        "carol",
    ]


def test_a_place_that_ends_earlier_stays_as_it_is() -> None:
    places: list[PlaceLike] = ["alice", a_place("bob", until="2026-06-01"), "bob"]

    assert edited(Remove("bob"), places)[1:] == [
        "{user: bob, until: 2026-06-01}",
        "{user: bob, until: 2026-11-23}",
    ]


def test_who_has_not_joined_yet_leaves_no_place_behind() -> None:
    assert edited(Remove("bob"), ["alice", a_place("bob", start="2027-01-04")]) == ["alice"]


@pytest.mark.parametrize(
    ("request_", "places", "why"),
    [
        (Remove("dave"), ["alice"], "dave holds no place"),
        (Add("dave", after="erin"), ["alice"], "erin holds no place"),
        (Remove("bob"), ["alice", a_place("bob", until="2026-06-01")], "leaves already, on 2026-06-01"),
        (Remove("bob"), [a_place("bob", start="2027-01-04")], "no place at all"),
        (Remove("bob", when("2026-06-01")), [a_place("bob", start="2026-07-06")], "not after 2026-07-06"),
        (Add("dave", until=when("2026-11-01")), ["alice"], "not after 2026-11"),
        (Move("alice", after="alice"), ["alice", "bob"], "after themselves"),
        (Move("bob", after="alice"), ["alice", "bob", "carol"], "right after alice already"),
        (Move("alice", after="carol"), ["alice", "bob", "carol"], "right after carol already"),
        (Move("bob", after="carol"), ["alice", "bob", "carol", "bob"], "holds 2 places"),
        (Move("bob", after="carol"), ["alice", a_place("bob", until="2026-06-01"), "carol"], "any more"),
    ],
)
def test_what_cannot_be_is_refused(request_: Request, places: list[PlaceLike], why: str) -> None:
    with pytest.raises(Impossible, match=why):
        edited(request_, places)


# Moving ------------------------------------------------------------------------------------------------


def test_who_moves_leaves_the_old_place_when_the_new_one_begins() -> None:
    assert edited(Move("alice", after="bob")) == [
        "{user: alice, until: 2026-11-23}",
        "bob",
        "{user: alice, from: 2026-11-23}",
        "carol",
    ]


def test_who_has_the_next_turn_keeps_it_before_moving() -> None:
    assert edited(Move("bob", after="carol")) == [
        "alice",
        "{user: bob, until: 2026-11-30}",
        "carol",
        "{user: bob, from: 2026-11-30}",
    ]


def test_who_moves_on_a_given_date_keeps_the_end_of_the_old_place() -> None:
    places: list[PlaceLike] = ["alice", a_place("bob", until="2027-06-28"), "carol"]

    assert edited(Move("bob", after="carol", start=when("2026-12-07")), places)[1:] == [
        "{user: bob, until: 2026-12-07}",
        "carol",
        "{user: bob, from: 2026-12-07, until: 2027-06-28}",
    ]


def test_who_has_not_joined_yet_just_changes_places() -> None:
    places: list[PlaceLike] = [a_place("dave", start="2027-01-04"), "alice", "bob"]

    assert edited(Move("dave", after="alice"), places) == [
        "alice",
        "{user: dave, from: 2027-01-04}",
        "bob",
    ]


# Tidying -----------------------------------------------------------------------------------------------


def test_what_has_passed_is_forgotten_and_the_current_turn_is_anchored() -> None:
    places: list[PlaceLike] = [
        a_place("alice", start="2026-03-02"),
        a_place("bob", until="2026-10-05"),
        "carol",
        a_place("dave", start="2027-01-04"),
    ]

    assert edited(Tidy(), places) == [
        "alice",
        "carol",
        "{user: dave, from: 2027-01-04}",
        "anchor {at: 2026-11-16, user: carol}",
    ]


def test_a_date_has_passed_at_its_very_instant() -> None:
    places: list[PlaceLike] = [
        a_place("alice", until="2026-11-23"),
        "bob",
        a_place("carol", start="2026-11-23"),
    ]
    now = at("2026-11-23T09:00Z")

    assert edited(Tidy(), places, now=now) == ["bob", "carol", "anchor {at: 2026-11-23, user: carol}"]
    assert edited(Tidy(), places, now=now - 1) == [
        "{user: alice, until: 2026-11-23}",
        "bob",
        "{user: carol, from: 2026-11-23}",
    ]


def test_where_nothing_has_passed_everything_is_kept() -> None:
    rotation = a_rotation(
        ["alice", a_place("bob", until="2027-01-04")], anchor=an_anchor("2026-03-02", "alice")
    )

    assert rotate(rotation, frame(), Tidy(), at=T) == rotation


def test_the_turns_before_an_anchor_that_is_still_to_come_stay() -> None:
    """Backward from the anchor, the first two turns are alice's, as nobody else was there at the first."""
    rotation = a_rotation(
        ["alice", a_place("bob", start="2026-01-06")], anchor=an_anchor("2026-01-19", "bob")
    )
    now = at("2026-01-08T00:00Z")

    new = rotate(rotation, frame(), Tidy(), at=now)

    window = Interval(now, now + 8 * WEEK)
    assert holders(new, frame(), window) == holders(rotation, frame(), window)


def test_who_left_in_the_running_turn_stays_until_it_ends() -> None:
    places: list[PlaceLike] = [a_place("alice", until="2026-11-20"), "bob", "carol"]

    assert edited(Tidy(), places)[0] == "{user: alice, until: 2026-11-20}", (
        "bob stands in, and has his turn too"
    )
    assert edited(Tidy(), places, now=T + DAY) == ["bob", "carol", "anchor {at: 2026-11-23, user: bob}"]


def test_who_left_and_has_another_place_does_not_get_the_rest_of_the_turn_back() -> None:
    places: list[PlaceLike] = [a_place("alice", until="2026-11-20"), "bob", "alice"]

    assert edited(Tidy(), places)[0] == "{user: alice, until: 2026-11-20}", "bob has the rest of it"


def test_who_left_in_somebody_elses_turn_is_forgotten_at_once() -> None:
    places: list[PlaceLike] = ["alice", a_place("bob", until="2026-11-20"), "carol"]

    assert edited(Tidy(), places) == ["alice", "carol", "anchor {at: 2026-11-16, user: alice}"]


def test_where_everybody_has_left_everything_is_kept() -> None:
    assert edited(Tidy(), [a_place("alice", until="2026-06-01")]) == ["{user: alice, until: 2026-06-01}"]


def test_a_second_place_is_not_taken_for_the_first() -> None:
    places: list[PlaceLike] = ["alice", "bob", "alice", "carol", a_place("dave", until="2026-02-02")]

    def turns(rotation: Rotation) -> list[tuple[Instant, str]]:
        return holders(rotation, frame(), Interval(T, T + 20 * WEEK))

    for week in range(5):
        now = T + week * WEEK
        new = rotate(a_rotation(places), frame(), Tidy(), at=now)
        assert len(new.places) == 4
        assert [t for t in turns(new) if t[0] >= now] == [t for t in turns(a_rotation(places)) if t[0] >= now]


def test_a_schedule_that_follows_behind_keeps_its_turn_too() -> None:
    """Last week's primary has the secondary: bob until Monday, though he has left."""
    rotation = a_rotation(["alice", "carol", a_place("bob", until="2026-11-16")])
    primary, secondary = a_schedule(rotation), a_schedule(following("primary", -1), slug="secondary")
    siblings = {schedule.full_name: schedule for schedule in (primary, secondary)}
    near = neighbours(primary, siblings)
    assert near == (0, 1)

    for now, places in ((T, 3), (T + DAY, 2), (T + 8 * DAY, 2)):
        new = rotate(rotation, frame_of(primary, None), Tidy(), at=now, near=near)
        after = {**siblings, primary.full_name: replace(primary, rotation=new)}
        window = Interval(now, now + 20 * WEEK)
        assert len(new.places) == places
        for name, schedule in siblings.items():
            assert resolve(after[name], window, siblings=after) == resolve(
                schedule, window, siblings=siblings
            )


def test_who_looks_ahead_and_behind_is_found_among_schedules_and_layers_of_the_team() -> None:
    primary = a_schedule(THREE)
    others = [
        a_schedule(following("primary", 2), slug="a"),
        a_schedule(["alice"], slug="b", layers=[a_layer(rotation=following("primary", -3))]),
        a_schedule(following("primary", 9), team="other", slug="c"),
        a_schedule(following("b", 9), slug="d"),
    ]

    assert neighbours(primary, {other.full_name: other for other in others}) == (2, 3)


# Laws --------------------------------------------------------------------------------------------------


def holders(rotation: Rotation, frame: Frame, window: Interval) -> list[tuple[Instant, str]]:
    """Each piece of a turn in a window, by its start and holder."""
    pieces = frame.turns(rotation).between(window)
    return [(max(piece.start, window.start), piece.user) for piece in pieces]


@st.composite
def cases(draw: st.DrawFn) -> tuple[Rotation, Frame, Instant, Focus]:
    """A rotation, how it is read, and a moment around a day on which its clocks change."""
    focus = draw(focuses())
    handoff_time = draw(st.sampled_from([0, 9 * 3600, 23 * 3600]))
    start = draw(whens(focus, -20, 1))
    now = to_instant(focus.midnight, focus.zone) + draw(st.integers(-10 * 24, 10 * 24)) * 3600
    rotation = draw(rotations(focus, Clock(focus.zone, handoff_time), start, until=now + 12 * WEEK))
    valid = tuple(p for p in rotation.places if not (p.start and p.until))
    rotation = replace(rotation, places=valid) if valid and not rotation.anchor else rotation
    return rotation, Frame(zone(focus.zone), start, handoff_time), now, focus


@st.composite
def requests(draw: st.DrawFn, rotation: Rotation, focus: Focus) -> Add | Remove | Move:
    user = draw(st.sampled_from([place.user for place in rotation.places]))
    other = draw(st.sampled_from([place.user for place in rotation.places]))
    date: When | None = draw(st.none() | whens(focus, -8, 8))
    match draw(st.sampled_from(["add", "remove", "move"])):
        case "add":
            return Add("zoe", date, None, draw(st.none() | st.just(other)))
        case "remove":
            return Remove(user, date)
        case _:
            return Move(user, other, date)


@given(st.data())
def test_nothing_before_the_date_changes(data: st.DataObject) -> None:
    rotation, frame, now, focus = data.draw(cases())
    request = data.draw(requests(rotation, focus))
    try:
        new = rotate(rotation, frame, request, at=now)
    except Impossible:
        return
    given = request.until if isinstance(request, Remove) else request.start
    date = frame.instant(given) if given else now
    window = Interval(min(now, date) - 3 * WEEK, date)

    assert frame.turns(new).anchor_fault is None
    assert holders(new, frame, window) == holders(rotation, frame, window)


@given(st.data())
def test_without_a_date_the_running_turn_stays_with_whom_it_is(data: st.DataObject) -> None:
    rotation, frame, now, focus = data.draw(cases())
    request = data.draw(requests(rotation, focus))
    match request:
        case Add():
            request = replace(request, start=None)
        case Move():
            request = replace(request, start=None)
        case Remove():
            request = replace(request, until=None)
    try:
        new = rotate(rotation, frame, request, at=now)
    except Impossible:
        return
    handoffs = [
        h for h in frame.turns(rotation).handoffs.around(Interval(now, now + 4000 * DAY))[1] if h > now
    ]
    coming = sorted(set(handoffs))
    end = coming[0] if isinstance(request, Remove) else coming[1]

    assert holders(new, frame, Interval(now, end)) == holders(rotation, frame, Interval(now, end))


@given(
    st.lists(st.sampled_from("abcdef"), min_size=2, max_size=6, unique=True),
    st.data(),
    st.integers(0, 40),
)
def test_nobody_elses_order_changes(users: list[str], data: st.DataObject, weeks: int) -> None:
    rotation, now = a_rotation(users), T - weeks * WEEK
    user, other = data.draw(st.sampled_from(users)), data.draw(st.sampled_from(users))
    choices: list[Add | Remove | Move] = [Add("zoe", after=other), Remove(user), Move(user, other)]
    one = data.draw(st.sampled_from(choices))
    try:
        new = rotate(rotation, frame(), one, at=now)
    except Impossible:
        return
    window = Interval(now - 4 * WEEK, now + 30 * WEEK)
    before, after = (
        [name for _, name in holders(each, frame(), window) if name != one.user] for each in (rotation, new)
    )
    shared = min(len(before), len(after))

    assert shared >= 15 or len(users) <= 2
    assert before[:shared] == after[:shared]


@given(cases())
def test_tidying_changes_no_turn_from_now_on(case: tuple[Rotation, Frame, Instant, Focus]) -> None:
    rotation, frame, now, _ = case
    new = rotate(rotation, frame, Tidy(), at=now)
    window = Interval(now, now + 40 * WEEK)

    assert frame.turns(new).anchor_fault is None
    assert holders(new, frame, window) == holders(rotation, frame, window)
    assert len(new.places) <= len(rotation.places)
    assert new.anchor is not None or new == rotation


@given(cases(), st.integers(-3, 3))
def test_tidying_changes_no_turn_of_who_follows(
    case: tuple[Rotation, Frame, Instant, Focus], offset: int
) -> None:
    rotation, frame, now, focus = case
    primary = a_schedule(rotation, timezone=focus.zone, start=frame.start.text)
    primary = replace(primary, handoff_time=frame.handoff_time)
    secondary = replace(primary, slug="secondary", rotation=following("primary", offset))
    siblings = {schedule.full_name: schedule for schedule in (primary, secondary)}

    new = rotate(rotation, frame, Tidy(), at=now, near=neighbours(primary, siblings))
    after = {**siblings, primary.full_name: replace(primary, rotation=new)}
    window = Interval(now, now + 10 * WEEK)

    assert resolve(secondary, window, siblings=after) == resolve(secondary, window, siblings=siblings)
