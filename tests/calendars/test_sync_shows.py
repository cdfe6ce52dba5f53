"""What an organisation sees of its calendars, by whole commands: who is asked for what, and what stands after."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from oncall_gitops.core.model.calendar import Provider
from oncall_gitops.core.model.instant import instant_text, parse_instant
from oncall_gitops.store.database import Database
from tests.calendars.breakdowns import Frozen
from tests.calendars.loopback import Fault
from tests.calendars.world import DAY, HOUR, NOW, World, a_key, a_world, environment, token_file
from tests.commands.shell import Done, Shell

CONNECTED: tuple[tuple[str, Provider], ...] = (("ann", "google"), ("bob", "microsoft"), ("carol", "google"))
ANN, BOB, CAROL = "ann@example.org", "bob@example.org", "carol@example.org"

USERS = """
users:
  ann: {name: Ann Ng, email: ann@example.org}
  bob: {name: Bob Oz, email: bob@example.org}
  carol: {name: Carol Ek, email: carol@example.org}
"""
TEAM = """
teams:
  web:
    name: Web shop
    schedules:
      primary:
        name: Web primary
        timezone: Europe/Berlin
        start_date: 2026-11-23
        rotation: {type: weekly, users: [ann, bob, carol]}
"""
ROTA = USERS + TEAM
SWAP = """
overrides:
  - {schedule: web/primary, user: bob, replaces: ann, start: 2026-12-14T09:00, end: 2026-12-21T09:00, reason: Moving}
"""


@dataclass
class Company:
    """Three connected people: ann and carol at Google, bob at Microsoft."""

    world: World
    shell: Shell

    def connect(self, user: str, provider: Provider) -> Done:
        file = self.shell.folder / f"{user}.json"
        file.write_text(token_file(self.world, f"{user}@example.org", provider))
        return self.shell.ok(
            "calendar", "connect", provider, "--user", user, "--token-file", str(file), "--as-of", self.now
        )

    @property
    def now(self) -> str:
        return instant_text(self.world.now)

    def reconcile(self, *arguments: str, code: int = 0) -> Done:
        done = self.shell("reconcile", "--yes", "--as-of", self.now, *arguments)
        assert done.code == code, f"exit {done.code}\n{done.out}\n{done.err}"
        return done

    def change(self, text: str, *arguments: str, code: int = 0) -> Done:
        """Write the files and reconcile."""
        self.shell.write(text)
        self.world.forget()
        return self.reconcile(*arguments, code=code)

    def sync(self, *arguments: str, code: int = 0) -> Done:
        self.world.forget()
        done = self.shell("calendar", "sync", "--as-of", self.now, *arguments)
        assert done.code == code, f"exit {done.code}\n{done.out}\n{done.err}"
        return done

    def calendar_of(self, user: str) -> str:
        """The id of the calendar that a person is connected to."""
        [(found,)] = self.world.sql(
            "SELECT calendar_id FROM calendar_syncs JOIN users ON users.id = user_id WHERE slug = %s", user
        )
        return str(found)

    def ids(self, user: str) -> set[str]:
        name = self.calendar_of(user)
        return {one.remote_id for one in self.world.standing() if one.calendar_id == name}

    def an_event(self, user: str, start: str) -> str:
        """The id of a person's event that begins then."""
        name, moment = self.calendar_of(user), parse_instant(start)
        [found] = [
            one.remote_id
            for one in self.world.standing()
            if (one.calendar_id, one.seen.start) == (name, moment)
        ]
        return found

    def listed(self) -> list[dict[str, Any]]:
        return list(self.shell.ok("calendar", "list", "--format", "json").json)

    def is_right(self) -> bool:
        return self.world.ahead() == self.world.wanted() and bool(self.world.wanted())


@pytest.fixture
def world(database: Database) -> Iterator[World]:
    with a_world(database) as world:
        yield world


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shell:
    return Shell(tmp_path, monkeypatch)


@pytest.fixture
def unconnected(world: World, shell: Shell, monkeypatch: pytest.MonkeyPatch) -> Company:
    for name, value in environment(world).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("oncall_gitops.commands.syncing.PATIENCE", 0.0)
    shell.write(ROTA)
    return Company(world, shell)


@pytest.fixture
def company(unconnected: Company) -> Company:
    """Everybody's calendar is filled."""
    unconnected.reconcile("--calendars", "skip")
    for user, provider in CONNECTED:
        unconnected.world.connect(user, provider)
    unconnected.reconcile()
    unconnected.world.forget()
    return unconnected


def test_a_reconcile_fills_the_calendars_of_everybody_who_is_connected(unconnected: Company) -> None:
    unconnected.reconcile()
    for user, provider in CONNECTED:
        unconnected.connect(user, provider)
    assert not unconnected.world.standing()

    done = unconnected.reconcile()

    assert unconnected.is_right()
    assert len(unconnected.world.standing()) == 13
    assert "Calendars: 3 of 3 up to date (13 events made, 0 changed, 0 deleted)." in done.err
    assert "Calendars" not in done.out


def test_a_swapped_shift_is_one_listing_and_one_call_for_each_of_the_two(company: Company) -> None:
    company.change(ROTA + SWAP)

    [ann, bob] = company.calendar_of("ann"), company.calendar_of("bob")
    calls = company.world.calls()
    assert sorted(call.split()[0] for call in calls if ann in call) == ["DELETE", "GET"]
    assert sorted(call.split()[0] for call in calls if bob in call) == ["GET", "POST"]
    assert len(calls) == 4
    assert company.is_right()


def test_what_did_not_change_costs_no_call(company: Company) -> None:
    company.reconcile()
    company.world.advance(HOUR)
    company.reconcile()
    company.shell.ok("worker", "--once", "--as-of", company.now)

    assert company.world.calls() == []
    assert sum(len(loopback.calls) for loopback in company.world.loopbacks) == 0


def test_an_audit_is_one_call_each(company: Company) -> None:
    company.sync()
    assert [call.split()[0] for call in company.world.calls()] == ["GET"] * 3

    company.world.forget()
    company.world.advance(7 * HOUR)
    company.reconcile()
    assert [call.split()[0] for call in company.world.calls()] == ["GET"] * 3
    company.world.forget()
    company.world.advance(HOUR)
    company.reconcile()
    assert company.world.calls() == []


@pytest.mark.parametrize("user", ["ann", "bob"])
def test_what_hands_did_heals_and_what_is_theirs_stays(company: Company, user: str) -> None:
    name = company.calendar_of(user)
    person = company.world.person(name)
    edited, moved, busy, deleted, copied = sorted(company.ids(user))[:4] + sorted(company.ids(user))[3:4]
    company.world.note_foreign(name, person.copy(copied))
    company.world.note_foreign(name, person.add(summary="On call: Web primary", start=NOW, end=NOW + DAY))
    person.edit(edited, summary="mine now")
    person.move(moved, start=NOW + HOUR, end=NOW + 2 * HOUR)
    person.mark_busy(busy)
    person.delete(deleted)
    assert not company.is_right()

    company.sync()

    assert company.is_right()
    assert company.world.foreign_now() == company.world.foreign
    company.sync()
    assert company.world.writes() == []


@pytest.mark.parametrize("user", ["ann", "bob"])
def test_what_was_purged_for_ever_comes_back_under_another_id(company: Company, user: str) -> None:
    purged = min(company.ids(user))
    company.world.person(company.calendar_of(user)).purge(purged)

    company.sync()

    assert company.is_right()
    assert purged not in company.ids(user)
    company.sync()
    assert company.world.writes() == []


def test_a_running_shift_that_is_cut_short_is_one_update_and_stays_as_a_record(company: Company) -> None:
    company.world.advance(3 * DAY)
    running = company.an_event("ann", "2026-11-23T08:00:00Z")
    now = company.now
    company.change(
        ROTA
        + f"\noverrides:\n  - {{schedule: web/primary, user: bob, start: {now}, end: 2026-11-30T09:00, reason: Ill}}"
    )

    ann = company.calendar_of("ann")
    calls = [call.split()[0] for call in company.world.calls() if ann in call]
    assert sorted(calls) == ["GET", "PUT"]
    [record] = [one for one in company.world.standing() if one.remote_id == running]
    assert record.seen.end == company.world.now
    assert company.is_right()

    company.world.advance(40 * DAY)
    company.reconcile()
    assert running in company.ids("ann")


def test_renaming_a_person_and_a_schedule_keeps_their_events(company: Company) -> None:
    before = {user: company.ids(user) for user in ("ann", "bob", "carol")}
    renamed = (
        ROTA.replace("  ann: {", "  anna: {renamed_from: ann, ")
        .replace("[ann,", "[anna,")
        .replace("      primary:\n", "      first:\n        renamed_from: primary\n")
        .replace("Web primary", "Web first")
    )
    company.change(renamed)

    assert company.ids("anna") == before["ann"]
    assert company.ids("bob") == before["bob"]
    assert {call.split()[0] for call in company.world.writes()} == {"PUT", "PATCH"}
    assert {one.seen.summary for one in company.world.standing()} == {"On call: Web first"}
    assert company.is_right()


def test_a_rename_together_with_a_swap_reaches_everybody_concerned(company: Company) -> None:
    renamed = (ROTA + SWAP).replace("  ann: {", "  anna: {renamed_from: ann, ")
    company.change(renamed.replace("[ann,", "[anna,").replace("replaces: ann", "replaces: anna"))

    assert company.is_right()


def test_a_team_that_is_called_otherwise_is_read_so_in_every_event(company: Company) -> None:
    company.change(ROTA.replace("Web shop", "Shop"))

    assert {call.split()[0] for call in company.world.writes()} == {"PUT", "PATCH"}
    assert len(company.world.writes()) == 13


def test_a_deleted_schedule_takes_its_events_to_come_with_it(company: Company) -> None:
    without = ROTA.replace("primary:", "other:").replace("2026-11-23", "2027-06-01")
    company.world.advance(3 * DAY)
    company.change(without, "--allow", "mass-delete", "--allow", "calendar-mass-delete")

    [past] = company.world.standing()
    assert past.seen.end == company.world.now


def test_a_queue_is_left_to_a_worker_and_what_is_skipped_waits_for_the_next_audit(company: Company) -> None:
    company.change(ROTA + SWAP, "--calendars", "queue")
    assert company.world.calls() == []
    done = company.shell.ok("worker", "--once", "--as-of", company.now)
    assert len(company.world.calls()) == 4
    assert "bob (microsoft): 1 made, 0 changed, 0 deleted: ok" in done.err
    assert company.is_right()

    company.change(ROTA, "--calendars", "skip")
    company.reconcile()
    assert company.world.calls() == []
    company.world.advance(7 * HOUR)
    company.reconcile()
    assert company.is_right()


def test_an_override_at_3_a_m_reaches_the_calendars_with_the_next_reconcile_or_worker(
    company: Company,
) -> None:
    done = company.shell.ok(
        *(
            "override",
            "add",
            "web/primary",
            "--user",
            "carol",
            "--until",
            "2026-11-24T08:00",
            "--reason",
            "Ill",
        ),
        *("--as-of", company.now),
    )
    assert company.world.calls() == []
    assert "Connected calendars follow with the next reconcile or worker." in done.err
    company.shell.ok("worker", "--once", "--as-of", company.now)

    assert company.is_right()
    assert company.world.calls()


def test_a_provider_that_is_down_is_exit_6_in_words_and_the_next_reconcile_tries_again(
    company: Company,
) -> None:
    company.world.google.loopback.rate = 1.0
    company.world.google.loopback.kinds = (Fault("status", 503),)
    done = company.change(ROTA + SWAP, code=6)

    assert "Applied." in done.err
    assert "ann (google): Google Calendar could not answer (503)" in done.err
    assert "bob (microsoft)" not in done.err, "one that fails does not stop the others"
    assert company.reconcile(code=6).err.count("(google): Google Calendar could not answer (503)") == 1
    listed = company.shell.ok("calendar", "list").out
    assert "waiting until" in listed

    company.world.clear_faults()
    company.reconcile()
    assert company.is_right()


def test_the_brake_holds_a_mass_deletion_until_it_is_allowed(company: Company) -> None:
    daily = ROTA.replace("weekly", "daily")
    company.change(daily)
    before = company.world.standing()
    only_bob = daily.replace("[ann, bob, carol]", "[bob]")
    done = company.change(only_bob, code=6)

    assert "events would be deleted with nothing in their place; nothing was changed" in done.err
    assert "--allow calendar-mass-delete" in done.err
    ann = company.calendar_of("ann")
    assert [one for one in company.world.standing() if one.calendar_id == ann] == [
        one for one in before if one.calendar_id == ann
    ]
    company.reconcile(code=6)
    assert [row["state"] for row in company.listed()] == ["held", "active", "held"]
    assert (
        "oncall-gitops calendar sync --user ann --allow calendar-mass-delete"
        in company.shell.ok("calendar", "list").out
    )
    company.reconcile("--allow", "calendar-mass-delete")
    assert company.is_right()


def test_files_that_are_put_right_again_release_the_brake(company: Company) -> None:
    daily = ROTA.replace("weekly", "daily")
    company.change(daily)
    company.change(daily.replace("[ann, bob, carol]", "[carol, bob, carol]"), code=6)
    company.change(daily)

    assert company.is_right()
    assert {row["state"] for row in company.listed()} == {"active"}
    assert {row["last_error"] for row in company.listed()} == {None}


@pytest.mark.parametrize("user", ["ann", "bob"])
def test_a_calendar_of_ours_that_was_deleted_is_made_again(company: Company, user: str) -> None:
    name = company.calendar_of(user)
    if user == "ann":
        company.world.google.delete_calendar(name)
    else:
        company.world.person(name).delete_calendar()  # type: ignore[union-attr]

    company.sync()

    assert company.calendar_of(user) != name
    assert company.is_right()
    company.world.forget()
    company.reconcile()
    assert company.world.calls() == []


def test_a_calendar_that_could_not_be_made_again_at_once_is_made_by_the_next_run(company: Company) -> None:
    company.world.google.delete_calendar(company.calendar_of("ann"))
    company.world.google.loopback.matches = lambda request: request.method == "POST"
    company.world.google.loopback.fail(*[Fault("status", 503)] * 3)
    company.sync(code=6)
    company.world.clear_faults()

    company.reconcile()

    assert company.is_right()


def test_a_calendar_that_went_together_with_some_shifts_leaves_no_trace_in_the_journal(
    company: Company,
) -> None:
    company.world.google.delete_calendar(company.calendar_of("ann"))
    company.change(ROTA + SWAP)
    assert company.is_right()
    company.world.forget()
    company.reconcile()
    company.shell.ok("worker", "--once", "--as-of", company.now)

    assert company.world.calls() == []


@pytest.mark.parametrize(
    "lost", ["DELETE FROM calendar_events", "UPDATE calendar_events SET remote_id = NULL"]
)
def test_a_lost_journal_is_written_anew_without_a_second_event(company: Company, lost: str) -> None:
    company.world.sql(lost)
    company.sync()

    assert company.world.writes() == []
    assert company.is_right()
    company.reconcile()
    assert len(company.world.calls()) == 3, "the audit alone"


def test_a_lost_database_finds_its_calendars_and_its_events_again(company: Company) -> None:
    def begin_with_an_empty_database() -> dict[str, str]:
        company.world.sql(
            "TRUNCATE users, teams, schedules, shifts, reconcile_runs, calendar_syncs, database_identity CASCADE"
        )
        company.world.sql("INSERT INTO database_identity DEFAULT VALUES")
        company.reconcile()
        for user, provider in CONNECTED:
            company.connect(user, provider)
        company.reconcile()
        return {user: company.calendar_of(user) for user, _ in CONNECTED}

    for name in company.calendar_of("ann"), company.calendar_of("carol"):
        company.world.google.delete_calendar(name)
    company.world.graph.mailbox(BOB).calendars.pop(company.calendar_of("bob"))
    first = begin_with_an_empty_database()
    assert company.is_right()

    assert begin_with_an_empty_database() == first
    assert company.is_right()


def test_a_lost_journal_does_not_bring_back_what_is_gone(company: Company) -> None:
    company.change(ROTA + SWAP)
    company.world.sql("DELETE FROM calendar_events")
    company.change(ROTA)

    assert company.is_right()


def test_a_token_is_renewed_and_the_new_pair_is_stored(company: Company) -> None:
    company.world.google.tokens.rotates = True
    for _ in range(3):
        company.world.advance(2 * HOUR)
        company.world.graph.entra.expire()
        company.sync()

    assert company.is_right()
    assert len(company.world.calls()) == 3, "it was renewed before it was refused"


def test_a_refused_token_is_renewed_once(company: Company) -> None:
    company.world.google.tokens.expire_access()
    company.world.graph.entra.expire()
    company.sync()

    assert [call.split()[0] for call in company.world.calls()] == ["GET"] * 6
    assert company.is_right()


def test_a_dead_consent_parks_one_and_stops_nobody(company: Company) -> None:
    company.world.google.tokens.revoke_all(ANN)
    done = company.change(ROTA + SWAP, code=6)
    assert "ann (google): Google gives no token (invalid_grant)" in done.err
    assert "run: oncall-gitops calendar connect google --user ann" in done.err

    company.world.forget()
    company.reconcile()
    assert company.world.calls() == [], "who needs a new consent is not asked for again and again"
    assert "needs a new consent" in company.shell.ok("calendar", "list").out
    company.connect("ann", "google")
    company.reconcile()
    assert company.is_right()


def test_without_a_key_a_reconcile_says_what_to_do_and_the_database_is_done(
    company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ONCALL_GITOPS_TOKEN_KEYS")
    done = company.change(ROTA + SWAP, code=6)

    assert (
        "the database is done, calendars are not yet: there is no key to seal calendar tokens with"
        in done.err
    )
    assert "ONCALL_GITOPS_TOKEN_KEYS=" in done.err
    monkeypatch.setenv("ONCALL_GITOPS_TOKEN_KEYS", f"k1:{a_key(1)}")
    company.reconcile()
    assert company.is_right()


def test_a_provider_that_asks_for_a_pause_is_left_alone_until_it_is_over(company: Company) -> None:
    company.world.google.loopback.fail(Fault("status", 429, headers=(("Retry-After", "60"),)))
    company.sync("--user", "ann", code=6)
    done = company.sync("--user", "ann", code=6)

    assert company.world.calls() == [], "not even when somebody asks for it"
    assert "ann (google): Google asks for a slower pace (429); waiting until " in done.err
    company.world.advance(70)
    company.world.expire_leases()
    company.sync("--user", "ann")
    assert len(company.world.calls()) == 1


def test_a_short_pause_is_waited_for(company: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("oncall_gitops.commands.syncing.PATIENCE", 30.0)
    company.world.google.loopback.fail(Fault("status", 429, headers=(("Retry-After", "1"),)))
    company.sync("--user", "ann")

    assert len(company.world.calls()) == 2


def test_somebody_with_two_connections_has_every_shift_in_both(company: Company) -> None:
    company.connect("ann", "microsoft")
    company.change(ROTA + SWAP)

    assert company.is_right()
    assert len({name for name, _ in company.world.ahead()}) == 4


def test_new_weeks_come_into_sight_as_time_goes_on(company: Company) -> None:
    for _ in range(4):
        company.world.advance(10 * DAY)
        company.reconcile()
        assert company.is_right()


def test_shifts_over_a_change_of_clocks_are_as_long_as_they_are(company: Company) -> None:
    company.world.advance(parse_instant("2027-03-20T08:00:00Z") - NOW)
    company.reconcile()

    lengths = {
        one.seen.end - one.seen.start for one in company.world.standing() if one.seen.end > company.world.now
    }
    assert lengths == {7 * DAY, 7 * DAY - HOUR}
    assert company.is_right()


def test_an_event_says_what_the_shift_is_and_blocks_nobodys_time(company: Company) -> None:
    company.change(ROTA + SWAP)
    google, graph = company.world.google, company.world.graph
    event = google.calendars[company.calendar_of("ann")].events[
        company.an_event("ann", "2026-11-23T08:00:00Z")
    ]
    swapped = next(
        calendar.events[event_id]
        for event_id in [company.an_event("bob", "2026-12-14T08:00:00Z")]
        for mailbox in graph.mailboxes.values()
        for calendar in mailbox.calendars.values()
        if event_id in calendar.events
    )

    assert event["summary"] == "On call: Web primary"
    assert event["description"] == "Team: Web shop\nSchedule: web/primary\nSource: base rotation"
    assert event["start"] == {"dateTime": "2026-11-23T08:00:00Z", "timeZone": "Europe/Berlin"}
    assert (event["transparency"], event["reminders"]["useDefault"]) == ("transparent", False)
    assert "attendees" not in event
    assert swapped.body.splitlines()[2:] == ["Source: override, in place of Ann Ng", "Reason: Moving"]
    assert (swapped.fields["showAs"], swapped.fields["isReminderOn"]) == ("free", False)


def test_a_person_whose_name_is_written_in_anothers_event_is_read_there_as_now_called(
    company: Company,
) -> None:
    company.change(ROTA + SWAP)
    company.change((ROTA + SWAP).replace("Ann Ng", "Ann Berg"))

    bob = company.calendar_of("bob")
    assert [call.split()[0] for call in company.world.calls() if bob in call] == ["GET", "PATCH"]


def test_whoever_comes_back_keeps_a_new_consent_when_the_old_connection_is_cleaned(company: Company) -> None:
    company.world.google.loopback.rate, company.world.google.loopback.kinds = 1.0, (Fault("status", 503),)
    without = ROTA.replace("  ann: {name: Ann Ng, email: ann@example.org}\n", "").replace("[ann, bob", "[bob")
    company.change(without, code=6)
    company.world.clear_faults()
    company.change(ROTA, "--calendars", "skip")
    company.connect("ann", "google")
    company.reconcile()

    assert [row["user"] for row in company.listed()] == ["ann", "bob", "carol"]
    company.world.advance(7 * HOUR)
    company.reconcile()
    assert company.is_right()


def test_a_calendar_that_another_worker_is_at_is_waited_for_and_else_told(company: Company) -> None:
    company.change(ROTA + SWAP, "--calendars", "queue")
    frozen = Frozen(company.world, 0, "before")
    assert frozen.lease is not None
    done = company.reconcile(code=6)

    assert f"{frozen.lease.sync.user} ({frozen.lease.sync.provider}): another worker is at it" in done.err
    frozen.thaw()
    company.reconcile()
    assert company.is_right()


def test_a_setting_that_is_wrong_for_one_provider_does_not_stop_the_other(
    company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ONCALL_GITOPS_GRAPH_URL", "http://graph.example.org")
    done = company.change(ROTA + SWAP, code=6)

    assert (
        "bob (microsoft): environment variable ONCALL_GITOPS_GRAPH_URL must begin with https://" in done.err
    )
    ann = company.calendar_of("ann")
    wanted = {seen for name, seen in company.world.wanted() if name == ann}
    assert {seen for name, seen in company.world.ahead() if name == ann} == wanted


def test_a_worker_counts_what_it_did_for_prometheus(company: Company) -> None:
    company.world.google.tokens.revoke_all(CAROL)
    company.change(ROTA + SWAP.replace("user: bob", "user: carol"), "--calendars", "queue")
    done = company.shell("worker", "--once", "--metrics-file", "metrics.prom", "--as-of", company.now)
    text = (company.shell.folder / "metrics.prom").read_text()

    assert done.code == 6
    assert 'oncall_gitops_calendar_runs_total{provider="google",result="ok"} 1.0' in text
    assert 'oncall_gitops_calendar_runs_total{provider="google",result="needsconsent"} 1.0' in text
    assert 'oncall_gitops_calendar_events_total{action="deleted",provider="google"} 1.0' in text
    assert 'oncall_gitops_calendar_connections{state="needs_consent"} 1.0' in text


def test_a_run_whose_end_cannot_be_stored_stops_nobody(company: Company) -> None:
    company.world.sql(
        "ALTER TABLE calendar_events ADD CONSTRAINT no CHECK (remote_id NOT LIKE 'AAk%%') NOT VALID"
    )
    done = company.change(ROTA + SWAP, code=6)
    assert "bob (microsoft): how it went could not be stored" in done.err
    assert "Calendars: 1 of 2 up to date" in done.err

    company.world.sql("ALTER TABLE calendar_events DROP CONSTRAINT no")
    company.world.expire_leases()
    company.reconcile()
    assert company.is_right()
