"""Whether this worker is known to be a member of its group: nothing is written while it is not.

A member's session ends at the broker `session_timeout` after the last heartbeat that it accepted;
from then on another worker may own its partitions. So before anything is produced, the last
accepted heartbeat must be young enough for a delivery to end within the session. Otherwise writing
waits, for the next heartbeat (a coordinator that moved, a busy machine), or for the word that the
partitions are gone (a worker that was frozen).
"""

from __future__ import annotations

import asyncio
import logging
import math
import time
from collections.abc import Callable
from typing import Any

from streams.engine.kafka.config import EngineConfig
from streams.engine.kafka.producer import DeliveryFailed
from streams.engine.kafka.types import Output, Put
from streams.engine.worker.commit import Committer, OutputProducer
from streams.telemetry.events import event

log = logging.getLogger(__name__)

_LOOK = 0.05

_MID_ROUND = 20.0
"""Seconds for which a round waits between its outputs and its states: with the delivery of the
outputs less than `readback.MARGIN_MS`."""


class Session:
    """The member's session; `age` gives the seconds since the last accepted heartbeat was sent.

    `still_ours` says whether the group's generation is that of the assignment.
    """

    def __init__(
        self, config: EngineConfig, age: Callable[[], float], still_ours: Callable[[], bool]
    ) -> None:
        self._age = age
        self._still_ours = still_ours
        self.limit = config.heartbeat_limit

    @property
    def fresh(self) -> bool:
        """What is produced now is delivered, or given up, while the session lasts."""
        return self._age() <= self.limit

    async def confirmed(self, patience: float = math.inf) -> None:
        """Return when the session is fresh, or the assignment over.

        Raises DeliveryFailed after `patience` seconds: half of a round is out, and what was
        published is read back from a bounded time before its states only.
        """
        if self.fresh:
            return
        began = time.monotonic()
        log.warning(
            "no heartbeat was accepted for %(seconds).1f s: writing waits",
            event("no_heartbeat", seconds=round(self._age(), 3)),
        )
        # Heartbeats are counted in another thread: to look is simpler than to be told.
        while not self.fresh and self._still_ours():
            if time.monotonic() - began > patience:
                raise DeliveryFailed(
                    "", -1, f"no heartbeat was accepted for {self._age():.0f} s", timed_out=True
                )
            await asyncio.sleep(_LOOK)
        if self._still_ours():
            log.info(
                "heartbeats are accepted again; writing waited for %(seconds).1f s",
                event("heartbeat_again", seconds=round(time.monotonic() - began, 3)),
            )


class SessionProducer:
    """A producer whose flush also waits for a confirmed session, for what is produced next.

    `taken` is called whenever the brokers have taken everything.
    """

    def __init__(
        self, producer: OutputProducer, session: Session, taken: Callable[[], None]
    ) -> None:
        self._producer = producer
        self._session = session
        self._taken = taken

    def produce(self, output: Output) -> None:
        self._producer.produce(output)

    def produce_states(self, topic: str, partition: int, puts: Any) -> None:
        rows: list[Put] = puts
        self._producer.produce_states(topic, partition, rows)

    def delivered(self, topic: str, partition: int) -> int:
        return self._producer.delivered(topic, partition)

    async def flush(self) -> None:
        await self._producer.flush()
        self._taken()
        await self._session.confirmed(_MID_ROUND)


class SessionCommitter(Committer):
    """A committer whose rounds begin with a confirmed session."""

    def __init__(
        self,
        producer: OutputProducer,
        *args: Any,
        session: Session,
        taken: Callable[[], None],
        **kw: Any,
    ) -> None:
        super().__init__(SessionProducer(producer, session, taken), *args, **kw)
        self._session = session

    async def _round(self, group: Any) -> None:
        await self._session.confirmed()
        await super()._round(group)
