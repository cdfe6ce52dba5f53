"""`validate`: every mistake in the files at once, with its place. No database, no network."""

from __future__ import annotations

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
from oncall_gitops.core.model.instant import Instant
from oncall_gitops.settings import Settings

if TYPE_CHECKING:
    from oncall_gitops.core.problem import Problem
    from oncall_gitops.source.read import Loaded


@click.command("validate")
@path_argument
@format_option("text", "concise", "json", "github", "sarif")
@click.option("--strict", is_flag=True, help="Fail on warnings too.")
@as_of_option
@horizon_option
@pass_settings
def command(
    settings: Settings,
    *,
    path: Path,
    format: str,
    strict: bool,
    as_of: Instant | None,
    horizon: int | None,
) -> None:
    """Check the files: every mistake at once, with its place and what would be right.

    A warning is silenced by `# oncall-gitops: ignore OG901` on its line.
    """
    from oncall_gitops.source.read import load, uncollected

    now = read_clock(as_of)
    with uncollected(to_the_end=True):
        loaded = load(path)
        problems = judged(loaded, path, now=now, until=now + (horizon or settings.horizon))
    failed = any(problem.is_error or strict for problem in problems)
    click.echo(_rendered(problems, loaded, format=format, strict=strict), nl=False)
    if failed:
        raise SystemExit(1)


def judged(loaded: Loaded, path: Path, *, now: Instant, until: Instant) -> list[Problem]:
    """What is wrong with the files as such, and what they mean between now and the horizon."""
    from oncall_gitops.core.checks import judge, overrides_that_end
    from oncall_gitops.core.problem import in_order
    from oncall_gitops.source.files import no_files
    from oncall_gitops.source.silence import audible, commented, pointless

    if not loaded.files and not loaded.problems:
        return [no_files(path)]
    found = judge(loaded.scene.between(now, until, is_partial=loaded.has_errors))
    ending = overrides_that_end(loaded.readable, files=commented(loaded.texts))
    warnings = [*loaded.problems, *loaded.silenced, *found, *ending]
    idle = pointless(loaded.texts, warnings, is_partial=loaded.has_errors)
    return in_order([*loaded.problems, *audible([*found, *idle], loaded.texts)])


def _rendered(problems: list[Problem], loaded: Loaded, *, format: str, strict: bool) -> str:
    from oncall_gitops.report import problems as report

    match format:
        case "json":
            return report.problems_json(problems, files=loaded.files, strict=strict)
        case "sarif":
            from oncall_gitops.report.sarif import problems_sarif

            return problems_sarif(problems, texts=loaded.texts)
        case "github":
            return report.problems_github(problems)
        case "concise":
            return report.problems_concise(problems)
        case _:
            summary = report.counted(problems, files=loaded.files)
            return report.problems_text(problems, texts=loaded.texts) + f"{summary}\n"
