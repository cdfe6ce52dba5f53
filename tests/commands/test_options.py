"""The flags that commands share: what they accept, and what wrong values are told."""

from __future__ import annotations

from typing import Any

import click
import pytest

from oncall_gitops.commands.options import HORIZON, INSTANT, TIMEOUT, WHEN
from oncall_gitops.core.model.instant import instant_text


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2026-11-22T18:30:00Z", "2026-11-22T18:30:00Z"),
        ("2026-11-22T18:30+01:00", "2026-11-22T17:30:00Z"),
        ("2026-11-22T18:30", "2026-11-22T18:30:00Z"),
        ("2026-11-22", "2026-11-22T00:00:00Z"),
    ],
)
def test_an_instant_without_an_offset_is_read_as_utc(text: str, instant: str) -> None:
    assert instant_text(INSTANT.convert(text, None, None)) == instant


@pytest.mark.parametrize(
    "text", ["now", "18:30", "2026-13-01", "2026-11-22 18:30", "22.11.2026", "", "1764000000"]
)
def test_other_times_are_refused_with_an_example(text: str) -> None:
    with pytest.raises(click.BadParameter, match="write 2026-11-22"):
        WHEN.convert(text, None, None)


@pytest.mark.parametrize(
    ("kind", "text"),
    [(HORIZON, "0d"), (HORIZON, "99999d"), (TIMEOUT, "48h"), (TIMEOUT, "0s"), (HORIZON, "soon")],
)
def test_a_duration_out_of_range_is_refused(kind: Any, text: str) -> None:
    with pytest.raises(click.BadParameter):
        kind.convert(text, None, None)


def test_a_horizon_is_in_seconds() -> None:
    assert HORIZON.convert("90d", None, None) == 90 * 86_400
