"""Bring local stores up to date from their changelogs, in batches.

Reads with librdkafka, assigned by hand and outside of the group. A partition is done when the
reader stands at the end that its changelog had at the start: by position, never by counting, so
compacted and expired records, an empty tail and transaction markers are as good as records.
"""

from __future__ import annotations

import logging
import os
import shutil
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from streams.engine.kafka.config import EngineConfig
from streams.engine.store.errors import StoreUnusable
from streams.engine.store.store import PartitionStore, TableStore
from streams.telemetry.events import event
from streams.telemetry.metrics import STORES_REBUILT

log = logging.getLogger(__name__)

_BATCH = 10_000
_STAMP = "kept-up-to-date"


class RestoreFailed(RuntimeError):
    """The changelog could not be read, or the local state could not be opened."""


class RestoreStopped(RuntimeError):
    """The partitions were revoked in the middle."""


@dataclass(slots=True)
class RestoreStats:
    """Of the last restore: seconds it took, records it read, stores it rebuilt from nothing."""

    seconds: float = 0.0
    records: int = 0
    rebuilt: list[str] = field(default_factory=list)
    reasons: dict[str, str] = field(default_factory=dict)
    """Why, by store."""
    running: bool = False
    remaining: int = 0


class Restorer:
    """Restores the partitions of one assignment at a time."""

    def __init__(
        self,
        config: EngineConfig,
        tables: Mapping[str, TableStore],
        due_of: Mapping[str, Callable[[bytes], int]],
        now_us: Callable[[], int],
    ) -> None:
        self._config = config
        self._now_us = now_us
        self._tables = tables
        self._due_of = due_of
        self._stop = threading.Event()
        self._condemned: dict[Path, str] = {}
        self.stats = RestoreStats()

    def condemn(self, error: StoreUnusable) -> None:
        """Have a store that turned out to be damaged rebuilt by the next `run` over it."""
        self._condemned[error.path] = error.problem

    def stop(self) -> None:
        """Make a running `run` raise RestoreStopped soon."""
        self._stop.set()

    def run(self, partitions: set[int]) -> None:
        """Open and restore every table's stores of `partitions`. Blocks; call it in a thread."""
        self._stop.clear()
        started = time.monotonic()
        self.stats = RestoreStats(running=True)
        try:
            with_end = self._open(partitions)
            log.info(
                "restoring partitions %(partitions)s: %(records)d records to read",
                event(
                    "restore_begun",
                    partitions=sorted(partitions),
                    records=self.stats.remaining,
                    rebuilt=self.stats.reasons,
                ),
            )
            if with_end:
                self._read(with_end)
            self.stats.seconds = time.monotonic() - started
            log.info(
                "restored %(records)d records in %(seconds).1f s",
                event(
                    "restore_done",
                    partitions=sorted(partitions),
                    records=self.stats.records,
                    seconds=round(self.stats.seconds, 3),
                    rebuilt=self.stats.reasons,
                ),
            )
        except RestoreStopped:
            log.info(
                "the restore of partitions %(partitions)s is given up: they are taken away again, "
                "or the worker ends",
                event("restore_stopped", partitions=sorted(partitions)),
            )
            raise
        finally:
            self.stats.running = False

    def touch(self, partitions: set[int]) -> None:
        """Note that the stores of these partitions are up to date now."""
        for table in self._tables:
            for partition in partitions:
                directory = self.directory(table, partition)
                if directory.exists():
                    stamp = directory.parent / f"{directory.name}.{_STAMP}"
                    stamp.touch()
                    # By the worker's clock: the machine's may be doubted.
                    os.utime(stamp, ns=(self._now_us() * 1_000,) * 2)

    def directory(self, table: str, partition: int) -> Path:
        return self._tables[table].path(partition)

    # -- opening

    def _open(self, partitions: set[int]) -> dict[tuple[str, int], _Job]:
        """Open the stores; returns those that lack records, with where to start and to end."""
        jobs: dict[tuple[str, int], _Job] = {}
        reader = self._reader()
        try:
            for table in self._tables:
                topic = self._config.changelog_topic(table)
                for partition in sorted(partitions):
                    self._check()
                    low, high = self._watermarks(reader, topic, partition)
                    store = self._open_store(table, partition, low, high)
                    start = max(store.changelog_offset() + 1, low)
                    if start < high:
                        job = _Job(table, store, start, high, self._due_of[table])
                        jobs[topic, partition] = job
        finally:
            reader.close()
        self.stats.remaining = sum(job.end - job.position for job in jobs.values())
        return jobs

    def _open_store(self, table: str, partition: int, low: int, high: int) -> PartitionStore:
        age, most = self._age(table, partition), self._config.local_state_max_age
        # One from the future was kept by a wrong clock, or this one is wrong: it may be any age.
        stale = age > most or age < -self._config.clock_tolerance
        reason = self._condemned.pop(self.directory(table, partition), None)
        cause = "damaged"
        try:
            store = self._tables[table].assign(partition)
        except StoreUnusable as error:
            reason = error.problem
        else:
            mark = store.changelog_offset()
            if reason is None and mark >= high and mark >= 0:
                cause = "ahead"
                reason = f"is ahead of its changelog ({mark + 1} > {high})"
            elif reason is None and 0 <= mark < low - 1:
                cause = "behind"
                reason = f"has missed records that the changelog no longer has ({mark + 1} < {low})"
            elif reason is None and stale:
                cause = "old"
                reason = "was not kept up to date for too long"
            if reason is None:
                return store
        log.warning(
            "local state of %(table)s-%(partition)d %(reason)s; rebuilding it",
            event("store_rebuilt", table=table, partition=partition, reason=reason),
        )
        STORES_REBUILT.labels(table=table, reason=cause).inc()
        self.stats.rebuilt.append(f"{table}-{partition}")
        self.stats.reasons[f"{table}-{partition}"] = reason
        self._tables[table].revoke(partition)
        shutil.rmtree(self.directory(table, partition), ignore_errors=True)
        return self._tables[table].assign(partition)

    def _age(self, table: str, partition: int) -> float:
        directory = self.directory(table, partition)
        if not directory.exists():
            return 0.0
        stamp = directory.parent / f"{directory.name}.{_STAMP}"
        newest = stamp if stamp.exists() else directory
        return self._now_us() / 1_000_000 - newest.stat().st_mtime

    # -- reading

    def _reader(self) -> Consumer:
        return Consumer(
            {
                **self._config.client_config(),
                "group.id": f"{self._config.app_id}-restore",
                "enable.auto.commit": False,
                "auto.offset.reset": "earliest",
                "enable.partition.eof": True,
                "isolation.level": "read_committed",
                "queued.max.messages.kbytes": 32 * 1024,
                "fetch.wait.max.ms": 50,
                "fetch.queue.backoff.ms": 20,
            }
        )

    def _watermarks(self, reader: Consumer, topic: str, partition: int) -> tuple[int, int]:
        give_up = time.monotonic() + self._config.connect_timeout
        while True:
            self._check()
            try:
                marks = reader.get_watermark_offsets(TopicPartition(topic, partition), timeout=1.0)
            except KafkaException as error:
                if time.monotonic() > give_up or not _retriable(error.args[0]):
                    raise RestoreFailed(f"changelog {topic}-{partition}: {error}") from error
                self._stop.wait(0.2)
            else:
                if marks is not None:
                    return marks[0], marks[1]

    def _read(self, jobs: dict[tuple[str, int], _Job]) -> None:
        reader = self._reader()
        quiet_since = time.monotonic()
        try:
            reader.assign([TopicPartition(*source, job.position) for source, job in jobs.items()])
            while jobs:
                self._check()
                messages = reader.consume(_BATCH, timeout=0.2)
                if messages:
                    quiet_since = time.monotonic()
                elif time.monotonic() - quiet_since > self._config.connect_timeout:
                    raise RestoreFailed(f"nothing to read from changelogs {sorted(jobs)}")
                self._apply(messages, jobs, reader)
        finally:
            reader.close()

    def _apply(
        self, messages: list[Message], jobs: dict[tuple[str, int], _Job], reader: Consumer
    ) -> None:
        batches: dict[tuple[str, int], list[tuple[bytes, bytes | None]]] = {}
        for message in messages:
            source = (message.topic(), message.partition())
            if source not in jobs:
                continue
            job = jobs[source]
            error, offset = message.error(), message.offset()
            if error is None and offset is not None:
                job.position = offset + 1
                key = message.key()
                if key is not None:
                    batches.setdefault(source, []).append((key, message.value()))
            elif error is None:
                raise RestoreFailed(f"changelog {source[0]}-{source[1]}: a record without offset")
            elif error.code() == KafkaError._PARTITION_EOF:
                job.position = max(job.position, offset or 0)
            elif not _retriable(error):
                raise RestoreFailed(f"changelog {source[0]}-{source[1]}: {error}")
        for source, batch in batches.items():
            job = jobs[source]
            job.store.restore(batch, job.position - 1, job.due_of)
            self.stats.records += len(batch)
        for source in [source for source, job in jobs.items() if job.position >= job.end]:
            job = jobs.pop(source)
            job.store.restored()
            reader.incremental_unassign([TopicPartition(*source)])
        self.stats.remaining = sum(max(0, job.end - job.position) for job in jobs.values())

    def _check(self) -> None:
        if self._stop.is_set():
            raise RestoreStopped


@dataclass(slots=True)
class _Job:
    table: str
    store: PartitionStore
    position: int
    end: int
    due_of: Callable[[bytes], int]


def _retriable(error: KafkaError) -> bool:
    return not error.fatal() and error.code() not in (
        KafkaError._UNKNOWN_PARTITION,
        KafkaError._UNKNOWN_TOPIC,
        KafkaError.TOPIC_AUTHORIZATION_FAILED,
        KafkaError._AUTHENTICATION,
    )
