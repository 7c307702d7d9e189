"""Reads the wishes of the partitions that are this service's, in a thread of its own.

The services are a consumer group, so of each partition one asks. Nothing is committed: whoever
gets a partition reads it from its beginning, because compaction leaves there what is not ended.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, KafkaException, TopicPartition

from streams.ingest.asks.answers import Standing
from streams.ingest.asks.asker import Asker, Change
from streams.ingest.asks.wishes import wish_of
from streams.telemetry.events import Limited, event

log = logging.getLogger(__name__)

_POLL_SECONDS = 0.05
_AT_ONCE = 500


class Follower:
    """Follows the topic until it is closed."""

    def __init__(self, topic: str, client: Mapping[str, Any], asker: Asker) -> None:
        """`client` has what librdkafka needs to connect and to join the group. Called on the event
        loop of `asker`."""
        self._topic = topic
        self._config = {
            **client,
            "enable.auto.commit": False,
            "enable.partition.eof": True,
            "auto.offset.reset": "earliest",
            "reconnect.backoff.max.ms": 1000,
            "error_cb": self._troubled,
        }
        self._asker = asker
        self._loop = asyncio.get_running_loop()
        self._ends = threading.Event()
        self._limited = Limited(10.0)
        self._thread = threading.Thread(target=self._follow, name="wishes", daemon=True)
        self._thread.start()

    async def close(self) -> None:
        """Leave the group, and stop."""
        self._ends.set()
        await asyncio.to_thread(self._thread.join)

    def _follow(self) -> None:
        while not self._ends.is_set():
            consumer = Consumer(self._config, logger=log)
            try:
                consumer.subscribe([self._topic], on_assign=_from_beginning, on_revoke=self._lost)
                self._read(consumer)
            except KafkaException as error:
                self._troubled(error.args[0])
                self._ends.wait(1)
            finally:
                consumer.close()  # which has `_lost` called for what it had

    def _read(self, consumer: Consumer) -> None:
        """Read until the end. Raises KafkaException."""
        paused = False
        while not self._ends.is_set():
            if self._asker.full:
                consumer.pause(consumer.assignment())
                paused = True
            elif paused:
                consumer.resume(consumer.assignment())
                paused = False
            found: defaultdict[int, list[Change]] = defaultdict(list)
            ends = set()
            for message in consumer.consume(_AT_ONCE, _POLL_SECONDS):
                error, partition = message.error(), message.partition() or 0
                if error is None:
                    found[partition] += _found(message)
                elif error.code() == KafkaError._PARTITION_EOF:
                    ends.add(partition)
                else:
                    self._troubled(error)
            for partition in {*found, *ends}:
                self._hand_over(partition, found[partition], at_end=partition in ends)

    def _hand_over(self, partition: int, found: Sequence[Change], *, at_end: bool) -> None:
        self._loop.call_soon_threadsafe(lambda: self._asker.take(partition, found, at_end=at_end))

    def _lost(self, _: Consumer, gone: Sequence[TopicPartition]) -> None:
        numbers = [each.partition for each in gone]
        self._loop.call_soon_threadsafe(self._asker.lost, numbers)

    def _troubled(self, error: KafkaError) -> None:
        if (left_out := self._limited.admit("error")) is not None:
            log.warning(
                "following %(topic)s: %(error)s",
                event(
                    "ingest_wishes_troubled",
                    topic=self._topic,
                    error=error.str(),
                    left_out=left_out,
                ),
            )


def _from_beginning(consumer: Consumer, given: Sequence[TopicPartition]) -> None:
    consumer.assign(
        [TopicPartition(each.topic, each.partition, OFFSET_BEGINNING) for each in given]
    )


def _found(message: Any) -> list[Change]:
    """A wish or its end; nothing where others wrote there."""
    key, value = message.key() or b"", message.value()
    if value is None:
        return [Change(key, None)]
    wish = wish_of(value)
    if wish is None:
        return []
    place = message.partition(), message.offset(), message.timestamp()[1]
    return [Change(key, Standing(*place, key, wish))]
