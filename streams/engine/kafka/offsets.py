"""Which offsets of one topic partition are read, submitted, durable and committed.

A chunk counts as unread from its first offset until its effects are durable. So a crash at any time
repeats whole chunks and skips nothing, whatever order the chunks finish in.
"""

from __future__ import annotations

from collections import deque

from streams.engine.kafka.types import Chunk


class _Flight:
    __slots__ = ("acked", "chunk", "next_offset", "submitted")

    def __init__(self, chunk: Chunk, next_offset: int) -> None:
        self.chunk = chunk
        self.next_offset = next_offset
        self.submitted = False
        self.acked = False


class PartitionOffsets:
    """Offsets of one assigned topic partition, from one assignment to its revocation.

    `position` is the next offset to fetch: it may lie past the last record by a transaction
    marker or a compacted tail.
    """

    __slots__ = ("_flights", "committed", "last_timestamp_ms", "position", "records_in_flight")

    def __init__(self, position: int, committed: int | None = None) -> None:
        self.position = position
        self.committed = position if committed is None else committed
        self.last_timestamp_ms = -1
        self.records_in_flight = 0
        self._flights: deque[_Flight] = deque()

    def __len__(self) -> int:
        return len(self._flights)

    def deliver(self, chunk: Chunk, next_offset: int) -> None:
        """A chunk goes to its agent; the next fetch starts at `next_offset`."""
        self._flights.append(_Flight(chunk, next_offset))
        self.records_in_flight += len(chunk.records)
        self.position = next_offset

    def skip_to(self, next_offset: int) -> None:
        """The log goes on at `next_offset` and there is no record before it."""
        self.position = next_offset

    def expects(self, chunk: Chunk) -> bool:
        """Whether a chunk is of this assignment, and its agent not through with it."""
        flight = self._find(chunk)
        return flight is not None and not flight.submitted

    def submit(self, chunk: Chunk) -> bool:
        """The agent is through with a chunk. False: the chunk is not of this assignment."""
        flight = self._find(chunk)
        if flight is None or flight.submitted:
            return False
        flight.submitted = True
        if chunk.records:
            self.last_timestamp_ms = max(self.last_timestamp_ms, chunk.records[-1].timestamp_ms)
        return True

    def ack(self, chunk: Chunk) -> None:
        """The chunk's effects are durable. Chunks of former assignments are ignored."""
        flight = self._find(chunk)
        if flight is None:
            return
        if not flight.acked:
            self.records_in_flight -= len(chunk.records)
        flight.acked = flight.submitted = True
        flights = self._flights
        while flights and flights[0].acked:
            flights.popleft()

    @property
    def durable(self) -> int:
        """Everything before this offset is durable: what may be committed."""
        return self._flights[0].chunk.first_offset if self._flights else self.position

    @property
    def processed(self) -> int:
        """Everything before this offset has been through its agent."""
        for flight in self._flights:
            if not flight.submitted:
                return flight.chunk.first_offset
        return self.position

    def _find(self, chunk: Chunk) -> _Flight | None:
        for flight in self._flights:
            if flight.chunk is chunk:
                return flight
        return None
