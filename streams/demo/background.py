"""The worker in a thread of its own, so that the demo's own loop can watch it."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable

from streams.engine.worker.app import EngineApp
from streams.engine.worker.runner import worker


class Background(threading.Thread):
    """Runs the worker that `make` builds until `stop`; `ready` is set when deadlines may fire."""

    def __init__(self, make: Callable[[], EngineApp], http_port: int) -> None:
        super().__init__(name="demo-worker", daemon=True)
        self.ready = threading.Event()
        # Asked instead of join() and is_alive(): in Python 3.11 a join that Ctrl-C interrupts takes
        # the thread for ended (its remedy of bpo-45274).
        self.ended = threading.Event()
        self.status: int | None = None
        self.failure: BaseException | None = None
        self._make = make
        self._http_port = http_port
        self._loop: asyncio.AbstractEventLoop | None = None
        self._ending: asyncio.Event | None = None
        self._stopped = threading.Event()

    def run(self) -> None:
        """The worker's life, from building to stopping."""
        try:
            self.status = asyncio.run(self._live())
        except BaseException as error:
            self.failure = error
            self.status = 1
        finally:
            self.ended.set()

    def stop(self, timeout: float = 15.0) -> bool:
        """Finish what was begun and end; whether that came about within `timeout` seconds."""
        self._stopped.set()
        if self._loop is not None and self._ending is not None:
            with contextlib.suppress(RuntimeError):  # the loop is closed: it has ended already
                self._loop.call_soon_threadsafe(self._ending.set)
        try:
            return self.ended.wait(timeout)
        except KeyboardInterrupt:
            self.ended.wait(timeout)
            raise

    async def _live(self) -> int:
        app = self._make()
        self._loop = asyncio.get_running_loop()
        self._ending = asyncio.Event()
        if self._stopped.is_set():
            return 0
        watching = asyncio.create_task(self._watch(app))
        try:
            status = await worker(app, http_port=self._http_port, stop=self._ending)
        finally:
            watching.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await watching
        self.failure = app.engine.failure
        return status

    async def _watch(self, app: EngineApp) -> None:
        engine = app.engine
        partitions = range(engine.config.partitions)

        def held() -> bool:
            return any(engine.watermark_us(number) is None for number in partitions)

        while not engine.assigned or held():  # noqa: ASYNC110  the gate has no event to wait for
            await asyncio.sleep(0.05)
        self.ready.set()
