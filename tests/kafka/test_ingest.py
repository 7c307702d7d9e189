"""The ingest service as a process on a real Kafka: killed under load, and before a worker."""

from __future__ import annotations

import asyncio
import hashlib
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from urllib.request import urlopen

import aiohttp
from kafka_server import KafkaServer
from support.ports import free_port
from support.running import Deployment, Worker, wait_for

SALT, APP_KEY, APP_SECRET = "a-salt-of-ours", "an-app-key", "an-app-secret"
FEEDS = """
[[feed]]
source = "kuaidi100"
name = "main"
secret_env = "SALT"

[[feed]]
source = "douyin"
name = "shop"
secret_env = "APP_SECRET"
app_key = "an-app-key"
shop_id = "s-1"
"""
PARCEL = "78000000000001"
PER_SECOND = 200
KILLED_AFTER = 150
"""Pushes taken, of twice as many that are sent."""


@contextmanager
def ingest(deployment: Deployment, port: int) -> Iterator[Worker]:
    """The service on a port, ready."""
    feeds = deployment.root / "feeds.toml"
    feeds.write_text(FEEDS)
    environment = {
        **deployment.environment(),
        "SHIPSENTRY_INGEST_PORT": str(port),
        "SALT": SALT,
        "APP_SECRET": APP_SECRET,
    }
    program = ("-m", "streams.cli", "ingest", "--feeds", str(feeds))
    service = Worker(environment, deployment.root, deployment.root / "ingest.log", program).start()

    def ready() -> bool:
        assert service.is_running(), service.tail()
        try:
            with urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    try:
        wait_for(ready, 30, service.tail)
        yield service
    finally:
        service.kill()


def push(number: int) -> bytes:
    """A push of Kuaidi100 about a parcel, signed."""
    line = {"ftime": "2026-11-25 10:00:00", "context": "【杭州市】已收件", "statusCode": "1"}
    param = json.dumps({"lastResult": {"com": "zhongtong", "nu": f"78{number}", "data": [line]}})
    sign = hashlib.md5((param + SALT).encode(), usedforsecurity=False).hexdigest().upper()
    return urlencode({"param": param, "sign": sign}).encode()


class Sender:
    """Sends pushes at a steady rate, whatever becomes of them, and notes which were taken."""

    def __init__(self, port: int) -> None:
        self._url = f"http://127.0.0.1:{port}/in/kuaidi100/main"
        self.taken: set[int] = set()

    async def send(self, number: int, session: aiohttp.ClientSession) -> None:
        """Send one push, once."""
        try:
            async with session.post(self._url, data=push(number)) as answer:
                if answer.status == 200 and (await answer.json())["result"] is True:
                    self.taken.add(number)
        except aiohttp.ClientError:
            return

    async def run(self, service: Worker) -> None:
        """Send all; kill the service once KILLED_AFTER of them are taken."""
        began = asyncio.get_running_loop().time()
        killed = False
        async with aiohttp.ClientSession() as session, asyncio.TaskGroup() as group:
            for number in range(2 * KILLED_AFTER):
                due = began + number / PER_SECOND
                await asyncio.sleep(max(0.0, due - asyncio.get_running_loop().time()))
                group.create_task(self.send(number, session))
                if not killed and len(self.taken) >= KILLED_AFTER:
                    service.kill()
                    killed = True
        assert killed


def numbers_on(deployment: Deployment) -> dict[int, set[bytes]]:
    """The parcels on the topic, each with the different records about it."""
    found: dict[int, set[bytes]] = {}
    for _, value in deployment.read(deployment.topics.tracking):
        assert value is not None
        number = int(json.loads(value)["tracking_number"].removeprefix("78"))
        found.setdefault(number, set()).add(value)
    return found


def test_what_was_taken_before_a_kill_is_on_kafka(kafka: KafkaServer, tmp_path: Path) -> None:
    """And what was not is there after the source has sent it again, once for the contract."""
    deployment = Deployment(kafka.bootstrap, tmp_path)
    port = free_port()
    sender = Sender(port)
    with ingest(deployment, port) as service:
        asyncio.run(sender.run(service))
    assert KILLED_AFTER <= len(sender.taken) < 2 * KILLED_AFTER
    assert sender.taken <= numbers_on(deployment).keys()

    async def again() -> None:
        async with aiohttp.ClientSession() as session:
            await asyncio.gather(*(sender.send(each, session) for each in missing))

    missing = set(range(2 * KILLED_AFTER)) - sender.taken
    with ingest(deployment, port) as service:
        asyncio.run(again())
        assert service.stop() == 0
    found = numbers_on(deployment)
    assert sender.taken == found.keys() == set(range(2 * KILLED_AFTER))
    assert all(len(records) == 1 for records in found.values())


def test_a_push_becomes_a_warning(kafka: KafkaServer, tmp_path: Path) -> None:
    """A marketplace says that an order was paid and a number given to it; nobody picks it up."""
    deployment = Deployment(kafka.bootstrap, tmp_path)
    port, hour, now = free_port(), 3600, int(time.time())
    logistics = {"express_company_id": "zhongtong", "logistics_code": PARCEL}
    data = [
        ("101", {"p_id": 69176, "shop_id": 1, "pay_time": now - 40 * hour, "pay_amount": 990}),
        ("102", {"p_id": 69176, "shop_id": 1, "update_time": now - 30 * hour}),
    ]
    data[1][1]["logistics_msg"] = logistics
    body = json.dumps([{"tag": tag, "data": json.dumps(each)} for tag, each in data]).encode()
    sign = hashlib.md5(APP_KEY.encode() + body + APP_SECRET.encode(), usedforsecurity=False)

    async def send() -> int:
        url = f"http://127.0.0.1:{port}/in/douyin/shop"
        headers = {"event-sign": sign.hexdigest(), "app-id": APP_KEY}
        async with (
            aiohttp.ClientSession() as session,
            session.post(url, data=body, headers=headers) as answer,
        ):
            return answer.status

    def about(warning: dict[str, Any]) -> bool:
        return (warning["rule"], warning["tracking_number"]) == ("pickup_overdue", PARCEL)

    with ingest(deployment, port):
        assert asyncio.run(send()) == 200
    worker = deployment.worker().start()
    try:
        wait_for(lambda: any(map(about, deployment.newest().values())), 60, worker.tail)
    finally:
        worker.kill()
