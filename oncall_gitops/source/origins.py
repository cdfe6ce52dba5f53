"""Where every object and field is written, worked out only for those that somebody asks about."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from oncall_gitops.core.problem import Origin
from oncall_gitops.source.document import Document

Path = tuple["str | int", ...]


class Origins(Mapping[tuple[str, ...], Origin]):
    """Origins by `(address,)`, or by an address and a field's path: `(address, "rotation.users.0.from")`.

    A field that is not written stands where the deepest written part of its path does, at last the object.
    """

    def __init__(self) -> None:
        self._places: dict[str, tuple[Document, Path]] = {}

    def add(self, address: str, document: Document, path: Path) -> None:
        self._places.setdefault(address, (document, path))

    def __getitem__(self, key: tuple[str, ...]) -> Origin:
        document, path = self._places[key[0]]
        parts = [part for field in key[1:] for part in field.split(".")]
        return document.locate([*path, *(int(part) if part.isdecimal() else part for part in parts)])

    def __contains__(self, key: object) -> bool:
        return isinstance(key, tuple) and bool(key) and key[0] in self._places

    def __iter__(self) -> Iterator[tuple[str, ...]]:
        return ((address,) for address in self._places)

    def __len__(self) -> int:
        return len(self._places)
