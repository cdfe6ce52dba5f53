"""`fmt`: the files in canonical form, with their comments and with the meaning that they had."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from oncall_gitops.settings import DEFAULT_SCHEDULES

if TYPE_CHECKING:
    from oncall_gitops.source.formatting.tree import Formatting


@click.command("fmt")
@click.argument("paths", metavar="[PATH]...", nargs=-1, type=click.Path(path_type=Path))
@click.option("--check", is_flag=True, help="Write nothing: only list the files that would change (exit 1).")
@click.pass_context
def command(context: click.Context, *, paths: tuple[Path, ...], check: bool) -> None:
    """Put the files into canonical form; the names of those that were not are printed.

    Comments, blank lines, the order of keys and the meaning stay. A file with mistakes in its YAML, its keys or
    its values is not touched: its problems are shown (exit 1).
    """
    from oncall_gitops.source.formatting.replace import replace_content
    from oncall_gitops.source.formatting.tree import formatting

    found = formatting(paths or [Path(DEFAULT_SCHEDULES)])
    for rewriting in found.rewritings:
        if not check:
            replace_content(rewriting.file.path, before=rewriting.before, after=rewriting.after)
        click.echo(rewriting.file.name)
    quiet = bool(context.find_root().params.get("quiet"))
    click.echo(_told(found, check=check, quiet=quiet), err=True, nl=False)
    if found.problems or (check and found.rewritings):
        raise SystemExit(1)


def _told(found: Formatting, *, check: bool, quiet: bool) -> str:
    """The problems, and one line that sums up."""
    from oncall_gitops.report.problems import problems_text

    text = problems_text(found.problems, texts=found.texts)
    if quiet:
        return text
    changed = len(found.rewritings)
    broken = len({problem.origin.file for problem in found.problems})
    parts = [
        f"{changed} {'would be ' if check else ''}formatted",
        f"{max(found.files - changed - broken, 0)} already canonical",
    ]
    parts += [f"{broken} with problems"] if broken else []
    return text + ", ".join(parts) + "\n"
