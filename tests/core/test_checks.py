"""Warnings: each with the place and the code, none where there is nothing to warn about, and each silenceable."""

# ruff: noqa: E501 (a table reads better with one line a case)
from __future__ import annotations

import re
from pathlib import Path

import pytest

from oncall_gitops.core.diagnostics import TITLES
from tests.source.reading import NOW, judged, places, read, varied

LAYER = "rotation: {type: custom, rrule: FREQ=WEEKLY;BYDAY=MO, users: [carol]}"
WINDOW = '{days: [SAT, SUN], from: "09:00", to: "17:00"}'
OVERRIDE = "{user: carol, replaces: alice, start: 2026-12-07, end: 2026-12-21}"

WARNINGS: list[tuple[str, str, str, list[str]]] = [
    ("an unquoted time", 'to: "17:00"', "to: 17:00", ["24:55 OG901"]),
    ("an old name of a zone", "timezone: Europe/Berlin}", "timezone: Europe/Kiev}", ["3:58 OG902"]),
    ("a rule with a prefix", "rrule: FREQ=WEEKLY;BYDAY=MO", 'rrule: "RRULE:FREQ=WEEKLY;BYDAY=MO"', ["22:46 OG903"]),
    ("a rule in lower case", "rrule: FREQ=WEEKLY;BYDAY=MO", "rrule: freq=weekly;byday=mo", ["22:45 OG903"]),
    ("a rule that fires rarely", "FREQ=WEEKLY;BYDAY=MO", "FREQ=YEARLY;INTERVAL=3", ["22:45 OG904"]),
    ("a day that not every month has", "FREQ=WEEKLY;BYDAY=MO", "FREQ=MONTHLY;BYMONTHDAY=31", ["22:45 OG906", "22:58 OG905"]),
    ("a start that is no occurrence", "FREQ=WEEKLY;BYDAY=MO", "FREQ=WEEKLY;BYDAY=TU", ["22:45 OG906"]),
    ("a start of its own that is no occurrence", LAYER, LAYER.replace("BYDAY=MO", "BYDAY=MO, start: 2026-01-01"), ["22:74 OG906"]),
    ("a user twice", "- alice\n", "- alice\n            - alice\n", ["18:15 OG907"]),
    ("an override of more than 90 days", "end: 2026-12-21", "end: 2027-03-21", ["26:68 OG908"]),
    ("an override before its schedule", OVERRIDE, "{user: carol, start: 2025-12-07, end: 2025-12-21}", ["26:34 OG909"]),
    ("an override that is over", OVERRIDE, "{user: carol, start: 2026-10-07, end: 2026-10-21}", ["26:51 OG910"]),
    ("an override for somebody who is not on call", OVERRIDE, "{user: carol, replaces: bob, start: 2026-12-08, end: 2026-12-09}", []),
    ("an override for somebody who is on call then", OVERRIDE, "{user: carol, replaces: alice, start: 2026-12-08, end: 2026-12-09}", ["26:37 OG911"]),
    ("an offset of winter in summer", OVERRIDE, "{user: carol, start: 2027-07-07T09:00+01:00, end: 2027-07-08T09:00+02:00}", ["26:34 OG912"]),
    ("a handoff that a clock change skips", 'handoff_time: "09:00"\n        rotation:\n          type: weekly', 'handoff_time: "02:30"\n        rotation:\n          type: daily', ["13:23 OG913", "13:23 OG914"]),
    ("a weekly handoff far from clock changes", 'handoff_time: "09:00"', 'handoff_time: "02:30"', []),
    ("a window's edge that clock changes meet", WINDOW, '{days: [SAT, SUN], from: "02:30", to: "17:00"}', ["24:42 OG913", "24:42 OG914"]),
    ("an override's edge that a clock change skips", OVERRIDE, "{user: carol, start: 2027-03-28T02:30, end: 2027-03-28T09:00}", ["26:34 OG921"]),
    ("an override's edge that a clock change repeats", OVERRIDE, "{user: carol, start: 2027-10-31T02:30, end: 2027-10-31T09:00}", ["26:34 OG921"]),
    ("an override's edge with its offset", OVERRIDE, "{user: carol, start: 2027-10-31T02:30+01:00, end: 2027-10-31T09:00}", []),
    ("a user nobody schedules", "  bob: {", "  dan: {name: Dan, email: dan@example.com}\n  bob: {", ["3:3 OG915"]),
    ("a layer that is hidden", "          weekend:\n", "          all:\n            priority: 20\n            rotation: {type: weekly, users: [alice]}\n          weekend:\n", ["24:23 OG916"]),
    ("duty during time off", "email: alice@example.com", "email: alice@example.com, time_off: [{start: 2026-11-23, end: 2026-12-01}]", ["2:72 OG917"]),
    ("a member who never works", LAYER, LAYER.replace("MO, users: [carol]", "MO,SA, users: [alice, carol]").replace("FREQ=WEEKLY;BYDAY=MO,SA", "'FREQ=WEEKLY;BYDAY=MO,SA'"), ["22:80 OG919"]),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "expected"), [w[1:] for w in WARNINGS], ids=[w[0] for w in WARNINGS])
def test_a_doubt_is_a_warning_with_its_place(old: str, new: str, expected: list[str], tmp_path: Path) -> None:
    problems = judged(read(tmp_path, varied(old, new)))

    assert places(problems) == expected
    assert all(problem.severity == "warning" for problem in problems)


def test_a_warning_is_silenced_on_its_line(tmp_path: Path) -> None:
    line = "timezone: Europe/Kiev  # oncall-gitops: ignore OG902"
    text = varied("timezone: Europe/Berlin\n", f"{line}\n")

    assert judged(read(tmp_path, text)) == []
    assert places(judged(read(tmp_path, text.replace("OG902", "OG901")))) == ["11:19 OG902"]


def test_an_error_cannot_be_silenced(tmp_path: Path) -> None:
    text = varied("timezone: Europe/Berlin\n", "timezone: Europe/Berln  # oncall-gitops: ignore OG401\n")

    assert places(judged(read(tmp_path, text))) == ["11:19 OG401"]


def test_being_on_call_in_two_schedules_at_once_is_one_warning_for_each_pair_and_user(tmp_path: Path) -> None:
    other = (
        "      secondary: {timezone: UTC, start_date: 2026-01-05, rotation: {type: weekly, users: [alice]}}\n"
    )
    text = varied("      primary:\n", other + "      primary:\n")
    [problem] = judged(read(tmp_path, text))

    assert places([problem]) == ["10:7 OG918"]
    assert '"alice" is on call in payments/primary and payments/secondary' in problem.message


def test_a_gap_in_coverage_is_told_in_local_time(tmp_path: Path) -> None:
    text = varied(
        "        rotation:\n          type: weekly\n",
        "        coverage: always\n        rotation:\n          type: weekly\n",
    )
    problems = judged(read(tmp_path, varied("- alice\n", "- {user: alice, until: 2026-12-07}\n", text)))
    assert problems == []

    text = varied("{user: bob, from: 2026-03-02}", "{user: bob, until: 2026-12-07}", text)
    text = varied("- alice\n", "- {user: alice, until: 2026-12-09T10:00}\n", text)
    [problem, *_] = [problem for problem in judged(read(tmp_path, text)) if problem.is_error]
    assert problem.code == "OG507"
    assert "Wed 2026-12-09 10:00 to Sat 2026-12-12 09:00" in problem.message
    assert "(Europe/Berlin)" in problem.message


def test_coverage_by_windows_is_a_promise_for_them_alone(tmp_path: Path) -> None:
    rota = "rotation: {type: weekly, users: [alice, bob]}"
    text = f"""\
users: {{alice: {{name: A, email: a@example.com}}, bob: {{name: B, email: b@example.com}}}}
teams:
  t:
    schedules:
      s:
        timezone: Europe/Berlin
        start_date: 2026-01-05
        coverage: [{{days: [MON, TUE, WED, THU, FRI], from: "09:00", to: "WINDOW"}}]
        layers:
          l: {{priority: 1, {rota}, restrictions: [{{from: "08:00", to: "18:00"}}]}}
"""

    assert judged(read(tmp_path, text.replace("WINDOW", "18:00"))) == []
    assert places(judged(read(tmp_path, text.replace("WINDOW", "19:00")))) == ["8:9 OG507"]


ROTA = """\
users:
  alice: {name: Alice, email: alice@example.com}
  bob: {name: Bob, email: bob@example.com}
teams:
  t:
    schedules:
      s:
        timezone: UTC
        start_date: 2026-01-05
"""
BASE = "        rotation: {type: weekly, users: [alice, bob]}\n"
WEEKENDS = "restrictions: {days_of_week: [SAT, SUN]}"


def layers(*some: str) -> str:
    return "        layers:\n" + "".join(f"          {layer}\n" for layer in some)


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        pytest.param(
            "        coverage: always\n" + layers("l: {priority: 1, active: false, rotation: {type: weekly, users: [alice, bob]}}"),
            ["10:19 OG507"],
            id="a promise that only an inactive layer would keep",
        ),
        pytest.param(
            BASE + layers("l: {priority: 1, end_date: 2027-12-31, handoff_time: '00:00', rotation: {type: weekly, handoff_day: MON, users: [alice, bob]}}"),
            [],
            id="a layer that ends, with turns of a week",
        ),
        pytest.param(
            BASE + layers(f"l: {{priority: 1, end_date: 2027-12-31, rotation: {{type: daily, users: [alice, bob, alice, bob, alice, bob, alice]}}, {WEEKENDS}}}"),
            ["12:94 OG907", "12:101 OG907", "12:106 OG907", "12:113 OG907", "12:118 OG907"],
            id="seven places of two who meet every day of the week",
        ),
        pytest.param(
            BASE + layers("l: {priority: 1, end_date: 2027-12-31, rotation: {type: custom, rrule: 'FREQ=DAILY;BYHOUR=9,21;BYMINUTE=0', users: [alice, {user: bob, from: 2026-02-01}]}, restrictions: [{from: '09:00', to: '21:00'}]}"),
            ["12:127 OG919"],
            id="a member with a date, and a layer that ends",
        ),
        pytest.param(
            BASE + layers("l: {priority: 1, rotation: {type: custom, rrule: 'FREQ=WEEKLY;BYDAY=MO,FR', users: [alice, nobody]}, restrictions: [{from: 'FRI 17:00', to: 'MON 09:00'}]}"),
            ["12:95 OG919"],
            id="somebody whose weekends are all nobody's",
        ),
        pytest.param(
            BASE + layers("l: {priority: 1, rotation: {type: custom, rrule: 'FREQ=WEEKLY;BYDAY=MO,FR', users: [nobody, alice]}, restrictions: [{from: 'FRI 17:00', to: 'MON 09:00'}]}"),
            ["12:103 OG919"],
            id="somebody who has all weekends, since nobody's turns never meet one",
        ),
        pytest.param(
            BASE + layers("h: {priority: 2, rotation: {type: weekly, users: [alice, bob]}, restrictions: [{from: '00:00', to: '24:00'}]}", "l: {priority: 1, rotation: {type: weekly, users: [bob]}}"),
            ["13:25 OG916"],
            id="a layer under one that is open all week",
        ),
        pytest.param(
            BASE + layers(f"h: {{priority: 3, rotation: {{type: weekly, users: [alice, bob]}}, {WEEKENDS}}}", "i: {priority: 2, rotation: {type: weekly, users: [alice, bob]}, restrictions: {days_of_week: [MON, TUE, WED, THU, FRI]}}", "l: {priority: 1, rotation: {type: weekly, users: [bob]}}"),
            ["14:25 OG916"],
            id="a layer under two that share the week",
        ),
        pytest.param(
            BASE + layers(f"h: {{priority: 3, rotation: {{type: weekly, users: [alice, bob]}}, {WEEKENDS}}}", "i: {priority: 2, rotation: {type: weekly, users: [alice, bob]}, restrictions: {days_of_week: [MON, TUE, WED, THU]}}", "l: {priority: 1, rotation: {type: weekly, users: [bob]}}"),
            [],
            id="a layer that is left one day",
        ),
        pytest.param(
            BASE + "        overrides:\n          - {user: alice, start: 2026-12-01, end: 2026-12-02}\n          - {user: bob, start: 2026-12-01, end: 2027-12-01}\n",
            ["13:32 OG503", "13:49 OG908"],
            id="two overrides of one identity, each with its place",
        ),
        pytest.param(
            BASE + "        overrides:\n" + "          - {user: alice, start: 2026-12-01, end: 2026-12-02}\n" * 4,
            ["13:34 OG503", "14:34 OG503", "15:34 OG503"],
            id="the same override four times",
        ),
    ],
)  # fmt: skip
def test_what_is_certain_is_said_and_nothing_else(keys: str, expected: list[str], tmp_path: Path) -> None:
    assert places(judged(read(tmp_path, ROTA + keys))) == expected


def test_a_clock_that_skips_an_override_is_told_as_that(tmp_path: Path) -> None:
    override = "{user: carol, replaces: alice, start: 2026-12-07, end: 2026-12-21}"
    text = varied(override, "{user: carol, start: 2027-03-28T02:00, end: 2027-03-28T03:00}")
    [problem] = [p for p in judged(read(tmp_path, text)) if p.is_error]

    assert (problem.code, problem.help) == ("OG501", "choose other times")
    assert problem.message == (
        "the override is empty: the clocks skip all of 2027-03-28T02:00 to 2027-03-28T03:00"
    )


def test_what_is_so_already_is_so_now_whatever_the_second(tmp_path: Path) -> None:
    text = varied("timezone: Europe/Berlin\n", "timezone: Europe/Berlin\n        coverage: always\n")
    text = varied("{user: bob, from: 2026-03-02}", "nobody", varied("- alice\n", "- nobody\n", text))
    loaded = read(tmp_path, text)
    first, then = ([p for p in judged(loaded, now=NOW + second) if p.is_error] for second in (7, 59))

    assert first == then
    assert first[0].message.startswith("nobody is on call now to ")


def test_the_start_that_is_proposed_is_one_that_may_be(tmp_path: Path) -> None:
    text = varied(
        LAYER, LAYER.replace("FREQ=WEEKLY;BYDAY=MO", "FREQ=MONTHLY;BYMONTHDAY=15, start: 2026-01-05")
    )
    [problem] = judged(read(tmp_path, text))

    assert problem.help == "start at 2025-12-15T09:00, or mind the short first turn"


def test_the_place_of_a_loose_anchor_does_not_depend_on_anybodys_name(tmp_path: Path) -> None:
    text = ROTA.replace("alice", "before") + BASE.replace("alice", "before").replace(
        "]}", "], anchor: {at: 2025-01-01, user: before}}"
    )

    assert places(judged(read(tmp_path, text))) == ["10:69 OG506"]


def test_an_inactive_schedule_promises_nothing(tmp_path: Path) -> None:
    text = varied(
        "start_date: 2026-01-05\n",
        "start_date: 2026-01-05\n        coverage: always\n        active: false\n",
    )
    text = varied("- alice\n", "- {user: alice, until: 2026-12-09}\n", text)

    assert [p for p in judged(read(tmp_path, text)) if p.is_error] == []


def test_a_layer_that_takes_an_end_before_its_start_is_an_error(tmp_path: Path) -> None:
    text = varied("start_date: 2026-01-05\n", "start_date: 2026-01-05\n        end_date: 2026-12-31\n")
    text = varied("priority: 10", "priority: 10\n            start_date: 2027-01-01", text)
    [problem] = [p for p in judged(read(tmp_path, text)) if p.is_error]

    assert places([problem]) == ["23:25 OG501"]
    assert [origin.line for origin, _ in problem.related] == [13]


def test_priorities_that_clash_show_both_places_also_of_an_inactive_layer(tmp_path: Path) -> None:
    more = "          other: {priority: 10, active: false, rotation: {type: weekly, users: [bob]}}\n"
    [problem] = judged(read(tmp_path, varied("        overrides:\n", f"{more}        overrides:\n")))

    assert places([problem]) == ["25:29 OG502"]
    assert [origin.line for origin, _ in problem.related] == [21]


def test_every_code_in_use_has_a_title() -> None:
    source = Path(__file__).parents[2] / "oncall_gitops"
    text = "".join(path.read_text() for path in source.rglob("*.py") if path.name != "diagnostics.py")
    assert {code for code in re.findall(r'"(OG\d{3})"', text) if not code.endswith("00")} <= TITLES.keys()
