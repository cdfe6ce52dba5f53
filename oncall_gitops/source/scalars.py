"""Raw text to values, one kind a function: each says what is wrong in words, with what would be right.

The functions are pydantic validators; what they raise carries our code as its type. `info.context` is the
`Reading` under way, which knows the users that exist and takes the warnings.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Annotated, TypeAlias

from pydantic import PlainValidator, ValidationInfo
from pydantic_core import PydanticCustomError

from oncall_gitops.core.model.user import NOBODY
from oncall_gitops.core.model.when import When, parse_clock, parse_when
from oncall_gitops.core.problem import Severity
from oncall_gitops.core.visible import UNSEEN, is_blank
from oncall_gitops.source import repairs
from oncall_gitops.source.document import Node, Scalar, kind_of
from oncall_gitops.source.slugs import is_slug, slug_fault
from oncall_gitops.source.spelling import did_you_mean
from oncall_gitops.source.syntax import shown
from oncall_gitops.source.text import character_name, escaped_fault
from oncall_gitops.source.zones import zone_fault

MAX_NAME = 255
MAX_TEXT = 10_000

_EMAIL = re.compile(r"[\w.!#$%&'*+/=?^`{|}~-]+@[\w-]+(?:\.[\w-]+)*")
_WHOLE = re.compile(r"-?(?:0|[1-9][0-9]*)", re.ASCII)
_SEXAGESIMAL = re.compile(r"[1-9][0-9]*:[0-5]?[0-9](?::[0-5]?[0-9])?", re.ASCII)
_LOOSE_CLOCK = re.compile(
    r"\s*([0-9]{1,2})(?:[:.h]?([0-9]{2}))?(?::[0-9]{2})?\s*([ap]\.?m\.?)?\s*", re.IGNORECASE
)
_CURLY_QUOTES = "\u201c\u201d\u2018\u2019"
_LOOSE_WHEN = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}\s+[0-9]{1,2}:[0-9]{2}.*")
_WITH_ZONE = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2}[ T][0-9]{2}:[0-9]{2}(?::[0-9]{2})?)\s*([A-Za-z][\w/+-]+)"
)
_CLOCK_ALONE = re.compile(r"[0-9]{1,2}:[0-9]{2}")


@dataclass(frozen=True, slots=True)
class Note:
    """A mistake or a warning beside the values: about a node, or about a span of a scalar's text."""

    node: Node
    code: str
    message: str
    help: str = ""
    severity: Severity = "warning"
    span: tuple[int, int] | None = None


@dataclass(slots=True)
class Reading:
    """What reading one entry needs to know of all files, and what it has to say beside raising errors.

    `unread` are the words of the files that could not be read: a name among them is not called unknown. `known_as`
    has the users by their names and addresses, in small letters.
    """

    users: frozenset[str] = frozenset()
    teams: frozenset[str] = frozenset()
    schedules: frozenset[str] = frozenset()
    unread: frozenset[str] = frozenset()
    known_as: Callable[[], Mapping[str, str]] = dict
    notes: list[Note] = field(default_factory=list)

    def fault(self, node: Node, code: str, message: str, hint: str = "") -> None:
        """Note a mistake without ending the reading of what stands around it."""
        self.notes.append(Note(node, code, message, hint, severity="error"))


def wrong(code: str, message: str, hint: str = "") -> PydanticCustomError:
    """A mistake in a value."""
    return PydanticCustomError(code, "{message}", {"message": message, "help": hint})


def scalar(value: object, expected: str) -> Scalar:
    """A value that must be one text."""
    if not isinstance(value, Scalar):
        raise wrong("OG203", f"expected {expected}, found {kind_of(value)}")
    if value.is_null:
        raise wrong("OG204", f"expected {expected}, found nothing", "give a value, or leave the key out")
    return value


def visible_text(text: str, *, longest: int, lines: bool) -> str:
    """Text that can be shown in a terminal, a page and a calendar."""
    if fault := escaped_fault(text):
        raise wrong("OG108", fault, "remove it")
    visible = text.replace("\n", "").replace("\t", "") if lines else text
    if found := UNSEEN.search(visible):
        raise wrong("OG210", f"{shown(text)} holds the character {_named(found[0])}", "remove it")
    if not lines and is_blank(text):
        raise wrong("OG210", "the text is blank", "give a value, or leave the key out")
    if len(text) > longest:
        raise wrong("OG210", f"the text is longer than {longest} characters")
    return str(text)


def name(value: object) -> str:
    return visible_text(scalar(value, "text"), longest=MAX_NAME, lines=False)


def prose(value: object) -> str:
    return visible_text(scalar(value, "text"), longest=MAX_TEXT, lines=True)


def slug(value: object) -> str:
    text = scalar(value, "a slug")
    if not is_slug(text):
        raise wrong("OG209", *slug_fault(text))
    return str(text)


def user(value: object, info: ValidationInfo[Reading]) -> str:
    """The slug of a user whom the files declare."""
    reading: Reading = info.context
    text = _person(value, reading)
    if text == NOBODY:
        message = '"nobody" stands for an intended hole and is no user that could be named here'
        raise wrong("OG303", message, "name a user, or leave it out")
    return _declared(text, reading)


def user_or_nobody(value: object, info: ValidationInfo[Reading]) -> str:
    """The slug of a user, or `nobody`."""
    text = _person(value, info.context)
    return text if text == NOBODY else _declared(text, info.context)


def _person(value: object, reading: Reading) -> str:
    """A slug; who is named by name or address has one."""
    if isinstance(value, Scalar) and not is_slug(value) and (owner := _owner(value, reading)):
        raise wrong("OG209", f"{shown(value)} is not a slug: users are named by theirs", f'write "{owner}"')
    return slug(value)


def _declared(text: str, reading: Reading) -> str:
    if text not in reading.users and text not in reading.unread:
        owner = _owner(text, reading)
        hint = f'did you mean "{owner}"?' if owner else did_you_mean(text, reading.users)
        declare = "declare it under `users`, or name somebody who is there"
        raise wrong("OG304", f"unknown user {shown(text)}", hint or declare)
    return text


def _owner(text: str, reading: Reading) -> str | None:
    return reading.known_as().get(text.strip().casefold())


def followed(value: object) -> str:
    """The slug of a schedule of the same team."""
    text = scalar(value, "a slug")
    _, slash, own = text.rpartition("/")
    if slash and is_slug(own):
        message = f"{shown(text)} is not a slug: a rotation follows a schedule of its own team"
        raise wrong("OG209", message, f'write "{own}"')
    return slug(value)


def email(value: object) -> str:
    text = scalar(value, "an email address")
    visible_text(text, longest=254, lines=False)
    if not _EMAIL.fullmatch(text):
        raise wrong("OG211", f"{shown(text)} is not an email address", "write it as alice@example.com")
    return str(text)


def timezone(value: object, info: ValidationInfo[Reading]) -> str:
    text = scalar(value, "the IANA name of a time zone")
    if fault := zone_fault(str(text)):
        if fault.is_error:
            raise wrong(fault.code, fault.message, fault.help)
        info.context.notes.append(Note(text, fault.code, fault.message, fault.help))
    return str(text)


def whole_number(value: object, *, low: int, high: int) -> int:
    """A plain whole number; one in quotes is text."""
    expected = f"a whole number from {low} to {high}"
    text = scalar(value, expected)
    if not text.plain:
        raise wrong("OG205", f"expected {expected}, found the text {shown(text)}", "write it without quotes")
    if not _WHOLE.fullmatch(text):
        better = repairs.whole_number(text)
        is_fine = better and low <= int(better) <= high
        raise wrong(
            "OG205", f"expected {expected}, found {shown(text)}", f"write {better}" if is_fine else ""
        )
    if len(text) > 9 or not low <= int(text) <= high:
        raise wrong("OG206", f"expected {expected}, found {shown(text)}")
    return int(text)


def boolean(value: object) -> bool:
    text = scalar(value, "true or false")
    if text.plain and text in ("true", "false"):
        return text == "true"
    meant = {"yes": "true", "on": "true", "y": "true", "no": "false", "off": "false", "n": "false"}
    better = meant.get(text.lower(), text.lower())
    hint = f"write {better}, without quotes" if better in ("true", "false") else ""
    raise wrong("OG207", f"expected true or false, found {shown(text)}", hint)


def choice(value: object, choices: tuple[str, ...], others: Mapping[str, str] | None = None) -> str:
    """One of a few words; `others` has what to write in the place of words from elsewhere."""
    text = scalar(value, "one of " + ", ".join(choices))
    if text not in choices:
        message = f"expected one of {', '.join(choices)}, found {shown(text)}"
        word = re.sub(r"[^a-z]", "", text.lower())
        raise wrong("OG208", message, (others or {}).get(word) or did_you_mean(text, choices))
    return str(text)


def clock(value: object, info: ValidationInfo[Reading], *, end_of_day: bool = False) -> int:
    """A wall time HH:MM as seconds after midnight."""
    text = scalar(value, "a wall time HH:MM")
    seconds = clock_of(text, end_of_day=end_of_day)
    if text.plain and _SEXAGESIMAL.fullmatch(text):
        _unquoted(text, info)
    return seconds


def clock_of(text: str, *, end_of_day: bool = False) -> int:
    try:
        return parse_clock(str(text), end_of_day=end_of_day)
    except ValueError:
        raise wrong("OG404", f"{shown(text)} is not a wall time HH:MM", _better_clock(text)) from None


def when(value: object) -> When:
    """A date, a local datetime or an instant."""
    text = scalar(value, "a date or time")
    try:
        found = parse_when(str(text))
    except ValueError as error:
        raise _no_time(text, error) from None
    if text != text.upper():
        raise _no_time(text, ValueError("T and Z are capitals"))
    return found


def _no_time(text: str, error: ValueError) -> PydanticCustomError:
    if "dates lie in" in str(error) or re.match(r"\d{5,}-|0\d{3}-", text):
        return wrong("OG405", f"{shown(text)} is out of range: dates lie in 1970 to 2099")
    better, reason = repairs.time(text), _why_no_date(error)
    hint = f"write {better}" if better else "write 2026-01-05, 2026-01-05T09:00 or 2026-01-05T09:00:00Z"
    if found := _WITH_ZONE.fullmatch(text):
        reason = f": {shown(found[2])} is no offset"
        hint = f"write {found[1].replace(' ', 'T')} for local time, or an offset such as -05:00 after it"
    elif _LOOSE_WHEN.fullmatch(text):
        reason = ": a T joins the two"
    elif _CLOCK_ALONE.fullmatch(text):
        reason, hint = ": it has no date", f"write the date before it, as in 2026-01-05T{text:0>5}"
    return wrong("OG403", f"{shown(text)} is not a date or time{reason}", hint)


def _why_no_date(error: ValueError) -> str:
    known = {
        "month must be": "there is no such month",
        "day is out of range": "there is no such day in that month",
        "hour must be": "hours are 00 to 23",
        "minute must be": "minutes are 00 to 59",
        "second must be": "seconds are 00 to 59",
        "no zone has": "no zone has such an offset",
        "T and Z": "T and Z are capitals",
    }
    return next((f": {words}" for start, words in known.items() if start in str(error)), "")


def _unquoted(text: Scalar, info: ValidationInfo[Reading]) -> None:
    parts = [int(part) for part in text.split(":")]
    number = parts[0] * 60 + parts[1] if len(parts) == 2 else parts[0] * 3600 + parts[1] * 60 + parts[2]
    message = f"unquoted time {text}: YAML 1.1 readers see the number {number}"
    info.context.notes.append(Note(text, "OG901", message, f'write "{text}"'))


def _better_clock(text: str) -> str:
    if (straight := text.strip(_CURLY_QUOTES)) != text:
        return f'use straight quotes: "{straight}"'
    if text.strip() == "24:00":
        return 'write "00:00"'
    if not (found := _LOOSE_CLOCK.fullmatch(text)):
        return 'write it as "09:00"'
    hours, minutes, half = int(found[1]), int(found[2] or 0), (found[3] or "").lower()[:1]
    if half:
        hours = hours % 12 + (12 if half == "p" else 0)
    if hours > 23 or minutes > 59:
        return "hours are 00 to 23, minutes 00 to 59"
    return f'write "{hours:02}:{minutes:02}"'


def _named(character: str) -> str:
    return "line break" if character in "\r\n" else character_name(character)


Name: TypeAlias = Annotated[str, PlainValidator(name)]
Prose: TypeAlias = Annotated[str, PlainValidator(prose)]
Slug: TypeAlias = Annotated[str, PlainValidator(slug)]
Email: TypeAlias = Annotated[str, PlainValidator(email)]
UserSlug: TypeAlias = Annotated[str, PlainValidator(user)]
UserOrNobody: TypeAlias = Annotated[str, PlainValidator(user_or_nobody)]
ZoneName: TypeAlias = Annotated[str, PlainValidator(timezone)]
Flag: TypeAlias = Annotated[bool, PlainValidator(boolean)]
Clock: TypeAlias = Annotated[int, PlainValidator(clock)]
Time: TypeAlias = Annotated[When, PlainValidator(when)]
