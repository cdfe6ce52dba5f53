"""`history`: the runs that changed the record, newest first."""

from __future__ import annotations

from pathlib import Path

import click

from oncall_gitops.commands.options import format_option, pass_settings
from oncall_gitops.settings import Settings


@click.command("history")
@click.option("--limit", type=click.IntRange(1, 10_000), default=20, show_default=True, help="How many.")
@format_option("text", "json")
@pass_settings
def command(settings: Settings, *, limit: int, format: str) -> None:
    """The past reconcile runs and overrides, newest first."""
    from oncall_gitops.report.json_text import json_text
    from oncall_gitops.report.runs import runs_json, runs_text
    from oncall_gitops.store.database import open_database
    from oncall_gitops.store.read import read_runs

    with (
        open_database(settings.database_url, directory=Path.cwd()) as database,
        database.snapshot() as connection,
    ):
        runs = read_runs(connection, limit=limit)
    text = json_text(runs_json(runs)) if format == "json" else runs_text(runs)
    click.echo(text, nl=False)
