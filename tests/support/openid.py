"""An OpenID provider for the tests: on loopback, with keys of its own, and as wrong as asked."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, OctKey, RSAKey
from support.ports import free_port

CLIENT = "desk"
SECRET = "s3cret of the desk"  # noqa: S105 - of a test

Key = RSAKey | ECKey

RSA = RSAKey.generate_key(2048, {"kid": "1", "use": "sig"})
"""Made once: it takes a while."""


class OpenId:
    """A provider; `claims` are what it says of whoever comes, beside what every token has.

    What a test sets makes it wrong: `headers` and `signs` of tokens, `published` keys, `tampered`
    tokens; `now` is its clock in seconds.
    """

    def __init__(self, now: Callable[[], int]) -> None:
        self.now = now
        self.port = free_port()
        self.issuer = f"http://127.0.0.1:{self.port}"
        self.claims: dict[str, Any] = {"sub": "u-1", "preferred_username": "li"}
        self.signs: Key | OctKey = RSA
        self.published: list[Key] = [RSA]
        self.headers: dict[str, Any] = {"alg": "RS256", "kid": "1"}
        self.tampered: Callable[[str], str] = lambda token: token
        self.more: dict[str, Any] = {}
        self.asked: list[str] = []
        self.codes: dict[str, dict[str, str]] = {}

    def document(self) -> dict[str, Any]:
        """What it says of itself."""
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize?tenant=t",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
            "end_session_endpoint": f"{self.issuer}/leave",
            "token_endpoint_auth_methods_supported": ["client_secret_post"],
            **self.more,
        }

    def authorize(self, url: str) -> dict[str, str]:
        """Somebody has signed in there: what the browser brings back to the desk."""
        found = dict(parse_qsl(urlsplit(url).query))
        assert found["tenant"] == "t"
        assert (found["response_type"], found["client_id"]) == ("code", CLIENT)
        assert found["code_challenge_method"] == "S256"
        code = secrets.token_urlsafe(8)
        self.codes[code] = found
        return {"code": code, "state": found["state"]}

    def token(self, form: Mapping[str, str]) -> tuple[int, dict[str, Any]]:
        """A code against an ID token: once, by who began it."""
        if (form.get("client_id"), form.get("client_secret")) != (CLIENT, SECRET):
            return 401, {"error": "invalid_client"}
        begun = self.codes.pop(form.get("code", ""), None)
        proof = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        if (
            begun is None
            or begun["redirect_uri"] != form.get("redirect_uri")
            or begun["code_challenge"] != base64.urlsafe_b64encode(proof).decode().rstrip("=")
        ):
            return 400, {"error": "invalid_grant"}
        said = {
            "iss": self.issuer,
            "aud": CLIENT,
            "iat": self.now(),
            "exp": self.now() + 300,
            "nonce": begun["nonce"],
            **self.claims,
        }
        said = {name: value for name, value in said.items() if value is not None}
        token = jwt.encode(self.headers, said, self.signs, algorithms=[self.headers["alg"]])
        return 200, {"id_token": self.tampered(token), "access_token": "a", "token_type": "Bearer"}

    def keys(self) -> dict[str, Any]:
        """Its public keys."""
        return dict(KeySet(list(self.published)).as_dict(private=False))


@contextmanager
def served(now: Callable[[], int]) -> Iterator[OpenId]:
    """A provider that answers, until the block ends."""
    provider = OpenId(now)

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

        def do_GET(self) -> None:
            path = urlsplit(self.path).path
            provider.asked.append(path)
            pages: dict[str, Callable[[], dict[str, Any]]] = {
                "/.well-known/openid-configuration": provider.document,
                "/keys": provider.keys,
            }
            if path == "/authorize":  # of a browser: a page of another site, and a way back
                back = provider.authorize(self.path)
                to = dict(parse_qsl(urlsplit(self.path).query))["redirect_uri"]
                link = f'<a href="{to}?{urlencode(back)}">I am li</a>'
                self._send(200, "text/html", link.encode())
            elif path in pages:
                self._json(200, pages[path]())
            else:
                self._json(404, {})

        def do_POST(self) -> None:
            provider.asked.append(self.path)
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            form = {name: values[0] for name, values in parse_qs(body).items()}
            self._json(*provider.token(form))

        def _json(self, status: int, found: dict[str, Any]) -> None:
            self._send(status, "application/json", json.dumps(found).encode())

        def _send(self, status: int, kind: str, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    server = ThreadingHTTPServer(("127.0.0.1", provider.port), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
