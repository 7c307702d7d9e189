"""A warning and its records from Kafka: what retention has not removed."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import chain
from typing import Any

import msgspec
from kafka import KafkaConsumer, TopicPartition

from streams.engine.kafka.topic_admin import client_options, kafka_errors
from streams.engine.kafka.warnings_topic import open_warnings
from streams.evidence.find import Matches, Search, matches
from streams.evidence.shown import Original, wanted
from streams.facts.statuses import ORDERS_TOPIC, TRACKING_TOPIC
from streams.settings import Settings

_PATIENCE = 15.0
"""Seconds that the brokers have for one record."""


def matches_on(settings: Settings, search: Search) -> Matches:
    """The warnings that are looked for on the topic; raises KafkaUnavailable."""
    with open_warnings(settings) as topic:
        return matches(chain.from_iterable(topic.snapshot()), search)


def revisions_on(settings: Settings, warning_id: str) -> list[dict[str, Any]]:
    """The revisions of one warning that are still on the topic, oldest first.

    Compaction keeps the newest for as long as the topic's retention, others for a while.
    """
    found: dict[int, dict[str, Any]] = {}
    key = warning_id.encode()
    with open_warnings(settings) as topic:
        for reads in topic.snapshot():
            for one in reads:
                if one.key == key and one.warning is not None and one.value is not None:
                    found[one.warning.revision] = msgspec.json.decode(
                        one.value, type=dict[str, Any]
                    )
    return [found[revision] for revision in sorted(found)]


def originals_on(settings: Settings, warning: Mapping[str, Any]) -> list[Original]:
    """The records that a warning names, each read at its place."""
    # Proofs name the inputs by their roles; what the topics are called is a setting.
    topics = {ORDERS_TOPIC: settings.orders_topic, TRACKING_TOPIC: settings.tracking_topic}
    originals = []
    with _reader(settings) as consumer:
        for topic, partition, offset, status, at in wanted(warning):
            name = topics.get(topic, topic)
            raw, missing = _record(consumer, TopicPartition(name, partition), offset)
            originals.append(Original(name, partition, offset, status, at, raw, missing))
    return originals


def _record(
    consumer: KafkaConsumer, place: TopicPartition, offset: int
) -> tuple[bytes | None, str | None]:
    """The bytes at one offset, or why there are none."""
    if place.partition not in (consumer.partitions_for_topic(place.topic) or ()):
        return None, "there is no such topic or partition any more"
    consumer.assign([place])
    first = consumer.beginning_offsets([place])[place]
    end = consumer.end_offsets([place])[place]
    if offset < first:
        return None, f"retention removed it: the oldest record is at offset {first}"
    if offset >= end:
        return None, f"the partition ends at offset {end}: was the topic made anew?"
    consumer.seek(place, offset)
    give_up = time.monotonic() + _PATIENCE
    while time.monotonic() < give_up:
        for records in consumer.poll(timeout_ms=500, max_records=1).values():
            for record in records:
                if record.offset != offset:
                    return None, "compaction removed it"
                if record.value is None:
                    return None, "the record is a tombstone: it has a key and no value"
                return bytes(record.value), None
        if consumer.position(place) >= end:
            return None, "compaction removed it"
    return None, f"the brokers did not send it within {_PATIENCE:.0f} s"


@contextmanager
def _reader(settings: Settings) -> Iterator[KafkaConsumer]:
    with kafka_errors(settings):
        consumer = KafkaConsumer(
            **client_options(settings),
            group_id=None,
            enable_auto_commit=False,
            auto_offset_reset="none",
            isolation_level="read_committed",
        )
        try:
            yield consumer
        finally:
            consumer.close()
