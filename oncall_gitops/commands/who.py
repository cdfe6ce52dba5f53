"""`who`: who is on call, until when, and who is next."""

from __future__ import annotations

from pathlib import Path

import click

from oncall_gitops.commands.clock import read_clock
from oncall_gitops.commands.options import INSTANT, as_of_option, format_option, offline_option, pass_settings
from oncall_gitops.core.model.instant import Instant
from oncall_gitops.settings import Settings


@click.command("who")
@click.argument("schedules", nargs=-1, metavar="[TEAM/SCHEDULE]...")
@click.option("--at", type=INSTANT, metavar="T", help="Then, in place of now; the past is on record.")
@offline_option
@as_of_option
@format_option("text", "json")
@pass_settings
def command(
    settings: Settings,
    schedules: tuple[str, ...],
    *,
    at: Instant | None,
    offline: Path | None,
    as_of: Instant | None,
    format: str,
) -> None:
    """Who is on call, until when, and who is next; for all schedules, or the named ones."""
    from oncall_gitops.commands.asking import from_database, from_files
    from oncall_gitops.core.answers import answer
    from oncall_gitops.report.answers import who_json, who_text

    moment = read_clock(as_of) if at is None else at
    known = from_files(offline, schedules) if offline else from_database(settings, schedules, at=moment)
    answers = [answer(name, shifts, at=moment) for name, shifts in known.shifts.items()]
    text = who_json(answers) if format == "json" else who_text(answers, zones=known.zones)
    click.echo(text, nl=False)
