"""What `reconcile` and `override` do to the database, between reading it and the commit.

Looking and applying are the same steps on the same values; applying takes them inside the one transaction,
under the lock, and then writes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from uuid import uuid4

from oncall_gitops.commands.clock import read_clock
from oncall_gitops.commands.plans import blocked
from oncall_gitops.core.address import schedule, user
from oncall_gitops.core.calendars import CalendarChanges, calendar_changes, people_touched, shown_otherwise
from oncall_gitops.core.diff import Change
from oncall_gitops.core.errors import OncallError, StalePlan
from oncall_gitops.core.limits import Limits
from oncall_gitops.core.materialise import ShiftEdit, extensions, shift_edits
from oncall_gitops.core.model.instant import FOREVER, Instant, instant_text
from oncall_gitops.core.model.interval import Interval
from oncall_gitops.core.model.live import LiveState, StoredShift
from oncall_gitops.core.model.run import Failure
from oncall_gitops.core.model.state import DesiredState
from oncall_gitops.core.proposal import Proposal, Request, Source, propose
from oncall_gitops.core.resolve import Timetable
from oncall_gitops.core.scope import Scope
from oncall_gitops.core.wallclock import tzdata_version
from oncall_gitops.report.plan_json import plan_document

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from oncall_gitops.store.database import Database
    from oncall_gitops.store.marks import Expected


class Refused(OncallError):
    """A plan that is not applied, and why."""

    def __init__(self, proposal: Proposal, error: OncallError) -> None:
        super().__init__(str(error))
        self.proposal = proposal
        self.error = error


@dataclass(frozen=True, slots=True)
class Reconciler:
    """One desired state and one database. `expected` is the plan id that must come out, if any."""

    database: Database
    desired: DesiredState
    source: Source
    scope: Scope
    limits: Limits
    allow: tuple[str, ...]
    horizon: int
    as_of: Instant | None = None
    expected: str | None = None
    actor: str = ""

    def look(self) -> Proposal:
        """Plan in one read-only snapshot: no lock, no row written."""
        expected = self._expected()
        with self.database.snapshot() as connection:
            return self._propose(connection, expected)

    def apply(self, *, lock_timeout: float, marks_due: bool) -> Proposal:
        """Plan afresh under the lock, and make it so; Refused if the plan is stale or blocked."""
        from oncall_gitops.store.awake import awake
        from oncall_gitops.store.transaction import apply
        from oncall_gitops.store.write import write_objects, write_shifts

        run_id = str(uuid4())
        reached: list[Proposal] = []
        expected = self._expected()

        def reconcile(connection: Connection) -> Proposal:
            with awake(connection):
                proposal = self._propose(connection, expected)
            reached[:] = [proposal]
            if error := self.refusal(proposal):
                raise Refused(proposal, error)
            request, plan = proposal.request, proposal.plan
            ids = write_objects(
                connection,
                desired=plan.live.settled.rest(plan.after),
                live=plan.live,
                changes=plan.changes,
                origins=self.desired.origins,
                at=request.at,
            )
            ids = _with_settled_ids(connection, proposal, ids)
            with awake(connection):
                edits = _edits(proposal, ids)
            write_shifts(connection, edits, ids=ids, run_id=run_id)
            _record_run(connection, proposal, run_id=run_id, actor=self.actor)
            if marks_due:
                mark_due(connection, edits, plan.changes, stored=proposal.stored, ids=ids, at=request.at)
            if expected:
                _write_marks(connection, proposal, expected, edits, ids=ids)
            return proposal

        def record_failure(connection: Connection, error: str, seconds: float) -> None:
            failure = Failure(error, seconds)
            if reached:
                _record_run(connection, reached[0], run_id=run_id, actor=self.actor, failure=failure)
            else:
                self._record_without_plan(connection, run_id=run_id, failure=failure)

        return apply(
            self.database,
            reconcile,
            run_id=run_id,
            lock_timeout=lock_timeout,
            record_failure=record_failure,
        )

    def refusal(self, proposal: Proposal) -> OncallError | None:
        """Why this plan must not be applied, if so: first that it is not the expected one, then safety."""
        if self.expected is not None and proposal.plan.plan_id != self.expected:
            return StalePlan(
                f"the plan is {proposal.plan.plan_id}, not the expected {self.expected}; nothing was changed",
                help="the files or the database have changed since; review the new plan",
            )
        return blocked(proposal)

    def expecting(self, plan_id: str) -> Reconciler:
        """The same, but only for this plan."""
        return replace(self, expected=plan_id)

    def _expected(self) -> Expected | None:
        """What marks must say for a schedule not to be read; a narrowed plan reads everything."""
        from oncall_gitops.store.marks import Expected

        if not self.scope.is_whole:
            return None
        return Expected.of(self.desired, horizon=self.horizon, tzdata=tzdata_version())

    def _propose(self, connection: Connection, expected: Expected | None) -> Proposal:
        live, stored, at = read_at(connection, self.as_of, expected)
        request = Request(
            at=at,
            until=at + self.horizon,
            scope=self.scope,
            limits=self.limits,
            allow=self.allow,
            source=self.source,
            tzdata=tzdata_version(),
        )
        proposal = propose(self.desired, live, stored, request)
        return replace(proposal, calendars=_calendars(connection, proposal))

    def _record_without_plan(self, connection: Connection, *, run_id: str, failure: Failure) -> None:
        """The run failed while it read."""
        from oncall_gitops.store.write import record_run

        at = read_clock(self.as_of)
        record_run(
            connection,
            run_id=run_id,
            kind="reconcile",
            scope=None,
            as_of=at,
            horizon_to=at + self.horizon,
            commit=self.source.commit,
            actor=self.actor,
            plan=None,
            plan_id=None,
            tzdata=tzdata_version(),
            failure=failure,
        )


def edit_schedule(
    database: Database,
    edit: Callable[[Connection, LiveState, Instant], str],
    *,
    as_of: Instant | None,
    horizon: int,
    actor: str,
    lock_timeout: float,
) -> str:
    """Change one schedule's rows by hand, and its shifts with them, from T to the end of the table.

    `edit` gets the live state and T, writes, and names the schedule; then everything is read again.
    """
    from oncall_gitops.store.transaction import apply
    from oncall_gitops.store.write import record_run, write_shifts

    run_id = str(uuid4())
    reached: list[tuple[str, Instant, Instant]] = []

    def record(connection: Connection, failure: Failure | None = None) -> None:
        for name, at, until in reached[-1:]:
            record_run(
                connection,
                run_id=run_id,
                kind="override",
                scope={"schedules": [name]},
                as_of=at,
                horizon_to=until,
                commit=None,
                actor=actor,
                plan=None,
                plan_id=None,
                tzdata=tzdata_version(),
                failure=failure,
            )

    def change(connection: Connection) -> str:
        before, _, at = read_at(connection, as_of)
        name = edit(connection, before, at)
        live, stored, _ = read_at(connection, as_of)
        until = max(live.shifts_until.get(name, at), at + horizon)
        reached.append((name, at, until))
        timetable = Timetable(live.state.schedules[name], siblings=live.state.schedules)
        ids = {known: row.id for known, row in live.objects.items()}
        edits = shift_edits(
            live=before,
            after=live.state,
            resolved={name: timetable.whole_shifts(Interval(at, until))},
            stored=stored,
            schedules=[name],
            ids={**{known: row.id for known, row in before.objects.items()}, **ids},
            at=at,
        )
        write_shifts(connection, edits, ids=ids, run_id=run_id)
        record(connection)
        mark_due(connection, edits, (), stored=stored, ids=ids, at=at)
        return name

    return apply(
        database,
        change,
        run_id=run_id,
        lock_timeout=lock_timeout,
        record_failure=lambda connection, error, seconds: record(connection, Failure(error, seconds)),
    )


def read_at(
    connection: Connection, as_of: Instant | None, expected: Expected | None = None
) -> tuple[LiveState, Mapping[str, Sequence[StoredShift]], Instant]:
    """The live state, the shifts that matter from T on, and T: the clock, but never before the newest run.

    What is settled, being as `expected`, is not read, and its shifts are not among those that matter.
    """
    from oncall_gitops.store.read import read_live, read_newest, read_shifts, read_unsettled

    newest = read_newest(connection)
    if as_of is not None and newest is not None and as_of < newest:
        raise OncallError(
            f"--as-of {instant_text(as_of)} lies before the newest run at {instant_text(newest)}; "
            "history does not change"
        )
    now = read_clock(as_of)
    at = now if newest is None or as_of is not None else max(now, newest)
    if expected is None:
        live = read_live(connection)
    else:
        live = read_unsettled(connection, expected, at=at)
    if not live.settled.schedules:
        since = min([at, *live.shifts_until.values()])
        return live, read_shifts(connection, window=Interval(since, FOREVER)), at
    names = live.settled.rest(live.state).schedules
    since = min([at, *(live.shifts_until[name] for name in names if name in live.shifts_until)])
    stored = read_shifts(connection, window=Interval(since, FOREVER), schedules=names) if names else {}
    return live, stored, at


def _edits(proposal: Proposal, ids: Mapping[str, str]) -> list[ShiftEdit]:
    """What the table needs: the schedules that move, and new days for those that are settled."""
    plan, request = proposal.plan, proposal.request
    edits = shift_edits(
        live=plan.live,
        after=plan.after,
        resolved=proposal.resolved,
        stored=proposal.stored,
        schedules=proposal.moved,
        ids=ids,
        at=request.at,
    )
    return [*edits, *extensions(plan.live, until=request.until, ids=ids)]


def _with_settled_ids(connection: Connection, proposal: Proposal, ids: dict[str, str]) -> dict[str, str]:
    """With those of what was not read, if there are new days to write for it."""
    from oncall_gitops.store.read import read_ids

    live = proposal.plan.live
    if any(live.shifts_until[name] < proposal.request.until for name in live.settled.schedules):
        return {**read_ids(connection), **ids}
    return ids


def _write_marks(
    connection: Connection,
    proposal: Proposal,
    expected: Expected,
    edits: Iterable[ShiftEdit],
    *,
    ids: Mapping[str, str],
) -> None:
    """Mark what is now as the files say: what has been read or written, and what has got new days."""
    from oncall_gitops.store.driver import driver_connection
    from oncall_gitops.store.marks import NewMark, write_marks

    live, after, files = proposal.plan.live, proposal.plan.after, expected.desired.state
    until = proposal.request.until
    ends = {
        name: max([until, *(shift.end for shift in proposal.resolved[name][-1:])])
        for name in proposal.moved
        if name in files.schedules and after.schedules.get(name) is files.schedules[name]
    }
    ends |= {
        name: max(until, live.settled.shifts_end[name])
        for name in live.settled.schedules
        if live.shifts_until[name] < until
    }
    for edit in edits:
        if edit.schedule in live.settled.schedules:
            ends[edit.schedule] = max(until, edit.insert[-1].end)
    write_marks(
        driver_connection(connection),
        [
            NewMark(
                name, live.settled.rows[name].id if name in live.settled.rows else ids[schedule(name)], end
            )
            for name, end in ends.items()
        ],
        expected,
        people=not live.settled.has_people and (after.users, after.teams) == (files.users, files.teams),
        until=until,
    )


def mark_due(
    connection: Connection,
    edits: Iterable[ShiftEdit],
    changes: Iterable[Change],
    *,
    stored: Mapping[str, Sequence[StoredShift]],
    ids: Mapping[str, str],
    at: Instant,
) -> None:
    """Tell the calendars of everybody whose events an edit or a change touches."""
    from oncall_gitops.store.write import mark_due as mark
    from oncall_gitops.store.write import whose_events

    people = {ids[user(slug)] for slug in people_touched(edits, stored=stored) if user(slug) in ids}
    mark(connection, sorted(people | whose_events(connection, shown_otherwise(changes), at=at)))


def _calendars(connection: Connection, proposal: Proposal) -> tuple[CalendarChanges, ...]:
    """What the plan does in connected calendars; one small query where there are none."""
    from oncall_gitops.store.connections import connected_people

    connected = connected_people(connection)
    if not connected:
        return ()
    request, live = proposal.request, proposal.plan.live
    ids = {known: row.id for known, row in live.objects.items()}
    edits = _edits(proposal, _with_settled_ids(connection, proposal, ids))
    return calendar_changes(edits, stored=proposal.stored, connected=connected, at=request.at)


def _record_run(
    connection: Connection, proposal: Proposal, *, run_id: str, actor: str, failure: Failure | None = None
) -> None:
    from oncall_gitops.store.write import record_run

    request, plan = proposal.request, proposal.plan
    scope = plan.scope
    record_run(
        connection,
        run_id=run_id,
        kind="reconcile",
        scope=None if scope.is_whole else {"teams": [], "schedules": list(proposal.schedules)},
        as_of=request.at,
        horizon_to=request.until,
        commit=request.source.commit,
        actor=actor,
        plan=plan_document(proposal),
        plan_id=plan.plan_id,
        tzdata=plan.tzdata,
        failure=failure,
    )
