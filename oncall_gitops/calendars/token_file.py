"""Tokens that were minted elsewhere, as JSON. What is wrong with them is told by field, never by value."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from oncall_gitops.core.errors import OncallError
from oncall_gitops.core.model.instant import FOREVER, Instant, from_datetime
from oncall_gitops.core.model.provider import Tokens
from oncall_gitops.core.secret import Secret

LARGEST = 65_536
SHAPE = (
    'a JSON object {"access_token": ..., "refresh_token": ..., "expires_at": "2026-11-22T18:30:00Z"},'
    ' and if known "scopes" and "account"'
)

_TOKEN = re.compile(r"[\x21-\x7e]{1,16384}")
_MILLISECONDS = 10**11
"""A larger number of seconds is no date that anybody means."""


class InvalidTokenFile(OncallError):
    """The token file cannot be read."""


def read_token_file(text: str) -> Tokens:
    """The tokens of a file's text; InvalidTokenFile names all fields that are missing or wrong."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        raise _invalid("is not JSON") from None
    if not isinstance(document, dict):
        raise _invalid("is not a JSON object")
    wrong = [f"{name} {what}" for name, check in _CHECKS.items() if (what := check(document.get(name)))]
    if wrong:
        raise _invalid(", ".join(wrong))
    return Tokens(
        access=Secret(document["access_token"]),
        refresh=Secret(document["refresh_token"]),
        expires_at=_instant(document["expires_at"]) or 0,
        scopes=_scopes(document),
        account=(document.get("account") or "").strip(),
    )


def _token(value: Any) -> str:
    if value is None or value == "":
        return "is missing"
    return "" if isinstance(value, str) and _TOKEN.fullmatch(value) else "is not a token"


def _moment(value: Any) -> str:
    if value is None or value == "":
        return "is missing"
    return "is not an instant, nor seconds since 1970" if _instant(value) is None else ""


def _list_of_scopes(value: Any) -> str:
    if value is None or isinstance(value, str):
        return ""
    is_list = isinstance(value, list) and all(isinstance(scope, str) for scope in value)
    return "" if is_list else "is neither a list nor text"


def _address(value: Any) -> str:
    if value is None:
        return ""
    return "" if isinstance(value, str) and value.isprintable() and len(value) <= 320 else "is not an address"


_CHECKS = {
    "access_token": _token,
    "refresh_token": _token,
    "expires_at": _moment,
    "scopes": _list_of_scopes,
    "account": _address,
}


def _instant(value: Any) -> Instant | None:
    """An instant as text (without an offset: UTC), or a number of seconds or milliseconds since 1970."""
    if isinstance(value, str):
        if not re.fullmatch(r"\d+(\.\d+)?", value, re.ASCII):
            try:
                moment = datetime.fromisoformat(value.strip())
            except ValueError:
                return None
            value = from_datetime(moment if moment.tzinfo else moment.replace(tzinfo=UTC))
            return value if 0 <= value < FOREVER else None
        value = float(value)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1000 * FOREVER:
        return None
    return int(value / 1000 if value >= _MILLISECONDS else value)


def _scopes(document: Mapping[str, Any]) -> tuple[str, ...]:
    given = document.get("scopes") or ()
    return tuple(given.split() if isinstance(given, str) else given)


def _invalid(what: str) -> InvalidTokenFile:
    return InvalidTokenFile(f"the token file: {what}", help=f"expected {SHAPE}")
