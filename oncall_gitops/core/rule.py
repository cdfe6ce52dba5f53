"""Recurrence rules: our own strict reading of RFC 5545 RRULE values.

Lenient readers guess: they accept a part twice, a zeroth day of the month that then fires every day, a
repetition every 0 days that never ends. A rule that decides who is woken up must mean one thing, so this
parser knows the grammar of RFC 5545 3.3.10 and its table of what may stand together, refuses everything else
with its place in the text, and gives each rule one normal form. Whether a rule fires is for `firing.py`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import replace
from difflib import get_close_matches
from typing import Any, NamedTuple, TypeVar

from oncall_gitops.core.model.rule import (
    FREQUENCIES,
    MAX_INTERVAL,
    MONTH_LENGTHS,
    WEEKDAY_CODES,
    ByDay,
    Rule,
    RuleError,
    RuleMistake,
    RuleNote,
    Span,
)

__all__ = ["ByDay", "Rule", "RuleError", "RuleMistake", "RuleNote", "parse_rule"]

MAX_LENGTH = 512

_T = TypeVar("_T")


def parse_rule(text: str) -> Rule:
    """Read an RRULE value, or raise RuleError with every mistake and its place in `text`."""
    _refuse_foreign_text(text)
    notes = []
    offset = 0
    if text[:6].upper() == "RRULE:":
        offset = 6
        notes.append(RuleNote("prefix", "the rule begins with `RRULE:`", (0, 6), "leave the prefix out"))
    if text[offset:] != text[offset:].upper():
        span = (offset, len(text))
        notes.append(RuleNote("lower-case", "the rule is in lower case", span, "write it in upper case"))

    mistakes: list[RuleMistake] = []
    parts = _parts(text, offset=offset, mistakes=mistakes)
    values: dict[str, Any] = {}
    for part in parts.values():
        try:
            values[part.name] = _READERS[part.name](part)
        except RuleError as error:
            mistakes.extend(error.mistakes)
    is_misspelt = any(mistake.help == _DID_YOU_MEAN.format("FREQ") for mistake in mistakes)
    mistakes.extend(_clashes(parts, values=values, end=len(text), is_misspelt=is_misspelt))
    if mistakes:
        raise RuleError(*sorted(mistakes, key=lambda mistake: mistake.span))
    rule = Rule(**{_FIELDS[name]: value for name, value in values.items()})
    notes.extend(_missing_days(rule, parts=parts))
    return replace(rule, notes=tuple(notes))


_SPACE = re.compile(r"\s")
_NOT_ASCII = re.compile(r"[^\x21-\x7e]")
_PROPERTY = re.compile(r"^(DTSTART|DTEND|EXDATE|RDATE|EXRULE|DURATION)\b", re.IGNORECASE | re.MULTILINE)
_DIGITS = re.compile(r"\d+", re.ASCII)
_SIGNED = re.compile(r"[+-]?\d+", re.ASCII)
_BYDAY = re.compile(r"([+-]?\d{1,2})?(MO|TU|WE|TH|FR|SA|SU)", re.ASCII)

_DID_YOU_MEAN = "did you mean {}?"
_USE_INSTEAD = {
    "DTSTART": "a rule counts from the rotation's `start`",
    "TZID": "the rule runs in the `timezone` of the layer or schedule",
    "COUNT": "use `end_date`",
    "UNTIL": "use `end_date`",
    "EXDATE": "use an override",
    "RDATE": "use an override",
    "EXRULE": "use a layer of higher priority",
    "DTEND": "a turn ends at the next handoff",
    "DURATION": "a turn ends at the next handoff",
    "BYSECOND": "the seconds are those of the rotation's `start`",
    "BYEASTER": "it is not in RFC 5545",
    "RSCALE": "only the Gregorian calendar is known",
    "SKIP": "a day that a month lacks is passed over",
}


class _Part(NamedTuple):
    """`NAME=value` at `start` in the text as written; name and value in upper case."""

    name: str
    value: str
    start: int

    @property
    def span(self) -> Span:
        return (self.start, self.start + len(self.name) + 1 + len(self.value))

    @property
    def value_start(self) -> int:
        return self.start + len(self.name) + 1


class _Item(NamedTuple):
    """One value of a list."""

    text: str
    span: Span


def _refuse_foreign_text(text: str) -> None:
    """Stop where reading on is pointless: other properties or lines, spaces, no ASCII, too much of it."""
    if found := _PROPERTY.search(text):
        name = found[1].upper()
        raise RuleError(
            RuleMistake(f"{name} does not belong in a rule", found.span(1), _USE_INSTEAD[name]),
        )
    if found := re.search(r"[\n\r\x0b\x0c\x1c-\x1e\x85\u2028\u2029]", text):
        raise RuleError(RuleMistake("a rule is one line", found.span(), _without_spaces(text)))
    if len(text) > MAX_LENGTH:
        message = f"the rule is {len(text)} characters long; at most {MAX_LENGTH} are read"
        raise RuleError(RuleMistake(message, (MAX_LENGTH, len(text))))
    if not text:
        raise RuleError(RuleMistake("the rule is empty", (0, 0), "write for example FREQ=WEEKLY;BYDAY=MO"))
    if "=" not in text:
        name = text.strip().upper()
        hint = f"write FREQ={name}" if name in FREQUENCIES else "write for example FREQ=WEEKLY;BYDAY=MO,WE"
        raise RuleError(RuleMistake(f"{_shown(text)} is no RFC 5545 rule", (0, len(text)), hint))
    if found := _SPACE.search(text):
        raise RuleError(RuleMistake("a rule has no spaces", found.span(), _without_spaces(text)))
    if found := _NOT_ASCII.search(text):
        message = f"only plain ASCII letters and digits stand in a rule, not {_shown(found[0])}"
        raise RuleError(RuleMistake(message, found.span()))


def _without_spaces(text: str) -> str:
    """What to write in the place of a rule that has spaces, if they are all that is wrong with it."""
    try:
        return f"write {parse_rule(_SPACE.sub('', text)).text}"
    except RuleError:
        return ""


def _parts(text: str, *, offset: int, mistakes: list[RuleMistake]) -> dict[str, _Part]:
    """The parts that can be read, by name; the others become mistakes."""
    parts: dict[str, _Part] = {}
    for piece, start in _split(text[offset:], ";", offset=offset):
        end = start + len(piece)
        name, equals, value = piece.upper().partition("=")
        if not piece:
            if end < len(text):
                mistakes.append(RuleMistake("an empty part before `;`", (start, start + 1), "remove the `;`"))
            elif start > offset:
                mistakes.append(RuleMistake("the rule ends in `;`", (start - 1, start), "remove the `;`"))
        elif not equals:
            mistakes.append(RuleMistake(f"{_shown(name)} is not NAME=VALUE", (start, end)))
        elif name not in _FIELDS:
            mistakes.append(_unknown_part(name, span=(start, end)))
        elif name in parts:
            mistakes.append(RuleMistake(f"{name} appears twice", (start, end)))
        else:
            parts[name] = _Part(name, value, start)
    return parts


def _unknown_part(name: str, *, span: Span) -> RuleMistake:
    if name in _USE_INSTEAD:
        return RuleMistake(f"{name} is not supported in a rule", span, _USE_INSTEAD[name])
    close = get_close_matches(name[:20], _FIELDS, n=1)
    return RuleMistake(f"unknown part {_shown(name)}", span, _DID_YOU_MEAN.format(close[0]) if close else "")


def _items(part: _Part) -> Iterator[_Item]:
    """The values of a list, none of them empty."""
    if not part.value:
        raise RuleError(RuleMistake(f"{part.name} is empty", part.span))
    for text, start in _split(part.value, ",", offset=part.value_start):
        if not text:
            span = (start, start + 1) if start < part.span[1] else (start - 1, start)
            raise RuleError(RuleMistake(f"{part.name} has an empty item", span, "remove the `,`"))
        yield _Item(text, (start, start + len(text)))


def _split(text: str, mark: str, *, offset: int) -> Iterator[tuple[str, int]]:
    for piece in text.split(mark):
        yield piece, offset
        offset += len(piece) + 1


def _frequency(part: _Part) -> str:
    span = (part.value_start, part.span[1])
    if part.value in FREQUENCIES:
        return part.value
    if part.value in ("SECONDLY", "MINUTELY"):
        message = f"FREQ={part.value} is not supported: the shortest rotation is HOURLY"
        raise RuleError(RuleMistake(message, span))
    if not part.value:
        raise RuleError(RuleMistake("FREQ is empty", part.span, _one_of(FREQUENCIES)))
    close = get_close_matches(part.value[:20], FREQUENCIES, n=1)
    hint = f"did you mean {close[0]}?" if close else _one_of(FREQUENCIES)
    raise RuleError(RuleMistake(f"unknown FREQ {_shown(part.value)}", span, hint))


def _interval(part: _Part) -> int:
    span = (part.value_start, part.span[1])
    if not part.value:
        raise RuleError(RuleMistake("INTERVAL is empty", part.span))
    if not _SIGNED.fullmatch(part.value) or part.value.startswith("+"):
        message = f"INTERVAL must be a whole number in digits 0-9, not {_shown(part.value)}"
        raise RuleError(RuleMistake(message, span))
    if part.value.startswith("-") or not part.value.strip("0"):
        raise RuleError(RuleMistake("INTERVAL must be 1 or more", span))
    if len(part.value.lstrip("0")) > 9:
        raise RuleError(RuleMistake("INTERVAL is too large", span, "two handoffs lie at most 9 years apart"))
    return int(part.value)


def _numbers(low: int, high: int, *, signed: bool = False) -> Callable[[_Part], tuple[int, ...]]:
    """A reader of whole numbers from low to high and, when signed, of the same counted from the end."""
    bounds = f"{low}..{high} or -{high}..-{low}" if signed else f"{low}..{high}"
    shape, digits = (_SIGNED if signed else _DIGITS), len(str(high))

    def read(part: _Part) -> tuple[int, ...]:
        numbers: set[int] = set()
        for item in _items(part):
            if not shape.fullmatch(item.text):
                message = f"{part.name} takes whole numbers in digits 0-9, not {_shown(item.text)}"
                raise RuleError(RuleMistake(message, item.span, f"{part.name} must be {bounds}"))
            if len(item.text.lstrip("+-")) > digits or not low <= abs(int(item.text)) <= high:
                message = f"{part.name} must be {bounds}, not {_shown(item.text)}"
                raise RuleError(RuleMistake(message, item.span))
            _once(part, item, int(item.text), seen=numbers)
        return tuple(sorted(numbers, key=lambda number: (number < 0, number)))

    return read


def _days(part: _Part) -> tuple[ByDay, ...]:
    days: set[ByDay] = set()
    items = list(_items(part))
    unknown = [item for item in items if not _BYDAY.fullmatch(item.text)]
    if unknown:
        raise RuleError(
            *(
                RuleMistake(f"BYDAY: unknown day {_shown(item.text)}", item.span, _day_help(item.text))
                for item in unknown[:7]
            )
        )
    for item in items:
        found = _BYDAY.fullmatch(item.text)
        assert found
        if found[1] and not 1 <= abs(int(found[1])) <= 53:
            message = f"BYDAY: the number of {_shown(item.text)} must be 1..53 or -53..-1"
            raise RuleError(RuleMistake(message, item.span))
        day = ByDay(int(found[1] or 0), WEEKDAY_CODES.index(found[2]))
        _once(part, item, day, seen=days)
    return tuple(sorted(days, key=lambda day: (day.ordinal < 0, day)))


def _day_help(text: str) -> str:
    if found := re.fullmatch(r"(MO|TU|WE|TH|FR|SA|SU)\(?([+-]?\d{1,2})\)?", text, re.ASCII):
        return f"write {int(found[2])}{found[1]}"
    if text.isalpha() and text[:2] in WEEKDAY_CODES:
        return f"use {text[:2]}"
    return _one_of(WEEKDAY_CODES)


def _week_start(part: _Part) -> int:
    if part.value in WEEKDAY_CODES:
        return WEEKDAY_CODES.index(part.value)
    message = f"WKST: unknown day {_shown(part.value)}" if part.value else "WKST is empty"
    raise RuleError(RuleMistake(message, part.span, _day_help(part.value)))


def _once(part: _Part, item: _Item, value: _T, *, seen: set[_T]) -> None:
    if value in seen:
        raise RuleError(RuleMistake(f"{part.name} names {_shown(item.text)} twice", item.span))
    seen.add(value)


def _clashes(
    parts: Mapping[str, _Part], *, values: Mapping[str, Any], end: int, is_misspelt: bool
) -> Iterator[RuleMistake]:
    """What RFC 5545 3.3.10 does not let stand together, as far as the parts could be read.

    `is_misspelt` says that a part that could not be read looks like FREQ.
    """
    if "FREQ" not in parts and not is_misspelt:
        yield RuleMistake("FREQ is required", (0, end), "write for example FREQ=WEEKLY;BYDAY=MO")
    if "BYSETPOS" in parts and not any(name in parts for name in _SELECTING):
        hint = "it picks from what the other BY parts give"
        yield RuleMistake("BYSETPOS needs another BY part", parts["BYSETPOS"].span, hint)
    frequency = values.get("FREQ")
    if frequency is None:
        return
    for name, allowed in _ONLY_WITH.items():
        if name in parts and frequency not in allowed:
            message = f"{name} cannot stand with FREQ={frequency}"
            yield RuleMistake(message, parts[name].span, f"only with {_one_of(allowed, last='or')}")
    yield from _misplaced_ordinals(parts, days=values.get("BYDAY", ()), frequency=frequency)
    limit = MAX_INTERVAL[frequency]
    if values.get("INTERVAL", 1) > limit:
        message = f"INTERVAL must be 1..{limit} with FREQ={frequency}"
        hint = "two handoffs lie at most 9 years apart"
        yield RuleMistake(message, (parts["INTERVAL"].value_start, parts["INTERVAL"].span[1]), hint)


def _misplaced_ordinals(
    parts: Mapping[str, _Part], *, days: Collection[ByDay], frequency: str
) -> Iterator[RuleMistake]:
    numbered = [day for day in days if day.ordinal]
    if not numbered:
        return
    span, plain = parts["BYDAY"].span, WEEKDAY_CODES[numbered[0].weekday]
    if frequency not in ("MONTHLY", "YEARLY"):
        message = f"BYDAY: numbered days such as {numbered[0].text} only with FREQ=MONTHLY or YEARLY"
        yield RuleMistake(message, span, f"use {plain}")
    elif "BYWEEKNO" in parts:
        message = f"BYDAY: numbered days such as {numbered[0].text} cannot stand with BYWEEKNO"
        yield RuleMistake(message, span, f"use {plain}")


def _missing_days(rule: Rule, *, parts: Mapping[str, _Part]) -> Iterator[RuleNote]:
    """Days that some of the rule's periods lack, so that it passes them over."""
    months = rule.months or range(1, 13)
    shortest = min(MONTH_LENGTHS[month - 1] for month in months)
    longest = max(MONTH_LENGTHS[month - 1] + (month == 2) for month in months)
    late = [day for day in rule.month_days if abs(day) > shortest]
    picks_another = rule.positions and len(late) < len(rule.month_days)
    never_fires = bool(late) and all(abs(day) > longest for day in rule.month_days)
    if late and not picks_another and not never_fires:
        message = f"BYMONTHDAY={late[0]}: months without that day are passed over"
        yield RuleNote("missing-days", message, parts["BYMONTHDAY"].span, "BYMONTHDAY=-1 is the last day")
    if any(abs(day) == 366 for day in rule.year_days):
        message = "BYYEARDAY=366 fires only in leap years"
        yield RuleNote("missing-days", message, parts["BYYEARDAY"].span, "BYYEARDAY=-1 is the last day")
    if any(abs(week) == 53 for week in rule.weeks):
        message = "BYWEEKNO=53: most years have 52 weeks and are passed over"
        yield RuleNote("missing-days", message, parts["BYWEEKNO"].span, "BYWEEKNO=-1 is the last week")
    most = 53 if rule.frequency == "YEARLY" and not rule.months else 5
    if any(abs(day.ordinal) >= most for day in rule.days):
        period = "years" if most == 53 else "months"
        message = f"BYDAY: {period} with fewer such days are passed over"
        yield RuleNote("missing-days", message, parts["BYDAY"].span, "-1 counts from the end: -1MO")


def _one_of(names: Collection[str], *, last: str = "and") -> str:
    *rest, final = names
    return f"{', '.join(rest)} {last} {final}" if rest else final


def _shown(text: str) -> str:
    """User text for a message: cut, and with nothing in it that a terminal would obey."""
    cut = text if len(text) <= 40 else text[:39] + "…"
    return f"`{cut if cut.isprintable() else ascii(cut)[1:-1]}`"


_READERS: Mapping[str, Callable[[_Part], Any]] = {
    "FREQ": _frequency,
    "INTERVAL": _interval,
    "BYMONTH": _numbers(1, 12),
    "BYWEEKNO": _numbers(1, 53, signed=True),
    "BYYEARDAY": _numbers(1, 366, signed=True),
    "BYMONTHDAY": _numbers(1, 31, signed=True),
    "BYDAY": _days,
    "BYHOUR": _numbers(0, 23),
    "BYMINUTE": _numbers(0, 59),
    "BYSETPOS": _numbers(1, 366, signed=True),
    "WKST": _week_start,
}
_FIELDS = {
    "FREQ": "frequency",
    "INTERVAL": "interval",
    "BYMONTH": "months",
    "BYWEEKNO": "weeks",
    "BYYEARDAY": "year_days",
    "BYMONTHDAY": "month_days",
    "BYDAY": "days",
    "BYHOUR": "hours",
    "BYMINUTE": "minutes",
    "BYSETPOS": "positions",
    "WKST": "week_start",
}
_SELECTING = [name for name in _FIELDS if name.startswith("BY") and name != "BYSETPOS"]
_ONLY_WITH: Mapping[str, tuple[str, ...]] = {
    "BYWEEKNO": ("YEARLY",),
    "BYYEARDAY": ("HOURLY", "YEARLY"),
    "BYMONTHDAY": ("HOURLY", "DAILY", "MONTHLY", "YEARLY"),
}
