"""Benchmarks on a real Kafka, as small as they can be: they still measure what they say."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from confluent_kafka.admin import AdminClient
from kafka_server import KafkaServer
from support.running import wait_for

from benchmarks import failover, restart


class Shared:
    """Stands for a Kafka of the benchmark's own: the tests' one, which goes on afterwards."""

    kafka: KafkaServer

    def __init__(self, **_: object) -> None:
        pass

    def __enter__(self) -> KafkaServer:
        return self.kafka

    def __exit__(self, *_: object) -> None:
        pass


@pytest.fixture
def shared(kafka: KafkaServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The tests' Kafka in place of the benchmark's; its topics are gone at the end."""
    monkeypatch.setattr(Shared, "kafka", kafka, raising=False)
    monkeypatch.setattr(restart, "KafkaServer", Shared)
    monkeypatch.setattr(failover, "KafkaServer", Shared)
    admin = AdminClient({"bootstrap.servers": kafka.bootstrap})
    before = set(admin.list_topics(timeout=20).topics)
    yield
    made = set(admin.list_topics(timeout=20).topics) - before
    for done in admin.delete_topics(sorted(made)).values():
        done.result(20)
    wait_for(lambda: not made & set(admin.list_topics(timeout=20).topics), 30, "topics to go")


@pytest.mark.usefixtures("shared")
def test_restart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A few parcels, one warm restart: all phases are found in the log."""
    monkeypatch.setattr(restart, "import_seconds", lambda: 1.0)  # three starts of Python
    arguments = ("--parcels", "200", "--runs", "1", "--kinds", "warm", "--out", str(tmp_path))
    monkeypatch.setattr(sys, "argv", ["restart.py", *arguments])
    assert restart.main() == 0
    (found,) = tmp_path.glob("*/result.json")
    (run,) = json.loads(found.read_text())["runs"]
    assert set(run["phases"]) == set(restart.PHASES)
    assert all(seconds >= 0 for seconds in run["phases"].values())


@pytest.mark.usefixtures("shared")
def test_failover(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker is killed; the other, which has copies, judges its parcels and restores nothing."""
    arguments = ("--parcels", "300", "--runs", "1", "--copies", "1", "--out", str(tmp_path))
    monkeypatch.setattr(sys, "argv", ["failover.py", *arguments])
    assert failover.main() == 0
    (found,) = tmp_path.glob("*/result.json")
    (run,) = json.loads(found.read_text())["runs"]
    assert 0 < run["assigned"] < run["all"]
    assert run["restored"] < 50
