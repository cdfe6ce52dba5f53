"""The proof that a rule fires, against the calendar looked at day by day for 400 years."""

from __future__ import annotations

from random import Random

import pytest

from oncall_gitops.core.firing import HORIZON, Firing, prove
from oncall_gitops.core.model.rule import LONGEST_GAP
from oncall_gitops.core.model.when import Local, parse_when
from oncall_gitops.core.rule import RuleError, parse_rule
from tests.core.rules import a_rule_text, a_start, longest_gap_by_definition

MONDAY = "2026-01-05T09:00"


def proof(text: str, start: str = MONDAY) -> Firing:
    return prove(parse_rule(text), parse_when(start).seconds)


@pytest.mark.parametrize(
    ("text", "start"),
    [
        ("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", MONDAY),
        ("FREQ=HOURLY;BYMONTH=2;BYMONTHDAY=30", MONDAY),
        ("FREQ=DAILY;BYMONTH=4,6,9,11;BYMONTHDAY=31", MONDAY),
        ("FREQ=YEARLY;BYYEARDAY=1;BYMONTH=2", MONDAY),
        ("FREQ=HOURLY;BYYEARDAY=366;BYMONTHDAY=30", MONDAY),
        ("FREQ=YEARLY;BYWEEKNO=20;BYMONTH=1", MONDAY),
        ("FREQ=YEARLY;BYMONTH=4", "2026-03-31T09:00"),
        ("FREQ=MONTHLY;BYMONTH=2", "2026-01-30T09:00"),
        ("FREQ=MONTHLY;BYDAY=1MO;BYMONTHDAY=20", MONDAY),
        ("FREQ=MONTHLY;BYDAY=6MO", MONDAY),
        ("FREQ=MONTHLY;BYDAY=MO;BYSETPOS=6", MONDAY),
        ("FREQ=DAILY;BYHOUR=9,17;BYSETPOS=3", MONDAY),
        ("FREQ=DAILY;BYMONTH=1;BYSETPOS=2", MONDAY),
        ("FREQ=WEEKLY;BYDAY=MO,TU;BYSETPOS=3", MONDAY),
        ("FREQ=WEEKLY;BYMONTH=1;BYDAY=MO,TU;BYSETPOS=-3", MONDAY),
        ("FREQ=HOURLY;BYMINUTE=0,30;BYSETPOS=-3", MONDAY),
    ],
)
def test_a_rule_that_names_no_moment_is_refused(text: str, start: str) -> None:
    with pytest.raises(RuleError, match="the rule never fires after its start"):
        proof(text, start)


@pytest.mark.parametrize(
    ("text", "misses", "meets"),
    [
        ("FREQ=YEARLY;INTERVAL=4;BYMONTH=2;BYMONTHDAY=29", "2026-01-05T09:00", "2028-01-05T09:00"),
        ("FREQ=DAILY;INTERVAL=7;BYDAY=TU", "2026-01-05T09:00", "2026-01-06T09:00"),
        ("FREQ=HOURLY;INTERVAL=24;BYHOUR=9", "2026-01-05T08:00", "2026-01-05T09:00"),
        ("FREQ=HOURLY;INTERVAL=168;BYDAY=MO;BYHOUR=9", "2026-01-05T10:00", "2026-01-05T09:00"),
        ("FREQ=MONTHLY;INTERVAL=6;BYMONTH=2,8", "2026-01-05T09:00", "2026-02-05T09:00"),
        ("FREQ=HOURLY;INTERVAL=48;BYMONTHDAY=1;BYHOUR=9", "2026-01-05T10:00", "2026-01-05T09:00"),
    ],
)
def test_whether_an_interval_meets_the_other_parts_depends_on_the_start(
    text: str, misses: str, meets: str
) -> None:
    with pytest.raises(RuleError) as refusal:
        proof(text, misses)
    firing = proof(text, meets)

    assert refusal.value.help.startswith("counted from the start, INTERVAL=")
    assert refusal.value.span == (0, len(parse_rule(text).text))
    assert firing.longest_gap <= LONGEST_GAP


@pytest.mark.parametrize(
    ("text", "start", "days"),
    [
        ("FREQ=HOURLY;INTERVAL=7", MONDAY, 1),
        ("FREQ=DAILY", MONDAY, 1),
        ("FREQ=WEEKLY;BYDAY=MO,FR", MONDAY, 4),
        ("FREQ=MONTHLY;BYMONTHDAY=-1", MONDAY, 31),
        ("FREQ=MONTHLY;BYMONTHDAY=31", MONDAY, 61),
        ("FREQ=YEARLY", MONDAY, 366),
        ("FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU", MONDAY, 371),
        ("FREQ=DAILY;BYMONTHDAY=13;BYDAY=FR", MONDAY, 427),
        ("FREQ=YEARLY;BYWEEKNO=53;BYDAY=MO", MONDAY, 2555),
        ("FREQ=YEARLY;BYYEARDAY=366", MONDAY, 2921),
        ("FREQ=YEARLY", "2028-02-29T09:00", 2921),
        ("FREQ=YEARLY;INTERVAL=9", MONDAY, 3288),
        ("FREQ=MONTHLY;INTERVAL=108", MONDAY, 3288),
        ("FREQ=DAILY;INTERVAL=3288", MONDAY, 3288),
        ("FREQ=WEEKLY;INTERVAL=469", MONDAY, 3283),
        ("FREQ=HOURLY;INTERVAL=78912", MONDAY, 3288),
        ("FREQ=DAILY", "2099-12-31T23:59", 1),
        ("FREQ=YEARLY", "2099-12-31T23:59", 366),
    ],
)
def test_the_longest_gap_is_known_to_the_day(text: str, start: str, days: int) -> None:
    firing = proof(text, start)

    assert firing.longest_gap == days
    assert firing.is_rare == (days > 366)


@pytest.mark.parametrize(
    ("text", "first", "after"),
    [
        ("FREQ=DAILY;BYMONTH=2;BYMONTHDAY=29;BYDAY=MO", "2072-02-29", "2112-02-29"),
        ("FREQ=HOURLY;INTERVAL=78911;BYDAY=MO", "2026-01-05", "2089-01-10"),
        ("FREQ=WEEKLY;INTERVAL=470", "2026-01-05", "2035-01-08"),
    ],
)
def test_more_than_nine_years_between_two_occurrences_is_refused_with_the_dates(
    text: str, first: str, after: str
) -> None:
    with pytest.raises(RuleError) as refusal:
        proof(text)

    assert refusal.value.message == (
        f"the rule does not fire between {first} and {after}: occurrences lie at most 9 years apart"
    )


@pytest.mark.parametrize(
    ("text", "start", "matches"),
    [
        ("FREQ=WEEKLY;BYDAY=MO", "2026-01-05T09:00", True),
        ("FREQ=WEEKLY;BYDAY=MO", "2026-01-06T09:00", False),
        ("FREQ=DAILY;BYHOUR=9", "2026-01-05T09:00", True),
        ("FREQ=DAILY;BYHOUR=10", "2026-01-05T09:00", False),
        ("FREQ=MONTHLY;BYMONTHDAY=1", "2026-01-01T09:00", True),
        ("FREQ=MONTHLY;BYMONTHDAY=1", "2026-01-05T09:00", False),
    ],
)
def test_it_says_whether_the_start_is_an_occurrence_of_the_rule_itself(
    text: str, start: str, matches: bool
) -> None:
    assert proof(text, start).matches_start is matches


@pytest.mark.parametrize(
    ("text", "start", "skips"),
    [
        ("FREQ=MONTHLY", "2026-01-28T09:00", False),
        ("FREQ=MONTHLY", "2026-01-29T09:00", True),
        ("FREQ=MONTHLY", "2026-01-31T09:00", True),
        ("FREQ=MONTHLY;BYMONTH=1,3,5", "2026-01-31T09:00", False),
        ("FREQ=MONTHLY;BYMONTHDAY=1", "2026-01-31T09:00", False),
        ("FREQ=YEARLY", "2026-01-31T09:00", False),
        ("FREQ=YEARLY;BYMONTH=1,4", "2026-01-31T09:00", True),
        ("FREQ=DAILY", "2026-01-31T09:00", False),
    ],
)
def test_it_says_whether_the_starts_own_day_is_missing_from_some_months(
    text: str, start: str, skips: bool
) -> None:
    assert proof(text, start).skips_short_months is skips


def gap_found(text: str, start: Local) -> int | None:
    """The longest gap in days, the horizon for a rule that never fires, None for one that fires too rarely."""
    try:
        return prove(parse_rule(text), start).longest_gap
    except RuleError as refusal:
        return HORIZON if "never fires" in refusal.message else None


def verdicts_agree(random: Random) -> None:
    text, start = a_rule_text(random), a_start(random)
    gap = longest_gap_by_definition(parse_rule(text), start)

    assert gap_found(text, start) == (None if LONGEST_GAP < gap < HORIZON else gap), (text, start)


@pytest.mark.parametrize("seed", range(3, 14))
def test_the_verdict_is_that_of_400_years_looked_at_day_by_day(seed: int) -> None:
    verdicts_agree(Random(seed))


@pytest.mark.slow
def test_the_verdict_is_that_of_400_years_for_hundreds_of_rules() -> None:
    for seed in range(300):
        verdicts_agree(Random(seed))
