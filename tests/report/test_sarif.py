"""SARIF logs: valid by the official schema, of which we use the part that is written down here, and what they say.

`tests/data/sarif-schema-2.1.0.json` is the schema of SARIF 2.1.0 (rtm.5, of json.schemastore.org), as the npm package
@microsoft/jest-sarif 1.0.0-beta.0 ships it.
"""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import jsonschema
import pytest

from oncall_gitops.core.explanations import EXPLANATIONS
from oncall_gitops.core.problem import Origin, Problem
from oncall_gitops.report.sarif import problems_sarif
from tests.commands.shell import Shell
from tests.commands.test_validate import NOW, files
from tests.examples import found_in, set_up
from tests.source.reading import GOOD, judged, varied
from tests.source.reading import read as read_files
from tests.source.test_corpus import RECORDS

__all__ = ["files"]


def a_shape(required: str, **properties: Any) -> dict[str, Any]:
    """An object without other properties."""
    return {
        "type": "object",
        "properties": properties,
        "required": required.split(),
        "additionalProperties": False,
    }


DATA = Path(__file__).parents[1] / "data"
OFFICIAL = jsonschema.Draft4Validator(json.loads((DATA / "sarif-schema-2.1.0.json").read_text("utf-8")))
OFFICIAL.check_schema(OFFICIAL.schema)

TEXT = {"type": "string", "minLength": 1}
POSITIVE = {"type": "integer", "minimum": 1}
LEVEL = {"enum": ["warning", "error"]}
MESSAGE = a_shape("text", text=TEXT)
REGION = a_shape(
    "startLine startColumn", startLine=POSITIVE, startColumn=POSITIVE, endLine=POSITIVE, endColumn=POSITIVE
)
ARTIFACT = a_shape("uri", uri={"type": "string", "format": "uri-reference", "pattern": r"^[!-~]+$"})
PHYSICAL = a_shape("artifactLocation region", artifactLocation=ARTIFACT, region=REGION)
RELATED = a_shape(
    "physicalLocation", id={"type": "integer", "minimum": -1}, physicalLocation=PHYSICAL, message=MESSAGE
)
RESULT = a_shape(
    "message ruleId ruleIndex level locations partialFingerprints",
    ruleId=TEXT,
    ruleIndex={"type": "integer", "minimum": 0},
    level=LEVEL,
    message=MESSAGE,
    locations={
        "type": "array",
        "items": a_shape("physicalLocation", physicalLocation=PHYSICAL),
        "minItems": 1,
        "maxItems": 1,
    },
    relatedLocations={"type": "array", "items": RELATED, "uniqueItems": True, "minItems": 1},
    partialFingerprints={"type": "object", "additionalProperties": TEXT, "minProperties": 1},
)
RULE = a_shape(
    "id shortDescription fullDescription help defaultConfiguration",
    id=TEXT,
    shortDescription=MESSAGE,
    fullDescription=MESSAGE,
    help=MESSAGE,
    defaultConfiguration=a_shape("level", level=LEVEL),
)
DRIVER = a_shape(
    "name semanticVersion rules",
    name={"const": "oncall-gitops"},
    semanticVersion={"type": "string", "pattern": r"^\d+\.\d+\.\d+"},
    rules={"type": "array", "items": RULE, "uniqueItems": True},
)
RUN = a_shape(
    "tool results columnKind",
    tool=a_shape("driver", driver=DRIVER),
    columnKind={"enum": ["utf16CodeUnits", "unicodeCodePoints"]},
    results={"type": "array", "items": RESULT},
)
LOG = a_shape(
    "$schema version runs",
    **{"$schema": {"type": "string", "format": "uri"}},
    version={"const": "2.1.0"},
    runs={"type": "array", "items": RUN, "minItems": 1, "maxItems": 1},
)


def read(text: str) -> Any:
    """A log that has the standard's shape, and whose rule indices are true; its run."""
    log = json.loads(text)
    OFFICIAL.validate(log)
    jsonschema.Draft7Validator(LOG, format_checker=jsonschema.Draft7Validator.FORMAT_CHECKER).validate(log)
    [run] = log["runs"]
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    assert len(set(rules)) == len(rules)
    for result in run["results"]:
        assert rules[result["ruleIndex"]] == result["ruleId"]
    prints = [result["partialFingerprints"]["primaryLocationLineHash"] for result in run["results"]]
    assert len(set(prints)) == len(prints)
    return run


def test_no_problem_is_an_empty_run(files: Shell) -> None:
    files.write(GOOD)

    assert read(files.ok("validate", "--format", "sarif", *NOW).out)["results"] == []


def test_a_problem_has_its_rule_place_and_words(files: Shell) -> None:
    files.write(varied("timezone: Europe/Berlin\n", "timezone: Europe/Berln\n"))
    done = files("validate", "--format", "sarif", *NOW)
    [result] = read(done.out)["results"]

    assert done.code == 1
    assert (result["ruleId"], result["level"]) == ("OG401", "error")
    assert result["message"] == {"text": 'unknown time zone "Europe/Berln" (did you mean "Europe/Berlin"?)'}
    assert result["locations"][0]["physicalLocation"] == {
        "artifactLocation": {"uri": "schedules/rota.yaml"},
        "region": {"startLine": 11, "startColumn": 19, "endLine": 11, "endColumn": 31},
    }


def test_the_other_place_is_a_related_location(files: Shell) -> None:
    files.write(varied("carol@example.com", "Alice@Example.com"))
    [result] = read(files("validate", "--format", "sarif", *NOW).out)["results"]
    [other] = result["relatedLocations"]

    assert other["physicalLocation"]["region"]["startLine"] == 2
    assert other["message"] == {"text": "first used here"}


@pytest.mark.parametrize("code", EXPLANATIONS)
def test_every_code_makes_a_valid_log(code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    tmp_path.chmod(0o755)
    set_up(EXPLANATIONS[code], EXPLANATIONS[code].bad_text, tmp_path)
    problems, loaded = found_in(Path("schedules"))
    run = read(problems_sarif(problems, texts=loaded.texts))

    assert [result["ruleId"] for result in run["results"]] == [problem.code for problem in problems]


def test_whatever_broke_other_systems_makes_a_valid_log(tmp_path: Path) -> None:
    texts: dict[str, str] = {}
    problems: list[Problem] = []
    for record in RECORDS[::3]:
        if "input" in record and (name := record["id"]):
            loaded = read_files(tmp_path / name, {f"{name}.yaml": record["input"]})
            texts |= loaded.texts
            problems += judged(loaded)
    assert len(problems) > 60
    run = read(problems_sarif(problems, texts=texts))

    assert len(run["results"]) == len(problems)


@pytest.mark.parametrize(
    "name",
    [
        "a\nb",
        "\x1b[31m",
        "\u202e",
        "..",
        "a/../b",
        "\udcff",
        "{0}",
        "%41",
        "\u00e9 \U0001f642",
        "<b>",
        "C:\\x",
        " ",
        "?#",
    ],
)
def test_a_hostile_name_makes_a_valid_log(name: str) -> None:
    origin = Origin(f"schedules/{name}.yaml")
    problem = Problem(origin, "OG105", name, name, related=((origin, name or "x"),))

    assert read(problems_sarif([problem], texts={origin.file: name}))["results"]


def test_a_fingerprint_stays_when_lines_are_put_above() -> None:
    def prints(text: str, line: int) -> str:
        found = Problem(Origin("a.yaml", line, 3, line, 4), "OG201", "unknown key", "")
        result = read(problems_sarif([found], texts={"a.yaml": text}))["results"][0]
        return str(result["partialFingerprints"]["primaryLocationLineHash"])

    assert prints("a: 1\n", 1) == prints("# more\n\n  a: 1\n", 3)
    assert prints("a: 1\n", 1) != prints("b: 1\n", 1)


@pytest.mark.parametrize(
    ("file", "uri"),
    [
        ("schedules/a b#c?.yaml", "schedules/a%20b%23c%3F.yaml"),
        ("\u00e9.yaml", "%C3%A9.yaml"),
        ("a:b.yaml", "a%3Ab.yaml"),
    ],
)
def test_a_path_is_a_relative_uri(file: str, uri: str) -> None:
    run = read(problems_sarif([Problem(Origin(file), "OG109", "empty")], texts={}))
    [result] = run["results"]
    written = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]

    assert written == uri
    assert unquote(written) == file


def test_words_of_the_files_are_no_links_or_placeholders() -> None:
    run = read(problems_sarif([Problem(Origin("a.yaml"), "OG209", "[x](http://y) {0} \\ \u202e")], texts={}))

    assert run["results"][0]["message"]["text"] == r"\[x\](http://y) {{0}} \\ \\u{{202e}}"


@pytest.mark.parametrize("between", ["\n", " "], ids=["on lines of their own", "on one line"])
def test_very_many_problems_take_no_longer_each(between: str) -> None:
    text = between.join(["users: x"] * 20_000)
    rows = range(1, 20_001)
    places = [(row, 1) for row in rows] if between == "\n" else [(1, row * 9) for row in rows]
    found = [
        Problem(Origin("a.yaml", line, column, line, column + 5), "OG201", "x") for line, column in places
    ]
    started = time.process_time()
    log = json.loads(problems_sarif(found, texts={"a.yaml": text}))

    assert len(log["runs"][0]["results"]) == 20_000
    assert time.process_time() - started < 3
