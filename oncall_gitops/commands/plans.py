"""What the commands that make plans share: reading the files, and putting a plan out in every format asked for."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from oncall_gitops.core.errors import Blocked, OncallError, WrongUsage
from oncall_gitops.core.limits import BLOCKING, CALENDAR_MASS_DELETE, WARNING

if TYPE_CHECKING:
    from oncall_gitops.core.model.state import DesiredState
    from oncall_gitops.core.proposal import Proposal, Source
    from oncall_gitops.source.usual import Usual

FORMATS = ("text", "json", "markdown", "github")
PENDING = 2
"""The exit code for pending changes, where --detailed-exitcode asks for it."""

F = TypeVar("F", bound=Callable[..., Any])


class OutputType(click.ParamType["tuple[str, Path]"]):
    """`FORMAT=PATH`, for a file in a folder that is there."""

    name = "output"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, Path]:
        if isinstance(value, tuple):
            return value
        kind, separator, name = value.partition("=")
        if kind not in FORMATS or not separator or not name:
            self.fail(f"{value!r} is not FORMAT=PATH with a format of {', '.join(FORMATS)}", param, ctx)
        return kind, NEW_FILE.convert(name, param, ctx)


class NewFileType(click.ParamType["Path"]):
    """A file that can be written, found out before anything is applied."""

    name = "file"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Path:
        file = Path(value)
        is_writable = os.access(file if file.exists() else file.parent, os.W_OK)
        if file.is_dir() or not file.parent.is_dir() or not is_writable:
            self.fail(f"{str(file)!r} cannot be written", param, ctx)
        return file


NEW_FILE = NewFileType()


output_option = click.option(
    "--output-file",
    "outputs",
    multiple=True,
    type=OutputType(),
    metavar="FORMAT=PATH",
    help="Write the plan there too; repeatable.",
)
detailed_exitcode_option = click.option(
    "--detailed-exitcode", is_flag=True, help="Exit 2 where changes are pending, or were applied."
)
allow_option = click.option(
    "--allow",
    multiple=True,
    type=click.Choice(sorted({*BLOCKING, *WARNING, CALENDAR_MASS_DELETE})),
    help="Accept what one safety rule found; repeatable.",
)


def scope_options(command: F) -> F:
    """`--team`, `--schedule` and `--no-prune`."""
    for option in (
        click.option("--no-prune", is_flag=True, help="Delete nothing."),
        click.option(
            "--schedule", "schedules", multiple=True, metavar="TEAM/SCHEDULE", help="Only this; repeatable."
        ),
        click.option("--team", "teams", multiple=True, metavar="TEAM", help="Only this team; repeatable."),
    ):
        command = option(command)
    return command


def read_files(
    path: Path, *, format: str, known: dict[str, Usual] | None = None
) -> tuple[DesiredState, Source]:
    """The desired state; every mistake in the files is told, and ends the command with exit 1.

    `known` are texts that another load has read.
    """
    from oncall_gitops.core.proposal import Source
    from oncall_gitops.report.problems import problems_github, problems_json, problems_text
    from oncall_gitops.source.git import checked_out
    from oncall_gitops.source.read import load

    loaded = load(path, known=known)
    if loaded.desired is None:
        match format:
            case "json":
                click.echo(problems_json(loaded.problems, files=loaded.files), nl=False)
            case "github":
                click.echo(problems_github(loaded.problems), nl=False)
            case _:
                click.echo(problems_text(loaded.problems, texts=loaded.texts), err=True, nl=False)
        raise OncallError("the files are not valid; nothing was changed")
    commit = checked_out(path)
    return loaded.desired, Source(files=loaded.files, commit=commit.id, dirty=commit.dirty)


def blocked(proposal: Proposal) -> Blocked | None:
    """Why a safety rule blocks a plan, if one does, and what would accept it."""
    checks = [check for check in proposal.safety if check.verdict == "block"]
    if not checks:
        return None
    if any(check.stuck for check in checks):
        hint = "give the layer of the files another priority, or end the row that holds this one"
    else:
        hint = f"if it is meant: {' '.join(str(check.allow) for check in checks)}"
    return Blocked(f"blocked by {', '.join(check.rule for check in checks)}; nothing was changed", help=hint)


def put_out(
    proposal: Proposal, *, subject: str, format: str | None, outputs: Iterable[tuple[str, Path]] = ()
) -> bool:
    """Write the plan to files, and print it in one format (None: not at all); whether all files were written.

    The files come first, so that a reader of ours who goes away does not take them along.
    """
    from oncall_gitops.report.plan_json import plan_document

    document = plan_document(proposal)
    written = [
        _wrote(file, "w", click.unstyle(render(document, subject=subject, format=kind)))
        for kind, file in outputs
    ]
    if format == "github":
        written += _tell_github(document, subject)
    if format is not None:
        click.echo(render(document, subject=subject, format=format), nl=False)
    return all(written)


def require_written(is_written: bool) -> None:
    """Where nothing was applied, a file that is asked for and not there is a failure."""
    if not is_written:
        raise OncallError("not everything that was asked for could be written")


def _wrote(file: Path, mode: str, text: str) -> bool:
    try:
        with file.open(mode, encoding="utf-8") as stream:
            stream.write(text)
    except OSError as error:
        from oncall_gitops.report.terminal import shown

        click.echo(f"warning: {shown(str(file))} could not be written: {error.strerror}", err=True)
        return False
    return True


def render(document: dict[str, Any], *, subject: str = "", format: str) -> str:
    """A plan's document in one format; `subject` says what the plan is for."""
    match format:
        case "json":
            from oncall_gitops.report.json_text import json_text

            return json_text(document)
        case "markdown":
            from oncall_gitops.report.plan_markdown import plan_markdown

            return plan_markdown(document, subject=subject)
        case "github":
            from oncall_gitops.report.plan_github import plan_annotations

            return plan_annotations(document)
        case "text":
            from oncall_gitops.report.plan_text import plan_text

            return plan_text(document, subject=subject)
        case _:
            raise WrongUsage(f"no such format: {format}")


def _tell_github(document: dict[str, Any], subject: str) -> list[bool]:
    """The job summary and the step's outputs, through the files that GitHub names."""
    from oncall_gitops.report.plan_github import step_outputs, summary
    from oncall_gitops.settings import github_files

    files = github_files()
    told = ((files.summary, summary(document, subject=subject)), (files.output, step_outputs(document)))
    return [_wrote(file, "a", text) for file, text in told if file is not None]
