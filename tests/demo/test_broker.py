"""The in-process cluster serves other people's clients."""

from __future__ import annotations

import asyncio

import pytest
from aiokafka import AIOKafkaConsumer
from confluent_kafka import Consumer, Producer

from streams.demo.broker import EmbeddedCluster, EmbeddedClusterError


def _fill(cluster: EmbeddedCluster, topic: str, count: int) -> None:
    producer = Producer({"bootstrap.servers": cluster.bootstrap})
    for number in range(count):
        producer.produce(topic, str(number).encode(), str(number).encode())
    assert producer.flush(10) == 0


def test_topics_have_the_declared_partitions() -> None:
    """Each topic gets its own count; create_topic without one takes the cluster's."""
    with EmbeddedCluster(partitions=6, topics={"a": 1, "b": 9}) as cluster:
        cluster.create_topic("c")
        found = Producer({"bootstrap.servers": cluster.bootstrap}).list_topics(timeout=10).topics
    assert {name: len(topic.partitions) for name, topic in found.items()} == {
        "a": 1,
        "b": 9,
        "c": 6,
    }


def test_a_topic_is_created_once() -> None:
    """A repeated name is refused with the topic in the message."""
    with (
        EmbeddedCluster(topics={"a": 1}) as cluster,
        pytest.raises(EmbeddedClusterError, match="topic a"),
    ):
        cluster.create_topic("a", 2)


def test_confluent_group_reads_everything() -> None:
    """A consumer group of librdkafka's reads what was produced."""
    with EmbeddedCluster(topics={"t": 4}) as cluster:
        _fill(cluster, "t", 50)
        consumer = Consumer(
            {
                "bootstrap.servers": cluster.bootstrap,
                "group.id": "g",
                "auto.offset.reset": "earliest",
            }
        )
        consumer.subscribe(["t"])
        seen: set[bytes] = set()
        while len(seen) < 50:
            message = consumer.poll(10)
            assert message is not None
            assert message.error() is None
            seen.add(message.value())
        consumer.close()


def test_aiokafka_group_reads_everything() -> None:
    """A consumer group of aiokafka's reads what was produced, on every partition."""

    async def read(bootstrap: str) -> set[tuple[int, bytes]]:
        consumer = AIOKafkaConsumer(
            "t", bootstrap_servers=bootstrap, group_id="g", auto_offset_reset="earliest"
        )
        await consumer.start()
        try:
            seen: set[tuple[int, bytes]] = set()
            async with asyncio.timeout(20):
                while len(seen) < 50:
                    for rows in (await consumer.getmany(timeout_ms=1000)).values():
                        seen |= {(row.partition, row.value) for row in rows}
            return seen
        finally:
            await consumer.stop()

    with EmbeddedCluster(topics={"t": 4}) as cluster:
        _fill(cluster, "t", 50)
        seen = asyncio.run(read(cluster.bootstrap))
    assert {value for _, value in seen} == {str(number).encode() for number in range(50)}
    assert {partition for partition, _ in seen} == {0, 1, 2, 3}


def test_close_is_repeatable_and_final() -> None:
    """After close nothing can be asked of the cluster."""
    cluster = EmbeddedCluster()
    cluster.close()
    cluster.close()
    with pytest.raises(EmbeddedClusterError):
        cluster.create_topic("late", 1)


def test_without_the_bundled_library(monkeypatch: pytest.MonkeyPatch) -> None:
    """The plain way serves topics of four partitions, and refuses to pretend to others."""
    monkeypatch.setattr("streams.engine.kafka.librdkafka.path", lambda: None)
    with EmbeddedCluster(topics={"a": 4}) as cluster:
        found = Producer({"bootstrap.servers": cluster.bootstrap}).list_topics(timeout=10).topics
        assert {name: len(topic.partitions) for name, topic in found.items()} == {"a": 4}
        _fill(cluster, "a", 5)
    with pytest.raises(EmbeddedClusterError, match="4 partitions"):
        EmbeddedCluster(topics={"a": 3})
