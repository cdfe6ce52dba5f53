"""Tokens from Microsoft's identity platform, through MSAL.

MSAL is used for its protocol alone: it keeps no tokens here (they are stored sealed, or given up), it asks
nobody whether the authority is Microsoft's (the settings name it), and it speaks through a session of ours,
which turns what MSAL would log or retry into failures.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from threading import Lock
from typing import TYPE_CHECKING, Any, TypeAlias
from urllib.parse import urlsplit

from oncall_gitops.calendars.failures import CalendarFailure, NeedsConsent, Unavailable
from oncall_gitops.calendars.microsoft_wire import Transport, on_loopback
from oncall_gitops.core.model.instant import Instant
from oncall_gitops.core.secret import Secret

if TYPE_CHECKING:
    from oncall_gitops.core.model.provider import MicrosoftSettings, Tokens

Found: TypeAlias = Mapping[str, Any]
"""What MSAL gives back: an answer of the token endpoint, errors included."""

AUTHORITY = "ONCALL_GITOPS_MICROSOFT_AUTHORITY"
CLIENT_ID = "ONCALL_GITOPS_MICROSOFT_CLIENT_ID"
CLIENT_SECRET = "ONCALL_GITOPS_MICROSOFT_CLIENT_SECRET"
TENANT = "ONCALL_GITOPS_MICROSOFT_TENANT"

_DEAD = frozenset(["invalid_grant", "interaction_required", "consent_required", "login_required"])
_BUSY = frozenset(["temporarily_unavailable", "server_error"])
_BUSY_CODES = frozenset([50196, 90033, 90055])
"""A loop of requests was cut, and two kinds of trouble that pass: some come with `invalid_grant`."""

_PUBLIC_ONLY = 700025
"""The application is registered as a public client: its secret must not be sent for a person."""

_GRAPH = "https://graph.microsoft.com"

_LIFETIME = 3600
"""Seconds that a token is taken to live where the answer does not say."""


class Authority:
    """The identity platform as one installation's settings name it. Safe for several threads."""

    def __init__(self, settings: MicrosoftSettings) -> None:
        self._settings = settings
        self._apps: dict[bool, Any] = {}
        self._http_cache: dict[str, Any] = {}  # discovery documents and dead requests; never tokens
        self._lock = Lock()

    def refresh(self, refresh: Secret, *, scopes: tuple[str, ...], now: Instant) -> Tokens:
        """New tokens for a person's refresh token; the old one goes on working until it expires."""
        found = self.as_person(
            lambda app: app.acquire_token_by_refresh_token(refresh.reveal(), scopes=list(scopes))
        )
        return tokens_of(found, scopes=scopes, now=now)

    def mint(self, *, now: Instant) -> Tokens:
        """A token by the organisation's grant, as an administrator consented to it."""
        if not self._settings.client_secret:
            raise NeedsConsent(f"no organisation's grant: {CLIENT_SECRET} is not set")
        found = self.asked(
            lambda: self.app(with_secret=True).acquire_token_for_client([_default_scope(self._settings)])
        )
        if "access_token" not in found and self._settings.tenant in ("common", "organizations", "consumers"):
            raise CalendarFailure(f"{said(found)}; {TENANT} must name the organisation's own tenant")
        return tokens_of(found, scopes=(), now=now)

    def as_person(self, ask: Callable[[Any], Found]) -> Found:
        """Ask with the application's secret if there is one, and without it where a secret is not wanted."""
        found: Found = self.asked(lambda: ask(self.app(with_secret=bool(self._settings.client_secret))))
        if self._settings.client_secret and _PUBLIC_ONLY in _codes(found):
            found = self.asked(lambda: ask(self.app(with_secret=False)))
        return found

    def app(self, *, with_secret: bool) -> Any:
        """MSAL's application: one for each kind, since each begins with a request for the authority's endpoints."""
        import msal

        if not self._settings.client_id:
            raise CalendarFailure(
                f"{CLIENT_ID} is not set: Microsoft gives tokens to a registered application"
            )
        with self._lock:
            if with_secret not in self._apps:
                kind = msal.ConfidentialClientApplication if with_secret else msal.PublicClientApplication
                secret = {"client_credential": self._settings.client_secret.reveal()} if with_secret else {}
                try:
                    self._apps[with_secret] = kind(
                        self._settings.client_id,
                        **secret,
                        authority=_msal_authority(self._settings),
                        instance_discovery=False,
                        http_client=Transport(self._settings),
                        http_cache=self._http_cache,
                        token_cache=_forgetful(),
                    )
                except (ValueError, RuntimeError, TypeError, LookupError, AttributeError):
                    self._http_cache.clear()  # else the useless answer would be believed for a day
                    raise Unavailable(
                        f"Microsoft's sign-in service names no endpoints; check {AUTHORITY} and {TENANT}"
                    ) from None
            return self._apps[with_secret]

    def asked(self, ask: Callable[[], Any]) -> Any:
        """MSAL tells some of what goes wrong by an exception, whose text may quote an answer."""
        try:
            return ask()
        except CalendarFailure:
            raise
        except (ValueError, RuntimeError, TypeError, LookupError, AttributeError) as error:
            raise Unavailable(
                f"Microsoft's sign-in service answered with what is no answer ({type(error).__name__})"
            ) from None


def tokens_of(found: Found, *, scopes: tuple[str, ...], now: Instant) -> Tokens:
    """The tokens of an answer, or the failure that it tells. `scopes` are granted where it names none."""
    from oncall_gitops.core.model.provider import Tokens

    access = found.get("access_token")
    if not isinstance(access, str) or not access:
        raise failure(found)
    refresh = found.get("refresh_token")
    claims = found.get("id_token_claims") or {}
    return Tokens(
        access=Secret(access),
        refresh=Secret(str(refresh)) if refresh else None,
        expires_at=now + _seconds(found.get("expires_in")),
        scopes=_granted(found) or scopes,
        account=str(claims.get("preferred_username") or claims.get("email") or ""),
    )


def failure(found: Found) -> CalendarFailure:
    """What an error of the token endpoint means to us."""
    error, codes = found.get("error"), _codes(found)
    if error in _BUSY or codes & _BUSY_CODES:
        return Unavailable(f"Microsoft's sign-in service is busy: {said(found)}")
    if error in _DEAD:
        return NeedsConsent(f"Microsoft does not accept the stored consent any more: {said(found)}")
    if error in ("invalid_client", "unauthorized_client"):
        return CalendarFailure(
            f"Microsoft refuses this installation: {said(found)}; check {CLIENT_ID}, {CLIENT_SECRET} and {TENANT}"
        )
    return CalendarFailure(f"Microsoft gave no token: {said(found)}")


def said(found: Found) -> str:
    """The names of an error, without its sentences: those quote addresses and identifiers."""
    error = str(found.get("error", ""))
    words = [error if re.fullmatch(r"[a-z_]{1,40}", error) else "an unknown error"]
    return ", ".join(words + [f"AADSTS{code}" for code in sorted(_codes(found))])


def person_scope(settings: MicrosoftSettings, name: str) -> str:
    """A scope as a person grants it: a cloud of its own has its own name before it."""
    resource = _resource(settings)
    return name if resource == _GRAPH else f"{resource}/{name}"


def _granted(found: Found) -> tuple[str, ...]:
    """The scopes that an answer names: sometimes with Graph's name before them, sometimes without."""
    scopes = str(found.get("scope") or "").split()
    return tuple(sorted(scope.removeprefix(f"{_GRAPH}/") for scope in scopes))


def _codes(found: Found) -> frozenset[int]:
    codes = found.get("error_codes")
    return (
        frozenset(code for code in codes if isinstance(code, int)) if isinstance(codes, list) else frozenset()
    )


def _seconds(said: object) -> int:
    try:
        return max(0, int(str(said)))
    except ValueError:
        return _LIFETIME


def _default_scope(settings: MicrosoftSettings) -> str:
    """All that was granted to the application itself."""
    return f"{_resource(settings)}/.default"


def _resource(settings: MicrosoftSettings) -> str:
    """What tokens are for: the Graph of the cloud; a loopback one stands for Microsoft's."""
    return _GRAPH if on_loopback(settings.graph_url) else f"https://{urlsplit(settings.graph_url).netloc}"


def _msal_authority(settings: MicrosoftSettings) -> str:
    """The authority's URL with the tenant, as MSAL accepts it."""
    return re.sub(r"^http:", "https:", f"{settings.authority}/{settings.tenant}")


def _forgetful() -> Any:
    """A cache that keeps nothing: what is in memory of one person must not answer for another, or outlive the
    tokens' own row."""
    import msal

    class Forgetful(msal.TokenCache):  # type: ignore[misc] # msal has no types
        def add(self, event: object, now: object = None) -> None:
            """Nothing is kept."""

    return Forgetful()
