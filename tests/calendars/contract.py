"""What a remote calendar promises, whoever provides it; each provider's tests run all of it.

`CalendarContract` also holds of the real services: it needs a calendar and a person who uses the same calendar
by hand. `FaultContract` needs the network between them to fail, so it needs a loopback server.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import Protocol

import pytest

from oncall_gitops.calendars.failures import (
    CalendarFailure,
    Changed,
    Throttled,
    Unauthorized,
    Unavailable,
)
from oncall_gitops.calendars.protocol import Burnt, RemoteCalendar
from oncall_gitops.core.model.calendar import EventContent, ListedEvent, WantedEvent
from oncall_gitops.core.model.instant import Instant
from tests.builders import at
from tests.calendars.loopback import Fault, Loopback

MONDAY = at("2026-11-23T09:00Z")
HOUR, DAY = 3600, 86_400


class Person(Protocol):
    """Somebody who uses the same calendar by hand, in the provider's own pages."""

    def edit(self, remote_id: str, *, summary: str) -> None: ...

    def move(self, remote_id: str, *, start: Instant, end: Instant) -> None: ...

    def mark_busy(self, remote_id: str) -> None:
        """Show the time as busy; what they see is the same event otherwise."""

    def delete(self, remote_id: str) -> None:
        """Into the bin."""

    def purge(self, remote_id: str) -> None:
        """Into the bin and out of it, for ever."""

    def copy(self, remote_id: str) -> str:
        """Duplicate an event, with everything that is in it; the copy's id."""

    def add(self, *, summary: str, start: Instant, end: Instant) -> str:
        """An event of their own; its id."""

    def look(self, remote_id: str) -> object | None:
        """An event with all that the provider keeps of it (its version too), comparable; None if it is gone."""


def a_wanted(
    key: str = "schedule|primary|1",
    *,
    summary: str = "On call: Payments",
    description: str = "Team: Payments\nSource: primary",
    start: Instant = MONDAY,
    end: Instant = MONDAY + DAY,
    timezone: str = "Europe/Berlin",
) -> WantedEvent:
    return WantedEvent(key, EventContent(summary, description, start, end, timezone), "schedule")


def put(calendar: RemoteCalendar, wanted: WantedEvent, *, generation: int = 0) -> ListedEvent:
    """Insert as the sync does: a burnt generation is followed by the next."""
    while isinstance(made := calendar.insert(wanted, generation=generation), Burnt):
        generation += 1
        assert generation < 5, "every generation is burnt"
    return made


def listing(calendar: RemoteCalendar) -> list[ListedEvent]:
    return calendar.events(ending_after=MONDAY - DAY)


def contents(calendar: RemoteCalendar) -> dict[str, EventContent | None]:
    """What stands under each key, of which there is one event each."""
    events = listing(calendar)
    found = {event.key: event.content for event in events}
    assert len(found) == len(events), "a key has two events"
    return found


class CalendarContract:
    """A subclass gives the fixtures `calendar`, `neighbour` and `person`: one new empty calendar under two
    markers, and its owner."""

    def test_a_new_calendar_holds_nothing_of_ours(self, calendar: RemoteCalendar) -> None:
        assert listing(calendar) == []

    def test_an_inserted_event_is_listed_as_it_was_wanted(self, calendar: RemoteCalendar) -> None:
        wanted = a_wanted()
        made = put(calendar, wanted)

        [listed] = listing(calendar)

        assert (made.key, made.generation, made.content) == (wanted.key, 0, wanted.content)
        assert (made.start, made.end) == (wanted.content.start, wanted.content.end)
        assert replace(listed, etag="") == replace(made, etag="")

    @pytest.mark.parametrize(
        "description",
        [
            "",
            "one line",
            "Team: Payments\nSource: primary\nReason: “Æ ß 漢字 🎈 \u05e9\u05dc\u05d5\u05dd”",
            "a < b & c > d; <b>not bold</b> &amp; \"quoted\" 'too' \\ {x} %20",
            "\n".join(f"line {number}: {'long ' * 12}" for number in range(60)).replace(" \n", "\n").strip(),
            "https://example.org/?a=b&c=d#e\ttabbed  twice spaced",
        ],
        ids=["empty", "plain", "foreign letters", "markup", "long", "link"],
    )
    def test_every_description_comes_back_as_it_went(
        self, calendar: RemoteCalendar, description: str
    ) -> None:
        wanted = a_wanted(description=description)
        put(calendar, wanted)

        assert contents(calendar) == {wanted.key: wanted.content}

    @pytest.mark.parametrize(
        "summary", ["On call: Zürich 🚒 & <ops>", "On call: " + "x" * 200, "On call: 'a' \"b\" \\c"]
    )
    def test_every_summary_comes_back_as_it_went(self, calendar: RemoteCalendar, summary: str) -> None:
        wanted = a_wanted(summary=summary)
        put(calendar, wanted)

        assert contents(calendar) == {wanted.key: wanted.content}

    @pytest.mark.parametrize(
        ("start", "timezone"),
        [
            ("2026-10-25T00:30Z", "Europe/Berlin"),  # 02:30, the first time
            ("2026-10-25T01:30Z", "Europe/Berlin"),  # 02:30, the second time
            ("2027-03-14T08:00Z", "America/Chicago"),
            ("2026-12-31T23:59:59Z", "Asia/Kathmandu"),
            ("2026-11-23T09:00:01Z", "UTC"),
        ],
    )
    def test_instants_and_zones_come_back_exactly(
        self, calendar: RemoteCalendar, start: str, timezone: str
    ) -> None:
        wanted = a_wanted(start=at(start), end=at(start) + HOUR + 1, timezone=timezone)
        put(calendar, wanted)

        [listed] = calendar.events(ending_after=at(start))

        assert listed.content == wanted.content

    def test_events_are_listed_until_they_have_ended(self, calendar: RemoteCalendar) -> None:
        put(calendar, a_wanted("past", start=MONDAY - 2 * DAY, end=MONDAY - DAY))
        put(calendar, a_wanted("now", start=MONDAY - DAY, end=MONDAY + HOUR))
        put(calendar, a_wanted("far", start=MONDAY + 89 * DAY, end=MONDAY + 90 * DAY))

        assert {event.key for event in calendar.events(ending_after=MONDAY)} == {"now", "far"}

    def test_inserting_twice_leaves_one(self, calendar: RemoteCalendar) -> None:
        first, second = put(calendar, a_wanted()), put(calendar, a_wanted())

        assert first.remote_id == second.remote_id
        assert contents(calendar) == {a_wanted().key: a_wanted().content}

    def test_inserting_again_writes_what_is_wanted_now(self, calendar: RemoteCalendar) -> None:
        put(calendar, a_wanted())
        shorter = a_wanted(end=MONDAY + HOUR, summary="On call: Renamed")

        assert put(calendar, shorter).content == shorter.content
        assert contents(calendar) == {shorter.key: shorter.content}

    def test_two_generations_of_a_key_are_two_events(self, calendar: RemoteCalendar) -> None:
        put(calendar, a_wanted())
        put(calendar, a_wanted(), generation=3)

        assert sorted(event.generation for event in listing(calendar)) == [0, 3]

    def test_an_update_writes_everything_over(self, calendar: RemoteCalendar) -> None:
        made = put(calendar, a_wanted())
        other = a_wanted(
            summary="On call: Search",
            description="",
            start=MONDAY + HOUR,
            end=MONDAY + 2 * HOUR,
            timezone="UTC",
        )

        updated = calendar.update(made, other)

        assert updated is not None
        assert (updated.remote_id, updated.generation, updated.content) == (made.remote_id, 0, other.content)
        assert contents(calendar) == {other.key: other.content}

    def test_what_an_update_answers_can_be_updated_and_deleted(self, calendar: RemoteCalendar) -> None:
        made = put(calendar, a_wanted())
        once = calendar.update(made, a_wanted(summary="once"))
        assert once is not None
        twice = calendar.update(once, a_wanted(summary="twice"))
        assert twice is not None

        calendar.delete(twice)

        assert listing(calendar) == []

    def test_a_deleted_event_is_gone_and_deleting_it_again_is_no_error(
        self, calendar: RemoteCalendar
    ) -> None:
        made = put(calendar, a_wanted())

        calendar.delete(made)
        calendar.delete(made)

        assert listing(calendar) == []

    def test_what_we_deleted_can_be_made_again(self, calendar: RemoteCalendar) -> None:
        calendar.delete(put(calendar, a_wanted()))

        put(calendar, a_wanted())

        assert contents(calendar) == {a_wanted().key: a_wanted().content}

    def test_a_hand_edit_shows_and_is_written_over(self, calendar: RemoteCalendar, person: Person) -> None:
        person.edit(put(calendar, a_wanted()).remote_id, summary="mine now")
        [edited] = listing(calendar)
        assert edited.content != a_wanted().content

        assert calendar.update(edited, a_wanted()) is not None
        assert contents(calendar) == {a_wanted().key: a_wanted().content}

    def test_a_moved_event_is_listed_where_it_is(self, calendar: RemoteCalendar, person: Person) -> None:
        made = put(calendar, a_wanted())
        person.move(made.remote_id, start=MONDAY + HOUR, end=MONDAY + 3 * HOUR)

        [moved] = listing(calendar)

        assert (moved.key, moved.start, moved.end) == (made.key, MONDAY + HOUR, MONDAY + 3 * HOUR)
        assert moved.content != a_wanted().content

    def test_an_event_that_blocks_the_time_is_not_as_wanted(
        self, calendar: RemoteCalendar, person: Person
    ) -> None:
        person.mark_busy(put(calendar, a_wanted()).remote_id)
        [busy] = listing(calendar)
        assert busy.content is None

        calendar.update(busy, a_wanted())

        assert contents(calendar) == {a_wanted().key: a_wanted().content}

    def test_an_edit_that_was_not_seen_is_not_written_over(
        self, calendar: RemoteCalendar, person: Person
    ) -> None:
        [seen] = [put(calendar, a_wanted())]
        person.edit(seen.remote_id, summary="mine now")
        edited = person.look(seen.remote_id)

        with pytest.raises(Changed):
            calendar.update(seen, a_wanted(end=MONDAY + HOUR))
        with pytest.raises(Changed):
            calendar.delete(seen)

        assert person.look(seen.remote_id) == edited

    @pytest.mark.parametrize("way", ["delete", "purge"])
    def test_updating_a_gone_event_says_so_and_it_can_be_made_again(
        self, calendar: RemoteCalendar, person: Person, way: str
    ) -> None:
        made = put(calendar, a_wanted())
        getattr(person, way)(made.remote_id)

        with suppress(Changed):
            assert calendar.update(made, a_wanted(end=MONDAY + HOUR)) is None

        assert listing(calendar) == []
        put(calendar, a_wanted())
        assert contents(calendar) == {a_wanted().key: a_wanted().content}

    @pytest.mark.parametrize("way", ["delete", "purge"])
    def test_deleting_a_gone_event_is_no_error(
        self, calendar: RemoteCalendar, person: Person, way: str
    ) -> None:
        made = put(calendar, a_wanted())
        getattr(person, way)(made.remote_id)

        calendar.delete(made)

        assert listing(calendar) == []

    @pytest.mark.parametrize("way", ["delete", "purge"])
    def test_what_a_person_deleted_comes_back_once(
        self, calendar: RemoteCalendar, person: Person, way: str
    ) -> None:
        getattr(person, way)(put(calendar, a_wanted()).remote_id)
        assert listing(calendar) == []

        later = a_wanted(end=MONDAY + HOUR)
        put(calendar, later)
        put(calendar, later)

        assert contents(calendar) == {later.key: later.content}

    def test_a_copy_is_the_persons_own(self, calendar: RemoteCalendar, person: Person) -> None:
        made = put(calendar, a_wanted())
        copy = person.copy(made.remote_id)
        before = person.look(copy)

        [listed] = listing(calendar)
        assert listed.remote_id == made.remote_id
        calendar.delete(listed)

        assert person.look(copy) == before is not None

    def test_foreign_events_stay_as_they_are(self, calendar: RemoteCalendar, person: Person) -> None:
        foreign = [
            person.add(summary="On call: Payments", start=MONDAY, end=MONDAY + DAY),
            person.add(summary="Dentist", start=MONDAY + HOUR, end=MONDAY + 2 * HOUR),
        ]
        before = [person.look(remote_id) for remote_id in foreign]
        assert listing(calendar) == []

        made = put(calendar, a_wanted())
        updated = calendar.update(made, a_wanted(end=MONDAY + HOUR))
        assert updated is not None
        calendar.delete(updated)
        put(calendar, a_wanted())

        assert [person.look(remote_id) for remote_id in foreign] == before
        assert None not in before

    def test_two_markers_do_not_see_each_other(
        self, calendar: RemoteCalendar, neighbour: RemoteCalendar
    ) -> None:
        put(calendar, a_wanted(summary="On call: ours"))
        put(neighbour, a_wanted(summary="On call: theirs"))

        [ours], [theirs] = listing(calendar), listing(neighbour)
        calendar.delete(ours)

        assert ours.remote_id != theirs.remote_id
        assert listing(neighbour) == [theirs]


LOST = {
    "dropped before": Fault("drop-before"),
    "dropped after": Fault("drop-after"),
    "truncated": Fault("truncate"),
    "cut": Fault("cut"),
    "500": Fault("status", 500),
    "503": Fault("status", 503),
}
"""Calls whose effect we cannot know."""

lost_in_every_way = pytest.mark.parametrize("lost", LOST.values(), ids=LOST)


class FaultContract:
    """A subclass also gives `loopback`, the server under the calendar, `small_pages` (it answers few events a page),
    and `secrets` (what must never be read in a failure)."""

    def test_each_call_is_one_request(self, calendar: RemoteCalendar, loopback: Loopback) -> None:
        loopback.forget()
        listing(calendar)
        made = put(calendar, a_wanted())
        updated = calendar.update(made, a_wanted(end=MONDAY + HOUR))
        assert updated is not None
        calendar.delete(updated)

        assert loopback.count() == 4

    @lost_in_every_way
    def test_a_lost_insert_can_be_repeated(
        self, calendar: RemoteCalendar, loopback: Loopback, lost: Fault
    ) -> None:
        listing(calendar)
        loopback.fail(lost)
        with pytest.raises(Unavailable):
            put(calendar, a_wanted())

        put(calendar, a_wanted())

        assert contents(calendar) == {a_wanted().key: a_wanted().content}

    @lost_in_every_way
    def test_a_lost_update_can_be_repeated(
        self, calendar: RemoteCalendar, loopback: Loopback, lost: Fault
    ) -> None:
        made, other = put(calendar, a_wanted()), a_wanted(end=MONDAY + HOUR)
        loopback.fail(lost)
        with pytest.raises(Unavailable):
            calendar.update(made, other)

        [listed] = listing(calendar)
        calendar.update(listed, other)

        assert contents(calendar) == {other.key: other.content}

    @pytest.mark.parametrize("lost", [LOST[name] for name in ("dropped before", "dropped after", "503")])
    def test_a_lost_deletion_can_be_repeated(
        self, calendar: RemoteCalendar, loopback: Loopback, lost: Fault
    ) -> None:
        made = put(calendar, a_wanted())
        loopback.fail(lost)
        with pytest.raises(Unavailable):
            calendar.delete(made)

        calendar.delete(made)

        assert listing(calendar) == []

    @lost_in_every_way
    def test_a_lost_listing_is_no_empty_listing(
        self, calendar: RemoteCalendar, loopback: Loopback, lost: Fault
    ) -> None:
        put(calendar, a_wanted())
        loopback.fail(lost)

        with pytest.raises(Unavailable):
            listing(calendar)

        assert len(listing(calendar)) == 1

    def test_a_request_that_arrives_twice_leaves_one_event(
        self, calendar: RemoteCalendar, loopback: Loopback
    ) -> None:
        loopback.fail(Fault("twice"))

        put(calendar, a_wanted())

        assert contents(calendar) == {a_wanted().key: a_wanted().content}

    def test_a_listing_has_all_its_pages(
        self, calendar: RemoteCalendar, loopback: Loopback, small_pages: None
    ) -> None:
        wanted = [a_wanted(f"key {number}") for number in range(11)]
        for one in wanted:
            put(calendar, one)
        loopback.forget()

        assert contents(calendar) == {one.key: one.content for one in wanted}
        assert loopback.count() > 2

    def test_a_listing_that_loses_its_last_page_is_no_listing(
        self, calendar: RemoteCalendar, loopback: Loopback, small_pages: None
    ) -> None:
        for number in range(7):
            put(calendar, a_wanted(f"key {number}"))
        loopback.fail(Fault("delay"), Fault("drop-after"))

        with pytest.raises(Unavailable):
            listing(calendar)

    @pytest.mark.parametrize(
        ("header", "after"), [((("Retry-After", "7"),), 7.0), ((), None), ((("Retry-After", "soon"),), None)]
    )
    def test_a_429_says_how_long_to_wait(
        self,
        calendar: RemoteCalendar,
        loopback: Loopback,
        header: tuple[tuple[str, str], ...],
        after: float | None,
    ) -> None:
        loopback.fail(Fault("status", 429, headers=header))

        with pytest.raises(Throttled) as caught:
            listing(calendar)

        assert caught.value.after == after
        assert loopback.count() >= 1

    @pytest.mark.parametrize("call", ["list", "insert", "update", "delete"])
    def test_a_401_is_a_matter_of_the_token(
        self, calendar: RemoteCalendar, loopback: Loopback, call: str
    ) -> None:
        made = put(calendar, a_wanted())
        calls: dict[str, Callable[[], object]] = {
            "list": lambda: listing(calendar),
            "insert": lambda: put(calendar, a_wanted("another")),
            "update": lambda: calendar.update(made, a_wanted(end=MONDAY + HOUR)),
            "delete": lambda: calendar.delete(made),
        }
        loopback.fail(Fault("status", 401))

        with pytest.raises(Unauthorized):
            calls[call]()

    @pytest.mark.parametrize("status", [400, 401, 403, 404, 429, 500, 503])
    def test_no_failure_quotes_a_secret_or_a_body(
        self, calendar: RemoteCalendar, loopback: Loopback, secrets: tuple[str, ...], status: int
    ) -> None:
        echoed = {
            "error": {"message": " ".join(secrets), "errors": [{"reason": secrets[0]}], "code": secrets[0]}
        }
        loopback.fail(Fault("status", status, body=echoed))

        with pytest.raises(CalendarFailure) as caught:
            listing(calendar)

        error: BaseException | None = caught.value
        while error is not None:
            assert not any(secret in f"{error} {error!r}" for secret in secrets)
            error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
