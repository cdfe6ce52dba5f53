"""Deleting in two steps: hide what the plan deletes, then remove the hidden rows that nothing names.

Between the two the shifts are written, so that a row whose only traces were shifts to come goes, and one that
history, a calendar or another row names stays hidden. The second step looks at every hidden row, whoever hid
it and when: a user whose calendar is disconnected later goes with the next run.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import groupby
from typing import Any

import psycopg

from oncall_gitops.core.model.instant import Instant

_TABLES = {
    "user": ("users",),
    "team": ("teams",),
    "schedule": ("schedules", "schedule_layers", "schedule_overrides"),
    "layer": ("schedule_layers",),
    "override": ("schedule_overrides",),
}
"""By the kind that an address begins with; after the table, those of its children."""

_HIDE = """UPDATE {table} SET deleted_at = to_timestamp(%(at)s)
    WHERE {key} = ANY(%(ids)s::uuid[]) AND deleted_at IS NULL"""

_HIDE_UNREADABLE = """UPDATE schedule_overrides AS hidden SET deleted_at = to_timestamp(%(at)s) FROM users
    WHERE hidden.managed AND hidden.deleted_at IS NULL AND users.deleted_at IS NOT NULL
        AND users.id IN (hidden.user_id, hidden.original_user_id)"""

_REMOVE_OVERRIDES = """DELETE FROM schedule_overrides AS hidden WHERE deleted_at IS NOT NULL
    AND NOT EXISTS (SELECT FROM shifts WHERE override_id = hidden.id)"""

_REMOVE_LAYERS = """DELETE FROM schedule_layers AS hidden WHERE deleted_at IS NOT NULL
    AND NOT EXISTS (SELECT FROM shifts WHERE layer_id = hidden.id)"""

_REMOVE_SCHEDULES = """DELETE FROM schedules AS hidden WHERE deleted_at IS NOT NULL
    AND NOT EXISTS (SELECT FROM shifts WHERE schedule_id = hidden.id)
    AND NOT EXISTS (SELECT FROM calendar_events WHERE schedule_id = hidden.id)
    AND id NOT IN (
        SELECT follows_schedule_id FROM schedules WHERE follows_schedule_id IS NOT NULL
        UNION SELECT follows_schedule_id FROM schedule_layers WHERE follows_schedule_id IS NOT NULL
    )"""

_REMOVE_TEAMS = """DELETE FROM teams AS hidden WHERE deleted_at IS NOT NULL
    AND NOT EXISTS (SELECT FROM schedules WHERE team_id = hidden.id)"""

_REMOVE_USERS = """DELETE FROM users AS hidden WHERE deleted_at IS NOT NULL
    AND NOT EXISTS (SELECT FROM shifts WHERE user_id = hidden.id)
    AND NOT EXISTS (SELECT FROM calendar_syncs WHERE user_id = hidden.id)
    AND NOT EXISTS (
        SELECT FROM schedule_overrides WHERE hidden.id IN (user_id, original_user_id, created_by_id)
    )
    AND NOT EXISTS (
        SELECT FROM schedules WHERE anchor_user_id = hidden.id OR hidden.id = ANY(rotation_user_ids)
    )
    AND NOT EXISTS (
        SELECT FROM schedule_layers WHERE anchor_user_id = hidden.id OR hidden.id = ANY(rotation_user_ids)
    )"""


_REMOVE_SHIFTS = """DELETE FROM shifts USING schedules
    WHERE schedules.id = shifts.schedule_id AND schedules.deleted_at IS NOT NULL
        AND shifts.start_time >= to_timestamp(%(at)s)"""

_END_SHIFTS = """UPDATE shifts SET end_time = to_timestamp(%(at)s) FROM schedules
    WHERE schedules.id = shifts.schedule_id AND schedules.deleted_at IS NOT NULL
        AND shifts.start_time < to_timestamp(%(at)s) AND shifts.end_time > to_timestamp(%(at)s)"""


def hide(
    driver: psycopg.Connection[Any], gone: Iterable[str], *, ids: Mapping[str, str], at: Instant
) -> None:
    """Take the objects at these addresses, and what is inside of them, out of the live state."""
    for kind, addresses in groupby(sorted(gone), key=lambda known: known.split("/")[0]):
        values = {"ids": [ids[known] for known in addresses], "at": at}
        for number, table in enumerate(_TABLES[kind]):
            key = "schedule_id" if number else "id"
            driver.execute(_HIDE.format(table=table, key=key).encode(), values)


def hide_unreadable(driver: psycopg.Connection[Any], *, at: Instant) -> None:
    """Our overrides that name somebody whom another program has hidden: no plan shows them, but they hold their
    hours, which a new one could not take."""
    driver.execute(_HIDE_UNREADABLE.encode(), {"at": at})


def end_hidden_shifts(driver: psycopg.Connection[Any], *, at: Instant) -> None:
    """End at T what schedules that are no longer live still have ahead, whoever hid them."""
    for statement in (_REMOVE_SHIFTS, _END_SHIFTS):
        driver.execute(statement.encode(), {"at": at})


def remove_unnamed(driver: psycopg.Connection[Any]) -> None:
    """Remove the hidden rows that nothing names, children before parents, followers before the followed."""
    for statement in (
        _REMOVE_OVERRIDES,
        _REMOVE_LAYERS,
        _REMOVE_SCHEDULES,
        _REMOVE_SCHEDULES,
        _REMOVE_TEAMS,
        _REMOVE_USERS,
    ):
        driver.execute(statement.encode())
