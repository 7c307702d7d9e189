"""Workers in threads of their own, one after another or beside each other, and their clocks."""

from __future__ import annotations

import dataclasses
import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

from confluent_kafka import OFFSET_BEGINNING, Consumer, Producer, TopicPartition
from support.builders import Message
from support.replaying import COMPARED, profiles, replay
from support.running import wait_for

from streams.app import assemble
from streams.demo.background import Background
from streams.engine.kafka.config import EngineConfig
from streams.engine.kafka.topics import Topics
from streams.engine.worker.app import EngineApp
from streams.engine.worker.clock import Clock
from streams.engine.worker.engine import Engine

HOUR = timedelta(hours=1)
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
        """An order that was paid some hours ago, and that workers have taken in."""
        self.produce(number, ago)
        wait_for(lambda: self.taken_in() == len(self.orders), 20, f"order {number} in a state")

    def produce(self, number: int, ago: timedelta) -> None:
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

    def publish(self, topic: str, key: str, value: Message) -> None:
        """A record as a worker publishes it that does not come to remember it."""
        self._producer.produce(topic, json.dumps(value).encode(), key)
        assert self._producer.flush(10) == 0

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
