"""How fast `validate` is against bare composing, yamllint and check-jsonschema of the same files, in one run.

Every file is an organisation of its own: people, a team, a schedule with a base rotation, three layers with
windows in two zones, overrides. Each contestant is a whole command in a process of its own, imports included;
PyYAML's C parser composes nodes and does nothing else. The slow two get a part of the files, and their time is
scaled up (they take about the same for each file). Then the same files once more, in which nothing was wrong the
first time, against walking through them and reading them. Seconds are those of the processor, which no neighbour on
the machine takes away; they wobble all the same, so only ratios of one run count.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

ZONES = ("Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Sydney", "America/Sao_Paulo")
NAMES = ("ana", "ben", "chloe", "dev", "eva", "finn")
PEER_FILES = 200
"""As many files are shown to the peers that take 5 to 10 ms for each."""

COMPOSE = """
import os, sys, yaml
for name in sorted(os.listdir(sys.argv[1])):
    with open(os.path.join(sys.argv[1], name), encoding="utf-8") as file:
        yaml.compose(file.read(), Loader=yaml.CSafeLoader)
"""

WALK = """
import os, sys
for folder, _, names in os.walk(sys.argv[1]):
    for name in sorted(names):
        with open(os.path.join(folder, name), "rb") as file:
            file.read()
"""

AGAIN = 1.5
"""Unchanged files: at most so many times walking through them and reading them."""

TO_REACH = {"compose": 0.9, "check-jsonschema": 25.0, "yamllint": 30.0}
PEAK_MB = 150


class Run(NamedTuple):
    """One command: seconds of the processor, and the most memory that it ever had."""

    seconds: float
    peak_mb: float


def text_of(number: int) -> str:
    """One file of about 40 lines."""
    zone, night = ZONES[number % 5], ZONES[(number + 2) % 5]
    people = [f"{name}-{number:05}" for name in NAMES]
    users = "\n".join(
        f"  {slug}: {{name: {slug[:3].title()} Number {number}, email: {slug}@example.com, timezone: {zone}}}"
        for slug in people
    )
    ana, ben, chloe, dev, eva, finn = people
    return f"""\
users:
{users}
teams:
  team-{number:05}:
    name: Team {number}
    members: [{", ".join(people)}]
    labels: {{tier: critical, cost-center: "{number}"}}
    schedules:
      primary:
        name: Primary of team {number}
        description: First responder for everything that this team runs
        timezone: {zone}
        start_date: 2025-{number % 12 + 1:02}-{number % 28 + 1:02}
        handoff_time: "09:00"
        coverage: always
        rotation:
          type: weekly
          users: [{ana}, {ben}, {chloe}]
        layers:
          weekend:
            priority: 10
            start_date: 2025-01-04
            rotation: {{type: custom, rrule: FREQ=WEEKLY;BYDAY=SA, users: [{dev}, {eva}]}}
            restrictions: {{days_of_week: [SAT, SUN]}}
          nights:
            name: Nights, where it is day
            priority: 20
            timezone: {night}
            rotation: {{type: daily, users: [{eva}, {finn}]}}
            restrictions:
              - {{days: [MON, TUE, WED, THU, FRI], from: "09:00", to: "17:00"}}
          releases:
            priority: 30
            rotation: {{type: weekly, handoff_day: TUE, users: [{ana}, {{user: {dev}, from: 2025-12-01}}]}}
            restrictions:
              - {{from: "TUE 10:00", to: "TUE 16:00"}}
        overrides:
          - {{user: {finn}, replaces: {ben}, start: 2026-12-{number % 20 + 1:02}, end: 2027-01-06, reason: Leave}}
          - {{user: {chloe}, start: "2026-12-24T18:00", end: "2026-12-25T08:00"}}
"""


def write(folder: Path, count: int) -> None:
    folder.mkdir()
    for number in range(count):
        (folder / f"team-{number:05}.yaml").write_text(text_of(number), encoding="utf-8")


def measured(command: Sequence[str], folder: Path) -> Run:
    """Run a command that must succeed; its own process tells time and memory apart from everybody else's."""
    environment = {**os.environ, "XDG_CACHE_HOME": str(folder / "cache")}
    process = subprocess.Popen(
        command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    assert process.stdout
    said = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    seconds = usage.ru_utime + usage.ru_stime
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{' '.join(command)}\n{said.decode(errors='replace')[-2000:]}")
    return Run(seconds, usage.ru_maxrss / 1024)


def validate(files: Path) -> list[str]:
    package = str(Path(__file__).parents[1])
    start = f"import sys; sys.path.insert(0, {package!r}); from oncall_gitops.cli import main; main()"
    return [sys.executable, "-c", start, "validate", str(files), "--as-of", "2026-11-22T20:00Z"]


def anew(files: Path) -> list[str]:
    return [*validate(files), "--no-cache"]


def middle(runs: Sequence[Run]) -> Run:
    """The median time, and the most memory."""
    return Run(statistics.median(run.seconds for run in runs), max(run.peak_mb for run in runs))


def peers(root: Path, files: Path) -> dict[str, list[str]]:
    """yamllint and check-jsonschema, with our own schema, for a folder of files."""
    schema = root / "schema.json"
    lines = [sys.executable, "-c", validate(files)[2], "schema"]
    schema.write_bytes(subprocess.run(lines, check=True, stdout=subprocess.PIPE, cwd=root).stdout)
    bin_folder = Path(sys.executable).parent
    names = sorted(str(path) for path in files.iterdir())
    return {
        "yamllint": [
            str(bin_folder / "yamllint"),
            "-d",
            "{extends: relaxed, rules: {line-length: disable}}",
            *names,
        ],
        "check-jsonschema": [str(bin_folder / "check-jsonschema"), "--schemafile", str(schema), *names],
    }


def compare(root: Path, count: int, *, rounds: int) -> dict[str, Any]:
    """Everybody's seconds for `count` files, and how many times ours is as fast."""
    one, files, part = (root / f"{name}-{count}" for name in ("one", "files", "part"))
    write(one, 1)
    write(files, count)
    write(part, min(count, PEER_FILES))
    empty = measured(anew(one), root)
    compose = [sys.executable, "-c", COMPOSE, str(files)]
    pairs = [(measured(compose, root), measured(anew(files), root)) for _ in range(rounds)]
    theirs, ours = (middle(runs) for runs in zip(*pairs, strict=True))
    seconds = {"validate": ours.seconds, "compose": theirs.seconds}
    for name, command in peers(root, part).items():
        seconds[name] = measured(command, root).seconds * count / min(count, PEER_FILES)
    measured(validate(files), root)
    walk = [sys.executable, "-c", WALK, str(files)]
    again = [
        (measured(walk, root).seconds, measured(validate(files), root).seconds) for _ in range(4 * rounds)
    ]
    walked, recalled = (min(seconds) for seconds in zip(*again, strict=True))
    return {
        "files": count,
        "again_by_walking_and_reading": round(recalled / walked, 2),
        "seconds": {name: round(value, 3) for name, value in seconds.items()},
        "times_as_fast_as": {
            name: round(value / ours.seconds, 2) for name, value in seconds.items() if name != "validate"
        },
        "peak_mb": round(ours.peak_mb, 1),
        "peak_kb_per_file": round((ours.peak_mb - empty.peak_mb) * 1024 / count, 1),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, nargs="+", default=[1_000], help="how many; two show the growth")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", type=Path, help="write the figures to this file, too")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        results = [compare(Path(folder), count, rounds=options.rounds) for count in options.files]
    for result in results:
        report(result)
    for few, many in pairwise(results):
        growth = many["seconds"]["validate"] / few["seconds"]["validate"]
        print(f"  {many['files'] / few['files']:g} times the files take {growth:.2f} times as long")
    if options.json:
        options.json.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")


def report(result: dict[str, Any]) -> None:
    count, seconds, ratios = result["files"], result["seconds"], result["times_as_fast_as"]
    print(
        f"validate, {count:,} files: {seconds['validate']:.2f} s, {seconds['validate'] / count * 1000:.2f} ms a file"
    )
    for name, goal in TO_REACH.items():
        print(f"  {ratios[name]:.2f} times as fast as {name}, {seconds[name]:.2f} s (to reach: {goal})")
    print(
        f"  unchanged, once more: {result['again_by_walking_and_reading']:.2f} times walking and reading "
        f"(to reach: {AGAIN} for 10,000)"
    )
    print(
        f"  peak {result['peak_mb']:.0f} MB, {result['peak_kb_per_file']:.1f} kB a file above an empty run "
        f"(to reach: {PEAK_MB} MB for 10,000)"
    )


if __name__ == "__main__":
    main()
