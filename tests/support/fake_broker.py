"""A producer whose deliveries a test releases, and the broker's log that they end in."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from streams.engine.kafka.types import Output, Put

CHANGELOGS = {"orders": "orders-changelog", "parcels": "parcels-changelog"}

Entry = tuple[str, int, bytes | None, bytes | None]
"""Topic, partition (-1 unless given), key, value."""


class FakeProducer:
    """Keeps what is produced in `buffer` until `deliver` moves it to `log`, in order."""

    def __init__(self, log: list[Entry] | None = None) -> None:
        self.buffer: list[Entry] = []
        self.log: list[Entry] = [] if log is None else log
        self._flush: asyncio.Future[None] | None = None
        self._offsets: dict[tuple[str, int], int] = {}

    def produce(self, output: Output) -> None:
        """As Producer.produce."""
        number = -1 if output.partition is None else output.partition
        self.buffer.append((output.topic, number, output.key, output.value))

    def produce_states(self, topic: str, partition: int, puts: Iterable[Put]) -> None:
        """As Producer.produce_states."""
        self._offsets.pop((topic, partition), None)
        self.buffer += [(topic, partition, write.key, write.value) for write in puts]

    def delivered(self, topic: str, partition: int) -> int:
        """As Producer.delivered."""
        return self._offsets.get((topic, partition), -1)

    async def flush(self) -> None:
        """Wait for the test to call `deliver` or `fail`."""
        self._flush = asyncio.get_running_loop().create_future()
        try:
            await self._flush
        finally:
            self._flush = None

    @property
    def flushing(self) -> bool:
        """Whether somebody waits in `flush`."""
        return self._flush is not None and not self._flush.done()

    def append(self, count: int) -> None:
        """Let the broker have the first `count` records, unacknowledged."""
        taken, self.buffer = self.buffer[:count], self.buffer[count:]
        for entry in taken:
            topic, number, *_ = entry
            self._offsets[topic, number] = len(changelog(self.log, topic, number))
            self.log.append(entry)

    def deliver(self) -> None:
        """Deliver everything and end the flush."""
        assert self._flush is not None
        self.append(len(self.buffer))
        self._flush.set_result(None)

    def fail(self, error: BaseException) -> None:
        """End the flush with a failure."""
        assert self._flush is not None
        self._flush.set_exception(error)


def changelog(log: list[Entry], topic: str, partition: int) -> list[tuple[bytes, bytes | None]]:
    """The records of one topic partition; their places are their offsets."""
    return [(key or b"", value) for name, at, key, value in log if (name, at) == (topic, partition)]
