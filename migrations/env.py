"""How Alembic runs: on the connection that it is handed, all revisions in one transaction.

`store/migrate.py` hands one in. Called from Alembic's own command line, as developers do for `alembic check`
and `alembic revision`, it opens the database of the settings.
"""

from __future__ import annotations

from pathlib import Path

from alembic import context
from sqlalchemy import Connection

from oncall_gitops.settings import load_settings
from oncall_gitops.store.database import open_database
from oncall_gitops.store.migrate import take_turns
from oncall_gitops.store.tables import metadata


def migrate(connection: Connection) -> None:
    """All or nothing, and one at a time: the locks are the transaction's, and whoever waited reads afresh."""
    context.configure(connection=connection, target_metadata=metadata, transaction_per_migration=False)
    with context.begin_transaction():
        take_turns(connection)
        context.run_migrations()


handed = context.config.attributes.get("connection")
if handed is not None:
    migrate(handed)
else:
    settings = load_settings()
    with (
        open_database(settings.database_url, directory=Path.cwd(), check_schema=False) as database,
        database.connect() as connection,
    ):
        migrate(connection)
        connection.commit()
