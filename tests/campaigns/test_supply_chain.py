"""What a release is made of, who may publish it, and that anybody can build the same bytes."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from importlib.metadata import requires
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from packaging.requirements import Requirement

from tests.github.runner import ROOT, WORKFLOWS, read_yaml
from tests.test_house import pins

RELEASE = WORKFLOWS / "release.yml"
PARTS = ("pyproject.toml", "README.md", "LICENSE", "oncall_gitops", "migrations")
EPOCH = 1_780_000_000


@pytest.fixture(scope="module")
def sbom() -> ModuleType:
    spec = importlib.util.spec_from_file_location("sbom", ROOT / ".github/release/sbom.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def copied(folder: Path, *, time: int, mask: int, reverse: bool) -> Path:
    """The sources in another folder, as another machine would have them: other times, rights and order."""
    folder.mkdir(parents=True)
    for part in sorted(PARTS, reverse=reverse):
        source = ROOT / part
        if source.is_dir():
            shutil.copytree(source, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, folder / part)
    for path in [folder, *folder.rglob("*")]:
        path.chmod((0o777 if path.is_dir() else 0o666) & ~mask)
        os.utime(path, (time, time))
    return folder


def test_two_builds_in_other_places_at_other_times_are_the_same_bytes(tmp_path: Path) -> None:
    places = [
        copied(tmp_path / "a", time=1_600_000_000, mask=0o022, reverse=False),
        copied(tmp_path / "elsewhere" / "b", time=1_700_000_001, mask=0o077, reverse=True),
    ]
    builds = [
        subprocess.Popen(
            [sys.executable, "-m", "hatchling", "build", "-d", "dist"],
            cwd=place,
            env={**os.environ, "SOURCE_DATE_EPOCH": str(EPOCH), "TZ": zone, "PYTHONHASHSEED": seed},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        for place, zone, seed in zip(places, ("UTC", "Asia/Tokyo"), ("1", "2"), strict=True)
    ]
    assert [build.wait(60) for build in builds] == [0, 0]

    first, second = (
        {file.name: file.read_bytes() for file in (place / "dist").iterdir()} for place in places
    )
    assert sorted(name.rsplit(".", 1)[1] for name in first) == ["gz", "whl"]
    assert first == second
    [wheel] = (places[0] / "dist").glob("*.whl")
    with zipfile.ZipFile(wheel) as content:
        assert {info.date_time[0] for info in content.infolist()} == {2026}


def test_the_bill_of_materials_lists_what_is_locked_with_every_hash(sbom: ModuleType) -> None:
    lock = (ROOT / "requirements.lock").read_text()
    document = sbom.bill(lock, version="1.2.3", made_at=EPOCH)

    listed = {part["name"]: part for part in document["components"]}
    assert {name: part["version"] for name, part in listed.items()} == pins("requirements.lock")
    hashes = [
        each["value"] for part in listed.values() for each in part["properties"] if "sha256" in each["name"]
    ]
    assert sorted(hashes) == sorted(re.findall(r"sha256:([0-9a-f]{64})", lock))
    references = [part["bom-ref"] for part in listed.values()]
    assert len(set(references)) == len(references)
    assert document["dependencies"][0]["dependsOn"] == references
    assert all(
        part["purl"] == f"pkg:pypi/{part['name'].lower()}@{part['version']}" for part in listed.values()
    )


def test_whatever_is_installed_with_the_package_is_on_the_bill(sbom: ModuleType) -> None:
    """The dependencies of the dependencies, as the installed metadata tells them for this machine."""
    document = sbom.bill((ROOT / "requirements.lock").read_text(), version="1", made_at=EPOCH)
    listed = {part["bom-ref"].split("/")[1].split("@")[0] for part in document["components"]}
    wanted = [Requirement(text) for text in _declared()]
    seen: set[str] = set()
    while wanted:
        requirement = wanted.pop()
        name = re.sub(r"[-_.]+", "-", requirement.name).lower()
        if name not in seen:
            seen.add(name)
            extras = requirement.extras or {""}
            wanted += [
                each
                for text in requires(name) or ()
                if (each := Requirement(text))
                and (each.marker is None or any(each.marker.evaluate({"extra": extra}) for extra in extras))
            ]
    assert len(seen) > 20
    assert seen <= listed


def _declared() -> list[str]:
    declared: list[str] = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    return declared


def test_the_bill_is_the_same_for_the_same_lock_and_time_and_a_whole_document(tmp_path: Path) -> None:
    command = [
        sys.executable,
        str(ROOT / ".github/release/sbom.py"),
        str(ROOT / "requirements.lock"),
        "1.2.3",
    ]
    environment = {**os.environ, "SOURCE_DATE_EPOCH": str(EPOCH)}
    first, second = (subprocess.check_output(command, env=environment, cwd=tmp_path) for _ in range(2))

    assert first == second
    document = json.loads(first)
    assert document["metadata"]["timestamp"] == "2026-05-28T20:26:40Z"
    assert re.fullmatch(r"urn:uuid:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", document["serialNumber"])


def test_only_the_job_that_publishes_can_prove_who_it_is_and_it_runs_nothing_of_ours() -> None:
    document = read_yaml(RELEASE)
    jobs: dict[str, Any] = document["jobs"]

    assert document["on"] == {"push": {"tags": ["v*"]}}
    assert document["permissions"] in ({}, "{}")
    assert {name: job["permissions"] for name, job in jobs.items()} == {
        "build": {"contents": "read"},
        "publish": {"id-token": "write"},
        "attach": {"contents": "write"},
    }
    assert jobs["publish"]["environment"] == "release"
    assert jobs["publish"]["needs"] == "build"
    assert not any("run" in step or "checkout" in step["uses"] for step in jobs["publish"]["steps"])
    assert "secrets." not in RELEASE.read_text()
    assert "password" not in str(jobs)


def test_what_is_published_was_tested_and_built_twice() -> None:
    steps = read_yaml(RELEASE)["jobs"]["build"]["steps"]
    told = [step.get("run", "") for step in steps]
    assert told.index("make check") < told.index("bash .github/release/build.sh")

    script = (ROOT / ".github/release/build.sh").read_text()
    assert script.count("hatchling build") == 2
    assert "diff -r" in script
    assert "set -euo pipefail" in script


@pytest.mark.parametrize("tag", ["v9.9.9", "0.1.0", "v0.1.0; id", "--help"])
def test_a_tag_that_is_not_the_version_builds_nothing(tmp_path: Path, tag: str) -> None:
    (tmp_path / "oncall_gitops").mkdir()
    shutil.copy(ROOT / "oncall_gitops/__init__.py", tmp_path / "oncall_gitops")
    done = subprocess.run(
        ["bash", ROOT / ".github/release/build.sh"],
        cwd=tmp_path,
        env={**os.environ, "TAG": tag},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "is not the version" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["oncall_gitops"]


def test_the_audit_reads_both_locks_with_their_hashes_and_may_only_read() -> None:
    document = read_yaml(WORKFLOWS / "audit.yml")
    [job] = document["jobs"].values()
    assert job["permissions"] == {"contents": "read"}
    [run] = [step["run"] for step in job["steps"] if "run" in step]
    assert {"--require-hashes", "--disable-pip", "requirements.lock", "requirements-dev.lock"} <= set(
        run.split()
    )


def test_updates_are_proposed_for_actions_libraries_and_images() -> None:
    document = read_yaml(ROOT / ".github/dependabot.yml")
    assert {update["package-ecosystem"] for update in document["updates"]} == {
        "github-actions",
        "pip",
        "docker",
    }


def test_no_paper_of_the_release_names_the_host_of_an_index() -> None:
    hosts = re.compile(r"(?:pypi|pythonhosted)\.org|registry\.[\w-]+\.|index-url", re.IGNORECASE)
    files = [path for path in (ROOT / ".github").rglob("*") if path.is_file() and path.suffix != ".pyc"]
    files += [
        *ROOT.glob("requirements*.lock"),
        ROOT / "pyproject.toml",
        ROOT / "Makefile",
    ]
    assert [
        str(file) for file in files if hosts.search(file.read_text().replace("--no-emit-index-url", ""))
    ] == []


def test_whatever_is_installed_from_a_lock_is_the_lock_and_nothing_else() -> None:
    """A lock names every dependency. Let pip look for some, and a new release of one breaks the next install."""
    papers = [
        ROOT / "Makefile",
        ROOT / ".github/actions/oncall-gitops/install.sh",
        *(ROOT / "deploy").iterdir(),
    ]
    installs = [
        line.strip()
        for paper in papers
        for line in paper.read_text().splitlines()
        if re.search(r"-r \S*requirements\S*\.lock", line)
    ]

    assert len(installs) == 6
    assert [line for line in installs if "--no-deps --require-hashes -r" not in line] == []


def test_the_locks_leave_no_dependency_out() -> None:
    done = subprocess.run([sys.executable, "-m", "pip", "check"], capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout


def test_every_proof_that_the_threats_name_is_there() -> None:
    text = (ROOT / "SECURITY.md").read_text()
    proofs = re.findall(r"`(tests/[\w/]+(?:\.py|/))`", text)
    assert len(set(proofs)) > 20
    assert [proof for proof in proofs if not (ROOT / proof).exists()] == []
    rows = [line for line in text.splitlines() if line.startswith("| ") and "tests/" not in line]
    assert rows == ["| asset | who, and how | what holds | proof |"]
