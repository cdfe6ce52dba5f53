"""A field's change, as people read it."""

from __future__ import annotations

import pytest

from oncall_gitops.report.fields import edit_text


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        (10, 20, "10 -> 20"),
        (None, "Weekend", "(none) -> Weekend"),
        (True, False, "true -> false"),
        (["a", "b"], ["a", {"user": "c", "from": "2026-11-30"}, "b"], "a, +{user: c, from: 2026-11-30}, b"),
        (["a", "b"], ["b"], "-a, b"),
        (["a", "b"], ["c", "b"], "-a, +c, b"),
        ({"days_of_week": ["SAT"]}, None, "{days_of_week: [SAT]} -> (none)"),
    ],
)
def test_a_list_shows_what_joins_and_what_leaves(before: object, after: object, told: str) -> None:
    assert edit_text(before, after) == told
