"""Users, teams, schedules, the record of shifts, calendars and runs.

Revision ID: 0001
Revises:
"""

from __future__ import annotations

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

TIMES = """
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()"""

ID = "id uuid PRIMARY KEY DEFAULT gen_random_uuid()"

LIFE = """
    managed boolean NOT NULL DEFAULT false,
    last_applied text,
    deleted_at timestamptz"""

EARLIEST, LATEST = "timestamptz '1969-12-01 00:00+00'", "timestamptz '2101-01-01 00:00+00'"
"""A little beyond what files can name (1970 to 2099); `infinity` is outside, which drivers cannot read."""


def live(name: str, *columns: str, also: str = "") -> str:
    """Live rows do not share these; checked at the commit, so that two rows may swap theirs."""
    keys = ", ".join(f"{column} WITH =" for column in columns)
    return f"""CONSTRAINT {name} EXCLUDE USING btree ({keys})
        WHERE (deleted_at IS NULL{also}) DEFERRABLE INITIALLY DEFERRED"""


def slug(table: str) -> str:
    return f"CONSTRAINT {table}_slug_check CHECK (slug ~ '^[a-z0-9][a-z0-9._-]{{0,62}}$')"


def span(table: str, start: str, end: str) -> str:
    """A span is not empty, and within reach. An absent end is no end."""
    return f"""CONSTRAINT {table}_{end}_check CHECK ({end} > {start}),
    CONSTRAINT {table}_reach_check
        CHECK ({start} BETWEEN {EARLIEST} AND {LATEST} AND {end} BETWEEN {EARLIEST} AND {LATEST})"""


def wall_time(table: str) -> str:
    return f"CONSTRAINT {table}_handoff_time_check CHECK (handoff_time ~ '^([01][0-9]|2[0-3]):[0-5][0-9]$')"


def rotation_columns(table: str) -> str:
    return f"""
    rotation_type text,
    rotation_interval_days integer DEFAULT 7,
    recurrence_rule text,
    rotation_user_ids uuid[] NOT NULL DEFAULT '{{}}'::uuid[],
    rotation_places tstzrange[] NOT NULL DEFAULT '{{}}'::tstzrange[],
    rotation_start timestamptz,
    anchor_at timestamptz,
    anchor_user_id uuid CONSTRAINT {table}_anchor_user_id_fkey REFERENCES users,
    follows_schedule_id uuid CONSTRAINT {table}_follows_schedule_id_fkey REFERENCES schedules
        DEFERRABLE INITIALLY DEFERRED,
    follows_offset integer,
    CONSTRAINT {table}_rotation_type_check CHECK (rotation_type IN ('daily', 'weekly', 'custom')),
    CONSTRAINT {table}_rotation_interval_days_check CHECK (rotation_interval_days > 0),
    CONSTRAINT {table}_rotation_user_ids_check CHECK (cardinality(rotation_user_ids) <= 500),
    CONSTRAINT {table}_recurrence_rule_check CHECK (length(recurrence_rule) <= 512),
    CONSTRAINT {table}_anchor_check CHECK (anchor_user_id IS NULL OR anchor_at IS NOT NULL),
    CONSTRAINT {table}_follows_check CHECK ((follows_schedule_id IS NULL) = (follows_offset IS NULL))"""


TABLES = (
    f"""CREATE TABLE users (
    {ID},
    slug text NOT NULL,
    name text NOT NULL,
    email text NOT NULL,
    timezone text,
    external jsonb NOT NULL DEFAULT '{{}}'::jsonb,
    {LIFE},
    {TIMES},
    {slug("users")},
    CONSTRAINT users_nobody_check CHECK (slug <> 'nobody'),
    CONSTRAINT users_external_check CHECK (jsonb_typeof(external) = 'object'),
    {live("users_slug_live", "slug")},
    {live("users_email_live", "lower(email)", also=" AND managed")}
)""",
    f"""CREATE TABLE teams (
    {ID},
    slug text NOT NULL,
    name text,
    labels jsonb NOT NULL DEFAULT '{{}}'::jsonb,
    {LIFE},
    {TIMES},
    {slug("teams")},
    CONSTRAINT teams_labels_check CHECK (jsonb_typeof(labels) = 'object'),
    {live("teams_slug_live", "slug")}
)""",
    f"""CREATE TABLE team_members (
    {ID},
    team_id uuid NOT NULL REFERENCES teams ON DELETE CASCADE,
    user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    {TIMES},
    UNIQUE (team_id, user_id)
)""",
    f"""CREATE TABLE user_time_off (
    {ID},
    user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    start_time timestamptz NOT NULL,
    end_time timestamptz NOT NULL,
    reason text NOT NULL DEFAULT '',
    spec jsonb,
    {TIMES},
    {span("user_time_off", "start_time", "end_time")}
)""",
    f"""CREATE TABLE schedules (
    {ID},
    team_id uuid NOT NULL REFERENCES teams,
    slug text NOT NULL,
    name text,
    description text NOT NULL DEFAULT '',
    timezone text NOT NULL,
    start_date timestamptz NOT NULL,
    end_date timestamptz,
    handoff_time text NOT NULL DEFAULT '09:00',
    {rotation_columns("schedules")},
    coverage jsonb NOT NULL DEFAULT '"none"'::jsonb,
    labels jsonb NOT NULL DEFAULT '{{}}'::jsonb,
    spec jsonb,
    is_active boolean NOT NULL DEFAULT true,
    {LIFE},
    source_file text,
    {TIMES},
    {slug("schedules")},
    {wall_time("schedules")},
    {span("schedules", "start_date", "end_date")},
    CONSTRAINT schedules_labels_check CHECK (jsonb_typeof(labels) = 'object'),
    {live("schedules_slug_live", "team_id", "slug")}
)""",
    f"""CREATE TABLE schedule_layers (
    {ID},
    schedule_id uuid NOT NULL REFERENCES schedules ON DELETE CASCADE,
    slug text NOT NULL,
    name text,
    priority integer NOT NULL,
    timezone text,
    start_date timestamptz,
    end_date timestamptz,
    handoff_time text,
    {rotation_columns("schedule_layers")},
    restrictions jsonb,
    spec jsonb,
    is_active boolean NOT NULL DEFAULT true,
    {LIFE},
    {TIMES},
    {slug("schedule_layers")},
    {wall_time("schedule_layers")},
    {span("schedule_layers", "start_date", "end_date")},
    CONSTRAINT schedule_layers_priority_check CHECK (priority BETWEEN 1 AND 1000),
    {live("schedule_layers_slug_live", "schedule_id", "slug")},
    {live("schedule_layers_priority_live", "schedule_id", "priority")}
)""",
    f"""CREATE TABLE schedule_overrides (
    {ID},
    schedule_id uuid NOT NULL REFERENCES schedules ON DELETE CASCADE,
    user_id uuid REFERENCES users,
    original_user_id uuid REFERENCES users,
    start_time timestamptz NOT NULL,
    end_time timestamptz NOT NULL,
    reason text NOT NULL DEFAULT '',
    override_type text NOT NULL DEFAULT 'manual',
    created_by_id uuid REFERENCES users,
    spec jsonb,
    {LIFE},
    {TIMES},
    {span("schedule_overrides", "start_time", "end_time")},
    CONSTRAINT schedule_overrides_override_type_check CHECK (override_type IN ('manual', 'swap')),
    CONSTRAINT schedule_overrides_original_user_id_check CHECK (original_user_id <> user_id),
    CONSTRAINT schedule_overrides_managed_overlap EXCLUDE USING gist (
        schedule_id WITH =,
        coalesce(original_user_id, '00000000-0000-0000-0000-000000000000'::uuid) WITH =,
        tstzrange(start_time, end_time) WITH &&
    ) WHERE (managed AND deleted_at IS NULL) DEFERRABLE INITIALLY DEFERRED
)""",
    f"""CREATE TABLE reconcile_runs (
    {ID},
    kind text NOT NULL DEFAULT 'reconcile',
    scope jsonb,
    as_of timestamptz NOT NULL,
    horizon_to timestamptz,
    started_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    finished_at timestamptz,
    status text NOT NULL,
    git_commit text,
    actor text,
    plan jsonb,
    plan_id text,
    tzdata_version text,
    error text,
    {TIMES},
    CONSTRAINT reconcile_runs_kind_check CHECK (kind IN ('reconcile', 'override')),
    CONSTRAINT reconcile_runs_status_check CHECK (status IN ('applied', 'failed'))
)""",
    f"""CREATE TABLE shifts (
    {ID},
    schedule_id uuid NOT NULL REFERENCES schedules,
    user_id uuid NOT NULL REFERENCES users,
    start_time timestamptz NOT NULL,
    end_time timestamptz NOT NULL,
    source text NOT NULL,
    layer_id uuid REFERENCES schedule_layers,
    override_id uuid REFERENCES schedule_overrides,
    reconcile_run_id uuid REFERENCES reconcile_runs DEFERRABLE INITIALLY DEFERRED,
    {TIMES},
    {span("shifts", "start_time", "end_time")},
    CONSTRAINT shifts_source_check CHECK (source IN ('base', 'override') OR starts_with(source, 'layer:')),
    CONSTRAINT shifts_overlap EXCLUDE USING gist (
        schedule_id WITH =, tstzrange(start_time, end_time) WITH &&
    ) DEFERRABLE INITIALLY DEFERRED
)""",
    f"""CREATE TABLE calendar_syncs (
    {ID},
    user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    provider text NOT NULL,
    access_token text,
    refresh_token text,
    token_expires_at timestamptz,
    scopes jsonb NOT NULL DEFAULT '[]'::jsonb,
    account text,
    calendar_id text,
    calendar_name text,
    owns_calendar boolean NOT NULL DEFAULT false,
    calendar_requested_at timestamptz,
    is_active boolean NOT NULL DEFAULT true,
    needs_consent boolean NOT NULL DEFAULT false,
    disconnecting_since timestamptz,
    synced_until timestamptz,
    last_sync_at timestamptz,
    last_sync_error text,
    next_sync_at timestamptz NOT NULL DEFAULT now(),
    failures integer NOT NULL DEFAULT 0,
    audit_at timestamptz,
    wanted_digest text,
    sync_token text,
    lease_owner text,
    lease_until timestamptz,
    lease_epoch bigint NOT NULL DEFAULT 0,
    {TIMES},
    UNIQUE (user_id, provider),
    CONSTRAINT calendar_syncs_provider_check CHECK (provider IN ('google', 'microsoft'))
)""",
    f"""CREATE TABLE calendar_events (
    {ID},
    calendar_sync_id uuid NOT NULL REFERENCES calendar_syncs ON DELETE CASCADE,
    schedule_id uuid REFERENCES schedules ON DELETE SET NULL,
    shift_key text NOT NULL,
    generation integer NOT NULL DEFAULT 0,
    remote_id text,
    etag text,
    content_hash text,
    ends_at timestamptz,
    {TIMES},
    UNIQUE (calendar_sync_id, shift_key)
)""",
    f"""CREATE TABLE calendar_due (
    {ID},
    user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    due_since timestamptz NOT NULL DEFAULT clock_timestamp(),
    {TIMES}
)""",
    f"CREATE TABLE reconcile_mutex ({ID}, {TIMES}, CONSTRAINT reconcile_mutex_empty CHECK (false))",
    f"""CREATE TABLE database_identity (
    {ID},
    "only" boolean NOT NULL DEFAULT true,
    {TIMES},
    UNIQUE ("only"),
    CONSTRAINT database_identity_only_check CHECK ("only")
)""",
    "INSERT INTO database_identity DEFAULT VALUES",
)

NAMES = (
    *("users", "teams", "team_members", "user_time_off", "schedules", "schedule_layers"),
    *("schedule_overrides", "reconcile_runs", "shifts", "calendar_syncs", "calendar_events", "calendar_due"),
    *("reconcile_mutex", "database_identity"),
)

INDEXES = (
    ("user_time_off", "user_id", "start_time"),
    ("schedules", "team_id"),
    ("schedules", "is_active"),
    ("schedule_layers", "schedule_id", "priority"),
    ("schedule_layers", "schedule_id", "is_active"),
    ("schedule_overrides", "schedule_id"),
    ("schedule_overrides", "schedule_id", "start_time", "end_time"),
    ("schedule_overrides", "user_id"),
    ("reconcile_runs", "as_of"),
    ("shifts", "schedule_id", "start_time"),
    ("shifts", "user_id", "start_time"),
    ("shifts", "layer_id"),
    ("shifts", "override_id"),
    ("calendar_syncs", "is_active", "synced_until"),
    ("calendar_syncs", "is_active", "next_sync_at"),
    ("calendar_events", "schedule_id"),
    ("calendar_due", "user_id"),
)

TOUCH = """CREATE FUNCTION touch_updated_at() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.updated_at := now();
    RETURN NEW;
END
$$"""

HELD_BY = """FROM shifts
    JOIN schedules ON schedules.id = shifts.schedule_id
    JOIN teams ON teams.id = schedules.team_id
    JOIN users ON users.id = shifts.user_id"""

FACE = (
    f"""CREATE VIEW on_call_shifts AS
    SELECT teams.slug AS team, schedules.slug AS schedule, users.slug AS user_slug,
        shifts.start_time, shifts.end_time, shifts.source
    {HELD_BY}""",
    f"""CREATE VIEW on_call_now AS
    SELECT teams.slug AS team, schedules.slug AS schedule, users.slug AS user_slug, users.name AS user_name,
        users.email, users.external, shifts.start_time AS since, shifts.end_time AS until
    {HELD_BY}
    WHERE shifts.start_time <= now() AND shifts.end_time > now()""",
    f"""CREATE FUNCTION on_call_at(moment timestamptz) RETURNS TABLE (
        team text, schedule text, user_slug text, user_name text, email text, external jsonb,
        since timestamptz, until timestamptz, source text
    ) LANGUAGE sql STABLE PARALLEL SAFE BEGIN ATOMIC
    SELECT teams.slug, schedules.slug, users.slug, users.name, users.email, users.external,
        shifts.start_time, shifts.end_time, shifts.source
    {HELD_BY}
    WHERE shifts.start_time <= moment AND shifts.end_time > moment;
    END""",
)

COMMENTS = (
    "COMMENT ON VIEW on_call_now IS 'Who is on call this moment; a gap has no row'",
    "COMMENT ON VIEW on_call_shifts IS 'The record of shifts: past, running and to come'",
    "COMMENT ON FUNCTION on_call_at(timestamptz) IS 'Who was, is or will be on call at a moment'",
)


def upgrade() -> None:
    """Create everything, in an order that references allow."""
    run = op.get_bind().exec_driver_sql
    run("CREATE EXTENSION IF NOT EXISTS btree_gist")
    for statement in (*TABLES, TOUCH):
        run(statement)
    for table, *columns in INDEXES:
        run(f"CREATE INDEX {table}_{'_'.join(columns)}_idx ON {table} ({', '.join(columns)})")
    for table in NAMES:
        run(
            f"CREATE TRIGGER touch_updated_at BEFORE UPDATE ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION touch_updated_at()"
        )
    for statement in (*FACE, *COMMENTS):
        run(statement)


def downgrade() -> None:
    """Drop everything but the extension, which others may use."""
    run = op.get_bind().exec_driver_sql
    run("DROP FUNCTION on_call_at(timestamptz)")
    run("DROP VIEW on_call_now, on_call_shifts")
    run(f"DROP TABLE {', '.join(NAMES)}")
    run("DROP FUNCTION touch_updated_at()")
