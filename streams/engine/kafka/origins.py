"""Where a record was first read: itself, or what its header says once it was sent home."""

from __future__ import annotations

from typing import NamedTuple

from streams.engine.kafka.types import Chunk, Record

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


def origin_of(chunk: Chunk, record: Record, now: int, *, first_hand: bool) -> Origin:
    """The origin of a record read at `now` (µs).

    `first_hand`: the chunk is of an input, whose producers may send headers of any name.
    """
    for name, value in () if first_hand else record.headers:
        if name == ORIGIN_HEADER and value is not None:
            try:
                topic, partition, offset, timestamp_ms, arrival = value.decode().split(" ")
                return Origin(topic, int(partition), int(offset), int(timestamp_ms), int(arrival))
            except ValueError:
                break  # not ours: a stranger wrote to our topic
    return Origin(chunk.topic, chunk.partition, record.offset, record.timestamp_ms, now)
