"""Proposals to render: one of everything, one with hostile text, one that is very large, one of nothing."""

from __future__ import annotations

from dataclasses import replace

from oncall_gitops.core.calendars import CalendarChanges
from oncall_gitops.core.definition import definitions
from oncall_gitops.core.limits import Limits
from oncall_gitops.core.model.live import LiveObject, LiveState
from oncall_gitops.core.model.schedule import Schedule
from oncall_gitops.core.model.state import DesiredState, State
from oncall_gitops.core.problem import Origin
from oncall_gitops.core.proposal import Proposal, Request, Source, compare_states, propose
from oncall_gitops.core.scope import Scope
from tests.builders import a_layer, a_rotation, a_schedule, a_state, a_user, an_anchor, an_override, at

T = at("2026-11-22T18:30Z")  # a Sunday evening
HORIZON = 28 * 86_400
COMMIT = "3f9c2e17b0d4a6185c2e9f7d3b1a0c8e6f4d2b90"
HOSTILE = (
    "@payments-team <img src=x onerror=alert(1)> | cell ](javascript:alert(1)) `code` \x1b[31mred\x1b[0m "
    "\u202egnp.exe\u2066 \n::error::pwned\n\n# Title\n- [x] #123 gh-7 www.evil.example https://evil.example "
    "https://user@evil.example/ &lt;b&gt; &#64;team ~~gone~~ $x$ ```\n<!-- oncall-gitops:plan --> \\"
)
PEOPLE = ("alice", "bob", "carol", "dave", "erin")


def a_request(*, horizon: int = HORIZON) -> Request:
    source = Source(3, COMMIT, dirty=False)
    return Request(T, T + horizon, Scope(), Limits(), (), source, "2026f")


def of_everything() -> Proposal:
    """Create, update, rename, delete; drift, a kept row, a gap, advice, a warning and a block."""
    users = [a_user(slug, timezone="Europe/Berlin" if slug == "erin" else None) for slug in PEOPLE]
    by_hand = an_override("erin", "2026-11-25", "2026-11-26", managed=False, id="7", reason="Dentist")
    weekend = a_layer("weekend", a_rotation(["dave"], start="2026-01-05"), priority=10)
    before = a_state(
        [
            a_schedule(["alice", "bob", "carol"], timezone="America/New_York", overrides=[by_hand]),
            a_schedule(["bob", "carol"], slug="office", coverage="always", description="Changed by hand"),
            a_schedule(["dave", "erin"], slug="old-name", team="platform", layers=[weekend]),
        ],
        users=users,
    )
    holiday = an_override("dave", "2026-12-07", "2026-12-14", replaces="alice", reason="Holiday")
    after = a_state(
        [
            a_schedule(
                ["alice", "bob", "carol", "erin"],
                timezone="America/New_York",
                description="First responder",
                overrides=[holiday],
            ),
            a_schedule(
                ["bob", "carol"],
                slug="office",
                coverage="always",
                overrides=[an_override("nobody", "2026-12-10", "2026-12-11", reason="Company day")],
            ),
            a_schedule(
                a_rotation(["dave", "erin"], anchor=an_anchor("2026-11-22T18:00", "dave")),
                slug="new-name",
                team="platform",
            ),
        ],
        users=users,
    )
    renamed_from = {"schedule/platform/new-name": "schedule/platform/old-name"}
    objects = {
        name: LiveObject(
            name, managed="#" not in name or "office" in name, touched=name.endswith("payments/office")
        )
        for name in definitions(before)
    }
    live = LiveState(before, objects, newest_as_of=T, tzdata="2026f", shifts_until={})
    desired = DesiredState(after, origins=_origins(after), renamed_from=renamed_from)
    calendars = (CalendarChanges("alice", "google", 3), CalendarChanges("dave", "microsoft", 1))
    return replace(propose(desired, live, {}, a_request()), calendars=calendars)


def hostile() -> Proposal:
    """Every text that somebody may write, as bad as it gets; also what `validate` would never let through."""
    file = f"schedules/{HOSTILE}.yaml"
    before = a_state([a_schedule(["alice", "bob"]), a_schedule(["carol"], slug="other", name=HOSTILE)])
    users = [replace(user, name=HOSTILE, email=f"{slug}@example.com") for slug, user in before.users.items()]
    cover = an_override("bob", "2026-11-24", "2026-11-25", reason=HOSTILE)
    after = a_state(
        [
            a_schedule(
                ["bob", "alice"],
                name=HOSTILE,
                description=HOSTILE,
                labels=[("a", HOSTILE)],
                overrides=[cover],
            ),
            a_schedule(["carol"], slug="other", name="other"),
        ],
        users=[*users, a_user("zoe", name=HOSTILE, email="@zoe@example.com")],
    )
    origins: dict[tuple[str, ...], Origin] = {(name,): Origin(file, 3, 1) for name in definitions(after)}
    origins |= {(name, "rotation.users"): Origin(file, 4, 1) for name in definitions(after)}
    return compare_states(DesiredState(after, origins=origins), before, a_request())


def of_many(count: int) -> Proposal:
    """Every one of many schedules changes hands now and every week, each by another two people."""
    before = a_state(_rotas(count, ("a", "b")))
    after = a_state(_rotas(count, ("b", "a")), users=before.users.values(), teams=before.teams.values())
    return compare_states(DesiredState(after, origins=_origins(after)), before, a_request())


def of_nothing() -> Proposal:
    state = a_state([a_schedule(["alice", "bob"])])
    return compare_states(DesiredState(state), state, a_request())


def _rotas(count: int, order: tuple[str, str]) -> list[Schedule]:
    return [
        a_schedule([f"person-{n}-{one}" for one in order], slug=f"schedule-{n:04}", team=f"team-{n % 50}")
        for n in range(count)
    ]


def _origins(state: State) -> dict[tuple[str, ...], Origin]:
    return {
        key: Origin("schedules/rota.yaml", line, 3)
        for line, name in enumerate(definitions(state), start=2)
        for key in ((name,), (name, "rotation.users"))
    }
