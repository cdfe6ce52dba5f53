"""Reading a plan that was saved as JSON, perhaps by somebody whom nobody knows."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from oncall_gitops.core.errors import OncallError

MOST_BYTES = 64 * 1024 * 1024
"""2,000 schedules that all change make some 10 MB."""


def read_plan(file: Path) -> dict[str, Any]:
    """The document, once it is known to have the published shape."""
    from oncall_gitops.report.json_shape import first_violation, is_too_deep
    from oncall_gitops.report.plan_schema import PLAN_SCHEMA
    from oncall_gitops.report.terminal import shown

    with file.open("rb") as stream:
        content = stream.read(MOST_BYTES + 1)
    if len(content) > MOST_BYTES:
        raise OncallError(f"{file} is not a saved plan: it is larger than {MOST_BYTES // 1024**2} MiB")
    try:
        document = json.loads(content.decode("utf-8"), parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise OncallError(f"{file} is not a saved plan: it is no JSON") from error
    version = document.get("format_version") if isinstance(document, dict) else None
    if isinstance(version, str) and version.partition(".")[0] != "1":
        raise OncallError(f"{file} has the plan format {shown(version[:20])}; this version reads 1.x")
    told = "it is nested too deep" if is_too_deep(document) else first_violation(document, PLAN_SCHEMA)
    if told:
        raise OncallError(f"{file} is not a saved plan: {shown(told[:300])}")
    plan: dict[str, Any] = document
    return plan


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON")
