"""What is read without positions is what would be read with them, and nothing is wrong with it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from oncall_gitops.source.desired import Assembled, assemble
from oncall_gitops.source.document import Document, read_document
from oncall_gitops.source.text import decode
from oncall_gitops.source.usual import read_usual
from tests.source.reading import GOOD, read, varied
from tests.source.test_corpus import RECORDS
from tests.test_startup import loaded_by

ROOT = Path(__file__).parents[2]
GOOD_FILES = [
    *sorted((ROOT / "schedules").rglob("*.yaml")),
    *sorted((ROOT / "tests/data/real-inputs").glob("*.yaml")),
]

EVERYTHING = """\
users:
  alice: {name: Alice Ng, email: alice@example.com, timezone: Europe/Berlin, external: {slack: U1, "7": x}}
  bob:
    name: "Bob, Roe"
    email: bob@example.com
    time_off: [{start: 2026-12-01, end: "2026-12-05T10:00", reason: Leave}, {start: 2026-12-07, end: 2027-01-01}]
teams:
  web:
    name: Web
    members: [bob, alice]
    labels: {tier: gold}
    schedules:
      main:
        timezone: Asia/Kolkata
        start_date: 2026-01-05T09:00
        end_date: 2029-01-05T09:00:00Z
        handoff_time: "10:30"
        active: true
        coverage: [{days: [MON, TUE], from: "09:00", to: "24:00"}, {from: "FRI 17:00", to: "MON 09:00"}]
        labels: {a: b}
        rotation: {type: weekly, interval: 2, handoff_day: TUE, users: [alice, {user: bob, from: 2026-03-01}]}
        layers:
          z: {priority: 3, rotation: {type: custom, rrule: FREQ=WEEKLY;BYDAY=MO, users: [bob, nobody]}}
          b:
            name: Bee
            priority: 7
            timezone: UTC
            start_date: 2026-02-01
            end_date: 2028-02-01
            handoff_time: 08:00
            active: false
            rotation:
              type: custom
              interval_days: 3
              start: 2026-01-20
              users: [bob]
              anchor: {at: 2026-02-04, user: bob}
            restrictions: {days_of_week: [SUN, SAT]}
          c:
            priority: 9
            rotation: {type: daily, interval: 1, users: [alice]}
            restrictions: [{from: "22:00", to: "06:00"}]
        overrides:
          - {user: bob, start: 2026-12-24, end: 2026-12-27, replaces: alice, created_by: alice, reason: Trip}
          - {user: nobody, start: 2026-11-24T08:00, end: 2026-11-24T09:00, type: manual}
      other: {timezone: UTC, start_date: 2026-01-05, description: "Second: line", rotation: {follows: main, offset: -1}}
  empty: {}
overrides:
  - {schedule: web/other, user: alice, start: 2026-11-20T00:00, end: 2026-11-21T00:00Z}
"""

ODD = (
    "", "~", "null", '""', '" "', "'null'", "[]", "{}", "[alice]", "{user: bob}", "nobody", '"bob"', "Alice",
    "zoe", "0", "-1", "2", '"2"', "007", "1e3", "99999999999", "true", '"true"', "yes", "10:30", '"10:30"',
    '"24:00"', "9:00", "FRI 17:00", "MON", "[MON, MON]", "2026-02-30", "2026-02-03", "2026-02-03T10:00+05:30",
    "2026-02-03T10:00z", "2026-02-03t10:00Z", '"FRI  17:00"', '"FRI\\t17:00"', "FRI\u00a017:00", "MON-FRI",
    "1969-01-01", "Europe/Kiev", "EST", "Europe/Rome", "daily", "weekly", "custom", "always", "main", "web/main",
    "FREQ=DAILY", "RRULE:FREQ=DAILY", "FREQ=WEEKLY", "*a", "&a b", "!!str x", '"\\u202e"', '"\\x07"', "Zo\u00eb",
    "\u3164", "a\u00a0b", "|", "x" * 300,
)  # fmt: skip


def both_ways(text: str) -> tuple[Assembled, Assembled] | None:
    """What a text holds without positions and with them; None if it is not usual."""
    usual = read_usual(text)
    if usual is None:
        return None
    plain, closer = Document("a.yaml", text, None, [], usual), read_document(text, "a.yaml")
    assert closer.problems == []
    return assemble([plain]), assemble([closer])


def assert_same(text: str) -> bool:
    """Whether a text is usual; if so, it means the same, and each thing stands where it stands."""
    if (pair := both_ways(text)) is None:
        return False
    plain, closer = pair
    assert plain.problems == closer.problems
    assert plain.desired.state == closer.desired.state
    assert repr(plain.desired.state) == repr(closer.desired.state)
    assert plain.incomplete == closer.incomplete
    assert dict(plain.desired.origins) == dict(closer.desired.origins)
    assert plain.desired.origins.keys() == closer.desired.origins.keys()
    return True


@pytest.mark.parametrize("path", GOOD_FILES, ids=lambda path: path.name)
def test_files_of_real_organisations_are_usual_and_say_the_same(path: Path) -> None:
    assert assert_same(path.read_text("utf-8"))


def test_every_key_that_there_is_may_stand_in_a_usual_file() -> None:
    assert assert_same(EVERYTHING)
    assert assert_same(GOOD)


@pytest.mark.parametrize("odd", ODD)
def test_an_odd_value_anywhere_is_read_alike_or_looked_at_closer(odd: str) -> None:
    for found in re.finditer(r'"[^"\n]*"|[^\s{}\[\],"]+(?=[\s,}\]])(?<!:)', EVERYTHING):
        assert_same(EVERYTHING[: found.start()] + odd + EVERYTHING[found.end() :])


@pytest.mark.parametrize("key", sorted(set(re.findall(r"\b([a-z_]+):", EVERYTHING))))
def test_a_key_that_is_misspelt_missing_or_null_is_looked_at_closer(key: str) -> None:
    for found in re.finditer(rf"\b{key}:", EVERYTHING):
        for instead in (
            f"{key}x:",
            f'"{key}":',
            f"{key}: ~ #",
            f"renamed_from: bob, {key}:",
            f"{key}: x\n{key}:",
        ):
            assert_same(EVERYTHING[: found.start()] + instead + EVERYTHING[found.end() :])


@pytest.mark.parametrize("record", RECORDS, ids=[record["id"] for record in RECORDS])
def test_an_input_that_broke_other_systems_is_read_alike_or_looked_at_closer(
    record: dict[str, object],
) -> None:
    text = str(record.get("input", ""))
    if decode(text.encode("utf-8", "surrogatepass"), "a.yaml")[1] == []:
        assert_same(text)


def test_files_that_are_wrong_only_together_are_looked_at_closer(tmp_path: Path) -> None:
    other = varied("payments:", "billing:", varied("payments/primary", "billing/primary", GOOD))
    loaded = read(tmp_path, {"a.yaml": GOOD, "b.yaml": other})

    assert [problem.code for problem in loaded.problems] == ["OG301"] * 3
    assert loaded.problems[0].origin.file.endswith("b.yaml")
    assert loaded.problems[0].related[0][0].file.endswith("a.yaml")


def test_a_team_may_stand_in_many_usual_files_and_be_described_in_one(tmp_path: Path) -> None:
    schedule = "{timezone: UTC, start_date: 2026-01-05, rotation: {type: daily, users: [bob]}}"
    more = f"teams: {{payments: {{schedules: {{night: {schedule}}}}}}}\n"
    loaded = read(tmp_path, {"a.yaml": more, "b.yaml": GOOD})
    assert loaded.problems == []
    assert loaded.desired
    assert loaded.desired.state.teams["payments"].name == "Payments"
    assert loaded.desired.origins[("team/payments",)].file.endswith("b.yaml")

    twice = read(tmp_path, {"a.yaml": more.replace("{schedules", "{name: Pay, schedules")})
    assert [problem.code for problem in twice.problems] == ["OG309"]


def test_an_override_elsewhere_that_names_no_schedule_is_looked_at_closer(tmp_path: Path) -> None:
    override = "overrides: [{schedule: payments/primry, user: bob, start: 2026-12-24, end: 2026-12-25}]\n"
    [problem] = read(tmp_path, {"a.yaml": GOOD, "b.yaml": override}).problems

    assert (problem.code, problem.origin.line, problem.origin.column) == ("OG306", 1, 24)


def test_usual_files_need_neither_the_parser_nor_pydantic(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(GOOD, "utf-8")
    loaded = loaded_by("validate", str(tmp_path), "--as-of", "2026-11-22T20:00Z")

    assert loaded.isdisjoint({"pydantic", "yaml"})
