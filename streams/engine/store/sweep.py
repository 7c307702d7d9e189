"""Going through all stored states, in a thread, beside everything else that a worker does.

A sweep sees a partition's states as they were when it began. It works in short stretches and rests
between them, and it ends early when the partitions are taken away: a store that is still being
read cannot be closed for good.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TypeVar

from streams.engine.store.errors import StoreUnusable
from streams.engine.store.store import Scan, TableStore

SLICE = 0.004
"""Seconds that a sweep works at a stretch."""

BATCH = 500
"""States read at a time."""

States = list[tuple[bytes, bytes]]
T = TypeVar("T")


class SweepStopped(Exception):
    """The partitions are taken away in the middle, or one of their stores is damaged."""


class Sweeps:
    """Sweeps over the owned partitions of a worker's tables, for whoever asks."""

    def __init__(
        self, tables: Mapping[str, TableStore], on_damaged: Callable[[StoreUnusable], None]
    ) -> None:
        """`on_damaged` is told on the event loop of a store whose damage a sweep has met."""
        self._tables = tables
        self._on_damaged = on_damaged
        self._running: dict[asyncio.Future[None], threading.Event] = {}

    async def over(
        self, names: Iterable[str], visit: Callable[[str, Iterator[States]], T], pause: float
    ) -> list[T]:
        """What `visit(table, states)` makes of each partition of the tables named, in a thread.

        It rests `pause` seconds after each SLICE. Raises SweepStopped.
        """
        scans = [
            (name, self._tables[name][partition].scan())
            for name in names
            for partition in self._tables[name].partitions()
        ]
        stop, found = threading.Event(), list[T]()

        def run() -> None:
            try:
                for name, scan in scans:
                    found.append(visit(name, paced(scan, stop, pause)))
            finally:
                for _, scan in scans:
                    scan.close()

        loop = asyncio.get_running_loop()
        future = loop.run_in_executor(None, run)
        self._running[future] = stop
        try:
            await asyncio.shield(future)
        except StoreUnusable as error:
            self._on_damaged(error)
            raise SweepStopped from error
        finally:
            stop.set()
            if future.done():
                self._running.pop(future, None)
            else:
                future.add_done_callback(lambda done: self._running.pop(done, None))
        return found

    async def stop(self) -> None:
        """End all that run, and let go of the stores."""
        for stop in self._running.values():
            stop.set()
        if self._running:
            await asyncio.wait(list(self._running))


def paced(scan: Scan, stop: threading.Event, pause: float) -> Iterator[States]:
    """The scan's states, resting `pause` seconds now and then; raises SweepStopped."""
    began = time.monotonic()
    while True:
        if stop.is_set():
            raise SweepStopped
        states = scan.take(BATCH)
        if not states:
            return
        yield states
        if time.monotonic() - began > SLICE:
            if stop.wait(pause):
                raise SweepStopped
            began = time.monotonic()
