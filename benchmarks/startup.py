"""How long `oncall-gitops --help` takes, against importing click alone in the same run.

Each is a process of its own; the best of many rounds, turn by turn.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Callable

from benchmarks import measuring
from benchmarks.measuring import Figure, wall

COMMANDS = {
    "import click": ["-c", "import click"],
    "--help": ["-m", "oncall_gitops", "--help"],
    "--version": ["-m", "oncall_gitops", "--version"],
}


def measure(arguments: argparse.Namespace) -> list[Figure]:
    rounds = 60 if arguments.full else 20
    click, help_text, version = wall(*(_running(each) for each in COMMANDS.values()), rounds=rounds)
    return [
        Figure("8", "`--help` / `import click`", help_text / click, "x", 1.3, at_most=True),
        Figure("8", "`--version` / `import click`", version / click),
    ]


def _running(arguments: list[str]) -> Callable[[], object]:
    command = [sys.executable, *arguments]
    return lambda: subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


if __name__ == "__main__":
    measuring.run(__doc__, measure)
