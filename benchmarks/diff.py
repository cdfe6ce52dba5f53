"""`diff` against `validate` on the same tree: 2,000 schedules, one of them edited.

python benchmarks/diff.py [--teams 200] [--rounds 3]
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

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


def seconds(*arguments: str, folder: Path) -> float:
    """How long one command takes, as a process."""
    began = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "oncall_gitops", *arguments],
        cwd=folder,
        capture_output=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])},
        check=False,
    )
    if done.returncode != 0:
        raise SystemExit(done.stderr.decode())
    return time.perf_counter() - began


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--teams", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        (folder / "schedules").mkdir()
        for number in range(options.teams):
            (folder / "schedules" / f"t{number}.yaml").write_text(team(number))
        git = ["git", "-C", temporary, "-c", "user.name=bench", "-c", "user.email=bench@example.com"]
        for arguments in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "base"]):
            subprocess.run([*git, *arguments], check=True)
        edited = folder / "schedules" / "t7.yaml"
        edited.write_text(edited.read_text().replace("[t7-s0-0, t7-s0-1", "[t7-s0-1, t7-s0-0"))
        checks = [seconds("validate", folder=folder) for _ in range(options.rounds)]
        compares = [seconds("diff", "--base", "HEAD", folder=folder) for _ in range(options.rounds)]
    validate, diff = min(checks), min(compares)
    count = options.teams * SCHEDULES_A_TEAM
    print(
        f"{count} schedules, one edited: validate {validate:.2f} s, diff {diff:.2f} s, ratio {diff / validate:.2f}"
    )


if __name__ == "__main__":
    main()
