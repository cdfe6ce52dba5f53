"""Advice: the same edit, written so that nobody else's turn moves; tried by applying it verbatim."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oncall_gitops.core.advice import Advice
from oncall_gitops.core.model.instant import Instant
from oncall_gitops.core.model.interval import Interval
from oncall_gitops.core.model.schedule import Schedule
from oncall_gitops.core.resolve import Timetable
from tests.builders import PlaceLike, a_layer, a_schedule, a_state, a_user, at
from tests.core.test_proposal import T, live, proposal, stored

NEXT_MONDAY = at("2026-11-23T09:00Z")
PEOPLE = [a_user(slug) for slug in ("alice", "bob", "carol", "dave", "erin", "frank")]


def advice(before: Schedule, after: Schedule) -> list[Advice]:
    old, new = a_state([before], users=PEOPLE), a_state([after], users=PEOPLE)
    return list(proposal(new, live(old), stored(old)).advice)


def on_users(before: Sequence[PlaceLike], after: Sequence[PlaceLike]) -> str | None:
    """The advised YAML for an edit of a weekly rotation that hands off on Mondays; T is a Sunday."""
    found = advice(a_schedule(before), a_schedule(after))
    return found[0].yaml if found else None


def test_an_undated_append_gets_the_date_of_the_next_handoff() -> None:
    assert on_users(["alice", "bob", "carol"], ["alice", "bob", "carol", "dave"]) == (
        "users:\n  - alice\n  - bob\n  - carol\n  - {user: dave, from: 2026-11-23}\n"
    )


def test_who_joins_right_after_the_current_turn_joins_one_handoff_later() -> None:
    assert on_users(["alice", "bob", "carol"], ["alice", "dave", "bob", "carol"]) == (
        "users:\n  - alice\n  - {user: dave, from: 2026-11-30}\n  - bob\n  - carol\n"
    )


def test_who_leaves_gets_an_until() -> None:
    assert on_users(["alice", "bob", "carol"], ["bob", "carol"]) == (
        "users:\n  - {user: alice, until: 2026-11-23}\n  - bob\n  - carol\n"
    )


def test_who_takes_over_a_place_stands_before_the_one_who_leaves_it() -> None:
    assert on_users(["alice", "bob", "carol"], ["dave", "bob", "carol"]) == (
        "users:\n  - {user: dave, from: 2026-11-23}\n  - {user: alice, until: 2026-11-23}\n  - bob\n  - carol\n"
    )


def test_a_new_order_gets_an_anchor_that_keeps_who_is_on_call_now() -> None:
    assert on_users(["alice", "bob", "carol"], ["carol", "bob", "alice"]) == (
        "users:\n  - carol\n  - bob\n  - alice\nanchor: {at: 2026-11-16, user: alice}\n"
    )


@pytest.mark.parametrize(
    "after",
    [
        ["alice", "bob", "carol", ("dave", "2026-11-30", None)],
        ["alice", "bob", ("carol", None, "2026-12-14")],
        ["alice", "bob", "carol"],
    ],
)
def test_a_careful_edit_gets_no_advice(after: list[PlaceLike]) -> None:
    assert on_users(["alice", "bob", "carol"], after) is None


def test_a_layers_rotation_is_advised_in_its_own_zone() -> None:
    def schedule(users: Sequence[str]) -> Schedule:
        layer = a_layer(rotation=users, timezone="America/New_York", handoff_time="08:30")
        return a_schedule(["alice"], layers=[layer])

    [found] = advice(schedule(["bob", "carol"]), schedule(["bob", "carol", "dave"]))

    assert (found.schedule, found.layer, found.code) == ("payments/primary", "top", "undated-edit")
    assert "{user: dave, from: 2026-11-30}" in found.yaml, "carol has the turn; dave is right after her"


def test_a_handoff_that_is_not_at_the_handoff_time_is_written_as_a_local_time() -> None:
    def schedule(users: Sequence[str]) -> Schedule:
        return a_schedule(users, start="2026-01-05T13:30", timezone="Europe/Berlin")

    [found] = advice(schedule(["alice", "bob", "carol"]), schedule(["alice", "bob", "carol", "dave"]))

    assert "{user: dave, from: 2026-11-23T13:30}" in found.yaml


def test_a_delete_and_a_create_that_look_alike_get_the_line_that_keeps_the_history() -> None:
    [found] = advice(a_schedule(["alice"]), a_schedule(["alice"], slug="first"))

    assert (found.code, found.yaml) == ("looks-like-a-rename", "renamed_from: primary\n")


slugs = st.sampled_from(["alice", "bob", "carol", "dave", "erin", "frank"])
orders = st.lists(slugs, min_size=1, max_size=5, unique=True)


@given(orders, orders)
def test_applied_verbatim_it_keeps_everybody_elses_current_and_next_turn(
    before: list[str], after: list[str]
) -> None:
    old = a_schedule(before)
    given = advice(old, a_schedule(after))
    if not given or given[0].rotation is None:
        return
    [found] = given
    advised = replace(old, rotation=found.rotation)
    handoff = NEXT_MONDAY

    assert holder(advised, T) == holder(old, T), "who is on call now stays"
    if "anchor" not in found.yaml and holder(old, handoff) in after:
        assert holder(advised, handoff) == holder(old, handoff), "and who is next, unless they leave"
    for moment in range(T - 60 * 86_400, T, 86_400):
        if "anchor" not in found.yaml:
            assert holder(advised, moment) == holder(old, moment), "what was is told as it was"
    later = [holder(advised, handoff + week * 7 * 86_400) for week in range(3, 3 + 2 * len(after))]
    assert set(later) == set(after), "and in the end the rotation is the one that was asked for"
    assert not advice(advised, advised)


def holder(schedule: Schedule, moment: Instant) -> str | None:
    shifts = Timetable(schedule, siblings={}).shifts(Interval(moment, moment + 1))
    return shifts[0].user if shifts else None
