"""`show`: a saved plan, rendered again."""

from __future__ import annotations

from pathlib import Path

import click

from oncall_gitops.commands.options import format_option
from oncall_gitops.commands.plans import FORMATS, render
from oncall_gitops.commands.saved_plan import read_plan
from oncall_gitops.core.errors import OncallError


@click.command("show")
@click.argument("plan", metavar="PLAN.json", type=click.Path(path_type=Path, dir_okay=False))
@format_option(*FORMATS)
def command(plan: Path, *, format: str) -> None:
    """Render a plan that `reconcile --plan-out` or `diff` saved as JSON."""
    document = read_plan(plan)
    try:
        text = render(document, format=format)
    except (ValueError, KeyError, OverflowError) as error:  # an instant or a zone that there is not
        raise OncallError(f"{plan} is not a saved plan: it holds a time that does not exist") from error
    click.echo(text, nl=False)
