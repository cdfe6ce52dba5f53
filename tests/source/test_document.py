"""YAML as raw text with places; what a file must not hold; nothing hostile that takes long or crashes."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oncall_gitops.source.desired import assemble
from oncall_gitops.source.document import Document, Mapping, read_document
from oncall_gitops.source.text import decode
from tests.source.reading import GOOD


def refused(text: str) -> list[str]:
    """`line:column code` of everything wrong with the form of a text."""
    decoded, faults = decode(text.encode(), "a.yaml")
    problems = faults or read_document(decoded, "a.yaml").problems
    return [f"{p.origin.line}:{p.origin.column} {p.code}" for p in problems]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ["1:1 OG109"]),
        ("# only words\n", ["1:1 OG109"]),
        ("---", ["1:1 OG109"]),
        ("---\n", ["1:1 OG109"]),
        ("# x\n---\n", ["1:1 OG109"]),
        ("...\n", ["1:1 OG109"]),
        ("---\n---\n", ["1:1 OG109"]),
        ("--- # x\n...\n# y", ["1:1 OG109"]),
        ("--- ~\n", ["1:5 OG109"]),
        ("# x\nnull\n", ["2:1 OG109"]),
        ("&a\n", ["1:1 OG114"]),
        ("*a\n", ["1:1 OG114"]),
        ("!a\n", ["1:1 OG115"]),
        ("null\n", ["1:1 OG109"]),
        ("words\n", ["1:1 OG203"]),
        ("- a\n", ["1:1 OG203"]),
        ("users:\u00a0{}\n", ["1:7 OG203"]),
        ("users\uff1a {}\n", ["1:6 OG203"]),
        ("a: \x1b[31m\n", ["1:4 OG108"]),
        ("a: x\rb: y\n", ["1:5 OG108"]),
        ("a: x\u2028b: y\n", ["1:5 OG108"]),
        ("a: x\x85b: y\n", ["1:5 OG108"]),
        ("a: x\rb: y\rc: z\r", ["1:5 OG108"]),
        ("a: x\x85b: y\x85c: z\x85", ["1:5 OG108"]),
        ("a: x\u2028b: y\u2028c: z\u2028", ["1:5 OG108"]),
        ("a: x\u2029b: y\u2029c: z\u2029", ["1:5 OG108"]),
        ("a: x\r\nb: y\rc: z\r\nd: e\x85f: g\x85", ["2:5 OG108", "3:5 OG108"]),
        ("a:\n  \u00a0b: c\n", ["2:3 OG108"]),
        ("a: \u202ex\n", ["1:4 OG108"]),
        ("a:\n\u00a0\u00a0b: c\n", ["2:1 OG108"]),
        ('a: "x\\0y"\n', ["1:4 OG108"]),
        ('a: "\\u202e"\n', ["1:4 OG108"]),
        ("a: [b\n", ["1:4 OG110"]),
        ("a: {b: c\n", ["1:4 OG110"]),
        ('a: "b\n', ["1:4 OG110"]),
        ("a: b: c\n", ["1:5 OG110"]),
        ("a: b\n c: d\n", ["2:2 OG110"]),
        ("a:\n\tb: c\n", ["2:1 OG111"]),
        ("a:\tb\n", ["1:3 OG111"]),
        ("a: b\t\n", ["1:5 OG111"]),
        ("a: b\n\t\n", ["2:1 OG111"]),
        ("a: b\n  \t\nc: d\n", ["2:3 OG111"]),
        ("\t\n", ["1:1 OG111"]),
        ("a: b\t# c\td\n", ["1:5 OG111"]),
        ("\t# a\nb: c\n", ["1:1 OG111"]),
        ("a: b\tc\n", ["1:5 OG111"]),
        ("a: b#c\t\n", ["1:7 OG111"]),
        ("a: 'b\tc'\t\n", ["1:9 OG111"]),
        ("a: b\n<<<<<<< HEAD\nc: d\n=======\nc: e\n>>>>>>> main\n", ["2:1 OG112", "4:1 OG112", "6:1 OG112"]),
        ("a: b\n<<<<<<< HEAD\nc: d\n", ["2:1 OG112"]),
        ("a: b\n>>>>>>> main\n", ["2:1 OG112"]),
        ("a:\n  b: c\n  <<<<<<< HEAD\n  d: e\n", ["3:3 OG112"]),
        ("a: " + "[" * 33, ["1:35 OG113"]),
        ("a: &b c\n", ["1:4 OG114"]),
        ("a: *b\n", ["1:4 OG114"]),
        ("a: !!str b\n", ["1:4 OG115"]),
        ("a: ! b\n", ["1:4 OG115"]),
        ("%YAML 1.2\n---\na: b\n", ["1:1 OG116"]),
        ("a: b\n---\nc: d\n", ["2:1 OG117"]),
        ("a: {<<: {b: c}}\n", ["1:5 OG118"]),
        ("a: b\na: c\n", ["2:1 OG119"]),
        ('labels: {1: a, "1": b}\n', ["1:16 OG119"]),
        ("labels: {caf\u00e9: a, cafe\u0301: b}\n", ["1:19 OG119"]),
        ("? [a]\n: b\n", ["1:3 OG120"]),
        ("~: b\n", ["1:1 OG120"]),
    ],
)
def test_a_form_that_a_file_must_not_have_is_refused_at_its_place(text: str, expected: list[str]) -> None:
    assert refused(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "\ufeffa: b\n",
        "a: b\r\nc: d\r\n",
        "---\na: b\n...\n",
        "a: b # a comment\twith tabs\n# and\tmore\n",
        "a: 'tabs\tin quotes' # and\tmore\n",
        "a: |\n  tabs\tin text\n",
        "a: 'Soci\u00e9t\u00e9\u00a0: x'\n",
        'a: "\\u00e9\\t"\n',
        "a: =======\n",
    ],
)
def test_a_form_that_is_good_is_not_refused(text: str) -> None:
    assert refused(text) == []


def test_nothing_is_turned_into_something_else() -> None:
    text = "a: [09:00, 17:00, NO, on, 2026-01-05, 010, 1e3, 0x10, .nan, 1_0, =]\n"
    root = read_document(text, "a.yaml").root

    assert root == {
        "a": ["09:00", "17:00", "NO", "on", "2026-01-05", "010", "1e3", "0x10", ".nan", "1_0", "="]
    }


@pytest.mark.parametrize(
    ("text", "listed", "more"),
    [
        ("a: b\n" * 31, 30, ""),
        ("a: b\n" * 2_001, 1_000, "1,000"),
        ("a: *b\n" + "".join(f"c{i}: *b\n" for i in range(1_100)), 1_000, "101"),
        ("a: b\n" + "\0" * 100, 20, "80"),
        ("a: b\n" + "\u00a0c: d\n" * 21, 20, "1"),
        ("a: b\n" + "<<<<<<< a\n" * 50, 20, "30"),
        ("a: b\n" + "".join(f"c{i}:\td\n" for i in range(50)), 20, "30"),
    ],
    ids=lambda value: repr(value)[:20],
)
def test_what_is_not_listed_is_counted(text: str, listed: int, more: str) -> None:
    decoded, faults = decode(text.encode(), "a.yaml")
    problems = faults or read_document(decoded, "a.yaml").problems

    assert len([p for p in problems if p.code != "OG121"]) == listed
    messages = [p.message for p in problems if p.code == "OG121"]
    assert messages == [f"{more} more mistakes of this kind are not listed"] * bool(more)


def test_lines_that_end_otherwise_are_one_mistake_that_names_the_sign() -> None:
    _, [problem] = decode(GOOD.replace("\n", "\r").encode(), "a.yaml")

    assert problem.message == "28 lines end in U+000D CARRIAGE RETURN (CR)"
    assert problem.help == "end lines with LF"


def test_every_mistake_of_form_is_reported_at_once() -> None:
    assert refused("a: &x 1\nb: !y 2\nb: 3\n") == ["1:4 OG114", "2:4 OG115", "3:1 OG119"]


@pytest.mark.parametrize(
    "text",
    [
        "[" * 100_000,
        "a: " + "{b: " * 30_000,
        "- " * 100_000,
        "? " * 100_000,
        "-\n" * 500_000,
        "a:\n" + "- b\n" * 250_000,
        "\n".join(f"k{i}: 1" for i in range(90_000)),
        "\n".join(f"a{i}: &a{i} x" for i in range(40_000)),
        "# " + "\t." * 500_000,
        "a: '" + "\t'\t" * 300_000,
        "a: " + "\u00e9" * 500_000,
        "\n".join(f"\u00e9{i}: 1" for i in range(90_000)),
        "\u202e" * 300_000,
        "\ufffe\n" * 200_000,
        "<<<<<<< a\n" * 100_000,
        "a: b\rc: d\r" * 90_000,
        "a: 'b'\t\n" * 100_000,
        "\n".join(f"k{i}: 1" for i in range(19_000)) + "\nk18999: 1" * 40_000,
        "\n".join(f"\u00e9{i}: 1" for i in range(9_000)) + "\ne\u03018999: 1" * 40_000,
        "a: *b\n" * 150_000,
        "a:\n" + "- *b\n" * 19_999,
        "a" * 1_000_000 + "\nb: c\n",
        "a: b\n" + " " * 999_000 + "c: d\n",
        "a: '" + "b: c\n" * 160_000 + "' d\n",
        "-\n" * 100_000 + "a: b\n",
        "a: {" + "b:c, " * 19_000 + "}\n",
    ],
    ids=lambda text: repr(text[:12]),
)
def test_a_hostile_file_is_settled_soon(text: str) -> None:
    started = time.process_time()
    refused(text)

    assert time.process_time() - started < 2.0


def problems_of(content: bytes) -> tuple[str, list[tuple[int, int]]]:
    """The text of a file and the places of everything wrong with it."""
    text, faults = decode(content, "a.yaml")
    document = Document("a.yaml", text, None, faults) if faults else read_document(text, "a.yaml")
    assembled = assemble([document])
    return text, [(p.origin.line, p.origin.column) for p in [*document.problems, *assembled.problems]]


def assert_answered(content: bytes) -> None:
    text, places = problems_of(content)
    lines = text.split("\n")
    for line, column in places:
        assert not text or 1 <= line <= len(lines)
        assert not text or 1 <= column <= len(lines[line - 1]) + 1


@given(st.binary(max_size=300))
def test_no_bytes_are_an_exception(content: bytes) -> None:
    assert_answered(content)


YAMLISH = st.text(st.sampled_from("ab:-[]{}\"'#&*!|>%@`,? \n\t<~=\u00e9\u00a0\u202e0129"), max_size=80)


@given(YAMLISH)
def test_no_text_that_looks_like_yaml_is_an_exception(text: str) -> None:
    assert_answered(text.encode())


@given(st.data())
def test_no_damaged_file_is_an_exception(data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(GOOD)))
    end = data.draw(st.integers(start, min(start + 60, len(GOOD))))
    piece = data.draw(
        st.one_of(YAMLISH, st.sampled_from(["", "null", "[]", "{}", "nobody", "0", "24:00", "2026-02-30"]))
    )
    assert_answered((GOOD[:start] + piece + GOOD[end:]).encode())


def test_places_are_counted_in_characters() -> None:
    document = read_document("a: '\U0001f600'\n\u00e9\u00e9: {b: c}\n", "a.yaml")
    assert isinstance(document.root, Mapping)
    origin = document.locate(("\u00e9\u00e9", "b"))

    assert (origin.line, origin.column, origin.end_column) == (2, 9, 10)
