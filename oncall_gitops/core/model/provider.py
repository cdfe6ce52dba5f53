"""How this installation speaks to the calendar providers, and what it is given to do so."""

from __future__ import annotations

from dataclasses import dataclass

from oncall_gitops.core.model.instant import Instant
from oncall_gitops.core.secret import NO_SECRET, Secret


@dataclass(frozen=True, slots=True)
class GoogleSettings:
    """URLs without a trailing slash. `api_url` is the root: `/calendar/v3/...` follows it.

    `service_account` is the JSON text of a service account's key, for organisations. `proxy` is the URL of a
    proxy for all calls over https (it may hold a password), empty for none.
    """

    client_id: str = ""
    client_secret: Secret = NO_SECRET
    api_url: str = "https://www.googleapis.com"
    token_url: str = "https://oauth2.googleapis.com/token"
    authorize_url: str = "https://accounts.google.com/o/oauth2/v2/auth"
    revoke_url: str = "https://oauth2.googleapis.com/revoke"
    service_account: Secret = NO_SECRET
    proxy: Secret = NO_SECRET


@dataclass(frozen=True, slots=True)
class MicrosoftSettings:
    """URLs without a trailing slash. `graph_url` has the version in it; `/me/calendars` follows it.

    `authority` has no tenant in it: `/<tenant>` follows it. `proxy` is as for Google.
    """

    client_id: str = ""
    client_secret: Secret = NO_SECRET
    tenant: str = "common"
    graph_url: str = "https://graph.microsoft.com/v1.0"
    authority: str = "https://login.microsoftonline.com"
    proxy: Secret = NO_SECRET


@dataclass(frozen=True, slots=True)
class Tokens:
    """What a provider's token endpoint gave. `refresh` is None where it gave none (keep the old one)."""

    access: Secret
    refresh: Secret | None
    expires_at: Instant
    scopes: tuple[str, ...] = ()
    account: str = ""
