"""What runs outside of GitHub: a CronJob, a timer and an image, each without more rights than it needs."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from oncall_gitops import __version__
from oncall_gitops.calendar_settings import calendar_settings
from oncall_gitops.calendars.run import PASS_SECONDS
from oncall_gitops.cli import run
from tests.github.runner import ROOT

DEPLOY = ROOT / "deploy"
SETTINGS = {f"ONCALL_GITOPS_{name.upper()}" for name, _, _ in calendar_settings()}
EXIT_CODES_THAT_STAY = {"1", "3", "64", "70"}


def manifests() -> dict[str, Any]:
    text = (DEPLOY / "cronjob.yaml").read_text()
    return {found["kind"]: found for found in yaml.safe_load_all(text)}


def pod() -> Any:
    return manifests()["CronJob"]["spec"]["jobTemplate"]["spec"]["template"]["spec"]


def containers() -> list[Any]:
    return [*pod()["initContainers"], *pod()["containers"]]


# Kubernetes ---------------------------------------------------------------------------------------------


def worker() -> Any:
    """The Deployment that keeps calendars right."""
    return yaml.safe_load((DEPLOY / "worker.yaml").read_text())


def worker_pod() -> Any:
    return worker()["spec"]["template"]["spec"]


def test_a_worker_lives_by_the_rules_of_the_cronjob() -> None:
    assert (worker()["apiVersion"], worker()["kind"]) == ("apps/v1", "Deployment")
    labels = worker()["spec"]["template"]["metadata"]["labels"]
    assert worker()["spec"]["selector"]["matchLabels"] == labels
    assert manifests()["NetworkPolicy"]["spec"]["podSelector"]["matchLabels"].items() <= labels.items()
    assert worker_pod()["serviceAccountName"] == manifests()["ServiceAccount"]["metadata"]["name"]
    [container], [reconcile] = worker_pod()["containers"], pod()["containers"]
    assert container["image"] == reconcile["image"]
    assert container["securityContext"] == reconcile["securityContext"]
    assert worker_pod()["securityContext"] == pod()["securityContext"]
    assert worker_pod()["automountServiceAccountToken"] is False


def test_a_worker_has_time_to_end_and_its_secrets_are_secrets() -> None:
    [container] = worker_pod()["containers"]
    values = {variable["name"]: variable["value"] for variable in container["env"] if "value" in variable}

    assert worker_pod()["terminationGracePeriodSeconds"] > PASS_SECONDS
    assert values == {"ONCALL_GITOPS_TOKEN_KEYS_FILE": "/secrets/token-keys"}
    secret = worker_pod()["volumes"][0]["secret"]
    assert secret["defaultMode"] == 0o440
    assert {variable["name"] for variable in container["env"]} - {"DATABASE_URL"} <= SETTINGS


def test_the_manifests_are_of_stable_apis() -> None:
    assert {kind: found["apiVersion"] for kind, found in manifests().items()} == {
        "ServiceAccount": "v1",
        "CronJob": "batch/v1",
        "NetworkPolicy": "networking.k8s.io/v1",
    }
    assert {found["metadata"]["name"] for found in manifests().values()} == {"oncall-gitops"}


def test_a_cronjob_neither_piles_up_nor_stops_for_good() -> None:
    spec = manifests()["CronJob"]["spec"]

    assert re.fullmatch(r"\d+ \* \* \* \*", spec["schedule"])
    assert spec["concurrencyPolicy"] == "Forbid"
    assert spec["startingDeadlineSeconds"] > 10
    assert spec["jobTemplate"]["spec"]["activeDeadlineSeconds"] < 3600
    assert spec["jobTemplate"]["spec"]["backoffLimit"] <= 3


def test_what_another_try_would_not_change_is_not_tried_again() -> None:
    [rule] = manifests()["CronJob"]["spec"]["jobTemplate"]["spec"]["podFailurePolicy"]["rules"]

    assert {str(code) for code in rule["onExitCodes"]["values"]} == EXIT_CODES_THAT_STAY
    assert rule["onExitCodes"]["containerName"] in {c["name"] for c in pod()["containers"]}
    assert pod()["restartPolicy"] == "Never"


def test_pods_have_no_rights_that_they_do_not_need() -> None:
    assert manifests()["ServiceAccount"]["automountServiceAccountToken"] is False
    assert pod()["automountServiceAccountToken"] is False
    assert pod()["securityContext"]["runAsNonRoot"] is True
    assert pod()["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    for container in containers():
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert "memory" in container["resources"]["limits"]


def test_pods_take_connections_from_nobody() -> None:
    policy = manifests()["NetworkPolicy"]["spec"]

    assert "Ingress" in policy["policyTypes"]
    assert "ingress" not in policy
    labels = manifests()["CronJob"]["spec"]["jobTemplate"]["spec"]["template"]["metadata"]["labels"]
    assert policy["podSelector"]["matchLabels"] == labels


def test_the_connection_string_is_a_secret_and_images_have_versions() -> None:
    [container] = pod()["containers"]

    assert container["env"] == [
        {
            "name": "DATABASE_URL",
            "valueFrom": {"secretKeyRef": {"name": "oncall-gitops", "key": "database-url"}},
        }
    ]
    assert all(re.search(r":v?\d+\.\d+\.\d+$", c["image"]) for c in containers())
    assert container["image"].endswith(f":{__version__}")
    mounted = {mount["name"] for c in containers() for mount in c["volumeMounts"]}
    assert mounted == {volume["name"] for volume in pod()["volumes"]}


# systemd ------------------------------------------------------------------------------------------------


def unit(name: str) -> dict[str, list[str]]:
    """Every setting of a unit with all its values."""
    found: dict[str, list[str]] = {}
    for line in (DEPLOY / name).read_text().splitlines():
        if "=" in line and not line.startswith("#"):
            key, _, value = line.partition("=")
            found.setdefault(key, []).append(value)
    return found


def test_the_service_is_hardened_and_the_timer_makes_up_for_what_it_missed() -> None:
    service, timer = unit("oncall-gitops.service"), unit("oncall-gitops.timer")

    assert service["Type"] == ["oneshot"]
    assert service["User"] == ["oncall"]
    assert service["ProtectSystem"] == ["strict"]
    assert service["CapabilityBoundingSet"] == [""]
    assert all(service[key] == ["yes"] for key in ("NoNewPrivileges", "PrivateTmp", "ProtectHome"))
    assert "Environment" not in service
    assert timer["Persistent"] == ["yes"]
    assert timer["WantedBy"] == ["timers.target"]


def test_a_worker_of_systemd_is_hardened_and_keeps_its_keys_in_a_credential() -> None:
    service, reconcile = unit("oncall-gitops-worker.service"), unit("oncall-gitops.service")
    differ = {"Type", "User", "Group", "WorkingDirectory", "ReadWritePaths", "TimeoutStartSec"}

    assert service["Restart"] == ["always"]
    assert service["DynamicUser"] == ["yes"]
    assert service["Environment"] == ["ONCALL_GITOPS_TOKEN_KEYS_FILE=%d/token-keys"]
    assert float(service["TimeoutStopSec"][0].removesuffix("s")) > PASS_SECONDS
    hardening = {
        key for key in reconcile if key.startswith(("Protect", "Private", "Restrict", "System", "No"))
    }
    assert {key: service[key] for key in hardening - differ} == {
        key: reconcile[key] for key in hardening - differ
    }


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="needs systemd-analyze")
def test_systemd_understands_the_units(tmp_path: Path) -> None:
    """With programs that are there in place of ours and git."""
    for name in ("oncall-gitops.service", "oncall-gitops.timer", "oncall-gitops-worker.service"):
        text = (DEPLOY / name).read_text().replace("User=oncall", "User=daemon").replace("Group=oncall", "")
        (tmp_path / name).write_text(re.sub(r"^(Exec\w+)=\S+", r"\1=/bin/true", text, flags=re.MULTILINE))

    done = subprocess.run(
        [
            *("systemd-analyze", "verify", "--man=no"),
            *(str(tmp_path / name) for name in ("oncall-gitops.timer", "oncall-gitops-worker.service")),
        ],
        capture_output=True,
        text=True,
        check=False,
    )

    assert [line for line in done.stderr.splitlines() if "oncall-gitops" in line] == []
    assert done.returncode == 0


# The image ----------------------------------------------------------------------------------------------


def instructions() -> list[tuple[str, str]]:
    text = (DEPLOY / "Dockerfile").read_text().replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    return [(name, rest.strip()) for name, _, rest in (line.partition(" ") for line in lines)]


def test_the_image_is_of_one_release_and_runs_as_nobody_in_particular() -> None:
    found = instructions()

    assert re.fullmatch(
        r"BASE=docker\.io/library/python:3\.\d+\.\d+-slim-\w+@sha256:[0-9a-f]{64}", found[0][1]
    )
    assert {rest.split()[0] for name, rest in found if name == "FROM"} == {"${BASE}"}
    assert [rest for name, rest in found if name == "USER"] == ["10001:10001"]
    assert [name for name, _ in found].index("ENTRYPOINT") > [name for name, _ in found].index("USER")


def test_the_image_is_built_from_the_lock_and_holds_no_secret() -> None:
    text = (DEPLOY / "Dockerfile").read_text()

    assert "--require-hashes -r requirements.lock" in text
    assert "--no-index" in text
    assert "ADD" not in {name for name, _ in instructions()}
    assert not re.search(r"DATABASE_URL|TOKEN|PASSWORD|SECRET|curl|wget", text)
    assert [rest for name, rest in instructions() if name == "COPY" and rest.startswith(". ")] == []


def test_all_that_the_image_copies_is_let_into_its_context() -> None:
    ignored = (DEPLOY / "Dockerfile.dockerignore").read_text().splitlines()
    copied = {
        name
        for instruction, rest in instructions()
        if instruction == "COPY" and not rest.startswith("--from")
        for name in rest.split()[:-1]
    }

    assert "*" in ignored
    assert copied == {line[1:] for line in ignored if line.startswith("!")}
    assert all((ROOT / name).exists() for name in copied)


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param(pod()["containers"][0]["args"], id="cronjob"),
        pytest.param(unit("oncall-gitops.service")["ExecStart"][0].split()[1:], id="systemd"),
    ],
)
def test_the_commands_are_commands_of_ours(
    arguments: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, database_url: str
) -> None:
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "schedules").mkdir()
    (tmp_path / "schedules" / "a.yaml").write_text("users: {}\n")

    assert run(arguments) == 0
