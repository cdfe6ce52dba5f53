"""A person's consent to Google, in their browser: an authorization code with PKCE, brought to 127.0.0.1.

Not through google-auth-oauthlib: it takes the first request to its port for the answer, logs the address that
it sends people to, and fails where a person unticks a scope unless a variable of the environment allows that.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import Callable
from dataclasses import replace
from urllib.parse import urlencode

from oncall_gitops.calendars.consent import consented, listening
from oncall_gitops.calendars.failures import Refused
from oncall_gitops.calendars.google_auth import redeem
from oncall_gitops.core.model.instant import Instant
from oncall_gitops.core.model.provider import GoogleSettings, Tokens


def authorize(
    settings: GoogleSettings,
    *,
    scopes: tuple[str, ...],
    show: Callable[[str], None],
    open_browser: Callable[[str], object],
    paste: Callable[[], str] | None = None,
    now: Instant,
) -> Tokens:
    """Ask a person for these scopes. Google lets them untick each: what they granted stands in the tokens."""
    if not settings.client_id:
        raise Refused(
            "there is no OAuth client to ask Google with",
            help="set ONCALL_GITOPS_GOOGLE_CLIENT_ID and ONCALL_GITOPS_GOOGLE_CLIENT_SECRET",
        )
    state, verifier = secrets.token_urlsafe(32), secrets.token_urlsafe(64)
    with listening() as listener:
        redirect = f"http://127.0.0.1:{listener.port}/"
        asked = {
            "response_type": "code",
            "client_id": settings.client_id,
            "redirect_uri": redirect,
            "scope": " ".join(scopes),
            "state": state,
            "code_challenge": _challenge(verifier),
            "code_challenge_method": "S256",
            "access_type": "offline",
            "prompt": "consent",
        }
        url = f"{settings.authorize_url}?{urlencode(asked)}"
        answer = consented(listener, url, state=state, show=show, open_browser=open_browser, paste=paste)
    tokens = redeem(settings, code=answer["code"], verifier=verifier, redirect=redirect, now=now)
    return replace(tokens, scopes=tokens.scopes or scopes)


def _challenge(verifier: str) -> str:
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")
