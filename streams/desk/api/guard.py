"""What stands before every route: no route answers that does not say who may ask for it."""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import time
from collections.abc import Callable
from typing import Any, TypeVar
from urllib.parse import urlsplit

from fastapi import Request
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.types import Message as Asgi

from streams.desk.access import tokens, users
from streams.desk.access.who import Role, Who
from streams.desk.api.desk import desk_of
from streams.desk.api.problems import Problem, answer
from streams.telemetry import metrics
from streams.telemetry.events import event

log = logging.getLogger(__name__)

MAX_BODY = 256 * 1024
"""Bytes of a request's body."""

BODY_S = 10.0
"""Seconds in which a body has to be here: who sends it slower keeps nobody waiting."""

CSRF_HEADER = "X-CSRF-Token"
"""What a page of the console sends with each request that changes something."""

HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; base-uri 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
"""What browsers are told of every answer; a page of the console may say more of itself."""

_SAFE = ("GET", "HEAD", "OPTIONS")
_ACCESS = "desk_access"
_ANYBODY = "anybody"

Handler = TypeVar("Handler", bound=Callable[..., Any])


def needs(role: Role) -> Callable[[Handler], Handler]:
    """Say of a route which role it takes at least."""

    def mark(handler: Handler) -> Handler:
        setattr(handler, _ACCESS, role)
        return handler

    return mark


def open_to_anybody(handler: Handler) -> Handler:
    """Say of a route that it answers whoever reaches the port."""
    setattr(handler, _ACCESS, _ANYBODY)
    return handler


def access_of(handler: Callable[..., Any]) -> Role | str | None:
    """What a route says of itself; None: nothing, and nobody is let in."""
    found: Role | str | None = getattr(handler, _ACCESS, None)
    return found


def authorize(request: Request) -> None:
    """Let a request in, or raise Problem. Stands before every route of the app."""
    route = request.scope.get("route")
    access = access_of(getattr(route, "endpoint", authorize))
    if access == _ANYBODY:
        return
    if not isinstance(access, Role):
        raise Problem(403, "this route says of nobody that they may ask for it")
    who = let_in(request)
    if who is None:
        raise Problem(
            401,
            "a token (Authorization: Bearer …) or a sign-in is needed",
            headers={"WWW-Authenticate": 'Bearer realm="shipsentry-desk"'},
        )
    if who.role < access:
        raise Problem(403, f"{who.name} is {who.role.name}: {access.name} is needed")
    request.state.who = who


def let_in(request: Request) -> Who | None:
    """Who asks, by token or by session; None: nobody who may. Raises Problem for a forged form."""
    desk = desk_of(request)
    now = desk.clock()
    kind, _, token = request.headers.get("Authorization", "").partition(" ")
    with desk.database.reading() as connection:
        if kind:
            return (
                tokens.bearer(connection, token.strip(), now) if kind.lower() == "bearer" else None
            )
        secret = request.cookies.get(users.COOKIE)
        if not secret:
            return None
        who = users.signed_in(connection, secret, now)
        if who is not None and request.method not in _SAFE:
            csrf = request.headers.get(CSRF_HEADER, "")
            if not users.may_change(connection, secret, csrf):
                raise Problem(403, f"{CSRF_HEADER} is not this session's")
    return who


class Bounds:
    """Turns requests away that no route should see: a strange host or origin, a body too large or
    too slow; and notes each answer, without what the question holds."""

    def __init__(self, app: ASGIApp, names: frozenset[str]) -> None:
        self._app = app
        self._names = names

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun = answered = time.monotonic()
        status = 0

        async def sending(message: Asgi) -> None:
            nonlocal status, answered
            if message["type"] == "http.response.start":
                status, answered = message["status"], time.monotonic()
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        try:
            problem = self._refusal(scope)
            body = b""
            if problem is None:
                body, problem = await _body(scope, receive)
            if problem is not None:
                await answer(problem)(scope, receive, sending)
            else:
                await self._app(scope, _replayed(body, receive), sending)
        finally:
            # The pattern: paths name orders and parcels.
            route = getattr(scope.get("route"), "path", None) or "(none)"
            metrics.DESK_REQUESTS.labels(route, str(status)).inc()
            if status:
                metrics.DESK_SECONDS.observe((answered - begun,), route)
            log.info(
                "%(method)s %(route)s: %(status)d",
                event(
                    "desk_request",
                    method=scope["method"],
                    route=route,
                    status=status,
                    seconds=round(time.monotonic() - begun, 4),
                    who=getattr(scope.get("state", {}).get("who"), "name", None),
                ),
            )

    def _refusal(self, scope: Scope) -> Problem | None:
        headers = Headers(scope=scope)
        hosts = headers.getlist("host")
        if len(hosts) != 1 or not self._knows(hosts[0]):
            return Problem(
                421, "Host is no name of this desk: SHIPSENTRY_HTTP_ALLOWED_HOSTS may allow it"
            )
        origin = headers.get("origin")
        if origin is not None and _netloc(origin) != hosts[0].lower():
            return Problem(403, "asked by a page of another site")
        site = headers.get("sec-fetch-site", "none")
        if scope["method"] not in _SAFE and site not in ("none", "same-origin"):
            return Problem(403, "asked by a page of another site")
        return None

    def _knows(self, host: str) -> bool:
        name = _hostname(host)
        if name == "localhost" or name in self._names:
            return True
        if any(each.startswith(".") and name.endswith(each) for each in self._names):
            return True
        try:
            ipaddress.ip_address(name)
        except ValueError:
            return False
        return True


async def _body(scope: Scope, receive: Receive) -> tuple[bytes, Problem | None]:
    """All of a request's body, or why it is not waited for."""
    if scope["method"] in _SAFE:
        return b"", None
    too_large = Problem(413, f"the body has more than {MAX_BODY} bytes")
    stated = Headers(scope=scope).get("content-length", "0")
    if stated.isdecimal() and int(stated) > MAX_BODY:
        return b"", too_large
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_S):
            while True:
                message = await receive()
                if message["type"] != "http.request":
                    return b"", Problem(400, "the request broke off")
                body += message.get("body", b"")
                if len(body) > MAX_BODY:
                    return b"", too_large
                if not message.get("more_body", False):
                    return bytes(body), None
    except TimeoutError:
        return b"", Problem(408, f"the body was not here within {BODY_S:g} s")


def _replayed(body: bytes, receive: Receive) -> Receive:
    """What the app receives: the whole body, then what else comes."""
    given = False

    async def receiving() -> Asgi:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return receiving


def _hostname(host: str) -> str:
    try:
        return (urlsplit(f"//{host}").hostname or "") if "@" not in host else ""
    except ValueError:
        return ""


def _netloc(origin: str) -> str | None:
    try:
        return urlsplit(origin).netloc.lower()
    except ValueError:
        return None
