"""Reads what the worker publishes: warnings, dead letters, and what products lack."""

from __future__ import annotations

import json
from typing import Any

from confluent_kafka import OFFSET_BEGINNING, Consumer, TopicPartition

from streams.demo.history import Outcome
from streams.engine.kafka.topics import Topics


class Reader:
    """Follows these output topics from their beginning; `outcome` is what they come to."""

    def __init__(self, bootstrap: str, topics: Topics, partitions: int) -> None:
        self.outcome = Outcome()
        self._warnings, self._products = topics.warnings, topics.product_risk
        self._consumer = Consumer(
            {
                "bootstrap.servers": bootstrap,
                "group.id": "shipsentry-demo-reader",
                "enable.auto.commit": False,
                "fetch.wait.max.ms": 50,
                "log_level": 0,
            }
        )
        self._consumer.assign(
            [
                TopicPartition(topic, number, OFFSET_BEGINNING)
                for topic in (topics.warnings, topics.dead_letters, topics.product_risk)
                for number in range(partitions)
            ]
        )

    def poll(self, timeout: float) -> list[dict[str, Any]] | None:
        """New revisions within `timeout` seconds; None where nothing at all was published."""
        revisions = []
        messages = self._consumer.consume(500, timeout)
        seen = False
        for message in messages:
            value = message.value()
            if message.error() is not None or value is None:
                continue
            seen = True
            document = json.loads(value)
            if message.topic() == self._warnings:
                if self.outcome.add(document):
                    revisions.append(document)
            elif message.topic() == self._products:
                if document["day"] is None:
                    self.outcome.add_stock(document)
            else:
                self.outcome.dead_letters[document["reason"]] += 1
        return revisions if seen else None

    def close(self) -> None:
        """Stop reading."""
        self._consumer.close()
