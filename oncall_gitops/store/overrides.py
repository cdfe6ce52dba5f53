"""Overrides that people make without the files: the rows that `override add` and `override end` write."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import Connection, func, insert, literal, select, update

from oncall_gitops.core.model.instant import Instant, from_datetime, to_datetime
from oncall_gitops.store.tables import schedule_overrides, schedules, teams, users


class OverrideRow(NamedTuple):
    """One live override as it is listed; `user` is None for an intended hole."""

    id: str
    schedule: str
    user: str | None
    replaces: str | None
    start: Instant
    end: Instant
    reason: str
    managed: bool


def add_override(
    connection: Connection,
    *,
    override_id: str,
    schedule_id: str,
    user_id: str | None,
    original_user_id: str | None,
    start: Instant,
    end: Instant,
    reason: str,
    at: Instant | None,
) -> None:
    """Insert an unmanaged override, the newest of its schedule: made at `at`, by default now."""
    made = func.clock_timestamp() if at is None else literal(to_datetime(at))
    newest = (
        select(func.max(schedule_overrides.c.created_at) + timedelta(microseconds=1))
        .where(schedule_overrides.c.schedule_id == UUID(schedule_id))
        .scalar_subquery()
    )
    connection.execute(
        insert(schedule_overrides).values(
            id=UUID(override_id),
            schedule_id=UUID(schedule_id),
            user_id=user_id and UUID(user_id),
            original_user_id=original_user_id and UUID(original_user_id),
            start_time=to_datetime(start),
            end_time=to_datetime(end),
            reason=reason,
            override_type="swap" if original_user_id else "manual",
            managed=False,
            created_at=func.greatest(made, newest),
        )
    )


def list_overrides(connection: Connection) -> Sequence[OverrideRow]:
    """Every live override, by schedule and start."""
    replaced = users.alias()
    rows = connection.execute(
        select(
            schedule_overrides.c.id,
            teams.c.slug.label("team"),
            schedules.c.slug.label("schedule"),
            users.c.slug.label("user"),
            replaced.c.slug.label("replaces"),
            schedule_overrides.c.start_time,
            schedule_overrides.c.end_time,
            schedule_overrides.c.reason,
            schedule_overrides.c.managed,
        )
        .join(schedules, schedules.c.id == schedule_overrides.c.schedule_id)
        .join(teams, teams.c.id == schedules.c.team_id)
        .outerjoin(users, users.c.id == schedule_overrides.c.user_id)
        .outerjoin(replaced, replaced.c.id == schedule_overrides.c.original_user_id)
        .where(schedule_overrides.c.deleted_at.is_(None), schedules.c.deleted_at.is_(None))
        .order_by(teams.c.slug, schedules.c.slug, schedule_overrides.c.start_time, schedule_overrides.c.id)
    )
    return [
        OverrideRow(
            str(row.id),
            f"{row.team}/{row.schedule}",
            row.user,
            row.replaces,
            from_datetime(row.start_time),
            from_datetime(row.end_time),
            row.reason or "",
            row.managed,
        )
        for row in rows
    ]


def cut_override(connection: Connection, override_id: str, *, at: Instant) -> None:
    """End a running override at an instant."""
    connection.execute(
        update(schedule_overrides)
        .where(schedule_overrides.c.id == UUID(override_id))
        .values(end_time=to_datetime(at))
    )


def hide_override(connection: Connection, override_id: str, *, at: Instant) -> None:
    """Take an override that has not begun out of the live state."""
    connection.execute(
        update(schedule_overrides)
        .where(schedule_overrides.c.id == UUID(override_id))
        .values(deleted_at=to_datetime(at))
    )
