"""OG4xx: times, zones and rules."""

from __future__ import annotations

from oncall_gitops.core.explanations.explanation import Explanation, layer, schedule

_WEEKEND = "priority: 10\nrotation: {type: weekly, users: [carol]}\nrestrictions:\n"

TIMES = {
    "OG401": Explanation(
        "The installed tzdata has no time zone of this name. Names are IANA's, and capitals matter.",
        "In a guessed zone every handoff is hours off, and two people believe that the other one is on call.",
        schedule(zone="«Europe/Berln»"),
        schedule(zone="Europe/Berlin"),
    ),
    "OG402": Explanation(
        "An abbreviation, a fixed offset, a POSIX rule or a Windows name is not the zone of a place.",
        "EST knows no summer time and CST is three zones: from March on, every handoff would be an hour off.",
        schedule(zone="«EST»"),
        schedule(zone="America/New_York"),
    ),
    "OG403": Explanation(
        "A date is 2026-01-05, a local time 2026-01-05T09:00, an instant 2026-01-05T09:00:00Z or with an offset.",
        "05/01/2026 is a day in January to some and in May to others.",
        schedule(start="«05/01/2026»"),
        schedule(start="2026-01-05"),
    ),
    "OG404": Explanation(
        'A wall time is HH:MM in quotes, from "00:00" to "23:59"; "24:00" only where a window ends.',
        "9:00 in the evening or in the morning: the person who is asleep would like to know.",
        schedule("handoff_time: «9am»\n"),
        schedule('handoff_time: "09:00"\n'),
    ),
    "OG405": Explanation(
        "Dates lie in 1970 to 2099.",
        "It is most often a slip of a digit, and the override would come in a thousand years.",
        schedule(start="«20226-01-05»"),
        schedule(start="2026-01-05"),
    ),
    "OG406": Explanation(
        'A window has a `from` and a `to`, either both with a day ("FRI 17:00") or neither. Days are MON to SUN.',
        "Outside of its windows a layer pages nobody, so each edge must be exactly where you mean it.",
        layer(_WEEKEND + '  - {days: [«Saturday»], from: "09:00", to: "17:00"}\n'),
        layer(_WEEKEND + '  - {days: [SAT], from: "09:00", to: "17:00"}\n'),
    ),
    "OG407": Explanation(
        "A list of days names the same day twice.",
        "One of the two was meant to be another day, and that one is not covered.",
        layer(_WEEKEND + '  - {days: [SAT, «SAT»], from: "09:00", to: "17:00"}\n'),
        layer(_WEEKEND + '  - {days: [SAT, SUN], from: "09:00", to: "17:00"}\n'),
    ),
    "OG408": Explanation(
        "The recurrence rule is not an RRULE of RFC 5545, or uses COUNT, UNTIL or BYSECOND, which have no place here.",
        "Programs that guess what a rule means hand off on different days.",
        schedule(rotation="rotation: {type: custom, rrule: FREQ=WEEKLY;«BYDAYS=MO», users: [alice, bob]}\n"),
        schedule(rotation="rotation: {type: custom, rrule: FREQ=WEEKLY;BYDAY=MO, users: [alice, bob]}\n"),
    ),
    "OG409": Explanation(
        "The rule never fires, or leaves more than 9 years between two handoffs within 400 years.",
        "The first person would be on call for the rest of their life.",
        schedule(
            rotation="rotation:\n  type: custom\n"
            "  rrule: «FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30»\n  users: [alice, bob]\n"
        ),
        schedule(
            rotation="rotation:\n  type: custom\n  rrule: FREQ=MONTHLY;BYMONTHDAY=5\n  users: [alice, bob]\n"
        ),
    ),
}
