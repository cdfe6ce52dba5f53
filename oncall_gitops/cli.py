"""The program: global options, commands loaded when they are called, and one place where failures end.

`--help` is asked far more often than anything else and must start fast, so this module imports click alone;
every command's module, and with it the database, YAML or pydantic, is imported when the command runs.
"""

from __future__ import annotations

import contextlib
import io
import os
import signal
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Any, NoReturn

import click

from oncall_gitops import __version__
from oncall_gitops.core.errors import OncallError

PROGRAM = "oncall-gitops"

COMMANDS: dict[str, tuple[str, str]] = {
    "validate": ("validate", "Check the files: every mistake at once, with its place."),
    "fmt": ("fmt", "Put the files into canonical form; comments and meaning stay."),
    "explain": ("explain", "What a diagnostic code means, with a bad and a good example."),
    "schema": ("schema", "Print the JSON Schema of the files, for editors."),
    "diff": ("diff", "What a change of the files does to people, without a database."),
    "reconcile": ("reconcile", "Make the database equal to the files: plan, check, apply."),
    "show": ("show", "Render a saved plan."),
    "who": ("who", "Who is on call, until when, and who is next."),
    "shifts": ("shifts", "The shifts of a span of time."),
    "override": ("override", "Add, list or end an override at once, without the files."),
    "rotation": ("rotation", "Edit who takes turns, in the file: nobody else's turn moves."),
    "calendar": ("calendar", "Connect people's calendars, see and sync them, disconnect them."),
    "worker": ("worker", "Keep syncing calendars until stopped."),
    "db": ("db", "Migrate the database; see and stop the embedded one."),
    "history": ("history", "The past reconcile runs."),
    "doctor": ("doctor", "Configuration, versions, connectivity, and where each setting came from."),
}
"""Each command's module in `oncall_gitops.commands`, whose click command is `command`, and its help."""

WRONG_USAGE, BUG, INTERRUPTED, BROKEN_PIPE, TERMINATED = 64, 70, 130, 141, 143


class Program(click.Group):
    """Knows the commands by name, loads the one that is called, and explains what fails."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 (click's signature)
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in COMMANDS:
            return None
        module = import_module(f"oncall_gitops.commands.{COMMANDS[cmd_name][0]}")
        command: click.Command = module.command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args[0] not in COMMANDS:
            ctx.fail(_no_such_command(args[0]))
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl([(name, short_help) for name, (_, short_help) in COMMANDS.items()])

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except (click.ClickException, click.exceptions.Exit, click.Abort):
            raise
        except BrokenPipeError:
            raise click.exceptions.Exit(BROKEN_PIPE) from None
        except Exception as error:
            raise click.exceptions.Exit(_explain(error, verbose=ctx.params["verbose"] > 0)) from error


@click.group(
    cls=Program,
    name=PROGRAM,
    context_settings={"auto_envvar_prefix": "ONCALL_GITOPS", "help_option_names": ["-h", "--help"]},
)
@click.option(
    "--color",
    type=click.Choice(["auto", "always", "never"]),
    default="auto",
    help="Colours; auto means on a terminal, unless NO_COLOR is set.",
)
@click.option("-v", "--verbose", count=True, help="Tell more on stderr; twice for everything.")
@click.option("-q", "--quiet", is_flag=True, help="Tell only errors on stderr.")
@click.version_option(__version__, prog_name=PROGRAM)
@click.pass_context
def cli(ctx: click.Context, *, color: str, verbose: int, quiet: bool) -> None:
    """On-call schedules as YAML in git, reconciled into PostgreSQL."""
    from oncall_gitops.settings import plain_output

    ctx.color = {"auto": False if plain_output() else None, "always": True, "never": False}[color]
    if verbose or quiet:
        from oncall_gitops.logs import start_logging

        start_logging(verbose=verbose, quiet=quiet)


def main() -> NoReturn:
    """The console script."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")  # LANG=C must not turn a name into a crash
    signal.signal(signal.SIGTERM, _terminate)
    sys.exit(_flushed(run()))


def run(arguments: Sequence[str] | None = None) -> int:
    """Run one command line and return its exit code (click's 2 for wrong usage means changes here)."""
    arguments = sys.argv[1:] if arguments is None else arguments
    if not all(map(_is_text, arguments)):
        _tell("error: an argument is not text in UTF-8")
        return WRONG_USAGE
    try:
        outcome = cli.main(arguments, prog_name=PROGRAM, standalone_mode=False)
    except click.UsageError as mistake:
        words = io.StringIO()
        mistake.show(words)
        _tell(words.getvalue().rstrip("\n"))
        return WRONG_USAGE
    except click.ClickException as failure:
        _tell(f"error: {failure.format_message()}")
        return failure.exit_code
    except click.Abort as abort:
        interrupted = isinstance(abort.__cause__ or abort.__context__, KeyboardInterrupt)
        click.echo("interrupted" if interrupted else "aborted", err=True)
        return INTERRUPTED if interrupted else 1
    except SystemExit as leaving:
        return _code(leaving)
    except OSError as failure:  # help and the version are printed before any command is invoked
        _discard_output()
        return _explain(failure, verbose=False)
    return outcome if type(outcome) is int else 0


def _is_text(argument: str) -> bool:
    """Whether its bytes were UTF-8: what is not cannot be written to a file, a database or a plan."""
    return argument.isascii() or not any("\ud800" <= char <= "\udfff" for char in argument)


def _no_such_command(name: str) -> str:
    from difflib import get_close_matches

    close = get_close_matches(name, COMMANDS)
    return f"No such command {name!r}." + (f" Did you mean {close[0]!r}?" if close else "")


def _explain(error: Exception, *, verbose: bool) -> int:
    """Say on stderr what failed, and with which exit code; whatever we did not foresee is a bug of ours."""
    match error:
        case OncallError():
            _tell(f"error: {error}")
            if error.help:
                _tell(f"help: {error.help}")
            return error.exit_code
        case OSError():
            about = "" if error.filename is None else f"{os.fsdecode(error.filename)}: "
            _tell(f"error: {about}{error.strerror or error}")
            return 1
        case _:
            click.echo(f"error: this is a bug in {PROGRAM} {__version__}: {_place(error)}", err=True)
            if verbose:
                import traceback

                _tell("".join(traceback.format_exception(error)).rstrip("\n"))
            else:
                click.echo("help: run it again with -v before the command, and report what it says", err=True)
            return BUG


def _tell(text: str) -> None:
    """A message on stderr, without secrets; whatever it quotes (a path, an argument) stays text, line by line."""
    from oncall_gitops.report.terminal import shown
    from oncall_gitops.settings import redact

    click.echo("\n".join(map(shown, redact(text).split("\n"))), err=True)


def _place(error: Exception) -> str:
    """The kind of the error and where it was raised; its text may hold a secret, so only -v shows that."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if trace is None:
        return type(error).__name__
    module = trace.tb_frame.f_globals.get("__name__", "?")
    return f"{type(error).__name__} in {module}, line {trace.tb_lineno}"


def _terminate(_signal: int, _frame: object) -> NoReturn:
    """SIGTERM unwinds like an exception, so that transactions roll back and the embedded server is let go."""
    raise SystemExit(TERMINATED)


def _code(leaving: SystemExit) -> int:
    if isinstance(leaving.code, str):
        _tell(leaving.code)
        return 1
    return leaving.code or 0


def _flushed(code: int) -> int:
    """Write out what is buffered while an error can still be told; a reader that has gone is no error."""
    try:
        if sys.stdout is not None:  # a caller may have closed it
            sys.stdout.flush()
    except BrokenPipeError:
        _discard_output()
        return code or BROKEN_PIPE
    except OSError as error:
        _discard_output()
        click.echo(f"error: the output cannot be written: {error.strerror}", err=True)
        return code or 1
    return code


def _discard_output() -> None:
    """Point stdout at nothing, so that the interpreter's own flush at exit is quiet."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
