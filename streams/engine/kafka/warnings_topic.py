"""The warnings topic as commands read it: as it is, or as it grows."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from streams.engine.kafka.topic_admin import Cluster
from streams.engine.kafka.topic_reader import Records, TopicReader, open_topic
from streams.engine.kafka.warning_records import Read, parse


class WarningsTopic:
    """The warnings topic, open for reading."""

    def __init__(self, topic: TopicReader) -> None:
        self._topic = topic

    def follow(self, *, from_beginning: bool) -> Iterator[list[Read]]:
        """As TopicReader.follow."""
        return map(_parsed, self._topic.follow(from_beginning=from_beginning))

    def snapshot(self) -> Iterator[list[Read]]:
        """As TopicReader.snapshot."""
        return map(_parsed, self._topic.snapshot())


@contextmanager
def open_warnings(settings: Cluster) -> Iterator[WarningsTopic]:
    """The warnings topic, until the block ends. Raises KafkaUnavailable, also where there is no
    such topic."""
    with open_topic(settings, settings.topics().warnings) as topic:
        yield WarningsTopic(topic)


def _parsed(records: Records) -> list[Read]:
    return [parse(record.key, record.value) for record in records]
