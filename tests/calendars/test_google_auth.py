"""Google's tokens: refreshed, minted, taken back, consented to in a browser; and that nobody reads them in a log."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from http.client import HTTPConnection, HTTPResponse
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest

from oncall_gitops.calendars.consent import NoConsent
from oncall_gitops.calendars.failures import CalendarFailure, NeedsConsent, Refused, Throttled, Unavailable
from oncall_gitops.calendars.google import LIST_CALENDARS, MADE_BY_US, OWN_EVENTS, Google
from oncall_gitops.calendars.google_consent import authorize
from oncall_gitops.calendars.protocol import CalendarPlace
from oncall_gitops.core.model.provider import GoogleSettings, Tokens
from oncall_gitops.core.secret import NO_SECRET, Secret
from tests.calendars.contract import MONDAY, a_wanted, listing
from tests.calendars.google_server import FakeGoogle, google_serving
from tests.calendars.google_tokens import CLIENT_SECRET, LIFETIME, service_account_key
from tests.calendars.loopback import Answer, Fault, serving

ANN, BOB = "ann@example.org", "bob@example.org"
OURS = (MADE_BY_US, LIST_CALENDARS)


@pytest.fixture(scope="module")
def server() -> Iterator[FakeGoogle]:
    with google_serving() as fake:
        yield fake


@pytest.fixture
def fake(server: FakeGoogle) -> Iterator[FakeGoogle]:
    server.reset()
    server.tokens.now = MONDAY
    yield server
    assert server.violations == []


@pytest.fixture
def google(fake: FakeGoogle) -> Google:
    return Google(fake.settings())


@pytest.fixture
def organisation(fake: FakeGoogle) -> GoogleSettings:
    """An administrator trusts our service account with the scopes of calendars that we make."""
    key, public = service_account_key()
    fake.tokens.trusted["oncall@oncall.iam.gserviceaccount.com"] = public
    fake.tokens.delegated = frozenset(OURS)
    return fake.settings(service_account=Secret(key))


def opens(google: Google, access: Secret) -> str:
    """Whose calendars a token opens."""
    return google.account(access)


def test_a_refresh_token_gives_a_new_access_token(fake: FakeGoogle, google: Google) -> None:
    _, refresh = fake.tokens.grant(ANN, OURS)

    tokens = google.refresh(Secret(refresh), now=MONDAY)

    assert opens(google, tokens.access) == ANN
    assert (tokens.refresh, tokens.expires_at) == (None, MONDAY + LIFETIME)
    assert set(tokens.scopes) == set(OURS)


def test_a_rotated_refresh_token_is_given_back(fake: FakeGoogle, google: Google) -> None:
    fake.tokens.rotates = True
    old = Secret(fake.tokens.grant(ANN, OURS)[1])

    new = google.refresh(old, now=MONDAY).refresh

    assert new is not None
    assert opens(google, google.refresh(new, now=MONDAY).access) == ANN
    with pytest.raises(NeedsConsent):
        google.refresh(old, now=MONDAY)


def test_a_consent_that_the_person_took_back_is_gone(fake: FakeGoogle, google: Google) -> None:
    _, refresh = fake.tokens.grant(ANN, OURS)
    fake.tokens.revoke_all(ANN)

    with pytest.raises(NeedsConsent, match="invalid_grant"):
        google.refresh(Secret(refresh), now=MONDAY)


@pytest.mark.parametrize(
    "changes", [{"client_id": ""}, {"client_id": "another"}, {"client_secret": Secret("wrong")}]
)
def test_a_wrong_client_is_named_as_a_setting(fake: FakeGoogle, changes: dict[str, object]) -> None:
    _, refresh = fake.tokens.grant(ANN, OURS)

    with pytest.raises(Refused) as caught:
        Google(fake.settings(**changes)).refresh(Secret(refresh), now=MONDAY)

    assert "ONCALL_GITOPS_GOOGLE_CLIENT_ID" in caught.value.help


@pytest.mark.parametrize(
    ("fault", "failure"),
    [
        (Fault("drop-before"), Unavailable),
        (Fault("drop-after"), Unavailable),
        (Fault("truncate"), Unavailable),
        (Fault("cut"), Unavailable),
        (Fault("status", 500), Unavailable),
        (Fault("status", 503, body={"error": "backend_error"}), Unavailable),
        (Fault("status", 200, body={"token_type": "Bearer"}), Unavailable),
        (Fault("status", 200, body=[]), Unavailable),
        (Fault("status", 302, headers=(("Location", "http://127.0.0.1:9/"),)), Unavailable),
        (Fault("status", 429, headers=(("Retry-After", "9"),)), Throttled),
        (Fault("status", 400, body={"error": "invalid_grant"}), NeedsConsent),
        (Fault("status", 400, body={"error": "admin_policy_enforced"}), NeedsConsent),
        (Fault("status", 400, body={"error": "invalid_request"}), Refused),
        (Fault("status", 401, body={"error": "invalid_client"}), Refused),
    ],
)
def test_the_token_endpoint_fails_in_our_words(
    fake: FakeGoogle, google: Google, fault: Fault, failure: type[CalendarFailure]
) -> None:
    _, refresh = fake.tokens.grant(ANN, OURS)
    fake.loopback.fail(fault)

    with pytest.raises(failure):
        google.refresh(Secret(refresh), now=MONDAY)

    assert fake.loopback.calls == ["POST /token"]
    assert google.refresh(Secret(refresh), now=MONDAY).access


@pytest.mark.parametrize("lasts", [None, "soon", "3600", 3600.5])
def test_a_token_that_does_not_say_how_long_it_lasts_lasts_an_hour(lasts: object) -> None:
    answer = {"access_token": "a", "expires_in": lasts}
    with serving(lambda request: Answer(200, answer)) as loopback:
        settings = GoogleSettings(client_id="c", token_url=f"{loopback.url}/token")

        assert Google(settings).refresh(Secret("r"), now=MONDAY).expires_at == MONDAY + 3600


def test_a_service_account_acts_for_each_person(fake: FakeGoogle, organisation: GoogleSettings) -> None:
    google = Google(organisation)
    for person in (ANN, BOB):
        tokens = google.mint(mailbox=person, now=MONDAY)

        assert opens(google, tokens.access) == person
        assert (tokens.refresh, tokens.account, tokens.scopes) == (None, person, OURS)


def test_an_existing_calendar_takes_its_own_delegation(
    fake: FakeGoogle, organisation: GoogleSettings
) -> None:
    with pytest.raises(NeedsConsent, match="delegate"):
        Google(organisation).mint(mailbox=ANN, now=MONDAY, own_calendar=False)

    fake.tokens.delegated = frozenset([OWN_EVENTS])
    assert Google(organisation).mint(mailbox=ANN, now=MONDAY, own_calendar=False).scopes == (OWN_EVENTS,)


def test_a_key_that_google_does_not_trust_needs_an_administrator(
    fake: FakeGoogle, organisation: GoogleSettings
) -> None:
    fake.tokens.trusted.clear()

    with pytest.raises(NeedsConsent):
        Google(organisation).mint(mailbox=ANN, now=MONDAY)


@pytest.mark.parametrize("key", ["", "no JSON", "{}", "[]", '{"private_key": "x", "client_email": "y"}'])
def test_without_a_service_accounts_key_the_setting_is_named(fake: FakeGoogle, key: str) -> None:
    settings = fake.settings(service_account=Secret(key) if key else NO_SECRET)

    with pytest.raises(NeedsConsent, match="ONCALL_GITOPS_GOOGLE_SERVICE_ACCOUNT_FILE"):
        Google(settings).mint(mailbox=ANN, now=MONDAY)


@pytest.mark.parametrize("which", [0, 1], ids=["access", "refresh"])
def test_revoking_either_token_ends_the_grant(fake: FakeGoogle, google: Google, which: int) -> None:
    tokens = fake.tokens.grant(ANN, OURS)

    assert google.revoke(Secret(tokens[which])) == ""
    assert google.revoke(Secret(tokens[which])) == ""
    with pytest.raises(NeedsConsent):
        google.refresh(Secret(tokens[1]), now=MONDAY)


def test_a_revocation_that_fails_is_left_for_later_or_to_the_person(fake: FakeGoogle, google: Google) -> None:
    _, refresh = fake.tokens.grant(ANN, OURS)
    fake.loopback.fail(Fault("status", 503), Fault("drop-before"), Fault("status", 400, body={"error": "x"}))

    for _ in range(2):
        with pytest.raises(Unavailable):
            google.revoke(Secret(refresh))
    assert "myaccount.google.com" in google.revoke(Secret(refresh))


def visited(url: str) -> HTTPResponse:
    """The answer of a page; unlike a library for programs, a browser does not log its address."""
    parts = urlsplit(url)
    connection = HTTPConnection(parts.netloc, timeout=5)
    connection.request("GET", f"{parts.path}?{parts.query}")
    response = connection.getresponse()
    response.read()
    connection.close()
    return response


class Browser:
    """What opens the page that a person is sent to, and follows it back; `urls` are the pages."""

    def __init__(self) -> None:
        self.urls: list[str] = []
        self.shown: list[str] = []
        self._thread: threading.Thread | None = None

    def open(self, url: str) -> None:
        self.urls.append(url)
        self._thread = threading.Thread(target=self._visit, args=(url,))
        self._thread.start()

    def paste(self) -> str:
        """As on a machine without the port: the address at which they end up."""
        [url] = [word for text in self.shown for word in text.split() if word.startswith("http")]
        return visited(url).headers["Location"]

    def close(self) -> None:
        if self._thread is not None:
            self._thread.join()

    def _visit(self, url: str) -> None:
        end = visited(url).headers["Location"]
        visited(f"http://{urlsplit(end).netloc}/favicon.ico")
        visited(end)


@pytest.fixture
def browser() -> Iterator[Browser]:
    browser = Browser()
    yield browser
    browser.close()


@pytest.fixture
def consent(fake: FakeGoogle, browser: Browser) -> Callable[[], Tokens]:
    return lambda: authorize(
        fake.settings(), scopes=OURS, show=browser.shown.append, open_browser=browser.open, now=MONDAY
    )


def test_a_person_consents_in_their_browser(
    fake: FakeGoogle, google: Google, browser: Browser, consent: Callable[[], Tokens]
) -> None:
    tokens = consent()

    assert tokens.refresh is not None
    assert (
        opens(google, tokens.access)
        == opens(google, google.refresh(tokens.refresh, now=MONDAY).access)
        == ANN
    )
    assert (set(tokens.scopes), tokens.expires_at) == (set(OURS), MONDAY + LIFETIME)
    [url] = browser.urls
    asked = dict(parse_qsl(urlsplit(url).query))
    assert (asked["prompt"], asked["access_type"], asked["code_challenge_method"]) == (
        "consent",
        "offline",
        "S256",
    )
    assert asked["scope"].split() == list(OURS)
    assert any(url in text for text in browser.shown)


def test_two_consents_have_nothing_in_common(browser: Browser, consent: Callable[[], Tokens]) -> None:
    consent()
    consent()

    first, second = (dict(parse_qsl(urlsplit(url).query)) for url in browser.urls)
    assert first["state"] != second["state"]
    assert first["code_challenge"] != second["code_challenge"]


def test_without_a_browser_the_address_is_pasted(fake: FakeGoogle, google: Google, browser: Browser) -> None:
    tokens = authorize(
        fake.settings(),
        scopes=OURS,
        show=browser.shown.append,
        open_browser=browser.open,
        paste=browser.paste,
        now=MONDAY,
    )

    assert opens(google, tokens.access) == ANN
    assert browser.urls == []


def test_a_person_who_declines_is_told_so(fake: FakeGoogle, consent: Callable[[], Tokens]) -> None:
    fake.tokens.consent.denied = True

    with pytest.raises(NoConsent, match="did not consent"):
        consent()
    assert fake.loopback.count("POST /token") == 0


def test_an_unticked_scope_is_reported(fake: FakeGoogle, consent: Callable[[], Tokens]) -> None:
    fake.tokens.consent.unticked = frozenset([LIST_CALENDARS])

    assert consent().scopes == (MADE_BY_US,)


def test_the_code_of_another_consent_is_worth_nothing(fake: FakeGoogle, browser: Browser) -> None:
    """Whoever slips in a code of their own cannot show the verifier that it was asked for with."""
    asked = {"client_id": fake.settings().client_id, "response_type": "code", "scope": MADE_BY_US}
    challenge = {"code_challenge": "theirs", "code_challenge_method": "S256"}

    def paste() -> str:
        mine = dict(parse_qsl(urlsplit(browser.paste()).query))
        theirs = {**asked, **challenge, "redirect_uri": "http://127.0.0.1:1/", "state": mine["state"]}
        return visited(f"{fake.loopback.url}/authorize?{urlencode(theirs)}").headers["Location"]

    with pytest.raises(CalendarFailure):
        authorize(
            fake.settings(),
            scopes=OURS,
            show=browser.shown.append,
            open_browser=browser.open,
            paste=paste,
            now=MONDAY,
        )


def test_without_a_client_nobody_is_sent_anywhere(fake: FakeGoogle, browser: Browser) -> None:
    with pytest.raises(Refused) as caught:
        authorize(
            fake.settings(client_id=""),
            scopes=OURS,
            show=browser.shown.append,
            open_browser=browser.open,
            now=MONDAY,
        )

    assert "ONCALL_GITOPS_GOOGLE_CLIENT_ID" in caught.value.help
    assert browser.shown == browser.urls == []


def test_one_google_serves_many_threads(fake: FakeGoogle, google: Google) -> None:
    def fill(number: int) -> int:
        tokens = google.refresh(Secret(fake.tokens.grant(f"{number}@example.org", OURS)[1]), now=MONDAY)
        made, _ = google.create_calendar(tokens.access, name="On call", marker=str(number), again=True)
        calendar = google.calendar(tokens.access, CalendarPlace(made, str(number)))
        for shift in range(3):
            calendar.insert(a_wanted(f"shift {shift}"), generation=0)
        return len(listing(calendar))

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(fill, range(16))) == [3] * 16


def test_no_secret_is_read_in_a_log_a_text_or_an_error(
    fake: FakeGoogle,
    organisation: GoogleSettings,
    consent: Callable[[], Tokens],
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    google, told = Google(organisation), []
    tokens = consent()
    assert tokens.refresh is not None
    minted = google.mint(mailbox=ANN, now=MONDAY)
    calendar_id, _ = google.create_calendar(tokens.access, name="On call", marker="m", again=True)
    calendar = google.calendar(tokens.access, CalendarPlace(calendar_id, "m"))
    for fault in (
        Fault("delay"),
        Fault("status", 500),
        Fault("status", 401),
        Fault("cut"),
        Fault("drop-after"),
    ):
        for call in (
            lambda: calendar.insert(a_wanted(), generation=0),
            lambda: google.refresh(tokens.refresh or NO_SECRET, now=MONDAY),
            lambda: google.mint(mailbox=ANN, now=MONDAY),
            lambda: google.revoke(Secret("1//planted-unknown")),
        ):
            fake.loopback.fail(fault)
            with suppress(CalendarFailure):
                told.append(repr(call()))
    google.revoke(tokens.refresh)
    with pytest.raises(NeedsConsent) as caught:
        google.refresh(tokens.refresh, now=MONDAY)

    text = "\n".join([caplog.text, *told, repr([tokens, minted, organisation, google]), repr(caught.value)])
    key, _ = service_account_key()
    assert "planted" not in text
    assert CLIENT_SECRET not in text
    assert "PRIVATE KEY" not in text
    assert "eyJ" not in text, "a signed assertion"
    assert key not in text
    assert len(caplog.records) > 10
