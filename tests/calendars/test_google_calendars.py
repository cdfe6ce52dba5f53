"""What is asked of Google besides events: calendars made and found again, whose they are, what a grant opens."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from oncall_gitops.calendars.failures import (
    CalendarGone,
    NeedsConsent,
    Throttled,
    Unauthorized,
    Unavailable,
)
from oncall_gitops.calendars.google import LIST_CALENDARS, Google
from oncall_gitops.calendars.google_wire import open_session
from oncall_gitops.calendars.protocol import CalendarPlace
from oncall_gitops.core.secret import Secret
from tests.calendars.contract import HOUR, a_wanted, listing, put
from tests.calendars.google_events import FakeCalendar
from tests.calendars.google_server import FakeGoogle, google_error, google_serving
from tests.calendars.loopback import Fault

ROOT = Path(__file__).parents[2]
ANN = "ann@example.org"
MARKER, OTHER_MARKER = "0123456789abcdef.0123456789abcdef", "0123456789abcdef.fedcba9876543210"


@pytest.fixture(scope="module")
def server() -> Iterator[FakeGoogle]:
    with google_serving() as fake:
        yield fake


@pytest.fixture
def fake(server: FakeGoogle) -> Iterator[FakeGoogle]:
    """The loopback Google as nobody has used it yet; at the end, nothing was asked that its description forbids."""
    server.reset()
    yield server
    assert server.violations == []


@pytest.fixture
def google(fake: FakeGoogle) -> Google:
    return Google(fake.settings())


@pytest.fixture
def access(fake: FakeGoogle, google: Google) -> Secret:
    token, _ = fake.tokens.grant(ANN, google.scopes(own_calendar=True))
    return Secret(token)


@pytest.fixture
def calendar_there(fake: FakeGoogle) -> FakeCalendar:
    return fake.add_calendar(ANN, "On call", by_app=True)


def test_a_proxy_of_the_settings_is_for_https_alone() -> None:
    with open_session(Secret("http://user:pass@proxy:3128")) as session:
        assert session.proxies == {"https": "http://user:pass@proxy:3128"}
        assert session.trust_env is False


def test_a_calendar_that_we_did_not_make_is_not_there_for_the_narrow_scopes(
    fake: FakeGoogle, google: Google, access: Secret
) -> None:
    fake.primary(ANN)

    with pytest.raises(CalendarGone):
        listing(google.calendar(access, CalendarPlace(ANN, MARKER)))


def test_an_existing_calendar_is_kept_with_its_own_scope(fake: FakeGoogle, google: Google) -> None:
    token, _ = fake.tokens.grant(ANN, google.scopes(own_calendar=False))
    calendar = google.calendar(Secret(token), CalendarPlace(fake.primary(ANN).id, MARKER))

    made = put(calendar, a_wanted())
    calendar.delete(made)

    assert listing(calendar) == []


def test_a_token_that_has_expired_is_unauthorized(
    fake: FakeGoogle, google: Google, access: Secret, calendar_there: FakeCalendar
) -> None:
    fake.tokens.now += HOUR

    with pytest.raises(Unauthorized):
        listing(google.calendar(access, CalendarPlace(calendar_there.id, MARKER)))


def test_a_grant_without_the_scope_needs_consent(
    fake: FakeGoogle, google: Google, calendar_there: FakeCalendar
) -> None:
    token, _ = fake.tokens.grant(ANN, [LIST_CALENDARS])

    with pytest.raises(NeedsConsent, match="insufficientPermissions"):
        listing(google.calendar(Secret(token), CalendarPlace(calendar_there.id, MARKER)))


def test_a_calendar_is_looked_for_and_made(fake: FakeGoogle, google: Google, access: Secret) -> None:
    calendar_id, name = google.create_calendar(access, name="On call", marker=MARKER, again=False)

    assert name == fake.calendars[calendar_id].summary == "On call"
    assert MARKER in fake.calendars[calendar_id].description
    assert fake.loopback.calls == ["GET /calendar/v3/users/me/calendarList", "POST /calendar/v3/calendars"]


def test_a_calendar_that_an_installation_made_before_it_lost_its_database_is_taken(
    fake: FakeGoogle, google: Google, access: Secret
) -> None:
    first = google.create_calendar(access, name="On call", marker=MARKER, again=False)

    assert google.create_calendar(access, name="On call", marker=MARKER, again=False) == first


def test_a_first_calendar_is_made_even_where_the_list_of_calendars_is_not_to_be_seen(
    fake: FakeGoogle, google: Google
) -> None:
    narrow, _ = fake.tokens.grant(ANN, [google.scopes(own_calendar=True)[0]])

    calendar_id, _ = google.create_calendar(Secret(narrow), name="On call", marker=MARKER, again=False)

    assert fake.calendars[calendar_id].made_by_app


def test_a_calendar_whose_creation_was_not_answered_is_found_again(
    fake: FakeGoogle, google: Google, access: Secret
) -> None:
    fake.page_limit = 2
    for number in range(3):
        fake.add_calendar(ANN, f"Another {number}", by_app=True, description="mine")
    google.create_calendar(access, name="On call", marker=OTHER_MARKER, again=False)
    fake.loopback.matches = lambda request: request.method == "POST"
    fake.loopback.fail(Fault("drop-after"))
    with pytest.raises(Unavailable):
        google.create_calendar(access, name="On call", marker=MARKER, again=False)

    calendar_id, name = google.create_calendar(access, name="On call", marker=MARKER, again=True)

    assert name == "On call"
    assert [c.id for c in fake.calendars.values() if MARKER in c.description] == [calendar_id]


def test_a_calendar_that_no_earlier_try_made_is_made_now(
    fake: FakeGoogle, google: Google, access: Secret
) -> None:
    calendar_id, _ = google.create_calendar(access, name="On call", marker=MARKER, again=True)

    assert fake.calendars[calendar_id].made_by_app


def test_the_account_is_told_where_the_scopes_tell_it(
    fake: FakeGoogle, google: Google, access: Secret
) -> None:
    narrow, _ = fake.tokens.grant(ANN, google.scopes(own_calendar=False))

    assert google.account(access) == ANN
    assert google.account(Secret(narrow)) == ""
    with pytest.raises(Unauthorized):
        google.account(Secret("nobody's"))


def test_a_creation_that_google_refuses_made_nothing(
    fake: FakeGoogle, google: Google, access: Secret
) -> None:
    _, body, _ = google_error(403, "calendarUsageLimitsExceeded")
    fake.loopback.matches = lambda request: request.method == "POST"
    fake.loopback.fail(Fault("status", 403, body), Fault("status", 200, {"summary": "On call"}))

    with pytest.raises(Throttled):
        google.create_calendar(access, name="On call", marker=MARKER, again=False)
    with pytest.raises(Unavailable):
        google.create_calendar(access, name="On call", marker=MARKER, again=False)
    assert not any(calendar.made_by_app for calendar in fake.calendars.values())


def test_a_listing_that_never_ends_is_given_up(
    fake: FakeGoogle, google: Google, access: Secret, calendar_there: FakeCalendar
) -> None:
    again = Fault("status", 200, {"items": [], "nextPageToken": "again"})
    fake.loopback.fail(again, again, again)

    with pytest.raises(Unavailable):
        listing(google.calendar(access, CalendarPlace(calendar_there.id, MARKER)))


def test_the_libraries_are_loaded_only_when_google_is_spoken_to() -> None:
    program = """
import sys
import oncall_gitops.calendars.google, oncall_gitops.calendars.google_consent
print([name for name in sys.modules if name.partition(".")[0] in ("googleapiclient", "google", "requests", "httplib2")])
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT
    )

    assert done.stdout == "[]\n"
