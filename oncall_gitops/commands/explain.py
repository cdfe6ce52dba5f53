"""`explain`: what a diagnostic code means, with a bad and a good example; without a code, all of them."""

from __future__ import annotations

import click

from oncall_gitops.commands.options import format_option


@click.command("explain")
@click.argument("code", required=False, metavar="[CODE]")
@format_option("text", "json")
def command(*, code: str | None, format: str) -> None:
    """Say what a code such as OG401 means, why it matters, and how it looks when it is right."""
    from oncall_gitops.core.diagnostics import TITLES
    from oncall_gitops.report import explanations as report

    if code is None:
        click.echo(report.codes_json(TITLES) if format == "json" else report.codes_text(TITLES), nl=False)
        return
    from oncall_gitops.core.explanations import EXPLANATIONS

    known = code.strip().strip("[]").upper()
    if known not in EXPLANATIONS:
        raise click.ClickException(_unknown(code, list(TITLES)))
    render = report.explanation_json if format == "json" else report.explanation_text
    click.echo(render(known, EXPLANATIONS[known]), nl=False)


def _unknown(code: str, known: list[str]) -> str:
    """The codes most like this one: the same digits without the letters, else those that differ by a digit."""
    from difflib import get_close_matches

    from oncall_gitops.report.terminal import shown

    digits = "".join(character for character in code if character.isdecimal())
    close = (
        [f"OG{digits}"] if f"OG{digits}" in known else get_close_matches(code.upper(), known, n=3, cutoff=0.6)
    )
    hint = f" Did you mean {', '.join(close)}?" if close else " `oncall-gitops explain` lists all codes."
    return f'There is no diagnostic "{shown(code[:60])}".{hint}'
