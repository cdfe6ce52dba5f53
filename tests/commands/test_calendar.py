"""`calendar`: connecting by every way, the list, disconnecting, the keys; whole commands, real servers."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count

import pytest

from tests.calendars.google_server import LIST_CALENDARS, MADE_BY_US
from tests.calendars.loopback import Fault, FaultKind
from tests.commands.calendars import (
    ANN,
    BOB,
    NOW,
    Office,
    a_key,
    an_office,
)
from tests.commands.shell import Shell

CONNECT = ("calendar", "connect", "google", "--user", "ann")


@pytest.fixture
def office(shell: Shell, monkeypatch: pytest.MonkeyPatch, database_url: str) -> Iterator[Office]:
    with an_office(shell, monkeypatch, database_url) as office:
        yield office


def test_without_a_key_connect_refuses_before_anything_and_says_how_to_make_one(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://127.0.0.1:1/none")
    done = shell(*CONNECT, "--token-file", "no-such-file")

    assert done.code == 1
    assert "there is no key to seal calendar tokens with" in done.err
    assert 'ONCALL_GITOPS_TOKEN_KEYS="k1:$(openssl rand -base64 32)"' in done.err


def test_tokens_of_a_file_connect_a_person_to_a_calendar_of_their_own(office: Office) -> None:
    done = office.connect_google()

    assert done.out == (
        "Connected: ann (google) as ann@example.org, calendar On call.\n"
        "The shifts come with the next reconcile or worker, or now: oncall-gitops calendar sync --user ann\n"
    )
    [listed] = office.listed()
    assert (listed["user"], listed["provider"], listed["account"]) == ("ann", "google", ANN)
    assert (listed["state"], listed["calendar_name"], listed["owns_calendar"]) == ("active", "On call", True)
    [calendar] = office.made()
    assert (calendar.id, calendar.summary) == (listed["calendar_id"], "On call")


def test_the_shifts_stand_in_the_calendar_after_the_next_sync(office: Office) -> None:
    office.connect_google()
    office.shell.ok("calendar", "sync", "--user", "ann")

    events = office.google.events_of(ANN)
    assert len(events) == 7
    assert {event["summary"] for event in events} == {"On call: primary"}
    assert office.listed()[0]["last_sync"] is not None


def test_an_apply_may_leave_the_calendars_to_a_worker_by_a_variable(office: Office) -> None:
    office.connect_google()
    office.monkeypatch.delenv("ONCALL_GITOPS_TOKEN_KEYS")
    done = office.shell("reconcile", "--yes")
    assert done.code == 6
    assert "there is no key to seal calendar tokens with" in done.err

    office.set(RECONCILE_CALENDARS="queue")
    office.shell.ok("reconcile", "--yes")
    office.set(TOKEN_KEYS=f"k1:{a_key(1)}")
    office.shell.ok("worker", "--once")
    assert len(office.google.events_of(ANN)) == 7


def test_what_is_stored_is_sealed(office: Office) -> None:
    office.connect_google()
    [(access, refresh, scopes, requested)] = office.rows(
        "SELECT access_token, refresh_token, scopes, calendar_requested_at IS NOT NULL FROM calendar_syncs"
    )

    assert access.startswith("ocg1:k1:")
    assert refresh.startswith("ocg1:k1:")
    assert set(scopes) == {MADE_BY_US, LIST_CALENDARS}
    assert requested
    held = {*office.google.tokens.access, *office.google.tokens.refreshes}
    assert not any(token in access + refresh for token in held)


def test_an_unknown_user_is_refused_with_the_close_one(office: Office) -> None:
    done = office.shell(
        "calendar", "connect", "google", "--user", "anne", "--token-file", office.google_file()
    )

    assert done.code == 1
    assert "there is no user anne" in done.err
    assert "did you mean ann?" in done.err


def test_before_the_first_reconcile_that_is_what_is_named(office: Office) -> None:
    office.rows("TRUNCATE users CASCADE")
    done = office.shell(
        "calendar", "connect", "google", "--user", "ann", "--token-file", office.google_file()
    )

    assert done.code == 1
    assert "the database holds nobody yet: oncall-gitops reconcile" in done.err


@pytest.mark.parametrize(
    "flags",
    [
        ("--token-file", "f", "--organisation"),
        ("--organisation", "--no-browser"),
        ("--device-code",),
    ],
    ids=" ".join,
)
def test_flags_that_do_not_go_together_are_wrong_usage(office: Office, flags: tuple[str, ...]) -> None:
    assert office.shell(*CONNECT, *flags).code == 64


def test_a_token_file_with_mistakes_connects_nothing(office: Office) -> None:
    done = office.shell(*CONNECT, "--token-file", office.token_file(access_token="", expires_at="soon"))

    assert done.code == 1
    assert "the token file: access_token is missing, expires_at is not an instant" in done.err
    assert office.listed() == []
    assert office.shell(*CONNECT, "--token-file", "no-such-file").code == 1


def test_scopes_that_are_missing_are_named(office: Office) -> None:
    done = office.shell(*CONNECT, "--token-file", office.google_file(scopes=(MADE_BY_US,)))

    assert done.code == 1
    assert (
        "the consent does not cover https://www.googleapis.com/auth/calendar.calendarlist.readonly"
        in done.err
    )
    assert office.listed() == []


def test_an_access_token_that_has_expired_is_renewed_and_stored(office: Office) -> None:
    office.google.tokens.rotates = True
    file = office.google_file(expires_at=NOW - 60)
    office.google.tokens.expire_access()
    office.shell.ok(*CONNECT, "--token-file", file)

    assert office.google.loopback.count("POST /token") == 1
    office.shell.ok("calendar", "sync")
    assert office.google.loopback.count("POST /token") == 1
    assert len(office.google.events_of(ANN)) == 7


def test_a_dead_refresh_token_connects_nothing(office: Office) -> None:
    file = office.google_file(expires_at=NOW - 60)
    office.google.tokens.revoke_all(ANN)
    done = office.shell(*CONNECT, "--token-file", file)

    assert done.code == 1
    assert "nothing was connected" in done.err
    assert office.listed() == []


def test_a_lost_answer_to_the_calendars_creation_leaves_one_calendar(office: Office) -> None:
    office.google.loopback.matches = lambda request: (
        (request.method, request.path)
        == (
            "POST",
            "/calendar/v3/calendars",
        )
    )
    office.google.loopback.fail(Fault("drop-after"))
    done = office.shell(*CONNECT, "--token-file", office.google_file())

    assert done.code == 6
    assert "the consent is stored, but the calendar is not made yet" in done.err
    assert office.listed()[0]["state_text"] == "active; the next sync makes its calendar"
    office.connect_google()
    [calendar] = office.made()
    assert office.listed()[0]["calendar_id"] == calendar.id


@pytest.mark.parametrize(
    ("kind", "number"), [("drop-before", 1), ("drop-before", 2), ("drop-after", 2), ("truncate", 2)]
)
def test_whichever_call_breaks_a_second_connect_ends_with_one_calendar(
    office: Office, kind: FaultKind, number: int
) -> None:
    calls = count(1)
    office.google.loopback.matches = lambda request: next(calls) == number
    office.google.loopback.fail(Fault(kind))
    first = office.shell(*CONNECT, "--token-file", office.google_file())
    office.connect_google()
    office.shell.ok("calendar", "sync")

    assert first.code == (1 if number == 1 else 6)
    assert len(office.google.events_of(ANN)) == 7
    assert len(office.made()) == 1


def test_killed_between_the_calendar_and_its_row_a_second_connect_finds_the_calendar(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: object, **__: object) -> None:
        raise SystemExit(137)

    with monkeypatch.context() as patch:
        patch.setattr("oncall_gitops.store.connections.use_calendar", killed)
        patch.setattr("oncall_gitops.store.connections.release", lambda *_, **__: None)
        assert office.shell(*CONNECT, "--token-file", office.google_file()).code == 137
    office.connect_google()

    assert len(office.made()) == 1
    assert office.listed()[0]["calendar_id"] == office.made()[0].id


def test_the_next_sync_makes_the_calendar_that_connect_could_not(office: Office) -> None:
    office.google.loopback.matches = lambda request: request.path == "/calendar/v3/calendars"
    office.google.loopback.fail(Fault("status", 503))
    assert office.shell(*CONNECT, "--token-file", office.google_file()).code == 6
    office.shell.ok("calendar", "sync")

    assert len(office.google.events_of(ANN)) == 7


def test_an_account_that_is_not_told_does_not_stop_a_first_connection(office: Office) -> None:
    office.google.loopback.fail(Fault("status", 405))
    done = office.connect_google()
    assert done.out.startswith("Connected: ann (google), calendar On call.")

    office.connect_google()
    assert office.listed()[0]["account"] == ANN


def test_an_access_token_that_is_dead_before_its_time_is_renewed(office: Office) -> None:
    file = office.google_file(account=ANN)
    office.google.tokens.expire_access()
    office.shell.ok(*CONNECT, "--token-file", file)
    office.shell.ok("calendar", "sync")

    assert office.google.loopback.count("POST /token") == 1
    assert len(office.google.events_of(ANN)) == 7


def test_a_worker_that_is_at_the_connection_is_waited_for(office: Office) -> None:
    office.connect_google()
    office.rows(
        """UPDATE calendar_syncs SET lease_owner = 'a worker', lease_epoch = lease_epoch + 1,
            lease_until = clock_timestamp() + interval '0.6 seconds'"""
    )
    office.connect_google()

    assert office.rows("SELECT lease_owner, lease_epoch FROM calendar_syncs") == [(None, 3)]


def test_a_connect_that_was_killed_is_taken_over_by_the_next_one(office: Office) -> None:
    office.connect_google()
    office.rows(
        """UPDATE calendar_syncs SET lease_owner = 'connect', calendar_id = NULL,
            lease_until = clock_timestamp() + interval '1 minute'"""
    )
    office.connect_google()

    assert len(office.made()) == 1
    assert office.listed()[0]["calendar_id"] == office.made()[0].id


def test_the_roles_of_the_script_are_enough_and_only_sync_may_connect(office: Office) -> None:
    office.run_roles_script()
    office.act_as("sync")
    office.connect_google()
    office.shell.ok("calendar", "sync")
    office.shell.ok("calendar", "rotate-key")

    for role in ("app", "plan"):
        office.act_as(role)
        assert len(office.listed()) == 1
        done = office.shell(*CONNECT, "--token-file", office.google_file())
        assert done.code == 1
        assert "permission denied" in done.err
    office.act_as("sync")
    office.shell.ok("calendar", "disconnect", "google", "--user", "ann")


def test_a_new_consent_of_the_same_account_goes_on_where_the_old_one_ended(office: Office) -> None:
    office.connect_google()
    office.google.tokens.revoke_all(ANN)
    assert office.shell("calendar", "sync").code == 6
    told = office.shell.ok("calendar", "list").out
    assert "needs a new consent: run oncall-gitops calendar connect google --user ann" in told

    done = office.connect_google()
    assert done.out.startswith("Renewed: ann (google) as ann@example.org, calendar On call.")
    assert office.listed()[0]["state"] == "active"
    office.shell.ok("calendar", "sync")
    assert len(office.made()) == 1
    assert len(office.google.events_of(ANN)) == 7


def test_another_account_is_refused_unless_it_is_to_replace_the_first(office: Office) -> None:
    office.connect_google()
    before = office.listed()
    other = (*CONNECT, "--token-file", office.google_file("other@example.org"))
    done = office.shell(*other)

    assert done.code == 1
    assert "ann is connected as ann@example.org, and this consent is of other@example.org" in done.err
    assert "--replace-account" in done.err
    assert office.listed() == before

    done = office.shell.ok(*other, "--replace-account")
    assert "Our events in the calendar of ann@example.org stay" in done.out
    office.shell.ok("calendar", "sync")
    assert len(office.google.events_of("other@example.org")) == 7


def test_swapped_ciphertexts_are_detected_and_told(office: Office) -> None:
    office.connect_google()
    office.connect_google("bob", email=BOB)
    office.rows(
        """UPDATE calendar_syncs AS one SET access_token = other.access_token, refresh_token = other.refresh_token
        FROM calendar_syncs AS other WHERE one.id <> other.id"""
    )
    done = office.shell("calendar", "sync")

    assert done.code == 6
    assert done.out.count("cannot be opened: it was changed, moved here from elsewhere") == 2
    assert office.google.events_of(ANN) == office.google.events_of(BOB) == []


def test_rotate_key_seals_every_token_with_the_first_key(office: Office) -> None:
    office.connect_google()
    office.connect_google("bob", email=BOB)
    office.set(TOKEN_KEYS=f"k2:{a_key(2)},k1:{a_key(1)}")
    assert (
        "anew with the key k2: 4. Sealed with it already: 0." in office.shell.ok("calendar", "rotate-key").out
    )
    assert (
        "anew with the key k2: 0. Sealed with it already: 4." in office.shell.ok("calendar", "rotate-key").out
    )

    office.set(TOKEN_KEYS=f"k2:{a_key(2)}")
    office.shell.ok("calendar", "sync")
    assert len(office.google.events_of(BOB)) == 6


def test_rotate_key_leaves_what_no_key_opens_and_says_whose_it_is(office: Office) -> None:
    office.connect_google()
    office.connect_google("bob", email=BOB)
    office.rows(
        "UPDATE calendar_syncs SET refresh_token = 'ocg1:k0:' || repeat('A', 60) WHERE account LIKE 'bob%'"
    )
    before = office.rows("SELECT access_token FROM calendar_syncs WHERE account LIKE 'bob%'")
    office.set(TOKEN_KEYS=f"k2:{a_key(2)},k1:{a_key(1)}")
    done = office.shell("calendar", "rotate-key")

    assert done.code == 1
    assert "anew with the key k2: 2." in done.out
    assert "bob (google): the refresh token of the calendar connection" in done.err
    assert "sealed with the key 'k0', which is not among the token keys" in done.err
    assert office.rows("SELECT access_token FROM calendar_syncs WHERE account LIKE 'bob%'") == before
