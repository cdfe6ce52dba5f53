"""The wire to Microsoft: a session that takes nothing from the environment, and what MSAL speaks through.

MSAL insists on https: what it asks of a loopback authority is rewritten at the last moment.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

from oncall_gitops.calendars.failures import Throttled, Unavailable
from oncall_gitops.core.secret import Secret

if TYPE_CHECKING:
    import requests

    from oncall_gitops.core.model.provider import MicrosoftSettings

TIMEOUTS = (10, 20)
"""Seconds to connect, and between two pieces of an answer."""


def open_session(proxy: Secret) -> requests.Session:
    """A session that takes nothing from the environment: a netrc file would replace our authorization, a
    variable the certificates. No cookies are kept: calls of different people go through it."""
    from http.cookiejar import DefaultCookiePolicy

    import requests

    made = requests.Session()
    made.trust_env = False
    made.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    if proxy:
        made.proxies = {"https": proxy.reveal()}
    made.mount("https://", requests.adapters.HTTPAdapter(pool_maxsize=64))
    made.mount("http://", requests.adapters.HTTPAdapter(pool_maxsize=64))
    return made


def retry_after(headers: Mapping[str, str]) -> float | None:
    """How many seconds an answer asks us to wait: it says so in seconds, or by a date."""
    said = headers.get("Retry-After", "").strip()
    if re.fullmatch(r"[0-9]{1,9}(\.[0-9]+)?", said):
        return float(said)
    try:
        until = parsedate_to_datetime(said)
        begin: datetime = parsedate_to_datetime(headers.get("Date", ""))
        return max(0.0, (until - begin).total_seconds())
    except (TypeError, ValueError):
        return None


def on_loopback(url: str) -> bool:
    """Settings let http through for loopback alone."""
    return urlsplit(url).scheme == "http"


def rewritten(settings: MicrosoftSettings, url: str) -> str:
    """What MSAL asks of any host goes to a loopback authority, if that is what the settings name."""
    if not on_loopback(settings.authority):
        return url
    return urlsplit(url)._replace(scheme="http", netloc=urlsplit(settings.authority).netloc).geturl()


class Transport:
    """The transport that MSAL wants. An answer that is no JSON never reaches it: it would log all of it."""

    def __init__(self, settings: MicrosoftSettings) -> None:
        self._settings = settings
        self._session = open_session(settings.proxy)

    def get(self, url: str, *, params: Any = None, headers: Any = None, **_: Any) -> _Answer:
        return self._send("GET", url, params=params, headers=headers)

    def post(
        self, url: str, *, params: Any = None, data: Any = None, headers: Any = None, **_: Any
    ) -> _Answer:
        answer = self._send("POST", url, params=params, data=data, headers=headers)
        if (data or {}).get("grant_type") == "refresh_token":
            return answer._replace(text=_without_identity(answer.text))
        return answer

    def close(self) -> None:
        self._session.close()

    def _send(self, method: str, url: str, **parts: Any) -> _Answer:
        import requests

        try:
            answer = self._session.request(
                method, rewritten(self._settings, url), timeout=TIMEOUTS, allow_redirects=False, **parts
            )
        except requests.RequestException as error:
            raise Unavailable(
                f"Microsoft's sign-in service did not answer ({type(error).__name__})"
            ) from None
        status = answer.status_code
        if status == 429 or (status >= 500 and "Retry-After" in answer.headers):
            raise Throttled(
                f"Microsoft's sign-in service asks to be called less often ({status})",
                after=retry_after(answer.headers),
            )
        if status >= 500 or 300 <= status < 400:
            raise Unavailable(f"Microsoft's sign-in service has no answer ({status})")
        return _Answer(status, self._checked(url, answer.text), answer.headers)

    def _checked(self, url: str, text: str) -> str:
        try:
            found = json.loads(text)
        except (ValueError, RecursionError):
            raise Unavailable("Microsoft's sign-in service gave an answer that was cut short") from None
        if not isinstance(found, dict):
            raise Unavailable("Microsoft's sign-in service gave an answer that is not an object")
        if on_loopback(self._settings.authority) and url.endswith("/openid-configuration"):
            return text.replace('"http://', '"https://')  # MSAL refuses endpoints that are not
        return text


class _Answer(NamedTuple):
    """As much of an answer as MSAL looks at."""

    status_code: int
    text: str
    headers: Mapping[str, str]

    def raise_for_status(self) -> None:
        """Every answer that is an error has become a failure already, or holds words for MSAL."""


def _without_identity(text: str) -> str:
    """Who the person is was settled at their consent: a strange identity token must not cost a refresh."""
    return json.dumps({name: value for name, value in json.loads(text).items() if name != "id_token"})
