"""Whether the topics that a worker reads are still those that it began to read.

A topic that is deleted, made anew, or given partitions keeps its name: those who read it are told
nothing, or much later. So the cluster is asked every few seconds, and what it says is compared here
with what the assignment began with. Nothing is awaited here, and nothing asked.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping

from streams.engine.kafka.topic_ids import NO_ID, Topic
from streams.telemetry.counted import counted
from streams.telemetry.events import event
from streams.telemetry.metrics import TOPICS_MADE_ANEW

log = logging.getLogger(__name__)

_NOT_GIVEN = "no partition of it is given out, or others than those of its mates"


class TopicWatch:
    """The topics of one worker; each is to have `partitions` partitions."""

    def __init__(self, partitions: int) -> None:
        self._partitions = partitions
        self._wanted: frozenset[str] = frozenset()
        self._ids: dict[str, str] = {}
        self.unread: dict[str, str] = {}
        """Topics that are not read, or not whole, and why."""

    @property
    def wanted(self) -> frozenset[str]:
        """The topics that are to be read, changelogs among them."""
        return self._wanted

    def assigned(self, wanted: Iterable[str], ids: Mapping[str, str]) -> None:
        """An assignment begins; of the topics that are `wanted` these are read, by their `ids`."""
        self._wanted = frozenset(wanted)
        self._ids = dict(ids)
        for topic in sorted(self._wanted):
            if topic not in ids:
                self.unread.setdefault(topic, _NOT_GIVEN)
            elif self.unread.pop(topic, None) is not None:
                log.info("%(topic)s is read, as it is now", event("topic_read_again", topic=topic))

    def look(self, found: Mapping[str, Topic]) -> bool:
        """What the cluster has of the topics now; whether partitions are to be given out anew."""
        anew = False
        for topic in sorted(self._wanted):
            there = found.get(topic)
            if there is None:
                self._say_unread(topic, "there is no such topic any more")
            elif there.partitions != self._partitions:
                has = counted(there.partitions, "partition")
                self._say_unread(topic, f"it has {has}, and {self._partitions} are read")
            elif topic not in self._ids:
                anew = True
            elif NO_ID not in (there.id, self._ids[topic]) and there.id != self._ids[topic]:
                anew = True
                self._say_made_anew(topic)
        return anew

    def _say_unread(self, topic: str, why: str) -> None:
        if self.unread.get(topic) != why:
            self.unread[topic] = why
            log.error(
                "%(topic)s is not read: %(why)s. No deadline is judged meanwhile",
                event("topic_unread", topic=topic, why=why),
            )

    def _say_made_anew(self, topic: str) -> None:
        del self._ids[topic]
        TOPICS_MADE_ANEW.labels(topic=topic).inc()
        log.error(
            "%(topic)s was deleted and made anew: what was unread of it is gone. An input is read "
            "from its beginning, a changelog is refused",
            event("topic_made_anew", topic=topic),
        )
