"""`explain` as somebody runs it, and the page that is made of it."""

from __future__ import annotations

import pytest

from oncall_gitops.core.diagnostics import TITLES
from tests.commands.shell import Shell
from tests.commands.test_validate import files
from tests.diagnostics_page import PAGE, page

__all__ = ["files"]


def test_a_code_is_explained_with_a_bad_and_a_good_example(files: Shell) -> None:
    out = files.ok("explain", "OG402").out

    assert out.startswith("error[OG402]: a name that is no time zone of a place\n")
    assert "            timezone: EST\n                      ^^^\n" in out
    assert "At 3 a.m.: " in out
    assert "timezone: America/New_York\n" in out


def test_every_code_can_be_explained_as_text_and_as_json(files: Shell) -> None:
    for code, title in TITLES.items():
        assert f"[{code}]: {title}\n" in files.ok("explain", code).out
        assert files.ok("explain", code, "--format", "json").json["code"] == code


def test_the_json_tells_the_place_of_the_mistake(files: Shell) -> None:
    told = files.ok("explain", "OG901", "--format", "json").json

    assert (told["severity"], told["language"], told["line"], told["column"]) == ("warning", "yaml", 8, 23)
    assert told["bad"].splitlines()[7][22:] == "17:00"
    assert told["good"].splitlines()[7][22:] == '"17:00"'


def test_without_a_code_all_of_them_are_listed(files: Shell) -> None:
    lines = files.ok("explain").out.splitlines()
    entries = files.ok("explain", "--format", "json").json

    assert [line[:5] for line in lines] == [entry["code"] for entry in entries] == list(TITLES)
    assert lines[0] == "OG101  error    a file or folder cannot be read"
    assert entries[-1]["severity"] == "warning"


def test_capitals_and_brackets_do_not_matter(files: Shell) -> None:
    assert files.ok("explain", "og401").out == files.ok("explain", "[OG401]").out


@pytest.mark.parametrize(
    ("code", "guess"),
    [
        ("401", "Did you mean OG401?"),
        ("E401", "Did you mean OG401?"),
        ("OG4O1", "Did you mean OG401"),
        ("\x1b[31mOG", "lists all codes"),
        ("nothing", "`oncall-gitops explain` lists all codes."),
    ],
)
def test_an_unknown_code_ends_with_1_and_a_guess(files: Shell, code: str, guess: str) -> None:
    done = files("explain", code)

    assert (done.code, done.out) == (1, "")
    assert guess in done.err
    assert "\x1b" not in done.err


def test_the_page_of_all_codes_is_up_to_date() -> None:
    assert PAGE.read_text("utf-8") == page(), "write it with: python -m tests.diagnostics_page"
