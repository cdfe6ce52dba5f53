"""`rotation`: edit who takes turns, in the file itself, so that nobody else's turn moves; then show what changes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from oncall_gitops.commands.clock import read_clock
from oncall_gitops.commands.options import WHEN, as_of_option, horizon_option, pass_settings
from oncall_gitops.core.errors import OncallError
from oncall_gitops.core.frame import frame_of, rotation_of
from oncall_gitops.core.model.instant import Instant
from oncall_gitops.core.model.rotation import Following, Rotation
from oncall_gitops.core.model.user import NOBODY
from oncall_gitops.core.model.when import When
from oncall_gitops.core.rotate import Add, Impossible, Move, Remove, Request, Tidy, neighbours, rotate
from oncall_gitops.settings import DEFAULT_SCHEDULES, Settings

if TYPE_CHECKING:
    from oncall_gitops.core.model.schedule import Schedule
    from oncall_gitops.core.model.state import DesiredState, State
    from oncall_gitops.source.files import SourceFile
    from oncall_gitops.source.read import Loaded

F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Target:
    """A schedule's own rotation, or a layer's: `team/schedule` or `team/schedule/layer`."""

    team: str
    schedule: str
    layer: str | None = None

    @property
    def full_name(self) -> str:
        return f"{self.team}/{self.schedule}"

    @property
    def text(self) -> str:
        return f"{self.full_name}/{self.layer}" if self.layer else self.full_name

    @property
    def path(self) -> tuple[str, ...]:
        """Where the rotation stands in its file."""
        layer = ("layers", self.layer) if self.layer else ()
        return ("teams", self.team, "schedules", self.schedule, *layer, "rotation")


class TargetType(click.ParamType[Target]):
    """`TEAM/SCHEDULE` or `TEAM/SCHEDULE/LAYER`."""

    name = "rotation"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Target:
        if isinstance(value, Target):
            return value
        parts = value.split("/")
        if len(parts) not in (2, 3) or not all(parts):
            self.fail(f"{value!r} is not TEAM/SCHEDULE or TEAM/SCHEDULE/LAYER", param, ctx)
        return Target(*parts)


@dataclass(frozen=True, slots=True)
class Run:
    """How one edit is run."""

    settings: Settings
    path: Path
    at: Instant
    until: Instant
    writes: bool


target_argument = click.argument("target", metavar="TEAM/SCHEDULE[/LAYER]", type=TargetType())
user_argument = click.argument("user", metavar="USER")


def run_options(command: F) -> F:
    """What every edit takes: where the files are, when it is, and whether to write."""
    for option in (
        click.option("--dry-run", is_flag=True, help="Show the new YAML and what it changes; write nothing."),
        horizon_option,
        as_of_option,
        click.option(
            "--path",
            default=DEFAULT_SCHEDULES,
            show_default=True,
            type=click.Path(path_type=Path),
            help="The folder of schedules.",
        ),
    ):
        command = option(command)
    return command


@click.group("rotation")
def command() -> None:
    """Edit who takes turns in a rotation: in its file, comments and layout kept, and nobody else's turn moves.

    Who joins or leaves does so on a date; the shifts that change are shown.
    """


@command.command("add")
@target_argument
@user_argument
@click.option("--from", "start", type=WHEN, metavar="D", help="When they join (default: when no turn moves).")
@click.option("--until", type=WHEN, metavar="D", help="When they leave again.")
@click.option("--after", metavar="USER", help="Whom they come after (default: the last).")
@run_options
@pass_settings
def add(
    settings: Settings,
    target: Target,
    user: str,
    *,
    start: When | None,
    until: When | None,
    after: str | None,
    path: Path,
    as_of: Instant | None,
    horizon: int | None,
    dry_run: bool,
) -> None:
    """Give USER a place.

    Without --from they join at the earliest handoff that moves neither the current nor the next turn of anybody.
    """
    _edit(_run(settings, path, as_of, horizon, dry_run), target, Add(user, start, until, after))


@command.command("remove")
@target_argument
@user_argument
@click.option("--until", type=WHEN, metavar="D", help="When they leave (default: at the next handoff).")
@run_options
@pass_settings
def remove(
    settings: Settings,
    target: Target,
    user: str,
    *,
    until: When | None,
    path: Path,
    as_of: Instant | None,
    horizon: int | None,
    dry_run: bool,
) -> None:
    """Let USER leave: their places get an `until` and stay in the file, so that past turns do not move."""
    _edit(_run(settings, path, as_of, horizon, dry_run), target, Remove(user, until))


@command.command("move")
@target_argument
@user_argument
@click.option("--after", metavar="USER", required=True, help="Whom they come after.")
@click.option("--from", "start", type=WHEN, metavar="D", help="From when on (default: when no turn moves).")
@run_options
@pass_settings
def move(
    settings: Settings,
    target: Target,
    user: str,
    *,
    after: str,
    start: When | None,
    path: Path,
    as_of: Instant | None,
    horizon: int | None,
    dry_run: bool,
) -> None:
    """Move USER to the place after another: the old place gets an `until`, the new one a `from`."""
    _edit(_run(settings, path, as_of, horizon, dry_run), target, Move(user, after, start))


@command.command("tidy")
@target_argument
@run_options
@pass_settings
def tidy(
    settings: Settings,
    target: Target,
    *,
    path: Path,
    as_of: Instant | None,
    horizon: int | None,
    dry_run: bool,
) -> None:
    """Drop places and dates that have passed; an anchor keeps every shift from now on as it is."""
    _edit(_run(settings, path, as_of, horizon, dry_run), target, Tidy())


def _run(settings: Settings, path: Path, as_of: Instant | None, horizon: int | None, dry_run: bool) -> Run:
    at = read_clock(as_of)
    return Run(settings, path, at, at + (horizon or settings.horizon), writes=not dry_run)


def _edit(run: Run, target: Target, request: Request) -> None:
    """Decide, try the new text as if it stood in the file, write it, show what it changes."""
    from oncall_gitops.source.document import read_document
    from oncall_gitops.source.edit import edited, lines_of
    from oncall_gitops.source.files import display_name
    from oncall_gitops.source.formatting.replace import replace_content
    from oncall_gitops.source.read import load

    loaded = load(run.path)
    before = _valid(loaded, "the files are not valid; nothing was changed")
    schedule, old = _rotation(before.state, target)
    if isinstance(request, Add):
        _check_joiner(request.user, old, before.state)
    near = neighbours(schedule, before.state.schedules) if target.layer is None else None
    new = rotate(old, frame_of(schedule, target.layer), request, at=run.at, near=near)
    if new == old:
        click.echo(f"Nothing to tidy in {target.text}: it is kept as it is.", err=True)
        return

    name = before.origins[(f"schedule/{target.full_name}",)].file
    file, content = _content(run.path, name, loaded.texts[name])
    text = edited(read_document(loaded.texts[name], name), target.path, new)
    written = _encoded(text, like=content)
    reloaded = load(run.path, instead={name: written})
    after = _valid(reloaded, "the files would not be valid with this edit; nothing was changed")
    assert _rotation(after.state, target)[1] == new, "the text says what was decided"

    line, lines = lines_of(read_document(text, name), target.path)
    if run.writes:
        replace_content(file.path, before=content, after=written)
        click.echo(f"Wrote {display_name(Path(name))}:{line}.", err=True)
    else:
        click.echo(f"# {name}:{line}\n{lines}\n")
    _show(run, target, before, after, files=reloaded.files)


def _valid(loaded: Loaded, why: str) -> DesiredState:
    """The desired state; every mistake in the files is told, and ends the command."""
    from oncall_gitops.report.problems import problems_text

    if loaded.desired is None:
        click.echo(problems_text(loaded.problems, texts=loaded.texts), err=True, nl=False)
        raise OncallError(why)
    return loaded.desired


def _rotation(state: State, target: Target) -> tuple[Schedule, Rotation]:
    """What is to be edited; refused if it is not there or has no turns of its own."""
    from oncall_gitops.commands.asking import choose

    [full_name] = choose(state.schedules, [target.full_name])
    schedule = state.schedules[full_name]
    layers = [layer.slug for layer in schedule.layers]
    if target.layer is not None and target.layer not in layers:
        close = get_close_matches(target.layer, layers, n=1)
        raise OncallError(
            f"{full_name} has no layer {target.layer}", help=f"did you mean {close[0]}?" if close else ""
        )
    rotation = rotation_of(schedule, target.layer)
    match rotation:
        case Rotation():
            return schedule, rotation
        case Following():
            followed = f"{schedule.team}/{rotation.schedule}"
            raise Impossible(
                f"{target.text} follows {followed}", help=f"edit {followed}; this one goes along"
            )
        case None:
            raise Impossible(
                f"{full_name} has no rotation of its own",
                help=f"name a layer: {', '.join(f'{full_name}/{slug}' for slug in layers)}",
            )


def _check_joiner(user: str, rotation: Rotation, state: State) -> None:
    """Refuse who is unknown, and tell of a second place, which may be meant."""
    if user != NOBODY and user not in state.users:
        close = get_close_matches(user, state.users, n=1)
        raise OncallError(f"there is no user {user}", help=f"did you mean {close[0]}?" if close else "")
    if any(place.user == user and place.until is None for place in rotation.places):
        click.echo(f"warning: {user} holds a place already; this is another one", err=True)


def _content(path: Path, name: str, text: str) -> tuple[SourceFile, bytes]:
    """The file of that name with its bytes, which must still be what was read."""
    from oncall_gitops.source.files import find_files, read_bytes
    from oncall_gitops.source.text import decode

    file = next((file for file in find_files(path)[0] if file.name == name), None)
    content = read_bytes(file) if file else None
    if file is None or not isinstance(content, bytes) or decode(content, name)[0] != text:
        raise OncallError(f"{name} was changed meanwhile; run it again")
    return file, content


def _encoded(text: str, *, like: bytes) -> bytes:
    mark = b"\xef\xbb\xbf"
    return (mark if like.startswith(mark) else b"") + text.encode()


def _show(run: Run, target: Target, before: DesiredState, after: DesiredState, *, files: int) -> None:
    """The plan for the edited schedule, and for those that follow it."""
    from oncall_gitops.commands.plans import put_out
    from oncall_gitops.core.proposal import Request as Question
    from oncall_gitops.core.proposal import Source, compare_states
    from oncall_gitops.core.scope import Scope, followed_by
    from oncall_gitops.core.wallclock import tzdata_version

    names = {
        name
        for name, schedule in before.state.schedules.items()
        if name == target.full_name or target.full_name in followed_by(schedule)
    }

    def concerned(state: State) -> State:
        return replace(state, schedules={n: s for n, s in state.schedules.items() if n in names})

    question = Question(
        at=run.at,
        until=run.until,
        scope=Scope(),
        limits=run.settings.limits,
        allow=(),
        source=Source(files=files),
        tzdata=tzdata_version(),
    )
    desired = replace(after, state=concerned(after.state), renamed_from={})
    proposal = compare_states(desired, concerned(before.state), question)
    put_out(proposal, subject=target.text, format="text")
