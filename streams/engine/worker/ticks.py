"""Tick messages: the beat that makes deadlines fire, and the partitions' word to each other.

Every worker sends one message to every partition of the ticks topic, each `tick_interval`. It says
how far the sender's partitions are (see `watermark.py`); to the worker that owns the partition it
is a tick as well. Being a record, a tick is handled in the same order as everything else of its
partition. Ticks older than an assignment are never read: reading starts at the topic's end.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from streams.engine.kafka.types import Record
from streams.engine.kafka.unreadable import UNREADABLE
from streams.engine.worker.peers import Home
from streams.engine.worker.watermark import Report

VERSION = 1


class Tick(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Value of a tick message; `gates` is (partition, rounds done, gate in µs, behind).

    `address` and `word` are the sender's `Home`, `note` its observer's word, empty most of the
    time; senders of an older release say nothing of these.
    """

    version: int
    worker: str
    generation: int
    sent_us: int
    watermarks: tuple[tuple[int, int, int, bool], ...]
    address: str = ""
    word: str = ""
    note: bytes = b""

    def reports(self) -> Iterator[tuple[int, Report]]:
        """(partition, report) of each of the sender's partitions."""
        for partition, rounds_done, watermark_us, behind in self.watermarks:
            yield partition, Report(self.generation, rounds_done, watermark_us, behind)


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Tick).decode


def encode(
    worker: str,
    generation: int,
    sent_us: int,
    reports: dict[int, Report],
    home: Home = Home("", ""),  # noqa: B008  immutable
    note: bytes = b"",
) -> bytes:
    """A tick message with the reports of the sender's partitions."""
    watermarks = tuple(
        (partition, report.rounds_done, report.watermark_us, report.behind)
        for partition, report in reports.items()
    )
    return _encode(Tick(VERSION, worker, generation, sent_us, watermarks, *home, note))


def decode(records: Sequence[Record]) -> tuple[list[Tick], int]:
    """Every tick among the records, and how many others there were: of a stranger, or of another
    release."""
    found = []
    for record in records:
        try:
            tick = _decode(record.value or b"")
        except UNREADABLE:
            continue
        if tick.version == VERSION:
            found.append(tick)
    return found, len(records) - len(found)
