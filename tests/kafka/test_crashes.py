"""Kills and restarts in the middle of a load change nothing of what stands in the end."""

from __future__ import annotations

import random
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from kafka_server import KafkaServer
from support.loads import load, wait_for_shop_days, wanted
from support.running import Deployment, Worker, wait_for

KILLS = 10
STOPS = 20


@pytest.fixture
def workers() -> Iterator[list[Worker]]:
    """Workers that a test starts; whatever still runs at its end is killed."""
    started: list[Worker] = []
    yield started
    for worker in started:
        worker.kill()


@pytest.mark.timeout(400)
@pytest.mark.parametrize("number", [1, 2], ids=["one worker", "two workers"])
@pytest.mark.parametrize("keep", [True, False], ids=["state kept", "state deleted"])
def test_kills_in_the_middle_of_a_load(
    kafka: KafkaServer, tmp_path: Path, workers: list[Worker], number: int, keep: bool
) -> None:
    """kill -9, ten times: nothing missing, nothing wrong, no revision with two contents, no order
    counted twice."""
    rng = random.Random(f"{number}/{keep}")
    deployment = Deployment(kafka.bootstrap, tmp_path)
    parts = load(KILLS)
    for n in range(number):
        workers.append(deployment.worker(f"w{n}").start())
    for part in parts:
        deployment.produce(part.orders, part.tracking)
        victim = rng.choice(workers)
        before = len(deployment.read(deployment.topics.warnings))
        share = rng.random()
        if share < 0.6:
            # In the middle: something of this part is out, not all of it is committed.
            wait_for(
                lambda before=before: (
                    len(deployment.read(deployment.topics.warnings)) > before
                    or deployment.lag() == 0
                ),
                60,
                "the first effects",
            )
        victim.kill()
        if not keep:
            shutil.rmtree(victim.data_dir, ignore_errors=True)
        victim.start()
    deployment.wait_for_standing(wanted(parts), timeout=120)
    wait_for_shop_days(deployment, parts)


@pytest.mark.timeout(400)
def test_graceful_restarts_in_the_middle_of_a_load(
    kafka: KafkaServer, tmp_path: Path, workers: list[Worker]
) -> None:
    """Twenty clean stops, each with status 0: the same."""
    deployment = Deployment(kafka.bootstrap, tmp_path)
    parts = load(STOPS // 2)
    worker = deployment.worker()
    workers.append(worker)
    for n in range(STOPS):
        if n % 2 == 0:
            part = parts[n // 2]
            deployment.produce(part.orders, part.tracking)
        worker.start()
        worker.wait_log("reading partitions")
        assert worker.stop() == 0, worker.tail()
        worker.log.unlink()
    worker.start()
    deployment.wait_for_standing(wanted(parts), timeout=90)
    wait_for_shop_days(deployment, parts)
