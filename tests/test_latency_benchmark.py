"""The benchmark of latency: its records warn of nothing, its probes of one thing each."""

from __future__ import annotations

import json
import threading
from datetime import UTC, datetime
from itertools import islice
from typing import Any

import pytest
from confluent_kafka import OFFSET_BEGINNING, Consumer, Producer, TopicPartition
from kafka_server import KafkaServer
from support.replaying import replay, standing

from benchmarks import latency, load
from benchmarks.programs import Program
from schemas.order_paid import OrderPaid
from schemas.tracking_update import TrackingUpdate

NOW = 1_795_000_000_000


def judged(events: list[load.Event]) -> list[dict[str, Any]]:
    """What stands where all events have come now."""
    values = [{**json.loads(event.value), "received_at": latency._text(NOW)} for event in events]
    orders = [value for value in values if "tracking_number" not in value]
    tracking = [value for value in values if "tracking_number" in value]
    return standing(replay(orders, tracking, datetime.fromtimestamp(NOW / 1000, UTC))[0])


def test_steady_records_are_whole_lives_and_warn_of_nothing() -> None:
    """One order, one upload, four records of each parcel, valid; from another parcel on as well."""
    events = list(islice(latency.steady(NOW), 22 * latency.BEHIND))
    for event in events[::97]:
        if event.order:
            assert OrderPaid.model_validate_json(event.value).order_id == event.key
        else:
            update = TrackingUpdate.model_validate_json(event.value)
            assert f"{update.carrier}:{update.tracking_number}" == event.key
    first = [event for event in events if event.key == events[latency.BEHIND + 1].key]
    assert [json.loads(event.value)["status"] for event in first] == [
        "ordered", *(status for status, *_ in latency._LIFE),
    ]  # fmt: skip
    assert judged(events[: 7 * latency.BEHIND]) == []
    later = list(islice(latency.steady(NOW, 10**6), 100))
    assert not {event.key for event in later} & {event.key for event in events}


def test_a_probe_is_a_number_that_somebody_else_has_used() -> None:
    """One warning, which is known by the order's id."""
    events = list(islice(latency.steady(NOW), 4 * latency.BEHIND))
    warnings = judged([*events, *latency.probe(123, 7, NOW)])
    [one] = [each for each in warnings if each["rule"] == "duplicate_tracking_number"]
    found = latency._PROBE.search(json.dumps(one).encode())
    assert found is not None
    assert int(found[1]) == 123


def test_each_probe_is_timed_and_what_is_not_warned_of_is_missing(
    kafka: KafkaServer, app_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From its timestamp to its warning; the program takes 20 ms, and passes over every tenth."""
    monkeypatch.setattr(latency, "BEHIND", 5)
    monkeypatch.setattr(latency, "WARM_UP_S", 0.3)
    monkeypatch.setattr(latency, "AHEAD_S", 0.1)
    monkeypatch.setattr(latency, "PATIENCE_S", 5.0)
    topics = [kafka.create_topic(f"{app_id}-{name}") for name in ("orders", "tracking", "warnings")]
    program = Program("slow", app_id, [], {}, topics[:2], topics[2], 0, load.Expected())
    over = threading.Event()
    thread = threading.Thread(target=warn, args=(kafka.bootstrap, *topics[1:], over))
    thread.start()
    try:
        found, first = latency.level(program, kafka, 0.5, 1000.0, 2.0, 0)
    finally:
        over.set()
        thread.join()
    assert found.rate == pytest.approx(500, rel=0.2)
    assert first == pytest.approx(500 * 2.3, rel=0.2)
    assert 0 < found.missing < found.probes / 5
    assert 20 <= found.p50 <= found.p99 <= found.most
    assert "| slow | 1,000 | 50% |" in latency.table([found])


def warn(bootstrap: str, tracking: str, warnings: str, over: threading.Event) -> None:
    """A program that knows nothing but its answer."""
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": tracking})
    consumer.assign([TopicPartition(tracking, n, OFFSET_BEGINNING) for n in range(4)])
    producer = Producer({"bootstrap.servers": bootstrap, "linger.ms": 0})
    while not over.is_set():
        message = consumer.poll(0.1)
        found = latency._PROBE.search(message.value() or b"") if message else None
        if found is not None and int(found[1]) % 10:
            over.wait(0.02)
            value = {"rule": "duplicate_tracking_number", "order_ids": [found[0].decode()]}
            producer.produce(warnings, json.dumps(value))
            producer.poll(0)
    producer.flush(10)
    consumer.close()
