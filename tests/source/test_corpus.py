"""Inputs that broke other systems: each is refused, warned about or accepted, at its line, and soon.

Records that are not in our format (`translated` is false) show a fault in a small text of their own: it must be
among the errors, whatever else is wrong with that text; the kind of fault decides by which code.
"""

from __future__ import annotations

import base64
import json
import os
import time
from pathlib import Path
from typing import Any

import pytest

from oncall_gitops.source.read import load
from tests.source.reading import give_up_privileges, judged, unprivileged_folder

DATA = Path(__file__).parents[1] / "data"
BASE, *RECORDS = [json.loads(line) for line in (DATA / "bad-inputs.jsonl").read_text("utf-8").splitlines()]
OUR_CODES = {
    "E-UTF8": {"OG107"},
    "E-CHAR": {"OG108", "OG110", "OG203", "OG201"},
    "E-BIDI": {"OG108"},
    "E-YAML": {"OG110", "OG111"},
    "E-DUPKEY": {"OG119"},
    "E-ALIAS": {"OG114"},
    "E-DEPTH": {"OG113"},
    "E-TAG": {"OG115"},
    "E-DIRECTIVE": {"OG116"},
    "E-CONFLICT": {"OG112"},
    "E-KEY": {"OG120"},
    "E-UNKNOWN": {"OG201", "OG213"},
    "E-EMPTY": {"OG109"},
    "E-SIZE": {"OG104", "OG203", "OG213"},
    "E-SYMLINK": {"OG103"},
    "E-PATH": {"OG102", "OG105", "OG201"},
}
SECONDS = 2.0


def write(record: dict[str, Any], root: Path) -> None:
    """The record's files; generators and set-ups are our own test data."""
    if "setup" in record:
        exec(record["setup"], {"os": os, "root": str(root)})  # noqa: S102
        return
    files = record.get("files") or {record["path"]: _content(record)}
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)


def _content(record: dict[str, Any]) -> bytes:
    if "input_b64" in record:
        return base64.b64decode(record["input_b64"])
    if "gen" in record:
        content: bytes = eval(record["gen"], {"BASE": BASE["base"]})  # noqa: S307
        return content
    return str(record["input"]).encode()


@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("record", RECORDS, ids=[record["id"] for record in RECORDS])
def test_a_bad_input_is_answered(record: dict[str, Any], tmp_path: Path) -> None:
    if record["id"] == "fs-unreadable":
        with unprivileged_folder() as folder:
            write(record, folder)
            give_up_privileges()
            answer(record, folder)
        return
    write(record, tmp_path)
    answer(record, tmp_path)


def answer(record: dict[str, Any], root: Path) -> None:
    """Read the files of a record, and look at what is said about them."""
    started = time.process_time()
    loaded = load(root)
    problems = judged(loaded)
    took = time.process_time() - started

    is_ours = record.get("translated") is not False and "files" not in record and "setup" not in record
    errors = [problem for problem in problems if problem.is_error]
    if record["expect"] == "error":
        assert errors
        assert not OUR_CODES.get(record["code"]) or OUR_CODES[record["code"]] & {p.code for p in errors}
    elif is_ours:
        assert errors == []
    line = (record.get("at") or {}).get("line")
    if line and record.get("translated") and record["expect"] != "accept":
        expected = errors if record["expect"] == "error" else problems
        assert line in [problem.origin.line for problem in expected]
    assert took < SECONDS * (10 if record["id"] == "fs-10000-files" else 1)
