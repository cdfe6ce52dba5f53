"""Which keys of one mapping go together; noted beside the values, so that neither hides the other."""

from __future__ import annotations

from oncall_gitops.core.model.rule import MAX_INTERVAL
from oncall_gitops.source.document import Mapping, Scalar
from oncall_gitops.source.scalars import Reading

MAX_DAYS = 366
"""Of `interval_days`."""

_OTHER_TYPES = {
    "daily": {
        "handoff_day": "only a weekly rotation has one",
        "interval_days": "write `interval`, or `type: custom`",
        "rrule": "only `type: custom` takes a rule",
    },
    "weekly": {
        "interval_days": "write `interval` (weeks), or `type: custom`",
        "rrule": "only `type: custom` takes a rule",
    },
    "custom": {
        "interval": "write `interval_days`, or a rule with INTERVAL",
        "handoff_day": "only a weekly rotation has one; a rule has BYDAY",
    },
}


def cadence(rotation: Mapping, reading: Reading) -> None:
    """The keys that say how often a turn passes on must be those of the rotation's type."""
    kind = rotation.get(_key("type"))
    if not isinstance(kind, Scalar) or kind not in _OTHER_TYPES:
        return
    for key, hint in _OTHER_TYPES[kind].items():
        if key in rotation:
            message = f"`{key}` does not go with `type: {kind}`"
            if key == "interval":
                hint = _instead_of_interval(rotation)
            reading.fault(rotation[Scalar(key)].key or kind, "OG212", message, hint)
    if kind == "custom":
        _one_cadence(rotation, kind, reading)
    interval = rotation.get(_key("interval"))
    longest = MAX_INTERVAL["WEEKLY"]
    if (
        kind == "weekly"
        and isinstance(interval, Scalar)
        and longest < _whole(interval) <= MAX_INTERVAL["DAILY"]
    ):
        reading.fault(interval, "OG206", f"expected a whole number from 1 to {longest}, found {interval}")


def _one_cadence(rotation: Mapping, kind: Scalar, reading: Reading) -> None:
    if "rrule" in rotation and "interval_days" in rotation:
        written = [key for key in rotation if key in ("rrule", "interval_days")]
        message = "`type: custom` takes either `interval_days` or `rrule`, not both"
        reading.fault(written[1], "OG212", message, "remove one of the two")
    elif not {"rrule", "interval_days", "interval"} & rotation.keys() and not _misspelt(rotation):
        message = "`type: custom` needs `interval_days` or `rrule`"
        reading.fault(kind, "OG202", message, "for example `interval_days: 14`")


def _instead_of_interval(rotation: Mapping) -> str:
    if "rrule" in rotation or "interval_days" in rotation:
        return "remove it: a rule has INTERVAL, and `interval_days` is the whole length"
    interval = rotation[_key("interval")]
    days = _whole(interval) if isinstance(interval, Scalar) else 0
    return f"write `interval_days: {days}`" if 0 < days <= MAX_DAYS else "write `interval_days`, in days"


def _misspelt(rotation: Mapping) -> bool:
    """Whether another key looks like one of the two: then that is the mistake, and the only one."""
    from oncall_gitops.source.mistakes import ROTATION_KEYS, meant_key

    return any(meant_key(key, ROTATION_KEYS) in ("interval_days", "rrule") for key in rotation)


def _whole(text: Scalar) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else 0


def _key(text: str) -> Scalar:
    return Scalar(text)
