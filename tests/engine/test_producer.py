"""Every record is delivered or its failure is raised."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from typing import Any

import pytest
from confluent_kafka import Consumer, KafkaError, Message, TopicPartition

from streams.demo.broker import EmbeddedCluster
from streams.engine.kafka.murmur2 import partition_of
from streams.engine.kafka.producer import DeliveryFailed, Producer
from streams.engine.kafka.types import Output, Put


@pytest.fixture
def cluster() -> Iterator[EmbeddedCluster]:
    """A cluster with topic `t` of four partitions."""
    with EmbeddedCluster(topics={"t": 4}) as running:
        yield running


@pytest.fixture
def make(cluster: EmbeddedCluster) -> Iterator[Any]:
    """A factory of producers on that cluster, closed afterwards."""
    made: list[Producer] = []

    def build(**settings: Any) -> Producer:
        made.append(Producer(cluster.bootstrap, **settings))
        return made[-1]

    yield build
    for producer in made:
        producer.close()


def read(cluster: EmbeddedCluster, count: int) -> list[Message]:
    """The first `count` records of topic `t`, by partition and offset."""
    consumer = Consumer({"bootstrap.servers": cluster.bootstrap, "group.id": "read"})
    consumer.assign([TopicPartition("t", number, 0) for number in range(4)])
    found: list[Message] = []
    while len(found) < count:
        batch = consumer.consume(count - len(found), 10)
        assert batch, "records are missing"
        found += batch
    consumer.close()
    return sorted(found, key=lambda m: (m.partition(), m.offset()))


def ends(cluster: EmbeddedCluster) -> list[int]:
    """How many records each partition of topic `t` has."""
    consumer = Consumer({"bootstrap.servers": cluster.bootstrap, "group.id": "ends"})
    found = [consumer.get_watermark_offsets(TopicPartition("t", number)) for number in range(4)]
    consumer.close()
    return [high for _, high in found]


def test_delivers_to_javas_partition_or_the_given_one(cluster: EmbeddedCluster, make: Any) -> None:
    """Keys go by murmur2, an explicit partition is kept, headers and tombstones arrive."""
    producer = make()
    keys = [f"k{number}".encode() for number in range(40)]
    for key in keys:
        producer.produce(Output("t", key, b"v"))
    producer.produce(Output("t", b"fixed", None, 3, [("why", b"because")]))
    asyncio.run(producer.flush())
    found = {message.key(): message for message in read(cluster, 41)}
    assert {key: found[key].partition() for key in keys} == {k: partition_of(k, 4) for k in keys}
    fixed = found[b"fixed"]
    assert (fixed.partition(), fixed.value(), fixed.headers()) == (3, None, [("why", b"because")])


def test_states_report_the_offset_of_the_last_one(make: Any) -> None:
    """`delivered` is the last record's offset per partition, and unknown for others."""
    producer = make()
    rows = [Put(str(number).encode(), b"v", 0, 0) for number in range(10)]
    producer.produce_states("t", 1, rows)
    producer.produce_states("t", 2, rows[:3])
    asyncio.run(producer.flush())
    assert [producer.delivered("t", number) for number in range(4)] == [-1, 9, 2, -1]
    producer.produce_states("t", 1, rows[:1])
    asyncio.run(producer.flush())
    assert producer.delivered("t", 1) == 10


def test_too_large_here_is_named(make: Any) -> None:
    """A record above our own limit raises at once, with topic, partition and sizes."""
    producer = make(message_max_bytes=20_000)
    with pytest.raises(DeliveryFailed, match="record of 30003 bytes is above") as caught:
        producer.produce(Output("t", b"key", b"x" * 30_000, 2))
    assert (caught.value.topic, caught.value.partition) == ("t", 2)
    with pytest.raises(DeliveryFailed):
        producer.produce(Output("t", b"small", b"x"))


def test_large_records_are_delivered(cluster: EmbeddedCluster, make: Any) -> None:
    """Two megabytes pass when the setting allows them."""
    producer = make(message_max_bytes=3_000_000)
    producer.produce(Output("t", b"big", b"\0\1\2\3" * 500_000, 0))
    asyncio.run(producer.flush())
    assert len(read(cluster, 1)[0].value()) == 2_000_000


@pytest.mark.parametrize("states", [False, True])
def test_the_brokers_refusal_is_raised(cluster: EmbeddedCluster, make: Any, states: bool) -> None:
    """A record that the broker finds too large fails the flush, and everything after it."""
    producer = make()
    producer.produce(Output("t", b"warm", b"v", 1))
    asyncio.run(producer.flush())
    cluster.push_produce_errors(KafkaError.MSG_SIZE_TOO_LARGE)
    if states:
        producer.produce_states("t", 1, [Put(b"key", b"value", 0, 0)])
    else:
        producer.produce(Output("t", b"key", b"value", 1))
    with pytest.raises(DeliveryFailed, match="refuses a record of 8 bytes") as caught:
        asyncio.run(producer.flush())
    assert (caught.value.topic, caught.value.partition) == ("t", 1)
    assert producer.failed is caught.value
    with pytest.raises(DeliveryFailed):
        asyncio.run(producer.flush())


def test_passing_errors_are_retried(cluster: EmbeddedCluster, make: Any) -> None:
    """Errors that pass cost no record and no order."""
    producer = make()
    passing = (KafkaError.NOT_LEADER_FOR_PARTITION, KafkaError.NOT_ENOUGH_REPLICAS)
    cluster.push_produce_errors(*passing, *passing)
    for number in range(20):
        producer.produce(Output("t", b"k", str(number).encode(), 0))
    asyncio.run(producer.flush())
    assert [message.value() for message in read(cluster, 20)] == [
        str(number).encode() for number in range(20)
    ]


def test_a_silent_broker_fails_within_the_delivery_timeout(
    cluster: EmbeddedCluster, make: Any
) -> None:
    """With the broker gone the flush raises; the event loop goes on meanwhile."""
    producer = make(delivery_timeout_ms=1500)
    producer.produce(Output("t", b"k", b"v", 0))
    asyncio.run(producer.flush())
    cluster.set_broker_down(True)
    producer.produce(Output("t", b"k", b"v", 0))

    async def flush_while_counting() -> int:
        turns = 0
        flushing = asyncio.ensure_future(producer.flush())
        async with asyncio.timeout(20):
            while not flushing.done():
                turns += 1
                await asyncio.wait([flushing], timeout=0.01)
        with pytest.raises(DeliveryFailed, match="timed out"):
            flushing.result()
        return turns

    assert asyncio.run(flush_while_counting()) > 20


def test_a_full_buffer_waits_and_drops_nothing(cluster: EmbeddedCluster, make: Any) -> None:
    """A hundred records pass a buffer of ten, both ways of producing."""
    producer = make(buffer_max_messages=10)
    for number in range(100):
        producer.produce(Output("t", b"k", str(number).encode(), 0))
    producer.produce_states(
        "t", 1, [Put(str(number).encode(), b"v", 0, 0) for number in range(100)]
    )
    asyncio.run(producer.flush())
    found = read(cluster, 200)
    assert [m.value() for m in found[:100]] == [str(number).encode() for number in range(100)]
    assert producer.delivered("t", 1) == 99


def test_nothing_is_produced_after_close(make: Any) -> None:
    """A closed producer refuses."""
    producer = make()
    producer.close()
    with pytest.raises(DeliveryFailed, match="closed"):
        producer.produce(Output("t", b"k", b"v"))


def test_what_may_get_lost_fails_nothing_and_leaves_nothing(
    cluster: EmbeddedCluster, make: Any
) -> None:
    """An idle worker sends ticks and never flushes: their reports are taken in by `poll`, and a
    broker that is away for longer than a delivery may take ends no worker."""
    producer = make(delivery_timeout_ms=6_000)

    async def sent() -> None:
        async with asyncio.timeout(30):
            while producer.pending():
                producer.poll()
                await asyncio.sleep(0.01)

    said: list[tuple[int, int]] = []

    def appended(partition: int, ms: int) -> None:
        said.append((partition, ms))

    for _ in range(50):
        producer.try_produce(Output("t", None, b"tick", 1), appended)
        asyncio.run(sent())
    assert len(read(cluster, 50)) == 50
    cluster.set_broker_down(True)
    producer.try_produce(Output("t", None, b"tick", 1), appended)
    asyncio.run(sent())
    assert producer.failed is None
    assert said == [(1, 1234)] * 50, "where and when, as this broker puts it; of a failure nothing"


def test_a_flush_does_not_wait_for_what_may_get_lost(cluster: EmbeddedCluster, make: Any) -> None:
    """Ticks that come faster than brokers answer are never all acknowledged: whoever waited for
    them would never commit. Of those that a partition has not answered there is one."""
    cluster.set_round_trip(300)
    producer = make()
    everywhere = asyncio.Event()
    answered: set[int] = set()

    def appended(place: int, _ms: int) -> None:
        answered.add(place)
        if len(answered) == 4:
            everywhere.set()

    async def run() -> None:
        async def tick_forever() -> None:
            while True:
                for number in range(4):
                    producer.try_produce(Output("t", None, b"tick", number), appended)
                producer.poll()
                await asyncio.sleep(0.01)

        ticking = asyncio.create_task(tick_forever())
        try:
            async with asyncio.timeout(30):
                for _ in range(3):
                    producer.produce(Output("t", b"k", b"v", 2))
                    await producer.flush()
                await everywhere.wait()
            assert not ticking.done(), "ticks went on meanwhile"
        finally:
            ticking.cancel()

    begun = time.monotonic()
    asyncio.run(run())
    answers = int((time.monotonic() - begun) / 0.3)
    asyncio.run(producer.heard())
    ticks = [ended - 3 * (place == 2) for place, ended in enumerate(ends(cluster))]
    assert min(ticks) >= 1
    assert max(ticks) <= answers + 1, "one for each answer, and the one under way at the end"


def test_what_became_of_what_may_get_lost_can_be_waited_for(make: Any) -> None:
    """A worker asks what time it is before it reads anything."""
    producer = make()
    said: list[int] = []
    for number in range(4):
        tick = Output("t", None, b"tick", number)
        producer.try_produce(tick, lambda place, _ms: said.append(place))
    asyncio.run(producer.heard())
    assert sorted(said) == [0, 1, 2, 3]
    assert producer.pending() == 0
