"""What GitHub's runner does with a workflow, as far as our steps can tell: expressions, files, shells.

An expression that a test gives no value for is an error, so that no step runs with less than it would get.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
WORKFLOWS = ROOT / ".github" / "workflows"
ACTION = ROOT / ".github" / "actions" / "oncall-gitops"
EXPRESSION = re.compile(r"\$\{\{\s*(.+?)\s*\}\}")


def read_yaml(file: Path) -> Any:
    """Plain strings throughout: `on` stays a key."""
    return yaml.load(file.read_text(), Loader=yaml.BaseLoader)  # noqa: S506 (makes strings and nothing else)


def steps_of(workflow: str, job: str) -> list[dict[str, Any]]:
    steps: list[dict[str, Any]] = read_yaml(WORKFLOWS / workflow)["jobs"][job]["steps"]
    return steps


def action_step(name: str) -> dict[str, Any]:
    [step] = [s for s in read_yaml(ACTION / "action.yml")["runs"]["steps"] if s.get("name") == name]
    found: dict[str, Any] = step
    return found


@dataclass(frozen=True, slots=True)
class Ran:
    """How a step ended, and what it told the runner."""

    code: int
    out: str
    err: str
    outputs: dict[str, str]
    summary: str
    paths: list[str]


@dataclass(frozen=True, slots=True)
class Runner:
    """One job on one machine: a work tree, a temporary folder, an event."""

    workspace: Path
    temp: Path
    event: Mapping[str, Any] = field(default_factory=dict)
    env: Mapping[str, str] = field(default_factory=dict)

    def run(self, step: Mapping[str, Any], values: Mapping[str, str] | None = None) -> Ran:
        """Execute one step's `run:` as GitHub does; `values` are those of the expressions in its `env`."""
        assert "${{" not in step["run"], "an expression inside a script is read as code"
        own = {name: _expanded(value, values or {}) for name, value in step.get("env", {}).items()}
        files = {name: self.temp / name for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY", "GITHUB_PATH")}
        for file in files.values():
            file.write_text("")
        (self.temp / "event.json").write_text(json.dumps(self.event))
        script = self.temp / "script.sh"
        script.write_text(step["run"])
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", str(script)],
            cwd=self.workspace,
            env={**self._environment(), **{k: str(v) for k, v in files.items()}, **self.env, **own},
            capture_output=True,
            text=True,
            check=False,
            stdin=subprocess.DEVNULL,
            timeout=120,
        )
        outputs = dict(line.partition("=")[::2] for line in files["GITHUB_OUTPUT"].read_text().splitlines())
        return Ran(
            done.returncode,
            done.stdout,
            done.stderr,
            outputs,
            files["GITHUB_STEP_SUMMARY"].read_text(),
            files["GITHUB_PATH"].read_text().split(),
        )

    def _environment(self) -> dict[str, str]:
        """No more of ours than a fresh runner would have, and the program on PATH."""
        program = self.temp / "bin" / "oncall-gitops"
        if not program.exists():
            program.parent.mkdir(exist_ok=True)
            program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m oncall_gitops "$@"\n')
            program.chmod(0o755)
        return {
            "PATH": f"{program.parent}:{os.environ['PATH']}",
            "HOME": str(self.temp),
            "PYTHONPATH": str(ROOT),
            "LANG": "C.UTF-8",
            "CI": "true",
            "GITHUB_ACTIONS": "true",
            "GITHUB_ACTION_PATH": str(ACTION),
            "GITHUB_ACTOR": "octocat",
            "GITHUB_EVENT_PATH": str(self.temp / "event.json"),
            "GITHUB_REPOSITORY": "acme/oncall",
            "GITHUB_WORKSPACE": str(self.workspace),
            "RUNNER_TEMP": str(self.temp),
        }


def _expanded(text: str, values: Mapping[str, str]) -> str:
    return EXPRESSION.sub(lambda found: values[found[1]], text)
