"""One mistake a variation of a good file, each with the place and the code that it must be reported with."""

# ruff: noqa: E501 (a table reads better with one line a case)
from __future__ import annotations

from pathlib import Path

import pytest

from tests.source.reading import GOOD, judged, places, read, varied

ROTATION = """\
          type: weekly
          users:
            - alice
            - {user: bob, from: 2026-03-02}
"""

MISTAKES: list[tuple[str, str, str, list[str]]] = [
    ("an unknown key", "    name: Payments\n", "    nmae: Payments\n", ["7:5 OG201"]),
    ("an unknown key at the top", "overrides:\n  - {sch", "overides:\n  - {sch", ["27:1 OG201"]),
    ("a misspelt required key is one mistake", "timezone: Europe/Berlin\n        s", "time_zone: Europe/Berlin\n        s", ["11:9 OG201"]),
    ("a misspelt key of a rotation is one mistake", "type: weekly", "tpye: weekly", ["15:11 OG201"]),
    ("a misspelt rule is one mistake", "rrule:", "rule:", ["22:38 OG201"]),
    ("a missing email", ", email: alice@example.com", "", ["2:3 OG202"]),
    ("a missing start", "        start_date: 2026-01-05\n", "", ["10:7 OG202"]),
    ("a missing priority", "            priority: 10\n", "", ["20:11 OG202"]),
    ("a custom rotation without a cadence", "rrule: FREQ=WEEKLY;BYDAY=MO, ", "", ["22:30 OG202"]),
    ("a list in place of a mapping", "    name: Payments\n    members: [alice, bob]\n", "    name: [Payments]\n", ["7:5 OG203"]),
    ("a text in place of a list", "members: [alice, bob]", "members: alice", ["8:14 OG203"]),
    ("a mapping in place of a list", "users: [carol]}", "users: {carol: 1}}", ["22:67 OG203"]),
    ("a list in a list", "users: [carol]}", "users: [[carol]]}", ["22:75 OG203"]),
    ("no value", "name: Payments", "name:", ["7:10 OG204"]),
    ("null", "name: Payments", "name: null", ["7:11 OG204"]),
    ("a number in quotes", "priority: 10", 'priority: "10"', ["21:23 OG205"]),
    ("a fraction", "priority: 10", "priority: 10.0", ["21:23 OG205"]),
    ("a number in words", "priority: 10", "priority: yes", ["21:23 OG205"]),
    ("an octal number", "priority: 10", "priority: 010", ["21:23 OG205"]),
    ("a number too small", "priority: 10", "priority: 0", ["21:23 OG206"]),
    ("a number too large", "priority: 10", "priority: 1001", ["21:23 OG206"]),
    ("YAML 1.1's yes", "priority: 10", "priority: 10\n            active: yes", ["22:21 OG207"]),
    ("true in quotes", "priority: 10", 'priority: 10\n            active: "true"', ["22:21 OG207"]),
    ("an unknown type", "type: weekly", "type: monthly", ["15:17 OG208"]),
    ("a slug in capitals", "  payments:\n", "  Payments:\n", ["6:3 OG209"]),
    ("a slug with a space", "{schedule: payments/primary,", "{schedule: pay ments/primary,", ["28:16 OG209"]),
    ("a layer's slug", "          weekend:", "          Week End:", ["20:11 OG209"]),
    ("a blank name", "name: Alice Ng", 'name: " "', ["2:17 OG210"]),
    ("a line break in a name", "name: Alice Ng", 'name: "Alice\\nNg"', ["2:17 OG210"]),
    ("an invisible character in a name", "name: Alice Ng", "name: Alice\u200bNg", ["2:17 OG210"]),
    *(
        (f"a name with U+{ord(char):04X}", "name: Alice Ng", f'name: "Alice{char}Ng"', ["2:17 OG210"])
        for char in "\ufff9\ufffb\u180b\ufdd0\ue000\U0001d173\U0001bca0\U0001fffe\U0010fffd"
    ),
    ("a name of nothing but a variation selector", "name: Alice Ng", "name: \ufe0f", ["2:17 OG210"]),
    ("a name of nothing but an accent", "name: Alice Ng", "name: \u0301", ["2:17 OG210"]),
    ("a filler that looks like nothing", "name: Alice Ng", "name: \u3164", ["2:17 OG210"]),
    ("no email address", "alice@example.com", "alice.example.com", ["2:34 OG211"]),
    ("a line break in an email address", "email: alice@example.com", 'email: "a@example.com\\nBcc: b@example.com"', ["2:34 OG210"]),
    ("a weekly rotation with a rule", "type: weekly", "type: weekly\n          rrule: FREQ=DAILY", ["16:11 OG212"]),
    ("a custom rotation with an interval", "{type: custom, ", "{type: custom, interval: 2, ", ["22:38 OG212"]),
    ("two cadences", "{type: custom, ", "{type: custom, interval_days: 2, ", ["22:56 OG212"]),
    ("an offset without following", "type: weekly", "type: weekly\n          offset: 1", ["16:11 OG212"]),
    ("a misspelt following is one mistake", ROTATION, "          folows: primary\n          offset: 1\n", ["15:11 OG201"]),
    ("following and having users", ROTATION, "          follows: primary\n          offset: 1\n          users: [alice]\n", ["17:11 OG212"]),
    ("a rotation of nobody at all", "users: [carol]", "users: []", ["22:67 OG213"]),
    ("no windows", '\n              - {days: [SAT, SUN], from: "09:00", to: "17:00"}', " []", ["23:13 OG213"]),
    ("no days", "days: [SAT, SUN]", "days: []", ["24:18 OG213"]),
    ("an email address in capitals, of somebody else", "carol@example.com", "ALICE@example.com", ["4:36 OG302"]),
    ("a user called nobody", "  carol: {", "  nobody: {", ["4:3 OG303", "22:75 OG304", "26:20 OG304"]),
    ("an unknown user in a rotation", "- alice\n", "- alic\n", ["17:15 OG304"]),
    ("an unknown user in a dated place", "{user: bob, from", "{user: rob, from", ["18:22 OG304"]),
    ("an unknown member", "members: [alice, bob]", "members: [alice, rob]", ["8:22 OG304"]),
    ("an unknown user in an override", "user: carol, replaces", "user: carl, replaces", ["26:20 OG304"]),
    ("an unknown creator", "end: 2026-12-21", "end: 2026-12-21, created_by: x", ["26:92 OG304"]),
    ("an unknown team", "payments/primary", "payment/primary", ["28:16 OG305"]),
    ("an unknown schedule", "payments/primary", "payments/secondary", ["28:16 OG306"]),
    ("following an unknown schedule", ROTATION, "          follows: secondary\n          offset: 1\n", ["15:20 OG306"]),
    ("following oneself", ROTATION, "          follows: primary\n          offset: 1\n", ["15:20 OG307"]),
    ("renamed from a name that is there", "carol: {", "carol: {renamed_from: bob, ", ["4:25 OG308"]),
    ("an unknown zone", "timezone: Europe/Berlin\n", "timezone: Europe/Berln\n", ["11:19 OG401"]),
    ("an abbreviation", "timezone: Europe/Berlin\n", "timezone: CET\n", ["11:19 OG402"]),
    ("a user's zone", "timezone: Europe/Berlin}", "timezone: UTC+1}", ["3:58 OG402"]),
    ("no such day", "start_date: 2026-01-05", "start_date: 2026-02-30", ["12:21 OG403"]),
    ("a space in place of a T", "start: 2026-12-24T09:00", "start: 2026-12-24 09:00", ["28:52 OG403"]),
    ("an offset that no zone has", "start: 2026-12-24T09:00", "start: 2026-12-24T09:00+15:00", ["28:52 OG403"]),
    ("a leap second", "start: 2026-12-24T09:00", "start: 2026-12-24T09:00:60", ["28:52 OG403"]),
    ("a year before 1970", "start_date: 2026-01-05", "start_date: 1969-12-31", ["12:21 OG405"]),
    ("a year after 2099", "end: 2026-12-21", "end: 2100-01-01", ["26:68 OG405"]),
    ("one digit of an hour", 'handoff_time: "09:00"', "handoff_time: 9:00", ["13:23 OG404"]),
    ("24:00 as a handoff", 'handoff_time: "09:00"', 'handoff_time: "24:00"', ["13:23 OG404"]),
    ("24:00 as a beginning", 'from: "09:00"', 'from: "24:00"', ["24:42 OG404"]),
    ("a day in small letters", "[SAT, SUN]", "[sat, SUN]", ["24:25 OG406"]),
    ("a day at one end only", 'from: "09:00"', 'from: "FRI 09:00"', ["24:17 OG406"]),
    ("days and a day at each end", 'from: "09:00", to: "17:00"', 'from: "FRI 09:00", to: "SUN 17:00"', ["24:17 OG406"]),
    ("a repeated day", "[SAT, SUN]", "[SAT, SAT]", ["24:30 OG407"]),
    ("a rule with COUNT", "FREQ=WEEKLY;BYDAY=MO", "FREQ=WEEKLY;COUNT=3", ["22:57 OG408"]),
    ("a rule with two mistakes", "FREQ=WEEKLY;BYDAY=MO", "FREQ=WEEKLY;BYDAY=XX;FOO=1", ["22:63 OG408", "22:66 OG408"]),
    ("a rule that never fires", "FREQ=WEEKLY;BYDAY=MO", "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", ["22:45 OG409"]),
    ("a schedule that ends before it starts", "start_date: 2026-01-05", "start_date: 2026-01-05\n        end_date: 2026-01-05", ["13:19 OG501"]),
    ("a layer that ends before it starts", "priority: 10", "priority: 10\n            end_date: 2026-01-01", ["22:23 OG501"]),
    ("an override that ends before it starts", "end: 2026-12-21", "end: 2026-12-07", ["26:68 OG501"]),
    ("a place that ends before it starts", "from: 2026-03-02", "from: 2026-03-02, until: 2026-03-02", ["18:52 OG501"]),
    ("time off that ends before it starts", "timezone: Europe/Berlin}", "timezone: Europe/Berlin, time_off: [{start: 2026-12-02, end: 2026-12-01}]}", ["3:109 OG501"]),
    ("overrides that claim a time in the same way", "user: bob, start: 2026-12-24T09:00", "user: bob, replaces: alice, start: 2026-12-20", ["28:69 OG503"]),
    ("replacing nobody", "replaces: alice", "replaces: nobody", ["26:37 OG504"]),
    ("replacing oneself", "replaces: alice", "replaces: carol", ["26:37 OG504"]),
    ("a rotation that starts after its schedule", "type: weekly", "type: weekly\n          start: 2026-01-06", ["16:18 OG505"]),
    ("an anchor before the first handoff", "type: weekly", "type: weekly\n          anchor: {at: 2026-01-01, user: alice}", ["16:24 OG506"]),
    ("an anchor to somebody who is no member then", "type: weekly", "type: weekly\n          anchor: {at: 2026-01-06, user: bob}", ["16:42 OG506"]),
    ("coverage that is not met", "rotation:\n" + ROTATION, "coverage: always\n        rotation: {type: weekly, users: [{user: bob, until: 2026-12-01}]}\n", ["14:19 OG507"]),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "expected"), [m[1:] for m in MISTAKES], ids=[m[0] for m in MISTAKES])
def test_a_mistake_is_reported_once_with_its_place(
    old: str, new: str, expected: list[str], tmp_path: Path
) -> None:
    loaded = read(tmp_path, varied(old, new))

    assert places([problem for problem in judged(loaded) if problem.is_error]) == expected


@pytest.mark.parametrize("space", "\xa0\u1680\u2003\u200a\u202f\u205f\u3000")
def test_a_space_that_is_another_one_is_shown_by_its_number(space: str, tmp_path: Path) -> None:
    [problem] = judged(read(tmp_path, varied("priority: 10", f'priority: "10{space}"')))

    assert space not in problem.message
    assert "10" + (r"\xa0" if space == "\xa0" else f"U+{ord(space):04X}") in problem.message


def test_the_good_file_is_good(tmp_path: Path) -> None:
    loaded = read(tmp_path, GOOD)

    assert judged(loaded) == []
    assert loaded.desired is not None
