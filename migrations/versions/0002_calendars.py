"""What a calendar's connection needs: who granted it, its marker, calendars that it was switched away from.

What stands in a calendar is compared event by event (`calendar_events.content_hash`), and listed whole, so the
digest and the provider's sync token, which nothing used, go.

Revision ID: 0002
Revises: 0001
"""

from __future__ import annotations

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add and drop columns; connections that others made are given a marker when they are first synced."""
    run = op.get_bind().exec_driver_sql
    run("""ALTER TABLE calendar_syncs
        ADD COLUMN grant_kind text NOT NULL DEFAULT 'person',
        ADD COLUMN marker text,
        ADD COLUMN leftover_calendars jsonb NOT NULL DEFAULT '[]'::jsonb,
        ADD CONSTRAINT calendar_syncs_grant_kind_check CHECK (grant_kind IN ('person', 'organisation')),
        ADD CONSTRAINT calendar_syncs_leftover_calendars_check
            CHECK (jsonb_typeof(leftover_calendars) = 'array'),
        DROP COLUMN wanted_digest,
        DROP COLUMN sync_token""")


def downgrade() -> None:
    """Put back the columns as they were; what stood in them was a cache."""
    run = op.get_bind().exec_driver_sql
    run("""ALTER TABLE calendar_syncs
        DROP COLUMN grant_kind,
        DROP COLUMN marker,
        DROP COLUMN leftover_calendars,
        ADD COLUMN wanted_digest text,
        ADD COLUMN sync_token text""")
