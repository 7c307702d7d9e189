"""Chunks: what agents get, in which order and size, and what becomes of their offsets."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient
from echo_worker import committed, ends, running, until
from kafka_server import KafkaServer

from streams.demo.broker import EmbeddedCluster
from streams.engine.kafka.transport import aiokafka_security
from streams.engine.worker import Chunk, Effects, EngineApp, EngineConfig, create_app


@pytest.fixture
def cluster() -> Iterator[EmbeddedCluster]:
    """An in-process cluster with the topics of an app named `a`."""
    with EmbeddedCluster(topics={"in": 2, "a-ticks": 2, "a-t-changelog": 2}) as cluster:
        yield cluster


def app_of(bootstrap: str, data_dir: Path, app_id: str = "a", **options: Any) -> EngineApp:
    """An app with one empty table and no agents."""
    config = EngineConfig(
        app_id=app_id,
        bootstrap=bootstrap,
        data_dir=data_dir,
        partitions=2,
        tables=("t",),
        **{"commit_interval": 0.1, **options},
    )
    return create_app(config, due_of={"t": lambda _: 0})


def fill(bootstrap: str, count: int, partition: int = 0, size: int = 10, topic: str = "in") -> None:
    """Write `count` records of `size` bytes with one header each."""
    producer = Producer({"bootstrap.servers": bootstrap, "linger.ms": 20})
    for number in range(count):
        value = b"%d" % number
        producer.produce(
            topic,
            value.ljust(size),
            b"k%d" % number,
            partition=partition,
            timestamp=1_000 + number,
            headers=[("h", value)],
        )
    assert producer.flush(30) == 0


def test_chunks_carry_every_record_in_order(cluster: EmbeddedCluster, tmp_path: Path) -> None:
    """Key, value, headers, timestamp and offset as written; at most chunk_max_records each."""
    fill(cluster.bootstrap, 1_000)

    async def run() -> list[Chunk]:
        app = app_of(cluster.bootstrap, tmp_path, chunk_max_records=300)
        chunks: list[Chunk] = []

        @app.agent(app.chunks("in"))
        async def agent(stream: Any) -> None:
            async for chunk in stream:
                chunks.append(chunk)
                await app.engine.submit(chunk, Effects())

        async with running(app):
            await until(lambda: sum(map(len, chunks)) == 1_000)
        return chunks

    chunks = asyncio.run(run())
    assert max(map(len, chunks)) <= 300
    records = [record for chunk in chunks for record in chunk.records]
    assert [record.offset for record in records] == list(range(1_000))
    assert records[7] == (7, 1_007, b"k7", b"7".ljust(10), (("h", b"7"),))
    for chunk in chunks:
        assert (chunk.topic, chunk.partition) == ("in", 0)
        assert chunk.first_offset == chunk.records[0].offset
        assert chunk.last_offset == chunk.records[-1].offset


def test_large_records_make_smaller_chunks(cluster: EmbeddedCluster, tmp_path: Path) -> None:
    """The bound by bytes holds to within one block of 256 records."""
    fill(cluster.bootstrap, 2_000, size=1_000)

    async def run() -> list[int]:
        app = app_of(cluster.bootstrap, tmp_path, chunk_max_bytes=100_000)
        sizes: list[int] = []

        @app.agent(app.chunks("in"))
        async def agent(stream: Any) -> None:
            async for chunk in stream:
                sizes.append(len(chunk))
                await app.engine.submit(chunk, Effects())

        async with running(app):
            await until(lambda: sum(sizes) == 2_000)
        return sizes

    assert max(asyncio.run(run())) <= 256


def test_unacknowledged_chunks_are_bounded(cluster: EmbeddedCluster, tmp_path: Path) -> None:
    """An agent that hangs on to its first chunk stops the fetching of its partition, no other's."""
    fill(cluster.bootstrap, 2_000, partition=0)
    fill(cluster.bootstrap, 2_000, partition=1)

    async def run() -> None:
        app = app_of(cluster.bootstrap, tmp_path, chunk_max_records=100, chunks_per_partition=3)
        kept: list[Chunk] = []
        done = 0

        @app.agent(app.chunks("in"))
        async def agent(stream: Any) -> None:
            nonlocal done
            async for chunk in stream:
                if chunk.partition == 0:
                    kept.append(chunk)
                    continue
                done += len(chunk)
                await app.engine.submit(chunk, Effects())

        async with running(app):
            await until(lambda: done == 2_000)
            assert len(kept) == 3
            offsets = next(o for tp, o in app.consumer.offsets.items() if tp == ("in", 0))
            assert offsets.durable == 0
            assert offsets.records_in_flight == sum(map(len, kept)) <= 300
            for chunk in kept[:]:
                await app.engine.submit(chunk, Effects())
            await until(lambda: len(kept) == 6, what="fetching goes on after the acks")

    asyncio.run(run())


def test_records_in_flight_are_bounded_over_all(cluster: EmbeddedCluster, tmp_path: Path) -> None:
    """The total stops every partition, whoever fills it."""
    fill(cluster.bootstrap, 2_000, partition=0)
    fill(cluster.bootstrap, 2_000, partition=1)

    async def run() -> None:
        app = app_of(
            cluster.bootstrap,
            tmp_path,
            chunk_max_records=100,
            chunks_per_partition=50,
            max_in_flight_records=500,
        )
        kept: list[Chunk] = []

        @app.agent(app.chunks("in"))
        async def agent(stream: Any) -> None:
            async for chunk in stream:
                kept.append(chunk)

        async with running(app):
            await until(lambda: sum(map(len, kept)) >= 500)
            assert app.consumer.wanted == frozenset()
            before = sum(map(len, kept))
            assert before <= 500 + 2 * 100, "what one fetch had taken already may come on top"
            for chunk in kept[:]:
                await app.engine.submit(chunk, Effects())
            await until(lambda: sum(map(len, kept)) > before)

    asyncio.run(run())


def test_an_ack_out_of_order_commits_nothing(cluster: EmbeddedCluster, tmp_path: Path) -> None:
    """The first chunk's offset stays committed until that chunk is durable."""
    fill(cluster.bootstrap, 300)

    async def run() -> None:
        app = app_of(cluster.bootstrap, tmp_path, chunk_max_records=100)
        kept: list[Chunk] = []

        @app.agent(app.chunks("in"))
        async def agent(stream: Any) -> None:
            async for chunk in stream:
                kept.append(chunk)

        async with running(app):
            await until(lambda: len(kept) == 3)
            for chunk in kept[1:]:
                await app.engine.submit(chunk, Effects())
            await app.consumer.commit()
            assert committed(cluster.bootstrap, "a", "in", 2)[0] < 100
            await app.engine.submit(kept[0], Effects())
            tp = next(tp for tp in app.consumer.offsets if tp == ("in", 0))
            await until(lambda: app.consumer.offsets[tp].committed == 300)
            assert committed(cluster.bootstrap, "a", "in", 2)[0] == 300

    asyncio.run(run())


def test_ticks_of_the_past_are_not_read(cluster: EmbeddedCluster, tmp_path: Path) -> None:
    """A worker that was away for a day does not read a day of ticks first."""
    fill(cluster.bootstrap, 500, topic="a-ticks")

    async def run() -> list[int]:
        app = app_of(cluster.bootstrap, tmp_path)
        offsets: list[int] = []

        @app.agent(app.chunks("a-ticks"))
        async def ticks(stream: Any) -> None:
            async for chunk in stream:
                app.engine.observe_ticks(chunk)
                if chunk.partition == 0:
                    offsets.extend(record.offset for record in chunk.records)
                await app.engine.submit(chunk, Effects())

        async with running(app):
            await until(lambda: len(offsets) >= 2)
        return offsets

    assert min(asyncio.run(run())) >= 500  # its own first one is answered before it reads


def test_a_rebalance_while_it_stops(kafka: KafkaServer, tmp_path: Path, app_id: str) -> None:
    """What is in flight is committed all the same, the group is left and no connection stays."""
    for topic in ("in", "ticks", "t-changelog"):
        kafka.create_topic(f"{app_id}-{topic}", 2)
    fill(kafka.bootstrap, 100, topic=f"{app_id}-in")
    app = app_of(kafka.bootstrap, tmp_path, app_id, commit_interval=60.0)
    stop = app.engine.stop

    async def rebalanced() -> None:
        assert app.should_stop
        await app._on_partitions_revoked(app.consumer.assignment())
        await app._on_partitions_assigned(set())
        await stop()

    app.engine.stop = rebalanced  # type: ignore[method-assign]

    async def run() -> None:
        done = asyncio.Event()

        @app.agent(app.chunks(f"{app_id}-in"))
        async def agent(stream: Any) -> None:
            async for chunk in stream:
                await app.engine.submit(chunk, Effects())
                done.set()

        async with running(app):
            await done.wait()

    asyncio.run(run())
    assert committed(kafka.bootstrap, app_id, f"{app_id}-in", 1) == [100]
    admin = AdminClient({"bootstrap.servers": kafka.bootstrap})
    assert admin.describe_consumer_groups([app_id])[app_id].result(30).members == []
    consumer = app.consumer.thread._consumer
    assert consumer is not None
    assert not [each for each in consumer._client._conns.values() if each.connected()]


def test_a_transactions_records(kafka: KafkaServer, tmp_path: Path, app_id: str) -> None:
    """Aborted ones never come; markers hold up neither reading nor commits."""
    for topic in ("in", "ticks", "t-changelog"):
        kafka.create_topic(f"{app_id}-{topic}", 2)
    topic = f"{app_id}-in"
    producer = Producer({"bootstrap.servers": kafka.bootstrap, "transactional.id": app_id})
    producer.init_transactions(30)
    for value, finish in (
        (b"1", producer.commit_transaction),
        (b"no", producer.abort_transaction),
        (b"2", producer.commit_transaction),
    ):
        producer.begin_transaction()
        producer.produce(topic, value, partition=0)
        producer.flush(30)
        finish(30)

    async def run() -> list[bytes | None]:
        app = app_of(kafka.bootstrap, tmp_path, app_id)
        values: list[bytes | None] = []

        @app.agent(app.chunks(topic))
        async def agent(stream: Any) -> None:
            async for chunk in stream:
                values.extend(record.value for record in chunk.records)
                await app.engine.submit(chunk, Effects())

        async with running(app):
            await until(lambda: len(values) == 2)
            await until(
                lambda: app.engine.watermark.rounds_done(0) == app.engine.config.watermark_rounds,
                what="the end of the log is reached by position",
            )
        return values

    assert asyncio.run(run()) == [b"1", b"2"]
    assert committed(kafka.bootstrap, app_id, topic, 2)[0] == ends(kafka.bootstrap, topic, 2)[0]


def test_an_offset_that_the_log_no_longer_has(
    cluster: EmbeddedCluster, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A committed offset past the log's end (the topic was made anew): read from the start."""
    fill(cluster.bootstrap, 10)

    async def run() -> int:
        app = app_of(cluster.bootstrap, tmp_path, session_timeout=10.0, delivery_timeout=8.0)
        seen = 0

        @app.agent(app.chunks("in"))
        async def agent(stream: Any) -> None:
            nonlocal seen
            async for chunk in stream:
                seen += len(chunk)
                await app.engine.submit(chunk, Effects())

        async with running(app):
            await until(lambda: seen == 10)
            tp = next(tp for tp in app.consumer.offsets if tp == ("in", 0))
            await until(lambda: app.consumer.offsets[tp].committed == 10)
            await app.consumer._commit({tp: 5_000})
            app.consumer.offsets[tp].committed = 5_000
        seen = 0
        app = app_of(cluster.bootstrap, tmp_path, session_timeout=10.0, delivery_timeout=8.0)
        app.agent(app.chunks("in"))(agent.fun)
        async with running(app):
            await until(lambda: seen == 10)
        return seen

    assert asyncio.run(run()) == 10
    assert "outside of its log" in caplog.text


def test_security_settings_for_both_clients(tmp_path: Path) -> None:
    """aiokafka is told in its own words what librdkafka is told in its."""
    assert aiokafka_security({}) == {"security_protocol": "PLAINTEXT"}
    options = aiokafka_security(
        {
            "security.protocol": "sasl_ssl",
            "sasl.mechanism": "SCRAM-SHA-512",
            "sasl.username": "u",
            "sasl.password": "p",
        }
    )
    assert options["security_protocol"] == "SASL_SSL"
    assert options["sasl_mechanism"] == "SCRAM-SHA-512"
    assert (options["sasl_plain_username"], options["sasl_plain_password"]) == ("u", "p")
    assert options["ssl_context"].check_hostname
