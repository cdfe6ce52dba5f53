"""Mistakes in the files, for people, for other programs and for GitHub.

The text shows each mistake in its line with a caret below it, as compilers do; what stands in the files is
untrusted, so that nothing of it reaches a terminal or a workflow log unescaped.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

import click

from oncall_gitops.core.problem import Origin, Problem
from oncall_gitops.report.json_text import json_text
from oncall_gitops.report.terminal import inert, shown, width

GITHUB_LIMIT = 9
"""GitHub shows ten annotations of a kind for a step; the tenth says how many there are besides."""

_COLOURS = {"error": "red", "warning": "yellow"}
_WIDEST = 160
"""Columns of a source line that are shown."""


def problems_text(problems: Iterable[Problem], *, texts: Mapping[str, str]) -> str:
    """Every problem with its source line, a caret and what to do about it."""
    lines = Lines(texts)
    return "".join(_block(problem, lines) + "\n" for problem in problems)


def problems_concise(problems: Iterable[Problem]) -> str:
    """A line each: `file:line:column: error OG201 message (help)`."""
    return "".join(
        f"{_place(problem.origin)}: {problem.severity} {problem.code} {shown(problem.message)}"
        + (f" ({shown(problem.help)})" if problem.help else "")
        + "\n"
        for problem in problems
    )


def problems_json(problems: Sequence[Problem], *, files: int, strict: bool = False) -> str:
    """The document that programs read."""
    errors = sum(problem.is_error for problem in problems)
    document = {
        "ok": not (problems if strict else errors),
        "files": files,
        "errors": errors,
        "warnings": len(problems) - errors,
        "diagnostics": [_diagnostic(problem) for problem in problems],
    }
    return json_text(document)


def problems_github(problems: Sequence[Problem]) -> str:
    """Workflow commands, which become annotations in a pull request."""
    commands = []
    for severity in ("error", "warning"):
        some = [problem for problem in problems if problem.severity == severity]
        commands += [_command(problem) for problem in some[:GITHUB_LIMIT]]
        if (more := len(some) - GITHUB_LIMIT) > 0:
            commands.append(f"::{severity}::{_plural(more, f'more {severity}')}: run oncall-gitops validate")
    return "".join(f"{command}\n" for command in commands)


def counted(problems: Iterable[Problem], *, files: int) -> str:
    """`2 errors and 1 warning in 5 files`."""
    severities = [problem.severity for problem in problems]
    counts = [_plural(severities.count("error"), "error"), _plural(severities.count("warning"), "warning")]
    found = " and ".join(count for count in counts if not count.startswith("0 ")) or "no problems"
    return f"{found} in {_plural(files, 'file')}"


class Lines:
    """The lines of the files, split once each: a file may have as many problems as lines."""

    def __init__(self, texts: Mapping[str, str]) -> None:
        self._texts = texts
        self._split: dict[str, list[str]] = {}

    def line(self, origin: Origin) -> str | None:
        if origin.file not in self._split:
            text = self._texts.get(origin.file, "")
            self._split[origin.file] = [line.rstrip("\r") for line in text.split("\n")]
        lines = self._split[origin.file]
        return lines[origin.line - 1] if origin.line <= len(lines) else None


def _block(problem: Problem, lines: Lines) -> str:
    colour = _COLOURS[problem.severity]
    title = click.style(f"{problem.severity}[{problem.code}]", fg=colour, bold=True)
    margin = " " * len(str(max(origin.line for origin in (problem.origin, *(o for o, _ in problem.related)))))
    block = [f"{title}: {click.style(shown(problem.message), bold=True)}"]
    block += _excerpt(problem.origin, lines, margin=margin, arrow="-->", mark="^", colour=colour)
    for origin, words in problem.related:
        block += _excerpt(origin, lines, margin=margin, arrow="...", mark="-", colour="blue", words=words)
    if problem.help:
        block += [f"{margin} {_dim('|')}"] if len(block) > 2 else []
        block.append(f"{margin} {_dim('=')} help: {shown(problem.help)}")
    return "\n".join(block) + "\n"


def _excerpt(
    origin: Origin, lines: Lines, *, margin: str, arrow: str, mark: str, colour: str, words: str = ""
) -> Iterator[str]:
    yield f"{margin}{_dim(arrow)} {_place(origin)}"
    line = lines.line(origin)
    if not line:
        return
    before, marked, after = _cut(line, origin)
    blank = " " * width(_printed(before))
    carets = click.style(mark * max(width(_printed(marked)), 1), fg=colour, bold=True)
    yield f"{margin} {_dim('|')}"
    printed = inert(f"{_printed(before)}{_printed(marked)}{_printed(after)}")
    yield f"{origin.line:>{len(margin)}} {_dim('|')} {printed}"
    yield f"{margin} {_dim('|')} {blank}{carets}" + (f" {shown(words)}" if words else "")


def _cut(line: str, origin: Origin) -> tuple[str, str, str]:
    """A line before, in and after the marked range; a long one only around its beginning."""
    start = origin.column - 1
    end = origin.end_column - 1 if origin.end_line == origin.line else len(line)
    first = max(0, start - _WIDEST // 2)
    last = first + _WIDEST
    before = ("..." if first else "") + line[first:start]
    after = line[max(start, end) : last] + ("..." if len(line) > last else "")
    return before, line[start : min(max(start, end), last)], after


def _printed(text: str) -> str:
    return shown(text.replace("\t", "    "))


def _place(origin: Origin) -> str:
    return f"{shown(origin.file)}:{origin.line}:{origin.column}"


def _dim(text: str) -> str:
    return click.style(text, fg="blue")


def _diagnostic(problem: Problem) -> dict[str, object]:
    origin = problem.origin
    related = [
        {"message": words, "file": place.file, "line": place.line, "column": place.column}
        for place, words in problem.related
    ]
    return {
        "code": problem.code,
        "severity": problem.severity,
        "message": problem.message,
        "help": problem.help,
        "file": origin.file,
        "line": origin.line,
        "column": origin.column,
        "end_line": origin.end_line,
        "end_column": origin.end_column,
        **({"related": related} if related else {}),
    }


def _command(problem: Problem) -> str:
    origin = problem.origin
    properties = {
        "file": shown(origin.file),
        "line": origin.line,
        "endLine": origin.end_line,
        "col": origin.column,
        "endColumn": max(origin.end_column - 1, origin.column),
        "title": problem.code,
    }
    written = ",".join(f"{name}={_escaped(str(value), ':,')}" for name, value in properties.items())
    message = shown(problem.message) + (f" ({shown(problem.help)})" if problem.help else "")
    return f"::{problem.severity} {written}::{_escaped(message)}"


def _escaped(text: str, more: str = "") -> str:
    """Text in which GitHub sees no end of a command."""
    for char in f"%\r\n{more}":
        text = text.replace(char, f"%{ord(char):02X}")
    return text


def _plural(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
