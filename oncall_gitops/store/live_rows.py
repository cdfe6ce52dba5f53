"""Live rows as values, each with what only its row knows: people first, then the schedules that name them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeAlias, TypeVar

import psycopg
from sqlalchemy import Table

from oncall_gitops.core import address
from oncall_gitops.core.definition import override_address
from oncall_gitops.core.model.layer import Layer
from oncall_gitops.core.model.live import LiveObject
from oncall_gitops.core.model.override import Override
from oncall_gitops.core.model.schedule import Schedule
from oncall_gitops.core.model.state import State
from oncall_gitops.core.model.team import Team
from oncall_gitops.core.model.user import User
from oncall_gitops.store import tables
from oncall_gitops.store.columns import select_rows
from oncall_gitops.store.people_rows import in_written_order, read_team, read_user
from oncall_gitops.store.rotation_rows import Names
from oncall_gitops.store.row import Reading, Row, row_digest
from oncall_gitops.store.schedule_rows import Basis, read_layer, read_override, read_schedule

T = TypeVar("T")

_LIVE = "deleted_at IS NULL"

_SLUGS = "SELECT id::text, slug FROM %s WHERE deleted_at IS NULL"


class KnownPeople:
    """Users and teams that are as the files say; their rows are asked for their ids alone, if at all."""

    def __init__(self, driver: psycopg.Connection[Any], files: State, *, are_needed: bool) -> None:
        self.users, self.teams = dict(sorted(files.users.items())), dict(sorted(files.teams.items()))
        self.slugs = dict(driver.execute((_SLUGS % "users").encode()).fetchall()) if are_needed else {}
        self.team_slugs = dict(driver.execute((_SLUGS % "teams").encode()).fetchall()) if are_needed else {}
        self.objects = {
            known(slug): LiveObject(row_id, managed=True)
            for known, slugs in ((address.user, self.slugs), (address.team, self.team_slugs))
            for row_id, slug in slugs.items()
        }


class ReadPeople:
    """Users and teams, with their slugs by id."""

    def __init__(self, driver: psycopg.Connection[Any]) -> None:
        self.objects: dict[str, LiveObject] = {}
        self.slugs: dict[str, str] = {}
        self.users = dict(sorted(self._users(driver)))
        self.team_slugs: dict[str, str] = {}
        self.teams = dict(sorted(self._teams(driver)))

    def _users(self, driver: psycopg.Connection[Any]) -> Iterable[tuple[str, User]]:
        off = _by(select_rows(driver, tables.user_time_off), "user_id")
        for row in select_rows(driver, tables.users, where=_LIVE):
            time_off = in_written_order(off[row["id"]])
            whole = {
                **row,
                "time_off": [
                    {key: each[key] for key in ("start_time", "end_time", "reason", "spec")}
                    for each in time_off
                ],
            }
            reading = _reading(whole, spec=None)
            user = read_user(row, reading, time_off=time_off)
            self.slugs[row["id"]] = user.slug
            self.objects[address.user(user.slug)] = _object(whole, reading)
            yield user.slug, user

    def _teams(self, driver: psycopg.Connection[Any]) -> Iterable[tuple[str, Team]]:
        members = _by(select_rows(driver, tables.team_members), "team_id")
        for row in select_rows(driver, tables.teams, where=_LIVE):
            ids = sorted(each["user_id"] for each in members[row["id"]] if each["user_id"] in self.slugs)
            team = read_team(row, members=[self.slugs[user_id] for user_id in ids])
            whole = {**row, "members": ids}
            self.team_slugs[row["id"]] = team.slug
            self.objects[address.team(team.slug)] = _object(whole, _reading(whole, spec=None))
            yield team.slug, team


People: TypeAlias = "KnownPeople | ReadPeople"


class Rotas:
    """Schedules with their layers and overrides, and their full names by id."""

    def __init__(
        self,
        driver: psycopg.Connection[Any],
        people: People,
        *,
        only: list[str] | None = None,
        slugs: Mapping[str, str] | None = None,
    ) -> None:
        """`only` the schedules of these ids; then `slugs` are those of all."""
        self.objects: dict[str, LiveObject] = {}
        self.only = only
        rows = [
            row for row in self._rows(driver, tables.schedules, "id") if row["team_id"] in people.team_slugs
        ]
        self.full_names = {row["id"]: f"{people.team_slugs[row['team_id']]}/{row['slug']}" for row in rows}
        self._names = Names(people.slugs, slugs or {row["id"]: row["slug"] for row in rows})
        self._layers = _by(self._rows(driver, tables.schedule_layers, "schedule_id"), "schedule_id")
        self._overrides = _by(self._override_rows(driver), "schedule_id")
        schedules = [self._schedule(row, people.team_slugs[row["team_id"]]) for row in rows]
        self.schedules = {
            schedule.full_name: schedule for schedule in sorted(schedules, key=lambda s: s.full_name)
        }

    def _rows(self, driver: psycopg.Connection[Any], table: Table, key: str) -> list[dict[str, Any]]:
        if self.only is None:
            return select_rows(driver, table, where=_LIVE)
        if not self.only:
            return []
        return select_rows(
            driver, table, where=f"{_LIVE} AND {key} = ANY(%s::uuid[])", parameters=[self.only]
        )

    def _schedule(self, row: Row, team: str) -> Schedule:
        (schedule, basis), reading = _read(
            row, lambda reading: read_schedule(row, reading, team=team, names=self._names)
        )
        self.objects[address.schedule(schedule.full_name)] = _object(row, reading)
        layers = [self._layer(each, schedule, basis) for each in self._layers[row["id"]]]
        overrides = [self._override(each, schedule) for each in self._overrides[row["id"]]]
        return replace(
            schedule,
            layers=tuple(sorted(layers, key=lambda layer: layer.slug)),
            overrides=tuple(sorted((each for each in overrides if each), key=_override_order)),
        )

    def _layer(self, row: Row, schedule: Schedule, basis: Basis) -> Layer:
        layer, reading = _read(row, lambda reading: read_layer(row, reading, basis, names=self._names))
        self.objects[address.layer(schedule.full_name, layer.slug)] = _object(row, reading)
        return layer

    def _override(self, row: Row, schedule: Schedule) -> Override | None:
        override, reading = _read(
            row, lambda reading: read_override(row, reading, timezone=schedule.timezone, names=self._names)
        )
        if override is not None:
            self.objects[override_address(override, schedule)] = _object(row, reading)
        return override

    def _override_rows(self, driver: psycopg.Connection[Any]) -> list[dict[str, Any]]:
        """With the microseconds of `created_at`: it decides between two that others made in one second."""
        rows = self._rows(driver, tables.schedule_overrides, "schedule_id")
        exact = driver.execute(
            b"SELECT id::text, (extract(epoch FROM created_at) * 1000000)::bigint FROM schedule_overrides "
            b"WHERE deleted_at IS NULL AND NOT managed"
        )
        created = dict(exact.fetchall())
        return [{**row, "created_at": created.get(row["id"], 0)} for row in rows]


def _override_order(override: Override) -> tuple[int, str, str, str]:
    return override.start.seconds, override.start.text, override.replaces or "", override.id


def _read(row: Row, read: Callable[[Reading], T]) -> tuple[T, Reading]:
    """Read a row as it was written, or, if what was written was made unreadable, from its columns."""
    reading = _reading(row, spec=row["spec"])
    try:
        return read(reading), reading
    except (ValueError, TypeError, KeyError, AttributeError):
        if reading.untouched:
            raise
        reading = Reading(None, untouched=False)
        return read(reading), reading


def _reading(row: Row, *, spec: Row | None) -> Reading:
    return Reading(spec, untouched=row["managed"] and row["last_applied"] == row_digest(row))


def _object(row: Row, reading: Reading) -> LiveObject:
    return LiveObject(
        id=row["id"],
        managed=row["managed"],
        touched=row["managed"] and not reading.untouched,
        stale=tuple(reading.stale),
        source_file=row.get("source_file") or "",
    )


def _by(rows: Sequence[dict[str, Any]], key: str) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        found[row[key]].append(row)
    return found
