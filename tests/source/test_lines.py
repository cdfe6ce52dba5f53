"""What is read line by line is what the parser reads, and nothing is wrong with its form."""

from __future__ import annotations

import os
import random
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from oncall_gitops.source.document import Mapping, Node, Sequence, read_document
from oncall_gitops.source.lines import Unusual, plain_tree
from oncall_gitops.source.text import decode
from tests.source.fuzzing import REAL, values, wounded
from tests.source.messy import Untidy
from tests.source.reading import GOOD
from tests.source.test_corpus import RECORDS

IS_LONG = os.environ.get("HYPOTHESIS_PROFILE") == "slow"
SAMPLES = [
    path.read_text("utf-8") for path in sorted((Path(__file__).parents[2] / "schedules").glob("*.yaml"))
]

SNIPPETS = st.sampled_from([
    "a", "b", "key", "x y", "é", "\u3000", "\xa0", "10", "007", "-1", "1.5", "17:00", "09:00", "2026-01-05T09:00",
    "true", "null", "~", "a:b", "a#b", "a'b", 'a"b', '"a"', "'a'", '""', "''", '"', "'", ":", ": ", "- ", "-", "? ",
    ",", ", ", "[", "]", "{", "}", "[]", "{}", " ", "  ", "    ", "\n", "\n  ", "\n- ", "\n  - ", "\nb: ", "# c",
    " # c", "---\n", "...\n", "&x", "*x", "!t", "|", ">", "%", "@", "`", "\\", "<<", "a: ", "b: ", "c:", "a: b",
    "{a: b}", "[a, b]", "{a: [b]}", "[{a: b}, c]",
])  # fmt: skip
FORMS = [
    *REAL, *SAMPLES, GOOD,
    "a: b\nc:\n- d\n- e: f\n  g: h\ni:\n  - [j, {k: l}]\n  -   m\n",
    "---\na: {b: c, \"d\": \"e\", f: [], g: {}}\nh: 10 # i\nj: \"k # l\"\nn: 'o: p'\n\n\n# m\no:   p q \n",
]  # fmt: skip


def tree_of(node: Node) -> Any:
    """A tree with positions as `plain_tree` gives it."""
    if isinstance(node, Mapping):
        return {str(key): tree_of(value) for key, value in node.items()}
    if isinstance(node, Sequence):
        return [tree_of(value) for value in node]
    if node.plain and node in ("true", "false"):
        return node == "true"
    if node.plain and re.fullmatch(r"-?(?:0|[1-9][0-9]{0,7})", node):
        return int(node)
    assert not node.is_null
    assert not node.plain or not re.fullmatch(r"[1-9][0-9]*(:[0-5]?[0-9]){1,2}", node)
    return str(node)


def same(text: str) -> bool:
    """Whether a text is read line by line; if so, the parser reads the same and has nothing to say about it."""
    if "\ud800" <= max(text, default="") <= "\udfff" or decode(text.encode("utf-8", "surrogatepass"), "a")[1]:
        return False
    try:
        tree = plain_tree(text)
    except (Unusual, ValueError, RecursionError):
        return False
    if not isinstance(tree, dict):
        return False
    document = read_document(text, "a.yaml")
    assert document.problems == [], text
    assert document.root is not None
    found = tree_of(document.root)
    assert tree == found, text
    assert repr(tree) == repr(found), text
    return True


@pytest.mark.parametrize("text", FORMS)
def test_files_of_people_are_read_line_by_line(text: str) -> None:
    assert same(text)


@given(st.lists(SNIPPETS, max_size=14).map("".join))
@example('a: ["b]\n')
@example('a: [b, "]\n')
@example("a: {b :c}\n")
@example("a: {b:c}\n")
@example("a: [[b]\nc: [d]]\n")
@example("a: [b], [c]\nd: [[e]\nf: [g]]\n")
@example('a: ["b]\nc: [d"]\n')
@example("a:\nb: c\n")
@example("a: b\n  c\n")
@example("a: b\n- c\n")
@example("a:\n- b\n  c: d\n")
@example("a: {b: 1, b: 2}\n")
@example("a: [b], c?]\n")
@example("a: [b], c?]\nd: [e]\n")
@example("a: [b, c?]\nd: [e, f?]\n")
@example("a: [1234567890]\nb: [12345678901 c, 123456789012]\n")
@example("a: [b: c?, true]\n")
def test_whatever_stands_in_a_line_is_read_alike_or_left_to_the_parser(text: str) -> None:
    same(text)


@given(values(4))
def test_any_flow_collection_is_read_alike_or_left_to_the_parser(text: str) -> None:
    same(f"a: {text}\n")
    same(f"a:\n  - {text}\n  - b: {text}\n")


@pytest.mark.parametrize("which", range(len(FORMS)))
def test_a_wound_is_read_alike_or_left_to_the_parser(which: int) -> None:
    read = 0
    for seed in range(4_000 if IS_LONG else 40):
        read += same(wounded(FORMS[which], random.Random(f"{which} {seed}")))
    assert read


TREES = st.recursive(
    st.sampled_from(["a", "x y", "10", "true", "Zo\u00eb", "2026-01-05", "FRI 17:00", "it's", "a#b"]),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(["a", "b", "c-d", "7"]), inner)
    ),
    max_leaves=12,
)


@given(st.dictionaries(st.sampled_from(["a", "b", "c"]), TREES, min_size=1), st.integers())
def test_untidy_writing_is_read_alike_or_left_to_the_parser(tree: dict[str, Any], seed: int) -> None:
    same(Untidy(random.Random(seed)).file(tree))


@pytest.mark.parametrize("record", RECORDS, ids=[record["id"] for record in RECORDS])
def test_an_input_that_broke_others_is_read_alike_or_left_to_the_parser(record: dict[str, Any]) -> None:
    same(str(record.get("input", "")))
