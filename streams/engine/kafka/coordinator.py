"""Finding the group's coordinator: a cluster that has just begun has none for a moment.

The first group of a cluster makes the topic in which offsets are kept; until that topic has leaders
the brokers answer that there is no coordinator. aiokafka logs each such answer as an error
(aiokafka/consumer/group_coordinator.py, ensure_coordinator_known) and asks again. Here it is asked
again first, and said for what it is: news at the beginning, a warning when it lasts.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from typing import Any

from aiokafka.errors import GroupCoordinatorNotAvailableError, GroupLoadInProgressError

from streams.telemetry.events import Limited, event

log = logging.getLogger(__name__)

_ASK_AGAIN = 0.1
"""Seconds between two questions; aiokafka's own `retry_backoff_ms`."""

_SOON = 10.0
"""Seconds in which a coordinator is expected, and between two warnings after that."""


def find_patiently(coordinator: Any, clock: Callable[[], float] = time.monotonic) -> None:
    """Let aiokafka's coordinator wait in `PatientLookup` for its node, and not in its own loop."""
    client = coordinator._client
    client.coordinator_lookup = PatientLookup(client, coordinator._closing.done, clock)


class PatientLookup:
    """In place of `AIOKafkaClient.coordinator_lookup`: waits for a broker that knows a node.

    Only brokers' answers that there is none yet are waited for; every other error is raised.
    """

    def __init__(
        self, client: Any, closing: Callable[[], bool], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._client = client
        self._lookup = client.coordinator_lookup
        self._closing = closing
        self._clock = clock
        self._lines = Limited(_SOON, clock)

    async def __call__(self, kind: int, key: str) -> int:
        """The node's id; raises what the lookup raises, at the latest when the consumer closes."""
        began = self._clock()
        while True:
            try:
                return int(await self._lookup(kind, key))
            except (GroupCoordinatorNotAvailableError, GroupLoadInProgressError) as error:
                if self._closing():
                    raise
                self._say(key, error.message, self._clock() - began)
            await self._client.force_metadata_update()
            await asyncio.sleep(_ASK_AGAIN)

    def _say(self, group: str, problem: str, waited: float) -> None:
        if self._lines.admit(group) is None:
            return
        if waited < _SOON:
            log.info(
                "the cluster has no coordinator for group %(group)s yet (%(problem)s): it is asked "
                "again",
                event("coordinator_awaited", group=group, problem=problem),
            )
        else:
            log.warning(
                "the cluster has had no coordinator for group %(group)s for %(seconds)d s "
                "(%(problem)s)",
                event("coordinator_missing", group=group, problem=problem, seconds=round(waited)),
            )
