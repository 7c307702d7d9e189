"""Sends the records of dead letters to their topics again, each once (decision 0083)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from typing import Any

from kafka import KafkaProducer
from kafka.errors import KafkaError, MessageSizeTooLargeError

from streams.dead_letters.letters import Held, Letter, mark
from streams.engine.kafka.topic_admin import client_options, kafka_errors, topic_specs
from streams.settings import Settings

RETRY_HEADER = "shipsentry-retry-of"
"""On a record that was sent again: its origin, `topic-partition-offset`."""

_AROUND_VALUE = 64 * 1024
_BATCH_BYTES = 4 << 20
_BATCH = 500
_PATIENCE_MS = 30_000


class SendFailed(RuntimeError):
    """A record was not taken, nor were those of its batch; the message is one line."""


class Sender:
    """Sends records again; while it is open no other one of this application can."""

    def __init__(self, producer: KafkaProducer, dead_letters_topic: str) -> None:
        self._producer = producer
        self._dead_letters = dead_letters_topic

    def send(self, batch: Sequence[tuple[Letter, Held]], now: str) -> None:
        """Send records and mark their letters, in one transaction. Raises SendFailed."""
        producer = self._producer
        sent: list[tuple[Letter, Any]] = []
        try:
            producer.begin_transaction()
            for letter, kept in batch:
                sent.append((letter, self._send(letter, kept)))
                key, headers = mark(letter, now)
                sent.append((letter, producer.send(self._dead_letters, None, key, headers)))
            producer.flush()
            for _, future in sent:
                if future.failed():
                    raise future.exception
            producer.commit_transaction()
        except KafkaError as error:
            with suppress(KafkaError):
                producer.abort_transaction()
            raise SendFailed(_why(error, sent)) from error

    def _send(self, letter: Letter, kept: Held) -> Any:
        origin = letter.origin
        at = None
        if kept.value is None and origin.timestamp is not None:
            # A tombstone says with its timestamp when the order was closed. Elsewhere the time is
            # that of sending: Kafka deletes, and workers wait, by it.
            at = round(datetime.fromisoformat(origin.timestamp).timestamp() * 1000)
        headers = [(RETRY_HEADER, str(origin).encode())]
        return self._producer.send(origin.topic, kept.value, kept.key, headers, timestamp_ms=at)


def _why(error: KafkaError, sent: Iterable[tuple[Letter, Any]]) -> str:
    """What went wrong, with the first record that was not taken where it is one record's fault."""
    for letter, future in sent:
        if future.failed() and isinstance(future.exception, MessageSizeTooLargeError):
            return f"{letter.origin} is too large for {letter.origin.topic}"
    return f"Kafka refused it: {type(error).__name__} {' '.join(str(error).split())}"


@contextmanager
def open_sender(settings: Settings) -> Iterator[Sender]:
    """What sends again, until the block ends; raises KafkaUnavailable.

    What another one had begun and not committed is undone, and it can go on no more.
    """
    with kafka_errors(settings):
        producer = KafkaProducer(
            **client_options(settings),
            transactional_id=f"{settings.app_id}-retry",
            max_block_ms=_PATIENCE_MS,
            delivery_timeout_ms=_PATIENCE_MS,
            request_timeout_ms=_PATIENCE_MS // 2,
            linger_ms=5,
            max_request_size=settings.message_max_bytes + _AROUND_VALUE,
        )
        try:
            producer.init_transactions()
            yield Sender(producer, settings.dead_letters_topic)
        finally:
            producer.close(timeout=5)


def refusal(letter: Letter, settings: Settings) -> str | None:
    """Why a letter's record cannot be sent again; None: it can."""
    inputs = [spec.name for spec in topic_specs(settings) if spec.role == "input"]
    # An order that `ingest` could not ask for is asked for again.
    inputs.append(settings.topics().wanted)
    if letter.truncated:
        return "its value is not whole in the letter; the whole is at its origin"
    if letter.origin.topic not in inputs:
        return f"its topic is no input; allowed are {', '.join(inputs)}"
    return None


def batches(letters: Iterable[tuple[Letter, Held]]) -> Iterator[list[tuple[Letter, Held]]]:
    """Letters in batches of a bounded number and size."""
    batch: list[tuple[Letter, Held]] = []
    size = 0
    for letter, kept in letters:
        batch.append((letter, kept))
        size += len(kept.value or b"")
        if len(batch) >= _BATCH or size >= _BATCH_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch
