"""Where an override cannot be read, nothing is concluded from the shifts of the schedules that may lack it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.source.reading import judged, places, read, varied

COVERED = varied(
    "overrides:\n  - {sch",
    "      other: {timezone: UTC, start_date: 2026-01-05, coverage: always, rotation: {type: daily, users: [bob]}}\n"
    "overrides:\n  - {sch",
)
COVERED = varied("timezone: Europe/Berlin\n", "timezone: Europe/Berlin\n        coverage: always\n", COVERED)
COVERED = varied("{user: bob, from: 2026-03-02}", "{user: bob, until: 2026-12-24T09:00}", COVERED)
COVERED = varied("- alice\n", "- {user: alice, until: 2026-12-24T09:00}\n", COVERED)
COVERED = varied("end: 2026-12-24T17:00", "end: 2028-12-24T17:00", COVERED)
OVERRIDE = "{schedule: payments/primary, user: bob, start: 2026-12-24T09:00, end: 2028-12-24T17:00}"


def test_the_override_closes_a_gap(tmp_path: Path) -> None:
    assert not [p for p in judged(read(tmp_path, COVERED)) if p.is_error]
    gone = varied(f"overrides:\n  - {OVERRIDE}\n", "", COVERED)
    assert [p.code for p in judged(read(tmp_path, gone)) if p.is_error] == ["OG507"]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("user: bob, start", "user: bob, reasno: x, start", ["30:45 OG201"]),
        ("user: bob, start", "user: rob, start", ["30:40 OG304"]),
        ("{schedule: payments/primary, user", "{schedule: payments/primry, user", ["30:16 OG306"]),
        ("{schedule: payments/primary, user", "{user", ["30:5 OG202"]),
        (OVERRIDE, "5", ["30:5 OG203"]),
        (f"overrides:\n  - {OVERRIDE}", "overrides: x", ["29:12 OG203"]),
        (f"overrides:\n  - {OVERRIDE}", f"overides:\n  - {OVERRIDE}", ["29:1 OG201"]),
    ],
)  # fmt: skip
def test_a_mistake_in_an_override_elsewhere_is_one_mistake(
    old: str, new: str, expected: list[str], tmp_path: Path
) -> None:
    assert places(judged(read(tmp_path, varied(old, new, COVERED)))) == expected


@pytest.mark.parametrize("unread", ["overrides: [", "overrides: []\noverrides: []\n", "x: \x07"])
def test_a_file_that_cannot_be_read_may_have_had_the_override(unread: str, tmp_path: Path) -> None:
    gone = varied(f"overrides:\n  - {OVERRIDE}\n", "", COVERED)
    problems = judged(read(tmp_path, {"a.yaml": gone, "b.yaml": unread}))

    assert "b.yaml" in problems[0].origin.file
    assert {p.origin.file for p in problems} == {problems[0].origin.file}


def test_another_schedule_is_judged_where_it_can_be_told_whose_override_it_is(tmp_path: Path) -> None:
    text = varied("user: bob, start", "user: bob, reasno: x, start", COVERED)
    text = varied(
        "{type: daily, users: [bob]}", "{type: daily, users: [{user: bob, until: 2026-12-01}]}", text
    )

    assert places(judged(read(tmp_path, text))) == ["28:64 OG507", "30:45 OG201"]
