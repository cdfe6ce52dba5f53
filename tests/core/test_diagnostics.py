"""Every code is explained, and every explanation's examples are true."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from oncall_gitops.core.diagnostics import TITLES, is_warning
from oncall_gitops.core.explanations import EXPLANATIONS
from oncall_gitops.core.problem import Problem
from tests.examples import found_in, set_up

PACKAGE = Path(__file__).parents[2] / "oncall_gitops"


def test_every_code_is_explained_and_nothing_else_is() -> None:
    assert list(EXPLANATIONS) == list(TITLES)


def test_every_code_that_the_program_raises_has_a_title() -> None:
    text = "".join(path.read_text() for path in PACKAGE.rglob("*.py") if "explanations" not in path.parts)

    assert {code for code in re.findall(r'"(OG\d{3})"', text) if not code.endswith("00")} == TITLES.keys()


@pytest.mark.parametrize("code", EXPLANATIONS)
def test_the_bad_example_raises_its_code_at_the_marked_place(
    code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    explanation = EXPLANATIONS[code]
    problems = _found(code, explanation.bad_text, tmp_path, monkeypatch)
    named = [problem for problem in problems if problem.code == code]

    assert {problem.severity for problem in named} == {"warning" if is_warning(code) else "error"}
    if not explanation.is_shell:
        line, column = explanation.place
        [origin] = [
            p.origin
            for p in named
            if (p.origin.line, p.origin.column) == (line, column) and "rota" in p.origin.file
        ]
        assert len(explanation.marked) in (0, origin.end_column - column)


@pytest.mark.parametrize("code", EXPLANATIONS)
def test_the_bad_example_has_no_other_fault(
    code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    problems = _found(code, EXPLANATIONS[code].bad_text, tmp_path, monkeypatch)

    assert {problem.code for problem in problems} - UNSCHEDULED - ALSO.get(code, set()) == {
        code
    } - UNSCHEDULED


@pytest.mark.parametrize("code", EXPLANATIONS)
def test_the_good_example_raises_nothing(code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    problems = _found(code, EXPLANATIONS[code].good, tmp_path, monkeypatch)

    assert [p for p in problems if p.code not in UNSCHEDULED or "rota" in p.origin.file] == []


UNSCHEDULED = {"OG915"}
"""The people of the examples are in most of them without a turn."""

ALSO: dict[str, set[str]] = {"OG121": {"OG201"}, "OG409": {"OG905"}}
"""What a bad example cannot be without."""


def test_the_titles_say_something_else_each() -> None:
    assert len(set(TITLES.values())) == len(TITLES)


def _found(code: str, text: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> list[Problem]:
    monkeypatch.chdir(folder)
    folder.chmod(0o755)
    set_up(EXPLANATIONS[code], text, folder)
    problems, _ = found_in(Path("schedules"))
    return problems
