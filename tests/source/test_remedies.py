"""What is said about a mistake can be followed; and one mistake, however far it reaches, is one problem."""

# ruff: noqa: E501 (a table reads better with one line a case)
from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.source.reading import GOOD, judged, places, read, varied
from tests.source.test_mistakes import ROTATION

WINDOWS = '\n              - {days: [SAT, SUN], from: "09:00", to: "17:00"}'
CADENCE = "{type: custom, rrule: FREQ=WEEKLY;BYDAY=MO, users: [carol]}"
RULE = "rrule: FREQ=WEEKLY;BYDAY=MO"
BLOCK = "\n            - alice\n            - {user: bob, from: 2026-03-02}"

REMEDIES: list[tuple[str, str, str, list[str], str]] = [
    # one mistake is one problem
    ("no schedules but a list", "    schedules:\n", "    schedules: []\n    x-schedules:\n", ["9:5 OG203", "10:5 OG201"], "write `schedules: {slug: {...}}`"),
    ("windows for whole days", WINDOWS, " {days: [SAT, SUN]}", ["23:28 OG201"], 'did you mean "days_of_week"?'),
    ("whole days in a list", WINDOWS, " [{days_of_week: [SAT, SUN]}]", ["23:13 OG203"], "write restrictions: {days_of_week: [SAT, SUN]}, without the list"),
    ("days as restrictions", WINDOWS, " [SAT, SUN]", ["23:13 OG203"], "write {days_of_week: [SAT, SUN]}"),
    ("whole days as coverage", "        rotation:\n" + ROTATION, "        coverage: [{days_of_week: [SAT]}]\n        rotation:\n" + ROTATION, ["14:20 OG203"], 'for whole days write {days: [SAT, SUN], from: "00:00", to: "24:00"}'),
    ("a single window as coverage", "        rotation:\n" + ROTATION, '        coverage: {from: "09:00", to: "17:00"}\n        rotation:\n' + ROTATION, ["14:9 OG203"], "put it in a list: [{...}]"),
    ("an interval of a custom rotation", CADENCE, "{type: custom, interval: 14, users: [carol]}", ["22:38 OG212"], "write `interval_days: 14`"),
    ("an interval beside a rule", CADENCE, CADENCE.replace("{", "{interval: 2, "), ["22:24 OG212"], "remove it: a rule has INTERVAL, and `interval_days` is the whole length"),
    ("a misspelt FREQ", RULE, "rrule: FRQ=WEEKLY", ["22:45 OG408"], "did you mean FREQ?"),
    ("a frequency alone", RULE, "rrule: WEEKLY", ["22:45 OG408"], "write FREQ=WEEKLY"),
    ("a number as a rule", RULE, "rrule: 5", ["22:45 OG408"], "write for example FREQ=WEEKLY;BYDAY=MO,WE"),
    ("a place as an entry", "{user: bob, from: 2026-03-02}", "bob: {from: 2026-03-02}", ["18:15 OG203"], "write {user: bob, from: 2026-03-02}"),
    ("a place with a colon", "- alice\n", "- alice: x\n", ["17:15 OG203"], "write alice"),
    ("a list without brackets", "users: [carol]}", "users: carol, alice, bob}", ["22:74 OG203"], "write [carol, alice, bob]"),
    ("a rule that never fires", RULE, "rrule: FREQ=MONTHLY;BYMONTH=2;BYMONTHDAY=30", ["22:45 OG409"], ""),
    ("a key of two letters", 'to: "17:00"', 'ot: "17:00"', ["24:51 OG201"], 'did you mean "to"?'),
    ("another key of two letters", "users:" + BLOCK, "users: [alice]\n          anchor: {a: 2026-01-06, user: alice}", ["17:20 OG201"], 'did you mean "at"?'),
    # what is offered can be written
    ("a range of days", "[SAT, SUN]", "MON-FRI", ["24:24 OG203"], "write [MON, TUE, WED, THU, FRI]"),
    ("a range over the weekend", "[SAT, SUN]", "fri to mon", ["24:24 OG203"], "write [MON, FRI, SAT, SUN]"),
    ("one day", "[SAT, SUN]", "Sat", ["24:24 OG203"], "write [SAT]"),
    ("working days", "[SAT, SUN]", "weekdays", ["24:24 OG203"], "write [MON, TUE, WED, THU, FRI]"),
    ("a range in a list", "[SAT, SUN]", "[THU-SAT, SUN]", ["24:25 OG406"], "write THU, FRI, SAT"),
    ("a day in full", "[SAT, SUN]", "[Saturday, SUN]", ["24:25 OG406"], "write SAT"),
    ("no days at all", "[SAT, SUN]", "", ["24:24 OG204"], "name the days, or leave the key out"),
    ("every two weeks", "type: weekly", "type: bi-weekly", ["15:17 OG208"], "write `type: weekly` with `interval: 2`"),
    ("every month", "type: weekly", "type: Monthly", ["15:17 OG208"], "write `type: custom` with `rrule: FREQ=MONTHLY`"),
    ("a user by name", "- alice\n", "- Alice Ng\n", ["17:15 OG209"], 'write "alice"'),
    ("a user by address", "- alice\n", "- Alice@example.com\n", ["17:15 OG209"], 'write "alice"'),
    ("a user by a word that is no slug of theirs", "- alice\n", "- ali.c\n", ["17:15 OG304"], 'did you mean "alice"?'),
    ("following by full name", ROTATION, "          follows: payments/other\n          offset: 1\n", ["15:20 OG209"], 'write "other"'),
    ("a list in quotes", "[alice, bob]", "'[alice, bob]'", ["8:14 OG203"], "write [alice, bob]"),
    ("a list that is not opened", "[alice, bob]", "(alice, bob)", ["8:14 OG203"], "write [alice, bob]"),
    ("a list that is only closed", "[alice, bob]", "'alice, bob]'", ["8:14 OG203"], "write [alice, bob]"),
    ("a list as a block", "[alice, bob]", "|\n      alice\n      bob", ["8:14 OG203"], "write [alice, bob]"),
    ("a list behind a no-break space", "[alice, bob]", "\u00a0[alice, bob]", ["8:14 OG203"], "write [alice, bob]"),
    ("braces for brackets", "members: [alice, bob]", "members: {alice, bob}", ["8:5 OG203"], "write [alice, bob]"),
    ("every other week", "type: weekly", "type: every other week", ["15:17 OG208"], "write `type: weekly` with `interval: 2`"),
    ("what is no list of slugs", "[alice, bob]", "everybody!", ["8:14 OG203"], ""),
    ("cron", RULE, 'rrule: "0 8 * * 1,3,5"', ["22:46 OG408"], "write for example FREQ=WEEKLY;BYDAY=MO,WE"),
    ("English", RULE, "rrule: every monday", ["22:45 OG408"], "write for example FREQ=WEEKLY;BYDAY=MO,WE"),
    ("a rule with spaces", RULE, 'rrule: "FREQ=WEEKLY; BYDAY=MO, WE"', ["22:58 OG408"], "write FREQ=WEEKLY;BYDAY=MO,WE"),
    ("an abbreviation for an offset", "start: 2026-12-24T09:00", "start: 2026-12-24T09:00 EST", ["28:52 OG403"], "write 2026-12-24T09:00 for local time, or an offset such as -05:00 after it"),
    ("a date with dots", "start_date: 2026-01-05", "start_date: 05.01.2026", ["12:21 OG403"], "write 2026-01-05"),
    ("a date in words", "start_date: 2026-01-05", "start_date: 5 Jan 2026", ["12:21 OG403"], "write 2026-01-05"),
    ("a date in American words", "start_date: 2026-01-05", 'start_date: "January 5th, 2026"', ["12:21 OG403"], "write 2026-01-05"),
    ("a date with slashes that is certain", "end: 2026-12-21", "end: 12/21/2026", ["26:68 OG403"], "write 2026-12-21"),
    ("a date with slashes that is not", "end: 2026-12-21", "end: 12/11/2026", ["26:68 OG403"], "write 2026-01-05, 2026-01-05T09:00 or 2026-01-05T09:00:00Z"),
    ("an hour of one digit", "start: 2026-12-24T09:00", "start: 2026-12-24T9:00", ["28:52 OG403"], "write 2026-12-24T09:00"),
    ("a space and an hour of one digit", "start: 2026-12-24T09:00", "start: 2026-12-24 9:00", ["28:52 OG403"], "write 2026-12-24T09:00"),
    ("the end of a day", "end: 2026-12-21", "end: 2026-12-20T24:00", ["26:68 OG403"], "write 2026-12-21T00:00"),
    ("an offset without a colon", "start: 2026-12-24T09:00", "start: 2026-12-24T09:00+0100", ["28:52 OG403"], "write 2026-12-24T09:00+01:00"),
    ("a time without a date", "end: 2026-12-21", 'end: "17:00"', ["26:68 OG403"], "write the date before it, as in 2026-01-05T17:00"),
    ("a small z", "start: 2026-12-24T09:00", "start: 2026-12-24T09:00z", ["28:52 OG403"], "write 2026-12-24T09:00Z"),
    ("a small t", "start: 2026-12-24T09:00", "start: 2026-12-24t09:00Z", ["28:52 OG403"], "write 2026-12-24T09:00Z"),
    ("a sign", "type: weekly", "type: weekly\n          interval: +2", ["16:21 OG205"], "write 2"),
    ("a number of weeks", "type: weekly", "type: weekly\n          interval: 2 weeks", ["16:21 OG205"], "write 2"),
    ("a sign before an offset", ROTATION, "          follows: primary\n          offset: +1\n", ["16:19 OG205"], "write 1"),
    ("a tab between day and time", WINDOWS, '\n              - {from: "FRI\\t17:00", to: "MON 09:00"}', ["24:24 OG404"], 'write "FRI 17:00"'),
    ("a no-break space between day and time", WINDOWS, '\n              - {from: "FRI\u00a017:00", to: "MON 09:00"}', ["24:24 OG404"], 'write "FRI 17:00"'),
    ("two spaces between day and time", WINDOWS, '\n              - {from: "FRI 17:00", to: "MON  09:00"}', ["24:41 OG404"], 'write "MON 09:00"'),
    ("the time before the day", WINDOWS, '\n              - {from: "17:00 FRI", to: "MON 09:00"}', ["24:24 OG406"], 'write "FRI 17:00"'),
    ("an interval in words", CADENCE, "{type: custom, interval: two, users: [carol]}", ["22:38 OG212", "22:48 OG205"], "write `interval_days`, in days"),
    ("a date without dashes", "start_date: 2026-01-05", "start_date: 20260105", ["12:21 OG403"], "write 2026-01-05"),
    ("fractions of a second", "start: 2026-12-24T09:00", "start: 2026-12-24T09:00:00.000Z", ["28:52 OG403"], "write 2026-12-24T09:00:00Z"),
    ("a comma in braces", RULE, "rrule: FREQ=WEEKLY;BYDAY=MO,FR", ["22:66 OG201"], 'in braces a comma ends a value: write rrule: "FREQ=WEEKLY;BYDAY=MO,FR"'),
    ("a name with a comma in braces", "{name: Alice Ng,", "{name: Ng, Alice,", ["2:21 OG201"], 'in braces a comma ends a value: write name: "Ng, Alice"'),
    ("an empty place", "- alice\n", "-\n", ["17:14 OG204"], "give a slug, or remove the entry"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("old", "new", "expected", "hint"), [r[1:] for r in REMEDIES], ids=[r[0] for r in REMEDIES]
)
def test_a_mistake_is_one_problem_with_what_to_write(
    old: str, new: str, expected: list[str], hint: str, tmp_path: Path
) -> None:
    problems = judged(read(tmp_path, varied(old, new)))

    assert places(problems) == expected
    assert problems[0].help == hint or not hint


NOT_LITERAL = re.compile(r"example|`|for local time|the date before|without|days_of_week|FREQ")
OVER_MORE = ("a list without brackets", "braces for brackets", "a list as a block")
LITERAL = [
    remedy
    for remedy in REMEDIES
    if remedy[4].startswith("write ") and not NOT_LITERAL.search(remedy[4]) and remedy[0] not in OVER_MORE
]


@pytest.mark.parametrize(
    ("old", "new", "hint"), [(r[1], r[2], r[4]) for r in LITERAL], ids=[r[0] for r in LITERAL]
)
def test_what_it_says_to_write_can_stand_there(old: str, new: str, hint: str, tmp_path: Path) -> None:
    text = varied(old, new)
    [problem] = read(tmp_path, text).problems
    lines, row = text.split("\n"), problem.origin.line - 1
    start, end = problem.origin.column - 1, problem.origin.end_column - 1
    lines[row] = lines[row][:start] + hint.removeprefix("write ") + lines[row][end:]

    assert problem.code not in [p.code for p in read(tmp_path, "\n".join(lines)).problems]


@pytest.mark.parametrize("schedules", ["schedules:", "schedules: []", "schedules: x", "schedules: [primary]"])
def test_schedules_that_are_none_are_one_problem(schedules: str, tmp_path: Path) -> None:
    text = GOOD[: GOOD.index("    schedules:")] + f"    {schedules}\n"

    [problem] = read(tmp_path, text).problems
    assert (problem.origin.line, problem.code) == (9, "OG204" if schedules == "schedules:" else "OG203")


@pytest.mark.parametrize(
    "users",
    [
        "users: [alice, bob, carol]\n",
        "users: alice, bob, carol\n",
        "users:\n  - alice: {name: A, email: a@example.com}\n  - bob: {}\n  - carol: {}\n",
    ],
)
def test_users_that_are_no_mapping_are_one_problem(users: str, tmp_path: Path) -> None:
    assert places(read(tmp_path, users + GOOD[GOOD.index("teams:") :]).problems) == [
        "1:8 OG203" if "," in users.split("\n")[0] and "[" not in users else "1:1 OG203"
    ]


def test_teams_that_are_no_mapping_are_one_problem(tmp_path: Path) -> None:
    text = (
        GOOD[: GOOD.index("teams:")]
        + "teams:\n  - payments\n  - primary\n"
        + GOOD[GOOD.index("overrides:\n  -") :]
    )

    assert places(read(tmp_path, text).problems) == ["5:1 OG203"]


@pytest.mark.parametrize("slug", ["Alice", "alice!", "ALICE", "-alice"])
def test_a_user_whose_key_is_no_slug_is_not_unknown_as_well(slug: str, tmp_path: Path) -> None:
    assert places(read(tmp_path, varied("  alice: {", f"  {slug}: {{")).problems) == ["2:3 OG209"]


def test_a_team_whose_key_is_no_slug_is_not_unknown_as_well(tmp_path: Path) -> None:
    assert places(read(tmp_path, varied("  payments:\n", "  Payments:\n")).problems) == ["6:3 OG209"]


def test_a_user_behind_a_key_that_stands_twice_is_not_unknown_as_well(tmp_path: Path) -> None:
    assert places(read(tmp_path, varied("  bob: {", "  alice: {")).problems) == ["3:3 OG119"]
    assert places(read(tmp_path, varied("  bob: {name", "users:\n  bob: {name")).problems) == ["3:1 OG119"]


def test_a_forgotten_line_with_a_slug_is_one_problem(tmp_path: Path) -> None:
    second = '        timezone: UTC\n        start_date: 2026-01-05\n        handoff_time: "09:00"\n        rotation:\n          type: daily\n          users: [alice]\n'
    text = varied("overrides:\n  - {sch", f"{second}overrides:\n  - {{sch")
    [problem] = read(tmp_path, text).problems

    assert places([problem]) == ["27:9 OG119"]
    assert problem.help.startswith("is the line with the key of a new entry missing above it?")


def test_keys_that_stand_twice_far_from_each_other_are_two_problems(tmp_path: Path) -> None:
    text = varied(
        "        rotation:\n",
        "        timezone: UTC\n        coverage: none\n        start_date: 2026-01-06\n        rotation:\n",
    )

    assert places(read(tmp_path, text).problems) == ["14:9 OG119", "16:9 OG119"]
