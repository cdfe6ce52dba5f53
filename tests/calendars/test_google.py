"""Google, through its own client library, against a loopback Google."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from oncall_gitops.calendars import google_wire
from oncall_gitops.calendars.failures import (
    CalendarFailure,
    CalendarGone,
    Changed,
    NeedsConsent,
    Refused,
    Throttled,
    Unavailable,
)
from oncall_gitops.calendars.google import Google
from oncall_gitops.calendars.google_wire import LONG_PAUSE
from oncall_gitops.calendars.protocol import Burnt, CalendarPlace, RemoteCalendar
from oncall_gitops.core.model.calendar import ListedEvent
from oncall_gitops.core.secret import Secret
from tests.calendars.contract import (
    DAY,
    HOUR,
    MONDAY,
    CalendarContract,
    FaultContract,
    Person,
    a_wanted,
    contents,
    listing,
    put,
)
from tests.calendars.google_events import FakeCalendar, Json
from tests.calendars.google_server import FakeGoogle, GooglePerson, google_error, google_serving
from tests.calendars.google_tokens import CLIENT_SECRET
from tests.calendars.loopback import Answer, Fault, Loopback, serving

ANN = "ann@example.org"
MARKER, OTHER_MARKER = "0123456789abcdef.0123456789abcdef", "0123456789abcdef.fedcba9876543210"


def fault(status: int, reason: str, **headers: str) -> Fault:
    """Google answers the next call with this error."""
    _, body, given = google_error(status, reason, **headers)
    return Fault("status", status, body, given)


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

    def test_a_deleted_event_comes_back_under_its_own_id(
        self, calendar: RemoteCalendar, person: Person
    ) -> None:
        made = put(calendar, a_wanted())
        person.delete(made.remote_id)

        back = calendar.insert(a_wanted(), generation=0)

        assert isinstance(back, ListedEvent)
        assert (back.remote_id, back.generation, back.content) == (made.remote_id, 0, a_wanted().content)

    def test_an_event_that_was_moved_before_is_written_in_one_call(
        self, calendar: RemoteCalendar, person: Person, loopback: Loopback
    ) -> None:
        made = put(calendar, a_wanted())
        shorter = calendar.update(made, a_wanted(end=MONDAY + HOUR))
        assert shorter is not None
        person.move(made.remote_id, start=MONDAY, end=MONDAY + 2 * HOUR)
        [moved] = listing(calendar)
        loopback.forget()

        assert calendar.update(moved, a_wanted()) is not None
        assert loopback.count() == 1
        assert contents(calendar) == {a_wanted().key: a_wanted().content}

    def test_an_id_that_google_does_not_give_back_is_burnt(
        self, calendar: RemoteCalendar, person: Person, calendar_there: FakeCalendar
    ) -> None:
        person.purge(put(calendar, a_wanted("purged")).remote_id)
        person.delete(put(calendar, a_wanted("deleted")).remote_id)
        calendar_there.refuses_restoring = True

        assert calendar.insert(a_wanted("purged"), generation=0) == Burnt()
        assert calendar.insert(a_wanted("deleted"), generation=0) == Burnt()
        assert put(calendar, a_wanted("deleted"), generation=1).generation == 1

    def test_an_event_that_stays_deleted_when_it_is_written_is_burnt(
        self, calendar: RemoteCalendar, loopback: Loopback
    ) -> None:
        made = put(calendar, a_wanted())
        loopback.matches = lambda request: request.method == "PUT"
        stays = Fault("status", 200, body={"id": made.remote_id, "status": "cancelled"})
        loopback.fail(stays, stays)

        assert calendar.insert(a_wanted(), generation=0) == Burnt()
        assert calendar.update(made, a_wanted()) is None

    @pytest.mark.parametrize("reason", ["rateLimitExceeded", "quotaExceeded", "insufficientPermissions"])
    def test_a_pace_a_budget_or_a_scope_burns_no_id(
        self, calendar: RemoteCalendar, loopback: Loopback, reason: str
    ) -> None:
        put(calendar, a_wanted())
        loopback.matches = lambda request: request.method == "PUT"
        loopback.fail(fault(403, reason), fault(403, reason))

        with pytest.raises((Throttled, NeedsConsent)):
            calendar.insert(a_wanted(), generation=0)
        with pytest.raises((Throttled, NeedsConsent)):
            calendar.update(listing(calendar)[0], a_wanted(end=MONDAY + HOUR))

    def test_an_updated_event_that_was_purged_is_gone(self, calendar: RemoteCalendar, person: Person) -> None:
        made = put(calendar, a_wanted())
        person.purge(made.remote_id)

        assert calendar.update(made, a_wanted(end=MONDAY + HOUR)) is None

    @pytest.mark.parametrize(
        "change",
        [
            {"reminders": {"useDefault": True}},
            {"reminders": {"useDefault": False, "overrides": [{"method": "popup", "minutes": 10}]}},
            {"start": {"date": "2026-11-23"}, "end": {"date": "2026-11-24"}},
            {"attendees": [{"email": "bob@example.org"}]},
            {"recurrence": ["RRULE:FREQ=DAILY"]},
        ],
        ids=["default reminders", "a reminder", "all day", "guests", "repeated"],
    )
    def test_an_event_in_another_form_is_written_over(
        self, calendar: RemoteCalendar, calendar_there: FakeCalendar, change: Json
    ) -> None:
        calendar_there.patch(put(calendar, a_wanted()).remote_id, change, None)
        [changed] = listing(calendar)
        assert changed.content is None

        assert calendar.update(changed, a_wanted()) is not None
        assert contents(calendar) == {a_wanted().key: a_wanted().content}

    def test_a_description_emptied_by_hand_is_seen(
        self, calendar: RemoteCalendar, calendar_there: FakeCalendar
    ) -> None:
        calendar_there.patch(put(calendar, a_wanted()).remote_id, {"description": ""}, None)

        [changed] = listing(calendar)

        assert changed.content == replace(a_wanted().content, description="")

    def test_a_calendar_that_is_gone_is_told_from_an_event_that_is_gone(
        self, calendar: RemoteCalendar, fake: FakeGoogle, calendar_there: FakeCalendar
    ) -> None:
        made = put(calendar, a_wanted())
        fake.delete_calendar(calendar_there.id)

        with pytest.raises(CalendarGone):
            listing(calendar)
        with pytest.raises(CalendarGone):
            calendar.insert(a_wanted(), generation=0)
        assert calendar.update(made, a_wanted()) is None
        calendar.delete(made)

    @pytest.mark.parametrize(
        ("status", "reason", "failure", "after"),
        [
            (400, "invalid", Refused, None),
            (403, "rateLimitExceeded", Throttled, 7.0),
            (403, "userRateLimitExceeded", Throttled, 7.0),
            (403, "quotaExceeded", Throttled, LONG_PAUSE),
            (403, "calendarUsageLimitsExceeded", Throttled, LONG_PAUSE),
            (403, "dailyLimitExceeded", Throttled, LONG_PAUSE),
            (403, "insufficientPermissions", NeedsConsent, None),
            (403, "requiredAccessLevel", NeedsConsent, None),
            (403, "forbidden", NeedsConsent, None),
            (403, "accessNotConfigured", Unavailable, None),
            (404, "notFound", CalendarGone, None),
            (409, "conflict", Unavailable, None),
            (412, "conditionNotMet", Changed, None),
            (429, "rateLimitExceeded", Throttled, 7.0),
            (500, "backendError", Unavailable, None),
        ],
    )
    def test_each_error_has_its_meaning(
        self,
        calendar: RemoteCalendar,
        loopback: Loopback,
        status: int,
        reason: str,
        failure: type[CalendarFailure],
        after: float | None,
    ) -> None:
        loopback.fail(fault(status, reason, Retry_After="7"))

        with pytest.raises(failure) as caught:
            calendar.insert(a_wanted(), generation=0)

        assert type(caught.value) is failure
        assert getattr(caught.value, "after", None) == after

    def test_a_waiting_time_can_be_a_date(self, calendar: RemoteCalendar, loopback: Loopback) -> None:
        moment = "Mon, 23 Nov 2099 09:00:00 GMT"
        loopback.fail(Fault("status", 429, headers=(("Retry-After", moment),)))

        with pytest.raises(Throttled) as caught:
            listing(calendar)

        assert caught.value.after is not None
        assert caught.value.after > DAY

    def test_an_answer_that_does_not_come_in_time_is_none(
        self, calendar: RemoteCalendar, loopback: Loopback, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(google_wire, "TIMEOUTS", (5.0, 0.05))
        loopback.fail(Fault("delay", seconds=0.3))

        with pytest.raises(Unavailable):
            listing(calendar)

    @pytest.mark.parametrize("status", [301, 302, 307, 308])
    def test_the_token_follows_no_redirect(
        self, calendar: RemoteCalendar, loopback: Loopback, status: int
    ) -> None:
        with serving(lambda request: Answer(200, {"items": []})) as elsewhere:
            loopback.fail(Fault("status", status, headers=(("Location", elsewhere.url),)))
            with pytest.raises(Unavailable):
                listing(calendar)

            assert elsewhere.calls == []

    @pytest.mark.parametrize(
        "body", [[], "text", 5, None, {"items": 5}, {"items": [5]}, {"error": {"message": 5}}]
    )
    @pytest.mark.parametrize("status", [200, 400])
    def test_nonsense_is_a_failure_of_ours(
        self, calendar: RemoteCalendar, loopback: Loopback, body: object, status: int
    ) -> None:
        loopback.fail(Fault("status", status, body=body))

        if status == 200 and body == {"error": {"message": 5}}:
            assert listing(calendar) == []
        else:
            with pytest.raises((Unavailable, Refused)):
                listing(calendar)

    def test_the_environment_changes_nothing(
        self,
        google: Google,
        access: Secret,
        calendar_there: FakeCalendar,
        monkeypatch: pytest.MonkeyPatch,
        tmp_path: Path,
    ) -> None:
        (tmp_path / "netrc").write_text("default login somebody password else\n")
        monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
        monkeypatch.setenv("GOOGLE_CLOUD_UNIVERSE_DOMAIN", "example.org")
        for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
            monkeypatch.setenv(name, "http://127.0.0.1:9")

        calendar = google.calendar(access, CalendarPlace(calendar_there.id, MARKER))

        assert listing(calendar) == []
