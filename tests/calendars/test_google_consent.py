"""A person's consent to Google in their browser; and that no secret of all this is read in a log."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from http.client import HTTPConnection, HTTPResponse
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest

from oncall_gitops.calendars.consent import NoConsent
from oncall_gitops.calendars.failures import CalendarFailure, NeedsConsent, Refused
from oncall_gitops.calendars.google import LIST_CALENDARS, MADE_BY_US, Google
from oncall_gitops.calendars.google_consent import authorize
from oncall_gitops.calendars.protocol import CalendarPlace
from oncall_gitops.core.model.provider import GoogleSettings, Tokens
from oncall_gitops.core.secret import NO_SECRET, Secret
from tests.calendars.contract import MONDAY, a_wanted
from tests.calendars.google_server import FakeGoogle, google_serving
from tests.calendars.google_tokens import CLIENT_SECRET, LIFETIME, service_account_key
from tests.calendars.loopback import Fault

ANN = "ann@example.org"
OURS = (MADE_BY_US, LIST_CALENDARS)


@pytest.fixture
def fake() -> Iterator[FakeGoogle]:
    with google_serving() as fake:
        fake.tokens.now = MONDAY
        yield fake
        assert fake.violations == []


@pytest.fixture
def google(fake: FakeGoogle) -> Google:
    return Google(fake.settings())


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
        google.account(tokens.access)
        == google.account(google.refresh(tokens.refresh, now=MONDAY).access)
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

    assert google.account(tokens.access) == ANN
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


@pytest.fixture
def organisation(fake: FakeGoogle) -> GoogleSettings:
    """An administrator trusts our service account with the scopes of calendars that we make."""
    key, public = service_account_key()
    fake.tokens.trusted["oncall@oncall.iam.gserviceaccount.com"] = public
    fake.tokens.delegated = frozenset(OURS)
    return fake.settings(service_account=Secret(key))


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
