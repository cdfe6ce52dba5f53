"""Every diagnostic code explained: what it means, why it matters, and an example of each kind."""

from __future__ import annotations

from oncall_gitops.core.explanations.explanation import Explanation
from oncall_gitops.core.explanations.files import FILES
from oncall_gitops.core.explanations.keys import KEYS
from oncall_gitops.core.explanations.meaning import MEANING
from oncall_gitops.core.explanations.names import NAMES
from oncall_gitops.core.explanations.times import TIMES
from oncall_gitops.core.explanations.warnings import WARNINGS

EXPLANATIONS: dict[str, Explanation] = {**FILES, **KEYS, **NAMES, **TIMES, **MEANING, **WARNINGS}

__all__ = ["EXPLANATIONS", "Explanation"]
