"""What others read is not compressed: not every client can unpack lz4."""

from __future__ import annotations

import asyncio
from pathlib import Path

from kafka_server import KafkaServer

from streams.engine.kafka.producer import Producer
from streams.engine.kafka.types import Output

SIZE = 200_000


def stored(data_dir: Path, topic: str) -> int:
    """Bytes of record batches that the broker has of a topic's partition 0."""
    return sum(path.stat().st_size for path in data_dir.glob(f"**/{topic}-0/*.log"))


def test_plain_topics_are_stored_as_they_are(tmp_path: Path) -> None:
    """The same records take their size on a plain topic, and a fraction of it on another."""
    with KafkaServer(data_dir=tmp_path) as kafka:
        for topic in ("plain", "internal"):
            kafka.create_topic(topic, 1)
        producer = Producer(kafka.bootstrap, plain_topics=frozenset(("plain",)))
        for topic in ("plain", "internal"):
            producer.produce(Output(topic, b"k", b"x" * SIZE))
        asyncio.run(producer.flush())
        assert producer.pending() == 0
        assert stored(tmp_path, "plain") > SIZE
        assert 0 < stored(tmp_path, "internal") < SIZE / 10
        producer.close()
