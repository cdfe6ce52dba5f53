"""`show`: a saved plan, rendered again."""

from __future__ import annotations

import json
from pathlib import Path

import click

from oncall_gitops.commands.options import format_option
from oncall_gitops.core.errors import OncallError


@click.command("show")
@click.argument("plan", metavar="PLAN.json", type=click.Path(path_type=Path, dir_okay=False))
@format_option("text", "json")
def command(plan: Path, *, format: str) -> None:
    """Render a plan that `reconcile --plan-out` saved."""
    from oncall_gitops.report.plan_text import plan_text

    try:
        document = json.loads(plan.read_text(encoding="utf-8"))
        if document["format_version"].split(".")[0] != "1":
            raise OncallError(
                f"{plan} has the plan format {document['format_version']}; this version reads 1.x"
            )
        text = plan_text(document)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise OncallError(f"{plan} is not a saved plan") from error
    click.echo(
        json.dumps(document, indent=2, ensure_ascii=False) + "\n" if format == "json" else text, nl=False
    )
