"""`shifts`: who is on call when, over a span of time."""

from __future__ import annotations

from pathlib import Path

import click

from oncall_gitops.commands.clock import read_clock
from oncall_gitops.commands.options import (
    INSTANT,
    as_of_option,
    format_option,
    horizon_option,
    offline_option,
    pass_settings,
)
from oncall_gitops.core.errors import WrongUsage
from oncall_gitops.core.model.instant import Instant
from oncall_gitops.core.model.interval import Interval
from oncall_gitops.settings import Settings

DEFAULT_SPAN = 14 * 86_400


@click.command("shifts")
@click.argument("schedules", nargs=-1, metavar="[TEAM/SCHEDULE]...")
@click.option("--from", "start", type=INSTANT, metavar="T", help="From then on; default: now.")
@click.option("--to", "end", type=INSTANT, metavar="T", help="Until then; default: 14 days on.")
@click.option("--user", metavar="U", help="Only this user's.")
@offline_option
@as_of_option
@horizon_option
@format_option("table", "json", "csv")
@pass_settings
def command(
    settings: Settings,
    schedules: tuple[str, ...],
    *,
    start: Instant | None,
    end: Instant | None,
    user: str | None,
    offline: Path | None,
    as_of: Instant | None,
    horizon: int | None,
    format: str,
) -> None:
    """The whole shifts that meet a span of time, of all schedules or the named ones."""
    from oncall_gitops.commands.asking import from_database, from_files
    from oncall_gitops.report.answers import shifts_csv, shifts_json, shifts_table

    begin = read_clock(as_of) if start is None else start
    window = Interval(begin, begin + (horizon or DEFAULT_SPAN) if end is None else end)
    if window.is_empty:
        raise WrongUsage("--to must be after --from")
    known = from_files(offline, schedules) if offline else from_database(settings, schedules, at=begin)
    found = {
        name: [shift for shift in shifts.whole_shifts(window) if user in (None, shift.user)]
        for name, shifts in known.shifts.items()
    }
    match format:
        case "json":
            text = shifts_json(found)
        case "csv":
            text = shifts_csv(found)
        case _:
            text = shifts_table(found, zones=known.zones)
    click.echo(text, nl=False)
