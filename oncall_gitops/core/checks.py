"""What is wrong with definitions that can be read: rules over the desired state, one small generator each.

`contradictions` needs no clock and holds for every command. `judge` looks from now to a horizon: promises of
coverage that are not kept, and warnings. No rule stops at the first mistake, or at another rule's.

What is right now will be right later today, as a rule, and whoever asks again need not look again. So each check is
first asked whether it would find anything at any moment of the day, and only if so, what it finds now.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import replace
from typing import NamedTuple

from oncall_gitops.core import address, words
from oncall_gitops.core.certainty import is_always_covered
from oncall_gitops.core.contradictions import CONTRADICTIONS
from oncall_gitops.core.coverage import judged_window, uncovered
from oncall_gitops.core.definition import override_address
from oncall_gitops.core.doubts import DOUBTS, misplaced_overrides
from oncall_gitops.core.dst import CLOCK_CHANGES
from oncall_gitops.core.duty import DUTIES
from oncall_gitops.core.model.instant import FOREVER, Instant
from oncall_gitops.core.model.interval import Interval
from oncall_gitops.core.model.shift import Gap
from oncall_gitops.core.model.state import DesiredState, file_of
from oncall_gitops.core.model.when import DAY
from oncall_gitops.core.problem import Problem
from oncall_gitops.core.scene import Scene
from oncall_gitops.core.wallclock import Zone, zone

SHOWN_GAPS = 3


def contradictions(scene: Scene) -> list[Problem]:
    """The errors that are errors at any time."""
    return [problem for check in CONTRADICTIONS for problem in check(scene)]


class Judgement(NamedTuple):
    """What is wrong now; nothing is, either, until `holds_until` (exclusive), if that is later than now."""

    problems: list[Problem]
    holds_until: Instant


def judge(scene: Scene) -> Judgement:
    """Coverage that is not met between now and the horizon, and every warning."""
    midnight = scene.now - scene.now % DAY + DAY
    today = scene.looking(until=midnight - 1)
    found = [
        check
        for check in (broken_promises, *DOUBTS, *DUTIES, *CLOCK_CHANGES)
        if any(True for _ in check(today))
    ]
    return Judgement(
        [problem for check in found for problem in check(scene)], scene.now if found else midnight
    )


def overrides_that_end(desired: DesiredState, *, files: Collection[str]) -> list[Problem]:
    """The warnings that every override of some files has, one day: a comment may silence them early."""
    schedules = {
        full_name: schedule
        for full_name, schedule in desired.state.schedules.items()
        if files
        for addresses in [(override_address(override, schedule) for override in schedule.overrides)]
        if any(file_of(desired.origins, known) in files for known in addresses)
    }
    some = replace(desired, state=replace(desired.state, schedules=schedules))
    return list(misplaced_overrides(Scene(some, now=FOREVER, latest=FOREVER)))


def broken_promises(scene: Scene) -> Iterator[Problem]:
    """A schedule covers the hours that its `coverage` names."""
    for schedule in scene.schedules.values():
        if schedule.coverage == "none" or is_always_covered(schedule, scene.window):
            continue
        window = judged_window(schedule, now=scene.now, until=scene.until)
        if window.is_empty or is_always_covered(schedule, window):
            continue
        timetable = scene.timetable(schedule)
        if timetable is None:
            continue
        gaps = uncovered(schedule, timetable.shifts(window), window)
        if gaps:
            origin = scene.at(address.schedule(schedule.full_name), "coverage")
            yield Problem(
                origin,
                "OG507",
                _uncovered(gaps, zone(schedule.timezone), now=scene.now),
                "add somebody, or a layer, for that time",
            )


def _uncovered(gaps: list[Gap], timezone: Zone, *, now: Instant) -> str:
    """`nobody is on call Fri 2026-12-04 17:00 to Mon 2026-12-07 09:00, and 3 more gaps (Europe/Berlin)`."""
    spans = [words.span(Interval(*gap), timezone, now=now) for gap in gaps[:SHOWN_GAPS]]
    more = len(gaps) - SHOWN_GAPS
    rest = f", and {more} more gaps" if more > 1 else ", and 1 more gap" if more == 1 else ""
    return f"nobody is on call {', '.join(spans)}{rest} ({timezone.name})"
