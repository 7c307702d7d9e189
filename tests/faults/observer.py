"""Everything that is published, as it comes, each record with the moment at which it was seen."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from typing import Any

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaException, TopicPartition


@dataclass(frozen=True)
class Seen:
    """A record, and when it was seen (seconds since the epoch, by this machine's clock)."""

    at: float
    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None


@dataclass
class Observer:
    """Reads some topics from their beginnings in a thread of its own; a context manager."""

    bootstrap: str
    topics: dict[str, int]
    seen: list[Seen] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="observer", daemon=True)
        self._next: dict[tuple[str, int], int] = {}

    def __enter__(self) -> Observer:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def has_reached(self, topic: str, ends: dict[int, int]) -> bool:
        """Whether everything before these offsets was seen."""
        return all(self._next.get((topic, n), 0) >= end for n, end in ends.items())

    def _run(self) -> None:
        options: dict[str, Any] = {
            "bootstrap.servers": self.bootstrap,
            "group.id": "faults-observer",
            "enable.auto.commit": False,
            "isolation.level": "read_committed",
            "auto.offset.reset": "earliest",
            "error_cb": lambda _error: None,
            "log_level": 0,
            "reconnect.backoff.max.ms": 500,
        }
        consumer = Consumer(options)
        try:
            places = [
                TopicPartition(topic, number, OFFSET_BEGINNING)
                for topic, count in self.topics.items()
                for number in range(count)
            ]
            consumer.assign(places)
            while not self._stop.is_set():
                for message in consumer.consume(500, timeout=0.1):
                    if message.error() is None:
                        self._note(message)
                try:
                    for place in consumer.position(places):
                        if place.offset >= 0:
                            self._next[place.topic, place.partition] = place.offset
                except KafkaException:
                    continue
        finally:
            consumer.close()

    def _note(self, message: Any) -> None:
        self.seen.append(
            Seen(
                time.time(),
                message.topic(),
                message.partition(),
                message.offset(),
                message.key(),
                message.value(),
            )
        )
