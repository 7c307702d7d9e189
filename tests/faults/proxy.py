"""TCP links on loopback that can be cut, slowed, made deaf and reset, one by one.

A cut link keeps its connections: bytes wait where they are and pass when it is mended, as TCP sends
again what a partition swallowed. Unlike a partition it accepts new connections, which then hear
nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Link:
    """One way through: clients of `port` reach `target`, both on loopback.

    `forward` and `backward` let bytes towards the target, and back, pass; `delay` is in seconds.
    """

    port: int
    target: int
    forward: asyncio.Event = field(default_factory=asyncio.Event)
    backward: asyncio.Event = field(default_factory=asyncio.Event)
    delay: float = 0.0
    writers: set[asyncio.StreamWriter] = field(default_factory=set)

    def mend(self) -> None:
        """Everything passes at once."""
        self.delay = 0.0
        self.forward.set()
        self.backward.set()

    def cut(self, *, deaf: bool = False) -> None:
        """Nothing passes; `deaf`: only what the target answers does not."""
        self.backward.clear()
        if not deaf:
            self.forward.clear()

    def reset(self) -> None:
        """End every connection at once; new ones are taken."""
        for writer in list(self.writers):
            writer.transport.abort()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One client's connection until either side ends it."""
        with contextlib.suppress(OSError, asyncio.CancelledError):
            await self.forward.wait()
            there, back = await asyncio.open_connection("127.0.0.1", self.target)
            ends = {writer, back}
            self.writers |= ends
            try:
                pumps = [
                    asyncio.ensure_future(self._pump(reader, back, self.forward)),
                    asyncio.ensure_future(self._pump(there, writer, self.backward)),
                ]
                await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
                for pump in pumps:
                    pump.cancel()
            finally:
                self.writers -= ends
                back.transport.abort()
        writer.transport.abort()

    async def _pump(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, passes: asyncio.Event
    ) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(65536):
                if self.delay:
                    await asyncio.sleep(self.delay)
                await passes.wait()
                writer.write(data)
                await writer.drain()


class Proxy:
    """The links, served by a thread of their own; a context manager."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="proxy", daemon=True)
        self._links: dict[tuple[str, int], Link] = {}
        self._servers: list[asyncio.Server] = []

    def __enter__(self) -> Proxy:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        async def end() -> None:
            for server in self._servers:
                server.close()
            for link in self._links.values():
                link.reset()
            waiting = asyncio.all_tasks() - {asyncio.current_task()}
            for task in waiting:
                task.cancel()
            await asyncio.gather(*waiting, return_exceptions=True)

        self._run(end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _run(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(20)

    def add(self, name: str, node: int, port: int, target: int) -> None:
        """Serve the link of `name` to `node`: from `port` to `target`."""

        async def listen() -> None:
            link = Link(port, target)
            link.mend()
            self._links[name, node] = link
            self._servers.append(await asyncio.start_server(link.serve, "127.0.0.1", port))

        self._run(listen())

    def cut(self, name: str, nodes: list[int], *, deaf: bool = False) -> None:
        """Cut the links of `name` to some nodes."""

        async def cut() -> None:
            for node in nodes:
                self._links[name, node].cut(deaf=deaf)

        self._run(cut())

    def slow(self, name: str, seconds: float) -> None:
        """Whatever passes on a link of `name` comes so much later."""

        async def slow() -> None:
            for (whose, _), link in self._links.items():
                if whose == name:
                    link.delay = seconds

        self._run(slow())

    def reset(self, name: str) -> None:
        """End every connection of `name`."""

        async def reset() -> None:
            for (whose, _), link in self._links.items():
                if whose == name:
                    link.reset()

        self._run(reset())

    def mend(self) -> None:
        """Mend every link."""

        async def mend() -> None:
            for link in self._links.values():
                link.mend()

        self._run(mend())
