"""Reading the warnings topic with kafka-python: as it is, or as it grows."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from kafka import KafkaConsumer, TopicPartition

from streams.engine.kafka.topic_admin import (
    COMMAND_WAIT_S,
    Cluster,
    KafkaUnavailable,
    client_options,
    connect,
    kafka_errors,
)
from streams.engine.kafka.warning_records import Read, parse

POLL_MS = 500
"""How long one fetch waits, and so how soon Ctrl-C is heard at the latest."""


class WarningsTopic:
    """The warnings topic, open for reading; no consumer group, so nobody else is disturbed."""

    def __init__(self, consumer: KafkaConsumer, partitions: list[TopicPartition]) -> None:
        self._consumer = consumer
        self._partitions = partitions

    def follow(self, *, from_beginning: bool) -> Iterator[list[Read]]:
        """Records as they come, for ever; an empty list about every POLL_MS while none do.

        The first list is always empty: by then it is settled where reading begins.
        """
        if from_beginning:
            self._consumer.seek_to_beginning(*self._partitions)
        else:
            self._consumer.seek_to_end(*self._partitions)
        for partition in self._partitions:
            self._consumer.position(partition)  # asks the broker now, not at the first fetch
        yield []
        while True:
            yield self._poll()

    def snapshot(self) -> Iterator[list[Read]]:
        """Every record that is on the topic at this moment."""
        consumer = self._consumer
        ends = consumer.end_offsets(self._partitions)
        consumer.seek_to_beginning(*self._partitions)
        idle = 0
        while any(consumer.position(partition) < end for partition, end in ends.items()):
            reads = self._poll()
            idle = 0 if reads else idle + 1
            if idle * POLL_MS > 60_000:
                raise KafkaUnavailable("the brokers stopped sending: not all warnings are read")
            yield reads

    def _poll(self) -> list[Read]:
        batches = self._consumer.poll(timeout_ms=POLL_MS, max_records=5_000)
        return [
            parse(record.key, record.value) for records in batches.values() for record in records
        ]


@contextmanager
def open_warnings(settings: Cluster) -> Iterator[WarningsTopic]:
    """The warnings topic, until the block ends. Raises KafkaUnavailable, also where there is no
    such topic."""
    name = settings.topics().warnings
    with connect(settings, COMMAND_WAIT_S) as admin:
        (topic,) = admin.describe_topics([name])
    numbers = sorted(partition["partition_index"] for partition in topic["partitions"])
    if not numbers:
        raise KafkaUnavailable(
            f"there is no topic {name!r} at {settings.bootstrap_servers} "
            "(`shipsentry topics create` makes it)"
        )
    partitions = [TopicPartition(name, number) for number in numbers]
    with kafka_errors(settings):
        consumer = KafkaConsumer(
            **client_options(settings),
            group_id=None,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            isolation_level="read_committed",
        )
        try:
            consumer.assign(partitions)
            yield WarningsTopic(consumer, partitions)
        finally:
            consumer.close()
