"""The broker of the other tests: it starts, fails clearly, survives kills, leaves nothing."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import kafka_server
import pytest
from confluent_kafka import Consumer, Producer
from kafka_server import KafkaServer, KafkaStartError

#: So that a killed node is let in again soon.
SHORT_SESSION = {"broker.session.timeout.ms": 3000, "broker.heartbeat.interval.ms": 500}


def produce(bootstrap: str, topic: str, values: list[bytes]) -> None:
    """Write ``values`` with acks from all replicas; fails the test when one is not delivered."""
    errors: list[object] = []
    producer = Producer({"bootstrap.servers": bootstrap, "acks": "all", "linger.ms": 5})
    for value in values:
        producer.produce(
            topic,
            value,
            on_delivery=lambda error, _message: errors.append(error) if error else None,
        )
    assert producer.flush(30) == 0
    assert errors == []


def consume(bootstrap: str, topic: str, group: str, count: int) -> set[bytes]:
    """Read through a consumer group until ``count`` different values came, within 30 s."""
    consumer = Consumer(
        {
            "bootstrap.servers": bootstrap,
            "group.id": group,
            "auto.offset.reset": "earliest",
            "enable.auto.commit": False,
        }
    )
    consumer.subscribe([topic])
    values: set[bytes] = set()
    deadline = time.monotonic() + 30
    try:
        while len(values) < count and time.monotonic() < deadline:
            for message in consumer.consume(500, timeout=0.2):
                value = message.value()
                if message.error() is None and value is not None:
                    values.add(value)
    finally:
        consumer.close()
    return values


def wait_until(condition: Callable[[], bool], seconds: float = 10.0) -> bool:
    """Whether ``condition`` became true within ``seconds``."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def alive(pid: int) -> bool:
    """Whether a process runs (a zombie does not)."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state not in "ZX"


def test_one_node_serves_groups_at_once(kafka: KafkaServer, app_id: str) -> None:
    """A new group reads what was written, without the default rebalance delay of 3 s."""
    topic = kafka.create_topic(f"{app_id}-a", 2)
    produce(kafka.bootstrap, topic, [b"one", b"two"])
    started = time.monotonic()
    assert consume(kafka.bootstrap, topic, app_id, 2) == {b"one", b"two"}
    assert time.monotonic() - started < 10


def test_a_node_starts_with_the_classes_that_set_up_kept(kafka: KafkaServer) -> None:
    """Java has mapped the archive, so it took it for its own."""
    kept = kafka_server.class_archive(kafka_server.kafka_jars())
    assert kept.exists(), "run scripts/setup --kafka"
    assert str(kept) in Path(f"/proc/{kafka.pid(1)}/maps").read_text()


@pytest.mark.timeout(180)
@pytest.mark.kafka
def test_three_nodes_keep_what_was_acknowledged_when_one_is_killed() -> None:
    """With one of three nodes killed, writes go on, and the node comes back with its data."""
    with KafkaServer(3, config=SHORT_SESSION) as kafka:
        topic = kafka.create_topic("t", 3)
        produce(kafka.bootstrap, topic, [b"before-%d" % i for i in range(30)])
        victim = kafka.pid(2)
        kafka.kill_node(2)
        assert not alive(victim)
        produce(kafka.bootstrap, topic, [b"after-%d" % i for i in range(30)])
        kafka.restart_node(2)
        assert alive(kafka.pid(2))
        assert len(consume(kafka.bootstrap, topic, "g", 60)) == 60


@pytest.mark.kafka
def test_data_survive_kill_and_restart_of_the_only_node() -> None:
    """A single node killed and restarted serves on its old address what it had acknowledged."""
    with KafkaServer(config=SHORT_SESSION) as kafka:
        address = kafka.bootstrap
        topic = kafka.create_topic("t", 1)
        produce(kafka.bootstrap, topic, [b"kept"])
        kafka.kill_node(1)
        kafka.restart_node(1)
        assert kafka.bootstrap == address
        assert consume(kafka.bootstrap, topic, "g", 1) == {b"kept"}


@pytest.mark.kafka
def test_a_kept_data_folder_is_served_again(tmp_path: Path) -> None:
    """A folder given by the caller outlives the server; the next start serves its topics."""
    with KafkaServer(data_dir=tmp_path) as kafka:
        kafka.create_topic("t", 1)
        produce(kafka.bootstrap, "t", [b"kept"])
    with KafkaServer(data_dir=tmp_path) as kafka:
        assert consume(kafka.bootstrap, "t", "g", 1) == {b"kept"}


@pytest.mark.kafka
def test_a_node_that_ends_is_reported_with_its_log() -> None:
    """A configuration that Kafka refuses raises, and the message holds Kafka's own words."""
    server = KafkaServer(config={"log.retention.bytes": "many"})
    with pytest.raises(KafkaStartError, match=r"log\.retention\.bytes"):
        server.start()
    assert server.node_ids == []


@pytest.mark.kafka
def test_nodes_end_with_a_killed_owner() -> None:
    """``kill -9`` of the process that started Kafka ends the JVM as well."""
    code = (
        "import sys; from kafka_server import KafkaServer; k = KafkaServer().start();"
        "print(k.pid(1), flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": str(Path(kafka_server.__file__).parent)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as owner:
        assert owner.stdout is not None
        broker = int(owner.stdout.readline())
        try:
            assert alive(broker)
        finally:
            owner.kill()
    assert wait_until(lambda: not alive(broker))


def test_missing_maven_is_said_in_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without cached jars and Maven, the error says what is missing and who installs it."""
    monkeypatch.setenv("SHIPSENTRY_KAFKA_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(KafkaStartError, match=r"Maven .* scripts/test installs it"):
        KafkaServer().start()


def test_the_number_of_nodes_is_checked() -> None:
    """Two nodes have no majority without both, so only one or three are offered."""
    with pytest.raises(ValueError, match="1 or 3"):
        KafkaServer(2)
