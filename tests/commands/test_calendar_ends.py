"""Ends of a connection's life: another calendar, a disconnection, somebody who leaves, a consent that is dead."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from oncall_gitops.core.model.instant import parse_instant
from tests.calendars.google_events import Json
from tests.calendars.google_server import OWN_EVENTS
from tests.commands.calendars import ANN, BOB, NOW, WITHOUT_ANN, Office, an_office
from tests.commands.shell import Shell

CONNECT = ("calendar", "connect", "google", "--user", "ann")
DISCONNECT = ("calendar", "disconnect", "google", "--user", "ann")
LATER = "2026-12-09T08:00:00Z"
"""In the middle of ann's second turn."""


@pytest.fixture
def office(shell: Shell, monkeypatch: pytest.MonkeyPatch, database_url: str) -> Iterator[Office]:
    with an_office(shell, monkeypatch, database_url) as office:
        yield office


def to_come(events: list[Json], now: int = NOW) -> list[Json]:
    return [event for event in events if parse_instant(event["end"]["dateTime"]) > now]


def use_primary(office: Office, email: str = ANN, calendar_id: str = ANN) -> None:
    file = office.google_file(email, scopes=(OWN_EVENTS,))
    office.google.primary(email)
    office.shell.ok(*CONNECT, "--token-file", file, "--calendar-id", calendar_id)


def test_an_existing_calendar_can_be_used_and_what_is_not_ours_in_it_is_not_touched(office: Office) -> None:
    theirs = office.google.primary(ANN)
    theirs.events["lunch"] = {
        "id": "lunch",
        "status": "confirmed",
        "summary": "Lunch",
        "start": {"dateTime": "2026-11-24T12:00:00Z"},
        "end": {"dateTime": "2026-11-24T13:00:00Z"},
        "etag": '"1"',
    }
    before = dict(theirs.events["lunch"])
    use_primary(office)
    office.shell.ok("calendar", "sync")

    assert office.made() == []
    assert len(theirs.events) == 8
    office.shell.ok(*DISCONNECT)
    assert to_come(office.google.events_of(ANN)) == [before]


def test_a_calendar_that_is_not_there_connects_nothing(office: Office) -> None:
    file = office.google_file(scopes=(OWN_EVENTS,))
    done = office.shell(*CONNECT, "--token-file", file, "--calendar-id", "none@group.calendar.google.com")

    assert done.code == 1
    assert "this account has no calendar none@group.calendar.google.com; nothing was connected" in done.err
    assert "insufficientPermissions" not in done.err, "what a library warns of is not the person's concern"
    assert office.listed() == []


def test_another_calendar_is_a_switch_and_the_one_before_is_cleaned(office: Office) -> None:
    office.connect_google()
    office.shell.ok("calendar", "sync")
    [made] = office.made()
    file = office.google_file(scopes=(OWN_EVENTS, "https://www.googleapis.com/auth/calendar"))
    office.google.primary(ANN)
    done = office.shell.ok(*CONNECT, "--token-file", file, "--calendar-id", ANN)

    assert f"Our events in the calendar before ({made.id}) go with the next sync." in done.out
    assert office.listed()[0]["leftover_calendars"] == 1
    office.shell.ok("calendar", "sync")
    assert [event for event in made.events.values() if event["status"] != "cancelled"] == []
    assert len(office.google.events_of(ANN)) == 7
    [listed] = office.listed()
    assert (listed["calendar_id"], listed["owns_calendar"], listed["leftover_calendars"]) == (ANN, False, 0)


def test_naming_the_same_calendar_again_changes_nothing_of_it(office: Office) -> None:
    office.connect_google()
    [made] = office.made()
    file = office.google_file(scopes=("https://www.googleapis.com/auth/calendar",))
    office.shell.ok(*CONNECT, "--token-file", file, "--calendar-id", made.id)

    [listed] = office.listed()
    assert (listed["owns_calendar"], listed["leftover_calendars"]) == (True, 0)


def test_disconnecting_removes_the_events_to_come_and_takes_the_consent_back(office: Office) -> None:
    office.connect_google()
    office.shell.ok("calendar", "sync")
    done = office.shell.ok(*DISCONNECT)

    assert "ann (google): disconnected" in done.out
    assert office.google.events_of(ANN) == []
    assert office.listed() == []
    assert not any(grant.alive for grant in office.google.tokens.refreshes.values())
    assert office.rows("SELECT count(*) FROM calendar_events") == [(0,)]


def test_a_disconnection_that_cannot_be_finished_says_what_is_left_and_the_next_sync_finishes_it(
    office: Office,
) -> None:
    office.connect_google()
    office.shell.ok("calendar", "sync")
    office.google.tokens.revoke_all(ANN)
    done = office.shell(*DISCONNECT)

    assert done.code == 6
    assert "ann (google): being removed, and needs a new consent for that: run " in done.err
    assert office.listed()[0]["state"] == "removing-needs-consent"
    assert len(office.google.events_of(ANN)) == 7

    office.connect_google()
    office.shell.ok(*DISCONNECT)
    assert office.listed() == []
    assert office.google.events_of(ANN) == []


def test_what_is_not_connected_cannot_be_disconnected(office: Office) -> None:
    done = office.shell(*DISCONNECT)

    assert done.code == 1
    assert "ann has no google calendar connected" in done.err


def test_a_person_who_leaves_keeps_the_past_and_loses_what_was_to_come(office: Office) -> None:
    office.connect_google()
    office.shell.ok("calendar", "sync")
    office.set(AS_OF=LATER)
    office.google.tokens.now = parse_instant(LATER)
    office.change_rota(WITHOUT_ANN)
    office.shell.ok("calendar", "sync")

    [first] = office.google.events_of(ANN)
    assert first["start"]["dateTime"].startswith("2026-11-23T09:00:00")
    assert office.listed() == []


def test_a_reconnect_finishes_the_removal_of_somebody_who_left_with_a_dead_consent(office: Office) -> None:
    office.connect_google()
    office.shell.ok("calendar", "sync")
    office.google.tokens.revoke_all(ANN)
    office.change_rota(WITHOUT_ANN)
    assert office.shell("calendar", "sync").code == 6
    [listed] = office.listed()
    assert (listed["user"], listed["state"]) == ("ann", "removing-needs-consent")

    done = office.connect_google()
    assert "Renewed: ann (google) as ann@example.org, to finish the removal of this connection." in done.out
    assert office.listed()[0]["state"] == "removing"
    office.shell.ok("calendar", "sync")
    assert office.google.events_of(ANN) == []
    assert office.listed() == []
    assert office.shell(*CONNECT, "--token-file", office.google_file()).code == 1


def test_a_slug_that_is_used_again_is_another_persons_connection(office: Office) -> None:
    office.connect_google()
    office.connect_google("bob", email=BOB)
    office.shell.ok("calendar", "sync")
    office.google.tokens.revoke_all(ANN)
    office.change_rota(WITHOUT_ANN)
    assert office.shell("calendar", "sync").code == 6
    office.change_rota(ROTA_WITH_ANN_AGAIN)
    office.connect_google()

    states = [(row["user"], row["state"]) for row in office.listed()]
    assert sorted(states) == [
        ("ann", "active"),
        ("ann", "removing-needs-consent"),
        ("bob", "active"),
    ]


ROTA_WITH_ANN_AGAIN = WITHOUT_ANN.replace(
    "users:\n", "users:\n  ann: {name: Ann Two, email: ann@example.org}\n"
).replace("[bob]", "[ann, bob]")
