"""3.6: who wins at each instant, and what a layer inherits. 2026-01-05 is a Monday."""

from __future__ import annotations

from oncall_gitops.core.resolve import gaps, resolve
from tests.builders import a_layer, a_rotation, a_schedule, an_override, gap_line, span, window
from tests.core.answers import resolved

EVERY_WEEK = a_rotation(["zoe"], start="2026-01-01T00:00", interval=52)


def test_overrides_beat_layers_which_beat_the_base_rotation() -> None:
    schedule = a_schedule(
        ["alice"],
        layers=[a_layer(restrictions=window("12:00", "20:00"))],
        overrides=[an_override("dave", "2026-01-06T14:00", "2026-01-06T22:00")],
    )

    assert resolved(schedule, "2026-01-06T10:00Z", "2026-01-07", sources=True) == [
        "base: alice 2026-01-06T10:00Z 2026-01-06T12:00Z",
        "layer:top: zoe 2026-01-06T12:00Z 2026-01-06T14:00Z",
        "override: dave 2026-01-06T14:00Z 2026-01-06T22:00Z",
        "base: alice 2026-01-06T22:00Z 2026-01-07T00:00Z",
    ]


def test_the_layer_with_the_higher_priority_wins_whatever_the_order_of_slugs() -> None:
    for low, high in (("a", "b"), ("b", "a")):
        layers = [
            a_layer(low, ["lars"], priority=9, restrictions=window("10:00", "16:00")),
            a_layer(high, ["maria"], priority=10, restrictions=window("12:00", "14:00")),
        ]
        assert resolved(a_schedule(layers=layers), "2026-01-06", "2026-01-07", sources=True) == [
            f"layer:{low}: lars 2026-01-06T10:00Z 2026-01-06T12:00Z",
            f"layer:{high}: maria 2026-01-06T12:00Z 2026-01-06T14:00Z",
            f"layer:{low}: lars 2026-01-06T14:00Z 2026-01-06T16:00Z",
        ]


def test_a_layer_that_is_restricted_lets_the_one_below_through() -> None:
    schedule = a_schedule(["alice"], layers=[a_layer(restrictions=window("12:00", "13:00"))])

    assert resolved(schedule, "2026-01-06T11:00Z", "2026-01-06T14:00Z") == [
        "alice 2026-01-06T11:00Z 2026-01-06T12:00Z",
        "zoe 2026-01-06T12:00Z 2026-01-06T13:00Z",
        "alice 2026-01-06T13:00Z 2026-01-06T14:00Z",
    ]


def test_a_layer_that_is_not_begun_or_has_ended_lets_the_one_below_through() -> None:
    layer = a_layer(rotation=EVERY_WEEK, start="2026-01-06T12:00", end="2026-01-06T18:00")
    schedule = a_schedule(["alice"], layers=[layer])

    assert resolved(schedule, "2026-01-06T10:00Z", "2026-01-06T20:00Z") == [
        "alice 2026-01-06T10:00Z 2026-01-06T12:00Z",
        "zoe 2026-01-06T12:00Z 2026-01-06T18:00Z",
        "alice 2026-01-06T18:00Z 2026-01-06T20:00Z",
    ]


def test_a_layer_that_is_empty_lets_the_one_below_through() -> None:
    layer = a_layer(rotation=a_rotation([("zoe", "2026-01-12", "2026-01-14")]))
    schedule = a_schedule(["alice"], layers=[layer])

    assert resolved(schedule, "2026-01-05", "2026-01-16") == [
        "alice 2026-01-05T09:00Z 2026-01-12T09:00Z",
        "zoe 2026-01-12T09:00Z 2026-01-14T09:00Z",
        "alice 2026-01-14T09:00Z 2026-01-16T00:00Z",
    ]


def test_a_nobody_place_does_not_let_the_one_below_through() -> None:
    layer = a_layer(rotation=a_rotation(["nobody", "zoe"], type="daily"))
    schedule = a_schedule(["alice"], layers=[layer], start="2026-01-04")

    assert resolved(schedule, "2026-01-04", "2026-01-07", sources=True) == [
        "layer:top: zoe 2026-01-05T09:00Z 2026-01-06T09:00Z",
    ]


def test_a_restricted_nobody_hides_only_in_its_windows() -> None:
    layer = a_layer(rotation=a_rotation(["nobody"]), restrictions=window("12:00", "13:00"))

    assert resolved(a_schedule(["alice"], layers=[layer]), "2026-01-06T11:00Z", "2026-01-06T14:00Z") == [
        "alice 2026-01-06T11:00Z 2026-01-06T12:00Z",
        "alice 2026-01-06T13:00Z 2026-01-06T14:00Z",
    ]


def test_an_inactive_layer_is_as_if_absent() -> None:
    schedule = a_schedule(["alice"], layers=[a_layer(active=False)])

    assert resolved(schedule, "2026-01-06", "2026-01-07", sources=True) == [
        "base: alice 2026-01-06T00:00Z 2026-01-07T00:00Z",
    ]


def test_an_inactive_schedule_has_no_shifts() -> None:
    schedule = a_schedule(["alice"], active=False, layers=[a_layer()], overrides=[an_override()])

    assert resolved(schedule, "2026-01-01", "2026-02-01") == []


def test_what_is_left_uncovered_is_a_gap() -> None:
    schedule = a_schedule(layers=[a_layer(restrictions=window("12:00", "13:00"))])
    two_days = span("2026-01-06", "2026-01-08")

    assert [gap_line(gap) for gap in gaps(resolve(schedule, two_days, siblings={}), two_days)] == [
        "2026-01-06T00:00Z 2026-01-06T12:00Z",
        "2026-01-06T13:00Z 2026-01-07T12:00Z",
        "2026-01-07T13:00Z 2026-01-08T00:00Z",
    ]


def test_hours_of_nobody_are_a_gap() -> None:
    schedule = a_schedule(a_rotation(["alice", "nobody"], type="daily"))
    days = span("2026-01-05", "2026-01-08")

    assert [gap_line(gap) for gap in gaps(resolve(schedule, days, siblings={}), days)] == [
        "2026-01-05T00:00Z 2026-01-05T09:00Z",
        "2026-01-06T09:00Z 2026-01-07T09:00Z",
    ]


def test_a_window_with_full_coverage_has_no_gaps_and_one_without_any_is_one_gap() -> None:
    covered, bare = a_schedule(["alice"]), a_schedule(["alice"], active=False)
    day = span("2026-01-06", "2026-01-07")

    assert gaps(resolve(covered, day, siblings={}), day) == []
    assert [gap_line(gap) for gap in gaps(resolve(bare, day, siblings={}), day)] == [
        "2026-01-06T00:00Z 2026-01-07T00:00Z"
    ]


def test_a_schedule_without_a_base_rotation_has_its_layers_alone() -> None:
    assert resolved(a_schedule(layers=[a_layer()]), "2026-01-05", "2026-01-06", sources=True) == [
        "layer:top: zoe 2026-01-05T09:00Z 2026-01-06T00:00Z",
    ]


def test_the_schedules_dates_cut_its_base_rotation_only() -> None:
    # The layer begins before the schedule and ends after it; the override lies wholly outside.
    layer = a_layer(
        rotation=EVERY_WEEK, start="2026-01-02", end="2026-01-12", restrictions=window("12:00", "13:00")
    )
    schedule = a_schedule(
        a_rotation(["alice"], start="2026-01-01"),
        start="2026-01-05",
        end="2026-01-06",
        layers=[layer],
        overrides=[an_override("dave", "2026-01-20", "2026-01-21")],
    )

    assert resolved(schedule, "2026-01-04", "2026-01-07") == [
        "zoe 2026-01-04T12:00Z 2026-01-04T13:00Z",
        "alice 2026-01-05T09:00Z 2026-01-05T12:00Z",
        "zoe 2026-01-05T12:00Z 2026-01-05T13:00Z",
        "alice 2026-01-05T13:00Z 2026-01-06T09:00Z",
        "zoe 2026-01-06T12:00Z 2026-01-06T13:00Z",
    ]
    assert resolved(schedule, "2026-01-12", "2026-02-01") == ["dave 2026-01-20T00:00Z 2026-01-21T00:00Z"]


def test_a_layer_inherits_the_schedules_dates_as_written_read_in_its_own_zone_at_its_own_handoff_time() -> (
    None
):
    # 2026-01-06 to 2026-01-08 at 18:00 in Kolkata: 12:30Z.
    layer = a_layer(timezone="Asia/Kolkata", handoff_time="18:00")
    schedule = a_schedule(
        ["alice"], layers=[layer], timezone="America/New_York", start="2026-01-06", end="2026-01-08"
    )

    assert resolved(schedule, "2026-01-01", "2026-02-01") == [
        "zoe 2026-01-06T12:30Z 2026-01-08T12:30Z",
        "alice 2026-01-08T12:30Z 2026-01-08T14:00Z",
    ]


def test_an_inherited_local_time_is_read_in_the_layers_zone_and_an_inherited_instant_stays_one() -> None:
    local = a_schedule(
        layers=[a_layer(timezone="Asia/Kolkata")],
        timezone="America/New_York",
        start="2026-01-06T10:00",
        end="2026-01-07T10:00",
    )
    instants = a_schedule(
        layers=[a_layer(timezone="Asia/Kolkata")],
        timezone="America/New_York",
        start="2026-01-06T10:00Z",
        end="2026-01-07T10:00Z",
    )

    assert resolved(local, "2026-01-01", "2026-02-01") == ["zoe 2026-01-06T04:30Z 2026-01-07T04:30Z"]
    assert resolved(instants, "2026-01-01", "2026-02-01") == ["zoe 2026-01-06T10:00Z 2026-01-07T10:00Z"]


def test_a_layer_inherits_the_handoff_time_and_the_zone() -> None:
    layer = a_layer(rotation=a_rotation(["yves", "zoe"], type="daily"), start="2026-01-06")
    schedule = a_schedule(layers=[layer], timezone="America/New_York", handoff_time="08:30", end="2026-01-08")

    assert resolved(schedule, "2026-01-01", "2026-02-01") == [
        "yves 2026-01-06T13:30Z 2026-01-07T13:30Z",
        "zoe 2026-01-07T13:30Z 2026-01-08T13:30Z",
    ]


def test_what_a_layer_writes_itself_is_not_inherited() -> None:
    layer = a_layer(timezone="UTC", handoff_time="00:00", start="2026-01-10", end="2026-01-12")
    schedule = a_schedule(layers=[layer], timezone="America/New_York", end="2026-01-06")

    assert resolved(schedule, "2026-01-01", "2026-02-01") == ["zoe 2026-01-10T00:00Z 2026-01-12T00:00Z"]


def test_a_layers_rotation_counts_from_the_layers_start_if_it_has_none() -> None:
    inherited = a_layer(rotation=a_rotation(["yves", "zoe"], type="daily"))
    own = a_layer(rotation=a_rotation(["yves", "zoe"], type="daily"), start="2026-01-06")

    assert resolved(a_schedule(layers=[inherited]), "2026-01-06T09:00Z", "2026-01-07") == [
        "zoe 2026-01-06T09:00Z 2026-01-07T00:00Z",
    ]
    assert resolved(a_schedule(layers=[own]), "2026-01-06T09:00Z", "2026-01-07") == [
        "yves 2026-01-06T09:00Z 2026-01-07T00:00Z",
    ]
