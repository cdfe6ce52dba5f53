"""`fmt` as somebody runs it: what it prints, what it writes, what it leaves alone, and how it ends."""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path

import pytest

from oncall_gitops.source.files import find_files
from oncall_gitops.source.formatting.replace import replace_content
from tests.commands.shell import Shell
from tests.source.reading import GOOD, give_up_privileges, unprivileged_folder, varied

ROOT = Path(__file__).parents[2]
CROOKED = varied('handoff_time: "09:00"', "handoff_time:   09:00")
LONG_AGO = 1_700_000_000


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shell:
    """Commands in an empty folder, without a database."""
    return Shell(tmp_path, monkeypatch)


def test_files_that_are_not_canonical_are_rewritten_and_named(files: Shell) -> None:
    files.write(CROOKED, "a.yaml")
    files.write("users: {}\n", "b.yaml")
    done = files.ok("fmt")

    assert done.out == "schedules/a.yaml\n"
    assert done.err == "1 formatted, 1 already canonical\n"
    assert (files.schedules / "a.yaml").read_text() == GOOD
    assert files.ok("fmt").out == ""


def test_check_writes_nothing_and_ends_with_1_if_something_would_change(files: Shell) -> None:
    files.write(CROOKED)
    done = files("fmt", "--check")

    assert done.code == 1
    assert done.out == "schedules/rota.yaml\n"
    assert done.err == "1 would be formatted, 0 already canonical\n"
    assert (files.schedules / "rota.yaml").read_text() == CROOKED

    files.ok("fmt")
    assert files.ok("fmt", "--check").out == ""


def test_a_file_with_mistakes_is_not_touched_and_they_are_shown(files: Shell) -> None:
    broken = "users:  {a: {name: A, email: a@example.com, phone: 1}}\n"
    files.write(broken, "broken.yaml")
    files.write("users: {\n", "worse.yaml")
    files.write("teams:   {}\n", "good.yaml")
    done = files("fmt")

    assert done.code == 1
    assert done.out == "schedules/good.yaml\n"
    assert "error[OG201]" in done.err
    assert "schedules/broken.yaml:1:45" in done.err
    assert "schedules/worse.yaml:2:1" in done.err
    assert done.err.endswith("1 formatted, 0 already canonical, 2 with problems\n")
    assert (files.schedules / "broken.yaml").read_text() == broken
    assert (files.schedules / "good.yaml").read_text() == "teams: {}\n"


def test_mistakes_in_what_the_files_mean_are_for_validate_to_tell(files: Shell) -> None:
    files.write("overrides:\n- {schedule: t/s, user: who, start: 2026-01-09, end: 2026-01-08}\n")

    assert files.ok("fmt").out == "schedules/rota.yaml\n"
    assert files("validate").code == 1


def test_one_file_is_formatted_although_it_names_what_stands_in_others(files: Shell) -> None:
    files.write("users: {}\n", "b.yaml")
    files.write(CROOKED.partition("teams:")[1] + CROOKED.partition("teams:")[2], "a.yaml")

    assert files.ok("fmt", "schedules/a.yaml").out == "schedules/a.yaml\n"


def test_paths_may_be_several_and_a_file_is_named_once(files: Shell) -> None:
    files.write("users:  {}\n", "a.yaml")
    files.write("teams:  {}\n", "b.yaml")
    files.write("teams:  {}\n", "c.yaml")

    done = files.ok("fmt", "schedules/b.yaml", "schedules/a.yaml", "./schedules/b.yaml")
    assert done.out == "schedules/a.yaml\nschedules/b.yaml\n"


def test_a_path_that_is_not_there_ends_with_1_and_an_empty_folder_with_0(files: Shell) -> None:
    assert files.ok("fmt").err == "0 formatted, 0 already canonical\n"
    assert files("fmt", "nowhere").code == 1
    assert "cannot read nowhere" in files("fmt", "nowhere").err


def test_a_canonical_file_is_not_written_and_others_keep_their_mode(files: Shell) -> None:
    files.write(GOOD, "a.yaml")
    files.write("teams:  {}\n", "b.yaml")
    one, other = files.schedules / "a.yaml", files.schedules / "b.yaml"
    os.utime(one, (LONG_AGO, LONG_AGO))
    other.chmod(0o640)
    before = one.stat()
    files.ok("fmt")

    assert (one.stat().st_ino, one.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    assert stat.S_IMODE(other.stat().st_mode) == 0o640
    assert other.read_text() == "teams: {}\n"
    assert sorted(path.name for path in files.schedules.iterdir()) == ["a.yaml", "b.yaml"]


def test_a_link_in_the_tree_is_written_through_and_stays_a_link(files: Shell) -> None:
    hidden = files.schedules / ".hidden"
    hidden.mkdir()
    (hidden / "real.txt").write_text("teams:  {}\n")
    (files.schedules / "link.yaml").symlink_to(".hidden/real.txt")

    assert files.ok("fmt").out == "schedules/link.yaml\n"
    assert (files.schedules / "link.yaml").is_symlink()
    assert (hidden / "real.txt").read_text() == "teams: {}\n"


def test_a_link_out_of_the_tree_is_refused(files: Shell) -> None:
    (files.folder / "outside.yaml").write_text("teams:  {}\n")
    (files.schedules / "link.yaml").symlink_to("../outside.yaml")

    assert files("fmt").code == 1
    assert (files.folder / "outside.yaml").read_text() == "teams:  {}\n"


def test_windows_files_become_unix_files(files: Shell) -> None:
    (files.schedules / "a.yaml").write_bytes(b"\xef\xbb\xbf" + GOOD.replace("\n", "\r\n").encode())
    files.ok("fmt")

    assert (files.schedules / "a.yaml").read_bytes() == GOOD.encode()


def test_quiet_shows_only_what_is_wrong(files: Shell) -> None:
    files.write(CROOKED)

    assert files.ok("-q", "fmt").err == ""


def test_what_somebody_else_has_edited_meanwhile_is_not_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_bytes(b"theirs")

    with pytest.raises(OSError, match="changed meanwhile"):
        replace_content(str(path), before=b"old", after=b"new")
    assert path.read_bytes() == b"theirs"
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.yaml"]


def test_a_read_only_file_is_not_replaced(files: Shell) -> None:
    with unprivileged_folder() as folder:
        file = folder / "rota.yaml"
        file.write_text(CROOKED)
        file.chmod(0o444)
        give_up_privileges()
        done = files("fmt", str(folder))

        assert done.code == 1
        assert "read-only" in done.err
        assert file.read_text() == CROOKED


def test_one_file_that_cannot_be_written_keeps_no_other_from_it(files: Shell) -> None:
    with unprivileged_folder() as folder:
        for name in ("a", "b", "c"):
            (folder / name).mkdir()
            (folder / name / "rota.yaml").write_text(CROOKED)
            (folder / name / "rota.yaml").chmod(0o666)
            (folder / name).chmod(0o555 if name == "b" else 0o777)
        give_up_privileges()
        done = files("fmt", *(str(folder / name / "rota.yaml") for name in ("a", "b", "c")))

        assert done.code == 1
        assert done.out.split() == [str(folder / name / "rota.yaml") for name in ("a", "c")]
        assert f"error: {folder}/b/rota.yaml: its folder: Permission denied\n" in done.err
        assert done.err.endswith("2 formatted, 0 already canonical, 1 not written\n")


def test_pre_commit_hooks_run_commands_that_exist_on_files_that_are_read() -> None:
    hooks = (ROOT / ".pre-commit-hooks.yaml").read_text()
    ids, readme = re.findall(r"- id: (\S+)", hooks), (ROOT / "README.md").read_text()
    patterns = re.findall(r"files: (\S+)", hooks)

    assert re.findall(r"entry: oncall-gitops (\w+)", hooks) == ["validate", "fmt"]
    assert sorted(re.findall(r"\{id: (\S+)\}", readme)) == sorted(ids)
    assert len(patterns) == 2
    assert "always_run: true" in hooks.split("- id: ")[1]  # deleting a file is a change, too
    for path in find_files(ROOT / "schedules")[0]:
        name = Path(path.path).relative_to(ROOT).as_posix()
        assert all(re.search(pattern, name) for pattern in patterns)
    assert not re.search(patterns[1], "schedules/.hidden/a.yaml")
    assert not re.search(patterns[1], "schedules/.a.yaml")
