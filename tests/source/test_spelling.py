"""Who is meant: among few names whoever is alike, among many whoever is one slip away."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oncall_gitops.source.spelling import FEW, MANY, closest

MANY_NAMES = frozenset(f"person-{number:05}" for number in range(MANY // 2)) | {"Wen", "dana"}
VERY_MANY_NAMES = MANY_NAMES | frozenset(f"robot-{number:05}" for number in range(MANY))


@pytest.mark.parametrize("names", [MANY_NAMES, VERY_MANY_NAMES], ids=["many", "very many"])
@given(place=st.integers(0, 3), kind=st.sampled_from(["missing", "extra", "other", "exchanged"]))
def test_one_slip_among_many_names_leads_to_the_name(names: frozenset[str], place: int, kind: str) -> None:
    assert len(names) > FEW
    left, letter, right = "dana"[:place], "dana"[place], "dana"[place + 1 :]
    word = {
        "missing": left + right,
        "extra": left + "x" + letter + right,
        "other": left + "x" + right,
        "exchanged": left + right[:1] + letter + right[1:],
    }[kind]

    assert closest(word, names) == "dana"


@pytest.mark.parametrize("names", [MANY_NAMES, VERY_MANY_NAMES], ids=["many", "very many"])
@pytest.mark.parametrize(
    ("word", "meant"), [("wen", "Wen"), ("PERSON-00012", "person-00012"), ("zzz", None), ("", None)]
)
def test_capitals_do_not_count_and_strangers_are_nobody(
    names: frozenset[str], word: str, meant: str | None
) -> None:
    assert closest(word, names) == meant
