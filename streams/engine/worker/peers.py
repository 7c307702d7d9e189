"""Where the other workers' web pages are, and asking them: what a worker does not own, it asks for.

Each worker's ticks say where it is reached, and a word that only those know who may read the
application's topics; what workers serve to each other alone, they serve to who brings that word.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Callable, Mapping
from typing import NamedTuple

import aiohttp

from streams.engine.pages.access import Access
from streams.engine.pages.guard import WORD_HEADER

LONGEST_ANSWER = 1 << 20
_LONGEST_ADDRESS = 300
_LONGEST_WORD = 64
_MOST_CONNECTIONS = 32


class Home(NamedTuple):
    """A worker's web pages (`http://host:port`, empty: it has none), and its word."""

    address: str
    word: str


class PeerSilent(RuntimeError):
    """A worker that was asked gave no answer in time."""


class _Heard(NamedTuple):
    home: Home
    generation: int
    at: float


class Peers:
    """The homes of all partitions as last heard. What is said of no partition is forgotten."""

    def __init__(
        self,
        partitions: int,
        address: str,
        patience: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`address` is this worker's own; not heard of for `patience` seconds counts as gone."""
        self.own = Home(address, secrets.token_hex(16))
        self._partitions = partitions
        self._patience = patience
        self._clock = clock
        self._heard: dict[int, _Heard] = {}
        self._session: aiohttp.ClientSession | None = None
        self.access = Access()
        """How this worker shows that it may ask; whoever composes the app sets it."""

    def hear(self, partition: int, generation: int, home: Home) -> None:
        """A worker said that it owns a partition; an older generation's word does not count."""
        if not 0 <= partition < self._partitions:
            return
        if len(home.address) > _LONGEST_ADDRESS or len(home.word) > _LONGEST_WORD:
            return
        known = self._heard.get(partition)
        if known is not None and generation < known.generation and self._fresh(known):
            return
        self._heard[partition] = _Heard(home, generation, self._clock())

    def home_of(self, partition: int) -> Home | None:
        """Where the owner of a partition is reached; None where that is not known."""
        known = self._heard.get(partition)
        if known is None or not known.home.address or not self._fresh(known):
            return None
        return known.home

    def is_peer(self, word: str) -> bool:
        """Whether somebody who brings `word` is a worker of this application."""
        return secrets.compare_digest(word.encode("utf-8", "replace"), self.own.word.encode())

    async def ask(
        self, home: Home, path: str, query: Mapping[str, str], patience: float
    ) -> tuple[int, bytes]:
        """Status and body of a GET on another worker; PeerSilent after `patience` seconds."""
        if self.access.server_tls is not None and not home.address.startswith("https://"):
            # Or a forged tick would have the token sent to whoever listens.
            raise PeerSilent(f"no https at {home.address}")
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=_MOST_CONNECTIONS), trust_env=False
            )
        try:
            # One bound for everything, reading the body included.
            async with asyncio.timeout(patience):
                async with self._session.get(
                    home.address.rstrip("/") + path,
                    params=query,
                    headers={**self.access.headers(), WORD_HEADER: home.word},
                    ssl=self.access.client_tls or True,
                    # Word and token are for the worker that was asked.
                    allow_redirects=False,
                ) as answer:
                    if (answer.content_length or 0) > LONGEST_ANSWER:
                        raise PeerSilent(f"an answer too long, at {home.address}")
                    return answer.status, await answer.read()
        except (TimeoutError, aiohttp.ClientError, ValueError) as error:
            raise PeerSilent(f"{type(error).__name__} at {home.address}") from error

    async def close(self) -> None:
        """Close connections to other workers."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    def _fresh(self, known: _Heard) -> bool:
        return self._clock() - known.at <= self._patience
