"""Publishing: librdkafka's idempotent producer, with every delivery accounted for.

Nothing that `produce` takes is fire and forget: `flush` returns when all of it is acknowledged by
all in-sync replicas, or raises. The first failure is kept in `failed`; nothing is produced then.
What may get lost goes by a connection of its own, so `flush` never waits for it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import partial
from typing import Any

from confluent_kafka import TIMESTAMP_LOG_APPEND_TIME, KafkaError, KafkaException
from confluent_kafka import Producer as KafkaProducer

from streams.engine.kafka.types import Output, Put
from streams.telemetry.events import event

log = logging.getLogger(__name__)

_ROOM_SECONDS = 0.1
_FLUSH_SECONDS = 0.5
_ANY_PARTITION = -1
_SIZE_ERRORS = (KafkaError.MSG_SIZE_TOO_LARGE, KafkaError.RECORD_LIST_TOO_LARGE)


class DeliveryFailed(Exception):
    """A record was not delivered: `topic`, `partition` (-1: unknown) and `reason` say it.

    `timed_out`: the brokers had not taken it in time, and nothing else is known to be wrong.
    """

    def __init__(self, topic: str, partition: int, reason: str, *, timed_out: bool = False) -> None:
        self.topic = topic
        self.partition = partition
        self.reason = reason
        self.timed_out = timed_out
        where = f"{topic}-{partition}" if partition >= 0 else topic or "the cluster"
        super().__init__(f"delivery to {where} failed: {reason}")


class Producer:
    """An idempotent producer (acks=all, lz4) that puts keys where Java's clients would put them.

    `delivery_timeout_ms` has to be below the consumer's session time-out: a worker that was frozen
    past its session must not deliver what it had in hand. `message_max_bytes` is the largest record
    accepted here; the broker has a limit of its own. `buffer_max_kbytes` and
    `buffer_max_messages` bound what waits for delivery. Records for `plain_topics` are not
    compressed: others read them, and not every client can unpack lz4. `stamp_ms` gives the Kafka
    time of records, 0: the machine's clock. `extra` holds further librdkafka settings (security and
    the like) and wins over ours.
    """

    def __init__(
        self,
        bootstrap: str,
        *,
        client_id: str = "shipsentry",
        linger_ms: float = 5,
        delivery_timeout_ms: int = 30_000,
        message_max_bytes: int = 4 * 1024 * 1024,
        buffer_max_kbytes: int = 256 * 1024,
        buffer_max_messages: int = 500_000,
        plain_topics: frozenset[str] = frozenset(),
        stamp_ms: Callable[[], int] = lambda: 0,
        extra: Mapping[str, Any] | None = None,
    ) -> None:
        self.failed: DeliveryFailed | None = None
        self._message_max_bytes = message_max_bytes
        self._stamp_ms = stamp_ms
        self._delivered: dict[tuple[str, int], int] = {}
        self._trackers: dict[tuple[str, int], Callable[[Any, Any], None]] = {}
        self._closed = False
        self._under_way: set[tuple[str, int]] = set()
        # Two threads: a flush of one part of the worker does not wait for another's to begin.
        self._threads = ThreadPoolExecutor(2, thread_name_prefix="producer")
        config = {
            "bootstrap.servers": bootstrap,
            "client.id": client_id,
            "enable.idempotence": True,
            "acks": "all",
            "compression.type": "lz4",
            "linger.ms": linger_ms,
            "delivery.timeout.ms": delivery_timeout_ms,
            "request.timeout.ms": min(30_000, delivery_timeout_ms),
            "message.max.bytes": message_max_bytes,
            "queue.buffering.max.kbytes": buffer_max_kbytes,
            "queue.buffering.max.messages": buffer_max_messages,
            # Java's hash. A record without key goes where the empty key goes.
            "partitioner": "murmur2",
            "on_delivery": self._on_delivery,
            "error_cb": self._on_error,
            **(extra or {}),
        }
        self._plain_topics = plain_topics
        self._config = config
        self._aside: KafkaProducer | None = None
        self._producer = self._plain = KafkaProducer(config, logger=log)
        self._producers = [self._producer]
        if plain_topics:
            # librdkafka compresses all that a producer sends alike.
            self._plain = KafkaProducer({**config, "compression.type": "none"}, logger=log)
            self._producers.append(self._plain)

    def produce(self, output: Output) -> None:
        """Hand one record over for delivery; `flush` says what became of it.

        Waits (on this thread) while the buffer is full. Raises DeliveryFailed after any failure,
        and for a record that is too large.
        """
        topic, key, value, partition, headers, _ = output
        where = _ANY_PARTITION if partition is None else partition
        producer = self._plain if topic in self._plain_topics else self._producer
        if self.failed is not None:
            raise self.failed
        stamp = self._stamp_ms()
        while True:
            try:
                if headers is None:
                    producer.produce(topic, value, key, where, timestamp=stamp)
                else:
                    producer.produce(
                        topic, value, key, where, timestamp=stamp, headers=list(headers)
                    )
                return
            except BufferError:
                self._wait_for_room()
            except KafkaException as error:
                raise self._refused(topic, where, key, value, error) from error

    def try_produce(self, output: Output, appended: Callable[[int, int], None]) -> None:
        """Hand over a record that may get lost: nobody waits for it, and its failure is none.

        While one is on its way to a partition, the next ones are left out: brokers that take their
        time are not sent more than they answer. Where the topic has its records dated by the
        brokers, `appended` is told of its partition and Kafka time (ms), in whatever thread.
        """
        topic, key, value, partition, _, _ = output
        where = _ANY_PARTITION if partition is None else partition
        if self.failed is not None:
            raise self.failed
        if (topic, where) in self._under_way:
            return
        if self._aside is None:
            # librdkafka's flush waits for all that a producer was given, and for what comes
            # meanwhile: a record every few milliseconds would be waited for without an end.
            self._aside = KafkaProducer(self._config, logger=log)
        self._under_way.add((topic, where))
        try:
            self._aside.produce(
                topic,
                value,
                key,
                where,
                on_delivery=partial(self._over, (topic, where), appended),
                timestamp=self._stamp_ms(),
            )
        except (BufferError, KafkaException):
            self._under_way.discard((topic, where))

    async def heard(self) -> None:
        """Wait until it is known what became of all that may get lost."""
        loop = asyncio.get_running_loop()
        while await loop.run_in_executor(self._threads, self._still_aside, _FLUSH_SECONDS):
            pass

    def poll(self) -> None:
        """Take in what became of records, without waiting: an idle worker never flushes."""
        for producer in self._all():
            producer.poll(0)

    def produce_states(self, topic: str, partition: int, puts: Iterable[Put]) -> None:
        """Hand over the changelog records of one partition: states and tombstones by key.

        As `produce`; `delivered` has the offset of the last of them after the next flush.
        """
        produce, stamp = self._producer.produce, self._stamp_ms()
        tracker = self._tracker(topic, partition)
        self._delivered.pop((topic, partition), None)
        if self.failed is not None:
            raise self.failed
        for write in puts:
            key, value = write.key, write.value
            while True:
                try:
                    produce(topic, value, key, partition, tracker, timestamp=stamp)
                    break
                except BufferError:
                    self._wait_for_room()
                except KafkaException as error:
                    raise self._refused(topic, partition, key, value, error) from error

    def delivered(self, topic: str, partition: int) -> int:
        """The offset of the last record of the last `produce_states`, or -1 when not known.

        It is not known when the broker recognised a retry as delivered already: then it does not
        say at which offset. It can lag behind for the same reason, but never runs ahead.
        """
        return self._delivered.get((topic, partition), -1)

    async def flush(self) -> None:
        """Wait until all that `produce` took is acknowledged; the event loop goes on meanwhile.

        Raises DeliveryFailed when anything failed, now or before.
        """
        loop = asyncio.get_running_loop()
        while self.failed is None:
            if not await loop.run_in_executor(self._threads, self._flush, _FLUSH_SECONDS):
                break
        if self.failed is not None:
            raise self.failed

    def pending(self) -> int:
        """How many records and delivery reports wait."""
        return sum(len(producer) for producer in self._all())

    def _all(self) -> list[KafkaProducer]:
        return self._producers if self._aside is None else [*self._producers, self._aside]

    def _flush(self, seconds: float) -> int:
        """Wait for deliveries, up to `seconds` for each producer; how many are still to come."""
        return sum(producer.flush(seconds) for producer in self._producers)

    def _still_aside(self, seconds: float) -> int:
        return 0 if self._aside is None else self._aside.flush(seconds)

    def close(self) -> None:
        """Stop. What is not delivered is thrown away: flush first. Blocks a little; repeatable."""
        if self._closed:
            return
        self._closed = True
        if self.failed is None:
            self.failed = DeliveryFailed("", _ANY_PARTITION, "the producer is closed")
        for producer in self._all():
            producer.purge()
        for producer in self._all():
            producer.flush(1)
        self._threads.shutdown(wait=True)

    def _tracker(self, topic: str, partition: int) -> Callable[[Any, Any], None]:
        place = (topic, partition)
        tracker = self._trackers.get(place)
        if tracker is not None:
            return tracker
        delivered = self._delivered

        def on_delivery(error: KafkaError | None, message: Any) -> None:
            if error is not None:
                self._on_delivery(error, message)
                return
            offset = message.offset()
            if offset is not None and offset > delivered.get(place, -1):
                delivered[place] = offset

        self._trackers[place] = on_delivery
        return on_delivery

    def _on_delivery(self, error: KafkaError | None, message: Any) -> None:
        if error is None:
            return
        partition = message.partition()
        if error.code() in _SIZE_ERRORS:
            size = len(message.value() or b"") + len(message.key() or b"")
            reason = f"the broker refuses a record of {size} bytes (its max.message.bytes): {error}"
        elif error.code() == KafkaError.INVALID_TIMESTAMP:
            shown = datetime.fromtimestamp(message.timestamp()[1] / 1_000, UTC)
            reason = f"is it {shown:%Y-%m-%d %H:%M:%S} UTC, as this machine says? {error.str()}"
        else:
            reason = error.str()
        self._fail(
            DeliveryFailed(
                message.topic(),
                _ANY_PARTITION if partition is None else partition,
                reason,
                timed_out=error.code() == KafkaError._MSG_TIMED_OUT,
            )
        )

    def _over(
        self,
        place: tuple[str, int],
        appended: Callable[[int, int], None],
        error: KafkaError | None,
        message: Any,
    ) -> None:
        """What became of a record that may get lost."""
        self._under_way.discard(place)
        if error is None:
            kind, ms = message.timestamp()
            if kind == TIMESTAMP_LOG_APPEND_TIME:
                appended(message.partition(), ms)

    def _on_error(self, error: KafkaError) -> None:
        if error.fatal():
            self._fail(DeliveryFailed("", _ANY_PARTITION, error.str()))
        else:
            log.warning("producer: %(error)s", event("producer_troubled", error=error.str()))

    def _fail(self, failure: DeliveryFailed) -> None:
        if self.failed is None:
            self.failed = failure
            if not failure.timed_out:  # the worker rides that out, and says so
                log.error("%(error)s", event("delivery_failed", error=failure))

    def _wait_for_room(self) -> None:
        for producer in self._producers:
            producer.poll(_ROOM_SECONDS)
        if self.failed is not None:
            raise self.failed

    def _refused(
        self,
        topic: str,
        partition: int,
        key: bytes | None,
        value: bytes | None,
        error: KafkaException,
    ) -> DeliveryFailed:
        cause = error.args[0]
        reason = cause.str() if isinstance(cause, KafkaError) else str(cause)
        if isinstance(cause, KafkaError) and cause.code() in _SIZE_ERRORS:
            size = len(value or b"") + len(key or b"")
            limit = self._message_max_bytes
            reason = f"a record of {size} bytes is above message.max.bytes {limit}"
        failure = DeliveryFailed(topic, partition, reason)
        self._fail(failure)
        return failure
