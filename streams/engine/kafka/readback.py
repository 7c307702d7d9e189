"""Reads back what was published and may not be known to the states of a partition.

Outputs are delivered before the changelog is written. After a crash between the two, everything
that was published and not yet remembered is younger than the last changelog record, but for the
time that one round of commits takes.

What is read back waits in memory until states have taken it over. Whoever is given the partition
before then must read it back once more, though its changelog has younger records by now. So each
commit of the clock's offset says from when on that is (`known_ms`; decision 0128).
"""

from __future__ import annotations

import logging
import time
import uuid
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition
from msgspec import UNSET, UnsetType

from streams.engine.kafka.config import EngineConfig
from streams.engine.kafka.offset_metadata import decode
from streams.engine.kafka.types import Committed
from streams.telemetry.events import event

log = logging.getLogger(__name__)

MARGIN_MS = 120_000
"""More than a round of commits can take from its first output to its last state: each delivery is
given up long before, and so is the wait between the two."""

_ASK_S = 20.0
_SILENCE_S = 30.0


class ReadBackFailed(RuntimeError):
    """The broker stopped answering while the newest records of a topic were read back."""


def known_before(
    config: EngineConfig,
    partitions: Collection[int],
    committed: Iterable[Committed],
    now_us: int,
) -> dict[int, int]:
    """Of each partition, the time (ms) before which all that was published is known to its states.

    0: nothing is known. Raises KafkaException.
    """
    with _consumer(config) as consumer:
        durable = _last_durable_ms(consumer, config, partitions)
    said = {
        mark.partition: decode(mark.metadata).known_ms
        for mark in committed
        if mark.topic == config.ticks_topic
    }
    return {
        number: _known_ms(durable_ms, said.get(number, 0), now_us // 1_000)
        for number, durable_ms in durable.items()
    }


def _known_ms(durable_ms: int, said: int | UnsetType, now_ms: int) -> int:
    """The earlier one of the last changelog record and what the clock's offset says.

    Releases up to 0.1.0 say nothing (UNSET); where there is no offset (0), the group is new, and
    whatever was published is of an earlier life. Later than `now_ms`: a wrong clock did that, so it
    does not say when the state was durable.
    """
    times = (durable_ms,) if said is UNSET else (durable_ms, said)
    return min(ms if 0 < ms <= now_ms + MARGIN_MS else 0 for ms in times)


def published_since(config: EngineConfig, topic: str, known_ms: int) -> Iterator[bytes]:
    """Values of `topic` that were published since `known_ms`, and those of a little before.

    Raises KafkaException, or ReadBackFailed where nothing comes for half a minute.
    """
    began = time.monotonic()
    with _consumer(config) as consumer:
        numbers = consumer.list_topics(topic, timeout=_ASK_S).topics[topic].partitions
        ends = _ends(consumer, [TopicPartition(topic, number) for number in numbers])
        if not ends:
            return
        since = max(0, known_ms - MARGIN_MS)
        asked = [TopicPartition(topic, number, since) for _, number in ends]
        starts = consumer.offsets_for_times(asked, timeout=_ASK_S)
        count = 0
        for value in _read(consumer, starts, ends):
            count += 1
            yield value
        log.info(
            "read back %(records)d records of %(topic)s",
            event(
                "read_back",
                topic=topic,
                records=count,
                seconds=round(time.monotonic() - began, 3),
            ),
        )


@contextmanager
def _consumer(config: EngineConfig) -> Iterator[Consumer]:
    consumer = Consumer(
        {
            **config.client_config(),
            "group.id": f"{config.app_id}-readback-{uuid.uuid4().hex[:8]}",
            "enable.auto.commit": False,
            "enable.partition.eof": False,
            # A restart waits for this: a few records are awaited, not a full fetch.
            "fetch.wait.max.ms": 20,
            "fetch.queue.backoff.ms": 20,
        }
    )
    try:
        yield consumer
    finally:
        consumer.close()


def _last_durable_ms(
    consumer: Consumer, config: EngineConfig, partitions: Iterable[int]
) -> dict[int, int]:
    """Kafka's timestamp (ms) of the last changelog record of each partition; 0: there is none."""
    newest: dict[int, int] = dict.fromkeys(partitions, 0)
    places = [
        TopicPartition(config.changelog_topic(table), number)
        for table in config.tables
        for number in newest
    ]
    ends = _ends(consumer, places)
    waiting = set(ends)
    consumer.assign([TopicPartition(*place, end - 1) for place, end in ends.items()])
    give_up = time.monotonic() + _SILENCE_S
    while waiting:
        if time.monotonic() > give_up:
            break  # the last record may be gone (retention): then everything is read back
        for record in consumer.consume(len(waiting), timeout=0.02):
            _check(record.error())
            place = (record.topic(), record.partition())
            if place in waiting:
                waiting.discard(place)
                newest[place[1]] = max(newest[place[1]], record.timestamp()[1])
        for position in consumer.position([TopicPartition(*place) for place in waiting]):
            if position.offset >= ends[position.topic, position.partition]:
                waiting.discard((position.topic, position.partition))
    consumer.unassign()
    return newest


def _ends(consumer: Consumer, places: Iterable[TopicPartition]) -> dict[tuple[str, int], int]:
    """End offsets of the partitions that hold records."""
    ends = {}
    for place in places:
        low, high = consumer.get_watermark_offsets(place, timeout=_ASK_S)
        if high > low:
            ends[place.topic, place.partition] = high
    return ends


def _read(
    consumer: Consumer, starts: list[TopicPartition], ends: dict[tuple[str, int], int]
) -> Iterator[bytes]:
    """Values from `starts` (negative: nothing that young) up to `ends`."""
    _check(next((start.error for start in starts if start.error is not None), None))
    left = {
        (start.topic, start.partition)
        for start in starts
        if 0 <= start.offset < ends[start.topic, start.partition]
    }
    consumer.assign([start for start in starts if (start.topic, start.partition) in left])
    heard = time.monotonic()
    while left:
        records = consumer.consume(5_000, timeout=0.02)
        for record in records:
            _check(record.error())
            value = record.value()
            if value is not None:
                yield value
        for position in consumer.position([TopicPartition(*place) for place in left]):
            if position.offset >= ends[position.topic, position.partition]:
                left.discard((position.topic, position.partition))
        if records:
            heard = time.monotonic()
        elif time.monotonic() - heard > _SILENCE_S:
            raise ReadBackFailed(f"no answer for {_SILENCE_S:.0f} s")


def _check(error: KafkaError | None) -> None:
    if error is not None:
        raise KafkaException(error)
