"""`calendar`: connect people's calendars, see how they are, disconnect them, renew the keys."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from oncall_gitops.commands.calendar_sync import sync
from oncall_gitops.commands.options import as_of_option, format_option, pass_settings
from oncall_gitops.core.errors import OncallError, WrongUsage
from oncall_gitops.core.model.calendar import PROVIDERS, Provider
from oncall_gitops.core.model.instant import Instant
from oncall_gitops.report.terminal import shown
from oncall_gitops.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from oncall_gitops.calendars.tokens import KeyRing
    from oncall_gitops.commands.connecting import Connected
    from oncall_gitops.commands.consenting import Way
    from oncall_gitops.store.connections import SealedRow

provider_argument = click.argument("provider", type=click.Choice(PROVIDERS), metavar="google|microsoft")
user_option = click.option("--user", required=True, metavar="U", help="Whose calendar: a user's slug.")


@click.group("calendar")
def command() -> None:
    """Connect people's Google and Microsoft calendars, and keep them right."""


@command.command("connect")
@provider_argument
@user_option
@click.option(
    "--calendar-id", metavar="ID", help="Use this calendar of the person; default: make one of our own."
)
@click.option(
    "--token-file", metavar="FILE", help="Take tokens minted elsewhere: JSON in FILE, or - for stdin."
)
@click.option(
    "--organisation", is_flag=True, help="By an administrator's grant for everybody: no consent is asked."
)
@click.option("--device-code", is_flag=True, help="Consent on another device, with a code (Microsoft).")
@click.option("--no-browser", is_flag=True, help="Print the address of the consent page; open no browser.")
@click.option("--replace-account", is_flag=True, help="Let another account take the place of the one before.")
@as_of_option
@pass_settings
def connect(
    settings: Settings,
    provider: Provider,
    *,
    user: str,
    calendar_id: str | None,
    token_file: str | None,
    organisation: bool,
    device_code: bool,
    no_browser: bool,
    replace_account: bool,
    as_of: Instant | None,
) -> None:
    """Connect a person's calendar, or renew their consent.

    Opens a browser, in which the person consents. Their shifts come with the next sync.
    """
    from oncall_gitops.commands.calendar_access import load_keys, providers
    from oncall_gitops.commands.clock import read_clock
    from oncall_gitops.commands.connecting import Connecting, Wish, choose_marker, look_up
    from oncall_gitops.store.database import open_database

    keys = load_keys()
    way = _way(provider, token_file, organisation=organisation, device=device_code, address=no_browser)
    wish = Wish(provider, way, calendar_id or None, token_file, replace_account)
    with open_database(settings.database_url, directory=Path.cwd()) as database:
        person, before = look_up(database, user=user, provider=provider)
        api = providers()(provider)
        done = Connecting(
            database=database,
            api=api,
            keys=keys,
            wish=wish,
            now=read_clock(as_of),
            person=person,
            before=before,
            marker=choose_marker(database, api, person, before),
        ).connect()
    for line in _told(done, provider, user):
        click.echo(line)


@command.command("list", short_help="How each connection is doing.")
@format_option("text", "json")
@pass_settings
def list_(settings: Settings, *, format: str) -> None:
    """Each connection: its state, the last and the next sync, the last error."""
    from oncall_gitops.commands.calendar_listing import listing_json, listing_text
    from oncall_gitops.report.json_text import json_text
    from oncall_gitops.store.connections import connection_states
    from oncall_gitops.store.database import open_database

    with (
        open_database(settings.database_url, directory=Path.cwd()) as database,
        database.snapshot() as connection,
    ):
        states = connection_states(connection)
    click.echo(json_text(listing_json(states)) if format == "json" else listing_text(states), nl=False)


@command.command("disconnect", short_help="End a connection: our events to come go.")
@provider_argument
@user_option
@as_of_option
@pass_settings
def disconnect(settings: Settings, provider: Provider, *, user: str, as_of: Instant | None) -> None:
    """Remove our events to come from the calendar, take the consent back, forget the connection.

    Events that are over stay, as a record. What cannot be done now the next sync does.
    """
    from oncall_gitops.commands.calendar_listing import state_words
    from oncall_gitops.commands.calendar_sync import (
        CALENDARS_UNFINISHED,
        bring_up_to_date,
        open_syncer,
        running_clock,
    )
    from oncall_gitops.commands.connecting import look_up
    from oncall_gitops.store.connections import connection_states, end_connection
    from oncall_gitops.store.database import open_database

    with open_database(settings.database_url, directory=Path.cwd()) as database:
        person, before = look_up(database, user=user, provider=provider)
        if before is None:
            raise OncallError(
                f"{person.slug} has no {provider} calendar connected", help="oncall-gitops calendar list"
            )
        syncer = open_syncer(database, clock=running_clock(database, as_of))
        end_connection(database, row_id=before.id, now=syncer.clock())
        try:
            bring_up_to_date(syncer, [before.id])
        finally:
            with database.snapshot() as connection:
                left = connection_states(connection, only=before.id)
            for state in left:
                click.echo(f"{person.slug} ({provider}): {state_words(state)}", err=True)
    if left:
        raise click.exceptions.Exit(CALENDARS_UNFINISHED)


@command.command("rotate-key", short_help="Seal every token with the first key.")
@pass_settings
def rotate_key(settings: Settings) -> None:
    """Seal every stored token anew with the first of the keys; then the others may go."""
    from oncall_gitops.calendars.tokens import TokenUnreadable
    from oncall_gitops.commands.calendar_access import load_keys
    from oncall_gitops.store.connections import reseal
    from oncall_gitops.store.database import open_database

    keys = load_keys()
    renewed, kept = 0, 0
    unreadable: list[str] = []

    def seal_anew(row: SealedRow) -> Mapping[str, str]:
        nonlocal renewed, kept
        try:
            changed = _sealed_anew(keys, row)
        except TokenUnreadable as error:
            unreadable.append(f"{row.user} ({row.provider}): {error}")
            return {}
        renewed += len(changed)
        kept += len(row.tokens) - len(changed)
        return changed

    with open_database(settings.database_url, directory=Path.cwd()) as database:
        reseal(database, seal_anew)
    click.echo(f"Tokens sealed anew with the key {keys.first}: {renewed}. Sealed with it already: {kept}.")
    for line in unreadable:
        click.echo(line, err=True)
    if unreadable:
        raise OncallError(
            f"{len(unreadable)} of the connections hold a token that no key opens; these are as they were",
            help="put the key that sealed them back into ONCALL_GITOPS_TOKEN_KEYS, or connect them again",
        )


def _way(
    provider: Provider, token_file: str | None, *, organisation: bool, device: bool, address: bool
) -> Way:
    """How the consent comes; WrongUsage where the flags do not go together."""
    asked: dict[Way, bool] = {
        "file": token_file is not None,
        "organisation": organisation,
        "device": device,
        "address": address,
    }
    ways = [way for way, is_asked in asked.items() if is_asked]
    if len(ways) > 1:
        raise WrongUsage("--token-file, --organisation, --device-code and --no-browser exclude one another")
    if device and provider == "google":
        raise WrongUsage("Google has no device codes for calendars; use --no-browser")
    return ways[0] if ways else "browser"


def _told(done: Connected, provider: Provider, user: str) -> Iterator[str]:
    """What is connected now, and what happens next."""
    account = f" as {shown(done.account)}" if done.account else ""
    renewed = "Connected" if done.is_new else "Renewed"
    calendar = shown(done.calendar_name or done.calendar_id or "")
    if done.ends:
        yield f"Renewed: {user} ({provider}){account}, to finish the removal of this connection."
        yield "The next reconcile, worker or `oncall-gitops calendar sync` finishes it."
        return
    yield f"{renewed}: {user} ({provider}){account}" + (f", calendar {calendar}." if calendar else ".")
    if done.switched:
        yield f"Our events in the calendar before ({shown(done.switched)}) go with the next sync."
    if done.left:
        yield f"Our events in the calendar of {shown(done.left)} stay: remove them there by hand."
    yield (
        "The shifts come with the next reconcile or worker, or now: "
        f"oncall-gitops calendar sync --user {user}"
    )


def _sealed_anew(keys: KeyRing, row: SealedRow) -> dict[str, str]:
    """The tokens that the first key does not seal yet, sealed with it and opened again to be sure.

    Both of a row or none: TokenUnreadable if one of them does not open.
    """
    from oncall_gitops.calendars.tokens import key_of

    opened = {name: keys.open(sealed, row=row.id, column=name) for name, sealed in row.tokens.items()}
    changed = {
        name: keys.seal(token, row=row.id, column=name)
        for name, token in opened.items()
        if key_of(row.tokens[name]) != keys.first
    }
    for name, sealed in changed.items():
        if keys.open(sealed, row=row.id, column=name) != opened[name]:
            raise OncallError("a token that was sealed anew does not open as it was; nothing is stored of it")
    return changed


command.add_command(sync)
