"""What the server behind a database says about itself, for `doctor`."""

from __future__ import annotations

from oncall_gitops.store.database import Database


def server_version(database: Database) -> str:
    """`18.6`, or what a distribution makes of it."""
    with database.connect(readonly=True) as connection:
        return str(connection.exec_driver_sql("SHOW server_version").scalar_one())
