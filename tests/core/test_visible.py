"""What can be seen is one question with one answer."""

from __future__ import annotations

import unicodedata

import pytest

from oncall_gitops.core.visible import UNSEEN, is_blank, is_unseen

EVERY = [chr(number) for number in range(0x110000)]


def test_nothing_that_unicode_calls_a_control_or_a_format_is_seen() -> None:
    """Of what is not assigned, only what never will be."""
    for char in EVERY:
        kind, number = unicodedata.category(char), ord(char)
        never = number & 0xFFFE == 0xFFFE or 0xFDD0 <= number <= 0xFDEF
        if kind in ("Cc", "Cf", "Cs", "Co", "Zl", "Zp") or never:
            assert UNSEEN.match(char), hex(number)
        elif kind == "Cn":
            assert is_unseen(char), hex(number)


def test_letters_digits_signs_and_spaces_are_seen() -> None:
    unseen = [char for char in EVERY if UNSEEN.match(char) and unicodedata.category(char)[0] in "LNPSZ"]

    assert {char for char in unseen if unicodedata.category(char) not in ("Zl", "Zp")} == set(
        "\u115f\u1160\u2800\u3164\uffa0"
    )


@pytest.mark.parametrize("text", ["", " ", "\u3000", "\ufe0f", "\u0301", " \u0301\xa0", "\U000e0100"])
def test_a_text_of_which_nothing_is_seen_is_blank(text: str) -> None:
    assert is_blank(text)


@pytest.mark.parametrize("text", ["a", "e\u0301", "\u2764\ufe0f", "\u0e14\u0e34", "-"])
def test_a_text_of_which_something_is_seen_is_not(text: str) -> None:
    assert not is_blank(text)
