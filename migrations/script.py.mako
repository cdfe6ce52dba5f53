"""${message}

Revision ID: ${up_revision}
Revises: ${down_revision | comma,n}
"""

from __future__ import annotations

from alembic import op

revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}
branch_labels = None
depends_on = None


def upgrade() -> None:
    """What this revision adds."""
    ${upgrades if upgrades else "raise NotImplementedError"}


def downgrade() -> None:
    """The way back."""
    ${downgrades if downgrades else "raise NotImplementedError"}
