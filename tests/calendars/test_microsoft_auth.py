"""Consents, tokens that rotate and die, and an organisation's grant: MSAL itself against the fake's sign-in."""

from __future__ import annotations

import logging
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from oncall_gitops.calendars.consent import NoConsent
from oncall_gitops.calendars.failures import (
    CalendarFailure,
    NeedsConsent,
    Throttled,
    Unauthorized,
    Unavailable,
)
from oncall_gitops.calendars.microsoft import Microsoft
from oncall_gitops.calendars.microsoft_consent import authorize, authorize_by_device_code
from oncall_gitops.calendars.protocol import CalendarPlace
from oncall_gitops.calendars.scopes import missing_scopes
from oncall_gitops.core.model.provider import MicrosoftSettings, Tokens
from oncall_gitops.core.secret import Secret
from tests.builders import at
from tests.calendars.contract import a_wanted, listing, put
from tests.calendars.graph_server import GraphServer, serving_graph
from tests.calendars.loopback import Fault, Loopback

NOW = at("2026-11-23T09:00Z")
ANN = "ann@example.com"
SECRET = "client-secret~planted"
SCOPES = ("Calendars.ReadWrite",)


@pytest.fixture
def service() -> Iterator[tuple[GraphServer, Loopback]]:
    with serving_graph() as (server, loopback):
        yield server, loopback
    assert server.violations == []


@pytest.fixture
def server(service: tuple[GraphServer, Loopback]) -> GraphServer:
    return service[0]


@pytest.fixture
def loopback(service: tuple[GraphServer, Loopback]) -> Loopback:
    return service[1]


@pytest.fixture
def settings(server: GraphServer) -> MicrosoftSettings:
    """A public client, as a program on somebody's machine is."""
    return MicrosoftSettings(
        client_id=server.entra.client_id, graph_url=f"{server.url}/v1.0", authority=server.url
    )


@pytest.fixture
def organisation(server: GraphServer, settings: MicrosoftSettings) -> MicrosoftSettings:
    """An application with a secret, in a tenant of its own."""
    server.entra.secret = SECRET
    return replace(settings, client_secret=Secret(SECRET), tenant="example.com")


def browser(threads: list[threading.Thread]) -> Callable[[str], None]:
    """Visits a page as a browser does, redirects and all, while the program waits."""

    def visit(url: str) -> None:
        def surf() -> None:
            with requests.Session() as session:
                session.trust_env = False
                session.get(url, timeout=5)

        threads.append(threading.Thread(target=surf))
        threads[-1].start()

    return visit


@pytest.fixture
def open_browser() -> Iterator[Callable[[str], None]]:
    threads: list[threading.Thread] = []
    yield browser(threads)
    for thread in threads:
        thread.join()


def consent(settings: MicrosoftSettings, open_browser: Callable[[str], None]) -> Tokens:
    return authorize(settings, scopes=SCOPES, show=lambda text: None, open_browser=open_browser, now=NOW)


def landing(url: str) -> str:
    """Where a browser that visits this page ends up."""
    with requests.Session() as session:
        session.trust_env = False
        return session.get(url, timeout=5, allow_redirects=False).headers["Location"]


class TestConsent:
    def test_a_browser_brings_the_consent_back(
        self, server: GraphServer, settings: MicrosoftSettings, open_browser: Callable[[str], None]
    ) -> None:
        tokens = consent(settings, open_browser)

        assert server.entra.grants[tokens.access.reveal()].account == ANN
        assert tokens.refresh is not None
        assert tokens.refresh.reveal() in server.entra.refreshes
        assert (tokens.account, tokens.expires_at) == (ANN, NOW + 3600)
        assert "Calendars.ReadWrite" in tokens.scopes

    @pytest.mark.parametrize("announces", ["microsoft", "https", "http"])
    def test_the_endpoints_are_found_however_they_are_announced(
        self,
        server: GraphServer,
        settings: MicrosoftSettings,
        open_browser: Callable[[str], None],
        announces: Any,
    ) -> None:
        server.entra.announces = announces

        assert consent(settings, open_browser).account == ANN

    def test_an_application_with_a_secret_sends_it(
        self, organisation: MicrosoftSettings, open_browser: Callable[[str], None]
    ) -> None:
        assert consent(organisation, open_browser).account == ANN

    def test_a_secret_is_left_out_where_the_application_is_public(
        self, settings: MicrosoftSettings, open_browser: Callable[[str], None]
    ) -> None:
        assert consent(replace(settings, client_secret=Secret(SECRET)), open_browser).account == ANN

    def test_the_least_is_asked_for(
        self, settings: MicrosoftSettings, open_browser: Callable[[str], None]
    ) -> None:
        asked: list[str] = []

        def look_and_open(url: str) -> None:
            asked.append(url)
            open_browser(url)

        consent(settings, look_and_open)

        query = parse_qs(urlsplit(asked[0]).query)
        assert set(query["scope"][0].split()) == {*SCOPES, "offline_access", "openid", "profile"}
        assert (query["code_challenge_method"], query["response_type"]) == (["S256"], ["code"])

    def test_the_address_can_be_pasted_from_another_machine(self, settings: MicrosoftSettings) -> None:
        shown: list[str] = []

        tokens = authorize(
            settings,
            scopes=SCOPES,
            show=shown.append,
            open_browser=lambda url: pytest.fail("no browser is here"),
            paste=lambda: landing(next(word for word in " ".join(shown).split() if "://" in word)) + "\n",
            now=NOW,
        )

        assert tokens.account == ANN

    @pytest.mark.parametrize("pasted", ["", "http://localhost:1/?code=x&state=other", "code", "http://[/"])
    def test_another_address_is_not_taken(self, settings: MicrosoftSettings, pasted: str) -> None:
        with pytest.raises(NoConsent, match="address"):
            authorize(
                settings,
                scopes=SCOPES,
                show=lambda text: None,
                open_browser=lambda url: None,
                paste=lambda: pasted,
                now=NOW,
            )

    def test_whoever_does_not_consent_is_not_connected(
        self, server: GraphServer, settings: MicrosoftSettings, open_browser: Callable[[str], None]
    ) -> None:
        server.entra.answer_of_person = "declines"

        with pytest.raises(NoConsent, match="did not consent"):
            consent(settings, open_browser)

    def test_a_consent_without_the_calendar_says_so(
        self, server: GraphServer, settings: MicrosoftSettings, open_browser: Callable[[str], None]
    ) -> None:
        server.entra.unticked = frozenset(SCOPES)

        granted = consent(settings, open_browser).scopes

        assert missing_scopes(needed=SCOPES, granted=granted) == list(SCOPES)

    def test_answers_to_other_questions_are_turned_away(
        self, settings: MicrosoftSettings, open_browser: Callable[[str], None]
    ) -> None:
        """Another page in the same browser may know the port, but never the state."""
        statuses: list[int] = []

        def knock_and_open(url: str) -> None:
            redirect = parse_qs(urlsplit(url).query)["redirect_uri"][0]
            wrong = ["/?code=stolen&state=guessed", "/?code=stolen", "/favicon.ico", "/other?code=x"]

            def knock() -> None:
                with requests.Session() as session:
                    session.trust_env = False
                    statuses.extend(session.get(redirect + path, timeout=5).status_code for path in wrong)
                    session.get(url, timeout=5)

            thread = threading.Thread(target=knock)
            thread.start()
            threads.append(thread)

        threads: list[threading.Thread] = []
        tokens = consent(settings, knock_and_open)
        threads[0].join()

        assert statuses == [404] * 4
        assert tokens.account == ANN


class TestDeviceCode:
    def test_a_code_is_typed_in_elsewhere(self, server: GraphServer, settings: MicrosoftSettings) -> None:
        server.entra.polls = 3
        shown: list[str] = []

        tokens = authorize_by_device_code(settings, scopes=SCOPES, show=shown.append, now=NOW)

        assert "ABCD1234" in shown[0]
        assert (tokens.account, tokens.refresh is not None) == (ANN, True)

    def test_a_declined_code_connects_nobody(self, server: GraphServer, settings: MicrosoftSettings) -> None:
        server.entra.answer_of_person = "declines"

        with pytest.raises(NoConsent):
            authorize_by_device_code(settings, scopes=SCOPES, show=lambda text: None, now=NOW)

    def test_an_application_that_nobody_registered_gets_no_code(self, settings: MicrosoftSettings) -> None:
        with pytest.raises(CalendarFailure, match="AADSTS700016"):
            authorize_by_device_code(
                replace(settings, client_id="unknown"), scopes=SCOPES, show=lambda text: None, now=NOW
            )


class TestRefresh:
    def test_a_refresh_gives_a_new_pair_and_the_old_one_goes_on_working(
        self, server: GraphServer, settings: MicrosoftSettings
    ) -> None:
        first = Secret(server.entra.refresh_token(ANN))
        microsoft = Microsoft(settings)

        tokens = microsoft.refresh(first, now=NOW)
        again = microsoft.refresh(first, now=NOW)

        assert tokens.refresh not in (None, first)
        assert tokens.expires_at == NOW + 3600
        assert server.entra.grants[again.access.reveal()].account == ANN

    def test_one_look_at_the_authority_is_enough_for_everybody(
        self, server: GraphServer, settings: MicrosoftSettings, loopback: Loopback
    ) -> None:
        microsoft = Microsoft(settings)
        refreshes = [Secret(server.entra.refresh_token(f"{n}@example.com")) for n in range(12)]

        with ThreadPoolExecutor(6) as pool:
            given = list(pool.map(lambda refresh: microsoft.refresh(refresh, now=NOW), refreshes))

        owners = [server.entra.grants[tokens.access.reveal()].account for tokens in given]
        assert owners == [f"{n}@example.com" for n in range(12)]
        assert (loopback.count("GET"), loopback.count("POST")) == (1, 12)

    def test_a_strange_identity_token_does_not_cost_a_refresh(
        self, settings: MicrosoftSettings, loopback: Loopback
    ) -> None:
        body = {"access_token": "access", "refresh_token": "new", "id_token": "none", "expires_in": "60"}
        loopback.matches = lambda request: request.method == "POST"
        loopback.fail(Fault("status", 200, body))

        tokens = Microsoft(settings).refresh(Secret("0.old"), now=NOW)

        assert (tokens.access, tokens.refresh) == (Secret("access"), Secret("new"))
        assert (tokens.expires_at, tokens.scopes) == (NOW + 60, SCOPES)

    def test_a_revoked_consent_asks_for_a_new_one(
        self, server: GraphServer, settings: MicrosoftSettings
    ) -> None:
        refresh = Secret(server.entra.refresh_token(ANN))
        server.entra.revoke(ANN)

        with pytest.raises(NeedsConsent, match="invalid_grant, AADSTS50173"):
            Microsoft(settings).refresh(refresh, now=NOW)

    @pytest.mark.parametrize(
        ("fault", "failure"),
        [
            (Fault("status", 500), Unavailable),
            (Fault("status", 200), Unavailable),
            (Fault("status", 200, []), Unavailable),
            (Fault("status", 200, {"token_type": "Bearer"}), CalendarFailure),
            (Fault("status", 302, headers=(("Location", "http://127.0.0.1:1/"),)), Unavailable),
            (Fault("truncate"), Unavailable),
            (Fault("drop-before"), Unavailable),
            (Fault("drop-after"), Unavailable),
            (Fault("status", 400, {"error": "temporarily_unavailable"}), Unavailable),
            (Fault("status", 400, {"error": "invalid_grant", "error_codes": [50196]}), Unavailable),
            (Fault("status", 400, {"error": "interaction_required"}), NeedsConsent),
            (Fault("status", 400, {"error": "planted secret words"}), CalendarFailure),
        ],
    )
    @pytest.mark.parametrize("step", ["GET", "POST"])
    def test_a_sign_in_that_fails_is_told_apart_from_one_that_refuses(
        self,
        server: GraphServer,
        settings: MicrosoftSettings,
        loopback: Loopback,
        caplog: pytest.LogCaptureFixture,
        fault: Fault,
        failure: type[CalendarFailure],
        step: str,
    ) -> None:
        failure = failure if step == "POST" else Unavailable
        caplog.set_level(logging.DEBUG)
        microsoft, refresh = Microsoft(settings), Secret(server.entra.refresh_token(ANN))
        loopback.matches = lambda request: request.method == step
        loopback.fail(fault)

        with pytest.raises(CalendarFailure) as caught:
            microsoft.refresh(refresh, now=NOW)

        assert type(caught.value) is failure
        assert "secret" not in f"{caught.value!r} {caplog.text}"
        loopback.matches = lambda request: True
        if step == "GET":
            assert microsoft.refresh(refresh, now=NOW).access

    def test_a_busy_sign_in_says_how_long_to_wait(
        self, server: GraphServer, settings: MicrosoftSettings, loopback: Loopback
    ) -> None:
        microsoft, refresh = Microsoft(settings), Secret(server.entra.refresh_token(ANN))
        loopback.matches = lambda request: request.method == "POST"
        loopback.fail(Fault("status", 429, {"error": "x"}, (("Retry-After", "17"),)))

        with pytest.raises(Throttled) as caught:
            microsoft.refresh(refresh, now=NOW)

        assert caught.value.after == 17.0
        assert microsoft.refresh(refresh, now=NOW).access

    def test_a_secret_that_is_missing_or_wrong_is_the_installations_fault(
        self, server: GraphServer, organisation: MicrosoftSettings
    ) -> None:
        """It must not end the consent of everybody."""
        refresh = Secret(server.entra.refresh_token(ANN))
        for secret, code in ((Secret(""), 7000218), (Secret("old"), 7000215)):
            with pytest.raises(CalendarFailure, match=f"AADSTS{code}.*CLIENT_SECRET") as caught:
                Microsoft(replace(organisation, client_secret=secret)).refresh(refresh, now=NOW)
            assert not isinstance(caught.value, NeedsConsent)

    def test_without_an_application_its_setting_is_named(self, settings: MicrosoftSettings) -> None:
        with pytest.raises(CalendarFailure, match="ONCALL_GITOPS_MICROSOFT_CLIENT_ID"):
            Microsoft(replace(settings, client_id="")).refresh(Secret("0.x"), now=NOW)

    def test_the_tenant_is_part_of_every_address(
        self, server: GraphServer, settings: MicrosoftSettings, loopback: Loopback
    ) -> None:
        refresh = Secret(server.entra.refresh_token(ANN))

        Microsoft(replace(settings, tenant="contoso")).refresh(refresh, now=NOW)

        assert loopback.calls == [
            "GET /contoso/v2.0/.well-known/openid-configuration",
            "POST /contoso/oauth2/v2.0/token",
        ]


class TestOrganisation:
    def test_one_token_opens_everybodys_calendar(
        self, server: GraphServer, organisation: MicrosoftSettings, loopback: Loopback
    ) -> None:
        microsoft = Microsoft(organisation)
        for address in (ANN, "bob@example.com"):
            server.mailbox(address)
            tokens = microsoft.mint(mailbox=address, now=NOW)
            calendar_id, _ = microsoft.create_calendar(
                tokens.access, name="On call", marker="m", mailbox=address, again=True
            )
            calendar = microsoft.calendar(tokens.access, CalendarPlace(calendar_id, "m", address))
            put(calendar, a_wanted())

            assert len(listing(calendar)) == 1
            assert microsoft.account(tokens.access, mailbox=address) == address

        assert loopback.count("POST /example.com/oauth2/v2.0/token") == 1

    def test_the_token_is_renewed_before_it_expires(self, organisation: MicrosoftSettings) -> None:
        microsoft = Microsoft(organisation)
        first = microsoft.mint(mailbox=ANN, now=NOW)

        assert microsoft.mint(mailbox=ANN, now=NOW + 3000) == first
        assert microsoft.mint(mailbox=ANN, now=NOW + 3400).access != first.access

    def test_a_token_that_is_not_accepted_is_not_given_again(
        self, server: GraphServer, organisation: MicrosoftSettings
    ) -> None:
        server.mailbox(ANN)
        microsoft = Microsoft(organisation)
        first = microsoft.mint(mailbox=ANN, now=NOW)
        server.entra.expire()

        with pytest.raises(Unauthorized):
            microsoft.create_calendar(first.access, name="On call", marker="m", mailbox=ANN, again=True)

        assert microsoft.mint(mailbox=ANN, now=NOW).access != first.access

    def test_a_mailbox_that_the_application_may_not_open_needs_consent(
        self, server: GraphServer, organisation: MicrosoftSettings
    ) -> None:
        server.mailbox(ANN)
        server.fenced.add(ANN)
        microsoft = Microsoft(organisation)
        access = microsoft.mint(mailbox=ANN, now=NOW).access

        with pytest.raises(NeedsConsent, match="organisation keeps this application"):
            listing(microsoft.calendar(access, CalendarPlace("AAA=", "m", ANN)))

    def test_a_person_without_a_mailbox_is_told_apart_from_a_calendar_that_is_gone(
        self, organisation: MicrosoftSettings
    ) -> None:
        microsoft = Microsoft(organisation)
        access = microsoft.mint(mailbox="nobody@example.com", now=NOW).access

        with pytest.raises(NeedsConsent, match="no mailbox"):
            listing(microsoft.calendar(access, CalendarPlace("AAA=", "m", "nobody@example.com")))

    def test_without_a_secret_there_is_no_organisations_grant(self, settings: MicrosoftSettings) -> None:
        with pytest.raises(NeedsConsent, match="ONCALL_GITOPS_MICROSOFT_CLIENT_SECRET"):
            Microsoft(settings).mint(mailbox=ANN, now=NOW)

    @pytest.mark.filterwarnings("ignore:Using /common")
    def test_an_organisation_must_name_its_tenant(self, organisation: MicrosoftSettings) -> None:
        with pytest.raises(CalendarFailure, match="ONCALL_GITOPS_MICROSOFT_TENANT"):
            Microsoft(replace(organisation, tenant="common")).mint(mailbox=ANN, now=NOW)


def test_no_log_holds_a_secret(
    server: GraphServer,
    organisation: MicrosoftSettings,
    loopback: Loopback,
    open_browser: Callable[[str], None],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Every library's log at its chattiest, over all that can be done and some that fails."""
    caplog.set_level(logging.DEBUG)
    microsoft = Microsoft(organisation)
    first = consent(organisation, open_browser)
    assert first.refresh is not None
    tokens = microsoft.refresh(first.refresh, now=NOW)
    calendar_id, _ = microsoft.create_calendar(tokens.access, name="On call", marker="m", again=True)
    calendar = microsoft.calendar(tokens.access, CalendarPlace(calendar_id, "m"))
    calendar.delete(put(calendar, a_wanted()))
    microsoft.mint(mailbox=ANN, now=NOW)
    server.entra.revoke(ANN)
    with pytest.raises(Unauthorized):
        listing(calendar)
    with pytest.raises(NeedsConsent):
        microsoft.refresh(first.refresh, now=NOW)

    secrets = [*server.entra.grants, *server.entra.refreshes, SECRET]
    assert len(secrets) > 5
    assert "/me/calendars" in caplog.text
    assert [secret for secret in secrets if secret in caplog.text] == []


def test_nothing_of_microsofts_is_loaded_before_it_is_needed() -> None:
    program = (
        "import sys, oncall_gitops.calendars.microsoft, oncall_gitops.calendars.microsoft_consent;"
        "print(sorted({'msal', 'requests', 'cryptography', 'urllib3'} & set(sys.modules)))"
    )

    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert done.stdout == "[]\n"
