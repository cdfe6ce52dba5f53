"""A flow collection, `[a, b]` or `{a: 1, b: 2}`, taken apart at its commas so that entries can come and go.

What stands between two entries (line breaks, indentation, comments) is the lead of the second one, and what
stands before the closing bracket is the rest; an entry that comes gets a lead like those around it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

_COMMENT = "#"


class Extent(NamedTuple):
    """Where something stands in a text: [start, end)."""

    start: int
    end: int


@dataclass(slots=True)
class _Entry:
    lead: str
    text: str
    tail: str = ""


class Flow:
    """The inside of the brackets: entries, each with its lead, and the rest."""

    def __init__(self, text: str, inside: Extent, entries: list[Extent]) -> None:
        self._entries: list[_Entry] = []
        at = inside.start
        for number, (start, end) in enumerate(entries):
            following = entries[number + 1].start if number + 1 < len(entries) else inside.end
            comma = _comma(text, end, following)
            self._entries.append(_Entry(text[at:start], text[start:end], text[end : max(comma, end)]))
            at = comma + 1 if comma >= 0 else end
        self._has_last_comma = comma_before(text, entries[-1].end, inside.end)
        self._rest = text[at : inside.end]

    @property
    def text(self) -> str:
        entries = ",".join(entry.lead + entry.text + entry.tail for entry in self._entries)
        return entries + ("," if self._has_last_comma else "") + self._rest

    def put(self, index: int, text: str) -> None:
        """Write an entry differently."""
        self._entries[index].text = text

    def insert(self, index: int, text: str) -> None:
        """Put an entry before the one of that number, or last."""
        if index < len(self._entries):
            following = self._entries[index]
            lead, following.lead = _shared(following.lead)
        elif "\n" in self._rest and (self._is_one_a_line() or _COMMENT in self._rest.split("\n")[0]):
            head, _, foot = self._rest.partition("\n")
            lead = f"{head}\n{_indentation(self._last_line_lead())}"
            self._rest = f"{_carriage(head)}\n{foot}"
        else:
            lead = " "
        self._entries.insert(index, _Entry(lead, text))

    def remove(self, index: int) -> None:
        """Take an entry away, and the comment that follows it on its line; there must be another one."""
        gone = self._entries.pop(index)
        if index == len(self._entries):
            self._rest = _joined(gone.lead, self._rest, keeps_first=_COMMENT in gone.lead)
        else:
            following = self._entries[index]
            following.lead = _joined(gone.lead, following.lead, keeps_first=index == 0 or "\n" in gone.lead)

    def _is_one_a_line(self) -> bool:
        return "\n" in self._entries[-1].lead

    def _last_line_lead(self) -> str:
        return next((entry.lead for entry in reversed(self._entries) if "\n" in entry.lead), "\n" + " " * 2)


def comma_before(text: str, start: int, end: int) -> bool:
    """Whether a comma stands there outside of comments."""
    return _comma(text, start, end) >= 0


def _comma(text: str, start: int, end: int) -> int:
    """The first comma outside of comments, or -1."""
    in_comment = False
    for index in range(start, end):
        if text[index] == "\n":
            in_comment = False
        elif text[index] == _COMMENT:
            in_comment = True
        elif text[index] == "," and not in_comment:
            return index
    return -1


def _shared(lead: str) -> tuple[str, str]:
    """The lead of a new entry and that of the one which it comes before.

    A comment at the end of the line before stays there; one on a line of its own stays with its entry.
    """
    head, newline, foot = lead.partition("\n")
    if not newline:
        return lead, lead
    return f"{head}\n{_indentation(lead)}", f"{_carriage(head)}\n{foot}"


def _joined(lead: str, following: str, *, keeps_first: bool) -> str:
    """What is left of two leads when the entry between them goes, with the comment that followed it."""
    if "\n" in lead and "\n" in following:
        return lead[: lead.rindex("\n")] + following[following.index("\n") :]
    return lead if keeps_first else following


def _indentation(lead: str) -> str:
    return lead.rpartition("\n")[2]


def _carriage(head: str) -> str:
    return "\r" if head.endswith("\r") else ""
