"""`worker`: keep syncing calendars until stopped. Any number of workers share the work, on any machines."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import TYPE_CHECKING

import click

from oncall_gitops.commands.calendar_sync import CALENDARS_UNFINISHED, open_syncer, running_clock
from oncall_gitops.commands.options import as_of_option, pass_settings
from oncall_gitops.commands.syncing import CONCURRENCY, PATIENCE, work
from oncall_gitops.core.model.instant import Instant, instant_text
from oncall_gitops.settings import Settings

if TYPE_CHECKING:
    from oncall_gitops.commands.metrics import Metrics
    from oncall_gitops.commands.syncing import Done, Syncer


@click.command("worker")
@click.option(
    "--concurrency",
    type=click.IntRange(1, 64),
    default=CONCURRENCY,
    show_default=True,
    help="So many calendars side by side.",
)
@click.option("--once", is_flag=True, help="End when nothing is due any more.")
@click.option(
    "--metrics-port",
    type=click.IntRange(1, 65535),
    help="Serve Prometheus metrics on this port of 127.0.0.1.",
)
@click.option("--metrics-address", default="127.0.0.1", show_default=True, help="... or of this address.")
@click.option(
    "--metrics-file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write the metrics to this file at the end, for a textfile collector.",
)
@as_of_option
@pass_settings
def command(
    settings: Settings,
    *,
    concurrency: int,
    once: bool,
    metrics_port: int | None,
    metrics_address: str,
    metrics_file: Path | None,
    as_of: Instant | None,
) -> None:
    """Keep syncing calendars until stopped by SIGTERM or ^C; what is under way is brought to an end.

    Connections are claimed in the database, so any number of workers, on any machines, share the work, and
    the work of one that dies is taken over.
    """
    from oncall_gitops.commands.metrics import Metrics
    from oncall_gitops.store.database import open_database

    metrics = Metrics() if metrics_port or metrics_file else None
    with open_database(settings.database_url, directory=Path.cwd()) as database:
        syncer = open_syncer(database, clock=running_clock(database, as_of))
        stop_on_signals(syncer)
        if metrics and metrics_port:
            metrics.serve(metrics_port, metrics_address, database)
        click.echo(f"worker on {database.name}, {concurrency} at once", err=True)
        results = work(
            syncer,
            concurrency=concurrency,
            patience=PATIENCE if once else None,
            tell=lambda done: _tell(done, syncer, metrics),
        )
        if metrics and metrics_file:
            metrics.write(metrics_file, database)
    if once and not all(done.is_right for done in results.values()):
        raise click.exceptions.Exit(CALENDARS_UNFINISHED)


def stop_on_signals(syncer: Syncer) -> None:
    """The first SIGTERM or ^C lets the calls that are under way end; a second one is as everywhere else."""

    def stop(number: int, _frame: object) -> None:
        syncer.stopping.set()
        signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)


def _tell(done: Done, syncer: Syncer, metrics: Metrics | None) -> None:
    """One line a run that did something; a run that found nothing to do is not worth one."""
    if metrics:
        metrics.count(done)
    outcome = done.outcome
    if done.is_right and not outcome.writes and not done.dropped:
        return
    result = "disconnected" if done.dropped else done.trouble or ("ok" if done.is_right else "goes on")
    click.echo(
        f"{instant_text(syncer.clock())} {done.name}: {outcome.inserted} made, {outcome.updated} changed, "
        f"{outcome.deleted} deleted: {result}",
        err=True,
    )
