"""Where every object and field is written, worked out only for those that somebody asks about."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache

from oncall_gitops.core import address
from oncall_gitops.core.definition import override_address
from oncall_gitops.core.model.override import Override
from oncall_gitops.core.problem import Origin
from oncall_gitops.source.document import Document
from oncall_gitops.source.names import Declared, Path
from oncall_gitops.source.usual import Usual, read_usual

Place = tuple[Document, Path]
Placed = tuple[Override, Document, Path]
"""An override, and where it is written."""


class Origins(Mapping[tuple[str, ...], Origin]):
    """Origins by `(address,)`, or by an address and a field's path: `(address, "rotation.users.0.from")`.

    A field that is not written stands where the deepest written part of its path does, at last the object.
    What usual files declare stands where they declare it, so that nothing needs to be noted of it; `elsewhere` has,
    by full name, the overrides outside of their schedules.
    """

    def __init__(self, declared: Declared, elsewhere: Mapping[str, Sequence[Placed]]) -> None:
        self._places: dict[str, Place] = {}
        self._declared = declared
        self._elsewhere = elsewhere
        self._below = lru_cache(maxsize=16)(self._look_below)

    def add(self, address: str, document: Document, path: Path) -> None:
        self._places.setdefault(address, (document, path))

    def file(self, address: str) -> str | None:
        """The file that an object is written in, without looking for its place there."""
        kind, _, full_name = _parts(address)
        if kind == "layer" or (kind == "override" and full_name not in self._elsewhere):
            document = self._usual("schedule", full_name)
            if document:
                return document.file
        place = self._place(address)
        return place[0].file if place else None

    def __getitem__(self, key: tuple[str, ...]) -> Origin:
        place = self._place(key[0])
        if place is None:
            raise KeyError(key)
        document, path = place
        parts = [part for field in key[1:] for part in field.split(".")]
        return document.locate([*path, *(int(part) if part.isdecimal() else part for part in parts)])

    def __contains__(self, key: object) -> bool:
        return isinstance(key, tuple) and bool(key) and self._place(key[0]) is not None

    def __iter__(self) -> Iterator[tuple[str, ...]]:
        yield from ((known,) for known in self._places)
        for slug in self._declared.users:
            if self._usual("user", slug):
                yield (address.user(slug),)
        for full_name in self._declared.schedules:
            if document := self._usual("schedule", full_name):
                yield (address.schedule(full_name),)
                yield from ((known,) for known in self._below(full_name, document))

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def _place(self, known: str) -> Place | None:
        if place := self._places.get(known):
            return place
        kind, name, full_name = _parts(known)
        if kind == "user":
            document = self._usual("user", name)
            return (document, ("users", name)) if document else None
        document = self._usual("schedule", full_name)
        if document is None:
            return None
        if kind == "schedule":
            return document, _path(full_name)
        return self._below(full_name, document).get(known)

    def _usual(self, kind: str, name: str) -> Document | None:
        """The usual file that declares a user or a schedule."""
        names = self._declared.users if kind == "user" else self._declared.schedules
        first = names[name][0] if name in names else None
        return first if isinstance(first, Document) else None

    def _look_below(self, full_name: str, document: Document) -> dict[str, Place]:
        """The layers and overrides of a schedule in a usual file, by address."""
        usual = _again(document)
        if usual is None:
            return {}
        schedule, path = usual.schedules[full_name], _path(full_name)
        found: dict[str, Place] = {}
        for layer in schedule.layers:
            found[address.layer(full_name, layer.slug)] = document, (*path, "layers", layer.slug)
        own: list[Placed] = [
            (override, document, (*path, "overrides", index))
            for index, override in enumerate(schedule.overrides)
        ]
        overrides = sorted(
            [*self._elsewhere.get(full_name, ()), *own], key=lambda placed: override_order(placed[0])
        )
        addresses = address.numbered(override_address(override, schedule) for override, _, _ in overrides)
        for known, (_, where, there) in zip(addresses, overrides, strict=True):
            found[known] = where, there
        return found


def override_order(override: Override) -> tuple[str, str, str]:
    """The order in which a state has the overrides of a schedule."""
    return override.start.text, override.replaces or "", override.user


def _parts(known: str) -> tuple[str, str, str]:
    """`layer`, `payments/primary/weekend` and `payments/primary`."""
    kind, _, name = known.partition("/")
    return kind, name, "/".join(name.split("/", 2)[:2])


def _path(full_name: str) -> Path:
    team, slug = full_name.split("/")
    return "teams", team, "schedules", slug


@lru_cache(maxsize=16)
def _again(document: Document) -> Usual | None:
    """What a usual file holds; only the values are kept, and not where in the file they stood."""
    return read_usual(document.text)
