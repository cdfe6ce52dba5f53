"""One call of Microsoft Graph: a request, and its answer as a value or as one of `failures.py`.

No failure quotes what the service wrote: of an error only the codes that are known here are repeated.
Waiting and trying again are the caller's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote, urlencode, urljoin, urlsplit

from oncall_gitops.calendars.failures import (
    CalendarFailure,
    Changed,
    NeedsConsent,
    Refused,
    Throttled,
    Unauthorized,
    Unavailable,
)
from oncall_gitops.calendars.microsoft_wire import TIMEOUTS, open_session, retry_after
from oncall_gitops.core.secret import Secret

if TYPE_CHECKING:
    import requests

    from oncall_gitops.core.model.provider import MicrosoftSettings

_PREFER = 'IdType="ImmutableId", outlook.timezone="UTC", outlook.body-content-type="text"'
"""Ids that stay when an event is moved, times that compare exactly, and the body as it was written."""

_DUPLICATE = "ErrorDuplicateTransactionId"
_NO_MAILBOX = frozenset(
    [
        "ErrorInvalidUser",
        "ErrorNonExistentMailbox",
        "MailboxNotEnabledForRESTAPI",
        "MailboxNotSupportedForRESTAPI",
        "Request_ResourceNotFound",
    ]
)
_THROTTLES = frozenset(["ApplicationThrottled", "TooManyRequests", "ErrorExceededConnectionCount"])
_KNOWN_CODES = frozenset(
    [
        "ErrorAccessDenied",
        "ErrorInvalidIdMalformed",
        "ErrorInvalidPropertySet",
        "ErrorInvalidRequest",
        "ErrorQuotaExceeded",
        "ErrorSchemaValidation",
        "RequestBodyRead",
        *_NO_MAILBOX,
    ]
)

MAX_PAGES = 1000


class Gone(CalendarFailure):
    """What the call was about is not there (404, 410)."""


class Duplicate(CalendarFailure):
    """An event was created under this `transactionId` before."""


class Exists(CalendarFailure):
    """Something of this name, or another change, stands against the call (409)."""


class Call(NamedTuple):
    """`path` is encoded and follows the root; `etag` is the version that the change is meant for."""

    method: str
    path: str
    query: Mapping[str, str] = {}
    body: Mapping[str, Any] | None = None
    etag: str = ""


class Graph:
    """The service. Safe for several threads. `refused` hears of access tokens that are not accepted."""

    def __init__(self, settings: MicrosoftSettings, refused: Callable[[Secret], None]) -> None:
        self._root = settings.graph_url
        self._proxy = settings.proxy
        self._refused = refused

    @cached_property
    def _session(self) -> requests.Session:
        return open_session(self._proxy)

    def __call__(self, access: Secret, call: Call) -> dict[str, Any]:
        """The answer to one call; empty where the service answers nothing."""
        url = self._root + call.path
        if call.query:
            url += "?" + urlencode(call.query, quote_via=quote, safe="$")
        return self._send(access, call, url)

    def pages(self, access: Secret, call: Call) -> Iterator[dict[str, Any]]:
        """The items of a listing, through all its pages. A page that fails fails the listing.

        The token goes to this service alone: a link to a next page elsewhere is not followed.
        """
        page, seen = self(access, call), set[str]()
        while True:
            items = page.get("value")
            if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
                raise Unavailable("Microsoft Graph answered with a listing that is none")
            yield from items
            if not (link := page.get("@odata.nextLink")):
                return
            url = urljoin(self._root + "/", str(link))
            if url in seen or len(seen) >= MAX_PAGES or not self._is_here(url):
                raise Unavailable(
                    "Microsoft Graph answered with a next page that is elsewhere or in a circle"
                )
            seen.add(url)
            page = self._send(access, call, url)

    def _is_here(self, url: str) -> bool:
        there, here = urlsplit(url), urlsplit(self._root)
        try:
            same = (there.scheme, there.hostname, there.port) == (here.scheme, here.hostname, here.port)
        except ValueError:
            return False
        return same and there.username is None

    def _send(self, access: Secret, call: Call, url: str) -> dict[str, Any]:
        import requests

        headers = {
            "Authorization": f"Bearer {access.reveal()}",
            "Accept": "application/json",
            "Prefer": _PREFER,
        }
        if call.etag:
            headers["If-Match"] = call.etag
        try:
            answer = self._session.request(
                call.method, url, json=call.body, headers=headers, timeout=TIMEOUTS, allow_redirects=False
            )
        except requests.RequestException as error:
            raise Unavailable(f"Microsoft Graph did not answer ({type(error).__name__})") from None
        if answer.status_code == 401:
            self._refused(access)
        if not 200 <= answer.status_code < 300:
            raise _failure(answer)
        if not answer.content:
            return {}
        return _object(answer)


def _object(answer: requests.Response) -> dict[str, Any]:
    """The JSON object that an answer holds."""
    try:
        found = answer.json()
    except (ValueError, RecursionError):
        raise Unavailable("Microsoft Graph's answer was cut short or is not JSON") from None
    if not isinstance(found, dict):
        raise Unavailable("Microsoft Graph's answer is not an object")
    return found


def _failure(answer: requests.Response) -> CalendarFailure:
    """What an answer that is no success means to us."""
    status, (code, message) = answer.status_code, _error(answer)
    after = retry_after(answer.headers)
    shown = f"{status} {code}" if code in _KNOWN_CODES else str(status)
    waits = status in (403, 503) and "Retry-After" in answer.headers
    if status == 429 or waits or (status == 403 and code in _THROTTLES):
        return Throttled(f"Microsoft asks to be called less often ({status})", after=after)
    if code in _NO_MAILBOX:
        return NeedsConsent(f"Microsoft has no mailbox with calendars for this person ({shown})")
    if status in (400, 409) and (code == _DUPLICATE or _DUPLICATE in message):
        return Duplicate("the event was created before")
    match status:
        case 401:
            return Unauthorized("Microsoft does not accept the access token (401)")
        case 403:
            return NeedsConsent(
                f"Microsoft denies access to the calendar ({shown}): the consent does not cover"
                " Calendars.ReadWrite, or the organisation keeps this application from the mailbox"
            )
        case 404 | 410:
            return Gone(f"Microsoft Graph finds nothing there ({status})")
        case 409:
            return Exists("Microsoft Graph has something else in this place (409)")
        case 412:
            return Changed("the event is not as it was listed (412)")
        case 408 | 425:
            return Unavailable(f"Microsoft Graph did not answer in time ({status})")
        case _ if 400 <= status < 500:
            return Refused(f"Microsoft refuses the call ({shown})")
    return Unavailable(f"Microsoft Graph has no answer ({shown})")


def _error(answer: requests.Response) -> tuple[str, str]:
    """The code and the message of an error; both are empty where the answer holds none."""
    try:
        error = _object(answer).get("error")
    except Unavailable:
        return "", ""
    if not isinstance(error, dict):
        return "", ""
    return str(error.get("code", "")), str(error.get("message", ""))
