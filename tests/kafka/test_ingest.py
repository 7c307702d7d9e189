"""The ingest service as a process on a real Kafka: killed under load, and before a worker."""

from __future__ import annotations

import asyncio
import hashlib
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from urllib.request import urlopen

import aiohttp
from kafka_server import KafkaServer
from support.ingesting import service, until
from support.platforms import APP_KEY, APP_SECRET, TOKEN, platforms
from support.ports import free_port
from support.pushes import ARRIVED_AT, PUSHES, messages
from support.replaying import replay, standing
from support.running import Deployment, Worker, wait_for

from streams.inputs.sources.registry import SOURCES

SALT = "a-salt-of-ours"
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


ASKED = """
[feed.api]
address = "{address}"
token_env = "TOKEN"
"""
"""Behind the feed of Douyin."""


@contextmanager
def ingest(deployment: Deployment, port: int, more: str = "", **settings: str) -> Iterator[Worker]:
    """The service on a port, ready; `more` stands behind its feeds."""
    feeds = deployment.root / "feeds.toml"
    feeds.write_text(FEEDS + more)
    environment = {
        **deployment.environment(),
        **settings,
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
    with ingest(deployment, port) as process:
        asyncio.run(sender.run(process))
    assert KILLED_AFTER <= len(sender.taken) < 2 * KILLED_AFTER
    assert sender.taken <= numbers_on(deployment).keys()

    async def again() -> None:
        async with aiohttp.ClientSession() as session:
            await asyncio.gather(*(sender.send(each, session) for each in missing))

    missing = set(range(2 * KILLED_AFTER)) - sender.taken
    with ingest(deployment, port) as process:
        asyncio.run(again())
        assert process.stop() == 0
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


def test_an_order_is_asked_for_whoever_is_killed(kafka: KafkaServer, tmp_path: Path) -> None:
    """A service is killed while the platform thinks; the next one asks again."""
    deployment = Deployment(kafka.bootstrap, tmp_path)
    port, order_id, paid = free_port(), "4781320682406083640", int(time.time()) - 60
    data = {"p_id": int(order_id), "shop_id": 1, "pay_time": paid, "pay_amount": 990}
    body = json.dumps([{"tag": "101", "data": json.dumps(data)}]).encode()
    text = APP_KEY.encode() + body + APP_SECRET.encode()
    sign = hashlib.md5(text, usedforsecurity=False).hexdigest()
    quick = {
        "SHIPSENTRY_SESSION_TIMEOUT_S": "6",
        "SHIPSENTRY_HEARTBEAT_S": "1",
        "SHIPSENTRY_DELIVERY_TIMEOUT_S": "4",
        "TOKEN": TOKEN,
    }

    async def scenario() -> None:
        async with platforms() as asked, aiohttp.ClientSession() as session:
            asked.script.append(asyncio.Event())
            asked.paid = asked.updated = paid
            more = ASKED.format(address=asked.address)

            async def begun() -> bool:
                return bool(asked.asked)

            async def answered() -> bool:
                wishes = await asyncio.to_thread(deployment.read, deployment.topics.wanted)
                return any(value is None for _, value in wishes)

            with ingest(deployment, port, more, **quick) as process:
                url = f"http://127.0.0.1:{port}/in/douyin/shop"
                headers = {"event-sign": sign, "app-id": APP_KEY}
                async with session.post(url, data=body, headers=headers) as answer:
                    assert answer.status == 200
                await until(begun)
                process.kill()
            with ingest(deployment, port, more, **quick):
                await until(answered, 60)
            assert asked.asked == [("douyin", order_id)] * 2

    asyncio.run(scenario())
    orders = [json.loads(value or b"{}") for _, value in deployment.read(deployment.topics.orders)]
    assert any("promised_ship_by" in order for order in orders)


EARLY = {"wechat": "3705115058471200001", "shopify": "450780001"}
"""Sources whose payloads bring no warning alone: what counts is when their order was paid."""
STARTED = datetime(2026, 11, 18, tzinfo=UTC)


def beside(sent: list[Any]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """An order and an early upload for each parcel that a payload names.

    And a parcel for each of EARLY, picked up before its order was paid.
    """
    named = [one["value"] for one in sent if one["topic"] == "tracking-update"]
    parcels = {(one["carrier"], one["tracking_number"]) for one in named}
    orders: list[dict[str, Any]] = []
    uploads: list[dict[str, Any]] = []
    for platform, order_id in EARLY.items():
        early = {"carrier": "zto", "tracking_number": f"78{order_id[-12:]:0>12}"}
        early |= {"occurred_at": STARTED.isoformat()}
        uploads.append(
            {**early, "status": "ordered", "order_ids": [order_id], "platform": platform}
        )
        uploads.append({**early, "status": "picked_up"})
    for number, (carrier, tracking_number) in enumerate(sorted(parcels)):
        whose = {"shop_id": "beside", "platform": "douyin"}
        orders.append({"order_id": f"beside-{number}", "paid_at": STARTED.isoformat(), **whose})
        uploads.append(
            {
                "carrier": carrier,
                "tracking_number": tracking_number,
                "status": "ordered",
                "occurred_at": (STARTED + timedelta(hours=1)).isoformat(),
                "order_ids": [f"beside-{number}"],
                **whose,
            }
        )
    return orders, uploads


def replayed(directory: Path, orders: list[Any], tracking: list[Any]) -> list[dict[str, Any]]:
    """The warnings that `shipsentry replay` says stand now."""
    program = [sys.executable, "-m", "streams.cli", "replay"]
    for name, values in (("orders", orders), ("tracking", tracking)):
        file = directory / f"{name}.jsonl"
        file.write_text("".join(json.dumps(each) + "\n" for each in values), encoding="utf-8")
        program += [f"--{name}", str(file)]
    program += ["--until", datetime.now(UTC).isoformat()]
    run = subprocess.run(program, capture_output=True, text=True, check=True)
    found = map(json.loads, run.stdout.splitlines())
    return standing({warning["warning_id"]: warning for warning in found})


def without_effect(orders: list[Any], uploads: list[Any]) -> set[str]:
    """The sources without whose messages the same warnings would stand."""
    now = datetime.now(UTC)

    def judged(left_out: str | None) -> list[dict[str, Any]]:
        values: dict[str, list[Any]] = {"order-paid": [*orders], "tracking-update": [*uploads]}
        for push in PUSHES:
            for topic, _, value in messages(push):
                if push.feed.source.name != left_out and value is not None:
                    values[topic].append(value)
        return standing(replay(values["order-paid"], values["tracking-update"], now)[0])

    everything = judged(None)
    return {name for name in SOURCES if judged(name) == everything}


def test_every_source_comes_to_the_warnings_of_replay(kafka: KafkaServer, tmp_path: Path) -> None:
    """All genuine payloads by HTTP; without any one source others would stand."""
    deployment = Deployment(kafka.bootstrap, tmp_path)
    sent = [one for push in PUSHES for one in push.expected if "topic" in one]
    orders, uploads = beside(sent)
    deployment.produce(orders, uploads)
    names = deployment.settings.model_dump(exclude_defaults=True, exclude={"bootstrap_servers"})

    async def push_all() -> None:
        feeds = {push.feed.key: push.feed for push in PUSHES}
        async with service(kafka, feeds, now=lambda: ARRIVED_AT, **names) as running:
            for push in PUSHES:
                answer = await running.send(
                    push.address, push.body, headers=push.options.headers, query=push.options.query
                )
                assert answer.status == push.feed.source.taken.status, push.address

    asyncio.run(push_all())
    of = {
        topic: [
            one if one["value"] is None else one["value"] for one in sent if one["topic"] == topic
        ]
        for topic in ("order-paid", "tracking-update")
    }
    worker = deployment.worker().start()
    try:
        wanted = replayed(tmp_path, orders + of["order-paid"], uploads + of["tracking-update"])
        deployment.wait_for_standing(wanted)
    finally:
        worker.kill()
    assert without_effect(orders, uploads) == set()
