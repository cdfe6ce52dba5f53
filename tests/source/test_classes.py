"""Mistakes and malice of the classes that the corpus names, in one good file: each is answered at its place.

What is said must be all that is said: one mistake is one problem.
"""

# ruff: noqa: E501 (a table reads better with one line a case)
from __future__ import annotations

from pathlib import Path

import pytest

from tests.source.reading import GOOD, judged, places, read, varied

OVERRIDE = "{user: carol, replaces: alice, start: 2026-12-07, end: 2026-12-21}"
WINDOW = '{days: [SAT, SUN], from: "09:00", to: "17:00"}'
TYPE = "          type: weekly\n"
START = "        start_date: 2026-01-05\n"

CASES: list[tuple[str, str, list[str]]] = [
    # YAML
    ("name: Payments\n", "name: ! Payments\n", ["7:11 OG115"]),
    ("name: Payments\n", "name: !<tag:yaml.org,2002:str> Payments\n", ["7:11 OG115"]),
    ("name: Payments\n", "name: Payments\n    \"n\\x61me\": Other\n", ["8:5 OG119"]),
    ("name: Payments\n", "name: Payments: core\n", ["7:19 OG110"]),
    ("name: Payments\n", "name: @payments\n", ["7:11 OG110"]),
    ("name: Payments\n", "name: # later\n", ["7:10 OG204"]),
    ("name: Payments\n", 'name: "a\\u202eb"\n', ["7:11 OG108"]),
    ("name: Payments\n", 'name: "a\\eb"\n', ["7:11 OG108"]),
    ("name: Payments\n", 'name: "a\\u200bb"\n', ["7:11 OG210"]),
    ("name: Payments\n", 'name: "a\\nb"\n', ["7:11 OG210"]),
    ("name: Payments\n", "name: Pay\n      ments\n", []),
    ("users:\n  alice", "%YAML 1.2\n---\nusers:\n  alice", ["1:1 OG116"]),
    ("users:\n  alice", "%FOO bar\n---\nusers:\n  alice", ["1:1 OG116"]),
    ("users:\n  alice", "%YAML 9.9\n---\nusers:\n  alice", ["1:1 OG116"]),
    ("users:\n  alice", "# why\n---\nusers:\n  alice", []),
    ("  bob: {", "  null: {name: N, email: n@example.com}\n  bob: {", ["3:3 OG120"]),
    ("  bob: {", "  Null: {name: N, email: n@example.com}\n  bob: {", ["3:3 OG120"]),
    ("members: [alice, bob]", "members: [alice, bob,]", []),
    ("members: [alice, bob]", "members: [alice,, bob]", ["8:21 OG110"]),
    ("members: [alice, bob]", "members: [alice: bob]", ["8:15 OG203"]),
    ("members: [alice, bob]", 'labels: {"\u00e9": a, "e\\u0301": b}', ["8:22 OG119"]),
    # YAML that is none, where the mistake was made and not where the parser noticed
    ("teams:\n", "teams\n", ["5:1 OG110"]),
    ("overrides:\n  - {sch", "teams:{}\noverrides:\n  - {sch", ["27:1 OG110"]),
    ("timezone: Europe/Berlin\n", "timezone Europe/Berlin\n", ["11:9 OG110"]),
    ("type: weekly", "type:weekly", ["15:11 OG110"]),
    ("          users:\n", "          users\n", ["16:11 OG110"]),
    ("members: [alice", "members:\xa0[alice", ["8:13 OG110"]),
    ("members: [alice", "members\uff1a [alice", ["8:12 OG110"]),
    ("timezone: Europe/Berlin\n", "timezone:\xa0Europe/Berlin\n", ["11:18 OG110"]),
    ("- alice\n", "-\xa0alice\n", ["17:14 OG110"]),
    ("- alice\n", "\u2013 alice\n", ["17:13 OG110"]),
    ("- alice\n", "-alice\n", ["17:13 OG110"]),
    ("- {user: bob, from", "-{user: bob, from", ["18:13 OG110"]),
    ("            - alice\n", "           - alice\n", ["17:12 OG110"]),
    ("            - alice\n", "          - alice\n", ["17:11 OG110"]),
    ("            - alice\n", "         - alice\n", ["17:10 OG110"]),
    ("            - {user: bob, from", "              - {user: bob, from", ["18:15 OG110"]),
    ("            - {user: bob, from", "          - {user: bob, from", ["18:11 OG110"]),
    ("members: [alice, bob]", "members:\t- alice", ["8:13 OG111"]),
    ("    members", "    <<<<<<< HEAD\n    members", ["8:5 OG112"]),
    ('handoff_time: "09:00"', 'handoff_time: "09:00', ["13:23 OG110"]),
    ("handoff_time: \"09:00\"", "handoff_time: '09:00", ["13:23 OG110"]),
    ("name: Payments", 'name: "Payments', ["7:11 OG110"]),
    ("name: Alice Ng", 'name: "Alice Ng', ["2:17 OG110"]),
    ('from: "09:00"', 'from: "09:00', ["24:42 OG110"]),
    ('to: "17:00"', 'to: "17:00', ["24:55 OG110"]),
    ("members: [alice, bob]", "members:\n      - {alice: \"a\" b}", ["9:21 OG110"]),
    ("        rotation:\n", "      rotation:\n", ["14:7 OG110"]),
    ("        rotation:\n", "       rotation:\n", ["14:8 OG110"]),
    ("        rotation:\n", "          rotation:\n", ["14:11 OG110"]),
    ("    name: Payments\n", "     name: Payments\n", ["7:6 OG110"]),
    ("    name: Payments\n", "   name: Payments\n", ["7:4 OG110"]),
    ("        start_date: 2026", "       start_date: 2026", ["12:8 OG110"]),
    ("        start_date: 2026", "         start_date: 2026", ["12:10 OG110"]),
    ("- {user: carol, replaces: alice, start: 2026-12-07, ", "-user: carol\n            start: 2026-12-07\n            ", ["26:11 OG110"]),
    ("- {user: carol, replaces: alice, start: 2026-12-07, ", "\u2013 user: carol\n            start: 2026-12-07\n            ", ["26:11 OG110"]),
    ("            - alice\n", "              - alice\n            - bob\n", ["17:15 OG110"]),
    # One mistake in form is one problem
    ("members: [alice, bob]", "members: *m", ["8:14 OG114"]),
    ('handoff_time: "09:00"', "handoff_time: *tz", ["13:23 OG114"]),
    ("- alice\n", "- *a\n", ["17:15 OG114"]),
    ("priority: 10", "priority: *p", ["21:23 OG114"]),
    ("{type: custom, rrule: FREQ=WEEKLY;BYDAY=MO, users: [carol]}", "*r", ["22:23 OG114"]),
    ("    name: Payments\n", "    *k : v\n", ["7:5 OG114"]),
    ("{name: Alice Ng, email: alice@example.com}", "*a", ["2:10 OG114"]),
    ("name: Alice Ng, email: alice@", "<<: *p, email: alice@", ["2:11 OG118"]),
    ("name: Alice Ng, email: alice@", "<<: [*p, *q], email: alice@", ["2:11 OG118"]),
    ("name: Payments", "name: &a", ["7:11 OG114"]),
    ("- alice\n", "- !foo\n", ["17:15 OG115"]),
    ("[alice, bob]", "!!set {alice, bob}", ["8:14 OG115"]),
    ("    name: Payments", '    "a\\e[31m": 1', ["7:5 OG108"]),
    ("name: Payments", "name: Pay\tments", ["7:14 OG111"]),
    ("name: Alice Ng", "name:Alice Ng", ["2:11 OG110"]),
    ("    name: Payments\n", "    name: &a Payments\n    nmae: x\n", ["7:11 OG114", "8:5 OG201"]),
    ("name: Payments", "name: {{ team }}", ["7:11 OG120"]),
    ("name: Payments", "name: {{ team }}-x", ["7:11 OG120"]),
    ("[alice, bob]", "[{{ a }}, bob]", ["8:15 OG120"]),
    ("  payments:\n", "  {{ a }}:\n", ["6:3 OG120"]),
    ("    members", "    {% if a %}\n    members", ["8:5 OG110"]),
    ("    members", "    {# a #}\n    members", ["8:5 OG110"]),
    ("name: Payments", "name: Payments # {{ a }}", []),
    # Scalars
    ("priority: 10", "priority: 010", ["21:23 OG205"]),
    ("priority: 10", "priority: 1:00", ["21:23 OG205"]),
    ("priority: 10", "priority: \u0663", ["21:23 OG205"]),
    ("priority: 10", "priority: true", ["21:23 OG205"]),
    ("priority: 10", "priority: -0", ["21:23 OG206"]),
    ('handoff_time: "09:00"', "handoff_time: 0900", ["13:23 OG404"]),
    ('handoff_time: "09:00"', "handoff_time: 09:00", []),
    ('handoff_time: "09:00"', "handoff_time: 10:30", ["13:23 OG901"]),
    (START, "        start_date: 2026-01-05T09:00+0100\n", ["12:21 OG403"]),
    (START, "        start_date: 2026-W02-1\n", ["12:21 OG403"]),
    (START, "        start_date: 1767571200\n", ["12:21 OG403"]),
    (START, "        start_date: 2026-01-05T24:00\n", ["12:21 OG403"]),
    (START, "        start_date: 2100-01-01\n", ["12:21 OG405"]),
    (START, START + "        active: NO\n", ["13:17 OG207"]),
    (START, START + "        labels: {a: 1, b: true, c: 2026-01-05T09:00+05:30}\n", []),
    # Keys
    ("teams:\n", "team:\n", ["5:1 OG201"]),
    ("schedules:\n", "schedule:\n", ["9:5 OG201"]),
    ("users:\n  alice", "user:\n  alice", ["1:1 OG201"]),
    (OVERRIDE, OVERRIDE.replace("start", "from").replace("end", "to"), ["26:44 OG201", "26:62 OG201"]),
    (WINDOW, '{start: "09:00", end: "17:00"}', ["24:18 OG201", "24:34 OG201"]),
    ("restrictions:\n              - " + WINDOW, "restrictions: " + WINDOW, ["23:13 OG203"]),
    ("restrictions:\n              - " + WINDOW, "restrictions: {dayofweek: [SAT]}", ["23:28 OG201"]),
    # Windows
    (WINDOW, '{days: [SAT], from: "24:00", to: "17:00"}', ["24:37 OG404"]),
    (WINDOW, '{from: "FRI 24:00", to: "MON 09:00"}', ["24:24 OG404"]),
    (WINDOW, '{from: "17:00 FRI", to: "MON 09:00"}', ["24:24 OG406"]),
    (WINDOW, '{from: "FRI 17:00", to: "MON 24:00"}', []),
    # Rotations
    (TYPE, TYPE + "          start: 2026-02-01\n", ["16:18 OG505"]),
    (TYPE, TYPE + "          anchor: {at: 2026-02-01, user: bob}\n", ["16:42 OG506"]),
    (TYPE, "          type: custom\n          interval_days: 367\n", ["16:26 OG206"]),
    ("FREQ=WEEKLY;BYDAY=MO", '"FREQ=HOURLY;INTERVAL=24;BYHOUR=10"', ["22:45 OG409"]),
    ("FREQ=WEEKLY;BYDAY=MO", '"FREQ=WEEKLY;BYDAY=\u041c\u041e"', ["22:64 OG408"]),
    ("FREQ=WEEKLY;BYDAY=MO", '"DTSTART:20260101T000000Z\\nRRULE:FREQ=WEEKLY"', ["22:45 OG408"]),
    # Overrides
    (OVERRIDE, "{user: carol, start: 2026-12-07T00:00Z, end: 2026-12-07T00:00+01:00}", ["26:58 OG501"]),
    (OVERRIDE, OVERRIDE + "\n          - {user: bob, replaces: alice, start: 2026-12-21, end: 2026-12-28}", []),
    (OVERRIDE, OVERRIDE + "\n          - {user: bob, replaces: alice, start: 2026-12-20, end: 2026-12-28}", ["27:49 OG503"]),
    ("email: alice@example.com", "email: alice@example.com, time_off: [{start: 2026-12-01, end: 2026-12-01}]", ["2:89 OG501"]),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "expected"), CASES, ids=[new.strip()[:60] for _, new, _ in CASES])
def test_an_input_is_answered_at_its_place(old: str, new: str, expected: list[str], tmp_path: Path) -> None:
    assert places(judged(read(tmp_path, varied(old, new)))) == expected


@pytest.mark.parametrize(
    ("start", "end", "hint"),
    [
        ("2026-12-20", "2026-01-04", "did you mean 2027-01-04?"),
        ("2026-12-21", "2026-12-07", "check the year, or swap the two"),
        ("2026-12-07", "2026-12-07", "the end is exclusive: one day ends on the next day"),
    ],
)
def test_an_end_before_its_start_is_explained(start: str, end: str, hint: str, tmp_path: Path) -> None:
    text = varied(OVERRIDE, f"{{user: carol, replaces: alice, start: {start}, end: {end}}}")
    [problem] = [problem for problem in judged(read(tmp_path, text)) if problem.is_error]

    assert problem.help == hint


@pytest.mark.parametrize(
    "text", ["{}\n", "users: {}\n", GOOD.replace("\n", "\r\n"), "\ufeff" + GOOD, GOOD + "...\n", "--- {users: {}}\n"]
)  # fmt: skip
def test_what_only_looks_odd_is_fine(text: str, tmp_path: Path) -> None:
    assert judged(read(tmp_path, text)) == []


PEOPLE = """\
users:
  alice:
    name: Alice
    email: alice@example.com
  bob:
    name: Bob
    email: bob@example.com
  carol:
    name: Carol
    email: carol@example.com
"""


@pytest.mark.parametrize(
    ("line", "moved"),
    [
        ("  alice:", "alice:"),
        ("  alice:", " alice:"),
        ("  alice:", "   alice:"),
        ("  bob:", "bob:"),
        ("  bob:", " bob:"),
        ("  bob:", "   bob:"),
        ("    name: Alice", "   name: Alice"),
        ("    name: Alice", "     name: Alice"),
        ("    name: Bob", "   name: Bob"),
        ("    name: Bob", "     name: Bob"),
        ("    email: bob@example.com", "   email: bob@example.com"),
        ("    email: bob@example.com", "     email: bob@example.com"),
    ],
)
def test_a_line_that_is_shifted_is_the_one_that_is_named(line: str, moved: str, tmp_path: Path) -> None:
    [problem] = read(tmp_path, varied(f"{line}\n", f"{moved}\n", PEOPLE)).problems

    assert problem.code == "OG110"
    assert problem.origin.line == PEOPLE[: PEOPLE.index(line)].count("\n") + 1
    assert problem.origin.column == len(moved) - len(moved.lstrip()) + 1
