"""What there is to say about one diagnostic code, and the frames in which its examples stand.

An example is the text of `schedules/rota.yaml`, beside `PEOPLE` in a file of its own, on the day `TODAY`. The
guillemets in a bad one enclose the place that the diagnostic names; they are not part of the file.
"""

from __future__ import annotations

from dataclasses import dataclass
from textwrap import indent

TODAY = "2026-11-22"

PEOPLE = """\
users:
  alice: {name: Alice Ng, email: alice@example.com}
  bob: {name: Bob Roe, email: bob@example.com}
  carol: {name: Carol Diaz, email: carol@example.com}
"""

OPEN, CLOSE = (
    "\N{LEFT-POINTING DOUBLE ANGLE QUOTATION MARK}",
    "\N{RIGHT-POINTING DOUBLE ANGLE QUOTATION MARK}",
)

ROTATION = "rotation: {type: weekly, users: [alice, bob]}\n"


@dataclass(frozen=True, slots=True)
class Explanation:
    """`means` says what was found, `why` what it would do at night, `bad` and `good` show it.

    With `is_shell` the examples are commands that make the folder `schedules`: what is wrong is a file, and not
    what stands in it.
    """

    means: str
    why: str
    bad: str
    good: str
    is_shell: bool = False

    @property
    def bad_text(self) -> str:
        return self.bad.replace(OPEN, "").replace(CLOSE, "")

    @property
    def place(self) -> tuple[int, int]:
        """Line and column, from 1, of the diagnostic in the bad example."""
        before = self.bad.partition(OPEN)[0] if OPEN in self.bad else ""
        return before.count("\n") + 1, len(before) - before.rfind("\n")

    @property
    def marked(self) -> str:
        """The enclosed text; empty where it spans no single line."""
        return self.bad.partition(OPEN)[2].partition(CLOSE)[0]


def schedule(
    body: str = "", *, zone: str = "Europe/Berlin", start: str = "2026-01-05", rotation: str = ROTATION
) -> str:
    """A file with one schedule, whose other keys are `body`."""
    fields = f"timezone: {zone}\nstart_date: {start}\n{rotation}{body}"
    return "teams:\n  payments:\n    schedules:\n      primary:\n" + indent(fields, " " * 8)


def layer(body: str, *, slug: str = "weekend", zone: str = "Europe/Berlin") -> str:
    """A file with one schedule that has one layer."""
    return schedule(f"layers:\n  {slug}:\n{indent(body, ' ' * 4)}", zone=zone)


def override(entry: str, *, zone: str = "Europe/Berlin") -> str:
    """A file with one schedule and overrides of it, one a line."""
    lines = "".join(f"  - {line}\n" for line in entry.splitlines())
    return schedule(f"overrides:\n{lines}", zone=zone)


def user(body: str) -> str:
    """A file with one more user, whom the schedule has too, so that nothing else is to be said."""
    rota = "{type: weekly, users: [alice, dave]}"
    return f"users:\n  dave:\n{indent(body, ' ' * 4)}{schedule(rotation=f'rotation: {rota}' + chr(10))}"
