"""The wire to Google Calendar: Google's own client over `requests`, one try a call, every answer a value.

The client is built from the description of the API that it ships (nothing is fetched), with the root URL of
the settings. It speaks through `requests` and not through its usual httplib2, which sends a request again by
itself when a connection is cut, and knows one time-out for connecting and for waiting.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from functools import cache
from typing import TYPE_CHECKING, Any

from oncall_gitops.calendars.failures import (
    CalendarFailure,
    CalendarGone,
    Changed,
    NeedsConsent,
    Refused,
    Throttled,
    Unauthorized,
    Unavailable,
)
from oncall_gitops.core.secret import Secret

if TYPE_CHECKING:
    import requests

TIMEOUTS = (10.0, 20.0)
"""To connect, and to wait for an answer, in seconds."""

LONG_PAUSE = 4 * 3600.0
"""How long to leave an account or a project alone whose budget is used up, in seconds."""

_RATE = {"rateLimitExceeded", "userRateLimitExceeded", "RATE_LIMIT_EXCEEDED"}
_BUDGET = {"quotaExceeded", "calendarUsageLimitsExceeded", "dailyLimitExceeded"}
_SCOPE = {"insufficientPermissions", "requiredAccessLevel", "ACCESS_TOKEN_SCOPE_INSUFFICIENT"}
_DISABLED = {"accessNotConfigured", "SERVICE_DISABLED"}
_OTHER = {
    "forbidden",
    "notFound",
    "duplicate",
    "conflict",
    "deleted",
    "invalid",
    "required",
    "timeRangeEmpty",
}
_KNOWN = _RATE | _BUDGET | _SCOPE | _DISABLED | _OTHER


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer. `reason` is Google's one word for an error, empty where it gave none that we know;
    `after` is for how many seconds it asks us to wait."""

    status: int
    body: Mapping[str, Any] = field(default_factory=dict)
    reason: str = ""
    after: float | None = None

    @property
    def items(self) -> list[Mapping[str, Any]]:
        """What a page of a listing holds."""
        found = self.body.get("items") or []
        if not isinstance(found, list) or not all(isinstance(item, dict) for item in found):
            raise Unavailable("the answer of Google Calendar is no listing")
        return found

    @property
    def is_throttled(self) -> bool:
        return self.status == 403 and self.reason in _RATE | _BUDGET

    @property
    def is_forbidden(self) -> bool:
        """Whether this one thing is forbidden: not the pace, not the budget, not what the person granted."""
        return self.status == 403 and self.reason in ("forbidden", "")


def open_session(proxy: Secret) -> requests.Session:
    """A connection that is made as the settings say; nothing in the environment changes it."""
    import requests

    session = requests.Session()
    session.trust_env = False
    session.proxies = {"https": proxy.reveal()} if proxy else {}
    return session


def open_service(api_url: str, access: Secret, *, proxy: Secret) -> Any:
    """The Calendar API with a token, for one thread."""
    from googleapiclient.discovery import build_from_document

    return build_from_document(
        _document(api_url),
        http=_Http(open_session(proxy), access),
        client_options={"universe_domain": "googleapis.com"},  # else the environment may name another
    )


def ask(request: Any) -> Reply:
    """Send a request of the service; Unavailable if no whole answer came."""
    from googleapiclient.errors import HttpError
    from requests import RequestException

    try:
        body = request.execute(num_retries=0)
    except HttpError as error:
        return _error_reply(error.resp, error.content)
    except (RequestException, OSError, ValueError, AttributeError, TypeError) as error:
        raise Unavailable(f"no usable answer from Google Calendar ({type(error).__name__})") from None
    if request.method == "DELETE":
        return Reply(200)
    if not isinstance(body, dict):
        raise Unavailable("the answer of Google Calendar was cut short")
    return Reply(200, body)


def pages(method: Any, **parameters: Any) -> Iterator[Reply]:
    """All pages of a listing; a CalendarFailure if one of them does not come."""
    token: str | None = None
    while True:
        reply = ask(method(**parameters, pageToken=token) if token else method(**parameters))
        if reply.status != 200:
            raise failure(reply)
        yield reply
        token, before = reply.body.get("nextPageToken"), token
        if not token:
            return
        if token == before:
            raise Unavailable("Google Calendar gives the same page again and again")


def failure(reply: Reply) -> CalendarFailure:
    """What an error means where nothing better is known of the call."""
    shown = f"({reply.status} {reply.reason})" if reply.reason else f"({reply.status})"
    match reply.status:
        case 401:
            return Unauthorized(f"Google does not accept the access token {shown}")
        case 403:
            return _forbidden(reply, shown)
        case 404 | 410:
            return CalendarGone(f"Google does not know the calendar any more {shown}")
        case 412:
            return Changed(f"the event changed in the meantime {shown}")
        case 429:
            return Throttled(f"Google asks for a slower pace {shown}", after=reply.after)
        case 400 | 413 | 414 | 422:
            return Refused(f"Google Calendar refuses the call {shown}")
        case _:
            return Unavailable(f"Google Calendar could not answer {shown}")


def wait_asked_for(headers: Mapping[str, str]) -> float | None:
    """The seconds of a Retry-After, which is a number or a date; the names of `headers` are in lower case."""
    value = headers.get("retry-after", "").strip()
    if value.isascii() and value.isdecimal():
        return float(value)
    try:
        return max(
            0.0, (parsedate_to_datetime(value) - parsedate_to_datetime(headers["date"])).total_seconds()
        )
    except (KeyError, TypeError, ValueError):
        return None


class _Http:
    """What Google's client takes for its HTTP: one try, no redirects, and the token goes nowhere else."""

    def __init__(self, session: requests.Session, access: Secret) -> None:
        self._session = session
        self._access = access

    def request(
        self,
        uri: str,
        method: str = "GET",
        body: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> tuple[Any, bytes]:
        from httplib2 import Response  # type: ignore[import-untyped]

        answer = self._session.request(
            method,
            uri,
            data=body.encode() if body is not None else None,
            headers={**(headers or {}), "authorization": f"Bearer {self._access.reveal()}"},
            timeout=TIMEOUTS,
            allow_redirects=False,
        )
        given = {name.lower(): value for name, value in answer.headers.items()}
        return Response({**given, "status": str(answer.status_code)}), answer.content


_CALLS = {
    "calendarList": ("get", "list"),
    "calendars": ("insert",),
    "events": ("delete", "get", "insert", "list", "update"),
}


@cache
def _document(api_url: str) -> str:
    """The description of the API, cut down to what we call and without the schemas: the client makes nothing of
    these but documentation, anew for every calendar."""
    from googleapiclient.discovery_cache import get_static_doc

    document = json.loads(get_static_doc("calendar", "v3"))
    document["rootUrl"] = f"{api_url}/"
    document["schemas"] = {
        name: {"id": name, "type": "object", "properties": {}} for name in document["schemas"]
    }
    for resource, names in _CALLS.items():
        methods = document["resources"][resource]["methods"]
        document["resources"][resource]["methods"] = {name: methods[name] for name in names}
    document["resources"] = {name: document["resources"][name] for name in _CALLS}
    return json.dumps(document)


def _error_reply(response: Any, content: bytes) -> Reply:
    return Reply(response.status, reason=_reason(content), after=wait_asked_for(response))


def _reason(content: bytes) -> str:
    """The first reason that we know; what else stands in an answer is never shown."""
    try:
        error = json.loads(content)["error"]
        details = [*error.get("errors", ()), *error.get("details", ())]
        found = [detail.get("reason") for detail in details]
    except (ValueError, LookupError, TypeError, AttributeError):
        return ""
    return next((reason for reason in found if isinstance(reason, str) and reason in _KNOWN), "")


def _forbidden(reply: Reply, shown: str) -> CalendarFailure:
    if reply.reason in _RATE:
        return Throttled(f"Google asks for a slower pace {shown}", after=reply.after)
    if reply.reason in _BUDGET:
        after = max(reply.after or 0.0, LONG_PAUSE)
        return Throttled(f"the quota of the account or of the project is used up {shown}", after=after)
    if reply.reason in _DISABLED:
        return Unavailable(f"the Google Calendar API is not enabled in the project of the client {shown}")
    return NeedsConsent(f"the person's consent does not cover this {shown}")
