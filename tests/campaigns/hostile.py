"""Strings that try to end a line, a cell, a fence, a command or a string, to move a terminal, to be a link or a
formula, or to turn the direction of what follows; and readers that see what a terminal and a runner would see.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

import pyte

FRAGMENTS = (
    *("\n", "\r", "\r\n", "\t", "\x0b", "\x0c", "\x1c", "\x85", "\u2028", "\u2029", "\x00", "\x08", "\x7f", " "),
    *("\x1b[2J", "\x1b[1;1H", "\x1b]0;title\x07", "\x1b]8;;http://x\x1b\\", "\x9b31m", "\x1bP1$r0m\x1b\\", "\x1bc"),
    *("\u202e", "\u2066", "\u200b", "\u200e", "\ufeff", "\u061c", "\U000e0041", "\u3164", "\ufe0f", "\u0301"),
    *("::error::x", "::stop-commands::t", "::add-mask::a", "%0A::warning::x", "\n::set-output name=plan-id::x"),
    *("##[error]x", "##[add-mask]a", "##[set-output name=blocked]false", "##", "#", "[", "[group]", "::", ":"),
    *("<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "</details>", "<!--", "-->", "&lt;", "&#64;"),
    *("[link](http://x)", "![p](http://x)", "](", "<http://x>", "https://x.example", "www.x.example", "a@x.example"),
    *("`", "```", "~~~~~~", "```\n# t", "|", "---", "***", "__", "~~", "$x$", "# ", "> ", "- ", "1. ", "\\", "\\|"),
    *("@everyone", "#123", "gh-7", "deadbeefcafe", "{{7*7}}", "{0}", "%s", "${x}", "$(id)", "'", '"', "'''", '"""'),
    *("=1+1", "+1", "-1", "@SUM(1)", "=HYPERLINK(1)", ",", ";", "]]>", "</script>", "\ufffe", "\uf8ff", "\u0378"),
    *("\u00e9", "\u6f22", "\U0001f600", "\U0001f468\u200d\U0001f469", "alice", "0", "e\u0301", "\u00a0", "\u3000"),
)  # fmt: skip

OUR_EVENTS = frozenset({"draw", "linefeed", "select_graphic_rendition"})


def strings(count: int, *, seed: int) -> Iterator[str]:
    """So many of them, always the same ones for a seed; each is followed by a number, to be found again."""
    dice = random.Random(seed)
    for number in range(count):
        parts = [_fragment(dice) for _ in range(dice.randint(1, 6))]
        parts.insert(dice.randrange(len(parts) + 1), f"<{number}>")
        yield "".join(parts)


def _fragment(dice: random.Random) -> str:
    if dice.random() < 0.15:
        ranges = [(0, 0x20), (0x20, 0x250), (0x250, 0xD800), (0xE000, 0x110000)]
        return "".join(chr(dice.randrange(*dice.choice(ranges))) for _ in range(3))
    return dice.choice(FRAGMENTS)


class _Screen:
    """What a terminal is told to do."""

    def __init__(self) -> None:
        self.events: set[str] = set()
        self.text = ""

    def __getattr__(self, event: str) -> Any:
        def happened(*arguments: Any, **_: Any) -> None:
            self.events.add(event)
            self.text += arguments[0] if event == "draw" else "\n" if event == "linefeed" else ""

        return happened


def on_a_terminal(text: str) -> str:
    """What a terminal draws of it; an error if it is told to do anything but draw, colour and end lines."""
    screen = _Screen()
    pyte.Stream(screen, strict=False).feed(text)  # type: ignore[arg-type]
    assert screen.events <= OUR_EVENTS, screen.events - OUR_EVENTS
    return screen.text


class Command(NamedTuple):
    """A workflow command, as a runner takes a line apart."""

    name: str
    properties: dict[str, str]
    data: str


KNOWN = frozenset({
    "add-mask", "add-matcher", "add-path", "debug", "echo", "endgroup", "error", "group", "notice",
    "remove-matcher", "save-state", "set-env", "set-output", "stop-commands", "warning",
})  # fmt: skip


def commands(text: str) -> Iterator[Command]:
    """Every command that a runner finds in a log: by either of its two grammars, in every line."""
    for line in re.split(r"\r\n|\r|\n", text):
        found = re.match(r"::([^ ]*?)(?: (.*?))?::(.*)", line.lstrip(), re.DOTALL)
        if found and found[1] in KNOWN:
            pairs = (pair.partition("=") for pair in (found[2] or "").split(",") if pair)
            yield Command(found[1], {name: _read(value, ":,") for name, _, value in pairs}, _read(found[3]))
        elif (older := re.search(r"##\[([^ \]]*)(?: ([^\]]*))?\](.*)", line, re.DOTALL)) and older[
            1
        ] in KNOWN:
            yield Command(older[1], {}, older[3])


def _read(text: str, more: str = "") -> str:
    for char in f"\r\n{more}%":
        text = text.replace(f"%{ord(char):02X}", char)
    return text
