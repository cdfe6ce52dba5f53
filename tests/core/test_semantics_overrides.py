"""3.7: overrides. In all tests alice has the week from Monday 2026-01-05 09:00, bob the next, then carol."""

from __future__ import annotations

import pytest

from oncall_gitops.core.model.override import Override
from oncall_gitops.core.model.schedule import Schedule
from tests.builders import a_layer, a_rotation, a_schedule, an_override, window
from tests.core.answers import resolved


def covered_by(*overrides: Override) -> Schedule:
    return a_schedule(["alice", "bob", "carol"], overrides=overrides)


def unmanaged(
    user: str,
    start: str,
    end: str,
    *,
    replaces: str | None = None,
    created_at: str = "2026-01-01T00:00Z",
    id: str = "",
) -> Override:
    return an_override(user, start, end, replaces=replaces, managed=False, created_at=created_at, id=id)


def test_without_replaces_the_user_is_on_call_for_all_of_it_gaps_included() -> None:
    schedule = a_schedule(
        layers=[a_layer(restrictions=window("12:00", "13:00"))],
        overrides=[an_override("dave", "2026-01-06T10:00", "2026-01-06T14:00")],
    )

    assert resolved(schedule, "2026-01-06", "2026-01-07", sources=True) == [
        "override: dave 2026-01-06T10:00Z 2026-01-06T14:00Z",
    ]


def test_its_end_is_exclusive_and_bare_dates_are_at_midnight_in_the_schedules_zone() -> None:
    schedule = a_schedule(
        overrides=[an_override("dave", "2026-01-06", "2026-01-08")], timezone="America/New_York"
    )

    assert resolved(schedule, "2026-01-01", "2026-02-01") == ["dave 2026-01-06T05:00Z 2026-01-08T05:00Z"]


def test_an_override_may_be_written_in_instants() -> None:
    schedule = a_schedule(
        overrides=[an_override("dave", "2026-01-06T10:00Z", "2026-01-06T12:00+01:00")],
        timezone="America/New_York",
    )

    assert resolved(schedule, "2026-01-01", "2026-02-01") == ["dave 2026-01-06T10:00Z 2026-01-06T11:00Z"]


def test_with_replaces_the_user_takes_exactly_the_hours_that_the_replaced_one_would_have_had() -> None:
    # A whole holiday in one line: of the two weeks bob has one.
    schedule = covered_by(an_override("dave", "2026-01-08", "2026-01-23", replaces="bob"))

    assert resolved(schedule, "2026-01-05", "2026-01-26T09:00Z", sources=True) == [
        "base: alice 2026-01-05T09:00Z 2026-01-12T09:00Z",
        "override: dave 2026-01-12T09:00Z 2026-01-19T09:00Z",
        "base: carol 2026-01-19T09:00Z 2026-01-26T09:00Z",
    ]


def test_with_replaces_gaps_stay_gaps() -> None:
    schedule = a_schedule(
        layers=[a_layer(rotation=["bob"], restrictions=window("12:00", "13:00"))],
        overrides=[an_override("dave", "2026-01-06", "2026-01-07", replaces="bob")],
    )

    assert resolved(schedule, "2026-01-06", "2026-01-08") == [
        "dave 2026-01-06T12:00Z 2026-01-06T13:00Z",
        "bob 2026-01-07T12:00Z 2026-01-07T13:00Z",
    ]


def test_the_replaced_users_hours_are_those_below_all_overrides_in_whatever_layer() -> None:
    # bob has the base; zoe's layer covers noon; bob's own layer covers the evening.
    layers = [
        a_layer("noon", ["zoe"], priority=1, restrictions=window("12:00", "13:00")),
        a_layer("evening", ["bob"], priority=2, restrictions=window("18:00", "20:00")),
    ]
    schedule = a_schedule(
        a_rotation(["bob"], start="2026-01-05"),
        layers=layers,
        overrides=[an_override("dave", "2026-01-06T10:00", "2026-01-06T19:00", replaces="bob")],
    )

    assert resolved(schedule, "2026-01-06T09:00Z", "2026-01-06T21:00Z", sources=True) == [
        "base: bob 2026-01-06T09:00Z 2026-01-06T10:00Z",
        "override: dave 2026-01-06T10:00Z 2026-01-06T12:00Z",
        "layer:noon: zoe 2026-01-06T12:00Z 2026-01-06T13:00Z",
        "override: dave 2026-01-06T13:00Z 2026-01-06T19:00Z",
        "layer:evening: bob 2026-01-06T19:00Z 2026-01-06T20:00Z",
        "base: bob 2026-01-06T20:00Z 2026-01-06T21:00Z",
    ]


def test_it_replaces_a_substitute_too() -> None:
    schedule = a_schedule(
        a_rotation(["alice", ("bob", None, "2026-01-14"), "carol"]),
        overrides=[an_override("dave", "2026-01-13", "2026-01-16", replaces="carol")],
    )

    assert resolved(schedule, "2026-01-12T09:00Z", "2026-01-19T09:00Z") == [
        "bob 2026-01-12T09:00Z 2026-01-14T09:00Z",
        "dave 2026-01-14T09:00Z 2026-01-16T00:00Z",
        "carol 2026-01-16T00:00Z 2026-01-19T09:00Z",
    ]


def test_it_does_not_chain() -> None:
    # dave covers bob; erin covers dave. dave has no hours below all overrides, so erin gets none.
    schedule = covered_by(
        an_override("dave", "2026-01-12", "2026-01-20", replaces="bob"),
        an_override("erin", "2026-01-12", "2026-01-20", replaces="dave"),
    )

    assert resolved(schedule, "2026-01-12", "2026-01-20") == [
        "alice 2026-01-12T00:00Z 2026-01-12T09:00Z",
        "dave 2026-01-12T09:00Z 2026-01-19T09:00Z",
        "carol 2026-01-19T09:00Z 2026-01-20T00:00Z",
    ]


def test_two_people_may_swap() -> None:
    schedule = covered_by(
        an_override("bob", "2026-01-05", "2026-01-12T09:00", replaces="alice"),
        an_override("alice", "2026-01-12T09:00", "2026-01-19T09:00", replaces="bob"),
    )

    assert resolved(schedule, "2026-01-05", "2026-01-26T09:00Z") == [
        "bob 2026-01-05T09:00Z 2026-01-12T09:00Z",
        "alice 2026-01-12T09:00Z 2026-01-19T09:00Z",
        "carol 2026-01-19T09:00Z 2026-01-26T09:00Z",
    ]


def test_where_the_replaced_user_is_not_on_call_it_lets_the_next_override_through() -> None:
    # The unmanaged one comes first and replaces bob, who has nothing before 01-12 09:00.
    schedule = covered_by(
        unmanaged("erin", "2026-01-11", "2026-01-13", replaces="bob"),
        an_override("dave", "2026-01-11", "2026-01-14"),
    )

    assert resolved(schedule, "2026-01-10", "2026-01-15") == [
        "alice 2026-01-10T00:00Z 2026-01-11T00:00Z",
        "dave 2026-01-11T00:00Z 2026-01-12T09:00Z",
        "erin 2026-01-12T09:00Z 2026-01-13T00:00Z",
        "dave 2026-01-13T00:00Z 2026-01-14T00:00Z",
        "bob 2026-01-14T00:00Z 2026-01-15T00:00Z",
    ]


def test_unmanaged_overrides_come_before_managed_ones_whatever_their_kind() -> None:
    schedule = covered_by(
        an_override("dave", "2026-01-12T09:00", "2026-01-16"),
        an_override("frank", "2026-01-12T09:00", "2026-01-18", replaces="bob"),
        unmanaged("erin", "2026-01-13", "2026-01-14", replaces="bob"),
        unmanaged("gina", "2026-01-14", "2026-01-15"),
    )

    assert resolved(schedule, "2026-01-12T09:00Z", "2026-01-19T09:00Z") == [
        "dave 2026-01-12T09:00Z 2026-01-13T00:00Z",
        "erin 2026-01-13T00:00Z 2026-01-14T00:00Z",
        "gina 2026-01-14T00:00Z 2026-01-15T00:00Z",
        "dave 2026-01-15T00:00Z 2026-01-16T00:00Z",
        "frank 2026-01-16T00:00Z 2026-01-18T00:00Z",
        "bob 2026-01-18T00:00Z 2026-01-19T09:00Z",
    ]


def test_among_unmanaged_ones_the_later_created_wins_whatever_its_kind() -> None:
    older = unmanaged("erin", "2026-01-12T09:00", "2026-01-16", created_at="2026-01-02T00:00Z", id="9")
    newer = unmanaged(
        "gina", "2026-01-13", "2026-01-14", created_at="2026-01-03T00:00Z", id="1", replaces="bob"
    )
    newest = unmanaged("hana", "2026-01-13T12:00", "2026-01-15", created_at="2026-01-04T00:00Z", id="0")

    assert resolved(covered_by(older, newer, newest), "2026-01-12T09:00Z", "2026-01-16") == [
        "erin 2026-01-12T09:00Z 2026-01-13T00:00Z",
        "gina 2026-01-13T00:00Z 2026-01-13T12:00Z",
        "hana 2026-01-13T12:00Z 2026-01-15T00:00Z",
        "erin 2026-01-15T00:00Z 2026-01-16T00:00Z",
    ]


@pytest.mark.parametrize(("erins", "ginas", "winner"), [("3f25", "a1b2", "gina"), ("a1b2", "3f25", "erin")])
def test_among_unmanaged_ones_of_one_instant_the_greater_id_wins(erins: str, ginas: str, winner: str) -> None:
    rest = "04e0-4f89-41d3-9a0c-0305e82c3301"
    one = unmanaged("erin", "2026-01-13", "2026-01-15", id=f"{erins}{rest}")
    other = unmanaged("gina", "2026-01-13", "2026-01-15", id=f"{ginas}{rest}", replaces="bob")

    assert resolved(covered_by(one, other), "2026-01-13", "2026-01-15") == [
        f"{winner} 2026-01-13T00:00Z 2026-01-15T00:00Z",
    ]


def test_among_managed_ones_those_without_replaces_come_first() -> None:
    schedule = covered_by(
        an_override("dave", "2026-01-13", "2026-01-16", replaces="bob"),
        an_override("erin", "2026-01-14", "2026-01-15"),
    )

    assert resolved(schedule, "2026-01-13", "2026-01-16") == [
        "dave 2026-01-13T00:00Z 2026-01-14T00:00Z",
        "erin 2026-01-14T00:00Z 2026-01-15T00:00Z",
        "dave 2026-01-15T00:00Z 2026-01-16T00:00Z",
    ]


def test_overrides_that_replace_different_users_lie_side_by_side() -> None:
    schedule = covered_by(
        an_override("dave", "2026-01-05", "2026-01-26", replaces="alice"),
        an_override("erin", "2026-01-05", "2026-01-26", replaces="bob"),
    )

    assert resolved(schedule, "2026-01-05", "2026-01-26T09:00Z") == [
        "dave 2026-01-05T09:00Z 2026-01-12T09:00Z",
        "erin 2026-01-12T09:00Z 2026-01-19T09:00Z",
        "carol 2026-01-19T09:00Z 2026-01-26T09:00Z",
    ]


def test_nobody_may_hold_an_override_and_lower_layers_do_not_show_through() -> None:
    schedule = covered_by(an_override("nobody", "2026-01-06", "2026-01-07"))

    assert resolved(schedule, "2026-01-05", "2026-01-08") == [
        "alice 2026-01-05T09:00Z 2026-01-06T00:00Z",
        "alice 2026-01-07T00:00Z 2026-01-08T00:00Z",
    ]


def test_nobody_may_replace_somebody() -> None:
    schedule = covered_by(an_override("nobody", "2026-01-08", "2026-01-14", replaces="bob"))

    assert resolved(schedule, "2026-01-08", "2026-01-15") == [
        "alice 2026-01-08T00:00Z 2026-01-12T09:00Z",
        "bob 2026-01-14T00:00Z 2026-01-15T00:00Z",
    ]


def test_an_unmanaged_nobody_hides_a_managed_override() -> None:
    schedule = covered_by(
        an_override("dave", "2026-01-06", "2026-01-08"), unmanaged("nobody", "2026-01-07", "2026-01-08")
    )

    assert resolved(schedule, "2026-01-06", "2026-01-09") == [
        "dave 2026-01-06T00:00Z 2026-01-07T00:00Z",
        "alice 2026-01-08T00:00Z 2026-01-09T00:00Z",
    ]
