"""What must hold of the project itself: locks, papers, samples, and what the wheel carries."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

from oncall_gitops import __version__
from oncall_gitops.cli import COMMANDS
from oncall_gitops.settings import load_settings

ROOT = Path(__file__).parents[1]
LOCKS = ("requirements.lock", "requirements-dev.lock")
PIN = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[^\]]*\])?==(\S+)", re.MULTILINE)


def pins(lock: str) -> dict[str, str]:
    return dict(PIN.findall((ROOT / lock).read_text()))


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_names_no_host_and_no_path(lock: str) -> None:
    assert re.search(r"://|^-|@ |find-links|index-url", (ROOT / lock).read_text(), re.MULTILINE) is None


@pytest.mark.parametrize("lock", LOCKS)
def test_everything_in_a_lock_is_pinned_with_hashes(lock: str) -> None:
    text = (ROOT / lock).read_text()
    requirements = [part for part in re.split(r"\n(?=[A-Za-z])", text) if not part.startswith("#")]

    assert len(requirements) == len(pins(lock))
    assert all("--hash=sha256:" in requirement for requirement in requirements)


def test_both_locks_agree() -> None:
    assert pins("requirements.lock").items() <= pins("requirements-dev.lock").items()


def test_every_declared_dependency_is_locked() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    names = {re.split(r"[\[><=;]", requirement)[0] for requirement in project["dependencies"]}
    assert names <= pins("requirements.lock").keys()

    for extra, requirements in project["optional-dependencies"].items():
        lock = "requirements-bench.lock" if extra == "bench" else "requirements-dev.lock"
        assert {re.split(r"[\[><=;]", name)[0] for name in requirements} <= pins(lock).keys()


def test_the_readme_names_the_commands_that_exist_and_no_others() -> None:
    table = (ROOT / "README.md").read_text().partition("## Commands")[2].partition("\n## ")[0]

    assert set(re.findall(r"^\| `([a-z]+)", table, re.MULTILINE)) == set(COMMANDS)


def test_every_command_has_a_module_and_every_module_that_is_a_command_is_listed() -> None:
    folder = ROOT / "oncall_gitops" / "commands"
    modules = {
        path.stem
        for path in folder.glob("*.py")
        if re.search(r"^def command\(", path.read_text(), re.MULTILINE)
    }

    assert modules == {module for module, _ in COMMANDS.values()}


def test_the_papers_link_to_files_that_are_there() -> None:
    papers = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
    links = [
        (paper, target)
        for paper in papers
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", paper.read_text())
    ]
    assert [(str(paper), target) for paper, target in links if not (paper.parent / target).exists()] == []


def test_the_sample_settings_are_the_defaults(tmp_path: Path) -> None:
    samples = load_settings(ROOT / "schedules")
    defaults = load_settings(tmp_path / "schedules")

    assert samples.file is not None
    assert (samples.horizon, samples.limits) == (defaults.horizon, defaults.limits)


def test_the_editor_schema_of_the_samples_is_the_one_that_the_program_writes() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "oncall_gitops", "schema"],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
    )
    assert (ROOT / "schedules" / ".schema.json").read_text() == done.stdout


@pytest.mark.parametrize("day", ["2026-11-22", "2027-06-30", "2028-03-01", "2040-01-01"])
def test_the_samples_are_valid_and_nothing_warns_as_time_goes_on(day: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "oncall_gitops", "validate", "--strict", "--as-of", day],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_wheel_carries_the_migrations_and_the_command(tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    [wheel] = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as content:
        names = content.namelist()
        entry_points = content.read(f"oncall_gitops-{__version__}.dist-info/entry_points.txt").decode()

    assert "oncall_gitops/migrations/env.py" in names
    assert any(re.fullmatch(r"oncall_gitops/migrations/versions/\w+\.py", name) for name in names)
    assert "oncall_gitops/py.typed" in names
    assert "oncall-gitops = oncall_gitops.cli:main" in entry_points
    assert not [name for name in names if name.startswith(("tests/", "schedules/", "benchmarks/"))]
