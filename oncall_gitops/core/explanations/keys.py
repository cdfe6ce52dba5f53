"""OG2xx: keys, and kinds of values."""

from __future__ import annotations

from oncall_gitops.core.explanations.explanation import Explanation, layer, schedule, user

_DAVE = "name: Dave Lee\nemail: dave@example.com\n"
_GOOD_DAVE = user(_DAVE)

KEYS = {
    "OG201": Explanation(
        "This key has no meaning at this place. Mostly it is misspelt, or stands one level too high or too deep.",
        "A key that is silently ignored is a rule that does not hold: the handoff stays where it always was.",
        schedule('«handof_time»: "17:00"\n'),
        schedule('handoff_time: "17:00"\n'),
    ),
    "OG202": Explanation(
        "A key that must be there is not.",
        "Without it there is no saying who is on call when, and guessing would page the wrong person.",
        "users:\n  «dave»:\n    name: Dave Lee\n"
        + schedule(rotation="rotation: {type: daily, users: [dave]}\n"),
        "users:\n  dave:\n    name: Dave Lee\n    email: dave@example.com\n"
        + schedule(rotation="rotation: {type: daily, users: [dave]}\n"),
    ),
    "OG203": Explanation(
        "A list stands where a mapping is expected, text where a list is expected, or the like.",
        "Whoever is in it would be missed: nothing is read from a value of another kind.",
        schedule(rotation="rotation: {type: weekly, users: «alice»}\n"),
        schedule(rotation="rotation: {type: weekly, users: [alice]}\n"),
    ),
    "OG204": Explanation(
        "A key is there, but nothing (or null) follows it. Give a value, or leave the key out.",
        "An empty key is most often an edit that was not finished.",
        schedule("handoff_time:«»\n"),
        schedule('handoff_time: "09:00"\n'),
    ),
    "OG205": Explanation(
        "A whole number is expected here. A number in quotes is text, and 1.5, 010 or 1e3 are none either.",
        "YAML readers disagree about what such numbers are, and a priority of 8 instead of 10 decides who is paged.",
        layer(
            'priority: «"10"»\nrotation: {type: weekly, users: [carol]}\nrestrictions: {days_of_week: [SAT]}\n'
        ),
        layer(
            "priority: 10\nrotation: {type: weekly, users: [carol]}\nrestrictions: {days_of_week: [SAT]}\n"
        ),
    ),
    "OG206": Explanation(
        "A number is smaller or larger than it may be here.",
        "It is most often a slip of a digit: nobody means a turn of 700 days.",
        schedule(rotation="rotation: {type: custom, interval_days: «700», users: [alice, bob]}\n"),
        schedule(rotation="rotation: {type: custom, interval_days: 7, users: [alice, bob]}\n"),
    ),
    "OG207": Explanation(
        "Only true and false are meant as such: yes, no, on and off are text to some readers and not to others.",
        "A schedule that somebody switched off would go on paging people, or the other way round.",
        schedule("active: «no»\n"),
        schedule("active: false\n"),
    ),
    "OG208": Explanation(
        "Only the listed words are possible here, in exactly this writing.",
        "A word that is not understood would leave the rotation without a rhythm.",
        schedule(rotation="rotation: {type: «wekly», users: [alice, bob]}\n"),
        schedule(rotation="rotation: {type: weekly, users: [alice, bob]}\n"),
    ),
    "OG209": Explanation(
        "A slug is a name for machines: 1 to 63 characters out of a-z, 0-9, '.', '_' and '-', beginning with a "
        "letter or digit. What people read is `name`.",
        "Slugs stand in addresses, queries and commands; one with spaces or capitals cannot be typed in a hurry.",
        "teams:\n  «Payments Team»: {}\n",
        "teams:\n  payments-team: {name: Payments Team}\n",
    ),
    "OG210": Explanation(
        "A text holds invisible or control characters, is blank, or is too long.",
        "Names end up in terminals, pages and calendars: nobody should have to wonder who that blank is.",
        user('name: «"  "»\nemail: dave@example.com\n'),
        _GOOD_DAVE,
    ),
    "OG211": Explanation(
        "This is not an email address of the form name@host.",
        "Calendars are found by this address; with a wrong one the shifts never reach it.",
        user("name: Dave Lee\nemail: «dave at example.com»\n"),
        _GOOD_DAVE,
    ),
    "OG212": Explanation(
        "Two keys exclude each other, or one of them goes only with another type.",
        "One of the two would have to be ignored, and it would not be the one that you expect.",
        schedule(rotation="rotation: {type: weekly, «interval_days»: 14, users: [alice, bob]}\n"),
        schedule(rotation="rotation: {type: weekly, interval: 2, users: [alice, bob]}\n"),
    ),
    "OG213": Explanation(
        "A list is empty where it needs an entry, or longer than is read (500 places in a rotation).",
        "A rotation of nobody is a night without anybody.",
        schedule(rotation="rotation: {type: weekly, «users»: []}\n"),
        schedule(rotation="rotation: {type: weekly, users: [alice]}\n"),
    ),
}
