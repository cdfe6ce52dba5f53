"""What the benchmarks share: a figure with its goal, CPU time of a call, one table, one JSON.

Clocks wobble, and other programs run: times are CPU times (wall times where a server does the work), the best of
several rounds, and what counts is the ratio of two of them taken in the same run.
"""

from __future__ import annotations

import argparse
import gc
import json
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Figure:
    """One ratio or growth. `goal` is to be reached from below (`at_most`) or from above; None: shown only.

    `value` is None where a peer is not installed; `note` then says which.
    """

    item: str
    what: str
    value: float | None
    unit: str = "x"
    goal: float | None = None
    at_most: bool = False
    note: str = ""

    @property
    def verdict(self) -> str:
        if self.value is None:
            return "-"
        if self.goal is None:
            return ""
        is_met = self.value <= self.goal if self.at_most else self.value >= self.goal
        return "met" if is_met else "MISSED"

    @property
    def wanted(self) -> str:
        return "" if self.goal is None else f"{'at most' if self.at_most else 'at least'} {self.goal:,g}"


def peer(name: str) -> Any:
    """A package that only a comparison needs; None where it is not installed."""
    try:
        return import_module(name)
    except ImportError:
        return None


def missing(item: str, what: str, peer: str) -> Figure:
    """A comparison that cannot be made here."""
    return Figure(item, what, None, note=f"{peer} is not installed")


def cpu(call: Callable[[], object], *, number: int = 1, rounds: int = 5) -> float:
    """The CPU seconds of one call: the best round of `number` calls."""
    return cpu_each([call], number=number, rounds=rounds)[0]


def cpu_each(calls: Sequence[Callable[[], object]], *, number: int = 1, rounds: int = 5) -> list[float]:
    """The same of several calls, turn by turn, so that whatever else the machine does meets all of them."""
    best = [float("inf")] * len(calls)
    for call in calls:
        call()
    for _ in range(rounds):
        for index, call in enumerate(calls):
            began = time.process_time()
            for _ in range(number):
                call()
            best[index] = min(best[index], time.process_time() - began)
    return [seconds / number for seconds in best]


def wall(*calls: Callable[[], object], rounds: int = 5) -> list[float]:
    """The wall seconds of each call, the best of several rounds, turn by turn."""
    best = [float("inf")] * len(calls)
    for _ in range(rounds):
        for index, call in enumerate(calls):
            began = time.perf_counter()
            call()
            best[index] = min(best[index], time.perf_counter() - began)
    return best


def once(call: Callable[[], T]) -> tuple[T, float]:
    """What a call gives, and its wall seconds."""
    began = time.perf_counter()
    result = call()
    return result, time.perf_counter() - began


def table(figures: Iterable[Figure]) -> str:
    """The figures as a Markdown table."""
    rows = [("goal", "what", "measured", "to reach", "")]
    for each in figures:
        shown = each.note if each.value is None else f"{_rounded(each.value)} {each.unit}".strip()
        note = f" ({each.note})" if each.note and each.value is not None else ""
        rows.append((each.item, each.what + note, shown, each.wanted, each.verdict))
    widths = [max(len(row[column]) for row in rows) for column in range(5)]
    lines = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |"
        for row in rows
    ]
    lines.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join(lines)


def run(
    description: str | None,
    measure: Callable[[argparse.Namespace], Sequence[Figure]],
    *,
    options: Callable[[argparse.ArgumentParser], object] = lambda _: None,
) -> None:
    """A benchmark's command line: `--full` for the big sizes, `--json FILE` for the figures."""
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--full", action="store_true", help="the big sizes, which take minutes")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures to this file, too")
    options(parser)
    arguments = parser.parse_args()
    gc.disable()  # as the commands do
    figures = measure(arguments)
    print(table(figures))
    if arguments.json:
        arguments.json.write_text(
            json.dumps([asdict(figure) for figure in figures], indent=2) + "\n", encoding="utf-8"
        )


def _rounded(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"
