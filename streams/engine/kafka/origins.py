"""Where a record was first read: itself, or what its header says once it was sent home."""

from __future__ import annotations

from typing import NamedTuple

from streams.engine.kafka.types import Chunk, Record

_MOST = (1 << 63) - 1
_AHEAD = 366 * 86_400_000_000
"""How far a worker's clock may be ahead (µs): its re-keyed records keep where they were read."""

ORIGIN_HEADER = "shipsentry-origin"
"""The fields of Origin, separated by blanks, on a record that was sent to its own partition."""


class Origin(NamedTuple):
    """Topic, partition and offset of the first reading, Kafka's timestamp, and its moment (µs)."""

    topic: str
    partition: int
    offset: int
    timestamp_ms: int
    arrival: int

    def headers(self) -> list[tuple[str, bytes | None]]:
        """The headers that carry this origin."""
        return [(ORIGIN_HEADER, " ".join(str(part) for part in self).encode())]


def origin_of(chunk: Chunk, record: Record, now: int, *, source: str | None) -> Origin:
    """The origin of a record read at `now` (µs).

    `source` is the input whose records are sent home to the chunk's topic. None: it is an input
    itself, or none; then anybody may have sent headers of any name.
    """
    for name, value in record.headers if source is not None else ():
        if name == ORIGIN_HEADER and value is not None:
            try:
                topic, *numbers = value.decode().split(" ")
                partition, offset, timestamp_ms, arrival = map(int, numbers)
            except ValueError:
                break  # not ours: a stranger wrote to our topic
            if (
                topic == source
                and 0 <= partition < 1 << 31
                and 0 <= offset <= _MOST
                and -1 <= timestamp_ms <= _MOST
                and 0 < arrival <= now + _AHEAD
            ):
                return Origin(topic, partition, offset, timestamp_ms, arrival)
    return Origin(chunk.topic, chunk.partition, record.offset, record.timestamp_ms, now)
