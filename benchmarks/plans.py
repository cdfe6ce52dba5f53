"""Whole commands, cold: an apply without a change, and `reconcile --dry-run` with one.

Against the latter, `terraform plan` and `octodns-sync` with one change. Each is a process of its own, imports and
files included, and compares as many objects: Terraform's are built-in resources (`terraform_data`, no provider to talk
to), octoDNS's are DNS records in YAML, read from one folder and compared with another. Ours asks a PostgreSQL that runs
already. The CPU time of the command is compared, since others use the machine, too.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple
from uuid import UUID

from benchmarks import measuring, organisation
from benchmarks.measuring import Figure
from oncall_gitops.store.database import Database
from oncall_gitops.store.embedded import EmbeddedServer

OBJECTS_A_SCHEDULE = 15
"""The schedule, four rotations, ten overrides, and its share of people: about as many records or resources."""


_PEERS_UP_TO = 1_000
"""Terraform takes gigabytes for more."""


class Run(NamedTuple):
    """Wall and CPU seconds of a process and what it waited for, and its peak memory."""

    seconds: float
    cpu: float
    peak_mb: float


def measure(arguments: argparse.Namespace) -> list[Figure]:
    sizes = arguments.schedules or ([67, 667, 10_000] if arguments.full else [67, 667])
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        root.chmod(0o755)
        with EmbeddedServer(root / ".oncall-gitops") as server:
            return [figure for size in sizes for figure in _of_size(server, root, size)]


def _of_size(server: EmbeddedServer, root: Path, size: int) -> list[Figure]:
    first, same, ours = _ours(server, root / f"ours-{size}", size)
    count = size * OBJECTS_A_SCHEDULE
    command = f"whole command, {size:,} schedules"
    what = f"{command}, one change"
    figures = [
        Figure("6", f"{what}: ours", ours.cpu, "s CPU", note=f"{ours.seconds:.1f} s"),
        Figure("6", f"{what}: peak memory", ours.peak_mb, "MB"),
        Figure("6", f"{command}, applied, no change: ours", same.cpu, "s CPU", note=f"{same.seconds:.1f} s"),
        Figure("6", f"{command}, applied, no change: peak memory", same.peak_mb, "MB"),
        Figure("6", f"{command}, applied for the first time: peak memory", first.peak_mb, "MB"),
    ]
    if size > _PEERS_UP_TO:
        return figures
    peers: tuple[tuple[str, Callable[[Path, int], Run | None], float], ...] = (
        (f"terraform plan of {count:,} resources", _terraform, 5),
        (f"octodns-sync of {size:,} zones with {OBJECTS_A_SCHEDULE} records", _octodns, 50),
    )
    for name, peer, goal in peers:
        theirs = peer(root / f"{peer.__name__}-{size}", size)
        label = f"{what}: {name} / ours"
        if theirs is None:
            figures.append(measuring.missing("6", label, name.split()[0]))
        else:
            note = f"{theirs.cpu:.1f} s CPU, {theirs.seconds:.1f} s, {theirs.peak_mb:.0f} MB"
            figures.append(Figure("6", label, theirs.cpu / ours.cpu, "x", goal, note=note))
    return figures


def _ours(server: EmbeddedServer, folder: Path, size: int) -> tuple[Run, Run, Run]:
    """The first apply, one without a change, and a dry run with one change."""
    organisation.write(folder / "schedules", schedules=size)
    name = f"of_{size}"
    _psql(server, f"CREATE DATABASE {name}")
    database = Database(name, {**server.connection, "dbname": name})
    database.upgrade()
    environment = {"DATABASE_URL": database.url}
    command = [
        sys.executable,
        "-m",
        "oncall_gitops",
        "reconcile",
        "--as-of",
        organisation.NOW,
        "--horizon",
        "7d",
    ]
    first = _measured([*command, "--yes"], folder, environment)
    _psql(server, "VACUUM ANALYZE", database=name)  # as autovacuum would, soon
    same = _best([*command, "--yes"], folder, environment)
    organisation.edit_one(folder / "schedules")
    return first, same, _best([*command, "--dry-run"], folder, environment)


def _terraform(folder: Path, size: int) -> Run | None:
    program = shutil.which("terraform")
    if program is None:
        return None
    folder.mkdir()
    count = size * OBJECTS_A_SCHEDULE
    blocks = (
        f'resource "terraform_data" "r{number}" {{\n  input = "value {number}"\n}}\n'
        for number in range(count)
    )
    (folder / "main.tf").write_text("".join(blocks), encoding="utf-8")
    (folder / "terraform.tfstate").write_text(json.dumps(_terraform_state(count)), encoding="utf-8")
    settings = folder / "terraform.rc"
    settings.write_text("", encoding="utf-8")
    quiet = {"TF_CLI_CONFIG_FILE": str(settings), "CHECKPOINT_DISABLE": "1", "TF_IN_AUTOMATION": "1"}
    _measured([program, "init", "-input=false"], folder, quiet)
    return _best([program, "plan", "-input=false"], folder, quiet, rounds=1)


def _terraform_state(count: int) -> dict[str, object]:
    """As if all had been applied, but for one that has changed since; applying takes an hour."""

    def resource(number: int) -> dict[str, object]:
        value = {"value": f"value {number or 'before'}", "type": "string"}
        attributes = {"id": str(UUID(int=number)), "input": value, "output": value, "triggers_replace": None}
        return {
            "mode": "managed",
            "type": "terraform_data",
            "name": f"r{number}",
            "provider": 'provider["terraform.io/builtin/terraform"]',
            "instances": [{"schema_version": 0, "attributes": attributes, "sensitive_attributes": []}],
        }

    return {
        "version": 4,
        "terraform_version": "1.9.0",
        "serial": 1,
        "lineage": str(UUID(int=0)),
        "outputs": {},
        "resources": [resource(number) for number in range(count)],
    }


def _octodns(folder: Path, size: int) -> Run | None:
    program = Path(sys.executable).parent / "octodns-sync"
    if not program.exists():
        return None
    for side in ("wanted", "there"):
        (folder / side).mkdir(parents=True)
        for number in range(size):
            lines = [
                f"r{record}: {{type: A, ttl: 300, value: 10.0.{record}.{number % 250}}}"
                for record in range(OBJECTS_A_SCHEDULE)
            ]
            (folder / side / f"zone{number}.example.com.yaml").write_text("\n".join(sorted(lines)) + "\n")
    edited = folder / "wanted" / "zone0.example.com.yaml"
    edited.write_text(edited.read_text().replace("ttl: 300", "ttl: 600", 1))
    providers = "".join(
        f"  {side}: {{class: octodns.provider.yaml.YamlProvider, directory: ./{side}, default_ttl: 300, "
        "enforce_order: false}\n"
        for side in ("wanted", "there")
    )
    zones = "".join(
        f"  zone{number}.example.com.:\n    sources: [wanted]\n    targets: [there]\n"
        for number in range(size)
    )
    (folder / "config.yaml").write_text(f"providers:\n{providers}zones:\n{zones}")
    return _best([str(program), "--config-file", "config.yaml"], folder, {}, rounds=1)


def _best(command: Sequence[str], folder: Path, environment: dict[str, str], *, rounds: int = 3) -> Run:
    runs = [_measured(command, folder, environment) for _ in range(rounds)]
    return Run(
        min(run.seconds for run in runs), min(run.cpu for run in runs), max(run.peak_mb for run in runs)
    )


def _measured(command: Sequence[str], folder: Path, environment: dict[str, str]) -> Run:
    """Run a command that must succeed."""
    with tempfile.TemporaryFile() as said:
        started = time.perf_counter()
        process = subprocess.Popen(
            command,
            cwd=folder,
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[1]), **environment},
            stdout=said,
            stderr=subprocess.STDOUT,
        )
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            said.seek(0)
            raise SystemExit(f"{' '.join(command)}\n{said.read().decode(errors='replace')[-2000:]}")
    return Run(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def _psql(server: EmbeddedServer, statement: str, *, database: str = "postgres") -> None:
    import psycopg

    with psycopg.connect(**{**server.connection, "dbname": database}, autocommit=True) as connection:
        connection.execute(statement.encode())


def _options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--schedules", type=int, nargs="+", help="sizes")


if __name__ == "__main__":
    measuring.run(__doc__, measure, options=_options)
