"""What a life is made of: the files of one schedule, and the rows that tell what became of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from oncall_gitops.core.model.instant import Instant, to_datetime
from oncall_gitops.core.model.interval import Interval
from oncall_gitops.core.model.schedule import Schedule
from oncall_gitops.store.database import Database
from tests.builders import a_layer, a_rotation, a_schedule, an_override, whole_days
from tests.faults.rota import NOW
from tests.store.records import sql

HOUR, DAY = 3600, 86_400

Row = tuple[str, Instant, Instant, str, str]
"""A shift: the schedule's id, start, end, the user's id, the source."""


@dataclass(frozen=True, slots=True)
class Rota:
    """What the files say of one schedule."""

    crew: tuple[str, ...] = ("amy", "ben")
    kind: str = "weekly"
    zone: str = "UTC"
    weekend: tuple[str, ...] = ()
    cover: tuple[int, str] | None = None

    @property
    def people(self) -> tuple[str, ...]:
        return (*self.crew, *self.weekend, *([self.cover[1]] if self.cover else []))

    def renamed(self, old: str, new: str) -> Rota:
        crew, weekend = (tuple(new if user == old else user for user in c) for c in (self.crew, self.weekend))
        cover = (self.cover[0], new if self.cover[1] == old else self.cover[1]) if self.cover else None
        return replace(self, crew=crew, weekend=weekend, cover=cover)

    def schedule(self, slug: str) -> Schedule:
        layers = (
            [a_layer("weekend", self.weekend, restrictions=whole_days("SAT SUN"))] if self.weekend else []
        )
        overrides = []
        if self.cover:
            first, user = self.cover
            start, end = (to_datetime(NOW + (first + d) * DAY).date().isoformat() for d in (0, 2))
            overrides = [an_override(user, start, end)]
        rotation = a_rotation(self.crew, type="daily" if self.kind == "daily" else "weekly")
        return a_schedule(rotation, slug=slug, timezone=self.zone, layers=layers, overrides=overrides)


def shifts(database: Database) -> list[Row]:
    """All of them, those of schedules and people who are gone too."""
    return [
        (str(row[0]), row[1], row[2], str(row[3]), row[4])
        for row in sql(
            database,
            "SELECT schedule_id, extract(epoch FROM start_time)::bigint, extract(epoch FROM end_time)::bigint, "
            "user_id, source FROM shifts ORDER BY schedule_id, start_time",
        )
    ]


def rows_of_others(database: Database) -> dict[str, tuple[Any, ...]]:
    """By id; the schedule's id comes second."""
    return {
        str(row[0]): row
        for table in ("schedule_overrides", "schedule_layers")
        for row in sql(database, f"SELECT id, schedule_id, t.* FROM {table} AS t WHERE NOT managed")
    }


def before(rows: Sequence[Row], moment: Instant) -> list[Row]:
    """What the rows tell of the time before a moment."""
    return [
        (s, start, min(end, moment), user, source) for s, start, end, user, source in rows if start < moment
    ]


def within(rows: Sequence[Row], window: Interval, schedule: str) -> list[Row]:
    """The rows of one schedule that meet the window, cut to it."""
    return [
        (s, max(start, window.start), min(end, window.end), user, source)
        for s, start, end, user, source in rows
        if s == schedule and start < window.end and end > window.start
    ]
