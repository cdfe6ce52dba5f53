"""Text, Markdown, JSON and GitHub's output of one plan: golden, agreeing, harmless, and within their budgets."""

from __future__ import annotations

import json
import re
from functools import cache
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from oncall_gitops.commands.plans import FORMATS, render
from oncall_gitops.core.proposal import Proposal
from oncall_gitops.report import plan_markdown as markdown
from oncall_gitops.report.markdown import brief, code, escaped, named
from oncall_gitops.report.plan_github import SUMMARY_BUDGET, step_outputs, summary
from oncall_gitops.report.plan_json import plan_document
from oncall_gitops.report.plan_markdown import BUDGET, MARKER, NO_CHANGES, plan_markdown
from tests.golden import assert_golden
from tests.report.proposals import HOSTILE, hostile, of_everything, of_many, of_nothing

OUR_HTML = re.compile(r"<!-- oncall-gitops:plan -->|</?details>|<summary>[\w ()]+</summary>|\n")
EXTENSIONS = {"text": "txt", "markdown": "md", "json": "json", "github": "github.txt"}


@cache
def document(make: Any, *arguments: Any) -> dict[str, Any]:
    return plan_document(make(*arguments))


@cache
def large() -> dict[str, Any]:
    """2,000 schedules, all of which change hands now and every week: a small plan, many times."""
    few = plan_document(of_many(20))
    parts = [json.loads(json.dumps(few).replace("schedule-00", f"schedule-{n:02}")) for n in range(100)]
    impact = {
        key: [item for part in parts for item in part["impact"][key]]
        for key in few["impact"]
        if key != "gaps"
    }
    return {
        **few,
        "zones": {name: zone for part in parts for name, zone in part["zones"].items()},
        "changes": [change for part in parts for change in part["changes"]],
        "advice": [advice for part in parts for advice in part["advice"]],
        "impact": {**few["impact"], **impact},
    }


def tokens(text: str) -> list[Token]:
    """What a reader of GitHub's Markdown makes of it, addresses that become links included."""
    found = []
    for token in MarkdownIt("gfm-like", {"linkify": False}).parse(text):
        found += [token, *(token.children or [])]
    return found


# One plan, four forms -----------------------------------------------------------------------------------


@pytest.mark.parametrize("format", FORMATS)
def test_a_plan_of_everything_reads_as_it_was_found_good(format: str) -> None:
    import click

    text = click.unstyle(render(document(of_everything), format=format))

    assert_golden(text, f"plan.{EXTENSIONS[format]}")


@pytest.mark.parametrize("make", [of_everything, hostile, of_nothing])
def test_every_form_counts_the_same_changes(make: Any) -> None:
    proposal: Proposal = make()
    found = plan_document(proposal)
    told = [f"{found['summary'][a]} to {a}" for a in markdown._ACTIONS if found["summary"][a]]

    for text in (render(found, format=f) for f in ("text", "markdown", "github")):
        assert all(part in text for part in told)
        assert bool(told) == (" to create" in text or " to update" in text)
    assert f"changed={str(proposal.is_pending).lower()}\n" in step_outputs(found)
    assert f"blocked={str(proposal.is_blocked).lower()}\n" in step_outputs(found)
    assert found["applyable"] is not proposal.is_blocked
    assert (found["safety"]["verdict"] == "blocked") is proposal.is_blocked


@pytest.mark.parametrize("make", [of_everything, hostile])
def test_every_form_tells_the_same_spans(make: Any) -> None:
    found = document(make)
    told = render(found, format="markdown"), render(found, format="text")

    for text in told:
        for span in found["impact"]["shifts"]:
            assert span["schedule"] in text
            assert re.search(rf"\b{span['after'] or 'nobody'}\b", text)


def test_a_blocked_plan_says_so_first_with_the_flag_that_accepts_it() -> None:
    found = document(of_everything)
    text = plan_markdown(found)

    assert found["safety"]["verdict"] == "blocked"
    assert text.index("[!CAUTION]") < text.index("`--allow new-gap`") < text.index("#### Who gains")
    assert "::error::new-gap: " in render(found, format="github")


def test_a_plan_of_nothing_is_one_line() -> None:
    found = document(of_nothing)

    assert NO_CHANGES in plan_markdown(found)
    assert plan_markdown(found).startswith(f"{MARKER}\n")
    assert "No changes. The database matches the files." in render(found, format="text").splitlines()


def test_a_document_with_no_more_than_the_published_keys_can_be_shown() -> None:
    """What other programs write, or a later minor version leaves out."""
    found = json.loads(json.dumps(document(of_everything)))
    del found["zones"], found["scope"], found["impact"]["newly_shared"]
    for now in found["impact"]["on_call_now"]:
        del now["next_before"], now["next_after"]
    for person in found["impact"]["hours"]:
        del person["nights"], person["weekends"]

    assert all(render(found, format=name) for name in FORMATS)


# Hostile text -------------------------------------------------------------------------------------------


def test_no_at_sign_is_ever_written() -> None:
    assert "@" not in plan_markdown(document(hostile), subject=HOSTILE)
    assert "@" not in summary(document(hostile), subject=HOSTILE)


def test_hostile_text_is_text_and_nothing_else() -> None:
    found = tokens(plan_markdown(document(hostile), subject=HOSTILE))

    assert {token.type for token in found} & {"link_open", "image", "s_open"} == set()
    html = [token.content for token in found if token.type in ("html_block", "html_inline")]
    assert [OUR_HTML.sub("", part) for part in html] == [""] * len(html)
    headings = [token for token in found if token.type == "heading_open"]
    assert {token.tag for token in headings} <= {"h3", "h4"}


def test_the_comments_marker_is_there_once_whatever_the_text() -> None:
    assert plan_markdown(document(hostile), subject=HOSTILE).count(MARKER) == 1


def test_hostile_text_is_shown_in_full_once_it_is_rendered() -> None:
    texts = [token.content for token in tokens(f"x {escaped(HOSTILE)}") if token.type.startswith("text")]
    shown = "".join(texts).replace("\u200b", "")

    assert "@payments-team <img src=x onerror=alert(1)> | cell ](javascript:alert(1)) `code`" in shown
    assert "\\u{1b}[31mred" in shown
    assert "\\u{202e}gnp.exe" in shown
    assert "#123 gh-7 www.evil.example https://evil.example" in shown


@pytest.mark.parametrize("format", FORMATS)
def test_no_form_holds_a_control_or_bidirectional_character(format: str) -> None:
    text = render(document(hostile), format=format)
    if format == "text":
        text = re.sub(r"\x1b\[[0-9;]*m", "", text)  # our own colours
    kept = "\u202e\u2066" if format == "json" else ""  # JSON keeps what is no control character: it is data

    assert [char for char in text if ord(char) < 32 and char != "\n"] == []
    assert [char for char in text if char in "\u202e\u2066\u200f\u2028" and char not in kept] == []


def test_no_line_of_a_workflows_log_begins_with_a_command_that_is_not_ours() -> None:
    found = document(hostile)
    ours = re.compile(r"::(error|warning|notice)( file=[^:]*,line=\d+)?::")

    for line in render(found, format="github").splitlines():
        assert ours.match(line)
    for name in ("text", "markdown", "json"):
        assert not re.search(r"^\s*::", render(found, format=name), re.MULTILINE)


def test_outputs_of_a_step_hold_only_our_own_words() -> None:
    for line in step_outputs(document(hostile)).splitlines():
        assert re.fullmatch(r"[a-z-]+=[a-z0-9:]+", line)


@given(
    st.text(alphabet=st.sampled_from("@#abgh-/.:w7 |`<>[]()*_~$\\&;!{}\n\r\t\x1b\u202e\u2028é"), max_size=40)
)
def test_escaped_text_begins_nothing_and_ends_nothing(text: str) -> None:
    cell = escaped(text)

    assert "@" not in cell
    assert "\n" not in cell
    assert re.search(r"(?<!\\)(\\\\)*\|", cell) is None
    types = {token.type for token in tokens(f"| a | b |\n| --- | --- |\n| x {cell} | y |")}
    assert types <= {
        f"{name}_{end}" for name in ("table", "thead", "tbody", "tr", "th", "td") for end in ("open", "close")
    } | {
        "inline",
        "text",
        "text_special",
    }


@given(st.text(max_size=60))
def test_names_and_code_are_as_harmless_as_text(text: str) -> None:
    for written in (named(text), code(text), brief(text, 20)):
        assert "@" not in written
        assert "\n" not in written
        assert code(text).count("`") in (0, 2) or "\\`" in code(text)


@pytest.mark.parametrize("slug", ["alice", "payments/follow-the-sun", "a.b_c", "7eleven"])
def test_a_slug_stays_as_it_is(slug: str) -> None:
    assert named(slug) == slug


@pytest.mark.parametrize("slug", ["gh-12", "www.example.com", "deadbeef", "a_-_b", "x@y"])
def test_a_slug_that_github_would_link_is_broken_up(slug: str) -> None:
    assert named(slug) != slug


# Budgets ------------------------------------------------------------------------------------------------


def test_2000_schedules_with_changes_fit_into_a_comment() -> None:
    text = plan_markdown(large())

    assert len(large()["impact"]["on_call_now"]) == 2000
    assert len(text) <= BUDGET == 60_000
    assert len(text) > BUDGET // 3  # what there is room for is told
    assert "Left out for length" in text
    assert large()["plan_id"] in text


def test_what_is_cut_goes_in_the_stated_order() -> None:
    found = document(of_everything)
    parts = {
        "picture": "```mermaid",
        "fields": "  - rotation.users: ",
        "objects": "<summary>Object changes",
        "hours": "<summary>Hours of",
        "advice": "> [!TIP]",
    }
    seen = []
    for budget in range(len(plan_markdown(found)), 1000, -50):
        text = plan_markdown(found, budget=budget)
        assert len(text) <= budget
        seen.append([name for name, mark in parts.items() if mark not in text])

    assert seen[0] == []
    assert seen == sorted(seen, key=len)
    for missing in seen[:-1]:
        assert missing == list(parts)[: len(missing)]


@pytest.mark.parametrize("budget", [300, 1000, 3000, 10_000, 30_000])
@pytest.mark.parametrize("make", [of_everything, hostile, large])
def test_any_budget_is_kept(make: Any, budget: int) -> None:
    found = make() if make is large else document(make)

    assert len(plan_markdown(found, subject=HOSTILE, budget=budget)) <= budget


def test_a_summary_is_less_than_900_kib_in_bytes() -> None:
    found = json.loads(json.dumps(large()))
    for change in found["changes"]:
        change["fields"] = [{"path": "name", "before": "\N{FIRE}" * 200, "after": "\N{PILE OF POO}" * 200}]

    size = len(summary(found).encode())

    assert 50_000 < size <= SUMMARY_BUDGET == 900 * 1024


# The picture --------------------------------------------------------------------------------------------

CHART = re.compile(
    r"""%%\{init: \{"gantt": \{"displayMode": "compact", "leftPadding": \d+\}\}\}%%
gantt
  dateFormat YYYY-MM-DDTHH:mm
  axisFormat (%a )?%(d %b|H:%M)
  tickInterval (1week|1day|6hour)
  weekday monday
  todayMarker off
(  section [a-z0-9][a-z0-9._/-]* (before|after)
(    · ([a-z0-9][a-z0-9._-]*|\?) :(done|active|crit), \d{4}-\d\d-\d\dT\d\d:\d\d, \d{4}-\d\d-\d\dT\d\d:\d\d\n)+)+"""
)


def chart(found: Any) -> str:
    return plan_markdown(found, budget=10**9).split("```mermaid\n")[1].split("```")[0]


@pytest.mark.parametrize("make", [of_everything, hostile, lambda: of_many(60)])
def test_the_picture_is_of_a_form_that_mermaid_was_seen_to_draw(make: Any) -> None:
    assert CHART.fullmatch(chart(plan_document(make())))


def test_a_picture_stays_small_enough_to_be_read() -> None:
    text = chart(document(of_many, 60))

    assert text.count("section ") == 8
    assert text.count("·") <= 8 * 80


def test_neighbours_of_one_holder_are_one_bar_and_a_gap_is_an_alarm() -> None:
    found = json.loads(json.dumps(document(of_everything)))
    span = {"schedule": "payments/primary", "before": "alice", "after": None, "cause": "files"}
    found["impact"]["shifts"] = [
        {**span, "start": "2026-11-23T00:00:00Z", "end": "2026-11-24T00:00:00Z"},
        {**span, "start": "2026-11-24T00:00:00Z", "end": "2026-11-25T00:00:00Z", "before": "bob"},
    ]

    assert re.findall(r"· (\S+) :(\S+), (\S+), (\S+)", chart(found)) == [
        ("alice", "done", "2026-11-22T19:00", "2026-11-23T19:00"),
        ("bob", "done", "2026-11-23T19:00", "2026-11-24T19:00"),
        ("nobody", "crit", "2026-11-22T19:00", "2026-11-24T19:00"),
    ]


def test_what_is_no_slug_does_not_get_into_the_picture() -> None:
    found = json.loads(json.dumps(document(of_everything)))
    for span in found["impact"]["shifts"]:
        span["after"] = "x\n  click x href 'javascript:alert(1)'"
    found["impact"]["shifts"][0]["schedule"] = "a\nsection b"

    assert CHART.fullmatch(chart(found))
