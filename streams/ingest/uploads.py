"""Numbers that later requests only refer to: remembered in a compacted topic, followed by all.

Whoever asks for one first reads everything that is there by then, so it does not matter which
service took the request that told of it.
"""

from __future__ import annotations

import asyncio
import json
import logging
import threading
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

from streams.ingest.feeds import Key
from streams.ingest.publisher import NotTaken, Outgoing
from streams.telemetry.events import Limited, event

log = logging.getLogger(__name__)

MOST = 200_000
"""Numbers in memory; the ones that were told first are forgotten."""

Upload = Mapping[str, str]
"""A carrier and a number, as their source writes them."""

_POLL_SECONDS = 0.05
_ASK_SECONDS = 2.0


class Uploads:
    """Follows the topic in a thread of its own."""

    def __init__(self, topic: str, client: Mapping[str, Any], most: int = MOST) -> None:
        """`client` has what librdkafka needs to connect."""
        self._topic = topic
        self._most = most
        self._client = client
        self._known: dict[str, Upload] = {}
        self._next: dict[int, int] = {}
        self._asked: list[_Question] = []
        self._lock = threading.Lock()
        self._ends = threading.Event()
        self._limited = Limited(10.0)
        self._thread = threading.Thread(target=self._follow, name="uploads", daemon=True)
        self._thread.start()

    def lookup(self, feed: Key) -> Lookup:
        """What is known of a feed."""
        return Lookup(self._known, _key(feed, ""))

    def records(self, feed: Key, uploads: Mapping[str, Upload]) -> list[Outgoing]:
        """What is to be published for others, and after a restart for this one, to know it."""
        return [
            Outgoing(self._topic, _key(feed, name).encode("utf-8", "replace"), _value(each))
            for name, each in uploads.items()
        ]

    async def caught_up(self, seconds: float) -> None:
        """Return once all is read that is on the topic now. Raises NotTaken after so long."""
        question = _Question()
        with self._lock:
            self._asked.append(question)
        try:
            await asyncio.wait_for(question.done, seconds)
        except TimeoutError:
            raise NotTaken(f"{self._topic} is not read to its end in {seconds:g} s") from None

    async def close(self) -> None:
        """Stop following."""
        self._ends.set()
        await asyncio.to_thread(self._thread.join)

    def _follow(self) -> None:
        while not self._ends.is_set():
            consumer = Consumer(
                {
                    **self._client,
                    "group.id": "none",
                    "enable.auto.commit": False,
                    "enable.partition.eof": True,
                    "reconnect.backoff.max.ms": 1000,
                    "error_cb": self._troubled,
                },
                logger=log,
            )
            try:
                self._read(consumer)
            except KafkaException as error:
                self._troubled(error.args[0])
                self._ends.wait(1)
            finally:
                consumer.close()

    def _read(self, consumer: Consumer) -> None:
        """Read from the beginning, and on. Raises KafkaException."""
        found = consumer.list_topics(self._topic, timeout=_ASK_SECONDS).topics[self._topic]
        if found.error is not None:
            raise KafkaException(found.error)
        self._next = dict.fromkeys(found.partitions, 0)
        consumer.assign([TopicPartition(self._topic, number, 0) for number in self._next])
        while not self._ends.is_set():
            for message in consumer.consume(500, _POLL_SECONDS):
                self._take(message)
            self._answer(consumer)

    def _take(self, message: Any) -> None:
        error = message.error()
        if error is not None:
            if error.code() != KafkaError._PARTITION_EOF:
                raise KafkaException(error)
            self._next[message.partition()] = message.offset()
            return
        self._next[message.partition()] = message.offset() + 1
        with suppress(ValueError, TypeError):  # what others wrote there is nothing to us
            key, upload = (message.key() or b"").decode(), json.loads(message.value())
            if isinstance(upload, dict) and all(isinstance(each, str) for each in upload.values()):
                self._known.pop(key, None)
                self._known[key] = upload
        while len(self._known) > self._most:
            del self._known[next(iter(self._known))]

    def _answer(self, consumer: Consumer) -> None:
        """Answer who waits for what has been read by now."""
        with self._lock:
            asked = list(self._asked)
        for question in asked:
            if question.ends is None:
                question.ends = {
                    number: consumer.get_watermark_offsets(
                        TopicPartition(self._topic, number), timeout=_ASK_SECONDS
                    )[1]
                    for number in self._next
                }
            if all(self._next[number] >= end for number, end in question.ends.items()):
                question.answer()
                with self._lock:
                    self._asked.remove(question)

    def _troubled(self, error: KafkaError) -> None:
        if (left_out := self._limited.admit("error")) is not None:
            log.warning(
                "following %(topic)s: %(error)s",
                event(
                    "ingest_uploads_troubled",
                    topic=self._topic,
                    error=error.str(),
                    left_out=left_out,
                ),
            )


class Lookup(Mapping[str, Upload]):
    """What is known of one feed; `asked` once anything was asked for."""

    def __init__(self, known: Mapping[str, Upload], prefix: str) -> None:
        self.asked = False
        self._known = known
        self._prefix = prefix

    def __getitem__(self, name: str) -> Upload:
        self.asked = True
        return self._known[self._prefix + name]

    def __iter__(self) -> Iterator[str]:
        raise TypeError("what is known is asked for by name")

    def __len__(self) -> int:
        return len(self._known)


class _Question:
    """Somebody who waits until all is read that is there; `ends` are the offsets where it ends."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self.done: asyncio.Future[None] = self._loop.create_future()
        self.ends: dict[int, int] | None = None

    def answer(self) -> None:
        self._loop.call_soon_threadsafe(self._end)

    def _end(self) -> None:
        if not self.done.done():
            self.done.set_result(None)


def _key(feed: Key, name: str) -> str:
    source, own = feed
    return f"{source}/{own} {name}"


def _value(upload: Upload) -> bytes:
    return json.dumps(upload).encode()
