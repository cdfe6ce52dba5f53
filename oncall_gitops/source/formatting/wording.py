"""How a value is written: which texts have a normal form, and which quotes stand around them.

Only the few values whose spelling says nothing are touched: wall times, weekdays and rules. Names, zones and
reasons stay as somebody wrote them.
"""

from __future__ import annotations

import re
from typing import Literal, TypeAlias

from oncall_gitops.core.model.when import WEEKDAYS
from oncall_gitops.core.rule import RuleError, parse_rule
from oncall_gitops.source.document import Scalar

Role: TypeAlias = Literal["clock", "day", "rule"]
Keys: TypeAlias = tuple[str, ...]
"""The keys that lead to a value; a place in a list adds none."""

_CLOCK = re.compile(r"(?:(?:MON|TUE|WED|THU|FRI|SAT|SUN) +)?[0-9]{2}:[0-9]{2}", re.IGNORECASE | re.ASCII)
_PREFIX = "RRULE:"


def role(keys: Keys) -> Role | None:
    """What kind of value stands below these keys, if it is one that has a normal form."""
    match keys:
        case ("teams", _, "schedules", _, "layers", _, *rest) | ("teams", _, "schedules", _, *rest):
            pass
        case _:
            return None
    match rest:
        case ["handoff_time"] | ["restrictions" | "coverage", "from" | "to"]:
            return "clock"
        case ["rotation", "handoff_day"] | ["restrictions" | "coverage", "days" | "days_of_week"]:
            return "day"
        case ["rotation", "rrule"]:
            return "rule"
        case _:
            return None


def normal(text: str, role: Role | None) -> str | None:
    """The normal form of a text in its role; None where it has none, or is wrong in a way that people must mend."""
    upper = text.upper()
    match role:
        case "clock" if _CLOCK.fullmatch(text):
            return upper
        case "day" if upper in WEEKDAYS:
            return upper
        case "rule" if _is_rule(text):
            return upper.removeprefix(_PREFIX)
        case _:
            return None


def rewritten(node: Scalar, role: Role | None) -> str | None:
    """A scalar with a normal form as it is to be written, on one line; None for any other."""
    text = normal(node, role)
    if text is None:
        return None
    return text if node.plain and role != "clock" else f'"{text}"'


def requoted(raw: str) -> str:
    """A scalar of one line as written, in double quotes where it was in single ones and these mean the same."""
    if raw[:1] != "'" or '"' in raw or "\\" in raw:
        return raw
    return '"' + raw[1:-1].replace("''", "'") + '"'


def _is_rule(text: str) -> bool:
    try:
        parse_rule(text)
    except RuleError:
        return False
    return True
