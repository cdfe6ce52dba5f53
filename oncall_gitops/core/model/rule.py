"""Recurrence rules as values, in normal form. `core/rule.py` reads them from text."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, NamedTuple, TypeAlias

from oncall_gitops.core.model.when import DAY

Frequency = Literal["HOURLY", "DAILY", "WEEKLY", "MONTHLY", "YEARLY"]
NoteKind = Literal["lower-case", "prefix", "missing-days"]
Span: TypeAlias = tuple[int, int]

LONGEST_GAP = 9 * 365 + 3
"""Nine years, in days, at their longest: occurrences that lie further apart are refused."""

FREQUENCIES: tuple[Frequency, ...] = ("HOURLY", "DAILY", "WEEKLY", "MONTHLY", "YEARLY")
MAX_INTERVAL = {
    "HOURLY": LONGEST_GAP * 24,
    "DAILY": LONGEST_GAP,
    "WEEKLY": LONGEST_GAP // 7 + 1,
    "MONTHLY": 9 * 12,
    "YEARLY": 9,
}
"""A greater interval always leaves more than nine years between two occurrences."""

MONTH_LENGTHS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
"""Days that a month always has."""

WEEKDAY_CODES = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")


class ByDay(NamedTuple):
    """A weekday (0 for Monday); with an ordinal, the n-th of the month or year (negative: from the end)."""

    ordinal: int
    weekday: int

    @property
    def text(self) -> str:
        return f"{self.ordinal or ''}{WEEKDAY_CODES[self.weekday]}"


class RuleNote(NamedTuple):
    """Something worth a warning in a rule that is good; `span` is its place in the text as written."""

    kind: NoteKind
    message: str
    span: Span
    help: str = ""


class RuleMistake(NamedTuple):
    """Why a rule is refused; `span` is the place in the text as written, half-open."""

    message: str
    span: Span
    help: str = ""


class RuleError(ValueError):
    """The rule is refused. `mistakes` are all reasons in the order of the text; the first stands for them."""

    def __init__(self, *mistakes: RuleMistake) -> None:
        super().__init__("; ".join(mistake.message for mistake in mistakes))
        self.mistakes = mistakes

    @property
    def message(self) -> str:
        return self.mistakes[0].message

    @property
    def span(self) -> Span:
        return self.mistakes[0].span

    @property
    def help(self) -> str:
        return self.mistakes[0].help


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule in normal form: each list in calendar order (counts from the end last), nothing twice.

    Two rules are equal when their normal forms are; the notes tell how this one was written. Build one with
    `parse_rule`, which checks it.
    """

    frequency: Frequency
    interval: int = 1
    months: tuple[int, ...] = ()
    weeks: tuple[int, ...] = ()
    year_days: tuple[int, ...] = ()
    month_days: tuple[int, ...] = ()
    days: tuple[ByDay, ...] = ()
    hours: tuple[int, ...] = ()
    minutes: tuple[int, ...] = ()
    positions: tuple[int, ...] = ()
    week_start: int = 0
    notes: tuple[RuleNote, ...] = field(default=(), compare=False)

    @property
    def text(self) -> str:
        """The normal form: parts in a fixed order, INTERVAL=1 and WKST=MO left out."""
        parts = [f"FREQ={self.frequency}"]
        if self.interval != 1:
            parts.append(f"INTERVAL={self.interval}")
        for name, values in (
            ("BYMONTH", self.months),
            ("BYWEEKNO", self.weeks),
            ("BYYEARDAY", self.year_days),
            ("BYMONTHDAY", self.month_days),
            ("BYDAY", tuple(day.text for day in self.days)),
            ("BYHOUR", self.hours),
            ("BYMINUTE", self.minutes),
            ("BYSETPOS", self.positions),
        ):
            if values:
                parts.append(f"{name}={','.join(map(str, values))}")
        if self.week_start:
            parts.append(f"WKST={WEEKDAY_CODES[self.week_start]}")
        return ";".join(parts)

    def times(self, start_time: int) -> tuple[int, ...]:
        """Seconds after midnight at which a day's occurrences fall, before BYSETPOS; `start_time` fills in.

        With FREQ=HOURLY this is one hour's: BYHOUR only limits there, so the hour is left at 0.
        """
        second = start_time % 60
        minutes = self.minutes or (start_time // 60 % 60,)
        if self.frequency == "HOURLY":
            return tuple(minute * 60 + second for minute in minutes)
        hours = self.hours or (start_time % DAY // 3600,)
        return tuple(hour * 3600 + minute * 60 + second for hour in hours for minute in minutes)
