"""JSON that may be looked at in a terminal or in a workflow's log: what cannot be seen there, or could command
it, is escaped; everything else stays readable."""

from __future__ import annotations

import json
from typing import Any

from oncall_gitops.core.visible import is_unseen


def json_text(document: Any) -> str:
    """A document, indented, in lines; programs read exactly what it holds."""
    text = json.dumps(document, indent=2, ensure_ascii=False)
    text = text.replace("##[", "#\\u0023[").replace("\x7f", "\\u007f")
    if not text.isascii():
        unseen = {char for char in set(text) - {"\n"} if is_unseen(char)}
        text = text.translate({ord(char): json.dumps(char)[1:-1] for char in unseen})
    return text + "\n"
