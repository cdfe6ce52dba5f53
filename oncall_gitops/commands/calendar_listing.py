"""Calendar connections in words: a table for people, JSON for programs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from oncall_gitops.core.limits import CALENDAR_MASS_DELETE
from oncall_gitops.core.model.instant import Instant, instant_text
from oncall_gitops.report.terminal import shown, table
from oncall_gitops.settings import redact

if TYPE_CHECKING:
    from oncall_gitops.store.connections import ConnectionState


def connect_command(provider: str, user: str) -> str:
    """What renews the consent."""
    return f"oncall-gitops calendar connect {provider} --user {user}"


def state_name(state: ConnectionState) -> str:
    """One word for programs."""
    if state.needs_consent:
        return "removing-needs-consent" if state.ending else "needs-consent"
    if state.ending:
        return "removing"
    if not state.is_active:
        return "paused"
    if state.failures:
        return "waiting"
    return "held" if state.error else "active"


def state_words(state: ConnectionState) -> str:
    """The state, and what to do about it."""
    renew = f"run {connect_command(state.provider, state.user)}"
    match state_name(state):
        case "removing-needs-consent":
            return f"being removed, and needs a new consent for that: {renew}"
        case "needs-consent":
            return f"needs a new consent: {renew}"
        case "removing":
            again = _waiting(state) if state.failures else "the next sync goes on"
            return f"being removed; {again}"
        case "paused":
            return "paused"
        case "waiting":
            return _waiting(state)
        case "held":
            allow = f"oncall-gitops calendar sync --user {state.user} --allow {CALENDAR_MASS_DELETE}"
            return f"held until you look: put the files right, or run {allow}"
        case _:
            return "active" if state.calendar_id else "active; the next sync makes its calendar"


def listing_text(states: Iterable[ConnectionState]) -> str:
    """One line a connection; times are UTC."""
    rows = [
        (
            state.user,
            state.provider,
            shown(state.account) or ("" if state.grant == "person" else "by the organisation"),
            shown(state.calendar_name or state.calendar_id or ""),
            state_words(state),
            _moment(state.last_sync) or "never",
            "" if state.needs_consent else _moment(state.next_sync),
            shown(redact(state.error)),
        )
        for state in states
    ]
    if not rows:
        return "No calendar is connected.\n"
    header = ("USER", "PROVIDER", "ACCOUNT", "CALENDAR", "STATE", "LAST SYNC", "NEXT SYNC", "LAST ERROR")
    return table(rows, header=header)


def listing_json(states: Iterable[ConnectionState]) -> list[dict[str, Any]]:
    """Everything about each connection but its tokens."""
    return [
        {
            "id": state.id,
            "user": state.user,
            "provider": state.provider,
            "grant": state.grant,
            "account": state.account,
            "calendar_id": state.calendar_id,
            "calendar_name": state.calendar_name,
            "owns_calendar": state.owns_calendar,
            "leftover_calendars": state.leftovers,
            "state": state_name(state),
            "state_text": state_words(state),
            "needs_consent": state.needs_consent,
            "ending": state.ending,
            "failures": state.failures,
            "last_sync": _moment(state.last_sync) or None,
            "next_sync": None if state.needs_consent else _moment(state.next_sync),
            "synced_until": _moment(state.synced_until) or None,
            "last_error": redact(state.error) or None,
        }
        for state in states
    ]


def _waiting(state: ConnectionState) -> str:
    failures = "1 failure" if state.failures == 1 else f"{state.failures} failures"
    return f"waiting until {instant_text(state.next_sync)} after {failures}"


def _moment(instant: Instant | None) -> str:
    return "" if instant is None else instant_text(instant)
