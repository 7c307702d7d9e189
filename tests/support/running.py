"""Workers as processes on a real Kafka, and what they published."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic
from kafka import KafkaProducer
from support.replaying import COMPARED, arrival_of

from streams.engine.kafka.topic_admin import create_topics
from streams.settings import Settings

Message = dict[str, Any]

WORKER = ("-m", "streams.cli", "worker")
"""What Python runs as a worker."""


def wait_for(condition: Callable[[], Any], timeout: float, what: str | Callable[[], str]) -> Any:
    """The first true value of `condition`; after `timeout` seconds a failure that names `what`."""
    deadline = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            text = what() if callable(what) else what
            raise AssertionError(f"after {timeout:.0f} s still waiting for {text}")
        time.sleep(0.05)


class Deployment:
    """One application on a broker: its own topics, settings, and the workers that run it."""

    def __init__(
        self, bootstrap: str, root: Path, *, input_bytes: int | None = None, **settings: Any
    ) -> None:
        name = f"t{uuid.uuid4().hex[:10]}"
        self.root = root
        self.settings = Settings(
            bootstrap_servers=bootstrap,
            app_id=name,
            orders_topic=f"{name}-order-paid",
            tracking_topic=f"{name}-tracking-update",
            warnings_topic=f"{name}-shipment-warnings",
            dead_letters_topic=f"{name}-shipment-dead-letters",
            shop_risk_topic=f"{name}-shop-risk",
            product_risk_topic=f"{name}-product-risk",
            actions_topic=f"{name}-warning-actions",
            stock_topic=f"{name}-stock-level",
            data_dir=root / "unused",
            http_port=0,
            **settings,
        )
        self.topics = self.settings.topics()
        if input_bytes is not None:
            admin = AdminClient({"bootstrap.servers": bootstrap})
            config = {"max.message.bytes": str(input_bytes)}
            inputs = (self.topics.orders, self.topics.tracking)
            new = [NewTopic(topic, self.settings.partitions, 1, config=config) for topic in inputs]
            for made in admin.create_topics(new).values():
                made.result(30)
        outcome = create_topics(self.settings, wait_s=60)
        assert not outcome.problems, outcome.problems

    def worker(self, name: str = "w1", program: Sequence[str] = WORKER, **settings: Any) -> Worker:
        """A worker that is not started yet, with a data directory of its own."""
        values = self.settings.model_dump(exclude_defaults=True, exclude={"data_dir"})
        # http_port 0 is not the default, but an explicit choice: keep it.
        values = {**values, "http_port": 0, **settings}
        values.setdefault("group_instance_id", f"{self.settings.app_id}-{name}")
        environment = _spelled(values)
        environment["SHIPSENTRY_DATA_DIR"] = str(self.root / name)
        worker = Worker(environment, self.root / name, self.root / f"{name}.log", program)
        worker.http_port = int(values["http_port"])
        return worker

    def environment(self) -> dict[str, str]:
        """The settings as variables, for commands that are no worker."""
        values = self.settings.model_dump(exclude_defaults=True, exclude={"data_dir"})
        return _spelled(values)

    def newest(self) -> dict[str, Message]:
        """The newest revision of each warning; fails where one revision has two contents."""
        contents: dict[tuple[str, int], str] = {}
        newest: dict[str, Message] = {}
        for _, value in self.read(self.topics.warnings):
            if value is None:
                continue
            warning = json.loads(value)
            key, revision = warning["warning_id"], warning["revision"]
            text = json.dumps({**warning, "detected_at": None}, sort_keys=True)
            assert contents.setdefault((key, revision), text) == text, f"two contents of {key}"
            if key not in newest or newest[key]["revision"] < revision:
                newest[key] = warning
        return newest

    def read(self, topic: str) -> list[tuple[bytes | None, bytes | None]]:
        """Everything on a topic now, as (key, value), partition by partition."""
        consumer = Consumer(
            {
                "bootstrap.servers": self.settings.bootstrap_servers,
                "group.id": f"reader-{uuid.uuid4().hex}",
                "enable.auto.commit": False,
                "isolation.level": "read_committed",
            }
        )
        try:
            meta = consumer.list_topics(topic, timeout=20).topics[topic]
            ends = {}
            for number in meta.partitions:
                low, high = offsets_of(consumer, topic, number)
                if high > low:
                    ends[number] = high
            consumer.assign([TopicPartition(topic, number, OFFSET_BEGINNING) for number in ends])
            found = []
            deadline = time.monotonic() + 60
            while ends:
                assert time.monotonic() < deadline, f"cannot read {topic} to its end"
                for record in consumer.consume(1000, timeout=0.2):
                    assert not record.error(), record.error()
                    found.append((record.key(), record.value()))
                for place in consumer.position([TopicPartition(topic, n) for n in list(ends)]):
                    if place.offset >= ends[place.partition]:
                        del ends[place.partition]
            return found
        finally:
            consumer.close()

    def lag(self) -> int:
        """Records of all inputs that the group has not committed; maxsize where not known."""
        consumer = Consumer(
            {
                "bootstrap.servers": self.settings.bootstrap_servers,
                "group.id": self.settings.app_id,
                "enable.auto.commit": False,
            }
        )
        try:
            places = [
                TopicPartition(topic, number)
                for topic in self.topics.consumed
                if topic != self.topics.ticks
                for number in range(self.settings.partitions)
            ]
            total = 0
            try:
                committed = consumer.committed(places, timeout=20)
            except KafkaException:  # the group's coordinator is not found yet
                return sys.maxsize
            for place in committed:
                low, high = offsets_of(consumer, place.topic, place.partition)
                total += high - (place.offset if place.offset >= 0 else low)
            return total
        finally:
            consumer.close()

    def standing(self) -> list[Message]:
        """The warnings that are not withdrawn, with the compared fields, sorted by id."""
        kept = [value for value in self.newest().values() if value["state"] != "withdrawn"]
        return sorted(
            ({name: value[name] for name in COMPARED} for value in kept),
            key=lambda value: value["warning_id"],
        )

    def wait_for_standing(self, wanted: list[Message], timeout: float = 90) -> None:
        """Wait until the standing warnings are `wanted` and everything is read and committed."""
        found: list[Message] = []

        def equal() -> bool:
            nonlocal found
            found = self.standing()
            return found == wanted and self.lag() == 0

        def difference() -> str:
            ours = {value["warning_id"]: value for value in found}
            theirs = {value["warning_id"]: value for value in wanted}
            missing = [theirs[key] for key in theirs if ours.get(key) != theirs[key]]
            extra = [ours[key] for key in ours if key not in theirs]
            return (
                f"equal warnings (lag {self.lag()}): {len(missing)} missing or other of "
                f"{len(theirs)}, first {missing[:1]}; {len(extra)} too many, first {extra[:1]}"
            )

        wait_for(equal, timeout, difference)

    def produce(self, orders: Iterable[Message], tracking: Iterable[Message]) -> None:
        """Produce in order of arrival: half through each client, a third of all without a key."""
        bootstrap = self.settings.bootstrap_servers
        java_like = KafkaProducer(bootstrap_servers=bootstrap)
        librdkafka = Producer({"bootstrap.servers": bootstrap})
        entries = [(arrival_of(value), 0, n, value) for n, value in enumerate(orders)]
        entries += [(arrival_of(value), 1, n, value) for n, value in enumerate(tracking)]
        entries.sort(key=lambda entry: entry[:3])
        for count, (_, kind, _, value) in enumerate(entries):
            topic = self.topics.tracking if kind else self.topics.orders
            name = "tracking_number" if kind else "order_id"
            key = None if count % 3 == 0 else str(value[name]).encode()
            raw = json.dumps(value, ensure_ascii=False).encode()
            if count % 2:
                java_like.send(topic, raw, key=key)
            else:
                librdkafka.produce(topic, raw, key=key)
                librdkafka.poll(0)
        java_like.flush()
        assert librdkafka.flush(30) == 0
        java_like.close()


def _spelled(values: dict[str, Any]) -> dict[str, str]:
    """Settings as variables."""
    return {
        f"SHIPSENTRY_{key.upper()}": ",".join(map(str, value))
        if isinstance(value, tuple)
        else str(value)
        for key, value in values.items()
    }


def offsets_of(consumer: Consumer, topic: str, number: int) -> tuple[int, int]:
    """First and end offset of a partition; a new one may have no leader for a moment."""

    def ask() -> tuple[int, int] | None:
        try:
            low, high = consumer.get_watermark_offsets(TopicPartition(topic, number), 20)
        except KafkaException:
            return None
        return low, high

    found: tuple[int, int] = wait_for(ask, 30, f"the leader of {topic}-{number}")
    return found


class Worker:
    """One worker process; `stop` ends it as an operator does, `kill` as a crash does."""

    def __init__(
        self,
        environment: dict[str, str],
        data_dir: Path,
        log: Path,
        program: Sequence[str] = WORKER,
    ) -> None:
        inherited = {k: v for k, v in os.environ.items() if not k.startswith("SHIPSENTRY_")}
        self._environment = {**inherited, **environment}
        self.data_dir = data_dir
        self.log = log
        self._program = program
        self.http_port = 0
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> Worker:
        """Start it; it becomes ready by itself."""
        assert self._process is None
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, *self._program],
                env=self._environment,
                stdout=log,
                stderr=log,
            )
        return self

    @property
    def pid(self) -> int:
        """The process's id."""
        assert self._process is not None
        return self._process.pid

    def is_running(self) -> bool:
        """Whether the process lives."""
        return self._process is not None and self._process.poll() is None

    def stop(self, timeout: float = 40) -> int:
        """SIGTERM, then the exit status."""
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)
        status = self._process.wait(timeout)
        self._process = None
        return status

    def kill(self) -> None:
        """SIGKILL: no chance to finish anything."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(20)
            self._process = None

    def wait_log(self, text: str, timeout: float = 60) -> None:
        """Wait until the worker has logged `text`."""
        wait_for(
            lambda: self.log.exists() and text in self.log.read_text(errors="replace"),
            timeout,
            lambda: f"{text!r} in the log:\n{self.tail()}",
        )

    def tail(self) -> str:
        """The end of its log."""
        return self.log.read_text(errors="replace")[-3000:] if self.log.exists() else "(no log)"
