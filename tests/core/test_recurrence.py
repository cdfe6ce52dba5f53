"""Handoffs from rules: RFC 5545's own examples, dateutil, and each day looked at by itself."""

from __future__ import annotations

from itertools import takewhile
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oncall_gitops.core.firing import prove
from oncall_gitops.core.model.rotation import Cadence
from oncall_gitops.core.model.when import DAY, Local, local_text, parse_when
from oncall_gitops.core.recurrence import Recurrence, rule_of
from oncall_gitops.core.rule import RuleError, parse_rule
from tests.core.rules import (
    a_rule_text,
    a_start,
    by_dateutil,
    by_definition,
    dateutil_knows,
    occurrences,
)

YEAR = 366 * DAY


def at(text: str) -> Local:
    return parse_when(text).seconds


def recurrence(text: str, start: str) -> Recurrence:
    return Recurrence(parse_rule(text), at(start))


def first(count: int, of: Recurrence) -> list[str]:
    return [local_text(each) for each in map(of.nth, range(count)) if each is not None]


def days(text: str, *, time: str = "09:00") -> list[str]:
    """`1997-09-02 09-03 1998-01-01`: the year is given where it changes."""
    found: list[str] = []
    for word in text.split():
        found.append(f"{word if len(word) == 10 else found[-1][:5] + word}T{time}")
    return found


@pytest.mark.parametrize(
    ("rule", "start", "expected"),
    [
        ("FREQ=DAILY", "1997-09-02", "1997-09-02 09-03 09-04 09-05 09-06 09-07 09-08 09-09 09-10 09-11"),
        ("FREQ=DAILY;INTERVAL=2", "1997-09-02", "1997-09-02 09-04 09-06 09-08 09-10 09-12"),
        ("FREQ=DAILY;INTERVAL=10", "1997-09-02", "1997-09-02 09-12 09-22 10-02 10-12"),
        (
            "FREQ=YEARLY;BYMONTH=1;BYDAY=SU,MO,TU,WE,TH,FR,SA",
            "1998-01-01",
            " ".join([f"1998-01-{day:02}" for day in range(1, 32)] + ["1999-01-01 01-02"]),
        ),
        (
            "FREQ=DAILY;BYMONTH=1",
            "1998-01-01",
            " ".join([f"1998-01-{day:02}" for day in range(1, 32)] + ["1999-01-01 01-02"]),
        ),
        ("FREQ=WEEKLY", "1997-09-02", "1997-09-02 09-09 09-16 09-23 09-30 10-07 10-14 10-21 10-28 11-04"),
        ("FREQ=WEEKLY;INTERVAL=2;WKST=SU", "1997-09-02", "1997-09-02 09-16 09-30 10-14 10-28 11-11 11-25"),
        ("FREQ=WEEKLY;WKST=SU;BYDAY=TU,TH", "1997-09-02", "1997-09-02 09-04 09-09 09-11 09-16 09-18 09-23"),
        (
            "FREQ=WEEKLY;INTERVAL=2;WKST=SU;BYDAY=MO,WE,FR",
            "1997-09-01",
            "1997-09-01 09-03 09-05 09-15 09-17 09-19 09-29 10-01 10-03 10-13 10-15 10-17",
        ),
        (
            "FREQ=WEEKLY;INTERVAL=2;WKST=SU;BYDAY=TU,TH",
            "1997-09-02",
            "1997-09-02 09-04 09-16 09-18 09-30 10-02 10-14 10-16",
        ),
        (
            "FREQ=MONTHLY;BYDAY=1FR",
            "1997-09-05",
            "1997-09-05 10-03 11-07 12-05 1998-01-02 02-06 03-06 04-03 05-01 06-05",
        ),
        (
            "FREQ=MONTHLY;INTERVAL=2;BYDAY=1SU,-1SU",
            "1997-09-07",
            "1997-09-07 09-28 11-02 11-30 1998-01-04 01-25 03-01 03-29 05-03 05-31",
        ),
        ("FREQ=MONTHLY;BYDAY=-2MO", "1997-09-22", "1997-09-22 10-20 11-17 12-22 1998-01-19 02-16"),
        ("FREQ=MONTHLY;BYMONTHDAY=-3", "1997-09-28", "1997-09-28 10-29 11-28 12-29 1998-01-29 02-26"),
        (
            "FREQ=MONTHLY;BYMONTHDAY=2,15",
            "1997-09-02",
            "1997-09-02 09-15 10-02 10-15 11-02 11-15 12-02 12-15 1998-01-02 01-15",
        ),
        (
            "FREQ=MONTHLY;BYMONTHDAY=1,-1",
            "1997-09-30",
            "1997-09-30 10-01 10-31 11-01 11-30 12-01 12-31 1998-01-01 01-31 02-01",
        ),
        (
            "FREQ=MONTHLY;INTERVAL=18;BYMONTHDAY=10,11,12,13,14,15",
            "1997-09-10",
            "1997-09-10 09-11 09-12 09-13 09-14 09-15 1999-03-10 03-11 03-12 03-13",
        ),
        ("FREQ=MONTHLY;INTERVAL=2;BYDAY=TU", "1997-09-02", "1997-09-02 09-09 09-16 09-23 09-30 11-04 11-11"),
        (
            "FREQ=YEARLY;BYMONTH=6,7",
            "1997-06-10",
            "1997-06-10 07-10 1998-06-10 07-10 1999-06-10 07-10 2000-06-10 07-10 2001-06-10 07-10",
        ),
        (
            "FREQ=YEARLY;INTERVAL=2;BYMONTH=1,2,3",
            "1997-03-10",
            "1997-03-10 1999-01-10 02-10 03-10 2001-01-10 02-10 03-10 2003-01-10 02-10 03-10",
        ),
        (
            "FREQ=YEARLY;INTERVAL=3;BYYEARDAY=1,100,200",
            "1997-01-01",
            "1997-01-01 04-10 07-19 2000-01-01 04-09 07-18 2003-01-01 04-10 07-19 2006-01-01",
        ),
        ("FREQ=YEARLY;BYDAY=20MO", "1997-05-19", "1997-05-19 1998-05-18 1999-05-17"),
        ("FREQ=YEARLY;BYWEEKNO=20;BYDAY=MO", "1997-05-12", "1997-05-12 1998-05-11 1999-05-17"),
        (
            "FREQ=YEARLY;BYMONTH=3;BYDAY=TH",
            "1997-03-13",
            "1997-03-13 03-20 03-27 1998-03-05 03-12 03-19 03-26 1999-03-04 03-11 03-18 03-25",
        ),
        (
            "FREQ=YEARLY;BYDAY=TH;BYMONTH=6,7,8",
            "1997-06-05",
            "1997-06-05 06-12 06-19 06-26 07-03 07-10 07-17 07-24 07-31 08-07 08-14 08-21 08-28 1998-06-04",
        ),
        # The start is not the thirteenth: an occurrence all the same, which RFC 5545 leaves out by EXDATE.
        (
            "FREQ=MONTHLY;BYDAY=FR;BYMONTHDAY=13",
            "1997-09-02",
            "1997-09-02 1998-02-13 03-13 11-13 1999-08-13 2000-10-13",
        ),
        (
            "FREQ=MONTHLY;BYDAY=SA;BYMONTHDAY=7,8,9,10,11,12,13",
            "1997-09-13",
            "1997-09-13 10-11 11-08 12-13 1998-01-10 02-07 03-07 04-11 05-09 06-13",
        ),
        (
            "FREQ=YEARLY;INTERVAL=4;BYMONTH=11;BYDAY=TU;BYMONTHDAY=2,3,4,5,6,7,8",
            "1996-11-05",
            "1996-11-05 2000-11-07 2004-11-02",
        ),
        ("FREQ=MONTHLY;BYDAY=TU,WE,TH;BYSETPOS=3", "1997-09-04", "1997-09-04 10-07 11-06"),
        (
            "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-2",
            "1997-09-29",
            "1997-09-29 10-30 11-27 12-30 1998-01-29 02-26 03-30",
        ),
        ("FREQ=WEEKLY;INTERVAL=2;BYDAY=TU,SU;WKST=MO", "1997-08-05", "1997-08-05 08-10 08-19 08-24"),
        ("FREQ=WEEKLY;INTERVAL=2;BYDAY=TU,SU;WKST=SU", "1997-08-05", "1997-08-05 08-17 08-19 08-31"),
        ("FREQ=MONTHLY;BYMONTHDAY=15,30", "2007-01-15", "2007-01-15 01-30 02-15 03-15 03-30"),
    ],
)
def test_the_examples_of_rfc_5545(rule: str, start: str, expected: str) -> None:
    wanted = days(expected)

    assert first(len(wanted), recurrence(rule, f"{start}T09:00")) == wanted


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("FREQ=HOURLY;INTERVAL=3", "09:00 12:00 15:00 18:00"),
        ("FREQ=DAILY;BYHOUR=9,10,11,12,13,14,15,16;BYMINUTE=0,20,40", "09:00 09:20 09:40 10:00 10:20 10:40"),
        ("FREQ=HOURLY;BYMINUTE=0,20,40;BYHOUR=9,10", "09:00 09:20 09:40 10:00 10:20 10:40"),
    ],
)
def test_the_examples_of_rfc_5545_within_a_day(rule: str, expected: str) -> None:
    wanted = [f"1997-09-02T{time}" for time in expected.split()]

    assert first(len(wanted), recurrence(rule, "1997-09-02T09:00")) == wanted


def test_the_start_is_occurrence_0_even_where_the_rule_does_not_name_it() -> None:
    mondays = recurrence("FREQ=WEEKLY;BYDAY=MO", "2026-01-07T09:00")

    assert first(3, mondays) == ["2026-01-07T09:00", "2026-01-12T09:00", "2026-01-19T09:00"]
    assert mondays.between(at("2026-01-01"), at("2026-01-13")) == [
        at("2026-01-07T09:00"),
        at("2026-01-12T09:00"),
    ]
    assert mondays.count(at("2026-01-07T09:00")) == 0
    assert mondays.count(at("2026-01-07T09:01")) == 1
    assert mondays.count(at("2026-01-12T09:01")) == 2


def test_what_the_rule_leaves_open_is_the_starts_down_to_the_second() -> None:
    assert first(3, recurrence("FREQ=DAILY;BYHOUR=17", "2026-01-05T09:30:15")) == [
        "2026-01-05T09:30:15",
        "2026-01-05T17:30:15",
        "2026-01-06T17:30:15",
    ]
    assert first(3, recurrence("FREQ=MONTHLY", "2026-01-31T09:00")) == days("2026-01-31 03-31 05-31")
    assert first(3, recurrence("FREQ=YEARLY", "2028-02-29T09:00")) == days("2028-02-29 2032-02-29 2036-02-29")
    assert first(3, recurrence("FREQ=WEEKLY;BYMONTH=3", "2026-01-08T09:00")) == days("2026-01-08 03-05 03-12")


def test_by_set_pos_counts_in_the_whole_interval_also_where_the_start_lies_inside_it() -> None:
    # The week of Wednesday 7 January has its first Monday on the 5th, before the start.
    first_of_week = recurrence("FREQ=WEEKLY;BYDAY=MO,WE,FR;BYSETPOS=1", "2026-01-07T09:00")

    assert first(3, first_of_week) == days("2026-01-07 01-12 01-19")


def test_by_set_pos_counts_times_of_day_too() -> None:
    last_but_one = recurrence("FREQ=MONTHLY;BYMONTHDAY=1,2;BYHOUR=9,17;BYSETPOS=2,-2", "2026-01-01T17:00")

    assert first(5, last_but_one) == [
        "2026-01-01T17:00",
        "2026-01-02T09:00",
        "2026-02-01T17:00",
        "2026-02-02T09:00",
        "2026-03-01T17:00",
    ]


def test_plain_and_numbered_days_stand_side_by_side() -> None:
    assert first(5, recurrence("FREQ=MONTHLY;BYDAY=MO,1WE", "2026-01-05T09:00")) == days(
        "2026-01-05 01-07 01-12 01-19 01-26"
    )


def test_a_week_over_new_year_counts_in_the_year_that_has_most_of_it() -> None:
    # Week 53 of 2026 runs from 28 December to 3 January; week 1 of 2025 began on 30 December 2024.
    assert first(8, recurrence("FREQ=YEARLY;BYWEEKNO=53", "2026-12-28T09:00")) == days(
        "2026-12-28 12-29 12-30 12-31 2027-01-01 01-02 01-03 2032-12-27"
    )
    assert first(3, recurrence("FREQ=YEARLY;BYWEEKNO=1;BYDAY=MO", "2024-01-01T09:00")) == days(
        "2024-01-01 12-30 2025-12-29"
    )
    assert first(3, recurrence("FREQ=YEARLY;BYWEEKNO=-1;BYDAY=SU", "2026-01-01T09:00")) == days(
        "2026-01-01 2027-01-03 2028-01-02"
    )


@pytest.mark.parametrize(
    ("cadence", "rule"),
    [
        (Cadence("daily"), "FREQ=DAILY"),
        (Cadence("daily", interval=3), "FREQ=DAILY;INTERVAL=3"),
        (Cadence("weekly"), "FREQ=WEEKLY;BYDAY=WE"),
        (Cadence("weekly", interval=2, handoff_day=0), "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO"),
        (Cadence("weekly", handoff_day=6), "FREQ=WEEKLY;BYDAY=SU"),
        (Cadence("custom", interval=14), "FREQ=DAILY;INTERVAL=14"),
        (Cadence("custom", rrule="FREQ=MONTHLY;BYDAY=1MO"), "FREQ=MONTHLY;BYDAY=1MO"),
    ],
)
def test_every_rotation_type_has_an_equivalent_rule(cadence: Cadence, rule: str) -> None:
    wednesday = at("2026-01-07T09:00")

    assert rule_of(cadence, start=wednesday).text == rule


def test_weeks_are_counted_from_the_monday_of_the_starts_week() -> None:
    wednesday = at("2026-01-07T09:00")
    fortnightly = Recurrence(
        rule_of(Cadence("weekly", interval=2, handoff_day=0), start=wednesday), wednesday
    )

    assert first(3, fortnightly) == days("2026-01-07 01-19 02-02")


def test_a_cadence_that_no_rule_can_have_is_refused() -> None:
    with pytest.raises(RuleError, match=r"INTERVAL must be 1\.\.470 with FREQ=WEEKLY"):
        rule_of(Cadence("weekly", interval=500), start=0)


def test_what_never_comes_is_not_found_and_nothing_hangs() -> None:
    never = recurrence("FREQ=HOURLY;BYMONTH=2;BYMONTHDAY=30", "2026-01-05T09:00")
    nor_that = recurrence("FREQ=DAILY;INTERVAL=7;BYDAY=TU", "2026-01-05T09:00")

    for each in (never, nor_that):
        assert each.nth(0) == each.start
        assert each.nth(1) is None
        assert each.nth(-1) is None
        assert each.count(each.start + 200 * YEAR) == 1
        assert each.between(each.start - YEAR, each.start + 200 * YEAR) == [each.start]
        assert each.between(each.start + 1, each.start + 200 * YEAR) == []


@pytest.mark.parametrize(
    "rule", ["FREQ=DAILY", "FREQ=HOURLY;INTERVAL=7;BYDAY=MO", "FREQ=MONTHLY", "FREQ=YEARLY"]
)
@pytest.mark.parametrize("start", ["1970-01-01T00:00", "2099-12-31T23:59:59"])
def test_windows_reach_outside_of_the_dates_that_files_can_name(rule: str, start: str) -> None:
    found = recurrence(rule, start)
    after = found.between(found.start, found.start + 5 * YEAR)

    assert found.between(found.start - 100 * YEAR, found.start) == []
    assert found.between(found.start + YEAR, found.start) == []
    assert found.count(found.start - 100 * YEAR) == 0
    assert after[:2] == [found.start, found.nth(1)]
    assert found.count(found.start + 1000 * YEAR) >= 400


def agrees_with_dateutil(random: Random, *, count: int) -> bool:
    """Whether there was a rule to compare: one that fires, often enough, and that dateutil reads as we do."""
    rule, start = parse_rule(a_rule_text(random)), a_start(random)
    found = Recurrence(rule, start)
    last = found.nth(count - 1)
    try:
        prove(rule, start)
    except RuleError:
        return False
    if last is None or last > start + 40 * YEAR or not dateutil_knows(rule):
        return False

    expected = occurrences(count, by_dateutil(rule, start))
    assert [found.nth(index) for index in range(count)] == expected, (rule.text, start)
    low, high = sorted(random.randrange(start - DAY, last) for _ in range(2))
    assert found.between(low, high) == [each for each in expected if low <= each < high], (rule.text, start)
    assert found.count(low) == sum(each < low for each in expected), (rule.text, start, low)
    assert [found.count(each) for each in expected] == list(range(count)), (rule.text, start)
    return True


def agrees_for_twenty_years(random: Random) -> bool:
    """Every occurrence of the first twenty years, where there was a rule to compare."""
    rule, start = parse_rule(a_rule_text(random)), a_start(random)
    try:
        prove(rule, start)
    except RuleError:
        return False
    if not dateutil_knows(rule):
        return False
    end = start + 20 * YEAR
    expected = list(takewhile(lambda each: each < end, by_dateutil(rule, start)))
    assert Recurrence(rule, start).between(start, end) == expected, (rule.text, start)
    return True


def agrees_with_the_definition(random: Random) -> None:
    """Far from the start too, where dateutil would have to walk."""
    rule, start = parse_rule(a_rule_text(random)), a_start(random)
    found = Recurrence(rule, start)
    low = start - DAY + random.choice([0, random.randrange(2 * YEAR), random.randrange(150 * YEAR)])
    high = low + random.randrange(random.choice([DAY, YEAR // 2]))
    expected = by_definition(rule, start, low, high)

    assert found.between(low, high) == expected, (rule.text, start, low, high)
    assert found.count(high) - found.count(low) == len(expected), (rule.text, start, low, high)
    for each in expected[:2] + expected[-2:]:
        assert found.nth(found.count(each)) == each, (rule.text, start, each)


@given(st.integers(0, 2**32))
def test_every_rule_occurs_when_dateutil_says(seed: int) -> None:
    agrees_with_dateutil(Random(seed), count=30)


@given(st.integers(0, 2**32))
def test_every_rule_occurs_when_its_parts_say_however_old_it_is(seed: int) -> None:
    agrees_with_the_definition(Random(seed))


@pytest.mark.slow
def test_a_hundred_thousand_rules_occur_when_dateutil_and_their_parts_say() -> None:
    compared = sum(agrees_with_dateutil(Random(seed), count=30) for seed in range(100_000))
    for seed in range(100_000):
        agrees_with_the_definition(Random(seed))

    assert compared > 60_000


@pytest.mark.slow
@pytest.mark.parametrize("part", range(20))
def test_a_hundred_thousand_accepted_rules_occur_when_dateutil_says_for_twenty_years(part: int) -> None:
    """In parts, so that several processors can share them (`-n 2`); 5,000 accepted rules in each."""
    seeds = iter(range(part * 10_000, (part + 1) * 10_000))
    compared = 0
    while compared < 5_000:
        compared += agrees_for_twenty_years(Random(next(seeds)))


@given(st.integers(0, 2**32), st.integers(0, 5000))
def test_counting_and_the_nth_are_two_sides_of_one_thing(seed: int, index: int) -> None:
    random = Random(seed)
    found = Recurrence(parse_rule(a_rule_text(random)), a_start(random))
    each, following = found.nth(index), found.nth(index + 1)

    if each is not None:
        assert found.count(each) == index
        assert found.count(each + 1) == index + 1
        assert found.between(each, each + 1) == [each]
    if each is not None and following is not None:
        assert each < following
        assert found.between(each, following + 1) == [each, following]
