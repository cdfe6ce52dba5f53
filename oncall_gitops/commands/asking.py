"""Which schedules a question is about, and where the answers come from: the files, or the database."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

import click

from oncall_gitops.core.answers import Record, Shifts
from oncall_gitops.core.errors import OncallError
from oncall_gitops.core.model.instant import FOREVER, Instant
from oncall_gitops.core.model.interval import Interval
from oncall_gitops.core.model.schedule import Schedule
from oncall_gitops.core.resolve import Timetable
from oncall_gitops.settings import Settings

_BACK = 400 * 86_400
"""How far before the instant in question the record is read, to tell when a gap began."""


@dataclass(frozen=True, slots=True)
class Answers:
    """What can be asked: the shifts of each schedule, by full name, and the zones to show them in."""

    shifts: Mapping[str, Shifts]
    zones: Mapping[str, str]


def from_files(path: Path, names: Sequence[str]) -> Answers:
    """Answers from the files alone."""
    from oncall_gitops.report.problems import problems_text
    from oncall_gitops.source.read import load

    loaded = load(path)
    if loaded.desired is None or any(problem.is_error for problem in loaded.problems):
        click.echo(problems_text(loaded.problems, texts=loaded.texts), err=True, nl=False)
        raise OncallError("the files are not valid")
    schedules = loaded.desired.state.schedules
    chosen = choose(schedules, names)
    return Answers(
        {name: Timetable(schedules[name], siblings=schedules) for name in chosen},
        {name: schedules[name].timezone for name in chosen},
    )


def from_database(settings: Settings, names: Sequence[str], *, at: Instant) -> Answers:
    """Answers from the record, and past its end from the live definitions."""
    from oncall_gitops.store.database import open_database
    from oncall_gitops.store.read import read_live, read_shifts

    with (
        open_database(settings.database_url, directory=Path.cwd()) as database,
        database.snapshot() as connection,
    ):
        live = read_live(connection)
        chosen = choose(live.state.schedules, names)
        stored = read_shifts(connection, window=Interval(at - _BACK, FOREVER), schedules=chosen)
    schedules = live.state.schedules
    return Answers(
        {
            name: Record(
                schedules[name],
                stored.get(name, ()),
                edge=live.shifts_until.get(name, live.newest_as_of or at),
                siblings=schedules,
            )
            for name in chosen
        },
        {name: schedules[name].timezone for name in chosen},
    )


def choose(schedules: Mapping[str, Schedule], names: Sequence[str]) -> list[str]:
    """The schedules that are named, or all of them; a name that is not there is refused."""
    for name in names:
        if name not in schedules:
            close = get_close_matches(name, schedules, n=1)
            hint = f"did you mean {close[0]}?" if close else "schedules are named TEAM/SCHEDULE"
            raise OncallError(f"there is no schedule {name}", help=hint)
    return sorted(set(names)) if names else sorted(schedules)
