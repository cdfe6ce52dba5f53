"""Google's authorization and token endpoints: consent, codes with PKCE, refreshing, rotation, revocation, and
service accounts that act for the people of an organisation."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache
from itertools import count
from typing import Any
from urllib.parse import urlencode

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from oncall_gitops.core.model.instant import Instant
from tests.calendars.loopback import Answer, Request

CLIENT_ID, CLIENT_SECRET = "client-1.apps.googleusercontent.com", "GOCSPX-planted-client-secret"
LIFETIME = 3599


@dataclass
class Grant:
    """What a person allowed. It dies as a whole: with it all of its tokens."""

    email: str
    scopes: frozenset[str]
    alive: bool = True


@dataclass
class Consent:
    """How the person in front of the browser answers: as whom, without which scopes, or not at all."""

    email: str = "ann@example.org"
    unticked: frozenset[str] = frozenset()
    denied: bool = False


@dataclass
class FakeTokens:
    """`now` is the clock of the fake. With `rotates`, a refresh token is good for one use. `trusted` lists the
    service accounts with their public keys, `delegated` the scopes that an administrator lets them use."""

    now: Instant = 0
    rotates: bool = False
    consent: Consent = field(default_factory=Consent)
    trusted: dict[str, str] = field(default_factory=dict)
    delegated: frozenset[str] = frozenset()
    access: dict[str, tuple[Grant, Instant]] = field(default_factory=dict)
    refreshes: dict[str, Grant] = field(default_factory=dict)
    codes: dict[str, tuple[Grant, dict[str, str]]] = field(default_factory=dict)
    numbers: count[int] = field(default_factory=lambda: count(1))

    def grant(self, email: str, scopes: Iterable[str]) -> tuple[str, str]:
        """A person's tokens, as if they had consented: access and refresh."""
        grant = Grant(email, frozenset(scopes))
        return self._new_access(grant), self._new_refresh(grant)

    def holder(self, access: str) -> Grant | None:
        """Whose valid access token this is."""
        grant, expires_at = self.access.get(access, (None, 0))
        return grant if grant is not None and grant.alive and self.now < expires_at else None

    def revoke_all(self, email: str) -> None:
        """The person takes our application off their list."""
        for grant in [*self.refreshes.values(), *(grant for grant, _ in self.access.values())]:
            if grant.email == email:
                grant.alive = False

    def expire_access(self) -> None:
        self.access.clear()

    def authorize(self, request: Request) -> Answer:
        """The consent page, answered at once by `consent`: a redirect to the client."""
        asked = dict(request.query)
        if asked.get("client_id") != CLIENT_ID or asked.get("response_type") != "code":
            return Answer(400, {"error": "invalid_request"})
        if not asked.get("redirect_uri", "").startswith("http://127.0.0.1:"):
            return Answer(400, {"error": "redirect_uri_mismatch"})
        answer = {"state": asked.get("state", "")}
        if self.consent.denied:
            answer["error"] = "access_denied"
        else:
            code = f"4/planted-code-{next(self.numbers)}"
            granted = frozenset(asked["scope"].split()) - self.consent.unticked
            self.codes[code] = (Grant(self.consent.email, granted), asked)
            answer |= {"code": code, "scope": " ".join(sorted(granted))}
        return Answer(302, None, (("Location", f"{asked['redirect_uri']}?{urlencode(answer)}"),))

    def token(self, request: Request) -> Answer:
        form = request.form
        grants = {
            "authorization_code": self._code,
            "refresh_token": self._refresh,
            "urn:ietf:params:oauth:grant-type:jwt-bearer": self._assertion,
        }
        if (answer := grants.get(form.get("grant_type", ""))) is None:
            return _error(400, "unsupported_grant_type")
        return answer(form, request)

    def revoke(self, request: Request) -> Answer:
        """Either token of a grant ends all of it."""
        token = request.form.get("token", "")
        grant = self.refreshes.get(token) or self.access.get(token, (None, 0))[0]
        if grant is None or not grant.alive:
            return _error(400, "invalid_token")
        self.revoke_all(grant.email)
        return Answer(200, {})

    def _code(self, form: dict[str, str], request: Request) -> Answer:
        if (refusal := _wrong_client(form)) is not None:
            return refusal
        grant, asked = self.codes.pop(form.get("code", ""), (None, {}))
        if grant is None:
            return _error(400, "invalid_grant", "Malformed auth code.")
        if form.get("redirect_uri") != asked["redirect_uri"]:
            return _error(400, "redirect_uri_mismatch")
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).decode().rstrip("=")
        if asked.get("code_challenge_method") != "S256" or asked.get("code_challenge") != challenge:
            return _error(400, "invalid_grant", "Invalid code verifier.")
        answer = self._answer(grant)
        if asked.get("access_type") == "offline":
            answer["refresh_token"] = self._new_refresh(grant)
        return Answer(200, answer)

    def _refresh(self, form: dict[str, str], request: Request) -> Answer:
        if (refusal := _wrong_client(form)) is not None:
            return refusal
        token = form.get("refresh_token", "")
        grant = self.refreshes.get(token)
        if grant is None or not grant.alive:
            return _error(400, "invalid_grant", "Token has been expired or revoked.")
        answer = self._answer(grant)
        if self.rotates:
            del self.refreshes[token]
            answer["refresh_token"] = self._new_refresh(grant)
        return Answer(200, answer)

    def _assertion(self, form: dict[str, str], request: Request) -> Answer:
        signed, _, signature = form.get("assertion", "").rpartition(".")
        head, claims = (json.loads(_decoded(part)) for part in signed.split("."))
        public = self.trusted.get(claims["iss"])
        if public is None or not _is_signed(signed.encode(), _decoded(signature), public):
            return _error(400, "invalid_grant", "Invalid JWT Signature.")
        if head["alg"] != "RS256" or not claims["aud"].endswith("/token"):
            return _error(400, "invalid_grant", "Invalid JWT.")
        if not claims["iat"] <= self.now + 60 < claims["exp"] <= claims["iat"] + 3600:
            return _error(400, "invalid_grant", "Invalid JWT: Token must be a short-lived token.")
        scopes = frozenset(claims["scope"].split())
        if not scopes <= self.delegated:
            return _error(401, "unauthorized_client", "Client is unauthorized to retrieve access tokens.")
        return Answer(200, self._answer(Grant(claims.get("sub", claims["iss"]), scopes), scope=False))

    def _answer(self, grant: Grant, *, scope: bool = True) -> dict[str, Any]:
        answer = {"access_token": self._new_access(grant), "expires_in": LIFETIME, "token_type": "Bearer"}
        return {**answer, "scope": " ".join(sorted(grant.scopes))} if scope else answer

    def _new_access(self, grant: Grant) -> str:
        token = f"ya29.planted-access-{next(self.numbers)}"
        self.access[token] = (grant, self.now + LIFETIME)
        return token

    def _new_refresh(self, grant: Grant) -> str:
        token = f"1//planted-refresh-{next(self.numbers)}"
        self.refreshes[token] = grant
        return token


@cache
def service_account_key() -> tuple[str, str]:
    """A service account's key file as JSON text, and the public key that belongs to it."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    public = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    file = {
        "type": "service_account",
        "project_id": "oncall",
        "private_key_id": "key-1",
        "private_key": private.decode(),
        "client_email": "oncall@oncall.iam.gserviceaccount.com",
        "client_id": "1",
        "token_uri": "https://oauth2.googleapis.com/token",
    }
    return json.dumps(file), public.decode()


def _wrong_client(form: dict[str, str]) -> Answer | None:
    if form.get("client_id") == CLIENT_ID and form.get("client_secret") == CLIENT_SECRET:
        return None
    return _error(401, "invalid_client", "The OAuth client was not found.")


def _error(status: int, error: str, description: str = "") -> Answer:
    return Answer(status, {"error": error, "error_description": description or error})


def _is_signed(signed: bytes, signature: bytes, public: str) -> bool:
    key = serialization.load_pem_public_key(public.encode())
    assert isinstance(key, rsa.RSAPublicKey)
    try:
        key.verify(signature, signed, padding.PKCS1v15(), hashes.SHA256())
    except InvalidSignature:
        return False
    return True


def _decoded(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
