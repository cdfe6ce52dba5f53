"""The same promises, against the real Microsoft: only where LIVE_MICROSOFT_TOKEN is set, else nothing is collected."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import uuid4

import pytest

from oncall_gitops.calendars.identity import marker_of
from oncall_gitops.calendars.microsoft import Microsoft
from oncall_gitops.calendars.protocol import CalendarPlace, RemoteCalendar
from oncall_gitops.core.model.provider import MicrosoftSettings
from tests.calendars.contract import CalendarContract, Person
from tests.calendars.graph_live import TOKEN, LivePerson, live_calendar

if TOKEN:

    class TestTheRealMicrosoft(CalendarContract):
        @pytest.fixture(scope="class")
        def calendar_id(self) -> Iterator[str]:
            with live_calendar() as made:
                yield made

        @pytest.fixture
        def calendar(self, calendar_id: str) -> RemoteCalendar:
            return _open(calendar_id)

        @pytest.fixture
        def neighbour(self, calendar_id: str) -> RemoteCalendar:
            return _open(calendar_id)

        @pytest.fixture
        def person(self, calendar_id: str) -> Person:
            return LivePerson(calendar_id)


def _open(calendar_id: str) -> RemoteCalendar:
    marker = marker_of(instance="test", user_id=str(uuid4()))
    return Microsoft(MicrosoftSettings()).calendar(TOKEN, CalendarPlace(calendar_id, marker))
