"""`reconcile`: read the files and the database, plan, check, apply."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from oncall_gitops.commands.options import (
    TIMEOUT,
    as_of_option,
    format_option,
    horizon_option,
    pass_settings,
    path_argument,
)
from oncall_gitops.core.errors import OncallError, WrongUsage
from oncall_gitops.core.limits import BLOCKING, WARNING
from oncall_gitops.core.model.instant import Instant
from oncall_gitops.settings import Settings, actor

if TYPE_CHECKING:
    from collections.abc import Iterable

    from oncall_gitops.commands.reconciler import Reconciler
    from oncall_gitops.core.model.state import DesiredState
    from oncall_gitops.core.proposal import Proposal, Source

FORMATS = ("text", "json")
PENDING = 2

Outputs = list[tuple[str, Path]]


@click.command("reconcile")
@path_argument
@click.option("--dry-run", is_flag=True, help="Only plan: nothing is locked, nothing is written.")
@format_option(*FORMATS)
@click.option(
    "--output-file",
    "output_files",
    multiple=True,
    metavar="FORMAT=PATH",
    help="Write the plan there too; repeatable.",
)
@click.option("--detailed-exitcode", is_flag=True, help="Exit 2 where changes are pending, or were applied.")
@click.option("--plan-out", type=click.Path(path_type=Path, dir_okay=False), help="Save the plan as JSON.")
@click.option(
    "--plan",
    "plan_file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Apply exactly this saved plan, or refuse.",
)
@click.option("--expect-plan", metavar="ID", help="Refuse unless the plan has this id.")
@click.option("--team", "teams", multiple=True, metavar="TEAM", help="Only this team; repeatable.")
@click.option(
    "--schedule", "schedules", multiple=True, metavar="TEAM/SCHEDULE", help="Only this; repeatable."
)
@click.option("--no-prune", is_flag=True, help="Delete nothing.")
@click.option(
    "--allow",
    multiple=True,
    type=click.Choice(sorted(BLOCKING | WARNING)),
    help="Accept what one safety rule found; repeatable.",
)
@as_of_option
@horizon_option
@click.option(
    "--calendars",
    type=click.Choice(("sync", "queue", "skip")),
    default="sync",
    show_default=True,
    help="Whether the calendars of the people concerned become due.",
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
    output_files: tuple[str, ...],
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
    outputs: Outputs = [_output(text) for text in output_files] + ([("json", plan_out)] if plan_out else [])
    expected = _saved_plan_id(plan_file) if plan_file else expect_plan
    desired, source = _read_files(path, format)

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
            _show(proposal, database.name, format, outputs)
            if error := reconciler.refusal(proposal):
                raise error
        else:
            proposal = _apply(
                reconciler,
                format,
                outputs,
                asks=asks,
                lock_timeout=lock_timeout,
                marks_due=calendars != "skip",
            )
    if detailed_exitcode and proposal.is_pending:
        raise click.exceptions.Exit(PENDING)


def _apply(
    reconciler: Reconciler, format: str, outputs: Outputs, *, asks: bool, lock_timeout: int, marks_due: bool
) -> Proposal:
    """Ask if need be, apply, show what was applied."""
    from oncall_gitops.commands.reconciler import Refused

    name = reconciler.database.name
    if asks:
        reviewed = reconciler.look()
        _show(reviewed, name, "text", ())
        if error := reconciler.refusal(reviewed):
            raise error
        if reviewed.is_pending and not click.confirm("Apply this plan?", err=True):
            raise OncallError("not confirmed; nothing was changed")
        reconciler = reconciler.expecting(reviewed.plan.plan_id)
    try:
        proposal = reconciler.apply(lock_timeout=lock_timeout, marks_due=marks_due)
    except Refused as refused:
        _show(refused.proposal, name, format, ())
        raise refused.error from None
    _show(proposal, name, "none" if asks and format == "text" else format, outputs)
    click.echo("Applied." if proposal.is_pending else "Nothing had to change.", err=True)
    return proposal


def _read_files(path: Path, format: str) -> tuple[DesiredState, Source]:
    """The desired state; every mistake in the files is told, and ends the command with exit 1."""
    from oncall_gitops.core.proposal import Source
    from oncall_gitops.report.problems import problems_json, problems_text
    from oncall_gitops.source.git import checked_out
    from oncall_gitops.source.read import load

    loaded = load(path)
    errors = [problem for problem in loaded.problems if problem.is_error]
    if errors or loaded.desired is None:
        if format == "json":
            click.echo(problems_json(loaded.problems, files=loaded.files), nl=False)
        else:
            click.echo(problems_text(loaded.problems, texts=loaded.texts), err=True, nl=False)
        raise OncallError("the files are not valid; nothing was changed")
    commit = checked_out(path)
    return loaded.desired, Source(files=loaded.files, commit=commit.id, dirty=commit.dirty)


def _saved_plan_id(file: Path) -> str:
    """The id of a plan that was saved by --plan-out."""
    try:
        document = json.loads(file.read_text(encoding="utf-8"))
        plan_id = document["plan_id"]
    except (ValueError, KeyError, TypeError) as error:
        raise OncallError(f"{file} is not a saved plan; nothing was changed") from error
    if not isinstance(plan_id, str):
        raise OncallError(f"{file} is not a saved plan; nothing was changed")
    return plan_id


def _output(text: str) -> tuple[str, Path]:
    kind, separator, name = text.partition("=")
    if kind not in FORMATS or not separator or not name:
        raise WrongUsage(f"--output-file is FORMAT=PATH with a format of {', '.join(FORMATS)}, not {text!r}")
    return kind, Path(name)


def _show(proposal: Proposal, database: str, format: str, outputs: Iterable[tuple[str, Path]]) -> None:
    """Print the plan in one format (`none`: not at all) and write it to files in others."""
    if format != "none":
        click.echo(_rendered(proposal, database, format), nl=False)
    for kind, file in outputs:
        file.write_text(click.unstyle(_rendered(proposal, database, kind)), encoding="utf-8")


def _rendered(proposal: Proposal, database: str, format: str) -> str:
    from oncall_gitops.report.plan_json import plan_document
    from oncall_gitops.report.plan_text import plan_text

    document = plan_document(proposal)
    if format == "json":
        return json.dumps(document, indent=2, ensure_ascii=False) + "\n"
    return plan_text(document, database=database)
