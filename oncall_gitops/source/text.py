"""Bytes to text: strict UTF-8, without the characters that make a file read differently from how it looks."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator
from itertools import islice

from oncall_gitops.core.problem import Origin, Problem
from oncall_gitops.source.listing import MAX_SHOWN, unlisted

_BREAKS = re.compile("\r(?!\n)|[\x85\u2028\u2029]")
_CHARACTERS = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff\ufffe\uffff]"
)
_FORBIDDEN = re.compile(f"{_CHARACTERS.pattern}|{_BREAKS.pattern}")
_ODD_INDENTATION = re.compile("^[ \t]*([\xa0\u1680\u2000-\u200b\u202f\u205f\u2060\u3000])", re.MULTILINE)
_CONFLICT = re.compile(r"^(?:<{7} |>{7} |\|{7} |={7}\r?$)", re.MULTILINE)
_PLAIN = bytes([0x09, 0x0A, *range(0x20, 0x7F)])
_CONFLICT_SIGNS = (b"<<<<<<<", b">>>>>>>", b"|||||||", b"=======")
_OTHER_ENCODINGS = (
    (b"\xff\xfe\x00\x00", "UTF-32"),
    (b"\x00\x00\xfe\xff", "UTF-32"),
    (b"\xff\xfe", "UTF-16"),
    (b"\xfe\xff", "UTF-16"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"PK\x03\x04", "a zip archive"),
)
_MAGICS = tuple(magic for magic, _ in _OTHER_ENCODINGS)
_UNNAMED = {"Cc": "control character", "Co": "character for private use"}
_LINE_BREAKS = {
    "\r": "CARRIAGE RETURN (CR)",
    "\x85": "NEXT LINE (NEL)",
    "\u2028": "LINE SEPARATOR (LS)",
    "\u2029": "PARAGRAPH SEPARATOR (PS)",
}


def decode(content: bytes, name: str) -> tuple[str, list[Problem]]:
    """A file's text, without one byte order mark, and what must not be in it; no text if it is not UTF-8."""
    if content.startswith(_MAGICS) or b"\x00" in content[:4]:
        return "", [_other_encoding(content, name)]
    try:
        text = content.decode("utf-8").removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        return "", [_not_utf8(content, error, name)]
    return text, [] if _is_plain(content) else _forbidden(text, name)


def _is_plain(content: bytes) -> bool:
    """Whether one look is enough: ASCII that can be printed, in lines, and no row of seven of one sign.

    Most files have not even one of such signs, and a single byte is found much faster than a row.
    """
    if content.translate(None, _PLAIN):
        return False
    return not any(row[:1] in content and row in content for row in _CONFLICT_SIGNS)


def escaped_fault(value: str) -> str | None:
    """The message for a value that an escape gave a character which must not be; line breaks and tabs may."""
    found = _FORBIDDEN.search(value)
    return f"an escape stands for the character {character_name(found[0])}" if found else None


def place_of(text: str, index: int) -> tuple[int, int]:
    """Line and column, from 1, of an index in a text."""
    return text.count("\n", 0, index) + 1, index - text.rfind("\n", 0, index)


def character_name(character: str) -> str:
    """`U+202E RIGHT-TO-LEFT OVERRIDE`."""
    name = _LINE_BREAKS.get(character) or unicodedata.name(
        character, _UNNAMED.get(unicodedata.category(character), "character without a name")
    )
    return f"U+{ord(character):04X} {name}"


def _other_encoding(content: bytes, name: str) -> Problem:
    kind = next((kind for magic, kind in _OTHER_ENCODINGS if content.startswith(magic)), "")
    message = f"the file is {kind}, not UTF-8 text"
    if not kind:
        message = "the file is not UTF-8 text: it begins with NUL bytes, as UTF-16 or UTF-32 would"
    return Problem(Origin(name), "OG107", message, "save it as UTF-8")


def _not_utf8(content: bytes, error: UnicodeDecodeError, name: str) -> Problem:
    before = content[: error.start].decode("utf-8").removeprefix("\ufeff")
    line, column = place_of(before, len(before))
    message = f"byte 0x{content[error.start]:02x} at offset {error.start} is not valid UTF-8"
    return Problem(Origin(name, line, column, line, column + 1), "OG107", message, "save the file as UTF-8")


def _forbidden(text: str, name: str) -> list[Problem]:
    found = list(_line_breaks(text, name))
    for match, at in _listed(_CHARACTERS.finditer(text), text, name, found):
        message = f"the character {character_name(match[0])} must not be in a file"
        found.append(Problem(at, "OG108", message, "remove it"))
    for match, at in _listed(_ODD_INDENTATION.finditer(text), text, name, found):
        message = f"{character_name(match[1])} is used as indentation"
        found.append(Problem(at, "OG108", message, "indent with spaces"))
    for _, at in _listed(_conflicts(text), text, name, found):
        found.append(Problem(at, "OG112", "this is a git merge conflict marker", "resolve the conflict"))
    return found


def _line_breaks(text: str, name: str) -> Iterator[Problem]:
    """Characters that end a line for some programs only, and all of a kind are one mistake: that of an editor."""
    counts: Counter[str] = Counter()
    first: dict[str, int] = {}
    for match in _BREAKS.finditer(text):
        counts[match[0]] += 1
        first.setdefault(match[0], match.start())
    for character, count in counts.items():
        lines = "a line ends" if count == 1 else f"{count:,} lines end"
        at = _place(text, first[character], 1, name)
        yield Problem(at, "OG108", f"{lines} in {character_name(character)}", "end lines with LF")


def _conflicts(text: str) -> Iterator[re.Match[str]]:
    """Markers of a merge conflict; a row of `=` or `|` alone may be something else."""
    first = list(islice(_CONFLICT.finditer(text), 2))
    return _CONFLICT.finditer(text) if len(first) > 1 or (first and first[0][0][0] in "<>") else iter(())


def _listed(
    matches: Iterator[re.Match[str]], text: str, name: str, found: list[Problem]
) -> Iterator[tuple[re.Match[str], Origin]]:
    """The first ones, each with its place; the others are counted, and their number is `found` last."""
    for match in islice(matches, MAX_SHOWN):
        yield match, _place(text, match.start(match.lastindex or 0), len(match[0].strip()) or 1, name)
    if rest := next(matches, None):
        at = _place(text, rest.start(), 1, name)
        found.append(unlisted(1 + sum(1 for _ in matches), at))


def _place(text: str, index: int, length: int, name: str) -> Origin:
    line, column = place_of(text, index)
    return Origin(name, line, column, line, column + length)
