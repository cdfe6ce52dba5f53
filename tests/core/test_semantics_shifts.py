"""3.8: what a shift is. Weekly turns begin on Mondays at 09:00 from 2026-01-05 on."""

from __future__ import annotations

from itertools import pairwise

from oncall_gitops.core.resolve import resolve, resolve_whole
from tests.builders import (
    a_layer,
    a_place,
    a_rotation,
    a_schedule,
    an_override,
    shift_line,
    span,
    whole_days,
    window,
)
from tests.core.answers import resolved


def test_shifts_are_in_order_and_without_overlap() -> None:
    schedule = a_schedule(
        ["alice", "bob"],
        layers=[a_layer(restrictions=window("22:00", "06:00"))],
        overrides=[an_override("dave", "2026-01-06T23:00", "2026-01-07T12:00", replaces="alice")],
    )
    shifts = resolve(schedule, span("2026-01-05", "2026-02-05"), siblings={})

    assert all(shift.start < shift.end for shift in shifts)
    assert all(before.end <= after.start for before, after in pairwise(shifts))


def test_a_handoff_between_two_turns_of_one_user_is_a_boundary() -> None:
    assert resolved(a_schedule(["alice"]), "2026-01-05", "2026-01-19T09:00Z") == [
        "alice 2026-01-05T09:00Z 2026-01-12T09:00Z",
        "alice 2026-01-12T09:00Z 2026-01-19T09:00Z",
    ]


def test_a_run_in_which_user_source_and_turn_stay_the_same_is_one_shift_however_windows_meet() -> None:
    layer = a_layer(rotation=a_rotation(["zoe"]), restrictions=(whole_days("SAT"), whole_days("SUN")))

    assert resolved(a_schedule(layers=[layer]), "2026-01-05", "2026-01-12") == [
        "zoe 2026-01-10T00:00Z 2026-01-12T00:00Z",
    ]


def test_a_substitute_is_a_boundary() -> None:
    schedule = a_schedule(a_rotation([("alice", None, "2026-01-07"), "bob"]))

    assert resolved(schedule, "2026-01-05", "2026-01-12T09:00Z") == [
        "alice 2026-01-05T09:00Z 2026-01-07T09:00Z",
        "bob 2026-01-07T09:00Z 2026-01-12T09:00Z",
    ]


def test_a_substitute_who_is_the_same_user_in_another_place_is_no_boundary() -> None:
    schedule = a_schedule(a_rotation([a_place("alice", until="2026-01-07"), a_place("alice")]))

    assert resolved(schedule, "2026-01-05", "2026-01-12T09:00Z") == [
        "alice 2026-01-05T09:00Z 2026-01-12T09:00Z",
    ]


def test_the_source_is_a_boundary_even_for_the_same_user() -> None:
    schedule = a_schedule(
        ["alice"], layers=[a_layer(rotation=["alice"], restrictions=window("12:00", "13:00"))]
    )

    assert resolved(schedule, "2026-01-06T11:00Z", "2026-01-06T14:00Z", sources=True) == [
        "base: alice 2026-01-06T11:00Z 2026-01-06T12:00Z",
        "layer:top: alice 2026-01-06T12:00Z 2026-01-06T13:00Z",
        "base: alice 2026-01-06T13:00Z 2026-01-06T14:00Z",
    ]


def test_handoffs_below_an_override_make_no_boundary() -> None:
    schedule = a_schedule(
        a_rotation(["alice", "bob"], type="daily"),
        overrides=[an_override("dave", "2026-01-06", "2026-01-10")],
    )

    assert resolved(schedule, "2026-01-06", "2026-01-10", sources=True) == [
        "override: dave 2026-01-06T00:00Z 2026-01-10T00:00Z",
    ]


def test_handoffs_below_an_override_that_replaces_make_no_boundary() -> None:
    # bob has two turns in a row, and a layer's window in them as well.
    schedule = a_schedule(
        a_rotation(["bob", "bob", "carol"], type="daily"),
        layers=[a_layer(rotation=["bob"], restrictions=window("12:00", "13:00", on="TUE"))],
        overrides=[an_override("dave", "2026-01-05", "2026-01-12", replaces="bob")],
    )

    assert resolved(schedule, "2026-01-05", "2026-01-08T09:00Z", sources=True) == [
        "override: dave 2026-01-05T09:00Z 2026-01-07T09:00Z",
        "base: carol 2026-01-07T09:00Z 2026-01-08T09:00Z",
    ]


def test_two_overrides_of_one_user_always_make_a_boundary() -> None:
    schedule = a_schedule(
        ["alice"],
        overrides=[
            an_override("dave", "2026-01-06", "2026-01-07"),
            an_override("dave", "2026-01-07", "2026-01-08"),
        ],
    )

    assert resolved(schedule, "2026-01-06", "2026-01-08") == [
        "dave 2026-01-06T00:00Z 2026-01-07T00:00Z",
        "dave 2026-01-07T00:00Z 2026-01-08T00:00Z",
    ]


def test_two_overrides_of_one_user_that_replace_different_people_make_a_boundary() -> None:
    schedule = a_schedule(
        ["alice", "bob"],
        overrides=[
            an_override("dave", "2026-01-06", "2026-01-14", replaces="alice"),
            an_override("dave", "2026-01-06", "2026-01-14", replaces="bob"),
        ],
    )

    assert resolved(schedule, "2026-01-06", "2026-01-14") == [
        "dave 2026-01-06T00:00Z 2026-01-12T09:00Z",
        "dave 2026-01-12T09:00Z 2026-01-14T00:00Z",
    ]


def test_a_turn_that_something_else_interrupts_is_two_shifts() -> None:
    schedule = a_schedule(["alice"], overrides=[an_override("nobody", "2026-01-06", "2026-01-07")])

    assert resolved(schedule, "2026-01-05", "2026-01-08") == [
        "alice 2026-01-05T09:00Z 2026-01-06T00:00Z",
        "alice 2026-01-07T00:00Z 2026-01-08T00:00Z",
    ]


def test_a_shift_knows_where_it_came_from() -> None:
    schedule = a_schedule(
        ["alice"],
        layers=[a_layer("nights", restrictions=window("22:00", "06:00"))],
        overrides=[an_override("dave", "2026-01-06T05:00", "2026-01-06T07:00")],
    )
    shifts = resolve(schedule, span("2026-01-06T04:00Z", "2026-01-06T08:00Z"), siblings={})

    assert [shift.source for shift in shifts] == ["layer:nights", "override", "base"]


def test_resolving_clips_to_the_window_and_resolving_whole_does_not() -> None:
    schedule = a_schedule(["alice", "bob"])
    within = span("2026-01-08", "2026-01-14")

    assert [shift_line(shift) for shift in resolve(schedule, within, siblings={})] == [
        "alice 2026-01-08T00:00Z 2026-01-12T09:00Z",
        "bob 2026-01-12T09:00Z 2026-01-14T00:00Z",
    ]
    assert [shift_line(shift) for shift in resolve_whole(schedule, within, siblings={})] == [
        "alice 2026-01-05T09:00Z 2026-01-12T09:00Z",
        "bob 2026-01-12T09:00Z 2026-01-19T09:00Z",
    ]


def test_whole_shifts_are_those_that_intersect_the_window_and_no_others() -> None:
    schedule = a_schedule(["alice", "bob"])

    assert [
        shift_line(shift)
        for shift in resolve_whole(schedule, span("2026-01-12T09:00Z", "2026-01-19T09:00Z"), siblings={})
    ] == ["bob 2026-01-12T09:00Z 2026-01-19T09:00Z"]


def test_a_whole_shift_may_reach_far_beyond_the_window() -> None:
    yearly = a_rotation(["alice", "bob"], rrule="FREQ=YEARLY", start="2020-01-05")
    long = an_override("dave", "2025-06-01", "2027-06-01")

    assert [
        shift_line(shift)
        for shift in resolve_whole(a_schedule(yearly), span("2026-03-01", "2026-03-02"), siblings={})
    ] == ["alice 2026-01-05T09:00Z 2027-01-05T09:00Z"]
    assert [
        shift_line(shift)
        for shift in resolve_whole(
            a_schedule(["alice"], overrides=[long]), span("2026-03-01", "2026-03-02"), siblings={}
        )
    ] == ["dave 2025-06-01T00:00Z 2027-06-01T00:00Z"]


def test_an_empty_window_has_no_shifts() -> None:
    assert resolve(a_schedule(["alice"]), span("2026-01-08", "2026-01-08"), siblings={}) == []


def test_whole_shifts_are_whole_to_the_end_of_2099() -> None:
    shifts = resolve_whole(a_schedule(["alice", "bob"]), span("2098-03-01", "2098-03-02"), siblings={})

    assert [shift_line(shift) for shift in shifts] == ["alice 2098-02-24T09:00Z 2098-03-03T09:00Z"]
