"""Gauges of a worker on a real Kafka: what consumers of the warnings would count, kills or not."""

from __future__ import annotations

import json
import shutil
import urllib.request
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from kafka_server import KafkaServer
from prometheus_client.parser import text_string_to_metric_families
from support.playing import combined, play, wanted
from support.ports import free_port
from support.running import Deployment, Worker, wait_for

from streams.state.standing import UNKNOWN_SHOP
from streams.telemetry.metrics import OTHER

Key = tuple[str, ...]


@pytest.fixture
def workers() -> Iterator[list[Worker]]:
    """Workers that a test starts; whatever still runs at its end is killed."""
    started: list[Worker] = []
    yield started
    for worker in started:
        worker.kill()


def scrape(ports: list[int]) -> dict[str, Counter[Key]]:
    """All samples of all workers that answer, added up by name and the values of their labels."""
    found: dict[str, Counter[Key]] = {}
    for port in ports:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
                text = answer.read().decode()
        except OSError:
            continue
        for family in text_string_to_metric_families(text):
            for sample in family.samples:
                key = tuple(sample.labels[name] for name in sorted(sample.labels))
                found.setdefault(sample.name, Counter())[key] += sample.value
    return found


def shown(ports: list[int]) -> tuple[dict[Key, float], dict[Key, float], dict[Key, float]]:
    """Warnings that stand, money and strikes, as the workers' gauges have them together; shops are
    left out, since how they are named is another matter."""
    found = scrape(ports)
    # Labels in order of their names.
    counts: Counter[Key] = Counter()
    for (platform, rule, _shop, stage, state), n in found.get(
        "shipsentry_open_warnings", {}
    ).items():
        counts[platform, rule, stage, state] += n
    money: Counter[Key] = Counter()
    for (bound, currency, platform, _, state), n in found.get(
        "shipsentry_exposure_minor_units", {}
    ).items():
        money[bound, currency, platform, state] += n
    strikes: Counter[Key] = Counter()
    for (platform, _, state), n in found.get("shipsentry_strikes_at_risk", {}).items():
        strikes[platform, state] += n
    return dict(+counts), dict(+money), dict(+strikes)


def told(deployment: Deployment) -> tuple[dict[Key, float], dict[Key, float], dict[Key, float]]:
    """The same of the newest revision of each warning on the topic."""
    counts: Counter[Key] = Counter()
    money: Counter[Key] = Counter()
    strikes: Counter[Key] = Counter()
    for warning in deployment.newest().values():
        state = warning["state"]
        if state not in ("open", "breached"):
            continue
        platform, exposure = warning["platform"], warning["exposure"]
        counts[platform, warning["rule"], warning["stage"], state] += 1
        if exposure["kind"] == "strike":
            strikes[platform, state] += warning["stage"] != "notice"
        elif exposure.get("least") is not None:
            for bound in ("least", "most"):
                money[bound, exposure["currency"], platform, state] += exposure[bound]
    return dict(+counts), dict(+money), dict(+strikes)


def wait_until_shown(deployment: Deployment, ports: list[int], timeout: float = 60) -> None:
    """Wait until the gauges say what the topic says, all partitions counted."""

    def equal() -> bool:
        partitions = scrape(ports).get("shipsentry_partitions", Counter())
        return partitions["counted",] == deployment.settings.partitions and shown(ports) == told(
            deployment
        )

    wait_for(
        equal, timeout, lambda: f"gauges {shown(ports)} to equal the topic's {told(deployment)}"
    )


def wait_until_listed(deployment: Deployment, ports: list[int]) -> None:
    """Wait until each worker's list has every warning that stands, of all workers, once."""
    wanted = sorted(
        key
        for key, warning in deployment.newest().items()
        if warning["state"] in ("open", "breached")
    )
    for port in ports:

        def listed(port: int = port) -> bool:
            path = "/warnings?format=json&limit=500"
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=20) as answer:
                    found = json.load(answer)
            except OSError:
                return False
            ids = sorted(each["warning_id"] for each in found["warnings"])
            return (ids, found["total"], found["missing"]) == (wanted, len(wanted), [])

        wait_for(listed, 60, f"{len(wanted)} warnings in the list of {port}")


def test_gauges_are_right_after_kills_and_lost_states(
    kafka: KafkaServer, tmp_path: Path, workers: list[Worker]
) -> None:
    """Two workers; one is killed and the other takes over; it comes back, its state kept, then
    lost; at last both start anew: each time the gauges are what stands, to the unit of money."""
    history = combined(range(12))
    # Sessions as short as they may be: each kill is waited out.
    deployment = Deployment(
        kafka.bootstrap, tmp_path, session_timeout_s=6, heartbeat_s=2, delivery_timeout_s=4
    )
    ports = [free_port(), free_port()]
    for name, port in zip(("w1", "w2"), ports, strict=True):
        worker = deployment.worker(name, http_port=port, warnings_page=True)
        workers.append(worker.start())
    play(deployment, history)
    deployment.wait_for_standing(wanted(history))
    wait_until_shown(deployment, ports)
    counts, money, strikes = told(deployment)
    assert sum(counts.values()) > 30
    assert money
    assert strikes

    wait_until_listed(deployment, ports)

    workers[0].kill()
    wait_until_shown(deployment, ports)  # the other one alone
    wait_until_listed(deployment, ports[1:])
    workers[0].start()
    wait_until_shown(deployment, ports)
    workers[1].kill()
    shutil.rmtree(workers[1].data_dir)
    workers[1].start()
    wait_until_shown(deployment, ports)
    for worker in workers:
        worker.kill()
    shutil.rmtree(workers[0].data_dir)
    for worker in workers:
        worker.start()
    wait_until_shown(deployment, ports)
    assert told(deployment) == (counts, money, strikes)

    shops = {
        (warning["platform"], warning["shop_id"] or UNKNOWN_SHOP)
        for warning in deployment.newest().values()
        if warning["state"] in ("open", "breached")
    }

    def named() -> bool:
        labels = {key[2] for key in scrape(ports)["shipsentry_open_warnings"]}
        return labels == {shop for _, shop in shops}

    if len(shops) <= 20:
        wait_for(named, 30, "both workers to name all shops")
    assert OTHER not in {shop for _, shop in shops}


def test_counters_begin_at_zero_and_count(
    kafka: KafkaServer, tmp_path: Path, workers: list[Worker]
) -> None:
    """An alert on the very first dead letter needs the 0 before it."""
    deployment = Deployment(kafka.bootstrap, tmp_path)
    port = free_port()
    workers.append(deployment.worker("w1", http_port=port).start())
    tracking = deployment.topics.tracking

    def dead_letters() -> Any:
        return scrape([port]).get("shipsentry_dead_letters_total", Counter())

    wait_for(lambda: ("not_json", tracking) in dead_letters(), 60, "the zero")
    assert dead_letters()["missing_field", tracking] == 0
    when = datetime.now(UTC).isoformat()
    deployment.produce([], [{"carrier": "zto", "tracking_number": "781", "occurred_at": when}])
    wait_for(lambda: dead_letters()["missing_field", tracking] == 1, 30, "the first dead letter")
    found = scrape([port])
    assert found["shipsentry_records_total"]["dead_letter", tracking] == 1
    assert found["shipsentry_chunk_records_count"][tracking,] >= 1
    assert found["shipsentry_pipeline_latency_seconds_count"][tracking,] == 1
    wait_for(lambda: scrape([port])["shipsentry_ready"][()] == 1, 10, "the worker to be ready")
