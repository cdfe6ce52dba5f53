"""`diff`: the whole plan between two trees of files, without any database."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from oncall_gitops.commands.clock import read_clock
from oncall_gitops.commands.options import (
    as_of_option,
    format_option,
    horizon_option,
    pass_settings,
    path_argument,
)
from oncall_gitops.commands.plans import (
    FORMATS,
    PENDING,
    allow_option,
    blocked,
    detailed_exitcode_option,
    output_option,
    put_out,
    read_files,
    require_written,
    scope_options,
)
from oncall_gitops.core.model.instant import Instant
from oncall_gitops.settings import Settings

if TYPE_CHECKING:
    from oncall_gitops.core.model.state import State
    from oncall_gitops.source.usual import Usual


@click.command("diff")
@path_argument
@click.option("--base", required=True, metavar="REF-OR-DIR", help="A git ref, or a folder, to compare with.")
@format_option(*FORMATS)
@output_option
@detailed_exitcode_option
@scope_options
@allow_option
@as_of_option
@horizon_option
@pass_settings
def command(
    settings: Settings,
    path: Path,
    *,
    base: str,
    format: str,
    outputs: tuple[tuple[str, Path], ...],
    detailed_exitcode: bool,
    teams: tuple[str, ...],
    schedules: tuple[str, ...],
    no_prune: bool,
    allow: tuple[str, ...],
    as_of: Instant | None,
    horizon: int | None,
) -> None:
    """What a change of the files in PATH does to people, against BASE: safe for forks, needs no database."""
    from oncall_gitops.core.collecting import uncollected
    from oncall_gitops.core.proposal import Request, compare_states
    from oncall_gitops.core.scope import Scope
    from oncall_gitops.core.wallclock import tzdata_version

    at = read_clock(as_of)
    known: dict[str, Usual] = {}
    with uncollected(to_the_end=True), _base_state(path, base, known) as before:
        desired, source = read_files(path, format=format, known=known)
        request = Request(
            at=at,
            until=at + (horizon or settings.horizon),
            scope=Scope(tuple(sorted(set(teams))), tuple(sorted(set(schedules))), prune=not no_prune),
            limits=settings.limits,
            allow=allow,
            source=source,
            tzdata=tzdata_version(),
        )
        proposal = compare_states(desired, before, request)
    is_written = put_out(proposal, subject=f"{path} against {base}", format=format, outputs=outputs)
    if error := blocked(proposal):
        raise error
    require_written(is_written)
    if detailed_exitcode and proposal.is_pending:
        raise click.exceptions.Exit(PENDING)


@contextmanager
def _base_state(path: Path, base: str, known: dict[str, Usual]) -> Iterator[State]:
    """What the base says; of files with mistakes, what of them can be read."""
    from oncall_gitops.source.git import tree_at
    from oncall_gitops.source.read import load

    with tree_at(base, path) as folder:
        loaded = load(folder, known=known) if folder else None
        if loaded and loaded.has_errors:
            click.echo(
                f"warning: the files of {base} are not valid; they are read as far as they can be", err=True
            )
        yield _empty() if loaded is None else loaded.readable.state


def _empty() -> State:
    from oncall_gitops.core.model.state import State

    return State()
