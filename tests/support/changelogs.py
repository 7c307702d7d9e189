"""A changelog of one table on a real broker, and a worker's local state of it."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from confluent_kafka import Producer, TopicPartition
from confluent_kafka.admin import AdminClient
from kafka_server import KafkaServer
from support.running import wait_for

from streams.engine.kafka.offset_metadata import Witness, encode
from streams.engine.kafka.types import Committed
from streams.engine.store.restore import Restorer
from streams.engine.store.store import TableStore, store_memory
from streams.engine.worker import EngineConfig


def due_of(value: bytes) -> int:
    """Values of these tests are their due times."""
    return int(value)


class Local:
    """A worker's local state of one table, `t`, and the means to restore it."""

    def __init__(self, bootstrap: str, app_id: str, data_dir: Path, **options: Any) -> None:
        self.config = EngineConfig(
            app_id=app_id,
            bootstrap=bootstrap,
            data_dir=data_dir,
            partitions=2,
            tables=("t",),
            **options,
        )
        self.store = TableStore("t", data_dir / "tables", store_memory())
        self.restorer = Restorer(
            self.config, {"t": self.store}, {"t": due_of}, lambda: time.time_ns() // 1_000
        )

    def restore(self, *committed: Committed) -> int:
        """Restore partition 0; returns the number of records read."""
        self.restorer.run({0}, committed)
        return self.restorer.stats.records

    def commit(self) -> Committed:
        """What a worker commits now with the offset 5 of an input."""
        store = self.store[0]
        witness = Witness(store.changelog_id() or "", store.changelog_offset() + 1)
        return Committed("in", 0, 5, encode("", {"t": witness}))

    def close(self) -> None:
        self.restorer.touch({0})
        self.store.close()

    def get(self, *keys: bytes) -> list[bytes | None]:
        return self.store.get_many(0, list(keys))


def make_changelog(kafka: KafkaServer, app_id: str) -> str:
    """The changelog of table `t`, made now; records of it can be deleted."""
    return kafka.create_topic(
        f"{app_id}-t-changelog",
        2,
        {"cleanup.policy": "compact,delete", "retention.ms": -1},  # so that delete_before may
    )


def write(
    kafka: KafkaServer, topic: str, records: Sequence[tuple[bytes, bytes | None]], **options: str
) -> None:
    """Write records to partition 0; with transactional.id in one transaction."""
    producer = Producer({"bootstrap.servers": kafka.bootstrap, **options})
    if options:
        producer.init_transactions(30)
        producer.begin_transaction()
    for key, value in records:
        producer.produce(topic, value, key, partition=0)
    assert producer.flush(30) == 0
    if options:
        producer.commit_transaction(30)


def delete_before(kafka: KafkaServer, topic: str, offset: int) -> None:
    """Let the log of partition 0 start at `offset`, as retention does."""
    admin = AdminClient({"bootstrap.servers": kafka.bootstrap})
    for future in admin.delete_records([TopicPartition(topic, 0, offset)]).values():
        assert future.result(30).low_watermark == offset


def make_anew(kafka: KafkaServer, topic: str) -> None:
    """Delete a topic and make it again, as compact as a changelog is."""
    admin = AdminClient({"bootstrap.servers": kafka.bootstrap})
    admin.delete_topics([topic])[topic].result(30)
    wait_for(lambda: topic not in admin.list_topics(timeout=10).topics, 30, "its deletion")
    kafka.create_topic(topic, 2, {"cleanup.policy": "compact"})
