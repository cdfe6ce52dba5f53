"""How wide a text is in a terminal, so that carets stand below what they mean."""

from __future__ import annotations

import re

import pytest

from oncall_gitops.core.problem import Origin, Problem
from oncall_gitops.report.problems import problems_text
from oncall_gitops.report.terminal import table, width


@pytest.mark.parametrize(
    ("text", "columns"),
    [
        ("abc", 3),
        ("\u00e9", 1),
        ("e\u0301", 1),
        ("\u0e14\u0e38\u0e14\u0e35\u0e21\u0e34", 3),
        ("\u1112\u1161\u11ab", 2),
        ("\ud55c", 2),
        ("a\u20dd", 1),
        ("\u2764\ufe0f", 1),
        ("a\u200bb", 2),
        ("\u4e2d\uff1a", 4),
    ],
)
def test_a_text_takes_as_many_columns_as_are_seen(text: str, columns: int) -> None:
    assert width(text) == columns
    assert table([[text, "x"]]) == f"{text}  x\n"


@pytest.mark.parametrize("name", ["\u0e14\u0e38\u0e14\u0e35", "\u1112\u1161\u11ab", "\u4e2d", "e\u0301"])
def test_a_caret_stands_below_what_it_means(name: str) -> None:
    line = f"  {name}: bad"
    at = line.index("bad") + 1
    problem = Problem(Origin("a.yaml", 1, at, 1, at + 3), "OG201", "x")
    text = re.sub(r"\x1b\[\d*m", "", problems_text([problem], texts={"a.yaml": line}))
    source, carets = text.split("\n")[3:5]

    assert width(carets[: carets.index("^")]) == width(source[: source.index("bad")])
    assert carets.count("^") == 3
