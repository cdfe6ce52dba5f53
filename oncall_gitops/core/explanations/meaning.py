"""OG5xx: what the definitions mean together."""

from __future__ import annotations

from oncall_gitops.core.explanations.explanation import Explanation, layer, override, schedule

_DAYS = 'restrictions: [{days: [SAT, SUN], from: "00:00", to: "24:00"}]\n'


def _two_layers(priority: str) -> str:
    return schedule(
        "layers:\n"
        "  saturdays:\n    priority: 10\n    rotation: {type: weekly, users: [carol]}\n"
        "    restrictions: {days_of_week: [SAT]}\n"
        f"  sundays:\n    priority: {priority}\n    rotation: {{type: weekly, users: [carol]}}\n"
        "    restrictions: {days_of_week: [SUN]}\n"
    )


MEANING = {
    "OG501": Explanation(
        "An end comes before its start, or is the same. Ends are exclusive: one day ends on the next day.",
        "It would cover nothing, and the person who counted on it would be paged.",
        override("{user: carol, start: 2026-12-24, end: «2026-12-24»}\n"),
        override("{user: carol, start: 2026-12-24, end: 2026-12-25}\n"),
    ),
    "OG502": Explanation(
        "Two layers of a schedule have the same priority. An inactive layer keeps its own.",
        "Where both are active nothing says who is paged.",
        _two_layers("«10»"),
        _two_layers("20"),
    ),
    "OG503": Explanation(
        "Two overrides of a schedule claim the same time in the same way: both without `replaces`, or both "
        "replacing the same user.",
        "Two people have promised to take the night, and each may believe that the other one does.",
        override(
            "{user: carol, start: 2026-12-24, end: 2026-12-27}\n{user: bob, start: «2026-12-26», end: 2026-12-28}\n"
        ),
        override(
            "{user: carol, start: 2026-12-24, end: 2026-12-27}\n{user: bob, start: 2026-12-27, end: 2026-12-28}\n"
        ),
    ),
    "OG504": Explanation(
        "An override replaces somebody, and somebody else. Without `replaces` it takes the whole time, gaps included.",
        "As it stands it changes nothing.",
        override("{user: bob, replaces: «bob», start: 2026-12-21, end: 2026-12-28}\n"),
        override("{user: carol, replaces: bob, start: 2026-11-30, end: 2026-12-07}\n"),
    ),
    "OG505": Explanation(
        "`rotation.start` is where the handoffs count from. It may lie before the schedule or layer starts, not after.",
        "Between the two dates there would be a schedule in force, and no turn.",
        schedule(
            rotation="rotation: {type: weekly, start: «2026-02-02», users: [alice, bob]}\n",
            start="2026-01-05",
        ),
        schedule(
            rotation="rotation: {type: weekly, start: 2026-01-05, users: [alice, bob]}\n", start="2026-02-02"
        ),
    ),
    "OG506": Explanation(
        "An anchor says who holds the turn at a given time. That time lies before the first handoff, or the user "
        "holds no place then.",
        "The rotation could not be pinned to what people have in their calendars.",
        schedule(
            rotation="rotation: {type: weekly, users: [alice, bob], anchor: {at: 2026-03-02, user: «carol»}}\n"
        ),
        schedule(
            rotation="rotation: {type: weekly, users: [alice, bob], anchor: {at: 2026-03-02, user: bob}}\n"
        ),
    ),
    "OG507": Explanation(
        "The schedule promises `coverage`, and there are hours in it that nobody has. `nobody` counts as a gap.",
        "In these hours an alert reaches no one.",
        schedule(
            "coverage: «always»\nlayers:\n  weekend:\n    priority: 10\n    rotation: {type: weekly, users: [nobody]}\n"
            "    restrictions: {days_of_week: [SUN]}\n"
        ),
        schedule(
            "coverage: always\nlayers:\n  weekend:\n    priority: 10\n    rotation: {type: weekly, users: [carol]}\n"
            "    restrictions: {days_of_week: [SUN]}\n"
        ),
    ),
    "OG508": Explanation(
        "The schedule has neither a base rotation nor a layer.",
        "It looks like a schedule, but nobody is ever on call in it.",
        "teams:\n  payments:\n    schedules:\n      «primary»:\n        timezone: Europe/Berlin\n"
        "        start_date: 2026-01-05\n",
        layer(f"priority: 10\nrotation: {{type: weekly, users: [carol]}}\n{_DAYS}"),
    ),
}
