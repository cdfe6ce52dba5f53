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
    refused: dict[str, str] = {}
    for rewriting in found.rewritings:
        try:
            if not check:
                replace_content(rewriting.file.path, before=rewriting.before, after=rewriting.after)
        except OSError as error:
            refused[rewriting.file.name] = error.strerror or str(error)
        else:
            click.echo(rewriting.file.name)
    quiet = bool(context.find_root().params.get("quiet"))
    click.echo(_told(found, refused, check=check, quiet=quiet), err=True, nl=False)
    if found.problems or refused or (check and found.rewritings):
        raise SystemExit(1)


def _told(found: Formatting, refused: dict[str, str], *, check: bool, quiet: bool) -> str:
    """The problems, the files that could not be written, and one line that sums up."""
    from oncall_gitops.report.problems import problems_text
    from oncall_gitops.report.terminal import shown

    text = problems_text(found.problems, texts=found.texts)
    text += "".join(f"error: {shown(name)}: {why}\n" for name, why in refused.items())
    if quiet:
        return text
    changed = len(found.rewritings) - len(refused)
    broken = len({problem.origin.file for problem in found.problems})
    parts = [
        f"{changed} {'would be ' if check else ''}formatted",
        f"{max(found.files - len(found.rewritings) - broken, 0)} already canonical",
    ]
    parts += [f"{broken} with problems"] if broken else []
    parts += [f"{len(refused)} not written"] if refused else []
    return text + ", ".join(parts) + "\n"
