"""The calendar part of the environment: what is read, what is refused, and what is never shown."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

import pytest

from oncall_gitops.calendar_settings import load_google_settings, load_microsoft_settings, load_token_keys
from oncall_gitops.core.errors import OncallError
from oncall_gitops.core.model.provider import GoogleSettings, MicrosoftSettings
from oncall_gitops.settings import redact

Set = Callable[..., None]


@pytest.fixture
def set_(monkeypatch: pytest.MonkeyPatch) -> Set:
    """Set variables, without their common beginning."""
    for name in ("HTTPS_PROXY", "https_proxy"):
        monkeypatch.delenv(name, raising=False)

    def set_(**values: str) -> None:
        for name, value in values.items():
            monkeypatch.setenv(f"ONCALL_GITOPS_{name}", value)

    return set_


def test_with_nothing_set_the_real_services_are_meant(set_: Set) -> None:
    assert load_google_settings() == GoogleSettings()
    assert load_microsoft_settings() == MicrosoftSettings()
    assert not load_token_keys()


@pytest.mark.parametrize(
    ("written", "root"),
    [
        ("https://calendar.example.com", "https://calendar.example.com"),
        ("https://calendar.example.com/", "https://calendar.example.com"),
        ("http://127.0.0.1:8080/calendar/v3", "http://127.0.0.1:8080"),
        ("http://[::1]:8080/calendar/v3/", "http://[::1]:8080"),
        ("http://localhost:8080/fake/calendar/v3", "http://localhost:8080/fake"),
    ],
)
def test_googles_address_is_its_root(set_: Set, written: str, root: str) -> None:
    set_(GOOGLE_API_URL=written)

    assert load_google_settings().api_url == root


def test_tokens_are_revoked_beside_the_place_that_gives_them(set_: Set) -> None:
    set_(GOOGLE_TOKEN_URL="http://127.0.0.1:8080/oauth2/token")

    assert load_google_settings().revoke_url == "http://127.0.0.1:8080/oauth2/revoke"


@pytest.mark.parametrize(
    ("written", "url"),
    [
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080/v1.0"),
        ("http://127.0.0.1:8080/", "http://127.0.0.1:8080/v1.0"),
        ("https://graph.microsoft.us/v1.0/", "https://graph.microsoft.us/v1.0"),
        ("https://proxy.example.com/graph", "https://proxy.example.com/graph"),
    ],
)
def test_graph_has_its_version_unless_a_path_is_given(set_: Set, written: str, url: str) -> None:
    set_(GRAPH_URL=written)

    assert load_microsoft_settings().graph_url == url


@pytest.mark.parametrize(
    ("written", "authority", "tenant"),
    [
        ("https://login.example.com", "https://login.example.com", "contoso.example"),
        ("https://login.example.com/", "https://login.example.com", "contoso.example"),
        ("https://login.example.com/fabrikam", "https://login.example.com", "fabrikam"),
        ("https://login.example.com/sign/in/fabrikam/", "https://login.example.com/sign/in", "fabrikam"),
    ],
)
def test_a_tenant_in_the_authoritys_path_is_the_tenant(
    set_: Set, written: str, authority: str, tenant: str
) -> None:
    set_(MICROSOFT_AUTHORITY=written, MICROSOFT_TENANT="contoso.example")
    settings = load_microsoft_settings()

    assert (settings.authority, settings.tenant) == (authority, tenant)


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("http://calendar.example.com", "must begin with https://"),
        ("http://localhost.example.com", "must begin with https://"),
        ("http://127.0.0.1.example.com", "must begin with https://"),
        ("http://10.0.0.1", "must begin with https://"),
        ("http://169.254.169.254", "must begin with https://"),
        ("https://user:canary@example.com", "must be a plain URL"),
        ("https://example.com?key=canary", "must be a plain URL"),
        ("https://example.com/#canary", "must be a plain URL"),
        ("ftp://example.com", "is not a URL that begins with https://"),
        ("example.com", "is not a URL that begins with https://"),
        ("https://", "is not a URL that begins with https://"),
        ("https://[::1", "is not a URL"),
        ("https://example.com:port", "is not a URL"),
        ("https://exa mple.com/", "must be a plain URL"),
    ],
)
@pytest.mark.parametrize("name", ["GOOGLE_API_URL", "GOOGLE_TOKEN_URL", "GRAPH_URL", "MICROSOFT_AUTHORITY"])
def test_an_address_that_would_carry_tokens_in_the_open_is_refused(
    set_: Set, name: str, url: str, message: str
) -> None:
    set_(**{name: url})

    load = load_google_settings if name.startswith("GOOGLE") else load_microsoft_settings
    with pytest.raises(OncallError, match=f"ONCALL_GITOPS_{name} {message}") as caught:
        load()
    assert "canary" not in f"{caught.value} {caught.value.help}"


def test_a_tenant_is_no_path(set_: Set) -> None:
    set_(MICROSOFT_TENANT="common/../x")

    with pytest.raises(OncallError, match="MICROSOFT_TENANT is not a tenant"):
        load_microsoft_settings()


def test_keys_come_from_the_variable_or_from_a_file(set_: Set, tmp_path: Path) -> None:
    set_(TOKEN_KEYS="k1:AAAA")
    assert load_token_keys().reveal() == "k1:AAAA"

    file = tmp_path / "keys"
    file.write_text("k2:BBBB\n")
    file.chmod(0o600)
    set_(TOKEN_KEYS_FILE=str(file))
    with pytest.raises(OncallError, match="TOKEN_KEYS and ONCALL_GITOPS_TOKEN_KEYS_FILE are both set"):
        load_token_keys()

    set_(TOKEN_KEYS="")
    assert load_token_keys().reveal() == "k2:BBBB"


@pytest.mark.parametrize(("mode", "warns"), [(0o600, False), (0o640, False), (0o644, True)])
def test_a_secret_file_that_everybody_can_read_is_warned_of(
    set_: Set, tmp_path: Path, caplog: pytest.LogCaptureFixture, mode: int, warns: bool
) -> None:
    file = tmp_path / "keys"
    file.write_text("k1:AAAA")
    file.chmod(mode)
    set_(TOKEN_KEYS_FILE=str(file))
    with caplog.at_level(logging.WARNING):
        load_token_keys()

    assert ("TOKEN_KEYS_FILE can be read by everybody" in caplog.text) == warns


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "cannot be read: No such file or directory"),
        (b"", "names an empty file"),
        (b"\xff\xfe", "names a file that is not text"),
        (b"k" * 70_000, "of more than 65536 bytes"),
    ],
)
def test_a_secret_file_that_cannot_be_read_is_told_by_its_variable(
    set_: Set, tmp_path: Path, content: bytes | None, message: str
) -> None:
    file = tmp_path / "account.json"
    if content is not None:
        file.write_bytes(content)
        file.chmod(0o600)
    set_(GOOGLE_SERVICE_ACCOUNT_FILE=str(file))

    with pytest.raises(OncallError, match=f"GOOGLE_SERVICE_ACCOUNT_FILE .*{message}"):
        load_google_settings()


@pytest.mark.parametrize(
    "text",
    [
        "header Authorization: Bearer canary-opaque.token",
        "got ya29.canary-A0-_x from the server",
        "refresh with 1//canary-09_-x",
        "jwt eyJhbGciOiJSUzI1NiJ9.canary.canary",
        'body {"access_token": "canary", "expires_in": 3599}',
        "{'refresh_token': 'canary'}",
        "POST grant_type=refresh_token&refresh_token=canary&client_secret=canary",
        "GET /?state=x&code=canary",
        "-----BEGIN PRIVATE KEY-----\\ncanary\\n-----END PRIVATE KEY-----\\n",
        "GOCSPX-canary",
    ],
)
def test_what_looks_like_a_token_is_not_shown(text: str) -> None:
    assert "canary" not in redact(text)
    assert "***" in redact(text)


@pytest.mark.parametrize(
    "text", ["exit code 3", "expires_at: 2026", "refresh_token is missing", "https://example.com/1//2"]
)
def test_what_only_speaks_of_tokens_is_shown(text: str) -> None:
    assert redact(text) == text


def test_each_of_the_keys_is_kept_out_of_text(set_: Set) -> None:
    set_(TOKEN_KEYS="k2:bmV3LWtleQ==,k1:b2xkLWtleQ==")

    assert redact("keys bmV3LWtleQ== and b2xkLWtleQ==") == "keys *** and ***"
