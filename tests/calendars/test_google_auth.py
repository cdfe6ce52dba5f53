"""Google's tokens: refreshed, minted for an organisation, and taken back."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from oncall_gitops.calendars.failures import CalendarFailure, NeedsConsent, Refused, Throttled, Unavailable
from oncall_gitops.calendars.google import LIST_CALENDARS, MADE_BY_US, OWN_EVENTS, Google
from oncall_gitops.calendars.protocol import CalendarPlace
from oncall_gitops.core.model.provider import GoogleSettings
from oncall_gitops.core.secret import NO_SECRET, Secret
from tests.calendars.contract import MONDAY, a_wanted, listing
from tests.calendars.google_server import FakeGoogle, google_serving
from tests.calendars.google_tokens import LIFETIME, service_account_key
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
