"""Two versions of the time zone data, really installed one after the other: a plan shows what moves, and no more.

The older version is made here, of the installed one: the rule at the end of a zone's file, by which all years
to come are told, is replaced. What then moves is worked out from the two files by the standard library.
"""

from __future__ import annotations

import io
import json
import shutil
from collections.abc import Iterator
from datetime import datetime, timedelta
from importlib import resources
from pathlib import Path
from zoneinfo import ZoneInfo

import psycopg
import pytest

from oncall_gitops.core.model.instant import instant_text
from tests.builders import at
from tests.campaigns.processes import oncall
from tests.commands.shell import Shell

OLDER = {
    "America/Vancouver": "PST8PDT,M3.2.0,M11.1.0",
    "America/Edmonton": "MST7MDT,M3.2.0,M11.1.0",
    "America/Winnipeg": "CST6CDT,M3.2.0,M11.1.0",
    "America/New_York": "EST5",
    "America/Santiago": "<-04>4",
    "America/Toronto": "EST5",
    "America/Sao_Paulo": "<-03>3<-02>,M10.3.0/0,M2.3.0/0",
    "Europe/Berlin": "CET-1",
    "Europe/London": "GMT0",
    "Europe/Moscow": "MSK-3MSD,M3.5.0,M10.5.0/3",
    "Africa/Cairo": "EET-2",
    "Asia/Kolkata": "<+0530>-5:30<+0615>-6:15,M10.1.0,M12.1.0",
    "Asia/Tokyo": "JST-9JDT,M3.2.0,M11.1.0",
    "Australia/Lord_Howe": "<+1030>-10:30",
    "Pacific/Auckland": "NZST-12",
}
"""Fifteen zones, and the rule that the older data has for them."""

PEOPLE = ("alice", "bob", "carol")
T, DAYS = "2026-10-12T12:00:00Z", 60
COVER = "ops/cover"
OVERRIDE_MOVED = [
    {"schedule": COVER, "start": "2026-11-25T07:00:00Z", "end": "2026-11-25T08:00:00Z"}
    | {"before": "alice", "after": "bob", "cause": "tzdata"},
    {"schedule": COVER, "start": "2026-11-27T07:00:00Z", "end": "2026-11-27T08:00:00Z"}
    | {"before": "bob", "after": "alice", "cause": "tzdata"},
]
"""An override from midnight to midnight in Vancouver, where winter was an hour later by the older data."""

HORIZON = ("--as-of", T, "--horizon", f"{DAYS}d")


def slug(name: str) -> str:
    return name.lower().replace("/", "-")


def zone_file(name: str) -> bytes:
    return (resources.files("tzdata") / "zoneinfo" / name).read_bytes()


def older_file(name: str) -> bytes:
    """The zone's file with another rule for the years to come."""
    content = zone_file(name)
    return content[: content.rindex(b"\n", 0, -1) + 1] + OLDER[name].encode() + b"\n"


@pytest.fixture(scope="module")
def older(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a package `tzdata` of version 2025.2, to be put before the installed one."""
    folder = tmp_path_factory.mktemp("older")
    with resources.as_file(resources.files("tzdata")) as installed:
        shutil.copytree(installed, folder / "tzdata")
    for name in OLDER:
        (folder / "tzdata" / "zoneinfo" / name).write_bytes(older_file(name))
    described = folder / "tzdata-2025.2.dist-info"
    described.mkdir()
    (described / "METADATA").write_text("Metadata-Version: 2.1\nName: tzdata\nVersion: 2025.2\n")
    return folder


@pytest.fixture
def rota(shell: Shell) -> Shell:
    """A schedule with a daily handoff at 09:00 in each of the zones, and one in a zone that does not move."""
    users = "".join(f"  {name}: {{name: {name.title()}, email: {name}@example.com}}\n" for name in PEOPLE)
    schedules = "".join(
        f"      {slug(name)}:\n        timezone: {name}\n        start_date: 2026-01-05\n"
        f"        rotation: {{type: daily, users: [{', '.join(PEOPLE)}]}}\n"
        for name in [*OLDER, "Asia/Singapore"]
    )
    schedules += (
        "      cover:\n        timezone: America/Vancouver\n        start_date: 2026-01-05\n"
        "        rotation: {type: daily, users: [alice]}\n        overrides:\n"
        "          - {user: bob, start: 2026-11-25T00:00, end: 2026-11-27T00:00}\n"
    )
    (shell.schedules / "rota.yaml").write_text(f"users:\n{users}teams:\n  ops:\n    schedules:\n{schedules}")
    return shell


def handoffs(content: bytes) -> Iterator[tuple[int, str]]:
    """Every handoff at 09:00 by a zone's file, and who takes over."""
    info = ZoneInfo.from_file(io.BytesIO(content))
    for day in range(400):
        wall = datetime(2026, 1, 5, 9) + timedelta(days=day)
        yield int(wall.replace(tzinfo=info).timestamp()), PEOPLE[day % len(PEOPLE)]


def moved(name: str) -> Iterator[dict[str, str]]:
    """The spans in which somebody else is on call by the newer file than by the older one.

    No clock moves by as much as a day, so what lies between the two readings of a handoff is all that changes.
    """
    begin = at(T)
    for (old, taker), (new, _) in zip(handoffs(older_file(name)), handoffs(zone_file(name)), strict=True):
        giver = PEOPLE[PEOPLE.index(taker) - 1]
        start, end = max(min(old, new), begin), min(max(old, new), begin + DAYS * 86_400)
        if start < end:
            before, after = (taker, giver) if old < new else (giver, taker)
            yield {
                "schedule": f"ops/{slug(name)}",
                "start": instant_text(start),
                "end": instant_text(end),
                "before": before,
                "after": after,
                "cause": "tzdata",
            }


def test_new_time_zone_data_shows_exactly_the_shifts_that_move(
    older: Path, rota: Shell, database_url: str
) -> None:
    done = oncall(rota.folder, "reconcile", "--yes", *HORIZON, database_url=database_url, path=older)
    assert done.code == 0, done.err

    plan = rota.ok("reconcile", "--dry-run", "--format", "json", *HORIZON)

    expected = [span for name in sorted(OLDER, key=slug) for span in moved(name)]
    assert len({span["schedule"] for span in expected}) == len(OLDER)
    impact = plan.json["impact"]["shifts"]
    assert [span for span in impact if span["schedule"] != COVER] == expected
    assert [span for span in impact if span["schedule"] == COVER] == OVERRIDE_MOVED
    assert {change["cause"] for change in plan.json["changes"]} == {"tzdata"}
    assert plan.json["tzdata"] > "2025.2"
    [override] = [change for change in plan.json["changes"] if change["address"].startswith("override/")]
    assert [(field["before"], field["after"]) for field in override["fields"]] == [
        ("2026-11-25T08:00:00Z", "2026-11-25T07:00:00Z"),
        ("2026-11-27T08:00:00Z", "2026-11-27T07:00:00Z"),
    ]

    rota.ok("reconcile", "--yes", *HORIZON)
    assert "No changes." in rota.ok("reconcile", "--dry-run", "--detailed-exitcode", *HORIZON).out


def test_a_plan_of_other_time_zone_data_is_not_applied(older: Path, rota: Shell, database_url: str) -> None:
    saved = ("reconcile", "--dry-run", "--plan-out", "plan.json", *HORIZON)
    done = oncall(rota.folder, *saved, database_url=database_url, path=older)
    assert done.code == 0, done.err
    assert json.loads((rota.folder / "plan.json").read_text())["tzdata"] == "2025.2"

    refused = rota("reconcile", "--plan", "plan.json", *HORIZON)

    assert refused.code == 4, refused.err
    with psycopg.connect(database_url) as connection:
        assert connection.execute("SELECT count(*) FROM schedules").fetchone() == (0,)
