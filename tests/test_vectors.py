"""What other systems' own tests and documents expect (`data/vectors.jsonl`, `source` in each line).

Those that all systems could agree on are met. Those marked `particular` differ on purpose between systems: we
meet them, or `data/vectors-ours.json` pins what we say instead and why, so that the list cannot rot. An
answer of codes alone is that of a file that is refused.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from oncall_gitops.core.model.instant import instant_text
from oncall_gitops.core.model.interval import Interval
from oncall_gitops.core.model.rotation import Rotation
from oncall_gitops.core.model.schedule import Schedule
from oncall_gitops.core.model.state import State
from oncall_gitops.core.recurrence import Recurrence, rule_of
from oncall_gitops.core.resolve import resolve
from oncall_gitops.core.wallclock import local, zone
from oncall_gitops.source.read import Loaded, load
from tests.builders import at

DATA = Path(__file__).parent / "data"
VECTORS = [json.loads(line) for line in (DATA / "vectors.jsonl").read_text(encoding="utf-8").splitlines()]
AGREED = [vector for vector in VECTORS if not vector["particular"]]
PARTICULAR = [vector for vector in VECTORS if vector["particular"]]
OURS = json.loads((DATA / "vectors-ours.json").read_text(encoding="utf-8"))

REFUSED_BUT_MET = {"oneuptime-ov-self": ["OG504"]}
"""An override that replaces oneself is an error in a file; resolved all the same, it changes nothing."""


def by_id(vector: dict[str, Any]) -> str:
    return str(vector["id"])


@pytest.mark.parametrize("vector", AGREED, ids=by_id)
def test_what_every_system_could_agree_on_is_met(vector: dict[str, Any], tmp_path: Path) -> None:
    loaded = loaded_from(vector, tmp_path)

    assert errors(loaded) == REFUSED_BUT_MET.get(vector["id"], [])
    assert answer(vector, loaded.readable.state) == expected(vector)


@pytest.mark.parametrize("vector", PARTICULAR, ids=by_id)
def test_what_is_particular_to_a_system_is_met_or_our_own_answer_is_known(
    vector: dict[str, Any], tmp_path: Path
) -> None:
    loaded = loaded_from(vector, tmp_path)
    ours = errors(loaded) or answer(vector, loaded.readable.state)

    if vector["id"] in OURS:
        assert ours == OURS[vector["id"]]["answer"] != expected(vector)
    else:
        assert ours == expected(vector)


def test_every_answer_of_our_own_is_to_a_particular_vector_and_says_why() -> None:
    assert OURS.keys() <= {vector["id"] for vector in PARTICULAR}
    assert all(own["why"] for own in OURS.values())


def expected(vector: dict[str, Any]) -> Any:
    (found,) = vector["expected"].values()
    return found


def loaded_from(vector: dict[str, Any], folder: Path) -> Loaded:
    (folder / "vector.yaml").write_text(json.dumps(vector["file"]), encoding="utf-8")
    return load(folder)


def errors(loaded: Loaded) -> list[str]:
    return [problem.code for problem in loaded.problems if problem.is_error]


def answer(vector: dict[str, Any], state: State) -> Any:
    """What we say to a vector: shifts, holders or handoffs, as it asks."""
    query = vector["query"]
    if "handoffs" in vector["expected"]:
        return handoffs(state.schedules["v/s"], len(vector["expected"]["handoffs"]))
    if "holders" in vector["expected"]:
        return [holder(state, at(instant)) for instant in query["at"]]
    return people(state, Interval(at(query["from"]), at(query["to"])))


def people(state: State, window: Interval) -> list[list[str]]:
    """`[user, start, end]`, neighbouring shifts of one user merged."""
    found: list[list[str]] = []
    for shift in resolve(state.schedules["v/s"], window, siblings=state.schedules):
        start, end = instant_text(shift.start), instant_text(shift.end)
        if found and found[-1][0] == shift.user and found[-1][2] == start:
            found[-1][2] = end
        else:
            found.append([shift.user, start, end])
    return found


def holder(state: State, instant: int) -> str | None:
    found = people(state, Interval(instant, instant + 1))
    return found[0][0] if found else None


def handoffs(schedule: Schedule, count: int) -> list[str]:
    """The first occurrences of the base rotation's rule, as instants."""
    assert isinstance(schedule.rotation, Rotation)
    place = zone(schedule.timezone)
    start = local(schedule.rotation.start or schedule.start, timezone=place, at=schedule.handoff_time)
    recurrence = Recurrence(rule_of(schedule.rotation.cadence, start=start), start)
    found = [recurrence.nth(number) for number in range(count)]
    return [instant_text(place.to_instant(moment)) for moment in found if moment is not None]
