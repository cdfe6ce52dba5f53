"""`diff` against `validate` on the same tree, of which one schedule was edited: two trees for little more than one."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path

from benchmarks import measuring
from benchmarks.measuring import Figure, wall

SCHEDULES_A_TEAM = 10
ZONES = ("Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Sydney")


def team(number: int) -> str:
    """Ten schedules of six people each, with a weekend layer; nobody is on two of them."""
    lines = ["users:"]
    for schedule in range(SCHEDULES_A_TEAM):
        for person in range(6):
            slug = f"t{number}-s{schedule}-{person}"
            lines.append(f"  {slug}: {{name: Person {slug}, email: {slug}@example.com}}")
    lines += ["teams:", f"  t{number}:", "    schedules:"]
    for schedule in range(SCHEDULES_A_TEAM):
        people = [f"t{number}-s{schedule}-{person}" for person in range(6)]
        lines += [
            f"      s{schedule}:",
            f"        timezone: {ZONES[number % len(ZONES)]}",
            "        start_date: 2026-01-05",
            f"        rotation: {{type: weekly, users: [{', '.join(people[:4])}]}}",
            "        layers:",
            "          weekend:",
            "            priority: 10",
            f"            rotation: {{type: weekly, users: [{', '.join(people[4:])}]}}",
            "            restrictions: {days_of_week: [SAT, SUN]}",
        ]
    return "\n".join(lines) + "\n"


def run(*arguments: str, folder: Path) -> None:
    """One command, as a process."""
    done = subprocess.run(
        [sys.executable, "-m", "oncall_gitops", *arguments],
        cwd=folder,
        capture_output=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])},
        check=False,
    )
    if done.returncode != 0:
        raise SystemExit(done.stderr.decode())


def measure(arguments: argparse.Namespace) -> list[Figure]:
    teams, rounds = (200, 5) if arguments.full else (50, 3)
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        (folder / "schedules").mkdir()
        for number in range(teams):
            (folder / "schedules" / f"t{number}.yaml").write_text(team(number))
        git = ["git", "-C", temporary, "-c", "user.name=bench", "-c", "user.email=bench@example.com"]
        for words in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "base"]):
            subprocess.run([*git, *words], check=True)
        edited = folder / "schedules" / "t7.yaml"
        edited.write_text(edited.read_text().replace("[t7-s0-0, t7-s0-1", "[t7-s0-1, t7-s0-0"))
        validate, diff = wall(
            partial(run, "validate", "--no-cache", folder=folder),
            partial(run, "diff", "--base", "HEAD", folder=folder),
            rounds=rounds,
        )
    what = f"{teams * SCHEDULES_A_TEAM:,} schedules, one edited: `diff` / `validate`"
    return [Figure("", what, diff / validate)]


if __name__ == "__main__":
    measuring.run(__doc__, measure)
