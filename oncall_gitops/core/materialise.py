"""The `shifts` table at instant T: what to cut, remove and add so that it tells what will be, never what was.

Rows before T are history and stay as they are. A row that is running at T is kept while its user and source
stay, and only its end may move; else it ends at T and a new row begins at T. Rows that did not change are not
written again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from oncall_gitops.core import address
from oncall_gitops.core.definition import override_address
from oncall_gitops.core.model.instant import Instant
from oncall_gitops.core.model.interval import Interval
from oncall_gitops.core.model.live import LiveState, StoredShift
from oncall_gitops.core.model.schedule import Schedule
from oncall_gitops.core.model.shift import Shift
from oncall_gitops.core.model.state import State
from oncall_gitops.core.overriding import override_turn
from oncall_gitops.core.resolve import Timetable


class NewShift(NamedTuple):
    """A row of `shifts` to be: a shift with the ids of the layer or override that it comes from."""

    start: Instant
    end: Instant
    user: str
    source: str
    layer_id: str | None
    override_id: str | None

    @property
    def holder(self) -> tuple[str, str]:
        """What must stay the same for a running row to be kept: the user and the source."""
        return self.user, self.layer_id or self.source


@dataclass(frozen=True, slots=True)
class ShiftEdit:
    """What to do to one schedule's rows: remove by id, move ends (id, new end), add."""

    schedule: str
    delete: tuple[str, ...] = ()
    cut: tuple[tuple[str, Instant], ...] = ()
    insert: tuple[NewShift, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.delete or self.cut or self.insert)


def edit_shifts(
    schedule: str,
    *,
    stored: Sequence[StoredShift],
    resolved: Sequence[NewShift],
    at: Instant,
    missed: Sequence[NewShift] = (),
) -> ShiftEdit:
    """Make the rows of one schedule tell `resolved` from T (`at`) on.

    `stored` are the schedule's rows, at least those that end after T, `resolved` the whole shifts that meet
    [T, edge), both in order. `missed` are the shifts between the end of the table and T, cut to it, which were
    never stored.
    """
    future = [shift._replace(start=max(shift.start, at)) for shift in resolved]
    past = list(missed)
    cut: list[tuple[str, Instant]] = []
    running = next((row for row in stored if row.start < at < row.end), None)
    if running:
        end = future.pop(0).end if _goes_on(_as_new(running), future, at) else at
        if end != running.end:
            cut.append((running.id, end))
    elif past and _goes_on(past[-1], future, at):
        past[-1] = past[-1]._replace(end=future.pop(0).end)

    standing = {_as_new(row): row.id for row in stored if row.start >= at}
    wanted = set(future)
    return ShiftEdit(
        schedule,
        delete=tuple(row_id for row, row_id in standing.items() if row not in wanted),
        cut=tuple(cut),
        insert=(*past, *(shift for shift in future if shift not in standing)),
    )


def shift_edits(
    *,
    live: LiveState,
    after: State,
    resolved: Mapping[str, Sequence[Shift]],
    stored: Mapping[str, Sequence[StoredShift]],
    schedules: Iterable[str],
    ids: Mapping[str, str],
    at: Instant,
) -> list[ShiftEdit]:
    """The edits of the schedules that make the table tell `resolved` from T (`at`) on.

    Time that no run has filled before T is filled from `live`, the definitions as they stood; a schedule that
    is not in `after` has no shifts any more. `ids` maps the addresses of both states to row ids.
    """
    edits = []
    for name in schedules:
        new = provenance(after.schedules[name], resolved[name], ids=ids) if name in after.schedules else []
        missed = missed_shifts(live, name, stored=stored.get(name, ()), at=at)
        old = provenance(live.state.schedules[name], missed, ids=ids) if missed else []
        edits.append(edit_shifts(name, stored=stored.get(name, ()), resolved=new, at=at, missed=old))
    return [edit for edit in edits if edit]


def extensions(live: LiveState, *, until: Instant, ids: Mapping[str, str]) -> list[ShiftEdit]:
    """The shifts to add where a schedule is settled and the table ends before `until`."""
    settled, state = live.settled, live.state
    edits = []
    for name, schedule in settled.schedules.items():
        start = settled.shifts_end[name]
        if live.shifts_until[name] < until and start < until:
            shifts = Timetable(schedule, siblings=state.schedules).whole_shifts(Interval(start, until))
            added = provenance(schedule, [shift for shift in shifts if shift.start >= start], ids=ids)
            edits.append(ShiftEdit(name, insert=tuple(added)))
    return [edit for edit in edits if edit]


def missed_shifts(
    live: LiveState, full_name: str, *, stored: Sequence[StoredShift], at: Instant
) -> list[Shift]:
    """The shifts between the end of the table and T, from the definitions as they stood.

    `stored` holds at least the rows that end after the table's edge.
    """
    edge = live.shifts_until.get(full_name)
    if edge is None or edge >= at or full_name not in live.state.schedules:
        return []
    window = Interval(max([edge, *(row.end for row in stored)]), at)
    if window.is_empty:
        return []
    return Timetable(live.state.schedules[full_name], siblings=live.state.schedules).shifts(window)


def provenance(schedule: Schedule, shifts: Iterable[Shift], *, ids: Mapping[str, str]) -> list[NewShift]:
    """Shifts with the ids of their layers and overrides; `ids` maps addresses to row ids."""
    layers = {
        f"layer:{layer.slug}": ids.get(address.layer(schedule.full_name, layer.slug))
        for layer in schedule.layers
    }
    overrides = {
        override_turn(override): ids.get(override_address(override, schedule))
        for override in schedule.overrides
    }
    return [
        NewShift(
            shift.start,
            shift.end,
            shift.user,
            shift.source,
            layers.get(shift.source),
            overrides.get(str(shift.turn)),
        )
        for shift in shifts
    ]


def cut_to(shifts: Iterable[Shift], window: Interval) -> list[Shift]:
    """The parts of shifts that lie in the window."""
    return [
        shift._replace(start=max(shift.start, window.start), end=min(shift.end, window.end))
        for shift in shifts
        if Interval(shift.start, shift.end).overlaps(window)
    ]


def _goes_on(row: NewShift, future: Sequence[NewShift], at: Instant) -> bool:
    return bool(future) and future[0].start == at <= row.end and future[0].holder == row.holder


def _as_new(row: StoredShift) -> NewShift:
    """A row as it would be written today; that of a hidden user would be nobody's."""
    user = "" if row.is_orphan else row.user
    return NewShift(row.start, row.end, user, row.source, row.layer_id, row.override_id)
