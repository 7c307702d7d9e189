"""`GET /check` on two workers: either answers for every number and order, whoever owns them."""

from __future__ import annotations

import asyncio
import json
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
from confluent_kafka import Producer
from echo_worker import config_of, running, until
from kafka_server import KafkaServer
from support.builders import ANNA, BORIS, order, picked_up, upload
from support.ports import free_port

from streams.app import assemble
from streams.demo.broker import EmbeddedCluster
from streams.engine.kafka.murmur2 import partition_of
from streams.engine.kafka.topics import Topics
from streams.engine.pages.access import Access
from streams.engine.pages.guard import WORD_HEADER
from streams.engine.pages.tokens import Tokens
from streams.engine.worker.app import EngineApp
from streams.engine.worker.engine import Engine
from streams.engine.worker.peers import Home
from streams.outputs.check_answer import order_hash
from streams.profiles.loader import load

OPEN = Access()
NOW = datetime.now(UTC)
PAID = NOW - timedelta(hours=6)
UPLOADED = NOW - timedelta(hours=5)
ORDERS = [f"49200000000000{number:05}" for number in range(24)]
NUMBERS = [f"781234567{number:05}" for number in range(0, 24, 2)]


TEXT = "a text of 1 to 512 characters that is not blank"
WRONG = (
    ({"order_id": " "}, f"order_id=' ': {TEXT} is allowed"),
    ({"order_id": ""}, f"order_id='': {TEXT} is allowed"),
    ({"carrier": "a:b"}, "carrier='a:b': a text without a colon is allowed"),
    ({"tracking_number": "1" * 513}, f"tracking_number='{'1' * 60}…': {TEXT} is allowed"),
    (
        {"lang": "fr"},
        "lang: there is no such parameter; there are carrier, tracking_number, order_id",
    ),
)
"""Wrong questions, and what is said of them."""


def history(bootstrap: str, topics: Topics) -> None:
    """Every even order has a number of its own; Anna's and Boris's orders take turns."""
    producer = Producer({"bootstrap.servers": bootstrap})
    for place, order_id in enumerate(ORDERS):
        recipient = ANNA if place % 4 < 2 else BORIS
        value = order(order_id, PAID, recipient=recipient)
        producer.produce(topics.orders, json.dumps(value).encode())
    for place, number in enumerate(NUMBERS):
        value = upload(ORDERS[2 * place], UPLOADED, number)
        producer.produce(topics.tracking, json.dumps(value).encode())
        value = picked_up(UPLOADED + timedelta(hours=1), number)
        producer.produce(topics.tracking, json.dumps(value).encode())
    assert producer.flush(20) == 0


def make(
    bootstrap: str, topics: Topics, data_dir: Path, port: int, access: Access = OPEN
) -> EngineApp:
    """A worker of the whole application, served and advertised on a port."""
    config = config_of(
        {
            "app_id": topics.app_id,
            "bootstrap": bootstrap,
            "data_dir": data_dir,
            "tables": ("orders", "parcels", "tracks", "meters"),
            "tick_interval": 0.1,
            "web_address": f"http://127.0.0.1:{port}",
        }
    )
    app = assemble(config, topics, load())
    app.admit(access)
    return app


class OwningNothing:
    """An engine whose partitions are all with other workers."""

    owned = frozenset[int]()

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def __getattr__(self, name: str) -> Any:
        """Everything else is the engine's."""
        return getattr(self._engine, name)


async def ask(session: aiohttp.ClientSession, port: int, **query: str) -> tuple[int, Any]:
    """Status and JSON of a question to one worker."""
    query = {"carrier": "zto", "tracking_number": NUMBERS[0], "order_id": ORDERS[0], **query}
    url = f"http://127.0.0.1:{port}/check"
    async with session.get(url, params=query) as answer:
        return answer.status, await answer.json()


async def answered(session: aiohttp.ClientSession, port: int, **query: str) -> Any:
    """The answer, once the workers are ready to give it."""
    async with asyncio.timeout(40):
        while True:
            status, found = await ask(session, port, **query)
            if status == 200:
                return found
            assert status == 503, found
            await asyncio.sleep(0.05)


def test_any_worker_answers_for_all(kafka: KafkaServer, app_id: str, tmp_path: Path) -> None:
    """Number and order may be with either worker, in all four ways: the answers are one and right.

    The order's facts that no parcel knows of yet (it was never uploaded) cross between workers,
    which show each other their token.
    """
    token = "a-token-of-16-or-more"  # noqa: S105  of this test
    topics = Topics(
        *(f"{app_id}-{name}" for name in ("orders", "tracking", "warnings", "letters")),
        app_id,
        *(f"{app_id}-{name}" for name in ("shops", "products")),
    )
    for name in (*topics.consumed, *topics.outputs):
        kafka.create_topic(name, 4, {})
    for name in topics.changelogs:
        kafka.create_topic(name, 4, {"cleanup.policy": "compact"})
    history(kafka.bootstrap, topics)
    ports = [free_port(), free_port()]
    access = Access(tokens=Tokens([token]))
    apps = [make(kafka.bootstrap, topics, tmp_path / str(port), port, access) for port in ports]

    async def run() -> None:
        async with AsyncExitStack() as stack:
            for app, port in zip(apps, ports, strict=True):
                await stack.enter_async_context(running(app, http_port=port))
            await until(
                lambda: all(app.engine.assigned and len(app.engine.owned) == 2 for app in apps)
            )
            headers = {"Authorization": f"Bearer {token}"}
            session = await stack.enter_async_context(aiohttp.ClientSession(headers=headers))
            ways = set()
            for place, number in enumerate(NUMBERS):
                first = ORDERS[2 * place]
                for other in range(1, len(ORDERS), 4):  # odd orders never had a number
                    order_id = ORDERS[other]
                    query = {"tracking_number": number, "order_id": order_id}
                    one = await answered(session, ports[0], **query)
                    two = await answered(session, ports[1], **query)
                    assert {**one, "checked_at": ""} == {**two, "checked_at": ""}
                    same = (2 * place % 4 < 2) == (other % 4 < 2)
                    assert one["verdict"] == ("ok" if same else "block"), one
                    (use,) = one["uses"]
                    assert use["order"] == order_hash(first)
                    assert use["recipient"] == ("same" if same else "different")
                    assert first not in json.dumps(one)
                    ways.add(
                        tuple(
                            partition_of(key.encode(), 4) in apps[0].engine.owned
                            for key in (f"zto:{number}", order_id)
                        )
                    )
            assert len(ways) == 4

    asyncio.run(run())


def test_what_cannot_be_answered(tmp_path: Path) -> None:
    """Wrong questions are 400, unready owners 503 with the reason; no stranger gets an order."""
    topics = Topics(app_id="checks")
    names = [*topics.consumed, *topics.outputs, *topics.changelogs]
    port = free_port()

    async def run(app: EngineApp) -> None:
        async with running(app, http_port=port), aiohttp.ClientSession() as session:
            await until(lambda: app.engine.assigned)
            await answered(session, port)
            for query, why in WRONG:
                status, found = await ask(session, port, **query)
                assert (status, found) == (400, {"error": why})
            async with session.get(f"http://127.0.0.1:{port}/check?carrier=zto") as answer:
                assert (answer.status, await answer.json()) == (
                    400,
                    {"error": f"tracking_number is missing: {TEXT} is allowed"},
                )
            twice = f"http://127.0.0.1:{port}/check?carrier=zto&carrier=sf"
            async with session.get(twice) as answer:
                assert (answer.status, await answer.json()) == (
                    400,
                    {"error": "carrier is given 2 times: once is allowed"},
                )
            url = f"http://127.0.0.1:{port}/check/order"
            query = {"carrier": "zto", "tracking_number": "1", "order_id": ORDERS[0]}
            for headers in ({}, {WORD_HEADER: "guessed"}, {WORD_HEADER: "ü"}):
                async with session.get(url, params=query, headers=headers) as answer:
                    assert answer.status == 403
            desk: Any = app.routes[0].handler.__self__  # type: ignore[attr-defined]
            desk._engine = OwningNothing(app.engine)
            status, found = await ask(session, port)
            assert (status, "not known" in found["error"]) == (503, True)
            # Another machine's 127.0.0.1: the worker asks itself, and says what is wrong.
            home = Home(f"http://127.0.0.1:{port}", "another worker's word")
            for number in range(4):
                app.engine.peers.hear(number, 1, home)
            status, found = await ask(session, port)
            assert (status, "advertised_http" in found["error"]) == (503, True)
            silent = Home(f"http://127.0.0.1:{free_port()}", "x")
            for number in range(4):
                app.engine.peers.hear(number, 1, silent)
            status, found = await ask(session, port)
            assert (status, "does not answer" in found["error"]) == (503, True)

    with EmbeddedCluster(topics=dict.fromkeys(names, 4)) as cluster:
        history(cluster.bootstrap, topics)
        asyncio.run(run(make(cluster.bootstrap, topics, tmp_path / "w", port)))
