"""Files that are made to be slow: each is answered as soon as any other."""

# ruff: noqa: E501 (a table reads better with one line a case)

from __future__ import annotations

from pathlib import Path

import pytest

from tests.source.fuzzing import answered

MINUTES = ",".join(map(str, range(60)))
EVERY_MINUTE = f'{{type: custom, rrule: "FREQ=HOURLY;BYMINUTE={MINUTES}", users: [u0, u1, nobody]}}'
FOREVER = "start: 2026-11-23, end: 2099-12-31"


def people(count: int, *, more: str = "") -> str:
    return "users:\n" + "".join(
        f"  u{number}: {{name: U{number}, email: u{number}@example.com{more}}}\n" for number in range(count)
    )


def schedule(rotation: str, *, slug: str = "s", keys: str = "") -> str:
    return f"      {slug}:\n        timezone: Europe/Berlin\n        start_date: 2026-01-05\n        rotation: {rotation}\n{keys}"


def a_team(*schedules: str, members: str = "[]") -> str:
    return f"teams:\n  t:\n    members: {members}\n    schedules:\n{''.join(schedules)}"


def overrides(*some: str) -> str:
    return "        overrides:\n" + "".join(f"          - {{{override}}}\n" for override in some)


def dated(count: int) -> str:
    places = (f"{{user: u{n}, from: 2026-{1 + n % 12:02}-{1 + n % 28:02}}}" for n in range(count))
    return f"[{', '.join(places)}]"


def moment(number: int) -> str:
    return f"2026-12-01T{number // 3600:02}:{number // 60 % 60:02}:{number % 60:02}"


WEEKLY = "{type: weekly, users: [u0, u1, u2]}"
HOURLY = "{type: custom, rrule: FREQ=HOURLY, users: [u0, u1, u2]}"

SIZES = {
    "a stranger replaced for 73 years of minutes": people(4)
    + a_team(schedule(EVERY_MINUTE, keys=overrides(f"user: u0, replaces: u3, {FOREVER}"))),
    "a thousand overrides that clash": people(4)
    + a_team(schedule(WEEKLY, keys=overrides(*(f"user: u0, replaces: u{1 + n % 2}, start: {moment(n)}, end: 2099-12-31" for n in range(1_000))))),
    "a thousand overrides that are over": people(4)
    + a_team(schedule(WEEKLY, keys=overrides(*(f"user: u0, start: 2026-02-01T{n // 60:02}:{n % 60:02}, end: 2026-02-01T{n // 60:02}:{n % 60:02}:30" for n in range(1_200))))),
    "the same override a thousand times": people(4)
    + a_team(schedule(WEEKLY, keys=overrides(*["user: u0, start: 2026-12-01, end: 2026-12-02"] * 1_000))),
    "thousands of names that are nearly right": people(3_000)
    + a_team(members=f"[{', '.join(f'uu{n}x' for n in range(3_000))}]"),
    "hundreds of members with dates, every hour": people(400)
    + a_team(*(schedule(f"{{type: custom, rrule: FREQ=HOURLY, users: {dated(400)}}}", slug=f"s{n}") for n in range(3))),
    "a hundred who follow": people(3)
    + a_team(schedule(HOURLY), *(f"      f{n}: {{timezone: UTC, start_date: 2026-01-05, coverage: always, rotation: {{follows: s, offset: {n}}}}}\n" for n in range(35))),
    "people who are away all the time": people(30, more=f", time_off: [{', '.join(f'{{start: {2000 + n // 12}-{1 + n % 12:02}-01, end: {2000 + n // 12}-{1 + n % 12:02}-03}}' for n in range(300))}]")
    + a_team(schedule(HOURLY)),
    "hundreds of rules, each with a proof of its own": people(2)
    + a_team(*(schedule(f"{{type: custom, rrule: 'FREQ=YEARLY;INTERVAL=2;BYMONTH={1 + n % 12};BYMONTHDAY={1 + n // 12 % 28}', users: [u0, u1]}}", slug=f"s{n}") for n in range(300))),
    "people in a hundred schedules at once": people(3) + a_team(*(schedule(HOURLY, slug=f"s{n}") for n in range(45))),
    "thousands of people beside a key that is wrong": people(6_000, more=", timezone: Europe/Berlin") + "teams: {}\nx: 1\n",
    "thousands of zones that there are not": people(2)
    + a_team(*(f"      s{n}: {{timezone: Eurpe/Brln{n}, start_date: 2026-01-05, rotation: {{type: daily, users: [u0, u1]}}}}\n" for n in range(1_200))),
    "thousands of overrides outside of their schedule": people(3) + a_team(schedule(WEEKLY))
    + "overrides:\n" + "".join(f"  - {{schedule: t/s, user: u1, start: {moment(9 * n)}, end: {moment(9 * n + 5)}}}\n" for n in range(8_000)),
    "a thousand layers": people(3)
    + a_team(schedule(WEEKLY, keys="        layers:\n" + "".join(f"          l{n}: {{priority: {n + 1}, rotation: {HOURLY}}}\n" for n in range(1_000)))),
}  # fmt: skip


@pytest.mark.parametrize("size", SIZES)
def test_no_file_takes_long(size: str, tmp_path: Path) -> None:
    answered(SIZES[size].encode(), tmp_path, note=size)
