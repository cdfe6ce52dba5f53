"""Why the parser could not read on: where the mistake really is, in words for people.

A parser notices late: at the next line that cannot follow, or at the end of a quoted text that was never closed
where it should have been. So each kind of mistake is looked for where it was made, from the parser's last sure
ground (`_Stumble`), and only what is none of them is told in the parser's own words.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from oncall_gitops.core.problem import Origin, Problem
from oncall_gitops.source.document import Scalar
from oncall_gitops.source.syntax import EXPAND, NO_DIRECTIVES, NO_SPACE, NO_TEMPLATES, shown
from oncall_gitops.source.text import character_name

_TAB_INDENTATION = re.compile(r"^ *\t")
_CONFLICT = re.compile(r"^ *(?:<{7} |>{7} |\|{7} |={7} *\r?$)")
_TEMPLATE = re.compile(r"\{[{%#]")
_DIRECTIVE = re.compile("directive|YAML document")
_LIKE_SPACE = "\xa0\u1680\u2000-\u200b\u202f\u205f\u2060\u3000"
_LIKE_COLON = "\uff1a\ufe55\ufe13\u2236\ua789"
_LIKE_DASH = "\u2010-\u2015\u2212\ufe58\ufe63\uff0d"
_LIKE = re.compile(
    rf"^\ *+ (?: ([{_LIKE_DASH}]) | (?:-\ *+)?+ [\w.-]*+ \ *+ (?: ([{_LIKE_COLON}]) | :? ([{_LIKE_SPACE}]) ) )",
    re.VERBOSE,
)
_MEANT = (("a plain -", "-"), ("a plain :", ":"), ("a plain space", " "))
_NO_SPACE_AFTER_COLON = re.compile(r"( *(?:- +)?)([a-z_]+):(\S.*)")
_NO_SPACE_AFTER_DASH = re.compile(r"( *)-([^\s-].*)")
_NO_COLON = re.compile(r"( *(?:- +)?)([\w.-]+)(?:[ =]+(\S.*))?")
_ENTRY = re.compile(r"( *)-(?: |$)")
_STRUCTURE = re.compile(r"\s*(?:- +)?[\w.-]+:(?:\s|$)|\s*- ")
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

Place = tuple[int, int]
"""Line and column, from 0 as the parser counts them."""


class _Fault(NamedTuple):
    """What is wrong, and how many columns of it are marked; `related` is another place that has to do with it."""

    place: Place
    message: str
    help: str
    code: str = "OG110"
    width: int = 1
    related: tuple[Place, str] | None = None


@dataclass(slots=True)
class _Stumble:
    """Where the parser stood, what it said, and what it had read last."""

    lines: list[str]
    place: Place
    problem: str
    context: str
    began: Place | None
    quoted: Scalar | None
    latest: Scalar | None
    suspect: int = field(init=False)

    def __post_init__(self) -> None:
        self.suspect = self._suspect()

    @property
    def source(self) -> str:
        return self.lines[self.place[0]]

    def _suspect(self) -> int:
        """The line that made the parser stumble: where a text began that was no key, or else where it stands."""
        if self.problem.startswith("could not find expected ':'") and self.began:
            return self.began[0]
        if (text := self.latest) and text.plain and text.start.line < self.place[0] <= text.end.line:
            before = self.lines[text.start.line][: text.start.column]
            if not before.strip(" -"):
                return int(text.start.line)
        return self.place[0]


def explained(error: Any, text: str, file: str, *, quoted: Scalar | None, latest: Scalar | None) -> Problem:
    """A syntax error of the parser, which had read `latest` last; `quoted` is the last quoted text of many lines."""
    stumble = _stumble(error, text, quoted, latest)
    fault = next(filter(None, (explain(stumble) for explain in _EXPLAINERS)))
    line, column = fault.place
    related: tuple[tuple[Origin, str], ...] = ()
    if fault.related:
        (row, at), words = fault.related
        related = ((Origin(file, row + 1, at + 1, row + 1, at + 2), words),)
    origin = Origin(file, line + 1, column + 1, line + 1, column + 1 + fault.width)
    return Problem(origin, fault.code, fault.message, fault.help, related=related)


def _stumble(error: Any, text: str, quoted: Scalar | None, latest: Scalar | None) -> _Stumble:
    lines = [line.rstrip("\r") for line in text.split("\n")]
    began = getattr(error, "context_mark", None)
    mark = getattr(error, "problem_mark", None) or began
    line, column = (mark.line, mark.column) if mark else (0, 0)
    if line >= len(lines):  # the parser stands behind the end
        line, column = len(lines) - 1, len(lines[-1])
    problem, context = getattr(error, "problem", None) or str(error), getattr(error, "context", None) or ""
    place = (began.line, began.column) if began and began.line < len(lines) else None
    return _Stumble(lines, (line, column), problem, context, place, quoted, latest)


def _directive(stumble: _Stumble) -> _Fault | None:
    if not stumble.source.startswith("%") or not _DIRECTIVE.search(f"{stumble.context} {stumble.problem}"):
        return None
    return _Fault((stumble.place[0], 0), NO_DIRECTIVES, "remove it", "OG116")


def _conflict(stumble: _Stumble) -> _Fault | None:
    """A marker of a merge conflict that somebody has indented."""
    for line in (stumble.suspect, stumble.place[0]):
        if _CONFLICT.match(source := stumble.lines[line]):
            place = (line, len(source) - len(source.lstrip()))
            return _Fault(place, "this is a git merge conflict marker", "resolve the conflict", "OG112", 7)
    return None


def _tab(stumble: _Stumble) -> _Fault | None:
    line, column = stumble.place
    if tab := _TAB_INDENTATION.match(stumble.source):
        kind = "as indentation" if stumble.source.strip() else "in an empty line"
        place = (line, tab.end() - 1)
        return _Fault(
            place, f"a tab is used {kind}", "indent with spaces" if kind[0] == "a" else "remove it", "OG111"
        )
    if stumble.source[column : column + 1] == "\t":
        return _Fault(stumble.place, "a tab is used between values", "use spaces", "OG111")
    return None


def _template(stumble: _Stumble) -> _Fault | None:
    for line in dict.fromkeys((stumble.suspect, (stumble.began or stumble.place)[0], stumble.place[0])):
        if found := _TEMPLATE.search(stumble.lines[line].split(" #")[0]):
            return _Fault((line, found.start()), NO_TEMPLATES, EXPAND, width=2)
    return None


def _lost_quote(stumble: _Stumble) -> _Fault | None:
    """A quoted text that runs on to the next quote, through lines that were meant as keys and entries."""
    quoted, (line, column) = stumble.quoted, stumble.place
    if quoted is None or quoted.end.line != line or quoted.end.column > column:
        return None
    if not any(_STRUCTURE.match(row) for row in stumble.lines[quoted.start.line + 1 : line + 1]):
        return None
    ends = ((line, quoted.end.column - 1), "it goes on to this quote")
    place = (quoted.start.line, quoted.start.column)
    return _Fault(place, "this quoted text was never closed", "close it with the same quote", related=ends)


def _unclosed(stumble: _Stumble) -> _Fault | None:
    """Whether the parser ran on into other lines, looking for an end; on one line it is a comma that lacks."""
    began, context = stumble.began, stumble.context
    ended = "unexpected end" in stumble.problem or "did not find" in stumble.problem
    if context not in _UNCLOSED or began is None or not ended or stumble.place[0] <= began[0]:
        return None
    message = f"{_UNCLOSED[context]}, opened in line {began[0] + 1}: it ends nowhere"
    return _Fault(began, message, _CLOSE[context])


def _look_alike(stumble: _Stumble) -> _Fault | None:
    """A character that looks like one of those that hold YAML together."""
    line = stumble.suspect
    if not (found := _LIKE.match(stumble.lines[line])):
        return None
    kind = found.lastindex or 0
    meant, _ = _MEANT[kind - 1]
    message = f"here is {character_name(found[kind])}, which only looks like {meant}"
    return _Fault((line, found.start(kind)), message, f"write {meant}")


def _crooked_list(stumble: _Stumble) -> _Fault | None:
    """Entries of a list whose dashes are not below each other."""
    line = stumble.place[0]
    if not (entry := _ENTRY.match(stumble.source)):
        return None
    here = (line, len(entry[1]))
    if stumble.problem.startswith("did not find expected"):
        above = next(_entries(stumble.lines, range(line - 1, -1, -1)), None)
        message = "this entry of a list does not stand below the others"
        if above is None or above[1] <= here[1]:
            return _Fault(
                here, "this entry of a list stands too far left", "indent it as its key is, or deeper"
            )
        return _Fault(here, message, "indent it as they are", related=(above, "as this one does"))
    first = next(_entries(stumble.lines, range(stumble.suspect, line)), None)
    if first is None or first[1] == here[1]:
        return None
    odd, other = (here, first) if _is_usual(first, here, stumble.lines) else (first, here)
    message = "the entries of this list do not stand below each other"
    return _Fault(
        odd, message, "begin each entry in the same column", related=(other, "this one stands elsewhere")
    )


def _is_usual(first: Place, second: Place, lines: list[str]) -> bool:
    """Whether rather the first entry of a list stands where it should than the second."""
    if third := next(_entries(lines, range(second[0] + 1, len(lines))), None):
        return third[1] == first[1]
    key = next((at for row in range(first[0] - 1, -1, -1) if (at := _indent(lines[row])) is not None), 0)
    return first[1] - key in (0, 2) and second[1] - key not in (0, 2)


def _entries(lines: list[str], rows: range) -> Iterator[Place]:
    """Where the dashes stand of entries that follow each other."""
    for row in rows:
        if found := _ENTRY.match(lines[row]):
            yield row, len(found[1])
        elif lines[row].strip() and rows.step > 0:
            return


def _missed_key(stumble: _Stumble) -> _Fault | None:
    """A key without a colon, or without the space after it; an entry without the space after its dash."""
    line = stumble.suspect
    above = stumble.problem.startswith(("mapping values", "could not find", "did not find expected '-'"))
    if not above:
        return None
    text = stumble.lines[line].split(" #")[0].rstrip()
    if found := _NO_SPACE_AFTER_DASH.fullmatch(text):
        message = "an entry of a list needs a space after its dash"
        return _Fault((line, len(found[1])), message, f"write `- {_plain(found[2])}`")
    if line == stumble.place[0]:
        return None
    if found := _NO_SPACE_AFTER_COLON.fullmatch(text):
        return _Fault((line, len(found[1])), NO_SPACE, f"write `{found[2]}: {_plain(found[3])}`")
    if found := _NO_COLON.fullmatch(text):
        better = f"{found[2]}: {_plain(found[3] or '')}".rstrip()
        return _Fault((line, len(found[1])), "a key needs a colon after it", f"write `{better}`")
    return None


def _plain(text: str) -> str:
    return shown(text)[1:-1]


def _indentation(stumble: _Stumble) -> _Fault | None:
    """A line that begins in a column in which nothing around it does."""
    line, column = stumble.place
    began = stumble.began
    if stumble.problem != "did not find expected key" or began is None or _indent(stumble.source) != column:
        return None
    if lowest := _outdented(stumble, began):
        message = "this line stands further left than those around it"
        related = (stumble.place, "the keys before it and from here on belong together")
        return _Fault(lowest, message, f"begin it in column {column + 1}, as they do", related=related)
    message = f"no line above that this could belong to begins in column {column + 1}, too"
    return _Fault(
        stumble.place,
        message,
        "mend its indentation, or that of the lines above",
        related=((began, "what stands around it begins here") if began[0] < line else None),
    )


def _outdented(stumble: _Stumble, began: Place) -> Place | None:
    """A line above, with deeper ones below it, that parts keys of one column."""
    line, column = stumble.place
    lowest, deepest = stumble.place, 0
    for row in range(line - 1, began[0], -1):
        indent = _indent(stumble.lines[row])
        if indent is None:
            continue
        if indent < began[1] or (indent >= column and lowest[1] < column):
            return lowest if indent == column and deepest > column else None
        if indent < lowest[1]:
            lowest = (row, indent)
        deepest = max(deepest, indent) if lowest[1] == column else deepest
    return None


def _indent(line: str) -> int | None:
    """The column in which a line begins; None of one without content."""
    bare = line.lstrip(" ")
    return None if not bare or bare[0] == "#" else len(line) - len(bare)


def _parsers_words(stumble: _Stumble) -> _Fault:
    context = f" ({stumble.context})" if stumble.context else ""
    hint = next((words for start, words in _REMEDIES.items() if stumble.problem.startswith(start)), _LOOK)
    if "\t" in stumble.source[: stumble.place[1] + 1]:
        hint = "there is a tab in this line: use spaces"
    return _Fault(stumble.place, f"this is not YAML: {stumble.problem}{context}", hint)


_EXPLAINERS: tuple[Callable[[_Stumble], _Fault | None], ...] = (
    _directive,
    _conflict,
    _lost_quote,
    _tab,
    _template,
    _look_alike,
    _unclosed,
    _crooked_list,
    _missed_key,
    _indentation,
    _parsers_words,
)
"""In order: what is surer comes first."""
