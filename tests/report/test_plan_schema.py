"""Every plan has the published shape, what has another one is refused, and both validators say the same."""

from __future__ import annotations

import json
import random
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from jsonschema import Draft7Validator

from oncall_gitops.cli import run
from oncall_gitops.commands.plans import FORMATS, render
from oncall_gitops.commands.saved_plan import read_plan
from oncall_gitops.commands.show import command as show
from oncall_gitops.core.errors import OncallError
from oncall_gitops.report.json_shape import first_violation
from oncall_gitops.report.plan_json import plan_document
from oncall_gitops.report.plan_schema import PLAN_SCHEMA
from tests.golden import ROOT, assert_golden
from tests.report.proposals import hostile, of_everything, of_many, of_nothing

VALIDATOR = Draft7Validator(PLAN_SCHEMA)
JUNK: tuple[Any, ...] = (
    None,
    True,
    0,
    -1,
    1.5,
    1e300,
    "",
    "x",
    "1970-01-01T00:00:00Z",
    [],
    {},
    [None],
    {"a": 1},
)


def test_the_published_schema_is_the_one_in_use() -> None:
    assert_golden(json.dumps(PLAN_SCHEMA, indent=2) + "\n", "plan.schema.json", folder=ROOT / "docs")
    Draft7Validator.check_schema(PLAN_SCHEMA)


@pytest.mark.parametrize("make", [of_everything, hostile, of_nothing, lambda: of_many(30)])
def test_every_plan_has_the_published_shape(make: Any) -> None:
    document = json.loads(render(plan_document(make()), format="json"))

    assert list(VALIDATOR.iter_errors(document)) == []
    assert first_violation(document, PLAN_SCHEMA) is None


def test_the_plans_of_whole_commands_have_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    plan = tmp_path / "plan.json"
    (tmp_path / "empty").mkdir()
    outputs = ["--output-file", f"json={plan}", "--as-of", "2026-11-22T18:30Z"]

    for base in (str(tmp_path / "empty"), "schedules"):
        assert CliRunner().invoke(_diff(), ["schedules", "--base", base, *outputs]).exit_code == 0
        assert list(VALIDATOR.iter_errors(json.loads(plan.read_text()))) == []


def _diff() -> Any:
    from oncall_gitops.commands.diff import command

    return command


def test_two_validators_agree_on_a_thousand_mutations() -> None:
    chance = random.Random(7)
    whole = json.loads(json.dumps(plan_document(of_everything())))
    for name in ("changes", "advice"):
        whole[name] = whole[name][:2]
    verdicts = set()
    for _ in range(1000):
        document = deepcopy(whole)
        _mutate(document, chance)
        ours = first_violation(document, PLAN_SCHEMA) is None
        assert ours is VALIDATOR.is_valid(document), document
        verdicts.add(ours)
    assert verdicts == {True, False}


def test_a_mutated_plan_is_shown_or_refused_and_nothing_else(tmp_path: Path) -> None:
    chance = random.Random(11)
    whole = json.loads(json.dumps(plan_document(of_everything())))
    codes = set()
    for number in range(200):
        document = deepcopy(whole)
        _mutate(document, chance)
        (tmp_path / "plan.json").write_text(json.dumps(document))
        codes.add(run(["show", str(tmp_path / "plan.json"), "--format", FORMATS[number % 4]]))
    assert codes == {0, 1}


def _mutate(document: Any, chance: random.Random) -> None:
    """One place in it becomes something else, or goes."""
    places = []
    stack = [document]
    while stack:
        value = stack.pop()
        items = list(value.items() if isinstance(value, dict) else enumerate(value))
        places += [(value, key) for key, _ in items]
        stack += [item for _, item in items if isinstance(item, dict | list)]
    holder, key = chance.choice(places)
    if chance.random() < 0.2:
        del holder[key]
    else:
        other = [holder[key] for holder, key in chance.sample(places, 3)]
        holder[key] = deepcopy(chance.choice([*JUNK, *other]))


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("", "no JSON"),
        ("[1, 2]", "expected object"),
        ("[" * 100_000, "no JSON"),
        ('{"a":' * 200 + "1" + "}" * 200, "too deep"),
        ('{"format_version": "2.0"}', "reads 1.x"),
        ('{"format_version": "1.0"}', "is missing"),
        ('{"format_version": NaN}', "no JSON"),
        ("\udcff", "no JSON"),
    ],
)
def test_what_is_no_plan_is_refused_with_a_reason(tmp_path: Path, content: str, told: str) -> None:
    file = tmp_path / "plan.json"
    file.write_text(content, encoding="utf-8", errors="surrogateescape")

    with pytest.raises(OncallError, match=told):
        read_plan(file)


def test_a_plan_with_a_zone_or_a_day_that_there_is_not_is_refused(tmp_path: Path) -> None:
    whole = json.dumps(plan_document(of_everything()))
    for old, new in (("America/New_York", "../etc/passwd"), ("2026-11-22T18:30:00Z", "2026-02-30T00:00:00Z")):
        (tmp_path / "plan.json").write_text(whole.replace(old, new))

        assert run(["show", str(tmp_path / "plan.json"), "--format", "markdown"]) == 1


def test_a_line_break_after_an_instant_is_refused() -> None:
    """Python's `$`, and with it the library, would let it pass."""
    document = plan_document(of_everything())
    document["as_of"] += "\n"

    assert first_violation(document, PLAN_SCHEMA) is not None


def test_a_newer_minor_format_with_more_keys_is_read(tmp_path: Path) -> None:
    document = plan_document(of_everything())
    document |= {"format_version": "1.7", "signature": {"by": "somebody"}}
    (tmp_path / "plan.json").write_text(json.dumps(document))

    assert CliRunner().invoke(show, [str(tmp_path / "plan.json")]).exit_code == 0
