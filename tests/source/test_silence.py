"""Comments that silence warnings: only where YAML sees a comment, and never in vain."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from oncall_gitops.core.problem import Origin, Problem
from oncall_gitops.source.silence import audible
from tests.examples import found_in
from tests.source.reading import GOOD, places, read, varied

UNQUOTED = varied('to: "17:00"}', "to: 17:00}")


def problems(folder: Path, text: str) -> list[Problem]:
    (folder / "a.yaml").write_text(text, encoding="utf-8")
    return found_in(folder)[0]


def commented(comment: str, text: str = UNQUOTED) -> str:
    return text.replace("17:00}\n", f"17:00}} {comment}\n", 1)


@pytest.mark.parametrize(
    "comment",
    [
        "# oncall-gitops: ignore OG901",
        "#oncall-gitops:ignore OG901",
        "# read it aloud # oncall-gitops: ignore OG901",
        "# oncall-gitops: ignore OG901: it is read by us alone",
        "# oncall-gitops: ignore OG901 # oncall-gitops: ignore OG901",
        "# oncall-gitops: ignore OG901 # oncall-gitops: ignore OG906, OG922",
        "# oncall-gitops: ignore OG901 # oncall-gitops: these are ours",
    ],
)
def test_a_comment_silences_the_warnings_of_its_line(comment: str, tmp_path: Path) -> None:
    assert places(problems(tmp_path, UNQUOTED)) == ["24:55 OG901"]
    assert problems(tmp_path, commented(comment)) == []


def test_several_codes_in_one_comment_each_count(tmp_path: Path) -> None:
    text = commented("# oncall-gitops: ignore OG901 OG902, OG910")
    found = problems(tmp_path, text)

    assert places(found) == ["24:62 OG922", "24:62 OG922"]
    assert [p.message for p in found] == [
        "this line has no warning OG902, so the comment silences nothing",
        "this line has no warning OG910, so the comment silences nothing",
    ]
    assert found[0].help == "remove OG902 from it"


@pytest.mark.parametrize(
    ("comment", "message"),
    [
        ("# oncall-gitops: ignore OG902", "this line has no warning OG902, so the comment silences nothing"),
        ("# oncall-gitops: ignore OG401", "OG401 is an error: errors cannot be silenced"),
        ("# oncall-gitops: ignore OG999", "there is no warning OG999"),
        ("# oncall-gitops: ignore", "this comment names no code"),
        ("# oncall-gitops: ignore og902", "this comment names no code: codes are in capitals"),
        (
            "# oncall-gitops: ignor OG902",
            'a comment can tell oncall-gitops to `ignore` a code, but not to "ignor" it',
        ),
        (
            "# oncall-gitops: disable OG902",
            'a comment can tell oncall-gitops to `ignore` a code, but not to "disable" it',
        ),
        (
            "# oncall-gitops: Ignore",
            'a comment can tell oncall-gitops to `ignore` a code, but not to "Ignore" it',
        ),
    ],
)
def test_a_comment_that_silences_nothing_is_a_warning_at_its_place(
    comment: str, message: str, tmp_path: Path
) -> None:
    [found] = problems(tmp_path, commented(comment, GOOD.replace('"17:00"', "17:00")))[-1:]

    assert (found.code, found.severity, found.message) == ("OG922", "warning", message)
    assert found.origin.line == 24
    assert found.origin.column == 62
    assert found.origin.end_column == 62 + len(comment)


@pytest.mark.parametrize(
    "value",
    [
        '"# oncall-gitops: ignore OG901"',
        "'# oncall-gitops: ignore OG901'",
        "a#oncall-gitops: ignore OG901",
        "|\n          one\n          # oncall-gitops: ignore OG901\n",
        '"two\n          # oncall-gitops: ignore OG901\n          three"',
    ],
)
def test_words_inside_of_text_are_no_comment(value: str, tmp_path: Path) -> None:
    text = GOOD.replace(
        "start_date: 2026-01-05\n", f"start_date: 2026-01-05\n        description: {value}\n", 1
    )

    assert [p.code for p in problems(tmp_path, text) if p.code == "OG922"] == []


def test_text_on_the_line_of_a_warning_does_not_silence_it(tmp_path: Path) -> None:
    text = GOOD.replace('"17:00"}', "17:00}").replace(
        'handoff_time: "09:00"\n',
        'handoff_time: "09:00"\n        labels: {a: "# oncall-gitops: ignore OG902"}\n',
    )
    line = '              - {from: 9:00, to: "17:00"} \n'
    quoted = varied('              - {days: [SAT, SUN], from: "09:00", to: "17:00"}\n', line)

    assert [p.code for p in problems(tmp_path, text)] == ["OG901"]
    assert "OG404" in [p.code for p in problems(tmp_path, quoted)]


def test_after_a_block_sign_a_comment_is_one(tmp_path: Path) -> None:
    text = varied(
        "start_date: 2026-01-05\n",
        "start_date: 2026-01-05\n        description: | # oncall-gitops: ignore OG901\n          text\n",
    )

    assert places(problems(tmp_path, text)) == ["13:24 OG922"]


def test_an_override_may_be_silenced_before_it_is_over(tmp_path: Path) -> None:
    text = varied("end: 2026-12-24T17:00}", "end: 2026-12-24T17:00} # oncall-gitops: ignore OG910")

    assert problems(tmp_path, text) == []


def test_where_something_cannot_be_read_nothing_is_concluded_from_absence(tmp_path: Path) -> None:
    text = varied(
        "start_date: 2026-01-05\n",
        "start_date: 2026-13-05 # oncall-gitops: ignore OG906\n",
    )

    assert [p.code for p in problems(tmp_path, text)] == ["OG403"]


def test_it_can_itself_be_silenced(tmp_path: Path) -> None:
    assert problems(tmp_path, commented("# oncall-gitops: ignore OG901, OG902, OG922")) == []


def test_an_error_on_the_line_is_none_that_could_be_silenced(tmp_path: Path) -> None:
    text = varied("members: [alice, bob]", "members: [alice, zed] # oncall-gitops: ignore OG304")
    found = problems(tmp_path, text)

    assert places(found) == ["8:22 OG304", "8:27 OG922"]
    assert found[1].message == "OG304 is an error: errors cannot be silenced"


@pytest.mark.parametrize("codes", ["OG922", "OG901, OG922"])
def test_silencing_it_where_it_is_not_is_itself_in_vain(codes: str, tmp_path: Path) -> None:
    text = UNQUOTED if "OG901" in codes else GOOD
    end = "to: 17:00}" if "OG901" in codes else 'to: "17:00"}'
    [found] = problems(tmp_path, varied(f"{end}\n", f"{end} # oncall-gitops: ignore {codes}\n", text))

    assert found.code == "OG922"
    assert "OG922 silences nothing" in found.message


def test_a_file_with_thousands_of_warnings_is_looked_at_once(tmp_path: Path) -> None:
    texts = Counted(
        read(tmp_path, varied("    name: Payments\n", "    name: Payments # oncall-gitops:\n")).texts
    )
    warning = Problem(Origin(next(iter(texts))), "OG901", "x", severity="warning")

    assert audible([warning] * 1000, texts) == [warning] * 1000
    assert texts.looks == 1


class Counted(dict[str, str]):
    """Texts that count how often they are asked for."""

    looks = 0

    def get(self, file: str, default: Any = None) -> Any:
        self.looks += 1
        return super().get(file, default)
