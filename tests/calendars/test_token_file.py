"""Tokens from elsewhere: what is read, and that a mistake is told without showing a value."""

from __future__ import annotations

import json
from typing import Any

import pytest

from oncall_gitops.calendars.token_file import InvalidTokenFile, read_token_file
from tests.builders import at

ACCESS, REFRESH = "ya29.canary-access", "1//canary-refresh"
GIVEN = {"access_token": ACCESS, "refresh_token": REFRESH, "expires_at": "2026-11-22T18:30:00Z"}


def written(**changes: Any) -> str:
    return json.dumps({**GIVEN, **changes})


def test_a_token_file_is_read() -> None:
    tokens = read_token_file(written(scopes=["a", "b"], account="alice@example.com", more=1))

    assert tokens.access.reveal() == ACCESS
    assert tokens.refresh is not None
    assert tokens.refresh.reveal() == REFRESH
    assert tokens.expires_at == at("2026-11-22T18:30:00Z")
    assert tokens.scopes == ("a", "b")
    assert tokens.account == "alice@example.com"


@pytest.mark.parametrize(
    "moment",
    [
        "2026-11-22T19:30:00+01:00",
        "2026-11-22T18:30:00.250000Z",
        "2026-11-22 18:30:00",
        "2026-11-22T18:30",
        1795372200,
        1795372200.75,
        "1795372200",
        1795372200000,
    ],
)
def test_the_expiry_may_be_written_in_many_ways(moment: object) -> None:
    assert read_token_file(written(expires_at=moment)).expires_at == at("2026-11-22T18:30:00Z")


def test_scopes_may_be_text_and_may_be_absent() -> None:
    assert read_token_file(written(scopes="a b")).scopes == ("a", "b")
    assert read_token_file(written(scopes=None)).scopes == ()
    assert read_token_file(written()).scopes == ()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is not JSON"),
        ("{", "is not JSON"),
        ("[" * 100_000, "is not JSON"),
        (json.dumps([ACCESS]), "is not a JSON object"),
        ("{}", "access_token is missing, refresh_token is missing, expires_at is missing"),
        (written(access_token=""), "access_token is missing"),
        (written(refresh_token=None), "refresh_token is missing"),
        (written(access_token=[ACCESS]), "access_token is not a token"),
        (written(access_token=f"{ACCESS}\n{REFRESH}"), "access_token is not a token"),
        (written(access_token=f"{ACCESS}\ud800"), "access_token is not a token"),
        (written(expires_at="soon"), "expires_at is not an instant"),
        (written(expires_at=True), "expires_at is not an instant"),
        (written(expires_at=-1), "expires_at is not an instant"),
        (written(expires_at=float("nan")), "expires_at is not an instant"),
        (written(expires_at=10**400), "expires_at is not an instant"),
        (written(expires_at="9" * 400), "expires_at is not an instant"),
        (written(expires_at="9999-12-31T23:59:59-23:59"), "expires_at is not an instant"),
        (written(scopes=[1]), "scopes is neither a list nor text"),
        (written(account="a\nb"), "account is not an address"),
    ],
)
def test_a_mistake_is_told_by_field_and_never_by_value(text: str, message: str) -> None:
    with pytest.raises(InvalidTokenFile, match=message) as caught:
        read_token_file(text)

    told = f"{caught.value} {caught.value.help}"
    assert "canary" not in told
    assert "soon" not in told
    assert "access_token" in caught.value.help
