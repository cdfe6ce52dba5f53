"""Reading rules: what is taken and in which normal form, and each kind of mistake with its place."""

from __future__ import annotations

from dataclasses import FrozenInstanceError
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oncall_gitops.core.rule import ByDay, Rule, RuleError, parse_rule
from tests.core.rules import a_rule_text


def refusal(text: str) -> RuleError:
    with pytest.raises(RuleError) as caught:
        parse_rule(text)
    return caught.value


@pytest.mark.parametrize(
    ("written", "normal"),
    [
        ("FREQ=DAILY", "FREQ=DAILY"),
        ("INTERVAL=1;FREQ=DAILY;WKST=MO", "FREQ=DAILY"),
        ("FREQ=DAILY;INTERVAL=007", "FREQ=DAILY;INTERVAL=7"),
        ("BYDAY=SU,FR,MO;FREQ=WEEKLY;WKST=SU", "FREQ=WEEKLY;BYDAY=MO,FR,SU;WKST=SU"),
        ("FREQ=MONTHLY;BYMONTHDAY=-1,15,+1,-2", "FREQ=MONTHLY;BYMONTHDAY=1,15,-2,-1"),
        ("FREQ=MONTHLY;BYDAY=-1FR,MO,+2TU,1WE", "FREQ=MONTHLY;BYDAY=MO,1WE,2TU,-1FR"),
        ("FREQ=DAILY;BYMINUTE=30,00;BYHOUR=17,09,1", "FREQ=DAILY;BYHOUR=1,9,17;BYMINUTE=0,30"),
        (
            "FREQ=YEARLY;BYSETPOS=-1,2;BYWEEKNO=-1,20;BYMONTH=12,3",
            "FREQ=YEARLY;BYMONTH=3,12;BYWEEKNO=20,-1;BYSETPOS=2,-1",
        ),
        ("FREQ=HOURLY;BYYEARDAY=-366,100,1", "FREQ=HOURLY;BYYEARDAY=1,100,-366"),
        ("FREQ=HOURLY;INTERVAL=78912", "FREQ=HOURLY;INTERVAL=78912"),
        ("FREQ=DAILY;INTERVAL=3288", "FREQ=DAILY;INTERVAL=3288"),
        ("FREQ=WEEKLY;INTERVAL=470", "FREQ=WEEKLY;INTERVAL=470"),
        ("FREQ=MONTHLY;INTERVAL=108", "FREQ=MONTHLY;INTERVAL=108"),
        ("FREQ=YEARLY;INTERVAL=9", "FREQ=YEARLY;INTERVAL=9"),
    ],
)
def test_a_rule_has_one_normal_form(written: str, normal: str) -> None:
    rule = parse_rule(written)

    assert rule.text == normal
    assert rule == parse_rule(normal)
    assert hash(rule) == hash(parse_rule(normal))


@given(st.integers(0, 2**32))
def test_the_normal_form_reads_back_to_itself(seed: int) -> None:
    rule = parse_rule(a_rule_text(Random(seed)))

    assert parse_rule(rule.text) == rule
    assert parse_rule(rule.text).text == rule.text
    assert parse_rule(rule.text.lower()) == rule


def test_a_rule_is_a_value() -> None:
    rule = parse_rule("FREQ=MONTHLY;BYDAY=1MO")

    assert rule == Rule("MONTHLY", days=(ByDay(1, 0),))
    with pytest.raises(FrozenInstanceError):
        rule.interval = 2  # type: ignore[misc]


@pytest.mark.parametrize(
    ("text", "message", "place", "help"),
    [
        # Parts that are not supported, each with what to use instead.
        ("FREQ=DAILY;COUNT=3", "COUNT is not supported in a rule", "COUNT=3", "use `end_date`"),
        ("FREQ=DAILY;UNTIL=20270105", "UNTIL is not supported in a rule", "UNTIL=20270105", "use `end_date`"),
        (
            "FREQ=DAILY;BYSECOND=0",
            "BYSECOND is not supported in a rule",
            "BYSECOND=0",
            "the seconds are those of the rotation's `start`",
        ),
        (
            "FREQ=YEARLY;BYEASTER=0",
            "BYEASTER is not supported in a rule",
            "BYEASTER=0",
            "it is not in RFC 5545",
        ),
        (
            "RSCALE=CHINESE;FREQ=YEARLY",
            "RSCALE is not supported in a rule",
            "RSCALE=CHINESE",
            "only the Gregorian calendar is known",
        ),
        (
            "FREQ=MONTHLY;SKIP=OMIT",
            "SKIP is not supported in a rule",
            "SKIP=OMIT",
            "a day that a month lacks is passed over",
        ),
        (
            "FREQ=DAILY;TZID=UTC",
            "TZID is not supported in a rule",
            "TZID=UTC",
            "the rule runs in the `timezone` of the layer or schedule",
        ),
        (
            "FREQ=DAILY;DTSTART=20260105",
            "DTSTART is not supported in a rule",
            "DTSTART=20260105",
            "a rule counts from the rotation's `start`",
        ),
        (
            "DTSTART;TZID=/etc/passwd:19970902T090000\nRRULE:FREQ=DAILY",
            "DTSTART does not belong in a rule",
            "DTSTART",
            "a rule counts from the rotation's `start`",
        ),
        (
            "RRULE:FREQ=DAILY\nRDATE:20990101T090000",
            "RDATE does not belong in a rule",
            "RDATE",
            "use an override",
        ),
        (
            "FREQ=DAILY\nexdate:20990101T090000",
            "EXDATE does not belong in a rule",
            "exdate",
            "use an override",
        ),
        ("FREQ=DAILY\nRRULE:FREQ=WEEKLY", "a rule is one line", "\n", ""),
        ("FREQ=DAILY\u2028", "a rule is one line", "\u2028", "write FREQ=DAILY"),
        # The shape.
        ("", "the rule is empty", "", "write for example FREQ=WEEKLY;BYDAY=MO"),
        ("RRULE:", "`RRULE:` is no RFC 5545 rule", "RRULE:", "write for example FREQ=WEEKLY;BYDAY=MO,WE"),
        ("INTERVAL=2", "FREQ is required", "INTERVAL=2", "write for example FREQ=WEEKLY;BYDAY=MO"),
        ("FREQ=WEEKLY; BYDAY=MO, WE", "a rule has no spaces", " ", "write FREQ=WEEKLY;BYDAY=MO,WE"),
        ("freq = weekly", "a rule has no spaces", " ", "write FREQ=WEEKLY"),
        ("FREQ=WEEKLY; COUNT=3", "a rule has no spaces", " ", ""),
        ("WEEKLY", "`WEEKLY` is no RFC 5545 rule", "WEEKLY", "write FREQ=WEEKLY"),
        ("5", "`5` is no RFC 5545 rule", "5", "write for example FREQ=WEEKLY;BYDAY=MO,WE"),
        (
            "every monday",
            "`every monday` is no RFC 5545 rule",
            "every monday",
            "write for example FREQ=WEEKLY;BYDAY=MO,WE",
        ),
        (
            "0 8 * * 1,3",
            "`0 8 * * 1,3` is no RFC 5545 rule",
            "0 8 * * 1,3",
            "write for example FREQ=WEEKLY;BYDAY=MO,WE",
        ),
        ("FRQ=WEEKLY", "unknown part `FRQ`", "FRQ=WEEKLY", "did you mean FREQ?"),
        ("FREQ=DAILY; BYHOUR=9", "a rule has no spaces", " ", "write FREQ=DAILY;BYHOUR=9"),
        ("FREQ=DAILY\t", "a rule has no spaces", "\t", "write FREQ=DAILY"),
        ("FREQ=DAILY\u00a0", "a rule has no spaces", "\u00a0", "write FREQ=DAILY"),
        ("FREQ=DAILY;", "the rule ends in `;`", ";", "remove the `;`"),
        ("FREQ=DAILY;;BYHOUR=9", "an empty part before `;`", ";", "remove the `;`"),
        ("FREQ=DAILY;BYHOUR", "`BYHOUR` is not NAME=VALUE", "BYHOUR", ""),
        ("FREQ=DAILY;FREQ=WEEKLY", "FREQ appears twice", "FREQ=WEEKLY", ""),
        ("FREQ=DAILY;FOO=1", "unknown part `FOO`", "FOO=1", ""),
        ("FREQ=DAILY;BYHOURS=1", "unknown part `BYHOURS`", "BYHOURS=1", "did you mean BYHOUR?"),
        ("FREQ=DAILY;X-NAME=1", "unknown part `X-NAME`", "X-NAME=1", ""),
        (
            "FREQ=DAILY;INTERVAL=\u0662",
            "only plain ASCII letters and digits stand in a rule, not `\u0662`",
            "\u0662",
            "",
        ),
        (
            "FREQ=DAILY;BYHOUR=\uff12",
            "only plain ASCII letters and digits stand in a rule, not `\uff12`",
            "\uff12",
            "",
        ),
        ("FREQ=DAILY\x00", "only plain ASCII letters and digits stand in a rule, not `\\x00`", "\x00", ""),
        ("FREQ=DAILY\x1b[2J", "only plain ASCII letters and digits stand in a rule, not `\\x1b`", "\x1b", ""),
        # FREQ, INTERVAL, WKST.
        ("FREQ=MINUTELY", "FREQ=MINUTELY is not supported: the shortest rotation is HOURLY", "MINUTELY", ""),
        ("FREQ=SECONDLY", "FREQ=SECONDLY is not supported: the shortest rotation is HOURLY", "SECONDLY", ""),
        ("FREQ=WEEKLEY", "unknown FREQ `WEEKLEY`", "WEEKLEY", "did you mean WEEKLY?"),
        ("FREQ=42", "unknown FREQ `42`", "42", "HOURLY, DAILY, WEEKLY, MONTHLY and YEARLY"),
        ("FREQ=", "FREQ is empty", "FREQ=", "HOURLY, DAILY, WEEKLY, MONTHLY and YEARLY"),
        ("FREQ=DAILY;INTERVAL=0", "INTERVAL must be 1 or more", "0", ""),
        ("FREQ=DAILY;INTERVAL=-1", "INTERVAL must be 1 or more", "-1", ""),
        ("FREQ=DAILY;INTERVAL=+2", "INTERVAL must be a whole number in digits 0-9, not `+2`", "+2", ""),
        ("FREQ=DAILY;INTERVAL=1.5", "INTERVAL must be a whole number in digits 0-9, not `1.5`", "1.5", ""),
        ("FREQ=DAILY;INTERVAL=1_0", "INTERVAL must be a whole number in digits 0-9, not `1_0`", "1_0", ""),
        ("FREQ=DAILY;INTERVAL=2,3", "INTERVAL must be a whole number in digits 0-9, not `2,3`", "2,3", ""),
        ("FREQ=DAILY;INTERVAL=", "INTERVAL is empty", "INTERVAL=", ""),
        (
            "FREQ=DAILY;INTERVAL=99999999999999999999",
            "INTERVAL is too large",
            "99999999999999999999",
            "two handoffs lie at most 9 years apart",
        ),
        (
            "FREQ=HOURLY;INTERVAL=78913",
            "INTERVAL must be 1..78912 with FREQ=HOURLY",
            "78913",
            "two handoffs lie at most 9 years apart",
        ),
        (
            "FREQ=DAILY;INTERVAL=3289",
            "INTERVAL must be 1..3288 with FREQ=DAILY",
            "3289",
            "two handoffs lie at most 9 years apart",
        ),
        (
            "FREQ=WEEKLY;INTERVAL=471",
            "INTERVAL must be 1..470 with FREQ=WEEKLY",
            "471",
            "two handoffs lie at most 9 years apart",
        ),
        (
            "FREQ=MONTHLY;INTERVAL=109",
            "INTERVAL must be 1..108 with FREQ=MONTHLY",
            "109",
            "two handoffs lie at most 9 years apart",
        ),
        (
            "FREQ=YEARLY;INTERVAL=10",
            "INTERVAL must be 1..9 with FREQ=YEARLY",
            "10",
            "two handoffs lie at most 9 years apart",
        ),
        ("FREQ=WEEKLY;WKST=XX", "WKST: unknown day `XX`", "WKST=XX", "MO, TU, WE, TH, FR, SA and SU"),
        ("FREQ=WEEKLY;WKST=SUNDAY", "WKST: unknown day `SUNDAY`", "WKST=SUNDAY", "use SU"),
        ("FREQ=WEEKLY;WKST=", "WKST is empty", "WKST=", "MO, TU, WE, TH, FR, SA and SU"),
        # Ranges and lists.
        ("FREQ=DAILY;BYHOUR=24", "BYHOUR must be 0..23, not `24`", "24", ""),
        (
            "FREQ=DAILY;BYHOUR=+9",
            "BYHOUR takes whole numbers in digits 0-9, not `+9`",
            "+9",
            "BYHOUR must be 0..23",
        ),
        ("FREQ=DAILY;BYHOUR=009", "BYHOUR must be 0..23, not `009`", "009", ""),
        ("FREQ=DAILY;BYMINUTE=9,60", "BYMINUTE must be 0..59, not `60`", "60", ""),
        ("FREQ=YEARLY;BYMONTH=0", "BYMONTH must be 1..12, not `0`", "0", ""),
        ("FREQ=YEARLY;BYMONTH=13", "BYMONTH must be 1..12, not `13`", "13", ""),
        (
            "FREQ=YEARLY;BYMONTH=-1",
            "BYMONTH takes whole numbers in digits 0-9, not `-1`",
            "-1",
            "BYMONTH must be 1..12",
        ),
        ("FREQ=MONTHLY;BYMONTHDAY=0", "BYMONTHDAY must be 1..31 or -31..-1, not `0`", "0", ""),
        ("FREQ=MONTHLY;BYMONTHDAY=-32", "BYMONTHDAY must be 1..31 or -31..-1, not `-32`", "-32", ""),
        ("FREQ=YEARLY;BYYEARDAY=367", "BYYEARDAY must be 1..366 or -366..-1, not `367`", "367", ""),
        ("FREQ=YEARLY;BYWEEKNO=54", "BYWEEKNO must be 1..53 or -53..-1, not `54`", "54", ""),
        ("FREQ=MONTHLY;BYDAY=MO;BYSETPOS=0", "BYSETPOS must be 1..366 or -366..-1, not `0`", "0", ""),
        ("FREQ=MONTHLY;BYDAY=MO;BYSETPOS=367", "BYSETPOS must be 1..366 or -366..-1, not `367`", "367", ""),
        (
            "FREQ=DAILY;BYHOUR=NINE",
            "BYHOUR takes whole numbers in digits 0-9, not `NINE`",
            "NINE",
            "BYHOUR must be 0..23",
        ),
        ("FREQ=DAILY;BYHOUR=", "BYHOUR is empty", "BYHOUR=", ""),
        ("FREQ=DAILY;BYHOUR=9,,17", "BYHOUR has an empty item", ",", "remove the `,`"),
        ("FREQ=WEEKLY;BYDAY=MO,", "BYDAY has an empty item", ",", "remove the `,`"),
        ("FREQ=WEEKLY;BYDAY=,MO", "BYDAY has an empty item", ",", "remove the `,`"),
        ("FREQ=DAILY;BYHOUR=9,17,09", "BYHOUR names `09` twice", "09", ""),
        ("FREQ=WEEKLY;BYDAY=MO,TU,MO", "BYDAY names `MO` twice", "MO", ""),
        ("FREQ=MONTHLY;BYDAY=1MO,+1MO", "BYDAY names `+1MO` twice", "+1MO", ""),
        ("FREQ=WEEKLY;BYDAY=MONDAY", "BYDAY: unknown day `MONDAY`", "MONDAY", "use MO"),
        ("FREQ=WEEKLY;BYDAY=MON,TUE", "BYDAY: unknown day `MON`", "MON", "use MO"),
        ("FREQ=MONTHLY;BYDAY=MO(+1)", "BYDAY: unknown day `MO(+1)`", "MO(+1)", "write 1MO"),
        ("FREQ=MONTHLY;BYDAY=1", "BYDAY: unknown day `1`", "1", "MO, TU, WE, TH, FR, SA and SU"),
        ("FREQ=MONTHLY;BYDAY=0MO", "BYDAY: the number of `0MO` must be 1..53 or -53..-1", "0MO", ""),
        ("FREQ=YEARLY;BYDAY=54MO", "BYDAY: the number of `54MO` must be 1..53 or -53..-1", "54MO", ""),
        # What may not stand together.
        (
            "FREQ=WEEKLY;BYDAY=5MO",
            "BYDAY: numbered days such as 5MO only with FREQ=MONTHLY or YEARLY",
            "BYDAY=5MO",
            "use MO",
        ),
        (
            "FREQ=YEARLY;BYWEEKNO=20;BYDAY=1MO",
            "BYDAY: numbered days such as 1MO cannot stand with BYWEEKNO",
            "BYDAY=1MO",
            "use MO",
        ),
        (
            "FREQ=WEEKLY;BYMONTHDAY=1",
            "BYMONTHDAY cannot stand with FREQ=WEEKLY",
            "BYMONTHDAY=1",
            "only with HOURLY, DAILY, MONTHLY or YEARLY",
        ),
        (
            "FREQ=DAILY;BYYEARDAY=1",
            "BYYEARDAY cannot stand with FREQ=DAILY",
            "BYYEARDAY=1",
            "only with HOURLY or YEARLY",
        ),
        (
            "FREQ=WEEKLY;BYYEARDAY=1",
            "BYYEARDAY cannot stand with FREQ=WEEKLY",
            "BYYEARDAY=1",
            "only with HOURLY or YEARLY",
        ),
        (
            "FREQ=MONTHLY;BYYEARDAY=1",
            "BYYEARDAY cannot stand with FREQ=MONTHLY",
            "BYYEARDAY=1",
            "only with HOURLY or YEARLY",
        ),
        (
            "FREQ=MONTHLY;BYWEEKNO=5",
            "BYWEEKNO cannot stand with FREQ=MONTHLY",
            "BYWEEKNO=5",
            "only with YEARLY",
        ),
        (
            "FREQ=DAILY;BYSETPOS=2",
            "BYSETPOS needs another BY part",
            "BYSETPOS=2",
            "it picks from what the other BY parts give",
        ),
    ],
)
def test_each_mistake_is_named_with_its_place_and_what_to_do(
    text: str, message: str, place: str, help: str
) -> None:
    error = refusal(text)

    assert (error.message, text[slice(*error.span)], error.help) == (message, place, help)
    assert len(error.mistakes) == (2 if "MON,TUE" in text else 1)


def test_a_place_counts_in_the_text_as_it_was_written() -> None:
    error = refusal("rrule:freq=weekly;byday=mo,tu,mo")

    assert error.span == (30, 32)
    assert error.message == "BYDAY names `MO` twice"


def test_all_mistakes_are_named_at_once_in_the_order_of_the_text() -> None:
    error = refusal("FREQ=WEEKLY;BYDAY=MONDAY;FOO=1;INTERVAL=0;BYMONTHDAY=3;COUNT=4;")

    assert [mistake.message for mistake in error.mistakes] == [
        "BYDAY: unknown day `MONDAY`",
        "unknown part `FOO`",
        "INTERVAL must be 1 or more",
        "BYMONTHDAY cannot stand with FREQ=WEEKLY",
        "COUNT is not supported in a rule",
        "the rule ends in `;`",
    ]
    assert str(error).startswith("BYDAY: unknown day `MONDAY`; unknown part `FOO`; ")


def test_a_rule_of_more_than_512_characters_is_refused_and_not_repeated() -> None:
    longest = "FREQ=DAILY;INTERVAL=" + "1".zfill(492)
    error = refusal(longest + "0")

    assert parse_rule(longest).text == "FREQ=DAILY"
    assert error.message == "the rule is 513 characters long; at most 512 are read"
    assert error.span == (512, 513)


def test_a_long_value_is_cut_in_the_message() -> None:
    assert refusal(f"FREQ=DAILY;BYHOUR={'9' * 400}").message == f"BYHOUR must be 0..23, not `{'9' * 39}…`"


@given(st.text(max_size=600) | st.text("FREQ=;,BYDAMONTHLSUW0123456789-+:", max_size=80))
def test_no_text_is_too_strange_to_be_refused_in_place(text: str) -> None:
    try:
        rule = parse_rule(text)
    except RuleError as error:
        spans = [mistake.span for mistake in error.mistakes]
        messages = [mistake.message for mistake in error.mistakes]
    else:
        spans, messages = [note.span for note in rule.notes], [rule.text]
    assert all(0 <= start <= end <= len(text) for start, end in spans)
    assert all(message.isprintable() and len(message) < 600 for message in messages)


@pytest.mark.parametrize(
    ("text", "kinds", "places"),
    [
        ("FREQ=DAILY", [], []),
        ("RRULE:FREQ=DAILY", ["prefix"], ["RRULE:"]),
        ("freq=Daily", ["lower-case"], ["freq=Daily"]),
        ("rrule:freq=daily", ["prefix", "lower-case"], ["rrule:", "freq=daily"]),
        ("FREQ=MONTHLY;BYMONTHDAY=28", [], []),
        ("FREQ=MONTHLY;BYMONTHDAY=1,29", ["missing-days"], ["BYMONTHDAY=1,29"]),
        ("FREQ=MONTHLY;BYMONTHDAY=-30", ["missing-days"], ["BYMONTHDAY=-30"]),
        ("FREQ=DAILY;BYMONTHDAY=31", ["missing-days"], ["BYMONTHDAY=31"]),
        ("FREQ=MONTHLY;BYMONTHDAY=29,30,31;BYSETPOS=-1", ["missing-days"], ["BYMONTHDAY=29,30,31"]),
        ("FREQ=MONTHLY;BYMONTHDAY=31;BYSETPOS=1", ["missing-days"], ["BYMONTHDAY=31"]),
        ("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", [], []),  # never fires: that is said elsewhere
        ("FREQ=YEARLY;BYMONTH=4,6;BYMONTHDAY=31", [], []),
        ("rrule:FREQ=WEEKLY", ["prefix"], ["rrule:"]),
        ("rrule:FREQ=weekly", ["prefix", "lower-case"], ["rrule:", "FREQ=weekly"]),
        ("FREQ=YEARLY;BYMONTH=1,12;BYMONTHDAY=31", [], []),
        ("FREQ=YEARLY;BYMONTH=1,4;BYMONTHDAY=31", ["missing-days"], ["BYMONTHDAY=31"]),
        ("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29", ["missing-days"], ["BYMONTHDAY=29"]),
        ("FREQ=MONTHLY;BYMONTHDAY=28,29,30,31;BYSETPOS=-1", [], []),
        ("FREQ=YEARLY;BYYEARDAY=366", ["missing-days"], ["BYYEARDAY=366"]),
        ("FREQ=YEARLY;BYWEEKNO=53", ["missing-days"], ["BYWEEKNO=53"]),
        ("FREQ=MONTHLY;BYDAY=5MO", ["missing-days"], ["BYDAY=5MO"]),
        ("FREQ=YEARLY;BYDAY=5MO,20TU", [], []),
        ("FREQ=YEARLY;BYDAY=-53SU", ["missing-days"], ["BYDAY=-53SU"]),
    ],
)
def test_what_deserves_a_warning_is_noted_and_changes_nothing(
    text: str, kinds: list[str], places: list[str]
) -> None:
    rule = parse_rule(text)

    assert [note.kind for note in rule.notes] == kinds
    assert [text[slice(*note.span)] for note in rule.notes] == places
    assert rule == parse_rule(rule.text)
