"""Which scopes a grant lacks."""

from __future__ import annotations

import pytest

from oncall_gitops.calendars.scopes import missing_scopes

GOOGLE = "https://www.googleapis.com/auth/"
OWN = (f"{GOOGLE}calendar.app.created", f"{GOOGLE}calendar.calendarlist.readonly")


@pytest.mark.parametrize(
    ("granted", "missing"),
    [
        (OWN, []),
        (("openid", *OWN, "email"), []),
        ((), []),
        ((f"{GOOGLE}calendar",), []),
        ((OWN[0], f"{GOOGLE}calendar.readonly"), []),
        ((OWN[0],), [OWN[1]]),
        ((OWN[1],), [OWN[0]]),
        ((f"{GOOGLE}calendar.events",), list(OWN)),
        (("openid",), list(OWN)),
    ],
)
def test_a_calendar_of_our_own_at_google(granted: tuple[str, ...], missing: list[str]) -> None:
    assert missing_scopes(needed=OWN, granted=granted) == missing


@pytest.mark.parametrize("name", ["calendar.events.owned", "calendar.events", "calendar"])
def test_an_existing_calendar_at_google(name: str) -> None:
    needed = (f"{GOOGLE}calendar.events.owned",)

    assert missing_scopes(needed=needed, granted=[f"{GOOGLE}{name}"]) == []
    assert missing_scopes(needed=needed, granted=[OWN[0]]) == list(needed)


@pytest.mark.parametrize(
    "granted",
    [
        ["Calendars.ReadWrite", "offline_access"],
        ["https://graph.microsoft.com/calendars.readwrite"],
        ["Calendars.ReadWrite.Shared"],
        ["https://graph.microsoft.com/.default"],
    ],
)
def test_microsoft_writes_scopes_in_several_ways(granted: list[str]) -> None:
    assert missing_scopes(needed=["Calendars.ReadWrite"], granted=granted) == []
    assert missing_scopes(needed=["Calendars.ReadWrite"], granted=["Calendars.Read"]) == [
        "Calendars.ReadWrite"
    ]
