"""The flags that several commands share, so that they are spelled, parsed and described once."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, TypeVar

import click

from oncall_gitops.core.duration import parse_duration
from oncall_gitops.core.model.instant import Instant
from oncall_gitops.core.model.when import When, parse_when
from oncall_gitops.settings import DEFAULT_SCHEDULES, MAX_HORIZON, Settings, load_settings

P = ParamSpec("P")
R = TypeVar("R")
F = TypeVar("F", bound=Callable[..., Any])


class WhenType(click.ParamType[When]):
    """A time as the files write it: a date, a local datetime, or an instant."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> When:
        if isinstance(value, When):
            return value
        try:
            return parse_when(value)
        except ValueError as error:
            self.fail(f"{error}; write 2026-11-22, 2026-11-22T18:30 or 2026-11-22T18:30:00Z", param, ctx)


class InstantType(click.ParamType[Instant]):
    """An instant with an offset or `Z`; a date or a datetime without one is read as UTC."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Instant:
        return value if isinstance(value, int) else WHEN.convert(value, param, ctx).seconds


class DurationType(click.ParamType[int]):
    """Seconds, written as `90d`, `12w`, `2160h` or `30s`; at least one."""

    name = "duration"

    def __init__(self, *, longest: int) -> None:
        self.longest = longest

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        if isinstance(value, int):
            return value
        try:
            seconds = parse_duration(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)
        if not 0 < seconds <= self.longest:
            self.fail(f"{value!r} is out of range", param, ctx)
        return seconds


class FilesType(click.Path):
    """A folder or file of schedules; a connection string in its place, which would be echoed, is refused."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if "://" in str(value):
            self.fail("an address is no path; DATABASE_URL says where the database is", param, ctx)
        return super().convert(value, param, ctx)


WHEN = WhenType()
INSTANT = InstantType()
HORIZON = DurationType(longest=MAX_HORIZON)
TIMEOUT = DurationType(longest=24 * 3600)

path_argument = click.argument(
    "path", metavar="[PATH]", default=DEFAULT_SCHEDULES, type=FilesType(path_type=Path)
)
"""`path: Path`, the folder (or one file) of schedules."""

as_of_option = click.option(
    "--as-of",
    type=INSTANT,
    envvar="ONCALL_GITOPS_AS_OF",
    metavar="T",
    help="Use this instant in place of the clock (without an offset: UTC).",
)
"""`as_of: Instant | None`; `clock.read_clock(as_of)` makes it `now`."""

horizon_option = click.option(
    "--horizon",
    type=HORIZON,
    envvar="ONCALL_GITOPS_HORIZON",
    metavar="DURATION",
    help="How far ahead to look, such as 90d or 12w.",
)
"""`horizon: int | None` in seconds; None means `settings.horizon`."""

offline_option = click.option(
    "--offline",
    metavar="PATH",
    type=FilesType(path_type=Path),
    help="Answer from these files, without a database.",
)
"""`offline: Path | None`."""


def format_option(*formats: str) -> Callable[[F], F]:
    """`format: str`, one of `formats`; the first is the default."""
    return click.option(
        "--format", type=click.Choice(formats), default=formats[0], show_default=True, help="How to print it."
    )


def pass_settings(function: Callable[Concatenate[Settings, P], R]) -> Callable[P, R]:
    """Hand over, as the first argument, the settings for the command's `path` or `offline` argument."""

    @wraps(function)
    def with_settings(*args: P.args, **kwargs: P.kwargs) -> R:
        path = kwargs.get("path") or kwargs.get("offline")
        return function(
            load_settings(path if isinstance(path, Path) else Path(DEFAULT_SCHEDULES)), *args, **kwargs
        )

    return with_settings
