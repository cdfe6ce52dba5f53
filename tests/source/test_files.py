"""Which files of a folder are read, and which are refused before anything opens them."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from oncall_gitops.core.problem import Problem
from oncall_gitops.source.files import find_files, read_bytes
from oncall_gitops.source.read import load
from tests.source.reading import give_up_privileges, unprivileged_folder

USERS = "users: {alice: {name: Alice, email: alice@example.com}}\n"


def found(path: Path) -> tuple[list[str], list[str]]:
    """The names below the path of the files to read, and the codes of what is wrong with the others."""
    files, problems = find_files(path)
    return [os.path.relpath(file.name, path) for file in files], [problem.code for problem in problems]


def test_yaml_files_in_any_folder_are_read_in_order_of_their_names(tmp_path: Path) -> None:
    for name in ("b.yaml", "a/z.yml", "a/b/c.yaml", "notes.md", ".hidden.yaml", ".git/x.yaml", "a/.x/y.yaml"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(USERS)

    assert found(tmp_path) == (["a/b/c.yaml", "a/z.yml", "b.yaml"], [])


def test_a_path_may_be_one_file(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(USERS)

    assert load(tmp_path / "a.yaml").desired is not None


def test_names_are_as_one_would_type_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "schedules").mkdir()
    (tmp_path / "schedules" / "a.yaml").write_text(USERS)
    monkeypatch.chdir(tmp_path)
    typed = [Path("schedules"), tmp_path / "schedules", Path("./schedules/"), Path("schedules/a.yaml")]

    assert {find_files(path)[0][0].name for path in typed} == {"schedules/a.yaml"}
    monkeypatch.chdir(tmp_path / "schedules")
    assert find_files(Path())[0][0].name == "a.yaml"
    monkeypatch.chdir(tmp_path / "sub")
    assert find_files(Path("../schedules"))[0][0].name == "../schedules/a.yaml"
    assert find_files(tmp_path / "schedules")[0][0].name == f"{tmp_path.as_posix()}/schedules/a.yaml"


def test_a_path_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    assert found(tmp_path / "nowhere") == ([], ["OG106"])


def test_a_folder_without_yaml_loads_as_nothing_so_that_reconcile_can_judge_it(tmp_path: Path) -> None:
    loaded = load(tmp_path)

    assert loaded.files == 0
    assert loaded.problems == []
    assert loaded.desired is not None
    assert loaded.desired.state.schedules == {}


def test_links_that_dangle_loop_or_leave_the_tree_are_errors(tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    tree.mkdir()
    (tmp_path / "outside.yaml").write_text(USERS)
    (tmp_path / "folder").mkdir()
    (tree / "dangling.yaml").symlink_to("nowhere.yaml")
    (tree / "loop.yaml").symlink_to("loop.yaml")
    (tree / "out.yaml").symlink_to(tmp_path / "outside.yaml")
    (tree / "environ.yaml").symlink_to("/proc/self/environ")
    (tree / "teams").symlink_to(tmp_path / "folder")

    assert found(tree) == ([], ["OG103"] * 5)


def test_a_link_inside_of_the_tree_is_read_but_never_twice(tmp_path: Path) -> None:
    """A mounted configuration shows its files as links into a hidden folder."""
    (tmp_path / "..data").mkdir()
    (tmp_path / "..data" / "a.yaml").write_text(USERS)
    (tmp_path / "a.yaml").symlink_to("..data/a.yaml")
    (tmp_path / "b.yaml").symlink_to("a.yaml")

    assert found(tmp_path) == (["a.yaml"], [])
    assert load(tmp_path).desired is not None


def test_what_is_no_regular_file_is_never_opened(tmp_path: Path) -> None:
    (tmp_path / "folder.yaml").mkdir()
    os.mkfifo(tmp_path / "pipe.yaml")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(os.fspath(tmp_path / "s.yaml"))

        assert found(tmp_path) == ([], ["OG102"] * 3)


def test_a_pipe_as_the_path_itself_does_not_hang(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.yaml")

    assert found(tmp_path / "pipe.yaml") == ([], ["OG102"])


def test_a_file_of_one_mebibyte_is_read_and_a_larger_one_is_not(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_bytes(b"#" * (1024 * 1024))
    (tmp_path / "b.yaml").write_bytes(b"#" * (1024 * 1024 + 1))
    [one, two], _ = find_files(tmp_path)

    assert isinstance(read_bytes(one), bytes)
    too_large = read_bytes(two)
    assert isinstance(too_large, Problem)
    assert too_large.code == "OG104"


def test_names_that_are_not_utf8_or_hide_something_are_errors(tmp_path: Path) -> None:
    for name in (b"a\xff.yaml", b"b\n.yaml", "c\u202e.yaml".encode()):
        with open(os.path.join(os.fsencode(tmp_path), name), "w") as file:
            file.write(USERS)
    _, problems = find_files(tmp_path)

    assert [problem.code for problem in problems] == ["OG105"] * 3
    assert all((problem.origin.file + problem.message).isprintable() for problem in problems)


@pytest.mark.parametrize("char", "\xad\u034f\u061c\u180e\u2800\u3164\ufff9\U000e0041\U0001bca0\ue000")
def test_a_name_that_hides_anything_is_an_error(char: str, tmp_path: Path) -> None:
    (tmp_path / f"a{char}.yaml").write_text(USERS)
    [problem] = find_files(tmp_path)[1]

    assert problem.code == "OG105"
    assert char not in problem.origin.file + problem.message


def test_a_path_that_is_too_long_is_an_error(tmp_path: Path) -> None:
    deep = tmp_path.joinpath(*["d" * 200] * 6)
    deep.mkdir(parents=True)
    (deep / "a.yaml").write_text(USERS)

    assert found(tmp_path) == ([], ["OG105"])


def test_a_suffix_in_capitals_is_a_warning_since_the_file_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "A.YAML").write_text(USERS)
    [problem] = find_files(tmp_path)[1]

    assert (problem.code, problem.severity) == ("OG920", "warning")


def test_what_cannot_be_read_is_an_error() -> None:
    with unprivileged_folder() as folder:
        (folder / "a.yaml").write_text(USERS)
        (folder / "a.yaml").chmod(0)
        give_up_privileges()

        assert [problem.code for problem in load(folder).problems] == ["OG101"]
