"""The engine as agents see it: states in, effects out, a clock and a gate.

One `Engine` per worker; everything here runs on the event loop's thread, except the restore.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
import uuid
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from aiokafka.errors import KafkaError as ConsumerError
from confluent_kafka import KafkaException
from faust.types import TP

from streams.engine.kafka.config import EngineConfig
from streams.engine.kafka.offset_metadata import Witness
from streams.engine.kafka.offsets import PartitionOffsets
from streams.engine.kafka.producer import DeliveryFailed, Producer
from streams.engine.kafka.readback import known_before
from streams.engine.kafka.topic_ids import NO_ID, Topic, TopicIds
from streams.engine.kafka.transport import ChunkConsumer, Start, boot_time
from streams.engine.kafka.types import Chunk, Committed, Effects, Output
from streams.engine.store.errors import StoreUnusable
from streams.engine.store.observer import Census, Observer
from streams.engine.store.restore import Restorer, RestoreStopped, StateRefused
from streams.engine.store.standbys import Standbys
from streams.engine.store.store import TableStore, store_memory
from streams.engine.store.sweep import Sweeps
from streams.engine.worker import ticks
from streams.engine.worker.clock import Clock
from streams.engine.worker.commit import Committer, CommitterFailed
from streams.engine.worker.failure import say_failed
from streams.engine.worker.outage import Outage, passes
from streams.engine.worker.peers import Home, Peers
from streams.engine.worker.refusals import TRIED, Change, Refusals
from streams.engine.worker.session import Session, SessionCommitter
from streams.engine.worker.topic_watch import TopicWatch
from streams.engine.worker.watermark import Input, Report, Watermark
from streams.telemetry.events import Limited, event
from streams.telemetry.metrics import CHUNK_RECORDS, FOREIGN_RECORDS, PIPELINE_LATENCY

log = logging.getLogger(__name__)

_ASKED_S = 2.0
"""How long a worker that starts waits for the brokers to say what time it is."""

MOST_DUE_SHOWN = 1_000
"""Due states that are counted for operators, in each partition of a table."""


_HELD_S = 0.02
"""How often a worker looks whether the deadlines of its partitions can go."""

_READING_S = 0.2
"""The same while it reads what lay there at the assignment."""

_SAID_AGAIN_S = 60.0
"""Seconds after which a line of the log is written again that would come again and again."""

_ASK_S = 5.0
"""Seconds in which the cluster is to say what topics it has."""


class Consuming(Protocol):
    """The app that the engine works for: what it asks of it is its consumer."""

    consumer: ChunkConsumer
    _consumer: Any
    """Faust's own, None until it is first asked for; untyped there."""


class EngineStatus(NamedTuple):
    """What an operator asks of a worker; made by `Engine.status`, from any thread."""

    assigned: bool
    """Partitions are assigned, restored and being read."""
    partitions: int
    """Partition numbers owned and restored."""
    held: int
    """Owned partitions whose deadlines are held since the assignment."""
    watermark_lag_s: float | None
    """Seconds that the gate furthest behind lags behind the clock; None where all are held."""
    lag: dict[str, int]
    """Records that were not yet processed, by topic, as far as the broker has said."""
    lag_s: dict[str, float]
    """Seconds by which the last processed record is behind the clock, of the partition of a topic
    that is furthest behind; 0 where none has records waiting."""
    in_flight_records: int
    """Records fetched and not durable yet."""
    pending_records: int
    """Outputs and states submitted and not durable yet."""
    producer_queue: int
    """Records that wait for the brokers' acknowledgement."""
    commit_age_s: float
    """Seconds that durable work has waited for its offsets to be committed; 0: none waits."""
    records_submitted: int
    """Records whose effects were submitted since the start."""
    chunks_dropped: int
    """Chunks submitted after their partition was revoked."""
    assignments: int
    """Assignments read since the start: one, and one per rebalance."""
    restore_records: int
    """Changelog records read by the last restore."""
    restore_seconds: float
    """Time that the last restore took."""
    restore_remaining: int
    """Changelog records that are still to be read."""
    standby_partitions: int
    """Partitions of other workers of whose states this one is to keep a copy."""
    standby_remaining: int
    """Changelog records that these copies lack."""
    uncounted: int
    """Owned partitions whose states are not counted yet; all of them where nobody counts."""
    due: dict[str, tuple[int, float]]
    """By table: states whose time has come and that nobody judged yet, MOST_DUE_SHOWN a partition
    at most, and for how many seconds the first of them has waited."""
    store_bytes: dict[str, int]
    """By table: local state on disk and in write buffers."""
    stopped: dict[str, int]
    """By input: partitions that are not read, because too much of them became dead letters."""
    unread: dict[str, bool]
    """Topics, changelogs among them, and whether they cannot be read as they are now."""
    refused: dict[str, int]
    """By table: partitions whose changelog is not believed; where there is one, nothing is read."""
    heartbeat_age_s: float | None
    """Seconds since the last accepted heartbeat was sent; None before the first assignment."""
    clock_ahead_s: float
    """Seconds by which the machine's clock is ahead of the brokers', see `clock.py`."""
    clock_doubted: bool
    """The clock is doubted: no deadline fires."""
    clock_doubts: int
    """How often the clock came to be doubted since the start."""
    outage_s: float
    """Seconds for which brokers have taken nothing, so that all work is held; 0: it is not."""


class Engine:
    """States, effects, clock and gate of one worker.

    `due_of` gives, per table, the due time (µs, 0 none) that a stored value carries; it is asked
    while a partition restores. `stored_form` makes bytes of the values of puts that are none.
    `clock` returns µs since the epoch and is believed; the wall clock, or a `Clock`, is looked at
    with doubt.
    """

    def __init__(
        self,
        config: EngineConfig,
        due_of: Mapping[str, Callable[[bytes], int]],
        clock: Callable[[], int] | Clock | None = None,
        stored_form: Callable[[Any], bytes] = bytes,
    ) -> None:
        missing = set(config.tables) - set(due_of)
        if missing:
            raise ValueError(f"due_of lacks tables: {', '.join(sorted(missing))}")
        self.config = config
        self.worker_id = uuid.uuid4().hex[:12]
        self.failure: BaseException | None = None
        self.failed = asyncio.Event()
        self.assigned = False
        """Partitions (or none at all) are assigned, restored and being read."""
        self.refused: StateRefused | None = None
        """Why nothing is read of this assignment."""
        self.assignments = 0
        self.releases = 0
        """How often partitions were given up. A static member is given them anew in the same
        generation of its group."""
        self.before_reading: Callable[[Mapping[int, int]], None] | None = None
        """Called in a thread with newly assigned partitions, restored and not yet read, and the
        time (ms) of each before which all that was published is known to its states."""
        self.observer: Observer | None = None
        """Whoever composes the app sets it before it starts."""
        self.latest_us = 0
        """After this time nothing can have been stored, 0: nobody knows; renewed with each tick."""
        self.chunks_dropped = 0
        self.records_submitted = 0
        self._clock_is_ours = clock is None or isinstance(clock, Clock)
        if clock is None:
            fresh_us = int(max(10.0, 4 * config.tick_interval) * 1_000_000)
            clock = Clock(int(config.clock_tolerance * 1_000_000), fresh_us=fresh_us)
        self.clock = clock if isinstance(clock, Clock) else Clock.given(clock)
        self._stored_form = stored_form
        self._app: Consuming | None = None
        memory = store_memory(config.store_cache_bytes)
        self.tables = {
            name: TableStore(name, config.data_dir / "tables", memory) for name in config.tables
        }
        self.sweeps = Sweeps(self.tables, self._damaged)
        self.restorer = Restorer(config, self.tables, due_of, self.dated_us)
        self.standbys = Standbys(config, memory, due_of, self.dated_us)
        self.watermark = Watermark(
            config.partitions,
            rounds=config.watermark_rounds,
            patience_us=int(config.watermark_patience * 1_000_000),
            quiet_us=int(max(3.0, 4 * config.tick_interval) * 1_000_000),
            ahead_us=int(config.clock_tolerance * 1_000_000),
        )
        self.refusals: Refusals[TP] = Refusals(
            config.dead_letter_limit, config.dead_letter_limit_share
        )
        # As patient as the group itself: a worker that is gone loses its partitions no sooner.
        self.peers = Peers(config.partitions, config.web_address, config.session_timeout)
        self.topics = TopicWatch(config.partitions)
        # By partition, the time of `before_reading` until what was read back is known.
        self._known_ms: dict[int, int] = {}
        self._topic_ids: TopicIds | None = None
        self._topics_suspected = asyncio.Event()
        self._place_lost = False
        self._watcher: asyncio.Task[None] | None = None
        self._producer: Producer | None = None
        self._committer: Committer | None = None
        self.outage = Outage(config.stall_timeout)
        self._riding_out: asyncio.Task[None] | None = None
        self._restoring: asyncio.Future[None] | None = None
        self._owned: frozenset[int] = frozenset()
        self._generation = -1
        self._lines = Limited(_SAID_AGAIN_S)
        self._census: Census | None = None
        self._reading_since = time.monotonic()
        self._ticker: asyncio.Task[None] | None = None
        self._stopping = False
        # (Unix time, clock) now and then, to say what an injected clock showed at a time.
        self._samples: deque[tuple[float, int]] = deque(maxlen=256)

    # -- what agents call

    def expects(self, chunk: Chunk) -> bool:
        """Whether a chunk is to be worked on: one of a former assignment is not, and must leave
        alone what is known since."""
        offsets = self.app.consumer.offsets.get(TP(chunk.topic, chunk.partition))
        return offsets is not None and chunk.partition in self._owned and offsets.expects(chunk)

    @contextlib.contextmanager
    def changing_states(self) -> Iterator[None]:
        """States that `get_many` gave are changed within. Whatever goes wrong there ends the worker
        before a round of commits could write a state that is changed by half."""
        try:
            yield
        except Exception as error:
            self.fail(error)
            raise

    def stored_form(self, table: str, partition: int, key: bytes) -> bytes | None:
        """The state of a key as it would be stored now (None: no state), for whoever only looks."""
        (value,) = self.get_many(table, partition, [key])
        return None if value is None else self._stored_form(value)

    def get_many(self, table: str, partition: int, keys: list[bytes]) -> list[Any]:
        """States of `keys` (None: no state), with everything submitted so far in them: the values
        of puts as they are, or what is stored.

        None for all when the partition was revoked while the agent awaited something, or where its
        store turns out to be damaged: the chunk in hand will be dropped by `submit`.
        """
        store = self.tables[table]
        if partition not in store:
            self._check_partition(partition)
            return [None] * len(keys)
        try:
            return store.get_many(partition, keys)
        except StoreUnusable as error:
            self._damaged(error)
            return [None] * len(keys)

    def due(self, table: str, partition: int, upto_us: int, limit: int) -> list[tuple[int, bytes]]:
        """Up to `limit` (due time, key) that are due; look at the state before acting on one."""
        store = self.tables[table]
        if partition not in store:
            self._check_partition(partition)
            return []
        try:
            return store.due(partition, upto_us, limit)
        except StoreUnusable as error:
            self._damaged(error)
            return []

    async def submit(self, chunk: Chunk, effects: Effects | None = None) -> None:
        """Hand over the effects of a chunk; visible to `get_many` before this awaits anything.

        A chunk of a former assignment is dropped with its effects: it will be read again by
        whoever owns the partition now.
        """
        consumer = self.app.consumer
        offsets = consumer.offsets.get(TP(chunk.topic, chunk.partition))
        if offsets is None or chunk.partition not in self._owned or not offsets.submit(chunk):
            self.chunks_dropped += 1
            return
        self.records_submitted += len(chunk.records)
        effects = effects or Effects()
        effects.topic, effects.partition = chunk.topic, chunk.partition
        effects.counts[CHUNK_RECORDS, (chunk.topic,)] = (len(chunk.records),)
        if chunk.topic in self.config.inputs:
            self._note_refusals(chunk, len(effects.refused))
        if self.observer is not None:
            try:
                self.observer.accepted(effects)
            except Exception:
                self._unobserved()
        try:
            await self.committer.submit(effects, lambda: self._durable(offsets, chunk, effects))
        except CommitterFailed as error:
            if self.outage.holding:
                self.chunks_dropped += 1
                return
            if not self._stopping:
                self.fail(error.__cause__ or error)
            await asyncio.Event().wait()  # the worker is ending; nothing more is to be done here

    def _note_refusals(self, chunk: Chunk, refused: int) -> None:
        """Stop reading an input of which too much is refused; go on where it is right again."""
        consumer, tp = self.app.consumer, TP(chunk.topic, chunk.partition)
        change = self.refusals.accepted(tp, len(chunk.records), refused, time.monotonic())
        if change is None:
            return
        offset = chunk.last_offset + 1
        if change is Change.GO:
            consumer.go_on_reading(tp, self.refusals.most)
            log.info(
                "%(topic)s-%(partition)d is read again from offset %(offset)d on",
                event("input_resumed", topic=chunk.topic, partition=chunk.partition, offset=offset),
            )
            return
        consumer.stop_reading(tp)
        if change is Change.STOP:
            log.error(
                "%(topic)s-%(partition)d is not read from offset %(offset)d on: in a minute more "
                "than %(limit)d of its records, and more than %(share)g of all, became dead "
                "letters; a few are tried every minute",
                event(
                    "input_stopped",
                    topic=chunk.topic,
                    partition=chunk.partition,
                    offset=offset,
                    limit=self.config.dead_letter_limit,
                    share=self.config.dead_letter_limit_share,
                ),
            )

    def now_us(self) -> int:
        """The clock, µs since the epoch."""
        now = self.clock.now_us()
        self.watermark.set_us = self.clock.set_us
        return now

    def dated_us(self) -> int:
        """By which Kafka's records and local state are dated (µs); from any thread.

        The clock, as it was last looked at; where a simulation moves it, the machine's.
        """
        return self.clock.last_us if self._clock_is_ours else time.time_ns() // 1_000

    def moment(self, partition: int) -> tuple[int, int | None]:
        """The clock, and up to which time deadlines may fire (None: they are held), µs."""
        now = self.now_us()
        self._observe(partition, now)
        watermark = self.watermark.watermark_us(partition, now)
        return now, None if self.clock.doubted else watermark

    def recovering(self, partition: int) -> bool:
        """Whether what lay in a partition's inputs at the assignment is still being read."""
        return self.watermark.watermark_us(partition, self.now_us()) is None

    def watermark_us(self, partition: int) -> int | None:
        """Deadlines up to this time may fire; None while they are held."""
        return self.moment(partition)[1]

    def observe_ticks(self, chunk: Chunk) -> None:
        """Learn what other workers say; the ticks agent calls it with each of its chunks."""
        now = self.now_us()
        found, foreign = ticks.decode(chunk.records)
        if foreign:
            self._say_foreign(chunk, foreign)
        for tick in found:
            if tick.worker == self.worker_id:
                self.clock.hear_own(tick.sent_us)
                continue
            if tick.watermarks:  # else it starts, and does not know yet what time it is
                self.clock.hear_worker(tick.worker, tick.sent_us)
            if tick.note and self.observer is not None:
                self.observer.heard(tick.worker, tick.note)
            home = Home(tick.address, tick.word)
            for number, report in tick.reports():
                self.watermark.hear(number, report, now)
                self.peers.hear(number, tick.generation, home)

    def heartbeat_age(self) -> float | None:
        """Seconds since the last accepted heartbeat was sent; None before the first assignment."""
        return self._session_age() if self.assignments else None

    def status(self) -> EngineStatus:
        """The worker's state, for metrics."""
        now = self.now_us()
        consumer: ChunkConsumer | None = self._app._consumer if self._app else None
        lag, lag_s, uncommitted = self._lag(consumer, now)
        watermarks = [self.watermark.last_watermark_us(number) for number in self._owned]
        open_watermarks = [watermark for watermark in watermarks if watermark]
        stats = self.restorer.stats
        return EngineStatus(
            assigned=self.assigned,
            partitions=len(watermarks),
            held=len(watermarks) - len(open_watermarks),
            watermark_lag_s=max(0, now - min(open_watermarks)) / 1_000_000
            if open_watermarks
            else None,
            lag=lag,
            lag_s=lag_s,
            in_flight_records=consumer.in_flight_records if consumer else 0,
            pending_records=self._committer.pending_records if self._committer else 0,
            producer_queue=self._producer.pending() if self._producer else 0,
            commit_age_s=0.0
            if consumer is None or not uncommitted
            else time.monotonic() - max(consumer.committed_at, self._reading_since),
            records_submitted=self.records_submitted,
            chunks_dropped=self.chunks_dropped,
            assignments=self.assignments,
            restore_records=stats.records,
            restore_seconds=stats.seconds,
            restore_remaining=stats.remaining,
            standby_partitions=len(self.standbys.partitions),
            standby_remaining=self.standbys.behind,
            uncounted=len(self._census.left) if self._census else len(watermarks),
            due=self._due_of_tables(now),
            store_bytes={
                name: sum(table[number].size() for number in table.partitions())
                for name, table in self.tables.items()
            },
            stopped={
                topic: sum(tp.topic == topic for tp in self.refusals.stopped)
                for topic in sorted(self.config.inputs)
            },
            unread={topic: topic in self.topics.unread for topic in sorted(self.topics.wanted)},
            refused={
                name: 0
                if self.refused is None
                else sum(table == name for table, _ in self.refused.reasons)
                for name in self.tables
            },
            heartbeat_age_s=self.heartbeat_age(),
            clock_ahead_s=self.clock.ahead_us / 1_000_000,
            clock_doubted=self.clock.doubted,
            clock_doubts=self.clock.doubts,
            outage_s=self.outage.seconds,
        )

    def witnesses(self, partition: int) -> dict[str, Witness]:
        """What the changelog of each table holds of a partition by now."""
        stores = {
            name: table[partition] for name, table in self.tables.items() if partition in table
        }
        return {
            name: Witness(store.changelog_id() or NO_ID, store.changelog_offset() + 1)
            for name, store in stores.items()
        }

    def known_ms(self, partitions: Iterable[int]) -> dict[int, int]:
        """Of each partition, the time (ms) before which all that was published is known to its
        durable states; of those of which nobody reads anything back, nothing."""
        if self.before_reading is None:
            return {}
        now_ms = self.dated_us() // 1_000
        return {number: self._known_ms.get(number, now_ms) for number in partitions}

    def refuse(self, refused: StateRefused) -> None:
        """Read nothing of this assignment, and go on living: somebody has to decide."""
        self.refused = refused
        log.critical(
            "no record is taken, and local state stays as it is: %(problem)s",
            event(
                "state_refused",
                problem=str(refused),
                partitions=sorted({partition for _, partition in refused.reasons}),
                tables=sorted({table for table, _ in refused.reasons}),
            ),
        )

    def fail(self, error: BaseException) -> None:
        """End the worker: nothing that is not durable yet will be acknowledged."""
        if self.failure is not None:
            return
        self.failure = error
        say_failed(error)
        self.failed.set()

    # -- life cycle, called by the app, its consumer, its recovery and the runner

    @property
    def app(self) -> Consuming:
        if self._app is None:
            raise RuntimeError("the engine has no app; make both by create_app")
        return self._app

    def attach(self, app: Consuming) -> None:
        self._app = app

    @property
    def committer(self) -> Committer:
        if self._committer is None:
            raise RuntimeError("the engine is not started")
        return self._committer

    @property
    def producer(self) -> Producer:
        if self._producer is None:
            raise RuntimeError("the engine is not started")
        return self._producer

    @property
    def owned(self) -> frozenset[int]:
        """Partition numbers that this worker owns and has restored."""
        return self._owned

    async def start(self) -> None:
        """Connect the producer and start committing."""
        self._topic_ids = TopicIds(self.config.client_config())
        self.session = Session(self.config, self._session_age, self._is_member)
        await self._begin_writing()
        if self._clock_is_ours:
            await self._ask_the_time()
        self._ticker = asyncio.create_task(self._tick_forever())
        self._watcher = asyncio.create_task(self._watch_topics())

    async def _begin_writing(self) -> None:
        config = self.config
        self._producer = Producer(
            config.bootstrap,
            client_id=f"{config.app_id}-{self.worker_id}",
            linger_ms=config.linger_ms,
            delivery_timeout_ms=int(config.delivery_timeout * 1000),
            message_max_bytes=config.message_max_bytes,
            buffer_max_kbytes=config.producer_buffer_kbytes,
            plain_topics=config.plain_topics,
            # Kafka's times are compared with each other: not even they may be impossible.
            stamp_ms=lambda: self.dated_us() // 1_000,
            extra=dict(config.security),
        )
        self._committer = SessionCommitter(
            self._producer,
            self.tables,
            {table: config.changelog_topic(table) for table in config.tables},
            may_write=self.may_write,
            on_damaged=self._damaged,
            on_failure=self._writing_failed,
            stored_form=self._stored_form,
            more_is_coming=self._more_is_coming,
            session=self.session,
            taken=self.outage.taken,
        )
        await self._committer.start()

    async def _end_writing(self) -> None:
        """Nothing that is on its way is acknowledged any more; records may still arrive."""
        committer, self._committer = self._committer, None
        if committer is not None:
            await committer.stop()
        producer, self._producer = self._producer, None
        if producer is not None:
            await asyncio.to_thread(producer.close)

    async def stop(self) -> None:
        """Finish within the drain timeout what is submitted (not after a failure), then close."""
        self._stopping = True
        for task in (self._ticker, self._watcher):
            if task is not None:
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await task
        self._ticker = self._watcher = None
        if self._riding_out is not None:
            self._riding_out.cancel()
            await asyncio.gather(self._riding_out, return_exceptions=True)
        await self.peers.close()
        await self._release()
        await asyncio.to_thread(self.standbys.end)
        await self._end_writing()
        for table in self.tables.values():
            table.close()

    async def restore(
        self, partitions: set[int], generation: int, committed: Sequence[Committed]
    ) -> None:
        """Open and restore the stores of newly assigned partitions, whose inputs are `committed`.

        Raises StateRefused where these do not fit the changelogs.
        """
        await self._stop_restoring()
        if self._riding_out is not None:
            await asyncio.shield(self._riding_out)
        if self._stopping:
            raise RestoreStopped
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(None, self.standbys.end)
        self._generation = generation
        self._restoring = loop.run_in_executor(None, self._restore, partitions, committed)
        try:
            await asyncio.shield(self._restoring)
        except asyncio.CancelledError:
            self.restorer.stop()
            raise

    def _restore(self, partitions: set[int], committed: Sequence[Committed]) -> None:
        damaged: set[Path] = set()
        while True:
            try:
                self.restorer.run(partitions, committed)
                break
            except StoreUnusable as error:
                # Each is rebuilt once; what is damaged again at once lies on a disk that fails.
                if error.path in damaged:
                    raise
                damaged.add(error.path)
                self.restorer.condemn(error)
        if self.before_reading is not None:
            known = known_before(self.config, partitions, committed, self.dated_us())
            self.before_reading(known)
            self._known_ms = known

    async def ids_of(self, topics: set[str]) -> dict[str, str]:
        """The ids of those of the topics that there are; NO_ID where the cluster does not say."""
        try:
            return {name: topic.id for name, topic in (await self._seen(topics)).items()}
        except KafkaException as error:
            self._say_unseen(error)
            return dict.fromkeys(topics, NO_ID)

    def topic_suspected(self) -> None:
        """A broker did not know a topic that is read: look soon."""
        self._topics_suspected.set()

    def place_lost(self, positions: Mapping[Any, int]) -> None:
        """Inputs have no record at the place where they were to be read on: look for it anew."""
        for tp, offset in positions.items():
            log.warning(
                "%(topic)s-%(partition)d has no offset %(offset)d: where it goes on is asked anew",
                event("place_lost", topic=tp.topic, partition=tp.partition, offset=offset),
            )
        self._place_lost = True
        self._topics_suspected.set()

    def on_assigned(
        self, partitions: set[int], generation: int, start: Start, wanted: Iterable[str]
    ) -> None:
        """Restored, and reading begins now, of the topics that are `wanted` and can be read."""
        if self._stopping:
            return
        self.topics.assigned(wanted, start.ids)
        self._place_lost = False
        self._owned = frozenset(partitions)
        self._generation = generation
        ends: dict[int, dict[str, int]] = {partition: {} for partition in partitions}
        for tp, end in start.ends.items():
            if tp.topic != self.config.ticks_topic and tp.partition in ends:
                ends[tp.partition][tp.topic] = end
        self.watermark.assign(generation, ends, self.now_us())
        self.refusals.forget()
        for tp in start.ends:
            if tp.topic in self.config.inputs:
                self.app.consumer.limit_chunks(tp, self.refusals.most)
        self.assigned = True
        self.assignments += 1
        self._reading_since = time.monotonic()
        if self.observer is not None:
            self.observer.assigned(self._owned)
            self._census = Census(self.tables, self.observer, self._damaged)
            self._census.begin(self._owned)
        log.info(
            "reading partitions %(partitions)s (generation %(generation)d)",
            event("partitions_assigned", partitions=sorted(partitions), generation=generation),
        )

    def keep_copies(self, partitions: set[int], committed: Sequence[Committed]) -> None:
        """Keep copies of the state of partitions that other workers own; `committed` are the
        offsets of their inputs."""
        if not self._stopping:
            self.standbys.begin(partitions, committed)

    async def on_revoked(self) -> None:
        """All partitions are taken away: finish or drop what is in flight, close the stores."""
        await self._release()

    def may_write(self, topic: str, partition: int) -> bool:
        """Is this partition still ours? Asked before anything of it is produced."""
        return partition in self._owned and self._is_member() and self.failure is None

    # -- inside

    def _writing_failed(self, error: BaseException) -> None:
        """The committer has ended: hold all work while brokers take nothing, end for all else."""
        if not passes(error) or self._stopping or self.failure is not None:
            self.fail(error)
            return
        self.outage.begin(self.config.delivery_timeout)
        log.warning(
            "the brokers take nothing: all work is held until they do, for %(limit)d s at most "
            "(%(error)s)",
            event("outage_begun", limit=self.config.stall_timeout, error=error),
        )
        self._riding_out = asyncio.create_task(self._ride_out(error))

    async def _ride_out(self, error: BaseException) -> None:
        """Give up all partitions, wait for the brokers, and take the partitions anew."""
        try:
            consumer = self.app.consumer
            generation = consumer.thread.generation()
            consumer.hold()
            await self._release()
            consumer.forget()
            while True:
                await self._end_writing()
                if self.outage.too_long:
                    self.fail(error)
                    return
                await self._begin_writing()
                if await self._is_taken():
                    break
            seconds = self.outage.seconds
            self.outage.holding = False
            log.info(
                "the brokers take records again after %(seconds).1f s: partitions are taken anew",
                event("outage_over", seconds=round(seconds, 3)),
            )
            self._riding_out = None
            if consumer.thread.generation() == generation:
                consumer.thread.rejoin()
        except Exception as failure:
            self.fail(failure)

    async def _is_taken(self) -> bool:
        """Whether the brokers take a record in each partition of the ticks topic."""
        # A tick that reports nothing: to whoever reads it, a beat.
        value = ticks.encode(self.worker_id, self._generation, self.now_us(), {})
        for number in range(self.config.partitions):
            self.producer.produce(Output(self.config.ticks_topic, None, value, number))
        try:
            await self.producer.flush()
        except DeliveryFailed as error:
            if passes(error):
                return False
            raise
        return True

    async def _release(self) -> None:
        self.assigned = False
        self.refused = None
        self.releases += 1
        await self._stop_restoring()
        census, self._census = self._census, None
        if census is not None:
            await census.stop()
        await self.sweeps.stop()
        owned = self._owned
        began = time.monotonic()
        done = False
        lost = self.failure is not None or self.outage.holding
        if owned and self._committer is not None and not lost:
            consumer = self.app.consumer
            done = await self._committer.drain(owned, self.config.drain_timeout)
            if not done:
                log.warning(
                    "not everything in flight was durable after %(seconds).1f s: it is done again",
                    event(
                        "drain_incomplete",
                        partitions=sorted(owned),
                        seconds=self.config.drain_timeout,
                    ),
                )
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(consumer.force_commit(), self.config.drain_timeout)
        self._owned = frozenset()
        self.watermark.revoke()
        if self._committer is not None:
            self._committer.drop(owned)
        if owned and self.failure is None:
            self.restorer.touch(set(owned))
        for table in self.tables.values():
            for number in table.partitions():
                table.revoke(number)
        if owned:
            log.info(
                "partitions %(partitions)s are given up (generation %(generation)d)",
                event(
                    "partitions_revoked",
                    partitions=sorted(owned),
                    generation=self._generation,
                    drained=done,
                    seconds=round(time.monotonic() - began, 3),
                ),
            )

    async def _stop_restoring(self) -> None:
        restoring, self._restoring = self._restoring, None
        if restoring is not None:
            self.restorer.stop()
            await asyncio.wait([restoring])
            # Why it failed, if it did, is the word of whoever awaits it: `restore`.
            restoring.exception()

    def _damaged(self, error: StoreUnusable) -> None:
        """A store turned out to be damaged: let go of its partition, and have all assigned anew.

        The assignment that follows rebuilds it. Nothing of the partition is written any more.
        """
        self.restorer.condemn(error)
        table, partition = error.path.parent.name, int(error.path.name)
        if partition not in self._owned:
            return
        log.error(
            "%(table)s-%(partition)d turned out to be unusable: it %(problem)s; its partition is "
            "given up, to be restored",
            event("store_damaged", table=table, partition=partition, problem=error.problem),
        )
        self._owned -= {partition}
        self.committer.drop({partition})
        self.app.consumer.thread.rejoin()

    def _unobserved(self) -> None:
        """The observer failed: numbers that may be wrong are none, and the work goes on."""
        log.exception("operators' numbers failed: none are kept any more", event("numbers_failed"))
        self.observer = None
        if self._census is not None:
            self._census.abandon()

    def _say_foreign(self, chunk: Chunk, records: int) -> None:
        """Records of the clock's topic are none of this release's ticks."""
        FOREIGN_RECORDS.labels(topic=chunk.topic).inc(records)
        left_out = self._lines.admit(chunk.topic, records)
        if left_out is not None:
            log.warning(
                "%(records)d records of %(topic)s-%(partition)d are no ticks of this release: "
                "passed over",
                event(
                    "foreign_records",
                    topic=chunk.topic,
                    partition=chunk.partition,
                    records=records,
                    left_out=left_out,
                ),
            )

    def _durable(self, offsets: PartitionOffsets, chunk: Chunk, effects: Effects) -> None:
        """All that a chunk caused is published and stored, and all that those before it did."""
        effects.counts.happen()
        if effects.matched:
            self._known_ms.pop(chunk.partition, None)
        now_ms = self.now_us() / 1000
        ages = [(now_ms - record.timestamp_ms) / 1000 for record in chunk.records]
        PIPELINE_LATENCY.observe(ages, chunk.topic)
        self.app.consumer.finished(offsets, chunk)

    def _lag(
        self, consumer: ChunkConsumer | None, now: int
    ) -> tuple[dict[str, int], dict[str, float], bool]:
        """By topic: records waiting, and how old the last processed one is where some do; and
        whether anything durable is not committed yet."""
        lag: dict[str, int] = {}
        seconds: dict[str, float] = {}
        uncommitted = False
        for tp, offsets in (consumer.offsets if consumer else {}).items():
            end = consumer.thread.log_state(tp).end if consumer else None
            behind = max(0, (end or 0) - offsets.processed)
            lag[tp.topic] = lag.get(tp.topic, 0) + behind
            age = 0.0
            if behind and offsets.last_timestamp_ms > 0:
                age = max(0.0, now / 1_000_000 - offsets.last_timestamp_ms / 1000)
            elif behind:
                # Nothing was processed yet: all that is known is how long it has been so.
                age = time.monotonic() - self._reading_since
            seconds[tp.topic] = max(seconds.get(tp.topic, 0.0), age)
            uncommitted = uncommitted or offsets.durable > offsets.committed
        return lag, seconds, uncommitted

    def _due_of_tables(self, now: int) -> dict[str, tuple[int, float]]:
        found: dict[str, tuple[int, float]] = {}
        for name, table in self.tables.items():
            number, since = 0, now
            for partition in table.partitions():
                due = self.due(name, partition, now, MOST_DUE_SHOWN)
                number += len(due)
                since = min(since, due[0][0]) if due else since
            found[name] = number, (now - since) / 1_000_000
        return found

    def _observe(self, partition: int, now_us: int) -> bool:
        return self.watermark.observe(partition, self._inputs(partition, now_us), now_us)

    def _more_is_coming(self) -> bool:
        """Whether more is at hand of the backlog of an assignment: nothing of it is published yet,
        so nobody waits."""
        done = self.watermark.rounds_done
        return self.assigned and any(done(n) == 0 for n in self._owned) and self.app.consumer.reads

    def _is_member(self) -> bool:
        return self.app.consumer.thread.generation() == self._generation

    def _session_age(self) -> float:
        return boot_time() - self.app.consumer.thread.session_from

    def _check_partition(self, partition: int) -> None:
        if not 0 <= partition < self.config.partitions:
            raise ValueError(f"there is no partition {partition}")

    def _clock_at(self, unix: float, now_us: int) -> int:
        """What the clock showed at a recent Unix time, or a little less."""
        if self._clock_is_ours:
            age = time.time() - unix
            # Where the machine's clock was set back meanwhile, nobody knows how long ago that was.
            return now_us - int(max(0.0, age) * 1_000_000) if age > -1 else 0
        for sampled, shown in reversed(self._samples):
            if sampled <= unix:
                return min(now_us, shown)
        return 0

    def _inputs(self, partition: int, now_us: int) -> Iterable[Input]:
        consumer = self.app.consumer
        for tp, offsets in consumer.offsets.items():
            if tp.partition != partition or tp.topic == self.config.ticks_topic:
                continue
            state = consumer.thread.log_state(tp)
            yield Input(
                tp.topic,
                offsets.processed,
                offsets.durable,
                state.end,
                self._clock_at(state.at, now_us),
                max(0, offsets.last_timestamp_ms * 1000),
            )
        # What cannot be read may hold what disproves a warning: the clock stands still.
        for topic in self.topics.unread:
            yield Input(topic, 0, 0, None, 0, 0)

    async def _tick_forever(self) -> None:
        touched = time.monotonic()
        try:
            while True:
                if not self._clock_is_ours:
                    self._samples.append((time.time(), self.now_us()))
                await self.app.consumer.thread.check_errors()
                if self.assigned and not self.outage.holding:
                    for tp in self.refusals.to_try(time.monotonic()):
                        self.app.consumer.try_reading(tp, TRIED)
                    await self._advance_watermark()
                    self._hear_inputs()
                    self._send_ticks()
                    if time.monotonic() - touched > 60:
                        touched = time.monotonic()
                        self.restorer.touch(set(self._owned))
                held = any(
                    self.watermark.rounds_done(number) < self.config.watermark_rounds
                    for number in self.watermark.partitions()
                )
                pause = self.config.tick_interval
                if held:
                    # A round that is not read yet cannot be done.
                    pause = min(pause, _READING_S if self._more_is_coming() else _HELD_S)
                await asyncio.sleep(pause)
        except asyncio.CancelledError:
            raise
        except Exception as error:
            self.fail(error)

    async def _watch_topics(self) -> None:
        try:
            while True:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(
                        self._topics_suspected.wait(), self.config.topic_watch_interval
                    )
                self._topics_suspected.clear()
                if self.assigned:
                    await self._look_at_topics()
        except asyncio.CancelledError:
            raise
        except Exception as error:
            self.fail(error)

    async def _look_at_topics(self) -> None:
        thread, looked_in = self.app.consumer.thread, self.assignments
        try:
            found = await self._seen(self.topics.wanted)
        except KafkaException as error:
            self._say_unseen(error)
            return
        if not self.assigned or self.assignments != looked_in:
            return
        if self.topics.look(found) or self._place_lost:
            await thread.join_anew()
        else:
            thread.trust()

    async def _seen(self, topics: Iterable[str]) -> dict[str, Topic]:
        if self._topic_ids is None:
            raise RuntimeError("the engine is not started")
        return await asyncio.to_thread(self._topic_ids.seen, topics, _ASK_S)

    def _say_unseen(self, error: KafkaException) -> None:
        left_out = self._lines.admit("topics unseen")
        if left_out is not None:
            log.warning(
                "the cluster does not say what topics it has (%(problem)s)",
                event("topics_unseen", problem=error.args[0].str(), left_out=left_out),
            )

    def _hear_inputs(self) -> None:
        self.clock.hear_inputs(
            offsets.last_timestamp_ms * 1_000
            for tp, offsets in self.app.consumer.offsets.items()
            if tp.topic in self.config.inputs and offsets.last_timestamp_ms > 0
        )
        self.latest_us = self.clock.latest_us()

    async def _advance_watermark(self) -> None:
        """Observe every partition, and begin the rounds that can begin, one after another."""
        for _ in range(self.config.watermark_rounds + 1):
            if not await self._begin_rounds():
                return

    async def _begin_rounds(self) -> bool:
        now = self.now_us()
        for number in self.watermark.partitions():
            self._observe(number, now)
        waiting = self.watermark.need_targets(now)
        if not waiting:
            return False
        consumer = self.app.consumer
        tps = [
            tp
            for tp in consumer.offsets
            if tp.partition in waiting and tp.topic != self.config.ticks_topic
        ]
        opened = consumer.offsets
        try:
            ends = await consumer.highwaters(*tps)
        except ConsumerError as error:
            if not passes(error):
                raise
            return False  # no broker says where a round begins: it begins later
        if consumer.offsets is not opened:
            return False
        for number in waiting:
            self.watermark.begin_round(
                number, {tp.topic: end for tp, end in ends.items() if tp.partition == number}
            )
        return True

    async def _ask_the_time(self) -> None:
        """Let the brokers say what time it is before anything is read or stored."""
        self._tick({}, b"")
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self.producer.heard(), _ASKED_S)
        self.now_us()

    def _send_ticks(self) -> None:
        now = self.now_us()
        reports = {
            number: self.watermark.report(number, now) for number in self.watermark.partitions()
        }
        if not reports:
            return
        note = b"" if self.observer is None else self.observer.word()
        try:
            self._tick(reports, note)
            self.producer.poll()
        except DeliveryFailed as error:
            # The committer meets the same failure, and sees to it.
            if not passes(error):
                raise

    def _tick(self, reports: dict[int, Report], note: bytes) -> None:
        """Send a tick to every partition, and learn when the brokers have it."""
        now = self.now_us()
        value = ticks.encode(self.worker_id, self._generation, now, reports, self.peers.own, note)
        appended = self.clock.ask_brokers()
        for number in range(self.config.partitions):
            output = Output(self.config.ticks_topic, None, value, number)
            self.producer.try_produce(output, appended)
