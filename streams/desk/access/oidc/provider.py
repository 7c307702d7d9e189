"""The provider: what it says of itself, its keys, and the exchange of a code for an ID token."""

from __future__ import annotations

import json
import ssl
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlencode, urlsplit
from urllib.request import HTTPRedirectHandler, HTTPSHandler, Request, build_opener

from authlib.oauth2.auth import ClientAuth
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import BadSignatureError, InvalidKeyIdError, JoseError
from joserfc.jwk import JWKRegistry, KeySet

from streams.desk.access.oidc.person import NotLetIn

ALGORITHMS = (
    *("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"),
    *("ES256", "ES384", "ES512", "EdDSA"),
)
"""Signatures that are taken: by a private key that the provider alone has. Neither `none` nor those
by a shared secret (HS256), which whoever reads a public key could make."""

SKEW_S = 60
"""How far the provider's clock may differ from ours."""

KEPT_S = 3600.0
"""How long its document and keys are kept; a key that is not among them is asked for at once."""

PATIENCE_S = 5.0
AT_ONCE = 4
"""Requests to it at a time: one that does not answer keeps no more of the desk's threads."""

_MOST_BYTES = 1 << 20
_KEY_TYPES = ("RSA", "EC", "OKP")


@dataclass(frozen=True, slots=True)
class Client:
    """The desk as the provider knows it; without a secret it is a public client."""

    issuer: str
    client_id: str
    secret: str | None = None


@dataclass(frozen=True, slots=True)
class Document:
    """What is used of what the provider says of itself."""

    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    end_session_endpoint: str | None
    auth_method: str
    names_itself: bool
    """It says in each answer that it is its own (RFC 9207)."""


@dataclass
class Provider:
    """One provider; may be used from several threads."""

    client: Client
    tls: ssl.SSLContext
    _document: tuple[float, Document] | None = None
    _keys: tuple[float, KeySet] | None = None
    _places: threading.BoundedSemaphore = field(
        default_factory=lambda: threading.BoundedSemaphore(AT_ONCE)
    )

    def __post_init__(self) -> None:
        self._opener = build_opener(_NoRedirect, HTTPSHandler(context=self.tls))

    def document(self) -> Document:
        """What it says of itself. Raises NotLetIn."""
        kept = self._document
        if kept is None or time.monotonic() - kept[0] > KEPT_S:
            where = self.client.issuer.rstrip("/") + "/.well-known/openid-configuration"
            kept = self._document = (time.monotonic(), self._read(self._ask(Request(where))))  # noqa: S310 - the settings allow https, and http to this machine
        return kept[1]

    def claims(
        self, code: str, verifier: str, redirect: str, nonce: str, now: int
    ) -> dict[str, Any]:
        """The claims of the ID token that a code is worth, once they are proven; `now` is in µs.

        Raises NotLetIn.
        """
        document = self.document()
        body = urlencode(
            {
                "grant_type": "authorization_code",
                "code": code,
                "redirect_uri": redirect,
                "code_verifier": verifier,
            }
        )
        auth = ClientAuth(self.client.client_id, self.client.secret, document.auth_method)
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        uri, headers, body = auth.prepare("POST", document.token_endpoint, headers, body)
        answer = self._ask(Request(uri, body.encode(), headers))  # noqa: S310 - looked at by _read
        token = answer.get("id_token")
        if not isinstance(token, str):
            raise NotLetIn("untrusted", "the answer has no ID token")
        try:
            return self._proven(token, nonce, now // 1_000_000)
        except (JoseError, ValueError, TypeError, KeyError) as error:
            # Its own words may quote the token.
            raise NotLetIn("untrusted", f"the ID token: {_why(error)}") from None

    def _proven(self, token: str, nonce: str, now_s: int) -> dict[str, Any]:
        try:
            found = jwt.decode(token, self._key_set(), algorithms=ALGORITHMS)
        except (InvalidKeyIdError, BadSignatureError):
            # Signed by a key that is newer than what is kept.
            found = jwt.decode(token, self._key_set(anew=True), algorithms=ALGORITHMS)
        claims = CodeIDToken(
            found.claims,
            found.header,
            {
                "iss": {"essential": True, "value": self.client.issuer},
                "aud": {"essential": True, "value": self.client.client_id},
                "sub": {"essential": True},
            },
            {"client_id": self.client.client_id, "nonce": nonce},
        )
        claims.validate(now=now_s, leeway=SKEW_S)
        if not isinstance(claims["sub"], str):
            raise ValueError("sub is no text")
        return dict(claims)

    def _key_set(self, *, anew: bool = False) -> KeySet:
        kept = self._keys
        if anew or kept is None or time.monotonic() - kept[0] > KEPT_S:
            answer = self._ask(Request(self.document().jwks_uri))  # noqa: S310 - looked at by _read
            kept = self._keys = (time.monotonic(), KeySet(list(_usable(answer))))
        return kept[1]

    def _read(self, said: Mapping[str, Any]) -> Document:
        if said.get("issuer") != self.client.issuer:
            raise NotLetIn("untrusted", "its document is another issuer's")
        found: dict[str, str] = {}
        for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
            found[name] = str(said.get(name))
            if not is_safe(found[name]):
                raise NotLetIn("untrusted", f"its document has no {name} by https")
        leave = said.get("end_session_endpoint")
        methods = said.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
        method = "client_secret_basic" if "client_secret_basic" in methods else "client_secret_post"
        return Document(
            **found,
            end_session_endpoint=leave if is_safe(leave) else None,
            auth_method="none" if self.client.secret is None else method,
            names_itself=said.get("authorization_response_iss_parameter_supported") is True,
        )

    def _ask(self, request: Request) -> dict[str, Any]:
        """A JSON object, asked for by GET or POST. Raises NotLetIn."""
        request.add_header("Accept", "application/json")
        request.add_header("User-Agent", "shipsentry-desk")
        with self._place():
            try:
                with self._opener.open(request, timeout=PATIENCE_S) as answer:
                    body = answer.read(_MOST_BYTES + 1)
            except HTTPError as error:
                with error:
                    raise _refused(error.code, error.read(_MOST_BYTES)) from None
            except (OSError, HTTPException, ValueError) as error:
                raise NotLetIn("away", _why(error)) from None
        found = _json(body) if len(body) <= _MOST_BYTES else None
        if found is None:
            raise NotLetIn("untrusted", "its answer is no JSON object")
        return found

    @contextmanager
    def _place(self) -> Iterator[None]:
        if not self._places.acquire(blocking=False):
            raise NotLetIn("busy", f"{AT_ONCE} requests to it are under way")
        try:
            yield
        finally:
            self._places.release()


class _NoRedirect(HTTPRedirectHandler):
    """Secrets and codes go where the settings and its document say, and nowhere else."""

    def redirect_request(self, *_: Any) -> None:
        return None


def is_safe(url: object) -> bool:
    """Whether a URL is one that secrets may be sent to: https, or http on this machine."""
    if not isinstance(url, str):
        return False
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        return False
    return bool(host) and (
        parts.scheme == "https"
        or (parts.scheme == "http" and host in ("localhost", "127.0.0.1", "::1"))
    )


def _usable(answer: Mapping[str, Any]) -> Iterator[Any]:
    """The public keys for signatures; what else is in the set is passed over."""
    keys = answer.get("keys")
    for each in keys if isinstance(keys, list) else ():
        if not isinstance(each, dict) or each.get("kty") not in _KEY_TYPES:
            continue
        if each.get("use", "sig") == "sig":
            try:
                yield JWKRegistry.import_key(each)
            except (JoseError, ValueError, TypeError, KeyError):
                continue


def _refused(status: int, body: bytes) -> NotLetIn:
    """What the provider's refusal means: a code that is used up, a client that it does not know."""
    if status >= 500:
        return NotLetIn("away", f"it answers {status}")
    word = (_json(body) or {}).get("error")
    if word == "invalid_grant":
        return NotLetIn("expired", "the code is not good any more")
    known = word if isinstance(word, str) and word.isidentifier() and len(word) < 64 else "?"
    return NotLetIn("untrusted", f"it answers {status}: {known}")


def _json(body: bytes) -> dict[str, Any] | None:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _why(error: Exception) -> str:
    """A word for what went wrong, which holds nothing of what was sent."""
    reason = getattr(error, "reason", None)
    return type(reason if isinstance(reason, Exception) else error).__name__
