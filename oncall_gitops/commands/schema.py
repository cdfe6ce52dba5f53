"""`schema`: the JSON Schema of the files, which editors use to complete and to check while typing."""

from __future__ import annotations

from pathlib import Path

import click


@click.command("schema")
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Write it to this file, for example schedules/.schema.json.",
)
def command(*, out: Path | None) -> None:
    """Print the JSON Schema (draft-07) of the files.

    An editor with the YAML language server uses it where a file begins with
    `# yaml-language-server: $schema=./.schema.json`.
    """
    import json

    from oncall_gitops.source.json_schema import json_schema

    text = json.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n"
    if out is None:
        click.echo(text, nl=False)
    else:
        out.write_text(text, encoding="utf-8")
