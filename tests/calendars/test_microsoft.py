"""Microsoft's calendars keep what a remote calendar promises, against the fake and (opt-in) the real service."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from oncall_gitops.calendars.failures import (
    CalendarFailure,
    CalendarGone,
    Changed,
    NeedsConsent,
    Refused,
    Throttled,
    Unavailable,
)
from oncall_gitops.calendars.identity import marker_of
from oncall_gitops.calendars.microsoft import Microsoft
from oncall_gitops.calendars.microsoft_events import KEY_PROPERTY
from oncall_gitops.calendars.protocol import Burnt, CalendarPlace, RemoteCalendar
from oncall_gitops.core.model.provider import MicrosoftSettings
from oncall_gitops.core.secret import Secret
from tests.calendars.contract import (
    HOUR,
    MONDAY,
    CalendarContract,
    FaultContract,
    a_wanted,
    contents,
    listing,
    put,
)
from tests.calendars.graph_person import OutlookPerson
from tests.calendars.graph_server import GraphServer
from tests.calendars.loopback import Answer, Fault, Loopback, Request, serving

ANN = "ann@example.com"
MARKER = marker_of(instance="here", user_id="ann")


@pytest.fixture(scope="module")
def wire() -> Iterator[Loopback]:
    with serving(lambda request: Answer(404)) as loopback:
        yield loopback


@pytest.fixture
def variant() -> dict[str, Any]:
    """How the service of this test differs from the usual one."""
    return {}


@pytest.fixture
def server(wire: Loopback, variant: dict[str, Any]) -> Iterator[GraphServer]:
    """A service without any mailbox; whatever was asked of it must have been right."""
    server = GraphServer(**variant)
    server.url = server.entra.url = wire.url
    wire.answer, wire.faults, wire.matches = server.answer, [], lambda request: True
    wire.forget()
    yield server
    assert server.violations == []
    assert wire.faults == []


@pytest.fixture
def loopback(server: GraphServer, wire: Loopback) -> Loopback:
    return wire


@pytest.fixture
def microsoft(loopback: Loopback) -> Microsoft:
    return Microsoft(MicrosoftSettings(graph_url=f"{loopback.url}/v1.0", authority=loopback.url))


@pytest.fixture
def person(server: GraphServer) -> OutlookPerson:
    mailbox = server.mailbox(ANN)
    return OutlookPerson(server, mailbox, mailbox.add_calendar("On call"))


@pytest.fixture
def access(server: GraphServer) -> Secret:
    return Secret(server.entra.access(ANN))


@pytest.fixture
def calendar(microsoft: Microsoft, person: OutlookPerson, access: Secret) -> RemoteCalendar:
    return microsoft.calendar(access, CalendarPlace(person.calendar.id, MARKER))


@pytest.fixture
def neighbour(microsoft: Microsoft, person: OutlookPerson, access: Secret) -> RemoteCalendar:
    elsewhere = marker_of(instance="elsewhere", user_id="ann")
    return microsoft.calendar(access, CalendarPlace(person.calendar.id, elsewhere))


@pytest.fixture
def small_pages(server: GraphServer) -> None:
    server.page = 3


@pytest.fixture
def secrets(access: Secret) -> tuple[str, ...]:
    return access.reveal(), "planted", "On call: Payments"


class TestMicrosoft(CalendarContract, FaultContract):
    """As most mailboxes answer."""


class TestMicrosoftOtherwise(CalendarContract):
    """As some do: HTML whatever was asked for, another status for a repeated creation, with the event's id."""

    @pytest.fixture
    def variant(self) -> dict[str, Any]:
        return {"only_html": True, "duplicate": 400, "names_event": True, "bin_answers": True}


class TestMicrosoftWithoutTransactionIds(CalendarContract):
    """As a service that forgets the transaction ids of what was deleted, and never shows any."""

    @pytest.fixture
    def variant(self) -> dict[str, Any]:
        return {"tells_transactions": False, "forgets": True}


class TestOwnership:
    def test_a_copy_whose_original_is_gone_is_still_the_persons(
        self, calendar: RemoteCalendar, person: OutlookPerson
    ) -> None:
        made = put(calendar, a_wanted())
        copy = person.copy(made.remote_id)
        person.delete(made.remote_id)
        before = person.look(copy)

        assert listing(calendar) == []
        put(calendar, a_wanted())

        assert contents(calendar) == {a_wanted().key: a_wanted().content}
        assert person.look(copy) == before is not None

    def test_a_marker_in_other_letters_is_not_ours(
        self, calendar: RemoteCalendar, microsoft: Microsoft, person: OutlookPerson, access: Secret
    ) -> None:
        shouted = microsoft.calendar(access, CalendarPlace(person.calendar.id, MARKER.upper()))
        put(shouted, a_wanted())

        assert listing(calendar) == []

    @pytest.mark.parametrize(
        "said", ["", "{", "[]", "null", '{"marker": 1}', '{"key": "k", "generation": "x"}']
    )
    def test_an_event_that_does_not_say_what_it_stands_for_is_not_ours(
        self, calendar: RemoteCalendar, person: OutlookPerson, said: str
    ) -> None:
        made = put(calendar, a_wanted())
        person.calendar.events[made.remote_id].properties[KEY_PROPERTY] = said

        assert listing(calendar) == []

    def test_an_event_in_the_bin_is_not_written_to(
        self, calendar: RemoteCalendar, person: OutlookPerson
    ) -> None:
        person.server.names_event = person.server.bin_answers = True
        made = put(calendar, a_wanted())
        person.delete(made.remote_id)

        assert calendar.insert(a_wanted(), generation=0) == Burnt()

    def test_an_event_that_stands_as_wanted_is_not_written_again(
        self, calendar: RemoteCalendar, loopback: Loopback
    ) -> None:
        put(calendar, a_wanted())
        loopback.forget()

        put(calendar, a_wanted())

        assert [call.split()[0] for call in loopback.calls] == ["POST", "GET"]

    def test_a_changed_zone_is_written_though_the_service_does_not_keep_zones(
        self, calendar: RemoteCalendar
    ) -> None:
        made = put(calendar, a_wanted(timezone="Europe/Berlin"))
        calendar.update(made, a_wanted(timezone="Asia/Tokyo"))

        [content] = contents(calendar).values()
        assert content is not None
        assert content.timezone == "Asia/Tokyo"

    @pytest.mark.parametrize("change", [{"isReminderOn": True}, {"isAllDay": True}, {"showAs": "oof"}])
    def test_what_a_person_switched_on_is_switched_off_again(
        self, calendar: RemoteCalendar, person: OutlookPerson, change: dict[str, Any]
    ) -> None:
        made = put(calendar, a_wanted())
        person.calendar.events[made.remote_id].write(change)
        [listed] = listing(calendar)
        assert listed.content is None

        calendar.update(listed, a_wanted())

        fields = person.calendar.events[made.remote_id].fields
        assert (fields["isReminderOn"], fields["isAllDay"], fields["showAs"]) == (False, False, "free")

    def test_an_event_blocks_no_time_reminds_nobody_and_invites_nobody(
        self, calendar: RemoteCalendar, person: OutlookPerson
    ) -> None:
        fields = person.calendar.events[put(calendar, a_wanted()).remote_id].fields

        assert (fields["showAs"], fields["isReminderOn"], fields["attendees"]) == ("free", False, [])


class TestAnswers:
    @pytest.mark.parametrize(
        ("fault", "failure", "after"),
        [
            (Fault("status", 400), Refused, None),
            (Fault("status", 403, {"error": {"code": "ErrorAccessDenied"}}), NeedsConsent, None),
            (Fault("status", 403, headers=(("Retry-After", "12"),)), Throttled, 12.0),
            (Fault("status", 403, {"error": {"code": "ApplicationThrottled"}}), Throttled, None),
            (Fault("status", 404, {"error": {"code": "ErrorItemNotFound"}}), CalendarGone, None),
            (Fault("status", 404), CalendarGone, None),
            (Fault("status", 404, {"error": {"code": "MailboxNotEnabledForRESTAPI"}}), NeedsConsent, None),
            (Fault("status", 429, headers=(("Retry-After", "0"),)), Throttled, 0.0),
            (
                Fault("status", 429, headers=(("Retry-After", "Fri, 31 Dec 1999 23:59:59 GMT"),)),
                Throttled,
                0.0,
            ),
            (Fault("status", 503, headers=(("Retry-After", "2.5"),)), Throttled, 2.5),
            (Fault("status", 503), Unavailable, None),
            (Fault("status", 504), Unavailable, None),
            (Fault("status", 302, headers=(("Location", "http://127.0.0.1:1/"),)), Unavailable, None),
            (Fault("status", 200), Unavailable, None),
            (Fault("status", 200, []), Unavailable, None),
            (Fault("status", 200, {"value": None}), Unavailable, None),
            (Fault("status", 200, {"value": [None]}), Unavailable, None),
        ],
    )
    def test_what_a_listing_answers_means_one_thing(
        self,
        calendar: RemoteCalendar,
        loopback: Loopback,
        fault: Fault,
        failure: type[CalendarFailure],
        after: float | None,
    ) -> None:
        loopback.fail(fault)

        with pytest.raises(CalendarFailure) as caught:
            listing(calendar)

        assert type(caught.value) is failure
        assert getattr(caught.value, "after", None) == after

    def test_a_calendar_that_its_owner_deleted_is_gone(
        self, calendar: RemoteCalendar, person: OutlookPerson
    ) -> None:
        person.delete_calendar()

        with pytest.raises(CalendarGone):
            listing(calendar)
        with pytest.raises(CalendarGone):
            put(calendar, a_wanted())

    @pytest.mark.parametrize("status", [409, 412])
    def test_a_passing_conflict_is_left_to_the_next_run(
        self, calendar: RemoteCalendar, loopback: Loopback, status: int
    ) -> None:
        made = put(calendar, a_wanted())
        conflict = Fault("status", status, {"error": {"code": "ErrorIrresolvableConflict"}})
        loopback.fail(conflict, conflict)

        with pytest.raises(Changed):
            calendar.update(made, a_wanted(end=MONDAY + HOUR))
        with pytest.raises(Changed):
            calendar.delete(made)

        calendar.delete(made)

    @pytest.mark.parametrize(
        "link",
        [
            "http://127.0.0.1:1/v1.0/me/calendars",
            "https://graph.example.com/v1.0/me/calendars",
            "//evil.example.com/x",
            "http://user@127.0.0.1/x",
            "http://127.0.0.1:port/x",
        ],
    )
    def test_a_token_follows_no_link_to_another_place(
        self, calendar: RemoteCalendar, loopback: Loopback, link: str
    ) -> None:
        loopback.fail(Fault("status", 200, {"value": [], "@odata.nextLink": link}))

        with pytest.raises(Unavailable):
            listing(calendar)

        assert loopback.count() == 1

    def test_pages_that_lead_in_a_circle_end(self, calendar: RemoteCalendar, loopback: Loopback) -> None:
        here = {"value": [], "@odata.nextLink": f"{loopback.url}/v1.0/again"}
        loopback.fail(*[Fault("status", 200, here)] * 2)

        with pytest.raises(Unavailable):
            listing(calendar)

    def test_an_answer_without_what_is_optional_will_do(
        self, calendar: RemoteCalendar, loopback: Loopback
    ) -> None:
        loopback.fail(Fault("status", 201, {"id": "AAA="}), Fault("status", 200))

        made = calendar.insert(a_wanted(), generation=0)
        assert not isinstance(made, Burnt)
        assert (made.remote_id, made.etag, made.content) == ("AAA=", "", a_wanted().content)

        updated = calendar.update(made, a_wanted(end=MONDAY + HOUR))
        assert updated is not None
        assert updated.end == MONDAY + HOUR

    @pytest.mark.parametrize("message", ["ErrorDuplicateTransactionId: it exists", "other words"])
    def test_a_repetition_is_known_by_its_code_or_by_the_message(
        self, calendar: RemoteCalendar, loopback: Loopback, message: str
    ) -> None:
        made = put(calendar, a_wanted())
        code = "ErrorDuplicateTransactionId" if message == "other words" else "BadRequest"
        loopback.fail(Fault("status", 400, {"error": {"code": code, "message": message}}))

        again = put(calendar, a_wanted())

        assert again.remote_id == made.remote_id

    def test_times_in_a_zone_that_nobody_knows_are_written_again(
        self, calendar: RemoteCalendar, loopback: Loopback
    ) -> None:
        put(calendar, a_wanted())
        [event] = loopback_events(calendar, loopback)
        event["start"]["timeZone"] = "Somewhere Standard Time"
        loopback.fail(Fault("status", 200, {"value": [event]}))

        [listed] = listing(calendar)

        assert listed.content is None

    @pytest.mark.parametrize(
        ("time", "zone"),
        [
            ("2026-11-23T09:00:00", "Etc/UTC"),
            ("2026-11-23T09:00:00.0000000", "tzone://Microsoft/Utc"),
            ("2026-11-23T10:00:00.0000000", "Europe/Berlin"),
            ("2026-11-23T09:00:00Z", "UTC"),
            ("2026-11-23T10:00:00.000+01:00", ""),
        ],
    )
    def test_times_are_read_however_they_are_written(
        self, calendar: RemoteCalendar, loopback: Loopback, time: str, zone: str
    ) -> None:
        put(calendar, a_wanted())
        [event] = loopback_events(calendar, loopback)
        event["start"] = {"dateTime": time, "timeZone": zone}
        loopback.fail(Fault("status", 200, {"value": [event]}))

        [listed] = listing(calendar)

        assert listed.content == a_wanted().content


def loopback_events(calendar: RemoteCalendar, loopback: Loopback) -> list[dict[str, Any]]:
    """What the service really answers to a listing, to be changed."""
    answers: list[Answer] = []
    answer = loopback.answer

    def overheard(request: Request) -> Answer:
        answers.append(answer(request))
        return answers[-1]

    loopback.answer = overheard
    listing(calendar)
    loopback.answer = answer
    found: list[dict[str, Any]] = answers[0].body["value"]
    return found


class TestCalendars:
    def test_a_calendar_of_our_own_is_made_once(
        self, microsoft: Microsoft, server: GraphServer, access: Secret
    ) -> None:
        made = microsoft.create_calendar(access, name="On call (Ann)", marker=MARKER, again=False)
        found = microsoft.create_calendar(access, name="On call (Ann)", marker=MARKER, again=True)

        assert made == found
        assert [one.name for one in server.mailbox(ANN).calendars.values()] == ["Calendar", "On call (Ann)"]

    def test_a_creation_whose_answer_was_lost_finds_the_calendar(
        self, microsoft: Microsoft, server: GraphServer, loopback: Loopback, access: Secret
    ) -> None:
        loopback.fail(Fault("drop-after"))
        with pytest.raises(Unavailable):
            microsoft.create_calendar(access, name="On call", marker=MARKER, again=False)

        calendar_id, name = microsoft.create_calendar(access, name="On call", marker=MARKER, again=False)

        assert server.mailbox(ANN).calendars[calendar_id].name == name == "On call"
        assert len(server.mailbox(ANN).calendars) == 2

    def test_the_calendar_is_found_among_many(
        self, microsoft: Microsoft, server: GraphServer, access: Secret
    ) -> None:
        for number in range(25):
            server.mailbox(ANN).add_calendar(f"Project {number}")
        wanted = server.mailbox(ANN).add_calendar("On Call")

        found = microsoft.create_calendar(access, name="On call", marker=MARKER, again=True)

        assert found == (wanted.id, "On Call")

    def test_the_account_is_the_owner_of_the_main_calendar(
        self, microsoft: Microsoft, access: Secret
    ) -> None:
        assert microsoft.account(access) == ANN

    def test_a_token_that_does_not_tell_its_account_has_none(
        self, microsoft: Microsoft, server: GraphServer
    ) -> None:
        assert microsoft.account(Secret(server.entra.access(ANN, "Mail.Read"))) == ""

    def test_a_consent_that_is_too_small_is_named(self, microsoft: Microsoft, server: GraphServer) -> None:
        access = Secret(server.entra.access(ANN, "Calendars.Read"))

        with pytest.raises(NeedsConsent, match=r"Calendars\.ReadWrite"):
            microsoft.create_calendar(access, name="On call", marker=MARKER, again=True)

    def test_what_is_left_to_do_after_a_disconnection_is_said(self, microsoft: Microsoft) -> None:
        assert "https://myapps.microsoft.com" in microsoft.revoke(Secret("0.refresh"))


def test_ids_with_strange_letters_reach_the_service(
    microsoft: Microsoft, person: OutlookPerson, access: Secret
) -> None:
    person.calendar.id = "AA/k+1 %2F?#=="
    person.mailbox.calendars = {person.calendar.id: person.calendar}
    calendar = microsoft.calendar(access, CalendarPlace(person.calendar.id, MARKER))

    made = put(calendar, a_wanted())
    calendar.delete(made)

    assert listing(calendar) == []
