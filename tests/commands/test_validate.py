"""`validate` and `schema` as somebody runs them: what they print, and how they end. No database is near."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from oncall_gitops.source import schema as models
from oncall_gitops.source.json_schema import json_schema
from oncall_gitops.source.read import Loaded, load
from tests.commands.shell import Shell
from tests.source.reading import GOOD, varied
from tests.source.test_mistakes import ROTATION

NOW = ("--as-of", "2026-11-22T20:00Z")
ROOT = Path(__file__).parents[2]
VALIDATOR = jsonschema.Draft7Validator(json_schema())


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shell:
    """Commands in an empty folder, without a database."""
    return Shell(tmp_path, monkeypatch)


def test_good_files_end_with_0_and_say_how_many_there_are(files: Shell) -> None:
    files.write(GOOD)

    assert files.ok("validate", *NOW).out == "no problems in 1 file\n"


def test_the_path_may_be_another_folder_or_one_file(files: Shell) -> None:
    (files.folder / "rota.yaml").write_text(GOOD)

    assert files.ok("validate", ".", *NOW).out == files.ok("validate", "rota.yaml", *NOW).out


def test_a_mistake_is_shown_in_its_line_with_a_caret_and_ends_with_1(files: Shell) -> None:
    files.write(varied("timezone: Europe/Berlin\n", "timezone: Europe/Berln\n"))
    done = files("validate", *NOW)

    assert done.code == 1
    assert done.out == (
        'error[OG401]: unknown time zone "Europe/Berln"\n'
        "  --> schedules/rota.yaml:11:19\n"
        "   |\n"
        "11 |         timezone: Europe/Berln\n"
        "   |                   ^^^^^^^^^^^^\n"
        "   |\n"
        '   = help: did you mean "Europe/Berlin"?\n'
        "\n"
        "1 error in 1 file\n"
    )


def test_two_places_that_clash_are_both_shown(files: Shell) -> None:
    files.write(varied("carol@example.com", "Alice@Example.com"))
    out = files("validate", *NOW).out

    assert " --> schedules/rota.yaml:4:36\n" in out
    assert " ... schedules/rota.yaml:2:34\n" in out
    assert "----------------- first used here\n" in out


def test_a_warning_ends_with_1_only_if_that_is_asked_for(files: Shell) -> None:
    files.write(varied('to: "17:00"', "to: 17:00"))

    assert files("validate", *NOW).code == 0
    assert files("validate", "--strict", *NOW).code == 1
    assert files("validate", *NOW).out.endswith("1 warning in 1 file\n")


def test_concise_is_a_line_a_problem(files: Shell) -> None:
    files.write(varied("timezone: Europe/Berlin\n", "timezone: Europe/Berln\n"))

    assert files("validate", "--format", "concise", *NOW).out == (
        'schedules/rota.yaml:11:19: error OG401 unknown time zone "Europe/Berln" (did you mean "Europe/Berlin"?)\n'
    )


def test_json_has_the_shape_that_programs_read(files: Shell) -> None:
    files.write(varied('to: "17:00"', "to: 17:00", varied("- alice\n", "- alicia\n")))
    done = files("validate", "--format", "json", *NOW)

    assert done.code == 1
    assert done.json == {
        "ok": False,
        "files": 1,
        "errors": 1,
        "warnings": 1,
        "diagnostics": [
            {
                "code": "OG304",
                "severity": "error",
                "message": 'unknown user "alicia"',
                "help": 'did you mean "alice"?',
                "file": "schedules/rota.yaml",
                "line": 17,
                "column": 15,
                "end_line": 17,
                "end_column": 21,
            },
            {
                "code": "OG901",
                "severity": "warning",
                "message": "unquoted time 17:00: YAML 1.1 readers see the number 1020",
                "help": 'write "17:00"',
                "file": "schedules/rota.yaml",
                "line": 24,
                "column": 55,
                "end_line": 24,
                "end_column": 60,
            },
        ],
    }


def test_github_gets_nine_annotations_of_a_kind_and_how_many_more_there_are(files: Shell) -> None:
    files.write("users:\n" + "".join(f"  u{i}: {{name: U}}\n" for i in range(12)))
    lines = files("validate", "--format", "github", *NOW).out.splitlines()

    assert len(lines) == 10
    assert lines[0] == (
        "::error file=schedules/rota.yaml,line=2,endLine=2,col=3,endColumn=4,title=OG202"
        '::required key "email" is missing (add for example `email: alice@example.com`)'
    )
    assert lines[9] == "::error::3 more errors: run oncall-gitops validate"


def test_what_stands_in_a_file_is_no_command_for_github_or_a_terminal(files: Shell) -> None:
    files.write(r'users: {a: {name: "x\n::error::y", email: "%0A::warning::z"}}', name="a,b:c.yaml")
    github = files("validate", "--format", "github", *NOW).out
    text = files("validate", *NOW).out

    assert "file=schedules/a%2Cb%3Ac.yaml," in github
    assert all(line.startswith("::error file=") for line in github.splitlines())
    assert "%250A" in github
    assert all(character.isprintable() or character == "\n" for character in text)


def test_colour_only_where_it_is_asked_for(files: Shell) -> None:
    files.write(varied("- alice\n", "- alicia\n"))

    assert "\x1b[" not in files("validate", *NOW).out
    assert "\x1b[" in files("--color", "always", "validate", *NOW).out


def test_wide_characters_and_tabs_do_not_move_the_caret(files: Shell) -> None:
    files.write("users:\n  a: {name: '\u6f22\u5b57\tx', e: 1}  \n")
    lines = files("validate", *NOW).out.splitlines()
    caret = [line for line in lines if line.endswith("^")][-1]
    source = next(line for line in lines if line.startswith("2 |"))

    assert source.index("e: 1") + 2 == caret.index("^")


def test_a_folder_without_files_is_an_error_here(files: Shell) -> None:
    done = files("validate", "--format", "json", *NOW)

    assert done.code == 1
    assert [d["code"] for d in done.json["diagnostics"]] == ["OG106"]
    assert files("validate", "nowhere", *NOW).code == 1


@pytest.mark.parametrize("name", ["b.YML", "B.YAML"])
def test_a_folder_of_files_that_are_not_read_is_an_error_too(name: str, files: Shell) -> None:
    files.write(GOOD, name=name)
    done = files("validate", "--format", "json", *NOW)

    assert done.code == 1
    assert {d["code"] for d in done.json["diagnostics"]} == {"OG106", "OG920"}


def test_wrong_usage_is_64(files: Shell) -> None:
    files.write(GOOD)

    assert files("validate", "--format", "xml").code == 64
    assert files("validate", "--as-of", "yesterday").code == 64
    assert files("validate", "a", "b").code == 64


def test_the_clock_decides_what_is_past_and_the_horizon_how_far_coverage_is_judged(files: Shell) -> None:
    text = varied("start_date: 2026-01-05\n", "start_date: 2026-01-05\n        coverage: always\n")
    text = varied("- alice\n", "- {user: alice, until: 2027-01-18}\n", text)
    files.write(varied("from: 2026-03-02}", "from: 2026-03-02, until: 2027-01-18}", text))

    assert files("validate", *NOW, "--horizon", "30d").code == 0
    assert files("validate", *NOW).code == 1
    assert "OG910" in files("validate", "--as-of", "2027-01-01").out


def test_real_rotas_have_no_error(files: Shell) -> None:
    shutil.copytree(ROOT / "tests" / "data" / "real-inputs", files.folder / "real")

    assert files.ok("validate", "real", *NOW).out.endswith("warnings in 23 files\n")


def test_the_schema_is_printed_or_written(files: Shell) -> None:
    printed = files.ok("schema").out
    assert files.ok("schema", "--out", "schedules/.schema.json").out == ""

    assert (files.schedules / ".schema.json").read_text() == printed
    assert json.loads(printed)["$schema"] == "http://json-schema.org/draft-07/schema#"


def test_the_schema_is_one_and_agrees_that_good_files_are_good() -> None:
    schema = json_schema()
    jsonschema.Draft7Validator.check_schema(schema)
    validator = jsonschema.Draft7Validator(schema)
    files = [*(ROOT / "tests/data/real-inputs").glob("*.yaml"), *(ROOT / "schedules").rglob("*.y*ml")]

    assert len(files) > 20
    for text in [GOOD, *(path.read_text() for path in files)]:
        validator.validate(as_an_editor_reads(text))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("name: Payments", "nmae: Payments"),
        ("name: Payments", 'name: ""'),
        ("name: Payments", f"name: {'x' * 256}"),
        ("name: Payments", "name:"),
        ("name: Payments", f"labels: {{a: {'x' * 10_001}}}"),
        ("priority: 10", 'priority: "10"'),
        ('to: "17:00"', 'to: "25:00"'),
        ('to: "17:00"', 'to: "SUN 17:00"'),
        ('from: "09:00", to: "17:00"', 'from: "FRI 09:00", to: "MON 17:00"'),
        ('{days: [SAT, SUN], from: "09:00", to: "17:00"}', '{from: "FRI  09:00", to: "MON 17:00"}'),
        ("[SAT, SUN]", "[sat]"),
        ("type: weekly", "type: monthly"),
        ("type: weekly", "type: weekly\n          interval_days: 3"),
        ("type: weekly", "type: weekly\n          interval: 500"),
        ("type: weekly", "type: daily\n          handoff_day: MON"),
        ("{type: custom, rrule: FREQ=WEEKLY;BYDAY=MO,", "{type: custom,"),
        ("{type: custom,", "{type: custom, interval_days: 3,"),
        ("{type: custom,", "{type: custom, interval: 3,"),
        ("FREQ=WEEKLY;BYDAY=MO", "BYDAY=MO"),
        ("FREQ=WEEKLY;BYDAY=MO", "FREQ=WEEKLY;COUNT=3"),
        ("FREQ=WEEKLY;BYDAY=MO", "weekly"),
        ("FREQ=WEEKLY;BYDAY=MO", '"FREQ=WEEKLY; BYDAY=MO"'),
        ("FREQ=WEEKLY;BYDAY=MO", f"FREQ=DAILY;BYMONTHDAY={'1,' * 250}2"),
        ("start_date: 2026-01-05", "start_date: 5 January"),
        ("start_date: 2026-01-05", "start_date: 2026-13-05"),
        ("start: 2026-12-24T09:00", "start: 2026-12-24T09:00+15:00"),
        ("start: 2026-12-24T09:00", "start: 2026-12-24T09:00z"),
        ("timezone: Europe/Berlin\n", "timezone: Europe/Berln\n"),
        ("timezone: Europe/Berlin\n", "timezone: EST\n"),
        ("timezone: Europe/Berlin\n", "timezone: Etc/GMT+5\n"),
        ("email: alice@example.com", "email: alice"),
        ("members: [alice, bob]", "members: [alice, nobody]"),
        ("members: [alice, bob]", "members: [-1]"),
        ("  carol: {", "  nobody: {"),
        ("replaces: alice", "replaces: nobody"),
        ("replaces: alice", "created_by: nobody"),
        ("start_date: 2026-01-05", "start_date: 2026-01-05\n        renamed_from: a/b/c"),
        ("        rotation:\n" + ROTATION, "        layers: {}\n        x: &x\n"),
    ],
)
def test_the_schema_refuses_what_an_editor_can_see(old: str, new: str, tmp_path: Path) -> None:
    text = varied(old, new)

    assert load_text(tmp_path, text).has_errors
    assert not VALIDATOR.is_valid(as_an_editor_reads(text))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("name: Payments", "name: 123"),
        ("name: Payments", "name: true\n    labels: {1: 2.5, true: no, a: 2026-01-05}"),
        ("start_date: 2026-01-05", "start_date: 2026-01-05\n        description: 42"),
        ("end: 2026-12-21", "end: 2026-12-21, reason: 2026"),
        ("timezone: Europe/Berlin\n", "timezone: US/Eastern\n"),
        ("timezone: Europe/Berlin\n", "timezone: UTC\n"),
        ("FREQ=WEEKLY;BYDAY=MO", '"rrule:freq=weekly;byday=mo"'),
        ("FREQ=WEEKLY;BYDAY=MO", "BYDAY=MO;FREQ=WEEKLY"),
        ("start: 2026-12-24T09:00", "start: 2026-12-24T09:00:30+14:00"),
        ("start_date: 2026-01-05", "start_date: 2026-01-05\n        renamed_from: 7"),
        ("start_date: 2026-01-05", "start_date: 2026-01-05\n        renamed_from: team/old"),
        ('to: "17:00"', 'to: "24:00"'),
        ('{days: [SAT, SUN], from: "09:00", to: "17:00"}', '{from: "FRI 09:00", to: "MON 24:00"}'),
        ("email: alice@example.com", "email: z\u00f6e@b\u00fccher.example"),
        ("users: [carol]", "users: [nobody, carol]"),
        ("members: [alice, bob]", "members: []"),
    ],
)
def test_the_schema_refuses_nothing_that_validate_accepts(old: str, new: str, tmp_path: Path) -> None:
    text = varied(old, new)

    assert not load_text(tmp_path, text).has_errors
    VALIDATOR.validate(as_an_editor_reads(text))


def test_slugs_may_look_like_something_else(tmp_path: Path) -> None:
    text = varied("members: [alice, bob]", "members: [12, true]")
    people = "".join(f"  {slug}: {{name: {slug}, email: {slug}@example.com}}\n" for slug in ("12", "true"))
    text = varied("teams:\n", f"{people}teams:\n", text)

    assert not load_text(tmp_path, text).has_errors
    VALIDATOR.validate(as_an_editor_reads(text))


def test_every_key_is_described_for_editors() -> None:
    for name, shape in definitions_with_keys():
        for key, below in shape["properties"].items():
            assert below.get("description"), f"{name}.{key}"


def definitions_with_keys() -> Iterator[tuple[str, Any]]:
    waiting: list[tuple[str, Any]] = [("", json_schema())]
    while waiting:
        name, shape = waiting.pop()
        if isinstance(shape, dict):
            if "additionalProperties" in shape and "properties" in shape:
                yield name, shape
            waiting += [(f"{name}/{key}", below) for key, below in shape.items()]
        elif isinstance(shape, list):
            waiting += [(name, below) for below in shape]


def load_text(folder: Path, text: str) -> Loaded:
    (folder / "a.yaml").write_text(text, encoding="utf-8")
    return load(folder)


def test_the_schema_and_the_models_have_the_same_keys() -> None:
    definitions: Any = json_schema()["definitions"]
    pairs: dict[str, type[models.Entry]] = {
        "user": models.UserEntry,
        "team": models.TeamEntry,
        "schedule": models.ScheduleEntry,
        "layer": models.LayerEntry,
        "override": models.OverrideEntry,
        "top_override": models.TopOverrideEntry,
        "window": models.WindowEntry,
    }
    for name, model in pairs.items():
        shape = definitions[name]
        fields = model.model_fields.items()
        assert set(shape["properties"]) == {field.alias or key for key, field in fields}
        required = {field.alias or key for key, field in fields if field.is_required()}
        assert set(shape.get("required", ())) == required
    shapes = [set(shape["properties"]) for shape in definitions["rotation"]["oneOf"]]
    assert shapes == [set(models.TurnsEntry.model_fields), set(models.FollowingEntry.model_fields)]


class Reader(yaml.SafeLoader):
    """YAML 1.2 as editors read it: dates and times are text."""


Reader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if not tag.endswith((":timestamp", ":float"))]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def as_an_editor_reads(text: str) -> object:
    return yaml.load(text, Loader=Reader)  # noqa: S506
