"""The scenes of `docs/tour.md`: for each the story, the edit of the files, and what is typed.

`tests/test_tour.py` plays them and holds the page against what really came out.
"""

from __future__ import annotations

from dataclasses import dataclass

AS_OF = "2026-11-22T18:30:00Z"  # a Sunday, half past one in New York
OPTIONS = ("--as-of", AS_OF, "--horizon", "6w")

FILES = {
    "people.yaml": """\
users:
  alice: {name: Alice Ng, email: alice@example.com, timezone: America/New_York}
  bob: {name: Bob Stone, email: bob@example.com, timezone: America/New_York}
  carol: {name: Carol Diaz, email: carol@example.com, timezone: America/Chicago}
  dave: {name: Dave Fox, email: dave@example.com, timezone: Europe/London}
  erin: {name: Erin Weiss, email: erin@example.com, timezone: Europe/Berlin}
""",
    "payments.yaml": """\
teams:
  payments:
    schedules:
      primary:
        timezone: America/New_York
        start_date: 2026-01-05
        rotation:
          type: weekly
          users:
            - alice
            - bob
            - carol
""",
    "legacy.yaml": """\
teams:
  legacy:
    schedules:
      billing: {timezone: UTC, start_date: 2026-01-05, rotation: {type: weekly, users: [dave, erin]}}
      mailer: {timezone: UTC, start_date: 2026-01-05, rotation: {type: weekly, users: [erin]}}
      search: {timezone: UTC, start_date: 2026-01-05, rotation: {type: weekly, users: [erin]}}
      wiki: {timezone: UTC, start_date: 2026-01-05, rotation: {type: weekly, users: [dave]}}
""",
}


@dataclass(frozen=True, slots=True)
class Scene:
    """`edits` are (file, old text, new text); an empty new text for a whole file deletes it.

    `statements` are run against the database instead, which a reconcile has filled from the files before.
    """

    title: str
    story: str
    edits: tuple[tuple[str, str, str], ...] = ()
    statements: tuple[str, ...] = ()
    exit_code: int = 0


SCENES = (
    Scene(
        "A join, written as one would",
        "Dave joins the rota at the end of the list. In most tools this moves everybody, without a word: with one more "
        "person in the cycle, the count of weeks since January lands on somebody else. The plan says so, on top, and "
        "says what to write instead.",
        (("payments.yaml", "            - carol\n", "            - carol\n            - dave\n"),),
    ),
    Scene(
        "The same join, with a date",
        "The advice, taken as it stands: the current and the next turn stay, nobody is surprised on a Sunday.",
        (
            (
                "payments.yaml",
                "            - carol\n",
                "            - carol\n            - {user: dave, from: 2026-11-23}\n",
            ),
        ),
    ),
    Scene(
        "A leave",
        "Carol leaves the team in the middle of December. Her turns until then stay hers, and the date says what "
        "happens to the one that she would have begun.",
        (("payments.yaml", "- carol\n", "- {user: carol, until: 2026-12-14}\n"),),
    ),
    Scene(
        "A swap",
        "Alice takes Bob's Thanksgiving, from Wednesday evening to Friday evening. It stands in its own file, so that "
        "somebody who does not own the rota may edit it.",
        (
            (
                "swaps.yaml",
                "",
                "overrides:\n"
                "  - schedule: payments/primary\n"
                "    user: alice\n"
                "    replaces: bob\n"
                "    start: 2026-11-25T18:00\n"
                "    end: 2026-11-27T18:00\n"
                "    reason: Thanksgiving\n",
            ),
        ),
    ),
    Scene(
        "A holiday",
        "Bob is away over New Year. Erin takes exactly the hours that he would have had, whatever turns that cuts "
        "across: one line.",
        (
            (
                "payments.yaml",
                "        rotation:\n",
                "        overrides:\n"
                "          - {user: erin, replaces: bob, start: 2026-12-19, end: 2027-01-04, reason: Holiday}\n"
                "        rotation:\n",
            ),
        ),
    ),
    Scene(
        "A new layer",
        "From December on, the weekends belong to Dave and Erin, who take turns. The base rotation shows through for "
        "the rest of the week, and its turns stay where they are.",
        (
            (
                "payments.yaml",
                "        rotation:\n",
                "        layers:\n"
                "          weekend:\n"
                "            priority: 10\n"
                "            start_date: 2026-12-01\n"
                '            handoff_time: "00:00"\n'
                "            rotation: {type: weekly, users: [dave, erin]}\n"
                "            restrictions: {days_of_week: [SAT, SUN]}\n"
                "        rotation:\n",
            ),
        ),
    ),
    Scene(
        "A move to another time zone",
        "The team moves its handoff from nine o'clock in New York to nine o'clock in London. Nobody's turn changes, "
        "but every handoff comes five hours earlier, and somebody holds each of those hours.",
        (("payments.yaml", "timezone: America/New_York", "timezone: Europe/London"),),
    ),
    Scene(
        "A rename",
        "With `renamed_from` the row, its history and its calendar events stay, and nobody's hours change. Without it, "
        "the plan would show a delete and a create, and advise this line.",
        (("payments.yaml", "      primary:\n", "      cards:\n        renamed_from: primary\n"),),
    ),
    Scene(
        "A mass delete",
        "Somebody removes a file that looked old. That is four of five schedules, so the plan is blocked, with the "
        "figures and the one flag that accepts it; the pull request's check is red.",
        (("legacy.yaml", FILES["legacy.yaml"], ""),),
        exit_code=3,
    ),
    Scene(
        "Drift",
        "Nothing changed in the files. But an incident tool inserted an override into the database, which is its right "
        "and is kept; and somebody edited a schedule with SQL, which the next reconcile puts back.",
        statements=(
            "INSERT INTO schedule_overrides (schedule_id, user_id, start_time, end_time, reason) "
            "SELECT s.id, u.id, '2026-11-24T12:00Z', '2026-11-24T20:00Z', 'Incident 4711' "
            "FROM schedules s, users u WHERE s.slug = 'primary' AND u.slug = 'dave'",
            "UPDATE schedules SET name = 'Payments, do not touch' WHERE slug = 'primary'",
        ),
    ),
)
