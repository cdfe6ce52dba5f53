"""Rotas of real teams (`data/real-inputs/`, with invented people): they load, resolve, and obey laws."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from functools import cache
from itertools import pairwise
from pathlib import Path

import pytest

from oncall_gitops.core.model.interval import Interval
from oncall_gitops.core.model.layer import Layer
from oncall_gitops.core.model.rotation import Rotation
from oncall_gitops.core.model.schedule import Schedule
from oncall_gitops.core.model.shift import Shift
from oncall_gitops.core.model.when import DAY
from oncall_gitops.core.resolve import gaps, layer_span, resolve, resolve_whole
from oncall_gitops.source.read import Loaded, load
from tests.builders import shift_line, span
from tests.oracle import Oracle, is_open

FOLDER = Path(__file__).parent / "data" / "real-inputs"
FILES = sorted(path.name for path in FOLDER.glob("*.yaml"))
HOUR = 3600


@cache
def everything() -> Loaded:
    return load(FOLDER)


@cache
def schedules() -> dict[str, Schedule]:
    return dict(everything().readable.state.schedules)


def layers() -> list[tuple[Schedule, Layer]]:
    return [(schedule, layer) for schedule in schedules().values() for layer in schedule.layers]


def two_years(schedule: Schedule) -> Interval:
    """From before the newest layer's beginning: its first turns, and four clock changes."""
    start = max(layer_span(layer, schedule).start for layer in schedule.layers)
    return Interval(start - 30 * DAY, start + 730 * DAY)


def shifts_of(schedule: Schedule, window: Interval) -> list[Shift]:
    return resolve(schedule, window, siblings=schedules())


NAMES = sorted(schedules())
by_name = pytest.mark.parametrize("name", NAMES)


def test_there_are_real_inputs() -> None:
    assert len(FILES) == 23
    assert len(NAMES) >= len(FILES)


@pytest.mark.parametrize("file", FILES)
def test_each_file_loads_alone(file: str) -> None:
    loaded = load(FOLDER / file)

    assert [problem for problem in loaded.problems if problem.is_error] == []
    assert loaded.desired is not None
    assert loaded.desired.state.schedules


def test_all_files_load_together() -> None:
    assert [problem for problem in everything().problems if problem.is_error] == []
    assert len(schedules()) == sum(len(load(FOLDER / file).readable.state.schedules) for file in FILES)


@by_name
def test_shifts_are_in_order_without_overlap_and_make_up_the_window_with_the_gaps(name: str) -> None:
    schedule = schedules()[name]
    window = two_years(schedule)
    shifts = shifts_of(schedule, window)
    pieces = sorted([*(shift[:2] for shift in shifts), *(gap[:2] for gap in gaps(shifts, window))])

    assert shifts
    assert all(start < end for start, end in pieces)
    assert all(before[1] == after[0] for before, after in pairwise(pieces))
    assert (pieces[0][0], pieces[-1][1]) == window


@by_name
def test_whole_shifts_cut_to_a_window_are_the_shifts_in_it(name: str) -> None:
    schedule = schedules()[name]
    start = two_years(schedule).start + 200 * DAY
    window = Interval(start, start + 20 * DAY)
    whole = resolve_whole(schedule, window, siblings=schedules())

    assert [
        shift._replace(start=max(shift.start, window.start), end=min(shift.end, window.end))
        for shift in whole
    ] == shifts_of(schedule, window)


@by_name
def test_the_oracle_names_the_same_holder_at_every_edge_and_every_few_hours(name: str) -> None:
    # Around the beginning and for a year from then on; edges lie on odd seconds here, so instants are asked.
    schedule = schedules()[name]
    window = Interval(two_years(schedule).start, two_years(schedule).start + 400 * DAY)
    shifts = shifts_of(schedule, window)
    oracle = Oracle(schedule, siblings=schedules().values(), until=window.end + DAY)
    edges = [edge for shift in shifts[:: max(len(shifts) // 200, 1)] for edge in shift[:2]]
    asked = {*range(*window, 17 * HOUR), *edges, *(edge - 1 for edge in edges)}

    for instant in asked:
        claim = oracle.on_call(instant)
        found = holding(shifts, instant)
        if instant in window:
            assert (claim and (claim.user, claim.source)) == (found and (found.user, found.source)), instant


def holding(shifts: list[Shift], instant: int) -> Shift | None:
    return next((shift for shift in shifts if shift.start <= instant < shift.end), None)


@by_name
def test_every_shift_belongs_to_a_place_of_the_layer_that_it_came_from_and_lies_in_its_dates(
    name: str,
) -> None:
    schedule = schedules()[name]
    by_source = {f"layer:{layer.slug}": layer for layer in schedule.layers}

    for shift in shifts_of(schedule, two_years(schedule)):
        layer = by_source[shift.source]
        assert isinstance(layer.rotation, Rotation)
        assert shift.user in {place.user for place in layer.rotation.places}
        assert Interval(*shift[:2]).cut(layer_span(layer, schedule)) == shift[:2]


@by_name
def test_a_restricted_layer_has_shifts_in_its_windows_only(name: str) -> None:
    schedule = schedules()[name]
    by_source = {f"layer:{layer.slug}": layer for layer in schedule.layers}
    window = two_years(schedule)

    for shift in shifts_of(schedule, Interval(window.start, window.start + 150 * DAY)):
        layer = by_source[shift.source]
        zone = layer.timezone or schedule.timezone
        for instant in {*range(shift.start, shift.end, 4 * HOUR), shift.end - 1}:
            assert is_open(layer.restrictions, instant, zone)


@by_name
def test_a_schedule_with_an_unrestricted_endless_layer_has_no_gap_once_that_began(name: str) -> None:
    schedule = schedules()[name]
    endless = [
        layer_span(layer, schedule).start
        for layer in schedule.layers
        if not layer.restrictions and layer.end is None and schedule.end is None and layer.active
    ]
    for start in endless:
        window = Interval(start, start + 730 * DAY)
        assert gaps(shifts_of(schedule, window), window) == []


@pytest.mark.parametrize(("name", "slug"), [(schedule.full_name, layer.slug) for schedule, layer in layers()])
def test_over_any_number_of_cycles_nobody_has_more_than_one_turn_more_than_anybody_else(
    name: str, slug: str
) -> None:
    turns = turns_of(name, slug)
    users = set(turns)

    for stop in range(1, len(turns)):
        counted = Counter(dict.fromkeys(users, 0))
        counted.update(turns[:stop])
        assert max(counted.values()) - min(counted.values()) <= 1


def turns_of(name: str, slug: str) -> list[str]:
    """Who has the first turns of a layer, for three times its places, without dates and windows."""
    schedule = schedules()[name]
    (layer,) = (layer for layer in schedule.layers if layer.slug == slug)
    assert isinstance(layer.rotation, Rotation)
    alone = replace(layer, restrictions=(), end=None)
    bare = replace(schedule, layers=(alone,), rotation=None, overrides=(), end=None)
    start = layer_span(alone, bare).start
    count = 3 * len(layer.rotation.places)
    shifts = shifts_of(bare, Interval(start, start + count * 45 * DAY))
    return [shift.user for shift in shifts[:count]]


def lines(name: str, start: str, end: str) -> list[str]:
    return [shift_line(shift) for shift in shifts_of(schedules()[name], span(start, end))]


def test_a_layer_that_begins_an_hour_before_a_handoff_shows_the_last_hour_of_the_turn_before() -> None:
    # 2020-11-04 13:00 in New York is 18:00Z; the rotation hands off on Wednesdays at 14:00 since 2020-10-28.
    assert lines("01-us-agency/primary", "2020-11-01", "2020-11-18T19:00Z") == [
        "01-us-agency.user1 2020-11-04T18:00Z 2020-11-04T19:00Z",
        "01-us-agency.user2 2020-11-04T19:00Z 2020-11-11T19:00Z",
        "01-us-agency.user3 2020-11-11T19:00Z 2020-11-18T19:00Z",
    ]


def test_an_odd_second_start_cuts_a_turn_that_counts_from_a_round_one() -> None:
    # Mondays at 10:00 in Paris, summer time.
    assert lines("02-insurer-devops/applicative", "2024-07-01", "2024-07-15T08:00Z") == [
        "02-insurer-devops.user1 2024-07-01T11:45:30Z 2024-07-08T08:00Z",
        "02-insurer-devops.user2 2024-07-08T08:00Z 2024-07-15T08:00Z",
    ]


def test_working_hours_overlay_a_base_rota() -> None:
    # Monday 2025-01-06 in London.
    assert lines("08-overlay/primary", "2025-01-06", "2025-01-07") == [
        "08-overlay.user1 2025-01-06T00:00Z 2025-01-06T09:00Z",
        "08-overlay.admin 2025-01-06T09:00Z 2025-01-06T17:00Z",
        "08-overlay.user1 2025-01-06T17:00Z 2025-01-07T00:00Z",
    ]


def test_weekend_nights_are_on_call_and_nothing_else_is() -> None:
    # From Tuesday 2026-06-02 on; Friday 20:30 and Saturday 21:00 in Los Angeles, summer time.
    assert lines("28-weekend-nights/weekend", "2026-06-02", "2026-06-15") == [
        "28-weekend-nights.user1 2026-06-06T03:30Z 2026-06-06T16:00Z",
        "28-weekend-nights.user1 2026-06-07T04:00Z 2026-06-07T16:00Z",
        "28-weekend-nights.user2 2026-06-13T03:30Z 2026-06-13T16:00Z",
        "28-weekend-nights.user2 2026-06-14T04:00Z 2026-06-14T16:00Z",
    ]


def test_a_day_and_a_night_layer_of_three_and_two_people_take_turns() -> None:
    # 08:00 in Chicago is 13:00Z in June.
    assert [
        line.removeprefix("34-goalert-day-night.")
        for line in lines("34-goalert-day-night/support", "2018-06-15", "2018-06-18T13:00Z")
    ] == [
        "user1 2018-06-15T13:00Z 2018-06-16T01:00Z",
        "night1 2018-06-16T01:00Z 2018-06-16T13:00Z",
        "user2 2018-06-16T13:00Z 2018-06-17T01:00Z",
        "night2 2018-06-17T01:00Z 2018-06-17T13:00Z",
        "user3 2018-06-17T13:00Z 2018-06-18T01:00Z",
        "night1 2018-06-18T01:00Z 2018-06-18T13:00Z",
    ]


def test_a_second_version_of_a_rota_takes_over_where_the_first_one_ends() -> None:
    # London summer time. The weekly rotation counts from 05-01: user2 has the week from 05-08.
    found = lines("32-incident-io/primary", "2024-05-13", "2024-05-22T12:54:13Z")

    assert found[-3:] == [
        "32-incident-io.user1 2024-05-13T12:54:13Z 2024-05-14T12:54:13Z",
        "32-incident-io.user2 2024-05-14T12:54:13Z 2024-05-15T12:54:13Z",
        "32-incident-io.user1 2024-05-15T12:54:13Z 2024-05-22T12:54:13Z",
    ]
