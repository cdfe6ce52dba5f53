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
from oncall_gitops.source.spelling import closest
from oncall_gitops.source.syntax import shown

POINTLESS = "OG922"

_WORDS = "oncall-gitops:"
_COMMENT = re.compile(r"#[ \t]*oncall-gitops:[ \t]*([\w-]*)([^#\r\n]*)")
_CODE = re.compile(r"\b[A-Z]{2}\d+\b")
_SMALL_CODE = re.compile(r"\bog\d{3}\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Silence:
    """One comment with our name: its place, its first word, which should be `ignore`, the rest, and the codes in it."""

    origin: Origin
    word: str
    rest: str
    codes: tuple[str, ...]


def audible(problems: Iterable[Problem], texts: Mapping[str, str]) -> list[Problem]:
    """The problems without the warnings that a comment on their line silences."""
    silent = _Silent(texts)
    return [p for p in problems if p.is_error or (p.origin.line, p.code) not in silent[p.origin.file]]


class _Silent(dict[str, frozenset[tuple[int, str]]]):
    """The line and code of everything that comments silence, by file; each file is looked through once."""

    def __init__(self, texts: Mapping[str, str]) -> None:
        self._texts = texts

    def __missing__(self, file: str) -> frozenset[tuple[int, str]]:
        silences = _silences(file, self._texts.get(file, ""))
        self[file] = found = frozenset((s.origin.line, code) for s in silences for code in s.codes)
        return found


def commented(texts: Mapping[str, str]) -> set[str]:
    """The files that may hold such comments."""
    return {file for file, text in texts.items() if _WORDS in text}


def pointless(
    texts: Mapping[str, str], problems: Iterable[Problem], *, is_partial: bool = False
) -> Iterator[Problem]:
    """Comments that silence nothing, given every problem that there is without them.

    These warnings can be silenced by a comment on their line, too, which has been heeded here: a comment must not
    hide that it is itself in vain.
    `is_partial` says that there may be more warnings: something could not be read.
    """
    there = {(p.origin.file, p.origin.line, p.code) for p in problems if not p.is_error}
    for file, text in texts.items():
        by_line: dict[int, list[Silence]] = {}
        for silence in _silences(file, text):
            by_line.setdefault(silence.origin.line, []).append(silence)
        for silences in by_line.values():
            idle = [(s, fault) for s in silences for fault in _faults(s, there, is_partial=is_partial)]
            keepers = [silence for silence in silences if POINTLESS in silence.codes]
            if not keepers:
                yield from (_pointless(silence, *fault) for silence, fault in idle)
            elif not idle and not is_partial:
                message = f"every other comment here is of use, so {POINTLESS} silences nothing"
                yield from (_pointless(silence, message, _remedy(silence, POINTLESS)) for silence in keepers)


def _faults(
    silence: Silence, there: set[tuple[str, int, str]], *, is_partial: bool
) -> Iterator[tuple[str, str]]:
    """What is wrong with one comment, and what to do about it."""
    if silence.word != "ignore":
        if _SMALL_CODE.search(silence.rest) or closest(silence.word, ("ignore",)):
            message = (
                f"a comment can tell oncall-gitops to `ignore` a code, but not to {shown(silence.word)} it"
            )
            yield message, "write for example `ignore OG901`"
    elif not silence.codes and (small := _SMALL_CODE.search(silence.rest)):
        yield "this comment names no code: codes are in capitals", f"write {small[0].upper()}"
    elif not silence.codes:
        yield "this comment names no code", "write for example `ignore OG901`"
    for code in silence.codes:
        if code == POINTLESS or (silence.origin.file, silence.origin.line, code) in there:
            continue
        if code not in TITLES:
            yield f"there is no warning {code}", "`explain` lists all codes"
        elif not is_warning(code):
            yield f"{code} is an error: errors cannot be silenced", "mend it, and remove the comment"
        elif not is_partial:
            message = f"this line has no warning {code}, so the comment silences nothing"
            yield message, _remedy(silence, code)


def _remedy(silence: Silence, code: str) -> str:
    return f"remove {code} from it" if len(silence.codes) > 1 else "remove the comment"


def _pointless(silence: Silence, message: str, hint: str) -> Problem:
    return Problem(silence.origin, POINTLESS, message, hint, "warning")


def _silences(file: str, text: str) -> Iterator[Silence]:
    if _WORDS not in text:
        return
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
        codes = _CODE.findall(found[2]) if found[1] == "ignore" else ()
        yield Silence(Origin(file, line, column, line, end), found[1], found[2], tuple(dict.fromkeys(codes)))


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
