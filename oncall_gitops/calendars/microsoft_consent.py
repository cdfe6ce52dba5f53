"""A person's consent to Microsoft: in a browser that comes back to this machine, or by a code that is typed in
at another one. Many organisations block the code, so the browser is the first way."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from oncall_gitops.calendars.consent import NoConsent, consented, listening
from oncall_gitops.calendars.failures import CalendarFailure, NeedsConsent
from oncall_gitops.calendars.microsoft_auth import Authority, Found, failure, said, tokens_of
from oncall_gitops.calendars.microsoft_wire import rewritten

if TYPE_CHECKING:
    from oncall_gitops.core.model.instant import Instant
    from oncall_gitops.core.model.provider import MicrosoftSettings, Tokens

_DECLINED = frozenset(["authorization_declined", "access_denied"])
_TOO_LATE = frozenset(["authorization_pending", "slow_down", "expired_token", "code_expired"])


def authorize(
    settings: MicrosoftSettings,
    *,
    scopes: tuple[str, ...],
    show: Callable[[str], None],
    open_browser: Callable[[str], object],
    paste: Callable[[], str] | None = None,
    now: Instant,
) -> Tokens:
    """The person's tokens: authorization code with PKCE and state, answered to this machine.

    The application must be registered with the redirect URI `http://localhost`; any port is then allowed. The
    answer comes in the query, not in a form, so that its address can be pasted.
    """
    authority = Authority(settings)
    app = authority.app(with_secret=bool(settings.client_secret))
    with listening() as listener, warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="response_mode")
        flow = app.initiate_auth_code_flow(
            list(scopes), redirect_uri=f"http://localhost:{listener.port}", prompt="select_account"
        )
        answer = consented(
            listener,
            rewritten(settings, flow["auth_uri"]),
            state=flow["state"],
            show=show,
            open_browser=open_browser,
            paste=paste,
        )
    found = authority.as_person(lambda app: app.acquire_token_by_auth_code_flow(dict(flow), answer))
    return _given(found, scopes=scopes, now=now)


def authorize_by_device_code(
    settings: MicrosoftSettings, *, scopes: tuple[str, ...], show: Callable[[str], None], now: Instant
) -> Tokens:
    """The person's tokens: they open a page anywhere and type a code, while we ask until it is done."""
    authority = Authority(settings)
    flow: dict[str, Any] = dict(
        authority.asked(lambda: authority.app(with_secret=False).initiate_device_flow(scopes=list(scopes)))
    )
    if "user_code" not in flow:
        raise failure(flow)
    page = rewritten(settings, str(flow.get("verification_uri") or flow.get("verification_url") or ""))
    show(f"Open {page} in any browser and enter the code {flow['user_code']}")
    found = authority.asked(lambda: authority.app(with_secret=False).acquire_token_by_device_flow(flow))
    return _given(found, scopes=scopes, now=now)


def _given(found: Found, *, scopes: tuple[str, ...], now: Instant) -> Tokens:
    """The tokens, with the scopes that the person really gave."""
    error = found.get("error")
    if error in _DECLINED:
        raise NoConsent("the person did not consent")
    if error in _TOO_LATE:
        raise NoConsent("nobody entered the code in time")
    if error:
        raise _refusal(found)
    return tokens_of(found, scopes=scopes, now=now)


def _refusal(found: Found) -> CalendarFailure:
    """There is no stored consent yet that could be dead: a refused one is the organisation's policy."""
    refused = failure(found)
    if isinstance(refused, NeedsConsent):
        return NoConsent(
            f"Microsoft gives no token for this consent: {said(found)}",
            help="an organisation's policy may block it; its administrators can say why",
        )
    return refused
