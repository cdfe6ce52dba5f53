"""Bytes to text: strict UTF-8, without the characters that make a file read differently from how it looks."""

from __future__ import annotations

import re
import unicodedata

from oncall_gitops.core.problem import Origin, Problem

MAX_SHOWN = 20
"""Of one kind of fault in one file; the first ones tell the story."""

_FORBIDDEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ufffe\uffff]"
    "|\r(?!\n)"
)
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
_LINE_BREAKS = {"\r": "bare carriage return", "\x85": "next line", "\u2028": "line separator"}


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
    name = _LINE_BREAKS.get(character, "").upper() or unicodedata.name(character, "control character")
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
    found = []
    for match in _limited(_FORBIDDEN, text):
        message = f"the character {character_name(match[0])} must not be in a file"
        found.append(_at(text, match.start(), 1, name, "OG108", message, "remove it"))
    for match in _limited(_ODD_INDENTATION, text):
        message = f"{character_name(match[1])} is used as indentation"
        found.append(_at(text, match.start(), 1, name, "OG108", message, "indent with spaces"))
    if len(conflicts := _limited(_CONFLICT, text)) > 1:
        for match in conflicts:
            message = "this is a git merge conflict marker"
            found.append(_at(text, match.start(), 7, name, "OG112", message, "resolve the conflict"))
    return found


def _limited(pattern: re.Pattern[str], text: str) -> list[re.Match[str]]:
    found = []
    for match in pattern.finditer(text):
        found.append(match)
        if len(found) == MAX_SHOWN:
            break
    return found


def _at(text: str, index: int, length: int, name: str, code: str, message: str, hint: str) -> Problem:
    line, column = place_of(text, index)
    return Problem(Origin(name, line, column, line, column + length), code, message, hint)
