"""Ids of topics: Kafka gives each topic one when it is made, so one made anew is told by its id.

Names and offsets do not tell: a topic that was deleted and made again has the same name, and after
a while offsets as high as the old one had.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from typing import Any

from confluent_kafka import KafkaError, KafkaException, TopicCollection
from confluent_kafka.admin import AdminClient

NO_ID = ""
"""The id of a topic on a cluster that gives none: a broker older than Kafka 2.8, or the demo's."""

_NONE = "AAAAAAAAAAAAAAAAAAAAAA"
_NO_CONTROLLER = -1
_MARGIN = 0.5
"""Seconds beyond its own time-out after which a request is given up as hung."""


class TopicIds:
    """Asks a cluster for ids of topics; keeps its connection, so ask one object again and again."""

    def __init__(self, client_config: Mapping[str, str]) -> None:
        config: dict[str, Any] = {**client_config, "log_level": 0}
        # Without it librdkafka writes each refused connection to standard error.
        config["error_cb"] = _unheard
        self._admin = AdminClient(config)
        self._can_tell: bool | None = None

    def of(self, topics: Iterable[str], timeout: float) -> dict[str, str]:
        """The id of each topic, as Kafka's own tools write it, or NO_ID.

        A topic that does not exist is not in the answer. Blocks for about `timeout` seconds at
        most: call it in a thread. Raises KafkaException where the cluster refuses, or does not
        answer in time.
        """
        names = sorted(set(topics))
        deadline = time.monotonic() + timeout
        if self._can_tell is None:
            self._can_tell = self._has_a_controller(timeout)
        if not self._can_tell:
            there = self._admin.list_topics(timeout=_left(deadline)).topics
            return {name: NO_ID for name in names if name in there}
        asked = self._admin.describe_topics(TopicCollection(names), request_timeout=_left(deadline))
        found: dict[str, str] = {}
        for name, future in asked.items():
            try:
                described = future.result(_left(deadline) + _MARGIN)
            except TimeoutError:
                raise KafkaException(KafkaError(KafkaError._TIMED_OUT)) from None
            except KafkaException as error:
                if error.args[0].code() != KafkaError.UNKNOWN_TOPIC_OR_PART:
                    raise
            else:
                text = str(described.topic_id)
                found[name] = NO_ID if text == _NONE else text
        return found

    def _has_a_controller(self, timeout: float) -> bool:
        # The demo's cluster names a controller that it does not have; whoever describes topics
        # would wait for that one until the time is up.
        cluster = self._admin.list_topics(timeout=timeout)
        return cluster.controller_id in (_NO_CONTROLLER, *cluster.brokers)


def _left(deadline: float) -> float:
    return max(deadline - time.monotonic(), 0.001)


def _unheard(_error: KafkaError) -> None:
    """Errors come with the answers."""
