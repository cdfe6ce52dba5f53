"""Where every object and field is written, worked out only for those that somebody asks about."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from oncall_gitops.core import address
from oncall_gitops.core.definition import override_address
from oncall_gitops.core.model.override import Override
from oncall_gitops.core.model.schedule import Schedule
from oncall_gitops.core.problem import Origin
from oncall_gitops.source.document import Document

Path = tuple["str | int", ...]
Place = tuple[Document, Path]


class Origins(Mapping[tuple[str, ...], Origin]):
    """Origins by `(address,)`, or by an address and a field's path: `(address, "rotation.users.0.from")`.

    A field that is not written stands where the deepest written part of its path does, at last the object.
    Of usual files only users, teams and schedules are noted; what is below them is found when it is needed.
    """

    def __init__(self) -> None:
        self._places: dict[str, Place] = {}
        self._below: dict[str, tuple[Document, Schedule, Sequence[tuple[Override, Document, Path]]]] = {}

    def add(self, address: str, document: Document, path: Path) -> None:
        self._places.setdefault(address, (document, path))

    def add_schedule(
        self, schedule: Schedule, document: Document, overrides: Sequence[tuple[Override, Document, Path]]
    ) -> None:
        """A schedule of a usual file, with its layers, and its overrides where each is written."""
        self._below[schedule.full_name] = document, schedule, overrides

    def file(self, address: str) -> str | None:
        """The file that an object is written in, without looking for its place there."""
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
        for full_name in self._below:
            yield from ((known,) for known in self._derived(full_name))

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def _place(self, known: str) -> Place | None:
        if (place := self._places.get(known)) or "/" not in known:
            return place
        full_name = "/".join(known.split("/", 3)[1:3])
        if full_name not in self._below:
            return None
        if known == address.schedule(full_name):
            document, schedule, _ = self._below[full_name]
            return document, ("teams", schedule.team, "schedules", schedule.slug)
        return self._derived(full_name).get(known)

    def _derived(self, full_name: str) -> dict[str, Place]:
        """A schedule of a usual file, and all that is below it, by address."""
        document, schedule, overrides = self._below[full_name]
        path: Path = ("teams", schedule.team, "schedules", schedule.slug)
        found: dict[str, Place] = {address.schedule(full_name): (document, path)}
        for layer in schedule.layers:
            found[address.layer(full_name, layer.slug)] = document, (*path, "layers", layer.slug)
        for override, where, there in overrides:
            found.setdefault(override_address(override, schedule), (where, there))
        return found
