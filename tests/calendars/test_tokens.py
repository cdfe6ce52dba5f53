"""Tokens at rest: what opens, what does not, and that no message shows a key or a token."""

from __future__ import annotations

import base64

import pytest

from oncall_gitops.calendars.tokens import InvalidKeys, KeyRing, TokenUnreadable, key_of, read_keys
from oncall_gitops.core.secret import Secret

TOKEN = Secret("ya29.a-token-that-nobody-may-see")
OLD = base64.b64encode(b"o" * 32).decode()
NEW = base64.b64encode(bytes(range(224, 256))).decode()


def ring(text: str) -> KeyRing:
    return read_keys(Secret(text))


def test_a_token_opens_where_it_was_sealed() -> None:
    keys = ring(f"k1:{OLD}")
    sealed = keys.seal(TOKEN, row="r1", column="access_token")

    assert sealed.startswith("ocg1:k1:")
    assert TOKEN.reveal() not in sealed
    assert keys.open(sealed, row="r1", column="access_token") == TOKEN


def test_the_same_token_never_looks_the_same_twice() -> None:
    keys = ring(f"k1:{OLD}")

    assert keys.seal(TOKEN, row="r1", column="c") != keys.seal(TOKEN, row="r1", column="c")


def test_the_sealed_form_is_the_published_one() -> None:
    """By hand, with the library alone: nonce, ciphertext and tag, and what is associated with them."""
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    sealed = ring(f"k1:{OLD}").seal(TOKEN, row="r1", column="access_token")
    content = base64.urlsafe_b64decode(sealed.split(":")[2])
    about = b"ocg1|k1|calendar_syncs|r1|access_token"

    assert AESGCM(b"o" * 32).decrypt(content[:12], content[12:], about) == TOKEN.reveal().encode()


@pytest.mark.parametrize(("row", "column"), [("r2", "access_token"), ("r1", "refresh_token")])
def test_a_ciphertext_in_another_row_or_column_is_detected(row: str, column: str) -> None:
    keys = ring(f"k1:{OLD}")
    sealed = keys.seal(TOKEN, row="r1", column="access_token")

    with pytest.raises(TokenUnreadable) as caught:
        keys.open(sealed, row=row, column=column)
    assert f"of the calendar connection {row} cannot be opened: it was changed, moved" in str(caught.value)
    assert "connect the calendar again" in caught.value.help


def test_every_changed_character_is_detected() -> None:
    keys = ring(f"k1:{OLD},k2:{OLD}")
    sealed = keys.seal(TOKEN, row="r1", column="c")

    for place in range(len(sealed) - 1):  # the last one carries unused bits
        changed = sealed[:place] + ("A" if sealed[place] != "A" else "B") + sealed[place + 1 :]
        with pytest.raises(TokenUnreadable):
            keys.open(changed, row="r1", column="c")
    with pytest.raises(TokenUnreadable):
        keys.open(sealed.replace(":k1:", ":k2:"), row="r1", column="c")


def test_the_first_key_seals_and_all_of_them_open() -> None:
    before = ring(f"k1:{OLD}")
    both = ring(f"k2:{NEW},k1:{OLD}")
    after = ring(f"k2:{NEW}")
    sealed = before.seal(TOKEN, row="r1", column="c")
    again = both.seal(both.open(sealed, row="r1", column="c"), row="r1", column="c")

    assert key_of(again) == "k2"
    assert after.open(again, row="r1", column="c") == TOKEN
    with pytest.raises(TokenUnreadable, match="sealed with the key 'k1', which is not among") as caught:
        after.open(sealed, row="r1", column="c")
    assert "add that key to the end of ONCALL_GITOPS_TOKEN_KEYS" in caught.value.help


@pytest.mark.parametrize("text", ["", "a plain token", "ocg1:k1:", "ocg1:k1:AAAA", "ocg2:k1:" + "A" * 60])
def test_what_was_never_sealed_is_told_and_not_shown(text: str) -> None:
    with pytest.raises(TokenUnreadable, match="not in the form") as caught:
        ring(f"k1:{OLD}").open(text, row="r1", column="refresh_token")
    assert "the refresh token of the calendar connection r1" in str(caught.value)


def test_keys_may_stand_on_lines_and_be_written_in_either_alphabet() -> None:
    urlsafe = NEW.translate(str.maketrans("+/", "-_")).rstrip("=")
    assert urlsafe != NEW.rstrip("=")
    keys = ring(f"k2:{urlsafe},\n k1:{OLD}\n")

    assert keys.first == "k2"
    assert list(keys.keys) == ["k2", "k1"]
    sealed = ring(f"k2:{NEW}").seal(TOKEN, row="r", column="c")
    assert keys.open(sealed, row="r", column="c") == TOKEN


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (OLD, "key 1 of ONCALL_GITOPS_TOKEN_KEYS has no id"),
        (f"k1:{OLD},{NEW}", "key 2 of ONCALL_GITOPS_TOKEN_KEYS has no id"),
        (f"{OLD}:k1", "has an id that is not"),
        (f":{OLD}", "has an id that is not"),
        (f"k1:{OLD},k2:{NEW},k1:{NEW}", "key 3 of ONCALL_GITOPS_TOKEN_KEYS has the id of key 1"),
        ("k1:not*base64*at*all", "is not base64"),
        ("k1:", "is 0 bytes long and must be 32"),
        (f"k1:{base64.b64encode(b'o' * 31).decode()}", "is 31 bytes long and must be 32"),
        (f"k1:{base64.b64encode(b'o' * 64).decode()}", "is 64 bytes long and must be 32"),
        (f"k1:{'ö' * 43}", "is not base64"),
    ],
)
def test_keys_that_cannot_be_read_are_told_by_place_and_never_shown(text: str, message: str) -> None:
    with pytest.raises(InvalidKeys, match=message) as caught:
        ring(text)

    told = f"{caught.value} {caught.value.help}"
    assert caught.value.exit_code == 1
    for part in text.replace(":", ",").split(","):
        assert len(part) < 4 or part not in told


@pytest.mark.parametrize("text", ["", "  \n ", ","])
def test_without_any_key_the_message_says_how_to_make_one(text: str) -> None:
    with pytest.raises(InvalidKeys, match="there is no key to seal calendar tokens with") as caught:
        ring(text)
    assert 'ONCALL_GITOPS_TOKEN_KEYS="k1:$(openssl rand -base64 32)"' in caught.value.help


def test_the_ring_does_not_show_its_keys() -> None:
    assert OLD not in repr(ring(f"k1:{OLD}"))
