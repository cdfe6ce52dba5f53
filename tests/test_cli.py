"""The shell around every command: exit codes, what is told where, and how failures end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import click
import pytest

from oncall_gitops import cli
from oncall_gitops.core.errors import DatabaseUnreachable, StalePlan

PROGRAM = [sys.executable, "-m", "oncall_gitops"]


@pytest.fixture
def command_that(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], object]], None]:
    """Put a function in the place of `doctor`, so that a real command line can run it."""

    def place(function: Callable[[], object]) -> None:
        from oncall_gitops.commands import doctor

        monkeypatch.setattr(doctor, "command", click.command(name="doctor")(function))

    return place


def fails_with(error: BaseException) -> Callable[[], None]:
    def fail() -> None:
        raise error

    return fail


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["-v"],
        ["no-such-command"],
        ["--no-such-option"],
        ["--color", "purple", "doctor"],
        ["doctor", "--no-such-option"],
        ["doctor", "schedules", "one-argument-too-many"],
    ],
    ids=" ".join,
)
def test_wrong_usage_exits_64_and_says_so_on_stderr(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run(arguments) == 64

    printed = capsys.readouterr()
    assert printed.out == ""
    assert "Usage: oncall-gitops" in printed.err


@pytest.mark.parametrize("name", cli.COMMANDS)
def test_every_command_refuses_an_unknown_flag_with_64(name: str) -> None:
    assert cli.run([name, "--no-such-option"]) == 64


@pytest.mark.parametrize("name", cli.COMMANDS)
def test_every_command_explains_itself(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run([name, "--help"]) == 0
    assert capsys.readouterr().out.startswith(f"Usage: oncall-gitops {name}")


def test_a_mistyped_command_is_answered_with_the_close_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["reconcil"]) == 64
    assert "Did you mean 'reconcile'?" in capsys.readouterr().err


def test_a_failure_around_us_is_told_with_its_help_and_exit_code(
    command_that: Callable[[Callable[[], object]], None], capsys: pytest.CaptureFixture[str]
) -> None:
    command_that(fails_with(StalePlan("the plan is stale", help="plan again")))

    assert cli.run(["doctor"]) == 4
    assert capsys.readouterr().err == "error: the plan is stale\nhelp: plan again\n"


def test_a_password_never_reaches_an_error_message(
    command_that: Callable[[Callable[[], object]], None],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://app:s3cr%40t@db/oncall")
    command_that(fails_with(DatabaseUnreachable("no answer from postgresql://app:s3cr%40t@db, tried s3cr@t")))

    assert cli.run(["doctor"]) == 7
    assert capsys.readouterr().err == "error: no answer from postgresql://app:***@db, tried ***\n"


def test_a_bug_exits_70_and_shows_the_traceback_only_when_asked(
    command_that: Callable[[Callable[[], object]], None], capsys: pytest.CaptureFixture[str]
) -> None:
    command_that(fails_with(KeyError("password=hunter2")))

    assert cli.run(["doctor"]) == 70
    short = capsys.readouterr().err
    assert "this is a bug" in short
    assert "Traceback" not in short
    assert "hunter2" not in short

    assert cli.run(["-v", "doctor"]) == 70
    long = capsys.readouterr().err
    assert "Traceback" in long
    assert "hunter2" not in long


def test_a_file_that_cannot_be_read_is_no_bug(
    command_that: Callable[[Callable[[], object]], None], capsys: pytest.CaptureFixture[str]
) -> None:
    command_that(fails_with(PermissionError(13, "Permission denied", "plan.json")))

    assert cli.run(["doctor"]) == 1
    assert capsys.readouterr().err == "error: plan.json: Permission denied\n"


def test_ctrl_c_exits_130(
    command_that: Callable[[Callable[[], object]], None], capsys: pytest.CaptureFixture[str]
) -> None:
    command_that(fails_with(KeyboardInterrupt()))

    assert cli.run(["doctor"]) == 130
    assert capsys.readouterr().err.strip() == "interrupted"


def test_a_question_that_is_not_answered_exits_1(
    command_that: Callable[[Callable[[], object]], None], capsys: pytest.CaptureFixture[str]
) -> None:
    command_that(fails_with(click.Abort()))

    assert cli.run(["doctor"]) == 1
    assert capsys.readouterr().err == "aborted\n"


def test_a_reader_that_goes_away_is_not_told_about_it(
    command_that: Callable[[Callable[[], object]], None], capsys: pytest.CaptureFixture[str]
) -> None:
    command_that(fails_with(BrokenPipeError(32, "Broken pipe")))

    assert cli.run(["doctor"]) == 141
    assert capsys.readouterr().err == ""


def test_help_into_a_closed_pipe_is_quiet() -> None:
    read_end, write_end = os.pipe()
    os.close(read_end)
    with os.fdopen(write_end, "wb") as closed:
        done = subprocess.run([*PROGRAM, "--help"], stdout=closed, stderr=subprocess.PIPE, check=False)

    assert done.stderr == b""


def test_output_that_cannot_be_written_is_a_failure() -> None:
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run([*PROGRAM, "--version"], stdout=full, stderr=subprocess.PIPE, check=False)

    assert done.returncode == 1
    assert b"No space left on device" in done.stderr


def test_a_closed_stdout_is_no_crash() -> None:
    done = subprocess.run(
        ["/bin/sh", "-c", '"$0" -m oncall_gitops --version >&-', sys.executable],
        stderr=subprocess.PIPE,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, b"")


def test_sigterm_unwinds_and_exits_143() -> None:
    script = (
        "import click, time\n"
        "from oncall_gitops import cli\n"
        "from oncall_gitops.commands import doctor\n"
        "@click.command\n"
        "def slow():\n"
        "    try:\n"
        "        print('ready', flush=True)\n"
        "        time.sleep(30)\n"
        "    finally:\n"
        "        print('let go', flush=True)\n"
        "doctor.command = slow\n"
        "cli.sys.argv = ['oncall-gitops', 'doctor']\n"
        "cli.main()\n"
    )
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        assert running.stdout.readline() == "ready\n"
        running.send_signal(signal.SIGTERM)
        assert running.stdout.read() == "let go\n"
    assert running.returncode == 143


def test_an_ascii_terminal_gets_escapes_and_no_crash() -> None:
    script = "import sys; from oncall_gitops import cli; cli.run = lambda: print('Zoë') or 0; cli.main()"
    done = subprocess.run(
        [sys.executable, "-c", script],
        env={"PYTHONIOENCODING": "ascii", "PATH": os.environ["PATH"]},
        capture_output=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, b"Zo\\xeb\n")
