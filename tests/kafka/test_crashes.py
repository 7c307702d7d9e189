"""Kills and restarts in the middle of a load change nothing of what stands in the end."""

from __future__ import annotations

import json
import random
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from kafka_server import KafkaServer
from oracle.brute_force import normal_id, normal_number
from oracle.histories import History, random_history
from support.replaying import replay, standing
from support.running import Deployment, Worker, wait_for
from support.shop_days import counted

from streams.decode import parcel_key
from streams.decode.moments import parse_time
from streams.facts.times import RETENTION
from streams.profiles.loader import load as profiles
from streams.state.shop_days import KEPT

KILLS = 10
STOPS = 20


@pytest.fixture
def workers() -> Iterator[list[Worker]]:
    """Workers that a test starts; whatever still runs at its end is killed."""
    started: list[Worker] = []
    yield started
    for worker in started:
        worker.kill()


def _with_former_lives(history: History) -> set[str]:
    """Numbers whose facts lie further apart than a fact may be late.

    A record that was sent home is read after those that were at home, so the older ones of such a
    number might be late, which is outside the law.
    """
    times: dict[str, list[int]] = {}
    for value in history.tracking:
        key = parcel_key(value["carrier"], value["tracking_number"])
        times.setdefault(key, []).append(parse_time(value["occurred_at"]) or 0)
    return {key for key, found in times.items() if max(found) - min(found) > RETENTION}


def load(parts: int) -> list[History]:
    """A load in `parts`: random histories without former lives, ids and numbers made unlike."""
    found = []
    for part in range(parts):
        orders: list[dict[str, Any]] = []
        tracking: list[dict[str, Any]] = []
        for seed in range(part * 3, part * 3 + 3):
            history = random_history(1_000 + seed, ahead=False)
            for value in history.orders:
                orders.append({**value, "order_id": f"{seed}-{normal_id(value['order_id'])}"})
            former = _with_former_lives(history)
            for value in history.tracking:
                if parcel_key(value["carrier"], value["tracking_number"]) in former:
                    continue
                ids = value.get("order_ids")
                tracking.append(
                    {
                        **value,
                        "tracking_number": f"{normal_number(value['tracking_number'])}-{seed}",
                        "order_ids": ids and [f"{seed}-{normal_id(order_id)}" for order_id in ids],
                    }
                )
        found.append(History(orders, tracking, datetime.now(UTC)))
    return found


def wanted(parts: list[History]) -> list[dict[str, Any]]:
    """What `replay` says of all parts by now."""
    orders = [value for part in parts for value in part.orders]
    tracking = [value for part in parts for value in part.tracking]
    return standing(replay(orders, tracking, datetime.now(UTC))[0])


def wait_for_shop_days(deployment: Deployment, parts: list[History]) -> None:
    """Wait until the newest counts of every shop's day are those that the facts give."""
    until = datetime.now(UTC)
    orders = [value for part in parts for value in part.orders]
    tracking = [value for part in parts for value in part.tracking]
    shops, _ = counted(History(orders, tracking, until), profiles(), wanted(parts))
    # Of the oldest days some may have been forgotten meanwhile.
    oldest = (until - timedelta(microseconds=KEPT) + timedelta(days=2)).date().isoformat()
    due = {key: numbers for key, numbers in shops.items() if key[-1] > oldest}
    assert len(due) > 20
    found: dict[tuple[str, str, str], dict[str, int]] = {}

    def equal() -> bool:
        newest: dict[bytes | None, dict[str, Any]] = {}
        for key, raw in deployment.read(deployment.topics.shop_risk):
            value = json.loads(raw or b"{}")
            if key not in newest or value["revision"] >= newest[key]["revision"]:
                newest[key] = value
        found.clear()
        for value in newest.values():
            counts = {name: number for name, number in value["counts"].items() if number}
            if counts and value["day"] > oldest:
                found[value["platform"], value["shop_id"], value["day"]] = counts
        return found == due

    def difference() -> str:
        keys = sorted({*found, *due})
        others = [(key, found.get(key), due.get(key)) for key in keys]
        others = [entry for entry in others if entry[1] != entry[2]]
        return f"equal counts: {len(others)} of {len(due)} differ, first {others[:2]}"

    wait_for(equal, 60, difference)


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
