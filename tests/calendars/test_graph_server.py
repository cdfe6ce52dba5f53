"""The loopback Graph is held to what is known of the real one: the traps that a client must not fall into."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import requests

from tests.calendars.graph_server import GraphServer, serving_graph

ANN = "ann@example.com"
SET = "{66f5a359-4659-4830-9070-00047ec6ac6e}"
COLOR = f"String {SET} Name Color"
IMMUTABLE = 'IdType="ImmutableId"'


class Client:
    """Plain HTTP, with nobody's adapter between."""

    def __init__(self, server: GraphServer, account: str | None = ANN) -> None:
        self.server = server
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.headers["Authorization"] = f"Bearer {server.entra.access(account)}"
        self.session.headers["Prefer"] = IMMUTABLE

    def __call__(self, method: str, path: str, body: Any = None, **options: Any) -> requests.Response:
        url = path if path.startswith("http") else f"{self.server.url}/v1.0{path}"
        return self.session.request(method, url, json=body, timeout=5, **options)


@pytest.fixture
def server() -> Iterator[GraphServer]:
    with serving_graph() as (server, _):
        server.mailbox(ANN)
        yield server


@pytest.fixture
def ann(server: GraphServer) -> Iterator[Client]:
    client = Client(server)
    yield client
    client.session.close()


@pytest.fixture
def events(server: GraphServer) -> str:
    [calendar] = server.mailbox(ANN).calendars.values()
    return f"/me/calendars/{calendar.id}/events"


def an_event(**changes: Any) -> dict[str, Any]:
    start, end = (
        {"dateTime": f"2026-11-23T{hour}:00:00", "timeZone": "W. Europe Standard Time"}
        for hour in ("10", "11")
    )
    return {"subject": "Lunch", "start": start, "end": end, **changes}


def colored(value: str) -> dict[str, Any]:
    return an_event(singleValueExtendedProperties=[{"id": COLOR, "value": value}])


def filtered(value: str, *, name: str = COLOR) -> dict[str, str]:
    return {"$filter": f"singleValueExtendedProperties/Any(ep: ep/id eq '{name}' and ep/value eq '{value}')"}


def test_what_is_not_said_is_busy_with_a_reminder_and_comes_back_as_html_with_seven_decimals(
    ann: Client, events: str
) -> None:
    body = {"contentType": "text", "content": "a < b\nc"}

    made = ann("POST", events, an_event(body=body)).json()

    assert (made["showAs"], made["isReminderOn"], made["reminderMinutesBeforeStart"]) == ("busy", True, 15)
    assert made["start"] == {"dateTime": "2026-11-23T09:00:00.0000000", "timeZone": "UTC"}
    assert made["body"]["contentType"] == "html"
    assert "a &lt; b<br>\r\nc" in made["body"]["content"]
    assert made["transactionId"] is None


def test_zone_and_body_are_answered_as_preferred(ann: Client, events: str) -> None:
    ann("POST", events, an_event(body={"content": "a\nb"}))
    prefer = f'{IMMUTABLE}, outlook.timezone="Asia/Kolkata", outlook.body-content-type="text"'

    [event] = ann("GET", events, headers={"Prefer": prefer}).json()["value"]

    assert event["start"] == {"dateTime": "2026-11-23T14:30:00.0000000", "timeZone": "Asia/Kolkata"}
    assert event["body"] == {"contentType": "text", "content": "a\r\nb\r\n"}


def test_a_filter_by_property_ignores_the_case_of_values_alone_and_shows_no_property(
    ann: Client, events: str
) -> None:
    ann("POST", events, colored("Green"))
    ann("POST", events, colored("Red"))

    [found] = ann("GET", events, params=filtered("GREEN")).json()["value"]
    expand = {"$expand": f"singleValueExtendedProperties($filter=id eq '{COLOR}')"}
    [expanded] = ann("GET", events, params=filtered("green") | expand).json()["value"]

    assert "singleValueExtendedProperties" not in found
    assert expanded["singleValueExtendedProperties"] == [{"id": COLOR, "value": "Green"}]
    assert ann("GET", events, params=filtered("Green", name=COLOR.lower())).json()["value"] == []


def test_a_view_of_a_calendar_fails_with_such_a_filter(ann: Client, events: str) -> None:
    view = events.replace("/events", "/calendarView")

    assert ann("GET", view, params=filtered("Green")).status_code == 500


@pytest.mark.parametrize(("status", "names"), [(409, False), (400, True)])
def test_a_repeated_creation_is_an_error_even_after_a_deletion(
    server: GraphServer, ann: Client, events: str, status: int, names: bool
) -> None:
    server.duplicate, server.names_event = status, names
    made = ann("POST", events, an_event(transactionId="t")).json()
    assert made["transactionId"] == "t"

    for _ in range(2):
        refused = ann("POST", events, an_event(transactionId="t"))
        assert refused.status_code == status
        assert refused.json()["error"]["code"] == "ErrorDuplicateTransactionId"
        assert (refused.json()["error"].get("@event.existingEventId") == made["id"]) is names
        ann("DELETE", f"{events}/{made['id']}")

    assert ann("GET", f"{events}/{made['id']}").json()["error"]["code"] == "ErrorItemNotFound"


def test_a_change_is_refused_for_another_version(ann: Client, events: str) -> None:
    made = ann("POST", events, an_event()).json()
    path, old = f"{events}/{made['id']}", {"If-Match": made["@odata.etag"]}

    changed = ann("PATCH", path, {"subject": "Dinner"}, headers=old)
    assert (changed.status_code, changed.json()["showAs"]) == (200, "busy")
    assert changed.json()["@odata.etag"] != made["@odata.etag"]

    for method in ("PATCH", "DELETE"):
        refused = ann(method, path, {"subject": "x"} if method == "PATCH" else None, headers=old)
        assert refused.status_code == 412
        assert refused.json()["error"]["code"] == "ErrorIrresolvableConflict"


def test_pages_are_of_ten_unless_more_is_asked_for(ann: Client, events: str) -> None:
    for number in range(12):
        ann("POST", events, an_event(subject=str(number)))

    first = ann("GET", events).json()
    second = ann("GET", first["@odata.nextLink"]).json()

    assert [len(page["value"]) for page in (first, second)] == [10, 2]
    assert "@odata.nextLink" not in second
    assert len(ann("GET", events, params={"$top": "1000"}).json()["value"]) == 12
    assert ann("GET", events, params={"$top": "1001"}).status_code == 400


@pytest.mark.parametrize(
    "body",
    [
        an_event(colour="red"),
        an_event(id="mine"),
        an_event(showAs="available"),
        an_event(start={"dateTime": "2026-11-23T10:00:00Z", "timeZone": "UTC"}),
        an_event(start={"dateTime": "2026-11-23T10:00:00", "timeZone": "Mars"}),
        an_event(singleValueExtendedProperties=[{"id": "Color", "value": "x"}]),
        an_event(singleValueExtendedProperties=[{"id": COLOR, "value": 1}]),
        {"subject": "when?"},
        [],
    ],
)
def test_a_body_that_is_no_event_is_refused_and_remembered(
    server: GraphServer, ann: Client, events: str, body: Any
) -> None:
    assert ann("POST", events, body).status_code == 400
    assert server.violations


def test_a_transaction_id_cannot_be_changed(server: GraphServer, ann: Client, events: str) -> None:
    made = ann("POST", events, an_event(transactionId="t")).json()

    assert ann("PATCH", f"{events}/{made['id']}", {"transactionId": "u"}).status_code == 400
    assert server.violations


def test_a_mailbox_has_one_calendar_of_a_name(ann: Client) -> None:
    assert ann("POST", "/me/calendars", {"name": "On call"}).status_code == 201
    refused = ann("POST", "/me/calendars", {"name": "on call"})

    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "ErrorFolderExists")
    shown = ann("GET", "/me/calendars").json()["value"]
    assert [(one["name"], one["isDefaultCalendar"]) for one in shown] == [
        ("Calendar", True),
        ("On call", False),
    ]


def test_an_application_names_the_mailbox_and_a_person_has_their_own(server: GraphServer) -> None:
    server.mailbox("bob@example.com")
    application, ann = Client(server, None), Client(server)

    assert application("GET", "/me/calendars").status_code == 400
    assert application("GET", f"/users/{ANN}/calendars").status_code == 200
    assert application("GET", "/users/nobody@example.com/calendars").status_code == 404
    assert ann("GET", f"/users/{ANN}/calendars").status_code == 200
    assert ann("GET", "/users/bob@example.com/calendars").json()["error"]["code"] == "ErrorAccessDenied"
    application.session.close()
    ann.session.close()


def test_a_token_is_good_until_it_is_over(server: GraphServer, ann: Client, events: str) -> None:
    server.entra.expire()

    assert ann("GET", events).json()["error"]["code"] == "InvalidAuthenticationToken"
    assert ann("GET", events).status_code == 401
