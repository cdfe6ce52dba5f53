-- The rights that each kind of command needs, as four roles.
--
-- Run it once as a superuser (or a role that may create roles) in the database that oncall-gitops uses, and again
-- after every upgrade of the schema: it says what should be, so running it twice does no harm.
--
--     psql "$DATABASE_URL" -v ON_ERROR_STOP=1 -f docs/roles.sql
--
--   oncall_owner   `db upgrade`          owns the tables; no other command needs it
--   oncall_app     `reconcile`, `override`   changes the record, never reads a token
--   oncall_plan    `reconcile --dry-run`, `who`, `shifts`, `history`   may only SELECT, and no token
--   oncall_sync    `calendar`, `worker`  the only one that reads and writes tokens
--
-- None of them may log in. Give them to users of your own:
--
--     CREATE ROLE ci_of_pull_requests LOGIN PASSWORD '...' IN ROLE oncall_plan CONNECTION LIMIT 5;
--     ALTER ROLE ci_of_pull_requests SET statement_timeout = '60s';
--
-- A role that sets `default_transaction_read_only` is not thereby kept from writing: it may set it back. The
-- absence of a grant is what keeps oncall_plan from writing, and from the lock.

BEGIN;

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['oncall_owner', 'oncall_app', 'oncall_plan', 'oncall_sync'] LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name) THEN
            EXECUTE format('CREATE ROLE %I NOLOGIN', name);
        END IF;
    END LOOP;
END
$$;

REVOKE CREATE ON SCHEMA public FROM PUBLIC;
GRANT USAGE, CREATE ON SCHEMA public TO oncall_owner;
GRANT USAGE ON SCHEMA public TO oncall_app, oncall_plan, oncall_sync;

-- Everything belongs to the owner. btree_gist is trusted, so the owner may create it in its own database.
DO $$
DECLARE
    relation record;
BEGIN
    EXECUTE format('GRANT CREATE, TEMPORARY ON DATABASE %I TO oncall_owner', current_database());
    FOR relation IN
        SELECT relname, relkind FROM pg_class
        WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'v')
            AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = pg_class.oid AND deptype = 'e')
    LOOP
        EXECUTE format(
            'ALTER %s %I OWNER TO oncall_owner',
            CASE relation.relkind WHEN 'v' THEN 'VIEW' ELSE 'TABLE' END, relation.relname
        );
    END LOOP;
    IF to_regprocedure('on_call_at(timestamptz)') IS NOT NULL THEN
        ALTER FUNCTION on_call_at(timestamptz) OWNER TO oncall_owner;
        ALTER FUNCTION touch_updated_at() OWNER TO oncall_owner;
    END IF;
END
$$;

REVOKE ALL ON ALL TABLES IN SCHEMA public FROM oncall_app, oncall_plan, oncall_sync;

-- What everybody may see: all but the tokens. (The public views and on_call_at are for any role that you grant
-- them to; a paging system needs no more than SELECT on on_call_now.)
GRANT SELECT ON
    users, teams, team_members, user_time_off, schedules, schedule_layers, schedule_overrides, shifts,
    schedule_marks, reconcile_runs, database_identity, alembic_version, on_call_now, on_call_shifts
TO oncall_app, oncall_plan, oncall_sync;

-- The record: app writes it. Runs are added, and finished, never removed.
GRANT INSERT, UPDATE, DELETE ON
    users, teams, team_members, user_time_off, schedules, schedule_layers, schedule_overrides, shifts,
    schedule_marks
TO oncall_app;
GRANT INSERT, UPDATE (started_at, finished_at, status, error) ON reconcile_runs TO oncall_app;
GRANT SELECT, INSERT, DELETE ON calendar_due TO oncall_app;
GRANT UPDATE (id) ON calendar_due TO oncall_app; -- to lock a row that it replaces

-- The lock: UPDATE on the always empty table is the right to take it.
GRANT SELECT, UPDATE ON reconcile_mutex TO oncall_app;

-- Who is connected, without the tokens: so that a deleted user stays until the calendar is cleaned up.
GRANT SELECT (
    id, user_id, provider, grant_kind, marker, token_expires_at, scopes, account, calendar_id, calendar_name,
    owns_calendar, calendar_requested_at, leftover_calendars, is_active, needs_consent, disconnecting_since,
    synced_until, last_sync_at, last_sync_error, next_sync_at, failures, audit_at, lease_owner, lease_until,
    lease_epoch, created_at, updated_at
) ON calendar_syncs TO oncall_app, oncall_plan;
GRANT SELECT ON calendar_events TO oncall_app, oncall_plan;
GRANT SELECT ON calendar_due TO oncall_plan;

-- Calendars: sync alone.
GRANT SELECT, INSERT, UPDATE, DELETE ON calendar_syncs, calendar_events, calendar_due TO oncall_sync;

COMMIT;
