"""A secret is not seen, and whoever redacts text knows of every one that is in use."""

from __future__ import annotations

import copy
import json
import pickle

import pytest

from oncall_gitops.core.model.provider import Tokens
from oncall_gitops.core.secret import Secret, living_secrets


def test_a_secret_shows_as_stars_however_it_is_printed() -> None:
    secret = Secret("hunter2-hunter2")
    tokens = Tokens(secret, None, 0)

    for shown in (str(secret), repr(secret), f"{secret}", f"{secret!r:>5}", str([secret]), repr(tokens)):
        assert "hunter2" not in shown
        assert "***" in shown


def test_a_secret_is_not_written_out_by_pickle_or_json() -> None:
    secret = Secret("hunter2-hunter2")

    with pytest.raises(TypeError, match="not pickled"):
        pickle.dumps(secret)
    with pytest.raises(TypeError):
        json.dumps({"token": secret})
    assert copy.deepcopy([secret]) == [secret]


def test_the_secrets_in_use_are_known_and_those_that_are_gone_are_not_kept() -> None:
    kept = [Secret("one-of-the-secrets"), Secret("one-of-the-secrets")]
    gone = Secret("a-secret-that-goes")
    assert {"one-of-the-secrets", "a-secret-that-goes"} <= set(living_secrets())

    del gone
    kept.pop()
    assert "one-of-the-secrets" in living_secrets()
    assert "a-secret-that-goes" not in living_secrets()
