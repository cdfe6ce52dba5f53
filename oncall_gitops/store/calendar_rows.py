"""Rows of the calendar tables <-> values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from oncall_gitops.core.model.calendar import CalendarSync

SYNC_COLUMNS = """
    s.id::text AS id, s.user_id::text AS user_id, users.slug AS user, users.email,
    s.provider, s.grant_kind, coalesce(s.marker, '') AS marker, coalesce(s.account, '') AS account, s.scopes,
    s.calendar_id, coalesce(s.calendar_name, '') AS calendar_name, s.owns_calendar,
    s.access_token, s.refresh_token, floor(extract(epoch FROM s.token_expires_at))::bigint AS expires_at,
    s.needs_consent, s.disconnecting_since IS NOT NULL OR users.deleted_at IS NOT NULL AS ending,
    floor(extract(epoch FROM s.audit_at))::bigint AS audited_at, s.failures, s.leftover_calendars
"""
"""What `read_sync` reads, of `calendar_syncs AS s JOIN users ON users.id = s.user_id`."""


def read_sync(row: Mapping[str, Any]) -> CalendarSync:
    """A row of `SYNC_COLUMNS`."""
    return CalendarSync(
        id=row["id"],
        user_id=row["user_id"],
        user=row["user"],
        email=row["email"],
        provider=row["provider"],
        grant=row["grant_kind"],
        marker=row["marker"],
        account=row["account"],
        scopes=tuple(row["scopes"]),
        calendar_id=row["calendar_id"],
        calendar_name=row["calendar_name"],
        owns_calendar=row["owns_calendar"],
        sealed_access=row["access_token"],
        sealed_refresh=row["refresh_token"],
        expires_at=row["expires_at"],
        needs_consent=row["needs_consent"],
        ending=row["ending"],
        audited_at=row["audited_at"],
        failures=row["failures"],
        leftovers=tuple(row["leftover_calendars"]),
    )
