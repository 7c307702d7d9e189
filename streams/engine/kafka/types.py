"""What passes between the engine's parts: records in, outputs and states out.

Tuples and slotted classes only: thousands of them are alive per chunk. All times are integer
microseconds since the epoch in UTC, except where a name says `_ms`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec

from streams.telemetry.counts import Counts


class Record(NamedTuple):
    """One Kafka record of a chunk; its topic and partition are the chunk's.

    `timestamp_ms` is Kafka's timestamp in milliseconds. `headers` is a tuple of
    `(name: str, value: bytes | None)`.
    """

    offset: int
    timestamp_ms: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes | None], ...] = ()


class Chunk:
    """All records of one topic partition that one fetch returned: the value of one Faust message.

    The chunk counts as unread from `first_offset` until its effects are durable, then as read
    through `last_offset`. Offsets inside may have holes (compaction, transaction markers). They
    are offsets of the topic with this id (empty: not known), and of no other one of its name.
    """

    __slots__ = ("first_offset", "last_offset", "partition", "records", "topic", "topic_id")

    def __init__(
        self,
        topic: str,
        partition: int,
        first_offset: int,
        last_offset: int,
        records: Sequence[Record],
        topic_id: str = "",
    ) -> None:
        self.topic = topic
        self.topic_id = topic_id
        self.partition = partition
        self.first_offset = first_offset
        self.last_offset = last_offset
        self.records = records

    def __len__(self) -> int:
        return len(self.records)

    def __repr__(self) -> str:
        return (
            f"<Chunk {self.topic}-{self.partition} "
            f"{self.first_offset}..{self.last_offset} ({len(self.records)} records)>"
        )


class Committed(NamedTuple):
    """A committed offset of an input, and what came with it."""

    topic: str
    partition: int
    offset: int
    metadata: str


class Output(NamedTuple):
    """One record to publish.

    `partition` None lets the partitioner choose: Java's murmur2 of the key, of nothing for a record
    without one. `value` None is a tombstone. Of outputs with one topic, key and `word` the last one
    stands: where they become durable together, the others are not sent.
    """

    topic: str
    key: bytes | None
    value: bytes | None
    partition: int | None = None
    headers: list[tuple[str, bytes | None]] | None = None
    word: str | None = None


class Put(NamedTuple):
    """One state to store: `value` None deletes it (a tombstone in the changelog).

    Where the engine was told of a stored form, `value` may be the state itself. Whoever reads the
    key then is given that very state, and may change it if a put of it follows in the effects of
    the chunk in hand; bytes are made of it when a round of commits begins.
    `due` is the time of the state's next deadline, `old_due` that of the state it replaces; both in
    microseconds, 0 for none. `old_due` must be what `get_many` returned for the key said, because
    the store removes exactly that entry from the due index.
    """

    key: bytes
    value: Any
    due: int
    old_due: int


class Effects(msgspec.Struct):
    """What one chunk changes: records to publish, and states to put by table name.

    `topic` and `partition` are the input partition that caused it; the puts go to that partition
    of each table. One key may be put several times: the last one counts. `counts` happen when the
    engine accepts the effects, and not where it drops them. `observations` are for the observer
    alone: what these puts change, in words that the engine does not read. `refused` has (offset,
    reason) of each record that became a dead letter. `matched`: with this chunk and those before
    it, the states know all that was read back of the partition at its assignment.
    """

    outputs: list[Output] = msgspec.field(default_factory=list)
    puts: dict[str, list[Put]] = msgspec.field(default_factory=dict)
    topic: str = ""
    partition: int = -1
    counts: Counts = msgspec.field(default_factory=Counts)
    matched: bool = False
    observations: list[object] = msgspec.field(default_factory=list)
    refused: list[tuple[int, str]] = msgspec.field(default_factory=list)

    def __repr__(self) -> str:
        puts = {table: len(rows) for table, rows in self.puts.items()}
        return f"<Effects of {self.topic}-{self.partition}: {len(self.outputs)} outputs, {puts}>"
