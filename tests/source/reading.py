"""A small good organisation, and how to see what is wrong with a variation of it."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from oncall_gitops.core.checks import judge
from oncall_gitops.core.model.instant import Instant, parse_instant
from oncall_gitops.core.problem import Problem, in_order
from oncall_gitops.source.read import Loaded, load
from oncall_gitops.source.silence import audible

NOW = parse_instant("2026-11-22T20:00Z")
NOBODY_ID = 65_534
NINETY_DAYS = 90 * 86_400

GOOD = """\
users:
  alice: {name: Alice Ng, email: alice@example.com}
  bob: {name: Bob Roe, email: bob@example.com, timezone: Europe/Berlin}
  carol: {name: Carol Diaz, email: carol@example.com}
teams:
  payments:
    name: Payments
    members: [alice, bob]
    schedules:
      primary:
        timezone: Europe/Berlin
        start_date: 2026-01-05
        handoff_time: "09:00"
        rotation:
          type: weekly
          users:
            - alice
            - {user: bob, from: 2026-03-02}
        layers:
          weekend:
            priority: 10
            rotation: {type: custom, rrule: FREQ=WEEKLY;BYDAY=MO, users: [carol]}
            restrictions:
              - {days: [SAT, SUN], from: "09:00", to: "17:00"}
        overrides:
          - {user: carol, replaces: alice, start: 2026-12-07, end: 2026-12-21}
overrides:
  - {schedule: payments/primary, user: bob, start: 2026-12-24T09:00, end: 2026-12-24T17:00}
"""


def varied(old: str, new: str, text: str = GOOD) -> str:
    """The good file with one thing changed."""
    assert text.count(old) == 1, f"{old!r} occurs {text.count(old)} times"
    return text.replace(old, new)


def read(folder: Path, files: dict[str, str] | str) -> Loaded:
    """What files hold that are written into a folder; a mere text is `a.yaml`."""
    for name, text in ({"a.yaml": files} if isinstance(files, str) else files).items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="")
    return load(folder)


@contextmanager
def unprivileged_folder() -> Iterator[Path]:
    """A folder to read without root's right to read everything; run as anybody else, any folder is that."""
    was = os.geteuid()
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        try:
            yield Path(folder)
        finally:
            os.seteuid(was)


def give_up_privileges() -> None:
    """Until the end of `unprivileged_folder`, be nobody."""
    if os.geteuid() == 0:
        os.seteuid(NOBODY_ID)


def judged(loaded: Loaded, *, now: Instant = NOW) -> list[Problem]:
    """Every error and warning, as `validate` gives them."""
    found, _ = judge(loaded.scene.between(now, now + NINETY_DAYS, is_partial=loaded.has_errors))
    return in_order([*loaded.problems, *audible(found, loaded.texts)])


def places(problems: list[Problem]) -> list[str]:
    """`line:column code` of each; with the file's name before it if that is not `a.yaml`."""
    return [
        f"{'' if _name(problem) == 'a.yaml' else _name(problem) + ':'}"
        f"{problem.origin.line}:{problem.origin.column} {problem.code}"
        for problem in problems
    ]


def _name(problem: Problem) -> str:
    return problem.origin.file.rsplit("/", 1)[-1]
