"""Equal tracks of parcels on different workers are found, whatever happens to the workers."""

from __future__ import annotations

import random
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from kafka_server import KafkaServer
from oracle.histories import History
from support.clones import clone_history
from support.replaying import replay, standing
from support.running import Deployment, Worker, wait_for

KILLS = 3
EACH = 40


@pytest.fixture
def workers() -> Iterator[list[Worker]]:
    """Workers that a test starts; whatever still runs at its end is killed."""
    started: list[Worker] = []
    yield started
    for worker in started:
        worker.kill()


def load(part: int) -> History:
    """Some histories side by side, ids and numbers made unlike; their tracks may be alike."""
    orders: list[dict[str, Any]] = []
    tracking: list[dict[str, Any]] = []
    for seed in range(part * EACH, (part + 1) * EACH):
        history = clone_history(seed)
        for value in history.orders:
            orders.append({**value, "order_id": f"{seed}-{value['order_id']}"})
        for value in history.tracking:
            ids = value.get("order_ids")
            tracking.append(
                {
                    **value,
                    "tracking_number": f"{value['tracking_number']}-{seed}",
                    "order_ids": ids and [f"{seed}-{order_id}" for order_id in ids],
                }
            )
    return History(orders, tracking, datetime.now(UTC))


@pytest.mark.timeout(300)
def test_kills_change_nothing_of_who_is_cloned(
    kafka: KafkaServer, tmp_path: Path, workers: list[Worker]
) -> None:
    """Two workers, one of them killed in each part, once with its local state: as replay says."""
    rng = random.Random("clones")
    deployment = Deployment(kafka.bootstrap, tmp_path)
    parts = [load(part) for part in range(KILLS)]
    workers += [deployment.worker(f"w{n}").start() for n in range(2)]
    for number, part in enumerate(parts):
        deployment.produce(part.orders, part.tracking)
        victim = rng.choice(workers)
        before = len(deployment.read(deployment.topics.track_facts))
        wait_for(
            lambda before=before: (
                len(deployment.read(deployment.topics.track_facts)) > before
                or deployment.lag() == 0
            ),
            60,
            "the first claims",
        )
        victim.kill()
        if number == 1:
            shutil.rmtree(victim.data_dir, ignore_errors=True)
        victim.start()
    orders = [value for part in parts for value in part.orders]
    tracking = [value for part in parts for value in part.tracking]
    wanted = standing(replay(orders, tracking, datetime.now(UTC))[0])
    assert sum(value["rule"] == "cloned_track" for value in wanted) > 20
    deployment.wait_for_standing(wanted, timeout=120)
    assert deployment.read(deployment.topics.dead_letters) == []
