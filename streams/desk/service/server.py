"""The server of a desk: uvicorn's, which ends in good order and waits for nobody for ever."""

from __future__ import annotations

import asyncio
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from fastapi import FastAPI
from uvicorn.protocols.http.h11_impl import H11Protocol

from streams.desk.api.desk import Desk

GOODBYE_S = 5
"""How long requests that were begun may take when the desk ends."""

HEAD_S = 10.0
"""Seconds in which the head of a request has to be here, from its first byte on or from the
connection on."""

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Protocol(H11Protocol):
    """Uvicorn's protocol, which waits for the head of a request for ever; this one closes."""

    _patience: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait."""
        super().connection_made(transport)
        self._wait()

    def data_received(self, data: bytes) -> None:
        """Go on waiting where it is not all of a head yet."""
        super().data_received(data)
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no more."""
        super().connection_lost(exc)
        self._end_waiting()

    def _wait(self) -> None:
        if self.cycle is not None and not self.cycle.response_complete:
            self._end_waiting()  # the head is here; the body has a time of its own
        elif self._patience is None:
            self._patience = self.loop.call_later(HEAD_S, self.transport.close)

    def _end_waiting(self) -> None:
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None


class Server(uvicorn.Server):
    """Uvicorn's server, for which a signal is a wish to end, and no failure."""

    def __init__(self, config: uvicorn.Config, desk: Desk) -> None:
        super().__init__(config)
        self._desk = desk

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End; streams first, which would else go on until they are cut off."""
        await self._desk.news.end()
        await super().shutdown(sockets)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Without raising them again in the end, as upstream does; they are the main thread's."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {each: signal.signal(each, self.handle_exit) for each in _SIGNALS}
        try:
            yield
        finally:
            for each, handler in before.items():
                signal.signal(each, handler)


def make_server(app: FastAPI, desk: Desk, host: str, port: int) -> Server:
    """The server of a desk's app."""
    return Server(
        uvicorn.Config(
            app,
            host=host,
            port=port,
            http=Protocol,
            log_config=None,
            # Ours shows no values of a question.
            access_log=False,
            server_header=False,
            proxy_headers=False,
            ws="none",
            timeout_keep_alive=10,
            timeout_graceful_shutdown=GOODBYE_S,
        ),
        desk,
    )
