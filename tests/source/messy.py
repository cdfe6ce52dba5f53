"""The same content written as untidily as YAML allows: what a formatter must survive.

A tree of plain values (mappings, lists, texts; `Wall` for wall times) is written with random indentation,
comments, blank lines, quotes, flow and block style. Each comment has a number, so that none can be lost or
change its order unseen.
"""

from __future__ import annotations

import json
import re
from random import Random
from typing import TypeAlias

Tree: TypeAlias = "str | list[Tree] | dict[str, Tree]"

WORDS = ("why", "漢字", "🙂 ok", "- {user: x}", "a: 'b\"", "# twice", "é")
_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9_./@+-]*(?:[ :][A-Za-z0-9][A-Za-z0-9_./@+-]*)*")
_NUMBER_OR_FLAG = re.compile(r"-?[0-9]+|true|false")


class Untidy:
    """Writes one file; every choice comes from `random`."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.comments: list[str] = []
        self._lines: list[str] = []
        self._deepest = 99
        """The last column in which a comment is one: after a block scalar, what is indented like it is its text."""

    def file(self, tree: dict[str, Tree]) -> str:
        if self._maybe(0.2):
            self._between(0)
            self._lines.append("---")
        self._mapping(tree, self.random.choice([0, 0, 0, 2]))
        self._between(self.random.choice([0, 1, 4]))
        end = self.random.choice(["\n", "\n", "", "\n\n\n"])
        text = self.random.choice(["\n", "\n", "\r\n"]).join(self._lines) + end
        return ("\ufeff" if self._maybe(0.1) else "") + text

    def _maybe(self, chance: float) -> bool:
        return self.random.random() < chance

    def _mapping(self, tree: dict[str, Tree], column: int, lead: str | None = None) -> None:
        for key, value in tree.items():
            if lead is None:
                self._between(column)
            written = (" " * column if lead is None else lead) + self._key(key)
            lead = None
            if written.lstrip(" -").startswith("? "):
                self._lines.append(written)
                written = " " * column + ":"
            self._value(value, written, column)

    def _key(self, key: str) -> str:
        style = self.random.choice([key] * 8 + [f'"{key}"', f"'{key}'", f"? {key}"])
        return style if style.startswith("? ") else style + self.random.choice([":"] * 6 + [" :"])

    def _value(self, value: Tree, written: str, column: int) -> None:
        """A value after `key:`, whose mapping stands in a column."""
        deeper = column + self.random.randint(1, 5)
        if isinstance(value, str) or not value or self._maybe(0.3):
            self._inline(value, written, column)
        elif isinstance(value, dict):
            self._lines.append(written + self._trailing())
            self._mapping(value, deeper)
        else:
            self._lines.append(written + self._trailing())
            self._list(value, self.random.choice([column, deeper]))

    def _list(self, items: list[Tree], column: int, lead: str | None = None) -> None:
        for item in items:
            if lead is None:
                self._between(column)
            written = (" " * column if lead is None else lead) + "-"
            lead = None
            if isinstance(item, str) or not item or self._maybe(0.4):
                self._inline(item, written, column)
                continue
            space = self.random.randint(1, 4)
            if self._maybe(0.3):
                self._lines.append(written + self._trailing())
                self._between(column + space)
                written = ""
            inner = column + (space if not written else 1 + space)
            lead_of_item = " " * inner if not written else written + " " * space
            if isinstance(item, dict):
                self._mapping(item, inner, lead_of_item)
            else:
                self._list(item, inner, lead_of_item)

    def _inline(self, value: Tree, written: str, column: int) -> None:
        """A scalar or a flow collection, on the line that is written or on the next."""
        margin = " " * (column + self.random.randint(1, 6))
        if self._maybe(0.15):
            self._lines.append(written + self._trailing())
            self._between(len(margin))
            written = margin
        else:
            written += " " * self.random.randint(1, 3)
        if isinstance(value, str) and " " in value and not _clockish(value) and self._maybe(0.5):
            self._long(value, written, margin)
            return
        *lines, last = (written + self._flow(value, margin)).split("\n")
        self._lines += [*lines, last + self._trailing()]

    def _long(self, value: str, written: str, margin: str) -> None:
        """A text with spaces, broken at one of them."""
        first, second = value.split(" ", 1)
        style = self.random.choice(["plain", "quoted", "folded", "literal"])
        self._deepest = len(margin) - 1 if style in ("folded", "literal") else 99
        match style:
            case "plain" if _PLAIN.fullmatch(value):
                self._lines += [written + first + "  ", margin + second + self._trailing()]
            case "folded":
                header = ">-" + self._trailing()
                self._lines += [written + header, margin + first, margin + second]
            case "literal":
                self._lines += [written + "|-" + self._trailing(), margin + value]
            case _:
                broken = json.dumps(first, ensure_ascii=False)[:-1] + self.random.choice(["", "  ", " \\"])
                self._lines += [written + broken, margin + json.dumps(second, ensure_ascii=False)[1:]]

    def _flow(self, value: Tree, margin: str) -> str:
        if isinstance(value, str):
            return self._scalar(value)
        if isinstance(value, dict):
            parts = [
                f"{key}:{self.random.choice([' ', '  '])}{self._flow(item, margin)}"
                for key, item in value.items()
            ]
            return "{" + self._joined(parts, margin) + "}"
        return "[" + self._joined([self._flow(item, margin) for item in value], margin) + "]"

    def _joined(self, parts: list[str], margin: str) -> str:
        text = self._space(margin)
        for number, part in enumerate(parts):
            text += part
            if number < len(parts) - 1 or self._maybe(0.2):
                text += self._space(margin) + "," + self._space(margin)
        return text + self._space(margin)

    def _space(self, margin: str) -> str:
        """White space within a flow collection."""
        if self._maybe(0.05):
            return f" {self._comment()}\n{margin}"
        return self.random.choice(["", "", "", " ", "  ", "\n" + margin])

    def _scalar(self, value: str) -> str:
        plain = _PLAIN.fullmatch(value) is not None
        if _NUMBER_OR_FLAG.fullmatch(value):
            return value
        return self.random.choice(
            [value if plain else json.dumps(value, ensure_ascii=False)] * 2
            + ["'" + value.replace("'", "''") + "'", json.dumps(value, ensure_ascii=False)]
        )

    def _comment(self) -> str:
        self.comments.append(f"# {len(self.comments)} {self.random.choice(WORDS)}")
        return self.comments[-1]

    def _trailing(self) -> str:
        space = " " * self.random.randint(1, 5)
        return self.random.choice(["", "", "", " ", "  "]) if self._maybe(0.7) else space + self._comment()

    def _between(self, column: int) -> None:
        """Comments and blank lines before a line."""
        while self._maybe(0.25):
            if self._maybe(0.4):
                self._lines.append(self.random.choice(["", "", "   "])[: self._deepest])
            else:
                place = min(column + self.random.randint(-6, 3), self._deepest)
                self._lines.append(" " * place + self._comment())
        self._deepest = 99


def _clockish(value: str) -> bool:
    return re.fullmatch(r"[A-Z]{3} [0-9:]+", value) is not None
