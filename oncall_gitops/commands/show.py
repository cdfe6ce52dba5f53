"""`show`: a saved plan, rendered again."""

from __future__ import annotations

import json
from pathlib import Path

import click

from oncall_gitops.commands.options import format_option
from oncall_gitops.commands.plans import FORMATS, render
from oncall_gitops.core.errors import OncallError


@click.command("show")
@click.argument("plan", metavar="PLAN.json", type=click.Path(path_type=Path, dir_okay=False))
@format_option(*FORMATS)
def command(plan: Path, *, format: str) -> None:
    """Render a plan that `reconcile --plan-out` or `diff` saved as JSON."""
    try:
        document = json.loads(plan.read_text(encoding="utf-8"))
        version = document["format_version"]
        if version.split(".")[0] != "1":
            raise OncallError(f"{plan} has the plan format {version}; this version reads 1.x")
        text = render(document, format=format)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise OncallError(f"{plan} is not a saved plan") from error
    click.echo(text, nl=False)
