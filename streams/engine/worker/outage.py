"""Riding out an outage: the brokers take nothing of ours, and the worker neither ends nor writes.

What a delivery that was given up has left behind is as unknown as after a crash: some of it may
have arrived. So nothing of it is sent again from here. The work is dropped unacknowledged, and when
the brokers take records again the partitions are taken anew, as after a crash: restored from their
changelogs, what was published read back, the chunks read again.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from aiokafka.errors import KafkaError as ConsumerError
from confluent_kafka import KafkaError, KafkaException

from streams.engine.kafka.producer import DeliveryFailed
from streams.engine.kafka.readback import ReadBackFailed

_AWAY = (
    KafkaError._TRANSPORT,
    KafkaError._ALL_BROKERS_DOWN,
    KafkaError._TIMED_OUT,
    KafkaError._WAIT_COORD,
    KafkaError.LEADER_NOT_AVAILABLE,
    KafkaError.NOT_LEADER_FOR_PARTITION,
    # While a partition's new leader takes over:
    KafkaError.OFFSET_NOT_AVAILABLE,
    KafkaError.FENCED_LEADER_EPOCH,
    KafkaError.UNKNOWN_LEADER_EPOCH,
    KafkaError.KAFKA_STORAGE_ERROR,
)


def passes(error: BaseException) -> bool:
    """Whether an error says that brokers are away, and not that something is wrong with us."""
    if isinstance(error, DeliveryFailed):
        return error.timed_out
    if isinstance(error, KafkaException):
        return error.args[0].code() in _AWAY
    if isinstance(error, ConsumerError):
        return bool(error.retriable)
    return isinstance(error, ReadBackFailed)


class Outage:
    """Since when the brokers take nothing, and whether the worker's partitions wait for that."""

    def __init__(self, limit: float, clock: Callable[[], float] = time.monotonic) -> None:
        """`limit`: seconds for which an outage is ridden out."""
        self._limit = limit
        self._clock = clock
        self._since: float | None = None
        self.holding = False
        """Partitions are given up until brokers take records again."""

    @property
    def seconds(self) -> float:
        """How long this outage lasts; 0 while nothing is held."""
        return self._lasts() if self.holding else 0.0

    @property
    def too_long(self) -> bool:
        """It has lasted for longer than it is ridden out."""
        return self._lasts() > self._limit

    def begin(self, already: float = 0.0) -> None:
        """Something was given up that had been tried for `already` seconds."""
        if self._since is None:
            self._since = self._clock() - already
        self.holding = True

    def taken(self) -> None:
        """The brokers took what was sent."""
        if not self.holding:
            self._since = None

    def _lasts(self) -> float:
        return 0.0 if self._since is None else self._clock() - self._since
