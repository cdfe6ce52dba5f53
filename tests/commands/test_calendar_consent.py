"""Consent by every way: a browser here, an address elsewhere, a device code, an organisation's grant."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.calendars.google_server import MADE_BY_US
from tests.commands.calendars import (
    ANN,
    BOB,
    Office,
    a_terminal,
    an_office,
    google_service_account,
    opens_browser,
    with_visitor,
)
from tests.commands.shell import Shell

GOOGLE = ("calendar", "connect", "google", "--user", "ann")
MICROSOFT = ("calendar", "connect", "microsoft", "--user", "ann")


@pytest.fixture
def office(shell: Shell, monkeypatch: pytest.MonkeyPatch, database_url: str) -> Iterator[Office]:
    with an_office(shell, monkeypatch, database_url) as office:
        office.google.tokens.consent.email = ANN
        office.graph.entra.account = ANN
        office.graph.mailbox(ANN)
        yield office


def test_a_person_consents_to_google_in_a_browser(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    opens_browser(monkeypatch)
    done = office.shell.ok(*GOOGLE)

    assert "Connected: ann (google) as ann@example.org, calendar On call." in done.out
    office.shell.ok("calendar", "sync")
    assert len(office.google.events_of(ANN)) == 7


def test_a_person_consents_to_microsoft_in_a_browser(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    opens_browser(monkeypatch)
    done = office.shell.ok(*MICROSOFT)

    assert "Connected: ann (microsoft) as ann@example.org, calendar On call." in done.out
    office.shell.ok("calendar", "sync")
    assert len(office.microsoft_events(ANN)) == 7


@pytest.mark.parametrize("connect", [GOOGLE, MICROSOFT], ids=["google", "microsoft"])
def test_the_printed_address_is_enough(office: Office, connect: tuple[str, ...]) -> None:
    done = with_visitor(*connect, "--no-browser")

    assert done.code == 0, done.err
    assert "Connected: ann" in done.out


@pytest.mark.parametrize("connect", [GOOGLE, MICROSOFT], ids=["google", "microsoft"])
def test_on_a_terminal_the_address_where_the_browser_ended_is_pasted(
    office: Office, monkeypatch: pytest.MonkeyPatch, connect: tuple[str, ...]
) -> None:
    with a_terminal(monkeypatch) as visit_and_paste:
        done = with_visitor(*connect, "--no-browser", visit=visit_and_paste)

    assert done.code == 0, done.err
    assert "Connected: ann" in done.out


def test_scopes_that_were_not_ticked_are_named_and_nothing_is_connected(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    opens_browser(monkeypatch)
    office.google.tokens.consent.unticked = frozenset([MADE_BY_US])
    done = office.shell(*GOOGLE)

    assert done.code == 1
    assert "calendar.app.created" in done.err
    assert office.listed() == []


def test_a_person_who_declines_connects_nothing(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    opens_browser(monkeypatch)
    office.google.tokens.consent.denied = True
    office.graph.entra.answer_of_person = "declines"

    for connect in (GOOGLE, MICROSOFT):
        done = office.shell(*connect)
        assert done.code == 1
        assert "the person did not consent; nothing was connected" in done.err
    assert office.listed() == []


def test_a_client_that_is_not_set_is_told_by_its_variable(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ONCALL_GITOPS_GOOGLE_CLIENT_ID")
    monkeypatch.delenv("ONCALL_GITOPS_MICROSOFT_CLIENT_ID")

    for connect, name in ((GOOGLE, "GOOGLE_CLIENT_ID"), (MICROSOFT, "MICROSOFT_CLIENT_ID")):
        done = office.shell(*connect)
        assert done.code == 1
        assert f"ONCALL_GITOPS_{name}" in done.err


def test_a_code_for_another_device_connects_microsoft(office: Office) -> None:
    done = office.shell.ok(*MICROSOFT, "--device-code")

    assert "enter the code ABCD1234" in done.out
    assert "Connected: ann (microsoft)" in done.out


def test_tokens_of_a_file_connect_microsoft(office: Office) -> None:
    office.shell.ok(*MICROSOFT, "--token-file", office.microsoft_file())
    office.shell.ok("calendar", "sync")

    assert len(office.microsoft_events(ANN)) == 7


def test_a_service_account_connects_people_of_its_organisation(office: Office, tmp_path: Path) -> None:
    google_service_account(office, tmp_path)
    for user in ("ann", "bob"):
        office.shell.ok("calendar", "connect", "google", "--user", user, "--organisation")
    office.shell.ok("calendar", "sync")

    assert len(office.google.events_of(ANN)) == 7
    assert len(office.google.events_of(BOB)) == 6
    assert {row["grant"] for row in office.listed()} == {"organisation"}
    assert office.rows("SELECT DISTINCT access_token, refresh_token FROM calendar_syncs") == [(None, None)]


def test_client_credentials_connect_people_of_the_organisation(office: Office) -> None:
    office.graph.entra.secret = "a-client-secret-of-microsoft"
    office.set(MICROSOFT_TENANT="contoso.example", MICROSOFT_CLIENT_SECRET="a-client-secret-of-microsoft")
    office.shell.ok(*MICROSOFT, "--organisation")
    office.shell.ok("calendar", "sync")

    assert len(office.microsoft_events(ANN)) == 7


def test_an_organisation_without_a_grant_is_told_which_setting_is_missing(office: Office) -> None:
    for connect, name in (
        (GOOGLE, "GOOGLE_SERVICE_ACCOUNT_FILE"),
        (MICROSOFT, "MICROSOFT_CLIENT_SECRET"),
    ):
        done = office.shell(*connect, "--organisation")
        assert done.code == 1
        assert f"ONCALL_GITOPS_{name}" in done.err


@pytest.mark.parametrize(
    "content", ["canary", "{}", '{"private_key": "canary", "client_email": "canary"}', "[]"]
)
def test_a_service_account_file_that_is_none_is_told_without_its_content(
    office: Office, tmp_path: Path, content: str
) -> None:
    file = tmp_path / "account.json"
    file.write_text(content)
    file.chmod(0o600)
    office.set(GOOGLE_SERVICE_ACCOUNT_FILE=str(file))
    done = office.shell("-v", *GOOGLE, "--organisation")

    assert done.code == 1
    assert "ONCALL_GITOPS_GOOGLE_SERVICE_ACCOUNT_FILE" in done.err
    assert "canary" not in done.out + done.err
