"""Topics that change under a running worker: made anew, deleted, expired unread, with partitions
added. Nothing is read wrong, nothing is lost unsaid, and /readyz does not call it well."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import TopicPartition
from confluent_kafka.admin import AdminClient, NewPartitions
from echo_worker import committed, config_of, ends, make_app, produce, running, topics, until
from kafka_server import KafkaServer

from streams.engine.kafka.topic_ids import NO_ID, Topic
from streams.engine.kafka.transport import ChunkConsumer
from streams.engine.worker.app import EngineApp
from streams.engine.worker.runner import Watch
from streams.engine.worker.topic_watch import TopicWatch
from streams.telemetry.metrics import UNREAD_LOST

WITHIN = 10.0
"""Seconds in which a worker is to notice, on a machine that has something else to do."""


class Reading:
    """A running echo worker, and what it has read of its input."""

    def __init__(self, kafka: KafkaServer, app_id: str, data_dir: Path) -> None:
        self.kafka, self.app_id, self.input = kafka, app_id, f"{app_id}-in"
        self.taken: list[tuple[str, int, int]] = []
        options = {"bootstrap": kafka.bootstrap, "app_id": app_id, "data_dir": data_dir}
        config = config_of({**options, "topic_watch_interval": 0.5})
        self.app: EngineApp = make_app(config, before_submit=self._note)
        self.watch = Watch(self.app.engine)
        self.admin = AdminClient({"bootstrap.servers": kafka.bootstrap})

    def _note(self, chunk: Any) -> None:
        self.taken += [(chunk.topic_id, chunk.partition, r.offset) for r in chunk.records]

    async def produce(self, count: int) -> None:
        await asyncio.to_thread(produce, self.kafka.bootstrap, self.app_id, range(count))

    async def read(self, count: int) -> None:
        await until(lambda: len(self.taken) == count, 40, f"{count} records read")

    async def delete(self) -> None:
        future = self.admin.delete_topics([self.input])[self.input]
        await asyncio.to_thread(future.result, 30)

    async def create(self) -> None:
        await asyncio.to_thread(self.kafka.create_topic, self.input, 4)

    async def ready(self, within: float = 30.0) -> None:
        await until(lambda: self.watch.ready() is None, within, "ready")

    async def unready(self, why: str) -> None:
        await until(lambda: why in (self.watch.ready() or ""), WITHIN, why)

    def consumer(self) -> ChunkConsumer:
        return self.app.consumer


@pytest.fixture
def reading(kafka: KafkaServer, app_id: str, tmp_path: Path) -> Reading:
    for topic, config in topics(app_id).items():
        kafka.create_topic(topic, 4, config)
    return Reading(kafka, app_id, tmp_path)


def lived(reading: Reading, story: Callable[[], Awaitable[None]]) -> None:
    """Run the worker through a story."""

    async def run() -> None:
        async with running(reading.app):
            await reading.ready()
            await story()

    asyncio.run(run())


def test_an_input_made_anew_is_read_from_its_beginning(
    reading: Reading, caplog: pytest.LogCaptureFixture
) -> None:
    """Also where it is longer by then than the old one was: no record of it is passed over."""
    caplog.set_level(logging.INFO)

    async def story() -> None:
        await reading.produce(200)
        await reading.read(200)
        await reading.delete()
        await reading.create()
        await reading.produce(600)
        await reading.read(800)
        await reading.ready(WITHIN)

    lived(reading, story)
    first, second = (reading.taken[:200], reading.taken[200:])
    assert len({topic_id for topic_id, _, _ in reading.taken}) == 2
    assert {topic_id for topic_id, _, _ in first}.isdisjoint({each[0] for each in second})
    assert len(set(second)) == 600
    assert committed(reading.kafka.bootstrap, reading.app_id, reading.input) == ends(
        reading.kafka.bootstrap, reading.input
    )


def test_an_input_that_is_gone_is_said_until_it_is_back(
    reading: Reading, caplog: pytest.LogCaptureFixture
) -> None:
    """Not ready, and no deadline goes on; then it is read, and all is well again."""

    async def story() -> None:
        await reading.produce(100)
        await reading.read(100)
        engine = reading.app.engine
        await until(lambda: engine.status().held == 0, what="no partition held")
        await reading.delete()
        await reading.unready(f"{reading.input} is not read")
        await until(lambda: engine.status().unread.get(reading.input) is True, WITHIN)
        before = [engine.watermark_us(number) for number in range(4)]
        ticked = engine.records_submitted
        await until(lambda: engine.records_submitted > ticked + 8, what="ticks")
        for number, was in enumerate(before):
            is_now = engine.watermark_us(number)
            assert is_now is None or (was is not None and is_now <= was)
        await reading.create()
        await reading.produce(50)
        await reading.read(150)
        await reading.ready(WITHIN)
        assert engine.status().unread[reading.input] is False

    lived(reading, story)
    assert "there is no such topic any more" in caplog.text


def test_a_changelog_made_anew_is_refused(reading: Reading) -> None:
    """No input brings its states back: nothing more is read, and the worker says so and lives."""

    async def story() -> None:
        await reading.produce(100)
        await reading.read(100)
        engine = reading.app.engine
        await until(lambda: sum(engine.status().lag.values()) == 0, what="all is done")
        changelog = engine.config.changelog_topic("sets")
        future = reading.admin.delete_topics([changelog])[changelog]
        await asyncio.to_thread(future.result, 30)
        await asyncio.to_thread(reading.kafka.create_topic, changelog, 4)
        await reading.unready(f"no record is taken: {changelog}")
        assert engine.failure is None

    lived(reading, story)


def test_partitions_that_are_added_are_said(
    reading: Reading, caplog: pytest.LogCaptureFixture
) -> None:
    """Keys have moved to where nobody reads: not ready, until somebody decides."""

    async def story() -> None:
        await reading.produce(100)
        await reading.read(100)
        added = reading.admin.create_partitions([NewPartitions(reading.input, 6)])
        await asyncio.to_thread(added[reading.input].result, 30)
        await reading.unready("it has 6 partitions, and 4 are read")
        assert reading.app.engine.failure is None

    lived(reading, story)
    assert "is not read" in caplog.text


def test_records_that_expire_unread_are_counted(
    reading: Reading, caplog: pytest.LogCaptureFixture
) -> None:
    """The exact number of each partition; reading goes on where the log begins."""

    def lost() -> list[float]:
        values = (UNREAD_LOST.labels(reading.input, n)._value.get() for n in range(4))
        return [float(value) for value in values]

    async def story() -> None:
        await reading.produce(400)
        await reading.read(400)
        consumer = reading.consumer()
        for tp in [tp for tp in consumer.offsets if tp.topic == reading.input]:
            consumer.stop_reading(tp)
        at = await asyncio.to_thread(ends, reading.kafka.bootstrap, reading.input)
        # What was fetched before stays in hand: as much as one fetch brings, all of it of one kind.
        await reading.produce(400)
        await until(
            lambda: all(
                (consumer.thread.log_state(tp).end or 0) > at[tp.partition]
                for tp in consumer.offsets
                if tp.topic == reading.input
            )
        )
        read = len(reading.taken)
        await reading.produce(400)
        gone = await asyncio.to_thread(ends, reading.kafka.bootstrap, reading.input)
        places = [TopicPartition(reading.input, n, offset) for n, offset in enumerate(gone)]
        for future in reading.admin.delete_records(places).values():
            await asyncio.to_thread(future.result, 30)
        await reading.produce(100)
        for tp in [tp for tp in consumer.offsets if tp.topic == reading.input]:
            consumer.go_on_reading(tp, None)
        in_hand = 0

        def all_read() -> bool:
            nonlocal in_hand
            in_hand = len(reading.taken) - read - 100
            return sum(lost()) + in_hand == 800

        await until(all_read, 40, "read or counted")
        await reading.ready(WITHIN)

    before = lost()
    lived(reading, story)
    for number in range(4):
        offsets = [offset for _, partition, offset in reading.taken if partition == number]
        holes = (max(offsets) + 1) - len(set(offsets))
        assert lost()[number] - before[number] == holes
    assert sum(lost()) > sum(before)
    assert "are gone unread" in caplog.text


def test_an_offset_of_a_former_topic_is_none_of_the_one_that_is_there(
    reading: Reading, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Made anew while no worker ran, its offsets written back by whoever restores such things."""

    async def story() -> None:
        await reading.produce(200)
        await reading.read(200)
        tps = [tp for tp in reading.consumer().offsets if tp.topic == reading.input]
        await reading.delete()
        await reading.create()
        await reading.produce(600)
        # A commit that was on its way when the topic went.
        await reading.consumer()._commit(dict.fromkeys(tps, 5))

    lived(reading, story)
    again = Reading(reading.kafka, reading.app_id, tmp_path)

    async def next_story() -> None:
        await until(lambda: len(set(again.taken + reading.taken[200:])) == 600, 40)

    lived(again, next_story)


def test_a_cluster_without_ids_is_watched_by_what_it_says(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Nothing is called made anew; what is gone, or has other partitions, is said once."""
    caplog.set_level(logging.INFO)
    watch = TopicWatch(4)
    watch.assigned(("a", "b"), {"a": NO_ID, "b": "x"})
    assert not watch.look({"a": Topic("y", 4), "b": Topic(NO_ID, 4)})
    assert not watch.look({"b": Topic("x", 8)})
    assert not watch.look({"b": Topic("x", 8)})
    assert watch.unread == {
        "a": "there is no such topic any more",
        "b": "it has 8 partitions, and 4 are read",
    }
    assert caplog.text.count("is not read") == 2
    watch.assigned(("a", "b"), {"b": "x"})
    assert watch.look({"a": Topic("y", 4), "b": Topic("x", 4)})
    watch.assigned(("a", "b"), {"a": "y", "b": "x"})
    assert watch.unread == {}
    assert caplog.text.count("is read, as it is now") == 2
