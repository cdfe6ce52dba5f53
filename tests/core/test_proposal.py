"""A proposal: the plan, what it does to people, and what the safety rules say of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from oncall_gitops.core.definition import definitions
from oncall_gitops.core.limits import Limits
from oncall_gitops.core.model.live import LiveObject, LiveState, StoredShift
from oncall_gitops.core.model.schedule import Schedule
from oncall_gitops.core.model.state import DesiredState, State
from oncall_gitops.core.proposal import Proposal, Request, Source, propose
from oncall_gitops.core.resolve import resolve_whole
from oncall_gitops.core.scope import Scope
from tests.builders import a_layer, a_place, a_schedule, a_state, a_user, an_override, at, following, span

T = at("2026-11-22T18:30Z")  # a Sunday
HORIZON = 28 * 86_400


def live(state: State, *, unmanaged: Sequence[str] = ()) -> LiveState:
    objects = {
        name: LiveObject(name, managed="#" not in name and name not in unmanaged)
        for name in definitions(state)
    }
    return LiveState(
        state,
        objects,
        newest_as_of=T,
        tzdata="2026f",
        shifts_until=dict.fromkeys(state.schedules, T + HORIZON),
    )


def stored(state: State) -> dict[str, list[StoredShift]]:
    """What a reconcile at T would have stored of a state."""
    window = span("2026-11-22T18:30Z", "2026-12-20T18:30Z")
    return {
        name: [
            StoredShift(f"{name}-{s.start}", s.start, s.end, s.user, s.source)
            for s in resolve_whole(schedule, window, siblings=state.schedules)
        ]
        for name, schedule in state.schedules.items()
    }


def proposal(
    desired: State,
    current: LiveState,
    rows: Mapping[str, Sequence[StoredShift]] | None = None,
    *,
    allow: tuple[str, ...] = (),
    files: int = 1,
    limits: Limits | None = None,
) -> Proposal:
    request = Request(T, T + HORIZON, Scope(), limits or Limits(), allow, Source(files), "2026f")
    return propose(DesiredState(desired), current, rows or {}, request)


def change(before: Sequence[Schedule], after: Sequence[Schedule], *, allow: tuple[str, ...] = ()) -> Proposal:
    """The files go from one set of schedules to another; everybody stays."""
    everybody = [a_user(slug) for slug in ("alice", "bob", "carol", "dave", "erin", "zoe")]
    old, new = a_state(before, users=everybody), a_state(after, users=everybody)
    return proposal(new, live(old), stored(old), allow=allow)


def spans(found: Proposal) -> list[str]:
    from oncall_gitops.core.model.instant import instant_text

    return [
        f"{instant_text(s.start)[:10]} {instant_text(s.end)[:10]} {s.before} -> {s.after}"
        for s in found.impact.shifts
    ]


def verdicts(found: Proposal) -> dict[str, str]:
    return {check.rule: check.verdict for check in found.safety if check.verdict != "ok"}


def test_a_dated_joiner_changes_nothing_before_their_monday_and_nobodys_order() -> None:
    found = change(
        [a_schedule(["alice", "bob", "carol"])],
        [a_schedule(["alice", "bob", "carol", a_place("dave", start="2026-11-30")])],
    )

    assert [(now.before, now.after) for now in found.impact.on_call_now] == [("alice", "alice")]
    assert spans(found) == [
        "2026-12-07 2026-12-14 alice -> dave",
        "2026-12-14 2026-12-20 bob -> alice",
    ]


def test_an_undated_append_shows_that_who_is_on_call_now_changes() -> None:
    found = change([a_schedule(["alice", "bob", "carol"])], [a_schedule(["alice", "bob", "carol", "dave"])])

    [now] = found.impact.on_call_now
    assert (now.before, now.after) == ("alice", "bob")
    assert verdicts(found) == {"on-call-now": "warn"}


def test_an_empty_database_is_no_alarm() -> None:
    found = proposal(a_state([a_schedule(["alice"])]), LiveState(State(), {}))

    assert verdicts(found) == {}
    assert found.is_pending
    assert spans(found) == ["2026-11-22 2026-12-20 None -> alice"]


def test_a_state_that_is_applied_is_not_pending() -> None:
    state = a_state([a_schedule(["alice", "bob"]), a_schedule(following("primary"), slug="secondary")])

    found = proposal(state, live(state), stored(state))

    assert not found.is_pending


def test_extending_the_horizon_is_not_a_change() -> None:
    state = a_state([a_schedule(["alice", "bob"])])
    short = [row for row in stored(state)["payments/primary"] if row.start < at("2026-12-01T00:00Z")]
    current = live(state)
    current.shifts_until["payments/primary"] = at("2026-12-01T00:00Z")  # type: ignore[index]

    assert not proposal(state, current, {"payments/primary": short}).is_pending


def test_an_unmanaged_override_that_the_table_does_not_tell_yet_is_pending() -> None:
    desired = a_state([a_schedule(["alice"])], users=[a_user("alice"), a_user("dave")])
    by_hand = an_override("dave", "2026-11-24", "2026-11-25", managed=False, id="1")
    current = a_state([a_schedule(["alice"], overrides=[by_hand])], users=[a_user("alice"), a_user("dave")])

    found = proposal(desired, live(current), stored(desired))

    assert (found.plan.changes, found.is_pending) == ((), True)
    assert [(s.before, s.after, s.cause) for s in found.impact.shifts] == [("alice", "dave", "unmanaged")]


def test_a_schedule_that_follows_a_changed_one_is_part_of_the_impact() -> None:
    secondary = a_schedule(following("primary"), slug="secondary")
    found = change([a_schedule(["alice", "bob"]), secondary], [a_schedule(["bob", "alice"]), secondary])

    assert {s.schedule for s in found.impact.shifts} == {"payments/primary", "payments/secondary"}


def test_overrides_that_are_over_are_not_listed_as_kept() -> None:
    past = an_override("alice", "2026-11-01", "2026-11-02", managed=False, id="1")
    coming = an_override("alice", "2026-12-01", "2026-12-02", managed=False, id="2")
    state = a_state([a_schedule(["alice"])])
    current = a_state([a_schedule(["alice"], overrides=[past, coming])])

    found = proposal(state, live(current), stored(state))

    assert [kept.address.split("#")[1] for kept in found.kept] == ["2"]


# Safety -------------------------------------------------------------------------------------------------


def test_files_without_schedules_are_refused_while_the_database_has_some() -> None:
    state = a_state([a_schedule(["alice"])])

    found = proposal(State(), live(state), stored(state), files=0)

    assert verdicts(found)["empty-source"] == "block"
    assert found.is_blocked
    assert "no files, 1 in the database" in [check.actual for check in found.safety]


def test_deleting_over_a_quarter_and_over_three_of_one_kind_is_refused() -> None:
    everything = [a_schedule(["alice"], slug=f"s{n}") for n in range(8)]

    assert verdicts(change(everything, everything[:4]))["mass-delete"] == "block"
    assert "mass-delete" not in verdicts(change(everything, everything[:5])), "three are not over three"


def test_deleting_four_of_sixteen_is_not_over_a_quarter() -> None:
    everything = [a_schedule(["alice"], slug=f"s{n}") for n in range(16)]

    assert "mass-delete" not in verdicts(change(everything, everything[:12]))
    assert verdicts(change(everything, everything[:11]))["mass-delete"] == "block"


def test_an_allowed_rule_warns_and_lets_the_plan_pass() -> None:
    everything = [a_schedule(["alice"], slug=f"s{n}") for n in range(8)]

    found = change(everything, everything[:4], allow=("mass-delete",))

    assert (found.is_blocked, verdicts(found)["mass-delete"]) == (False, "warn")


def test_a_new_gap_in_promised_hours_is_refused() -> None:
    whole = a_schedule(["alice"], coverage="always")
    holed = a_schedule(["alice"], coverage="always", end="2026-12-01")
    hole = an_override("nobody", "2026-12-05", "2026-12-06")

    assert verdicts(change([whole], [whole])) == {}
    assert verdicts(change([whole], [a_schedule(["alice"], coverage="always", overrides=[hole])])) == {
        "new-gap": "block"
    }
    assert verdicts(change([whole], [holed])) == {}, "after its own end a schedule promises nothing"


def test_a_gap_that_was_there_before_is_not_new() -> None:
    def with_hole(description: str) -> Schedule:
        hole = an_override("nobody", "2026-12-05", "2026-12-06")
        return a_schedule(["alice"], coverage="always", overrides=[hole], description=description)

    assert "new-gap" not in verdicts(change([with_hole("old")], [with_hole("new")]))


def test_a_clash_with_an_unmanaged_row_is_refused() -> None:
    state = a_state([a_schedule(["alice"], layers=[a_layer()])])

    found = proposal(state, live(state, unmanaged=["layer/payments/primary/top"]), stored(state))

    assert verdicts(found) == {"unmanaged-clash": "block"}


def test_a_priority_that_two_rows_would_hold_is_refused_whatever_is_allowed() -> None:
    before = a_state([a_schedule(["alice"], layers=[a_layer(priority=1), a_layer("theirs", priority=5)])])
    after = a_state([a_schedule(["alice"], layers=[a_layer(priority=5)])], users=before.users.values())
    current = live(before, unmanaged=["layer/payments/primary/theirs"])

    found = proposal(after, current, stored(before), allow=("unmanaged-clash",))

    [check] = [check for check in found.safety if check.rule == "unmanaged-clash"]
    assert (check.verdict, check.allow) == ("block", None)
    assert check.actual == (
        "layer/payments/primary/theirs (holds the priority 5, which layer/payments/primary/top cannot have beside it)"
    )


def test_an_edit_of_an_override_that_has_begun_is_told() -> None:
    before = an_override("bob", "2026-11-20", "2026-11-24")
    after = an_override("carol", "2026-11-20", "2026-11-24")

    found = change([a_schedule(["alice"], overrides=[before])], [a_schedule(["alice"], overrides=[after])])

    assert verdicts(found) == {"past-edit": "warn", "on-call-now": "warn"}


def test_a_verdict_can_be_set_to_block_or_to_warn() -> None:
    state = a_state([a_schedule(["alice"])])
    other = a_state([a_schedule(["bob"])], users=[a_user("alice"), a_user("bob")])
    strict = Limits(blocking=Limits().blocking | {"on-call-now"})

    found = proposal(other, live(state), stored(state), limits=strict)

    assert verdicts(found) == {"on-call-now": "block"}
