"""Google's token endpoint: codes, refresh tokens and service accounts become access tokens, and grants end.

Its three kinds of request are one form each; the endpoint is asked once, so that how often to try stays with
the sync. (google-auth's own grants sleep and try again by themselves.)
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from oncall_gitops.calendars.failures import CalendarFailure, NeedsConsent, Refused, Throttled, Unavailable
from oncall_gitops.calendars.google_wire import TIMEOUTS, open_session, wait_asked_for
from oncall_gitops.core.model.instant import Instant
from oncall_gitops.core.model.provider import GoogleSettings, Tokens
from oncall_gitops.core.secret import Secret

LIFETIME = 3600
"""Of an access token that does not say how long it lasts, and of an assertion, in seconds."""

SERVICE_ACCOUNT = "ONCALL_GITOPS_GOOGLE_SERVICE_ACCOUNT_FILE"

_GONE = {
    "invalid_grant": "the consent has expired or was taken back",
    "admin_policy_enforced": "the organisation's administrators do not allow it",
    "access_denied": "access was denied",
    "org_internal": "the client is for its own organisation only",
    "unauthorized_client": "the client may not act for this person: an administrator has to delegate the scopes",
    "invalid_scope": "the client may not use these scopes: an administrator has to delegate them",
}
_CLIENT = {"invalid_client", "deleted_client", "disabled_client"}


def redeem(settings: GoogleSettings, *, code: str, verifier: str, redirect: str, now: Instant) -> Tokens:
    """The tokens for the code that a consent ended with."""
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "code_verifier": verifier,
        "redirect_uri": redirect,
    }
    return _tokens(settings, {**form, **_client(settings)}, now=now)


def refresh(settings: GoogleSettings, token: Secret, *, now: Instant) -> Tokens:
    """New tokens for a refresh token; NeedsConsent if it is dead."""
    form = {"grant_type": "refresh_token", "refresh_token": token.reveal()}
    return _tokens(settings, {**form, **_client(settings)}, now=now)


def mint(settings: GoogleSettings, *, mailbox: str, scopes: tuple[str, ...], now: Instant) -> Tokens:
    """A token with which the service account acts for `mailbox`, by delegation in the person's organisation."""
    form = {
        "grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer",
        "assertion": _assertion(settings, mailbox, scopes, now),
    }
    tokens = _tokens(settings, form, now=now)
    return Tokens(tokens.access, None, tokens.expires_at, tokens.scopes or scopes, mailbox)


def revoke(settings: GoogleSettings, token: Secret) -> str:
    """End the grant with all its tokens; a sentence for the person if that is left to them."""
    status, body, after = _post(settings, settings.revoke_url, {"token": token.reveal()})
    if status == 429 or status >= 500:
        raise _failure(status, body, after, settings)
    if status == 200 or body.get("error") in ("invalid_token", "invalid_grant"):
        return ""
    return "Google did not take the access back: remove it at https://myaccount.google.com/connections"


def _client(settings: GoogleSettings) -> dict[str, str]:
    secret = {"client_secret": settings.client_secret.reveal()} if settings.client_secret else {}
    return {"client_id": settings.client_id, **secret}


def _assertion(settings: GoogleSettings, mailbox: str, scopes: tuple[str, ...], now: Instant) -> str:
    """A short-lived claim, signed with the service account's key. As `with_subject` of google-auth does it,
    but with our clock."""
    from google.auth import crypt, jwt

    if not settings.service_account:
        raise NeedsConsent(f"there is no service account: set {SERVICE_ACCOUNT}")
    try:
        key: Any = json.loads(settings.service_account.reveal())
        signer = crypt.RSASigner.from_service_account_info(key)  # type: ignore[no-untyped-call]
        issuer = key["client_email"]
    except (ValueError, LookupError, TypeError):
        raise NeedsConsent(f"{SERVICE_ACCOUNT} does not hold the key of a service account") from None
    claims = {"iss": issuer, "sub": mailbox, "scope": " ".join(scopes), "aud": settings.token_url}
    signed: bytes = jwt.encode(signer, {**claims, "iat": now, "exp": now + LIFETIME})  # type: ignore[no-untyped-call]
    return signed.decode()


def _tokens(settings: GoogleSettings, form: Mapping[str, str], *, now: Instant) -> Tokens:
    status, body, after = _post(settings, settings.token_url, form)
    if status != 200:
        raise _failure(status, body, after, settings)
    access, refresh_token = body.get("access_token"), body.get("refresh_token")
    if not isinstance(access, str) or not access:
        raise Unavailable("the answer of Google's token endpoint holds no access token")
    return Tokens(
        access=Secret(access),
        refresh=Secret(refresh_token) if isinstance(refresh_token, str) and refresh_token else None,
        expires_at=now + _seconds(body.get("expires_in")),
        scopes=tuple(str(body.get("scope") or "").split()),
    )


def _post(
    settings: GoogleSettings, url: str, form: Mapping[str, str]
) -> tuple[int, Mapping[str, Any], float | None]:
    """The status of the answer, what it says, and for how long it asks us to wait."""
    from requests import RequestException

    try:
        with open_session(settings.proxy) as session:
            answer = session.post(url, data=form, timeout=TIMEOUTS, allow_redirects=False)
            after = wait_asked_for({name.lower(): value for name, value in answer.headers.items()})
            body = answer.json() if answer.content else {}
    except (RequestException, OSError, ValueError) as error:
        raise Unavailable(f"no usable answer from Google's token endpoint ({type(error).__name__})") from None
    return answer.status_code, body if isinstance(body, dict) else {}, after


def _failure(
    status: int, body: Mapping[str, Any], after: float | None, settings: GoogleSettings
) -> CalendarFailure:
    error = body.get("error")
    if status == 429:
        return Throttled("Google's token endpoint asks for a slower pace (429)", after=after)
    if isinstance(error, str) and error in _GONE:
        return NeedsConsent(f"Google gives no token ({error}): {_GONE[error]}")
    if (isinstance(error, str) and error in _CLIENT) or (status in (400, 401) and not settings.client_id):
        return Refused(
            "Google does not accept the OAuth client",
            help="check ONCALL_GITOPS_GOOGLE_CLIENT_ID and ONCALL_GITOPS_GOOGLE_CLIENT_SECRET",
        )
    if 400 <= status < 500 and status != 408:
        return Refused(f"Google's token endpoint refuses the request ({status})")
    return Unavailable(f"Google's token endpoint could not answer ({status})")


def _seconds(given: object) -> int:
    """How long a token lasts."""
    try:
        return max(0, int(float(str(given))))
    except (ValueError, OverflowError):
        return LIFETIME
