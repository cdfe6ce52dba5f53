"""What was found right is not judged again: only if nothing at all is different, and never to hide a mistake."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from oncall_gitops.commands import validate
from oncall_gitops.core.checks import judge
from oncall_gitops.core.model.restriction import ALL_DAYS, DailyWindow
from oncall_gitops.core.model.schedule import Coverage
from oncall_gitops.core.model.state import DesiredState, State
from oncall_gitops.core.model.user import TimeOff, User
from oncall_gitops.core.model.when import DAY, When, Written
from oncall_gitops.core.problem import Origin
from oncall_gitops.core.scene import Scene
from oncall_gitops.settings import cache_folder
from oncall_gitops.source import read, verdicts
from tests.commands.shell import Done, Shell
from tests.generated import USERS, Case, cases
from tests.source.reading import GOOD, varied

LAW = settings(max_examples=max(300, settings().max_examples), suppress_health_check=list(HealthCheck))
NOW = "2026-11-22T20:00Z"


class Anywhere(Mapping[tuple[str, ...], Origin]):
    """Origins of whatever is asked for."""

    def __getitem__(self, key: tuple[str, ...]) -> Origin:
        return Origin("a.yaml", 1, 1, 1, len(str(key)))

    def __iter__(self) -> Iterator[tuple[str, ...]]:
        return iter(())

    def __len__(self) -> int:
        return 0


COVERAGE: dict[str, Coverage] = {
    "always": "always",
    "mornings": (DailyWindow(6 * 3600, 12 * 3600, ALL_DAYS),),
    "none": "none",
}


def scene_of(case: Case, *, coverage: Coverage, away: int) -> Scene:
    """A case with a promise of coverage, and with people who are away for a day, some days from its window."""
    schedule = replace(case.schedule, coverage=coverage)
    start = When(Written.LOCAL, case.window.end // DAY * DAY + away * DAY)
    off = (TimeOff(start, replace(start, seconds=start.seconds + DAY)),)
    users = {
        slug: User(slug, slug, f"{slug}@example.com", time_off=off if index % 2 else ())
        for index, slug in enumerate(USERS)
        if slug != "nobody"
    }
    schedules = {one.full_name: one for one in (schedule, *case.siblings)}
    return Scene(DesiredState(State(users, {}, schedules), Anywhere()))


@LAW
@given(
    cases(),
    st.sampled_from(sorted(COVERAGE)),
    st.integers(-2, 3),
    st.integers(0, 3 * DAY),
    st.integers(1, 40),
    st.lists(st.floats(0, 1, exclude_max=True), min_size=3, max_size=3),
)
def test_where_nothing_is_wrong_for_a_while_nothing_is_at_any_moment_of_it(
    case: Case, coverage: str, away: int, before: int, days: int, parts: list[float]
) -> None:
    scene = scene_of(case, coverage=COVERAGE[coverage], away=away)
    now = case.window.start - before
    problems, holds_until = judge(scene.between(now, now + days * DAY, is_partial=False))
    if holds_until == now:
        return

    assert problems == []
    assert holds_until == now - now % DAY + DAY
    for moment in (holds_until - 1, *(now + int((holds_until - now) * part) for part in parts)):
        later, _ = judge(scene.between(moment, moment + days * DAY, is_partial=False))
        assert later == [], moment - now


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shell:
    shell = Shell(tmp_path, monkeypatch)
    shell.write(GOOD)
    return shell


def looks(
    files: Shell, monkeypatch: pytest.MonkeyPatch, *arguments: str, now: str = NOW
) -> tuple[Done, bool]:
    """How `validate` ends, and whether it looked at what the files say."""
    looked = []

    def load(*given: object, **named: object) -> read.Loaded:
        looked.append(True)
        return original(*given, **named)  # type: ignore[arg-type]

    original = read.load
    with monkeypatch.context() as patch:
        patch.setattr(read, "load", load)
        return files("validate", "--as-of", now, *arguments), bool(looked)


@pytest.mark.parametrize("format", ["text", "concise", "json", "github", "sarif"])
def test_the_second_run_says_the_same_and_looks_at_nothing(
    format: str, files: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = looks(files, monkeypatch, "--format", format)
    second = looks(files, monkeypatch, "--format", format)

    assert first[0] == second[0]
    assert first[0].code == 0
    assert (first[1], second[1]) == (True, False)


def the_same_bytes_elsewhere(files: Shell) -> None:
    (files.schedules / "rota.yaml").rename(files.schedules / "other.yaml")


def one_more_blank(files: Shell) -> None:
    (files.schedules / "rota.yaml").write_text(GOOD + "\n")


def one_more_file(files: Shell) -> None:
    files.write("users: {}\n", "more.yaml")


def a_file_that_is_not_read(files: Shell) -> None:
    files.write(GOOD, "more.YAML")


def a_link_out_of_the_folder(files: Shell) -> None:
    (files.schedules / "more.yaml").symlink_to("/etc/hostname")


def a_mistake_of_the_same_length(files: Shell) -> None:
    file = files.schedules / "rota.yaml"
    status = file.stat()
    file.write_text(varied("timezone: Europe/Berlin\n", "timezone: Europe/Berlim\n"))
    os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))


@pytest.mark.parametrize(
    "change",
    [
        the_same_bytes_elsewhere,
        one_more_blank,
        one_more_file,
        a_file_that_is_not_read,
        a_link_out_of_the_folder,
        a_mistake_of_the_same_length,
    ],
)
def test_whatever_is_different_in_the_folder_is_looked_at(
    change: Callable[[Shell], None], files: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks(files, monkeypatch)
    change(files)

    done, looked = looks(files, monkeypatch)
    assert looked
    assert done == files("validate", "--as-of", NOW, "--no-cache")


@pytest.mark.parametrize(
    ("arguments", "now"),
    [
        (["--horizon", "91d"], NOW),
        (["--no-cache"], NOW),
        ([], "2026-11-22T19:59:59Z"),
        ([], "2026-11-23T00:00:00Z"),
        (["."], NOW),
    ],
)
def test_another_question_is_another_verdict(
    arguments: list[str], now: str, files: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks(files, monkeypatch)

    assert looks(files, monkeypatch, *arguments, now=now)[1]


def test_another_version_of_the_program_or_of_its_libraries_judges_anew(
    files: Shell, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    package = tmp_path / "package"
    package.mkdir()
    (package / "core.py").write_text("x = 1\n")
    monkeypatch.setattr(verdicts, "_PACKAGE", package)
    looks(files, monkeypatch)
    assert not looks(files, monkeypatch)[1]

    (package / "core.py").write_text("x = 2\n")
    os.utime(package / "core.py", ns=(1, 1))
    assert looks(files, monkeypatch)[1]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("timezone: Europe/Berlin\n", "timezone: Europe/Berln\n"),
        ('to: "17:00"', "to: 17:00"),
        ("timezone: Europe/Berlin\n", "timezone: Europe/Kiev  # oncall-gitops: ignore OG902\n"),
        ("end: 2026-12-21", "end: 2026-12-07T00:00:01Z"),
    ],
    ids=["a mistake", "a warning", "a warning that a comment silences", "an override that is short"],
)
def test_only_what_nothing_at_all_is_wrong_with_is_kept(
    old: str, new: str, files: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    files.write(varied(old, new))
    first, _ = looks(files, monkeypatch)
    second, looked = looks(files, monkeypatch)

    assert first == second
    assert looked == ("end:" not in old)


@pytest.mark.parametrize(
    ("start", "end", "holds"),
    [("2026-11-22T10:00", "2026-11-22T23:30", False), ("2026-11-22T10:00", "2026-11-23T23:30", True)],
)
def test_an_override_that_will_be_over_today_is_looked_at_again(
    start: str, end: str, holds: bool, files: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    override = "{user: carol, replaces: alice, start: 2026-12-07, end: 2026-12-21}"
    files.write(varied(override, f"{{user: carol, start: {start}, end: {end}}}"))

    assert looks(files, monkeypatch)[0].out == "no problems in 1 file\n"
    later, looked = looks(files, monkeypatch, now="2026-11-22T23:00Z")
    assert looked != holds
    assert ("OG910" in later.out) != holds


PEOPLE = """\
users:
  alice: {name: Alice, email: alice@example.com}
  bob: {name: Bob, email: bob@example.com}
teams:
  payments:
    schedules:
"""
LEAVES = "[{user: alice, until: 2026-12-22T22:00}, {user: bob, until: 2026-12-22T22:00}]"


def rota(keys: str, *, users: str = "[alice, bob]", zone: str = "UTC", start: str = "2024-01-01") -> str:
    return f"{{timezone: {zone}, start_date: {start}, {keys}, rotation: {{type: daily, users: {users}}}}}"


@pytest.mark.parametrize(
    ("schedules", "now", "later", "code"),
    [
        ({"a": rota("coverage: always", users=LEAVES)}, "2026-11-22T22:00Z", "2026-11-22T22:01Z", "OG507"),
        (
            {"a": rota("active: true", users="[alice]"), "b": rota("active: true", start="2026-12-22T22:00")},
            "2026-11-22T22:00Z",
            "2026-11-22T22:01Z",
            "OG918",
        ),
        (
            {"a": rota('handoff_time: "02:30"', zone="Europe/Berlin", start="2027-01-01")},
            "2025-03-26T00:30Z",
            "2025-03-26T02:00Z",
            "OG913",
        ),
    ],
    ids=["a gap", "two schedules at once", "a clock change"],
)
def test_what_the_horizon_reaches_later_today_is_not_hidden(
    schedules: dict[str, str], now: str, later: str, code: str, files: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    files.write(PEOPLE + "".join(f"      {slug}: {text}\n" for slug, text in schedules.items()))
    first, _ = looks(files, monkeypatch, "--horizon", "30d", "--format", "concise", now=now)
    then, _ = looks(files, monkeypatch, "--horizon", "30d", "--format", "concise", now=later)

    assert code not in first.out
    assert code in then.out
    assert then == files(
        "validate", "--no-cache", "--horizon", "30d", "--format", "concise", "--as-of", later
    )


def the_file() -> Path:
    folder = cache_folder()
    assert folder
    [file] = folder.iterdir()
    return file


def nonsense(file: Path) -> None:
    file.write_bytes(b"\xff{")


def a_part(file: Path) -> None:
    kept = json.loads(file.read_text())
    del kept["digest"]
    file.write_text(json.dumps(kept))


def a_list(file: Path) -> None:
    file.write_text("[]")


def gone(file: Path) -> None:
    file.unlink()


def a_folder(file: Path) -> None:
    file.unlink()
    file.mkdir()


def open_to_all(file: Path) -> None:
    file.parent.chmod(0o777)


@pytest.mark.parametrize("damage", [nonsense, a_part, a_list, gone, a_folder, open_to_all])
def test_a_verdict_that_is_not_whole_or_that_others_may_have_written_is_none(
    damage: Callable[[Path], None], files: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks(files, monkeypatch)
    damage(the_file())

    done, looked = looks(files, monkeypatch)
    assert looked
    assert done.out == "no problems in 1 file\n"
    assert done.err == ""


def test_nobody_needs_a_place_to_keep_verdicts(
    files: Shell, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    assert looks(files, monkeypatch) == looks(files, monkeypatch)

    monkeypatch.setattr(validate, "cache_folder", lambda: None)
    assert looks(files, monkeypatch)[1]


def test_the_older_verdicts_of_many_paths_are_forgotten(
    files: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verdicts, "MOST", 4)
    for number in range(12):
        (files.folder / f"copy-{number}").mkdir()
        (files.folder / f"copy-{number}" / "rota.yaml").write_text(GOOD)
        looks(files, monkeypatch, f"copy-{number}")
    folder = cache_folder()
    assert folder

    assert len(list(folder.iterdir())) <= 5
    assert not looks(files, monkeypatch, "copy-11")[1]
