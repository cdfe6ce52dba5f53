"""Who is on call for X: one person at a time, or nobody."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from oncall_gitops.core.model.layer import Layer
from oncall_gitops.core.model.override import Override
from oncall_gitops.core.model.restriction import Restrictions
from oncall_gitops.core.model.rotation import Following, Rotation
from oncall_gitops.core.model.when import When

DEFAULT_HANDOFF = 9 * 3600

Coverage: TypeAlias = Literal["always", "none"] | Restrictions


@dataclass(frozen=True, slots=True)
class Schedule:
    """`rotation` is the base, at priority 0; the schedule's own dates cut only that.

    `layers` are in order of their slugs, `overrides` of their start; precedence is `resolve`'s affair.
    """

    team: str
    slug: str
    name: str
    timezone: str
    start: When
    end: When | None = None
    handoff_time: int = DEFAULT_HANDOFF
    active: bool = True
    description: str = ""
    coverage: Coverage = "none"
    labels: tuple[tuple[str, str], ...] = ()
    rotation: Rotation | Following | None = None
    layers: tuple[Layer, ...] = ()
    overrides: tuple[Override, ...] = ()

    @property
    def full_name(self) -> str:
        return f"{self.team}/{self.slug}"
