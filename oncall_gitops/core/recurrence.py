"""Rule and start to handoffs: which, how many, the n-th, whatever the rotation's age.

Everything is local wall time in whole seconds. Occurrence 0 is the start, as RFC 5545 3.8.5.3 says of
DTSTART, also where the rule does not name it; then comes every later occurrence of the rule. What the rule
leaves open (times of day, the day) is the start's. Nothing here steps from one occurrence to the next.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TypeAlias

from oncall_gitops.core.model.rotation import Cadence
from oncall_gitops.core.model.rule import WEEKDAY_CODES, Rule
from oncall_gitops.core.model.when import Local, weekday
from oncall_gitops.core.repeating import Repeating, repeating, repeats
from oncall_gitops.core.rule import parse_rule
from oncall_gitops.core.yearly import Yearly, yearly


def rule_of(cadence: Cadence, *, start: Local) -> Rule:
    """The rule by which a rotation hands off; RuleError where it is none that is supported."""
    return _rule_of(cadence, weekday(start))


Pattern: TypeAlias = "Repeating | Yearly"


@lru_cache(maxsize=1024)
def pattern(rule: Rule, start: Local) -> Pattern:
    """The rule's own occurrences, some of which may lie before the start."""
    return repeating(rule, start) if repeats(rule) else yearly(rule, start)


class Recurrence:
    """The occurrences of a rule from `start` on: those of its pattern but the `skipped` first, after the start."""

    __slots__ = ("pattern", "rule", "skipped", "start")

    def __init__(self, rule: Rule, start: Local) -> None:
        self.rule = rule
        self.start = start
        self.pattern = pattern(rule, start)
        self.skipped = self.pattern.count(start + 1)

    def count(self, before: Local) -> int:
        """How many occurrences lie before a local time: the index of the first one at or after it."""
        if before <= self.start:
            return 0
        return self.pattern.count(before) - self.skipped + 1

    def nth(self, index: int) -> Local | None:
        """The occurrence of that index, from 0; None if there is none (up to the year 2400)."""
        if index <= 0:
            return self.start if index == 0 else None
        return self.pattern.nth(self.skipped + index - 1)

    def between(self, low: Local, high: Local) -> list[Local]:
        """The occurrences in [low, high), in order."""
        return self.numbered(low, high)[1]

    def numbered(self, low: Local, high: Local) -> tuple[int, list[Local]]:
        """The index of the first occurrence at or after `low`, and the occurrences in [low, high), in order."""
        if low > self.start:
            first, found = self.pattern.numbered(low, high)
            return first - self.skipped + 1, found
        if high <= self.start:
            return 0, []
        return 0, [self.start, *self.pattern.numbered(self.start + 1, high)[1]]


@lru_cache(maxsize=4096)
def _rule_of(cadence: Cadence, start_day: int) -> Rule:
    if cadence.rrule is not None:
        return parse_rule(cadence.rrule)
    if cadence.type == "weekly":
        day = start_day if cadence.handoff_day is None else cadence.handoff_day
        return parse_rule(f"FREQ=WEEKLY;INTERVAL={cadence.interval};BYDAY={WEEKDAY_CODES[day]}")
    return parse_rule(f"FREQ=DAILY;INTERVAL={cadence.interval}")
