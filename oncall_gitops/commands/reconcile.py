"""`reconcile`: read the files and the database, plan, check, apply."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from oncall_gitops.commands.options import (
    TIMEOUT,
    as_of_option,
    format_option,
    horizon_option,
    pass_settings,
    path_argument,
)
from oncall_gitops.commands.plans import (
    FORMATS,
    NEW_FILE,
    PENDING,
    allow_option,
    detailed_exitcode_option,
    output_option,
    put_out,
    read_files,
    require_written,
    scope_options,
)
from oncall_gitops.commands.saved_plan import read_plan
from oncall_gitops.core.errors import OncallError, StalePlan, WrongUsage
from oncall_gitops.core.model.instant import Instant
from oncall_gitops.settings import Settings, actor

if TYPE_CHECKING:
    from oncall_gitops.commands.reconciler import Reconciler
    from oncall_gitops.core.proposal import Proposal

Outputs = tuple[tuple[str, Path], ...]
SavedPlan = dict[str, Any]


@click.command("reconcile")
@path_argument
@click.option("--dry-run", is_flag=True, help="Only plan: nothing is locked, nothing is written.")
@format_option(*FORMATS)
@output_option
@detailed_exitcode_option
@click.option("--plan-out", type=NEW_FILE, metavar="FILE", help="Save the plan as JSON.")
@click.option(
    "--plan",
    "plan_file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Apply exactly this saved plan, or refuse.",
)
@click.option("--expect-plan", metavar="ID", help="Refuse unless the plan has this id.")
@scope_options
@allow_option
@as_of_option
@horizon_option
@click.option(
    "--calendars",
    type=click.Choice(("sync", "queue", "skip")),
    default="sync",
    show_default=True,
    help="Bring the calendars of the people concerned up to date now, leave them to workers, or alone.",
)
@click.option("--lock-timeout", type=TIMEOUT, default="30s", show_default=True, help="How long to wait.")
@click.option("--yes", is_flag=True, help="Apply without asking.")
@pass_settings
def command(
    settings: Settings,
    path: Path,
    *,
    dry_run: bool,
    format: str,
    outputs: Outputs,
    detailed_exitcode: bool,
    plan_out: Path | None,
    plan_file: Path | None,
    expect_plan: str | None,
    teams: tuple[str, ...],
    schedules: tuple[str, ...],
    no_prune: bool,
    allow: tuple[str, ...],
    as_of: Instant | None,
    horizon: int | None,
    calendars: str,
    lock_timeout: int,
    yes: bool,
) -> None:
    """Make the database equal to the files in PATH: plan, check, apply.

    On a terminal an apply shows the plan and asks; elsewhere it needs --yes or --plan.
    """
    asks = not (dry_run or yes or plan_file)
    if asks and not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise WrongUsage(
            "an apply without a terminal needs --yes or --plan FILE",
            help="to see what it would do: oncall-gitops reconcile --dry-run",
        )
    outputs = (*outputs, ("json", plan_out)) if plan_out else outputs
    saved = read_plan(plan_file) if plan_file else None
    expected = saved["plan_id"] if saved else expect_plan
    desired, source = read_files(path, format=format)

    from oncall_gitops.commands.reconciler import Reconciler
    from oncall_gitops.core.scope import Scope
    from oncall_gitops.store.database import open_database

    scope = Scope(tuple(sorted(set(teams))), tuple(sorted(set(schedules))), prune=not no_prune)
    with open_database(settings.database_url, directory=Path.cwd()) as database:
        reconciler = Reconciler(
            database=database,
            desired=desired,
            source=source,
            scope=scope,
            limits=settings.limits,
            allow=allow,
            horizon=horizon or settings.horizon,
            as_of=as_of,
            expected=expected,
            actor=actor(),
        )
        if dry_run:
            proposal = reconciler.look()
            is_written = put_out(proposal, subject=database.name, format=format, outputs=outputs)
            if error := reconciler.refusal(proposal):
                _refuse(error, proposal, saved)
            require_written(is_written)
        else:
            proposal = _apply(
                reconciler,
                format,
                outputs,
                saved,
                asks=asks,
                lock_timeout=lock_timeout,
                marks_due=calendars != "skip",
            )
            if calendars == "sync":
                from oncall_gitops.commands.calendar_sync import sync_due

                sync_due(database, as_of=as_of, allow=allow)
    if detailed_exitcode and proposal.is_pending:
        raise click.exceptions.Exit(PENDING)


def _apply(
    reconciler: Reconciler,
    format: str,
    outputs: Outputs,
    saved: SavedPlan | None,
    *,
    asks: bool,
    lock_timeout: int,
    marks_due: bool,
) -> Proposal:
    """Ask if need be, apply, show what was applied."""
    from oncall_gitops.commands.reconciler import Refused

    name = reconciler.database.name
    if asks:
        reviewed = reconciler.look()
        put_out(reviewed, subject=name, format="text")
        if error := reconciler.refusal(reviewed):
            raise error
        if reviewed.is_pending and not click.confirm("Apply this plan?", err=True):
            raise OncallError("not confirmed; nothing was changed")
        reconciler = reconciler.expecting(reviewed.plan.plan_id)
    try:
        proposal = reconciler.apply(lock_timeout=lock_timeout, marks_due=marks_due)
    except Refused as refused:
        put_out(refused.proposal, subject=name, format=format, outputs=outputs)
        _refuse(refused.error, refused.proposal, saved)
    is_told = asks and format == "text"
    click.echo("Applied." if proposal.is_pending else "Nothing had to change.", err=True)
    put_out(proposal, subject=name, format=None if is_told else format, outputs=outputs)
    return proposal


def _refuse(error: OncallError, proposal: Proposal, saved: SavedPlan | None) -> NoReturn:
    """End with the reason; of a saved plan that no longer holds, with what has changed since."""
    if saved is not None and isinstance(error, StalePlan):
        from oncall_gitops.report.plan_json import plan_document
        from oncall_gitops.report.plan_text import stale_text

        click.echo(stale_text(saved, plan_document(proposal)), err=True, nl=False)
    raise error from None
