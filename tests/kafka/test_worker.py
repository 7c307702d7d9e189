"""A worker on a real Kafka publishes what `replay` says, whatever happens to it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from kafka_server import KafkaServer
from oracle.histories import History
from support.playing import combined, play, wanted
from support.running import Deployment, Worker, wait_for

EXAMPLE = Path(__file__).parents[1] / "data" / "example"


def example() -> History:
    """The published example history."""

    def lines(name: str) -> list[dict[str, Any]]:
        return [json.loads(line) for line in (EXAMPLE / name).read_text("utf-8").splitlines()]

    until = datetime.fromisoformat((EXAMPLE / "until.txt").read_text().strip())
    return History(lines("orders.jsonl"), lines("tracking.jsonl"), until)


@pytest.fixture
def workers() -> Iterator[list[Worker]]:
    """Workers that a test starts; whatever still runs at its end is killed."""
    started: list[Worker] = []
    yield started
    for worker in started:
        worker.kill()


def test_the_example_gives_the_warnings_of_replay(
    kafka: KafkaServer, tmp_path: Path, workers: list[Worker]
) -> None:
    """Produced half by each client and a third without key: the worker says what replay says."""
    history = example()
    deployment = Deployment(kafka.bootstrap, tmp_path)
    workers.append(deployment.worker().start())
    play(deployment, history)
    deployment.wait_for_standing(wanted(history))
    assert deployment.read(deployment.topics.dead_letters) == []
    assert workers[0].stop() == 0


def test_random_histories_on_two_workers(
    kafka: KafkaServer, tmp_path: Path, workers: list[Worker]
) -> None:
    """A dozen nasty histories side by side, two workers sharing the partitions."""
    history = combined(range(12))
    deployment = Deployment(kafka.bootstrap, tmp_path)
    workers.append(deployment.worker("w1").start())
    workers.append(deployment.worker("w2").start())
    play(deployment, history)
    deployment.wait_for_standing(wanted(history))
    assert [worker.stop() for worker in workers] == [0, 0]


def test_a_backlog_publishes_nothing_that_it_disproves(
    kafka: KafkaServer, tmp_path: Path, workers: list[Worker]
) -> None:
    """Read after the fact, a history that ends well gives no warning, not even a withdrawn one."""
    paid = datetime.now(UTC) - timedelta(days=6)
    orders, tracking = [], []
    for n in range(2_000):
        at = paid + timedelta(seconds=n)
        orders.append(
            {
                "order_id": f"o{n}",
                "shop_id": "s1",
                "platform": "douyin",
                "paid_at": at.isoformat(),
                "recipient": {"address_key": f"a{n}"},
            }
        )
        parcel = {"carrier": "zto", "tracking_number": f"7800{n:08}"}
        for hours, status in ((2, "ordered"), (20, "picked_up"), (30, "hub"), (60, "delivered")):
            moment = (at + timedelta(hours=hours)).isoformat()
            fact = {**parcel, "status": status, "occurred_at": moment}
            if status == "ordered":
                fact |= {"order_ids": [f"o{n}"], "shop_id": "s1", "platform": "douyin"}
            tracking.append(fact)
    deployment = Deployment(kafka.bootstrap, tmp_path)
    # One that was never picked up, to see that warnings do come.
    tracking.append(
        {
            "carrier": "zto",
            "tracking_number": "780199999999",
            "status": "ordered",
            "occurred_at": paid.isoformat(),
            "order_ids": ["o-late"],
            "platform": "douyin",
        }
    )
    deployment.produce(orders, tracking)
    workers.append(deployment.worker().start())
    wait_for(deployment.newest, 60, "the warning that is due")
    wait_for(lambda: deployment.lag() == 0, 60, "lag 0")
    found = {(value["rule"], value["stage"]) for value in deployment.newest().values()}
    assert found == {("pickup_overdue", "violation"), ("pickup_overdue", "serious")}
    workers[0].stop()
    workers[0].start()
    workers[0].wait_log("reading partitions")
    wait_for(lambda: deployment.lag() == 0, 60, "lag 0")
    assert len(deployment.newest()) == 2


def _upload(deployment: Deployment, number: str, due_in: float) -> datetime:
    """An upload whose 24 h will have passed in `due_in` seconds; the moment of its breach."""
    breach = datetime.now(UTC) + timedelta(seconds=due_in)
    fact = {
        "carrier": "zto",
        "tracking_number": number,
        "status": "ordered",
        "occurred_at": (breach - timedelta(hours=24)).isoformat(),
        "order_ids": [f"order-of-{number}"],
        "platform": "tmall",
    }
    deployment.produce([], [fact])
    return breach


def _breached(deployment: Deployment, number: str) -> dict[str, Any] | None:
    for value in deployment.newest().values():
        if value["tracking_number"] == number and value["state"] == "breached":
            return value
    return None


def test_deadlines_fire_on_idle_partitions_within_two_seconds(
    kafka: KafkaServer, tmp_path: Path, workers: list[Worker]
) -> None:
    """Nothing arrives any more, and the breach is published within 2 s of being due."""
    deployment = Deployment(kafka.bootstrap, tmp_path)
    workers.append(deployment.worker().start())
    workers[0].wait_log("reading partitions")
    numbers = [f"78000000000{n}" for n in range(8)]
    breaches = {number: _upload(deployment, number, 6) for number in numbers}
    for number, breach in breaches.items():
        warning = wait_for(
            lambda number=number: _breached(deployment, number), 30, f"the breach of {number}"
        )
        assert datetime.fromisoformat(warning["breached_at"]) == breach
        lateness = datetime.fromisoformat(warning["detected_at"]) - breach
        assert timedelta(0) < lateness < timedelta(seconds=2), lateness


def test_a_deadline_that_spans_a_restart_fires(
    kafka: KafkaServer, tmp_path: Path, workers: list[Worker]
) -> None:
    """The worker is down when it falls due, with and without its local state."""
    deployment = Deployment(kafka.bootstrap, tmp_path)
    worker = deployment.worker()
    workers.append(worker.start())
    worker.wait_log("reading partitions")
    _upload(deployment, "780000000101", 4)
    wait_for(deployment.newest, 30, "the open warning")
    wait_for(lambda: deployment.lag() == 0, 30, "lag 0")
    worker.kill()
    breach = _upload(deployment, "780000000102", 5)
    wait_for(lambda: datetime.now(UTC) > breach, 30, "the deadline to pass")
    worker.start()
    for number in ("780000000101", "780000000102"):
        wait_for(lambda number=number: _breached(deployment, number), 60, f"the breach of {number}")
