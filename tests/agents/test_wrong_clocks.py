"""Workers whose clocks are wrong: what is published in the end is what a worker publishes whose
clock was always right, and nothing of an impossible time in between."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from confluent_kafka.admin import (
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    ResourceType,
)
from faust.types import TP
from kafka_server import KafkaServer
from support.living import HOUR, Life, Shifted, WrongClock, living
from support.running import Deployment, wait_for

from streams.demo.broker import EmbeddedCluster
from streams.engine.kafka.config import EngineConfig
from streams.engine.kafka.topics import Topics
from streams.engine.worker.engine import Engine
from streams.engine.worker.runner import Watch

PARTITIONS = 2
DAY_US = 86_400_000_000


@pytest.fixture
def life(tmp_path: Path) -> Iterator[Life]:
    """On a new in-process broker."""
    topics = Topics()
    names = dict.fromkeys((*topics.consumed, *topics.outputs, *topics.changelogs), PARTITIONS)
    with EmbeddedCluster(topics=names) as cluster:
        config = EngineConfig(
            # A worker that is gone is missed soon.
            session_timeout=6.0,
            delivery_timeout=4.0,
            heartbeat_interval=1.0,
            app_id=topics.app_id,
            bootstrap=cluster.bootstrap,
            data_dir=tmp_path,
            partitions=PARTITIONS,
        )
        with living(config, topics) as life:
            yield life


@pytest.mark.parametrize("brokers", [True, False], ids=["brokers", "nobody"])
def test_a_clock_that_jumps_for_a_while(life: Life, brokers: bool) -> None:
    """A day ahead, a day back, a hundred days ahead: orders are taken in meanwhile, and no deadline
    fires; the worker is not ready and says why; then all is as if nothing had been."""
    clock = WrongClock(brokers=brokers)
    life.start(clock)
    (engine,) = life.engines()
    life.pay(0, 40 * HOUR)
    life.wait_until_right()
    for number, days in enumerate((1, -1, 100), 1):
        clock.wrong = days * DAY_US
        life.pay(number, 40 * HOUR)
        assert engine.clock.doubted
        assert "the machine's clock is" in str(Watch(engine).ready())
        rested(engine)
        clock.wrong = 0
        life.wait_until_right()
        assert Watch(engine).ready() is None
    assert engine.clock.doubts == 3
    assert {value["state"] for value in life.published()} == {"open"}
    life.pay(4, HOUR)
    life.pay(5, 50 * HOUR)
    life.wait_until_right()


@pytest.mark.parametrize("days", [1, -2])
def test_a_worker_that_starts_with_a_wrong_clock(life: Life, days: int) -> None:
    """The brokers say so before anything is read: a fact of now is neither from the future nor too
    old, and nothing is judged before the clock is right."""
    clock = WrongClock(days * DAY_US)
    life.start(clock)
    life.pay(0, 40 * HOUR)
    life.pay(1, 60 * HOUR)
    (engine,) = life.engines()
    rested(engine)
    assert life.published() == []
    assert engine.clock.doubted
    clock.wrong = 0
    life.wait_until_right()


@pytest.mark.parametrize("brokers", [True, False], ids=["brokers", "inputs"])
def test_what_a_release_without_doubts_published_is_corrected_at_the_next_start(
    life: Life, brokers: bool
) -> None:
    """It believed a clock that was three days ahead. Without new facts of those orders; where the
    brokers say nothing, by the times of what is produced now."""
    life.start(lambda: time.time_ns() // 1_000 + 3 * DAY_US)
    life.pay(0, 40 * HOUR)
    life.pay(1, HOUR)
    wait_for(lambda: len(life.standing()) == 2, 20, "two breaches")
    assert {value["state"] for value in life.standing()} == {"breached"}
    life.stop()
    life.start(WrongClock(brokers=brokers))
    if not brokers:
        life.pay(2, 40 * HOUR)
        life.pay(3, 40 * HOUR)
        life.pay(4, 40 * HOUR)
    life.wait_until_right()


@pytest.mark.parametrize("brokers", [True, False], ids=["brokers", "workers"])
def test_one_worker_of_three_with_a_wrong_clock(
    kafka: KafkaServer, tmp_path: Path, brokers: bool
) -> None:
    """The two others are right: its partitions wait, theirs do not, and nothing is early.

    The brokers say so in the reports of our ticks. Where they do not, the other workers do; and of
    a clock that is an hour ahead brokers take no record.
    """
    wrong = DAY_US if brokers else DAY_US // 36
    deployment = Deployment(kafka.bootstrap, tmp_path, partitions=3)
    if not brokers:
        set_dated_by_producers(kafka, deployment.topics.ticks)
    with living(deployment.settings.engine(), deployment.topics) as life:
        clocks = [Shifted(), Shifted(wrong), Shifted()]
        for name, clock in zip("abc", clocks, strict=True):
            life.start(clock, name)
        wait_for(lambda: all(engine.owned for engine in life.engines()), 30, "all to own")
        for number in range(8):
            life.pay(number, 47.7 * HOUR)
        wait_for(lambda: clocks[1].doubted, 20, "doubts")
        wait_for(life.standing, 20, "what the right ones publish")
        assert {value["state"] for value in life.published()} == {"open"}
        assert clocks[0].doubts == clocks[2].doubts == 0
        clocks[1].wrong = 0
        life.wait_until_right()
        assert {value["state"] for value in life.published()} == {"open"}


def rested(engine: Engine) -> None:
    """Return when some ticks have passed: what was due is judged by then."""
    for _ in range(3):
        for number in engine.owned:
            seen = engine.app.consumer.offsets
            ticks = seen[TP(engine.config.ticks_topic, number)]
            before = ticks.processed
            wait_for(lambda: ticks.processed > before, 10, "a tick")  # noqa: B023


def set_dated_by_producers(kafka: KafkaServer, topic: str) -> None:
    """As release 0.1 made the topic of ticks."""
    admin = AdminClient({"bootstrap.servers": kafka.bootstrap})
    set_to = AlterConfigOpType.SET
    entry = ConfigEntry("message.timestamp.type", "CreateTime", incremental_operation=set_to)
    resource = ConfigResource(ResourceType.TOPIC, topic, incremental_configs=[entry])
    admin.incremental_alter_configs([resource])[resource].result(20)
