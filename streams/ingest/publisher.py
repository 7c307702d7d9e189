"""Publishing for whoever waits: a batch of records is taken when all in-sync replicas have it.

Unlike the worker's producer this one outlives failures: each batch has an end of its own, and the
next one is tried anew.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka import Producer as KafkaProducer

from streams.telemetry.events import Limited, event

log = logging.getLogger(__name__)

_POLL_SECONDS = 0.1
_ASK_SECONDS = 2.0

_NEVER_TAKEN = (
    KafkaError.MSG_SIZE_TOO_LARGE,
    KafkaError.RECORD_LIST_TOO_LARGE,
    KafkaError.INVALID_TIMESTAMP,
    KafkaError.INVALID_RECORD,
    KafkaError.INVALID_MSG,
)
"""What the brokers say of a record that they will not take the next time either."""


class Outgoing(NamedTuple):
    """A record to publish; `timestamp_ms` 0 is now, `value` None a tombstone."""

    topic: str
    key: bytes
    value: bytes | None
    timestamp_ms: int = 0


class NotTaken(Exception):
    """Not all records of a batch are on Kafka: whoever sent them shall send them again."""


class NeverTaken(Exception):
    """The brokers refuse a record for what it is: sending it again will not help."""

    def __init__(self, topic: str, why: str, *, too_large: bool) -> None:
        super().__init__(f"{topic} does not take it: {why}")
        self.too_large = too_large


class Publisher:
    """An idempotent producer (acks=all), whose batches may be waited for side by side.

    `timeout` is how many seconds a record may take; `message_max_bytes` the largest one.
    """

    def __init__(
        self,
        bootstrap: str,
        security: Mapping[str, str],
        *,
        timeout: float,
        message_max_bytes: int,
    ) -> None:
        self._config: dict[str, Any] = {
            "bootstrap.servers": bootstrap,
            "client.id": "shipsentry-ingest",
            "enable.idempotence": True,
            "acks": "all",
            # Not compressed: others may read the inputs, and not every client can unpack lz4.
            "compression.type": "none",
            "linger.ms": 2,
            "delivery.timeout.ms": int(timeout * 1000),
            "request.timeout.ms": int(timeout * 1000),
            "reconnect.backoff.max.ms": 1000,
            "message.max.bytes": message_max_bytes,
            "queue.buffering.max.kbytes": 256 * 1024,
            "partitioner": "murmur2",
            "error_cb": self._on_error,
            **security,
        }
        self._timeout = timeout
        self._limited = Limited(10.0)
        self._broken = False
        self._ends = threading.Event()
        self._producer = KafkaProducer(self._config, logger=log)
        self._thread = threading.Thread(target=self._poll, name="publisher", daemon=True)
        self._thread.start()

    async def publish(self, records: Sequence[Outgoing]) -> None:
        """Return when all records are acknowledged. Raises NotTaken, NeverTaken.

        Some of the records may be on Kafka even so, or get there later.
        """
        if not records:
            return
        batch = _Batch(len(records))
        try:
            for topic, key, value, timestamp_ms in records:
                self._producer.produce(
                    topic, value, key, on_delivery=batch.delivered, timestamp=timestamp_ms
                )
        except BufferError:
            raise NotTaken("too many records wait for the brokers") from None
        except KafkaException as error:
            raise _problem(topic, error.args[0]) from None
        try:
            await asyncio.wait_for(batch.done, self._timeout)
        except TimeoutError:
            raise NotTaken(f"the brokers did not take it in {self._timeout:g} s") from None

    async def missing(self, topics: Iterable[str]) -> str | None:
        """What keeps these topics from being written; None: nothing is known to."""
        try:
            found = await asyncio.to_thread(self._producer.list_topics, timeout=_ASK_SECONDS)
        except KafkaException as error:
            return f"no broker answers ({error.args[0].str()})"
        gone = [name for name in topics if name not in found.topics or found.topics[name].error]
        return f"there is no topic {gone[0]!r}" if gone else None

    async def close(self) -> None:
        """Deliver what is under way, for as long as a record may take, and stop."""
        await asyncio.to_thread(self._producer.flush, self._timeout)
        self._ends.set()
        await asyncio.to_thread(self._thread.join)

    def _poll(self) -> None:
        """Take in what became of records; an idempotent producer that failed is replaced."""
        while not self._ends.is_set():
            self._producer.poll(_POLL_SECONDS)
            if self._broken:
                self._broken = False
                failed, self._producer = self._producer, KafkaProducer(self._config, logger=log)
                failed.purge()
                failed.flush(1)

    def _on_error(self, error: KafkaError) -> None:
        self._broken |= error.fatal()
        if (left_out := self._limited.admit("error")) is not None:
            log.warning(
                "publishing: %(error)s",
                event("ingest_producer_troubled", error=error.str(), left_out=left_out),
            )


class _Batch:
    """Counts what became of records, in the publisher's thread; `done` ends on the event loop."""

    def __init__(self, number: int) -> None:
        self._loop = asyncio.get_running_loop()
        self.done: asyncio.Future[None] = self._loop.create_future()
        self._left = number
        self._failure: NotTaken | NeverTaken | None = None

    def delivered(self, error: KafkaError | None, message: Any) -> None:
        self._left -= 1
        if error is not None and not isinstance(self._failure, NeverTaken):
            self._failure = _problem(message.topic(), error)
        if not self._left:
            self._loop.call_soon_threadsafe(self._end)

    def _end(self) -> None:
        if self.done.done():
            return  # whoever waited has gone
        if self._failure is None:
            self.done.set_result(None)
        else:
            self.done.set_exception(self._failure)


def _problem(topic: str, error: KafkaError) -> NotTaken | NeverTaken:
    if error.code() in _NEVER_TAKEN:
        too_large = error.code() in _NEVER_TAKEN[:2]
        return NeverTaken(topic, error.str(), too_large=too_large)
    return NotTaken(f"{topic}: {error.str()}")
