"""The YAML that people write, line by line: block mappings and lists, each entry on a line of its own.

A value is one text, plain or in quotes, or one flow collection; that, with its texts in quotes, is JSON. This is a
small part of YAML, and one in which nothing can be read in two ways: no anchor, tag, escape, tab or directive, no
text of many lines, no second document. Whatever is not plainly in it (`Unusual`) is left to the parser
(`document.py`), and the tests hold the two to the same tree.
"""

from __future__ import annotations

import json
import re
from typing import Any, NoReturn

MAX_ENTRIES = 20_000
"""Lines and commas: no collection has more entries than there are of these."""

_SEXAGESIMAL = "[1-9][0-9]*(?::[0-5]?[0-9]){1,2}"
"""What YAML 1.1 takes for a number; a time like this deserves a warning."""

_TYPED = "-?(?:0|[1-9][0-9]{0,7})|true|false"
"""Plain texts that are a number or a flag."""

_LINE = re.compile(
    rf"""
    ^ (\ *+) (-\ ++)?+                                                      # indentation, a list's dash
    (?: (?! [nN](?:ull|ULL) : ) ([A-Za-z0-9_] [A-Za-z0-9_./-]{{0,127}}+) : (?: \ ++ | $ ) )?+
    (?: ([\[{{] [^\n#]* [\]}}])                                             # after a key: a flow collection
      | ("[^"\\\n]*" | '[^'\n]*')                                           # or a text in quotes
      | (?=[\w-]) (?! (?: [nN](?:ull|ULL) | {_SEXAGESIMAL}) \ *+ (?:$|\#) )
        (?: ({_TYPED}) (?= \ *+ (?:$|(?<=\ )\#) )
          | (\w [^\n:#]*+ (?: $ | (?: (?: :(?=[^ \n]) | (?<!\ )\# ) [^\n:#]*+ )*+ ) ) ) )?+   # or a plain text
    (?: $ | \ *+ (?: (?<![^ \n]) \#.*+ )?+ $ )                              # a comment
    """,
    re.MULTILINE | re.VERBOSE,
)

_REST = r"""
    [^,\[\]{}"#:?\\ ]*+
    (?: (?=[,\]}]) | (?=:[ ])
      | (?: (?: [ ]++ | :(?=[A-Za-z0-9]) ) [^,\[\]{}"#:?\\ ]++ )*+ (?= [ ]*+ (?: [,\]}] | :[ ] ) ) )
"""
_TEXT = re.compile(
    rf"""
    ( [A-Za-z_0-9"\u00c0-\U0010ffff]                                        # one set to look for, then what it begins
      (?: (?<![tfnN0-9"]) {_REST}
        | (?<=") [^"\\\n]*+"
        | (?<=[0-9]) [0-9]{{0,9}}+ (?![,\]}}:\ ]) {_REST}
        | (?<=[tfnN]) (?! (?:rue|alse|ull|ULL) [ ]*+ [,\]}}:] ) {_REST}
        | (?! (?<=[0-9]) [0-9]{{0,9}}+ [,\]}}:\ ] ) (?s:.)*+ ) )                   # or all the rest, which is odd
    """,
    re.VERBOSE,
)
"""A text in a flow collection, plain or in quotes. Numbers are left out. Where something odd begins, all
the rest is taken for one text: whoever looked for another beginning inside of it would look for a very long time."""

_BETWEEN_TEXTS = re.compile(r"[\[\]{},:0-9\-\ \n]*+")
"""What is left between the texts: numbers, and what holds everything together."""

_BETWEEN = "\n"

_FLOW = 3
"""Which of the pieces of a line."""

_START = re.compile(r"(?:#.*+\n|\n)*+---\n")
_FLAGS = {"true": True, "false": False}


class Unusual(Exception):
    """Something deserves a closer look."""


def unusual() -> NoReturn:
    raise Unusual


def plain_tree(text: str) -> Any:
    """The text as dicts, lists, `str`, and `int` or `bool` for numbers and flags without quotes."""
    breaks = text.count("\n")
    if "\t" in text or breaks + text.count(",") > MAX_ENTRIES:
        unusual()
    if "\r" in text:
        text = text.replace("\r\n", "\n")
    if start := _START.match(text):
        text = text[start.end() :]
        breaks = text.count("\n")
    lines = _LINE.findall(text)
    if len(lines) != breaks + 1:
        unusual()
    return _tree(lines)


def _tree(lines: list[tuple[str, ...]]) -> Any:  # noqa: C901 (one loop: a call for each line would be felt)
    """What lines hold, the pieces of each in the order of `_LINE`.

    Entries of `current` stand in the column `at`, those of the collections `around` it further left; `waiting`
    is the last key, as long as it has no value.
    """
    top: dict[str, Any] = {}
    around: list[tuple[Any, int]] = []
    current: Any = top
    at = -1
    waiting: str | None = ""
    flows = iter(_flows([line[_FLOW] for line in lines if line[_FLOW]]))
    for indent, dash, key, flow, quoted, typed, plain in lines:
        value: Any = None
        if plain:
            value = plain.rstrip(" ")
        elif flow:
            value = next(flows)
        elif quoted:
            value = quoted[1:-1]
        elif typed:
            value = _FLAGS[typed] if typed in _FLAGS else int(typed)
        elif not key:
            if dash:
                unusual()
            continue
        column = len(indent)
        if waiting is not None:  # its value is what stands below
            if column < at or (column == at and not dash):
                unusual()
            below: Any = [] if dash else {}
            current[waiting] = below
            around.append((current, at))
            current, at, waiting = below, column, None
        else:
            while column < at:
                current, at = around.pop()
            if column == at and not dash and type(current) is list:
                current, at = around.pop()
        if column != at or (type(current) is list) != (dash != ""):
            unusual()
        if dash:
            if not key:
                current.append(value)
                continue
            entry: dict[str, Any] = {}
            current.append(entry)
            around.append((current, at))
            current, at = entry, column + len(dash)
        if not key or key in current:
            unusual()
        if value is None:
            waiting = key
        else:
            current[key] = value
    if waiting is not None:
        unusual()
    return top[""]


def _flows(texts: list[str]) -> list[Any]:
    """Flow collections, one a line: with all texts in quotes, they are JSON or they are unusual.

    Between each two stands what no line can hold, so that none can be closed by the next one.
    """
    if not texts:
        return []
    joined = _BETWEEN.join(texts)
    pieces = _TEXT.split(joined)
    if not pieces[-1] or not _BETWEEN_TEXTS.fullmatch("".join(pieces[::2])):
        unusual()
    quoted = '"'.join(pieces).replace('""', '"').replace(_BETWEEN, ',"\\n",')
    values, end = _JSON.raw_decode(f"[{quoted}]")
    if (
        end != len(quoted) + 2
        or len(values) != 2 * len(texts) - 1
        or values[1::2].count(_BETWEEN) != len(texts) - 1
    ):
        unusual()
    found: list[Any] = values[::2]
    return found


def _mapping(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    return found if len(found) == len(pairs) else unusual()


def _number(text: str) -> int:
    number = int(text)
    return number if abs(number) < 10**8 else unusual()


_JSON = json.JSONDecoder(object_pairs_hook=_mapping, parse_int=_number)
