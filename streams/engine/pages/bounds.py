"""How many answers are worked on at a time, for how long, and for whom: not for who hung up."""

from __future__ import annotations

import asyncio
import select
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

WAIT_EACH = 4
"""Requests that may wait in line for each one that is worked on."""

_GONE = getattr(select, "POLLRDHUP", 0) | select.POLLHUP | select.POLLERR


class Busy(Exception):
    """The line is full."""


class HungUp(Exception):
    """Nobody waits for the answer any more."""


class Line:
    """Lets `at_once` through at a time; WAIT_EACH times as many wait, others are turned away."""

    def __init__(self, at_once: int) -> None:
        self._free = asyncio.Semaphore(at_once)
        self._room = at_once * (1 + WAIT_EACH)
        self._inside = 0

    @asynccontextmanager
    async def turn(self, client: asyncio.BaseTransport | None) -> AsyncIterator[None]:
        """A turn, when it comes. Raises Busy, and HungUp where the client has gone by then."""
        if self._inside >= self._room:
            raise Busy
        self._inside += 1
        try:
            async with self._free:
                if gone(client):
                    raise HungUp
                yield
        finally:
            self._inside -= 1


def gone(client: asyncio.BaseTransport | None) -> bool:
    """Whether a client hung up, which the event loop may not have come to see yet."""
    if client is None or client.is_closing():
        return True
    connection: socket.socket | None = client.get_extra_info("socket")
    if connection is None:
        return False
    look = select.poll()
    look.register(connection, _GONE)
    return bool(look.poll(0))
