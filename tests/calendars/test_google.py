"""Google, through its own client library, against a loopback Google."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from oncall_gitops.calendars.google import Google
from oncall_gitops.calendars.protocol import CalendarPlace, RemoteCalendar
from oncall_gitops.core.secret import Secret
from tests.calendars.contract import CalendarContract, FaultContract, Person
from tests.calendars.google_events import FakeCalendar
from tests.calendars.google_server import FakeGoogle, GooglePerson, google_serving
from tests.calendars.google_tokens import CLIENT_SECRET
from tests.calendars.loopback import Loopback

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


class TestGoogleCalendar(CalendarContract, FaultContract):
    @pytest.fixture
    def calendar(self, google: Google, access: Secret, calendar_there: FakeCalendar) -> RemoteCalendar:
        return google.calendar(access, CalendarPlace(calendar_there.id, MARKER))

    @pytest.fixture
    def neighbour(self, google: Google, access: Secret, calendar_there: FakeCalendar) -> RemoteCalendar:
        return google.calendar(access, CalendarPlace(calendar_there.id, OTHER_MARKER))

    @pytest.fixture
    def person(self, fake: FakeGoogle, calendar_there: FakeCalendar) -> Person:
        return GooglePerson(fake, calendar_there)

    @pytest.fixture
    def loopback(self, fake: FakeGoogle) -> Loopback:
        return fake.loopback

    @pytest.fixture
    def small_pages(self, fake: FakeGoogle) -> None:
        fake.page_limit = 3

    @pytest.fixture
    def secrets(self, access: Secret) -> tuple[str, ...]:
        return (access.reveal(), CLIENT_SECRET)
