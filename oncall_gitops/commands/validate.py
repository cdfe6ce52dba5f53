"""`validate`: every mistake in the files at once, with its place. No database, no network."""

from __future__ import annotations

from collections.abc import Mapping
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
from oncall_gitops.settings import Settings, cache_folder

if TYPE_CHECKING:
    from oncall_gitops.core.problem import Problem
    from oncall_gitops.source.read import Loaded


@click.command("validate")
@path_argument
@format_option("text", "concise", "json", "github", "sarif")
@click.option("--strict", is_flag=True, help="Fail on warnings too.")
@click.option("--no-cache", is_flag=True, help="Judge the files again, even if they were all right before.")
@as_of_option
@horizon_option
@pass_settings
def command(
    settings: Settings,
    *,
    path: Path,
    format: str,
    strict: bool,
    no_cache: bool,
    as_of: Instant | None,
    horizon: int | None,
) -> None:
    """Check the files: every mistake at once, with its place and what would be right.

    A warning is silenced by `# oncall-gitops: ignore OG901` on its line.
    """
    from oncall_gitops.core.collecting import uncollected
    from oncall_gitops.source.verdicts import Verdicts

    now, length = read_clock(as_of), horizon or settings.horizon
    verdicts = Verdicts(None if no_cache else cache_folder(), horizon=length)
    problems: list[Problem] = []
    texts: Mapping[str, str] = {}
    with uncollected(to_the_end=True):
        files = verdicts.recall(path, now=now)
        if files is None:
            from oncall_gitops.source.files import Contents
            from oncall_gitops.source.read import load

            contents = Contents()
            loaded = load(path, contents=contents)
            problems, holds_until = judged(loaded, path, now=now, until=now + length)
            files, texts = loaded.files, loaded.texts
            if now < holds_until:
                verdicts.keep(path, contents=contents, files=files, now=now, until=holds_until)
    failed = any(problem.is_error or strict for problem in problems)
    click.echo(_rendered(problems, texts, files=files, format=format, strict=strict), nl=False)
    if failed:
        raise SystemExit(1)


def judged(loaded: Loaded, path: Path, *, now: Instant, until: Instant) -> tuple[list[Problem], Instant]:
    """What is wrong with the files as such, and what they mean between now and the horizon.

    And until when nothing is wrong: `now` if something is, or may be that does not show.
    """
    from oncall_gitops.core.checks import judge, overrides_that_end
    from oncall_gitops.core.problem import in_order
    from oncall_gitops.source.files import no_files
    from oncall_gitops.source.silence import audible, commented, pointless

    if not loaded.files and not loaded.has_errors:
        return in_order([*loaded.problems, no_files(path)]), now
    found, holds_until = judge(loaded.scene.between(now, until, is_partial=loaded.has_errors))
    with_comments = commented(loaded.texts)
    ending = overrides_that_end(loaded.readable, files=with_comments)
    warnings = [*loaded.problems, *loaded.silenced, *found, *ending]
    idle = pointless(loaded.texts, warnings, is_partial=loaded.has_errors)
    problems = in_order([*loaded.problems, *audible(found, loaded.texts), *idle])
    return problems, now if problems or with_comments else holds_until


def _rendered(
    problems: list[Problem], texts: Mapping[str, str], *, files: int, format: str, strict: bool
) -> str:
    from oncall_gitops.report import problems as report

    match format:
        case "json":
            return report.problems_json(problems, files=files, strict=strict)
        case "sarif":
            from oncall_gitops.report.sarif import problems_sarif

            return problems_sarif(problems, texts=texts)
        case "github":
            return report.problems_github(problems)
        case "concise":
            return report.problems_concise(problems)
        case _:
            summary = report.counted(problems, files=files)
            return report.problems_text(problems, texts=texts) + f"{summary}\n"
