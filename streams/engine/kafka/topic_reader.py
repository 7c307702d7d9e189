"""Reading a topic with kafka-python, for commands: as it is, or as it grows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from kafka import KafkaConsumer, TopicPartition

from streams.engine.kafka.topic_admin import (
    COMMAND_WAIT_S,
    Cluster,
    KafkaUnavailable,
    check_topic,
    client_options,
    connect,
    kafka_errors,
)

POLL_MS = 500
"""How long one fetch waits, and so how soon Ctrl-C is heard at the latest."""

_SILENCE_MS = 60_000

Records = list[Any]
"""Records of kafka-python, with `partition`, `offset`, `key`, `value` and `headers`."""


class TopicReader:
    """A topic, open for reading; no consumer group, so nobody else is disturbed."""

    def __init__(self, consumer: KafkaConsumer, partitions: list[TopicPartition]) -> None:
        self._consumer = consumer
        self._partitions = partitions

    def follow(self, *, from_beginning: bool) -> Iterator[Records]:
        """Records as they come, for ever; an empty list about every POLL_MS while none do.

        The first list is always empty: by then it is settled where reading begins.
        """
        self._consumer.assign(self._partitions)
        if from_beginning:
            self._consumer.seek_to_beginning(*self._partitions)
        else:
            self._consumer.seek_to_end(*self._partitions)
        for partition in self._partitions:
            self._consumer.position(partition)  # asks the broker now, not at the first fetch
        yield []
        while True:
            yield self._poll()

    def snapshot(self) -> Iterator[Records]:
        """Every record that is on the topic at this moment, those of each partition in order."""
        yield from self._up_to(self._consumer.end_offsets(self._partitions), self._partitions)

    def in_order(self) -> Iterator[Records]:
        """The same, one partition after the other: every time in one order."""
        ends = self._consumer.end_offsets(self._partitions)
        for partition in self._partitions:
            yield from self._up_to(ends, [partition])

    def _up_to(
        self, ends: dict[TopicPartition, int], partitions: Sequence[TopicPartition]
    ) -> Iterator[Records]:
        consumer = self._consumer
        consumer.assign(partitions)
        consumer.seek_to_beginning(*partitions)
        idle = 0
        while any(consumer.position(partition) < ends[partition] for partition in partitions):
            records = self._poll()
            idle = 0 if records else idle + 1
            if idle * POLL_MS > _SILENCE_MS:
                raise KafkaUnavailable(
                    f"the brokers stopped sending: not all of {partitions[0].topic} is read"
                )
            yield records

    def _poll(self) -> Records:
        batches = self._consumer.poll(timeout_ms=POLL_MS, max_records=5_000)
        return [record for records in batches.values() for record in records]


@contextmanager
def open_topic(settings: Cluster, name: str) -> Iterator[TopicReader]:
    """The topic, until the block ends. Raises KafkaUnavailable, also where there is none."""
    with connect(settings, COMMAND_WAIT_S) as admin:
        (topic,) = admin.describe_topics([name])
        is_there = check_topic(settings, topic)
    numbers = sorted(partition["partition_index"] for partition in topic["partitions"])
    if not is_there:
        raise KafkaUnavailable(
            f"there is no topic {name!r} at {settings.bootstrap_servers} "
            "(`shipsentry topics create` makes it)"
        )
    with kafka_errors(settings):
        consumer = KafkaConsumer(
            **client_options(settings),
            group_id=None,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            isolation_level="read_committed",
        )
        try:
            yield TopicReader(consumer, [TopicPartition(name, number) for number in numbers])
        finally:
            consumer.close()
