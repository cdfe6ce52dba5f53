"""The canonical form of one text, with the proof that it says the same.

A formatter that changes who is woken up, or loses the comment that says why, does more harm than a crooked
file. So a text that comes out different is read again, and given up unless it means what it meant, holds the
same comments, and is canonical itself.
"""

from __future__ import annotations

from typing import TypeAlias

from oncall_gitops.source.document import Document, Mapping, Node, Scalar, read_document
from oncall_gitops.source.formatting.printer import printed
from oncall_gitops.source.formatting.wording import Keys, normal, role

Meaning: TypeAlias = "str | tuple[str, bool] | list[Meaning] | dict[str, Meaning]"


class NotTheSame(Exception):
    """The canonical form that was found does not say what the text said: a mistake of the formatter."""


def canonical(document: Document) -> str:
    """The canonical form of a document without mistakes in its form. Its text must have Unix line ends."""
    assert "\r" not in document.text
    page = printed(document)
    text = page.text()
    if text != document.text:
        again = read_document(text, document.file)
        if again.root is None or again.problems or meaning(again) != meaning(document):
            raise NotTheSame(f"{document.file}: its meaning would change")
        second = printed(again)
        if page.comments != second.comments:
            raise NotTheSame(f"{document.file}: a comment would be lost or moved")
        if text != second.text():
            raise NotTheSame(f"{document.file}: formatting it twice would change it again")
    return text


def meaning(document: Document) -> Meaning:
    """What a document says: its values in normal form, in their order; a number is not the same in quotes."""
    assert document.root is not None
    return _meaning(document.root, ())


def _meaning(node: Node, keys: Keys) -> Meaning:
    if isinstance(node, Scalar):
        text = normal(node, role(keys))
        return (str(node), node.plain) if text is None else text
    if isinstance(node, Mapping):
        return {str(key): _meaning(value, (*keys, str(key))) for key, value in node.items()}
    return [_meaning(item, keys) for item in node]
