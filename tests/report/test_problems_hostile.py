"""Whatever stands in a file cannot change the meaning of an output: each is parsed back and says the same.

The texts try to end a line, a workflow command, a link or a string, to move or colour a terminal, or to turn
the direction of what follows.
"""

from __future__ import annotations

import json
import re
import tempfile
import unicodedata
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oncall_gitops.core.problem import Origin, Problem
from oncall_gitops.report.problems import (
    problems_concise,
    problems_github,
    problems_json,
    problems_text,
)
from oncall_gitops.report.sarif import problems_sarif
from tests.report.test_sarif import read
from tests.source.fuzzing import answered

HOSTILE = st.lists(
    st.sampled_from([
        "\n", "\r", "\r\n", "\x1b[2J", "\x1b]0;title\x07", "\x9b31m", "\u202e", "\u2066", "\u200b", "\u2028", "\x85",
        "::error::x", "\n::error file=a::x", "%0A::warning::x", "%", ",", ":", ";", "::", "##[error]",
        "\n::stop-commands::x",
        "<script>alert(1)</script>", "&lt;", "]]>", "[link](http://x)", "](", "{0}", "{{", "}", "\\", '"', "'", "`",
        "```\n",
        "| a |", "=1+1", "@SUM(1)", "+1", "-1", "\t", "@everyone", "\x00", "\x08", "\ud83d", "\U0001f600", "\u0301",
        "e",
        "a.yaml:1:1: error OG101 x", "  --> a.yaml:1:1", "1 error in 1 file", "\U000e0041", "\ufffe", "\uf8ff",
    ]),
    min_size=1,
    max_size=6,
).map("".join)  # fmt: skip
CODE = st.sampled_from(["OG101", "OG401", "OG901", "OG922"])


@st.composite
def some_problems(draw: st.DrawFn) -> tuple[list[Problem], dict[str, str]]:
    """Problems of which every text is hostile, and the texts in which they stand."""
    problems, texts = [], {}
    for _ in range(draw(st.integers(1, 3))):
        file = "rota" + draw(HOSTILE) + ".yaml"
        line = draw(st.integers(1, 3))
        column = draw(st.integers(1, 10))
        origin = Origin(file, line, column, line, column + draw(st.integers(0, 5)))
        texts[file] = draw(HOSTILE) + "\n" + draw(HOSTILE)
        code = draw(CODE)
        severity = "warning" if code.startswith("OG9") else "error"
        related = ((Origin(file), draw(HOSTILE)),) if draw(st.booleans()) else ()
        problems.append(Problem(origin, code, draw(HOSTILE), draw(HOSTILE), severity, related))  # type: ignore[arg-type]
    return problems, texts


def unstyle(text: str) -> str:
    """Without our own colours, which the shell takes away where there is no terminal."""
    return re.sub(r"\x1b\[\d*m", "", text)


def assert_harmless(text: str) -> None:
    """Nothing in it commands a terminal, hides, or changes the direction of what follows."""
    bad = {
        c for c in text if c != "\n" and unicodedata.category(c) in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")
    }
    assert not bad


@given(found=some_problems())
def test_text_has_the_lines_of_its_problems_and_no_others(
    found: tuple[list[Problem], dict[str, str]],
) -> None:
    problems, texts = found
    text = problems_text(problems, texts=texts)
    plain = unstyle(text)

    assert_harmless(plain)
    titles = [line for line in plain.split("\n") if re.match(r"(error|warning)\[OG\d{3}\]: ", line)]
    arrows = [line for line in plain.split("\n") if re.match(r" +--> rota", line)]
    assert len(titles) == len(arrows) == len(problems)
    others = [line for line in plain.split("\n") if line and line not in titles]
    assert all(re.match(r"[ \d]+(-->|\.\.\.|\||=)", line) for line in others)


@given(found=some_problems())
def test_concise_is_a_line_a_problem(found: tuple[list[Problem], dict[str, str]]) -> None:
    problems, _ = found
    text = problems_concise(problems)

    assert_harmless(text)
    lines = text.split("\n")
    assert lines.pop() == ""
    assert len(lines) == len(problems)
    for line, problem in zip(lines, problems, strict=True):
        assert line.startswith("rota")
        place = f"{problem.origin.line}:{problem.origin.column}: {problem.severity} {problem.code} "
        assert place in line


@given(found=some_problems())
def test_json_gives_back_what_was_found(found: tuple[list[Problem], dict[str, str]]) -> None:
    problems, _ = found
    text = problems_json(problems, files=1)
    told = json.loads(text)["diagnostics"]

    assert_harmless(text)
    assert [(d["message"], d["help"], d["file"], d["code"]) for d in told] == [
        (p.message, p.help, p.origin.file, p.code) for p in problems
    ]


@given(found=some_problems())
def test_github_sees_one_command_a_problem(found: tuple[list[Problem], dict[str, str]]) -> None:
    problems, _ = found
    text = problems_github(problems)

    assert_harmless(text)
    lines = text.split("\n")
    assert lines.pop() == ""
    commands = [as_a_runner_reads(line) for line in lines]
    assert sorted((kind, properties["title"]) for kind, properties, _ in commands) == sorted(
        (problem.severity, problem.code) for problem in problems
    )
    for _, properties, _ in commands:
        assert set(properties) == {"file", "line", "endLine", "col", "endColumn", "title"}
        assert properties["file"].startswith("rota")
        assert properties["line"].isdecimal()


def as_a_runner_reads(line: str) -> tuple[str, dict[str, str], str]:
    """A workflow command as the runner takes it apart."""
    found = re.fullmatch(r"::(\w+) ([^:]*)::(.*)", line)
    assert found, line
    properties = dict(pair.split("=", 1) for pair in found[2].split(","))
    return found[1], {name: unescaped(value) for name, value in properties.items()}, unescaped(found[3])


def unescaped(text: str) -> str:
    for code, character in (("%0D", "\r"), ("%0A", "\n"), ("%3A", ":"), ("%2C", ","), ("%25", "%")):
        text = text.replace(code, character)
    return text


@given(found=some_problems())
def test_sarif_has_a_result_a_problem_and_no_links(found: tuple[list[Problem], dict[str, str]]) -> None:
    problems, texts = found
    text = problems_sarif(problems, texts=texts)
    results = read(text)["results"]

    assert_harmless(text)
    assert [result["ruleId"] for result in results] == [problem.code for problem in problems]
    for result in results:
        words = re.sub(r"\\[\\\[\]]|\{\{|\}\}", "", result["message"]["text"])
        assert not set("[]{}") & set(words)
        assert not re.match(r"\w+:|//", result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"])


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as name:
        yield Path(name)


@given(name=HOSTILE, where=st.sampled_from(["slug", "name", "email", "timezone", "member", "rrule", "key"]))
def test_a_hostile_value_in_a_file_stays_what_it_is_in_every_format(
    name: str, where: str, folder: Path
) -> None:
    value = json.dumps(name, ensure_ascii=True)
    parts = {
        "slug": "a",
        "name": "A",
        "email": "a@example.com",
        "timezone": "UTC",
        "member": "a",
        "rrule": "",
        "key": "x",
    }
    parts = {key: value if key == where else text for key, text in parts.items()}
    rotation = (
        "{type: custom, rrule: %(rrule)s, users: [%(member)s]}"
        if where == "rrule"
        else "{type: daily, users: [%(member)s]}"
    )
    text = (
        "users: {%(slug)s: {name: %(name)s, email: %(email)s, external: {%(key)s: y}}}\n"
        "teams: {t: {schedules: {s: {timezone: %(timezone)s, start_date: 2026-01-05, "
        f"rotation: {rotation}}}}}}}}}\n"
    ) % parts
    problems, loaded = answered(text.encode("utf-8", "replace"), folder)

    assert_harmless(unstyle(problems_text(problems, texts=loaded.texts)))
    assert_harmless(problems_json(problems, files=1))
    assert len(problems_concise(problems).split("\n")) == len(problems) + 1
    assert all(as_a_runner_reads(line) for line in problems_github(problems).splitlines() if " file=" in line)
    read(problems_sarif(problems, texts=loaded.texts))
