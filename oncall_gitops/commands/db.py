"""`oncall-gitops db`: the schema, and the embedded server."""

from __future__ import annotations

from pathlib import Path

import click

from oncall_gitops.commands.options import pass_settings
from oncall_gitops.settings import Settings


@click.group
def command() -> None:
    """Migrate the database; see and stop the embedded one."""


@command.command
@pass_settings
def upgrade(settings: Settings) -> None:
    """Bring the schema to the one that this version needs."""
    from oncall_gitops.store.database import open_database

    with open_database(settings.database_url, directory=Path.cwd(), check_schema=False) as database:
        before = database.schema_version()
        database.upgrade()
        after = database.schema_version()
        step = f"is {after} already" if before == after else f"was {before or 'missing'} and is {after} now"
        click.echo(f"{database.name}: the schema {step}.")


@command.command
@pass_settings
def current(settings: Settings) -> None:
    """Show the schema's version, and the one that this program needs."""
    from oncall_gitops.store.database import open_database
    from oncall_gitops.store.tables import SCHEMA_VERSION

    with open_database(settings.database_url, directory=Path.cwd(), check_schema=False) as database:
        click.echo(f"{database.schema_version() or 'none'} (this version needs {SCHEMA_VERSION})")


@command.command
@pass_settings
def url(settings: Settings) -> None:
    """Print a connection string for psql and others, without any password.

    The embedded server is started if need be, and then runs until `db stop`.
    """
    from oncall_gitops.store.database import open_database

    with open_database(settings.database_url, directory=Path.cwd()) as database:
        if database.embedded is not None:
            database.embedded.keep()
        click.echo(database.url)


@command.command
def stop() -> None:
    """Stop the embedded server, whoever uses it; its data stays."""
    from oncall_gitops.store.embedded import find_folder
    from oncall_gitops.store.embedded import stop as stop_server

    stopped = stop_server(find_folder(Path.cwd()))
    click.echo("The embedded server is stopped." if stopped else "No embedded server is running.")
