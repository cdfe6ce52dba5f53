"""All benchmarks, one after the other, each in a process of its own; one table and one JSON at the end.

`make bench` runs this with small sizes, in some minutes; `--full` takes the sizes of docs/performance.md.
"""

from __future__ import annotations

import argparse
import json
import platform
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.measuring import Figure, table

HERE = Path(__file__).parent
SCRIPTS = ("now", "shifts", "validate", "reconcile", "plans", "startup", "diff", "calendars")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("only", nargs="*", help=f"some of: {', '.join(SCRIPTS)}")
    parser.add_argument("--full", action="store_true", help="the big sizes, which take long")
    parser.add_argument(
        "--json", type=Path, metavar="FILE", default=HERE / "results.json", help="where the figures go"
    )
    arguments = parser.parse_args()
    unknown = set(arguments.only) - set(SCRIPTS)
    if unknown:
        parser.error(f"no such benchmark: {', '.join(sorted(unknown))}")
    figures: list[Figure] = []
    for script in arguments.only or SCRIPTS:
        print(f"{script} ...", flush=True)
        figures += _figures(script, full=arguments.full)
    print(table(figures))
    document = {
        "python": platform.python_version(),
        "full": arguments.full,
        "figures": [
            {field: getattr(each, field) for field in (*each.__slots__, "verdict")} for each in figures
        ],
    }
    arguments.json.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    print(f"written to {arguments.json}")
    if any(figure.verdict == "MISSED" for figure in figures):
        print("docs/performance.md says why a goal is missed")


def _figures(script: str, *, full: bool) -> list[Figure]:
    with tempfile.TemporaryDirectory() as folder:
        found = Path(folder) / "figures.json"
        command = [sys.executable, "-m", f"benchmarks.{script}", "--json", str(found)]
        if script == "calendars":  # tells its figures itself
            subprocess.run([*command[:3], *(["--full"] if full else [])], check=True, cwd=HERE.parent)
            return []
        if script == "validate":
            command += ["--files", *(("1000", "10000") if full else ("200", "1000"))]
        elif full:
            command.append("--full")
        subprocess.run(command, check=True, cwd=HERE.parent)
        results = json.loads(found.read_text(encoding="utf-8"))
    return _of_validate(results) if script == "validate" else [Figure(**each) for each in results]


def _of_validate(results: list[dict[str, Any]]) -> list[Figure]:
    """The validator's benchmark has a shape of its own; its goals are for ten thousand files."""
    figures = []
    for result in results:
        is_large = result["files"] >= 10_000
        goals = {"compose": 0.9, "check-jsonschema": 25.0, "yamllint": 30.0} if is_large else {}
        what = f"validate, {result['files']:,} files: times as fast as"
        figures += [
            Figure("5", f"{what} {name}", ratio, "x", goals.get(name))
            for name, ratio in result["times_as_fast_as"].items()
        ]
        files = f"validate, {result['files']:,} files"
        again = result["again_by_walking_and_reading"]
        figures += [
            Figure(
                "5",
                f"{files}, unchanged: once more / walking and reading",
                again,
                "x",
                1.5 if is_large else None,
                at_most=True,
            ),
            Figure("5", f"{files}: peak", result["peak_mb"], "MB", 150, at_most=True),
        ]
    return figures


if __name__ == "__main__":
    main()
