"""Hostile and broken input: no crash, no hang, and every refusal has a place.

The short form runs with the suite; `HYPOTHESIS_PROFILE=slow` and `-m slow` run the long one.
"""

from __future__ import annotations

import os
import random
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oncall_gitops.report.problems import problems_text
from tests.source.fuzzing import KEYS, ODD_TEXTS, REAL, RULES, ZONES, answered, values, wounded
from tests.source.reading import GOOD

IS_LONG = os.environ.get("HYPOTHESIS_PROFILE") == "slow"
WOUNDS = 12 if not IS_LONG else 400


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as name:
        yield Path(name)


@given(content=st.binary(max_size=300))
def test_any_bytes(content: bytes, folder: Path) -> None:
    problems, loaded = answered(content, folder)

    problems_text(problems, texts=loaded.texts)


@given(text=st.text(st.characters(codec="utf-8"), max_size=200), key=KEYS)
def test_any_text_after_a_key(text: str, key: str, folder: Path) -> None:
    answered(f"{key}: {text}\n".encode(), folder)


@given(content=values(4))
def test_any_structure(content: str, folder: Path) -> None:
    answered(content.encode("utf-8", "surrogatepass"), folder)


@given(name=KEYS, value=values(3))
def test_any_value_in_a_schedule(name: str, value: str, folder: Path) -> None:
    text = GOOD.replace(
        "        timezone: Europe/Berlin\n", f"        timezone: Europe/Berlin\n        {name}: {value}\n", 1
    )
    answered(text.encode(), folder, note=value)


@given(text=ODD_TEXTS, row=st.integers(0, GOOD.count("\n") - 1))
def test_any_odd_value_in_place_of_a_good_one(text: str, row: int, folder: Path) -> None:
    lines = GOOD.split("\n")
    key, colon, _ = lines[row].partition(": ")
    lines[row] = f"{key}{colon}{text}"
    answered("\n".join(lines).encode(), folder)


@given(rule=RULES, start=st.dates().map(str))
def test_any_rule(rule: str, start: str, folder: Path) -> None:
    text = GOOD.replace("FREQ=WEEKLY;BYDAY=MO", f'"{rule}"').replace(
        "priority: 10", f"priority: 10\n            start_date: {start}"
    )
    answered(text.encode(), folder, note=rule)


@given(name=ZONES)
def test_any_zone(name: str, folder: Path) -> None:
    quoted = name.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    text = GOOD.replace("timezone: Europe/Berlin\n", f'timezone: "{quoted}"\n', 1)
    answered(text.encode("utf-8", "backslashreplace"), folder, note=name)


@pytest.mark.parametrize("which", range(len(REAL)))
def test_real_files_with_wounds(which: int, folder: Path) -> None:
    for seed in range(WOUNDS):
        text = wounded(REAL[which], random.Random(f"{which} {seed}"))
        answered(text.encode("utf-8", "surrogatepass"), folder, note=f"which={which} seed={seed}")


@pytest.mark.slow
@pytest.mark.parametrize("which", range(len(REAL)))
def test_real_files_with_many_wounds(which: int, folder: Path) -> None:
    for seed in range(10_000, 10_300):
        chance = random.Random(f"{which} {seed}")
        text = REAL[which]
        for _ in range(5):
            text = wounded(text, chance)
        answered(text.encode("utf-8", "surrogatepass"), folder, note=f"which={which} seed={seed}")


@pytest.mark.parametrize(
    "content",
    [
        b"users: " + b"[" * 100_000,
        b"users: " + b"{a: " * 100_000,
        b"- " * 200_000,
        b"? " * 200_000,
        b"a: " * 200_000,
        b"users:\n" + b"".join(b" " * i + b"a:\n" for i in range(1, 800)),
        b"users: {" + b"a: 1, " * 150_000 + b"}",
        b"users: {" + b"".join(b"a%d: 1, " % i for i in range(80_000)) + b"}",
        b"# oncall-gitops: ignore OG901\n" * 30_000,
        b"users: " + b"[" * 100_000 + b"# oncall-gitops: ignore OG901",
        b"a: '" + b"# oncall-gitops: ignore OG901\n " * 30_000 + b"'",
        b"'" * 1_000_000,
        b'"' + b"\\x41" * 250_000 + b'"',
        b"\xef\xbb\xbf" * 300_000,
        b"a:\t" * 300_000,
        b"&a " * 300_000,
        b"!" * 1_000_000,
        b"%" * 1_000_000,
        b"\n" * 1_000_000,
        b"---\n" * 250_000,
        b"users: {x: {name: " + b"n" * 900_000 + b"}}",
        b"\xf0\x9f\x98\x80" * 250_000,
        b"users: [" + b"\xcc\x81e," * 250_000 + b"]",
        b"users: [" + b"1" * 1_000_000 + b"]",
        b"users: [" + b"a" * 1_000_000 + b"?]",
        b"users: [" + b"a " * 500_000 + b"?]",
        b"users: [" + b"t" * 1_000_000 + b"\\]",
        b"users: [" + b'"a' * 500_000 + b"\\]",
        b"users: {a: {start_date: " + b"2" * 1_000_000 + b"}}",
        b"users: {a: {b: " + b"a:b" * 300_000 + b"?}}",
        GOOD.replace("type: weekly", f"type: custom\n          interval_days: {'9' * 200_000}").encode(),
        b"users:\n" + b"".join(b"  u%d: >\n   a\n   b\n" % i for i in range(12_000)),
    ],
    ids=lambda content: content[:12].decode("ascii", "backslashreplace"),
)
def test_a_megabyte_of_malice_is_settled_soon(content: bytes, folder: Path) -> None:
    answered(content, folder)
