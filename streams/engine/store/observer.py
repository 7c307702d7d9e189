"""Who watches the engine's work, for the numbers that operators see, and how states are counted.

Gauges of states must be right after a restart, so they are made from the states: those stored at
an assignment are gone through once in the background, and what chunks change meanwhile and later
is told as it is accepted.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Iterator, Mapping
from typing import Protocol

from streams.engine.kafka.types import Effects
from streams.engine.store.errors import StoreUnusable
from streams.engine.store.store import Scan, TableStore
from streams.engine.store.sweep import States, SweepStopped, paced
from streams.telemetry.events import event

log = logging.getLogger(__name__)

PAUSE = 0.012
"""Seconds that counting rests after each stretch: it takes a quarter of one core at most."""


class Observer(Protocol):
    """Told of everything that changes what is stored. All but `count` on the event loop."""

    def assigned(self, partitions: frozenset[int]) -> None:
        """An assignment begins; whatever was told of former ones is void."""

    def accepted(self, work: Effects) -> None:
        """The effects of a chunk belong to the assignment, and every reader sees them."""

    def count(self, table: str, states: Iterator[States]) -> Callable[[int], None]:
        """Go through a partition's states as they were when it was assigned; in a thread.

        The result is called with the partition, on the event loop, and takes over the count.
        """

    def counted(self, partition: int) -> None:
        """All tables of a partition are counted."""

    def word(self) -> bytes:
        """What to tell the other workers now; empty: nothing."""

    def heard(self, worker: str, word: bytes) -> None:
        """Another worker's word."""


class Census:
    """Counts the stored states of one assignment, in a thread of its own."""

    def __init__(
        self,
        tables: Mapping[str, TableStore],
        observer: Observer,
        on_damaged: Callable[[StoreUnusable], None],
    ) -> None:
        """`on_damaged` is told on the event loop of a store whose damage the count has met."""
        self._tables = tables
        self._on_damaged = on_damaged
        self._observer = observer
        self._stop = threading.Event()
        self._thread: asyncio.Future[None] | None = None
        self._scans: list[tuple[int, str, Scan]] = []
        self.left: set[int] = set()
        """Partitions that are not counted yet."""

    def begin(self, partitions: frozenset[int]) -> None:
        """Note how all states are now, and start to count them."""
        self._stop = threading.Event()
        self.left = set(partitions)
        self._scans = [
            (partition, name, table[partition].scan())
            for partition in sorted(partitions)
            for name, table in self._tables.items()
        ]
        loop = asyncio.get_running_loop()
        self._thread = loop.run_in_executor(None, self._run, loop, self._scans, self._stop)

    def abandon(self) -> None:
        """Count no further: nothing is counted any more. `stop` is still to be called."""
        self._stop.set()
        self.left = {partition for partition, _, _ in self._scans}

    async def stop(self) -> None:
        """End, and let go of the stores: they cannot be closed before."""
        self._stop.set()
        thread, self._thread = self._thread, None
        if thread is not None:
            await asyncio.wait([thread])
        for _, _, scan in self._scans:
            scan.close()
        self._scans = []

    def _run(
        self,
        loop: asyncio.AbstractEventLoop,
        scans: list[tuple[int, str, Scan]],
        stop: threading.Event,
    ) -> None:
        tables = len(self._tables)
        try:
            for number, (partition, table, scan) in enumerate(scans, 1):
                take_over = self._observer.count(table, paced(scan, stop, PAUSE))
                scan.close()
                last = number % tables == 0
                loop.call_soon_threadsafe(self._take_over, stop, partition, take_over, last)
        except SweepStopped:
            pass
        except StoreUnusable as error:
            loop.call_soon_threadsafe(self._on_damaged, error)
        except Exception:
            # The numbers of these partitions stay away, which an alert tells; the work goes on.
            log.exception("the stored states could not be counted", event("states_uncounted"))

    def _take_over(
        self, stop: threading.Event, partition: int, take_over: Callable[[int], None], last: bool
    ) -> None:
        if stop.is_set():
            return
        take_over(partition)
        if last:
            self.left.discard(partition)
            self._observer.counted(partition)
