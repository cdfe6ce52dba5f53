"""Text on a terminal: colour, columns, and user text that commands neither the terminal nor a workflow's log."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from typing import Any

import click

from oncall_gitops.core.model.instant import Instant
from oncall_gitops.core.model.when import local_datetime
from oncall_gitops.core.visible import is_unseen
from oncall_gitops.core.wallclock import zone


def shown(text: str) -> str:
    """User text with control, format and invisible characters escaped, on one line, and inert in any log."""
    if not (text.isascii() and text.isprintable()):
        text = "".join(f"\\u{{{ord(char):x}}}" if is_unseen(char) else char for char in text)
    return inert(text)


def inert(text: str) -> str:
    """A line in which a GitHub runner sees no workflow command.

    It reads every line that a step prints: `::name::` where a line begins, after any spaces, and the older
    `##[name]` wherever it stands in a line.
    """
    if "##[" in text:
        text = text.replace("##[", "#\\u{23}[")
    if "::" in text and (bare := text.lstrip()).startswith("::"):
        text = f"{text[: len(text) - len(bare)]}\\u{{3a}}{bare[1:]}"
    return text


def harmless(value: Any) -> Any:
    """A document all of whose texts are `shown`; only `yaml` keeps its lines."""
    match value:
        case str():
            return shown(value)
        case list():
            return [harmless(item) for item in value]
        case dict():
            return {
                key: "\n".join(map(shown, item.split("\n"))) if key == "yaml" else harmless(item)
                for key, item in value.items()
            }
        case _:
            return value


def local_words(moment: Instant, timezone: str) -> str:
    """`Mon 2026-12-07 09:00` on a wall in that zone."""
    local = local_datetime(zone(timezone).to_local(moment))
    return f"{_DAYS[local.weekday()]} {local:%Y-%m-%d %H:%M}"


_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def table(rows: Sequence[Sequence[str]], *, indent: str = "", header: Sequence[str] = ()) -> str:
    """Rows in columns, two spaces apart; the header, if any, is bold."""
    lines = [header, *rows] if header else list(rows)
    if not lines:
        return ""
    widths = [max(_width_of(line[column]) for line in lines) for column in range(len(lines[0]))]
    texts = [
        (
            indent + "  ".join(_padded(cell, columns) for cell, columns in zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    ]
    if header:
        texts[0] = click.style(texts[0], bold=True)
    return "\n".join(texts) + "\n"


def _width_of(cell: str) -> int:
    return width(click.unstyle(cell))


def _padded(cell: str, columns: int) -> str:
    return cell + " " * (columns - _width_of(cell))


def width(text: str) -> int:
    """Columns that a text takes in a terminal; one that joins in or changes the letter before takes none."""
    if text.isascii():
        return len(text)
    return sum(map(_columns, text))


def _columns(char: str) -> int:
    if unicodedata.category(char) in ("Mn", "Me", "Cf") or "\u1160" <= char <= "\u11ff":
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1
