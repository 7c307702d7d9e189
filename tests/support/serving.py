"""A worker's pages on a real socket of loopback, and who asks for them."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import NamedTuple

import aiohttp
import pytest
from aiohttp import web
from prometheus_client import REGISTRY
from support.ports import free_port

from streams.engine.pages import serving as server
from streams.engine.pages.access import Access
from streams.engine.pages.serving import Route, serve


async def hello(_request: web.Request) -> web.Response:
    """The handler of a page that has nothing to work out."""
    return web.Response(text="hello")


HELLO = (Route("/check", hello), Route("/warnings", hello))


class Answer(NamedTuple):
    """What came back."""

    status: int
    text: str
    headers: Mapping[str, str]


class Pages:
    """Asks for pages that are served on a port."""

    def __init__(self, port: int, session: aiohttp.ClientSession, scheme: str) -> None:
        self.port = port
        self._session = session
        self._scheme = scheme

    async def get(
        self,
        path: str,
        *,
        token: str | None = None,
        tls: ssl.SSLContext | bool = True,
        method: str = "GET",
        **headers: str,
    ) -> Answer:
        """The answer; underscores in headers' names are hyphens."""
        found = {name.replace("_", "-"): value for name, value in headers.items()}
        if token is not None:
            found["Authorization"] = f"Bearer {token}"
        url = f"{self._scheme}://127.0.0.1:{self.port}{path}"
        async with self._session.request(method, url, headers=found, ssl=tls) as answer:
            return Answer(answer.status, await answer.text(), answer.headers)


@asynccontextmanager
async def pages_at(port: int, scheme: str = "http") -> AsyncIterator[Pages]:
    """Pages that are served on a port, each asked for on a connection of its own."""
    connector = aiohttp.TCPConnector(limit=0, force_close=True)
    async with aiohttp.ClientSession(connector=connector) as session:
        yield Pages(port, session, scheme)


@asynccontextmanager
async def serving(
    access: Access = Access(),  # noqa: B008  immutable
    routes: Sequence[Route] = HELLO,
    *,
    elsewhere: bool = False,
    is_peer: Callable[[str], bool] = lambda _: False,
) -> AsyncIterator[Pages]:
    """Serve; `elsewhere`: as if the address were no loopback one."""
    port = free_port()
    with pytest.MonkeyPatch.context() as patch:
        if elsewhere:
            patch.setattr(server, "all_loopback", lambda _: False)
        runner = await serve(
            "127.0.0.1",
            port,
            alive=lambda: None,
            ready=lambda: None,
            routes=routes,
            access=access,
            is_peer=is_peer,
        )
    assert runner is not None
    try:
        async with pages_at(port, access.scheme) as pages:
            yield pages
    finally:
        await runner.cleanup()


async def abandon(port: int, path: str, count: int) -> None:
    """Ask for a page so many times, and hang up before there can be an answer."""
    writers = [(await asyncio.open_connection("127.0.0.1", port))[1] for _ in range(count)]
    for writer in writers:
        writer.write(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        writer.close()


def unanswered(page: str, reason: str) -> float:
    """How many requests for a page were counted as such, since the process began."""
    labels = {"page": page, "reason": reason}
    return REGISTRY.get_sample_value("shipsentry_requests_unanswered_total", labels) or 0.0
