"""What section 3 calls an error, and what it does not. 2026-01-05 is a Monday."""

from __future__ import annotations

from collections import defaultdict

import pytest

from oncall_gitops.core.checks import contradictions
from oncall_gitops.core.model.override import Override
from oncall_gitops.core.model.schedule import Schedule
from oncall_gitops.core.model.state import DesiredState
from oncall_gitops.core.problem import Origin
from oncall_gitops.core.scene import Scene
from tests.builders import a_layer, a_rotation, a_schedule, a_state, an_anchor, an_override

ENDS_EARLY, TAKEN, CLASH, POINTLESS, LATE, LOOSE = "OG501", "OG502", "OG503", "OG504", "OG505", "OG506"


def errors(schedule: Schedule) -> list[str]:
    anywhere: defaultdict[tuple[str, ...], Origin] = defaultdict(lambda: Origin("payments.yaml"))
    return [problem.code for problem in contradictions(Scene(DesiredState(a_state([schedule]), anywhere)))]


def anchored(at: str, user: str) -> Schedule:
    return a_schedule(a_rotation(["alice", ("bob", "2026-01-14", None)], anchor=an_anchor(at, user)))


def test_a_rotation_may_not_start_after_its_start_date() -> None:
    assert errors(a_schedule(a_rotation(start="2026-01-05T09:01"))) == [LATE]
    assert errors(a_schedule(a_rotation(start="2026-01-05"))) == []
    assert errors(a_schedule(layers=[a_layer(rotation=a_rotation(start="2026-01-06"))])) == [LATE]
    assert (
        errors(a_schedule(layers=[a_layer(rotation=a_rotation(start="2026-01-06"), start="2026-01-06")]))
        == []
    )


def test_an_anchor_before_occurrence_0_is_an_error() -> None:
    assert errors(anchored("2026-01-05T08:59", "alice")) == [LOOSE]
    assert errors(anchored("2026-01-05", "alice")) == []


def test_an_anchor_whose_user_holds_no_place_at_that_turns_handoff_is_an_error() -> None:
    # bob joins on 01-14, in the turn of 01-12: that turn cannot be his, the next can.
    assert errors(anchored("2026-01-15", "bob")) == [LOOSE]
    assert errors(anchored("2026-01-19", "bob")) == []
    assert errors(anchored("2026-01-19", "zoe")) == [LOOSE]


def test_an_inactive_layers_priority_stays_taken() -> None:
    layers = [a_layer("a", priority=7, active=False), a_layer("b", priority=7)]

    assert errors(a_schedule(layers=layers)) == [TAKEN]


def test_an_inherited_end_at_or_before_the_layers_own_start_is_the_same_error_as_a_written_one() -> None:
    written = a_layer(start="2026-01-12", end="2026-01-12")
    inherited = a_layer(start="2026-01-12")

    assert errors(a_schedule(layers=[written])) == [ENDS_EARLY]
    assert errors(a_schedule(layers=[inherited], end="2026-01-12")) == [ENDS_EARLY]
    assert errors(a_schedule(layers=[inherited], end="2026-01-13")) == []


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (
            an_override("dave", "2026-01-06", "2026-01-08"),
            an_override("erin", "2026-01-07", "2026-01-09"),
            [CLASH],
        ),
        (
            an_override("dave", "2026-01-06", "2026-01-08"),
            an_override("dave", "2026-01-06", "2026-01-08"),
            [CLASH],
        ),
        (
            an_override("dave", "2026-01-06", "2026-01-08", replaces="bob"),
            an_override("erin", "2026-01-07", "2026-01-09", replaces="bob"),
            [CLASH],
        ),
        # One ends where the other starts.
        (
            an_override("dave", "2026-01-06", "2026-01-07"),
            an_override("erin", "2026-01-07", "2026-01-09"),
            [],
        ),
        # Not in the same way.
        (
            an_override("dave", "2026-01-06", "2026-01-08"),
            an_override("erin", "2026-01-06", "2026-01-08", replaces="bob"),
            [],
        ),
        (
            an_override("dave", "2026-01-06", "2026-01-08", replaces="alice"),
            an_override("erin", "2026-01-06", "2026-01-08", replaces="bob"),
            [],
        ),
    ],
)
def test_two_overrides_that_claim_an_instant_in_the_same_way_are_an_error(
    one: Override, other: Override, expected: list[str]
) -> None:
    assert errors(a_schedule(["alice", "bob"], overrides=[one, other])) == expected


def test_two_overrides_are_compared_as_instants_however_they_are_written() -> None:
    # 02:30 of 2026-03-08 does not exist in New York: it is 03:30, 07:30Z.
    until = an_override("dave", "2026-03-08T01:00", "2026-03-08T02:30")
    at_the_same_instant = an_override("erin", "2026-03-08T03:30", "2026-03-08T05:00")
    a_minute_before = an_override("erin", "2026-03-08T07:29Z", "2026-03-08T05:00")

    def both(other: Override) -> Schedule:
        return a_schedule(["alice"], timezone="America/New_York", overrides=[until, other])

    assert errors(both(at_the_same_instant)) == []
    assert errors(both(a_minute_before)) == [CLASH]


def test_an_override_can_replace_neither_nobody_nor_its_own_user() -> None:
    for user, replaces in (("dave", "nobody"), ("dave", "dave")):
        override = an_override(user, replaces=replaces)
        assert errors(a_schedule(["alice", "dave"], overrides=[override])) == [POINTLESS]


def test_nobody_may_hold_an_override_that_replaces_somebody() -> None:
    assert errors(a_schedule(["alice"], overrides=[an_override("nobody", replaces="alice")])) == []
