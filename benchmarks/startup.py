"""How long `oncall-gitops --help` takes, against importing click alone in the same run.

Clocks wobble, so only the ratio of medians counts, taken turn by turn.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time

ROUNDS = 15
GOAL = 1.3
PEER = [sys.executable, "-c", "import click"]
OURS = [sys.executable, "-m", "oncall_gitops", "--help"]


def seconds(command: list[str]) -> float:
    started = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - started


def main() -> None:
    for command in (PEER, OURS):
        seconds(command)
    pairs = [(seconds(PEER), seconds(OURS)) for _ in range(ROUNDS)]
    peer, ours = (statistics.median(column) for column in zip(*pairs, strict=True))
    print(
        f"start-up: import click {peer * 1000:.0f} ms, --help {ours * 1000:.0f} ms, "
        f"ratio {ours / peer:.2f} (to reach: {GOAL})"
    )


if __name__ == "__main__":
    main()
