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
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from streams.engine.kafka.config import EngineConfig
from streams.engine.kafka.topic_ids import TopicIds
from streams.engine.kafka.types import Committed
from streams.engine.store.errors import StoreUnusable
from streams.engine.store.store import PartitionStore, TableStore
from streams.engine.store.witness import Local, Log, Unfit, Vouched, problem, unfit, vouched
from streams.telemetry.events import event
from streams.telemetry.metrics import STORES_REBUILT

log = logging.getLogger(__name__)

_BATCH = 10_000
_HELD_BYTES = 4 * 1024 * 1024
"""Of one store: so much is written at once. A write stops the interpreter meanwhile."""
_HELD_BYTES_IN_ALL = 64 * 1024 * 1024
_RECORD_BYTES = 200
"""What Python adds to a record that is held, roughly."""
_FOLLOWED = 1_000
"""Records that are taken over at once where nobody waits for them."""
_FOLLOWED_S = 1.0
"""How often they are written."""
_TOUCHED_S = 60.0
_ENDLESS = 1 << 62
_STAMP = "kept-up-to-date"
_ASK_S = 2.0
_Place = tuple[str, int]
"""Table and partition."""


class RestoreFailed(RuntimeError):
    """The changelog could not be read, or the local state could not be opened."""


class RestoreStopped(RuntimeError):
    """The partitions were revoked in the middle."""


class StateRefused(RuntimeError):
    """Changelogs are not what offsets were committed on; `reasons` by (table, partition).

    Nothing was destroyed, and nothing is read. The message has one reason of each table.
    """

    def __init__(self, reasons: Mapping[tuple[str, int], str]) -> None:
        self.reasons = dict(reasons)
        first: dict[str, str] = {}
        for (table, _), reason in self.reasons.items():
            first.setdefault(table, reason)
        more = len(self.reasons) - len(first)
        said = [*first.values(), *([f"and {more} more"] if more else [])]
        super().__init__("; ".join(said))


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
    """Restores the partitions of one assignment at a time.

    After each batch it rests `rest` times as long as that took: what else the worker does goes on.
    """

    def __init__(
        self,
        config: EngineConfig,
        tables: Mapping[str, TableStore],
        due_of: Mapping[str, Callable[[bytes], int]],
        now_us: Callable[[], int],
        rest: float = 0.0,
    ) -> None:
        self._config = config
        self._rest = rest
        self._now_us = now_us
        self._tables = tables
        self._due_of = due_of
        self._stop = threading.Event()
        self._condemned: dict[Path, str] = {}
        self._ids: TopicIds | None = None
        self.stats = RestoreStats()

    def condemn(self, error: StoreUnusable) -> None:
        """Have a store that turned out to be damaged rebuilt by the next `run` over it."""
        self._condemned[error.path] = error.problem

    def stop(self) -> None:
        """Make a running `run` raise RestoreStopped soon."""
        self._stop.set()

    def run(self, partitions: set[int], committed: Iterable[Committed] = ()) -> None:
        """Open and restore every table's stores of `partitions`. Blocks; call it in a thread.

        `committed` are the offsets of their inputs. Raises StateRefused where these do not fit the
        changelogs, RestoreStopped, and RestoreFailed.
        """
        started = time.monotonic()
        try:
            with_end = self._begin(partitions, committed)
            log.info(
                "restoring partitions %(partitions)s: %(records)d records to read",
                event(
                    "restore_begun",
                    partitions=sorted(partitions),
                    records=self.stats.remaining,
                    rebuilt=self.stats.reasons,
                ),
            )
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

    def catch_up(self, partitions: set[int], committed: Iterable[Committed]) -> None:
        """As `run`, without a word of what it does."""
        try:
            self._read(self._begin(partitions, committed))
        finally:
            self.stats.running = False

    def follow(self, partitions: set[int]) -> None:
        """Take over what comes to the changelogs of restored partitions, until `stop`.

        `stats.remaining` are records that are still to be read. Raises RestoreStopped at the end,
        RestoreFailed where a changelog does not go on where its store ends.
        """
        jobs = {}
        for table, stores in self._tables.items():
            for partition in sorted(partitions):
                store = stores[partition]
                start = store.changelog_offset() + 1
                job = _Job(table, store, start, _ENDLESS, self._due_of[table])
                jobs[self._config.changelog_topic(table), partition] = job
        # Where the changelog has nothing at that offset, what was there is missed for good.
        reader = self._reader("error")
        written, touched = time.monotonic(), -_TOUCHED_S
        try:
            reader.assign([TopicPartition(*source, job.position) for source, job in jobs.items()])
            while True:
                self._check()
                messages = reader.consume(_FOLLOWED, timeout=0.2)
                began = time.monotonic()
                self._take(messages, jobs)
                if began - written >= _FOLLOWED_S:
                    written = began
                    for job in jobs.values():
                        self._write_on(job)
                    self.stats.remaining = _behind(reader, jobs)
                    if not self.stats.remaining and began - touched >= _TOUCHED_S:
                        touched = began
                        self.touch(partitions)
                self._pause(began)
        finally:
            reader.close()

    def _write_on(self, job: _Job) -> None:
        if job.records:
            job.write()
            if job.store.unindexed:  # the first records that there are
                job.store.restored(job.due_of, self._check)

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

    def _begin(
        self, partitions: set[int], committed: Iterable[Committed]
    ) -> dict[tuple[str, int], _Job]:
        self._stop.clear()
        self.stats = RestoreStats(running=True)
        return self._open(partitions, committed)

    def _open(
        self, partitions: set[int], committed: Iterable[Committed]
    ) -> dict[tuple[str, int], _Job]:
        """Open the stores; returns those that lack records, with where to start and to end."""
        jobs: dict[tuple[str, int], _Job] = {}
        offsets = [each for each in committed if each.partition in partitions]
        said = {
            number: vouched(
                (each for each in offsets if each.partition == number), self._config.ticks_topic
            )
            for number in partitions
        }
        reader = self._reader()
        try:
            logs = self._logs(reader, partitions)
            local = {place: self._look(*place) for place in logs}
            self._refuse(logs, said, local, reader)
            for (table, partition), found in logs.items():
                self._check()
                store = self._open_store(
                    table, partition, found, said[partition], local[table, partition]
                )
                start = max(store.changelog_offset() + 1, found.start)
                if start < found.end:
                    job = _Job(table, store, start, found.end, self._due_of[table])
                    jobs[self._config.changelog_topic(table), partition] = job
                elif store.unindexed:
                    store.restored(self._due_of[table], self._check)
        finally:
            reader.close()
        self.stats.remaining = sum(job.end - job.position for job in jobs.values())
        return jobs

    def _look(self, table: str, partition: int) -> Local | str:
        """Open a store; what it knows, or why it cannot be used."""
        condemned = self._condemned.get(self.directory(table, partition))
        if condemned is not None:
            return condemned
        age, most = self._age(table, partition), self._config.local_state_max_age
        # One from the future was kept by a wrong clock, or this one is wrong: it may be any age.
        too_old = age > most or age < -self._config.clock_tolerance
        try:
            store = self._tables[table].assign(partition)
        except StoreUnusable as error:
            return error.problem
        return Local(store.changelog_id(), store.changelog_offset() + 1, too_old)

    def _refuse(
        self,
        logs: Mapping[_Place, Log],
        said: Mapping[int, Vouched],
        local: Mapping[_Place, Local | str],
        reader: Consumer,
    ) -> None:
        """Raise StateRefused where a changelog is not believed, before anything is rebuilt."""
        reasons = {}
        for place, found in logs.items():
            known = local[place]
            reason = problem(
                found, place[0], said[place[1]], known if isinstance(known, Local) else None
            )
            if reason is not None:
                reasons[place] = reason
        # Offsets of release 0.1.0 have no witness. One partition may have no state, but not all.
        unseen = [number for number, each in said.items() if each.read and not each.witnesses]
        if unseen and not reasons and not any(found.end for found in logs.values()):
            every = self._logs(reader, range(self._config.partitions))
            if not any(found.end for found in every.values()):
                reason = "is empty, as all changelogs are, but records were read"
                reasons = {(table, number): reason for table in self._tables for number in unseen}
        if reasons:
            for table, partition in logs:
                self._tables[table].revoke(partition)
            raise StateRefused(
                {
                    place: f"{self._config.changelog_topic(place[0])}-{place[1]} {reason}"
                    for place, reason in sorted(reasons.items())
                }
            )

    def _open_store(
        self, table: str, partition: int, found: Log, said: Vouched, local: Local | str
    ) -> PartitionStore:
        """The store as a copy of its changelog so far as it goes: kept, or begun anew."""
        why = Unfit("damaged", local) if isinstance(local, str) else unfit(found, said, local)
        if why is not None:
            log.warning(
                "local state of %(table)s-%(partition)d %(reason)s; rebuilding it",
                event("store_rebuilt", table=table, partition=partition, reason=why.reason),
            )
            STORES_REBUILT.labels(table=table, reason=why.cause).inc()
            self.stats.rebuilt.append(f"{table}-{partition}")
            self.stats.reasons[f"{table}-{partition}"] = why.reason
            self._tables[table].revoke(partition)
            shutil.rmtree(self.directory(table, partition), ignore_errors=True)
            self._condemned.pop(self.directory(table, partition), None)
        store = self._tables[table].assign(partition)
        store.note_changelog(found.topic_id)
        return store

    def _age(self, table: str, partition: int) -> float:
        directory = self.directory(table, partition)
        if not directory.exists():
            return 0.0
        stamp = directory.parent / f"{directory.name}.{_STAMP}"
        newest = stamp if stamp.exists() else directory
        return self._now_us() / 1_000_000 - newest.stat().st_mtime

    # -- reading

    def _reader(self, lost: str = "earliest") -> Consumer:
        """A reader that goes on there where a changelog has no longer the offset it is to read."""
        return Consumer(
            {
                **self._config.client_config(),
                "group.id": f"{self._config.app_id}-restore",
                "enable.auto.commit": False,
                "auto.offset.reset": lost,
                "enable.partition.eof": True,
                "isolation.level": "read_committed",
                "queued.max.messages.kbytes": 32 * 1024,
                "fetch.wait.max.ms": 50,
                "fetch.queue.backoff.ms": 20,
            }
        )

    def _logs(self, reader: Consumer, partitions: Iterable[int]) -> dict[_Place, Log]:
        """The changelogs of these partitions as they are now."""
        topics = {table: self._config.changelog_topic(table) for table in self._tables}
        ids = self._topic_ids(topics.values())
        return {
            (table, partition): Log(ids[topic], *self._watermarks(reader, topic, partition))
            for table, topic in topics.items()
            for partition in sorted(partitions)
        }

    def _topic_ids(self, topics: Collection[str]) -> dict[str, str]:
        if self._ids is None:
            self._ids = TopicIds(self._config.client_config())
        give_up = time.monotonic() + self._config.connect_timeout
        while True:
            self._check()
            try:
                ids = self._ids.of(topics, _ASK_S)
            except KafkaException as error:
                if time.monotonic() > give_up or not _retriable(error.args[0]):
                    raise RestoreFailed(f"changelogs {', '.join(topics)}: {error}") from error
                self._stop.wait(0.2)
                continue
            missing = [topic for topic in topics if topic not in ids]
            if not missing:
                return ids
            if time.monotonic() > give_up:
                raise RestoreFailed(f"there is no changelog {', '.join(missing)}")
            self._stop.wait(0.2)

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
        if not jobs:
            return
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
                began = time.monotonic()
                self._apply(messages, jobs, reader)
                self._pause(began)
        finally:
            reader.close()

    def _pause(self, began: float) -> None:
        if self._rest:
            self._stop.wait(self._rest * (time.monotonic() - began))

    def _take(self, messages: list[Message], jobs: Mapping[Any, _Job]) -> None:
        """Have each job hold what was read of its changelog."""
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
                    job.hold(key, message.value())
                    self.stats.records += 1
            elif error is None:
                raise RestoreFailed(f"changelog {source[0]}-{source[1]}: a record without offset")
            elif error.code() == KafkaError._PARTITION_EOF:
                job.position = max(job.position, offset or 0)
            elif not _retriable(error):
                raise RestoreFailed(f"changelog {source[0]}-{source[1]}: {error}")

    def _apply(
        self, messages: list[Message], jobs: dict[tuple[str, int], _Job], reader: Consumer
    ) -> None:
        self._take(messages, jobs)
        for source in [source for source, job in jobs.items() if job.position >= job.end]:
            job = jobs.pop(source)
            job.write()
            job.store.restored(job.due_of, self._check)
            reader.incremental_unassign([TopicPartition(*source)])
        held = sum(job.held for job in jobs.values())
        for job in sorted(jobs.values(), key=_held, reverse=True):
            if job.held < _HELD_BYTES and held < _HELD_BYTES_IN_ALL:
                break
            held -= job.held
            job.write()
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
    records: dict[bytes, bytes | None] = field(default_factory=dict)
    """Read and not written: of a key that comes again soon only the last is."""
    held: int = 0
    """Bytes of it, roughly; what was read twice counts twice."""

    def hold(self, key: bytes, value: bytes | None) -> None:
        """Take a record that was read."""
        self.records[key] = value
        self.held += len(key) + len(value or b"") + _RECORD_BYTES

    def write(self) -> None:
        """Have the store take all that is held."""
        self.store.restore(self.records.items(), self.position - 1, self.due_of)
        self.records, self.held = {}, 0


def _behind(reader: Consumer, jobs: Mapping[tuple[str, int], _Job]) -> int:
    """Records that are still to be read, as far as the brokers have said."""
    found = 0
    for source, job in jobs.items():
        marks = reader.get_watermark_offsets(TopicPartition(*source), cached=True)
        found += max(0, marks[1] - job.position) if marks is not None else 0
    return found


def _held(job: _Job) -> int:
    return job.held


def _retriable(error: KafkaError) -> bool:
    return not error.fatal() and error.code() not in (
        KafkaError._UNKNOWN_PARTITION,
        KafkaError._UNKNOWN_TOPIC,
        KafkaError.TOPIC_AUTHORIZATION_FAILED,
        KafkaError._AUTHENTICATION,
        KafkaError._AUTO_OFFSET_RESET,
    )
