"""Problems as SARIF 2.1.0, which code scanning services read.

Columns count UTF-16 code units there, unless a run says otherwise. Ours does, so that they are those of the other
formats.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from urllib.parse import quote

from oncall_gitops import __version__
from oncall_gitops.core.diagnostics import TITLES, is_warning
from oncall_gitops.core.problem import Origin, Problem
from oncall_gitops.report.json_text import json_text
from oncall_gitops.report.problems import Lines
from oncall_gitops.report.terminal import shown

_LONGEST = 2000
"""Characters of a line that tell it from others."""

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"


def problems_sarif(problems: Sequence[Problem], *, texts: Mapping[str, str]) -> str:
    """The log of one run."""
    from oncall_gitops.core.explanations import EXPLANATIONS

    codes = sorted({problem.code for problem in problems})
    rules = [_rule(code, EXPLANATIONS[code].means, EXPLANATIONS[code].why) for code in codes]
    lines = Lines(texts)
    seen: Counter[str] = Counter()
    run = {
        "tool": {
            "driver": {
                "name": "oncall-gitops",
                "semanticVersion": __version__,
                "rules": rules,
            }
        },
        "columnKind": "unicodeCodePoints",
        "results": [_result(problem, codes.index(problem.code), lines, seen) for problem in problems],
    }
    log = {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}
    return json_text(log)


def _rule(code: str, means: str, why: str) -> dict[str, object]:
    return {
        "id": code,
        "shortDescription": {"text": TITLES[code]},
        "fullDescription": {"text": means},
        "help": {"text": f"{means}\n\n{why}\n\nMore: oncall-gitops explain {code}"},
        "defaultConfiguration": {"level": "warning" if is_warning(code) else "error"},
    }


def _result(problem: Problem, index: int, lines: Lines, seen: Counter[str]) -> dict[str, object]:
    text = problem.message + (f" ({problem.help})" if problem.help else "")
    result: dict[str, object] = {
        "ruleId": problem.code,
        "ruleIndex": index,
        "level": problem.severity,
        "message": {"text": _plain(text)},
        "locations": [_location(problem.origin)],
        "partialFingerprints": {"primaryLocationLineHash": _fingerprint(problem, lines, seen)},
    }
    if problem.related:
        result["relatedLocations"] = [
            {"id": number, **_location(origin), "message": {"text": _plain(words)}}
            for number, (origin, words) in enumerate(problem.related, start=1)
        ]
    return result


def _location(origin: Origin) -> dict[str, object]:
    region = {"startLine": origin.line, "startColumn": origin.column}
    if (origin.end_line, origin.end_column) > (origin.line, origin.column):
        region |= {"endLine": origin.end_line, "endColumn": origin.end_column}
    return {"physicalLocation": {"artifactLocation": _artifact(origin.file), "region": region}}


def _artifact(file: str) -> dict[str, str]:
    """Relative to the folder where the program was called, which a service takes for the repository's."""
    uri = quote(file.encode("utf-8", "backslashreplace"))
    return {"uri": f"file://{uri}" if file.startswith("/") else uri}


def _fingerprint(problem: Problem, lines: Lines, seen: Counter[str]) -> str:
    """The same as long as the line's text is, wherever it moves; equal ones of a file are counted.

    A very long line is known by its beginning: it may have very many problems.
    """
    line = (lines.line(problem.origin) or "")[:_LONGEST].strip()
    mark = "\0".join((problem.code, problem.origin.file, line))
    digest = hashlib.sha256(mark.encode("utf-8", "backslashreplace")).hexdigest()[:32]
    seen[digest] += 1
    return f"{digest}:{seen[digest]}"


def _plain(text: str) -> str:
    """Text in which nothing is a link or a placeholder of SARIF's, and nothing is invisible."""
    return re.sub(r"[\\\[\]]", r"\\\g<0>", shown(text)).replace("{", "{{").replace("}", "}}")
