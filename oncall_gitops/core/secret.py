"""Text that must not be seen: it shows as `***` wherever it is printed, formatted or logged."""

from __future__ import annotations

import hmac
import weakref
from typing import Any, NoReturn

_living: weakref.WeakValueDictionary[int, Secret] = weakref.WeakValueDictionary()


class Secret:
    """Only `reveal` gives the text; do so where it leaves for the provider or is sealed, nowhere else."""

    __slots__ = ("__weakref__", "_text")

    def __init__(self, text: str) -> None:
        self._text = text
        _living[id(self)] = self

    def reveal(self) -> str:
        return self._text

    def __bool__(self) -> bool:
        return bool(self._text)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and hmac.compare_digest(self._text.encode(), other._text.encode())

    def __hash__(self) -> int:
        return hash(self._text)

    def __repr__(self) -> str:
        return "***"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return "***"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret is not pickled")

    def __copy__(self) -> Secret:
        return self

    def __deepcopy__(self, memo: Any) -> Secret:
        return self


NO_SECRET = Secret("")


def living_secrets() -> list[str]:
    """The texts of all secrets that are in use, for whoever keeps them out of what others log."""
    found = (reference() for reference in _living.valuerefs())
    return [secret.reveal() for secret in found if secret]
