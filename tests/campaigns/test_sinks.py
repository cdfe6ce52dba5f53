"""Hostile strings in every place of a plan, of the answers and of the problems, in every form that there is.

Each form is taken apart by a real parser of it (JSON, CSV, Markdown, a terminal's, and the grammar of a GitHub
runner): what was put in comes out, as text and as nothing else.
"""

from __future__ import annotations

import csv
import io
import json
import re
import unicodedata
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import click
import pytest
from markdown_it import MarkdownIt
from markdown_it.token import Token

from oncall_gitops.commands.plans import render
from oncall_gitops.core.answers import Answer
from oncall_gitops.core.model.run import Run
from oncall_gitops.core.model.shift import Shift
from oncall_gitops.core.problem import Origin, Problem
from oncall_gitops.report.answers import shifts_csv, shifts_json, shifts_table, who_json, who_text
from oncall_gitops.report.plan_json import plan_document
from oncall_gitops.report.plan_text import stale_text
from oncall_gitops.report.problems import problems_concise, problems_github, problems_json, problems_text
from oncall_gitops.report.runs import runs_text
from oncall_gitops.report.sarif import problems_sarif
from oncall_gitops.report.terminal import shown
from tests.campaigns.hostile import commands, on_a_terminal, strings
from tests.report.proposals import of_everything

FREE = frozenset({
    "address", "previous_address", "schedule", "before", "after", "user", "file", "path", "message", "yaml",
    "rule", "limit", "actual", "allow", "code", "layer", "tzdata", "provider", "changes",
})  # fmt: skip
"""The keys of a plan whose texts are free: a saved plan may come from anybody."""

OUR_BLOCKS = frozenset({
    "html_block", "html_inline", "inline", "text", "text_special", "softbreak", "code_inline", "fence",
    *(f"{part}_{end}" for part in (
        "heading", "paragraph", "blockquote", "strong", "em", "bullet_list", "list_item",
        "table", "thead", "tbody", "tr", "th", "td",
    ) for end in ("open", "close")),
})  # fmt: skip
OUR_HTML = re.compile(r"<!-- oncall-gitops:plan -->|</?details>|<summary>[\w ()?,]+</summary>|\n")


@cache
def template() -> dict[str, Any]:
    document = plan_document(of_everything())
    document["impact"]["newly_shared"] = [
        {"user": "", "start": "2026-11-23T00:00:00Z", "end": "2026-11-24T00:00:00Z", "schedules": ["", ""]}
    ]
    document["calendars"] = [{"user": "", "provider": "", "changes": ""}]
    document["advice"].append({**document["advice"][0], "file": "x", "line": 3} if document["advice"] else {})
    return document


def hostile_plan(texts: Iterator[str]) -> dict[str, Any]:
    """The plan of everything, with the next string in each place where free text stands."""

    def filled(value: Any, key: str = "") -> Any:
        match value:
            case dict():
                return {name: filled(item, name) for name, item in value.items()}
            case list():
                return [filled(item, key) for item in value]
            case str() if key in FREE:
                kind = value.partition("/")[0]
                return f"{kind}/{next(texts)}" if key == "address" else next(texts)
            case _:
                return value

    document: dict[str, Any] = filled({**template(), "zones": {}})
    return document


def told(document: Any, *, but: frozenset[str] = frozenset()) -> Iterator[str]:
    """The texts of a document."""
    match document:
        case str():
            yield document
        case list():
            for item in document:
                yield from told(item, but=but)
        case dict():
            for key, item in document.items():
                if key not in but:
                    yield from told(item, but=but)
        case _:
            pass


def assert_unseen_is_escaped(text: str) -> None:
    """What a terminal may obey, or nobody can see, does not stand there by itself."""
    unseen = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
    blank = {char for char in text if unicodedata.category(char) in unseen or char in "\u2800\u3164\u115f"}
    assert blank <= {"\n"}


def numbers(text: str) -> set[str]:
    """Which of the strings are there."""
    return set(re.findall(r"<(\d+)>", text))


def in_json(document: dict[str, Any]) -> None:
    text = render(document, format="json")
    assert_unseen_is_escaped(text)
    assert json.loads(text) == document
    assert list(commands(text)) == []


def in_text(document: dict[str, Any]) -> None:
    """The lines that a terminal draws are ours; every text that is told stands in one of them."""
    styled = render(document, format="text", subject=document["tzdata"])
    drawn = on_a_terminal(styled)
    assert drawn == click.unstyle(styled)
    assert_unseen_is_escaped(drawn)
    assert list(commands(drawn)) == []
    for span in document["impact"]["shifts"][:3]:
        assert shown(span["after"] or "nobody") in drawn
    for change in document["changes"]:
        assert shown(change["address"]).rstrip() in drawn


def in_markdown(document: dict[str, Any]) -> None:
    """Rendered, it is our own form around plain text; nothing is a link, a picture, a mention or HTML."""
    text = render(document, format="markdown", subject=document["tzdata"])
    assert "@" not in text
    assert_unseen_is_escaped(text)
    assert list(commands(text)) == []
    found = tokens(text)
    assert {token.type for token in found} <= OUR_BLOCKS
    for token in found:
        if token.type.startswith("html"):
            assert OUR_HTML.sub("", token.content) == "", token.content
    visible = " ".join(
        token.content for token in found if token.type in ("text", "code_inline", "fence", "text_special")
    )
    missing = numbers("".join(told(document["advice"], but=frozenset({"code", "layer"})))) - numbers(visible)
    assert not missing
    assert sum("oncall-gitops:plan" in token.content for token in found if token.type.startswith("html")) == 1


def tokens(text: str) -> list[Token]:
    found = []
    for token in MarkdownIt("gfm-like", {"linkify": False}).parse(text):
        found += [token, *(token.children or [])]
    return found


def in_a_workflow(document: dict[str, Any]) -> None:
    """A runner finds one command a line, of our three kinds, with a file and a line at most."""
    text = render(document, format="github")
    assert_unseen_is_escaped(text)
    found = list(commands(text))
    assert len(found) == text.count("\n")
    assert {command.name for command in found} <= {"error", "warning", "notice"}
    assert all(set(command.properties) <= {"file", "line"} for command in found)
    files = [advice["file"] for advice in document["advice"] if advice["file"]]
    assert [c.properties["file"] for c in found if "file" in c.properties] == [shown(file) for file in files]
    doubts = [check for check in document["safety"]["checks"] if check["verdict"] != "ok"]
    wanted = "".join(check["actual"] + check["rule"] for check in doubts)
    assert numbers(wanted) <= numbers("".join(command.data for command in found))


def in_a_stale_plan(document: dict[str, Any]) -> None:
    text = stale_text(document, template())
    on_a_terminal(text)
    assert_unseen_is_escaped(text)
    assert list(commands(text)) == []


def answers(text: str) -> None:
    """Who is on call and the shifts, of a database in which another program wrote names."""
    shift = Shift(0, 3600, text, f"layer:{text}", 1)
    answer = Answer(text, 0, text, 0, 3600, f"layer:{text}", text, 3600)
    run = Run("0b5e", text, 0, 0, 0, text, commit=text, actor=text)
    for table in (
        shifts_table({text: [shift]}, zones={text: "UTC"}),
        who_text([answer], zones={text: "UTC"}),
        runs_text([run]),
    ):
        assert_unseen_is_escaped(on_a_terminal(table))
        assert shown(text).rstrip() in on_a_terminal(table)
        assert list(commands(click.unstyle(table))) == []
        assert len(click.unstyle(table).splitlines()) == 2
    assert json.loads(shifts_json({text: [shift]}))[0]["user"] == text
    assert json.loads(who_json([answer]))[0]["next_user"] == text
    assert_unseen_is_escaped(shifts_json({text: [shift]}) + who_json([answer]))


def in_csv(text: str) -> None:
    """One row, with our five cells; none of them is a formula."""
    shift = Shift(0, 3600, text, f"layer:{text}", 1)
    written = shifts_csv({text: [shift]})
    assert_unseen_is_escaped(written)
    assert list(commands(written)) == []
    [_, row] = csv.reader(io.StringIO(written, newline=""), strict=True)
    assert row[2:4] == ["1970-01-01T00:00:00Z", "1970-01-01T01:00:00Z"]
    assert [cell.removeprefix("'") for cell in (row[0], row[1], row[4])] == [
        shown(text).removeprefix("'"),
        shown(text).removeprefix("'"),
        shown(f"layer:{text}"),
    ]
    assert not any(cell.lstrip().startswith(("=", "+", "-", "@", "\t", "\r")) for cell in row)


def problems(text: str) -> None:
    """A mistake that quotes it, in a file that is called like it and says it, around the marked column."""
    file = f"{text}.yaml"
    place = Origin(file, 1, 1 + len(text) // 2, 1, 2 + len(text) // 2)
    found = [Problem(place, "OG201", text, text, "error", ((Origin(file), text),))]
    texts = {file: text.split("\n")[0]}
    for told in (
        problems_text(found, texts=texts),
        problems_concise(found),
        problems_sarif(found, texts=texts),
    ):
        plain = click.unstyle(told)
        on_a_terminal(told)
        assert_unseen_is_escaped(plain)
        assert list(commands(plain)) == []
    [command] = commands(problems_github(found))
    assert (command.name, command.properties["file"]) == ("error", shown(file))
    assert command.data == f"{shown(text)} ({shown(text)})"
    [diagnostic] = json.loads(problems_json(found, files=1))["diagnostics"]
    assert (diagnostic["message"], diagnostic["file"]) == (text, file)


SINKS: dict[str, Callable[[dict[str, Any]], None]] = {
    "json": in_json,
    "text": in_text,
    "markdown": in_markdown,
    "github": in_a_workflow,
    "stale": in_a_stale_plan,
}


def through(sink: Callable[[dict[str, Any]], None], *, count: int) -> int:
    """Put so many strings through a form; how many documents that took."""
    texts = strings(count + 1000, seed=20_261_122)
    used = 0

    def counted() -> Iterator[str]:
        nonlocal used
        for text in texts:
            used += 1
            yield text

    documents = 0
    supply = counted()
    while used < count:
        sink(hostile_plan(supply))
        documents += 1
    return documents


@pytest.mark.parametrize("name", SINKS)
def test_a_plan_of_hostile_texts_stays_text_in_every_form(name: str) -> None:
    through(SINKS[name], count=600)


@pytest.mark.slow
@pytest.mark.parametrize("name", SINKS)
def test_ten_thousand_hostile_texts_in_plans(name: str) -> None:
    print(f"{name}: {through(SINKS[name], count=10_000)} documents")


@pytest.mark.parametrize("sink", [answers, in_csv, problems])
def test_a_hostile_text_stays_text_in_answers_tables_and_problems(sink: Callable[[str], None]) -> None:
    for text in strings(300, seed=1):
        sink(text)


@pytest.mark.slow
@pytest.mark.parametrize("sink", [answers, in_csv, problems])
def test_ten_thousand_hostile_texts_in_answers_tables_and_problems(sink: Callable[[str], None]) -> None:
    for text in strings(10_000, seed=2):
        sink(text)
