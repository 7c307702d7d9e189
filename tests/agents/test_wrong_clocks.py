"""Workers whose clocks are wrong: what is published in the end is what a worker publishes whose
clock was always right, and nothing of an impossible time in between."""

from __future__ import annotations

import dataclasses
import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from confluent_kafka import OFFSET_BEGINNING, Consumer, Producer, TopicPartition
from confluent_kafka.admin import (
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    ResourceType,
)
from faust.types import TP
from kafka_server import KafkaServer
from support.builders import Message
from support.replaying import COMPARED, profiles, replay
from support.running import Deployment, wait_for

from streams.app import assemble
from streams.demo.background import Background
from streams.demo.broker import EmbeddedCluster
from streams.engine.kafka.config import EngineConfig
from streams.engine.kafka.topics import Topics
from streams.engine.worker.app import EngineApp
from streams.engine.worker.clock import Clock
from streams.engine.worker.engine import Engine
from streams.engine.worker.runner import Watch

PARTITIONS = 2
HOUR = timedelta(hours=1)
DAY_US = 86_400_000_000
TOLERANCE = 300_000_000


class Shifted(Clock):
    """The machine's clock, `wrong` by some µs."""

    def __init__(self, wrong: int = 0) -> None:
        self.wrong = wrong
        super().__init__(TOLERANCE, wall=lambda: time.time_ns() // 1_000 + self.wrong)


class WrongClock(Shifted):
    """Brokers that date records say the right time, where `brokers` are such."""

    def __init__(self, wrong: int = 0, *, brokers: bool = True) -> None:
        self._brokers_say_it = brokers
        super().__init__(wrong)

    def ask_brokers(self) -> Callable[[int, int], None]:
        """The in-process broker says nothing of use: what one that dates records would say."""
        hear = super().ask_brokers()

        def said(partition: int, _: int) -> None:
            if self._brokers_say_it:
                hear(partition, time.time_ns() // 1_000_000)

        return said


class Life:
    """A broker, what was produced, and the workers that live on it one after another or beside."""

    def __init__(self, config: EngineConfig, topics: Topics) -> None:
        self.config, self.topics = config, topics
        self.bootstrap = config.bootstrap
        self.orders: list[Message] = []
        self._producer = Producer(
            {"bootstrap.servers": self.bootstrap, "partitioner": "murmur2", "log_level": 0}
        )
        self._workers: list[tuple[Background, list[EngineApp]]] = []

    def start(self, clock: Clock | Callable[[], int], name: str = "w") -> None:
        """One more worker; the directory `name` is its own."""
        config = dataclasses.replace(
            self.config,
            data_dir=self.config.data_dir / name,
            inputs=frozenset((self.topics.orders, self.topics.tracking)),
            tick_interval=0.1,
            # In real time, as in life: a restart is not to wait for the session of the one before.
            group_instance_id=name,
        )
        made: list[EngineApp] = []

        def make() -> EngineApp:
            made.append(assemble(config, self.topics, profiles(), clock=clock))
            return made[0]

        background = Background(make, 0)
        background.start()
        self._workers.append((background, made))
        wait_for(lambda: made and made[0].engine.assigned, 30, "an assignment")

    def engines(self) -> list[Engine]:
        """Of the workers that run."""
        return [made[0].engine for _, made in self._workers]

    def stop(self) -> None:
        """End all workers."""
        for background, _ in self._workers:
            assert background.stop()
            assert background.failure is None
        self._workers = []

    def pay(self, number: int, ago: timedelta) -> None:
        """An order that was paid some hours ago, to be shipped within 48 h."""
        paid = datetime.now(UTC) - ago
        value = {
            "order_id": f"o-{number}",
            "shop_id": "s-1",
            "platform": "douyin",
            "paid_at": paid.isoformat(),
            "promised_ship_by": (paid + 48 * HOUR).isoformat(),
        }
        self.orders.append(value)
        self._producer.produce(self.topics.orders, json.dumps(value).encode(), value["order_id"])
        self._producer.flush(10)
        wait_for(lambda: self.taken_in() == len(self.orders), 20, f"order {number} in a state")

    def taken_in(self) -> int:
        """Orders that have been through their agents, of all workers."""
        return sum(
            offsets.processed
            for engine in self.engines()
            for tp, offsets in engine.app.consumer.offsets.items()
            if tp.topic == self.topics.orders
        )

    def published(self) -> list[Message]:
        """Every revision, in order within each partition."""
        consumer = Consumer({"bootstrap.servers": self.bootstrap, "group.id": "t", "log_level": 0})
        try:
            places = [
                TopicPartition(self.topics.warnings, number, OFFSET_BEGINNING)
                for number in range(self.config.partitions)
            ]
            ends = sum(consumer.get_watermark_offsets(place, 10)[1] for place in places)
            consumer.assign(places)
            found: list[Message] = []
            while len(found) < ends:
                found += [json.loads(each.value() or b"") for each in consumer.consume(100, 0.1)]
            return found
        finally:
            consumer.close()

    def standing(self) -> list[Message]:
        """The newest revision of each warning that is not withdrawn, as far as it is compared."""
        newest: dict[str, Message] = {}
        for value in self.published():
            known = newest.setdefault(value["warning_id"], value)
            if known["revision"] < value["revision"]:
                newest[value["warning_id"]] = value
        return _compared(newest)

    def wait_until_right(self) -> None:
        """Until what stands is what the facts give by now."""
        wanted = _compared(replay(self.orders, [], datetime.now(UTC))[0])
        assert wanted, "or nothing is compared"
        wait_for(lambda: self.standing() == wanted, 20, f"{wanted}, not {self.standing()}")


def _compared(newest: dict[str, Message]) -> list[Message]:
    kept = [value for value in newest.values() if value["state"] != "withdrawn"]
    short = [{name: value[name] for name in COMPARED} for value in kept]
    return sorted(short, key=lambda value: str(value["warning_id"]))


@contextmanager
def living(config: EngineConfig, topics: Topics) -> Iterator[Life]:
    """A life whose workers are stopped in the end."""
    life = Life(config, topics)
    try:
        yield life
    finally:
        life.stop()


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
