"""The states of tables as their changelogs have them, and writing them there.

Only while the application stands still: a worker that runs has states of its own, and would neither
see what is written here nor leave it alone.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import closing
from typing import Any

from kafka import KafkaConsumer, KafkaProducer, TopicPartition

from streams.engine.kafka.begin_anew import WITHOUT_MEMBERS
from streams.engine.kafka.topic_admin import (
    COMMAND_WAIT_S,
    KafkaUnavailable,
    client_options,
    connect,
    kafka_errors,
)
from streams.engine.kafka.topic_reader import open_topic
from streams.settings import Settings
from streams.stored.lines import Stored
from streams.telemetry.counted import counted

_AROUND_VALUE = 64 * 1024
"""States of a group: it was never there, or it has offsets alone."""


class StillRunning(RuntimeError):
    """Workers of the application are members of its group."""


class WriteFailed(RuntimeError):
    """A record was not taken; the message is one line."""


def topic_of(settings: Settings, table: str) -> str:
    """The changelog of a table."""
    return settings.engine().changelog_topic(table)


def ranges(settings: Settings, tables: Iterable[str]) -> Mapping[tuple[str, int], tuple[int, int]]:
    """By table and partition: first offset and end of its changelog. Raises KafkaUnavailable."""
    found = {}
    for table in tables:
        topic = topic_of(settings, table)
        with open_topic(settings, topic), kafka_errors(settings):
            with closing(KafkaConsumer(**client_options(settings), group_id=None)) as consumer:
                places = [TopicPartition(topic, n) for n in range(settings.partitions)]
                first, end = consumer.beginning_offsets(places), consumer.end_offsets(places)
            found.update({(table, tp.partition): (first[tp], end[tp]) for tp in places})
    return found


def states(settings: Settings, table: str) -> Iterator[Stored]:
    """The states of a table that its changelog holds now, partition by partition.

    Read twice: first for the offset of each key's last record, then for the states. Raises
    KafkaUnavailable.
    """
    with open_topic(settings, topic_of(settings, table)) as topic:
        last: dict[tuple[int, bytes], int] = {}
        for record in _records(topic.in_order()):
            if record.value is None:
                last.pop((record.partition, record.key), None)
            else:
                last[record.partition, record.key] = record.offset
        for record in _records(topic.in_order()):
            if last.get((record.partition, record.key)) == record.offset:
                yield Stored(table, record.partition, record.key, record.value)


def refuse_while_running(settings: Settings) -> None:
    """Raise StillRunning where the application's group has members, or KafkaUnavailable."""
    with connect(settings, COMMAND_WAIT_S) as admin:
        group = admin.describe_groups([settings.app_id])[settings.app_id]
    if group["group_state"] in WITHOUT_MEMBERS:
        return
    if group["error"]:
        raise KafkaUnavailable(f"the group {settings.app_id!r}: {group['error']}")
    raise StillRunning(
        f"{counted(len(group['members']), 'worker')} of {settings.app_id!r} running: stop all, and "
        "wait until their sessions have ended"
    )


def replace(
    settings: Settings, table: str, partitions: Collection[int], wanted: Iterable[Stored]
) -> int:
    """Let these partitions of a table's changelog hold these states and no others.

    Returns how many others were deleted. Safe to repeat: where it fails, what it has written is
    written again. Raises WriteFailed, KafkaUnavailable.
    """
    topic = topic_of(settings, table)
    stale = {
        (stored.partition, stored.key)
        for stored in states(settings, table)
        if stored.partition in partitions
    }
    failed: list[Any] = []
    with kafka_errors(settings):
        producer = KafkaProducer(
            **client_options(settings),
            acks="all",
            linger_ms=20,
            max_request_size=settings.message_max_bytes + _AROUND_VALUE,
        )
        with closing(producer):
            for stored in wanted:
                stale.discard((stored.partition, stored.key))
                future = producer.send(topic, stored.value, stored.key, partition=stored.partition)
                future.add_errback(failed.append)
            for partition, key in sorted(stale):
                future = producer.send(topic, None, key, partition=partition)
                future.add_errback(failed.append)
            producer.flush()
    if failed:
        raise WriteFailed(f"{topic}: {_reason(failed[0])}; nothing is lost by doing it again")
    return len(stale)


def _reason(error: BaseException) -> str:
    return f"{type(error).__name__} {' '.join(str(error).split())}".strip()


def _records(batches: Iterable[list[Any]]) -> Iterator[Any]:
    for batch in batches:
        for record in batch:
            if record.key is not None:
                yield record
