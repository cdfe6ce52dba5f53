"""What is thrown at `validate`: bytes, YAML of odd structure, real files with wounds, odd rules and odd zones.

Whatever it is, the answer comes soon, each refusal has a place inside of its file, and what is accepted has shifts.
"""

from __future__ import annotations

import random
import time
from pathlib import Path

from hypothesis import strategies as st

from oncall_gitops.commands.validate import judged
from oncall_gitops.core.diagnostics import TITLES, is_warning
from oncall_gitops.core.model.instant import parse_instant
from oncall_gitops.core.problem import Origin, Problem
from oncall_gitops.source.read import Loaded, load
from tests.source.reading import GOOD

DATA = Path(__file__).parents[1] / "data"
REAL = [GOOD, *(path.read_text("utf-8") for path in sorted((DATA / "real-inputs").glob("*.yaml")))]
SECONDS = 2.0
NOW = parse_instant("2026-11-22T20:00Z")

ODD_TEXTS = st.sampled_from([
    "", "~", "null", "yes", "NO", "010", "0x10", "1e3", "-1", "10:30", "24:00", "9:00", "2026-13-01", "2026-02-30",
    "2026-01-05T25:00", "2026-01-05T09:00+99:00", "0000-01-01", "9999-12-31", "nobody", "alice", "..", "/", "a/b/c",
    "<<", "*a", "&a b", "!!python/object:os.system x", "%YAML", "{{ x }}", "${x}", "=1+1", "@here", "<b>", "|", ">-",
    "[", "}", "- ", ": ", "#", "\u202e", "\u200b", "\x1b[31m", "\t", "\ud7ff", "\U0001f600", "e\u0301", "\xa0",
    "FREQ=DAILY", "Europe/Berlin", "America/Port-au-Prince", "Etc/GMT+5", "EST", "always", "FRI 17:00", "MON-FRI",
    "9" * 400, "a" * 300, "1_000", "+5", "\u0661", "true", "False", ".inf", ".nan",
])  # fmt: skip
KEYS = st.sampled_from([
    "users", "teams", "overrides", "name", "email", "timezone", "time_off", "members", "schedules", "labels",
    "external", "start_date", "end_date", "handoff_time", "active", "coverage", "rotation", "layers", "type",
    "interval", "interval_days", "handoff_day", "rrule", "start", "anchor", "follows", "offset", "priority",
    "restrictions", "days_of_week", "days", "from", "to", "user", "until", "at", "end", "replaces", "reason",
    "created_by", "schedule", "renamed_from", "alice", "payments", "primary", "weekend",
])  # fmt: skip

_PARTS = st.sampled_from([
    "BYDAY", "BYMONTH", "BYMONTHDAY", "BYYEARDAY", "BYWEEKNO", "BYSETPOS", "BYHOUR", "BYMINUTE", "INTERVAL", "WKST",
    "COUNT", "UNTIL", "BYSECOND", "FREQ", "byday", "X",
])  # fmt: skip
_VALUES = st.one_of(
    st.lists(st.integers(-400, 400).map(str), min_size=1, max_size=5).map(",".join),
    st.lists(st.sampled_from(["MO", "TU", "-1FR", "5SU", "53MO", "mo", "MON", ""]), max_size=4).map(",".join),
    st.sampled_from(["1", "366", "99999999999", "-1", "29,30,31", "2", "SU", "20301231T000000Z", ""]),
)
RULES = st.builds(
    lambda frequency, parts: ";".join([f"FREQ={frequency}", *(f"{name}={value}" for name, value in parts)]),
    st.sampled_from(["HOURLY", "DAILY", "WEEKLY", "MONTHLY", "YEARLY", "SECONDLY", "daily"]),
    st.lists(st.tuples(_PARTS, _VALUES), max_size=5),
)
ZONES = st.one_of(
    st.text(max_size=30),
    st.sampled_from(
        ["Europe/", "america/new_york", "US/Eastern", "UTC+5", "GMT0", "EST5EDT,M3.2.0,M11.1.0", "Z"]
    ),
    st.builds(
        lambda a, b: f"{a}/{b}",
        st.sampled_from(["Europe", "Asia", "posix", "Etc", ".."]),
        st.text(max_size=12),
    ),
)


def values(depth: int) -> st.SearchStrategy[str]:
    """YAML in flow style, of any structure."""
    leaf = ODD_TEXTS | ODD_TEXTS.map(lambda text: '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"')
    if not depth:
        return leaf
    inner = values(depth - 1)
    pairs = st.tuples(KEYS | ODD_TEXTS, inner).map(lambda pair: f"{pair[0]}: {pair[1]}")
    return (
        leaf
        | st.lists(inner, max_size=3).map(lambda items: f"[{', '.join(items)}]")
        | st.lists(pairs, max_size=4).map(lambda items: f"{{{', '.join(items)}}}")
    )


def wounded(text: str, chance: random.Random) -> str:
    """A good file after one to four small accidents."""
    for _ in range(chance.randint(1, 4)):
        lines = text.split("\n")
        row = chance.randrange(len(lines))
        line = lines[row]
        column = chance.randint(0, len(line))
        match chance.randrange(9):
            case 0:
                lines[row : row + 1] = []
            case 1:
                lines[row:row] = [line]
            case 2:
                lines[row] = " " * chance.randint(0, 8) + line.lstrip()
            case 3:
                lines[row] = line[:column] + line[column + chance.randint(1, 5) :]
            case 4:
                lines[row] = (
                    line[:column] + chance.choice("{}[]:,#'\"|>&*!%@`-?\t\x00\u202e\xa0\n") + line[column:]
                )
            case 5:
                key, colon, value = line.partition(": ")
                lines[row] = key + colon + chance.choice([*_ODD, value[::-1]])
            case 6:
                other = chance.randrange(len(lines))
                lines[row], lines[other] = lines[other], lines[row]
            case 7:
                digits = [i for i, c in enumerate(line) if c.isdecimal()]
                if digits:
                    at = chance.choice(digits)
                    lines[row] = line[:at] + chance.choice("0123456789") + line[at + 1 :]
            case _:
                lines = [*lines[: row + 1], line[: len(line) // 2]]
        text = "\n".join(lines)
    return text


_ODD = [
    "",
    "~",
    "[]",
    "{}",
    "[alice, alice]",
    "yes",
    "-1",
    "10:30",
    "2026-02-30",
    "nobody",
    "*x",
    "EST",
    '"',
    "FREQ=X",
]


def answered(content: bytes, folder: Path, *, note: str = "") -> tuple[list[Problem], Loaded]:
    """What `validate` finds in one file, having found it soon, and with every place inside of its file."""
    (folder / "rota.yaml").write_bytes(content)
    started = time.process_time()
    loaded = load(folder)
    problems, _ = judged(loaded, folder, now=NOW, until=NOW + 90 * 86_400)
    took = time.process_time() - started

    assert took < SECONDS, f"took {took:.1f} s {note}"
    assert (loaded.desired is None) == any(problem.is_error for problem in loaded.problems)
    for problem in problems:
        assert problem.code in TITLES
        assert problem.message
        assert problem.severity == ("warning" if is_warning(problem.code) else "error")
        for origin in (
            () if problem.code == "OG107" else (problem.origin, *(place for place, _ in problem.related))
        ):
            assert_inside(origin, loaded)
    return problems, loaded


def assert_inside(origin: Origin, loaded: Loaded) -> None:
    """A place is one that an editor can go to; its end is not before its beginning, nor behind its line."""
    lines = loaded.texts.get(origin.file, "").split("\n")
    assert 1 <= origin.line <= origin.end_line <= max(len(lines), 1)
    assert 1 <= origin.column <= len(lines[origin.line - 1]) + 1
    assert (origin.end_line, origin.end_column) >= (origin.line, origin.column)
    assert origin.end_column <= len(lines[origin.end_line - 1]) + 2
