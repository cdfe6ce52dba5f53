"""Which names of time zones are fine, which are old, and which are refused, each with words of its own."""

from __future__ import annotations

import re
import zoneinfo
from pathlib import Path

import pytest

from oncall_gitops.source.zones import _ABBREVIATIONS, _REMOVED, _WINDOWS, zone_fault
from tests.source.reading import judged, places, read, varied


@pytest.mark.parametrize(
    "name",
    [
        "UTC",
        "Etc/UTC",
        "Europe/Berlin",
        "Europe/Oslo",
        "America/New_York",
        "America/Argentina/Buenos_Aires",
        "Australia/Lord_Howe",
        "Asia/Kolkata",
        "Europe/Kyiv",
        "Atlantic/Reykjavik",
    ],
)
def test_the_zone_of_a_place_is_fine(name: str) -> None:
    assert zone_fault(name) is None


@pytest.mark.parametrize(
    ("name", "successor"),
    [
        ("US/Eastern", "America/New_York"),
        ("Europe/Kiev", "Europe/Kyiv"),
        ("Asia/Calcutta", "Asia/Kolkata"),
        ("America/Buenos_Aires", "America/Argentina/Buenos_Aires"),
        ("Iceland", "Atlantic/Reykjavik"),
        ("GB", "Europe/London"),
        ("PRC", "Asia/Shanghai"),
        ("Zulu", "Etc/UTC"),
    ],
)
def test_an_old_name_is_a_warning_that_names_its_successor(name: str, successor: str) -> None:
    fault = zone_fault(name)

    assert fault is not None
    assert (fault.code, fault.is_error) == ("OG902", False)
    assert f'"{successor}"' in fault.help


@pytest.mark.parametrize(
    ("name", "code", "words"),
    [
        ("EST", "OG402", "abbreviation"),
        ("MST", "OG402", "America/Denver"),
        ("HST", "OG402", "Pacific/Honolulu"),
        ("CET", "OG402", "Europe/Paris"),
        ("MET", "OG402", "abbreviation"),
        ("EET", "OG402", "Europe/Athens"),
        ("WET", "OG402", "Europe/Lisbon"),
        ("EST5EDT", "OG402", "America/New_York"),
        ("CST6CDT", "OG402", "America/Chicago"),
        ("MST7MDT", "OG402", "America/Denver"),
        ("PST8PDT", "OG402", "America/Los_Angeles"),
        ("cet", "OG402", "Europe/Paris"),
        ("BST", "OG402", "Europe/London"),
        ("Factory", "OG402", "not the zone of a place"),
        ("localtime", "OG402", "whatever the machine"),
        ("posixrules", "OG402", "not the zone of a place"),
        ("Etc/GMT+5", "OG402", "means UTC-5"),
        ("Etc/GMT-14", "OG402", "means UTC+14"),
        ("GMT+1", "OG402", "fixed offset"),
        ("UTC-03:30", "OG402", "fixed offset"),
        ("+05:00", "OG402", "fixed offset"),
        ("0500", "OG402", "fixed offset"),
        ("MSK-3", "OG402", "POSIX rule"),
        ("<+03>-3", "OG402", "POSIX rule"),
        ("posix/Europe/Berlin", "OG402", 'did you mean "Europe/Berlin"'),
        ("posix/US/Eastern", "OG402", 'write "America/New_York"'),
        ("posix/EST", "OG402", 'did you mean "America/New_York"'),
        ("right/Etc/GMT+5", "OG402", "name the zone of a place, or UTC"),
        ("posix/" * 800, "OG402", "name the zone of a place"),
        ("Etc/gmt+5", "OG402", "means UTC-5"),
        ("us/eastern", "OG401", 'write "America/New_York"'),
        ("right/Europe/Nowhere", "OG402", "leap seconds"),
        ("Eastern Standard Time", "OG402", "America/New_York"),
        ("Middle Earth Standard Time", "OG402", "Windows"),
        ("US/Pacific-New", "OG401", "removed"),
        ("europe/berlin", "OG401", "Europe/Berlin"),
        ("utc", "OG401", '"UTC"'),
        ("Europe/Berlin ", "OG401", "spaces"),
        ("Europe/Belrin", "OG401", "Europe/Berlin"),
        ("America\\New_York", "OG401", "America/New_York"),
        ("America/New York", "OG401", "America/New_York"),
        ("Amer\u0456ca/New_York", "OG401", "<U+0456>"),
        ("zone.tab", "OG401", "unknown"),
        ("America", "OG401", "unknown"),
        ("../UTC", "OG401", "unknown"),
        ("/etc/localtime", "OG401", "unknown"),
        ("", "OG401", "unknown"),
        ("a" * 5000, "OG401", "unknown"),
    ],
)
def test_what_is_no_zone_is_refused_with_words_of_its_own(name: str, code: str, words: str) -> None:
    fault = zone_fault(name)

    assert fault is not None
    assert (fault.code, fault.is_error) == (code, True)
    assert words in f"{fault.message} {fault.help}"
    assert len(fault.message) < 300


def test_every_zone_that_can_be_loaded_has_an_answer_and_only_those_are_accepted() -> None:
    faults = {name: zone_fault(name) for name in zoneinfo.available_timezones()}
    fine = {name for name, fault in faults.items() if fault is None}

    assert 400 < len(fine) < 500
    assert all(fault.help for fault in faults.values() if fault)


def test_no_help_names_a_zone_that_is_old_or_refused() -> None:
    names = [*zoneinfo.available_timezones(), *_ABBREVIATIONS, *_REMOVED]
    names += [f"{windows} Standard Time" for windows in _WINDOWS]
    for name in names:
        for variant in (name, name.lower(), name[:-1], f"posix/{name}", f"right/{name}", f"{name} "):
            fault = zone_fault(variant)
            for better in re.findall('"([^"]+)"', fault.help if fault else ""):
                assert zone_fault(better) is None, (variant, better)


def test_an_old_name_stays_as_it_is_written(tmp_path: Path) -> None:
    loaded = read(tmp_path, varied("timezone: Europe/Berlin\n", "timezone: US/Eastern\n"))

    assert places(judged(loaded)) == ["11:19 OG902"]
    assert loaded.desired is not None
    assert loaded.desired.state.schedules["payments/primary"].timezone == "US/Eastern"
