"""Whatever cannot be processed becomes a dead letter; its neighbours are processed."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from confluent_kafka import Producer
from kafka_server import KafkaServer
from support.running import Deployment, Worker, wait_for

NOW = datetime.now(UTC)
GOOD = {
    "carrier": "zto",
    "tracking_number": "78000000000000",
    "status": "picked_up",
    "occurred_at": (NOW - timedelta(hours=1)).isoformat(),
}
ORDER = {"order_id": "o1", "shop_id": "s", "platform": "tmall", "paid_at": GOOD["occurred_at"]}


def _with(base: dict[str, object], **fields: object) -> bytes:
    return json.dumps({**base, **fields}).encode()


POISON: list[tuple[str, bytes | None, str, str | None]] = [
    ("tracking", b"no json at all", "not_json", None),
    ("tracking", b'["an", "array"]', "not_an_object", None),
    ("tracking", _with(GOOD, status=7), "wrong_type", "status"),
    ("tracking", _with(GOOD, status="lost"), "unknown_value", "status"),
    ("tracking", _with(GOOD, occurred_at="2026-11-20T10:00:00"), "naive_time", "occurred_at"),
    (
        "tracking",
        _with(GOOD, occurred_at="1999-12-31T16:00:00Z"),
        "implausible_time",
        "occurred_at",
    ),
    (
        "tracking",
        _with(GOOD, occurred_at=(NOW + timedelta(days=3)).isoformat()),
        "time_in_future",
        "occurred_at",
    ),
    ("tracking", _with(GOOD, description="x" * 2_000_000), "too_large", None),
    ("tracking", b'{"a":' + b"[" * 10_000 + b"]" * 10_000 + b"}", "too_deep", None),
    ("tracking", b'{"carrier": "\xff\xfe"}', "invalid_utf8", None),
    ("tracking", b'{"carrier": NaN}', "not_json", None),
    ("tracking", None, "null_value", None),
    ("orders", _with(ORDER, amount_paid=10**40), "wrong_type", "amount_paid"),
    ("orders", b'{"order_id": "o1"}', "missing_field", "shop_id"),
]


@pytest.fixture
def worker(kafka: KafkaServer, tmp_path: Path) -> Iterator[tuple[Deployment, Worker]]:
    """A deployment whose inputs take records of 4 MiB, and its running worker."""
    deployment = Deployment(kafka.bootstrap, tmp_path, input_bytes=4_000_000)
    running = deployment.worker().start()
    yield deployment, running
    running.kill()


def test_each_kind_of_poison_is_a_dead_letter_with_its_original_bytes(
    worker: tuple[Deployment, Worker],
) -> None:
    """Reason, field, origin and bytes are there, and the neighbours gave their warnings."""
    deployment, _ = worker
    topics = deployment.topics
    producer = Producer(
        {
            "bootstrap.servers": deployment.settings.bootstrap_servers,
            "message.max.bytes": 4_000_000,
        }
    )
    places: dict[tuple[str, int, int], int] = {}
    for n, (kind, value, _, _) in enumerate(POISON):
        topic = topics.orders if kind == "orders" else topics.tracking

        def delivered(error: object, message: object, n: int = n) -> None:
            assert error is None, error
            places[message.topic(), message.partition(), message.offset()] = n  # type: ignore[attr-defined]

        key = None if value is None and kind == "orders" else b"poison-%d" % n
        producer.produce(topic, value, key, partition=n % 4, on_delivery=delivered)
        neighbour = _with(
            GOOD,
            tracking_number=f"7800000000{n:04}",
            occurred_at=(NOW - timedelta(hours=30)).isoformat(),
            status="ordered",
            order_ids=[f"neighbour-{n}"],
            platform="tmall",
        )
        producer.produce(topics.tracking, neighbour, None, partition=n % 4)
    assert producer.flush(30) == 0
    letters = wait_for(
        lambda: (
            (found := deployment.read(topics.dead_letters)) and len(found) >= len(POISON) and found
        ),
        60,
        "the dead letters",
    )
    assert len(letters) == len(POISON)
    for key, raw in letters:
        letter = json.loads(raw)
        origin = letter["origin"]
        place = (origin["topic"], origin["partition"], origin["offset"])
        assert key.decode() == "{}-{}-{}".format(*place)
        kind, value, reason, field = POISON[places[place]]
        assert (letter["reason"], letter["field"]) == (reason, field), letter["message"]
        held = letter["value"]
        assert (None if held is None else base64.b64decode(held)) == value
        assert letter["message"]
    wait_for(
        lambda: (
            sum(
                warning["rule"] == "pickup_overdue" and warning["state"] == "breached"
                for warning in deployment.newest().values()
            )
            == len(POISON)
        ),
        60,
        "the neighbours' warnings",
    )
