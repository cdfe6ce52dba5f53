"""The sign-in service of the fake: consents, tokens that rotate and die, and what it says when it refuses."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import time
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Literal
from urllib.parse import urlencode

from tests.calendars.loopback import Answer, Request

_NUMBERS = count(1)
_PATH = re.compile(
    r"/([^/]+)/(v2\.0/\.well-known/openid-configuration|oauth2/v2\.0/(authorize|token|devicecode))"
)


@dataclass
class Grant:
    """An access or refresh token: whose (None: the application's own), and for what."""

    account: str | None
    scopes: tuple[str, ...]
    alive: bool = True

    def has(self, scope: str) -> bool:
        return scope in self.scopes


@dataclass
class Question:
    """A consent that is under way, by its code: what was asked for."""

    account: str
    scopes: tuple[str, ...]
    redirect: str = ""
    challenge: str = ""
    nonce: str = ""
    polls: int = 0


@dataclass
class Entra:
    """One application in one tenant. `secret` is None for a public client, which must send none.

    `account` is who sits in front of the browser; `answer_of_person` what they say. `polls` is how often a
    device code is asked for before they do. `announces` is how the endpoints are written in the discovery.
    """

    client_id: str = "11111111-2222-3333-4444-555555555555"
    secret: str | None = None
    account: str = "ann@example.com"
    answer_of_person: Literal["consents", "declines"] = "consents"
    unticked: frozenset[str] = frozenset()
    polls: int = 1
    lifetime: int = 3600
    announces: Literal["microsoft", "https", "http"] = "microsoft"
    with_id_token: bool = True
    url: str = ""
    grants: dict[str, Grant] = field(default_factory=dict)
    refreshes: dict[str, Grant] = field(default_factory=dict)
    questions: dict[str, Question] = field(default_factory=dict)

    def access(self, account: str | None, *scopes: str) -> str:
        """An access token, as if just given."""
        token = f"eyJ0eXAiOiJKV1Qi.access-{next(_NUMBERS):06d}.secret"
        self.grants[token] = Grant(account, scopes or ("Calendars.ReadWrite",))
        return token

    def refresh_token(self, account: str, *scopes: str) -> str:
        """A refresh token, as if just given."""
        token = f"0.AXoA-refresh-{next(_NUMBERS):06d}-secret"
        self.refreshes[token] = Grant(account, scopes or ("Calendars.ReadWrite",))
        return token

    def revoke(self, account: str) -> None:
        """The person takes the consent back, or an administrator ends all their sessions."""
        for grant in [*self.grants.values(), *self.refreshes.values()]:
            grant.alive = grant.alive and grant.account != account

    def expire(self) -> None:
        """Every access token that was given so far is over."""
        for grant in self.grants.values():
            grant.alive = False

    def answer(self, request: Request) -> Answer:
        found = _PATH.fullmatch(request.path)
        if found is None:
            return Answer(404)
        if found[3] is None:
            return Answer(200, self._discovery(found[1]))
        if found[3] == "authorize":
            return self._authorize(dict(request.query))
        if found[3] == "devicecode":
            return self._device_code(request.form)
        return self._token(found[1], request.form)

    def _discovery(self, tenant: str) -> dict[str, str]:
        root = {
            "microsoft": "https://login.microsoftonline.com",
            "https": self.url.replace("http:", "https:"),
            "http": self.url,
        }[self.announces]
        return {
            "issuer": f"{root}/{tenant}/v2.0",
            "authorization_endpoint": f"{root}/{tenant}/oauth2/v2.0/authorize",
            "token_endpoint": f"{root}/{tenant}/oauth2/v2.0/token",
            "device_authorization_endpoint": f"{root}/{tenant}/oauth2/v2.0/devicecode",
        }

    def _authorize(self, asked: dict[str, str]) -> Answer:
        redirect = asked.get("redirect_uri", "")
        right = (
            asked.get("client_id") == self.client_id
            and asked.get("response_type") == "code"
            and re.fullmatch(r"http://localhost(:\d+)?/?", redirect)
            and asked.get("code_challenge_method") == "S256"
            and asked.get("response_mode", "query") == "query"
        )
        if not right:
            return Answer(400, {"error": "invalid_request"})
        answer = {"state": asked.get("state", "")}
        if self.answer_of_person == "declines":
            answer |= {
                "error": "access_denied",
                "error_description": "AADSTS65004: User declined to consent.",
            }
        else:
            code = f"0.code-{next(_NUMBERS)}-secret"
            self.questions[code] = Question(
                self.account,
                tuple(asked.get("scope", "").split()),
                redirect,
                asked["code_challenge"],
                asked.get("nonce", ""),
            )
            answer |= {"code": code, "session_state": "0"}
        return Answer(302, None, (("Location", f"{redirect}?{urlencode(answer)}"),))

    def _device_code(self, form: dict[str, str]) -> Answer:
        if form.get("client_id") != self.client_id:
            return _refused(400, "unauthorized_client", 700016)
        code = f"device-{next(_NUMBERS)}-secret"
        self.questions[code] = Question(self.account, tuple(form["scope"].split()))
        return Answer(
            200,
            {
                "user_code": "ABCD1234",
                "device_code": code,
                "verification_uri": "https://microsoft.com/devicelogin",
                "expires_in": 900,
                "interval": 0,
                "message": "To sign in, use a web browser ...",
            },
        )

    def _token(self, tenant: str, form: dict[str, str]) -> Answer:
        kind = form.get("grant_type", "")
        if form.get("client_id") != self.client_id:
            return _refused(400, "unauthorized_client", 700016)
        if self.secret is None and "client_secret" in form:
            return _refused(401, "invalid_client", 700025)
        if self.secret is not None and form.get("client_secret") != self.secret:
            return _refused(401, "invalid_client", 7000215 if "client_secret" in form else 7000218)
        if kind == "refresh_token":
            grant = self.refreshes.get(form.get("refresh_token", ""))
            if grant is None or not grant.alive or grant.account is None:
                return _refused(400, "invalid_grant", 50173, suberror="bad_token")
            return self._given(grant.account, tuple(form.get("scope", "").split()))
        if kind == "client_credentials":
            return self._by_organisation(tenant, form)
        if kind == "authorization_code":
            return self._by_code(form)
        if kind.endswith("device_code"):
            return self._by_device(form)
        return _refused(400, "unsupported_grant_type", 70003)

    def _by_organisation(self, tenant: str, form: dict[str, str]) -> Answer:
        if tenant in ("common", "organizations"):
            return _refused(400, "invalid_request", 50059)
        if form.get("scope") != "https://graph.microsoft.com/.default":
            return _refused(400, "invalid_scope", 70011)
        token = self.access(None, "Calendars.ReadWrite")
        return Answer(200, {"token_type": "Bearer", "expires_in": self.lifetime, "access_token": token})

    def _by_code(self, form: dict[str, str]) -> Answer:
        question = self.questions.pop(form.get("code", ""), None)
        verifier = form.get("code_verifier", "")
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
        if (
            question is None
            or question.challenge != challenge
            or question.redirect != form.get("redirect_uri")
        ):
            return _refused(400, "invalid_grant", 501481)
        return self._given(question.account, question.scopes, nonce=question.nonce)

    def _by_device(self, form: dict[str, str]) -> Answer:
        code = form.get("device_code", "")
        question = self.questions.get(code)
        if question is None:
            return _refused(400, "expired_token", 70020)
        question.polls += 1
        if question.polls <= self.polls:
            return _refused(400, "authorization_pending", 70016)
        del self.questions[code]
        if self.answer_of_person == "declines":
            return _refused(400, "authorization_declined", 70018)
        return self._given(question.account, question.scopes)

    def _given(self, account: str, asked: tuple[str, ...], *, nonce: str = "") -> Answer:
        scopes = tuple(one.rpartition("/")[2] for one in asked if one.rpartition("/")[2] not in self.unticked)
        body: dict[str, Any] = {
            "token_type": "Bearer",
            "scope": " ".join(one for one in scopes if one != "offline_access"),
            "expires_in": self.lifetime,
            "ext_expires_in": self.lifetime,
            "access_token": self.access(account, *scopes),
        }
        if "offline_access" in scopes:
            body["refresh_token"] = self.refresh_token(account, *scopes)
        if "openid" in scopes and self.with_id_token:
            body["id_token"] = self._id_token(account, nonce)
            body["client_info"] = _base64({"uid": "1", "utid": "2"})
        return Answer(200, body)

    def _id_token(self, account: str, nonce: str) -> str:
        now = int(time.time())
        claims = {
            "aud": self.client_id,
            "iss": "https://login.microsoftonline.com/2/v2.0",
            "sub": "1",
            "oid": "1",
        }
        claims |= {"tid": "2", "preferred_username": account, "nonce": nonce}
        return f"{_base64({'alg': 'none'})}.{_base64({**claims, 'iat': now, 'exp': now + 3600})}.signature"


def _refused(status: int, error: str, code: int, **more: str) -> Answer:
    return Answer(
        status,
        {
            "error": error,
            "error_description": f"AADSTS{code}: words that name ann@example.com. Trace ID: 0",
            "error_codes": [code],
            "timestamp": "2026-11-23 00:00:00Z",
            "trace_id": "0",
            "correlation_id": "0",
            **more,
        },
    )


def _base64(value: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")
