"""Words for what is wrong with the form of a YAML file, and where."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from oncall_gitops.core.problem import Origin, Problem
from oncall_gitops.core.visible import UNSEEN
from oncall_gitops.source.listing import MAX_SHOWN, unlisted
from oncall_gitops.source.text import character_name

if TYPE_CHECKING:
    from oncall_gitops.source.document import Scalar

_ODD = re.compile(f"{UNSEEN.pattern[:-1]}\xa0\u1680\u2000-\u200a\u202f\u205f\u3000]")
"""What a message shows by its number: what nobody sees, and spaces that look like another one."""

NO_DIRECTIVES = "directives (lines that begin with %) are not supported"
NO_SPACE = "a key needs a space after its colon"
NO_TEMPLATES = "templates are not expanded: a file is read as it stands"
EXPAND = "run the template engine before, and commit what it writes"
_COMMENT = re.compile(r"(?:^|[ \t])#")
_ODD_PUNCTUATION = "\uff1a\xa0\u2003\u3000"


def shown(text: str) -> str:
    """A value as a message may show it: escaped, and cut to 60 characters."""
    visible = _ODD.sub(lambda found: _escape(found[0]), text)
    return f'"{visible[:60]}..."' if len(visible) > 60 else f'"{visible}"'


def shown_ascii(text: str) -> str:
    """As `shown`, with every character that is not ASCII by its number: lookalikes give themselves away."""
    return shown("".join(c if c.isascii() else f"<U+{ord(c):04X}>" for c in text))


def shown_tag(tag: str) -> str:
    return shown(tag.replace("tag:yaml.org,2002:", "!!"))


def tabs(text: str, file: str, scalars: list[tuple[int, int]]) -> list[Problem]:
    """Tabs that stand neither in quotes or block text (`scalars`) nor in a comment: parsers disagree about them."""
    found: list[Problem] = []
    if "\t" not in text:
        return found
    more = start = index = 0
    for number, line in enumerate(text.split("\n"), start=1):
        column, looked = line.find("\t"), 0
        while column >= 0:
            while index < len(scalars) and scalars[index][1] <= start + column:
                index += 1
                looked = max(scalars[index - 1][1] - start, 0)
            if index == len(scalars) or scalars[index][0] > start + column:
                break
            column = line.find("\t", scalars[index][1] - start)
        if column >= 0 and not _COMMENT.search(line, looked, column):
            more += len(found) >= MAX_SHOWN
            if len(found) <= MAX_SHOWN:
                found.append(
                    _tab(Origin(file, number, column + 1, number, column + 2), line[:column], line[column:])
                )
        start += len(line) + 1
    return [*found[:MAX_SHOWN], unlisted(more, found[-1].origin)] if more else found


def _tab(origin: Origin, before: str, rest: str) -> Problem:
    if not rest.strip():
        return Problem(origin, "OG111", "a tab stands at the end of the line", "remove it")
    kind = "between values" if before.strip() else "as indentation"
    return Problem(origin, "OG111", f"a tab is used {kind}", "use spaces")


def text_at_top(node: Scalar, text: str, file: str) -> Problem:
    """The whole file is one text: most often a colon that is none, or no space after it."""
    first = text.split("\n")[node.start.line]
    column, message = node.start.column, "expected a mapping at the top of the file, found text"
    hint = "the keys of a file are `users`, `teams` and `overrides`"
    for character in first[column:]:
        if character in _ODD_PUNCTUATION:
            column = first.index(character)
            message += f": here is {character_name(character)}"
            hint = "write a plain `:` and a plain space after a key"
            break
    line = node.start.line + 1
    return Problem(
        Origin(file, line, column + 1, line, max(len(first.rstrip()), column + 1) + 1), "OG203", message, hint
    )


def _escape(character: str) -> str:
    return {"\n": "\\n", "\r": "\\r", "\t": "\\t"}.get(character) or (
        f"\\x{ord(character):02x}" if ord(character) < 256 else f"U+{ord(character):04X}"
    )
