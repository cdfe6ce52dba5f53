"""A rotation with a priority."""

from __future__ import annotations

from dataclasses import dataclass

from oncall_gitops.core.model.restriction import Restrictions
from oncall_gitops.core.model.rotation import Following, Rotation
from oncall_gitops.core.model.when import When


@dataclass(frozen=True, slots=True)
class Layer:
    """The higher priority wins. What is None is the schedule's as written, read in the layer's zone."""

    slug: str
    name: str
    priority: int
    rotation: Rotation | Following
    timezone: str | None = None
    start: When | None = None
    end: When | None = None
    handoff_time: int | None = None
    active: bool = True
    restrictions: Restrictions = ()
