"""Plays the history into Kafka: each record at its arrival by the clock, with that time stamp."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from confluent_kafka import KafkaException, Producer

from streams.demo.clock import SimulatedClock
from streams.demo.history import Entry


class Player(threading.Thread):
    """Produces `entries` in order of arrival; `played` counts them, `failure` says why it ended."""

    def __init__(self, bootstrap: str, entries: Sequence[Entry], clock: SimulatedClock) -> None:
        super().__init__(name="demo-player", daemon=True)
        self.played = 0
        self.done = threading.Event()
        self.failure: str | None = None
        self._entries = entries
        self._clock = clock
        self._stop_now = threading.Event()
        self._producer = Producer(
            {
                "bootstrap.servers": bootstrap,
                "partitioner": "murmur2_random",
                "linger.ms": 2,
                "log_level": 0,
            }
        )

    def run(self) -> None:
        """Play to the end of the history, or until `stop`."""
        try:
            for entry in self._entries:
                wait = self._clock.seconds_until(entry.arrival)
                if wait > 0:
                    self._producer.poll(0)
                    if self._stop_now.wait(wait):
                        return
                elif self._stop_now.is_set():
                    return
                self._send(entry)
            if self._producer.flush(10):
                self.failure = self.failure or "the broker did not take the last records"
        except (KafkaException, BufferError) as error:
            self.failure = str(error)
        finally:
            self.done.set()

    def stop(self) -> None:
        """End soon; what is not played yet is not."""
        self._stop_now.set()
        if self.is_alive():
            self.done.wait(5)

    def _send(self, entry: Entry) -> None:
        self._producer.produce(
            entry.topic,
            value=entry.value,
            key=entry.key,
            timestamp=entry.arrival // 1_000,
            on_delivery=self._delivered,
        )
        self._producer.poll(0)
        self.played += 1

    def _delivered(self, error: object, _message: object) -> None:
        if error is not None:
            self.failure = f"a record was not taken: {error}"
