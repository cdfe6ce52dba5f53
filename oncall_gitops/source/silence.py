"""Comments that silence a warning on their line, and those that silence nothing.

`# oncall-gitops: ignore OG901, OG910` is a comment only where YAML sees one: inside of quoted or block text it is
text. The few files that hold such words are scanned once more to tell.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from oncall_gitops.core.diagnostics import TITLES, is_warning
from oncall_gitops.core.problem import Origin, Problem

POINTLESS = "OG922"

_WORDS = "oncall-gitops:"
_COMMENT = re.compile(r"#[ \t]*oncall-gitops:[ \t]*ignore\b([^#\r\n]*)")
_CODE = re.compile(r"\b[A-Z]{2}\d+\b")


@dataclass(frozen=True, slots=True)
class Silence:
    """One comment: its place, and the codes that it names."""

    origin: Origin
    codes: tuple[str, ...]


def audible(problems: Iterable[Problem], texts: Mapping[str, str]) -> list[Problem]:
    """The problems without the warnings that a comment on their line silences."""
    silences: dict[str, dict[int, frozenset[str]]] = {}
    heard = []
    for problem in problems:
        file, line = problem.origin.file, problem.origin.line
        if not problem.is_error and _WORDS in texts.get(file, ""):
            if file not in silences:
                silences[file] = {s.origin.line: frozenset(s.codes) for s in _silences(file, texts[file])}
            if problem.code in silences[file].get(line, ()):
                continue
        heard.append(problem)
    return heard


def commented(texts: Mapping[str, str]) -> set[str]:
    """The files that may hold such comments."""
    return {file for file, text in texts.items() if _WORDS in text}


def pointless(
    texts: Mapping[str, str], warnings: Iterable[Problem], *, is_partial: bool = False
) -> Iterator[Problem]:
    """Comments that silence nothing, given every warning that there is without them.

    `is_partial` says that there may be more warnings: something could not be read.
    """
    there = {(w.origin.file, w.origin.line, w.code) for w in warnings}
    for file, text in texts.items():
        for silence in _silences(file, text) if _WORDS in text else ():
            if not silence.codes:
                yield _pointless(silence, "this comment names no code", "write for example `ignore OG901`")
            for code in silence.codes:
                if code == POINTLESS or (file, silence.origin.line, code) in there:
                    continue
                if code not in TITLES:
                    yield _pointless(silence, f"there is no warning {code}", "`explain` lists all codes")
                elif not is_warning(code):
                    message = f"{code} is an error: errors cannot be silenced"
                    yield _pointless(silence, message, "mend it, and remove the comment")
                elif not is_partial:
                    message = f"this line has no warning {code}, so the comment silences nothing"
                    yield _pointless(silence, message, _remedy(silence, code))


def _remedy(silence: Silence, code: str) -> str:
    return f"remove {code} from it" if len(silence.codes) > 1 else "remove the comment"


def _pointless(silence: Silence, message: str, hint: str) -> Problem:
    return Problem(silence.origin, POINTLESS, message, hint, "warning")


def _silences(file: str, text: str) -> Iterator[Silence]:
    spans = _texts_within(text)
    starts = [start for start, _ in spans]
    line, counted = 1, 0
    for found in _COMMENT.finditer(text):
        before = bisect_right(starts, found.start()) - 1
        if before >= 0 and found.start() < spans[before][1]:
            continue
        line, counted = line + text.count("\n", counted, found.start()), found.start()
        column = found.start() - text.rfind("\n", 0, found.start())
        end = column + len(found[0].rstrip())
        codes = tuple(dict.fromkeys(_CODE.findall(found[1])))
        yield Silence(Origin(file, line, column, line, end), codes)


def _texts_within(text: str) -> Sequence[tuple[int, int]]:
    """Where the scalars stand, in order; up to the first mistake, if the text is no YAML."""
    import yaml
    from yaml.events import CollectionEndEvent, CollectionStartEvent, ScalarEvent

    from oncall_gitops.source.scan import MAX_DEPTH

    spans: list[tuple[int, int]] = []
    depth = 0
    try:
        for event in yaml.parse(text, Loader=yaml.CBaseLoader):
            depth += isinstance(event, CollectionStartEvent) - isinstance(event, CollectionEndEvent)
            if depth > MAX_DEPTH:
                break
            if isinstance(event, ScalarEvent):
                spans.append(_span(event, text))
    except yaml.YAMLError:
        spans.append((spans[-1][1] if spans else 0, len(text)))
    return spans


def _span(scalar: Any, text: str) -> tuple[int, int]:
    start = scalar.start_mark.index
    if scalar.style in ("|", ">"):  # a comment may follow the sign
        line_break = text.find("\n", start)
        start = line_break if line_break >= 0 else len(text)
    return start, scalar.end_mark.index
