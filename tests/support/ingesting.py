"""The ingest service in this process, over an embedded cluster, and who sends it requests."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import aiohttp
from confluent_kafka import Consumer, TopicPartition
from prometheus_client import REGISTRY
from support.ports import free_port

from streams.ingest.feeds import Key, NamedFeed, load_feeds
from streams.ingest.service import run
from streams.settings import Settings

ORDERS, TRACKING, LETTERS = "order-paid", "tracking-update", "shipment-dead-letters"
UPLOADS = "shipsentry-uploads"
WANTED = "shipsentry-wanted-orders"


class Answer(NamedTuple):
    """What came back."""

    status: int
    text: str
    content_type: str


class Sent(NamedTuple):
    """A record on a topic."""

    key: str
    value: Any
    timestamp_ms: int
    partition: int


class Cluster(Protocol):
    """A broker of either kind."""

    @property
    def bootstrap(self) -> str:
        """Where it is reached."""


class Service:
    """A running service: its addresses, and what it put on Kafka."""

    def __init__(self, port: int, bootstrap: str, session: aiohttp.ClientSession) -> None:
        self.port = port
        self.bootstrap = bootstrap
        self.stop = asyncio.Event()
        self._session = session

    async def ready(self) -> bool:
        """What its probe says."""
        try:
            return (await self.send("/readyz", method="GET")).status == 200
        except aiohttp.ClientError:
            return False

    async def send(
        self,
        path: str,
        body: bytes = b"",
        *,
        method: str = "POST",
        headers: Mapping[str, str] | None = None,
        query: Mapping[str, str] | None = None,
    ) -> Answer:
        """Send a request."""
        url = f"http://127.0.0.1:{self.port}{path}"
        async with self._session.request(
            method, url, data=body, headers=headers, params=query
        ) as answer:
            return Answer(answer.status, await answer.text(), answer.content_type)

    async def records(self, topic: str) -> list[Sent]:
        """What is on a topic, each partition in its order."""
        return await asyncio.to_thread(records, self.bootstrap, topic)


def records(bootstrap: str, topic: str) -> list[Sent]:
    """Every record of a topic, values as JSON."""
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": "none"})
    try:
        found = consumer.list_topics(topic, timeout=10).topics[topic]
        spans = {
            number: consumer.get_watermark_offsets(TopicPartition(topic, number), timeout=10)
            for number in found.partitions
        }
        consumer.assign([TopicPartition(topic, each, low) for each, (low, _) in spans.items()])
        wanted = sum(high - low for low, high in spans.values())
        read: list[Sent] = []
        while len(read) < wanted:
            message = consumer.poll(10)
            assert message is not None
            assert message.error() is None, message.error()
            value = message.value()
            read.append(
                Sent(
                    (message.key() or b"").decode(),
                    None if value is None else json.loads(value),
                    message.timestamp()[1],
                    message.partition() or 0,
                )
            )
        return read
    finally:
        consumer.close()


def outcome(feed: str, outcome: str) -> float:
    """How many requests of a feed (`source/name`) ended so, since the process began."""
    source, name = feed.split("/")
    labels = {"source": source, "feed": name, "outcome": outcome}
    return REGISTRY.get_sample_value("shipsentry_ingest_requests_total", labels) or 0.0


def feeds_of(directory: Path, text: str, **secrets: str) -> dict[Key, NamedFeed]:
    """The feeds of a file, secrets by variable."""
    file = directory / "feeds.toml"
    file.write_text(text, encoding="utf-8")
    return load_feeds(file, secrets)


@asynccontextmanager
async def service(
    cluster: Cluster,
    feeds: Mapping[Key, NamedFeed],
    *,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
    **settings: Any,
) -> AsyncIterator[Service]:
    """A service that is ready."""
    port = free_port()
    given = Settings(bootstrap_servers=cluster.bootstrap, ingest_port=port, **settings)
    connector = aiohttp.TCPConnector(limit=0, force_close=True)
    async with aiohttp.ClientSession(connector=connector) as session:
        found = Service(port, cluster.bootstrap, session)
        running = asyncio.create_task(run(given, feeds, stop=found.stop, now=now))

        async def ready() -> bool:
            assert not running.done(), running.exception()
            return await found.ready()

        try:
            await until(ready)
            yield found
        finally:
            found.stop.set()
            await running


async def until(holds: Callable[[], Awaitable[bool]], seconds: float = 30) -> None:
    """Return once something holds; a test that waits longer fails."""
    async with asyncio.timeout(seconds):
        while True:
            if await holds():
                return
            await asyncio.sleep(0.02)
