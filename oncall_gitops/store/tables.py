"""The tables as SQLAlchemy Core sees them: columns, keys and indexes.

The migrations own the schema; `alembic check` holds the two together. CHECK and EXCLUDE constraints,
triggers, views and the function are in the migrations alone: nothing here would use them. Constraints are
named, because their names reach users in messages.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, TSTZRANGE, UUID

SCHEMA_VERSION = "0003"
"""The revision that this version of the program needs: the newest of `migrations/`."""

metadata = MetaData(
    naming_convention={
        "pk": "%(table_name)s_pkey",
        "fk": "%(table_name)s_%(column_0_name)s_fkey",
        "ix": "%(table_name)s_%(column_0_N_name)s_idx",
        "uq": "%(table_name)s_%(column_0_N_name)s_key",
    }
)


def _text(name: str, *, default: str | None = None, required: bool = False) -> Column[str]:
    server_default = None if default is None else text(f"'{default}'")
    return Column(name, Text, nullable=not (required or default is not None), server_default=server_default)


def _moment(name: str, *, required: bool = False, default: str | None = None) -> Column[Any]:
    server_default = None if default is None else text(default)
    return Column(name, DateTime(timezone=True), nullable=not required, server_default=server_default)


def _json(name: str, *, default: str | None = None) -> Column[Any]:
    server_default = None if default is None else text(f"'{default}'::jsonb")
    return Column(name, JSONB(none_as_null=True), nullable=default is None, server_default=server_default)


def _flag(name: str, *, default: bool) -> Column[bool]:
    return Column(name, Boolean, nullable=False, server_default=text("true" if default else "false"))


def _reference(
    name: str, target: str, *, required: bool = False, ondelete: str | None = None, deferred: bool = False
) -> Column[Any]:
    key = ForeignKey(
        f"{target}.id",
        ondelete=ondelete,
        deferrable=True if deferred else None,
        initially="DEFERRED" if deferred else None,
    )
    return Column(name, UUID, key, nullable=not required)


def _table(name: str, *columns: Any) -> Table:
    """Every table has an id that other programs need not make, and two times."""
    return Table(
        name,
        metadata,
        Column("id", UUID, primary_key=True, server_default=text("gen_random_uuid()")),
        *columns,
        _moment("created_at", required=True, default="now()"),
        _moment("updated_at", required=True, default="now()"),
    )


def _rotation_columns() -> list[Any]:
    return [
        _text("rotation_type"),
        Column("rotation_interval_days", Integer, server_default=text("7")),
        _text("recurrence_rule"),
        Column("rotation_user_ids", ARRAY(UUID), nullable=False, server_default=text("'{}'::uuid[]")),
        Column("rotation_places", ARRAY(TSTZRANGE), nullable=False, server_default=text("'{}'::tstzrange[]")),
        _moment("rotation_start"),
        _moment("anchor_at"),
        _reference("anchor_user_id", "users"),
        _reference("follows_schedule_id", "schedules", deferred=True),
        Column("follows_offset", Integer),
    ]


def _life_columns() -> list[Any]:
    return [_flag("managed", default=False), _text("last_applied"), _moment("deleted_at")]


users = _table(
    "users",
    _text("slug", required=True),
    _text("name", required=True),
    _text("email", required=True),
    _text("timezone"),
    _json("external", default="{}"),
    *_life_columns(),
)

teams = _table(
    "teams", _text("slug", required=True), _text("name"), _json("labels", default="{}"), *_life_columns()
)

team_members = _table(
    "team_members",
    _reference("team_id", "teams", required=True, ondelete="CASCADE"),
    _reference("user_id", "users", required=True, ondelete="CASCADE"),
    UniqueConstraint("team_id", "user_id"),
)

user_time_off = _table(
    "user_time_off",
    _reference("user_id", "users", required=True, ondelete="CASCADE"),
    _moment("start_time", required=True),
    _moment("end_time", required=True),
    _text("reason", default=""),
    _json("spec"),
    Index("user_time_off_user_id_start_time_idx", "user_id", "start_time"),
)

schedules = _table(
    "schedules",
    _reference("team_id", "teams", required=True),
    _text("slug", required=True),
    _text("name"),
    _text("description", default=""),
    _text("timezone", required=True),
    _moment("start_date", required=True),
    _moment("end_date"),
    _text("handoff_time", default="09:00"),
    *_rotation_columns(),
    _json("coverage", default='"none"'),
    _json("labels", default="{}"),
    _json("spec"),
    _flag("is_active", default=True),
    *_life_columns(),
    _text("source_file"),
    Index("schedules_team_id_idx", "team_id"),
    Index("schedules_is_active_idx", "is_active"),
)

schedule_layers = _table(
    "schedule_layers",
    _reference("schedule_id", "schedules", required=True, ondelete="CASCADE"),
    _text("slug", required=True),
    _text("name"),
    Column("priority", Integer, nullable=False),
    _text("timezone"),
    _moment("start_date"),
    _moment("end_date"),
    _text("handoff_time"),
    *_rotation_columns(),
    _json("restrictions"),
    _json("spec"),
    _flag("is_active", default=True),
    *_life_columns(),
    Index("schedule_layers_schedule_id_priority_idx", "schedule_id", "priority"),
    Index("schedule_layers_schedule_id_is_active_idx", "schedule_id", "is_active"),
)

schedule_overrides = _table(
    "schedule_overrides",
    _reference("schedule_id", "schedules", required=True, ondelete="CASCADE"),
    _reference("user_id", "users"),
    _reference("original_user_id", "users"),
    _moment("start_time", required=True),
    _moment("end_time", required=True),
    _text("reason", default=""),
    _text("override_type", default="manual"),
    _reference("created_by_id", "users"),
    _json("spec"),
    *_life_columns(),
    Index("schedule_overrides_schedule_id_idx", "schedule_id"),
    Index("schedule_overrides_schedule_id_start_time_end_time_idx", "schedule_id", "start_time", "end_time"),
    Index("schedule_overrides_user_id_idx", "user_id"),
)

reconcile_runs = _table(
    "reconcile_runs",
    _text("kind", default="reconcile"),
    _json("scope"),
    _moment("as_of", required=True),
    _moment("horizon_to"),
    _moment("started_at", required=True, default="clock_timestamp()"),
    _moment("finished_at"),
    _text("status", required=True),
    _text("git_commit"),
    _text("actor"),
    _json("plan"),
    _text("plan_id"),
    _text("tzdata_version"),
    _text("error"),
    Index("reconcile_runs_as_of_idx", "as_of"),
)

shifts = _table(
    "shifts",
    _reference("schedule_id", "schedules", required=True),
    _reference("user_id", "users", required=True),
    _moment("start_time", required=True),
    _moment("end_time", required=True),
    _text("source", required=True),
    _reference("layer_id", "schedule_layers"),
    _reference("override_id", "schedule_overrides"),
    _reference("reconcile_run_id", "reconcile_runs", deferred=True),
    Index("shifts_schedule_id_start_time_idx", "schedule_id", "start_time"),
    Index("shifts_user_id_start_time_idx", "user_id", "start_time"),
    Index("shifts_layer_id_idx", "layer_id"),
    Index("shifts_override_id_idx", "override_id"),
)

schedule_marks = _table(
    "schedule_marks",
    _reference("schedule_id", "schedules", ondelete="CASCADE"),
    Column("rows_hash", BigInteger, nullable=False),
    _text("meaning", required=True),
    _moment("shifts_until"),
    _moment("shifts_end"),
    UniqueConstraint("schedule_id", postgresql_nulls_not_distinct=True),
)

calendar_syncs = _table(
    "calendar_syncs",
    _reference("user_id", "users", required=True, ondelete="CASCADE"),
    _text("provider", required=True),
    _text("grant_kind", default="person"),
    _text("marker"),
    _text("access_token"),
    _text("refresh_token"),
    _moment("token_expires_at"),
    _json("scopes", default="[]"),
    _text("account"),
    _text("calendar_id"),
    _text("calendar_name"),
    _flag("owns_calendar", default=False),
    _moment("calendar_requested_at"),
    _json("leftover_calendars", default="[]"),
    _flag("is_active", default=True),
    _flag("needs_consent", default=False),
    _moment("disconnecting_since"),
    _moment("synced_until"),
    _moment("last_sync_at"),
    _text("last_sync_error"),
    _moment("next_sync_at", required=True, default="now()"),
    Column("failures", Integer, nullable=False, server_default=text("0")),
    _moment("audit_at"),
    _text("lease_owner"),
    _moment("lease_until"),
    Column("lease_epoch", BigInteger, nullable=False, server_default=text("0")),
    UniqueConstraint("user_id", "provider"),
    Index("calendar_syncs_is_active_synced_until_idx", "is_active", "synced_until"),
    Index("calendar_syncs_is_active_next_sync_at_idx", "is_active", "next_sync_at"),
)

calendar_events = _table(
    "calendar_events",
    _reference("calendar_sync_id", "calendar_syncs", required=True, ondelete="CASCADE"),
    _reference("schedule_id", "schedules", ondelete="SET NULL"),
    _text("shift_key", required=True),
    Column("generation", Integer, nullable=False, server_default=text("0")),
    _text("remote_id"),
    _text("etag"),
    _text("content_hash"),
    _moment("ends_at"),
    UniqueConstraint("calendar_sync_id", "shift_key"),
    Index("calendar_events_schedule_id_idx", "schedule_id"),
)

calendar_due = _table(
    "calendar_due",
    _reference("user_id", "users", required=True, ondelete="CASCADE"),
    _moment("due_since", required=True, default="clock_timestamp()"),
    Index("calendar_due_user_id_idx", "user_id"),
)

reconcile_mutex = _table("reconcile_mutex")

database_identity = _table("database_identity", _flag("only", default=True), UniqueConstraint("only"))
