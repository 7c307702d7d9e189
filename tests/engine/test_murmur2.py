"""The partitioner puts keys where Java's clients and librdkafka put them."""

from __future__ import annotations

import pytest
from confluent_kafka import Producer
from hypothesis import given
from hypothesis import strategies as st

from streams.demo.broker import EmbeddedCluster
from streams.engine.kafka import murmur2 as module
from streams.engine.kafka.murmur2 import murmur2, partition_of, partitions_of


@pytest.mark.parametrize(
    ("key", "signed"),
    [
        (b"21", -973932308),
        (b"foobar", -790332482),
        (b"a-little-bit-long-string", -985981536),
        (b"a-little-bit-longer-string", -1486304829),
        (b"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971),
        (b"abc", 479470107),
    ],
)
def test_hash_equals_javas(key: bytes, signed: int) -> None:
    """The vectors of Kafka's own UtilsTest."""
    assert murmur2(key) == signed & 0xFFFFFFFF


@given(st.lists(st.binary(max_size=80)), st.integers(1, 5000))
def test_native_and_python_agree(keys: list[bytes], partitions: int) -> None:
    """Whichever of the two is in use, the answer is the same."""
    expected = [(murmur2(key) & 0x7FFFFFFF) % partitions for key in keys]
    assert partitions_of(keys, partitions) == expected
    assert module._python_partitions_of(keys, partitions) == expected


def test_agrees_with_librdkafkas_producer() -> None:
    """A record produced with partitioner=murmur2 lands where partition_of says."""
    keys = [f"zto:{number}".encode() for number in range(300)] + [b"", b"x", "顺丰:1".encode()]
    landed: dict[bytes, int] = {}
    with EmbeddedCluster(topics={"keys": 7}) as cluster:
        producer = Producer({"bootstrap.servers": cluster.bootstrap, "partitioner": "murmur2"})
        for key in keys:
            producer.produce(
                "keys",
                b"v",
                key,
                on_delivery=lambda _, m: landed.update({m.key() or b"": m.partition()}),
            )
        assert producer.flush(10) == 0
    assert landed == {key: partition_of(key, 7) for key in keys}
    assert len(set(landed.values())) == 7
