"""How a connection is doing, in words."""

from __future__ import annotations

from typing import Any

import click
import pytest

from oncall_gitops.commands.calendar_listing import listing_json, listing_text, state_name, state_words
from oncall_gitops.store.connections import ConnectionState
from tests.builders import at

NOON = at("2026-11-23T12:00Z")
RENEW = "run oncall-gitops calendar connect google --user ann"


def a_state(**changes: Any) -> ConnectionState:
    """Ann's connection, which is fine."""
    fine = ConnectionState(
        id="1",
        user="ann",
        provider="google",
        grant="person",
        account="ann@example.org",
        calendar_id="c1",
        calendar_name="On call",
        owns_calendar=True,
        leftovers=0,
        is_active=True,
        needs_consent=False,
        ending=False,
        failures=0,
        last_sync=NOON,
        next_sync=NOON + 3600,
        synced_until=None,
        error="",
        is_gone=False,
    )
    return fine._replace(**changes)


def table(states: list[ConnectionState]) -> str:
    """Without the bold of the header."""
    return click.unstyle(listing_text(states))


@pytest.mark.parametrize(
    ("changes", "name", "words"),
    [
        ({}, "active", "active"),
        ({"calendar_id": None}, "active", "active; the next sync makes its calendar"),
        ({"needs_consent": True}, "needs-consent", f"needs a new consent: {RENEW}"),
        ({"failures": 1}, "waiting", "waiting until 2026-11-23T13:00:00Z after 1 failure"),
        ({"failures": 3}, "waiting", "waiting until 2026-11-23T13:00:00Z after 3 failures"),
        ({"is_active": False}, "paused", "paused"),
        ({"ending": True}, "removing", "being removed; the next sync goes on"),
        (
            {"ending": True, "failures": 2},
            "removing",
            "being removed; waiting until 2026-11-23T13:00:00Z after 2 failures",
        ),
        (
            {"ending": True, "needs_consent": True},
            "removing-needs-consent",
            f"being removed, and needs a new consent for that: {RENEW}",
        ),
    ],
)
def test_the_state_says_what_to_do(changes: dict[str, Any], name: str, words: str) -> None:
    state = a_state(**changes)

    assert (state_name(state), state_words(state)) == (name, words)


def test_the_table_shows_the_last_and_the_next_sync_and_the_last_error() -> None:
    header, row, other = table(
        [
            a_state(error="Google asks us to wait"),
            a_state(
                provider="microsoft", last_sync=None, needs_consent=True, grant="organisation", account=""
            ),
        ]
    ).splitlines()

    assert header.split("  ")[0] == "USER"
    assert "2026-11-23T12:00:00Z  2026-11-23T13:00:00Z  Google asks us to wait" in row
    assert "by the organisation" in other
    assert "never" in other
    assert "2026-11-23T13:00:00Z" not in other
    assert listing_text([]) == "No calendar is connected.\n"


def test_what_a_provider_said_commands_no_terminal_and_shows_no_token() -> None:
    told = table([a_state(error="\x1b[31mred ya29.canary", calendar_name="\u202eOn call")])

    assert "\x1b" not in told
    assert "\u202e" not in told
    assert "canary" not in told


def test_programs_get_every_field_but_tokens() -> None:
    [document] = listing_json([a_state()])

    assert document["next_sync"] == "2026-11-23T13:00:00Z"
    assert document["last_error"] is None
    assert document["synced_until"] is None
    assert not any("token" in name for name in document)
