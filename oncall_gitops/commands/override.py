"""`override`: the road at 3 a.m., without a pull request and in force at once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import click

from oncall_gitops.commands.options import (
    INSTANT,
    TIMEOUT,
    WHEN,
    as_of_option,
    format_option,
    horizon_option,
    pass_settings,
)
from oncall_gitops.core.errors import OncallError, WrongUsage
from oncall_gitops.core.model.instant import Instant, instant_text
from oncall_gitops.core.model.user import NOBODY
from oncall_gitops.core.model.when import When, at_instant
from oncall_gitops.settings import Settings, actor

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from oncall_gitops.core.model.live import LiveState

LONGEST_REASON = 500

lock_timeout_option = click.option(
    "--lock-timeout", type=TIMEOUT, default="30s", show_default=True, help="How long to wait for the lock."
)


@click.group("override")
def command() -> None:
    """Add, list or end an override at once, without the files."""


@command.command("add")
@click.argument("schedule", metavar="TEAM/SCHEDULE")
@click.option("--user", required=True, metavar="U", help="Who takes over, or nobody.")
@click.option("--replaces", metavar="V", help="Take only the hours that V would have had.")
@click.option("--from", "start", type=WHEN, metavar="T", help="In the schedule's zone; default: now.")
@click.option("--until", type=WHEN, required=True, metavar="T", help="In the schedule's zone, exclusive.")
@click.option("--reason", required=True, metavar="TEXT", help="Why, for the record.")
@as_of_option
@horizon_option
@lock_timeout_option
@format_option("text", "json")
@pass_settings
def add(
    settings: Settings,
    schedule: str,
    *,
    user: str,
    replaces: str | None,
    start: When | None,
    until: When,
    reason: str,
    as_of: Instant | None,
    horizon: int | None,
    lock_timeout: int,
    format: str,
) -> None:
    """Put U on call for TEAM/SCHEDULE until T, in force at once."""
    from oncall_gitops.commands.asking import choose
    from oncall_gitops.core import address
    from oncall_gitops.core.wallclock import instant, zone
    from oncall_gitops.report.terminal import local_words
    from oncall_gitops.store.overrides import add_override

    _check_text(reason)
    override_id = str(uuid4())
    told: dict[str, str] = {}

    def edit(connection: Connection, live: LiveState, at: Instant) -> str:
        choose(live.state.schedules, [schedule])
        timezone = zone(live.state.schedules[schedule].timezone)
        begin = instant(start or at_instant(at), timezone=timezone, at=0)
        end = instant(until, timezone=timezone, at=0)
        _check_span(max(begin, at), end)
        if user == replaces:
            raise WrongUsage("--replaces names the same user as --user")
        add_override(
            connection,
            override_id=override_id,
            schedule_id=live.objects[address.schedule(schedule)].id,
            user_id=_user_id(live, user),
            original_user_id=_user_id(live, replaces, required=True) if replaces else None,
            start=max(begin, at),
            end=end,
            reason=reason,
            at=as_of,
        )
        told["from"], told["until"] = (local_words(moment, timezone.name) for moment in (max(begin, at), end))
        told["zone"] = timezone.name
        return schedule

    _edit(settings, edit, as_of=as_of, horizon=horizon, lock_timeout=lock_timeout)
    if format == "json":
        from oncall_gitops.report.json_text import json_text

        click.echo(json_text({"id": override_id, "schedule": schedule, "user": user}), nl=False)
        return
    hours = f"{replaces}'s hours" if replaces else "every hour"
    click.echo(
        f"{user} takes {hours} of {schedule} from {told['from']} until {told['until']} ({told['zone']}).\n"
        f"To end it early: oncall-gitops override end {override_id[:8]}"
    )


@command.command("list")
@click.option("--all", "with_ended", is_flag=True, help="Those that are over, too.")
@click.option("--at", type=INSTANT, metavar="T", help="As things stand at T, in place of now.")
@format_option("text", "json")
@pass_settings
def list_(settings: Settings, *, with_ended: bool, at: Instant | None, format: str) -> None:
    """The overrides, of the files and others."""
    from oncall_gitops.commands.clock import read_clock
    from oncall_gitops.report.json_text import json_text
    from oncall_gitops.report.terminal import shown, table
    from oncall_gitops.store.database import open_database
    from oncall_gitops.store.overrides import list_overrides

    now = read_clock(at)
    with (
        open_database(settings.database_url, directory=Path.cwd()) as database,
        database.snapshot() as connection,
    ):
        rows = [row for row in list_overrides(connection) if with_ended or row.end > now]
    if format == "json":
        documents = [
            {**row._asdict(), "start": instant_text(row.start), "end": instant_text(row.end)} for row in rows
        ]
        click.echo(json_text(documents), nl=False)
        return
    if not rows:
        click.echo("No overrides.")
        return
    header = ("ID", "SCHEDULE", "USER", "REPLACES", "FROM", "UNTIL", "MANAGED", "REASON")
    lines = [
        (
            row.id[:8],
            row.schedule,
            row.user or NOBODY,
            row.replaces or "",
            instant_text(row.start),
            instant_text(row.end),
            "files" if row.managed else "by hand",
            shown(row.reason),
        )
        for row in rows
    ]
    click.echo(table(lines, header=header), nl=False)


@command.command("end")
@click.argument("override_id", metavar="ID")
@as_of_option
@horizon_option
@lock_timeout_option
@pass_settings
def end(
    settings: Settings, override_id: str, *, as_of: Instant | None, horizon: int | None, lock_timeout: int
) -> None:
    """End an override now (or, before it begins, drop it); the hours go back to whoever would have had them."""
    from oncall_gitops.store.overrides import cut_override, hide_override, list_overrides

    def edit(connection: Connection, _live: LiveState, at: Instant) -> str:
        found = [row for row in list_overrides(connection) if row.id.startswith(override_id.lower())]
        if len(found) != 1 or not override_id:
            known = "more than one override begins" if found else "no override begins"
            raise OncallError(f"{known} with {override_id!r}", help="oncall-gitops override list --all")
        [row] = found
        if row.managed:
            raise OncallError("that override is in the files; end it there", help="then run reconcile")
        if row.end <= at:
            raise OncallError(f"that override ended at {instant_text(row.end)}")
        if row.start >= at:
            hide_override(connection, row.id, at=at)
        else:
            cut_override(connection, row.id, at=at)
        return row.schedule

    schedule = _edit(settings, edit, as_of=as_of, horizon=horizon, lock_timeout=lock_timeout)
    click.echo(f"Ended; {schedule} is as it would have been.")


def _edit(
    settings: Settings,
    edit: Callable[[Connection, LiveState, Instant], str],
    *,
    as_of: Instant | None,
    horizon: int | None,
    lock_timeout: int,
) -> str:
    """Change one schedule's overrides and its shifts, in the one transaction; the schedule's full name."""
    from oncall_gitops.commands.reconciler import edit_schedule
    from oncall_gitops.store.connections import connected_people
    from oncall_gitops.store.database import open_database

    with open_database(settings.database_url, directory=Path.cwd()) as database:
        schedule = edit_schedule(
            database,
            edit,
            as_of=as_of,
            horizon=horizon or settings.horizon,
            actor=actor(),
            lock_timeout=lock_timeout,
        )
        with database.snapshot() as connection:
            if connected_people(connection):
                click.echo("Connected calendars follow with the next reconcile or worker.", err=True)
    return schedule


def _user_id(live: LiveState, slug: str, *, required: bool = False) -> str | None:
    """The row of a user; None for `nobody`."""
    from difflib import get_close_matches

    from oncall_gitops.core import address

    if slug == NOBODY and not required:
        return None
    row = live.objects.get(address.user(slug))
    if row is None:
        close = get_close_matches(slug, live.state.users, n=1)
        raise OncallError(f"there is no user {slug}", help=f"did you mean {close[0]}?" if close else "")
    return row.id


def _check_span(start: Instant, end: Instant) -> None:
    if end <= start:
        raise WrongUsage(f"--until {instant_text(end)} is not after {instant_text(start)}")


def _check_text(reason: str) -> None:
    if not reason.strip() or not reason.isprintable() or len(reason) > LONGEST_REASON:
        raise WrongUsage(f"--reason is one line of at most {LONGEST_REASON} printable characters")
