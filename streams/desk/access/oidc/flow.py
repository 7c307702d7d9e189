"""The way to the provider and back: what the browser keeps meanwhile, and what it has to bring."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass

from authlib.common.urls import add_params_to_uri
from authlib.oauth2.rfc7636 import create_s256_code_challenge

from streams.desk.access.oidc.person import LASTS, Claims, NotLetIn, Person, person
from streams.desk.access.oidc.provider import Provider
from streams.desk.access.secrets import new_secret

_DENIED = ("access_denied", "login_required", "consent_required", "interaction_required")


@dataclass(frozen=True, slots=True)
class _Begun:
    """What the browser keeps from the beginning to the end: a secret of its own, when it began
    (µs), and where it wants to go. State, nonce and verifier are made of them, so nothing is kept
    here."""

    secret: str
    at: int
    path: str

    def __str__(self) -> str:
        return ".".join((self.secret, str(self.at), _text(self.path.encode())))

    def made(self, use: str) -> str:
        """What stands for this sign-in in one place, and tells nothing of what does in another."""
        said = f"{use}\n{self.at}\n{self.path}".encode()
        return _text(hmac.digest(self.secret.encode(), said, hashlib.sha256))


@dataclass(frozen=True, slots=True)
class SignIn:
    """Signing in by a provider, at a desk that browsers know by `desk_url`."""

    provider: Provider
    claims: Claims
    desk_url: str
    scopes: tuple[str, ...]

    def begin(self, path: str, now: int) -> tuple[str, str]:
        """Where to send the browser, and the cookie that it keeps until it is back.

        Raises NotLetIn.
        """
        begun = _Begun(new_secret(), now, path)
        parameters = {
            "response_type": "code",
            "client_id": self.provider.client.client_id,
            "redirect_uri": self._redirect,
            "scope": " ".join(self.scopes),
            "state": begun.made("state"),
            "nonce": begun.made("nonce"),
            "code_challenge": create_s256_code_challenge(begun.made("verifier")),
            "code_challenge_method": "S256",
        }
        where = self.provider.document().authorization_endpoint
        return add_params_to_uri(where, list(parameters.items())), str(begun)

    def finish(self, cookie: str, said: Mapping[str, str], now: int) -> tuple[Person, str]:
        """Who has come back, and where they want to go. Raises NotLetIn."""
        begun = _begun(cookie)
        if begun is None or not hmac.compare_digest(
            begun.made("state").encode(), said.get("state", "").encode("utf-8", "replace")
        ):
            raise NotLetIn("expired", "the state is not this browser's")
        if not 0 <= now - begun.at <= LASTS:
            raise NotLetIn("expired", "it took too long")
        client = self.provider.client
        document = self.provider.document()
        if said.get("iss", None if document.names_itself else client.issuer) != client.issuer:
            raise NotLetIn("untrusted", "the answer is another issuer's")
        if "error" in said:
            denied = said["error"] in _DENIED
            raise NotLetIn("denied" if denied else "untrusted", "it answers with an error")
        proven = self.provider.claims(
            said.get("code", ""), begun.made("verifier"), self._redirect, begun.made("nonce"), now
        )
        return person(proven, self.claims), begun.path

    def leave(self) -> str | None:
        """Where to end the session at the provider too; None: it has no such place.

        Raises NotLetIn.
        """
        where = self.provider.document().end_session_endpoint
        if where is None:
            return None
        parameters = {
            "client_id": self.provider.client.client_id,
            "post_logout_redirect_uri": f"{self.desk_url}/sign-in",
        }
        return str(add_params_to_uri(where, list(parameters.items())))

    @property
    def _redirect(self) -> str:
        return f"{self.desk_url}/sign-in/oidc/callback"


def _begun(cookie: str) -> _Begun | None:
    try:
        secret, at, path = cookie.split(".")
        return _Begun(secret, int(at), base64.urlsafe_b64decode(path + "==").decode())
    except (ValueError, binascii.Error):
        return None


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")
