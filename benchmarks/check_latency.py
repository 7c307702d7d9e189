"""How long `GET /check` takes on a worker that is processing a load.

A real Kafka, one worker process. Orders and uploads are taken in first; then tracking updates come
at a steady rate while one client asks about numbers and orders chosen at random, one question after
the other. Rate 0 is an idle worker; `--backlog` measures while it works off what lies there::

    python benchmarks/check_latency.py                      # rates 0, 1000, 3000; about 1 minute

README.md in this folder says how to read the result.
"""

from __future__ import annotations

import argparse
import http.client
import json
import random
import socket
import statistics
import sys
import tempfile
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlencode

from confluent_kafka import Producer

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from kafka_server import BENCHMARK_JVM, KafkaServer  # noqa: E402 - found by the path above
from support.running import Deployment, wait_for  # noqa: E402 - found by the path above

ORDERS = 20_000
NOW = datetime.now(UTC)
STATUSES = ("picked_up", "hub", "in_transit", "arrived_dest_city", "exception")


def order(number: int) -> bytes:
    """A paid order of one of two thousand recipients."""
    paid = NOW - timedelta(hours=8, seconds=number % 3600)
    to = {"province": "广东省", "city": "深圳市", "address_key": f"a{number % 2000}"}
    value = {"order_id": f"{number:019}", "shop_id": "s", "platform": "douyin", "recipient": to}
    return json.dumps({**value, "paid_at": paid.isoformat()}).encode()


def record(number: int, status: str, seconds: float, **fields: object) -> tuple[bytes, bytes]:
    """Key and value of one tracking update of the parcel with this number."""
    at = NOW - timedelta(hours=6) + timedelta(seconds=seconds)
    value = {"carrier": "zto", "tracking_number": f"78{number:012}", "status": status, **fields}
    key = f"zto:78{number:012}".encode()
    return key, json.dumps({**value, "occurred_at": at.isoformat()}).encode()


def ask(port: int, seconds: float) -> tuple[list[float], dict[str, int]]:
    """Milliseconds of each answer for so long, and how many had which verdict."""
    choose = random.Random(1)
    took: list[float] = []
    verdicts: dict[str, int] = {}
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        number, order_id = choose.randrange(ORDERS), choose.randrange(ORDERS)
        query = {"carrier": "zto", "tracking_number": f"78{number:012}"}
        began = time.perf_counter()
        connection.request("GET", "/check?" + urlencode({**query, "order_id": f"{order_id:019}"}))
        response = connection.getresponse()
        found = json.loads(response.read())
        took.append((time.perf_counter() - began) * 1000)
        name = found["verdict"] if response.status == 200 else str(response.status)
        verdicts[name] = verdicts.get(name, 0) + 1
        time.sleep(0.01)
    connection.close()
    return took, verdicts


def feed(producer: Producer, topic: str, rate: int, stop: threading.Event) -> int:
    """Tracking updates at `rate` a second until stopped; how many there were."""
    choose = random.Random(2)
    sent, began = 0, time.monotonic()
    while not stop.is_set():
        due = int((time.monotonic() - began) * rate)
        while sent < due:
            number = choose.randrange(ORDERS)
            key, value = record(number, choose.choice(STATUSES), sent / 10)
            producer.produce(topic, value, key)
            sent += 1
        producer.poll(0)
        time.sleep(0.002)
    producer.flush(30)
    return sent


def main() -> int:
    """Measure and print one line a rate."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rates", type=int, nargs="*", default=[0, 1000, 3000])
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--backlog", type=int, default=0, help="Records to work off meanwhile.")
    options = parser.parse_args()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    with tempfile.TemporaryDirectory() as root, KafkaServer(jvm_options=BENCHMARK_JVM) as kafka:
        deployment = Deployment(kafka.bootstrap, Path(root))
        worker = deployment.worker(http_port=port).start()
        try:
            producer = Producer({"bootstrap.servers": kafka.bootstrap, "linger.ms": 5})
            topics = deployment.topics
            for number in range(ORDERS):
                producer.produce(topics.orders, order(number), f"{number:019}")
                key, value = record(number, "ordered", 0, order_ids=[f"{number:019}"])
                producer.produce(topics.tracking, value, key)
                producer.poll(0)
            producer.flush(60)
            wait_for(lambda: deployment.lag() == 0, 120, "the history to be taken in")
            for rate in options.rates:
                stop = threading.Event()
                arguments = (producer, topics.tracking, rate, stop)
                thread = threading.Thread(target=feed, args=arguments)
                thread.start()
                took, verdicts = ask(port, options.seconds)
                stop.set()
                thread.join()
                report(f"{rate}/s", took, verdicts)
            if options.backlog:
                choose = random.Random(3)
                for number in range(options.backlog):
                    parcel = choose.randrange(ORDERS)
                    key, value = record(parcel, "in_transit", number / 100)
                    producer.produce(topics.tracking, value, key)
                    producer.poll(0)
                report("backlog", *ask(port, options.seconds))
        finally:
            worker.stop()
    return 0


def report(name: str, took: list[float], verdicts: dict[str, int]) -> None:
    """One line: how many, median, 99th percentile, greatest, in milliseconds."""
    took.sort()
    p99 = took[min(len(took) - 1, int(len(took) * 0.99))]
    print(
        f"{name:>8}: {len(took)} answers, median {statistics.median(took):.1f} ms, "
        f"p99 {p99:.1f} ms, greatest {took[-1]:.1f} ms, {verdicts}",
        flush=True,
    )


if __name__ == "__main__":
    sys.exit(main())
