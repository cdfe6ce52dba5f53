"""How tokens come to us: a file, or a person who consents in a browser or with a code for another device."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from oncall_gitops.core.model.calendar import Provider
from oncall_gitops.core.model.instant import Instant

if TYPE_CHECKING:
    from oncall_gitops.core.model.provider import Tokens

Way = Literal["browser", "address", "device", "file", "organisation"]
"""How the consent comes: this machine's browser, a printed address, a code for another device, a file with
tokens, or an administrator's grant."""

LARGEST_FILE = 1 << 20


def tokens_from_file(name: str) -> Tokens:
    """The tokens of a file, or of the standard input for `-`."""
    from oncall_gitops.calendars.token_file import InvalidTokenFile, read_token_file

    if name == "-":
        content = sys.stdin.buffer.read(LARGEST_FILE + 1)
    else:
        with Path(name).open("rb") as file:
            content = file.read(LARGEST_FILE + 1)
    if len(content) > LARGEST_FILE:
        raise InvalidTokenFile(f"the token file is larger than {LARGEST_FILE} bytes")
    try:
        return read_token_file(content.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise InvalidTokenFile("the token file is not text in UTF-8") from None


def ask_person(provider: Provider, way: Way, *, scopes: tuple[str, ...], now: Instant) -> Tokens:
    """A person's consent, in a browser or with a code for another device."""
    from oncall_gitops.calendar_settings import load_google_settings, load_microsoft_settings

    open_browser, paste = _browser(way)
    match provider, way:
        case "google", _:
            from oncall_gitops.calendars import google_consent

            return google_consent.authorize(
                load_google_settings(),
                scopes=scopes,
                show=click.echo,
                open_browser=open_browser,
                paste=paste,
                now=now,
            )
        case "microsoft", "device":
            from oncall_gitops.calendars import microsoft_consent

            return microsoft_consent.authorize_by_device_code(
                load_microsoft_settings(), scopes=scopes, show=click.echo, now=now
            )
        case _:
            from oncall_gitops.calendars import microsoft_consent

            return microsoft_consent.authorize(
                load_microsoft_settings(),
                scopes=scopes,
                show=click.echo,
                open_browser=open_browser,
                paste=paste,
                now=now,
            )


def _browser(way: Way) -> tuple[Callable[[str], object], Callable[[], str] | None]:
    """How to open a page; and, where the address is to be printed alone, how the answer may be pasted.

    Without a terminal nobody pastes: whoever runs this visits the page by other means, on this machine.
    """
    if way == "browser":
        import webbrowser

        return webbrowser.open, None
    if sys.stdin.isatty():
        return _open_nothing, lambda: str(click.prompt("Address", err=True))
    return _open_nothing, None


def _open_nothing(url: str) -> None:
    """The address has been printed."""
