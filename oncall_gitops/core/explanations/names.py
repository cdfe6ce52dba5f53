"""OG3xx: names, and where they lead."""

from __future__ import annotations

from oncall_gitops.core.explanations.explanation import Explanation, schedule, user

_SECOND = "      secondary:\n        timezone: Europe/Berlin\n        start_date: 2026-01-05\n        "

NAMES = {
    "OG301": Explanation(
        "Two entries have the same slug. Users and teams are unique over all files, schedules within their team.",
        "One of the two would win by chance, and with it one of the two telephone numbers.",
        "users:\n  «alice»: {name: Alice Ode, email: alice.ode@example.com}\n",
        "users:\n  alice-ode: {name: Alice Ode, email: alice.ode@example.com}\n"
        + schedule(rotation="rotation: {type: weekly, users: [alice, alice-ode]}\n"),
    ),
    "OG302": Explanation(
        "Two users have the same email address; capitals make no difference.",
        "It is one person written down twice: both of them can be on call at once, and only one can answer.",
        user("name: Dave Lee\nemail: «Alice@example.com»\n"),
        user("name: Dave Lee\nemail: dave@example.com\n"),
    ),
    "OG303": Explanation(
        "`nobody` is reserved. It may hold a place or an override, as an intended hole, and is no person otherwise.",
        "Whoever bore that name could never be told from an empty night.",
        "users:\n  «nobody»: {name: Nemo, email: nemo@example.com}\n",
        schedule(rotation="rotation: {type: weekly, users: [alice, nobody]}\n"),
    ),
    "OG304": Explanation(
        "No file declares a user with this slug.",
        "The turn would belong to nobody whom anything could reach.",
        schedule(rotation="rotation: {type: weekly, users: [alice, «bobb»]}\n"),
        schedule(rotation="rotation: {type: weekly, users: [alice, bob]}\n"),
    ),
    "OG305": Explanation(
        "No file declares a team with this slug.",
        "The override would apply to no schedule, and the person who relies on it would be paged on holiday.",
        schedule()
        + "overrides:\n"
        + "  - {schedule: «paymets/primary», user: carol, start: 2026-12-24, end: 2026-12-27}\n",
        schedule()
        + "overrides:\n"
        + "  - {schedule: payments/primary, user: carol, start: 2026-12-24, end: 2026-12-27}\n",
    ),
    "OG306": Explanation(
        "The team is there, but has no schedule with this slug.",
        "The override, or the rotation that follows, would apply to nothing.",
        schedule()
        + "overrides:\n"
        + "  - {schedule: «payments/primry», user: carol, start: 2026-12-24, end: 2026-12-27}\n",
        schedule()
        + "overrides:\n"
        + "  - {schedule: payments/primary, user: carol, start: 2026-12-24, end: 2026-12-27}\n",
    ),
    "OG307": Explanation(
        "A rotation can follow a schedule of its team that has a base rotation with turns of its own.",
        "A chain or a circle of followers has nobody at its end whose turn it is.",
        schedule() + _SECOND + "rotation: {follows: «secondary», offset: 1}\n",
        schedule() + _SECOND + "rotation: {follows: primary, offset: 1}\n",
    ),
    "OG308": Explanation(
        "`renamed_from` names something that is still in the files, or that another entry is renamed from as well.",
        "The history, and everybody's calendar events, can move to one new name only.",
        "teams:\n  search: {}\n  find: {renamed_from: «search»}\n",
        "teams:\n  find: {renamed_from: search}\n",
    ),
    "OG309": Explanation(
        "A team's schedules may be spread over files, but only one of them gives its other keys.",
        "Two descriptions of a team would have to agree for ever.",
        "mkdir schedules\n"
        "echo 'teams: {payments: {name: Payments}}' > schedules/a.yaml\n"
        "echo 'teams: {payments: {name: Billing}}' > schedules/rota.yaml\n",
        "mkdir schedules\necho 'teams: {payments: {name: Payments}}' > schedules/rota.yaml\n",
        is_shell=True,
    ),
}
