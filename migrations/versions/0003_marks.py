"""Marks: what a schedule's rows were when a reconcile left them, so that the next one need not read them.

A change of shifts by anybody takes the marks of their schedules away; a reconcile sets them again at its end.

Revision ID: 0003
Revises: 0002
"""

from __future__ import annotations

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

UNMARK = """CREATE FUNCTION unmark_schedules() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    marks text := quote_ident(TG_TABLE_SCHEMA) || '.schedule_marks';
BEGIN
    IF TG_OP = 'TRUNCATE' THEN
        EXECUTE 'DELETE FROM ' || marks;
    ELSE
        EXECUTE 'DELETE FROM ' || marks || ' WHERE schedule_id IN (SELECT schedule_id FROM changed)';
    END IF;
    RETURN NULL;
END
$$"""


def upgrade() -> None:
    """Everything is unmarked at first, and read in full by the next reconcile."""
    run = op.get_bind().exec_driver_sql
    run("""CREATE TABLE schedule_marks (
        id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
        schedule_id uuid REFERENCES schedules (id) ON DELETE CASCADE,
        rows_hash bigint NOT NULL,
        meaning text NOT NULL,
        shifts_until timestamptz,
        shifts_end timestamptz,
        created_at timestamptz NOT NULL DEFAULT now(),
        updated_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT schedule_marks_schedule_id_key UNIQUE NULLS NOT DISTINCT (schedule_id)
    )""")
    run(
        "CREATE TRIGGER touch_updated_at BEFORE UPDATE ON schedule_marks "
        "FOR EACH ROW EXECUTE FUNCTION touch_updated_at()"
    )
    run(UNMARK)
    for event, rows in (("INSERT", "NEW"), ("UPDATE", "NEW"), ("DELETE", "OLD")):
        run(
            f"CREATE TRIGGER unmark_after_{event.lower()} AFTER {event} ON shifts "
            f"REFERENCING {rows} TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION unmark_schedules()"
        )
    run(
        "CREATE TRIGGER unmark_after_truncate AFTER TRUNCATE ON shifts "
        "FOR EACH STATEMENT EXECUTE FUNCTION unmark_schedules()"
    )


def downgrade() -> None:
    """Marks are a cache; without them everything is read."""
    run = op.get_bind().exec_driver_sql
    for event in ("insert", "update", "delete", "truncate"):
        run(f"DROP TRIGGER unmark_after_{event} ON shifts")
    run("DROP FUNCTION unmark_schedules()")
    run("DROP TABLE schedule_marks")
