"""Which time zone names may stand in a file, judged by the installed tzdata alone.

A zone of a place is fine; an old name that tzdata only keeps as a link is a warning that names its successor;
names that say an offset and not a place (EST, UTC+5, Etc/GMT+5) are refused, each with words of its own:
they know no summer time and are easily read with the opposite sign.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from functools import cache
from importlib import resources

from oncall_gitops.source.spelling import closest
from oncall_gitops.source.syntax import shown_ascii as shown

_REFUSED = frozenset({
    "EST", "MST", "HST", "CET", "MET", "EET", "WET", "EST5EDT", "CST6CDT", "MST7MDT", "PST8PDT",
    "Factory", "localtime", "posixrules",
})  # fmt: skip
_ABBREVIATIONS = {
    "EST": "America/New_York", "EDT": "America/New_York", "ET": "America/New_York",
    "EST5EDT": "America/New_York",
    "CST": "America/Chicago", "CDT": "America/Chicago", "CT": "America/Chicago",
    "CST6CDT": "America/Chicago",
    "MST": "America/Denver", "MDT": "America/Denver", "MT": "America/Denver", "MST7MDT": "America/Denver",
    "PST": "America/Los_Angeles", "PDT": "America/Los_Angeles", "PT": "America/Los_Angeles",
    "PST8PDT": "America/Los_Angeles", "AKST": "America/Anchorage", "HST": "Pacific/Honolulu",
    "BST": "Europe/London", "WET": "Europe/Lisbon", "WEST": "Europe/Lisbon", "CET": "Europe/Paris",
    "CEST": "Europe/Paris", "MET": "Europe/Paris", "MEZ": "Europe/Berlin", "MESZ": "Europe/Berlin",
    "EET": "Europe/Athens", "EEST": "Europe/Athens", "MSK": "Europe/Moscow", "IST": "Asia/Kolkata",
    "JST": "Asia/Tokyo", "KST": "Asia/Seoul", "SGT": "Asia/Singapore", "HKT": "Asia/Hong_Kong",
    "AEST": "Australia/Sydney", "AEDT": "Australia/Sydney", "ACST": "Australia/Adelaide",
    "AWST": "Australia/Perth", "NZST": "Pacific/Auckland", "NZDT": "Pacific/Auckland", "Z": "UTC",
}  # fmt: skip
_WINDOWS = {
    "Eastern": "America/New_York", "Central": "America/Chicago", "Mountain": "America/Denver",
    "Pacific": "America/Los_Angeles", "Alaskan": "America/Anchorage", "Hawaiian": "Pacific/Honolulu",
    "GMT": "Europe/London", "Greenwich": "UTC", "W. Europe": "Europe/Berlin", "Romance": "Europe/Paris",
    "Central Europe": "Europe/Budapest", "Central European": "Europe/Warsaw", "GTB": "Europe/Bucharest",
    "FLE": "Europe/Kyiv", "Russian": "Europe/Moscow", "India": "Asia/Kolkata", "China": "Asia/Shanghai",
    "Tokyo": "Asia/Tokyo", "Korea": "Asia/Seoul", "Singapore": "Asia/Singapore",
    "AUS Eastern": "Australia/Sydney", "New Zealand": "Pacific/Auckland", "Israel": "Asia/Jerusalem",
    "South Africa": "Africa/Johannesburg", "E. South America": "America/Sao_Paulo", "Arabian": "Asia/Dubai",
}  # fmt: skip
_REMOVED = {
    "US/Pacific-New": "America/Los_Angeles",
    "Asia/Riyadh87": "Asia/Riyadh",
    "Canada/East-Saskatchewan": "America/Regina",
}
_BETTER = {
    "Iceland": "Atlantic/Reykjavik", "Africa/Asmera": "Africa/Asmara", "Africa/Timbuktu": "Africa/Bamako",
    "America/Coral_Harbour": "America/Atikokan", "America/Virgin": "America/St_Thomas",
    "Antarctica/South_Pole": "Antarctica/McMurdo", "Pacific/Ponape": "Pacific/Pohnpei",
    "Pacific/Truk": "Pacific/Chuuk", "Pacific/Yap": "Pacific/Chuuk", "Atlantic/Jan_Mayen": "Europe/Oslo",
}  # fmt: skip
"""Successors that the shipped data has lost: there the old name links to where the clocks agree."""

_OFFSET = re.compile(r"(?:(?:UTC|GMT|Etc/GMT|Etc/UTC)\s*)?[+-]?\s*\d{1,2}(?::?\d{2})?|(?:Etc/)?GMT0")
_POSIX = re.compile(r"[A-Za-z]{3,}[+-]?\d{1,2}(?:[A-Za-z]{3,})?(?:,.*)?|<[+-]?\w+>.*")

_COPY = re.compile(r"(?:(posix|right)/)+")


@dataclass(frozen=True, slots=True)
class ZoneFault:
    """Why a name is not fine; a mere warning if it still means one zone."""

    code: str
    message: str
    help: str
    is_error: bool = True


@cache
def zone_fault(name: str) -> ZoneFault | None:
    """What is wrong with a time zone's name; None for one that is fine."""
    places, links = _names()
    if name in _REFUSED or _names_an_offset(name):
        return _no_place(name)
    if name in places or name in ("UTC", "Etc/UTC", "Etc/GMT"):
        return None
    if name in links:
        successor = _BETTER.get(name, links[name])
        message = f"{shown(name)} is an old name of {shown(successor)}"
        return ZoneFault("OG902", message, f'write "{successor}"', is_error=False)
    return _unknown(name)


@cache
def usable_names() -> tuple[list[str], list[str]]:
    """The names that are fine, and the old ones that are read with a warning, each in order."""
    faults = {name: zone_fault(name) for names in _names() for name in names}
    fine = [name for name, fault in faults.items() if fault is None]
    return sorted({*fine, "UTC"}), sorted(
        name for name, fault in faults.items() if fault and not fault.is_error
    )


def _names_an_offset(name: str) -> bool:
    return (name not in _names()[1] and name != "Etc/GMT" and bool(_POSIX.fullmatch(name))) or bool(
        _OFFSET.fullmatch(name)
    )


def _no_place(name: str) -> ZoneFault:
    if name == "localtime":
        message, hint = "localtime is whatever the machine is set to", "name the zone of a place"
    elif name in ("Factory", "posixrules"):
        message, hint = f"{name} is not the zone of a place", "name the zone of a place, or UTC"
    elif name.startswith("Etc/GMT"):
        sign = {"+": "-", "-": "+"}.get(name[7:8], "")
        meant = f": {name} means UTC{sign}{name[8:]}" if sign and name[8:] != "0" else ""
        message = f"{shown(name)} is a fixed offset, with the sign reversed{meant}"
        hint = "name the zone of a place, or UTC"
    elif name in _ABBREVIATIONS:
        message = f"{shown(name)} is an abbreviation and not the zone of a place"
        hint = f'did you mean "{_ABBREVIATIONS[name]}"?'
    elif _OFFSET.fullmatch(name):
        message = f"{shown(name)} is a fixed offset, which knows no summer time"
        hint = 'name the zone of a place, such as "Europe/Berlin", or UTC'
    else:
        message, hint = (
            f"{shown(name)} is a POSIX rule and not the zone of a place",
            "name the zone of a place",
        )
    return ZoneFault("OG402", message, hint)


def _unknown(name: str) -> ZoneFault:
    places, links = _names()
    bare = name.strip()
    if bare != name and (bare in places or bare in links or bare == "UTC"):
        if (fault := zone_fault(bare)) and fault.is_error:
            return fault
        return ZoneFault("OG401", f"there are spaces around the time zone {shown(name)}", _meant(bare))
    if bare.upper() in _ABBREVIATIONS:
        return _no_place(bare.upper())
    if (folded := _by_case().get(bare.lower())) is not None:
        if (fault := zone_fault(folded)) and fault.is_error:
            return fault
        return ZoneFault("OG401", f"unknown time zone {shown(name)}: capitals matter", _meant(folded))
    if found := _COPY.match(name):
        inner = name[found.end() :]
        why = "counts leap seconds" if found[1] == "right" else "depends on the machine"
        better = _meant(inner) if inner in places or inner in links else "name the zone of a place"
        return ZoneFault("OG402", f"{shown(name)} {why} and is not a zone that can be used", better)
    if name in _REMOVED:
        return ZoneFault(
            "OG401", f"{shown(name)} was removed from tzdata", f'did you mean "{_REMOVED[name]}"?'
        )
    if (windows := name.removesuffix(" Standard Time").removesuffix(" Daylight Time")) != name:
        meant = _WINDOWS.get(windows)
        hint = f'did you mean "{meant}"?' if meant else "look up its IANA name, such as Europe/Berlin"
        return ZoneFault("OG402", f"{shown(name)} is a Windows name of a time zone", hint)
    written = name.replace("\\", "/").replace(" ", "_").removeprefix("./")
    guess = _by_city().get(written.lower().rpartition("/")[2]) or closest(written, places)
    hint = _meant(guess) if guess else 'use an IANA name such as "Europe/Berlin", or UTC'
    return ZoneFault("OG401", f"unknown time zone {shown(name)}", hint)


def _meant(name: str) -> str:
    """What to write for a zone that is most likely meant; an old or refused one is not recommended."""
    fault = zone_fault(name)
    return fault.help if fault else f'did you mean "{name}"?'


@cache
def _names() -> tuple[frozenset[str], dict[str, str]]:
    """The zones of places, and the old names with what they link to."""
    folder = resources.files("tzdata") / "zoneinfo"
    listed = {
        line.split("\t")[2]
        for line in (folder / "zone.tab").read_text("utf-8").splitlines()
        if line and not line.startswith("#")
    }
    zones, links = set(), {}
    for line in (folder / "tzdata.zi").read_text("utf-8").splitlines():
        match line.split(" "):
            case ["Z", name, *_]:
                zones.add(name)
            case ["L", target, name]:
                links[name] = target
            case _:
                pass
    places = (zones | listed) - _REFUSED
    return frozenset(places), {name: target for name, target in links.items() if name not in places}


@cache
def _by_city() -> dict[str, str]:
    """The zones by their last part, where it names one alone: `Berlin` is most often meant so."""
    places, _ = _names()
    cities = sorted((name.rpartition("/")[2].lower(), name) for name in places if "/" in name)
    counts = Counter(city for city, _ in cities)
    return {city: name for city, name in cities if counts[city] == 1}


@cache
def _by_case() -> dict[str, str]:
    places, links = _names()
    return {name.lower(): name for name in [*links, *places, "UTC"] if name not in _REFUSED}
