"""The service: requests in, until a signal; what was begun is finished first."""

from __future__ import annotations

import asyncio
import logging
import signal
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from ipaddress import ip_network
from typing import Any

from aiohttp import web

from streams.engine.pages.serving import serve
from streams.ingest.asks.asker import Asker
from streams.ingest.asks.follower import Follower
from streams.ingest.feeds import Key, NamedFeed
from streams.ingest.intake import Bounds, Intake
from streams.ingest.publisher import Publisher
from streams.ingest.uploads import Uploads
from streams.settings import Settings
from streams.telemetry.events import event

log = logging.getLogger(__name__)

_LOOK_SECONDS = 3.0
"""Between two looks at Kafka."""

_GOODBYE_MORE = 2.0
"""Seconds beyond the deadline that requests in hand may take when the service ends."""


_OF_DEADLINE = 0.8
"""Kafka's share of a request's deadline: the rest is for the answer."""


def _now() -> datetime:
    return datetime.now(UTC)


class Readiness:
    """Whether requests can be taken: Kafka was reached lately, and the service does not end."""

    def __init__(self, publisher: Publisher, topics: tuple[str, ...]) -> None:
        self._publisher = publisher
        self._topics = topics
        self._problem: str | None = "Kafka was not asked yet"
        self._said: str | None = None

    def ready(self) -> str | None:
        """None, or what is in the way."""
        return self._problem

    def ends(self) -> None:
        """From now on nothing more is to be sent here."""
        self._problem = "the service ends"

    async def watch(self) -> None:
        """Look again and again."""
        while True:
            await self.look()
            await asyncio.sleep(_LOOK_SECONDS)

    async def look(self) -> None:
        """Ask Kafka whether the topics can be written."""
        self._problem = await self._publisher.missing(self._topics)
        if self._problem != self._said:
            self._said = self._problem
            if self._problem is None:
                log.info("Kafka is reached", event("ingest_ready"))
            else:
                log.warning(
                    "not ready: %(problem)s", event("ingest_not_ready", problem=self._problem)
                )


async def run(
    settings: Settings,
    feeds: Mapping[Key, NamedFeed],
    *,
    stop: asyncio.Event | None = None,
    signals: bool = False,
    now: Callable[[], datetime] = _now,
) -> None:
    """Take requests until `stop`, or with `signals` until SIGTERM or SIGINT.

    `now` says when requests arrive. Raises CannotServe, SettingsError.
    """
    stop = stop or asyncio.Event()
    if signals:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop.set)
    publisher = Publisher(
        settings.bootstrap_servers,
        settings.librdkafka_security,
        timeout=settings.ingest_deadline_s * _OF_DEADLINE,
        message_max_bytes=settings.message_max_bytes,
    )
    servers = {"bootstrap.servers": settings.bootstrap_servers}
    client = {**servers, **settings.librdkafka_security}
    uploads = None
    if any(feed.source.remembers for feed in feeds.values()):
        uploads = Uploads(settings.topics().uploads, client)
    _say_who_is_not_asked(feeds)
    try:
        async with _asking(settings, feeds, publisher, client, now):
            await _serve(settings, feeds, publisher, uploads, stop, now)
    finally:
        await publisher.close()
        if uploads is not None:
            await uploads.close()
    log.info("ended: what was taken is on Kafka", event("ingest_ended"))


def _say_who_is_not_asked(feeds: Mapping[Key, NamedFeed]) -> None:
    """Say once of each feed whose platform knows more than it pushes, and is not asked."""
    for (source, name), feed in feeds.items():
        if feed.source.api is not None and feed.asking is None:
            log.warning(
                "%(source)s/%(feed)s: its platform is not asked for orders: what its requests do "
                "not say is missing: %(missing)s",
                event("ingest_not_asked", source=source, feed=name, missing=feed.source.api.says),
            )


@asynccontextmanager
async def _asking(
    settings: Settings,
    feeds: Mapping[Key, NamedFeed],
    publisher: Publisher,
    client: Mapping[str, Any],
    now: Callable[[], datetime],
) -> AsyncIterator[None]:
    """Ask platforms for orders meanwhile, where any feed's is asked."""
    if all(feed.asking is None for feed in feeds.values()):
        yield
        return
    topics = settings.topics()
    asker = Asker(feeds, publisher, topics, _letter_bytes(settings), now)
    session = int(settings.session_timeout_s * 1000)
    membership = {
        "group.id": f"{settings.app_id}-ingest",
        "session.timeout.ms": session,
        "heartbeat.interval.ms": int(settings.heartbeat_s * 1000),
        "max.poll.interval.ms": max(session, 300_000),
    }
    follower = Follower(topics.wanted, {**client, **membership}, asker)
    asks = asyncio.create_task(asker.run())
    try:
        yield
    finally:
        asks.cancel()
        with suppress(asyncio.CancelledError):
            await asks
        await follower.close()


def _letter_bytes(settings: Settings) -> int:
    """The most that a dead letter may have; 0: it has no bodies."""
    return settings.message_max_bytes if settings.dead_letter_values else 0


async def _serve(
    settings: Settings,
    feeds: Mapping[Key, NamedFeed],
    publisher: Publisher,
    uploads: Uploads | None,
    stop: asyncio.Event,
    now: Callable[[], datetime],
) -> None:
    names = settings.topics()
    bounds = Bounds(
        deadline=settings.ingest_deadline_s,
        at_once=settings.ingest_at_once,
        letter_bytes=_letter_bytes(settings),
        proxies=tuple(ip_network(each) for each in settings.ingest_proxies),
    )
    written = [names.orders, names.tracking, names.dead_letters]
    if uploads is not None:
        written.append(names.uploads)
    if any(feed.asking is not None for feed in feeds.values()):
        written.append(names.wanted)
    readiness = Readiness(publisher, tuple(written))
    intake = Intake(feeds, publisher, names, bounds, now, uploads)
    application = web.Application(client_max_size=settings.ingest_max_body_bytes)
    for method in ("GET", "POST"):
        application.router.add_route(method, "/in/{source}/{name}", intake.handle)
    runner = await serve(
        settings.ingest_host,
        settings.ingest_port,
        alive=lambda: None,
        ready=readiness.ready,
        access=settings.access(),
        application=application,
        goodbye=settings.ingest_deadline_s + _GOODBYE_MORE,
        for_nobody=True,
    )
    assert runner is not None  # noqa: S101  the port is never 0
    watch = asyncio.create_task(readiness.watch())
    try:
        await stop.wait()
    finally:
        watch.cancel()
        with suppress(asyncio.CancelledError):
            await watch
        readiness.ends()
        await runner.cleanup()
