"""What a plan does to people, over a window."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from oncall_gitops.core.impact import Impact, NextHolder, assess
from oncall_gitops.core.model.interval import Interval
from oncall_gitops.core.workload import Held, Load
from tests.builders import at

WINDOW = Interval(0, 100)


def impact(before: dict[str, list[Held]], after: dict[str, list[Held]]) -> Impact:
    return assess(before, after, window=WINDOW, cause=lambda *_: "files", zone_of=lambda *_: "UTC")


def spans(found: Impact) -> list[tuple[str, int, int, str | None, str | None]]:
    return [span[:5] for span in found.shifts]


def test_equal_runs_have_no_impact() -> None:
    runs = {"a/x": [Held(0, 50, "alice"), Held(50, 100, "bob")]}

    assert (impact(runs, runs).shifts, impact(runs, runs).hours) == ((), ())


def test_spans_are_merged_to_the_longest_with_one_holder_before_and_one_after() -> None:
    before = [Held(0, 20, "alice"), Held(20, 60, "alice"), Held(60, 100, "bob")]
    after = [Held(0, 40, "carol"), Held(40, 70, "carol"), Held(70, 100, "bob")]

    assert spans(impact({"a/x": before}, {"a/x": after})) == [
        ("a/x", 0, 60, "alice", "carol"),
        ("a/x", 60, 70, "bob", "carol"),
    ]


def test_runs_that_leave_the_window_count_only_inside_it() -> None:
    found = impact({"a/x": [Held(-500, 300, "alice")]}, {"a/x": [Held(-500, 30, "alice")]})

    assert spans(found) == [("a/x", 30, 100, "alice", None)]
    assert [(h.user, h.before.total, h.after.total) for h in found.hours] == [("alice", 100, 30)]


def test_who_is_on_call_now_is_told_for_every_schedule() -> None:
    found = impact({"a/x": [Held(0, 9, "alice")], "a/y": []}, {"a/x": [Held(0, 9, "bob")], "b/z": []})

    assert [now[:3] for now in found.on_call_now] == [
        ("a/x", "alice", "bob"),
        ("a/y", None, None),
        ("b/z", None, None),
    ]


def test_gaps_that_open_and_close_are_told_whole_and_only_of_schedules_on_both_sides() -> None:
    before = {
        "a/x": [Held(0, 10, "alice"), Held(10, 20, "bob"), Held(60, 100, "bob")],
        "a/gone": [Held(0, 9, "bob")],
    }
    after = {"a/x": [Held(20, 50, "alice"), Held(60, 100, "bob")], "a/new": [Held(0, 9, "bob")]}

    found = impact(before, after)

    assert [tuple(gap) for gap in found.gaps_opened] == [("a/x", 0, 20)]
    assert [tuple(gap) for gap in found.gaps_closed] == [("a/x", 20, 50)]


def test_who_is_next_is_the_first_other_holder_in_the_window() -> None:
    before = [Held(0, 9, "alice"), Held(9, 20, "alice"), Held(30, 40, "bob")]
    [now] = impact({"a/x": before}, {"a/x": before[:2]}).on_call_now

    assert (now.next_before, now.next_after) == (NextHolder(30, "bob"), None)


def test_nights_and_weekends_are_counted_where_the_person_lives() -> None:
    friday = Held(at("2026-11-20T17:00Z"), at("2026-11-21T17:00Z"), "alice")

    def load(timezone: str) -> Load:
        window = Interval(at("2026-11-16T00:00Z"), at("2026-11-30T00:00Z"))
        [hours] = assess(
            {}, {"a/x": [friday]}, window=window, cause=lambda *_: "files", zone_of=lambda *_: timezone
        ).hours
        return hours.after

    hour = 3600
    assert load("UTC") == Load(24 * hour, 8 * hour, 17 * hour)
    assert load("Asia/Tokyo") == Load(24 * hour, 8 * hour, 24 * hour), "Saturday 02:00 to Sunday 02:00"


def test_hours_that_somebody_newly_has_in_two_schedules_are_told() -> None:
    before = {"a/x": [Held(0, 50, "alice")], "a/y": [Held(40, 60, "alice")]}
    after = {"a/x": [Held(0, 50, "alice")], "a/y": [Held(20, 70, "alice")]}

    assert [tuple(shared) for shared in impact(before, after).newly_shared] == [
        ("alice", 20, 40, ("a/x", "a/y"))
    ]
    assert impact(after, after).newly_shared == ()


runs = st.lists(st.tuples(st.integers(1, 30), st.sampled_from(["alice", "bob", ""])), max_size=8).map(
    lambda pieces: [
        Held(start, start + length, user)
        for start, (length, user) in zip(_starts(pieces), pieces, strict=True)
        if user
    ]
)


def _starts(pieces: list[tuple[int, str]]) -> list[int]:
    starts, start = [], -20
    for length, _ in pieces:
        starts.append(start)
        start += length
    return starts


@given(runs, runs)
def test_spans_agree_with_asking_at_every_instant(before: list[Held], after: list[Held]) -> None:
    found = impact({"a/x": before}, {"a/x": after})

    told: dict[int, tuple[str | None, str | None]] = {}
    for span in found.shifts:
        told |= dict.fromkeys(range(span.start, span.end), (span.before, span.after))
    for moment in range(*WINDOW):
        holders = (_holder(before, moment), _holder(after, moment))
        assert told.get(moment) == (holders if holders[0] != holders[1] else None)
    totals = {hours.user: (hours.before.total, hours.after.total) for hours in found.hours}
    for user in ("alice", "bob"):
        counted = tuple(
            sum(_holder(side, moment) == user for moment in range(*WINDOW)) for side in (before, after)
        )
        assert totals.get(user, counted) == counted
        assert (user in totals) == (counted[0] != counted[1])


def _holder(held: list[Held], moment: int) -> str | None:
    return next((run.user for run in held if run.start <= moment < run.end), None)
