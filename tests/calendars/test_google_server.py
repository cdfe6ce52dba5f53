"""The loopback Google keeps to what is known of the real one, so that what passes against it means something."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import requests

from oncall_gitops.core.model.instant import instant_text
from tests.calendars.contract import DAY, HOUR, MONDAY
from tests.calendars.google_events import FakeCalendar, Json
from tests.calendars.google_schema import discovery
from tests.calendars.google_server import LIST_CALENDARS, MADE_BY_US, OWN_EVENTS, FakeGoogle, google_serving

ANN, BOB = "ann@example.org", "bob@example.org"


@pytest.fixture(scope="module")
def server() -> Iterator[FakeGoogle]:
    with google_serving() as fake:
        yield fake


@pytest.fixture
def fake(server: FakeGoogle) -> FakeGoogle:
    server.reset()
    return server


@pytest.fixture
def there(fake: FakeGoogle) -> FakeCalendar:
    return fake.add_calendar(ANN, "On call", by_app=True)


class Client:
    """Plain HTTP as somebody with some scopes."""

    def __init__(self, fake: FakeGoogle, *scopes: str, email: str = ANN) -> None:
        self._fake = fake
        self._token, _ = fake.tokens.grant(email, scopes or (MADE_BY_US, LIST_CALENDARS))

    def __call__(
        self, verb: str, path: str, *, json: Any = None, etag: str = "", **query: Any
    ) -> tuple[int, Json]:
        headers = {"Authorization": f"Bearer {self._token}", **({"If-Match": etag} if etag else {})}
        url = f"{self._fake.loopback.url}/calendar/v3/{path}"
        answer = requests.request(verb, url, json=json, params=query, headers=headers, timeout=5)
        return answer.status_code, answer.json() if answer.content else {}


@pytest.fixture
def call(fake: FakeGoogle, there: FakeCalendar) -> Client:
    return Client(fake)


@pytest.fixture
def events(there: FakeCalendar) -> str:
    return f"calendars/{there.id}/events"


def an_event(event_id: str = "abcde", **fields: Any) -> Json:
    start, end = fields.pop("start", MONDAY), fields.pop("end", MONDAY + HOUR)
    times = {"start": {"dateTime": instant_text(start)}, "end": {"dateTime": instant_text(end)}}
    return {"id": event_id, "summary": "S", **times, **fields}


def reason(answer: tuple[int, Json]) -> tuple[int, str]:
    status, body = answer
    return status, body["error"]["errors"][0]["reason"]


def ids(answer: tuple[int, Json]) -> list[str]:
    assert answer[0] == 200, answer
    return [item["id"] for item in answer[1]["items"]]


def test_an_id_is_taken_for_ever(call: Client, events: str, there: FakeCalendar) -> None:
    assert call("POST", events, json=an_event())[0] == 200
    assert reason(call("POST", events, json=an_event())) == (409, "duplicate")
    assert call("DELETE", f"{events}/abcde")[0] == 204
    assert reason(call("POST", events, json=an_event())) == (409, "duplicate")
    there.purge("abcde")
    assert reason(call("POST", events, json=an_event())) == (409, "duplicate")
    assert reason(call("PUT", f"{events}/abcde", json=an_event())) == (403, "forbidden")
    assert reason(call("GET", f"{events}/abcde")) == (404, "notFound")


def test_a_deleted_event_is_cancelled_until_it_is_written_anew(call: Client, events: str) -> None:
    call("POST", events, json=an_event())
    call("DELETE", f"{events}/abcde")

    assert reason(call("DELETE", f"{events}/abcde")) == (410, "deleted")
    assert call("GET", f"{events}/abcde")[1]["status"] == "cancelled"
    assert ids(call("GET", events)) == []
    assert ids(call("GET", events, showDeleted="true")) == ["abcde"]
    assert call("PATCH", f"{events}/abcde", json={"status": "confirmed"})[1]["status"] == "cancelled"
    assert call("PUT", f"{events}/abcde", json=an_event(sequence=1))[1]["status"] == "confirmed"
    assert ids(call("GET", events)) == ["abcde"]


def test_a_sequence_number_never_falls(call: Client, events: str) -> None:
    call("POST", events, json=an_event())
    later = an_event(start=MONDAY - HOUR)
    assert call("PUT", f"{events}/abcde", json=later)[1]["sequence"] == 1

    assert reason(call("PUT", f"{events}/abcde", json=later)) == (400, "invalid")
    assert call("PUT", f"{events}/abcde", json={**later, "sequence": 1})[1]["sequence"] == 1
    call("DELETE", f"{events}/abcde")
    assert call("GET", f"{events}/abcde")[1]["sequence"] == 2
    assert call("PATCH", f"{events}/abcde", json={"summary": "T"})[0] == 200


@pytest.mark.parametrize("verb", ["PUT", "PATCH", "DELETE"])
def test_a_version_that_is_not_the_last_one_is_refused(call: Client, events: str, verb: str) -> None:
    _, made = call("POST", events, json=an_event())
    _, edited = call("PATCH", f"{events}/abcde", json={"summary": "T"}, etag=made["etag"])
    body = None if verb == "DELETE" else an_event()

    assert reason(call(verb, f"{events}/abcde", json=body, etag=made["etag"])) == (412, "conditionNotMet")
    assert call(verb, f"{events}/abcde", json=body, etag=edited["etag"])[0] in (200, 204)


def test_defaults_are_dropped_and_times_are_in_the_calendars_zone(call: Client, events: str) -> None:
    explicit = {"transparency": "opaque", "visibility": "default", "description": ""}
    quiet = {"reminders": {"useDefault": False, "overrides": []}}
    _, loud = call("POST", events, json=an_event(**explicit))
    _, silent = call("POST", events, json=an_event("fghij", transparency="transparent", **quiet))

    assert not explicit.keys() & loud.keys()
    assert loud["reminders"] == {"useDefault": True}
    assert (silent["transparency"], silent["reminders"]) == ("transparent", {"useDefault": False})
    assert silent["start"] == {"dateTime": "2026-11-23T04:00:00-05:00", "timeZone": "America/New_York"}


def test_a_window_bounds_the_end_from_below_and_the_start_from_above(call: Client, events: str) -> None:
    for number, start in enumerate((MONDAY - HOUR, MONDAY, MONDAY + HOUR)):
        call("POST", events, json=an_event(f"abcd{number}", start=start, end=start + HOUR))

    assert ids(call("GET", events, timeMin=instant_text(MONDAY))) == ["abcd1", "abcd2"]
    assert ids(call("GET", events, timeMax=instant_text(MONDAY + HOUR))) == ["abcd0", "abcd1"]


def test_pages_follow_one_another_and_the_last_one_ends_with_a_synchronisation_token(
    call: Client, events: str
) -> None:
    for number in range(5):
        call("POST", events, json=an_event(f"abcd{number}"))

    first = call("GET", events, maxResults="3")
    second = call("GET", events, maxResults="3", pageToken=first[1]["nextPageToken"])

    assert ids(first) + ids(second) == [f"abcd{number}" for number in range(5)]
    assert ("nextSyncToken" in first[1], "nextSyncToken" in second[1]) == (False, True)
    assert "nextPageToken" not in second[1]


def test_a_synchronisation_token_brings_what_changed_and_what_was_deleted(
    fake: FakeGoogle, call: Client, events: str
) -> None:
    for number in range(3):
        call("POST", events, json=an_event(f"abcd{number}"))
    token = call("GET", events)[1]["nextSyncToken"]
    call("PATCH", f"{events}/abcd0", json={"summary": "T"})
    call("DELETE", f"{events}/abcd1")

    assert ids(call("GET", events, syncToken=token)) == ["abcd0", "abcd1"]
    assert call("GET", events, syncToken=token, timeMin=instant_text(MONDAY))[0] == 400
    fake.sync_from = 10**6
    assert reason(call("GET", events, syncToken=token)) == (410, "fullSyncRequired")


def test_a_private_property_is_filtered_by_its_value(call: Client, events: str) -> None:
    for number in range(2):
        private = {"extendedProperties": {"private": {"mark": f"{number}"}}}
        call("POST", events, json=an_event(f"abcd{number}", **private))

    assert ids(call("GET", events, privateExtendedProperty="mark=1")) == ["abcd1"]


@pytest.mark.parametrize(
    ("scopes", "verb", "path", "status"),
    [
        ((MADE_BY_US,), "GET", "users/me/calendarList", 403),
        ((LIST_CALENDARS,), "GET", "users/me/calendarList", 200),
        ((LIST_CALENDARS,), "GET", f"users/me/calendarList/{ANN}", 404),
        ((LIST_CALENDARS,), "GET", "users/me/calendarList/primary", 200),
        ((LIST_CALENDARS,), "GET", "calendars/primary/events", 403),
        ((MADE_BY_US,), "GET", f"calendars/{ANN}/events", 404),
        ((OWN_EVENTS,), "GET", "calendars/primary/events", 200),
        ((OWN_EVENTS,), "GET", "users/me/calendarList/primary", 403),
        ((OWN_EVENTS,), "POST", "calendars", 403),
        ((MADE_BY_US,), "POST", "calendars", 200),
    ],
)
def test_each_method_wants_its_scope(
    fake: FakeGoogle, scopes: tuple[str, ...], verb: str, path: str, status: int
) -> None:
    body = {"summary": "C"} if verb == "POST" else None

    assert Client(fake, *scopes)(verb, path, json=body)[0] == status


def test_nobody_reaches_the_calendar_of_another(fake: FakeGoogle, there: FakeCalendar, events: str) -> None:
    assert Client(fake, email=BOB)("GET", events)[0] == 404


def test_a_token_dies_with_time_and_with_its_grant(fake: FakeGoogle, call: Client, events: str) -> None:
    assert call("GET", events)[0] == 200
    fake.tokens.revoke_all(ANN)
    assert reason(call("GET", events)) == (401, "authError")

    later = Client(fake)
    fake.tokens.now += DAY
    assert reason(later("GET", events)) == (401, "authError")


@pytest.mark.parametrize(
    ("verb", "change", "query"),
    [
        ("POST", {"colour": "red"}, {}),
        ("POST", {"summary": 5}, {}),
        ("POST", {"start": {"dateTime": "tomorrow"}}, {}),
        ("POST", {"start": {"datetime": "2026-11-23T09:00:00Z"}}, {}),
        ("POST", {"reminders": {"useDefault": "false"}}, {}),
        ("POST", {"extendedProperties": {"private": {"generation": 0}}}, {}),
        ("POST", {"attendees": {}}, {}),
        ("POST", {}, {"sendUpdates": "nobody"}),
        ("POST", {}, {"notify": "false"}),
        ("GET", {}, {"maxResults": "0"}),
        ("GET", {}, {"maxResults": ["5", "6"]}),
        ("GET", {}, {"singleEvents": "yes"}),
        ("GET", {}, {"timeMin": "now"}),
        ("PUT", {}, {}),
    ],
)
def test_a_request_that_googles_description_does_not_allow_is_a_violation(
    fake: FakeGoogle, call: Client, events: str, verb: str, change: Json, query: Json
) -> None:
    body = {**an_event(), **change} if verb == "POST" else None

    assert call(verb, events, json=body, **query)[0] in (400, 404)
    assert len(fake.violations) == 1


def test_times_are_required_as_the_description_says(fake: FakeGoogle, call: Client, events: str) -> None:
    assert call("POST", events, json={"summary": "S"})[0] == 400
    assert fake.violations == [
        "calendar.events.insert: body.end is required",
        "calendar.events.insert: body.start is required",
    ]


@pytest.mark.parametrize(
    "change",
    [
        {"id": "ABCDE"},
        {"id": "abc"},
        {"id": "wxyz0"},
        {"start": {"dateTime": "2026-11-23T09:00:00Z", "timeZone": "Mars/Olympus"}},
        {"end": {"dateTime": "2020-11-23T09:00:00Z"}},
    ],
)
def test_values_that_make_no_sense_are_refused(call: Client, events: str, change: Json) -> None:
    assert call("POST", events, json={**an_event(), **change})[0] == 400


def test_the_description_is_the_one_that_the_client_library_ships() -> None:
    assert (discovery()["id"], discovery()["servicePath"]) == ("calendar:v3", "calendar/v3/")
