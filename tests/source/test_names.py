"""Names over many files: what clashes, what refers to what, and what is said when a file cannot be read."""

from __future__ import annotations

from pathlib import Path

from tests.source.reading import GOOD, judged, places, read, varied

PEOPLE = """\
users:
  alice: {name: Alice Ng, email: alice@example.com}
  bob: {name: Bob Roe, email: bob@example.com}
"""
ROTA = """\
teams:
  payments:
    schedules:
      primary: {timezone: UTC, start_date: 2026-01-05, rotation: {type: weekly, users: [alice, bob]}}
"""


def test_a_team_may_be_spread_over_files_if_one_gives_its_other_keys(tmp_path: Path) -> None:
    loaded = read(
        tmp_path,
        {
            "people.yaml": PEOPLE,
            "a.yaml": ROTA,
            "b.yaml": "teams: {payments: {name: Payments, members: [bob, alice]}}\n",
            "c.yaml": ROTA.replace("primary", "secondary"),
        },
    )

    assert loaded.problems == []
    assert loaded.desired is not None
    assert loaded.desired.state.teams["payments"].name == "Payments"
    assert loaded.desired.state.teams["payments"].members == ("alice", "bob")
    assert sorted(loaded.desired.state.schedules) == ["payments/primary", "payments/secondary"]


def test_a_team_described_twice_is_an_error_that_shows_both_places(tmp_path: Path) -> None:
    loaded = read(tmp_path, {"a.yaml": "teams: {t: {name: T}}\n", "b.yaml": "teams: {t: {labels: {}}}\n"})
    [problem] = loaded.problems

    assert places([problem]) == ["b.yaml:1:13 OG309"]
    assert problem.related[0][0].file.endswith("a.yaml")


def test_a_slug_that_two_files_declare_is_an_error_that_shows_both_places(tmp_path: Path) -> None:
    loaded = read(
        tmp_path, {"a.yaml": PEOPLE, "b.yaml": PEOPLE.replace("example.com", "example.org"), "c.yml": ROTA}
    )
    clash, *_ = loaded.problems

    assert places(loaded.problems) == ["b.yaml:2:3 OG301", "b.yaml:3:3 OG301"]
    assert clash.related[0][0].line == 2


def test_a_schedule_declared_twice_is_an_error(tmp_path: Path) -> None:
    loaded = read(tmp_path, {"people.yaml": PEOPLE, "a.yaml": ROTA, "b.yml": ROTA})

    assert places(loaded.problems) == ["b.yml:4:7 OG301"]


def test_the_same_slug_in_another_kind_or_team_is_no_clash(tmp_path: Path) -> None:
    text = PEOPLE + ROTA.replace("payments", "alice").replace("primary", "alice")
    loaded = read(tmp_path, {"a.yaml": text, "b.yaml": ROTA.replace("primary", "alice")})

    assert loaded.problems == []


def test_the_mistakes_of_all_files_come_at_once_in_order_of_their_places(tmp_path: Path) -> None:
    loaded = read(
        tmp_path,
        {
            "b.yaml": PEOPLE.replace("name: Bob Roe, ", ""),
            "a.yaml": ROTA.replace("UTC", "UTX").replace("bob]", "rob]"),
            "c.yaml": "x: 1\nusers: []\n",
        },
    )

    assert places(loaded.problems) == [
        "4:27 OG401",
        "4:96 OG304",
        "b.yaml:3:3 OG202",
        "c.yaml:1:1 OG201",
        "c.yaml:2:1 OG203",
    ]
    assert loaded.desired is None


def test_a_user_with_a_mistake_is_still_known(tmp_path: Path) -> None:
    loaded = read(tmp_path, varied("email: alice@example.com", "email: alice"))

    assert places(loaded.problems) == ["2:34 OG211"]


def test_a_user_in_a_file_that_cannot_be_read_is_not_called_unknown(tmp_path: Path) -> None:
    loaded = read(
        tmp_path, {"a.yaml": ROTA.replace("[alice, bob]", "[alice, rob]"), "b.yaml": PEOPLE + "\t- x\n"}
    )

    assert places(loaded.problems) == ["4:96 OG304", "b.yaml:4:1 OG111"]


def test_a_schedule_with_a_mistake_is_still_known_and_its_layers_are_still_read(tmp_path: Path) -> None:
    text = varied("timezone: Europe/Berlin\n", "timezone: Europe/Berln\n")
    loaded = read(tmp_path, varied("priority: 10", "priority: ten", text))

    assert places(loaded.problems) == ["11:19 OG401", "21:23 OG205"]


def test_overrides_of_both_places_are_together_in_order_of_their_start(tmp_path: Path) -> None:
    loaded = read(tmp_path, GOOD)
    assert loaded.desired is not None
    overrides = loaded.desired.state.schedules["payments/primary"].overrides

    assert [(o.user, o.replaces, o.start.text, o.type) for o in overrides] == [
        ("carol", "alice", "2026-12-07T00:00", "swap"),
        ("bob", None, "2026-12-24T09:00", "manual"),
    ]


def test_every_object_and_field_has_its_place(tmp_path: Path) -> None:
    loaded = read(tmp_path, GOOD)
    assert loaded.desired is not None
    origins = loaded.desired.origins
    schedule = "schedule/payments/primary"

    def line(*key: str) -> int:
        return origins[key].line

    assert line("user/bob") == 3
    assert line("team/payments") == 6
    assert line(schedule) == 10
    assert line(schedule, "start_date") == 12
    assert line(schedule, "rotation.users.1.from") == 18
    assert line(schedule, "end_date") == 10  # not written: the object's own place
    assert line("layer/payments/primary/weekend", "priority") == 21
    assert line("override/payments/primary/2026-12-06T23:00:00Z/alice") == 26
    assert line("override/payments/primary/2026-12-24T08:00:00Z") == 28
    assert ("user/nobody-else",) not in origins


def test_renames_are_by_address(tmp_path: Path) -> None:
    text = varied("primary:\n", "primary:\n        renamed_from: platform/main\n")
    text = varied("priority: 10", "priority: 10\n            renamed_from: saturdays", text)
    loaded = read(tmp_path, varied("bob: {", "bob: {renamed_from: robert, ", text))
    assert loaded.desired is not None

    assert loaded.desired.renamed_from == {
        "user/bob": "user/robert",
        "schedule/payments/primary": "schedule/platform/main",
        "layer/payments/primary/weekend": "layer/payments/primary/saturdays",
    }


def test_two_entries_cannot_be_renamed_from_one(tmp_path: Path) -> None:
    text = varied("bob: {", "bob: {renamed_from: x, ")
    loaded = read(tmp_path, varied("carol: {", "carol: {renamed_from: x, ", text))

    assert places(loaded.problems) == ["4:25 OG308"]


def test_nothing_is_said_about_shifts_of_a_schedule_that_was_read_in_part(tmp_path: Path) -> None:
    text = varied(
        "        rotation:\n          type: weekly\n",
        "        coverage: always\n        rotation:\n          type: weakly\n",
    )
    loaded = read(tmp_path, text)

    assert places(judged(loaded)) == ["16:17 OG208"]
