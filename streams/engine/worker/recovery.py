"""What happens between an assignment and the first record: restore the stores, then start reading.

Replaces the tasks of Faust's recovery. Its order loses events at restarts and rebalances
(faust/tables/recovery.py, on_recovery_completed and _resume_streams: source partitions are resumed,
then awaited for, then the queues are cleared); and its path reads 8,000 records a second.
"""

from __future__ import annotations

import asyncio
import logging
import time
from typing import TYPE_CHECKING, Any, cast

from aiokafka.errors import IllegalStateError
from faust.tables.recovery import RebalanceAgain, Recovery, ServiceStopped
from faust.types import TP
from mode import Service

from streams.engine.store.restore import RestoreStopped, StateRefused
from streams.engine.worker.outage import passes
from streams.telemetry.events import event

if TYPE_CHECKING:
    from streams.engine.kafka.transport import ChunkConsumer

log = logging.getLogger(__name__)

_AGAIN = 1.0
"""Seconds until partitions are restored again for which a broker was away."""


class PartitionsDiffer(RuntimeError):
    """Changelogs do not have the same partitions: states would be missing."""


def readable(changelogs: set[TP], inputs: set[TP], topics: set[str]) -> set[TP]:
    """The partitions of those inputs that come with the partition numbers of all changelogs.

    The others are missing, or partitions were added to them: who owns a table's partition is not
    given theirs. Raises PartitionsDiffer where the changelogs (`topics`) differ among themselves.
    """
    expected = {tp.partition for tp in changelogs}
    for topic in sorted(topics):
        found = {tp.partition for tp in changelogs if tp.topic == topic}
        if found != expected:
            raise PartitionsDiffer(
                f"{topic} has partitions {sorted(found)} where others have {sorted(expected)}: "
                "is it missing, or were partitions added to some topics only?"
            )
    numbers: dict[str, set[int]] = {}
    for tp in inputs:
        numbers.setdefault(tp.topic, set()).add(tp.partition)
    return {tp for tp in inputs if numbers[tp.topic] == expected}


class BatchRecovery(Recovery):
    """Faust's recovery service with the engine's restore and a safe order of starting."""

    app: Any

    @Service.task
    async def _restart_recovery(self) -> None:
        engine = self.app.engine
        failing_since: float | None = None
        while not self.should_stop:
            if await self.wait_for_stopped(cast(Any, self.signal_recovery_start)):
                return
            self.signal_recovery_start.clear()
            generation = self._generation_id
            try:
                await self._wait(self._recover(generation))
            except (RebalanceAgain, RestoreStopped, IllegalStateError):
                log.debug("recovery was cut short: a rebalance, or the end of the worker")
            except StateRefused as refused:
                self.app.engine.refuse(refused)
            except ServiceStopped:
                return
            except Exception as error:
                failing_since = failing_since or time.monotonic()
                lasts = time.monotonic() - failing_since
                if not passes(error) or lasts > engine.config.stall_timeout:
                    engine.fail(error)
                    return
                log.warning(
                    "the partitions cannot be taken yet: %(error)s",
                    event("recovery_retried", error=error),
                )
                await engine.on_revoked()
                await self.sleep(_AGAIN)
                self.signal_recovery_start.set()
            else:
                failing_since = None

    async def _recover(self, generation: int) -> None:
        app = self.app
        engine = app.engine
        consumer: ChunkConsumer = app.consumer
        releases = engine.releases
        self._set_recovery_started()
        changelogs = set(self.active_tps)
        partitions = {tp.partition for tp in changelogs}
        standbys = {tp.partition for tp in self.standby_tps} - partitions
        assignment = {tp for tp in consumer.assignment() if not self._is_changelog_tp(tp)}
        read = readable(changelogs, assignment, {*self.tables.changelog_topics})
        # Of all inputs: also one that cannot be read now says what the changelogs held.
        await engine.restore(partitions, generation, await consumer.thread.committed(assignment))
        given = {tp.topic for tp in changelogs | read}
        if not partitions:
            # A worker that has none misses nothing: of these topics others have all.
            given = set(app.assignor._topic_groups)
        ids = await engine.ids_of(given)
        read = {tp for tp in read if tp.topic in ids}
        ticks = {tp for tp in read if tp.topic == engine.config.ticks_topic}
        start = await consumer.thread.start_at(read - ticks, ticks, ids)
        wanted = await consumer.thread.subscribed()
        inputs = wanted - {*self.tables.changelog_topics}
        copied = await consumer.thread.committed(
            {TP(topic, number) for topic in inputs for number in standbys}
        )
        await app.on_rebalance_complete.send()
        await app._fetcher.maybe_start()
        if app.consumer_generation_id != generation or self.signal_recovery_start.is_set():
            return
        if engine.releases != releases:
            return
        self._set_recovery_ended()
        # Nothing is awaited from here on: resuming the flow clears every queue, so no record
        # may be delivered between that and the moment from which they count.
        app.flow_control.resume()
        consumer.open(start)
        engine.on_assigned(partitions, generation, start, wanted)
        self.completed.set()
        self.tables.on_actives_ready()
        self.tables.on_standbys_ready()
        app.on_rebalance_end()
        engine.keep_copies(standbys, copied)

    @Service.task
    async def _slurp_changelogs(self) -> None:
        """Nothing: changelogs are read in batches, by `restore.py`."""

    @Service.task
    async def _publish_stats(self) -> None:
        """Nothing: `restore.py` reports its progress."""

    def on_partitions_revoked(self, revoked: set[TP]) -> None:
        """Nothing is buffered here."""

    async def on_stop(self) -> None:
        await asyncio.sleep(0)
