"""A record that was refused, sent again after the cause was mended, is processed by a worker."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from confluent_kafka import Producer
from kafka_server import KafkaServer
from support.running import Deployment, wait_for


def test_a_retry_after_the_fix_is_processed(kafka: KafkaServer, tmp_path: Path) -> None:
    """Too large for one worker, not for the next, which reads past the transaction to its end."""
    deployment = Deployment(kafka.bootstrap, tmp_path)
    upload = {
        "carrier": "zto",
        "tracking_number": "78123456789012",
        "status": "ordered",
        "occurred_at": (datetime.now(UTC) - timedelta(hours=30)).isoformat(),
        "order_ids": ["o-1"],
        "platform": "tmall",
        "description": "x" * 2_000,
    }
    producer = Producer({"bootstrap.servers": kafka.bootstrap})
    producer.produce(deployment.topics.tracking, json.dumps(upload).encode())
    assert producer.flush(30) == 0
    strict = deployment.worker(max_value_bytes=1_024).start()
    try:
        wait_for(lambda: deployment.read(deployment.topics.dead_letters), 60, "the dead letter")
    finally:
        strict.stop()
    assert deployment.newest() == {}
    subprocess.run(
        [sys.executable, "-m", "streams.cli", *("dead-letters", "retry", "--all", "--yes")],
        env={**os.environ, **deployment.environment()},
        check=True,
    )
    worker = deployment.worker().start()
    try:
        (warning,) = wait_for(lambda: list(deployment.newest().values()), 60, "the warning")
    finally:
        worker.kill()
    assert (warning["rule"], warning["state"]) == ("pickup_overdue", "breached")
