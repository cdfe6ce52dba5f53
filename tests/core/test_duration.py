"""Durations as people write them."""

from __future__ import annotations

import pytest

from oncall_gitops.core.duration import duration_text, parse_duration


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90d", 7_776_000), ("12w", 7_257_600), ("2160h", 7_776_000), ("15m", 900), ("30s", 30), ("0s", 0)],
)
def test_a_number_with_a_unit_is_read(text: str, seconds: int) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["", "90", "d", "90 d", "-1d", "1.5h", "90D", "1d12h", "9999999999d", "९d"])
def test_everything_else_is_refused_in_words(text: str) -> None:
    with pytest.raises(ValueError, match="not a duration such as 90d"):
        parse_duration(text)


@pytest.mark.parametrize(
    ("seconds", "text"), [(7_776_000, "90d"), (129_600, "36h"), (900, "15m"), (31, "31s"), (0, "0s")]
)
def test_seconds_are_written_in_the_largest_unit_that_fits(seconds: int, text: str) -> None:
    assert duration_text(seconds) == text
    assert parse_duration(text) == seconds
