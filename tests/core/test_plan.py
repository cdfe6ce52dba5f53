"""The plan: what changes, why, under which name, and the state that it leads to."""

from __future__ import annotations

from dataclasses import replace

from oncall_gitops.core.definition import definitions, digest, meanings
from oncall_gitops.core.diff import Change, Field
from oncall_gitops.core.model.live import LiveObject, LiveState, StaleInstant
from oncall_gitops.core.model.state import DesiredState, State
from oncall_gitops.core.plan import Plan, make_plan
from oncall_gitops.core.scope import Scope
from tests.builders import (
    a_layer,
    a_place,
    a_schedule,
    a_state,
    a_team,
    a_user,
    an_override,
    at,
    following,
)

EVERYTHING = Scope()


def live(state: State, *, unmanaged: tuple[str, ...] = (), touched: tuple[str, ...] = ()) -> LiveState:
    """A database that holds a state, reconciled but for what is named; an id is the address."""
    objects = {
        name: LiveObject(name, managed="#" not in name and name not in unmanaged, touched=name in touched)
        for name in definitions(state)
    }
    return LiveState(state, objects, database_id="db", tzdata="2026f")


def plan(
    desired: State,
    current: LiveState,
    *,
    scope: Scope = EVERYTHING,
    renamed_from: dict[str, str] | None = None,
    tzdata: str = "2026f",
) -> Plan:
    return make_plan(
        DesiredState(desired, renamed_from=renamed_from or {}), current, scope=scope, tzdata=tzdata
    )


def told(found: Plan) -> list[str]:
    """`update layer/payments/primary/top`, one a change."""
    return [f"{change.action} {change.address}" for change in found.changes]


def test_an_empty_database_is_filled_object_by_object() -> None:
    desired = a_state([a_schedule(["alice"], layers=[a_layer()], overrides=[an_override("alice")])])

    assert told(plan(desired, live(State()))) == [
        "create layer/payments/primary/top",
        "create override/payments/primary/2026-01-06T00:00:00Z",
        "create schedule/payments/primary",
        "create team/payments",
        "create user/alice",
        "create user/zoe",
    ]


def test_equal_states_have_an_empty_plan() -> None:
    state = a_state([a_schedule(["alice", "bob"], layers=[a_layer()], overrides=[an_override("bob")])])

    found = plan(state, live(state))

    assert (found.changes, found.unchanged, found.after) == ((), len(definitions(state)), state)


def test_an_update_names_the_fields_that_differ_before_and_after() -> None:
    before = a_state([a_schedule(["alice", "bob"])])
    after = a_state([a_schedule(["alice", "bob", a_place("bob", start="2026-03-02")])])

    [change] = plan(after, live(before)).changes

    assert change == Change(
        "update",
        "schedule/payments/primary",
        fields=(
            Field(
                "rotation.users", ["alice", "bob"], ["alice", "bob", {"user": "bob", "from": "2026-03-02"}]
            ),
        ),
    )


def test_what_the_files_no_longer_say_is_deleted() -> None:
    before = a_state([a_schedule(["alice"], layers=[a_layer()])])
    after = a_state([a_schedule(["alice"])])

    found = plan(after, live(before))

    assert told(found) == ["delete layer/payments/primary/top", "delete user/zoe"]
    assert found.after == after


def test_without_pruning_nothing_is_deleted() -> None:
    before = a_state([a_schedule(["alice"], layers=[a_layer()])])

    found = plan(a_state([a_schedule(["alice"])]), live(before), scope=Scope(prune=False))

    assert (found.changes, found.after) == ((), before)


def test_a_row_changed_by_hand_is_drift() -> None:
    desired = a_state([a_schedule(["alice"])])
    current = a_state([replace(a_schedule(["alice"]), description="edited by hand")])

    [change] = plan(desired, live(current, touched=("schedule/payments/primary",))).changes

    assert (change.cause, change.fields) == ("drift", (Field("description", "edited by hand", None),))


def test_a_row_that_is_gone_while_the_files_stayed_is_drift() -> None:
    desired = a_state([a_schedule(["alice"])])
    current = replace(
        live(a_state([], users=[a_user("alice")], teams=[a_team()])),
        source_digest=digest(meanings(desired)),
    )

    [change] = plan(desired, current).changes

    assert (change.action, change.address, change.cause) == ("create", "schedule/payments/primary", "drift")


def test_unmanaged_rows_are_listed_as_kept_and_take_part() -> None:
    desired = a_state([a_schedule(["alice"])], users=[a_user("alice"), a_user("dave")])
    by_hand = an_override("dave", managed=False, id="0001")
    current = a_state([a_schedule(["alice"], overrides=[by_hand])], users=[a_user("alice"), a_user("dave")])

    found = plan(desired, live(current))

    assert found.changes == ()
    assert [change.address for change in found.unmanaged] == [
        "override/payments/primary/2026-01-06T00:00:00Z#0001"
    ]
    assert found.after.schedules["payments/primary"].overrides == (by_hand,)


def test_an_unmanaged_override_of_somebody_who_is_deleted_is_not_followed() -> None:
    by_hand = an_override("dave", managed=False, id="0001")
    current = a_state([a_schedule(["alice"], overrides=[by_hand])])

    found = plan(a_state([a_schedule(["alice"])]), live(current))

    assert told(found) == ["delete user/dave"]
    assert found.after.schedules["payments/primary"].overrides == ()


def test_an_unmanaged_row_of_the_same_name_is_adopted() -> None:
    state = a_state([a_schedule(["alice"])])

    [change] = plan(state, live(state, unmanaged=("schedule/payments/primary",))).changes

    assert (change.action, change.adopts, change.cause) == ("update", True, "unmanaged")
    assert change.fields == (Field("managed", False, True),)


def test_an_unmanaged_layer_of_the_same_priority_is_adopted_under_the_files_name() -> None:
    desired = a_state([a_schedule(["alice"], layers=[a_layer("weekend", priority=7)])])
    current = a_state([a_schedule(["alice"], layers=[a_layer("by-hand", priority=7)])])

    [change] = plan(desired, live(current, unmanaged=("layer/payments/primary/by-hand",))).changes

    assert (change.action, change.address, change.adopts) == (
        "rename",
        "layer/payments/primary/weekend",
        True,
    )
    assert change.previous_address == "layer/payments/primary/by-hand"


def test_a_team_that_owns_an_unmanaged_schedule_stays() -> None:
    current = a_state([a_schedule(["alice"])])

    found = plan(
        a_state([], users=[a_user("alice")], teams=[]),
        live(current, unmanaged=("schedule/payments/primary",)),
    )

    assert found.changes == ()


# Renames ------------------------------------------------------------------------------------------------


def test_a_renamed_user_is_one_rename_wherever_the_files_name_them() -> None:
    before = a_state([a_schedule(["bob", "carol"], overrides=[an_override("carol", replaces="bob")])])
    after = a_state(
        [a_schedule(["rob", "carol"], overrides=[an_override("carol", replaces="rob")])],
        users=[replace(a_user("bob"), slug="rob"), a_user("carol")],
    )

    found = plan(after, live(before), renamed_from={"user/rob": "user/bob"})

    assert told(found) == ["rename user/rob"]
    assert found.changes[0].previous_address == "user/bob"
    assert found.live.objects["user/rob"].id == "user/bob"


def test_a_renamed_team_takes_its_schedules_and_layers_along() -> None:
    before = a_state([a_schedule(["alice"], layers=[a_layer()])])
    after = a_state(
        [a_schedule(["alice"], team="money", layers=[a_layer()])],
        teams=[a_team("money", name="payments")],
    )

    found = plan(after, live(before), renamed_from={"team/money": "team/payments"})

    assert told(found) == ["rename team/money"]
    assert found.live.objects["layer/money/primary/top"].id == "layer/payments/primary/top"


def test_a_schedule_moves_to_another_team() -> None:
    teams = [a_team("payments"), a_team("search")]
    before = a_state([a_schedule(["alice"])], teams=teams)
    after = a_state([a_schedule(["alice"], team="search", name="primary")], teams=teams)

    found = plan(after, live(before), renamed_from={"schedule/search/primary": "schedule/payments/primary"})

    assert told(found) == ["rename schedule/search/primary"]
    assert found.live.objects["schedule/search/primary"].id == "schedule/payments/primary"


def test_a_renamed_schedule_is_still_followed() -> None:
    before = a_state([a_schedule(["alice", "bob"]), a_schedule(following("primary"), slug="secondary")])
    after = a_state(
        [
            a_schedule(["alice", "bob"], slug="first", name="primary"),
            a_schedule(following("first"), slug="secondary"),
        ]
    )

    found = plan(after, live(before), renamed_from={"schedule/payments/first": "schedule/payments/primary"})

    assert told(found) == ["rename schedule/payments/first"]


def test_a_rename_that_was_applied_has_no_effect_and_may_stay() -> None:
    state = a_state([a_schedule(["rob"])])

    assert plan(state, live(state), renamed_from={"user/rob": "user/bob"}).changes == ()


def test_a_rename_of_what_never_lived_creates() -> None:
    state = a_state([], users=[a_user("rob")])

    assert told(plan(state, live(State()), renamed_from={"user/rob": "user/bob"})) == ["create user/rob"]


def test_two_users_may_swap_names() -> None:
    before = a_state([], users=[a_user("a", email="1@example.com"), a_user("b", email="2@example.com")])
    after = a_state(
        [],
        users=[
            a_user("a", name="B", email="2@example.com"),
            a_user("b", name="A", email="1@example.com"),
        ],
    )

    found = plan(after, live(before), renamed_from={"user/a": "user/b", "user/b": "user/a"})

    assert told(found) == ["rename user/a", "rename user/b"]
    assert found.live.objects["user/a"].id == "user/b"


# Scope --------------------------------------------------------------------------------------------------


def two_teams(payments: list[str], search: list[str]) -> State:
    users = [a_user(slug) for slug in ("alice", "bob", "carol", "dave")]
    schedules = [a_schedule(payments), a_schedule(search, team="search")]
    return a_state(schedules, users=users)


def test_a_narrowed_plan_changes_nothing_outside_and_deletes_nobody() -> None:
    before = two_teams(["alice"], ["bob"])
    after = a_state([a_schedule(["alice", "carol"])], users=[a_user("alice"), a_user("carol")])

    found = plan(after, live(before), scope=Scope(teams=("payments",)))

    assert told(found) == ["update schedule/payments/primary"]
    assert found.after.schedules["search/primary"] == before.schedules["search/primary"]
    assert found.schedules == ["payments/primary"]


def test_a_narrowed_plan_deletes_inside() -> None:
    before = a_state([a_schedule(["alice"]), a_schedule(["bob"], slug="secondary")])
    after = a_state([a_schedule(["alice"])], users=[a_user("alice"), a_user("bob")])

    found = plan(after, live(before), scope=Scope(schedules=("payments/secondary",)))

    assert told(found) == ["delete schedule/payments/secondary"]


def test_a_narrowed_plan_brings_the_people_and_the_followed_schedule_with_it() -> None:
    desired = a_state([a_schedule(["alice", "bob"]), a_schedule(following("primary"), slug="secondary")])

    found = plan(desired, live(State()), scope=Scope(schedules=("payments/secondary",)))

    assert told(found) == [
        "create schedule/payments/primary",
        "create schedule/payments/secondary",
        "create team/payments",
        "create user/alice",
        "create user/bob",
    ]


# Time zone data and the id ------------------------------------------------------------------------------


def test_instants_that_moved_with_the_time_zone_data_are_an_update_of_that_cause() -> None:
    state = a_state([a_schedule(["alice"])])
    current = live(state)
    moved = StaleInstant("start_date", at("2026-01-05T09:00Z"), at("2026-01-05T10:00Z"))
    objects = dict(current.objects)
    objects["schedule/payments/primary"] = replace(objects["schedule/payments/primary"], stale=(moved,))

    [change] = plan(state, replace(current, objects=objects), tzdata="2027a").changes

    assert (change.action, change.cause) == ("update", "tzdata")
    assert change.fields == (Field("start_date", "2026-01-05T09:00:00Z", "2026-01-05T10:00:00Z"),)


def test_the_plan_id_covers_database_scope_time_zone_data_files_and_live_state() -> None:
    state = a_state([a_schedule(["alice"])])
    other = a_state([a_schedule(["bob"])])
    by_hand = an_override("alice", managed=False, id="1")
    ids = [
        plan(state, live(State())).plan_id,
        plan(other, live(State())).plan_id,
        plan(state, live(State()), tzdata="2027a").plan_id,
        plan(state, live(State()), scope=Scope(prune=False)).plan_id,
        plan(state, replace(live(State()), database_id="other")).plan_id,
        plan(state, live(state)).plan_id,
        plan(state, live(a_state([a_schedule(["alice"], overrides=[by_hand])]))).plan_id,
    ]

    assert len(set(ids)) == len(ids)
    assert all(len(plan_id) == len("sha256:") + 64 for plan_id in ids)


def test_the_plan_id_does_not_know_clock_horizon_or_past_runs() -> None:
    state = a_state([a_schedule(["alice"])])
    later = replace(
        live(State()), newest_as_of=at("2026-11-22T18:30Z"), shifts_until={"x/y": at("2027-01-01T00:00Z")}
    )

    assert plan(state, live(State())).plan_id == plan(state, later).plan_id
