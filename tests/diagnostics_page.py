"""Writes docs/diagnostics.md: ten mistakes as somebody makes them in the samples, and every code.

`python -m tests.diagnostics_page` writes it; a test holds it up to date. All output in it is what `validate` prints.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from oncall_gitops.core.diagnostics import TITLES, is_warning
from oncall_gitops.core.explanations import EXPLANATIONS
from oncall_gitops.core.explanations.explanation import TODAY, Explanation
from oncall_gitops.report.problems import counted, problems_text
from tests.examples import found_in, set_up

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "diagnostics.md"

_INTRODUCTION = f"""\
# Diagnostics

<!-- Written by `python -m tests.diagnostics_page`; a test holds it up to date. -->

What `oncall-gitops validate` says, and what to do about it. Errors end with exit code 1, warnings only with
`--strict`. A warning is silenced by a comment on its line, `# oncall-gitops: ignore OG901` (several codes: `OG901,
OG902`); one that silences nothing is a warning itself. `oncall-gitops explain CODE` prints one entry of this page.

The output below is of {TODAY}, as it is printed.
"""


class Mistake(NamedTuple):
    """One edit of the samples, as somebody makes it in a hurry."""

    title: str
    file: str
    old: str
    new: str


MISTAKES = (
    Mistake("A key is misspelt", "platform.yaml", 'handoff_time: "12:00"', 'handof_time: "12:00"'),
    Mistake("A colleague's name is misspelt", "payments.yaml", "- farah", "- farrah"),
    Mistake("An abbreviation for a time zone", "data.yml", "timezone: Australia/Sydney", "timezone: AEST"),
    Mistake("A tab from another editor", "people.yaml", "    name: Noah Okafor\n", "\t\tname: Noah Okafor\n"),
    Mistake(
        "A block is copied, and one line of it not changed",
        "platform.yaml",
        "          berlin:\n            name: Berlin\n            priority: 20\n",
        "          berlin:\n            name: Berlin\n            priority: 30\n",
    ),
    Mistake(
        "A swap that somebody else has taken already",
        "overrides.yaml",
        "    created_by: oscar\n",
        "    created_by: oscar\n"
        "  - {schedule: payments/primary, user: noah, start: 2027-11-26T12:00, end: 2027-11-26T20:00}\n",
    ),
    Mistake(
        "Days as people write them", "data.yml", "FREQ=WEEKLY;BYDAY=MO,WE,FR", "FREQ=WEEKLY;BYDAY=MON,WED,FRI"
    ),
    Mistake(
        "The weekends are forgotten",
        "platform.yaml",
        "        rotation: {type: weekly, users: [amelia, ishaan]}\n",
        "",
    ),
    Mistake(
        "The year of an end is forgotten at New Year",
        "people.yaml",
        "{start: 2026-12-19, end: 2027-01-05, reason: Parental leave}",
        "{start: 2026-12-19, end: 2026-01-05, reason: Parental leave}",
    ),
    Mistake(
        "A colleague leaves, and their entry is removed",
        "people.yaml",
        "  wen:\n    name: Wen Zhao\n    email: wen@example.com\n    timezone: America/Los_Angeles\n",
        "",
    ),
)


def page() -> str:
    """The whole page."""
    parts = [_INTRODUCTION, "## Ten mistakes\n", "Each made in a copy of the [samples](../schedules).\n"]
    parts += [_mistake(mistake) for mistake in MISTAKES]
    parts += ["## All codes\n", _table()]
    parts += [_entry(code, explanation) for code, explanation in EXPLANATIONS.items()]
    return "\n".join(parts)


def printed(mistake: Mistake) -> str:
    """What `validate` prints after the edit."""
    with _in_a_folder() as folder:
        shutil.copytree(ROOT / "schedules", folder / "schedules")
        path = folder / "schedules" / mistake.file
        text = path.read_text("utf-8")
        assert text.count(mistake.old) == 1, f"{mistake.old!r} must occur once in {mistake.file}"
        path.write_text(text.replace(mistake.old, mistake.new), "utf-8")
        problems, loaded = found_in(Path("schedules"))
        return problems_text(problems, texts=loaded.texts) + counted(problems, files=loaded.files) + "\n"


def _mistake(mistake: Mistake) -> str:
    after = mistake.new.strip("\n").replace("\t", "\u2192") or "(removed)"
    edit = "\n".join(
        [
            *(f"- {line}" for line in mistake.old.strip("\n").split("\n")),
            *(f"+ {line}" for line in after.split("\n")),
        ]
    )
    return f"### {mistake.title}\n\n```diff\n# {mistake.file}\n{edit}\n```\n\n```text\n{_bare(printed(mistake))}```\n"


def _table() -> str:
    rows = "".join(
        f"| [{code}](#{code.lower()}) | {'warning' if is_warning(code) else 'error'} | {title} |\n"
        for code, title in TITLES.items()
    )
    return f"| code | kind | what |\n|---|---|---|\n{rows}"


def _entry(code: str, explanation: Explanation) -> str:
    kind = "sh" if explanation.is_shell else "yaml"
    return (
        f"### {code}\n\n**{TITLES[code]}**\n\n{explanation.means}\n\n*At 3 a.m.:* {explanation.why}\n\n"
        f"```{kind}\n# bad\n{_visible(explanation.bad_text)}```\n\n```text\n{_said(code, explanation)}```\n\n"
        f"```{kind}\n# good\n{explanation.good}```\n"
    )


def _said(code: str, explanation: Explanation) -> str:
    """What `validate` says of the bad example: the first diagnostic of the code."""
    with _in_a_folder() as folder:
        set_up(explanation, explanation.bad_text, folder)
        problems, loaded = found_in(Path("schedules"))
        first = min((p for p in problems if p.code == code), key=lambda p: "rota" not in p.origin.file)
        return _bare(problems_text([first], texts=loaded.texts)).rstrip("\n") + "\n"


@contextlib.contextmanager
def _in_a_folder() -> Iterator[Path]:
    """Work in a new folder that anybody may read."""
    before = Path.cwd()
    with tempfile.TemporaryDirectory() as name:
        os.chmod(name, 0o755)
        os.chdir(name)
        try:
            yield Path(name)
        finally:
            os.chdir(before)


def _bare(text: str) -> str:
    import click

    return click.unstyle(text)


def _visible(text: str) -> str:
    return "".join(
        c if c == "\n" or c.isprintable() else "\u2192" if c == "\t" else f"\\u{ord(c):04x}" for c in text
    )


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
