"""Imported messages to Kafka: all acknowledged by all in-sync replicas, or an error."""

from __future__ import annotations

import asyncio

from streams.engine.kafka.producer import DeliveryFailed, Producer
from streams.engine.kafka.topic_admin import missing_topics
from streams.engine.kafka.types import Output
from streams.inputs.sources.payload import Canonical, json_text
from streams.settings import Settings


def publish(messages: list[Canonical], settings: Settings) -> None:
    """Send messages in their order; a tombstone has its own time.

    Raises DeliveryFailed where one was not taken: what was sent before may be sent again, for
    repeats change nothing. Raises KafkaUnavailable.
    """
    topics = {"order-paid": settings.orders_topic, "tracking-update": settings.tracking_topic}
    if missing := missing_topics(settings, [*topics.values()]):
        names = " and ".join(missing)
        raise DeliveryFailed(names, -1, "it is not there (`shipsentry topics create` makes it)")
    stamp_ms = 0
    producer = Producer(
        settings.bootstrap_servers,
        client_id=f"{settings.app_id}-import",
        message_max_bytes=settings.message_max_bytes,
        plain_topics=frozenset(topics.values()),
        stamp_ms=lambda: stamp_ms,
        extra=settings.librdkafka_security,
    )
    try:
        for message in messages:
            at, value = message.timestamp, None
            stamp_ms = 0 if at is None else round(at.timestamp() * 1_000)
            if message.value is not None:
                value = json_text(message.value).encode()
            key = message.key.encode("utf-8", "replace")
            producer.produce(Output(topics[message.topic], key, value))
        asyncio.run(producer.flush())
    finally:
        producer.close()
