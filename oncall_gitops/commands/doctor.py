"""`oncall-gitops doctor`: placeholder until the database is there."""

from __future__ import annotations

import click


@click.command
def command() -> None:
    """Configuration, versions, connectivity, and where each setting came from."""
