"""What the files say becomes the core's values: every form, and every default."""

from __future__ import annotations

from pathlib import Path

import pytest

from oncall_gitops.core.model.layer import Layer
from oncall_gitops.core.model.restriction import Restrictions
from oncall_gitops.core.model.rotation import Anchor, Cadence, Following, Place, Rotation
from oncall_gitops.core.model.schedule import Schedule
from oncall_gitops.core.model.team import Team
from oncall_gitops.core.model.user import TimeOff, User
from tests.builders import days, when, whole_days, window
from tests.source.reading import places, read

USERS = """\
users:
  alice: {name: Alice, email: alice@example.com}
  bob: {name: Bob, email: bob@example.com}
"""


def a_schedule(folder: Path, rest: str) -> Schedule:
    """The schedule `t/s` with these further keys, which must be good."""
    text = (
        f"{USERS}teams:\n  t:\n    schedules:\n      s: {{timezone: UTC, start_date: 2026-01-05, {rest}}}\n"
    )
    loaded = read(folder, text)
    assert loaded.problems == []
    assert loaded.desired is not None
    return loaded.desired.state.schedules["t/s"]


def test_what_is_not_written_has_its_default(tmp_path: Path) -> None:
    assert a_schedule(tmp_path, "rotation: {type: weekly, users: [alice]}") == Schedule(
        team="t",
        slug="s",
        name="s",
        timezone="UTC",
        start=when("2026-01-05"),
        handoff_time=9 * 3600,
        rotation=Rotation(Cadence("weekly"), (Place("alice"),)),
    )


def test_everything_that_can_be_written_arrives(tmp_path: Path) -> None:
    loaded = read(
        tmp_path,
        """\
users:
  alice:
    name: Alice Ng
    email: Alice@example.com
    timezone: Europe/Berlin
    time_off:
      - {start: 2026-12-20, end: 2027-01-04, reason: Leave}
      - {start: 2026-02-01T12:00, end: 2026-02-02T00:00Z}
    external: {slack: U012, pagerduty: PABC}
teams:
  t:
    name: Team
    members: [alice]
    labels: {tier: 1, cost: NO}
    schedules: {}
""",
    )
    assert loaded.desired is not None

    assert loaded.desired.state.users["alice"] == User(
        "alice",
        "Alice Ng",
        "Alice@example.com",
        timezone="Europe/Berlin",
        time_off=(
            TimeOff(when("2026-02-01T12:00"), when("2026-02-02T00:00Z")),
            TimeOff(when("2026-12-20T00:00"), when("2027-01-04T00:00"), "Leave"),
        ),
        external=(("pagerduty", "PABC"), ("slack", "U012")),
    )
    assert loaded.desired.state.teams["t"] == Team(
        "t", "Team", members=("alice",), labels=(("cost", "NO"), ("tier", "1"))
    )


@pytest.mark.parametrize(
    ("written", "cadence"),
    [
        ("type: daily", Cadence("daily")),
        ("type: daily, interval: 3", Cadence("daily", 3)),
        ("type: weekly, interval: 2, handoff_day: FRI", Cadence("weekly", 2, 4)),
        ("type: custom, interval_days: 14", Cadence("custom", 14)),
        ("type: custom, rrule: FREQ=WEEKLY;BYDAY=MO", Cadence("custom", rrule="FREQ=WEEKLY;BYDAY=MO")),
    ],
)
def test_every_kind_of_rotation(written: str, cadence: Cadence, tmp_path: Path) -> None:
    rotation = a_schedule(tmp_path, f"rotation: {{{written}, users: [alice]}}").rotation

    assert rotation == Rotation(cadence, (Place("alice"),))


def test_places_start_and_anchor(tmp_path: Path) -> None:
    users = "[alice, {user: bob, from: 2026-03-02, until: 2026-10-01T09:00}, nobody, alice]"
    anchor = "anchor: {at: 2026-02-02, user: alice}"
    rotation = a_schedule(
        tmp_path, f"rotation: {{type: weekly, users: {users}, start: 2026-01-01T00:00Z, {anchor}}}"
    ).rotation

    assert rotation == Rotation(
        Cadence("weekly"),
        (
            Place("alice"),
            Place("bob", when("2026-03-02"), when("2026-10-01T09:00")),
            Place("nobody"),
            Place("alice"),
        ),
        start=when("2026-01-01T00:00Z"),
        anchor=Anchor(when("2026-02-02"), "alice"),
    )


@pytest.mark.parametrize(
    ("written", "restrictions"),
    [
        ("{days_of_week: [SUN, SAT]}", (whole_days("SAT SUN"),)),
        ('[{from: "22:00", to: "06:00"}]', (window("22:00", "06:00"),)),
        ('[{from: "00:00", to: "24:00"}]', (window("00:00", "24:00"),)),
        ('[{days: [FRI, MON], from: "09:00", to: "17:00"}]', (window("09:00", "17:00", on="MON FRI"),)),
        ('[{from: "FRI 17:00", to: "MON 09:00"}]', (window("FRI 17:00", "MON 09:00"),)),
        ('[{from: "SUN 00:00", to: "SUN 24:00"}]', (window("SUN 00:00", "SUN 24:00"),)),
    ],
)
def test_every_form_of_restriction(written: str, restrictions: Restrictions, tmp_path: Path) -> None:
    rotation = "rotation: {type: daily, users: [alice]}"
    layers = a_schedule(
        tmp_path, f"layers: {{l: {{priority: 7, {rotation}, restrictions: {written}}}}}"
    ).layers

    assert layers == (
        Layer("l", "l", 7, Rotation(Cadence("daily"), (Place("alice"),)), restrictions=restrictions),
    )
    assert days("MON") == (0,)


@pytest.mark.parametrize(
    ("written", "coverage"),
    [("none", "none"), ("always", "always"), ('[{from: "09:00", to: "17:00"}]', (window("09:00", "17:00"),))],
)
def test_every_form_of_coverage(written: str, coverage: object, tmp_path: Path) -> None:
    rotation = "rotation: {type: daily, users: [alice]}"

    assert a_schedule(tmp_path, f"coverage: {written}, {rotation}").coverage == coverage


def test_following(tmp_path: Path) -> None:
    more = "rotation: {type: weekly, users: [alice]}, layers: {l: {priority: 1, rotation: {follows: s, offset: -1}}}"

    assert a_schedule(tmp_path, more).layers[0].rotation == Following("s", -1)


def test_the_handoff_at_midnight_is_not_the_default(tmp_path: Path) -> None:
    rotation = "rotation: {type: weekly, users: [alice]}"

    assert a_schedule(tmp_path, f'handoff_time: "00:00", {rotation}').handoff_time == 0


def test_empty_sections_are_good(tmp_path: Path) -> None:
    loaded = read(tmp_path, {"a.yaml": "users: {}\nteams: {}\noverrides: []\n", "b.yaml": "users: {}\n"})

    assert loaded.problems == []
    assert loaded.files == 2


@pytest.mark.parametrize(("count", "expected"), [(500, []), (501, ["6:15 OG213"])])
def test_a_rotation_has_at_most_500_places(count: int, expected: list[str], tmp_path: Path) -> None:
    text = f"""\
users: {{bob: {{name: Bob, email: bob@example.com}}}}
teams:
  t:
    schedules:
      s: {{timezone: UTC, start_date: 2026-01-05, rotation: {{type: weekly,
              users: [{", ".join(["bob"] * count)}]}}}}
"""

    assert places(read(tmp_path, text).problems) == expected


def test_a_flood_of_mistakes_is_cut_and_counted(tmp_path: Path) -> None:
    loaded = read(tmp_path, "".join(f"k{i}: 1\n" for i in range(5000)))

    assert len(loaded.problems) == 1001
    assert [p.message for p in loaded.problems if p.code == "OG121"] == [
        "4,000 more mistakes of this kind are not listed"
    ]
