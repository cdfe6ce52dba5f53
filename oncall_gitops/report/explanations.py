"""What a diagnostic code means, for people and for other programs."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from textwrap import fill, indent

import click

from oncall_gitops.core.diagnostics import TITLES, is_warning
from oncall_gitops.core.explanations.explanation import Explanation
from oncall_gitops.report.json_text import json_text
from oncall_gitops.report.terminal import shown

_COLUMNS = 100


def explanation_text(code: str, explanation: Explanation) -> str:
    """The whole explanation, with a caret below the place in the bad example."""
    severity = _severity(code)
    colour = "yellow" if severity == "warning" else "red"
    parts = [
        f"{click.style(f'{severity}[{code}]', fg=colour, bold=True)}: {click.style(TITLES[code], bold=True)}",
        fill(explanation.means, _COLUMNS),
        fill(f"At 3 a.m.: {explanation.why}", _COLUMNS),
        f"{click.style('Bad:', bold=True)}\n{_marked(explanation, colour)}",
        f"{click.style('Good:', bold=True)}\n{_printed(explanation.good)}",
    ]
    if severity == "warning":
        parts.append(f"On its line, `# oncall-gitops: ignore {code}` silences it.")
    return "\n\n".join(part.rstrip("\n") for part in parts) + "\n"


def explanation_json(code: str, explanation: Explanation) -> str:
    """The same as one document; `bad` and `good` are the text of a file, or shell commands that make it."""
    line, column = explanation.place
    document = {
        **_entry(code),
        "means": explanation.means,
        "why": explanation.why,
        "language": "sh" if explanation.is_shell else "yaml",
        "bad": explanation.bad_text,
        "line": 1 if explanation.is_shell else line,
        "column": 1 if explanation.is_shell else column,
        "good": explanation.good,
    }
    return json_text(document)


def codes_text(codes: Iterable[str]) -> str:
    """A line a code."""
    return "".join(f"{code}  {_severity(code):7}  {TITLES[code]}\n" for code in codes)


def codes_json(codes: Iterable[str]) -> str:
    return json_text([_entry(code) for code in codes])


def _entry(code: str) -> dict[str, str]:
    return {"code": code, "severity": _severity(code), "title": TITLES[code]}


def _severity(code: str) -> str:
    return "warning" if is_warning(code) else "error"


def _marked(explanation: Explanation, colour: str) -> str:
    """The bad example with carets below what is wrong."""
    if explanation.is_shell:
        return _printed(explanation.bad_text)
    row, column = explanation.place
    lines = explanation.bad_text.split("\n")
    before = _visible(lines[row - 1][: column - 1])
    carets = "^" * max(len(_visible(explanation.marked)), 1)
    shown_lines = indent("\n".join(map(_visible, lines[:row])), "    ")
    rest = indent("\n".join(map(_visible, lines[row:])), "    ")
    return f"{shown_lines}\n    {' ' * len(before)}{click.style(carets, fg=colour, bold=True)}\n{rest}"


def _printed(text: str) -> str:
    return indent("\n".join(map(_visible, text.split("\n"))), "    ")


def _visible(line: str) -> str:
    """A line of an example, in which what nobody can see is written out."""
    return "".join(
        "\u2192" if c == "\t" else c if unicodedata.category(c) == "Zs" else shown(c) for c in line
    )
