"""JSON that may be looked at in a terminal: what cannot be seen is escaped, everything else stays readable."""

from __future__ import annotations

import json
import unicodedata
from typing import Any

from oncall_gitops.report.terminal import UNSAFE


def json_text(document: Any) -> str:
    """A document, indented, in lines; programs read exactly what it holds."""
    text = json.dumps(document, indent=2, ensure_ascii=False)
    if text.isascii():
        return text + "\n"
    return (
        "".join(c if c == "\n" or unicodedata.category(c) not in UNSAFE else _escaped(c) for c in text) + "\n"
    )


def _escaped(character: str) -> str:
    return json.dumps(character)[1:-1]
