"""Local time to UTC and back, against dates written out and against zoneinfo itself.

Clock changes in the dates below, from the time zone database:
America/New_York 2026-03-08 02:00 -05 to 03:00 -04, 2026-11-01 02:00 -04 to 01:00 -05.
Europe/London 2026-03-29 01:00 +00 to 02:00 +01, 2026-10-25 02:00 +01 to 01:00 +00.
America/Santiago 2026-04-05 00:00 -03 to 04-04 23:00 -04, 2026-09-06 00:00 -04 to 01:00 -03.
America/Havana 2026-03-08 00:00 -05 to 01:00 -04, 2026-11-01 01:00 -04 to 00:00 -05.
Atlantic/Azores 2026-03-29 00:00 -01 to 01:00 +00, 2026-10-25 01:00 +00 to 00:00 -01.
Africa/Cairo 2026-04-24 00:00 +02 to 01:00 +03, 2026-10-30 00:00 +03 to 10-29 23:00 +02.
Australia/Lord_Howe 2026-04-05 02:00 +11 to 01:30 +10:30, 2026-10-04 02:00 +10:30 to 02:30 +11.
Pacific/Apia 2011-12-30 00:00 -10 to 2011-12-31 00:00 +14.
Europe/Dublin keeps winter time as the exception: 2026-03-29 01:00 +00 to 02:00 +01.
Asia/Gaza is back in summer time for a week after Ramadan: 2040-10-20 +02 to +03, 2040-10-27 +03 to +02.
Africa/Casablanca 2026-02-15 03:00 +01 to 02:00 +00, 2026-03-22 02:00 +00 to 03:00 +01 (Ramadan).
"""

from __future__ import annotations

import zoneinfo
from datetime import UTC, datetime

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from oncall_gitops.core.model.instant import from_datetime, instant_text, parse_instant
from oncall_gitops.core.model.when import Local, local_datetime, local_text, parse_when
from oncall_gitops.core.wallclock import instant, local, tzdata_version, zone

HARD_ZONES = (
    "America/New_York",
    "Europe/London",
    "America/Santiago",
    "America/Havana",
    "Atlantic/Azores",
    "Africa/Cairo",
    "Africa/Casablanca",
    "Africa/Monrovia",
    "Asia/Gaza",
    "Asia/Kolkata",
    "Asia/Pyongyang",
    "Australia/Lord_Howe",
    "Europe/Dublin",
    "Pacific/Apia",
    "Pacific/Kwajalein",
    "Antarctica/Troll",
    "UTC",
)
SECONDS_TO_2200 = 7_258_118_400


def to_instant(timezone: str, text: str) -> str:
    return instant_text(zone(timezone).to_instant(parse_when(text).seconds))


@pytest.mark.parametrize(
    ("timezone", "wall", "utc"),
    [
        ("America/New_York", "2026-03-08T01:59:59", "2026-03-08T06:59:59Z"),
        ("America/New_York", "2026-03-08T02:30", "2026-03-08T07:30:00Z"),
        ("America/New_York", "2026-03-08T03:00", "2026-03-08T07:00:00Z"),
        ("America/New_York", "2026-11-01T01:30", "2026-11-01T05:30:00Z"),
        ("America/New_York", "2026-11-01T02:00", "2026-11-01T07:00:00Z"),
        ("Europe/London", "2026-03-29T01:00", "2026-03-29T01:00:00Z"),
        ("Europe/London", "2026-10-25T01:59:59", "2026-10-25T00:59:59Z"),
        ("America/Santiago", "2026-09-06T00:00", "2026-09-06T04:00:00Z"),
        ("America/Santiago", "2026-04-04T23:30", "2026-04-05T02:30:00Z"),
        ("America/Santiago", "2026-04-05T00:00", "2026-04-05T04:00:00Z"),
        ("America/Havana", "2026-03-08T00:15", "2026-03-08T05:15:00Z"),
        ("America/Havana", "2026-11-01T00:00", "2026-11-01T04:00:00Z"),
        ("Atlantic/Azores", "2026-03-29T00:30", "2026-03-29T01:30:00Z"),
        ("Atlantic/Azores", "2026-10-25T00:30", "2026-10-25T00:30:00Z"),
        ("Africa/Cairo", "2026-04-24T00:00", "2026-04-23T22:00:00Z"),
        ("Africa/Cairo", "2026-10-29T23:30", "2026-10-29T20:30:00Z"),
        ("Australia/Lord_Howe", "2026-04-05T01:45", "2026-04-04T14:45:00Z"),
        ("Australia/Lord_Howe", "2026-10-04T02:15", "2026-10-03T15:45:00Z"),
        ("Pacific/Apia", "2011-12-30T12:00", "2011-12-30T22:00:00Z"),
        ("Pacific/Apia", "2011-12-31T00:00", "2011-12-30T10:00:00Z"),
        ("Europe/Dublin", "2026-03-29T01:30", "2026-03-29T01:30:00Z"),
        ("Africa/Casablanca", "2026-02-15T02:30", "2026-02-15T01:30:00Z"),
        ("Africa/Casablanca", "2026-03-22T02:30", "2026-03-22T02:30:00Z"),
        ("Asia/Kolkata", "2026-03-22T00:00", "2026-03-21T18:30:00Z"),
        ("UTC", "2026-03-08T02:30", "2026-03-08T02:30:00Z"),
    ],
)
def test_a_missing_time_keeps_the_offset_before_the_jump_and_a_double_one_is_the_first(
    timezone: str, wall: str, utc: str
) -> None:
    assert to_instant(timezone, wall) == utc


def test_the_jumps_of_a_day_and_of_half_an_hour_are_known_to_the_second() -> None:
    apia, lord_howe = zone("Pacific/Apia"), zone("Australia/Lord_Howe")

    assert apia.transitions(parse_instant("2011-12-01T00:00Z"), parse_instant("2012-01-31T00:00Z")) == [
        (parse_instant("2011-12-30T10:00Z"), -10 * 3600, 14 * 3600)
    ]
    assert lord_howe.transitions(parse_instant("2026-01-01T00:00Z"), parse_instant("2027-01-01T00:00Z")) == [
        (parse_instant("2026-04-04T15:00Z"), 39600, 37800),
        (parse_instant("2026-10-03T15:30Z"), 37800, 39600),
    ]


def test_two_changes_within_a_week_that_undo_each_other_are_both_found() -> None:
    changes = zone("Asia/Gaza").transitions(
        parse_instant("2040-10-15T00:00Z"), parse_instant("2040-10-30T00:00Z")
    )

    assert [(instant_text(edge), before, after) for edge, before, after in changes] == [
        ("2040-10-20T00:00:00Z", 7200, 10800),
        ("2040-10-26T23:00:00Z", 10800, 7200),
    ]


def test_transitions_are_half_open_like_every_span() -> None:
    new_york, spring = zone("America/New_York"), parse_instant("2026-03-08T07:00Z")

    assert [edge for edge, _, _ in new_york.transitions(spring, spring + 1)] == [spring]
    assert new_york.transitions(spring - 86400, spring) == []
    assert new_york.transitions(spring, spring) == []


@pytest.mark.parametrize(
    "name", ["Mars/Olympus", "", "../etc/passwd", "/etc/localtime", "europe/berlin/", "a\0b"]
)
def test_an_unknown_zone_is_a_key_error(name: str) -> None:
    with pytest.raises(KeyError):
        zone(name)


def test_a_date_means_that_date_at_the_time_given_and_an_instant_means_itself() -> None:
    berlin = zone("Europe/Berlin")

    def both(text: str) -> tuple[str, str]:
        when = parse_when(text)
        utc = instant(when, timezone=berlin, at=9 * 3600)
        return instant_text(utc), local_text(local(when, timezone=berlin, at=9 * 3600))

    assert both("2026-01-05") == ("2026-01-05T08:00:00Z", "2026-01-05T09:00")
    assert both("2026-07-05T10:30") == ("2026-07-05T08:30:00Z", "2026-07-05T10:30")
    assert both("2026-07-05T10:30Z") == ("2026-07-05T10:30:00Z", "2026-07-05T12:30")


def test_the_zone_data_is_that_of_the_pinned_package() -> None:
    assert zoneinfo.TZPATH == ()
    assert tzdata_version()[:2] == "20"


@given(st.sampled_from(HARD_ZONES), st.integers(-86_400 * 400, SECONDS_TO_2200))
@example("Asia/Gaza", parse_instant("2054-03-30T00:00Z"))
@example("America/Recife", parse_instant("2000-10-10T00:00Z"))
def test_what_the_clock_shows_is_what_zoneinfo_says(timezone: str, moment: int) -> None:
    shown = datetime.fromtimestamp(moment, zoneinfo.ZoneInfo(timezone)).replace(tzinfo=None)

    assert local_datetime(zone(timezone).to_local(moment)) == shown


@given(st.sampled_from(HARD_ZONES), st.integers(-86_400 * 400, SECONDS_TO_2200))
def test_a_local_time_is_read_as_zoneinfo_reads_the_first_of_two(timezone: str, wall: int) -> None:
    assert zone(timezone).to_instant(wall) == first_reading(timezone, wall)


@given(
    st.sampled_from(HARD_ZONES[:-1]),
    st.integers(1970, 2199),
    st.integers(0, 20),
    st.integers(-2 * 86_400, 2 * 86_400),
)
def test_near_a_change_too(timezone: str, year: int, which: int, shift: int) -> None:
    changes = zone(timezone).transitions(
        from_datetime(datetime(year, 1, 1, tzinfo=UTC)), from_datetime(datetime(year + 1, 1, 1, tzinfo=UTC))
    )
    for edge, before, after in changes[which % len(changes) :][:1] if changes else []:
        assert zone(timezone).offset(edge - 1) == before
        assert zone(timezone).offset(edge) == after
        for wall in (edge + before, edge + after, edge + after - 1, edge + before - 1, edge + before + shift):
            assert zone(timezone).to_instant(wall) == first_reading(timezone, wall)


@given(st.sampled_from(sorted(zoneinfo.available_timezones())), st.integers(0, SECONDS_TO_2200))
def test_every_zone_reads_its_own_clock_back_unless_the_hour_comes_twice(timezone: str, moment: int) -> None:
    wall = zone(timezone).to_local(moment)
    back = zone(timezone).to_instant(wall)

    assert back <= moment
    assert zone(timezone).to_local(back) == wall
    assert (back == moment) == (first_reading(timezone, wall) == moment)


def first_reading(timezone: str, wall: Local) -> int:
    """zoneinfo's own reading with fold 0: the first of two, and the offset before a jump."""
    moment = local_datetime(wall).replace(tzinfo=zoneinfo.ZoneInfo(timezone), fold=0)
    offset = moment.utcoffset()
    assert offset is not None
    return from_datetime(moment.replace(tzinfo=UTC) - offset)
