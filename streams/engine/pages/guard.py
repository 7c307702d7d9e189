"""What stands before a page: who asks, from where, and whether there is time for it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from ipaddress import ip_address
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import msgspec
from aiohttp import web

from streams.engine.pages.access import HEALTH, Access
from streams.engine.pages.bounds import Busy, HungUp, Line
from streams.telemetry.metrics import REQUESTS_UNANSWERED, UNANSWERED

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

WORD_HEADER = "X-Shipsentry-Word"
"""Carries the asked worker's own word."""

RETRY_AFTER_S = 1

HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
"""What browsers are told of every page but the probes."""

_LONGEST = 60
"""Characters of a header that a refusal repeats."""


class Refusal(NamedTuple):
    """Why a request is not let in: as metrics call it, the status, and what is said."""

    reason: str
    status: int
    text: str


class Guard:
    """Stands before the pages of one worker."""

    def __init__(self, access: Access, is_peer: Callable[[str], bool]) -> None:
        """`is_peer` knows the workers of the application by what they bring in WORD_HEADER."""
        self._access = access
        self._is_peer = is_peer
        self.on_loopback = False
        """Whether nobody but this machine reaches the pages; known once they are served."""

    def closed(self, page: str) -> bool:
        """Whether a page answers nobody at all."""
        access = self._access
        return not (access.asks or self.on_loopback or page in access.open_pages)

    def protect(self, page: str, handler: Handler, at_once: int | None = None) -> Handler:
        """The handler of a page behind all that stands before it.

        `at_once` bounds how many are worked on at a time, and gives each a deadline; questions of
        other workers have as many places of their own, or two that ask each other would wait for
        ever.
        """
        for reason in UNANSWERED:
            REQUESTS_UNANSWERED.labels(page=page, reason=reason)  # `increase` sees no first 1
        lines = None if at_once is None else {False: Line(at_once), True: Line(at_once)}

        async def answer(request: web.Request) -> web.StreamResponse:
            refusal = self.refusal(page, request)
            if refusal is not None:
                return _refuse(page, refusal)
            try:
                if lines is None:
                    return await handler(request)
                line = lines[self._is_peer(request.headers.get(WORD_HEADER, ""))]
                return await self._in_time(page, line, handler, request)
            except (asyncio.CancelledError, HungUp):
                REQUESTS_UNANSWERED.labels(page=page, reason="hung_up").inc()
                raise asyncio.CancelledError from None

        async def with_headers(request: web.Request) -> web.StreamResponse:
            response = await answer(request)
            if page != HEALTH:
                response.headers.update(HEADERS)
            return response

        return with_headers

    async def _in_time(
        self, page: str, line: Line, handler: Handler, request: web.Request
    ) -> web.StreamResponse:
        deadline = self._access.deadline
        try:
            async with asyncio.timeout(deadline) as time, line.turn(request.transport):
                return await handler(request)
        except Busy:
            text = "too many ask for this page: ask again"
            return _refuse(page, Refusal("busy", 503, text))
        except TimeoutError:
            if not time.expired():
                raise
            text = (
                f"no answer within {deadline:g} s (SHIPSENTRY_HTTP_DEADLINE_S): ask again, or for "
                "less"
            )
            return _refuse(page, Refusal("deadline", 503, text))

    def refusal(self, page: str, request: web.Request) -> Refusal | None:
        """Why a request for a page is not let in; None: it is."""
        if page != HEALTH:
            refusal = self._misled(request)
            if refusal is not None:
                return refusal
        access = self._access
        if page in access.open_pages or (self.on_loopback and not access.asks):
            return None
        if not access.asks:
            opened = ",".join(sorted({*access.open_pages, page}))
            return Refusal(
                "closed",
                403,
                f"{page} is closed: this worker is reached from other machines, and asks for no "
                "token and no certificate. Set SHIPSENTRY_HTTP_TOKEN_FILE, SHIPSENTRY_HTTP_TOKEN "
                "or SHIPSENTRY_HTTP_CLIENT_CAFILE; or open it to everybody by "
                f"SHIPSENTRY_HTTP_OPEN_PAGES={opened}",
            )
        if self._shows_certificate(request) or self._shows_token(request):
            return None
        ways = []
        if access.tokens is not None:
            ways.append("a token (Authorization: Bearer …)")
        if access.client_certificates:
            ways.append("a client's certificate")
        # 401 promises a challenge, and there is none for certificates.
        status = 403 if access.tokens is None else 401
        return Refusal("unauthorized", status, f"{page} wants {' or '.join(ways)}")

    def _misled(self, request: web.Request) -> Refusal | None:
        """Why a request is the work of somebody else's web page; None: it is not."""
        hosts = request.headers.getall("Host", [])
        if len(hosts) > 1 or not all(map(self._access.knows_host, hosts)):
            return Refusal(
                "host",
                421,
                f"Host {_clipped(', '.join(hosts))!r} is no name of this worker: "
                "SHIPSENTRY_HTTP_ALLOWED_HOSTS may allow it",
            )
        headers = request.headers
        origin = headers.get("Origin")
        if origin is not None and (not hosts or _netloc(origin) != hosts[0].lower()):
            return Refusal("origin", 403, f"asked by a page of {_clipped(origin)!r}")
        site = headers.get("Sec-Fetch-Site", "none")
        if site in ("none", "same-origin"):
            return None
        # A link on another site's page may lead here; nothing may be loaded into it.
        opened = headers.get("Sec-Fetch-Mode"), headers.get("Sec-Fetch-Dest")
        if opened == ("navigate", "document"):
            return None
        return Refusal("origin", 403, "asked by a page of another site")

    def _shows_certificate(self, request: web.Request) -> bool:
        if not self._access.client_certificates or request.transport is None:
            return False
        # The handshake has compared it with the authorities.
        return bool(request.transport.get_extra_info("peercert"))

    def _shows_token(self, request: web.Request) -> bool:
        tokens = self._access.tokens
        kind, _, token = request.headers.get("Authorization", "").partition(" ")
        return tokens is not None and kind.lower() == "bearer" and tokens.good(token.strip())


def all_loopback(addresses: list[Any]) -> bool:
    """Whether all that is listened on (`getsockname()` of each) is loopback."""
    return all(ip_address(address[0]).is_loopback for address in addresses)


def _refuse(page: str, refusal: Refusal) -> web.Response:
    REQUESTS_UNANSWERED.labels(page=page, reason=refusal.reason).inc()
    headers = {}
    if refusal.status == 503:
        headers["Retry-After"] = str(RETRY_AFTER_S)
    if refusal.status == 401:
        headers["WWW-Authenticate"] = 'Bearer realm="shipsentry"'
    return web.Response(
        status=refusal.status,
        body=msgspec.json.encode({"error": refusal.text}),
        content_type="application/json",
        headers=headers,
    )


def _netloc(origin: str) -> str | None:
    try:
        return urlsplit(origin).netloc.lower()
    except ValueError:
        return None


def _clipped(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
