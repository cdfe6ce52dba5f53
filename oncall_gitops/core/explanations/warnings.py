"""OG9xx: warnings, each of which can be silenced on its line."""

from __future__ import annotations

from oncall_gitops.core.explanations.explanation import Explanation, layer, override, schedule, user

_DAILY = "rotation: {type: daily, users: [alice, bob]}\n"


def _rule(rule: str, *, start: str = "2026-01-05") -> str:
    return schedule(
        rotation=f"rotation:\n  type: custom\n  rrule: {rule}\n  users: [alice, bob]\n", start=start
    )


def _two_layers(low: str, high: str) -> str:
    return schedule(
        f"layers:\n  low:\n    priority: {low}\n    rotation: {{type: weekly, users: [carol]}}\n"
        f"  high:\n    priority: 20\n    rotation: {{type: weekly, users: [alice, bob]}}\n{high}"
    )


def _two_schedules(users: str, *, open: str = "", close: str = "") -> str:
    return schedule(rotation="rotation: {type: weekly, users: [alice]}\n") + (
        f"      {open}secondary{close}:\n        timezone: Europe/Berlin\n        start_date: 2026-01-05\n"
        f"        rotation: {{type: weekly, users: [{users}]}}\n"
    )


WARNINGS = {
    "OG901": Explanation(
        "A time without quotes. We read it as the time that it is; many YAML readers see a number in it.",
        "An editor or script that rewrites the file turns 17:00 into 1020.",
        schedule("handoff_time: «17:00»\n"),
        schedule('handoff_time: "17:00"\n'),
    ),
    "OG902": Explanation(
        "tzdata keeps this name of a time zone only as a link to a newer one.",
        "It works until a system without the old names reads it, and then the whole rota does not.",
        schedule(zone="«US/Eastern»"),
        schedule(zone="America/New_York"),
    ),
    "OG903": Explanation(
        "The rule is in lower case or has the prefix RRULE:. It is read as it is meant.",
        "Other programs may refuse it.",
        _rule("«freq=weekly;byday=mo»"),
        _rule("FREQ=WEEKLY;BYDAY=MO"),
    ),
    "OG904": Explanation(
        "More than a year can pass between two handoffs of this rule.",
        "One person would be on call all that time.",
        _rule("«FREQ=YEARLY;INTERVAL=2»"),
        _rule("FREQ=MONTHLY;BYMONTHDAY=5"),
    ),
    "OG905": Explanation(
        "Not every month has a 29th, 30th or 31st. A rule skips the months that have not.",
        "In February nobody takes over, and whoever had January has February too.",
        _rule("FREQ=MONTHLY;«BYMONTHDAY=31»", start="2026-01-31"),
        _rule("FREQ=MONTHLY;BYMONTHDAY=-1", start="2026-01-31"),
    ),
    "OG906": Explanation(
        "The rotation's start is a handoff, whatever the rule says; here the rule does not name it.",
        "The first turn is shorter than all others, and belongs to the first person.",
        _rule("FREQ=WEEKLY;BYDAY=FR", start="«2026-01-05»"),
        _rule("FREQ=WEEKLY;BYDAY=FR", start="2026-01-09"),
    ),
    "OG907": Explanation(
        "A user holds several places in a rotation: their turn comes more often than the others'.",
        "If that is not meant, somebody is on call twice as often and hardly notices why.",
        schedule(rotation="rotation: {type: weekly, users: [alice, bob, «alice»]}\n"),
        schedule(rotation="rotation: {type: weekly, users: [alice, bob, carol]}\n"),
    ),
    "OG908": Explanation(
        "An override lasts more than 90 days.",
        "It is a change of the rotation in disguise; most often the year of its end is wrong.",
        override("{user: carol, start: 2026-12-24, end: «2027-12-27»}\n"),
        override("{user: carol, start: 2026-12-24, end: 2026-12-27}\n"),
    ),
    "OG909": Explanation(
        "The override lies before the schedule begins or after it has ended.",
        "Most often the year is wrong, and in the right one nobody covers.",
        override("{user: carol, start: «2025-12-24», end: 2025-12-27}\n"),
        override("{user: carol, start: 2026-12-24, end: 2026-12-27}\n"),
    ),
    "OG910": Explanation(
        "The override is over. It does nothing any more, and may stay or go.",
        "Nothing; old ones only make the new ones harder to see.",
        override("{user: carol, start: 2026-10-24, end: «2026-10-27»}\n"),
        override("{user: carol, start: 2026-12-24, end: 2026-12-27}\n"),
    ),
    "OG911": Explanation(
        "The override replaces somebody who is not on call in that time anyway.",
        "The weeks have probably moved since it was written, and in the right one nobody covers.",
        override("{user: carol, replaces: «bob», start: 2026-12-07T09:00, end: 2026-12-14T09:00}\n"),
        override("{user: carol, replaces: bob, start: 2026-11-30T09:00, end: 2026-12-07T09:00}\n"),
    ),
    "OG912": Explanation(
        "A time is written with an offset that its zone does not have on that day.",
        "It is mostly the other season's offset, and the override begins an hour off.",
        override("{user: carol, start: «2026-12-24T09:00+02:00», end: 2026-12-27}\n"),
        override("{user: carol, start: 2026-12-24T09:00+01:00, end: 2026-12-27}\n"),
    ),
    "OG913": Explanation(
        "A handoff or a window's edge comes, in the next two years, at a time that the clocks skip when they go "
        "forward: in New York 02:00 to 03:00 on the second Sunday of March.",
        "The turn passes an hour later on the wall than it says, in one night of the year.",
        schedule('handoff_time: «"02:30"»\n', zone="America/New_York", rotation=_DAILY),
        schedule('handoff_time: "09:00"\n', zone="America/New_York", rotation=_DAILY),
    ),
    "OG914": Explanation(
        "A handoff or a window's edge comes, in the next two years, at a time that occurs twice when the clocks go "
        "back: in New York 01:00 to 02:00 on the first Sunday of November. The first of the two is meant.",
        "For an hour two people read the same time on the wall, and each may think that it is the other's turn.",
        schedule('handoff_time: «"01:30"»\n', zone="America/New_York", rotation=_DAILY),
        schedule('handoff_time: "09:00"\n', zone="America/New_York", rotation=_DAILY),
    ),
    "OG915": Explanation(
        "No rotation and no override has this user.",
        "Somebody may have been forgotten: the new colleague believes to be on call from Monday on.",
        "users:\n  «dave»: {name: Dave Lee, email: dave@example.com}\n",
        user("name: Dave Lee\nemail: dave@example.com\n"),
    ),
    "OG916": Explanation(
        "A layer with a higher priority covers all of this one's time.",
        "Whoever is in it believes to be on call and never is.",
        _two_layers("«10»", ""),
        _two_layers("10", "    restrictions: {days_of_week: [SAT, SUN]}\n"),
    ),
    "OG917": Explanation(
        "Somebody is on call in a time that they have entered as time off.",
        "The page reaches a beach.",
        "users:\n  dave:\n    name: Dave Lee\n    email: dave@example.com\n    time_off:\n"
        "      - {start: «2026-12-07», end: 2026-12-21}\n"
        + schedule(rotation="rotation: {type: weekly, users: [dave, bob]}\n"),
        "users:\n  dave:\n    name: Dave Lee\n    email: dave@example.com\n    time_off:\n"
        "      - {start: 2026-12-07, end: 2026-12-21}\n"
        + schedule(
            "overrides:\n  - {user: carol, replaces: dave, start: 2026-12-07, end: 2026-12-21}\n",
            rotation="rotation: {type: weekly, users: [dave, bob]}\n",
        ),
    ),
    "OG918": Explanation(
        "Somebody is on call in two schedules at the same time. It is told once for each pair of schedules.",
        "Two incidents at once, and one pair of hands.",
        _two_schedules("alice", open="«", close="»"),
        _two_schedules("bob"),
    ),
    "OG919": Explanation(
        "Turns and windows have such lengths that somebody's turns always fall outside of the windows: they never "
        "work, and somebody else always does.",
        "Every weekend the same person, though two are in the rotation.",
        layer(
            "priority: 10\nstart_date: 2026-01-05\nrotation:\n  type: custom\n"
            "  rrule: FREQ=WEEKLY;BYDAY=MO,FR\n  users:\n    - «alice»\n    - bob\n"
            "restrictions: {days_of_week: [SAT, SUN]}\n"
        ),
        layer(
            "priority: 10\nstart_date: 2026-01-10\nrotation:\n  type: custom\n"
            "  rrule: FREQ=WEEKLY;BYDAY=SA\n  users:\n    - alice\n    - bob\n"
            "restrictions: {days_of_week: [SAT, SUN]}\n"
        ),
    ),
    "OG920": Explanation(
        "The name of a file ends in .YAML or .YML, in capitals. Such files are not read.",
        "It looks as if its rota were in force.",
        "mkdir schedules\necho 'teams: {}' > schedules/rota.YAML\necho 'teams: {}' > schedules/other.yaml\n",
        "mkdir schedules\necho 'teams: {}' > schedules/rota.yaml\necho 'teams: {}' > schedules/other.yaml\n",
        is_shell=True,
    ),
    "OG921": Explanation(
        "An override begins or ends at a time that the clocks skip or repeat on that day.",
        "The cover comes an hour before or after the one who leaves expects it.",
        override("{user: carol, start: «2027-03-28T02:30», end: 2027-03-29}\n"),
        override("{user: carol, start: 2027-03-28T04:00, end: 2027-03-29}\n"),
    ),
    "OG922": Explanation(
        "A comment silences a warning that is not there, on a line that has none of that code, or it says something "
        "else than `ignore`. Errors cannot be silenced.",
        "The next real warning on that line would be silenced by a comment that nobody remembers.",
        schedule('handoff_time: "17:00" «# oncall-gitops: ignore OG901»\n'),
        schedule("handoff_time: 17:00 # oncall-gitops: ignore OG901\n"),
    ),
}
