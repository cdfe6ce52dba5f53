"""Words for what is wrong with the form of a YAML file, and where."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from oncall_gitops.core.problem import Origin, Problem
from oncall_gitops.core.visible import UNSEEN
from oncall_gitops.source.text import MAX_SHOWN, character_name

if TYPE_CHECKING:
    from oncall_gitops.source.document import Scalar

_TAB_INDENTATION = re.compile(r"^ *\t(?=[ \t]*[^\s#])", re.MULTILINE)
_ODD = re.compile(f"{UNSEEN.pattern[:-1]}\xa0\u1680\u2000-\u200a\u202f\u205f\u3000]")
"""What a message shows by its number: what nobody sees, and spaces that look like another one."""

_UNCLOSED = {
    "while parsing a flow sequence": "unclosed `[`",
    "while parsing a flow mapping": "unclosed `{`",
    "while scanning a quoted scalar": "unclosed quote",
}
_CLOSE = {
    "while parsing a flow sequence": "close it with `]`, or put a comma between its entries",
    "while parsing a flow mapping": "close it with `}`, or put a comma between its entries",
    "while scanning a quoted scalar": "close it with the same quote",
}
_REMEDIES = {
    "mapping values are not allowed": "put a value that holds `: ` in quotes, or mend the indentation",
    "found character that cannot start any token": "put the value in quotes: it begins with a sign of YAML's own",
    "could not find expected ':'": "a key needs a colon and a space after it",
    "block sequence entries are not allowed": "put the list on lines of its own, below its key",
    "did not find expected ',' or": "put a comma between two entries, and close every bracket",
    "did not find expected alphabetic": "put the value in quotes: & and * have a meaning in YAML",
}
_LOOK = "check quotes, brackets and indentation here and in the line above"
_DIRECTIVE = re.compile("directive|YAML document")
NO_DIRECTIVES = "directives (lines that begin with %) are not supported"
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


def explained(error: Any, text: str, file: str) -> Problem:
    """A syntax error of the parser: where it really began, in words for people."""
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    line, column = (mark.line, mark.column) if mark else (0, 0)
    lines = text.split("\n")
    if line >= len(lines):  # the parser stands behind the end
        line, column = len(lines) - 1, len(lines[-1])
    source = lines[line]
    context, problem = getattr(error, "context", None) or "", getattr(error, "problem", None) or str(error)
    hint = ""
    if source.startswith("%") and _DIRECTIVE.search(f"{context} {problem}"):
        column, code, message, hint = 0, "OG116", NO_DIRECTIVES, "remove it"
    elif tab := _TAB_INDENTATION.match(source):
        message, column, code = "a tab is used as indentation", tab.end() - 1, "OG111"
        hint = "indent with spaces"
    elif context in _UNCLOSED and error.context_mark and _is_unclosed(error, problem):
        line, column, code = error.context_mark.line, error.context_mark.column, "OG110"
        message = f"{_UNCLOSED[context]}, opened in line {line + 1}: it ends nowhere"
        hint = _CLOSE[context]
    elif problem.startswith("mapping values") and (missed := _missed_key(lines, line)):
        line, column, message, hint = missed
        code = "OG110"
    else:
        message, code = f"this is not YAML: {problem}" + (f" ({context})" if context else ""), "OG110"
        hint = next((words for start, words in _REMEDIES.items() if problem.startswith(start)), _LOOK)
        if "\t" in source[: column + 1]:
            hint = "there is a tab in this line: use spaces"
    return Problem(Origin(file, line + 1, column + 1, line + 1, column + 2), code, message, hint)


def _missed_key(lines: list[str], line: int) -> tuple[int, int, str, str] | None:
    """The line above, if it is the one at fault: a key without a colon, or without the space after it."""
    above = next((row for row in range(line - 1, -1, -1) if lines[row].split("#")[0].strip()), None)
    if above is None:
        return None
    text = lines[above].split(" #")[0].rstrip()
    bare, indent = text.lstrip(" "), len(text) - len(text.lstrip(" "))
    if found := re.fullmatch(r"(- )?([a-z_]+):(\S.*)", bare):
        return above, indent, "a key needs a space after its colon", f"write `{found[2]}: {found[3]}`"
    if found := re.fullmatch(r"-([a-z0-9_].*)", bare):
        return above, indent, "an entry of a list needs a space after its dash", f"write `- {found[1]}`"
    if found := re.fullmatch(r"(- )?([a-z_]+)(?:[ =]+(\S.*))?", bare):
        better = f"{found[2]}: {found[3] or ''}".rstrip()
        return above, indent, "a key needs a colon after it", f"write `{better}`"
    return None


def _is_unclosed(error: Any, problem: str) -> bool:
    """Whether the parser ran on into other lines, looking for an end; on one line it is a comma that lacks."""
    ended = "unexpected end" in problem or "did not find" in problem
    return ended and (error.problem_mark is None or error.problem_mark.line > error.context_mark.line)


def tabs(text: str, file: str, scalars: list[tuple[int, int]]) -> list[Problem]:
    """Tabs that stand neither inside of a value nor in a comment: parsers disagree about them."""
    found: list[Problem] = []
    if "\t" not in text:
        return found
    start = index = 0
    for number, line in enumerate(text.split("\n"), start=1):
        column = line.find("\t")
        while column >= 0:
            position = start + column
            while index < len(scalars) and scalars[index][1] <= position:
                index += 1
            if index < len(scalars) and scalars[index][0] <= position:
                column = line.find("\t", scalars[index][1] - start)
                continue
            if (rest := line[column:].strip()) and not rest.startswith("#") and "#" not in line[:column]:
                kind = "between values" if line[:column].strip() else "as indentation"
                origin = Origin(file, number, column + 1, number, column + 2)
                found.append(Problem(origin, "OG111", f"a tab is used {kind}", "use spaces"))
            break
        if len(found) >= MAX_SHOWN:
            break
        start += len(line) + 1
    return found


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
