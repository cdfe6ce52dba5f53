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
_TEMPLATE = re.compile(r"\{\{.*\}\}|\{[%#]")
_DIRECTIVE = re.compile("directive|YAML document")
_LIKE_SPACE = "\xa0\u1680\u2000-\u200b\u202f\u205f\u2060\u3000"
_LIKE_COLON = "\uff1a\ufe55\ufe13\u2236\ua789"
_LIKE_DASH = "\u2010-\u2015\u2212\ufe58\ufe63\uff0d"
_LIKE = re.compile(
    rf"^\ *+ (?: ([{_LIKE_DASH}]) | (?:-\ *+)?+ [\w.-]*+ \ *+ (?: ([{_LIKE_COLON}]) | :? ([{_LIKE_SPACE}]) ) )",
    re.VERBOSE,
)
_MEANT = ("a plain -", "a plain :", "a plain space")
_NO_SPACE_AFTER_COLON = re.compile(r"( *(?:- +)?)([a-z_]+):(\S.*)")
_NO_SPACE_AFTER_DASH = re.compile(r"( *)-([^\s-].*)")
_NO_COLON = re.compile(r"( *(?:- +)?)([\w.-]+)(?:[ =]+(\S.*))?")
_KEY = re.compile(r"( *)((?:- +)?)[\w.-]+:(?: +([^ #].*)|(?: +#.*)?$)")
_ENTRY = re.compile(r"( *)-(?: |$)")
_STRUCTURE = re.compile(r"\s*(?:- +)?[\w.-]+:(?:\s|$)|\s*- ")
_MORE = re.compile(r"[,:] *$|, *[\w.-]+: ")
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

    @property
    def above(self) -> int:
        """The last line with content before the one where the parser stood; that line itself if it is the first."""
        rows = range(self.place[0] - 1, -1, -1)
        return next((row for row in rows if _indent(self.lines[row]) is not None), self.place[0])

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
    before = stumble.source[: column + 1].partition("\t")
    if before[1] and not set(before[0]) & set("#\"'"):
        return _Fault((line, len(before[0])), "a tab is used between values", "use spaces", "OG111")
    return None


def _template(stumble: _Stumble) -> _Fault | None:
    for line in dict.fromkeys((stumble.suspect, (stumble.began or stumble.place)[0], stumble.place[0])):
        if found := _TEMPLATE.search(stumble.lines[line].split(" #")[0]):
            return _Fault((line, found.start()), NO_TEMPLATES, EXPAND, width=2)
    return None


def _lost_quote(stumble: _Stumble) -> _Fault | None:
    """A quoted text that runs on to the next quote, through what was meant as keys and entries."""
    for text in filter(None, (stumble.latest, stumble.quoted)):
        first, (line, column) = text.start, (text.end.line, text.end.column)
        if text.plain or line != stumble.place[0] or column > stumble.place[1]:
            continue
        if line == first.line:
            is_lost = column == stumble.place[1] and _MORE.search(text)
        else:
            is_lost = any(_STRUCTURE.match(row) for row in stumble.lines[first.line + 1 : line + 1])
        if is_lost:
            ends = ((line, column - 1), "it goes on to this quote")
            message = "this quoted text was never closed"
            return _Fault((first.line, first.column), message, "close it with the same quote", related=ends)
    return None


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
    for line in (stumble.suspect, stumble.above):
        if found := _LIKE.match(stumble.lines[line]):
            kind = found.lastindex or 0
            meant = _MEANT[kind - 1]
            message = f"here is {character_name(found[kind])}, which only looks like {meant}"
            return _Fault((line, found.start(kind)), message, f"write {meant}")
    return None


def _crooked_list(stumble: _Stumble) -> _Fault | None:
    """Entries of a list whose dashes are not below each other."""
    line = stumble.place[0]
    if not (entry := _ENTRY.match(stumble.source)):
        return None
    here = (line, len(entry[1]))
    if stumble.problem.startswith("did not find expected"):
        if here != stumble.place:
            return None
        first = next(_entries(stumble.lines, range(line - 1, -1, -1)), None)
        if first is None or first[1] <= here[1]:
            return _Fault(
                here, "this entry of a list stands too far left", "indent it as its key is, or deeper"
            )
    else:
        first = next(_entries(stumble.lines, range(stumble.suspect, line)), None)
        if first is None or first[1] == here[1]:
            return None
    other, odd = (first, here) if _is_usual(first, here, stumble.lines) else (here, first)
    message = "this entry of a list does not stand below the others"
    return _Fault(
        odd, message, f"begin it in column {other[1] + 1}", related=(other, "this one stands elsewhere")
    )


def _is_usual(first: Place, second: Place, lines: list[str]) -> bool:
    """Whether rather the first entry of a list stands where it should than the second."""
    if third := next(_entries(lines, range(second[0] + 1, len(lines))), None):
        return third[1] == first[1]
    key = next((at for row in range(first[0] - 1, -1, -1) if (at := _indent(lines[row])) is not None), 0)
    return first[1] - key in (0, 2) and (second[1] - key not in (0, 2) or second[1] < first[1])


def _entries(lines: list[str], rows: range) -> Iterator[Place]:
    """Where the dashes stand of entries that follow each other."""
    for row in rows:
        if found := _ENTRY.match(lines[row]):
            yield row, len(found[1])
        elif lines[row].strip() and rows.step > 0:
            return


def _missed_key(stumble: _Stumble) -> _Fault | None:
    """A key without a colon, or without the space after it; an entry without the space after its dash."""
    for line in (stumble.suspect, stumble.above):
        if found := _NO_SPACE_AFTER_DASH.fullmatch(_without_comment(stumble.lines[line])):
            message = "an entry of a list needs a space after its dash"
            return _Fault((line, len(found[1])), message, f"write `- {_plain(found[2])}`")
    line, text = stumble.suspect, _without_comment(stumble.lines[stumble.suspect])
    if line == stumble.place[0] or not stumble.problem.startswith(("mapping values", "could not find")):
        return None
    if found := _NO_SPACE_AFTER_COLON.fullmatch(text):
        return _Fault((line, len(found[1])), NO_SPACE, f"write `{found[2]}: {_plain(found[3])}`")
    if found := _NO_COLON.fullmatch(text):
        better = f"{found[2]}: {_plain(found[3] or '')}".rstrip()
        return _Fault((line, len(found[1])), "a key needs a colon after it", f"write `{better}`")
    return None


def _without_comment(line: str) -> str:
    return line.split(" #")[0].rstrip()


def _crooked_keys(stumble: _Stumble) -> _Fault | None:
    """A key that does not begin below the one above it, which has its value and so nothing deeper below it."""
    line, above = stumble.place[0], stumble.above
    first, second = _KEY.match(stumble.lines[above]), _KEY.match(stumble.source)
    begins = _indent(stumble.source) == stumble.place[1]
    if above == line or not (begins or stumble.problem.startswith("mapping values")):
        return None
    if not first or not second or second[2] or not first[3] or len(first[1] + first[2]) == len(second[1]):
        return None
    places = (above, len(first[1] + first[2])), (line, len(second[1]))
    around = _outer(stumble.lines, above, inside=len(first[1]))
    outer = around[1]
    if len(second[1]) < len(first[1]) and (outer >= len(second[1]) or around != _outer(stumble.lines, above)):
        return None  # it goes back to what stands further out
    first_is_usual = len(first[1]) - outer in ((0, 2) if first[2] else (2, 4))
    second_is_usual = len(second[1]) - outer in (2, 4) and not (first[2] and first_is_usual)
    other, odd = places if first_is_usual or not second_is_usual else places[::-1]
    hint = f"begin it in column {other[1] + 1}"
    if odd[0] == line:
        hint += ", or put the value above in quotes if it goes on here"
    message = "this key does not stand below the others of its mapping"
    return _Fault(odd, message, hint, related=(other, "this one stands elsewhere"))


def _outer(lines: list[str], row: int, *, inside: int = 1000) -> Place:
    """The last line before a row that begins further left; as if the top of a file stood in something, too."""
    columns = ((above, at) for above in range(row - 1, -1, -1) if (at := _indent(lines[above])) is not None)
    return next(((above, at) for above, at in columns if at < inside), (0, -2))


def _plain(text: str) -> str:
    return shown(text)[1:-1]


def _indentation(stumble: _Stumble) -> _Fault | None:
    """A line that begins in a column in which nothing around it does."""
    line, column = stumble.place
    began = stumble.began
    if stumble.problem != "did not find expected key" or began is None or _indent(stumble.source) != column:
        return None
    if odd := _odd_sibling(stumble):
        message = "this line does not stand below the others around it"
        related = (stumble.place, "this one stands elsewhere")
        return _Fault(odd, message, f"begin it in column {column + 1}", related=related)
    message = f"no line above that this could belong to begins in column {column + 1}, too"
    return _Fault(
        stumble.place,
        message,
        "mend its indentation, or that of the lines above",
        related=((began, "what stands around it begins here") if began[0] < line else None),
    )


def _odd_sibling(stumble: _Stumble) -> Place | None:
    """A line above that should begin where the parser stumbled, if what stands around it is indented as usual."""
    line, column = stumble.place
    outer = _outer(stumble.lines, line, inside=column)
    rows = range(outer[0] + 1, line)
    inner = next(((row, at) for row in rows if (at := _indent(stumble.lines[row])) is not None), None)
    if inner is None or outer[1] < 0 or inner[1] - outer[1] == 2:
        return None
    inner_opens, this_opens = _opens(stumble.lines[inner[0]]), _opens(stumble.source)
    if inner_opens == this_opens:
        return inner if column - outer[1] == 2 else None
    return outer if this_opens else None


def _opens(line: str) -> bool:
    """Whether a line is a key whose value stands below it."""
    return _without_comment(line).endswith(":")


def _outdented(stumble: _Stumble) -> _Fault | None:
    """A line above, with deeper ones below it, that parts keys of one column."""
    (line, column), began = stumble.place, stumble.began
    if stumble.problem != "did not find expected key" or began is None or _indent(stumble.source) != column:
        return None
    lowest, deepest = stumble.place, 0
    for row in range(line - 1, began[0], -1):
        indent = _indent(stumble.lines[row])
        if indent is None:
            continue
        if indent < began[1] or (indent >= column and lowest[1] < column):
            if indent != column or deepest <= column:
                return None
            message = "this line stands further left than those around it"
            related = (stumble.place, "the keys before it and from here on belong together")
            return _Fault(lowest, message, f"begin it in column {column + 1}, as they do", related=related)
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
    _crooked_keys,
    _outdented,
    _indentation,
    _parsers_words,
)
"""In order: what is surer comes first."""
