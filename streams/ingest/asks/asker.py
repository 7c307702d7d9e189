"""Asks platforms for the orders that are wished for, and publishes what they say.

A wish ends when what came of it is on Kafka: records of the order, or a dead letter. What is not
ended when the service is, another one reads from the topic and asks for again.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from streams.engine.kafka.topics import Topics
from streams.ingest.asks.answers import Standing, letter, read, versions
from streams.ingest.asks.client import Client
from streams.ingest.asks.line import FeedLine, Order, backoff
from streams.ingest.feeds import Key, NamedFeed
from streams.ingest.publisher import NeverTaken, NotTaken, Outgoing, Publisher
from streams.ingest.records import record_of
from streams.inputs.sources.payload import Outcome, Refusal
from streams.telemetry import metrics
from streams.telemetry.events import Limited, event
from streams.telemetry.secret_files import NoSecret

log = logging.getLogger(__name__)

MOST = 50_000
"""Wishes in memory; while there are as many the topic is not read on."""

LOOK_S = 5.0
"""Between two looks at tokens that were refused."""

_AGAIN_S = 1.0
"""Between two tries to publish."""

STRANGERS: Key = ("other", "other")
"""What the metrics call feeds that nobody here asks for."""

_ENDED = {"not_found", "refused", "unreadable"}
"""Outcomes that asking again would not change."""


@dataclass(slots=True)
class Change:
    """A record of the topic: a wish, or (`standing` None) the end of the one with this key."""

    key: bytes
    standing: Standing | None


class Asker:
    """The wishes of the partitions that are this service's, asked for feed by feed."""

    def __init__(
        self,
        feeds: Mapping[Key, NamedFeed],
        publisher: Publisher,
        topics: Topics,
        letter_bytes: int,
        now: Callable[[], datetime],
    ) -> None:
        """`letter_bytes` is the most that a dead letter may have."""
        self._feeds = {key: feed for key, feed in feeds.items() if feed.asking is not None}
        self._publisher = publisher
        self._topics = topics
        self._letter_bytes = letter_bytes
        self._now = now
        self._lines = {
            key: FeedLine(feed.asking) for key, feed in feeds.items() if feed.asking is not None
        }
        self._orders: dict[tuple[Key, str], Order] = {}
        self._keys: dict[bytes, tuple[Key, str]] = {}
        self._strange = 0
        """Wishes of STRANGERS."""
        self._read_on: set[int] = set()
        """Partitions that were read to their end once: of others, ends may be still to come."""
        self._limited = Limited(10.0)
        for source, name in self._lines:
            for outcome in metrics.INGEST_ASK_OUTCOMES:
                metrics.INGEST_ASKS.labels(source, name, outcome)

    @property
    def full(self) -> bool:
        """Whether the topic is not to be read on for now."""
        return len(self._keys) - self._strange >= MOST

    def take(self, partition: int, changes: Sequence[Change], *, at_end: bool) -> None:
        """What was read on; `at_end`: there was no more then."""
        for each in changes:
            if each.standing is None:
                self._forget([each.key])
            else:
                self._know(each.key, each.standing)
        if (at_end or self.full) and partition not in self._read_on:
            self._read_on.add(partition)
            for place, order in self._orders.items():
                self._put(place, order)

    def lost(self, partitions: Iterable[int]) -> None:
        """These partitions are another service's now."""
        gone = set(partitions)
        self._read_on -= gone
        self._forget(
            [
                key
                for key, place in self._keys.items()
                if self._orders[place].wishes[key].partition in gone
            ]
        )

    async def run(self) -> None:
        """Ask until cancelled."""
        async with Client() as client, asyncio.TaskGroup() as group:
            for key, line in self._lines.items():
                group.create_task(self._serve(client, group, self._feeds[key], line))
            group.create_task(self._measure())

    async def _serve(
        self, client: Client, group: asyncio.TaskGroup, feed: NamedFeed, line: FeedLine
    ) -> None:
        loop = asyncio.get_running_loop()
        while True:
            line.look()
            order = line.next(loop.time())
            if order is None:
                line.changed.clear()
                with suppress(TimeoutError):
                    wait = min(line.wait(loop.time()), LOOK_S)
                    await asyncio.wait_for(line.changed.wait(), max(wait, 0.001))
            elif order.wishes:
                line.under_way += 1
                group.create_task(self._ask(client, feed, line, order))
            else:
                order.queued = False

    async def _ask(self, client: Client, feed: NamedFeed, line: FeedLine, order: Order) -> None:
        loop = asyncio.get_running_loop()
        due = loop.time()
        try:
            due = await self._asked(client, feed, line, order)
        except Exception:
            # A fault of ours: the other orders are asked for, and this one again.
            order.failures += 1
            due = loop.time() + backoff(order.failures)
            log.exception(
                "%(source)s/%(feed)s: asking for an order failed",
                event("ingest_ask_broken", source=feed.source.name, feed=feed.name),
            )
        finally:
            line.under_way -= 1
            order.queued = False
            if order.wishes:
                line.put(order, due)
            line.changed.set()

    async def _asked(self, client: Client, feed: NamedFeed, line: FeedLine, order: Order) -> float:
        """Ask once for an order, and end the wishes that were there then where that is the end of
        them; else say when it is to be asked for again."""
        loop = asyncio.get_running_loop()
        wishes, began = [*order.wishes.values()], time.perf_counter()
        newest = max(wishes, key=lambda each: each.timestamp_ms)
        try:
            who = line.asking.credentials()
        except NoSecret as error:
            self._count(feed, "denied", str(error))
            return line.hold(loop.time(), line.asking.who)
        reply = await client.ask(line.asking, who, order.order_id, self._now())
        metrics.INGEST_ASK_SECONDS.observe((time.perf_counter() - began,), feed.source.name)
        if reply.outcome in ("throttled", "denied"):
            self._count(feed, reply.outcome, reply.code)
            denied = who if reply.outcome == "denied" else None
            return line.hold(loop.time(), denied)
        if reply.outcome in ("unanswered", "failed"):
            self._count(feed, reply.outcome, reply.code)
            order.failures += 1
            if order.failures <= line.asking.retries:
                return loop.time() + backoff(order.failures)
            self._count(feed, "given_up", reply.code)
            why = f"asked for {order.failures} times, the last answer was {reply.code}"
            outcome = Outcome(refusals=[Refusal("given_up", why)])
        elif reply.outcome in _ENDED:
            line.let_go()
            self._count(feed, reply.outcome, reply.code)
            outcome = Outcome(refusals=[Refusal(reply.outcome, f"the answer was {reply.code}")])
        else:
            line.let_go()
            outcome = read(feed, newest.wish, reply.body, self._now())
            if not (outcome.messages or outcome.refusals or outcome.passed):
                outcome.refuse("not_found", "the answer has no order")
            self._count(feed, self._named(outcome), "")
        await self._publish(feed, wishes, newest, outcome)
        order.failures = 0
        return loop.time()

    @staticmethod
    def _named(outcome: Outcome) -> str:
        """What metrics call an answer that was read: `unreadable`, in part too."""
        if not outcome.refusals:
            return "answered"
        return "not_found" if outcome.refusals[0].reason == "not_found" else "unreadable"

    async def _publish(
        self, feed: NamedFeed, wishes: Sequence[Standing], newest: Standing, outcome: Outcome
    ) -> None:
        """Have on Kafka what came of wishes, and then that they are ended."""
        messages = versions(outcome.messages, [each.wish for each in wishes])
        records = [record_of(message, feed, self._topics) for message in messages]
        refusals = list(outcome.refusals)
        try:
            await self._until_taken(feed, [*records, *self._letters(newest, refusals)])
        except NeverTaken as error:
            refusals.insert(0, Refusal("too_large" if error.too_large else "refused", str(error)))
            await self._until_taken(feed, self._letters(newest, refusals))
        else:
            for record in records:
                metrics.INGEST_RECORDS.labels(feed.source.name, record.topic).inc()
        for reason, number in outcome.passed.items():
            metrics.INGEST_PASSED.labels(feed.source.name, reason).inc(number)
        ends = [Outgoing(self._topics.wanted, each.key, None) for each in wishes]
        await self._until_taken(feed, ends)
        self._forget(each.key for each in wishes)

    def _letters(self, standing: Standing, refusals: Sequence[Refusal]) -> list[Outgoing]:
        if not refusals:
            return []
        return [letter(self._topics, standing, refusals, self._now(), self._letter_bytes)]

    async def _until_taken(self, feed: NamedFeed, records: Sequence[Outgoing]) -> None:
        """Publish until Kafka has it. Raises NeverTaken."""
        while True:
            try:
                return await self._publisher.publish(records)
            except NotTaken as error:
                left_out = self._limited.admit(f"not taken {feed.source.name}/{feed.name}")
                if left_out is not None:
                    log.warning(
                        "%(source)s/%(feed)s: an answer is not on Kafka yet: %(why)s",
                        event(
                            "ingest_answer_not_taken",
                            source=feed.source.name,
                            feed=feed.name,
                            why=str(error),
                            left_out=left_out,
                        ),
                    )
                await asyncio.sleep(_AGAIN_S)

    def _know(self, key: bytes, standing: Standing) -> None:
        feed = standing.wish.source, standing.wish.feed
        if feed not in self._lines:
            if (left_out := self._limited.admit("strangers")) is not None:
                log.warning(
                    "an order waits that no feed here asks for; %(left_out)d more were left out",
                    event("ingest_asks_of_nobody", left_out=left_out),
                )
            if self._strange >= MOST:
                return
            feed = STRANGERS
        place = feed, standing.wish.order_id
        if self._keys.get(key) != place:  # else it is the same wish, again
            self._forget([key])
            self._strange += feed == STRANGERS
        order = self._orders.setdefault(place, Order(standing.wish.order_id))
        order.wishes[key] = standing
        self._keys[key] = place
        if standing.partition in self._read_on:
            self._put(place, order)

    def _put(self, place: tuple[Key, str], order: Order) -> None:
        line = self._lines.get(place[0])
        if line is not None and not order.queued:
            line.put(order, asyncio.get_running_loop().time())

    def _forget(self, keys: Iterable[bytes]) -> None:
        for key in keys:
            place = self._keys.pop(key, None)
            if place is not None:
                self._strange -= place[0] == STRANGERS
                order = self._orders[place]
                del order.wishes[key]
                if not order.wishes:
                    del self._orders[place]

    def _count(self, feed: NamedFeed, outcome: str, code: str) -> None:
        metrics.INGEST_ASKS.labels(*feed.key, outcome).inc()
        if outcome == "answered":
            return
        left_out = self._limited.admit(f"{outcome} {feed.source.name}/{feed.name}")
        if left_out is not None:
            log.warning(
                "%(source)s/%(feed)s: an order was asked for: %(outcome)s %(code)s",
                event(
                    "ingest_ask_failed",
                    source=feed.source.name,
                    feed=feed.name,
                    outcome=outcome,
                    code=code,
                    left_out=left_out,
                ),
            )

    async def _measure(self) -> None:
        """Say again and again how many wait, and since when."""
        while True:
            oldest: dict[Key, int] = {}
            number = dict.fromkeys([*self._lines, STRANGERS], 0)
            for (feed, _), order in self._orders.items():
                since = min(each.timestamp_ms for each in order.wishes.values())
                oldest[feed] = min(oldest.get(feed, since), since)
                number[feed] += 1
            now = self._now().timestamp()
            for feed, waiting in number.items():
                age = max(0.0, now - oldest[feed] / 1000) if waiting else 0.0
                metrics.INGEST_ASKS_WAITING.labels(*feed).set(waiting)
                metrics.INGEST_ASKS_OLDEST.labels(*feed).set(age)
            await asyncio.sleep(1.0)
