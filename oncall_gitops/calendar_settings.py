"""The calendar part of the environment: whom to speak to, as which client, and the keys that seal tokens.

With `settings.py` the only reader of the environment. Secrets come from it or from files that it names, and
leave as `Secret`. An endpoint is https, or http on this machine alone: tokens travel to it.
"""

from __future__ import annotations

import ipaddress
import logging
import os
import stat
from collections.abc import Iterator
from urllib.parse import SplitResult, urlsplit

from oncall_gitops.core.errors import OncallError
from oncall_gitops.core.model.provider import GoogleSettings, MicrosoftSettings
from oncall_gitops.core.secret import NO_SECRET, Secret

PREFIX = "ONCALL_GITOPS_"
LARGEST_FILE = 65_536

_NAMES = (
    *(
        "GOOGLE_CLIENT_ID",
        "GOOGLE_CLIENT_SECRET",
        "GOOGLE_API_URL",
        "GOOGLE_TOKEN_URL",
        "GOOGLE_AUTHORIZE_URL",
    ),
    *("GOOGLE_SERVICE_ACCOUNT_FILE", "MICROSOFT_CLIENT_ID", "MICROSOFT_CLIENT_SECRET", "MICROSOFT_TENANT"),
    *("MICROSOFT_AUTHORITY", "GRAPH_URL", "TOKEN_KEYS", "TOKEN_KEYS_FILE"),
)
_HIDDEN = ("GOOGLE_CLIENT_SECRET", "MICROSOFT_CLIENT_SECRET", "TOKEN_KEYS")

_log = logging.getLogger(__name__)


def load_google_settings() -> GoogleSettings:
    """How this installation speaks to Google; OncallError, naming the variable, if a setting is no good."""
    given = GoogleSettings()
    token_url = _endpoint("GOOGLE_TOKEN_URL", given.token_url)
    return GoogleSettings(
        client_id=_variable("GOOGLE_CLIENT_ID"),
        client_secret=Secret(_variable("GOOGLE_CLIENT_SECRET")),
        api_url=_endpoint("GOOGLE_API_URL", given.api_url).removesuffix("/calendar/v3"),
        token_url=token_url,
        authorize_url=_endpoint("GOOGLE_AUTHORIZE_URL", given.authorize_url),
        revoke_url=_beside(token_url, "revoke"),
        service_account=_secret_file("GOOGLE_SERVICE_ACCOUNT_FILE"),
        proxy=_proxy(),
    )


def load_microsoft_settings() -> MicrosoftSettings:
    """How this installation speaks to Microsoft; a tenant that stands in the authority's path is the tenant."""
    given = MicrosoftSettings()
    tenant = _variable("MICROSOFT_TENANT") or given.tenant
    if not all(char.isalnum() or char in ".-_" for char in tenant):
        raise _bad("MICROSOFT_TENANT", "is not a tenant's id or domain")
    authority = _endpoint("MICROSOFT_AUTHORITY", given.authority)
    if urlsplit(authority).path:
        authority, _, tenant = authority.rpartition("/")
    graph_url = _endpoint("GRAPH_URL", given.graph_url)
    return MicrosoftSettings(
        client_id=_variable("MICROSOFT_CLIENT_ID"),
        client_secret=Secret(_variable("MICROSOFT_CLIENT_SECRET")),
        tenant=tenant,
        graph_url=graph_url if urlsplit(graph_url).path else f"{graph_url}/v1.0",
        authority=authority,
        proxy=_proxy(),
    )


def load_token_keys() -> Secret:
    """The text of the token keys, from the variable or the file; empty if neither is set."""
    text = _variable("TOKEN_KEYS")
    if not _variable("TOKEN_KEYS_FILE"):
        return Secret(text) if text else NO_SECRET
    if text:
        raise OncallError(
            f"{PREFIX}TOKEN_KEYS and {PREFIX}TOKEN_KEYS_FILE are both set", help="set one of them"
        )
    return _secret_file("TOKEN_KEYS_FILE")


def calendar_settings() -> Iterator[tuple[str, str, str]]:
    """Every setting: its name, its value (of a secret, that it is set) and where it came from."""
    given = {
        **{f"google_{name}": value for name, value in _defaults(GoogleSettings())},
        **{f"microsoft_{name}": value for name, value in _defaults(MicrosoftSettings())},
    }
    given["graph_url"] = given.pop("microsoft_graph_url")
    for name in _NAMES:
        value = _variable(name)
        default = given.get(name.lower(), "")
        if not value:
            yield name.lower(), default or "not set", "default" if default else ""
        else:
            yield name.lower(), "set" if name in _HIDDEN else value, f"environment variable {PREFIX}{name}"


def _defaults(settings: GoogleSettings | MicrosoftSettings) -> Iterator[tuple[str, str]]:
    for name in settings.__slots__:
        if isinstance(value := getattr(settings, name), str):
            yield name, value


def _variable(name: str) -> str:
    return os.environ.get(PREFIX + name, "").strip()


def _proxy() -> Secret:
    return Secret(os.environ.get("HTTPS_PROXY") or os.environ.get("https_proxy") or "")


def _endpoint(name: str, default: str) -> str:
    """The URL without a trailing slash; one that could carry tokens in the open is refused, unshown."""
    text = _variable(name) or default
    try:
        parts = urlsplit(text)
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise _bad(name, "is not a URL") from None
    if not host or parts.scheme not in ("http", "https"):
        raise _bad(name, "is not a URL that begins with https://")
    if parts.username is not None or parts.query or parts.fragment or text != "".join(text.split()):
        raise _bad(name, "must be a plain URL: no user, no query, no spaces")
    if parts.scheme == "http" and not _is_loopback(host):
        raise _bad(name, "must begin with https://", help="http is for servers on this machine alone")
    return text.rstrip("/")


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _beside(url: str, segment: str) -> str:
    """The URL with another last segment."""
    parts: SplitResult = urlsplit(url)
    return parts._replace(path=f"{parts.path.rpartition('/')[0]}/{segment}").geturl()


def _secret_file(name: str) -> Secret:
    """The content of the file that a variable names; empty if it names none. Others should not read it."""
    path = _variable(name)
    if not path:
        return NO_SECRET
    try:
        with open(path, "rb") as file:
            status = os.fstat(file.fileno())
            content = file.read(LARGEST_FILE + 1)
        text = content.decode("utf-8").strip()
    except UnicodeDecodeError:
        raise _bad(name, "names a file that is not text") from None
    except OSError as error:
        raise _bad(name, f"names a file that cannot be read: {error.strerror}") from None
    if len(content) > LARGEST_FILE:
        raise _bad(name, f"names a file of more than {LARGEST_FILE} bytes")
    if not text:
        raise _bad(name, "names an empty file")
    if stat.S_ISREG(status.st_mode) and status.st_mode & stat.S_IROTH:
        _log.warning("the file of %s%s can be read by everybody on this machine: chmod o-r", PREFIX, name)
    return Secret(text)


def _bad(name: str, what: str, *, help: str = "") -> OncallError:
    return OncallError(f"environment variable {PREFIX}{name} {what}", help=help)
