"""An organisation of any size, as files: what the benchmarks of plans and of the database work on.

A file a team: ten schedules, each with a base rotation, three layers with windows in two zones, and overrides
spread over half a year.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

SCHEDULES_A_TEAM = 10
PEOPLE_A_TEAM = 12
ZONES = ("Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Sydney", "America/Sao_Paulo")
NOW = "2026-11-22T20:00:00Z"
FIRST_OVERRIDE = date(2026, 11, 25)


def write(folder: Path, *, schedules: int, overrides: int = 10) -> None:
    """The files of that many schedules, in a new folder."""
    folder.mkdir(parents=True)
    for team in range(-(-schedules // SCHEDULES_A_TEAM)):
        count = min(SCHEDULES_A_TEAM, schedules - team * SCHEDULES_A_TEAM)
        text = "\n".join(team_lines(team, schedules=count, overrides=overrides))
        (folder / f"team-{team:05}.yaml").write_text(text + "\n", encoding="utf-8")


def edit_one(folder: Path) -> None:
    """Change one schedule: somebody else begins its base rotation."""
    file = folder / "team-00000.yaml"
    text = file.read_text(encoding="utf-8")
    first, second = member(0, 0), member(0, 1)
    assert f"users: [{first}, {second}" in text
    file.write_text(
        text.replace(f"users: [{first}, {second}", f"users: [{second}, {first}", 1), encoding="utf-8"
    )


def member(team: int, number: int) -> str:
    return f"p{team:05}-{number % PEOPLE_A_TEAM}"


def team_lines(team: int, *, schedules: int, overrides: int) -> Iterator[str]:
    """One file: the people, the team, its schedules."""
    yield "users:"
    for number in range(PEOPLE_A_TEAM):
        slug = member(team, number)
        yield f"  {slug}: {{name: Person {slug}, email: {slug}@example.com, timezone: {ZONES[team % len(ZONES)]}}}"
    yield "teams:"
    yield f"  team-{team:05}:"
    yield f"    name: Team {team}"
    yield "    schedules:"
    for number in range(schedules):
        yield from _schedule_lines(team, number, overrides)


def _schedule_lines(team: int, number: int, overrides: int) -> Iterator[str]:
    people = [member(team, number + place) for place in range(6)]
    yield f"      schedule-{number}:"
    yield f"        timezone: {ZONES[team % len(ZONES)]}"
    yield f"        start_date: 202{number % 5}-{team % 12 + 1:02}-{(team + number) % 28 + 1:02}"
    yield f"        rotation: {{type: weekly, handoff_day: MON, users: [{', '.join(people[:4])}]}}"
    yield "        layers:"
    yield "          business:"
    yield "            priority: 10"
    yield f"            rotation: {{type: daily, users: [{', '.join(people[1:5])}]}}"
    yield "            restrictions:"
    yield '              - {days: [MON, TUE, WED, THU, FRI], from: "09:00", to: "17:00"}'
    yield "          weekend:"
    yield "            priority: 20"
    yield f"            rotation: {{type: weekly, handoff_day: SAT, users: [{', '.join(people[3:])}]}}"
    yield "            restrictions: {days_of_week: [SAT, SUN]}"
    yield "          nights:"
    yield "            priority: 5"
    yield f"            timezone: {ZONES[(team + 2) % len(ZONES)]}"
    yield f'            rotation: {{type: custom, rrule: "FREQ=WEEKLY;BYDAY=MO,TH", users: [{", ".join(people[2:])}]}}'
    yield "            restrictions:"
    yield '              - {days: [MON, TUE, WED, THU], from: "10:00", to: "16:00"}'
    if overrides:
        yield "        overrides:"
    for each in range(overrides):
        day = FIRST_OVERRIDE + timedelta(days=(each * 180) // overrides + number % 3)
        yield f"          - {{user: {people[(each + 5) % 6]}, start: {day}T09:00, end: {day}T17:00, reason: Swap}}"
