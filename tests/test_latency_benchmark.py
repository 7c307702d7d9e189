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
from benchmarks.programs import Program, RunFailed
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


@pytest.mark.parametrize(
    ("missing_from", "most_ms", "written", "kept_up"),
    [(1_600, 100.0, 1.0, 1_562.5), (9_999, 2.0, 1.0, 1_562.5), (1_600, 100.0, 0.98, 1_531.25)],
)
def test_the_highest_load_is_the_last_that_a_program_kept_up_with(
    monkeypatch: pytest.MonkeyPatch,
    missing_from: float,
    most_ms: float,
    written: float,
    kept_up: float,
) -> None:
    """It rises by a quarter until warnings are missing or late; what was written counts."""
    firsts: list[int] = []

    def step(
        program: Program, _kafka: object, share: float, rate: float, seconds: float, first: int
    ) -> tuple[latency.Level, int]:
        assert (share, seconds) == (1.0, latency.STEP_S)
        firsts.append(first)
        p99 = latency.KEEPS_UP_MS + (1 if rate > 1_600 and most_ms < 100 else 0)
        missing = int(rate > missing_from)
        return latency.Level(
            program.name, share, rate, rate * written, 200, missing, 50.0, p99, p99, 0.5
        ), first + 7

    monkeypatch.setattr(latency, "level", step)
    program = Program("fast", "g", [], {}, ["o", "t"], "w", 0, load.Expected())
    steps, highest, first = latency.climb(program, None, 1_000.0, 5)  # type: ignore[arg-type] # unused by the step
    assert highest == kept_up
    assert [each.highest for each in steps] == [1_000.0, 1_250.0, 1_562.5, 1_953.125]
    assert firsts == [5, 12, 19, 26]
    assert first == 33
    assert "| fast | 1,000 | step |" in latency.table(steps)


@pytest.mark.parametrize(
    ("written", "missing", "said"),
    [(0.9, 0, "900 in place of 1,000"), (1.0, 1, "fast does not keep up with 1,000")],
)
def test_a_climb_that_says_nothing_fails(
    monkeypatch: pytest.MonkeyPatch, written: float, missing: int, said: str
) -> None:
    """The writer was too slow, or the first step too fast: there is no highest load."""

    def step(
        program: Program, _kafka: object, share: float, rate: float, _seconds: float, first: int
    ) -> tuple[latency.Level, int]:
        return latency.Level(
            program.name, share, rate, rate * written, 200, missing, 50.0, 60.0, 70.0, 0.5
        ), first + 1

    monkeypatch.setattr(latency, "level", step)
    program = Program("fast", "g", [], {}, ["o", "t"], "w", 0, load.Expected())
    with pytest.raises(RunFailed, match=said):
        latency.climb(program, None, 1_000.0, 0)  # type: ignore[arg-type] # unused by the step


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
