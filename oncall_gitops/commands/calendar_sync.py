"""`calendar sync`, and the part of `reconcile` and `calendar disconnect` that brings calendars up to date."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from oncall_gitops.commands.options import as_of_option, pass_settings
from oncall_gitops.core.errors import DatabaseUnreachable, OncallError
from oncall_gitops.core.limits import CALENDAR_MASS_DELETE
from oncall_gitops.core.model.calendar import PROVIDERS, CalendarSync, Provider
from oncall_gitops.core.model.instant import Instant
from oncall_gitops.settings import Settings

if TYPE_CHECKING:
    from oncall_gitops.commands.syncing import Done, Syncer
    from oncall_gitops.store.connections import ConnectionState
    from oncall_gitops.store.database import Database

CALENDARS_UNFINISHED = 6


class Unfinished(OncallError):
    """The database is done, calendars are not yet."""

    exit_code = CALENDARS_UNFINISHED


def sync_due(database: Database, *, as_of: Instant | None, allow: Collection[str]) -> None:
    """After an apply: bring up to date whatever is due, and try again what failed last time. Exit 6, with words,
    if some calendar is not right yet.

    Where nobody's calendar is connected this is one small query, and no key is asked for.
    """
    from oncall_gitops.store.calendar_work import due_ids, make_due

    clock = running_clock(database, as_of)
    if not (due := due_ids(database, now=clock())):
        return
    try:
        syncer = open_syncer(database, clock=clock, allow=allow)
        make_due(database, due, now=clock())
        bring_up_to_date(syncer, due, everything=True, err=True)
    except OncallError as error:
        if isinstance(error, DatabaseUnreachable):
            raise
        raise Unfinished(f"the database is done, calendars are not yet: {error}", help=error.help) from error


allow_calendar_option = click.option(
    "--allow",
    multiple=True,
    type=click.Choice((CALENDAR_MASS_DELETE,)),
    help="Let most of a person's events go, if that is what their shifts say.",
)


@click.command("sync")
@click.option("--user", "users", multiple=True, metavar="U", help="Only this person; repeatable.")
@click.option("--provider", type=click.Choice(PROVIDERS), help="Only this provider.")
@allow_calendar_option
@as_of_option
@pass_settings
def sync(
    settings: Settings,
    *,
    users: tuple[str, ...],
    provider: Provider | None,
    allow: tuple[str, ...],
    as_of: Instant | None,
) -> None:
    """List the calendars now, and repair whatever in them differs from the shifts."""
    from oncall_gitops.store.calendar_work import make_due
    from oncall_gitops.store.database import open_database

    with open_database(settings.database_url, directory=Path.cwd()) as database:
        found = _connections(database, users=users, provider=provider)
        if not found:
            click.echo("No calendar is connected.")
            return
        audit = frozenset(state.id for state in found)
        syncer = open_syncer(database, clock=running_clock(database, as_of), allow=allow, audit=audit)
        make_due(database, audit, now=syncer.clock())
        bring_up_to_date(syncer, audit)


def bring_up_to_date(
    syncer: Syncer, due: Collection[str], *, everything: bool = False, err: bool = False
) -> None:
    """Sync these connections by their ids (or everything that is due: then these are the ones that count), and
    say how it went. Exit 6 if one of them is not right in the end."""
    from oncall_gitops.commands.calendar_listing import state_words
    from oncall_gitops.commands.syncing import PATIENCE, work
    from oncall_gitops.store.connections import connection_states

    with _progress(len(due)) as tell:
        results = work(syncer, only=None if everything else due, patience=PATIENCE, tell=tell)
    for line in _report(results):
        click.echo(line, err=err)
    with syncer.database.snapshot() as connection:
        others = [state for state in connection_states(connection) if state.id in due]
    now = syncer.clock()
    waiting = [
        state
        for state in others
        if state.id not in results and (state.needs_consent or state.error or state.next_sync <= now)
    ]
    for state in waiting:
        why = f"{state.error}; " if state.error else ""
        words = state_words(state) if why or state.needs_consent else "another worker is at it, and goes on"
        click.echo(f"{state.user} ({state.provider}): {why}{words}", err=True)
    if waiting or not all(done.is_right for done in results.values()):
        raise click.exceptions.Exit(CALENDARS_UNFINISHED)


def open_syncer(
    database: Database,
    *,
    clock: Callable[[], Instant],
    allow: Collection[str] = (),
    audit: frozenset[str] = frozenset(),
) -> Syncer:
    """What every run needs. InvalidKeys, saying how to make one, if there is no key to open tokens with."""
    from oncall_gitops.commands.calendar_access import load_keys, providers
    from oncall_gitops.commands.syncing import Syncer

    return Syncer(
        database=database,
        api=providers(),
        keys=load_keys(),
        clock=clock,
        allow=frozenset(allow),
        audit=audit,
    )


def running_clock(database: Database, as_of: Instant | None) -> Callable[[], Instant]:
    """Now, moving on: never before the newest run on record, and from `--as-of` if that is given."""
    from oncall_gitops.commands.clock import read_clock
    from oncall_gitops.store.calendar_work import newest_run

    now = read_clock(as_of)
    start = now if as_of is not None else max(now, newest_run(database) or now)
    begun = time.monotonic()
    return lambda: start + int(time.monotonic() - begun)


def _connections(
    database: Database, *, users: Collection[str], provider: Provider | None
) -> list[ConnectionState]:
    """The connections of these people (all: none named); OncallError for somebody who has none."""
    from oncall_gitops.store.connections import connection_states

    with database.snapshot() as connection:
        states = connection_states(connection)
    found = [
        state for state in states if (not users or state.user in users) and provider in (None, state.provider)
    ]
    for user in users:
        if not any(state.user == user for state in found):
            raise OncallError(
                f"{user} has no connected calendar" + (f" at {provider}" if provider else ""),
                help=f"connect one: oncall-gitops calendar connect {provider or 'google'} --user {user}",
            )
    return found


@contextmanager
def _progress(count: int) -> Iterator[Callable[[Done], None] | None]:
    """A bar of connections on a terminal; nothing anywhere else."""
    if not sys.stderr.isatty() or not count:
        yield None
        return
    seen: set[str] = set()
    with click.progressbar(length=count, label="Calendars", file=sys.stderr, show_pos=True) as bar:

        def tell(done: Done) -> None:
            if done.sync.id not in seen and done.is_right:
                seen.add(done.sync.id)
                bar.update(1)

        yield tell


def _report(results: Mapping[str, Done]) -> Iterator[str]:
    """One line for all that went well, one for each that did not."""
    right = [done for done in results.values() if done.is_right]
    made, changed, deleted = (
        sum(getattr(done.outcome, name) for done in results.values())
        for name in ("inserted", "updated", "deleted")
    )
    if results:
        yield (
            f"Calendars: {len(right)} of {len(results)} up to date "
            f"({made} events made, {changed} changed, {deleted} deleted)."
        )
    for done in sorted(results.values(), key=lambda done: done.name):
        if done.dropped:
            yield f"{done.name}: disconnected" + (f"; {done.note}" if done.note else "")
        elif not done.is_right:
            yield f"{done.name}: {done.trouble or 'not finished yet; the next sync goes on'}{_advice(done)}"


def _advice(done: Done) -> str:
    from oncall_gitops.calendars.failures import NeedsConsent

    failure = done.outcome.failure
    if isinstance(failure, NeedsConsent):
        return f"; {_reconnect(done.sync)}"
    return f"; {failure.help}" if failure is not None and failure.help else ""


def _reconnect(sync: CalendarSync) -> str:
    by_whom = " --organisation" if sync.grant == "organisation" else ""
    return f"run: oncall-gitops calendar connect {sync.provider} --user {sync.user}{by_whom}"
