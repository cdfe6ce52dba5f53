"""What every command that works on calendars needs: the keys, and the providers as this installation is set up."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING

from oncall_gitops.calendar_settings import load_google_settings, load_microsoft_settings, load_token_keys
from oncall_gitops.core.model.calendar import Provider
from oncall_gitops.logs import guard_logs

if TYPE_CHECKING:
    from oncall_gitops.calendars.protocol import ProviderApi
    from oncall_gitops.calendars.tokens import KeyRing


def load_keys() -> KeyRing:
    """The keys that seal and open tokens; an error that says how to make one if there is none."""
    from oncall_gitops.calendars.tokens import read_keys

    guard_logs()
    return read_keys(load_token_keys())


def providers() -> Callable[[Provider], ProviderApi]:
    """`provider -> ProviderApi`, each made when it is first asked for: its libraries take a while to load."""
    return cache(_open)


def _open(provider: Provider) -> ProviderApi:
    match provider:
        case "google":
            from oncall_gitops.calendars.google import Google

            return Google(load_google_settings())
        case "microsoft":
            from oncall_gitops.calendars.microsoft import Microsoft

            return Microsoft(load_microsoft_settings())
